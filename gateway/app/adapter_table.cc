#include "gateway/app/adapter_table.h"

#include "adapters/mssante/mssante.h"
#include "gateway/config/config_file.h"

namespace psl {

Result<AdapterList> make_adapters(const LoadedConfig& config, Env& env) {
  AdapterList adapters;
  for (const v1::MssantePartner& partner : config.message().mssante()) {
    auto adapter = MssanteAdapter::create(partner, config.message(), env);
    if (!adapter.ok()) return std::move(adapter).error();
    adapters.push_back(std::move(*adapter));
  }
  return adapters;
}

TenantTable make_tenants(const LoadedConfig& config, const AdapterList& adapters) {
  TenantTable tenants;
  for (const v1::Tenant& tenant : config.message().tenants()) {
    TenantSetup setup{tenant, {}};
    for (const auto& adapter : adapters) {
      if (adapter->info().name == tenant.mssante()) setup.adapters.push_back(adapter.get());
    }
    tenants[tenant.name()] = std::move(setup);
  }
  return tenants;
}

}  // namespace psl
