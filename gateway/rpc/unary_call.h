// One question with one answer.
#pragma once

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <atomic>

#include "gateway/base/result.h"
#include "gateway/rpc/call_set.h"
#include "gateway/rpc/wire_status.h"

namespace psl {

// answer() and fail() from any thread, also long after the caller has left: the first of them counts, and
// OnCancel() is one of them.
class UnaryCall final : public grpc::ServerUnaryReactor, public Call {
 public:
  UnaryCall(CallSet& calls, grpc::ByteBuffer& response) : calls_(calls), response_(response) {}

  void answer(const google::protobuf::Message& message);
  void fail(const Error& error);
  template <typename Message>
  void finish(const Result<Message>& result) {
    if (result.ok()) return answer(*result);
    fail(result.error());
  }

  void OnCancel() override;
  void OnDone() override { calls_.remove(*this); }

 private:
  CallSet& calls_;
  grpc::ByteBuffer& response_;  // gRPC's own until OnDone(), which comes after Finish() only
  std::atomic<bool> finished_ = false;
};

}  // namespace psl
