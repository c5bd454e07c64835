#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <istream>
#include <streambuf>
#include <string>

#include "gateway/config/tree_builder.h"

namespace psl::config {
namespace {

// The first tab of the indentation of the line at `at`, or npos.
size_t find_tab_in_indentation(std::string_view text, size_t at) {
  const size_t previous = at == 0 ? std::string_view::npos : text.rfind('\n', at - 1);
  const size_t start = previous == std::string_view::npos ? 0 : previous + 1;
  const size_t found = text.find_first_not_of(' ', start);
  return found != std::string_view::npos && text[found] == '\t' ? found : std::string_view::npos;
}

// True when the quoted scalar that begins at `at` ends: yaml-cpp takes the end of the file for a closing
// quote, and half a file would pass for a whole one.
bool quote_closes(std::string_view text, size_t at) {
  const char quote = text[at];
  for (size_t i = at + 1; i < text.size(); ++i) {
    const bool escaped = quote == '"' ? text[i] == '\\' : text.substr(i, 2) == "''";
    if (escaped) {
      ++i;
    } else if (text[i] == quote) {
      return true;
    }
  }
  return false;
}

// Leaves yaml-cpp when the builder has refused something.
struct YamlStopped {};

class YamlEvents : public YAML::EventHandler {
 public:
  YamlEvents(std::string_view text, TreeBuilder& builder) : text_(text), builder_(builder) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) stop(mark, "a second document: one file holds one");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    refuse_anchor(mark, anchor);
    if (builder_.wants_key()) stop(mark, "a key must be a text");
    check(builder_.scalar(FileNode::Kind::null, at(mark), {}));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { refuse_alias(mark); }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    refuse_anchor(mark, anchor);
    // yaml-cpp's own marks: "?" for a plain scalar, "!" for a quoted or a block one.
    const bool plain = tag == "?";
    const char first = at(mark) < text_.size() ? text_[at(mark)] : '\0';
    if ((!plain && tag != "!") || first == '!') refuse_tag(mark);
    const bool quoted = !plain && (first == '"' || first == '\'');
    if (quoted && !quote_closes(text_, at(mark))) stop(mark, "a closing quote is missing");
    if (builder_.wants_key()) {
      check(builder_.key(at(mark), value));
    } else {
      check(builder_.scalar(plain ? FileNode::Kind::plain : FileNode::Kind::text, at(mark), value));
    }
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(FileNode::Kind::list, mark, tag, anchor);
  }
  void OnSequenceEnd() override { check(builder_.close()); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(FileNode::Kind::map, mark, tag, anchor);
  }
  void OnMapEnd() override { check(builder_.close()); }

 private:
  static size_t at(const YAML::Mark& mark) { return mark.pos < 0 ? 0 : static_cast<size_t>(mark.pos); }
  static void check(bool taken) {
    if (!taken) throw YamlStopped{};
  }
  [[noreturn]] void stop(const YAML::Mark& mark, const char* text) {
    builder_.fail(at(mark), text);
    throw YamlStopped{};
  }
  // Aliases are refused rather than bounded: a configuration reads as what it says, and none can grow by
  // itself.
  [[noreturn]] void refuse_alias(const YAML::Mark& mark) {
    stop(mark, "an alias (*) is not taken: write the value again");
  }
  [[noreturn]] void refuse_tag(const YAML::Mark& mark) {
    stop(mark, "a tag (!) is not taken: the field decides its type");
  }
  void refuse_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor != 0) stop(mark, "an anchor (&) is not taken: write the value again");
  }
  void open(FileNode::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    refuse_anchor(mark, anchor);
    if (tag != "?" && tag != "!" && !tag.empty()) refuse_tag(mark);
    if (builder_.wants_key()) stop(mark, "a key must be a text");
    check(builder_.open(kind, at(mark)));
  }

  std::string_view text_;
  TreeBuilder& builder_;
  int documents_ = 0;
};

// Reads a view without copying it.
class ViewBuffer : public std::streambuf {
 public:
  explicit ViewBuffer(std::string_view text) {
    char* begin = const_cast<char*>(text.data());  // a get area is never written to
    setg(begin, begin, begin + text.size());
  }
};

// yaml-cpp may quote the file in its text, so each of its texts is matched with one that does not.
std::string yaml_problem(const std::string& text) {
  struct Row {
    std::string_view theirs;
    const char* ours;
  };
  static const Row rows[] = {
      {YAML::ErrorMsg::END_OF_MAP, "this does not fit the map above: check indentation and quotes"},
      {YAML::ErrorMsg::END_OF_MAP_FLOW, "a } is missing"},
      {YAML::ErrorMsg::END_OF_SEQ, "this does not fit the list above: check indentation and quotes"},
      {YAML::ErrorMsg::END_OF_SEQ_FLOW, "a ] is missing"},
      {YAML::ErrorMsg::FLOW_END, "a } or ] that nothing opened"},
      {YAML::ErrorMsg::INVALID_UNICODE,
       "an escape that is no character (YAML writes characters above U+FFFF as they are)"},
      {YAML::ErrorMsg::INVALID_ESCAPE, "an escape that YAML does not know"},
      {YAML::ErrorMsg::INVALID_HEX, "an escape that YAML does not know"},
      {YAML::ErrorMsg::EOF_IN_SCALAR, "a closing quote is missing"},
      {YAML::ErrorMsg::DOC_IN_SCALAR, "a closing quote is missing"},
      {YAML::ErrorMsg::BLOCK_ENTRY, "a list item (-) has no place here"},
      {YAML::ErrorMsg::MAP_KEY, "a key has no place here"},
      {YAML::ErrorMsg::MAP_VALUE, "a key and its colon have no place here: quote a text that holds a colon"},
      {YAML::ErrorMsg::UNKNOWN_ANCHOR, "an alias (*) is not taken: write the value again"},
      {YAML::ErrorMsg::BAD_FILE, "nested deeper than the limit of 64"},
  };
  // The longest match, because one of their texts begins another.
  const Row* best = nullptr;
  for (const Row& row : rows) {
    if (text.starts_with(row.theirs) && (best == nullptr || row.theirs.size() > best->theirs.size()))
      best = &row;
  }
  return best == nullptr ? "this is not YAML: check indentation, quotes and colons" : best->ours;
}

}  // namespace

bool read_yaml(std::string_view text, TreeBuilder& builder) {
  ViewBuffer buffer(text);
  std::istream stream(&buffer);
  YamlEvents events(text, builder);
  try {
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(events)) {
    }
    return true;
  } catch (const YamlStopped&) {
    return false;
  } catch (const YAML::Exception& exception) {
    const size_t at = exception.mark.pos < 0 ? 0 : static_cast<size_t>(exception.mark.pos);
    const size_t tab = find_tab_in_indentation(text, std::min(at, text.size()));
    if (tab != std::string_view::npos) {
      return builder.fail(tab, "a tab in the indentation: YAML takes only spaces there");
    }
    return builder.fail(at, yaml_problem(exception.msg));
  } catch (const std::exception&) {
    return builder.fail(0, "this is not YAML");
  }
}

}  // namespace psl::config
