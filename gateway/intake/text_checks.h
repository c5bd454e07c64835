// Small rules that many fields share; each adds its fault at the path given.
#pragma once

#include <string>
#include <string_view>

#include "gateway/intake/faults.h"

namespace psl {

// A text of one line: `least` to `most` characters (code points), no control character, no bidirectional
// control. `least` 0 means optional.
void check_line(std::string_view text, size_t least, size_t most, const std::string& path, FaultList& faults);

// [a-z0-9-], 1 to 40 characters: names of the configuration.
void check_config_name(std::string_view text, const std::string& path, FaultList& faults);

// 1 to `most` printable ASCII characters without space: codes and foreign identifiers. `required` false: may
// be empty.
void check_token(std::string_view text, bool required, size_t most, const std::string& path,
                 FaultList& faults);

void check_oid(std::string_view text, bool required, const std::string& path, FaultList& faults);

}  // namespace psl
