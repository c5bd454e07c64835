// Keys in files: exactly 64 hexadecimal digits and a line end, mode 600 or 400.
#pragma once

#include <string>

#include "gateway/base/result.h"
#include "security/crypto.h"

namespace psl {

// `configuration`, with the path, when the file is absent, readable by others, or not of this form.
Result<SecretKey> load_key_file(const std::string& path);

// Makes a file with a random key, mode 600. `configuration` when the file exists: a key is never overwritten,
// for all that it protects would be lost.
Status new_key_file(const std::string& path);

}  // namespace psl
