#include "gateway/outbox/executor.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "gateway/base/result.h"

namespace psl {
namespace {

// A tick is never further away than this: an operator may set the clock while a thread waits.
constexpr Span wait_most = seconds(60);

std::chrono::microseconds duration_of(Span span) {
  return std::chrono::microseconds(std::max<int64_t>(0, span.us));
}

}  // namespace

void InlineExecutor::run(std::string_view, std::function<void()> job) { job(); }

WorkerPool::WorkerPool(int threads) {
  PSL_CHECK(threads > 0);
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
}

WorkerPool::~WorkerPool() {
  close();
  for (std::thread& thread : threads_) thread.join();
}

void WorkerPool::run(std::function<void()> job) {
  const std::lock_guard lock(mutex_);
  if (closed_) return;
  jobs_.push_back(std::move(job));
  changed_.notify_one();
}

void WorkerPool::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return closed_ || !jobs_.empty(); });
    if (closed_) return;
    std::function<void()> job = std::move(jobs_.front());
    jobs_.pop_front();
    ++running_;
    lock.unlock();
    job();
    job = nullptr;
    lock.lock();
    --running_;
    if (closed_) changed_.notify_all();
  }
}

void WorkerPool::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  jobs_.clear();
  changed_.notify_all();
}

bool WorkerPool::wait_idle(Span drain) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, duration_of(drain), [this] { return running_ == 0; });
}

WorkerPools::WorkerPools(Env& env, std::span<Adapter* const> adapters) : env_(env) {
  for (const Adapter* adapter : adapters) {
    const bool is_new =
        pools_.emplace(adapter->info().name, std::make_unique<WorkerPool>(adapter->info().concurrency))
            .second;
    PSL_CHECK(is_new);
  }
}

void WorkerPools::run(std::string_view adapter, std::function<void()> job) {
  const auto pool = pools_.find(adapter);
  PSL_CHECK(pool != pools_.end());
  pool->second->run(std::move(job));
}

bool WorkerPools::stop(Span drain) {
  for (const auto& [name, pool] : pools_) pool->close();
  const Instant deadline = env_.monotonic() + drain;
  bool idle = true;
  for (const auto& [name, pool] : pools_) idle = pool->wait_idle(deadline - env_.monotonic()) && idle;
  return idle;
}

void TickThread::start(std::function<Instant(Instant)> tick) {
  PSL_CHECK(!thread_.joinable());
  tick_ = std::move(tick);
  thread_ = std::thread([this] { loop(); });
}

void TickThread::loop() {
  std::unique_lock lock(mutex_);
  while (!stopped_) {
    notified_ = false;
    lock.unlock();
    const Instant next = tick_(env_.now());
    const Span wait = std::min(next - env_.now(), wait_most);
    lock.lock();
    changed_.wait_for(lock, duration_of(wait), [this] { return notified_ || stopped_; });
  }
}

void TickThread::notify() {
  const std::lock_guard lock(mutex_);
  notified_ = true;
  changed_.notify_one();
}

void TickThread::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    changed_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

}  // namespace psl
