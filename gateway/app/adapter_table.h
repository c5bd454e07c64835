// The built-in partners: the one place that knows which kinds of adapter exist.
#pragma once

#include <memory>
#include <vector>

#include "gateway/base/env.h"
#include "gateway/base/result.h"
#include "gateway/core/adapter.h"
#include "gateway/intake/intake.h"

namespace psl {

class LoadedConfig;

using AdapterList = std::vector<std::unique_ptr<Adapter>>;

// One adapter per partner of the configuration. No file is opened and nobody is called.
Result<AdapterList> make_adapters(const LoadedConfig& config, Env& env);

// Each tenant with the partners that its configuration names.
TenantTable make_tenants(const LoadedConfig& config, const AdapterList& adapters);

}  // namespace psl
