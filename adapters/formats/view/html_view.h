// A document as a page for a browser, with our own style sheet: nothing of the document is executed or
// fetched.
#pragma once

#include <string>

#include "adapters/formats/view/document_view.h"

namespace psl {

// One HTML 5 file, UTF-8, complete in itself: style inside, no script, no link, no image from elsewhere; a
// Content-Security-Policy says so to the browser. Pure.
std::string write_html(const DocumentView& view);

}  // namespace psl
