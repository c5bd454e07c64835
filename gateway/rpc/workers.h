// A few threads for messages that are too large to be checked in a gRPC handler.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace psl {

// Thread safe. The destructor runs what was taken and joins.
class Workers {
 public:
  Workers(int threads, size_t jobs_max, size_t bytes_max);
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  // False, and `job` is not taken, when `jobs_max` jobs or `bytes_max` bytes of messages wait or run already.
  bool post(size_t bytes, std::function<void()> job);

 private:
  struct Job {
    size_t bytes = 0;
    std::function<void()> run;
  };
  void work();

  const size_t jobs_max_;
  const size_t bytes_max_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> queue_;
  size_t jobs_ = 0;   // waiting and running
  size_t bytes_ = 0;  // of those
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace psl
