// SHA-256 (FIPS 180-4), for identities and proofs. Keyed and secret things are in security/.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace psl {

// 32 raw bytes.
std::string sha256(std::string_view bytes);

// The hash of several texts, each preceded by its length, so that no two lists of texts meet in one hash.
std::string sha256_of_parts(std::initializer_list<std::string_view> parts);

}  // namespace psl
