#include "adapters/formats/zip_reader.h"

#include <zip.h>

#include <algorithm>
#include <memory>
#include <set>

namespace psl {
namespace {

struct ZipReadClose {
  void operator()(zip_t* archive) const { zip_discard(archive); }
  void operator()(zip_file_t* file) const { zip_fclose(file); }
};
using OpenZip = std::unique_ptr<zip_t, ZipReadClose>;
using OpenZipFile = std::unique_ptr<zip_file_t, ZipReadClose>;

bool path_is_safe(std::string_view path) {
  if (path.empty() || path.front() == '/') return false;
  for (const char c : path) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F || c == '\\' || c == ':') return false;
  }
  for (size_t begin = 0; begin <= path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view step = path.substr(begin, end - begin);
    if (step == ".." || step == "." || (step.empty() && end != path.size())) return false;
    begin = end + 1;
  }
  return true;
}

std::string lower_ascii(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

// Reads the entries one by one. What an archive says of its sizes is a promise that unpacking may break: both
// are bounded.
class ZipReading {
 public:
  ZipReading(zip_t* archive, const ZipReadLimits& limits) : archive_(archive), limits_(limits) {}

  ZipContents run() {
    const zip_int64_t count = zip_get_num_entries(archive_, 0);
    if (count < 0) return {ZipFault::damaged, {}};
    if (static_cast<uint64_t>(count) > limits_.entries_max) return {ZipFault::too_large, {}};
    for (zip_uint64_t i = 0; i < static_cast<zip_uint64_t>(count); ++i) {
      if (const ZipFault fault = take(i); fault != ZipFault::none) return {fault, {}};
    }
    return {ZipFault::none, std::move(files_)};
  }

 private:
  ZipFault take(zip_uint64_t index) {
    // The raw bytes of the name: libzip would translate an old code page, which could hide a path.
    const char* raw = zip_get_name(archive_, index, ZIP_FL_ENC_RAW);
    zip_stat_t stat;
    zip_stat_init(&stat);
    constexpr zip_uint64_t wanted = ZIP_STAT_SIZE | ZIP_STAT_ENCRYPTION_METHOD;
    if (raw == nullptr || zip_stat_index(archive_, index, 0, &stat) != 0 || (stat.valid & wanted) != wanted)
      return ZipFault::damaged;
    const std::string_view name(raw);
    if (name.size() > limits_.name_bytes_max) return ZipFault::too_large;
    if (!path_is_safe(name)) return ZipFault::unsafe_path;
    if (stat.encryption_method != ZIP_EM_NONE) return ZipFault::damaged;
    if (stat.size > limits_.file_bytes_max || stat.size > limits_.total_bytes_max - total_)
      return ZipFault::too_large;
    if (!names_.insert(lower_ascii(name)).second) return ZipFault::damaged;
    if (name.ends_with('/')) return stat.size == 0 ? ZipFault::none : ZipFault::damaged;
    return unpack(index, stat.size, name);
  }

  ZipFault unpack(zip_uint64_t index, uint64_t size, std::string_view name) {
    const OpenZipFile file(zip_fopen_index(archive_, index, 0));
    if (!file) return ZipFault::damaged;
    ZipMember read{std::string(name), {}};
    // Memory grows with what is really there, not with what the archive promises.
    constexpr size_t piece = size_t{256} << 10U;
    while (read.content.size() <= size) {
      const size_t had = read.content.size();
      read.content.resize(had + std::min<uint64_t>(piece, size - had + 1));
      const zip_int64_t got = zip_fread(file.get(), read.content.data() + had, read.content.size() - had);
      if (got < 0) return ZipFault::damaged;
      read.content.resize(had + static_cast<size_t>(got));
      if (got == 0) break;
    }
    if (read.content.size() > size) return ZipFault::too_large;
    if (read.content.size() < size) return ZipFault::damaged;
    total_ += size;
    files_.push_back(std::move(read));
    return ZipFault::none;
  }

  zip_t* archive_;
  const ZipReadLimits& limits_;
  uint64_t total_ = 0;
  std::set<std::string> names_;
  std::vector<ZipMember> files_;
};

}  // namespace

ZipContents read_zip(std::string_view archive, const ZipReadLimits& limits) {
  if (archive.size() > limits.archive_bytes_max) return {ZipFault::too_large, {}};
  if (!archive.starts_with("PK")) return {ZipFault::not_an_archive, {}};
  zip_source_t* source = zip_source_buffer_create(archive.data(), archive.size(), 0, nullptr);
  if (source == nullptr) return {ZipFault::not_an_archive, {}};
  const OpenZip open(zip_open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, nullptr));
  if (!open) {
    zip_source_free(source);  // only a successful open takes it over
    return {ZipFault::not_an_archive, {}};
  }
  return ZipReading(open.get(), limits).run();
}

}  // namespace psl
