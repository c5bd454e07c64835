// Finds the text that is not UTF-8 in the bytes of a message: protobuf only says that the whole does not
// parse.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace google::protobuf {
class Descriptor;
}

namespace psl {

// The path, in proto field names, of the first string field that is not UTF-8
// ("event.subject.birth_family_name"); nothing when all are, or when the bytes are no message of this type at
// all. Depth at most 100.
std::optional<std::string> find_bad_text(const google::protobuf::Descriptor& type, std::string_view bytes);

}  // namespace psl
