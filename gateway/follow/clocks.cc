#include "gateway/follow/clocks.h"

#include "gateway/base/log.h"

namespace psl {
namespace {

// Alerts are hours away: one look a minute is soon enough, and cheap.
constexpr Span look_every = seconds(60);
constexpr Span more_in = seconds(1);

}  // namespace

Instant Clocks::tick(Instant now) {
  if (unanswered_ > 0) return now + more_in;
  const Result<std::vector<DueDelivery>> late = ledger_.late(now, most_);
  if (!late.ok()) {
    log(LogLevel::warn, "ledger not read", {{"cause", SafeText::code(reason_of(late.error().code))}});
    return now + look_every;
  }
  unanswered_ = static_cast<int>(late->size());
  for (const DueDelivery& row : *late) {
    sink_.submit(OpenLateTask{row.id, now}, [this, row](const Result<Effect>& answer) {
      // A refusal needs no care: the row is still late at the next tick.
      if (answer.ok() && *answer == Effect::done) {
        log(LogLevel::warn, "delivery late",
            {{"event", row.event_id},
             {"delivery", row.id},
             {"adapter", SafeText::code(row.adapter)},
             {"state", SafeText::code(name_of(row.state))},
             {"attempts", row.attempts}});
      }
      --unanswered_;
    });
  }
  return now + (late->empty() ? look_every : more_in);
}

}  // namespace psl
