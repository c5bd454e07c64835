#include "adapters/formats/check/cda_check.h"

#include <algorithm>

#include "adapters/formats/cda/cda_header.h"

namespace psl {

namespace v1 = passerelle::v1;

std::vector<v1::Issue> check_cda(std::string_view bytes, const CdaReadOptions& options) {
  CdaDocument document;
  CdaNotes notes(options, document.issues);
  read_cda_document(bytes, notes, document);
  std::stable_sort(document.issues.begin(), document.issues.end(),
                   [](const v1::Issue& a, const v1::Issue& b) { return a.level() > b.level(); });
  return std::move(document.issues);
}

}  // namespace psl
