#include "adapters/formats/document_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "passerelle/v1/gateway.pb.h"
#include "tests/adapters/formats/letter_fixtures.h"

namespace psl {
namespace {

namespace v1 = passerelle::v1;

using test::complete_letter;
using test::letter_of;
using test::newborn_letter;
using test::pdf_letter;
using testing::ElementsAre;
using testing::IsEmpty;

const std::string metadata_path = "event.discharge_letter.structured.metadata.";

struct DocumentFindings {
  std::vector<std::string> paths;
  std::vector<std::string> issues;  // "CODE path"
};

DocumentFindings findings_of(const v1::SubmitEventRequest& request) {
  FieldCheck check;
  check_document(request.event(), check);
  DocumentFindings found;
  for (const v1::Issue& issue : check.take_issues())
    found.issues.push_back(issue.code() + " " + issue.path());
  const Status status = std::move(check).status();
  if (status.ok()) return found;
  for (const FieldFault& fault : status.error().faults) found.paths.push_back(fault.path);
  return found;
}

TEST(DocumentCheck, TakesACompleteLetterOfEitherForm) {
  // Every participant that a header can name.
  EXPECT_THAT(findings_of(complete_letter()).paths, IsEmpty());
  EXPECT_THAT(findings_of(complete_letter()).issues, IsEmpty());
  EXPECT_THAT(findings_of(pdf_letter()).paths, IsEmpty());
}

// A change of a complete letter, and the one field where it is refused.
struct DocumentFault {
  std::string path;
  void (*change)(v1::CoordinationEvent& event, v1::DocumentMetadata& metadata);
};

void expect_document_faults(const std::vector<DocumentFault>& cases) {
  for (const DocumentFault& each : cases) {
    v1::SubmitEventRequest request = complete_letter();
    each.change(*request.mutable_event(), *letter_of(request).mutable_metadata());
    EXPECT_THAT(findings_of(request).paths, ElementsAre(each.path));
  }
}

TEST(DocumentCheck, KnowsThePeopleOfALetter) {
  // Each with a name, an identifier of the national root and a role; lists within their bounds.
  using E = v1::CoordinationEvent;
  using M = v1::DocumentMetadata;
  const std::string m = metadata_path;
  expect_document_faults({
      {m + "authors[0].national_id", [](E&, M& d) { d.mutable_authors(0)->clear_national_id(); }},
      {m + "authors[0].national_id", [](E&, M& d) { d.mutable_authors(0)->set_national_id("10001234565"); }},
      {m + "legal_authenticator.family_name",
       [](E&, M& d) { d.mutable_legal_authenticator()->clear_family_name(); }},
      {m + "legal_authenticator.suffix", [](E&, M& d) { d.mutable_legal_authenticator()->set_suffix("Dr"); }},
      {m + "data_enterer.national_id", [](E&, M& d) { d.mutable_data_enterer()->clear_national_id(); }},
      {m + "approvers[0].specialty_code", [](E&, M& d) { d.mutable_approvers(0)->set_specialty_code("X"); }},
      {m + "approvers",
       [](E&, M& d) {
         while (d.approvers_size() < 11) d.add_approvers();
       }},
      {m + "addressees[1].given_name", [](E&, M& d) { d.mutable_addressees(1)->set_given_name("a\nb"); }},
      {m + "addressees[0].organization.national_id",
       [](E&, M& d) { d.mutable_addressees(0)->mutable_organization()->set_national_id("390001451"); }},
      {m + "addressees",
       [](E&, M& d) {
         while (d.addressees_size() < 10000) d.add_addressees();
       }},
      {m + "participants[0].role", [](E&, M& d) { d.mutable_participants(0)->clear_role(); }},
      {m + "participants[0].role",
       [](E&, M& d) { d.mutable_participants(0)->set_role(static_cast<v1::CareParticipant::Role>(99)); }},
      {m + "participants[1].professional", [](E&, M& d) { d.mutable_participants(1)->clear_professional(); }},
      {m + "participants[1].professional.national_id",
       [](E&, M& d) { d.mutable_participants(1)->mutable_professional()->clear_national_id(); }},
      {m + "participants",
       [](E&, M& d) {
         while (d.participants_size() < 21) d.add_participants();
       }},
      {m + "encounter.responsible.family_name",
       [](E&, M& d) { d.mutable_encounter()->mutable_responsible()->clear_family_name(); }},
      {m + "encounter.participants[0].role",
       [](E&, M& d) { d.mutable_encounter()->mutable_participants(0)->clear_role(); }},
      {m + "encounter.participants[0].professional",
       [](E&, M& d) { d.mutable_encounter()->mutable_participants(0)->clear_professional(); }},
      {m + "encounter.participants",
       [](E&, M& d) {
         while (d.encounter().participants_size() < 21) d.mutable_encounter()->add_participants();
       }},
  });
}

TEST(DocumentCheck, KnowsThePatientsOwnCircle) {
  // Related persons and guardians: a name, a relation of the value set, and no INS but the patient's.
  using E = v1::CoordinationEvent;
  using M = v1::DocumentMetadata;
  const std::string m = metadata_path;
  const std::string guardian = "event.subject.guardians[0].";
  expect_document_faults({
      {m + "related_persons[0].role", [](E&, M& d) { d.mutable_related_persons(0)->clear_role(); }},
      {m + "related_persons[0].relationship_code",
       [](E&, M& d) { d.mutable_related_persons(0)->set_relationship_code("SOEUR"); }},
      {m + "related_persons[2].name.family_name",
       [](E&, M& d) { d.mutable_related_persons(2)->clear_name(); }},
      {m + "related_persons[0].name.prefix",
       [](E&, M& d) { d.mutable_related_persons(0)->mutable_name()->set_prefix("Madame"); }},
      {m + "related_persons[0].address.city",
       [](E&, M& d) { d.mutable_related_persons(0)->mutable_address()->set_city("\xE2\x80\xAE"); }},
      {m + "related_persons[0].telecoms[0].uri",
       [](E&, M& d) { d.mutable_related_persons(0)->mutable_telecoms(0)->set_uri("06 00 00 00 00"); }},
      {m + "related_persons[0].telecoms",
       [](E&, M& d) {
         while (d.related_persons(0).telecoms_size() < 11) d.mutable_related_persons(0)->add_telecoms();
       }},
      {m + "related_persons",
       [](E&, M& d) {
         while (d.related_persons_size() < 11) d.add_related_persons();
       }},
      {guardian + "name.family_name",
       [](E& e, M&) { e.mutable_subject()->mutable_guardians(0)->mutable_name()->clear_family_name(); }},
      {guardian + "local_id.value",
       [](E& e, M&) { e.mutable_subject()->mutable_guardians(0)->mutable_local_id()->set_oid("1.2.3"); }},
      {guardian + "local_id.oid",
       [](E& e, M&) {
         v1::LocalId& id = *e.mutable_subject()->mutable_guardians(0)->mutable_local_id();
         id.set_value("260058815400233");
         id.set_oid("1.2.250.1.213.1.4.10");
       }},
      {guardian + "address.lines",
       [](E& e, M&) {
         v1::Address& address = *e.mutable_subject()->mutable_guardians(0)->mutable_address();
         while (address.lines_size() < 5) address.add_lines("x");
       }},
      {"event.subject.guardians",
       [](E& e, M&) {
         while (e.subject().guardians_size() < 5) e.mutable_subject()->add_guardians();
       }},
      {"event.subject.birth_rank", [](E& e, M&) { e.mutable_subject()->set_birth_rank(10); }},
      {"event.subject.birth_rank", [](E& e, M&) { e.mutable_subject()->set_birth_rank(-1); }},
  });
}

TEST(DocumentCheck, KnowsWhatAStructuredLetterIs) {
  // Its one type, the end of its stay, its versions, its dates.
  using E = v1::CoordinationEvent;
  using M = v1::DocumentMetadata;
  const std::string m = metadata_path;
  expect_document_faults({
      {m + "type", [](E&, M& d) { d.mutable_type()->set_code("18761-7"); }},
      {m + "encounter", [](E&, M& d) { d.clear_encounter(); }},
      {m + "encounter.start", [](E&, M& d) { d.mutable_encounter()->clear_start(); }},
      {m + "encounter.end", [](E&, M& d) { d.mutable_encounter()->clear_end(); }},
      {m + "encounter.end",
       [](E&, M& d) {
         d.mutable_encounter()->mutable_end()->set_seconds(d.encounter().start().seconds() - 1);
       }},
      {m + "encounter.local_id.oid",
       [](E&, M& d) { d.mutable_encounter()->mutable_local_id()->set_oid("CHVA"); }},
      {m + "created_at", [](E&, M& d) { d.clear_created_at(); }},
      {m + "signed_at", [](E&, M& d) { d.mutable_signed_at()->set_seconds(-9000000000); }},
      {m + "version", [](E&, M& d) { d.set_version(-1); }},
      {m + "confidentiality", [](E&, M& d) { d.set_confidentiality(static_cast<v1::Confidentiality>(9)); }},
      {m + "title", [](E&, M& d) { d.set_title(std::string(129, 'a')); }},
  });
  v1::SubmitEventRequest request = complete_letter();
  letter_of(request).mutable_metadata()->mutable_type()->set_code("11490-0");
  EXPECT_THAT(findings_of(request).paths, IsEmpty());
}

TEST(DocumentCheck, TellsWhereAHeaderLeavesAnAddressOut) {
  // An https address, at the list where it stands, whoever's it is.
  v1::SubmitEventRequest request = complete_letter();
  v1::DocumentMetadata& metadata = *letter_of(request).mutable_metadata();
  metadata.mutable_related_persons(0)->add_telecoms()->set_uri("https://exemple.fr");
  metadata.mutable_addressees(0)->mutable_organization()->add_telecoms()->set_uri("https://exemple.fr");
  EXPECT_THAT(findings_of(request).issues,
              testing::UnorderedElementsAre(
                  "TELECOM_LEFT_OUT " + metadata_path + "related_persons[0].telecoms",
                  "TELECOM_LEFT_OUT " + metadata_path + "addressees[0].organization.telecoms"));
}

TEST(DocumentCheck, TellsOfANewbornWhoseMotherNobodyNames) {
  // A guardian or a mother among the related persons is enough; after 28 days it is no newborn any more.
  v1::SubmitEventRequest request = newborn_letter();
  EXPECT_THAT(findings_of(request).issues, IsEmpty());
  request.mutable_event()->mutable_subject()->clear_guardians();
  EXPECT_THAT(findings_of(request).issues, IsEmpty());
  letter_of(request).mutable_metadata()->clear_related_persons();
  EXPECT_THAT(findings_of(request).issues, ElementsAre("NEWBORN_WITHOUT_MOTHER event.subject"));
  request.mutable_event()->mutable_subject()->set_birth_date("2026-10-01");
  EXPECT_THAT(findings_of(request).issues, IsEmpty());
}

TEST(DocumentCheck, CompletesEachProfessionalWithTheOfficialLabel) {
  // Those around the patient too; only who answers for the document acts for its source.
  v1::SubmitEventRequest request = complete_letter();
  v1::DocumentMetadata metadata = letter_of(request).metadata();
  metadata.mutable_participants(0)->mutable_professional()->set_specialty_label("X");
  metadata.mutable_approvers(0)->clear_organization();
  complete_metadata(request.event(), Uuid{}, metadata);
  EXPECT_EQ(metadata.participants(0).professional().specialty_label(),
            "Médecin - Qualifié en Médecine Générale (SM)");
  EXPECT_EQ(metadata.authors(0).organization().national_id(), "1250000452");
  EXPECT_FALSE(metadata.approvers(0).has_organization());
}

}  // namespace
}  // namespace psl
