// By what the resources of care bundles are known: what is one for the gateway is one on the server.
#include <gtest/gtest.h>

#include "tests/fhir/care_fixtures.h"
#include "tests/fhir/care_reading.h"

namespace psl::fhir {
namespace {

namespace v1 = passerelle::v1;
using test::CareSample;
using test::condition_of;
using test::read;
using test::resources;

std::string urn_query(const std::string& uuid) {
  return "identifier=urn%3Aietf%3Arfc%3A3986%7Curn%3Auuid%3A" + uuid;
}

Uuid another_case() { return *Uuid::parse("d2d2d2d2-2222-8333-8444-555555555555"); }

TEST(CareIdentities, OfOnePersonUnderTwoSpellingsAreOne) {
  // Without INS, in one circle: one Patient, one CareTeam, and the Consent that a withdrawal replaces.
  CareSample sample = test::circle_sample();
  sample.make_unqualified();
  const CareBundle first = sample.bundle();
  sample.header.mutable_patient()->set_birth_family_name("De-La-Tour");
  sample.header.mutable_patient()->set_first_birth_given_name("marie eve");
  const CareBundle second = sample.bundle();
  for (const char* type : {"Patient", "CareTeam", "Consent"}) {
    EXPECT_EQ(condition_of(first, type), condition_of(second, type)) << type;
    EXPECT_FALSE(condition_of(first, type).empty()) << type;
  }
  sample.care.set_circle_id(another_case().raw());
  for (const char* type : {"Patient", "CareTeam", "Consent"})
    EXPECT_NE(condition_of(sample.bundle(), type), condition_of(first, type)) << type;
}

TEST(CareIdentities, AreOnePatientForAllKinds) {
  // An orientation, an enrolment and a circle of one person.
  CareSample circle = test::circle_sample();
  circle.make_unqualified();
  CareSample enrolment = test::enrolment_sample("status: ACTIVE");
  enrolment.make_unqualified();
  const std::string patient = condition_of(test::unscheduled_sample().bundle(), "Patient");
  EXPECT_EQ(condition_of(circle.bundle(), "Patient"), patient);
  EXPECT_EQ(condition_of(enrolment.bundle(), "Patient"), patient);
}

TEST(CareIdentities, TellNothingOfThePersonInWhatIsSearched) {
  // A search goes through access logs, the ledger and receipts: it must not be a hash of the INS or of
  // traits, which whoever has it could find by trying all. The INS itself stands in the body alone, as a
  // condition.
  for (auto sample :
       {test::circle_sample(), test::enrolment_sample("status: ACTIVE"), test::physician_sample()}) {
    const CareBundle one = sample.bundle();
    sample.header.mutable_patient()->mutable_ins()->set_matricule("279035121518989");
    sample.header.mutable_patient()->set_birth_family_name("AUTRE");
    sample.header.mutable_patient()->set_birth_date("1970-01-01");
    EXPECT_EQ(sample.bundle().search, one.search);
    EXPECT_EQ(one.search.find("265033947811573"), std::string::npos);
    EXPECT_EQ(condition_of(one, "Patient"), "identifier=urn%3Aoid%3A1.2.250.1.213.1.4.10%7C265033947811573");
  }
}

TEST(CareIdentities, OfAnEnrolmentAreThoseOfItsCase) {
  // One tool may send for two structures, and two tools of one structure may use the same enrolment_id.
  CareSample sample = test::enrolment_sample("status: ACTIVE");
  const CareBundle mine = sample.bundle();
  sample.event().mutable_pathway_enrolment()->set_status(v1::PathwayEnrolment::ON_HOLD);
  sample.event().mutable_source()->mutable_organization()->set_national_id("1710780999");
  for (const char* type : {"EpisodeOfCare", "CarePlan", "Condition"})
    EXPECT_EQ(condition_of(sample.bundle(), type), condition_of(mine, type)) << type;
  sample.care.set_enrolment_id(another_case().raw());
  for (const char* type : {"EpisodeOfCare", "CarePlan", "Condition"})
    EXPECT_NE(condition_of(sample.bundle(), type), condition_of(mine, type)) << type;
}

TEST(CareIdentities, OfEventsThatWereAcceptedBeforeStayAsTheyWere) {
  // What is delivered, or retried, after the change goes where it would have gone.
  CareSample circle = test::circle_sample();
  circle.care.clear_circle_id();
  const CareBundle team = circle.bundle();
  EXPECT_EQ(condition_of(team, "CareTeam"), "CareTeam?" + urn_query("ade73ce4-1f4f-89cb-9620-e0686c87b811"));
  EXPECT_EQ(condition_of(team, "Consent"), "Consent?" + urn_query("db784047-3f0a-8d2a-af40-2bce0ac9fd43"));
  EXPECT_NE(team.json.find(urn_query("4655c86d-4006-863b-b173-ba27036dc195")), std::string::npos);
  CareSample enrolment = test::enrolment_sample("status: ACTIVE");
  enrolment.care.clear_enrolment_id();
  EXPECT_EQ(condition_of(enrolment.bundle(), "EpisodeOfCare"),
            "EpisodeOfCare?" + urn_query("164e5793-821d-87f1-aefe-c4c023d5b44b"));
  CareSample asked = test::unscheduled_sample();
  asked.care.clear_circle_id();
  EXPECT_EQ(condition_of(asked.bundle(), "Patient"), urn_query("a71b286f-da27-898e-8862-8530edc13b79"));
}

// A circle of two namesakes without national identifier, and how many people and roles it comes to.
struct Namesakes {
  explicit Namesakes(const std::string& of_both) {
    sample.care.mutable_circle()->clear_memberships();
    for (const char* id : {"m1", "m2"}) {
      v1::CircleMember& member = sample.add_member(of_both);
      member.set_member_id(id);
    }
  }
  v1::Recipient::Person& second() {
    return *sample.care.mutable_circle()->mutable_memberships(1)->mutable_member()->mutable_person();
  }
  std::string counts() const {
    const Tree tree = read(sample.bundle());
    const Value team = resources(tree, "CareTeam")[0];
    const bool apart =
        team.text("participant.0.member.reference") != team.text("participant.1.member.reference");
    return std::to_string(resources(tree, "Practitioner").size()) + (apart ? " apart" : " together");
  }
  CareSample sample = test::circle_sample();
};

constexpr const char* social_worker =
    R"(role: MEMBER_ROLE_SOCIAL_WORKER standing: STANDING_SOCIAL_PROFESSIONAL
  basis: MEMBER_BASIS_CARE_TEAM person { professional { family_name: "DURAND" given_name: "Marie" } })";

TEST(CareIdentities, JoinNobodyByANameAlone) {
  // Two members of one name without national identifier and mailbox are two people, in each circle.
  Namesakes both(social_worker);
  EXPECT_EQ(both.counts(), "2 apart");
  const std::string mine = condition_of(both.sample.bundle(), "Practitioner");
  EXPECT_EQ(condition_of(both.sample.bundle(), "Practitioner"), mine);
  both.sample.care.set_circle_id(another_case().raw());
  EXPECT_NE(condition_of(both.sample.bundle(), "Practitioner"), mine);
}

TEST(CareIdentities, KeepNamesakesOfTwoStructuresApart) {
  // A mailbox may be shared by a whole service; name, mailbox and structure together are one person.
  Namesakes both(social_worker);
  for (auto& membership : *both.sample.care.mutable_circle()->mutable_memberships()) {
    v1::Recipient::Person& person = *membership.mutable_member()->mutable_person();
    person.set_mailbox("service.social@saad.demo.mssante.fr");
    person.mutable_professional()->mutable_organization()->set_national_id("1710780305");
  }
  EXPECT_EQ(both.counts(), "1 together");
  both.second().mutable_professional()->mutable_organization()->set_national_id("1710780313");
  EXPECT_EQ(both.counts(), "2 apart");
  both.second().mutable_professional()->mutable_organization()->clear_national_id();
  both.second().mutable_professional()->mutable_organization()->set_name("SAAD des Essais");
  EXPECT_EQ(both.counts(), "2 apart");
}

}  // namespace
}  // namespace psl::fhir
