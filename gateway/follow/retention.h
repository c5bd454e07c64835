// Keeps the ledger from growing with what nobody asks for any more: changes that no watcher can resume from.
#pragma once

#include <atomic>

#include "gateway/base/env.h"
#include "gateway/core/store.h"

namespace psl {

// Stepped by one thread; never waits. It outlives the committer's callbacks.
class Retention {
 public:
  // Changes are kept at least `changes_kept`, and at most an hour longer.
  Retention(CommandSink& sink, Span changes_kept) : sink_(sink), changes_kept_(changes_kept) {}

  // Drops a slice of what is too old at `now` (Env::now) when it is time, and returns when to be called
  // again.
  Instant tick(Instant now);

 private:
  CommandSink& sink_;
  const Span changes_kept_;
  Instant next_;
  // The committer has not answered yet.
  std::atomic<bool> waiting_ = false;
  // The last slice was full: more is there.
  std::atomic<bool> more_ = false;
};

}  // namespace psl
