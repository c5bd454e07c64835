// Whether bytes are a PDF that may be attached to a letter.
#pragma once

#include <string_view>

#include "gateway/base/result.h"

namespace psl {

// A PDF of version 1.x or 2.x, whole (startxref and %%EOF at its end), not encrypted, with no JavaScript and
// no action that starts a program (ISO 32000-1 sections 7.5, 7.6, 12.6.4). At most 30 MiB, one pass. Names
// are read where a PDF says them in clear, "#4A" escapes decoded. What is inside a stream is not opened, so a
// hostile file can hide an action in a compressed object stream: this check keeps accidents out and says why,
// it does not make an unknown PDF safe. Receivers open what their peers sign for. document_invalid with one
// sentence; the caller knows the field.
Status check_pdf(std::string_view bytes);

}  // namespace psl
