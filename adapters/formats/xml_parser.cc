#include "adapters/formats/xml_parser.h"

#include <libxml/parser.h>
#include <libxml/parserInternals.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstdint>
#include <cstring>
#include <list>
#include <memory>
#include <memory_resource>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "gateway/base/bytes.h"

namespace psl {
namespace {

constexpr std::string_view xslt_namespace = "http://www.w3.org/1999/XSL/Transform";

using XmlFault = XmlRefusal::Fault;

// What is wrong, in words that follow the name of the document.
struct XmlFinding {
  XmlFault fault = XmlFault::not_well_formed;
  std::string text;
  int line = 0;
};

// What libxml2 2.9 does before it calls us back cannot be bounded there: it compares every attribute of a tag
// with all the others, and it follows the encoding that the document claims. So one pass over the bytes comes
// first. It looks at tags only as closely as their length and quotes need; whether they are well-formed is
// the parser's business.
class XmlScan {
 public:
  XmlScan(std::string_view bytes, const XmlLimits& limits) : bytes_(bytes), limits_(limits) {}

  // What is wrong, or nothing.
  std::optional<XmlFinding> run() {
    constexpr XmlFault encoding = XmlFault::not_utf8;
    if (bytes_.find('\0') != std::string_view::npos) {
      return XmlFinding{encoding, "is not XML in UTF-8 (it holds a zero byte)"};
    }
    if (!is_utf8(bytes_)) return XmlFinding{encoding, "is not XML in UTF-8 (a byte sequence is not UTF-8)"};
    if (!encoding_ok()) return XmlFinding{encoding, "declares another encoding than UTF-8"};
    for (at_ = bytes_.find('<'); at_ != std::string_view::npos; at_ = bytes_.find('<', at_)) {
      const char kind = at_ + 1 < bytes_.size() ? bytes_[at_ + 1] : '\0';
      if (kind != '!' && kind != '?') {
        if (!tag_ok())
          return XmlFinding{XmlFault::beyond_bounds, "has a tag with too many attributes or too long"};
      } else if (starts("<!--")) {
        skip_past("-->");
      } else if (starts("<![CDATA[")) {
        skip_past("]]>");
      } else if (starts("<?")) {
        skip_past("?>");
      } else {
        return XmlFinding{XmlFault::doctype,
                          "has a DOCTYPE or another declaration, which a clinical document never needs"};
      }
    }
    return std::nullopt;
  }

 private:
  bool starts(std::string_view mark) const { return bytes_.substr(at_, mark.size()) == mark; }

  void skip_past(std::string_view end) {
    const size_t found = bytes_.find(end, at_ + 2);
    at_ = found == std::string_view::npos ? bytes_.size() : found + end.size();
  }

  bool tag_ok() {
    const size_t begin = at_;
    int values = 0;
    while (at_ < bytes_.size() && bytes_[at_] != '>') {
      const char c = bytes_[at_++];
      if (c == '"' || c == '\'') {
        const size_t end = bytes_.find(c, at_);
        if (end == std::string_view::npos) return true;  // the parser will say so
        at_ = end + 1;
        ++values;
      }
      if (at_ - begin > limits_.tag_bytes_max || values > limits_.attributes_max) return false;
    }
    return true;
  }

  // The encoding that the XML declaration names is UTF-8, or it names none.
  bool encoding_ok() const {
    std::string_view head = bytes_;
    if (head.substr(0, 3) == "\xEF\xBB\xBF") head.remove_prefix(3);
    if (head.substr(0, 5) != "<?xml") return true;
    head = head.substr(0, std::min(head.find("?>"), size_t{200}));
    const size_t key = head.find("encoding");
    if (key == std::string_view::npos) return true;
    const size_t quote = head.find_first_of("\"'", key);
    if (quote == std::string_view::npos) return false;
    const size_t end = head.find(head[quote], quote + 1);
    if (end == std::string_view::npos) return false;
    const std::string_view name = head.substr(quote + 1, end - quote - 1);
    constexpr std::string_view expected = "UTF-8";
    return std::equal(name.begin(), name.end(), expected.begin(), expected.end(),
                      [](char a, char b) { return (a >= 'a' && a <= 'z' ? a - 'a' + 'A' : a) == b; });
  }

  std::string_view bytes_;
  const XmlLimits& limits_;
  size_t at_ = 0;
};

std::string_view xml_view(const xmlChar* text) {
  return text == nullptr ? std::string_view() : std::string_view(reinterpret_cast<const char*>(text));
}

}  // namespace

// Strings and elements lie side by side in few blocks. A long text keeps the buffer in which it was gathered.
struct XmlTree::Memory {
  std::pmr::monotonic_buffer_resource arena{size_t{16} << 10U};
  std::list<std::string> long_texts;
};

XmlTree::XmlTree() : memory_(std::make_unique<Memory>()) {}
XmlTree::XmlTree(XmlTree&&) noexcept = default;
XmlTree& XmlTree::operator=(XmlTree&&) noexcept = default;
XmlTree::~XmlTree() = default;

// What the callbacks build and watch.
class XmlBuild {
 public:
  XmlBuild(const XmlLimits& limits, std::string_view opaque, xmlParserCtxt* context)
      : limits_(limits), opaque_(opaque), context_(context) {}

  void start(const xmlChar* name, const xmlChar* uri, int namespace_count, int attribute_count,
             const xmlChar** attributes);
  void end();
  void text(std::string_view piece) {
    if (!stopped() && opaque_depth_ == 0 && !open_.empty()) text_.append(piece);
  }
  void stylesheet_named() { tree_.names_stylesheet_ = true; }
  void stop(XmlFault fault, std::string why);

  bool stopped() const { return finding_.has_value(); }
  // Of a build that stopped.
  XmlFinding take_finding() { return std::move(*finding_); }
  bool empty() const { return tree_.root_ == nullptr; }
  XmlTree take() { return std::move(tree_); }

 private:
  // An element that is open, and where its next text belongs: before its first child, or after the last one.
  struct Open {
    XmlElement* element = nullptr;
    XmlElement* last_child = nullptr;
  };

  void flush_text();
  std::string_view keep(std::string_view text);
  std::string_view keep_name(const xmlChar* name);
  std::string_view keep_value(std::string_view raw);
  std::span<const XmlAttribute> keep_attributes(int count, const xmlChar** attributes);

  const XmlLimits& limits_;
  std::string_view opaque_;
  xmlParserCtxt* context_;
  XmlTree tree_;
  std::vector<Open> open_;
  std::string text_;                  // since the last tag
  std::vector<int> namespaces_open_;  // declared by each open element, those left out included
  int namespaces_ = 0;
  int opaque_depth_ = 0;  // above 0: inside an opaque element
  size_t elements_ = 0;
  std::optional<XmlFinding> finding_;  // why we stopped; libxml2's own verdict cannot be trusted after that
  // Names and URIs are few, and libxml2 gives each the same pointer always. Most are found by their address
  // in the short table.
  std::unordered_map<const xmlChar*, std::string_view> names_;
  std::array<std::pair<const xmlChar*, std::string_view>, 256> recent_names_{};
};

void XmlBuild::stop(XmlFault fault, std::string why) {
  if (stopped()) return;
  finding_ = {fault, std::move(why), xmlSAX2GetLineNumber(context_)};
  xmlStopParser(context_);
}

std::string_view XmlBuild::keep(std::string_view text) {
  if (text.empty()) return {};
  char* kept = static_cast<char*>(tree_.memory_->arena.allocate(text.size(), 1));
  std::memcpy(kept, text.data(), text.size());
  return {kept, text.size()};
}

std::string_view XmlBuild::keep_name(const xmlChar* name) {
  if (name == nullptr) return {};
  auto& recent = recent_names_[(reinterpret_cast<uintptr_t>(name) >> 2U) % recent_names_.size()];
  if (recent.first == name) return recent.second;
  const auto [at, is_new] = names_.try_emplace(name);
  if (is_new) at->second = keep(xml_view(name));
  recent = *at;
  return at->second;
}

// Without entity substitution, which stays off, libxml2 leaves each ampersand of an attribute as "&#38;".
std::string_view XmlBuild::keep_value(std::string_view raw) {
  constexpr std::string_view escaped = "&#38;";
  size_t at = raw.find(escaped);
  if (at == std::string_view::npos) return keep(raw);
  std::string value(raw);
  for (; at != std::string::npos; at = value.find(escaped, at + 1)) value.replace(at, escaped.size(), "&");
  return keep(value);
}

std::span<const XmlAttribute> XmlBuild::keep_attributes(int count, const xmlChar** attributes) {
  if (count == 0) return {};
  const size_t bytes = sizeof(XmlAttribute) * static_cast<size_t>(count);
  auto* kept = static_cast<XmlAttribute*>(tree_.memory_->arena.allocate(bytes, alignof(XmlAttribute)));
  for (int i = 0; i < count; ++i) {
    // libxml2 gives five pointers an attribute: name, prefix, URI, begin and end of the value.
    const xmlChar** attribute = attributes + i * 5;
    const std::string_view raw(reinterpret_cast<const char*>(attribute[3]),
                               static_cast<size_t>(attribute[4] - attribute[3]));
    std::construct_at(kept + i,
                      XmlAttribute{keep_name(attribute[0]), keep_name(attribute[2]), keep_value(raw)});
  }
  return {kept, static_cast<size_t>(count)};
}

void XmlBuild::flush_text() {
  constexpr size_t long_text = 1U << 16U;
  if (text_.empty() || open_.empty()) return;
  std::string_view kept;
  if (text_.size() >= long_text) {
    kept = tree_.memory_->long_texts.emplace_back(std::move(text_));
    text_.clear();
  } else {
    kept = keep(text_);
    text_.clear();
  }
  const Open& open = open_.back();
  (open.last_child == nullptr ? open.element->text : open.last_child->tail) = kept;
}

void XmlBuild::start(const xmlChar* name, const xmlChar* uri, int namespace_count, int attribute_count,
                     const xmlChar** attributes) {
  if (stopped()) return;
  namespaces_ += namespace_count;
  namespaces_open_.push_back(namespace_count);
  if (static_cast<int>(namespaces_open_.size()) > limits_.depth_max) {
    return stop(XmlFault::beyond_bounds, "is nested too deeply");
  }
  if (namespaces_ > limits_.namespaces_max)
    return stop(XmlFault::beyond_bounds, "declares too many namespaces");
  if (xml_view(uri) == xslt_namespace) {
    return stop(XmlFault::stylesheet, "holds a stylesheet (XSLT), which is never executed");
  }
  if (opaque_depth_ > 0) {
    ++opaque_depth_;
    return;
  }
  if (++elements_ > limits_.elements_max) return stop(XmlFault::beyond_bounds, "has too many elements");
  flush_text();

  auto* place = tree_.memory_->arena.allocate(sizeof(XmlElement), alignof(XmlElement));
  XmlElement* element = std::construct_at(static_cast<XmlElement*>(place));
  element->name = keep_name(name);
  element->space = keep_name(uri);
  element->attributes = keep_attributes(attribute_count, attributes);
  element->line = xmlSAX2GetLineNumber(context_);
  if (open_.empty()) {
    tree_.root_ = element;
  } else {
    Open& parent = open_.back();
    element->parent = parent.element;
    (parent.last_child == nullptr ? parent.element->first_child : parent.last_child->next_sibling) = element;
    parent.last_child = element;
  }
  open_.push_back({element, nullptr});
  if (!opaque_.empty() && element->name == opaque_) opaque_depth_ = 1;
}

void XmlBuild::end() {
  if (stopped() || namespaces_open_.empty()) return;
  namespaces_ -= namespaces_open_.back();
  namespaces_open_.pop_back();
  if (opaque_depth_ > 1) {
    --opaque_depth_;
    return;
  }
  opaque_depth_ = 0;
  flush_text();
  if (!open_.empty()) open_.pop_back();
}

namespace {

XmlBuild& build_of(void* context) {
  return *static_cast<XmlBuild*>(static_cast<xmlParserCtxt*>(context)->_private);
}

void on_start(void* context, const xmlChar* name, const xmlChar* /*prefix*/, const xmlChar* uri,
              int namespace_count, const xmlChar** /*namespaces*/, int attribute_count, int /*defaulted*/,
              const xmlChar** attributes) {
  build_of(context).start(name, uri, namespace_count, attribute_count, attributes);
}

void on_end(void* context, const xmlChar* /*name*/, const xmlChar* /*prefix*/, const xmlChar* /*uri*/) {
  build_of(context).end();
}

void on_text(void* context, const xmlChar* text, int length) {
  build_of(context).text({reinterpret_cast<const char*>(text), static_cast<size_t>(length)});
}

void on_instruction(void* context, const xmlChar* target, const xmlChar* /*data*/) {
  if (xml_view(target) == "xml-stylesheet") build_of(context).stylesheet_named();
}

void on_doctype(void* context, const xmlChar* /*name*/, const xmlChar* /*public_id*/,
                const xmlChar* /*system_id*/) {
  build_of(context).stop(XmlFault::doctype, "has a DOCTYPE, which a clinical document never needs");
}

void on_error(void* /*context*/, xmlErrorPtr /*error*/) {
}  // read from the context at the end, without its text

struct FreeXmlContext {
  void operator()(xmlParserCtxt* context) const {
    if (context->myDoc != nullptr) xmlFreeDoc(context->myDoc);
    xmlFreeParserCtxt(context);
  }
};

// Callbacks of ours only: libxml2's own would build a tree as large as the bytes allow.
void set_callbacks(xmlSAXHandler& sax) {
  std::memset(&sax, 0, sizeof sax);
  sax.initialized = XML_SAX2_MAGIC;
  sax.startElementNs = on_start;
  sax.endElementNs = on_end;
  sax.characters = on_text;
  sax.ignorableWhitespace = on_text;
  sax.processingInstruction = on_instruction;
  sax.internalSubset = on_doctype;
  sax.serror = on_error;
}

}  // namespace

std::string_view XmlElement::attribute(std::string_view attribute_name,
                                       std::string_view attribute_space) const {
  for (const XmlAttribute& one : attributes) {
    if (one.name == attribute_name && one.space == attribute_space) return one.value;
  }
  return {};
}

Result<XmlTree> parse_xml(std::string_view bytes, std::string_view opaque, const XmlLimits& limits,
                          XmlRefusal* refusal) {
  auto refused = [&](XmlFinding finding) {
    if (refusal != nullptr) *refusal = {finding.fault, finding.line};
    if (finding.line > 0) finding.text += " (line " + std::to_string(finding.line) + ")";
    return error_of(ErrorCode::document_invalid, std::move(finding.text));
  };
  if (bytes.empty()) return refused({XmlFault::not_well_formed, "is empty"});
  if (bytes.size() > limits.bytes_max || bytes.size() > INT_MAX) {
    return refused({XmlFault::beyond_bounds, "is above " + std::to_string(limits.bytes_max >> 20U) + " MiB"});
  }
  if (std::optional<XmlFinding> finding = XmlScan(bytes, limits).run()) return refused(std::move(*finding));

  xmlInitParser();
  const std::unique_ptr<xmlParserCtxt, FreeXmlContext> context(xmlNewParserCtxt());
  if (!context) return error_of(ErrorCode::internal);
  XmlBuild build(limits, opaque, context.get());
  set_callbacks(*context->sax);
  context->_private = &build;
  // HUGE lifts libxml2's own bounds (a PDF in base64 is one text of many megabytes): ours are in place
  // instead.
  const int options = XML_PARSE_HUGE | XML_PARSE_NONET | XML_PARSE_NOCDATA | XML_PARSE_IGNORE_ENC;
  xmlDocPtr document = xmlCtxtReadMemory(context.get(), bytes.data(), static_cast<int>(bytes.size()), nullptr,
                                         "UTF-8", options);
  if (document != nullptr) xmlFreeDoc(document);

  if (build.stopped()) return refused(build.take_finding());
  if (context->wellFormed == 0 || context->nsWellFormed == 0 || build.empty()) {
    return refused({XmlFault::not_well_formed, "is not well-formed XML", context->lastError.line});
  }
  return build.take();
}

}  // namespace psl
