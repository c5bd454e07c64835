// Reads ZIP archives from outside, within bounds, in memory alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace psl {

struct ZipReadLimits {
  uint64_t archive_bytes_max = uint64_t{64} << 20U;
  // An archive of letters has some files; thousands are an attack on whoever lists them.
  uint64_t entries_max = 1000;
  uint64_t name_bytes_max = 255;
  // Of one file, unpacked: what a document may have.
  uint64_t file_bytes_max = uint64_t{32} << 20U;
  // Of all files, unpacked.
  uint64_t total_bytes_max = uint64_t{128} << 20U;
};

enum class ZipFault {
  none,
  not_an_archive,
  // Not readable to its end: a wrong checksum, a cut file, an encrypted or unknown method, two files of one
  // name.
  damaged,
  // Beyond one of the limits, as it says or as it unpacks.
  too_large,
  // A path that leaves the archive's folder: absolute, with "..", a drive, a backslash, a control character.
  unsafe_path,
};

struct ZipMember {
  // As it stands in the archive, "/" between folders.
  std::string name;
  std::string content;
};

struct ZipContents {
  ZipFault fault = ZipFault::none;
  // In the archive's order, folders left out. Empty when there is a fault.
  std::vector<ZipMember> files;
};

// All files, or why not. Names are compared without case, as receivers do. Thread safe.
ZipContents read_zip(std::string_view archive, const ZipReadLimits& limits = {});

}  // namespace psl
