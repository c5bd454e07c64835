// What an event says and no resource does is told, at its field.
#include <gtest/gtest.h>

#include "tests/fhir/care_fixtures.h"
#include "tests/fhir/care_reading.h"

namespace psl::fhir {
namespace {

namespace v1 = passerelle::v1;
using test::CareSample;
using test::faults_text;
using test::has_issue;
using test::paths_of;
using test::read;
using test::resources;

// An orientation that its text changes, before the core begins it.
CareSample asked(const std::string& more) {
  CareSample one;
  one.make_orientation(
      R"(kind: SPECIALIST reason: "Avis." specialty { code: "SM04" } patient_informed: true )" + more,
      {CareSample::doctor_text});
  return one;
}

TEST(CareLosses, KeepTheSocialCoverAway) {
  // It serves the priority only (CSP L.1110-4): no note has it, and an issue says so.
  const CareBundle bundle = asked("facts { social_cover: true lives_alone: true }").bundle();
  EXPECT_EQ(paths_of(bundle, "FHIR_SOCIAL_COVER_LEFT_OUT"), "event.orientation.facts.social_cover ");
  EXPECT_EQ(bundle.json.find("AME"), std::string::npos);
  EXPECT_NE(bundle.json.find("Situation : vit seul"), std::string::npos);
  EXPECT_FALSE(has_issue(asked("facts { lives_alone: true }").bundle(), "FHIR_SOCIAL_COVER_LEFT_OUT"));
}

TEST(CareLosses, SayTheProfessionBesideASpecialtyInANote) {
  // R4 has one performerType.
  const CareBundle bundle = asked("profession { code: \"40\" label: \"Chirurgien-dentiste\" }").bundle();
  EXPECT_EQ(paths_of(bundle, "FHIR_PROFESSION_AS_TEXT"), "event.orientation.profession ");
  const Tree tree = read(bundle);
  const Value request = resources(tree, "ServiceRequest")[0];
  EXPECT_EQ(request.text("performerType.coding.0.code"), "SM04");
  EXPECT_EQ(request.text("note.0.text"), "Profession : Chirurgien-dentiste");
  EXPECT_FALSE(has_issue(test::paramedical_sample().bundle(), "FHIR_PROFESSION_AS_TEXT"));
}

TEST(CareLosses, TellThatConsentIsTheBasis) {
  // And when it was given; no Consent says it of one event.
  CareSample sample = asked("");
  EXPECT_FALSE(has_issue(sample.bundle(), "FHIR_LEGAL_BASIS_LEFT_OUT"));
  sample.event().set_legal_basis(v1::LEGAL_BASIS_CONSENT);
  EXPECT_EQ(paths_of(sample.bundle(), "FHIR_LEGAL_BASIS_LEFT_OUT"), "event.consent_at ");
}

TEST(CareLosses, TellOfMetadataThatOnlyTheDocumentHas) {
  // How confidential it is stands in meta.security, so that alone is no loss.
  CareSample sample =
      test::enrolment_sample("status: ACTIVE metadata { confidentiality: CONFIDENTIALITY_RESTRICTED }");
  EXPECT_FALSE(has_issue(sample.bundle(), "FHIR_METADATA_LEFT_OUT"));
  sample.event().mutable_pathway_enrolment()->mutable_metadata()->set_title("Plan de soins");
  EXPECT_EQ(paths_of(sample.bundle(), "FHIR_METADATA_LEFT_OUT"), "event.pathway_enrolment.metadata ");
  EXPECT_EQ(paths_of(asked("metadata { title: \"Demande\" }").bundle(), "FHIR_METADATA_LEFT_OUT"),
            "event.orientation.metadata ");
  CareSample change = test::circle_sample();
  change.event().mutable_care_circle_change()->mutable_metadata()->mutable_custodian()->set_name("CPTS");
  EXPECT_EQ(paths_of(change.bundle(), "FHIR_METADATA_LEFT_OUT"), "event.care_circle_change.metadata ");
}

TEST(CareLosses, TellOfLabelsOfCodes) {
  // A display that is not the terminology's is an error, so none is written.
  CareSample sample = test::enrolment_sample("status: ACTIVE");
  EXPECT_EQ(paths_of(sample.bundle(), "FHIR_CODE_LABEL_LEFT_OUT"),
            "event.pathway_enrolment.condition.codes ");
  sample.event().mutable_pathway_enrolment()->mutable_condition()->mutable_codes(0)->clear_label();
  EXPECT_FALSE(has_issue(sample.bundle(), "FHIR_CODE_LABEL_LEFT_OUT"));
}

TEST(CareLosses, TellWhenNobodySaysWhoToldIt) {
  // A change of circle has no author in FHIR; an update has who asked and who is asked, and nobody else.
  EXPECT_EQ(paths_of(test::circle_sample().bundle(), "FHIR_SENDER_LEFT_OUT"), "event.source ");
  EXPECT_FALSE(has_issue(test::enrolment_sample("status: ACTIVE").bundle(), "FHIR_SENDER_LEFT_OUT"));
  CareSample update = test::specialist_sample();
  EXPECT_FALSE(has_issue(update.bundle(), "FHIR_SENDER_LEFT_OUT"));
  v1::Source& source = *update.event().mutable_source();
  source.mutable_professional()->set_national_id("810009876541");
  EXPECT_FALSE(has_issue(update.bundle(), "FHIR_SENDER_LEFT_OUT"));
  source.mutable_professional()->set_national_id("810007777775");
  EXPECT_EQ(paths_of(update.bundle(), "FHIR_SENDER_LEFT_OUT"), "event.source ");
  source.clear_professional();
  EXPECT_FALSE(has_issue(update.bundle(), "FHIR_SENDER_LEFT_OUT"));
  source.mutable_organization()->set_national_id("1710780999");
  EXPECT_TRUE(has_issue(update.bundle(), "FHIR_SENDER_LEFT_OUT"));
}

TEST(CareLosses, KeepTheCountryOfThePatientOnly) {
  // fr-core takes what the sender wrote, the Annuaire profiles want a code.
  CareSample sample = asked("");
  test::parse_text(R"(lines: "1 rue du Lac" postal_code: "1201" city: "Genève" country: "CH")",
             *sample.header.mutable_patient()->mutable_address());
  const Tree tree = read(sample.bundle());
  EXPECT_EQ(resources(tree, "Patient")[0].text("address.0.country"), "CH");
  EXPECT_FALSE(has_issue(sample.bundle(), "FHIR_COUNTRY_LEFT_OUT"));
  const auto set = [](v1::Address* address) { address->set_country("CH"); };
  v1::Source& source = *sample.event().mutable_source();
  set(source.mutable_organization()->mutable_address());
  set(source.mutable_professional()->mutable_address());
  const CareBundle bundle = sample.bundle();
  EXPECT_EQ(paths_of(bundle, "FHIR_COUNTRY_LEFT_OUT"),
            "event.source.organization.address.country event.source.professional.address.country ");
  EXPECT_EQ(faults_text(bundle.json), "");
  CareSample change = test::circle_sample();
  v1::CircleMember& member = *change.event().mutable_care_circle_change()->mutable_joins(0);
  set(member.mutable_person()->mutable_professional()->mutable_organization()->mutable_address());
  v1::CircleMember& structure = *change.event().mutable_care_circle_change()->add_joins();
  set(structure.mutable_structure()->mutable_organization()->mutable_address());
  EXPECT_EQ(paths_of(change.bundle(), "FHIR_COUNTRY_LEFT_OUT"),
            "event.care_circle_change.joins[0].person.professional.organization.address.country "
            "event.care_circle_change.joins[1].structure.organization.address.country ");
}

TEST(CareLosses, TellOfAnObjectionWhileItStands) {
  // At the objection that the event has, else at the patient; not of one that was lifted.
  CareSample sample = test::circle_sample();
  EXPECT_FALSE(has_issue(sample.bundle(), "FHIR_OBJECTION_LEFT_OUT"));
  auto& record = *sample.care.mutable_circle()->add_objections();
  record.mutable_objection()->add_member_ids("m2");
  EXPECT_EQ(paths_of(sample.bundle(), "FHIR_OBJECTION_LEFT_OUT"), "event.subject ");
  *sample.event().mutable_care_circle_change()->mutable_objection() = record.objection();
  EXPECT_EQ(paths_of(sample.bundle(), "FHIR_OBJECTION_LEFT_OUT"), "event.care_circle_change.objection ");
  auto& lifted = *sample.care.mutable_circle()->add_objections();
  lifted.mutable_objection()->add_member_ids("m2");
  lifted.mutable_objection()->set_lifted(true);
  lifted.mutable_at()->set_seconds(CareSample::asked_at);
  EXPECT_FALSE(has_issue(sample.bundle(), "FHIR_OBJECTION_LEFT_OUT"));
}

}  // namespace
}  // namespace psl::fhir
