// Any bytes are a mail, an archive or a METADATA.XML that is checked to its end, or are said to be none.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "adapters/formats/check/mail_check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const psl::CdaReadOptions options;
  std::vector<passerelle::v1::Issue> issues;
  psl::check_mail(bytes, options, issues);
  psl::check_xdm(bytes, options, issues);
  if (const auto metadata = psl::parse_xdm_metadata(bytes); metadata.ok()) {
    // A document whose header says nothing: every comparison runs.
    const passerelle::internal::v1::DocumentHeader header;
    const psl::XdmDocument document = {"DOC0001.XML", "x", &header};
    psl::check_xdm_metadata(*metadata, {{&document, 1}, true, true}, issues);
  }
  for (const auto& each : issues) PSL_CHECK(!each.code().empty() && !each.text_fr().empty());
  return 0;
}
