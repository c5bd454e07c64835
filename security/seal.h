// Sealing of what the ledger keeps: a data key per event, wrapped by the tenant's key.
#pragma once

#include <map>
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/core/seams.h"
#include "security/crypto.h"

namespace passerelle::v1 {
class Config;
}

namespace psl {

// The tenants' keys, and those of MACs, which come from them, stay in memory; data keys are unwrapped for
// each call (under a microsecond) and wiped. Thread safe: only the keys of MACs are added to, under a lock.
//
// Rotation: the new key becomes `key`, the old one the first of its `previous`. MACs come from the oldest
// key, the last of `previous`: it stays listed as long as the ledger, or no submission would be recognised
// again.
class TenantSealer final : public Sealer {
 public:
  // Knows no tenant.
  TenantSealer() = default;
  // Reads the key files of every tenant. `configuration` names the file, or the field that is wrong.
  static Result<std::unique_ptr<TenantSealer>> load(const v1::Config& config);

  Result<WrappedKey> new_key(std::string_view tenant, const Uuid& event_id) override;
  // At most 64 MiB of plain text: twice what a message may hold.
  Result<std::string> seal(std::string_view tenant, const WrappedKey& key, const Uuid& event_id,
                           std::string_view column, std::string_view plain) override;
  Result<std::string> open(std::string_view tenant, const WrappedKey& key, const Uuid& event_id,
                           std::string_view column, std::string_view sealed) override;
  Result<std::string> mac(std::string_view tenant, std::string_view purpose, std::string_view plain) override;

  // To say at start which keys the ledger needs and the configuration lacks.
  bool has_key(std::string_view tenant, std::string_view key_id) const;

 private:
  struct TenantKeys {
    std::string current_id;
    std::string oldest_id;
    std::map<std::string, SecretKey, std::less<>> by_id;
    // By purpose, of which the program has a handful of words; added when it is first asked for, never
    // changed.
    mutable std::map<std::string, KeyedMac, std::less<>> macs;
  };
  Result<const TenantKeys*> keys_of(std::string_view tenant) const;
  // It stays where it is as long as the sealer.
  Result<const KeyedMac*> keyed_mac(const TenantKeys& keys, std::string_view purpose) const;
  Result<SecretKey> unwrap(std::string_view tenant, const WrappedKey& key, const Uuid& event_id) const;

  std::map<std::string, TenantKeys, std::less<>> tenants_;
  mutable std::shared_mutex macs_mutex_;  // of TenantKeys::macs
};

}  // namespace psl
