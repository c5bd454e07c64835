// Times as a person gives them to a command.
#pragma once

#include <string>
#include <string_view>

#include "gateway/base/env.h"
#include "gateway/base/result.h"

namespace psl {

// RFC 3339 with any offset ("2026-11-22T10:00:00+01:00"), or how long before `now`: a whole number and one of
// s, min, h, d ("2h", "3d"). `configuration` for anything else.
Result<Instant> parse_when(std::string_view text, Instant now);

// "0:07", "12:34", "1:02:03".
std::string clock_text(Span span);

}  // namespace psl
