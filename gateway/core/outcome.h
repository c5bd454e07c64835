// What an attempt came to, as an adapter tells it.
#pragma once

#include <string>

#include "gateway/base/env.h"
#include "gateway/core/states.h"

namespace psl {

// A closed choice: accepted, try later, rejected, or not known (bytes left and no answer came).
enum class Verdict { accepted, try_later, rejected, unknown };

struct Outcome {
  Verdict verdict = Verdict::unknown;
  // Stable, UPPER_SNAKE_CASE, one of docs/reference/outcomes.md: "ACCEPTED", "MAILBOX_ABSENT",
  // "CONNECTION_REFUSED"...
  std::string reason;
  // The partner's own code, digits, dots and spaces only: "250 2.0.0", "550 5.1.1". Never its text, which may
  // quote an address.
  std::string partner_code;
  // True when the partner as a whole failed (no connection, no answer): counts for the circuit breaker.
  bool partner_down = false;
  // What the partner asks to wait before the next attempt (RFC 9110 section 10.2.3); 0: it says nothing.
  Span retry_after = {};
};

// The edge of the state table that an outcome takes.
Happening happening_of(Verdict verdict);

}  // namespace psl
