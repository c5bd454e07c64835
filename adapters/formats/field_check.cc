#include "adapters/formats/field_check.h"

#include <algorithm>
#include <cstdint>

#include "gateway/base/bytes.h"
#include "gateway/core/checked.h"

namespace psl {
namespace {

constexpr size_t faults_most = 20;

// What one reading of a text tells.
struct TextTraits {
  size_t characters = 0;
  bool control = false;
  bool line_end = false;
  bool carriage_return = false;
  bool bidirectional = false;
  bool visible = false;
  bool markup_sign = false;
};

bool bidirectional_point(uint32_t point) {
  return (point >= 0x202A && point <= 0x202E) || (point >= 0x2066 && point <= 0x2069) || point == 0x200E ||
         point == 0x200F || point == 0x061C;
}

// Spaces of Unicode, and what takes no place at all.
bool blank_point(uint32_t point) {
  return point == ' ' || point == 0xA0 || point == 0x1680 || (point >= 0x2000 && point <= 0x200D) ||
         point == 0x202F || point == 0x205F || point == 0x2060 || point == 0x3000 || point == 0xFEFF;
}

// Controls, separators that some programs take for line ends, and what XML cannot hold.
bool control_point(uint32_t point) {
  return point < 0x20 || (point >= 0x7F && point <= 0x9F) || point == 0x2028 || point == 0x2029 ||
         point == 0xFFFE || point == 0xFFFF;
}

// The character at `at`, which moves behind it. `text` is UTF-8.
uint32_t next_code_point(std::string_view text, size_t& at) {
  const auto byte = [&](size_t i) { return static_cast<uint32_t>(static_cast<uint8_t>(text[i])); };
  const uint32_t first = byte(at++);
  if (first < 0x80) return first;
  const int more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : 1;
  uint32_t point = first & (0x3FU >> static_cast<unsigned>(more));
  for (int i = 0; i < more; ++i) point = point << 6U | (byte(at++) & 0x3FU);
  return point;
}

TextTraits traits_of(std::string_view text) {
  TextTraits traits;
  for (size_t at = 0; at < text.size(); ++traits.characters) {
    const uint32_t point = next_code_point(text, at);
    if (point > ' ' && point < 0x7F) {
      traits.visible = true;
      traits.markup_sign |= point == '<' || point == '&';
    } else if (point == '\n') {
      traits.line_end = true;
    } else if (point == '\r') {
      traits.carriage_return = true;
    } else if (control_point(point)) {
      traits.control = true;
    } else if (bidirectional_point(point)) {
      traits.bidirectional = true;
    } else if (!blank_point(point)) {
      traits.visible = true;
    }
  }
  return traits;
}

bool ascii_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// A tag that is closed, or a character reference: what an editor of HTML leaves in a text. "< 5 g/L" is none.
bool looks_like_markup(std::string_view text) {
  for (size_t at = text.find_first_of("<&"); at != std::string_view::npos;
       at = text.find_first_of("<&", at + 1)) {
    const std::string_view rest = text.substr(at + 1, 200);
    if (text[at] == '<') {
      const bool opens = !rest.empty() && (ascii_letter(rest[0]) || rest[0] == '/' || rest[0] == '!');
      if (opens && rest.find('>') != std::string_view::npos) return true;
      continue;
    }
    const size_t end =
        rest.find_first_not_of("#0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
    if (end != std::string_view::npos && end >= 2 && rest[end] == ';') return true;
  }
  return false;
}

std::string characters_expected(size_t least, size_t most) {
  return std::to_string(least) + " to " + std::to_string(most) + " characters expected";
}

}  // namespace

std::string FieldPath::text() const {
  std::string path = parent_ == nullptr ? std::string() : parent_->text() + ".";
  path += name_;
  if (position_ >= 0) path += "[" + std::to_string(position_) + "]";
  return path;
}

void FieldCheck::fault(const FieldPath& path, std::string_view expected) {
  if (faults_.size() < faults_most) faults_.push_back({path.text(), std::string(expected)});
}

void FieldCheck::text(const FieldPath& path, std::string_view value, size_t least, size_t most,
                      bool with_lines) {
  if (value.empty()) {
    if (least > 0) fault(path, "required");
    return;
  }
  // No character takes more than four bytes: what is far too long is not read at all.
  if (value.size() > 4 * most) return fault(path, characters_expected(least, most));
  if (!is_utf8(value)) return fault(path, "a text in UTF-8 expected");
  const TextTraits traits = traits_of(value);
  if (traits.characters > most) return fault(path, characters_expected(least, most));
  if (traits.carriage_return && with_lines) {
    return fault(path, "\"\\n\" alone as line end expected, without carriage return");
  }
  if (traits.control || traits.carriage_return)
    return fault(path, "a text without control characters expected");
  if (traits.line_end && !with_lines)
    return fault(path, "a text of one line, without control characters, expected");
  if (traits.bidirectional) return fault(path, "a text without bidirectional control characters expected");
  if (!traits.visible) return fault(path, "a text that is not blank expected");
  if (traits.markup_sign && looks_like_markup(value)) issue(Rule::text_looks_like_markup, path);
}

void FieldCheck::line(const FieldPath& path, std::string_view value, size_t least, size_t most) {
  text(path, value, least, most, false);
}

void FieldCheck::paragraphs(const FieldPath& path, std::string_view value, size_t least, size_t most) {
  text(path, value, least, most, true);
}

void FieldCheck::name(const FieldPath& path, std::string_view value, size_t least, size_t most) {
  if (!value.empty() && value.front() == '"') {
    return fault(path, "a text that does not begin with a quotation mark expected");
  }
  text(path, value, least, most, false);
}

void FieldCheck::token(const FieldPath& path, std::string_view value, size_t most) {
  const bool printable = std::all_of(value.begin(), value.end(), [](char c) { return c > ' ' && c <= '~'; });
  if (value.empty()) {
    fault(path, "required");
  } else if (value.size() > most || !printable) {
    fault(path, "1 to " + std::to_string(most) + " printable ASCII characters without space expected");
  }
}

void FieldCheck::oid(const FieldPath& path, std::string_view value) {
  if (!oid_ok(value)) fault(path, "an OID expected");
}

void FieldCheck::date(const FieldPath& path, const std::string& value) {
  if (!value.empty() && !partial_date_ok(value)) {
    fault(path, "a date that exists, as YYYY, YYYY-MM or YYYY-MM-DD, 1800 to 2200, expected");
  }
}

void FieldCheck::end_date(const FieldPath& path, const std::string& end, const std::string& start) {
  date(path, end);
  if (!partial_date_ok(end) || !partial_date_ok(start)) return;
  const size_t both = std::min(end.size(), start.size());
  if (end.compare(0, both, start, 0, both) < 0) fault(path, "a date not before start_date expected");
}

bool FieldCheck::count(const FieldPath& path, int size, int least, int most) {
  if (size >= least && size <= most) return true;
  fault(path,
        (least == 0 ? "at most " : std::to_string(least) + " to ") + std::to_string(most) + " expected");
  return false;
}

void FieldCheck::choice(const FieldPath& path, bool known, bool told, bool required) {
  if (!known) return fault(path, "a value of the enum expected");
  if (required && !told) fault(path, "required");
}

Status FieldCheck::status() && {
  if (ok()) return {};
  Error error = error_of(ErrorCode::field_invalid);
  error.faults = std::move(faults_);
  return error;
}

bool partial_date_ok(const std::string& date) {
  switch (date.size()) {
    case 4:
      return date_ok(date + "-01-01");
    case 7:
      return date_ok(date + "-01");
    default:
      return date_ok(date);
  }
}

}  // namespace psl
