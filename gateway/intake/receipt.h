// What a sender is told of an event: from what was just accepted, or from the ledger.
#pragma once

#include "gateway/core/seams.h"
#include "gateway/core/store.h"
#include "passerelle/internal/v1/stored.pb.h"
#include "passerelle/v1/delivery.pb.h"

namespace psl {

// Of an event accepted a moment ago, before anything else happened to it.
passerelle::v1::EventStatus fresh_status(const AcceptEvent& accepted,
                                         const passerelle::internal::v1::StoredEvent& content);

// What a stored receipt is made with.
struct ReceiptSeams {
  Sealer& sealer;
  Ledger& ledger;
};

// Of an event of the ledger: its content is opened, for the issues, and its case, for how an orientation
// stands. Recipients in the order of the request; each one's state is computed from its deliveries. Errors as
// Sealer::open.
Result<passerelle::v1::EventStatus> stored_status(const EventRow& row, const ReceiptSeams& seams);

// Of an event of a list: from its rows alone, without issues.
passerelle::v1::EventStatus listed_status(const EventRow& row);

}  // namespace psl
