#include "gateway/core/adapter.h"

namespace psl {

Result<std::vector<Inbound>> Adapter::collect(int, Instant) { return std::vector<Inbound>{}; }

Status Adapter::acknowledge(const Inbound&, Instant) { return {}; }

}  // namespace psl
