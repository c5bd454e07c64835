#include "gateway/app/client_calls.h"

#include <grpcpp/client_context.h>
#include <grpcpp/support/client_callback.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "gateway/rpc/wire_status.h"

namespace psl {
namespace {

// gRPC's threads put what happens here; the user's thread waits for it. Calls into gRPC are made without the
// lock, for they may come back on the same thread.
//
// A stream is held open for the user's thread until end() lets it go: without that hold gRPC could finish it
// between two of the user's calls.
template <typename Reactor, typename Message>
class StreamUser {
 protected:
  explicit StreamUser(Reactor& reactor) : reactor_(reactor) {}

  void on_read(bool ok) {
    const std::lock_guard lock(mutex_);
    (ok ? has_message_ : ended_) = true;
    happened();
  }
  void on_done(const grpc::Status& status) {
    const std::lock_guard lock(mutex_);
    status_ = status;
    done_ = true;
    happened();
  }
  Message next() {
    Message taken;
    {
      const std::lock_guard lock(mutex_);
      PSL_CHECK(has_message_);
      has_message_ = false;
      taken.Swap(&message_);
    }
    reactor_.StartRead(&message_);
    return taken;
  }
  // Waits until gRPC is through with the reactor; what is under way must have ended or been cancelled.
  Status end() {
    if (held_) {
      held_ = false;
      reactor_.RemoveHold();
    }
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return done_; });
    return status_.ok() ? Status() : Status(from_grpc(status_));
  }
  // With the lock held.
  virtual void happened() { changed_.notify_all(); }
  ~StreamUser() = default;

  std::mutex mutex_;
  std::condition_variable changed_;
  Message message_;
  bool has_message_ = false;
  bool ended_ = false;

 private:
  Reactor& reactor_;
  // Of the user's thread alone.
  bool held_ = true;
  bool done_ = false;
  grpc::Status status_;
};

using SubmitReactor = grpc::ClientBidiReactor<v1::SubmitEventsRequest, v1::SubmitEventsResponse>;

class GrpcClientStream final : public ClientStream,
                             private SubmitReactor,
                             private StreamUser<SubmitReactor, v1::SubmitEventsResponse> {
 public:
  explicit GrpcClientStream(v1::Gateway::Stub& stub) : StreamUser(static_cast<SubmitReactor&>(*this)) {
    stub.async()->SubmitEvents(&context_, this);
    AddHold();
    StartRead(&message_);
    StartCall();
  }
  ~GrpcClientStream() override {
    context_.TryCancel();
    (void)end();
  }

  StreamEvent wait(bool to_send, Span most) override {
    std::unique_lock lock(mutex_);
    const auto room = [&] { return to_send && !writing_ && !closed_ && !write_failed_; };
    changed_.wait_for(lock, std::chrono::microseconds(most.us),
                      [&] { return has_message_ || ended_ || room(); });
    if (has_message_) return StreamEvent::message;
    if (ended_) return StreamEvent::ended;
    return room() ? StreamEvent::room : StreamEvent::nothing;
  }
  v1::SubmitEventsResponse take() override { return next(); }
  void send(v1::SubmitEventsRequest request) override {
    {
      const std::lock_guard lock(mutex_);
      PSL_CHECK(!writing_);
      writing_ = true;
    }
    // gRPC may read it until the write is done.
    outgoing_.Swap(&request);
    StartWrite(&outgoing_);
  }
  void close() override {
    {
      const std::lock_guard lock(mutex_);
      if (std::exchange(closed_, true) || write_failed_) return;
    }
    StartWritesDone();
  }
  Status finish() override { return end(); }

 private:
  void OnReadDone(bool ok) override { on_read(ok); }
  void OnDone(const grpc::Status& status) override { on_done(status); }
  void OnWriteDone(bool ok) override {
    const std::lock_guard lock(mutex_);
    writing_ = false;
    // Why is what the end of the reads will tell.
    if (!ok) write_failed_ = true;
    happened();
  }

  // No deadline: how long the files take is theirs. The user of this call counts how long nothing is
  // answered.
  grpc::ClientContext context_;
  v1::SubmitEventsRequest outgoing_;
  bool writing_ = false;
  bool write_failed_ = false;
  bool closed_ = false;
};

// A condition that poll() can wait for, beside others.
class Bell {
 public:
  Bell() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) { PSL_CHECK(fd_ >= 0); }
  ~Bell() { ::close(fd_); }
  Bell(const Bell&) = delete;
  Bell& operator=(const Bell&) = delete;

  void ring() {
    const uint64_t one = 1;
    PSL_CHECK(::write(fd_, &one, sizeof one) == sizeof one);
  }
  // Until it rings, `other` is readable (unless -1), or the time is up. It is silent again afterwards.
  void wait(Span most, int other) {
    std::array<pollfd, 2> fds{pollfd{fd_, POLLIN, 0}, pollfd{other, POLLIN, 0}};
    const int64_t ms = std::clamp<int64_t>(most.us / 1000 + 1, 0, 3600'000);
    ::poll(fds.data(), fds.size(), static_cast<int>(ms));
    uint64_t count = 0;
    if (::read(fd_, &count, sizeof count) < 0) return;  // it did not ring
  }

 private:
  int fd_;
};

using WatchReactor = grpc::ClientReadReactor<v1::WatchEventsResponse>;

class GrpcClientWatch final : public ClientWatch,
                            private WatchReactor,
                            private StreamUser<WatchReactor, v1::WatchEventsResponse> {
 public:
  GrpcClientWatch(v1::Gateway::Stub& stub, v1::WatchEventsRequest request)
      : StreamUser(static_cast<WatchReactor&>(*this)), request_(std::move(request)) {
    stub.async()->WatchEvents(&context_, &request_, this);
    AddHold();
    StartRead(&message_);
    StartCall();
  }
  ~GrpcClientWatch() override {
    context_.TryCancel();
    (void)end();
  }

  StreamEvent wait(Span most, int stop_fd) override {
    StreamEvent now = look();
    if (now == StreamEvent::nothing) {
      bell_.wait(most, stop_fd);
      now = look();
    }
    return now;
  }
  v1::WatchEventsResponse take() override { return next(); }
  Status finish() override { return end(); }

 private:
  StreamEvent look() {
    const std::lock_guard lock(mutex_);
    if (has_message_) return StreamEvent::message;
    return ended_ ? StreamEvent::ended : StreamEvent::nothing;
  }
  void happened() override {
    StreamUser::happened();
    bell_.ring();
  }
  void OnReadDone(bool ok) override { on_read(ok); }
  void OnDone(const grpc::Status& status) override { on_done(status); }

  grpc::ClientContext context_;
  const v1::WatchEventsRequest request_;
  Bell bell_;
};

}  // namespace

std::unique_ptr<ClientStream> begin_submit(v1::Gateway::Stub& stub) {
  return std::make_unique<GrpcClientStream>(stub);
}

std::unique_ptr<ClientWatch> begin_watch(v1::Gateway::Stub& stub, const v1::WatchEventsRequest& request) {
  return std::make_unique<GrpcClientWatch>(stub, request);
}

}  // namespace psl
