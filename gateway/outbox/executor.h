// Where work runs: the seam, and the thin shells of threads around the stepped parts. No thread sleeps: each
// waits on a condition.
//
// Stop in this order: the doors, the ticker, the workers, the committer's thread. Each still answers those
// before it.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "gateway/base/env.h"
#include "gateway/core/adapter.h"

namespace psl {

class Executor {
 public:
  virtual ~Executor() = default;
  // Runs `job` on a thread that works for that adapter only; never waits. The dispatcher gives at most
  // info().concurrency jobs at a time to each.
  virtual void run(std::string_view adapter, std::function<void()> job) = 0;
};

// Runs the job at once, on the caller's thread: for tests.
class InlineExecutor final : public Executor {
 public:
  void run(std::string_view adapter, std::function<void()> job) override;
};

// The threads of one partner. run() and stop() from any thread.
class WorkerPool {
 public:
  explicit WorkerPool(int threads);
  // Waits for the jobs that run, however long.
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  void run(std::function<void()> job);
  // No further job begins; those that wait are dropped (nothing of them has left).
  void close();
  // After close(): waits for the jobs that run. False: some still did after `drain`.
  bool wait_idle(Span drain);

 private:
  void work();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> jobs_;
  int running_ = 0;
  bool closed_ = false;
  std::vector<std::thread> threads_;
};

// One pool per adapter, as many threads as its info().concurrency: a partner that hangs holds nobody else.
class WorkerPools final : public Executor {
 public:
  WorkerPools(Env& env, std::span<Adapter* const> adapters);
  void run(std::string_view adapter, std::function<void()> job) override;
  // Lets what runs end, for at most `drain` in all. False: something still runs; then the process should
  // leave without destroying anything (its delivery is found "sending" at the next start), since the
  // destructor would wait for it.
  bool stop(Span drain);

 private:
  Env& env_;
  std::map<std::string, std::unique_ptr<WorkerPool>, std::less<>> pools_;
};

// Calls a tick again and again: when the time that it returned has come, or as soon as notify() says so.
class TickThread {
 public:
  explicit TickThread(Env& env) : env_(env) {}
  ~TickThread() { stop(); }
  TickThread(const TickThread&) = delete;
  TickThread& operator=(const TickThread&) = delete;

  // `tick` is given Env::now() and returns when it wants to be called again.
  void start(std::function<Instant(Instant now)> tick);
  // From any thread, also before start() and after stop().
  void notify();
  // Lets a tick that runs end, and joins.
  void stop();

 private:
  void loop();

  Env& env_;
  std::function<Instant(Instant)> tick_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool notified_ = false;
  bool stopped_ = false;
  std::thread thread_;
};

}  // namespace psl
