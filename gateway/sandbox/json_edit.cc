#include "gateway/sandbox/json_edit.h"

#include <algorithm>
#include <vector>

namespace psl {
namespace {

using fhir::Value;

void quote(std::string_view text, std::string& out) {
  static constexpr std::string_view digits = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += "\\u00";
      out += digits[static_cast<size_t>(c) / 16];
      out += digits[static_cast<size_t>(c) % 16];
    } else {
      out += c;
    }
  }
  out += '"';
}

class EditedJson {
 public:
  EditedJson(std::span<const JsonEdit> edits, JsonLayout layout)
      : edits_(edits), used_(edits.size(), false), indented_(layout == JsonLayout::indented) {}

  void write(Value value, const std::string& path, size_t depth) {
    switch (value.kind()) {
      case Value::Kind::object:
        return write_object(value, path, depth);
      case Value::Kind::array:
        return write_array(value, path, depth);
      case Value::Kind::text:
        return quote(value.text(), out_);
      case Value::Kind::number:
      case Value::Kind::boolean:
        out_ += value.text();
        return;
      case Value::Kind::null:
      case Value::Kind::absent:
        out_ += "null";
    }
  }

  std::string take() { return std::move(out_); }

 private:
  static std::string below(const std::string& path, std::string_view name) {
    return path.empty() ? std::string(name) : path + "." + std::string(name);
  }

  void line(size_t depth) {
    if (!indented_) return;
    out_ += '\n';
    out_.append(2 * depth, ' ');
  }

  void begin_member(bool& first, size_t depth) {
    if (!first) out_ += ',';
    first = false;
    line(depth);
  }

  void name_member(std::string_view name) {
    quote(name, out_);
    out_ += indented_ ? ": " : ":";
  }

  const JsonEdit* edit_at(const std::string& path) {
    const auto found = std::ranges::find(edits_, path, &JsonEdit::path);
    if (found == edits_.end()) return nullptr;
    used_[static_cast<size_t>(found - edits_.begin())] = true;
    return &*found;
  }

  void write_object(Value value, const std::string& path, size_t depth) {
    out_ += '{';
    bool first = true;
    for (const Value member : value) {
      const std::string place = below(path, member.name());
      const JsonEdit* edit = edit_at(place);
      if (edit != nullptr && !edit->text) continue;
      begin_member(first, depth + 1);
      name_member(member.name());
      if (edit == nullptr) {
        write(member, place, depth + 1);
      } else {
        quote(*edit->text, out_);
      }
    }
    add_members(path, first, depth);
    if (!first) line(depth);
    out_ += '}';
  }

  void add_members(const std::string& path, bool& first, size_t depth) {
    for (size_t i = 0; i < edits_.size(); ++i) {
      const JsonEdit& edit = edits_[i];
      const size_t dot = edit.path.rfind('.');
      const std::string parent = dot == std::string::npos ? std::string() : edit.path.substr(0, dot);
      if (used_[i] || !edit.text || parent != path) continue;
      used_[i] = true;
      begin_member(first, depth + 1);
      name_member(dot == std::string::npos ? edit.path : edit.path.substr(dot + 1));
      quote(*edit.text, out_);
    }
  }

  void write_array(Value value, const std::string& path, size_t depth) {
    out_ += '[';
    bool first = true;
    size_t index = 0;
    for (const Value element : value) {
      begin_member(first, depth + 1);
      write(element, below(path, std::to_string(index++)), depth + 1);
    }
    if (!first) line(depth);
    out_ += ']';
  }

  const std::span<const JsonEdit> edits_;
  std::vector<bool> used_;
  const bool indented_;
  std::string out_;
};

}  // namespace

std::string write_json(Value value, std::span<const JsonEdit> edits, JsonLayout layout) {
  EditedJson json(edits, layout);
  json.write(value, {}, 0);
  return json.take();
}

}  // namespace psl
