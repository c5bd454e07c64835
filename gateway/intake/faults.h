// Collects what is wrong with a request, field by field.
#pragma once

#include <string>
#include <vector>

#include "gateway/base/result.h"

namespace google::protobuf {
class Message;
}

namespace psl {

// A list of faults under growing paths. A message of 32 MiB can hold millions of them: it keeps the 20 that a
// sender is told, and one more, which says that there are more. One thread.
class FaultList {
 public:
  void add(std::string path, std::string text) {
    if (!full()) faults_.push_back({std::move(path), std::move(text)});
  }
  bool full() const noexcept { return faults_.size() > 20; }
  // The faults of an error, each under `path`; an error without faults becomes one, with its text.
  void add_under(const std::string& path, const Error& error);

  bool empty() const noexcept { return faults_.empty(); }
  // OK when empty, FIELD_INVALID otherwise.
  Status status() &&;

 private:
  std::vector<FieldFault> faults_;
};

// One fault per message, at any depth, that holds fields or enum values that this program does not know:
// silence about them would be a loss. Paths start at `path` ("" for the request itself).
void find_unknown(const google::protobuf::Message& message, const std::string& path, FaultList& faults);

}  // namespace psl
