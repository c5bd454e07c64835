// Whom the gRPC door believes: the authorities of its clients' certificates, and the principals that the
// policy names.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "gateway/app/known_callers.h"
#include "gateway/base/env.h"
#include "gateway/base/result.h"
#include "gateway/core/seams.h"
#include "security/certificate.h"
#include "security/policy.h"

namespace psl {

// verify() and principal_of() from any thread; refresh() from one. The policy outlives it.
class ClientTrust {
 public:
  // `configuration` when the authorities cannot be read.
  static Result<std::unique_ptr<ClientTrust>> load(const std::string& ca_file,
                                                   const CertificatePolicy& policy);

  ClientTrust(std::string ca_file, std::string ca_pem, std::unique_ptr<const Authorities> authorities,
              const CertificatePolicy& policy);

  // Judges a client's chain (PEM, its own first). What is refused is logged, with the name that the
  // certificate claims.
  Status verify(std::string_view pem_chain, Instant now) const;
  Result<Principal> principal_of(std::string_view pem);

  // Reads the file of authorities again: new handshakes are judged by what it holds now. One that cannot be
  // used leaves the former in force, and is said in the log once.
  void refresh();

 private:
  std::shared_ptr<const Authorities> authorities() const;

  const std::string ca_file_;
  const CertificatePolicy& policy_;
  KnownCallers callers_;
  mutable std::mutex mutex_;  // guards authorities_
  std::shared_ptr<const Authorities> authorities_;
  // Of refresh() alone: what the file held when it was last looked at.
  std::string ca_pem_;
};

}  // namespace psl
