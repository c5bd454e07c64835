#include "gateway/app/bulk_submit.h"

#include <algorithm>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "gateway/rpc/grpc_door.h"

namespace psl {
namespace {

constexpr Span tick_interval = milliseconds(500);
constexpr Span farewell = seconds(1);

// What the connections share.
class SharedWork {
 public:
  SharedWork(const std::vector<EventPlace>& events, BulkReport& report) : events_(events), report_(report) {}

  const EventPlace* next() {
    const std::lock_guard lock(mutex_);
    return next_ < events_.size() ? &events_[next_++] : nullptr;
  }
  template <typename Tell>
  void tell(const Tell& what) {
    const std::lock_guard lock(mutex_);
    what(report_);
  }

 private:
  std::mutex mutex_;
  const std::vector<EventPlace>& events_;
  size_t next_ = 0;
  BulkReport& report_;
};

// One connection. One thread.
class BulkSender {
 public:
  BulkSender(GatewayClient& client, const BulkOptions& options, Env& env, SharedWork& work)
      : client_(client), options_(options), env_(env), work_(work), window_(window_max()) {}

  void run() {
    progressed();
    while (prepare()) {
      on_the_way_.clear();
      sent_ = 0;
      std::unique_ptr<ClientStream> call = client_.submit_many();
      const Status ended = pump(*call);
      call.reset();
      if (!ended.ok()) after_break(ended.error());
    }
  }

 private:
  struct Item {
    const EventPlace* place = nullptr;
    std::string tenant;
  };
  // The one event that is in memory, until there is room for it.
  struct Ready {
    Item item;
    v1::SubmitEventsRequest request;
  };

  size_t window_max() const { return static_cast<size_t>(std::max(options_.window, 1)); }
  Instant now() const { return env_.monotonic(); }

  void progressed() {
    last_progress_ = now();
    pause_ = first_pause;
  }
  bool patience_spent() const { return now() + pause_ > last_progress_ + options_.patience; }

  void refuse(const Item& item, const Error& error, bool unread = false) {
    work_.tell([&](BulkReport& report) { report.refused(item.place->name(), error, unread); });
  }

  // Reads until an event can be sent. False: there is none left to send.
  bool prepare() {
    while (!ready_) {
      Item item;
      if (!again_.empty()) {
        item = again_.front();
        again_.pop_front();
      } else if (const EventPlace* place = work_.next()) {
        item.place = place;
      } else {
        return false;
      }
      auto request = read_event_at(*item.place);
      if (!request.ok()) {
        refuse(item, request.error(), true);
        continue;
      }
      Ready ready;
      ready.item = {item.place, request->event().tenant()};
      ready.request.set_idempotency_key(request->idempotency_key());
      ready.request.mutable_event()->Swap(request->mutable_event());
      // The gateway's gRPC would end the whole call, and not say for which event.
      if (ready.request.ByteSizeLong() > static_cast<size_t>(message_bytes_max)) {
        refuse(item, error_of(ErrorCode::message_too_large));
        continue;
      }
      ready_ = std::move(ready);
    }
    return true;
  }

  // Sends and hears until all is told; an error when the call broke before that.
  Status pump(ClientStream& call) {
    Instant heard = now();
    for (;;) {
      const bool room = on_the_way_.size() < window_ && now() >= hold_until_ && prepare();
      if (!room && on_the_way_.empty() && !ready_ && again_.empty()) break;
      switch (call.wait(room, wait_span())) {
        case StreamEvent::message:
          heard = now();
          if (Status taken = take(call.take()); !taken.ok()) return taken;
          break;
        case StreamEvent::room:
          if (on_the_way_.empty()) heard = now();
          on_the_way_.emplace(sent_++, ready_->item);
          call.send(std::move(ready_->request));
          ready_.reset();
          break;
        case StreamEvent::ended:
          return end_of(call);
        case StreamEvent::nothing:
          work_.tell([](BulkReport& report) { report.tick(); });
          if (!on_the_way_.empty() && now() > heard + options_.answer_timeout)
            return error_of(ErrorCode::deadline);
      }
    }
    // Every answer is there. The gateway ends the call by itself; cut short, it would count as a break there.
    call.close();
    (void)call.wait(false, farewell);
    return {};
  }

  Span wait_span() const {
    const Span held = hold_until_ - now();
    return held.us > 0 ? std::min(held, tick_interval) : tick_interval;
  }

  static Status end_of(ClientStream& call) {
    Status status = call.finish();
    // It had no reason to end well: we had not closed our side.
    return status.ok() ? Status(error_of(ErrorCode::input_output, "the gateway ended the call")) : status;
  }

  Status take(v1::SubmitEventsResponse answer) {
    const auto found = on_the_way_.find(answer.index());
    if (found == on_the_way_.end())
      return error_of(ErrorCode::internal, "the gateway answered for an event that was not sent");
    const Item item = std::move(found->second);
    on_the_way_.erase(found);
    if (answer.has_status()) {
      window_ = std::min(window_ + 1, window_max());
      progressed();
      work_.tell(
          [&](BulkReport& report) { report.accepted(item.place->name(), item.tenant, std::move(answer)); });
      return {};
    }
    const Error error = error_of_answer(answer.error());
    if (!worth_repeating(error)) {
      progressed();
      refuse(item, error);
    } else if (patience_spent()) {
      refuse(item, error);
    } else {
      // Too much at once for what the gateway can check or store now: less, after a rest.
      again_.push_back(item);
      window_ = std::max<size_t>(window_ / 2, 1);
      if (hold_until_ <= now()) {
        hold_until_ = now() + pause_;
        pause_ = pause_after(pause_);
      }
    }
    return {};
  }

  // What was on the way may have been stored or not: it is sent again, under the same keys.
  void after_break(const Error& error) {
    const bool may_pass = worth_repeating(error);
    if (!may_pass && !concerns_caller(error) && on_the_way_.size() == 1) {
      // It was alone, so it is the one that breaks the call; the others may still pass.
      refuse(on_the_way_.begin()->second, error);
      on_the_way_.clear();
      window_ = window_max();
      progressed();
      return;
    }
    for (auto one = on_the_way_.rbegin(); one != on_the_way_.rend(); ++one) again_.push_front(one->second);
    on_the_way_.clear();
    if (concerns_caller(error) || patience_spent()) {
      give_up(error);
      return;
    }
    // One of them may be what breaks the call: alone, it will show.
    if (!may_pass) window_ = 1;
    client_.pause(pause_);
    pause_ = pause_after(pause_);
  }

  void give_up(const Error& error) {
    if (ready_) refuse(ready_->item, error);
    ready_.reset();
    for (const Item& item : again_) refuse(item, error);
    again_.clear();
    while (const EventPlace* place = work_.next()) refuse({place, {}}, error);
  }

  GatewayClient& client_;
  const BulkOptions& options_;
  Env& env_;
  SharedWork& work_;
  // Grows by one with each event that is taken, halves with each that is put off.
  size_t window_;
  Instant last_progress_;
  Span pause_ = first_pause;
  // Nothing is sent before.
  Instant hold_until_;
  std::deque<Item> again_;
  std::optional<Ready> ready_;
  // By the index that the call's answers name.
  std::map<int64_t, Item> on_the_way_;
  int64_t sent_ = 0;
};

}  // namespace

Status submit_events(const std::vector<EventPlace>& events, const ConnectGateway& connect,
                     const BulkOptions& options, Env& env, BulkReport& report) {
  std::vector<std::unique_ptr<GatewayClient>> clients;
  for (int i = 0; i < std::max(options.connections, 1); ++i) {
    auto client = connect();
    if (!client.ok()) return std::move(client).error();
    clients.push_back(std::move(*client));
  }
  SharedWork work(events, report);
  std::vector<std::thread> threads;
  for (const auto& client : clients) {
    threads.emplace_back([&options, &env, &work, &client] { BulkSender(*client, options, env, work).run(); });
  }
  for (std::thread& thread : threads) thread.join();
  return {};
}

}  // namespace psl
