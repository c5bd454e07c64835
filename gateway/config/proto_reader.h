// A tree into any protobuf message, by reflection: the proto3 JSON mapping, for YAML as well, and stricter
// where it would ignore or guess something.
#pragma once

#include "gateway/config/faults.h"
#include "gateway/config/file_tree.h"

namespace google::protobuf {
class Message;
}

namespace psl::config {

inline constexpr size_t content_bytes_max = size_t{30} << 20;

struct ReadOptions {
  // Beside each `bytes` field `x`, a key `x_file` (or `xFile`) names a file that holds its value: a regular
  // file of 1 byte to 30 MiB, its path relative to the folder of the file that is read.
  bool file_fields = false;
};

// Fills `out`. What is wrong goes to `faults`; `places` gets the place of every field that the file gives.
// - A key is a field's name in either form (`legal_basis`, `legalBasis`), once. Unknown keys are refused.
// - null means "not given". Two members of a oneof are refused.
// - The field decides the type: an unquoted YAML 12 in a string field is the text "12". A JSON number there
// is refused.
// - int64 and the like: number or text. Enums: name or number of a value that exists. bytes: base64, either
// alphabet.
// - google.protobuf.Timestamp: RFC 3339; Duration: "30s", "15min", "72h".
// - Map fields, Any, Struct and wrappers are not supported: our messages have none (refused, not ignored).
void read_message(const FileTree& tree, const ReadOptions& options, google::protobuf::Message& out,
                  Places& places, Faults& faults);

}  // namespace psl::config
