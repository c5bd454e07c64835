// Where an event to be sent stands: a file of its own, or one line of a file of many.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gateway/base/result.h"

namespace passerelle::v1 {
class SubmitEventRequest;
}

namespace psl {

// Of a file of lines (*.jsonl, *.ndjson: one event in JSON a line), where each begins. Copies share nothing:
// a million of them take some 100 MB with a short path.
struct EventPlace {
  std::string file;
  // 0: the whole file. Else the line, from 1, and its bytes.
  uint64_t line = 0;
  uint64_t at = 0;
  uint64_t bytes = 0;

  // "letters/a.yaml", "enrolments.jsonl:17".
  std::string name() const;
};

bool is_file_of_lines(const std::string& path);

// One place for each line that is not empty, at most `most`. Errors: input_output, with the path.
Result<std::vector<EventPlace>> places_of_lines(const std::string& path, size_t most);

// As read_event_file (gateway/config/event_file.h); an error of a line says "enrolments.jsonl:17:column" at
// most. message_too_large for a line above 32 MiB.
Result<passerelle::v1::SubmitEventRequest> read_event_at(const EventPlace& place);

}  // namespace psl
