// What a worker does with one delivery that the dispatcher claimed: read it back, translate it, record the
// attempt, send, record the outcome.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <string_view>

#include "gateway/core/adapter.h"
#include "gateway/core/store.h"
#include "gateway/outbox/breaker.h"
#include "gateway/outbox/limits.h"

namespace psl {

// What the courier is given. The references outlive it.
struct CourierSeams {
  Ledger& ledger;
  CommandSink& sink;
  Sealer& sealer;
  const DocumentOffice& office;
  Env& env;
  // The tenant's configuration; null when there is none of that name. What it points to outlives the call of
  // carry().
  std::function<const v1::Tenant*(std::string_view name)> find_tenant;
  // Told of each attempt's outcome once it is durable, on the worker's thread; may be empty. For metrics.
  std::function<void(const DueDelivery& due, const Outcome& outcome)> observe = {};
};

// What became of the work, for the dispatcher.
struct Carried {
  Contact contact = Contact::none;
  // Nothing durable changed: leave it in peace for a while before trying again.
  bool hold = false;
};

// Thread safe: as many threads as there are slots. They wait for the committer, so never call it from its
// thread.
class Courier {
 public:
  Courier(CourierSeams seams, OutboxLimits limits) : seams_(std::move(seams)), limits_(limits) {}

  // A pending delivery: one attempt. Nothing leaves before StartAttempt is durable. What cannot be read or
  // translated is handed over to a human, without an attempt.
  Carried carry(Adapter& adapter, const DueDelivery& due);

  // An unknown delivery whose partner can say. Adapter::lookup answers: accepted, the partner has it;
  // rejected, it had it and refused it; try_later (and not partner_down), it does not have it, so it may be
  // sent again; anything else, it cannot say now.
  Carried look_up(Adapter& adapter, const DueDelivery& due);

  // True once an outcome could not be recorded: nothing is sent any more, and the process should leave. At
  // the next start that delivery is found "sending" and becomes unknown.
  bool halted() const noexcept { return halted_; }

 private:
  Result<Payload> translate(Adapter& adapter, const DueDelivery& due, Carried& carried);
  void hand_over(const DueDelivery& due, std::string_view reason, const Error& cause, Carried& carried);
  void record(const DueDelivery& due, const Outcome& outcome);

  const CourierSeams seams_;
  const OutboxLimits limits_;
  std::atomic<bool> halted_ = false;
};

}  // namespace psl
