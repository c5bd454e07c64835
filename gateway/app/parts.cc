#include "gateway/app/parts.h"

#include <algorithm>

#include "adapters/readable/pdf_copy.h"
#include "gateway/base/log.h"
#include "security/keys.h"

namespace psl {
namespace {

template <typename T>
Status keep(Result<T> made, T& to) {
  if (!made.ok()) return std::move(made).error();
  to = std::move(*made);
  return {};
}

Status check_keys_of_ledger(const Parts& parts) {
  const auto needed = parts.store->keys_in_use();
  if (!needed.ok()) return needed.error();
  for (const auto& key : *needed) {
    if (parts.sealer->has_key(key.tenant, key.key_id)) continue;
    log(LogLevel::error, "the ledger needs a key that the configuration lacks",
        {{"tenant", SafeText::code(key.tenant)}, {"key", SafeText::code(key.key_id)}});
    return error_of(ErrorCode::configuration, "key " + key.key_id + " of tenant " + key.tenant +
                                                  " is missing: the ledger holds events sealed under it");
  }
  return {};
}

template <typename Partners>
Span longest_delivery(const Partners& partners, Span longest) {
  for (const auto& partner : partners) longest = std::max(longest, span_of(partner.delivery_timeout()));
  return longest;
}

}  // namespace

Span span_of(const google::protobuf::Duration& span) {
  return Span{span.seconds() * 1000000 + span.nanos() / 1000};
}

OutboxLimits outbox_limits(const v1::Config& config) {
  OutboxLimits limits;
  limits.attempts_max = static_cast<int>(config.limits().attempts_max());
  limits.backoff_first = span_of(config.retry().first());
  limits.backoff_most = span_of(config.retry().most());
  limits.breaker_failures = static_cast<int>(config.retry().breaker_failures());
  limits.breaker_pause = span_of(config.retry().breaker_pause());
  limits.delivery_timeout = longest_delivery(config.mssante(), limits.delivery_timeout);
  limits.delivery_timeout = longest_delivery(config.repositories(), limits.delivery_timeout);
  limits.delivery_timeout = longest_delivery(config.webhooks(), limits.delivery_timeout);
  limits.delivery_timeout = longest_delivery(config.fhir(), limits.delivery_timeout);
  return limits;
}

CommitLimits commit_limits(const v1::Config& config) {
  CommitLimits limits;
  limits.queue_max = config.limits().commit_queue_max();
  limits.queue_bytes_max = config.limits().commit_queue_bytes_max();
  limits.batch_max = config.limits().commit_batch_max();
  return limits;
}

SqliteOptions store_options(const v1::Config& config) {
  SqliteOptions options;
  options.path = config.ledger().path();
  options.disk_free_bytes_min = config.limits().disk_free_bytes_min();
  return options;
}

Result<Parts> make_parts(const LoadedConfig& config, Env& env) {
  const v1::Config& message = config.message();
  Parts parts{config, {}, {}, {}, {}, {}, {}, {}};
  auto rules = load_policy(message.policy_file(), config);
  if (!rules.ok()) return std::move(rules).error();
  Status status = keep(CertificatePolicy::make(*rules), parts.policy);
  if (status.ok()) status = keep(TenantSealer::load(message), parts.sealer);
  if (status.ok())
    status = keep(ClientTrust::load(message.grpc().tls().ca_file(), *parts.policy), parts.trust);
  if (status.ok()) status = keep(make_pdf_copy(), parts.readable);
  if (status.ok()) status = keep(CdaDocumentOffice::create(message, *parts.readable), parts.office);
  if (status.ok()) status = keep(make_adapters(config, env), parts.adapters);
  if (!status.ok()) return std::move(status).error();
  for (const auto& partner : message.webhooks()) {
    if (auto key = load_key_file(partner.signing_key_file()); !key.ok()) return std::move(key).error();
  }
  if (auto facts = check_tls_files(message.grpc().tls(), env.now()); !facts.ok())
    return std::move(facts).error();
  status = keep(SqliteStore::open(store_options(message)), parts.store);
  if (status.ok()) status = check_keys_of_ledger(parts);
  if (!status.ok()) return std::move(status).error();
  return parts;
}

}  // namespace psl
