#include "gateway/follow/case_clock.h"

#include <algorithm>
#include <set>

#include "gateway/base/log.h"

namespace psl {
namespace {

// A clock that an operator sets forward must not be noticed too late.
constexpr Span cases_looked_at_every = seconds(60);
constexpr Span more_cases_in = seconds(1);
constexpr Span left_alone_first = seconds(60);
constexpr Span left_alone_most = seconds(3600);
// What fails so often does not mend by itself.
constexpr int failures_of_a_trouble = 3;
// One that another step has taken on meanwhile does not come back.
constexpr Span failures_forgotten_after = seconds(86400);

}  // namespace

void CaseClock::answer(const Uuid& id, const Uuid& event_id, Instant now, const Status& status) {
  if (!status.ok()) {
    const bool lasts = failures_after(id, now) >= failures_of_a_trouble;
    log(lasts ? LogLevel::error : LogLevel::warn, "a case could not be taken on",
        {{"event", event_id}, {"cause", SafeText::code(reason_of(status.error().code))}});
  }
  const std::lock_guard lock(mutex_);
  if (status.ok()) failed_.erase(id);
  --unanswered_;
}

int CaseClock::failures_after(const Uuid& id, Instant now) {
  const std::lock_guard lock(mutex_);
  Failure& failure = failed_[id];
  failure.pause =
      std::min(failure.times == 0 ? left_alone_first : Span{failure.pause.us * 2}, left_alone_most);
  failure.until = now + failure.pause;
  return ++failure.times;
}

Instant CaseClock::tick(Instant now) {
  std::set<Uuid> failed;
  {
    const std::lock_guard lock(mutex_);
    if (unanswered_ > 0) return now + more_cases_in;
    std::erase_if(failed_,
                  [&](const auto& one) { return one.second.until + failures_forgotten_after < now; });
    // A clock that was set back leaves nothing alone for longer.
    for (const auto& [id, failure] : failed_)
      if (failure.until > now && failure.until <= now + failure.pause) failed.insert(id);
  }
  auto due = ledger_.cases_to_wake(now, most_ + static_cast<int>(failed.size()));
  if (!due.ok()) {
    log(LogLevel::warn, "ledger not read", {{"cause", SafeText::code(reason_of(due.error().code))}});
    return now + cases_looked_at_every;
  }
  std::erase_if(*due, [&](const CaseRow& row) { return failed.contains(row.id); });
  if (due->size() > static_cast<size_t>(most_)) due->resize(static_cast<size_t>(most_));
  {
    const std::lock_guard lock(mutex_);
    unanswered_ = static_cast<int>(due->size());
  }
  for (const CaseRow& row : *due)
    wake_(row, now, [this, id = row.id, event_id = row.event_id, now](const Status& status) {
      answer(id, event_id, now, status);
    });
  if (!due->empty()) return now + more_cases_in;
  // What failed is due, and hides when the next one is.
  if (!failed.empty()) return now + more_cases_in;
  const Instant latest = now + cases_looked_at_every;
  const auto next = ledger_.next_wake();
  return next.ok() && next->has_value() ? std::clamp(**next, now, latest) : latest;
}

}  // namespace psl
