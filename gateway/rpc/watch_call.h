// A watcher's call: the hub's line to one client.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <memory>

#include "gateway/rpc/call_set.h"
#include "gateway/rpc/watch_hub.h"

namespace psl {

// Once it has joined, only the hub's thread starts anything here.
class WatchCall final : public grpc::ServerWriteReactor<grpc::ByteBuffer>,
                        public Call,
                        public WatchLine,
                        public std::enable_shared_from_this<WatchCall> {
 public:
  WatchCall(CallSet& calls, WatchHub& hub, grpc::CallbackServerContext& context)
      : calls_(calls), hub_(hub), context_(context) {}

  // Once, one of the two: joins the hub, or ends with the error.
  void begin(Principal principal, v1::WatchEventsRequest request);
  void refuse(const Error& error);

  void write(const v1::WatchEventsResponse& message) override;
  void cut(const Error& error) override;
  void end(const Error& error) override;

  void OnWriteDone(bool ok) override { hub_.wrote(*this, ok); }
  void OnCancel() override;
  void OnDone() override;

 private:
  CallSet& calls_;
  WatchHub& hub_;
  grpc::CallbackServerContext& context_;  // gRPC's own until Finish()
  grpc::ByteBuffer buffer_;
  bool joined_ = false;  // settled before gRPC calls back
};

}  // namespace psl
