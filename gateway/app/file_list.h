// Which files a command is about: those named, those in the folders named, and those of a list.
#pragma once

#include <string>
#include <vector>

#include "gateway/app/event_place.h"
#include "gateway/base/result.h"

namespace psl {

// More is a slip (a list that is no list), not a delivery of letters.
inline constexpr size_t files_max = 1'000'000;

struct FileList {
  std::vector<EventPlace> events;
  // True when exactly one file of one event was named, and nothing else.
  bool single = false;
};

// In the order given. A file *.jsonl or *.ndjson stands for its lines, one event each; a folder for its files
// *.yaml,
// *.yml, *.json, *.jsonl and *.ndjson, by name, without its subfolders; one without any is an error. `list`
// (empty: none; "-": standard input) holds one path a line; empty lines say nothing. Errors: input_output,
// with the path.
Result<FileList> collect_files(const std::vector<std::string>& arguments, const std::string& list);

}  // namespace psl
