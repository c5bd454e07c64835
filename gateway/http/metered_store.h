// A store that is counted: what is durable when commit() returns, and how long that took.
#pragma once

#include "gateway/core/store.h"
#include "gateway/http/metrics.h"

namespace psl {

// Stands between the committer and the store. The references outlive it.
class MeteredStore final : public Store {
 public:
  MeteredStore(Store& inner, Metrics& metrics, Env& env) : inner_(inner), metrics_(metrics), env_(env) {}
  Result<std::vector<Effect>> commit(std::span<const Command> batch) override;

 private:
  Store& inner_;
  Metrics& metrics_;
  Env& env_;
};

}  // namespace psl
