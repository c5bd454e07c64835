#include "security/policy.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "passerelle/v1/config.pb.h"

namespace psl {
namespace {

v1::Policy parse(const std::string& text) {
  v1::Policy policy;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &policy));
  return policy;
}

constexpr const char* two_principals = R"pb(
  principals {
    name: "hopital"
    certificate_dns: "gw.hopital.example"
    certificate_uri: "urn:passerelle:client:hopital"
    tenants: "cpts"
    kinds: "discharge_letter"
    roles: "submit"
    roles: "read"
  }
  principals {
    name: "clinique"
    certificate_common_name: "Clinique Demo"
    certificate_sha256: "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
    tenants: "cpts"
    tenants: "cpts-2"
    kinds: "discharge_letter"
    organizations: "10B0000001"
    roles: "submit"
    roles: "preview"
  })pb";

std::unique_ptr<CertificatePolicy> must_make(const std::string& text) {
  auto made = CertificatePolicy::make(parse(text));
  EXPECT_TRUE(made.ok()) << (made.ok() ? "" : made.error().describe());
  return *std::move(made);
}

Certificate certificate() {
  Certificate out;
  out.sha256 = std::string(64, 'e');
  return out;
}

TEST(CertificatePolicy, KnowsAPrincipalByAnyOneClaim) {
  // Claim: a DNS name, a URI, a common name or the certificate itself: one is enough, others do no harm.
  const auto policy = must_make(two_principals);
  Certificate peer = certificate();
  peer.dns = {"other.example", "gw.hopital.example"};
  peer.common_name = "unknown";
  EXPECT_EQ(policy->principal_of(peer)->name, "hopital");
  peer.uris = {"urn:passerelle:client:hopital"};
  EXPECT_EQ(policy->principal_of(peer)->name, "hopital");
  peer = certificate();
  peer.common_name = "Clinique Demo";
  EXPECT_EQ(policy->principal_of(peer)->name, "clinique");
  peer = certificate();
  peer.sha256 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
  EXPECT_EQ(policy->principal_of(peer)->name, "clinique");
}

TEST(CertificatePolicy, RefusesACertificateOfNobodyOrOfTwo) {
  // Claim: no claim known is NO_PRINCIPAL; so are claims of two principals; a name of one kind is no name of
  // another.
  const auto policy = must_make(two_principals);
  EXPECT_EQ(policy->principal_of(certificate()).error().code, ErrorCode::no_principal);
  Certificate peer = certificate();
  peer.dns = {"gw.hopital.example"};
  peer.common_name = "Clinique Demo";
  const auto two = policy->principal_of(peer);
  ASSERT_FALSE(two.ok());
  EXPECT_EQ(two.error().code, ErrorCode::no_principal);
  EXPECT_THAT(two.error().text, testing::HasSubstr("two principals"));
  peer = certificate();
  peer.common_name = "gw.hopital.example";
  peer.dns = {"sub.gw.hopital.example"};
  EXPECT_FALSE(policy->principal_of(peer).ok());
}

TEST(CertificatePolicy, AllowsWhatIsWrittenAndNothingElse) {
  // Claim: role, tenant, kind and organization must all agree; an empty list of organizations means any.
  const auto policy = must_make(two_principals);
  const auto allowed = [&](const char* name, Action action, const char* tenant, const char* kind,
                           const char* organization) {
    const Status status = policy->allows({name}, action, tenant, kind, organization);
    EXPECT_TRUE(status || status.error().code == ErrorCode::not_allowed);
    return status.ok();
  };
  EXPECT_TRUE(allowed("hopital", Action::submit, "cpts", "discharge_letter", "10B0000009"));
  EXPECT_TRUE(allowed("hopital", Action::read, "cpts", "", ""));
  EXPECT_FALSE(allowed("hopital", Action::read, "cpts-2", "", ""));
  EXPECT_FALSE(allowed("hopital", Action::preview, "cpts", "discharge_letter", ""));
  EXPECT_FALSE(allowed("hopital", Action::submit, "cpts-2", "discharge_letter", ""));
  EXPECT_FALSE(allowed("hopital", Action::submit, "cpts", "orientation", ""));
  EXPECT_FALSE(allowed("hopital", Action::submit, "", "", ""));
  EXPECT_TRUE(allowed("clinique", Action::preview, "cpts-2", "discharge_letter", "10B0000001"));
  EXPECT_FALSE(allowed("clinique", Action::preview, "cpts-2", "discharge_letter", "10B0000002"));
  EXPECT_FALSE(allowed("clinique", Action::read, "cpts", "", ""));
  EXPECT_FALSE(allowed("nobody", Action::read, "cpts", "", ""));
}

TEST(CertificatePolicy, DeniesAllWhenEmpty) {
  // Claim: an empty policy is a policy: it lets nobody in; a rule without lists lets its principal do
  // nothing.
  EXPECT_FALSE(must_make("")->principal_of(certificate()).ok());
  const auto policy = must_make(R"pb(principals { name: "a" certificate_dns: "a.example" })pb");
  for (Action action : {Action::submit, Action::read, Action::preview}) {
    EXPECT_FALSE(policy->allows({"a"}, action, "cpts", "discharge_letter", "").ok());
    EXPECT_FALSE(policy->allows({"a"}, action, "", "", "").ok());
  }
}

std::vector<std::string> faults(const std::string& text) {
  const auto made = CertificatePolicy::make(parse(text));
  std::vector<std::string> paths;
  if (made.ok()) return paths;
  EXPECT_EQ(made.error().code, ErrorCode::configuration);
  for (const FieldFault& fault : made.error().faults) paths.push_back(fault.path);
  return paths;
}

TEST(CertificatePolicy, NamesEveryFieldThatIsWrong) {
  // Claim: duplicates, wildcards, unknown roles and kinds, bad names and missing claims are all listed by
  // path.
  using testing::ElementsAre;
  EXPECT_THAT(faults(R"pb(principals { name: "a" certificate_dns: "x" }
                          principals { name: "a" certificate_dns: "y" })pb"),
              ElementsAre("principals[1].name"));
  EXPECT_THAT(faults(R"pb(principals { name: "a" certificate_dns: "x" certificate_dns: "y" }
                          principals { name: "b" certificate_dns: "y" })pb"),
              ElementsAre("principals[1].certificate_dns[0]"));
  EXPECT_THAT(faults(R"pb(principals { name: "a" certificate_dns: "x" certificate_dns: "x" })pb"),
              ElementsAre("principals[0].certificate_dns[1]"));
  EXPECT_THAT(faults(R"pb(principals { name: "a" })pb"), ElementsAre("principals[0]"));
  EXPECT_THAT(
      faults(R"pb(principals {
                    name: "A b"
                    certificate_dns: "*.example"
                    certificate_dns: "Upper.example"
                    certificate_uri: "no colon"
                    certificate_common_name: ""
                    certificate_sha256: "ABC"
                    tenants: "Cpts"
                    kinds: "letter"
                    organizations: "x"
                    roles: "admin"
                  })pb"),
      testing::UnorderedElementsAre(
          "principals[0].name", "principals[0].certificate_dns[0]", "principals[0].certificate_dns[1]",
          "principals[0].certificate_uri[0]", "principals[0].certificate_common_name[0]",
          "principals[0].certificate_sha256[0]", "principals[0].tenants[0]", "principals[0].kinds[0]",
          "principals[0].organizations[0]", "principals[0].roles[0]"));
  v1::Policy many;
  for (int i = 0; i < 1001; ++i) {
    v1::PrincipalRule& rule = *many.add_principals();
    rule.set_name("p" + std::to_string(i));
    rule.add_certificate_dns(rule.name());
  }
  const auto made = CertificatePolicy::make(many);
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().faults.at(0).path, "principals");
}

TEST(CertificatePolicy, LetsAnswerForNamedCandidatesOnly) {
  // Claim: the candidates that are written, of its own tenants; whoever may operate answers for everybody
  // there.
  const auto policy = must_make(R"pb(
    principals {
      name: "outil"
      certificate_dns: "outil.example"
      tenants: "cpts"
      answers_for: "801234567897"
      answers_for: "outil"
    }
    principals { name: "coordination" certificate_dns: "co.example" tenants: "cpts" roles: "operate" })pb");
  EXPECT_TRUE(policy->may_answer_for(Principal{"outil"}, "cpts", "801234567897").ok());
  EXPECT_TRUE(policy->may_answer_for(Principal{"outil"}, "cpts", "outil").ok());
  EXPECT_FALSE(policy->may_answer_for(Principal{"outil"}, "cpts", "801234567806").ok());
  EXPECT_FALSE(policy->may_answer_for(Principal{"outil"}, "cpts-2", "801234567897").ok());
  EXPECT_TRUE(policy->may_answer_for(Principal{"coordination"}, "cpts", "801234567806").ok());
  EXPECT_FALSE(policy->may_answer_for(Principal{"coordination"}, "cpts-2", "801234567806").ok());
  EXPECT_FALSE(policy->may_answer_for(Principal{"nobody"}, "cpts", "outil").ok());
}

}  // namespace
}  // namespace psl
