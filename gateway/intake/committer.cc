#include "gateway/intake/committer.h"

#include <algorithm>
#include <utility>

namespace psl {
namespace {

// What a submission holds in memory: its sealed parts, and about this much for the rest.
constexpr size_t command_overhead_bytes = 1024;

size_t waiting_bytes(const AcceptEvent& event) {
  size_t bytes = command_overhead_bytes + event.content.size();
  for (const NewDocument& document : event.documents) bytes += document.sealed.size();
  return bytes;
}

}  // namespace

Committer::Committer(Store& store, CommitLimits limits, std::function<void(const Error&)> on_failed)
    : store_(store), limits_(limits), on_failed_(std::move(on_failed)) {
  PSL_CHECK(limits_.batch_max > 0);
}

void Committer::submit(Command command, std::function<void(Result<Effect>)> done) {
  const AcceptEvent* submission = std::get_if<AcceptEvent>(&command);
  const size_t bytes = submission ? waiting_bytes(*submission) : 0;
  ErrorCode refusal = ErrorCode::store_unavailable;
  {
    const std::lock_guard lock(mutex_);
    const bool room = submission ? submissions_.size() < limits_.queue_max &&
                                       submission_bytes_ + bytes <= limits_.queue_bytes_max
                                 : outbox_.size() < limits_.outbox_queue_max;
    if (closed_) {
      refusal = ErrorCode::draining;
    } else if (room && !failed_) {
      submission_bytes_ += bytes;
      std::deque<Waiting>& queue = submission ? submissions_ : outbox_;
      queue.push_back({std::move(command), std::move(done), bytes});
      work_.notify_one();
      return;
    }
  }
  done(error_of(refusal));
}

std::vector<Committer::Waiting> Committer::take_batch() {
  const std::lock_guard lock(mutex_);
  const size_t kept = limits_.batch_max > 1 ? std::max<size_t>(1, limits_.batch_max / 4) : 0;
  const size_t from_outbox =
      std::min(outbox_.size(), limits_.batch_max - std::min(kept, submissions_.size()));
  const size_t from_submissions = std::min(submissions_.size(), limits_.batch_max - from_outbox);
  std::vector<Waiting> batch;
  batch.reserve(from_outbox + from_submissions);
  for (size_t i = 0; i < from_outbox; ++i) {
    batch.push_back(std::move(outbox_.front()));
    outbox_.pop_front();
  }
  for (size_t i = 0; i < from_submissions; ++i) {
    submission_bytes_ -= submissions_.front().bytes;
    batch.push_back(std::move(submissions_.front()));
    submissions_.pop_front();
  }
  return batch;
}

bool Committer::step() {
  std::vector<Waiting> batch = take_batch();
  if (batch.empty()) return false;
  std::vector<Command> commands;
  commands.reserve(batch.size());
  for (Waiting& waiting : batch) commands.push_back(std::move(waiting.command));
  const Result<std::vector<Effect>> effects = store_.commit(commands);
  if (!effects.ok()) {
    fail(std::move(batch), effects.error());
    return true;
  }
  PSL_CHECK(effects->size() == batch.size());
  // The sealed documents are on the disk now: a slow callback must not keep them.
  commands.clear();
  for (size_t i = 0; i < batch.size(); ++i) batch[i].done((*effects)[i]);
  return true;
}

void Committer::fail(std::vector<Waiting> batch, const Error& error) {
  {
    const std::lock_guard lock(mutex_);
    failed_ = true;
    for (std::deque<Waiting>* queue : {&outbox_, &submissions_}) {
      std::move(queue->begin(), queue->end(), std::back_inserter(batch));
      queue->clear();
    }
    submission_bytes_ = 0;
  }
  for (const Waiting& waiting : batch) waiting.done(error_of(ErrorCode::store_unavailable));
  if (on_failed_) on_failed_(error);
}

bool Committer::wait() {
  std::unique_lock lock(mutex_);
  work_.wait(lock, [this] { return closed_ || !outbox_.empty() || !submissions_.empty(); });
  return !outbox_.empty() || !submissions_.empty();
}

void Committer::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  work_.notify_all();
}

CommitterThread::CommitterThread(Committer& committer)
    : committer_(committer), thread_([this] {
        while (committer_.wait()) committer_.step();
      }) {}

void CommitterThread::stop() {
  committer_.close();
  if (thread_.joinable()) thread_.join();
}

}  // namespace psl
