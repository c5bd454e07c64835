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
  return extension == ".yaml" || extension == ".yml" || extension == ".json";
}

Status add_folder(const std::string& folder, std::vector<std::string>& files) {
  std::error_code problem;
  std::vector<std::string> found;
  for (fs::directory_iterator at(folder, problem), end; !problem && at != end; at.increment(problem)) {
    std::error_code ignored;
    if (is_event_file(at->path()) && at->is_regular_file(ignored)) found.push_back(at->path());
  }
  if (problem) return list_error(folder, problem.message());
  if (found.empty()) return list_error(folder, "no file *.yaml, *.yml or *.json in this folder");
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

}  // namespace

Result<FileList> collect_files(const std::vector<std::string>& arguments, const std::string& list) {
  FileList out;
  bool folders = false;
  for (const std::string& argument : arguments) {
    std::error_code ignored;
    if (!fs::is_directory(argument, ignored)) {
      out.files.push_back(argument);
      continue;
    }
    folders = true;
    if (Status added = add_folder(argument, out.files); !added.ok()) return std::move(added).error();
  }
  if (!list.empty()) {
    if (Status added = add_list(list, out.files); !added.ok()) return std::move(added).error();
    if (out.files.empty()) return list_error(list == "-" ? "standard input" : list, "names no file");
  }
  out.single = out.files.size() == 1 && !folders && list.empty();
  return out;
}

}  // namespace psl
