// How long to wait before trying again: full jitter, so that what failed together does not come back
// together.
#pragma once

#include "gateway/base/env.h"

namespace psl {

// The highest wait after `failures` earlier failures (0: this is the first): min(most, first * 2^failures).
Span backoff_ceiling(Span first, Span most, int failures);

// A wait drawn uniformly from [0, ceiling], both ends included.
Span backoff(Env& env, Span first, Span most, int failures);

}  // namespace psl
