// The one writer of the ledger: commands of many threads wait here, and each turn takes all that waits into
// one transaction with one fsync. No timer: while the disk works, the next batch gathers.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/core/store.h"

namespace psl {

struct CommitLimits {
  // Submissions that wait, and their sealed bytes.
  size_t queue_max = 4096;
  size_t queue_bytes_max = 256u << 20;
  // Commands in one transaction.
  size_t batch_max = 256;
  // Other commands (attempts, outcomes, moves) that wait. They have this room to themselves: who submits them
  // waits for the answer of a bounded number, so that it never fills, however many submissions come.
  size_t outbox_queue_max = 65536;
};

// Two queues. AcceptEvent commands wait in one, all others in the other, which is taken first: an outcome is
// worth more than a new event. While submissions wait they keep a quarter of each batch (at least one place
// when batch_max > 1).
//
// A command that finds no room is answered at once with `store_unavailable`, on the caller's thread. After
// one failed commit everything that waits and everything that comes is answered `store_unavailable`: what is
// on the disk is no longer known, and the process should leave. Thread safe, but for step(), which one thread
// calls.
class Committer final : public CommandSink {
 public:
  // `on_failed` is called once, by step(), after the answers of the commit that failed; it says so and ends
  // the process.
  Committer(Store& store, CommitLimits limits, std::function<void(const Error&)> on_failed);

  // `done` is never called with a lock of ours held; it may submit again.
  void submit(Command command, std::function<void(Result<Effect>)> done) override;

  // Commits one batch and calls its callbacks. False: nothing waited.
  bool step();
  // Waits until step() has something to do. False: closed, and nothing is left.
  bool wait();
  // From now on submit() answers `draining`; what waits is still committed by step().
  void close();
  // True once a commit failed.
  bool failed() const noexcept { return failed_; }

 private:
  struct Waiting {
    Command command;
    std::function<void(Result<Effect>)> done;
    size_t bytes = 0;
  };
  std::vector<Waiting> take_batch();
  void fail(std::vector<Waiting> batch, const Error& error);

  Store& store_;
  const CommitLimits limits_;
  const std::function<void(const Error&)> on_failed_;
  std::mutex mutex_;
  std::condition_variable work_;
  std::deque<Waiting> submissions_;
  std::deque<Waiting> outbox_;
  size_t submission_bytes_ = 0;
  bool closed_ = false;
  std::atomic<bool> failed_ = false;
};

// The committer's thread, and nothing else. Stop it last: whoever still works needs its answers.
class CommitterThread {
 public:
  explicit CommitterThread(Committer& committer);
  ~CommitterThread() { stop(); }
  CommitterThread(const CommitterThread&) = delete;
  CommitterThread& operator=(const CommitterThread&) = delete;
  // Commits what waits, refuses what comes, and joins.
  void stop();

 private:
  Committer& committer_;
  std::thread thread_;
};

}  // namespace psl
