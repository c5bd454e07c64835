#include <utility>

#include "gateway/app/doctor.h"
#include "gateway/config/config_file.h"
#include "passerelle/v1/config.pb.h"
#include "security/certificate.h"
#include "security/keys.h"
#include "security/policy.h"
#include "security/seal.h"

namespace psl {
namespace {

constexpr Span warned_days_before = seconds(int64_t{30} * 86400);
constexpr int64_t us_a_day = int64_t{86400} * 1000000;

void examine_identity(const std::string& whose, const v1::TlsIdentity& files, Instant now,
                      Diagnoses& diagnoses) {
  const std::string check = "certificate of " + whose;
  const auto facts = check_tls_files(files, now);
  if (!facts.ok()) {
    diagnoses.fail(check, facts.error(),
                   "put the right file there, or correct the configuration; no restart is needed");
    return;
  }
  const std::string text = "valid until " + to_rfc3339(facts->expires_at).substr(0, 10) + ", " +
                           std::to_string((facts->expires_at - now).us / us_a_day) +
                           " days; its key and authorities can be used";
  if (facts->expires_at < now + warned_days_before) {
    diagnoses.warn(check, text, "renew it: put the new files in place, no restart is needed");
  } else {
    diagnoses.ok(check, text);
  }
}

}  // namespace

void examine_policy(const LoadedConfig& config, Diagnoses& diagnoses) {
  const std::string& file = config.message().policy_file();
  const auto rules = load_policy(file, config);
  const auto policy = rules.ok() ? CertificatePolicy::make(*rules)
                                 : Result<std::unique_ptr<CertificatePolicy>>(rules.error());
  if (!policy.ok()) {
    diagnoses.fail("policy", policy.error(), "docs/reference/configuration.md says every key");
  } else if (rules->principals_size() == 0) {
    diagnoses.warn("policy", file + ": nobody may do anything", "name the senders in it");
  } else {
    diagnoses.ok("policy", file + ": principals " + std::to_string(rules->principals_size()));
  }
}

void examine_keys(const LoadedConfig& config, Diagnoses& diagnoses) {
  const auto sealer = TenantSealer::load(config.message());
  if (sealer.ok()) {
    diagnoses.ok("tenants' keys", "all can be read, by their owner only");
  } else {
    diagnoses.fail(
        "tenants' keys", sealer.error(),
        "put the key back from its copy, mode 600: a new one does not open what the old one sealed");
  }
  for (const v1::WebhookPartner& tool : config.message().webhooks()) {
    const std::string check = "signing key of " + tool.name();
    const auto key = load_key_file(tool.signing_key_file());
    if (key.ok()) {
      diagnoses.ok(check, "can be read, by its owner only");
    } else {
      diagnoses.fail(check, key.error(), "put the secret shared with the tool there, mode 600");
    }
  }
}

void examine_certificates(const LoadedConfig& config, Instant now, Diagnoses& diagnoses) {
  const v1::Config& message = config.message();
  examine_identity("the gRPC door", message.grpc().tls(), now, diagnoses);
  if (message.http().has_tls()) examine_identity("the HTTP port", message.http().tls(), now, diagnoses);
  if (!message.answers().certificate_file().empty()) {
    v1::TlsIdentity page;
    page.set_certificate_file(message.answers().certificate_file());
    page.set_key_file(message.answers().key_file());
    examine_identity("the answer page", page, now, diagnoses);
  }
  const auto partners = [&](const auto& list) {
    for (const auto& partner : list) examine_identity(partner.name(), partner.tls(), now, diagnoses);
  };
  partners(message.mssante());
  partners(message.repositories());
  partners(message.fhir());
  partners(message.webhooks());
}

}  // namespace psl
