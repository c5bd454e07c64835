// What a principal asks about events that are owed, and what it may still do to them.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "gateway/core/seams.h"
#include "gateway/core/store.h"
#include "gateway/intake/intake.h"
#include "passerelle/v1/gateway.pb.h"

namespace psl {

// What the desk is given; all of it outlives the desk. `tenants` names those that exist: a filter's mailbox
// is compared by a MAC under the tenant's key.
struct DeskSeams {
  const TenantTable& tenants;
  const Policy& policy;
  Env& env;
  Sealer& sealer;
  CommandSink& sink;
  Ledger& ledger;
};

// A principal sees its own events; with the role "operate", every principal's of that tenant. What it may not
// see is not_found. No answer holds content, a name or an address.
//
// Thread safe: it holds no state of its own. get(), list(), changes() read the ledger on the caller's thread
// (microseconds to a few milliseconds); retry() and cancel() answer on the committer's.
class EventDesk {
 public:
  explicit EventDesk(DeskSeams seams) : seams_(seams) {}

  Result<v1::EventStatus> get(const Principal& principal, const v1::GetEventRequest& request) const;

  // field_invalid "page_token" for a token of another caller, tenant or filter.
  Result<v1::ListEventsResponse> list(const Principal& principal, const v1::ListEventsRequest& request) const;

  // Who may watch what, checked once when the watch begins; the position is then the watcher's.
  struct Watch {
    Owner owner;
    // Changes after this sequence.
    int64_t after = 0;
  };
  // `sequence_gone` when the changes after that sequence are no longer kept; field_invalid for a sequence
  // that was never given.
  Result<Watch> watch(const Principal& principal, const v1::WatchEventsRequest& request) const;
  // What happened since, at most `most`; moves `watch.after`. Empty: nothing. False in `at_end`: call again.
  struct Changes {
    std::vector<v1::WatchEventsResponse> messages;
    bool at_end = true;
  };
  Result<Changes> changes(Watch& watch, int most) const;

  // `done` is called once: here when refused, later on the committer's thread.
  using RetryDone = std::function<void(Result<v1::RetryDeliveryResponse>)>;
  void retry(const Principal& principal, const v1::RetryDeliveryRequest& request, RetryDone done) const;
  using CancelDone = std::function<void(Result<v1::CancelEventResponse>)>;
  void cancel(const Principal& principal, const v1::CancelEventRequest& request, CancelDone done) const;

 private:
  DeskSeams seams_;
};

}  // namespace psl
