#include "gateway/app/client_trust.h"

#include <utility>

#include "gateway/base/log.h"
#include "security/files.h"

namespace psl {
namespace {

constexpr size_t ca_bytes_max = size_t{1} << 20;

void log_certificate(SafeText fact, const Error& error, std::string_view pem) {
  const auto certificates = read_certificates(pem);
  const bool readable = certificates.ok();
  log(LogLevel::warn, std::move(fact),
      {{"error", SafeText::error(error)},
       {"common_name", SafeText::code(readable ? certificates->front().common_name : "")},
       {"sha256", SafeText::code(readable ? certificates->front().sha256 : "")}});
}

}  // namespace

Result<std::unique_ptr<ClientTrust>> ClientTrust::load(const std::string& ca_file,
                                                       const CertificatePolicy& policy) {
  auto pem = read_small_file(ca_file, ca_bytes_max, Readers::anyone);
  if (!pem.ok()) return std::move(pem).error();
  auto authorities = Authorities::load(ca_file);
  if (!authorities.ok()) return std::move(authorities).error();
  return std::make_unique<ClientTrust>(ca_file, std::move(*pem), std::move(*authorities), policy);
}

ClientTrust::ClientTrust(std::string ca_file, std::string ca_pem,
                         std::unique_ptr<const Authorities> authorities, const CertificatePolicy& policy)
    : ca_file_(std::move(ca_file)),
      policy_(policy),
      authorities_(std::move(authorities)),
      ca_pem_(std::move(ca_pem)) {}

std::shared_ptr<const Authorities> ClientTrust::authorities() const {
  const std::lock_guard lock(mutex_);
  return authorities_;
}

Status ClientTrust::verify(std::string_view pem_chain, Instant now) const {
  Status verified = authorities()->verify_client(pem_chain, now);
  if (!verified.ok()) log_certificate("client certificate refused", verified.error(), pem_chain);
  return verified;
}

Result<Principal> ClientTrust::principal_of(std::string_view pem) {
  return callers_.find(pem, [this](std::string_view unknown) -> Result<Principal> {
    auto certificates = read_certificates(unknown);
    if (!certificates.ok()) return std::move(certificates).error();
    Result<Principal> principal = policy_.principal_of(certificates->front());
    if (!principal.ok()) log_certificate("certificate names no principal", principal.error(), unknown);
    return principal;
  });
}

void ClientTrust::refresh() {
  auto pem = read_small_file(ca_file_, ca_bytes_max, Readers::anyone);
  // A file that is being replaced may be away for a moment: the next look tells.
  if (!pem.ok() || *pem == ca_pem_) return;
  ca_pem_ = std::move(*pem);
  auto renewed = Authorities::load(ca_file_);
  if (!renewed.ok()) {
    log(LogLevel::error, "the clients' authorities cannot be used: the former stay in force",
        {{"error", SafeText::error(renewed.error())}});
    return;
  }
  const std::lock_guard lock(mutex_);
  authorities_ = std::move(*renewed);
  log(LogLevel::info, "the clients' authorities were read again", {});
}

}  // namespace psl
