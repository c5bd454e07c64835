// Writes a resource again, with some of its texts replaced, added or left out.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "fhir/json_value.h"

namespace psl {

// `path` as fhir::Value::at() takes it: "content.0.attachment.url". A member that the resource lacks is
// added, when what should hold it is there.
struct JsonEdit {
  std::string path;
  // Nothing: the value is left out.
  std::optional<std::string> text;
};

enum class JsonLayout { compact, indented };

// Numbers stay as they are written. `value` is an object or an array.
std::string write_json(fhir::Value value, std::span<const JsonEdit> edits, JsonLayout layout);

}  // namespace psl
