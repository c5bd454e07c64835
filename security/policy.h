// Who a certificate is, and what it may do: the policy file, checked once and never changed after.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/core/seams.h"
#include "security/certificate.h"

namespace passerelle::v1 {
class Policy;
}

namespace psl {

// Immutable, so thread safe; a reload makes another one.
class CertificatePolicy final : public Policy {
 public:
  // Denies all.
  CertificatePolicy() = default;
  // Faults carry paths from the policy file: "principals[2].certificate_dns[0]". Refused: a name, or a
  // certificate claim, that appears twice; a rule without claims; a kind or a role that does not exist; a
  // wildcard; a candidate that is neither an IDNPS, an IDNST nor the name of a tool.
  static Result<std::unique_ptr<CertificatePolicy>> make(const v1::Policy& policy);

  // The one principal that a verified certificate names. `no_principal` when it names none, or more than one.
  Result<Principal> principal_of(const Certificate& peer) const;

  Status allows(const Principal& principal, Action action, std::string_view tenant, std::string_view kind,
                std::string_view organization) const override;
  Status may_answer_for(const Principal& principal, std::string_view tenant,
                        std::string_view candidate) const override;

 private:
  struct Rule {
    std::set<std::string, std::less<>> tenants, kinds, organizations, roles, answers_for;
  };

  // By the principal's name.
  std::map<std::string, Rule, std::less<>> rules_;
  // Claim ("dns:gw.example.org") to principal's name.
  std::map<std::string, std::string, std::less<>> claims_;
};

}  // namespace psl
