// Any bytes are a PDF or are refused with a sentence.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "adapters/formats/pdf_check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const psl::Status status = psl::check_pdf({reinterpret_cast<const char*>(data), size});
  if (!status.ok()) PSL_CHECK(!status.error().text.empty());
  return 0;
}
