// What the recipients of an event would get, in parts.
#pragma once

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <cstddef>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/intake/intake.h"
#include "gateway/rpc/call_set.h"

namespace psl {

// Filled once, then written part by part. A caller who leaves ends it at the next write.
class PreviewCall final : public grpc::ServerWriteReactor<grpc::ByteBuffer>, public Call {
 public:
  explicit PreviewCall(CallSet& calls) : calls_(calls) {}

  // Once, from any thread.
  void send(const Result<EventPreview>& preview);

  void OnWriteDone(bool ok) override;
  void OnDone() override { calls_.remove(*this); }

 private:
  void write_next();

  CallSet& calls_;
  std::vector<v1::PreviewEventPart> parts_;
  size_t next_ = 0;
  grpc::ByteBuffer buffer_;
};

}  // namespace psl
