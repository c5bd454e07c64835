#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include "gateway/config/config_checks.h"
#include "gateway/core/checked.h"
#include "passerelle/v1/config.pb.h"

namespace psl::config {
namespace {

namespace v1 = passerelle::v1;

using TextList = google::protobuf::RepeatedPtrField<std::string>;
// Certificate name -> the principal that claims it.
using Claims = std::map<std::string, int>;

bool fingerprint_ok(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool printable_ok(std::string_view text) {
  return !text.empty() && text.size() <= 253 && std::none_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
  });
}

bool kind_known(std::string_view kind) {
  return std::find(std::begin(known_kinds), std::end(known_kinds), kind) != std::end(known_kinds);
}

bool role_known(std::string_view role) {
  return std::find(std::begin(known_roles), std::end(known_roles), role) != std::end(known_roles);
}

// A bare number is none of them: an RPPS without its type digit would answer for nobody.
bool candidate_known(const v1::Config& config, std::string_view name) {
  const auto& tools = config.webhooks();
  return check_professional_id(name).ok() || check_organization_id(name).ok() ||
         std::any_of(tools.begin(), tools.end(), [&](const auto& tool) { return tool.name() == name; });
}

bool organization_known(std::string_view id) { return check_organization_id(id).ok(); }

// Each item must satisfy `ok`, once.
template <typename Rule>
void check_list(Checker& checker, const std::string& path, const TextList& list, Rule ok,
                const char* expected) {
  checker.expect(list.size() <= 1000, path, "at most 1,000 items");
  std::set<std::string> seen;
  for (int i = 0; i < list.size(); ++i) {
    const std::string item = path + "[" + std::to_string(i) + "]";
    if (!checker.expect(ok(list.Get(i)), item, expected)) continue;
    checker.expect(seen.insert(list.Get(i)).second, item, "an item that the list does not hold yet");
  }
}

// A certificate that two principals claim would be whichever comes first.
void claim(Checker& checker, const std::string& path, const TextList& list, int principal, Claims& claims) {
  for (int i = 0; i < list.size(); ++i) {
    const auto [claimed, first] = claims.emplace(list.Get(i), principal);
    checker.expect(first || claimed->second == principal, path + "[" + std::to_string(i) + "]",
                   "what no other principal claims");
  }
}

struct AllClaims {
  Claims dns;
  Claims uri;
  Claims common_name;
  Claims sha256;
};

void check_certificates(Checker& checker, const std::string& path, const v1::PrincipalRule& rule, int index,
                        AllClaims& claims) {
  const int count = rule.certificate_dns_size() + rule.certificate_uri_size() +
                    rule.certificate_common_name_size() + rule.certificate_sha256_size();
  if (count == 0) checker.fault(path, "required: one of certificate_dns, _uri, _common_name, _sha256");
  check_list(checker, path + ".certificate_dns", rule.certificate_dns(), host_name_ok,
             "a host name in lower case");
  check_list(checker, path + ".certificate_uri", rule.certificate_uri(), printable_ok, "a URI");
  check_list(checker, path + ".certificate_common_name", rule.certificate_common_name(), printable_ok,
             "a common name");
  check_list(checker, path + ".certificate_sha256", rule.certificate_sha256(), fingerprint_ok,
             "64 hexadecimal digits in lower case");
  claim(checker, path + ".certificate_dns", rule.certificate_dns(), index, claims.dns);
  claim(checker, path + ".certificate_uri", rule.certificate_uri(), index, claims.uri);
  claim(checker, path + ".certificate_common_name", rule.certificate_common_name(), index,
        claims.common_name);
  claim(checker, path + ".certificate_sha256", rule.certificate_sha256(), index, claims.sha256);
}

}  // namespace

void check_policy(const v1::Policy& policy, const v1::Config& config, Checker& checker) {
  checker.expect(policy.principals_size() <= 1000, "principals", "at most 1,000 principals");
  std::set<std::string, std::less<>> tenants;
  for (const auto& tenant : config.tenants()) tenants.insert(tenant.name());
  const auto tenant_known = [&tenants](std::string_view name) { return tenants.find(name) != tenants.end(); };
  std::set<std::string> names;
  AllClaims claims;
  for (int i = 0; i < policy.principals_size(); ++i) {
    const v1::PrincipalRule& rule = policy.principals(i);
    const std::string path = "principals[" + std::to_string(i) + "]";
    if (checker.name(path + ".name", rule.name())) {
      checker.expect(names.insert(rule.name()).second, path + ".name", "a name that no other principal has");
    }
    check_certificates(checker, path, rule, i, claims);
    check_list(checker, path + ".tenants", rule.tenants(), tenant_known,
               "the name of a tenant of the configuration");
    check_list(checker, path + ".kinds", rule.kinds(), kind_known,
               "discharge_letter, orientation, orientation_update, pathway_enrolment or care_circle_change");
    check_list(checker, path + ".organizations", rule.organizations(), organization_known,
               "a national identifier with its type digit");
    check_list(checker, path + ".roles", rule.roles(), role_known,
               "submit, read, preview, repair or operate");
    check_list(
        checker, path + ".answers_for", rule.answers_for(),
        [&config](std::string_view name) { return candidate_known(config, name); },
        "a national identifier of a person or a structure, with its type digit, or the name of a tool of "
        "`webhooks`");
  }
}

}  // namespace psl::config
