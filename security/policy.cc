#include "security/policy.h"

#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <utility>

#include "gateway/core/checked.h"
#include "passerelle/v1/config.pb.h"
#include "passerelle/v1/event.pb.h"

namespace psl {
namespace {

constexpr int principals_max = 1000;
constexpr size_t name_characters_max = 40;

// Claims of one kind never meet those of another.
constexpr std::string_view dns_claim = "dns:";
constexpr std::string_view uri_claim = "uri:";
constexpr std::string_view common_name_claim = "cn:";
constexpr std::string_view sha256_claim = "sha256:";

std::string claim(std::string_view kind, std::string_view value) {
  return std::string(kind) + std::string(value);
}

std::vector<std::string> claims_of(const Certificate& certificate) {
  std::vector<std::string> claims;
  for (const std::string& name : certificate.dns) claims.push_back(claim(dns_claim, name));
  for (const std::string& uri : certificate.uris) claims.push_back(claim(uri_claim, uri));
  if (!certificate.common_name.empty()) claims.push_back(claim(common_name_claim, certificate.common_name));
  claims.push_back(claim(sha256_claim, certificate.sha256));
  return claims;
}

bool plain_name(std::string_view name) {
  return !name.empty() && name.size() <= name_characters_max &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

bool host_name(std::string_view name) {
  return !name.empty() && name.size() <= 253 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  });
}

bool hash_text(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// The kinds are the fields of the event's oneof: one that is added there may be named here at once.
bool kind_exists(std::string_view kind) {
  const auto* oneof = v1::CoordinationEvent::descriptor()->FindOneofByName("kind");
  for (int i = 0; i < oneof->field_count(); ++i) {
    if (oneof->field(i)->name() == kind) return true;
  }
  return false;
}

std::string_view role_of(Action action) {
  switch (action) {
    case Action::submit:
      return "submit";
    case Action::read:
      return "read";
    case Action::preview:
      return "preview";
    case Action::repair:
      return "repair";
    case Action::operate:
      return "operate";
  }
  return "";
}

bool role_exists(std::string_view role) {
  constexpr Action all[] = {Action::submit, Action::read, Action::preview, Action::repair, Action::operate};
  return std::any_of(std::begin(all), std::end(all), [&](Action action) { return role == role_of(action); });
}

// Collects the faults of a policy, each under its path.
class PolicyFaults {
 public:
  void add(std::string path, std::string text) { faults_.push_back({std::move(path), std::move(text)}); }
  // Each value of a list must pass `good`; the good ones are returned.
  template <typename List>
  std::vector<std::string> check(const std::string& path, const List& list, bool (*good)(std::string_view),
                                 std::string_view expected) {
    std::vector<std::string> out;
    for (int i = 0; i < list.size(); ++i) {
      if (good(list[i])) {
        out.push_back(list[i]);
      } else {
        add(path + "[" + std::to_string(i) + "]", std::string(expected));
      }
    }
    return out;
  }
  bool empty() const { return faults_.empty(); }
  Error take() { return Error{ErrorCode::configuration, "the policy is wrong", std::move(faults_)}; }

 private:
  std::vector<FieldFault> faults_;
};

bool uri_value(std::string_view text) {
  return text.find(':') != std::string_view::npos && text.find_first_of("* \t\r\n") == std::string_view::npos;
}

bool common_name_value(std::string_view text) {
  return !text.empty() && text.size() <= 64 && text.find('*') == std::string_view::npos;
}

bool organization_value(std::string_view text) { return check_organization_id(text).ok(); }

bool candidate_value(std::string_view text) {
  return plain_name(text) || check_professional_id(text).ok() || organization_value(text);
}

// Where each claim of a rule stands in the file.
struct ClaimAt {
  std::string claim;
  std::string path;
};

std::vector<ClaimAt> read_claims(const v1::PrincipalRule& rule, const std::string& path,
                                 PolicyFaults& faults) {
  std::vector<ClaimAt> out;
  const auto read = [&](std::string_view kind, const std::string& field, const auto& values,
                        bool (*good)(std::string_view), std::string_view expected) {
    for (int i = 0; i < values.size(); ++i) {
      std::string at = path + "." + field + "[" + std::to_string(i) + "]";
      if (good(values[i])) {
        out.push_back({claim(kind, values[i]), std::move(at)});
      } else {
        faults.add(std::move(at), std::string(expected));
      }
    }
  };
  read(dns_claim, "certificate_dns", rule.certificate_dns(), host_name,
       "must be a host name in lower case, without wildcard");
  read(uri_claim, "certificate_uri", rule.certificate_uri(), uri_value, "must be a URI, without wildcard");
  read(common_name_claim, "certificate_common_name", rule.certificate_common_name(), common_name_value,
       "must be 1 to 64 characters, without wildcard");
  read(sha256_claim, "certificate_sha256", rule.certificate_sha256(), hash_text,
       "must be 64 hexadecimal digits in lower case");
  if (out.empty() && faults.empty()) {
    faults.add(path,
               "needs at least one of certificate_dns, certificate_uri, certificate_common_name, "
               "certificate_sha256");
  }
  return out;
}

template <typename List>
std::set<std::string, std::less<>> as_set(const List& list) {
  return {list.begin(), list.end()};
}

}  // namespace

Result<std::unique_ptr<CertificatePolicy>> CertificatePolicy::make(const v1::Policy& policy) {
  auto made = std::make_unique<CertificatePolicy>();
  PolicyFaults faults;
  if (policy.principals_size() > principals_max) faults.add("principals", "must be at most 1,000");
  for (int i = 0; i < std::min(policy.principals_size(), principals_max); ++i) {
    const v1::PrincipalRule& rule = policy.principals(i);
    const std::string path = "principals[" + std::to_string(i) + "]";
    if (!plain_name(rule.name()))
      faults.add(path + ".name", "must be 1 to 40 characters of a-z, 0-9 and hyphen");
    Rule checked;
    checked.tenants = as_set(faults.check(path + ".tenants", rule.tenants(), plain_name,
                                          "must be 1 to 40 characters of a-z, 0-9 and hyphen"));
    checked.kinds = as_set(faults.check(path + ".kinds", rule.kinds(), kind_exists,
                                        "must be a kind of event, such as discharge_letter"));
    checked.organizations =
        as_set(faults.check(path + ".organizations", rule.organizations(), organization_value,
                            "must be an IDNST: a type digit, then the number"));
    checked.roles = as_set(faults.check(path + ".roles", rule.roles(), role_exists,
                                        "must be submit, read, preview, repair or operate"));
    checked.answers_for = as_set(faults.check(path + ".answers_for", rule.answers_for(), candidate_value,
                                              "must be an IDNPS, an IDNST or the name of a tool"));
    for (ClaimAt& at : read_claims(rule, path, faults)) {
      if (!made->claims_.emplace(std::move(at.claim), rule.name()).second) {
        faults.add(std::move(at.path), "is claimed already: a certificate must name one principal");
      }
    }
    if (!made->rules_.emplace(rule.name(), std::move(checked)).second) {
      faults.add(path + ".name", "is the name of an earlier principal");
    }
  }
  if (!faults.empty()) return faults.take();
  return made;
}

Result<Principal> CertificatePolicy::principal_of(const Certificate& peer) const {
  const std::string* name = nullptr;
  for (const std::string& one : claims_of(peer)) {
    const auto found = claims_.find(one);
    if (found == claims_.end()) continue;
    if (name != nullptr && *name != found->second) {
      return error_of(ErrorCode::no_principal, "the client certificate names two principals of the policy");
    }
    name = &found->second;
  }
  if (name == nullptr) return error_of(ErrorCode::no_principal);
  return Principal{*name};
}

Status CertificatePolicy::allows(const Principal& principal, Action action, std::string_view tenant,
                                 std::string_view kind, std::string_view organization) const {
  const auto found = rules_.find(principal.name);
  if (found == rules_.end()) return error_of(ErrorCode::not_allowed, "this principal is not in the policy");
  const Rule& rule = found->second;
  if (!rule.roles.contains(role_of(action))) {
    return error_of(ErrorCode::not_allowed,
                    "this principal does not have the role " + std::string(role_of(action)));
  }
  if (!rule.tenants.contains(tenant)) {
    return error_of(ErrorCode::not_allowed, "this principal may not act for this tenant");
  }
  if (action != Action::submit && action != Action::preview) return {};
  if (!rule.kinds.contains(kind)) {
    return error_of(ErrorCode::not_allowed, "this principal may not send this kind of event");
  }
  if (!rule.organizations.empty() && !rule.organizations.contains(organization)) {
    return error_of(ErrorCode::not_allowed, "this principal may not send in the name of this organization");
  }
  return {};
}

Status CertificatePolicy::may_answer_for(const Principal& principal, std::string_view tenant,
                                         std::string_view candidate) const {
  const auto found = rules_.find(principal.name);
  if (found != rules_.end() && found->second.tenants.contains(tenant) &&
      (found->second.answers_for.contains(candidate) ||
       found->second.roles.contains(role_of(Action::operate))))
    return {};
  return error_of(ErrorCode::not_allowed, "this principal may not answer for this candidate");
}

}  // namespace psl
