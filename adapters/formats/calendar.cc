#include "adapters/formats/calendar.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <vector>

namespace psl {
namespace {

constexpr int64_t day_seconds = 86400;
constexpr int64_t tzif_bytes_max = 65536;
constexpr int64_t first_second = -62135596800;  // 0001-01-01T00:00:00Z
constexpr int64_t last_second = 253402300799;   // 9999-12-31T23:59:59Z

int64_t floor_seconds(Instant at) {
  const int64_t seconds = at.us / 1000000;
  return at.us % 1000000 < 0 ? seconds - 1 : seconds;
}

// Days since 1970-01-01 of a proleptic Gregorian date, counted in eras of 400 years that begin on 1 March.
int64_t days_of(int64_t year, int64_t month, int64_t day) {
  year -= month <= 2 ? 1 : 0;
  const int64_t era = (year >= 0 ? year : year - 399) / 400;
  const int64_t year_of_era = year - era * 400;
  const int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

CivilTime civil_of_seconds(int64_t seconds) {
  int64_t days = seconds / day_seconds;
  int64_t rest = seconds % day_seconds;
  if (rest < 0) rest += day_seconds, --days;
  days += 719468;
  const int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  const int64_t day_of_era = days - era * 146097;
  const int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t shifted_month = (5 * day_of_year + 2) / 153;
  const int64_t month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
  CivilTime civil;
  civil.year = static_cast<int32_t>(year_of_era + era * 400 + (month <= 2 ? 1 : 0));
  civil.month = static_cast<int32_t>(month);
  civil.day = static_cast<int32_t>(day_of_year - (153 * shifted_month + 2) / 5 + 1);
  civil.hour = static_cast<int32_t>(rest / 3600);
  civil.minute = static_cast<int32_t>(rest / 60 % 60);
  civil.second = static_cast<int32_t>(rest % 60);
  return civil;
}

bool is_leap_year(int64_t year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

int days_in_month(int64_t year, int month) {
  static constexpr std::array<int, 12> days = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && is_leap_year(year) ? 29 : days[static_cast<size_t>(month - 1)];
}

// When a POSIX TZ rule changes the clock: Mm.w.d, Jn or n, and the local time of day.
struct YearRule {
  char form = 'M';  // 'M', 'J' (1 to 365, never 29 February) or '0' (0 to 365)
  int month = 1;
  int week = 1;
  int day = 0;
  int32_t time = 7200;

  // Local seconds since 1970 of the change in `year`.
  int64_t local_seconds(int64_t year) const {
    int64_t days = 0;
    if (form == 'M') {
      const int64_t first = days_of(year, month, 1);
      const int64_t first_weekday = ((first + 4) % 7 + 7) % 7;
      int64_t offset = (day - first_weekday + 7) % 7 + (week - 1) * 7;
      if (offset >= days_in_month(year, month)) offset -= 7;
      days = first + offset;
    } else if (form == 'J') {
      days = days_of(year, 1, 1) + day - 1 + (is_leap_year(year) && day >= 60 ? 1 : 0);
    } else {
      days = days_of(year, 1, 1) + day;
    }
    return days * day_seconds + time;
  }
};

// The footer of a TZif file: what holds after the last transition.
struct PosixZone {
  int32_t standard = 0;
  bool has_summer = false;
  int32_t summer = 0;
  YearRule to_summer;
  YearRule to_standard;

  int32_t offset_at(int64_t seconds) const {
    if (!has_summer) return standard;
    const int64_t year = civil_of_seconds(seconds + standard).year;
    const int64_t begin = to_summer.local_seconds(year) - standard;
    const int64_t end = to_standard.local_seconds(year) - summer;
    const bool in_summer =
        begin < end ? seconds >= begin && seconds < end : seconds >= begin || seconds < end;
    return in_summer ? summer : standard;
  }
};

// Reads a POSIX TZ string ("CET-1CEST,M3.5.0,M10.5.0/3") as RFC 8536 section 3.3.1 allows it.
class PosixZoneReader {
 public:
  explicit PosixZoneReader(std::string_view text) : text_(text) {}

  std::optional<PosixZone> read() {
    PosixZone zone;
    int32_t west = 0;
    if (!name() || !clock(west)) return std::nullopt;
    zone.standard = -west;
    if (text_.empty()) return zone;
    zone.has_summer = true;
    zone.summer = zone.standard + 3600;
    if (!name()) return std::nullopt;
    if (!text_.empty() && text_.front() != ',') {
      if (!clock(west)) return std::nullopt;
      zone.summer = -west;
    }
    if (!take(',') || !rule(zone.to_summer) || !take(',') || !rule(zone.to_standard)) return std::nullopt;
    if (!text_.empty()) return std::nullopt;
    return zone;
  }

 private:
  bool take(char c) {
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }

  bool name() {
    if (take('<')) {
      const size_t end = text_.find('>');
      if (end == std::string_view::npos) return false;
      text_.remove_prefix(end + 1);
      return true;
    }
    size_t length = 0;
    while (length < text_.size() && ((text_[length] >= 'A' && text_[length] <= 'Z') ||
                                     (text_[length] >= 'a' && text_[length] <= 'z'))) {
      ++length;
    }
    text_.remove_prefix(length);
    return length >= 3;
  }

  bool number(int& value, int most) {
    size_t length = 0;
    value = 0;
    while (length < text_.size() && text_[length] >= '0' && text_[length] <= '9' && length < 4) {
      value = value * 10 + (text_[length++] - '0');
    }
    text_.remove_prefix(length);
    return length > 0 && value <= most;
  }

  // [+-]hh[:mm[:ss]], up to a week in both directions.
  bool clock(int32_t& seconds) {
    const bool negative = take('-');
    if (!negative) take('+');
    int hours = 0;
    int minutes = 0;
    int rest = 0;
    if (!number(hours, 167)) return false;
    if (take(':') && !number(minutes, 59)) return false;
    if (take(':') && !number(rest, 59)) return false;
    seconds = (hours * 60 + minutes) * 60 + rest;
    if (negative) seconds = -seconds;
    return true;
  }

  bool rule(YearRule& rule) {
    if (take('M')) {
      if (!number(rule.month, 12) || rule.month < 1 || !take('.') || !number(rule.week, 5) || rule.week < 1 ||
          !take('.') || !number(rule.day, 6)) {
        return false;
      }
    } else if (take('J')) {
      rule.form = 'J';
      if (!number(rule.day, 365) || rule.day < 1) return false;
    } else {
      rule.form = '0';
      if (!number(rule.day, 365)) return false;
    }
    return !take('/') || clock(rule.time);
  }

  std::string_view text_;
};

// A cursor over TZif bytes; every read is checked once, at the end of a block, by ok().
class TzifCursor {
 public:
  explicit TzifCursor(std::string_view bytes) : bytes_(bytes) {}

  bool ok() const { return ok_; }
  std::string_view rest() const { return bytes_; }

  std::string_view take(size_t count) {
    if (count > bytes_.size()) {
      ok_ = false;
      bytes_ = {};
      return {};
    }
    const std::string_view taken = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return taken;
  }

  int64_t number(size_t size) {
    const std::string_view raw = take(size);
    uint64_t value = raw.empty() || (raw.front() & 0x80) == 0 ? 0 : ~uint64_t{0};
    for (const char c : raw) value = (value << 8U) | static_cast<uint8_t>(c);
    return static_cast<int64_t>(value);
  }

 private:
  std::string_view bytes_;
  bool ok_ = true;
};

struct TzifCounts {
  char version = 0;
  int64_t ut = 0;
  int64_t standard = 0;
  int64_t leaps = 0;
  int64_t transitions = 0;
  int64_t types = 0;
  int64_t letters = 0;

  size_t block_bytes(size_t time_size) const {
    return static_cast<size_t>(transitions) * (time_size + 1) + static_cast<size_t>(types) * 6 +
           static_cast<size_t>(letters) + static_cast<size_t>(leaps) * (time_size + 4) +
           static_cast<size_t>(standard) + static_cast<size_t>(ut);
  }
};

std::optional<TzifCounts> read_tzif_header(TzifCursor& cursor) {
  if (cursor.take(4) != "TZif") return std::nullopt;
  TzifCounts counts;
  const std::string_view version = cursor.take(1);
  counts.version = version.empty() ? '\0' : version.front();
  cursor.take(15);
  for (int64_t* count :
       {&counts.ut, &counts.standard, &counts.leaps, &counts.transitions, &counts.types, &counts.letters}) {
    *count = cursor.number(4);
    if (*count < 0 || *count > tzif_bytes_max) return std::nullopt;
  }
  if (!cursor.ok() || counts.types < 1 || counts.types > 256) return std::nullopt;
  return counts;
}

Error zone_error() {
  return error_of(ErrorCode::configuration, "not a time zone of the system's tz database");
}

bool zone_name_ok(std::string_view name) {
  if (name.empty() || name.size() > 64 || name.front() == '/' || name.find("..") != std::string_view::npos) {
    return false;
  }
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '+' || c == '/';
  });
}

CivilTime bounded_civil(Instant at, int32_t offset_seconds) {
  return civil_of_seconds(std::clamp(floor_seconds(at) + offset_seconds, first_second, last_second));
}

// Appends a number with leading zeros.
void put(std::string& out, int32_t number, int width) {
  const std::string digits = std::to_string(number);
  for (int i = static_cast<int>(digits.size()); i < width; ++i) out += '0';
  out += digits;
}

// "20261122090000".
std::string fourteen_digits(const CivilTime& civil) {
  std::string out;
  put(out, civil.year, 4);
  for (const int32_t part : {civil.month, civil.day, civil.hour, civil.minute, civil.second})
    put(out, part, 2);
  return out;
}

// "+0100".
std::string offset_text(int32_t offset_seconds) {
  const int32_t minutes = std::abs(offset_seconds) / 60;
  std::string out(1, offset_seconds < 0 ? '-' : '+');
  put(out, minutes / 60, 2);
  put(out, minutes % 60, 2);
  return out;
}

bool all_digits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

int number_of(std::string_view digits) {
  int value = 0;
  for (const char c : digits) value = value * 10 + (c - '0');
  return value;
}

// "+0100", "-0330", "+01": seconds; nothing when it is not an offset that exists (at most 14 hours).
std::optional<int32_t> parse_offset(std::string_view text) {
  const std::string_view digits = text.substr(1);
  if ((digits.size() != 2 && digits.size() != 4) || !all_digits(digits)) return std::nullopt;
  const int hours = number_of(digits.substr(0, 2));
  const int minutes = number_of(digits.substr(2));
  if (hours > 14 || minutes > 59) return std::nullopt;
  const int32_t seconds = (hours * 60 + minutes) * 60;
  return text.front() == '-' ? -seconds : seconds;
}

}  // namespace

struct TimeZone::Rules {
  std::vector<int64_t> transitions;    // seconds since 1970, ascending
  std::vector<int32_t> offsets_after;  // one for each transition
  int32_t offset_before = 0;
  std::optional<PosixZone> later;
};

Result<TimeZone> TimeZone::parse(std::string_view tzif) {
  if (tzif.size() > static_cast<size_t>(tzif_bytes_max)) return zone_error();
  TzifCursor cursor(tzif);
  std::optional<TzifCounts> counts = read_tzif_header(cursor);
  if (!counts) return zone_error();
  size_t time_size = 4;
  if (counts->version >= '2') {
    cursor.take(counts->block_bytes(4));
    counts = read_tzif_header(cursor);
    if (!counts) return zone_error();
    time_size = 8;
  }

  auto rules = std::make_shared<Rules>();
  for (int64_t i = 0; i < counts->transitions; ++i) rules->transitions.push_back(cursor.number(time_size));
  const std::string_view indexes = cursor.take(static_cast<size_t>(counts->transitions));
  std::vector<int32_t> offsets;
  for (int64_t i = 0; i < counts->types; ++i) {
    offsets.push_back(static_cast<int32_t>(cursor.number(4)));
    cursor.take(2);
  }
  cursor.take(static_cast<size_t>(counts->letters + counts->leaps * static_cast<int64_t>(time_size + 4) +
                                  counts->standard + counts->ut));
  if (!cursor.ok() || !std::is_sorted(rules->transitions.begin(), rules->transitions.end()))
    return zone_error();
  for (const char index : indexes) {
    const size_t type = static_cast<uint8_t>(index);
    if (type >= offsets.size()) return zone_error();
    rules->offsets_after.push_back(offsets[type]);
  }
  for (const int32_t offset : offsets) {
    if (std::abs(offset) > 26 * 3600) return zone_error();
  }
  rules->offset_before = offsets.front();

  if (time_size == 8) {
    const std::string_view footer = cursor.rest();
    if (footer.size() < 2 || footer.front() != '\n' || footer.back() != '\n') return zone_error();
    const std::string_view text = footer.substr(1, footer.size() - 2);
    if (!text.empty()) {
      rules->later = PosixZoneReader(text).read();
      if (!rules->later) return zone_error();
    }
  }
  return TimeZone(std::move(rules));
}

Result<TimeZone> TimeZone::load(std::string_view name) {
  if (!zone_name_ok(name)) return zone_error();
  std::ifstream file("/usr/share/zoneinfo/" + std::string(name), std::ios::binary);
  std::string bytes(static_cast<size_t>(tzif_bytes_max) + 1, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  return parse(bytes);
}

TimeZone TimeZone::utc() { return TimeZone(std::make_shared<Rules>()); }

int32_t TimeZone::offset_at(Instant at) const {
  const int64_t seconds = floor_seconds(at);
  const std::vector<int64_t>& transitions = rules_->transitions;
  const auto after = std::upper_bound(transitions.begin(), transitions.end(), seconds);
  if (after == transitions.end() && rules_->later) return rules_->later->offset_at(seconds);
  if (after == transitions.begin()) return rules_->offset_before;
  return rules_->offsets_after[static_cast<size_t>(after - transitions.begin()) - 1];
}

Instant TimeZone::at_local(int64_t local_seconds) const {
  const Instant as_utc{local_seconds * 1000000};
  const int32_t earlier = offset_at(as_utc - seconds(day_seconds));
  const int32_t later = offset_at(as_utc + seconds(day_seconds));
  const Instant first = as_utc - seconds(earlier);
  if (offset_at(first) == earlier) return first;
  const Instant second = as_utc - seconds(later);
  return offset_at(second) == later ? second : first;
}

CivilTime civil_time(Instant at, int32_t offset_seconds) { return bounded_civil(at, offset_seconds); }

int64_t seconds_of(const CivilTime& civil) {
  return days_of(civil.year, civil.month, civil.day) * day_seconds + civil.hour * 3600 + civil.minute * 60 +
         civil.second;
}

int weekday_of(const CivilTime& civil) {
  return static_cast<int>(((days_of(civil.year, civil.month, civil.day) + 4) % 7 + 7) % 7);
}

std::string utc14(Instant at) { return fourteen_digits(civil_time(at)); }

std::string hl7(Instant at, const TimeZone& zone) {
  // An offset of a fraction of a minute (before 1911 in Paris) cannot be written: the clock is shown with the
  // offset that can, so that the instant stays the same.
  const int32_t offset = zone.offset_at(at) / 60 * 60;
  return fourteen_digits(civil_time(at, offset)) + offset_text(offset);
}

std::string french_date(Instant at, const TimeZone& zone) {
  const CivilTime c = civil_time(at, zone.offset_at(at));
  std::string out;
  put(out, c.day, 2);
  out += '/';
  put(out, c.month, 2);
  out += '/';
  put(out, c.year, 4);
  return out;
}

std::string french_date_time(Instant at, const TimeZone& zone) {
  const CivilTime c = civil_time(at, zone.offset_at(at));
  std::string out = french_date(at, zone) + " ";
  put(out, c.hour, 2);
  out += ':';
  put(out, c.minute, 2);
  return out;
}

std::string mail_date(Instant at, const TimeZone& zone) {
  static constexpr std::array<std::string_view, 7> days = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array<std::string_view, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const int32_t offset = zone.offset_at(at) / 60 * 60;
  const CivilTime c = civil_time(at, offset);
  std::string out(days[static_cast<size_t>(weekday_of(c))]);
  out += ", ";
  put(out, c.day, 2);
  out += ' ';
  out += months[static_cast<size_t>(c.month - 1)];
  out += ' ';
  put(out, c.year, 4);
  out += ' ';
  put(out, c.hour, 2);
  out += ':';
  put(out, c.minute, 2);
  out += ':';
  put(out, c.second, 2);
  return out + " " + offset_text(offset);
}

std::optional<Hl7Time> parse_hl7(std::string_view text) {
  Hl7Time time;
  int32_t offset = 0;
  if (const size_t sign = text.find_first_of("+-"); sign != std::string_view::npos) {
    const std::optional<int32_t> parsed = parse_offset(text.substr(sign));
    if (!parsed) return std::nullopt;
    offset = *parsed;
    time.has_offset = true;
    text = text.substr(0, sign);
  }
  if (const size_t point = text.find('.'); point != std::string_view::npos) {
    const std::string_view fraction = text.substr(point + 1);
    if (point != 14 || fraction.empty() || fraction.size() > 6 || !all_digits(fraction)) return std::nullopt;
    text = text.substr(0, point);
  }
  if (text.size() < 4 || text.size() > 14 || text.size() % 2 != 0 || !all_digits(text)) return std::nullopt;

  CivilTime civil;
  auto part = [&](size_t at, int32_t absent) {
    return text.size() > at ? number_of(text.substr(at, 2)) : absent;
  };
  civil.year = number_of(text.substr(0, 4));
  civil.month = part(4, 1);
  civil.day = part(6, 1);
  civil.hour = part(8, 0);
  civil.minute = part(10, 0);
  civil.second = part(12, 0);
  if (civil.year < 1 || civil.month < 1 || civil.month > 12 || civil.day < 1 ||
      civil.day > days_in_month(civil.year, civil.month) || civil.hour > 23 || civil.minute > 59 ||
      civil.second > 59) {
    return std::nullopt;
  }
  time.at = Instant{(seconds_of(civil) - offset) * 1000000};
  time.digits = static_cast<int>(text.size());
  return time;
}

Instant resolve(const Hl7Time& time, const TimeZone& zone) {
  return time.has_offset ? time.at : zone.at_local(time.at.us / 1000000);
}

}  // namespace psl
