#include "security/seal.h"

#include <zstd.h>

#include <mutex>
#include <utility>

#include "passerelle/v1/config.pb.h"
#include "security/keys.h"

namespace psl {
namespace {

// First byte of all that is sealed, so that a later format can live beside it.
constexpr char sealed_format = 1;
constexpr size_t content_bytes_max = size_t{64} << 20;
// On letters the higher levels cost several times more and save a few percent of a disk that is not scarce.
constexpr int compression_level = 1;

// The parts are told apart: a purpose, a key id and a column hold no zero byte, and an event id always
// has 16.
std::string bound_to(std::string_view use, std::string_view name, const Uuid& event_id) {
  std::string out;
  out.reserve(use.size() + name.size() + 2 + event_id.bytes.size());
  out += use;
  out += '\0';
  out += name;
  out += '\0';
  out.append(event_id.bytes.begin(), event_id.bytes.end());
  return out;
}

Result<std::string> compress(std::string_view plain) {
  if (plain.size() > content_bytes_max)
    return error_of(ErrorCode::crypto, "a content above 64 MiB is not sealed");
  std::string out(ZSTD_compressBound(plain.size()), '\0');
  const size_t length = ZSTD_compress(out.data(), out.size(), plain.data(), plain.size(), compression_level);
  if (ZSTD_isError(length)) {
    wipe(out);
    return error_of(ErrorCode::crypto, "compression failed");
  }
  out.resize(length);
  return out;
}

Result<std::string> decompress(std::string_view packed) {
  const auto corrupt = [] { return error_of(ErrorCode::corrupt, "sealed data does not unpack"); };
  const unsigned long long size = ZSTD_getFrameContentSize(packed.data(), packed.size());
  // The two sentinels of zstd (unknown, error) are above the limit too.
  if (size > content_bytes_max) return corrupt();
  // To make one costs more than to unpack a small text, so each thread keeps its own (96 KB).
  thread_local const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(ZSTD_createDCtx(),
                                                                                  ZSTD_freeDCtx);
  if (!context) return error_of(ErrorCode::crypto, "no memory to unpack sealed data");
  std::string out(static_cast<size_t>(size), '\0');
  if (ZSTD_decompressDCtx(context.get(), out.data(), out.size(), packed.data(), packed.size()) != out.size())
    return corrupt();
  return out;
}

Status add_key(const v1::TenantKey& key, const std::string& path,
               std::map<std::string, SecretKey, std::less<>>& into) {
  if (key.id().empty()) return field_error(path + ".id", "is required");
  Result<SecretKey> loaded = load_key_file(key.file());
  if (!loaded) return std::move(loaded).error();
  if (!into.emplace(key.id(), *std::move(loaded)).second) {
    return field_error(path + ".id", "is the id of another key of this tenant");
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<TenantSealer>> TenantSealer::load(const v1::Config& config) {
  auto sealer = std::make_unique<TenantSealer>();
  for (int i = 0; i < config.tenants_size(); ++i) {
    const v1::Tenant& tenant = config.tenants(i);
    const std::string path = "tenants[" + std::to_string(i) + "]";
    TenantKeys keys;
    keys.current_id = tenant.key().id();
    keys.oldest_id = keys.current_id;
    if (Status added = add_key(tenant.key(), path + ".key", keys.by_id); !added)
      return std::move(added).error();
    for (int k = 0; k < tenant.key().previous_size(); ++k) {
      const v1::TenantKey& previous = tenant.key().previous(k);
      const std::string previous_path = path + ".key.previous[" + std::to_string(k) + "]";
      if (previous.previous_size() > 0) {
        return field_error(previous_path + ".previous",
                           "must be empty: list all older keys under `key`, newest first");
      }
      if (Status added = add_key(previous, previous_path, keys.by_id); !added)
        return std::move(added).error();
      keys.oldest_id = previous.id();
    }
    if (!sealer->tenants_.emplace(tenant.name(), std::move(keys)).second) {
      return field_error(path + ".name", "is the name of another tenant");
    }
  }
  return sealer;
}

Result<const TenantSealer::TenantKeys*> TenantSealer::keys_of(std::string_view tenant) const {
  const auto found = tenants_.find(tenant);
  if (found == tenants_.end()) return error_of(ErrorCode::crypto, "this tenant has no key");
  return &found->second;
}

bool TenantSealer::has_key(std::string_view tenant, std::string_view key_id) const {
  const auto found = tenants_.find(tenant);
  return found != tenants_.end() && found->second.by_id.contains(key_id);
}

Result<WrappedKey> TenantSealer::new_key(std::string_view tenant, const Uuid& event_id) {
  const Result<const TenantKeys*> keys = keys_of(tenant);
  if (!keys) return keys.error();
  const Result<SecretKey> data_key = random_key();
  if (!data_key) return data_key.error();
  const std::string& id = (*keys)->current_id;
  Result<std::string> wrapped =
      aes_gcm_seal((*keys)->by_id.at(id), bound_to("key", id, event_id), data_key->reveal());
  if (!wrapped) return std::move(wrapped).error();
  return WrappedKey{id, sealed_format + *std::move(wrapped)};
}

Result<SecretKey> TenantSealer::unwrap(std::string_view tenant, const WrappedKey& key,
                                       const Uuid& event_id) const {
  const Result<const TenantKeys*> keys = keys_of(tenant);
  if (!keys) return keys.error();
  const auto found = (*keys)->by_id.find(key.key_id);
  if (found == (*keys)->by_id.end()) {
    return error_of(ErrorCode::crypto, "the key \"" + key.key_id + "\" of tenant \"" + std::string(tenant) +
                                           "\" is not in the configuration");
  }
  const auto corrupt = [&] {
    return error_of(ErrorCode::corrupt, "the data key does not open under key \"" + key.key_id + "\"");
  };
  if (key.wrapped.empty() || key.wrapped[0] != sealed_format) return corrupt();
  Result<std::string> bytes = aes_gcm_open(found->second, bound_to("key", key.key_id, event_id),
                                           std::string_view(key.wrapped).substr(1));
  if (!bytes) return bytes.error().code == ErrorCode::corrupt ? corrupt() : bytes.error();
  if (bytes->size() != SecretKey::size_bytes) return corrupt();
  SecretKey data_key(*bytes);
  wipe(*bytes);
  return data_key;
}

Result<std::string> TenantSealer::seal(std::string_view tenant, const WrappedKey& key, const Uuid& event_id,
                                       std::string_view column, std::string_view plain) {
  const Result<SecretKey> data_key = unwrap(tenant, key, event_id);
  if (!data_key) return data_key.error();
  Result<std::string> packed = compress(plain);
  if (!packed) return packed;
  Result<std::string> sealed = aes_gcm_seal(*data_key, bound_to("row", column, event_id), *packed);
  wipe(*packed);
  if (!sealed) return sealed;
  return sealed_format + *std::move(sealed);
}

Result<std::string> TenantSealer::open(std::string_view tenant, const WrappedKey& key, const Uuid& event_id,
                                       std::string_view column, std::string_view sealed) {
  const Result<SecretKey> data_key = unwrap(tenant, key, event_id);
  if (!data_key) return data_key.error();
  if (sealed.empty() || sealed[0] != sealed_format)
    return error_of(ErrorCode::corrupt, "sealed data has no known format");
  Result<std::string> packed = aes_gcm_open(*data_key, bound_to("row", column, event_id), sealed.substr(1));
  if (!packed) return packed;
  Result<std::string> plain = decompress(*packed);
  wipe(*packed);
  return plain;
}

Result<const KeyedMac*> TenantSealer::keyed_mac(const TenantKeys& keys, std::string_view purpose) const {
  {
    const std::shared_lock lock(macs_mutex_);
    if (const auto found = keys.macs.find(purpose); found != keys.macs.end()) return &found->second;
  }
  const Result<SecretKey> key = hkdf_sha256(keys.by_id.at(keys.oldest_id), "mac:" + std::string(purpose));
  if (!key) return key.error();
  Result<KeyedMac> keyed = KeyedMac::of(*key);
  if (!keyed) return std::move(keyed).error();
  const std::unique_lock lock(macs_mutex_);
  return &keys.macs.try_emplace(std::string(purpose), *std::move(keyed)).first->second;
}

Result<std::string> TenantSealer::mac(std::string_view tenant, std::string_view purpose,
                                      std::string_view plain) {
  const Result<const TenantKeys*> keys = keys_of(tenant);
  if (!keys) return keys.error();
  const Result<const KeyedMac*> keyed = keyed_mac(**keys, purpose);
  if (!keyed) return keyed.error();
  return (*keyed)->mac(plain);
}

}  // namespace psl
