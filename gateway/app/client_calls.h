// Private to client.cc: its two streams.
#pragma once

#include <memory>

#include "gateway/app/client.h"
#include "passerelle/v1/gateway.grpc.pb.h"

namespace psl {

// On a connection of its own; the stub is not needed after the call has begun.
std::unique_ptr<ClientStream> begin_submit(v1::Gateway::Stub& stub);
std::unique_ptr<ClientWatch> begin_watch(v1::Gateway::Stub& stub, const v1::WatchEventsRequest& request);

}  // namespace psl
