// Tells watchers what becomes of their events: who is told what, when a heartbeat is due, who reads too
// slowly. No gRPC and no thread here: step() is called again and again.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "gateway/base/env.h"
#include "gateway/core/seams.h"
#include "gateway/intake/event_desk.h"

namespace psl {

// The way to one watcher. Called by step()'s thread only; none of them waits.
class WatchLine {
 public:
  virtual ~WatchLine() = default;
  // One at a time; WatchHub::wrote() tells when it has left.
  virtual void write(const v1::WatchEventsResponse& message) = 0;
  // Gives up what is being written, which wrote() then tells, and lets the watcher know why.
  virtual void cut(const Error& error) = 0;
  // The last call. WatchHub::left() tells when the line may be forgotten.
  virtual void end(const Error& error) = 0;
};

struct WatchLimits {
  Span heartbeat = seconds(15);
  Span patience = seconds(60);
  int watchers_max = 200;
};

// Thread safe, but for step(), which one thread calls. The desk outlives the hub.
class WatchHub {
 public:
  // `wake` says that step() has something to do; it is called without a lock of ours and must not wait.
  WatchHub(const EventDesk& desk, Env& env, WatchLimits limits, std::function<void()> wake);

  // False: too many watch already. Rights and position are judged by step().
  [[nodiscard]] bool join(std::shared_ptr<WatchLine> line, Principal principal,
                          v1::WatchEventsRequest request);
  // What happens to a line: a write is done (false: it failed), its client has gone, gRPC is done with it.
  void wrote(const WatchLine& line, bool ok);
  void gone(const WatchLine& line);
  void left(const WatchLine& line);

  // Something new is durable.
  void changed();
  // Ends every watcher with DRAINING, as soon as what is being written to it has left.
  void drain();

  // Does what can be done now; how long until there is something to do again.
  Span step();

 private:
  // At most one batch of changes each: that bounds what a watcher costs in memory.
  struct Watcher {
    std::shared_ptr<WatchLine> line;
    Principal principal;
    v1::WatchEventsRequest request;
    // Absent until its rights are judged.
    std::optional<EventDesk::Watch> watch;
    std::deque<v1::WatchEventsResponse> batch;
    // When the last message began to leave.
    Instant since;
    bool news = true;  // the ledger may hold more for it
    bool greeted = false;
    bool writing = false;
    bool cut = false;
    bool gone = false;
    bool ended = false;
  };
  enum class What { wrote, failed, gone, left };

  void note(const WatchLine& line, What what);
  void take_notes();
  void apply(const WatchLine* line, What what);
  // When it has something to do again.
  Instant advance(Watcher& watcher, Instant now);
  std::optional<Error> reason_to_end(Watcher& watcher);
  Status look(Watcher& watcher);
  void write(Watcher& watcher, const v1::WatchEventsResponse& message, Instant now);

  const EventDesk& desk_;
  Env& env_;
  const WatchLimits limits_;
  const std::function<void()> wake_;

  // Of step()'s thread.
  std::map<const WatchLine*, Watcher> watchers_;
  Instant next_look_;
  bool looked_ = false;
  bool draining_ = false;

  std::mutex mutex_;
  std::vector<Watcher> joined_;
  std::vector<std::pair<const WatchLine*, What>> notes_;
  int watching_ = 0;
  bool changed_ = false;
  bool drain_asked_ = false;
};

}  // namespace psl
