#include "gateway/rpc/ticker.h"

#include <chrono>
#include <utility>

namespace psl {

void Ticker::start(std::function<Span()> step) {
  PSL_CHECK(!thread_.joinable());
  thread_ = std::thread([this, step = std::move(step)] { loop(step); });
}

void Ticker::loop(const std::function<Span()>& step) {
  std::unique_lock lock(mutex_);
  while (!stopped_) {
    notified_ = false;
    lock.unlock();
    const Span wait = step();
    lock.lock();
    changed_.wait_for(lock, std::chrono::microseconds(wait.us), [this] { return notified_ || stopped_; });
  }
}

void Ticker::notify() {
  const std::lock_guard lock(mutex_);
  notified_ = true;
  changed_.notify_one();
}

void Ticker::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    changed_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

}  // namespace psl
