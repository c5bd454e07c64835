// The colour space of the readable copy's pages, as the output intent of a PDF/A must give it.
#pragma once

#include <string>

namespace psl {

// An ICC profile, version 2 (ICC.1:1998-09), of a display with the primaries, white and curve of sRGB
// (IEC 61966-2-1), computed here. The same bytes each time.
std::string make_srgb_profile();

}  // namespace psl
