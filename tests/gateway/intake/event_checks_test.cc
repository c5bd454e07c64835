#include "gateway/intake/event_checks.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "tests/support/sample_event.h"

namespace psl {
namespace {

namespace v1 = passerelle::v1;

constexpr Instant now{sample_now_s * 1000000};

std::vector<FieldFault> faults_of(const v1::SubmitEventRequest& request,
                                  Environment environment = Environment::test) {
  const Status envelope = check_envelope(request);
  if (!envelope.ok()) return envelope.error().faults;
  const Status status = check_event(request, sample_tenant(), environment, now);
  return status.ok() ? std::vector<FieldFault>{} : status.error().faults;
}

struct Broken {
  const char* path;
  std::function<void(v1::SubmitEventRequest&)> breaks;
};

v1::Patient& subject(v1::SubmitEventRequest& r) { return *r.mutable_event()->mutable_subject(); }
v1::CoordinationEvent& event(v1::SubmitEventRequest& r) { return *r.mutable_event(); }
v1::DocumentMetadata& metadata(v1::SubmitEventRequest& r) {
  return *event(r).mutable_discharge_letter()->mutable_pdf()->mutable_metadata();
}
v1::Encounter& encounter(v1::SubmitEventRequest& r) { return *metadata(r).mutable_encounter(); }

TEST(EventChecks, TakeTheSample) {
  // Claim: the event that the other tests break is itself right.
  for (const FieldFault& fault : faults_of(sample_request()))
    ADD_FAILURE() << fault.path << ": " << fault.text;
}

const std::vector<Broken> envelope_cases = {
    {"idempotency_key", [](auto& r) { r.clear_idempotency_key(); }},
    {"idempotency_key", [](auto& r) { r.set_idempotency_key("with space"); }},
    {"idempotency_key", [](auto& r) { r.set_idempotency_key(std::string(129, 'k')); }},
    {"event", [](auto& r) { r.clear_event(); }},
    {"event.tenant", [](auto& r) { event(r).clear_tenant(); }},
    {"event.tenant", [](auto& r) { event(r).set_tenant("Pas Un Nom"); }},
    {"event.discharge_letter", [](auto& r) { event(r).clear_discharge_letter(); }},
    {"event.source", [](auto& r) { event(r).clear_source(); }},
    {"event.source.software", [](auto& r) { event(r).mutable_source()->clear_software(); }},
    {"event.source.organization.national_id",
     [](auto& r) { event(r).mutable_source()->mutable_organization()->set_national_id("750512345"); }},
    {"event.source.organization.name",
     [](auto& r) { event(r).mutable_source()->mutable_organization()->clear_name(); }},
    {"event.legal_basis", [](auto& r) { event(r).clear_legal_basis(); }},
    {"event.legal_basis", [](auto& r) { event(r).set_legal_basis(static_cast<v1::LegalBasis>(77)); }},
    {"event.consent_at", [](auto& r) { event(r).set_legal_basis(v1::LEGAL_BASIS_CONSENT); }},
    {"event.consent_at",
     [](auto& r) { event(r).mutable_consent_at()->set_seconds(sample_now_s + 2 * 86400); }},
    {"event.consent_at", [](auto& r) { event(r).mutable_consent_at()->set_seconds(-62135596800); }},
    {"event.recipients[0]", [](auto& r) { event(r).set_legal_basis(v1::LEGAL_BASIS_PATIENT_ACCESS); }},
    {"event.occurred_at", [](auto& r) { event(r).clear_occurred_at(); }},
    {"event.occurred_at",
     [](auto& r) { event(r).mutable_occurred_at()->set_seconds(sample_now_s + 2 * 86400); }},
    {"event.occurred_at", [](auto& r) { event(r).mutable_occurred_at()->set_nanos(-1); }},
    {"event.occurred_at", [](auto& r) { event(r).mutable_occurred_at()->set_seconds(-62135596800); }},
    {"event.alert_at", [](auto& r) { event(r).mutable_alert_at()->set_seconds(253402300799); }},
    {"event.give_up_at",
     [](auto& r) { event(r).mutable_give_up_at()->set_seconds(sample_now_s + 400LL * 86400); }},
    {"event.give_up_at", [](auto& r) { event(r).mutable_give_up_at()->set_seconds(sample_now_s - 1); }},
    {"event.give_up_at",
     [](auto& r) {
       event(r).mutable_alert_at()->set_seconds(sample_now_s + 7200);
       event(r).mutable_give_up_at()->set_seconds(sample_now_s + 3600);
     }},
};

const std::vector<Broken> recipient_cases = {
    {"event.recipients", [](auto& r) { event(r).clear_recipients(); }},
    {"event.recipients",
     [](auto& r) {
       for (int i = 0; i < 50; ++i)
         event(r).add_recipients()->mutable_person()->set_mailbox("d" + std::to_string(i) + "@x.mssante.fr");
     }},
    {"event.recipients[2]", [](auto& r) { event(r).add_recipients(); }},
    {"event.recipients[2].person.mailbox", [](auto& r) { event(r).add_recipients()->mutable_person(); }},
    {"event.recipients[2].structure.mailbox",
     [](auto& r) { event(r).add_recipients()->mutable_structure()->set_mailbox("not an address"); }},
    {"event.recipients[2].person.mailbox",
     [](auto& r) { event(r).add_recipients()->mutable_person()->set_mailbox("a@elsewhere.example"); }},
    {"event.recipients[2].person.mailbox",
     [](auto& r) { event(r).add_recipients()->mutable_person()->set_mailbox("a@evilmssante.fr"); }},
    {"event.recipients[2]",
     [](auto& r) {
       event(r).add_recipients()->mutable_structure()->set_mailbox("Claire.Modele@MEDECIN.demo.mssante.fr");
     }},
    {"event.recipients[2]", [](auto& r) { event(r).add_recipients()->mutable_patient(); }},
    {"event.recipients[0].person.professional.national_id",
     [](auto& r) {
       auto& professional = *event(r).mutable_recipients(0)->mutable_person()->mutable_professional();
       fill_professional(professional);
       professional.set_national_id("01234567897");
     }},
};

const std::vector<Broken> patient_cases = {
    {"event.subject", [](auto& r) { event(r).clear_subject(); }},
    {"event.subject.ins.matricule",
     [](auto& r) { subject(r).mutable_ins()->set_matricule("279035121518990"); }},
    {"event.subject.ins.oid", [](auto& r) { subject(r).mutable_ins()->set_oid("1.2.250.1.213.1.4.8"); }},
    {"event.subject.ins", [](auto& r) { subject(r).clear_ins(); }},
    {"event.subject.status", [](auto& r) { subject(r).clear_status(); }},
    {"event.subject.birth_family_name", [](auto& r) { subject(r).clear_birth_family_name(); }},
    {"event.subject.birth_family_name", [](auto& r) { subject(r).set_birth_family_name("A\nB"); }},
    {"event.subject.birth_family_name", [](auto& r) { subject(r).set_birth_family_name("A\u202EB"); }},
    {"event.subject.birth_family_name",
     [](auto& r) { subject(r).set_birth_family_name(std::string(101, 'A')); }},
    {"event.subject.birth_given_names", [](auto& r) { subject(r).clear_birth_given_names(); }},
    {"event.subject.first_birth_given_name", [](auto& r) { subject(r).set_first_birth_given_name("MARIE"); }},
    {"event.subject.first_birth_given_name", [](auto& r) { subject(r).set_first_birth_given_name("DOMI"); }},
    {"event.subject.sex", [](auto& r) { subject(r).clear_sex(); }},
    {"event.subject.birth_date", [](auto& r) { subject(r).clear_birth_date(); }},
    {"event.subject.birth_date", [](auto& r) { subject(r).set_birth_date("28/03/1979"); }},
    {"event.subject.birth_date", [](auto& r) { subject(r).set_birth_date("1979-02-30"); }},
    {"event.subject.birth_place_code", [](auto& r) { subject(r).clear_birth_place_code(); }},
    {"event.subject.birth_place_code", [](auto& r) { subject(r).set_birth_place_code("5121"); }},
    {"event.subject.local_id.oid", [](auto& r) { subject(r).mutable_local_id()->set_value("42"); }},
    {"event.subject.telecoms[0].uri", [](auto& r) { subject(r).add_telecoms()->set_uri("0612345678"); }},
    {"event.subject.birth_rank", [](auto& r) { subject(r).set_birth_rank(10); }},
    {"event.subject.guardians",
     [](auto& r) {
       for (int i = 0; i < 5; ++i) subject(r).add_guardians();
     }},
    {"event.subject.guardians[0].name.family_name", [](auto& r) { subject(r).add_guardians(); }},
    {"event.subject.guardians[0].name.given_name",
     [](auto& r) { subject(r).add_guardians()->mutable_name()->set_given_name("A\nB"); }},
    {"event.subject.guardians[0].local_id.oid",
     [](auto& r) { subject(r).add_guardians()->mutable_local_id()->set_oid("1.2.250.1.213.1.4.10"); }},
    {"event.subject.guardians[0].telecoms[0].uri",
     [](auto& r) { subject(r).add_guardians()->add_telecoms()->set_uri("0612345678"); }},
};

const std::vector<Broken> letter_cases = {
    {"event.discharge_letter", [](auto& r) { event(r).mutable_discharge_letter()->clear_content(); }},
    {"event.discharge_letter.sender_cda",
     [](auto& r) { event(r).mutable_discharge_letter()->set_sender_cda(""); }},
    {"event.discharge_letter.pdf.pdf",
     [](auto& r) { event(r).mutable_discharge_letter()->mutable_pdf()->clear_pdf(); }},
    {"event.discharge_letter.pdf.metadata",
     [](auto& r) { event(r).mutable_discharge_letter()->mutable_pdf()->clear_metadata(); }},
    {"event.discharge_letter.readable_copy",
     [](auto& r) { event(r).mutable_discharge_letter()->set_readable_copy("%PDF-"); }},
    {"event.discharge_letter.replaces",
     [](auto& r) { event(r).mutable_discharge_letter()->set_replaces("pas un oid"); }},
    {"event.discharge_letter.pdf.metadata.document_id",
     [](auto& r) { metadata(r).set_document_id("1.2^3"); }},
    {"event.discharge_letter.pdf.metadata.version", [](auto& r) { metadata(r).set_version(-1); }},
    {"event.discharge_letter.pdf.metadata.set_id", [](auto& r) { metadata(r).set_version(2); }},
    {"event.discharge_letter.replaces", [](auto& r) { metadata(r).set_version(2); }},
    {"event.discharge_letter.pdf.metadata.title",
     [](auto& r) { metadata(r).set_title(std::string(129, 't')); }},
    {"event.discharge_letter.pdf.metadata.created_at", [](auto& r) { metadata(r).clear_created_at(); }},
    {"event.discharge_letter.pdf.metadata.created_at",
     [](auto& r) { metadata(r).mutable_created_at()->set_seconds(sample_now_s + 90000); }},
    {"event.discharge_letter.pdf.metadata.authors", [](auto& r) { metadata(r).clear_authors(); }},
    {"event.discharge_letter.pdf.metadata.authors[0].specialty_code",
     [](auto& r) { metadata(r).mutable_authors(0)->clear_specialty_code(); }},
    {"event.discharge_letter.pdf.metadata.authors[0].specialty_label",
     [](auto& r) { metadata(r).mutable_authors(0)->clear_specialty_label(); }},
    {"event.discharge_letter.pdf.metadata.encounter", [](auto& r) { metadata(r).clear_encounter(); }},
    {"event.discharge_letter.pdf.metadata.encounter.start", [](auto& r) { encounter(r).clear_start(); }},
    {"event.discharge_letter.pdf.metadata.encounter.end",
     [](auto& r) { encounter(r).mutable_end()->set_seconds(1); }},
    {"event.discharge_letter.pdf.metadata.encounter.facility_type.code",
     [](auto& r) { encounter(r).clear_facility_type(); }},
    {"event.discharge_letter.pdf.metadata.encounter.practice_setting.code",
     [](auto& r) { encounter(r).clear_practice_setting(); }},
};

// The same of a PDF's metadata and of a structured letter's.
const std::vector<Broken> people_cases = {
    {".addressees",
     [](auto& r) {
       for (int i = 0; i < 21; ++i) metadata(r).add_addressees();
     }},
    {".addressees[0].national_id", [](auto& r) { metadata(r).add_addressees(); }},
    {".approvers",
     [](auto& r) {
       for (int i = 0; i < 11; ++i) metadata(r).add_approvers();
     }},
    {".approvers[0].family_name", [](auto& r) { metadata(r).add_approvers(); }},
    {".data_enterer.national_id", [](auto& r) { metadata(r).mutable_data_enterer(); }},
    {".participants",
     [](auto& r) {
       for (int i = 0; i < 21; ++i) metadata(r).add_participants();
     }},
    {".participants[0].role", [](auto& r) { metadata(r).add_participants(); }},
    {".participants[0].professional.national_id", [](auto& r) { metadata(r).add_participants(); }},
    {".related_persons",
     [](auto& r) {
       for (int i = 0; i < 11; ++i) metadata(r).add_related_persons();
     }},
    {".related_persons[0].role", [](auto& r) { metadata(r).add_related_persons(); }},
    {".related_persons[0].name.family_name", [](auto& r) { metadata(r).add_related_persons(); }},
    {".related_persons[0].relationship_code",
     [](auto& r) { metadata(r).add_related_persons()->set_relationship_code("a b"); }},
    {".related_persons[0].telecoms[0].uri",
     [](auto& r) { metadata(r).add_related_persons()->add_telecoms()->set_uri("0612345678"); }},
    {".encounter.responsible.national_id", [](auto& r) { encounter(r).mutable_responsible(); }},
    {".encounter.participants",
     [](auto& r) {
       for (int i = 0; i < 21; ++i) encounter(r).add_participants();
     }},
    {".encounter.participants[0].role", [](auto& r) { encounter(r).add_participants(); }},
    {".encounter.participants[0].professional.family_name", [](auto& r) { encounter(r).add_participants(); }},
};

v1::SubmitEventRequest as_structured(v1::SubmitEventRequest request) {
  const v1::DocumentMetadata told = metadata(request);
  *event(request).mutable_discharge_letter()->mutable_structured()->mutable_metadata() = told;
  return request;
}

void expect_each_is_found(const std::vector<Broken>& cases) {
  for (size_t i = 0; i < cases.size(); ++i) {
    v1::SubmitEventRequest request = sample_request();
    cases[i].breaks(request);
    const auto faults = faults_of(request);
    const bool found = std::any_of(faults.begin(), faults.end(),
                                   [&](const FieldFault& fault) { return fault.path == cases[i].path; });
    EXPECT_TRUE(found) << "case " << i << " expects " << cases[i].path
                       << ", first found: " << (faults.empty() ? "none" : faults[0].path);
  }
}

TEST(EventChecks, FindEachFaultOfTheEnvelope) {
  // Claim: each broken rule is answered at the path of its field.
  expect_each_is_found(envelope_cases);
}

TEST(EventChecks, FindEachFaultOfRecipients) {
  // Claim: each broken rule is answered at the path of its field.
  expect_each_is_found(recipient_cases);
}

TEST(EventChecks, FindEachFaultOfThePatient) {
  // Claim: each broken rule is answered at the path of its field.
  expect_each_is_found(patient_cases);
}

TEST(EventChecks, FindEachFaultOfTheLetter) {
  // Claim: each broken rule is answered at the path of its field.
  expect_each_is_found(letter_cases);
}

TEST(EventChecks, FindEachFaultOfThoseWhomTheDocumentNames) {
  // Claim: everybody in the metadata has the shape that an author has, in every list and under both contents.
  for (const Broken& broken : people_cases) {
    v1::SubmitEventRequest request = sample_request();
    broken.breaks(request);
    for (const std::string content : {"pdf", "structured"}) {
      const std::string path = "event.discharge_letter." + content + ".metadata" + broken.path;
      const auto faults = faults_of(content == "pdf" ? request : as_structured(request));
      EXPECT_TRUE(std::ranges::any_of(faults, [&](const FieldFault& fault) { return fault.path == path; }))
          << path;
    }
  }
}

TEST(EventChecks, TakeEverybodyWhomADocumentMayName) {
  // Claim: people who are named as they should be are no fault.
  v1::SubmitEventRequest request = sample_request();
  fill_professional(*metadata(request).add_addressees());
  fill_professional(*metadata(request).add_approvers());
  fill_professional(*metadata(request).mutable_data_enterer());
  fill_professional(*encounter(request).mutable_responsible());
  auto& admitter = *encounter(request).add_participants();
  admitter.set_role(v1::EncounterParticipant::ROLE_ADMITTER);
  fill_professional(*admitter.mutable_professional());
  auto& referrer = *metadata(request).add_participants();
  referrer.set_role(v1::CareParticipant::ROLE_REFERRER);
  fill_professional(*referrer.mutable_professional());
  auto& mother = *metadata(request).add_related_persons();
  mother.set_role(v1::RelatedPerson::ROLE_CONTACT);
  mother.set_relationship_code("MTH");
  mother.mutable_name()->set_birth_family_name("Démonstration");
  subject(request).add_guardians()->mutable_name()->set_family_name("Démonstration");
  subject(request).set_birth_rank(2);
  EXPECT_TRUE(faults_of(request).empty());
  EXPECT_TRUE(faults_of(as_structured(request)).empty());
}

TEST(EventChecks, TakeStructuredContentWithItsMetadataAndItsCopy) {
  // Claim: fields need a subject and metadata as a PDF does; a copy may stand beside them and beside a CDA,
  // not beside a PDF.
  v1::SubmitEventRequest request = as_structured(sample_request());
  event(request).mutable_discharge_letter()->set_readable_copy("%PDF-");
  EXPECT_TRUE(faults_of(request).empty());
  event(request).clear_subject();
  event(request).mutable_discharge_letter()->mutable_structured()->clear_metadata();
  const auto faults = faults_of(request);
  ASSERT_EQ(faults.size(), 2u);
  EXPECT_EQ(faults[0].path, "event.subject");
  EXPECT_EQ(faults[1].path, "event.discharge_letter.structured.metadata");
}

TEST(EventChecks, NameNoValue) {
  // Claim: no fault text of any broken event quotes what the sender wrote.
  for (const auto* cases : {&envelope_cases, &recipient_cases, &patient_cases, &letter_cases}) {
    for (const Broken& broken : *cases) {
      v1::SubmitEventRequest request = sample_request();
      broken.breaks(request);
      for (const FieldFault& fault : faults_of(request)) {
        for (const char* value : {"PAT-TROIS", "DOMINIQUE", "27903512151899", "claire.modele", "elsewhere",
                                  "28/03", "0612345678"}) {
          EXPECT_EQ(fault.text.find(value), std::string::npos) << fault.path;
        }
      }
    }
  }
}

TEST(EventChecks, TakeAnUnqualifiedPatientWithFewTraits) {
  // Claim: without an INS, a name, a given name, a sex and a birth date are enough.
  v1::SubmitEventRequest request = sample_request();
  subject(request).clear_ins();
  subject(request).set_status(v1::IDENTITY_STATUS_PROVISIONAL);
  subject(request).clear_birth_given_names();
  subject(request).clear_birth_place_code();
  EXPECT_TRUE(faults_of(request).empty());
}

TEST(EventChecks, TakeAnInsThatIsNotQualifiedButNoWrongOne) {
  // Claim: its sender may give it, for it will be left out; a wrong key is a mistake under any status.
  v1::SubmitEventRequest request = sample_request();
  subject(request).set_status(v1::IDENTITY_STATUS_RETRIEVED);
  subject(request).clear_birth_place_code();
  EXPECT_TRUE(faults_of(request).empty());
  subject(request).mutable_ins()->set_matricule("279035121518990");
  const auto faults = faults_of(request);
  ASSERT_EQ(faults.size(), 1U);
  EXPECT_EQ(faults[0].path, "event.subject.ins.matricule");
}

TEST(EventChecks, RefuseUnknownFieldsAtAnyDepth) {
  // Claim: a field that this version does not know is said where it is.
  v1::SubmitEventRequest request = sample_request();
  subject(request)
      .mutable_ins()
      ->GetReflection()
      ->MutableUnknownFields(subject(request).mutable_ins())
      ->AddVarint(99, 1);
  const auto faults = faults_of(request);
  ASSERT_EQ(faults.size(), 1U);
  EXPECT_EQ(faults[0].path, "event.subject.ins");
}

TEST(EventChecks, RefuseTestIdentitiesInProduction) {
  // Claim: a test OID never passes where patients are real.
  const auto faults = faults_of(sample_request(), Environment::production);
  ASSERT_EQ(faults.size(), 1U);
  EXPECT_EQ(faults[0].path, "event.subject.ins.oid");
}

}  // namespace
}  // namespace psl
