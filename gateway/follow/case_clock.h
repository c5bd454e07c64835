// The clock of cases: what is due is woken, in the order of its time.
#pragma once

#include <functional>
#include <map>
#include <mutex>

#include "gateway/base/env.h"
#include "gateway/core/store.h"

namespace psl {

// Stepped by one thread; never waits. It outlives the calls of `wake`.
class CaseClock {
 public:
  // Does one step of a case and calls `done` once, from any thread.
  using Wake = std::function<void(const CaseRow& row, Instant now, std::function<void(Status)> done)>;

  // At most `most` cases per tick.
  CaseClock(Ledger& ledger, Wake wake, int most = 64)
      : ledger_(ledger), wake_(std::move(wake)), most_(most) {}

  // Wakes what is due at `now` (Env::now), and returns when to be called again: at the next wake_at, within a
  // minute in any case. A case whose step failed is left alone for a minute, so that it holds up no other,
  // and for longer each time, up to an hour: the log says so as an error from the third time on.
  // Whoever ticks it also does so when something durable changed, for that may bring a wake_at forward.
  Instant tick(Instant now);

 private:
  Ledger& ledger_;
  const Wake wake_;
  const int most_;
  // The answers come from another thread.
  std::mutex mutex_;
  int unanswered_ = 0;
  struct Failure {
    Instant until;
    Span pause;
    int times = 0;
  };
  // Those that failed the last time, and until when they are left alone.
  std::map<Uuid, Failure> failed_;

  // Notes one more, and says how many there are.
  int failures_after(const Uuid& id, Instant now);
  void answer(const Uuid& id, const Uuid& event_id, Instant now, const Status& status);
};

}  // namespace psl
