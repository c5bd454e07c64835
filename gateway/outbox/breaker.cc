#include "gateway/outbox/breaker.h"

#include "gateway/base/result.h"

namespace psl {

int Breaker::room(Instant now) const {
  if (!open_) return no_bound;
  return !trial_ && now >= pause_ends_ ? 1 : 0;
}

void Breaker::begin(Instant now) {
  PSL_CHECK(room(now) > 0);
  if (open_) trial_ = true;
}

void Breaker::end(Contact contact, Instant now) {
  switch (contact) {
    case Contact::none:
      trial_ = false;
      return;
    case Contact::fine:
      failures_ = 0;
      open_ = false;
      trial_ = false;
      return;
    case Contact::down:
      break;
  }
  // An attempt that began before the breaker opened says nothing new: only a trial prolongs the pause.
  if (open_ && !trial_) return;
  if (++failures_ < failures_max_ && !open_) return;
  open_ = true;
  trial_ = false;
  pause_ends_ = now + pause_;
}

}  // namespace psl
