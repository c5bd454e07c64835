// What a sender is told of an event: from what was just accepted, or from the ledger.
#pragma once

#include "gateway/core/store.h"
#include "passerelle/internal/v1/stored.pb.h"
#include "passerelle/v1/delivery.pb.h"

namespace psl {

// Of an event accepted a moment ago, before anything else happened to it.
passerelle::v1::EventStatus fresh_status(const AcceptEvent& accepted,
                                         const passerelle::internal::v1::StoredEvent& content);

// Of an event of the ledger. Recipients in the order of the request; each one's state is computed from its
// deliveries.
passerelle::v1::EventStatus stored_status(const EventRow& row,
                                          const passerelle::internal::v1::StoredEvent& content);

}  // namespace psl
