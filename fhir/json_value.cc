#include "fhir/json_value.h"

#include <rapidjson/reader.h>

#include <charconv>
#include <utility>
#include <vector>

#include "gateway/base/bytes.h"

namespace psl::fhir {

// The values in the order of the text: the first child of a value follows it.
struct TreeContents {
  struct Node {
    uint32_t text_at = 0;
    uint32_t text_size = 0;
    uint32_t name_at = 0;
    uint32_t name_size = 0;
    // Where its last descendant ends: the next value on its own level, if there is one.
    uint32_t next = 0;
    // Children.
    uint32_t size = 0;
    Value::Kind kind = Value::Kind::null;
  };

  std::string_view part(uint32_t at, uint32_t size) const { return std::string_view(json).substr(at, size); }
  std::string_view name_of(const Node& node) const { return part(node.name_at, node.name_size); }

  std::string json;
  std::vector<Node> nodes;
};

namespace {

using Kind = Value::Kind;
using Node = TreeContents::Node;

// Why these: the recursive parser overflows the stack on nested brackets, and numbers would go through
// `double`. In situ, texts are unescaped where they stand: a document in base64 is not copied. RapidJSON's
// own check of UTF-8 is left off: in situ it reads past the end of a text that is cut inside a character.
constexpr unsigned tree_flags =
    rapidjson::kParseInsituFlag | rapidjson::kParseIterativeFlag | rapidjson::kParseNumbersAsStringsFlag;

class TreeEvents : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, TreeEvents> {
 public:
  TreeEvents(TreeContents& tree, const ReadLimits& limits)
      : tree_(tree), limits_(limits), has_escapes_(tree.json.find("\\u") != std::string::npos) {}

  bool Null() { return add(Kind::null) != nullptr; }
  bool Bool(bool value) {
    Node* const node = add(Kind::boolean);
    if (node != nullptr) node->text_size = value ? 1 : 0;
    return node != nullptr;
  }
  bool RawNumber(const char* text, rapidjson::SizeType size, bool) {
    return add_text(Kind::number, text, size);
  }
  bool String(const char* text, rapidjson::SizeType size, bool) { return add_text(Kind::text, text, size); }
  bool StartObject() { return open(Kind::object); }
  bool EndObject(rapidjson::SizeType) { return close(); }
  bool StartArray() { return open(Kind::array); }
  bool EndArray(rapidjson::SizeType) { return close(); }

  bool Key(const char* text, rapidjson::SizeType size, bool) {
    const std::string_view name(text, size);
    if (!is_text(name)) return false;
    const uint32_t parent = open_.back();
    if (tree_.nodes[parent].size == limits_.members) return refuse("an object with too many members");
    const auto end = static_cast<uint32_t>(tree_.nodes.size());
    for (uint32_t i = parent + 1; i < end; i = tree_.nodes[i].next) {
      if (tree_.name_of(tree_.nodes[i]) == name) return refuse("a name that stands twice in one object");
    }
    name_at_ = place(text);
    name_size_ = size;
    return true;
  }

  // Why the reading was ended; null when it was not ended here.
  const char* refusal() const { return refusal_; }

 private:
  uint32_t place(const char* text) const { return static_cast<uint32_t>(text - tree_.json.data()); }

  // What only an escape can bring into UTF-8: a NUL, or half of a pair of surrogates, which RapidJSON lets
  // pass.
  bool is_text(std::string_view text) {
    if (!has_escapes_) return true;
    if (text.find('\0') != std::string_view::npos) return refuse("a NUL character");
    return is_utf8(text) || refuse("an escape that is no character");
  }

  bool refuse(const char* what) {
    refusal_ = what;
    return false;
  }

  Node* add(Kind kind) {
    if (tree_.nodes.size() == limits_.values) {
      refuse("too many values");
      return nullptr;
    }
    if (!open_.empty()) ++tree_.nodes[open_.back()].size;
    Node& node = tree_.nodes.emplace_back();
    node.kind = kind;
    node.name_at = std::exchange(name_at_, 0);
    node.name_size = std::exchange(name_size_, 0);
    node.next = static_cast<uint32_t>(tree_.nodes.size());
    return &node;
  }

  bool add_text(Kind kind, const char* text, rapidjson::SizeType size) {
    if (!is_text({text, size})) return false;
    Node* const node = add(kind);
    if (node == nullptr) return false;
    node->text_at = place(text);
    node->text_size = size;
    return true;
  }

  bool open(Kind kind) {
    if (open_.size() == limits_.depth) return refuse("objects or arrays too deep inside one another");
    if (add(kind) == nullptr) return false;
    open_.push_back(static_cast<uint32_t>(tree_.nodes.size() - 1));
    return true;
  }

  bool close() {
    tree_.nodes[open_.back()].next = static_cast<uint32_t>(tree_.nodes.size());
    open_.pop_back();
    return true;
  }

  TreeContents& tree_;
  const ReadLimits& limits_;
  const bool has_escapes_;
  std::vector<uint32_t> open_;
  uint32_t name_at_ = 0;
  uint32_t name_size_ = 0;
  const char* refusal_ = nullptr;
};

Error unreadable(const char* what, size_t at) {
  return error_of(ErrorCode::document_invalid,
                  "JSON: " + std::string(what) + ", at byte " + std::to_string(at));
}

}  // namespace

Kind Value::kind() const { return tree_ == nullptr ? Kind::absent : tree_->nodes[index_].kind; }

std::string_view Value::text() const {
  if (tree_ == nullptr) return {};
  const Node& node = tree_->nodes[index_];
  if (node.kind == Kind::boolean) return node.text_size == 1 ? "true" : "false";
  return tree_->part(node.text_at, node.text_size);
}

size_t Value::size() const { return tree_ == nullptr ? 0 : tree_->nodes[index_].size; }

std::string_view Value::name() const {
  return tree_ == nullptr ? std::string_view() : tree_->name_of(tree_->nodes[index_]);
}

Value Value::operator[](std::string_view name) const {
  if (!is_object()) return {};
  for (const Value each : *this) {
    if (each.name() == name) return each;
  }
  return {};
}

Value Value::operator[](size_t index) const {
  if (!is_array() || index >= size()) return {};
  Iterator at = begin();
  for (size_t i = 0; i < index; ++i) ++at;
  return *at;
}

Value Value::at(std::string_view path) const {
  Value value = *this;
  while (!path.empty() && value.exists()) {
    const std::string_view step = path.substr(0, path.find('.'));
    path.remove_prefix(step.size() == path.size() ? step.size() : step.size() + 1);
    if (value.is_array()) {
      size_t index = 0;
      const auto [end, fault] = std::from_chars(step.data(), step.data() + step.size(), index);
      if (fault != std::errc{} || end != step.data() + step.size()) return {};
      value = value[index];
    } else {
      value = value[step];
    }
  }
  return value;
}

Value::Iterator& Value::Iterator::operator++() {
  index_ = tree_->nodes[index_].next;
  return *this;
}

Value::Iterator Value::begin() const { return size() == 0 ? end() : Iterator(tree_, index_ + 1); }

Value::Iterator Value::end() const {
  return tree_ == nullptr ? Iterator(nullptr, 0) : Iterator(tree_, tree_->nodes[index_].next);
}

Tree::Tree(std::unique_ptr<const TreeContents> contents) : contents_(std::move(contents)) {}
Tree::Tree(Tree&&) noexcept = default;
Tree& Tree::operator=(Tree&&) noexcept = default;
Tree::~Tree() = default;

Value Tree::root() const { return Value(contents_.get(), 0); }

Result<Tree> Tree::read(std::string json, const ReadLimits& limits) {
  if (json.size() > limits.bytes) return unreadable("too many bytes", limits.bytes);
  // Before parsing: a NUL would end it as if nothing followed.
  if (const size_t nul = json.find('\0'); nul != std::string::npos) return unreadable("a NUL byte", nul);
  if (!is_utf8(json)) return error_of(ErrorCode::document_invalid, "JSON: not UTF-8");
  auto contents = std::make_unique<TreeContents>();
  contents->json = std::move(json);
  rapidjson::InsituStringStream stream(contents->json.data());
  TreeEvents events(*contents, limits);
  rapidjson::Reader reader;
  const rapidjson::ParseResult result = reader.Parse<tree_flags>(stream, events);
  if (result.IsError())
    return unreadable(events.refusal() != nullptr ? events.refusal() : "not well-formed", result.Offset());
  return Tree(std::move(contents));
}

}  // namespace psl::fhir
