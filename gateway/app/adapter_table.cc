#include "gateway/app/adapter_table.h"

#include <algorithm>

#include "adapters/dmp/dmp.h"
#include "adapters/fhir/fhir_server.h"
#include "adapters/formats/calendar.h"
#include "adapters/formats/document_office.h"
#include "adapters/mssante/mssante.h"
#include "adapters/webhook/webhook.h"
#include "gateway/config/config_file.h"

namespace psl {
namespace {

// A kind of adapter is one line in make_adapters(): its class, and its list in the configuration.
template <typename Kind, typename Partners>
Status add_kind(const Partners& partners, const LoadedConfig& config, Env& env, AdapterList& adapters) {
  for (const auto& partner : partners) {
    auto adapter = Kind::create(partner, config.message(), env);
    if (!adapter.ok()) return std::move(adapter).error();
    adapters.push_back(std::move(*adapter));
  }
  return {};
}

bool serves(const v1::Tenant& tenant, std::string_view partner) {
  const auto among = [&](const auto& names) {
    return std::find(names.begin(), names.end(), partner) != names.end();
  };
  return partner == tenant.mssante() || partner == tenant.shared_record() || among(tenant.tools()) ||
         among(tenant.fhir_servers());
}

}  // namespace

Result<AdapterList> make_adapters(const LoadedConfig& config, Env& env) {
  AdapterList adapters;
  const v1::Config& message = config.message();
  Status made = add_kind<MssanteAdapter>(message.mssante(), config, env, adapters);
  if (made.ok()) made = add_kind<DmpAdapter>(message.repositories(), config, env, adapters);
  if (made.ok()) made = add_kind<FhirAdapter>(message.fhir(), config, env, adapters);
  if (made.ok()) made = add_kind<WebhookAdapter>(message.webhooks(), config, env, adapters);
  if (!made.ok()) return std::move(made).error();
  return adapters;
}

TenantTable make_tenants(const LoadedConfig& config, const AdapterList& adapters) {
  TenantTable tenants;
  for (const v1::Tenant& tenant : config.message().tenants()) {
    TenantSetup setup{tenant, {}, nullptr};
    // The adapters were made with the same zones: one that cannot be read was refused there.
    if (auto zone = TimeZone::load(time_zone_of(tenant)); zone.ok())
      setup.offset_at = [zone = std::move(*zone)](Instant at) { return zone.offset_at(at); };
    for (const auto& adapter : adapters) {
      if (serves(tenant, adapter->info().name)) setup.adapters.push_back(adapter.get());
    }
    tenants[tenant.name()] = std::move(setup);
  }
  return tenants;
}

}  // namespace psl
