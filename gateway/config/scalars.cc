#include "gateway/config/scalars.h"

#include <charconv>
#include <chrono>
#include <string>

namespace psl::config {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Takes digits from the front of `text`.
std::string_view take_digits(std::string_view& text) {
  size_t count = 0;
  while (count < text.size() && is_digit(text[count])) ++count;
  const std::string_view digits = text.substr(0, count);
  text.remove_prefix(count);
  return digits;
}

bool take_char(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

// A JSON number taken apart: [-] digits [. digits] [e exponent].
struct Decimal {
  bool negative = false;
  std::string_view whole;
  std::string_view fraction;
  int exponent = 0;
};

bool take_decimal(std::string_view text, Decimal& out) {
  out.negative = take_char(text, '-');
  out.whole = take_digits(text);
  if (out.whole.empty() || (out.whole.size() > 1 && out.whole.front() == '0')) return false;
  if (take_char(text, '.')) {
    out.fraction = take_digits(text);
    if (out.fraction.empty()) return false;
  }
  if (take_char(text, 'e') || take_char(text, 'E')) {
    const bool down = take_char(text, '-');
    if (!down) take_char(text, '+');
    const std::string_view digits = take_digits(text);
    // Four digits of exponent are beyond every number that fits.
    if (digits.empty() || digits.size() > 4) return false;
    std::from_chars(digits.data(), digits.data() + digits.size(), out.exponent);
    if (down) out.exponent = -out.exponent;
  }
  return text.empty();
}

// The digits of a whole number, or an empty text when it is none or is beyond 64 bits.
std::string whole_digits(const Decimal& decimal) {
  std::string digits(decimal.whole);
  digits += decimal.fraction;
  int exponent = decimal.exponent - static_cast<int>(decimal.fraction.size());
  while (exponent < 0 && digits.size() > 1 && digits.back() == '0') {
    digits.pop_back();
    ++exponent;
  }
  const size_t significant = digits.find_first_not_of('0');
  if (significant == std::string::npos) return "0";
  if (exponent < 0 || digits.size() - significant + static_cast<size_t>(exponent) > 20) return {};
  digits.erase(0, significant);
  digits.append(static_cast<size_t>(exponent), '0');
  return digits;
}

template <typename T>
bool whole_from(std::string_view digits, T& out) {
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out);
  return error == std::errc() && end == digits.data() + digits.size() && !digits.empty();
}

// Exactly `count` digits from the front.
bool take_number(std::string_view& text, size_t count, int& out) {
  const std::string_view digits = take_digits(text);
  return digits.size() == count && whole_from(digits, out);
}

// After the point, 1 to 9 digits.
bool take_nanos(std::string_view& text, int32_t& out) {
  std::string digits(take_digits(text));
  if (digits.empty() || digits.size() > 9) return false;
  digits.append(9 - digits.size(), '0');
  return whole_from(std::string_view(digits), out);
}

// "Z", "+01:00".
bool take_offset(std::string_view& text, int& minutes) {
  minutes = 0;
  if (take_char(text, 'Z')) return true;
  const bool west = take_char(text, '-');
  if (!west && !take_char(text, '+')) return false;
  int hour = 0;
  int minute = 0;
  if (!take_number(text, 2, hour) || !take_char(text, ':') || !take_number(text, 2, minute)) return false;
  if (hour > 23 || minute > 59) return false;
  minutes = (west ? -1 : 1) * (hour * 60 + minute);
  return true;
}

}  // namespace

bool parse_signed(std::string_view text, int64_t& out) {
  Decimal decimal;
  if (!take_decimal(text, decimal)) return false;
  const std::string digits = whole_digits(decimal);
  if (digits.empty()) return false;
  return whole_from((decimal.negative && digits != "0" ? "-" : "") + digits, out);
}

bool parse_unsigned(std::string_view text, uint64_t& out) {
  Decimal decimal;
  if (!take_decimal(text, decimal)) return false;
  const std::string digits = whole_digits(decimal);
  return (!decimal.negative || digits == "0") && whole_from(std::string_view(digits), out);
}

bool parse_real(std::string_view text, double& out) {
  Decimal decimal;
  if (!take_decimal(text, decimal)) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

bool parse_timestamp(std::string_view text, SecondsAndNanos& out) {
  int year = 0;
  int month = 0;
  int day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
  int offset = 0;
  out = SecondsAndNanos{};
  const bool date_read = take_number(text, 4, year) && take_char(text, '-') && take_number(text, 2, month) &&
                         take_char(text, '-') && take_number(text, 2, day) && take_char(text, 'T');
  const bool time_read = date_read && take_number(text, 2, hour) && take_char(text, ':') &&
                         take_number(text, 2, minute) && take_char(text, ':') && take_number(text, 2, second);
  if (!time_read || hour > 23 || minute > 59 || second > 59) return false;
  if (take_char(text, '.') && !take_nanos(text, out.nanos)) return false;
  if (!take_offset(text, offset) || !text.empty()) return false;
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return false;
  const int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  out.seconds = ((days * 24 + hour) * 60 + minute - offset) * 60 + second;
  // 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z: the range of google.protobuf.Timestamp.
  return out.seconds >= -62135596800 && out.seconds <= 253402300799;
}

bool parse_duration(std::string_view text, SecondsAndNanos& out) {
  constexpr int64_t seconds_max = 315'576'000'000;
  out = SecondsAndNanos{};
  const bool negative = take_char(text, '-');
  int64_t count = 0;
  if (!whole_from(take_digits(text), count) || count > seconds_max) return false;
  const bool fraction = take_char(text, '.');
  if (fraction && !take_nanos(text, out.nanos)) return false;
  int64_t unit = 0;
  if (text == "s") unit = 1;
  if (text == "min" && !fraction) unit = 60;
  if (text == "h" && !fraction) unit = 3600;
  if (unit == 0 || count > seconds_max / unit) return false;
  out.seconds = (negative ? -1 : 1) * count * unit;
  if (negative) out.nanos = -out.nanos;
  return true;
}

}  // namespace psl::config
