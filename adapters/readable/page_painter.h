// Draws laid pages with Cairo, each with its foot.
#pragma once

#include <string>
#include <vector>

#include "adapters/formats/view/document_view.h"
#include "adapters/readable/paper.h"

namespace psl {

// A PDF 1.4 as Cairo writes it, not yet PDF/A. `internal` when Cairo gives up.
Result<std::string> paint_pages(const std::vector<PaperPage>& pages, const DocumentView& view,
                                Typesetter& typesetter);

}  // namespace psl
