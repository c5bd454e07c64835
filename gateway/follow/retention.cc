#include "gateway/follow/retention.h"

#include "gateway/base/log.h"

namespace psl {
namespace {

constexpr Span every = seconds(3600);
// Between slices, so that the committer serves others too.
constexpr Span more_in = seconds(1);

}  // namespace

Instant Retention::tick(Instant now) {
  if (waiting_) return now + more_in;
  // A clock that an operator set back must not put the next round off.
  const bool due = now >= next_ || next_ > now + every;
  if (!due && !more_) return next_;
  next_ = now + every;
  more_ = false;
  waiting_ = true;
  sink_.submit(PurgeChanges{now - changes_kept_}, [this](const Result<Effect>& answer) {
    if (!answer.ok())
      log(LogLevel::warn, "old changes not dropped",
          {{"cause", SafeText::code(reason_of(answer.error().code))}});
    more_ = answer.ok() && *answer == Effect::done;
    waiting_ = false;
  });
  return waiting_ || more_ ? now + more_in : next_;
}

}  // namespace psl
