#include "gateway/config/config_file.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "gateway/config/config_checks.h"
#include "gateway/config/proto_reader.h"
#include "passerelle/v1/config.pb.h"

namespace psl {
namespace {

namespace files = std::filesystem;

void resolve(const files::path& folder, std::string& path) {
  if (!path.empty()) path = (folder / path).lexically_normal().string();
}

void resolve_identity(const files::path& folder, passerelle::v1::TlsIdentity& tls) {
  resolve(folder, *tls.mutable_certificate_file());
  resolve(folder, *tls.mutable_key_file());
  resolve(folder, *tls.mutable_ca_file());
}

void resolve_paths(const files::path& folder, passerelle::v1::Config& config) {
  resolve(folder, *config.mutable_policy_file());
  resolve(folder, *config.mutable_ledger()->mutable_path());
  resolve_identity(folder, *config.mutable_grpc()->mutable_tls());
  if (config.http().has_tls()) resolve_identity(folder, *config.mutable_http()->mutable_tls());
  if (config.has_answers()) {
    resolve(folder, *config.mutable_answers()->mutable_certificate_file());
    resolve(folder, *config.mutable_answers()->mutable_key_file());
  }
  for (auto& partner : *config.mutable_mssante()) {
    resolve_identity(folder, *partner.mutable_tls());
    if (partner.has_imap()) resolve(folder, *partner.mutable_imap()->mutable_password_file());
  }
  for (auto& partner : *config.mutable_fhir()) resolve_identity(folder, *partner.mutable_tls());
  for (auto& partner : *config.mutable_repositories()) resolve_identity(folder, *partner.mutable_tls());
  for (auto& partner : *config.mutable_webhooks()) {
    resolve_identity(folder, *partner.mutable_tls());
    resolve(folder, *partner.mutable_signing_key_file());
  }
  for (auto& tenant : *config.mutable_tenants()) {
    resolve(folder, *tenant.mutable_key()->mutable_file());
    for (auto& key : *tenant.mutable_key()->mutable_previous()) resolve(folder, *key.mutable_file());
  }
}

}  // namespace

LoadedConfig::LoadedConfig(passerelle::v1::Config config)
    : config_(std::make_shared<const passerelle::v1::Config>(std::move(config))) {}

Environment LoadedConfig::environment() const noexcept {
  return config_->environment() == passerelle::v1::Config::PRODUCTION ? Environment::production
                                                                      : Environment::test;
}

const passerelle::v1::Tenant* LoadedConfig::tenant(std::string_view name) const noexcept {
  for (const auto& tenant : config_->tenants()) {
    if (tenant.name() == name) return &tenant;
  }
  return nullptr;
}

const passerelle::v1::MssantePartner* LoadedConfig::partner(std::string_view name) const noexcept {
  for (const auto& partner : config_->mssante()) {
    if (partner.name() == name) return &partner;
  }
  return nullptr;
}

Result<LoadedConfig> load_config(const std::string& path) {
  const Result<FileTree> tree = load_tree(path, ErrorCode::configuration);
  if (!tree) return tree.error();
  std::error_code no_folder;
  const files::path folder = files::absolute(path, no_folder).parent_path();
  if (no_folder) return error_of(ErrorCode::input_output, path + ": the working directory is gone");

  passerelle::v1::Config config;
  config::Places places;
  config::Faults faults(tree->source);
  config::read_message(*tree, {}, config, places, faults);
  // Checks on a half-read message would report what the reader has reported already.
  if (faults.empty()) {
    config::Checker checker(places, faults);
    config::complete_config(config, checker);
  }
  if (!faults.empty()) return faults.take(ErrorCode::configuration);
  resolve_paths(folder, config);
  return LoadedConfig(std::move(config));
}

Result<passerelle::v1::Policy> load_policy(const std::string& path, const LoadedConfig& config) {
  const Result<FileTree> tree = load_tree(path, ErrorCode::configuration);
  if (!tree) return tree.error();
  passerelle::v1::Policy policy;
  config::Places places;
  config::Faults faults(tree->source);
  config::read_message(*tree, {}, policy, places, faults);
  if (faults.empty()) {
    config::Checker checker(places, faults);
    config::check_policy(policy, config.message(), checker);
  }
  if (!faults.empty()) return faults.take(ErrorCode::configuration);
  return policy;
}

}  // namespace psl
