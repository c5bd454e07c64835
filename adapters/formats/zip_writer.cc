#include "adapters/formats/zip_writer.h"

#include <zip.h>

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

namespace psl {
namespace {

struct ZipDiscard {
  void operator()(zip_t* archive) const { zip_discard(archive); }
};
struct ZipSourceFree {
  void operator()(zip_source_t* source) const { zip_source_free(source); }
};
using ZipArchive = std::unique_ptr<zip_t, ZipDiscard>;
using ZipSource = std::unique_ptr<zip_source_t, ZipSourceFree>;

// libzip's default is 9, several times slower for a percent of size.
constexpr zip_uint32_t deflate_level = 6;

Error zip_failure() { return error_of(ErrorCode::internal, "the ZIP archive could not be made"); }

struct DosTime {
  uint16_t time = 0;
  uint16_t date = 0;
};

// APPNOTE.TXT section 4.4.6: MS-DOS date and time, two seconds apart. zip_file_set_mtime would depend on TZ.
DosTime dos_time(const CivilTime& local) {
  const int32_t year = std::clamp(local.year, 1980, 2107);
  return {static_cast<uint16_t>(local.hour << 11 | local.minute << 5 | local.second / 2),
          static_cast<uint16_t>((year - 1980) << 9 | local.month << 5 | local.day)};
}

// Read where they lie: the bytes outlive it.
ZipArchive open_packed(std::string_view packed) {
  zip_source_t* source = zip_source_buffer_create(packed.data(), packed.size(), 0, nullptr);
  if (source == nullptr) return nullptr;
  ZipArchive archive(zip_open_from_source(source, ZIP_RDONLY, nullptr));
  if (!archive) zip_source_free(source);  // only a successful open takes it over
  return archive;
}

// `packed`: what entry.packed holds, open until `archive` is closed; null when it holds nothing.
bool add_zip_entry(zip_t* archive, const ZipEntry& entry, zip_t* packed, DosTime at) {
  zip_source_t* content = packed == nullptr
                              ? zip_source_buffer(archive, entry.content.data(), entry.content.size(), 0)
                              : zip_source_zip(archive, packed, 0, 0, 0, -1);
  if (content == nullptr) return false;
  const zip_int64_t index = zip_file_add(archive, std::string(entry.name).c_str(), content, ZIP_FL_ENC_UTF_8);
  if (index < 0) {
    zip_source_free(content);  // only a successful add takes it over
    return false;
  }
  const auto position = static_cast<zip_uint64_t>(index);
  return zip_set_file_compression(archive, position, ZIP_CM_DEFLATE, deflate_level) == 0 &&
         zip_file_set_dostime(archive, position, at.time, at.date, 0) == 0;
}

Result<std::string> read_whole(zip_source_t* source) {
  zip_stat_t stat;
  zip_stat_init(&stat);
  if (zip_source_stat(source, &stat) != 0 || (stat.valid & ZIP_STAT_SIZE) == 0) return zip_failure();
  std::string bytes(stat.size, '\0');
  if (zip_source_open(source) != 0) return zip_failure();
  const zip_int64_t read = zip_source_read(source, bytes.data(), bytes.size());
  zip_source_close(source);
  if (read < 0 || static_cast<zip_uint64_t>(read) != stat.size) return zip_failure();
  return bytes;
}

}  // namespace

Result<std::string> write_zip(std::span<const ZipEntry> entries, const CivilTime& local_time) {
  std::vector<ZipArchive> packed;
  ZipSource target(zip_source_buffer_create(nullptr, 0, 0, nullptr));
  if (!target) return zip_failure();
  ZipArchive archive(zip_open_from_source(target.get(), ZIP_TRUNCATE, nullptr));
  if (!archive) return zip_failure();
  zip_source_keep(target.get());  // the archive took over one reference; this one reads the result
  const DosTime at = dos_time(local_time);
  for (const ZipEntry& entry : entries) {
    if (!entry.packed.empty() && !packed.emplace_back(open_packed(entry.packed))) return zip_failure();
    zip_t* taken_over = entry.packed.empty() ? nullptr : packed.back().get();
    if (!add_zip_entry(archive.get(), entry, taken_over, at)) return zip_failure();
  }
  if (zip_close(archive.get()) != 0) return zip_failure();
  static_cast<void>(archive.release());  // zip_close() freed it
  return read_whole(target.get());
}

Result<std::string> pack_zip(std::string_view content) {
  const std::array<ZipEntry, 1> alone = {{{"0", content}}};
  return write_zip(alone, {.year = 1980, .month = 1, .day = 1});
}

uint64_t zip_size_bound(std::span<const ZipEntry> entries) {
  uint64_t bytes = 256;
  for (const ZipEntry& entry : entries) {
    // zlib's compressBound(), and the two headers with their extra fields.
    const uint64_t size = entry.content.size();
    bytes += size + (size >> 12U) + (size >> 14U) + (size >> 25U) + 64 + 2 * entry.name.size() + 256;
  }
  return bytes;
}

}  // namespace psl
