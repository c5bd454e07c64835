// Where exceptions of libraries, or of memory, end: a caller gets INTERNAL, not silence.
#pragma once

#include <exception>

#include "gateway/base/log.h"
#include "gateway/base/result.h"

namespace psl {

// Runs `body`; `fail(const Error&)` when it throws. A body answers with its last step, so that it is answered
// once.
template <typename Body, typename Fail>
void guarded(Body&& body, Fail&& fail) {
  try {
    body();
  } catch (const std::exception&) {
    log(LogLevel::error, "exception in a gRPC handler");
    fail(error_of(ErrorCode::internal));
  }
}

}  // namespace psl
