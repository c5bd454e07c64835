#include "gateway/intake/text_checks.h"

#include <algorithm>
#include <cstdint>

#include "gateway/base/uuid.h"
#include "gateway/core/checked.h"
#include "gateway/intake/times.h"

namespace psl {
namespace {

size_t characters_in(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

// Controls of ASCII and Latin-1, line and paragraph separators, the marks that reorder what a reader sees,
// and what no XML document can hold (U+FFFE, U+FFFF): not every form in which a text is told on could carry
// it.
bool has_control(std::string_view text, bool with_lines) {
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<uint8_t>(text[i]);
    if (byte == '\n' && with_lines) continue;
    if (byte < 0x20 || byte == 0x7F) return true;
    const std::string_view two = text.substr(i, 2);
    if (two.size() == 2 && byte == 0xC2 && static_cast<uint8_t>(two[1]) < 0xA0) return true;
    if (two == "\u061C") return true;
    const std::string_view three = text.substr(i, 3);
    if (three == "\uFFFE" || three == "\uFFFF") return true;
    if (three.size() != 3 || byte != 0xE2) continue;
    const auto second = static_cast<uint8_t>(three[1]);
    const auto third = static_cast<uint8_t>(three[2]);
    if (second == 0x80 && third >= 0xA8 && third <= 0xAE) return true;    // U+2028 to U+202E
    if (second == 0x80 && (third == 0x8E || third == 0x8F)) return true;  // U+200E, U+200F
    if (second == 0x81 && third >= 0xA6 && third <= 0xA9) return true;    // U+2066 to U+2069
  }
  return false;
}

constexpr int64_t year_1900 = -2208988800;

bool name_character(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; }

bool token_character(char c) { return c > ' ' && c < 0x7F; }

void check_text(std::string_view text, size_t least, size_t most, bool with_lines, const std::string& path,
                FaultList& faults) {
  const size_t length = characters_in(text);
  if (length < least && length == 0) {
    faults.add(path, "required");
  } else if (length < least || length > most) {
    faults.add(path, std::to_string(least) + " to " + std::to_string(most) + " characters expected");
  } else if (has_control(text, with_lines)) {
    faults.add(path, with_lines
                         ? "a text without control or direction characters expected, \"\\n\" as line end"
                         : "a text of one line expected, without control or direction characters");
  } else if (!text.empty() && text.find_first_not_of(" \n") == std::string_view::npos) {
    faults.add(path, "a text expected, not spaces only");
  }
}

}  // namespace

void check_line(std::string_view text, size_t least, size_t most, const std::string& path,
                FaultList& faults) {
  check_text(text, least, most, false, path, faults);
}

void check_paragraphs(std::string_view text, size_t least, size_t most, const std::string& path,
                      FaultList& faults) {
  check_text(text, least, most, true, path, faults);
}

void check_config_name(std::string_view text, const std::string& path, FaultList& faults) {
  if (text.empty()) {
    faults.add(path, "required");
  } else if (text.size() > 40 || !std::all_of(text.begin(), text.end(), name_character)) {
    faults.add(path, "1 to 40 characters of a-z, 0-9 and - expected");
  }
}

void check_token(std::string_view text, bool required, size_t most, const std::string& path,
                 FaultList& faults) {
  if (text.empty()) {
    if (required) faults.add(path, "required");
  } else if (text.size() > most || !std::all_of(text.begin(), text.end(), token_character)) {
    faults.add(path, "1 to " + std::to_string(most) + " printable ASCII characters without space expected");
  }
}

void check_oid(std::string_view text, bool required, const std::string& path, FaultList& faults) {
  if (text.empty()) {
    if (required) faults.add(path, "required");
  } else if (!oid_ok(text)) {
    faults.add(path, "an OID in dotted decimal expected, at most 64 characters, without extension");
  }
}

void check_uuid(std::string_view text, bool required, const std::string& path, FaultList& faults) {
  if (text.empty()) {
    if (required) faults.add(path, "required");
  } else if (!Uuid::parse(text)) {
    faults.add(path, "a UUID expected");
  }
}

bool check_time(bool present, const google::protobuf::Timestamp& at, bool required, const std::string& path,
                FaultList& faults) {
  if (!present) {
    if (required) faults.add(path, "required");
    return false;
  }
  if (in_range(at)) return true;
  faults.add(path, "a time between the years 1 and 9999 expected");
  return false;
}

void check_past(bool present, const google::protobuf::Timestamp& at, bool required, Instant now,
                const std::string& path, FaultList& faults) {
  if (!check_time(present, at, required, path, faults)) return;
  if (instant_of(at) > now + seconds(86400))
    faults.add(path, "at most one day after the submission expected");
  if (at.seconds() < year_1900) faults.add(path, "a time from the year 1900 on expected");
}

void check_order(bool both, const google::protobuf::Timestamp& first,
                 const google::protobuf::Timestamp& second, const char* first_name,
                 const std::string& second_path, FaultList& faults) {
  if (both && instant_of(second) < instant_of(first))
    faults.add(second_path, std::string("a time not before ") + first_name + " expected");
}

}  // namespace psl
