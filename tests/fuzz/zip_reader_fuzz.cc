// Any bytes are an archive within bounds, with safe names, or no archive.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "adapters/formats/zip_reader.h"
#include "gateway/base/result.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  psl::ZipReadLimits limits;
  limits.file_bytes_max = 1U << 20U;
  limits.total_bytes_max = 4U << 20U;
  const psl::ZipContents read = psl::read_zip({reinterpret_cast<const char*>(data), size}, limits);
  PSL_CHECK(read.fault == psl::ZipFault::none || read.files.empty());
  size_t total = 0;
  for (const psl::ZipMember& each : read.files) {
    PSL_CHECK(!each.name.starts_with('/') && each.content.size() <= limits.file_bytes_max);
    total += each.content.size();
  }
  PSL_CHECK(total <= limits.total_bytes_max);
  return 0;
}
