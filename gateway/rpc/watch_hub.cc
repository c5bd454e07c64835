#include "gateway/rpc/watch_hub.h"

#include <algorithm>

#include "gateway/rpc/guarded.h"

namespace psl {
namespace {

constexpr int batch_most = 64;
constexpr Span longest_wait = seconds(60);
// After each round of looks the next waits this many times as long as that one took: watching never costs
// more than a quarter of a core, however many watch and however often something changes.
constexpr int64_t rest_per_look = 3;

}  // namespace

WatchHub::WatchHub(const EventDesk& desk, Env& env, WatchLimits limits, std::function<void()> wake)
    : desk_(desk), env_(env), limits_(limits), wake_(std::move(wake)) {}

bool WatchHub::join(std::shared_ptr<WatchLine> line, Principal principal, v1::WatchEventsRequest request) {
  {
    const std::lock_guard lock(mutex_);
    if (watching_ >= limits_.watchers_max) return false;
    ++watching_;
    Watcher& watcher = joined_.emplace_back();
    watcher.line = std::move(line);
    watcher.principal = std::move(principal);
    watcher.request = std::move(request);
  }
  wake_();
  return true;
}

void WatchHub::wrote(const WatchLine& line, bool ok) { note(line, ok ? What::wrote : What::failed); }
void WatchHub::gone(const WatchLine& line) { note(line, What::gone); }
void WatchHub::left(const WatchLine& line) { note(line, What::left); }

void WatchHub::note(const WatchLine& line, What what) {
  {
    const std::lock_guard lock(mutex_);
    notes_.emplace_back(&line, what);
  }
  wake_();
}

void WatchHub::changed() {
  {
    const std::lock_guard lock(mutex_);
    if (changed_ || watching_ == 0) return;
    changed_ = true;
  }
  wake_();
}

void WatchHub::drain() {
  {
    const std::lock_guard lock(mutex_);
    drain_asked_ = true;
  }
  wake_();
}

void WatchHub::take_notes() {
  std::vector<Watcher> joined;
  std::vector<std::pair<const WatchLine*, What>> notes;
  bool changed = false;
  {
    const std::lock_guard lock(mutex_);
    joined.swap(joined_);
    notes.swap(notes_);
    draining_ = drain_asked_;
    if (env_.monotonic() >= next_look_) std::swap(changed, changed_);
  }
  // Before the notes: whatever happened to a line happened after it joined.
  for (Watcher& watcher : joined) {
    const WatchLine* key = watcher.line.get();
    watchers_.emplace(key, std::move(watcher));
  }
  for (const auto& [line, what] : notes) apply(line, what);
  if (!changed) return;
  for (auto& [line, watcher] : watchers_) watcher.news = true;
}

void WatchHub::apply(const WatchLine* line, What what) {
  const auto found = watchers_.find(line);
  PSL_CHECK(found != watchers_.end());
  Watcher& watcher = found->second;
  if (what == What::wrote || what == What::failed) watcher.writing = false;
  if (what == What::failed || what == What::gone) watcher.gone = true;
  if (what != What::left) return;
  watchers_.erase(found);
  const std::lock_guard lock(mutex_);
  --watching_;
}

Span WatchHub::step() {
  take_notes();
  const Instant now = env_.monotonic();
  Instant next = now + longest_wait;
  looked_ = false;
  for (auto& [line, watcher] : watchers_) next = std::min(next, advance(watcher, now));
  const Instant end = env_.monotonic();
  if (looked_) next_look_ = Instant{end.us + rest_per_look * (end - now).us};
  {
    const std::lock_guard lock(mutex_);
    if (changed_) next = std::min(next, next_look_);
  }
  return next - end;
}

std::optional<Error> WatchHub::reason_to_end(Watcher& watcher) {
  if (watcher.cut) return error_of(ErrorCode::slow_reader);
  if (watcher.gone) return error_of(ErrorCode::deadline, "the watcher has gone");
  if (draining_) return error_of(ErrorCode::draining);
  if (!watcher.batch.empty() || !watcher.news) return std::nullopt;
  std::optional<Error> error;
  guarded(
      [&] {
        if (Status looked = look(watcher); !looked.ok()) error = std::move(looked).error();
      },
      [&](const Error& thrown) { error = thrown; });
  return error;
}

Instant WatchHub::advance(Watcher& watcher, Instant now) {
  const Instant never = now + longest_wait;
  if (watcher.ended) return never;
  if (watcher.writing) {
    const Instant patience_ends = watcher.since + limits_.patience;
    if (watcher.cut || watcher.gone) return never;
    if (now < patience_ends) return patience_ends;
    watcher.cut = true;
    watcher.line->cut(error_of(ErrorCode::slow_reader));
    return never;
  }
  const Instant heartbeat_at = watcher.since + limits_.heartbeat;
  const bool due = !watcher.greeted || now >= heartbeat_at;
  if (due) watcher.news = true;  // a heartbeat says that nothing happened: look first
  if (const auto error = reason_to_end(watcher)) {
    watcher.ended = true;
    watcher.batch.clear();
    watcher.line->end(*error);
    return never;
  }
  if (!watcher.batch.empty()) {
    const v1::WatchEventsResponse message = std::move(watcher.batch.front());
    watcher.batch.pop_front();
    write(watcher, message, now);
  } else if (due) {
    v1::WatchEventsResponse heartbeat;
    heartbeat.set_sequence(watcher.watch->after);
    write(watcher, heartbeat, now);
  } else {
    return watcher.news ? now : heartbeat_at;
  }
  return now + limits_.patience;
}

Status WatchHub::look(Watcher& watcher) {
  looked_ = true;
  if (!watcher.watch) {
    auto admitted = desk_.watch(watcher.principal, watcher.request);
    if (!admitted.ok()) return std::move(admitted).error();
    watcher.watch = std::move(*admitted);
  }
  auto changes = desk_.changes(*watcher.watch, batch_most);
  if (!changes.ok()) return std::move(changes).error();
  watcher.news = !changes->at_end;
  for (v1::WatchEventsResponse& message : changes->messages) watcher.batch.push_back(std::move(message));
  return {};
}

void WatchHub::write(Watcher& watcher, const v1::WatchEventsResponse& message, Instant now) {
  watcher.greeted = true;
  watcher.writing = true;
  watcher.since = now;
  watcher.line->write(message);
}

}  // namespace psl
