// ZIP archives made in memory, the same bytes for the same input.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "adapters/formats/calendar.h"
#include "gateway/base/result.h"

namespace psl {

struct ZipEntry {
  // Path inside the archive, "/" between folders, ASCII.
  std::string_view name;
  std::string_view content;
  // The content in an archive of its own, of pack_zip(): it is taken over as it was compressed there.
  std::string_view packed = {};
};

// The entries in their order, deflated, all dated `local_time` (years 1980 to 2107, the range of the format;
// others are brought to its ends). `internal` when libzip refuses. Thread safe.
Result<std::string> write_zip(std::span<const ZipEntry> entries, const CivilTime& local_time);

// One content, compressed once for several archives. `internal` when libzip refuses. Thread safe.
Result<std::string> pack_zip(std::string_view content);

// No archive of these entries is larger: deflate stores what it cannot shrink.
uint64_t zip_size_bound(std::span<const ZipEntry> entries);

}  // namespace psl
