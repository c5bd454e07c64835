// Which files a command is about: those named, those in the folders named, and those of a list.
#pragma once

#include <string>
#include <vector>

#include "gateway/base/result.h"

namespace psl {

// More is a slip (a list that is no list), not a delivery of letters.
inline constexpr size_t files_max = 1'000'000;

struct FileList {
  std::vector<std::string> files;
  // True when exactly one file was named, and nothing else.
  bool single = false;
};

// In the order given. A folder stands for its files *.yaml, *.yml and *.json, by name, without its
// subfolders; one without any is an error. `list` (empty: none; "-": standard input) holds one path a line;
// empty lines say nothing. Errors: input_output, with the path.
Result<FileList> collect_files(const std::vector<std::string>& arguments, const std::string& list);

}  // namespace psl
