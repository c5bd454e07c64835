// The circuit breaker of one partner: after some failures in a row to talk to it, it is left alone for a
// while, then tried by one delivery, so that a dead partner costs neither attempts nor threads.
#pragma once

#include <limits>

#include "gateway/base/env.h"

namespace psl {

// How an attempt went for the partner as a whole. A refusal of one message is `fine`: the partner talks.
enum class Contact { none, fine, down };

// Times are Env::monotonic. One thread.
class Breaker {
 public:
  static constexpr int no_bound = std::numeric_limits<int>::max();

  // `failures_max` >= 1.
  Breaker(int failures_max, Span pause) : failures_max_(failures_max), pause_(pause) {}

  // How many attempts may begin: any number when closed, one (the trial) when the pause is over and no trial
  // is under way, else none.
  int room(Instant now) const;
  // An attempt begins; room() was not 0.
  void begin(Instant now);
  // An attempt ended. `none`: the partner was not reached for, so the trial, if it was one, is still to be
  // made.
  void end(Contact contact, Instant now);
  bool is_open() const noexcept { return open_; }

 private:
  const int failures_max_;
  const Span pause_;
  int failures_ = 0;
  bool open_ = false;
  bool trial_ = false;
  Instant pause_ends_;
};

}  // namespace psl
