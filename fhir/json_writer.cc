#include "fhir/json_writer.h"

#include <algorithm>
#include <array>
#include <utility>

#include "gateway/base/bytes.h"
#include "gateway/base/result.h"

namespace psl::fhir {
namespace {

constexpr size_t usual_depth = 16;

// What JSON writes with a backslash, and the letter after it.
constexpr std::string_view escaped_characters = "\"\\\n\r\t";
constexpr std::string_view escape_letters = "\"\\nrt";

constexpr std::array<bool, 256> make_plain_table() {
  std::array<bool, 256> table{};
  for (size_t byte = 0x20; byte < 0x7F; ++byte) table[byte] = byte != '"' && byte != '\\';
  return table;
}
constexpr auto plain_table = make_plain_table();

// How many characters stand for themselves.
size_t plain_length(std::string_view text) {
  size_t length = 0;
  while (length < text.size() && plain_table[static_cast<unsigned char>(text[length])]) ++length;
  return length;
}

// Of the UTF-8 sequence that begins the text; 0 when there is none.
size_t utf8_length(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return 1;
  const size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  return is_utf8(text.substr(0, length)) ? length : 0;
}

std::string_view trimmed(std::string_view text) {
  static constexpr std::string_view blanks = " \t\r\n";
  const size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

}  // namespace

JsonWriter::JsonWriter(size_t size_hint) {
  out_.reserve(size_hint);
  frames_.reserve(usual_depth);
  frames_.push_back({{}, '{', false});
}

JsonWriter& JsonWriter::open(std::string_view name, char bracket) {
  PSL_CHECK(!frames_.empty() && name.empty() == (frames_.back().bracket == '['));
  frames_.push_back({name, bracket, false});
  return *this;
}

JsonWriter& JsonWriter::end() {
  PSL_CHECK(frames_.size() > 1);
  if (written_ == frames_.size()) {
    out_ += frames_.back().bracket == '{' ? '}' : ']';
    --written_;
  }
  frames_.pop_back();
  return *this;
}

void JsonWriter::separate(Frame& parent, std::string_view name) {
  const bool first = !parent.has_content;
  parent.has_content = true;
  if (name.empty()) {
    if (!first) out_ += ',';
    return;
  }
  out_ += first ? std::string_view("\"") : std::string_view(",\"");
  out_ += name;
  out_ += "\":";
}

// Brackets of what turns out to have content are written now, then the comma and the name of the value.
void JsonWriter::begin_value(std::string_view name) {
  PSL_CHECK(!frames_.empty() && name.empty() == (frames_.back().bracket == '['));
  for (; written_ < frames_.size(); ++written_) {
    if (written_ > 0) separate(frames_[written_ - 1], frames_[written_].name);
    out_ += frames_[written_].bracket;
  }
  separate(frames_.back(), name);
}

void JsonWriter::quote(std::string_view value) {
  static constexpr std::string_view replacement = "\xEF\xBF\xBD";
  out_ += '"';
  while (!value.empty()) {
    const size_t plain = plain_length(value);
    out_ += value.substr(0, plain);
    value.remove_prefix(plain);
    if (value.empty()) break;
    const char c = value[0];
    const size_t length = utf8_length(value);
    if (const size_t known = escaped_characters.find(c); known != std::string_view::npos) {
      out_ += '\\';
      out_ += escape_letters[known];
    } else if (length < 2) {
      out_ += replacement;
    } else {
      out_ += value.substr(0, length);
    }
    value.remove_prefix(std::max(length, size_t{1}));
  }
  out_ += '"';
}

JsonWriter& JsonWriter::text(std::string_view name, std::string_view value) {
  const std::string_view inner = trimmed(value);
  if (inner.empty()) return *this;
  begin_value(name);
  quote(trims_ ? inner : value);
  return *this;
}

JsonWriter& JsonWriter::number(std::string_view name, uint64_t value) {
  begin_value(name);
  out_ += std::to_string(value);
  return *this;
}

JsonWriter& JsonWriter::base64(std::string_view name, std::string_view bytes) {
  if (bytes.empty()) return *this;
  begin_value(name);
  out_ += '"';
  base64_append(bytes, out_);
  out_ += '"';
  return *this;
}

std::string JsonWriter::finish() {
  while (frames_.size() > 1) end();
  PSL_CHECK(frames_.size() == 1 && written_ == 1);
  out_ += "}\n";
  frames_.clear();
  return std::move(out_);
}

}  // namespace psl::fhir
