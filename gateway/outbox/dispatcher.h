// Decides which delivery goes when: tick(now) hands over what is late or spent, settles what is unknown, and
// fills the free slots of each partner.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "gateway/core/adapter.h"
#include "gateway/core/store.h"
#include "gateway/outbox/breaker.h"
#include "gateway/outbox/delivering.h"
#include "gateway/outbox/executor.h"
#include "gateway/outbox/limits.h"
#include "gateway/outbox/pace.h"
#include "gateway/outbox/turns.h"

namespace psl {

// What the dispatcher is given. The references outlive it; it outlives the executor's jobs and the
// committer's callbacks.
struct DispatcherSeams {
  Ledger& ledger;
  CommandSink& sink;
  Env& env;
  Courier& courier;
  Executor& executor;
  // Called on any thread when a tick would find something to do. It must not call tick() itself.
  std::function<void()> wake;
};

// Partners are bulkheads: each has its own slots (info().concurrency), lanes (Turns), circuit breaker and
// pace (info().rate_per_second: deliveries and look-ups together), and none waits for another. A delivery
// that is in work is claimed in memory, and claims end only after what was recorded is durable, so that none
// is ever twice in flight.
//
// recover() then tick(), by one thread. It never waits for a partner or for the disk, except in recover().
class Dispatcher {
 public:
  // Names of `adapters` are unique; they outlive the dispatcher.
  Dispatcher(DispatcherSeams seams, OutboxLimits limits, const std::vector<Adapter*>& adapters);

  // Once, before anything else: deliveries that a dead process left "sending" become unknown (PROCESS_DIED),
  // to be settled after a backoff, so that a message that kills the process does not do so in a loop. Gives
  // their number.
  Result<int> recover();

  // Does what can be done at `now` (Env::now) and returns when to be called again, or earlier when wake() was
  // called.
  Instant tick(Instant now);

 private:
  struct Partner {
    explicit Partner(Adapter& one, const OutboxLimits& limits)
        : adapter(one),
          breaker(limits.breaker_failures, limits.breaker_pause),
          pace(one.info().rate_per_second) {}
    Adapter& adapter;
    Breaker breaker;
    Pace pace;
    Turns turns;
    // In work, at most info().concurrency.
    std::set<Uuid> claimed;
    // In peace until then (Env::monotonic): nothing durable says when to try again.
    std::map<Uuid, Instant> held;
  };
  // Something that was under way and is over; told by other threads, taken in by the next tick.
  struct Ended {
    Uuid delivery_id;
    Partner* partner = nullptr;  // null: a move
    Carried carried;
  };

  void end(Ended ended);
  void take_in_ended(Instant monotonic);
  void hand_over_overdue(Instant now);
  void settle(Partner& partner, Instant now);
  void fill(Partner& partner, Instant now, Instant monotonic);
  bool hand_over_if_over(const DueDelivery& due, Instant now);
  void begin(Partner& partner, const DueDelivery& due, bool look_up, Instant monotonic);
  void move(const DueDelivery& due, Happening happening, std::string_view reason, Instant now);
  std::vector<DueDelivery> free_of(const Partner* partner, Result<std::vector<DueDelivery>> rows);
  int with_busy(const Partner& partner, int wanted) const;
  Instant next_tick(Instant now, Instant monotonic);

  const DispatcherSeams seams_;
  const OutboxLimits limits_;
  std::vector<Partner> partners_;
  // Moves that the committer has not answered yet.
  std::set<Uuid> moving_;
  // The ledger or the committer refuses: nothing is asked of them until then (Env::monotonic).
  Instant quiet_until_;
  bool recovered_ = false;
  std::mutex mutex_;
  std::vector<Ended> ended_;  // the only member that other threads touch
};

}  // namespace psl
