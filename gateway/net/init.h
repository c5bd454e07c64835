// What the whole process needs once before it talks to partners.
#pragma once

#include "gateway/base/result.h"

namespace psl::net {

// Starts libcurl and ignores SIGPIPE in the whole process. Once, in main, before any thread.
Status init();

}  // namespace psl::net
