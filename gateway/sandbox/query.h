// Queries and forms of URLs, as a browser or a FHIR client encodes them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace psl {

// RFC 3986 section 2.1. Nothing when a % is not followed by two hexadecimal digits, or the result has a NUL
// or is not UTF-8.
std::optional<std::string> percent_decode(std::string_view text);

using QueryParameters = std::vector<std::pair<std::string, std::string>>;

// "a=1&b=x%7Cy+z": application/x-www-form-urlencoded, where + is a space. At most 50 parameters; nothing when
// there are more, or one cannot be decoded.
std::optional<QueryParameters> parse_query(std::string_view query);

// A resource's id, which is a number here; nothing when it is none.
std::optional<int64_t> number_of_id(std::string_view id);

// The first of that name; empty when there is none.
std::string_view parameter(const QueryParameters& parameters, std::string_view name);

}  // namespace psl
