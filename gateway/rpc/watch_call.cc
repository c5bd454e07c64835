#include "gateway/rpc/watch_call.h"

#include <grpc/grpc.h>

#include <utility>

#include "gateway/rpc/wire_status.h"

namespace psl {

void WatchCall::begin(Principal principal, v1::WatchEventsRequest request) {
  joined_ = hub_.join(shared_from_this(), std::move(principal), std::move(request));
  if (!joined_) refuse(error_of(ErrorCode::busy, "too many watch already: try again later"));
}

void WatchCall::refuse(const Error& error) { Finish(to_grpc(error)); }

void WatchCall::write(const v1::WatchEventsResponse& message) {
  buffer_ = to_bytes(message);
  StartWrite(&buffer_);
}

void WatchCall::cut(const Error& error) {
  // Finish() would wait behind the message that the client does not read; this overtakes it, and carries code
  // and text.
  const grpc::Status status = to_grpc(error);
  grpc_call_cancel_with_status(context_.c_call(), static_cast<grpc_status_code>(status.error_code()),
                               status.error_message().c_str(), nullptr);
}

void WatchCall::end(const Error& error) { Finish(to_grpc(error)); }

void WatchCall::OnCancel() {
  if (joined_) hub_.gone(*this);
}

void WatchCall::OnDone() {
  buffer_.Clear();
  if (joined_) hub_.left(*this);
  calls_.remove(*this);
}

}  // namespace psl
