// The configuration and the policy: read once, whole, checked, with every default filled in.
// proto/passerelle/v1/config.proto is the schema; docs/reference/configuration.md says every key, its default
// and why.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "gateway/base/result.h"
#include "gateway/core/checked.h"

namespace passerelle::v1 {
class Config;
class MssantePartner;
class Policy;
class Tenant;
}  // namespace passerelle::v1

namespace psl {

// An immutable snapshot; a copy shares it. Thread safe.
class LoadedConfig {
 public:
  explicit LoadedConfig(passerelle::v1::Config config);

  // Every default is filled in; every path is absolute.
  const passerelle::v1::Config& message() const noexcept { return *config_; }
  Environment environment() const noexcept;
  // Null when there is none of this name.
  const passerelle::v1::Tenant* tenant(std::string_view name) const noexcept;
  const passerelle::v1::MssantePartner* partner(std::string_view name) const noexcept;

 private:
  std::shared_ptr<const passerelle::v1::Config> config_;
};

// Relative paths start at the folder of the file. Keys and certificates are not opened, so that `preview` and
// a check of the configuration work without them. Reads /usr/share/zoneinfo (package tzdata). Errors:
// `configuration` with faults "file:line:column: field path", at most 20; `input_output`.
Result<LoadedConfig> load_config(const std::string& path);

// The policy that goes with a configuration, whose tenants it may name. Errors: as load_config().
Result<passerelle::v1::Policy> load_policy(const std::string& path, const LoadedConfig& config);

}  // namespace psl
