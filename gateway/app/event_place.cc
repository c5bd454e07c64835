#include "gateway/app/event_place.h"

#include <filesystem>
#include <fstream>

#include "gateway/config/event_file.h"
#include "passerelle/v1/gateway.pb.h"

namespace psl {
namespace {

constexpr size_t line_bytes_max = size_t{32} << 20;

Error unreadable(const std::string& path) {
  return error_of(ErrorCode::input_output, path + ": cannot be read");
}

// Every line of a file of lines is line 1 for its reader.
void name_line(const EventPlace& place, Error& error) {
  const std::string read_as = place.file + ":1:";
  for (FieldFault& fault : error.faults) {
    if (fault.path.starts_with(read_as)) fault.path = place.name() + ":" + fault.path.substr(read_as.size());
  }
  if (error.text.starts_with(read_as)) error.text = place.name() + ":" + error.text.substr(read_as.size());
}

}  // namespace

std::string EventPlace::name() const { return line == 0 ? file : file + ":" + std::to_string(line); }

bool is_file_of_lines(const std::string& path) {
  const std::string extension = std::filesystem::path(path).extension();
  return extension == ".jsonl" || extension == ".ndjson";
}

Result<std::vector<EventPlace>> places_of_lines(const std::string& path, size_t most) {
  std::ifstream in(path, std::ios::binary);
  // A folder opens and then gives nothing.
  std::error_code ignored;
  if (!in || std::filesystem::is_directory(path, ignored)) return unreadable(path);
  std::vector<EventPlace> places;
  uint64_t at = 0;
  uint64_t number = 0;
  for (std::string line; std::getline(in, line); at += line.size() + 1) {
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    if (places.size() == most)
      return error_of(ErrorCode::input_output, path + ": more than " + std::to_string(most) + " events");
    places.push_back({path, number, at, line.size()});
  }
  if (in.bad()) return unreadable(path);
  return places;
}

Result<passerelle::v1::SubmitEventRequest> read_event_at(const EventPlace& place) {
  if (place.line == 0) return read_event_file(place.file);
  if (place.bytes > line_bytes_max)
    return error_of(ErrorCode::message_too_large, place.name() + ": at most 32 MiB a line expected");
  std::ifstream in(place.file, std::ios::binary);
  std::string text(place.bytes, '\0');
  in.seekg(static_cast<std::streamoff>(place.at));
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!in) return unreadable(place.file);
  auto request = read_event({place.file, std::move(text)}, FileSyntax::json);
  if (request.ok()) return request;
  Error error = std::move(request).error();
  name_line(place, error);
  return error;
}

}  // namespace psl
