// Remembers which principal a certificate named: a call costs a look-up instead of parsing its certificate
// again.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/core/seams.h"

namespace psl {

// For one immutable policy. Thread safe.
class KnownCallers {
 public:
  // `name` answers for a certificate that is not known yet; only its successes are kept.
  template <typename Name>
  Result<Principal> find(std::string_view pem, const Name& name) {
    {
      const std::lock_guard lock(mutex_);
      if (const auto known = by_pem_.find(pem); known != by_pem_.end()) return known->second;
    }
    Result<Principal> principal = name(pem);
    if (principal.ok()) keep(pem, *principal);
    return principal;
  }

 private:
  // More certificates than a territory has senders; a flood of them costs a fresh start, not memory.
  static constexpr size_t entries_max = 1024;

  void keep(std::string_view pem, const Principal& principal) {
    const std::lock_guard lock(mutex_);
    if (by_pem_.size() >= entries_max) by_pem_.clear();
    by_pem_.emplace(pem, principal);
  }

  std::mutex mutex_;
  std::map<std::string, Principal, std::less<>> by_pem_;
};

}  // namespace psl
