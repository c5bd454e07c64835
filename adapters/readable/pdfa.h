// Makes a drawn PDF a PDF/A-1b (ISO 19005-1:2005, level B).
#pragma once

#include <string>
#include <string_view>

#include "gateway/base/result.h"

namespace psl {

struct PdfaFacts {
  // Of the document, never a person's name: it is what a list of files shows.
  std::string title;
  // effectiveTime as an HL7 TS; no date is written when it is none.
  std::string created;
};

// `drawn`: as page_painter makes it, with every font embedded. Adds the metadata, the colour space, the
// language and the glyph sets, takes the transparency groups away. The same bytes for the same arguments.
// `internal` when `drawn` is no PDF. Thread safe.
Result<std::string> finish_pdfa(const std::string& drawn, const PdfaFacts& facts);

}  // namespace psl
