// The clocks that tell a human: a letter that is not there at its alert_at opens a task, once.
#pragma once

#include <atomic>

#include "gateway/base/env.h"
#include "gateway/core/store.h"

namespace psl {

// Stepped by one thread; never waits. It outlives the committer's callbacks.
class Clocks {
 public:
  // At most `most` tasks per tick.
  Clocks(Ledger& ledger, CommandSink& sink, int most = 64) : ledger_(ledger), sink_(sink), most_(most) {}

  // Opens the tasks of the deliveries that are late at `now` (Env::now), and returns when to be called again.
  Instant tick(Instant now);

 private:
  Ledger& ledger_;
  CommandSink& sink_;
  const int most_;
  // Tasks that the committer has not answered yet: no second round begins before, lest it ask for the same
  // ones.
  std::atomic<int> unanswered_ = 0;
};

}  // namespace psl
