#include "gateway/app/file_list.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>

namespace psl {
namespace {

namespace fs = std::filesystem;

Error list_error(const std::string& path, std::string_view what) {
  return error_of(ErrorCode::input_output, path + ": " + std::string(what));
}

bool is_event_file(const fs::path& path) {
  const std::string extension = path.extension();
  return extension == ".yaml" || extension == ".yml" || extension == ".json" || is_file_of_lines(path);
}

Status add_folder(const std::string& folder, std::vector<std::string>& files) {
  std::error_code problem;
  std::vector<std::string> found;
  for (fs::directory_iterator at(folder, problem), end; !problem && at != end; at.increment(problem)) {
    std::error_code ignored;
    if (is_event_file(at->path()) && at->is_regular_file(ignored)) found.push_back(at->path());
  }
  if (problem) return list_error(folder, problem.message());
  if (found.empty())
    return list_error(folder, "no event file in this folder (*.yaml, *.yml, *.json, *.jsonl, *.ndjson)");
  std::sort(found.begin(), found.end());
  files.insert(files.end(), found.begin(), found.end());
  return {};
}

Status add_lines(std::istream& in, const std::string& name, std::vector<std::string>& files) {
  for (std::string line; std::getline(in, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.empty()) continue;
    files.push_back(line);
    if (files.size() > files_max)
      return list_error(name, "more than " + std::to_string(files_max) + " files");
  }
  if (in.bad()) return list_error(name, "cannot be read");
  return {};
}

Status add_list(const std::string& list, std::vector<std::string>& files) {
  if (list == "-") return add_lines(std::cin, "standard input", files);
  std::ifstream in(list);
  // A folder opens and then gives nothing.
  std::error_code ignored;
  if (!in || fs::is_directory(list, ignored)) return list_error(list, "cannot be read");
  return add_lines(in, list, files);
}

Status add_events(const std::string& path, std::vector<EventPlace>& events) {
  if (!is_file_of_lines(path)) {
    events.push_back({path});
    return {};
  }
  auto lines = places_of_lines(path, files_max);
  if (!lines.ok()) return std::move(lines).error();
  events.insert(events.end(), lines->begin(), lines->end());
  return {};
}

}  // namespace

Result<FileList> collect_files(const std::vector<std::string>& arguments, const std::string& list) {
  std::vector<std::string> files;
  bool folders = false;
  for (const std::string& argument : arguments) {
    std::error_code ignored;
    if (!fs::is_directory(argument, ignored)) {
      files.push_back(argument);
      continue;
    }
    folders = true;
    if (Status added = add_folder(argument, files); !added.ok()) return std::move(added).error();
  }
  if (!list.empty()) {
    if (Status added = add_list(list, files); !added.ok()) return std::move(added).error();
    if (files.empty()) return list_error(list == "-" ? "standard input" : list, "names no file");
  }
  FileList out;
  for (const std::string& file : files) {
    if (Status added = add_events(file, out.events); !added.ok()) return std::move(added).error();
  }
  if (out.events.empty()) return list_error(files.empty() ? "the list" : files.front(), "holds no event");
  out.single = files.size() == 1 && !folders && list.empty() && out.events.front().line == 0;
  return out;
}

}  // namespace psl
