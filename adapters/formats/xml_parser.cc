#include "adapters/formats/xml_parser.h"

#include <libxml/parser.h>
#include <libxml/parserInternals.h>

#include <algorithm>
#include <climits>
#include <cstring>
#include <memory>
#include <optional>

#include "gateway/base/bytes.h"

namespace psl {
namespace {

constexpr std::string_view xslt_namespace = "http://www.w3.org/1999/XSL/Transform";

Error xml_error(std::string text) { return error_of(ErrorCode::document_invalid, std::move(text)); }

// What libxml2 2.9 does before it calls us back cannot be bounded there: it compares every attribute of a tag
// with all the others, and it follows the encoding that the document claims. So one pass over the bytes comes
// first. It looks at tags only as closely as their length and quotes need; whether they are well-formed is
// the parser's business.
class XmlScan {
 public:
  XmlScan(std::string_view bytes, const XmlLimits& limits) : bytes_(bytes), limits_(limits) {}

  // What is wrong, or nothing.
  std::optional<std::string> run() {
    if (bytes_.find('\0') != std::string_view::npos) return "is not XML in UTF-8 (it holds a zero byte)";
    if (!is_utf8(bytes_)) return "is not XML in UTF-8 (a byte sequence is not UTF-8)";
    if (!encoding_ok()) return "declares another encoding than UTF-8";
    for (at_ = bytes_.find('<'); at_ != std::string_view::npos; at_ = bytes_.find('<', at_)) {
      if (starts("<!--")) {
        skip_past("-->");
      } else if (starts("<![CDATA[")) {
        skip_past("]]>");
      } else if (starts("<?")) {
        skip_past("?>");
      } else if (starts("<!")) {
        return "has a DOCTYPE or another declaration, which a clinical document never needs";
      } else if (!tag_ok()) {
        return "has a tag with too many attributes or too long";
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

// What the callbacks build and watch.
struct XmlBuild {
  const XmlLimits& limits;
  std::string_view opaque;
  xmlParserCtxt* context = nullptr;
  XmlTree tree;
  std::vector<XmlElement*> open;     // elements in the tree; a pointer stays good while its element is open
  std::vector<int> namespaces_open;  // declared by each open element, those left out included
  int namespaces = 0;
  int opaque_depth = 0;  // above 0: inside an opaque element
  size_t elements = 0;
  std::string fault;  // why we stopped; libxml2's own verdict cannot be trusted after a stop
  int fault_line = 0;

  void stop(std::string why) {
    if (!fault.empty()) return;
    fault = std::move(why);
    fault_line = xmlSAX2GetLineNumber(context);
    xmlStopParser(context);
  }
};

XmlBuild& build_of(void* context) {
  return *static_cast<XmlBuild*>(static_cast<xmlParserCtxt*>(context)->_private);
}

// An attribute's value. Without entity substitution, which stays off, libxml2 leaves each ampersand as
// "&#38;".
std::string attribute_value(const xmlChar* begin, const xmlChar* end) {
  constexpr std::string_view kept = "&#38;";
  std::string value(reinterpret_cast<const char*>(begin), static_cast<size_t>(end - begin));
  for (size_t at = value.find(kept); at != std::string::npos; at = value.find(kept, at + 1)) {
    value.replace(at, kept.size(), "&");
  }
  return value;
}

std::string_view xml_view(const xmlChar* text) {
  return text == nullptr ? std::string_view() : std::string_view(reinterpret_cast<const char*>(text));
}

void on_start(void* context, const xmlChar* name, const xmlChar* /*prefix*/, const xmlChar* uri,
              int namespace_count, const xmlChar** /*namespaces*/, int attribute_count, int /*defaulted*/,
              const xmlChar** attributes) {
  XmlBuild& build = build_of(context);
  if (!build.fault.empty()) return;
  build.namespaces += namespace_count;
  build.namespaces_open.push_back(namespace_count);
  if (static_cast<int>(build.namespaces_open.size()) > build.limits.depth_max)
    return build.stop("is nested too deeply");
  if (build.namespaces > build.limits.namespaces_max) return build.stop("declares too many namespaces");
  if (xml_view(uri) == xslt_namespace)
    return build.stop("holds a stylesheet (XSLT), which is never executed");
  if (build.opaque_depth > 0) {
    ++build.opaque_depth;
    return;
  }
  if (++build.elements > build.limits.elements_max) return build.stop("has too many elements");

  XmlElement* element = &build.tree.root;
  if (!build.open.empty()) element = &build.open.back()->children.emplace_back();
  element->name = xml_view(name);
  element->space = xml_view(uri);
  for (int i = 0; i < attribute_count; ++i) {
    // libxml2 gives five pointers an attribute: name, prefix, URI, begin and end of the value.
    const xmlChar** attribute = attributes + i * 5;
    if (attribute[2] != nullptr) continue;
    element->attributes.emplace_back(xml_view(attribute[0]), attribute_value(attribute[3], attribute[4]));
  }
  build.open.push_back(element);
  if (element->name == build.opaque) build.opaque_depth = 1;
}

void on_end(void* context, const xmlChar* /*name*/, const xmlChar* /*prefix*/, const xmlChar* /*uri*/) {
  XmlBuild& build = build_of(context);
  if (!build.fault.empty() || build.namespaces_open.empty()) return;
  build.namespaces -= build.namespaces_open.back();
  build.namespaces_open.pop_back();
  if (build.opaque_depth > 1) {
    --build.opaque_depth;
    return;
  }
  build.opaque_depth = 0;
  if (!build.open.empty()) build.open.pop_back();
}

void on_text(void* context, const xmlChar* text, int length) {
  XmlBuild& build = build_of(context);
  if (!build.fault.empty() || build.opaque_depth > 0 || build.open.empty()) return;
  build.open.back()->text.append(reinterpret_cast<const char*>(text), static_cast<size_t>(length));
}

void on_instruction(void* context, const xmlChar* target, const xmlChar* /*data*/) {
  if (xml_view(target) == "xml-stylesheet") build_of(context).tree.names_stylesheet = true;
}

void on_doctype(void* context, const xmlChar* /*name*/, const xmlChar* /*public_id*/,
                const xmlChar* /*system_id*/) {
  build_of(context).stop("has a DOCTYPE, which a clinical document never needs");
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

std::string_view XmlElement::attribute(std::string_view attribute_name) const {
  for (const auto& [name_of_one, value] : attributes) {
    if (name_of_one == attribute_name) return value;
  }
  return {};
}

Result<XmlTree> parse_xml(std::string_view bytes, std::string_view opaque, const XmlLimits& limits) {
  if (bytes.empty()) return xml_error("is empty");
  if (bytes.size() > limits.bytes_max || bytes.size() > INT_MAX) {
    return xml_error("is above " + std::to_string(limits.bytes_max >> 20U) + " MiB");
  }
  if (std::optional<std::string> fault = XmlScan(bytes, limits).run()) return xml_error(*fault);

  xmlInitParser();
  const std::unique_ptr<xmlParserCtxt, FreeXmlContext> context(xmlNewParserCtxt());
  if (!context) return error_of(ErrorCode::internal);
  XmlBuild build{limits, opaque, context.get(), {}, {}, {}, 0, 0, 0, {}, 0};
  set_callbacks(*context->sax);
  context->_private = &build;
  // HUGE lifts libxml2's own bounds (a PDF in base64 is one text of many megabytes): ours are in place
  // instead.
  const int options = XML_PARSE_HUGE | XML_PARSE_NONET | XML_PARSE_NOCDATA | XML_PARSE_IGNORE_ENC;
  xmlDocPtr document = xmlCtxtReadMemory(context.get(), bytes.data(), static_cast<int>(bytes.size()), nullptr,
                                         "UTF-8", options);
  if (document != nullptr) xmlFreeDoc(document);

  if (!build.fault.empty())
    return xml_error(build.fault + " (line " + std::to_string(build.fault_line) + ")");
  if (context->wellFormed == 0 || context->nsWellFormed == 0 || build.elements == 0) {
    return xml_error("is not well-formed XML (line " + std::to_string(context->lastError.line) + ")");
  }
  return std::move(build.tree);
}

}  // namespace psl
