// From what a reader sees of a document to its PDF/A-1b.
#pragma once

#include <string>

#include "adapters/formats/view/document_view.h"
#include "adapters/readable/fonts.h"

namespace psl {

// document_invalid beyond 200 pages, 2,000,000 bytes of text, or the bounds of a table. Pure; thread safe.
Result<std::string> copy_of_view(const DocumentView& view, const CopyFonts& fonts);

}  // namespace psl
