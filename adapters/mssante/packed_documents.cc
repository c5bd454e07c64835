#include "adapters/mssante/packed_documents.h"

#include <algorithm>

#include "adapters/formats/zip_writer.h"
#include "gateway/base/hash.h"

namespace psl {
namespace {

constexpr size_t documents_kept = 4;
constexpr size_t kept_bytes_max = size_t{1} << 20;

}  // namespace

Result<Bytes> PackedDocuments::of(std::string_view cda) {
  // By content: an event has no identifier yet when it is previewed.
  std::string hash = sha256(cda);
  {
    const std::lock_guard lock(mutex_);
    const auto found = std::ranges::find(last_, hash, &Packed::hash);
    if (found != last_.end()) return found->archive;
  }
  Result<std::string> made = pack_zip(cda);
  if (!made.ok()) return made.error();
  Bytes archive = make_bytes(std::move(*made));
  if (archive->size() > kept_bytes_max) return archive;
  const std::lock_guard lock(mutex_);
  last_.push_back({std::move(hash), archive});
  if (last_.size() > documents_kept) last_.pop_front();
  return archive;
}

}  // namespace psl
