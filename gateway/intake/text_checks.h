// Small rules that many fields share; each adds its fault at the path given.
#pragma once

#include <string>
#include <string_view>

#include "gateway/base/env.h"
#include "gateway/intake/faults.h"

namespace google::protobuf {
class Timestamp;
}

namespace psl {

// A text of one line: `least` to `most` characters (code points), no control character, no bidirectional
// control, nothing that XML cannot hold. `least` 0 means optional.
void check_line(std::string_view text, size_t least, size_t most, const std::string& path, FaultList& faults);

// As check_line, with line ends ("\n" alone).
void check_paragraphs(std::string_view text, size_t least, size_t most, const std::string& path,
                      FaultList& faults);

// [a-z0-9-], 1 to 40 characters: names of the configuration.
void check_config_name(std::string_view text, const std::string& path, FaultList& faults);

// 1 to `most` printable ASCII characters without space: codes and foreign identifiers. `required` false: may
// be empty.
void check_token(std::string_view text, bool required, size_t most, const std::string& path,
                 FaultList& faults);

void check_oid(std::string_view text, bool required, const std::string& path, FaultList& faults);

void check_uuid(std::string_view text, bool required, const std::string& path, FaultList& faults);

// True when it is there and within the years 1 to 9999.
bool check_time(bool present, const google::protobuf::Timestamp& at, bool required, const std::string& path,
                FaultList& faults);

// As check_time, from the year 1900 on, and at most one day after `now`: clocks differ, and nobody reports
// what is to come.
void check_past(bool present, const google::protobuf::Timestamp& at, bool required, Instant now,
                const std::string& path, FaultList& faults);

// When both are there (`both`), the second not before the first, whose field is `first_name`.
void check_order(bool both, const google::protobuf::Timestamp& first,
                 const google::protobuf::Timestamp& second, const char* first_name,
                 const std::string& second_path, FaultList& faults);

// `start` and `end` of an Encounter, a CircleMember, an Appointment...
template <typename Period>
void check_period(const Period& period, bool start_required, const std::string& path, FaultList& faults) {
  const bool start = check_time(period.has_start(), period.start(), start_required, path + ".start", faults);
  const bool end = check_time(period.has_end(), period.end(), false, path + ".end", faults);
  check_order(start && end, period.start(), period.end(), "start", path + ".end", faults);
}

// Each entry of a list by `check_one(entry, its path)`; none of a list that is too long.
template <typename List, typename Check>
void check_list(const List& list, int most, const std::string& path, FaultList& faults, Check check_one) {
  if (list.size() > most) return faults.add(path, "at most " + std::to_string(most) + " expected");
  for (int i = 0; i < list.size(); ++i) check_one(list[i], path + "[" + std::to_string(i) + "]");
}

}  // namespace psl
