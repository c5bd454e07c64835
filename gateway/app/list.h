// Reading the caller's events page by page, for the commands that look at many.
#pragma once

#include <functional>

#include "gateway/app/client.h"

namespace psl {

// Gives every event of the request's tenant and filter to `each`, newest first, until it answers false. True:
// there may be more.
Result<bool> read_events(GatewayClient& client, v1::ListEventsRequest request,
                         const std::function<bool(const v1::EventStatus&)>& each);

}  // namespace psl
