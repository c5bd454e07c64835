// Any bytes are a CDA or are refused: no crash, no fault without a field, no text that is not UTF-8 in what
// is told; and what is refused is an error of the check.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "adapters/formats/cda/cda_reader.h"
#include "adapters/formats/check/cda_check.h"
#include "adapters/formats/check/rules.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto document = psl::read_cda(bytes, {});
  const auto issues = psl::check_cda(bytes, {});
  for (const auto& issue : issues) PSL_CHECK(psl::is_utf8(issue.path()));
  if (document.ok()) {
    // A string of a message that is not UTF-8 would be lost at the other end.
    std::string serialized;
    PSL_CHECK(document->header.SerializeToString(&serialized));
    PSL_CHECK(passerelle::internal::v1::DocumentHeader().ParseFromString(serialized));
    PSL_CHECK(!document->header.metadata().document_id().empty());
    PSL_CHECK(!document->header.patient().birth_family_name().empty());
    PSL_CHECK(issues.size() == document->issues.size());
  } else {
    PSL_CHECK(!document.error().faults.empty());
    PSL_CHECK(psl::has_error(issues));
  }
  return 0;
}
