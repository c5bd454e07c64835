// Many events over one call: each is answered, and no more are read than can wait for their answer.
#pragma once

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "gateway/base/result.h"
#include "gateway/intake/intake.h"
#include "gateway/rpc/call_set.h"

namespace psl {

// What one stream may have waiting for its answer; then nothing is read, HTTP/2's window fills up, and the
// sender waits.
inline constexpr int stream_events_max = 64;
inline constexpr size_t stream_bytes_max = size_t{64} * 1024 * 1024;

// What is done with an event that was read, or with why it cannot be.
using EventTaker = std::function<void(Result<v1::SubmitEventRequest>)>;

// Events are answered by whatever thread settles them, in any order. gRPC is called by one thread at a time
// and never with the lock held: it may call back on the same thread (pitfalls of its callback API), and after
// Finish() nothing may be started any more.
class SubmitStream final : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>,
                           public Call,
                           public std::enable_shared_from_this<SubmitStream> {
 public:
  // Reads a message and calls `then` once, here or on a worker. SubmitEventsRequest has the fields of
  // SubmitEventRequest, so that one path reads and judges both.
  using Read = std::function<void(const grpc::ByteBuffer& message, EventTaker then)>;

  SubmitStream(CallSet& calls, const Intake& intake, Read read)
      : calls_(calls), intake_(intake), read_(std::move(read)) {}

  // Once, one of the two: reads the first event, or ends with the error.
  void begin(Principal principal);
  void refuse(const Error& error);

  void drain() override;
  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override { calls_.remove(*this); }

 private:
  // One message of the client until its answer is written.
  struct Taken {
    int64_t index = 0;
    size_t bytes = 0;
  };
  struct Answer {
    size_t request_bytes = 0;
    grpc::ByteBuffer message;
  };
  enum class Act { nothing, read, write, finish };

  void take(Taken taken, const grpc::ByteBuffer& message);
  void submit(Taken taken, Result<v1::SubmitEventRequest> request);
  void answer(Taken taken, std::string key, Result<v1::SubmitEventResponse> result);
  bool is_over();
  // Does what can be done now; returns at once when another thread is at it, which then does this too.
  void advance();
  Act next_act();
  // How the stream ends, once it can.
  std::optional<grpc::Status> ending() const;

  CallSet& calls_;
  const Intake& intake_;
  const Read read_;
  Principal principal_;
  grpc::ByteBuffer incoming_;  // gRPC's while it reads
  Answer outgoing_;            // and while it writes

  std::mutex mutex_;
  std::deque<Answer> answers_;
  int waiting_ = 0;  // taken, and the answer not written
  size_t waiting_bytes_ = 0;
  int64_t next_index_ = 0;
  std::optional<Error> refusal_;
  bool acting_ = false;
  bool reading_ = false;
  bool writing_ = false;
  bool closed_ = false;  // the client sends no more
  bool draining_ = false;
  bool broken_ = false;  // the client is not there any more
  bool finished_ = false;
};

}  // namespace psl
