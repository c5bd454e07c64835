// The readable copy of a document as a PDF/A-1b (ISO 19005-1:2005, level B), laid out as a hospital letter.
#pragma once

#include <memory>

#include "gateway/core/seams.h"

namespace psl {

// Pango and Cairo draw, qpdf makes it PDF/A-1b. Fonts: Liberation Sans, then DejaVu Sans, from the system;
// nothing else of the machine's font settings is read, so that the same bytes give the same PDF.
// `configuration` when they are not installed. What it makes lives as long as the program.
Result<std::unique_ptr<ReadableCopy>> make_pdf_copy();

}  // namespace psl
