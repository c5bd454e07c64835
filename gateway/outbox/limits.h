// The bounds of delivery, filled from the configuration (passerelle.v1.Limits and Retry), with its defaults.
#pragma once

#include "gateway/base/env.h"

namespace psl {

struct OutboxLimits {
  // Attempts of one delivery before a human takes over.
  int attempts_max = 100;
  // Ceiling of the wait after the first failure; it doubles at each next one, up to `backoff_most`.
  Span backoff_first = seconds(5);
  Span backoff_most = seconds(15 * 60);
  // Failures in a row to talk to a partner after which it is left alone, and for how long before one trial.
  int breaker_failures = 5;
  Span breaker_pause = seconds(30);
  // Rows of one question to the ledger.
  int due_batch = 64;
  // For the answer of a partner; an adapter may give up earlier by its own configuration.
  Span delivery_timeout = seconds(120);
};

}  // namespace psl
