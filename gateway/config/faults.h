// Private to this folder: what is wrong with one file, place by place.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "gateway/config/file_tree.h"

namespace psl::config {

// Where each field that the file gives stands: field path -> offset. "" is the file's own map.
using Places = std::map<std::string, uint32_t, std::less<>>;

// The place of a field, or of the nearest message that holds it and is in the file.
uint32_t place_of(const Places& places, std::string_view path);
bool given(const Places& places, std::string_view path);

// Collects at most 20 faults and remembers that there were more.
class Faults {
 public:
  explicit Faults(const FileText& source) : source_(source) {}

  // `path`: in proto field names; `text`: what is expected, never the value.
  void add(uint32_t at, std::string_view path, std::string text);
  bool empty() const { return error_.faults.empty(); }
  // The error, each fault as "file:line:column: path". Only when not empty.
  Error take(ErrorCode code);

 private:
  const FileText& source_;
  Error error_;
  bool more_ = false;
};

}  // namespace psl::config
