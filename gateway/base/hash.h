// Hashes of FIPS 180-4, for identities and proofs. Keyed and secret things are in security/.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace psl {

// 32 raw bytes.
std::string sha256(std::string_view bytes);

// 20 raw bytes: only where a format of documents asks for it (XDS `hash`, FHIR R4 Attachment.hash).
std::string sha1(std::string_view bytes);

// The SHA-256 of several texts, each preceded by its length, so that no two lists of texts meet in one hash.
std::string sha256_of_parts(std::initializer_list<std::string_view> parts);

}  // namespace psl
