#include "gateway/rpc/workers.h"

#include <utility>

namespace psl {

Workers::Workers(int threads, size_t jobs_max, size_t bytes_max)
    : jobs_max_(jobs_max), bytes_max_(bytes_max) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
}

Workers::~Workers() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

bool Workers::post(size_t bytes, std::function<void()> job) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || jobs_ >= jobs_max_ || bytes > bytes_max_ - bytes_) return false;
    ++jobs_;
    bytes_ += bytes;
    queue_.push_back({bytes, std::move(job)});
  }
  wake_.notify_one();
  return true;
}

void Workers::work() {
  for (;;) {
    Job job;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      job = std::move(queue_.front());
      queue_.pop_front();
    }
    job.run();
    job.run = nullptr;  // what it holds is given back before its room is
    const std::lock_guard lock(mutex_);
    --jobs_;
    bytes_ -= job.bytes;
  }
}

}  // namespace psl
