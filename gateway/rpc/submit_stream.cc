#include "gateway/rpc/submit_stream.h"

#include <utility>

#include "gateway/rpc/grpc_door.h"
#include "gateway/rpc/guarded.h"
#include "gateway/rpc/wire_status.h"
#include "google/rpc/status.pb.h"

namespace psl {
namespace {

// A longer key is refused, and not worth sending back.
constexpr size_t echoed_key_bytes_max = 128;

}  // namespace

void SubmitStream::begin(Principal principal) {
  principal_ = std::move(principal);
  advance();
}

void SubmitStream::refuse(const Error& error) {
  {
    const std::lock_guard lock(mutex_);
    refusal_ = error;
  }
  advance();
}

void SubmitStream::drain() {
  {
    const std::lock_guard lock(mutex_);
    draining_ = true;
  }
  advance();
}

void SubmitStream::OnReadDone(bool ok) {
  std::optional<Taken> taken;
  grpc::ByteBuffer message;
  {
    const std::lock_guard lock(mutex_);
    if (!ok) closed_ = true;
    message.Swap(&incoming_);
    // While draining it stays unanswered, so that the client sends it again.
    if (ok && !draining_ && !broken_) {
      taken = Taken{next_index_++, message.Length()};
      ++waiting_;
      waiting_bytes_ += taken->bytes;
    }
  }
  // Before the next one is read: small messages are taken in their order, and a fast stream holds one of
  // gRPC's few threads at a time, not all of them.
  if (taken) take(*taken, message);
  {
    const std::lock_guard lock(mutex_);
    reading_ = false;
  }
  advance();
}

void SubmitStream::OnWriteDone(bool ok) {
  {
    const std::lock_guard lock(mutex_);
    writing_ = false;
    --waiting_;
    waiting_bytes_ -= outgoing_.request_bytes;
    outgoing_ = {};
    if (!ok) broken_ = true;
  }
  advance();
}

void SubmitStream::OnCancel() {
  {
    const std::lock_guard lock(mutex_);
    broken_ = true;
  }
  advance();
}

void SubmitStream::take(Taken taken, const grpc::ByteBuffer& message) {
  read_(message, [self = shared_from_this(), taken](Result<v1::SubmitEventRequest> request) {
    guarded([&] { self->submit(taken, std::move(request)); },
            [&](const Error& error) { self->answer(taken, {}, error); });
  });
}

void SubmitStream::submit(Taken taken, Result<v1::SubmitEventRequest> request) {
  if (!request.ok()) return answer(taken, {}, request.error());
  std::string key = request->idempotency_key();
  if (key.size() > echoed_key_bytes_max) key.clear();
  intake_.submit(
      principal_, std::move(*request),
      [self = shared_from_this(), taken, key = std::move(key)](Result<v1::SubmitEventResponse> result) {
        self->answer(taken, key, std::move(result));
      });
}

void SubmitStream::answer(Taken taken, std::string key, Result<v1::SubmitEventResponse> result) {
  // An event may become durable long after its sender left; nothing is kept for a sender who is gone.
  if (is_over()) return;
  v1::SubmitEventsResponse message;
  message.set_index(taken.index);
  message.set_idempotency_key(std::move(key));
  if (result.ok()) {
    *message.mutable_status() = std::move(*result->mutable_status());
    message.set_already_accepted(result->already_accepted());
  } else {
    *message.mutable_error() = to_rpc_status(result.error());
  }
  Answer answer{taken.bytes, to_bytes(message)};
  {
    const std::lock_guard lock(mutex_);
    if (!finished_) answers_.push_back(std::move(answer));
  }
  advance();
}

bool SubmitStream::is_over() {
  const std::lock_guard lock(mutex_);
  return broken_ || finished_;
}

void SubmitStream::advance() {
  // After Finish() gRPC may let go of this object at any time: it lives on until the loop has ended.
  const auto self = shared_from_this();
  std::unique_lock lock(mutex_);
  if (acting_) return;
  acting_ = true;
  for (Act act = next_act(); act != Act::nothing; act = next_act()) {
    const std::optional<grpc::Status> status = act == Act::finish ? ending() : std::nullopt;
    lock.unlock();
    if (act == Act::read) StartRead(&incoming_);
    if (act == Act::write) StartWrite(&outgoing_.message);
    if (act == Act::finish) Finish(*status);
    lock.lock();
  }
  acting_ = false;
}

SubmitStream::Act SubmitStream::next_act() {
  if (finished_ || (writing_ && broken_)) return Act::nothing;
  if (!writing_ && !broken_ && !answers_.empty()) {
    outgoing_ = std::move(answers_.front());
    answers_.pop_front();
    writing_ = true;
    return Act::write;
  }
  if (ending()) {
    finished_ = true;
    answers_.clear();
    return Act::finish;
  }
  const bool room = waiting_ < stream_events_max && waiting_bytes_ + message_bytes_max <= stream_bytes_max;
  if (reading_ || closed_ || draining_ || !room) return Act::nothing;
  reading_ = true;
  return Act::read;
}

std::optional<grpc::Status> SubmitStream::ending() const {
  if (broken_) return grpc::Status::CANCELLED;
  if (refusal_) return to_grpc(*refusal_);
  if (waiting_ > 0) return std::nullopt;
  if (closed_) return grpc::Status::OK;
  if (draining_) return to_grpc(error_of(ErrorCode::draining));
  return std::nullopt;
}

}  // namespace psl
