// The page of a hospital letter: letterhead, patient, stay, sections, signature.
#pragma once

#include "adapters/formats/view/document_view.h"
#include "adapters/readable/paper.h"

namespace psl {

// Fills `paper`. document_invalid when the document is beyond the bounds of a page or of the copy.
Status lay_out_letter(const DocumentView& view, Typesetter& typesetter, Paper& paper);

}  // namespace psl
