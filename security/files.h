// Small files of the operator: certificates and keys. Errors name the path and never the content.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "gateway/base/result.h"

namespace psl {

enum class Readers { anyone, owner_only };

// The content of a regular file of at most `size_max` bytes. `configuration` when it is not there, is too
// big, or, for `owner_only`, when its mode lets group or others do anything with it.
Result<std::string> read_small_file(const std::string& path, size_t size_max, Readers readers);

// Makes a file that must not exist yet; durable when it returns. `configuration` when it exists. A file that
// could not be written whole is taken away again.
Status write_new_file(const std::string& path, std::string_view content, Readers readers);

}  // namespace psl
