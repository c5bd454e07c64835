#include "gateway/intake/orientation_checks.h"

#include "tests/gateway/intake/care_checks.h"

namespace psl {
namespace {

namespace v1 = passerelle::v1;
using Update = v1::OrientationUpdate;

v1::Orientation& orientation(v1::CoordinationEvent& e) { return *e.mutable_orientation(); }
v1::Candidate& candidate(v1::CoordinationEvent& e, int i = 0) {
  return *orientation(e).mutable_candidates(i);
}
Update& update(v1::CoordinationEvent& e) { return *e.mutable_orientation_update(); }
void by_list(v1::CoordinationEvent& e) {
  orientation(e).clear_candidates();
  orientation(e).set_candidate_list("medecins");
  orientation(e).set_commune_code("39300");
}

#define WHAT "event.orientation"

const std::vector<WrongField> what_cases = {
    {WHAT ".kind", [](auto& e) { orientation(e).clear_kind(); }},
    {WHAT ".kind", [](auto& e) { orientation(e).set_kind(static_cast<v1::Orientation::Kind>(99)); }},
    {WHAT ".reason", [](auto& e) { orientation(e).clear_reason(); }},
    {WHAT ".reason", [](auto& e) { orientation(e).set_reason(std::string(2001, 'S')); }},
    {WHAT ".reason", [](auto& e) { orientation(e).set_reason("SECRET\tx"); }},
    {WHAT ".reason", [](auto& e) { orientation(e).set_reason("SECRET\r\nx"); }},
    {WHAT ".reason", [](auto& e) { orientation(e).set_reason("SECRET\u202Ex"); }},
    {WHAT ".reason", [](auto& e) { orientation(e).set_reason("SECRET\u061Cx"); }},
    {WHAT ".reason", [](auto& e) { orientation(e).set_reason(" \n "); }},
    {WHAT ".reason_codes",
     [](auto& e) {
       for (int i = 0; i < 6; ++i) orientation(e).add_reason_codes();
     }},
    {WHAT ".reason_codes[0].code", [](auto& e) { orientation(e).add_reason_codes(); }},
    {WHAT ".reason_codes[0].system", [](auto& e) { orientation(e).add_reason_codes()->set_code("I50.0"); }},
    {WHAT ".reason_codes[1].system",
     [](auto& e) {
       for (int i = 0; i < 2; ++i) orientation(e).add_reason_codes()->set_system("2.16.840.1.113883.6.3");
     }},
    {WHAT ".specialty.code", [](auto& e) { orientation(e).clear_specialty(); }},
    {WHAT ".specialty.code", [](auto& e) { orientation(e).mutable_specialty()->set_code("SECRET x"); }},
    // Another one to everybody who compares codes.
    {WHAT ".specialty.code", [](auto& e) { orientation(e).mutable_specialty()->set_code("sm04"); }},
    {WHAT ".wanted_before",
     [](auto& e) {
       orientation(e).clear_wanted_from();
       orientation(e).mutable_wanted_before()->set_seconds(e.occurred_at().seconds() - 1);
     }},
    // What no XML can hold, whatever the text.
    {WHAT ".reason", [](auto& e) { orientation(e).set_reason("SECRET\uFFFEx"); }},
    {WHAT ".specialty.label", [](auto& e) { orientation(e).mutable_specialty()->set_label("SECRET\uFFFF"); }},
    {"event.source.software", [](auto& e) { e.mutable_source()->set_software("SECRET\uFFFE"); }},
    {WHAT ".specialty.label", [](auto& e) { orientation(e).mutable_specialty()->set_label("SECRET\nx"); }},
    // Of JDV_J01, and of TRE_R38 where a code of TRE_G15 belongs.
    {WHAT ".specialty.system",
     [](auto& e) { orientation(e).mutable_specialty()->set_system("1.2.250.1.213.1.1.4.5"); }},
    {WHAT ".profession.system",
     [](auto& e) {
       orientation(e).mutable_profession()->set_code("60");
       orientation(e).mutable_profession()->set_system("1.2.250.1.213.2.28");
     }},
    {WHAT ".profession.code", [](auto& e) { orientation(e).set_kind(v1::Orientation::PARAMEDICAL); }},
    {WHAT ".urgency", [](auto& e) { orientation(e).set_urgency(v1::Orientation::VITAL); }},
    {WHAT ".facts.daily_medicines",
     [](auto& e) { orientation(e).mutable_facts()->set_daily_medicines(100); }},
    {WHAT ".facts.daily_medicines", [](auto& e) { orientation(e).mutable_facts()->set_daily_medicines(-1); }},
    {WHAT ".wanted_before",
     [](auto& e) { orientation(e).mutable_wanted_before()->set_seconds(sample_now_s - 1); }},
    {WHAT ".wanted_from", [](auto& e) { orientation(e).mutable_wanted_from()->set_nanos(-1); }},
    {WHAT ".answer_within", [](auto& e) { orientation(e).mutable_answer_within()->set_seconds(299); }},
    {WHAT ".answer_within",
     [](auto& e) { orientation(e).mutable_answer_within()->set_seconds(30 * 86400 + 1); }},
    {WHAT ".answer_within", [](auto& e) { orientation(e).mutable_answer_within()->set_seconds(INT64_MAX); }},
    {WHAT ".answer_within",
     [](auto& e) {
       orientation(e).mutable_answer_within()->set_seconds(600);
       orientation(e).mutable_answer_within()->set_nanos(-5);
     }},
    {WHAT ".treatments", [](auto& e) { orientation(e).set_treatments(std::string(2001, 'S')); }},
    {WHAT ".allergies", [](auto& e) { orientation(e).set_allergies("SECRET\x01"); }},
    {WHAT ".context", [](auto& e) { orientation(e).set_context("SECRET\x7F"); }},
    {WHAT ".patient_informed", [](auto& e) { orientation(e).clear_patient_informed(); }},
    {WHAT ".metadata.title",
     [](auto& e) { orientation(e).mutable_metadata()->set_title(std::string(129, 'S')); }},
    {WHAT ".metadata.version", [](auto& e) { orientation(e).mutable_metadata()->set_version(2); }},
    {WHAT ".metadata.authors[0].specialty_code",
     [](auto& e) { orientation(e).mutable_metadata()->add_authors(); }},
    {WHAT ".metadata.encounter.start",
     [](auto& e) { orientation(e).mutable_metadata()->mutable_encounter(); }},
};

const std::vector<WrongField> whom_cases = {
    {WHAT ".candidates", [](auto& e) { orientation(e).clear_candidates(); }},
    {WHAT ".candidates", [](auto& e) { orientation(e).set_candidate_list("medecins"); }},
    {WHAT ".candidates",
     [](auto& e) {
       for (int i = 0; i < 30; ++i) orientation(e).add_candidates();
     }},
    {WHAT ".commune_code",
     [](auto& e) {
       by_list(e);
       orientation(e).clear_commune_code();
     }},
    {WHAT ".commune_code", [](auto& e) { orientation(e).set_commune_code("3930"); }},
    {WHAT ".candidate_list",
     [](auto& e) {
       by_list(e);
       orientation(e).set_candidate_list("SECRET");
     }},
    {WHAT ".candidates[2]", [](auto& e) { orientation(e).add_candidates(); }},
    {WHAT ".candidates[0].person.mailbox", [](auto& e) { candidate(e).mutable_person()->clear_mailbox(); }},
    {WHAT ".candidates[0].person.mailbox",
     [](auto& e) { candidate(e).mutable_person()->set_mailbox("SECRET@elsewhere.example"); }},
    {WHAT ".candidates[0].person.mailbox",
     [](auto& e) { candidate(e).mutable_person()->set_mailbox("279035121518989@patient.mssante.fr"); }},
    {WHAT ".candidates[0].structure.mailbox",
     [](auto& e) { candidate(e).mutable_structure()->set_mailbox("279035121518989@PATIENT.mssante.fr"); }},
    {WHAT ".candidates[0].structure.organization.national_id",
     [](auto& e) { candidate(e).mutable_structure()->mutable_organization(); }},
    {WHAT ".candidates[0].person.professional.family_name",
     [](auto& e) { candidate(e).mutable_person()->mutable_professional(); }},
    {WHAT ".candidates[1].tool.name", [](auto& e) { candidate(e, 1).mutable_tool()->set_name("SECRET"); }},
    {WHAT ".candidates[0].phone", [](auto& e) { candidate(e).set_phone("SECRET"); }},
    {WHAT ".candidates[0].phone", [](auto& e) { candidate(e).set_phone("tel:+33 SECRET"); }},
    // The same address as another candidate, and as one who is kept informed.
    {WHAT ".candidates[2]", [](auto& e) { *orientation(e).add_candidates() = candidate(e); }},
    {WHAT ".candidates[2]",
     [](auto& e) {
       orientation(e).add_candidates()->mutable_structure()->set_mailbox(
           "Claire.MODELE@medecin.demo.mssante.fr");
     }},
    {WHAT ".candidates[1]", [](auto& e) { e.add_recipients()->mutable_tool()->set_name("outil"); }},
};

const std::vector<WrongField> envelope_cases = {
    {"event.subject", [](auto& e) { e.clear_subject(); }},
    {"event.source.professional", [](auto& e) { e.mutable_source()->clear_professional(); }},
    {"event.source.professional.specialty_code",
     [](auto& e) { e.mutable_source()->mutable_professional()->clear_specialty_code(); }},
    {"event.source.professional.national_id",
     [](auto& e) { e.mutable_source()->mutable_professional()->clear_national_id(); }},
    {"event.legal_basis", [](auto& e) { e.set_legal_basis(v1::LEGAL_BASIS_PATIENT_ACCESS); }},
    {"event.recipients[0].person.mailbox",
     [](auto& e) {
       e.mutable_recipients(0)->mutable_person()->set_mailbox("279035121518989@patient.mssante.fr");
     }},
    {"event.recipients[1].fhir_server.name",
     [](auto& e) { e.add_recipients()->mutable_fhir_server()->set_name("SECRET"); }},
    {"event.recipients[2]",
     [](auto& e) {
       for (int i = 0; i < 2; ++i) e.add_recipients()->mutable_fhir_server()->set_name("territoire");
     }},
};

#define STEP "event.orientation_update"

const std::vector<WrongField> update_cases = {
    {STEP ".orientation_event_id", [](auto& e) { update(e).clear_orientation_event_id(); }},
    {STEP ".orientation_event_id", [](auto& e) { update(e).set_orientation_event_id("SECRET"); }},
    {STEP ".proposal_id", [](auto& e) { update(e).clear_proposal_id(); }},
    {STEP ".proposal_id", [](auto& e) { update(e).set_proposal_id("SECRET"); }},
    {STEP ".step", [](auto& e) { update(e).clear_step(); }},
    {STEP ".step", [](auto& e) { update(e).set_step(Update::EXPIRED); }},
    {STEP ".step", [](auto& e) { update(e).set_step(Update::UNREACHABLE); }},
    {STEP ".step", [](auto& e) { update(e).set_step(Update::SPENT); }},
    {STEP ".step", [](auto& e) { update(e).set_step(Update::TOO_LATE); }},
    {STEP ".step", [](auto& e) { update(e).set_step(static_cast<Update::Step>(-7)); }},
    {STEP ".reason", [](auto& e) { update(e).set_step(Update::DECLINED); }},
    {STEP ".reason", [](auto& e) { update(e).set_step(Update::CANCELLED); }},
    {STEP ".reason", [](auto& e) { update(e).set_step(Update::PATIENT_DECLINED); }},
    {STEP ".reason_text", [](auto& e) { update(e).set_reason_text(std::string(501, 'S')); }},
    {STEP ".reason_text", [](auto& e) { update(e).set_reason_text("SECRET\nx"); }},
    {STEP ".appointment", [](auto& e) { update(e).set_step(Update::BOOKED); }},
    {STEP ".appointment",
     [](auto& e) { update(e).mutable_appointment()->mutable_start()->set_seconds(sample_now_s); }},
    {STEP ".appointment.start",
     [](auto& e) {
       update(e).set_step(Update::BOOKED);
       update(e).mutable_appointment();
     }},
    {STEP ".appointment.end",
     [](auto& e) {
       update(e).set_step(Update::BOOKED);
       update(e).mutable_appointment()->mutable_start()->set_seconds(sample_now_s);
       update(e).mutable_appointment()->mutable_end()->set_seconds(sample_now_s - 1);
     }},
    {STEP ".appointment.place",
     [](auto& e) {
       update(e).set_step(Update::BOOKED);
       update(e).mutable_appointment()->set_place(std::string(201, 'S'));
     }},
    {STEP ".wanted_from", [](auto& e) { update(e).set_step(Update::RESCHEDULED); }},
    {STEP ".wanted_before", [](auto& e) { update(e).mutable_wanted_before()->set_seconds(sample_now_s); }},
    {STEP ".wanted_before",
     [](auto& e) {
       update(e).set_step(Update::RESCHEDULED);
       update(e).mutable_wanted_from()->set_seconds(sample_now_s);
       update(e).mutable_wanted_before()->set_seconds(sample_now_s - 1);
     }},
    {STEP ".wanted_before",
     [](auto& e) {
       update(e).set_step(Update::RESCHEDULED);
       update(e).mutable_wanted_before()->set_seconds(e.occurred_at().seconds() - 1);
     }},
    {STEP ".channel", [](auto& e) { update(e).set_channel(v1::ANSWER_CHANNEL_API); }},
    {"event.subject", [](auto& e) { fill_patient(*e.mutable_subject()); }},
    {"event.source", [](auto& e) { e.clear_source(); }},
    {"event.recipients", [](auto& e) { e.add_recipients()->mutable_tool()->set_name("outil"); }},
    {"event.route_to_circle", [](auto& e) { e.set_route_to_circle(true); }},
    {"event.legal_basis", [](auto& e) { e.set_legal_basis(v1::LEGAL_BASIS_PATIENT_ACCESS); }},
};

TEST(OrientationChecks, FindEachFaultOfWhatIsAsked) {
  // Claim: each broken rule of the request is answered at its field, without its value.
  expect_each_found(sample_orientation(), what_cases);
}

TEST(OrientationChecks, FindEachFaultOfWhomIsAsked) {
  // Claim: a candidate without an address, named twice, kept informed as well, or who is a patient is
  // refused.
  expect_each_found(sample_orientation(), whom_cases);
}

TEST(OrientationChecks, FindEachFaultOfTheEnvelope) {
  // Claim: a request needs its patient and who asks, and goes to professionals.
  expect_each_found(sample_orientation(), envelope_cases);
}

TEST(OrientationChecks, FindEachFaultOfAnUpdate) {
  // Claim: an update says its step with what belongs to it, and nothing that follows from the orientation.
  expect_each_found(sample_update(), update_cases);
}

TEST(OrientationChecks, SendAVitalEmergencyToThePhone) {
  // Claim: whoever marks a request as vital is told, in French, to call 15.
  auto request = sample_orientation();
  orientation(*request.mutable_event()).set_urgency(v1::Orientation::VITAL);
  const auto faults = care_faults(request);
  ASSERT_EQ(faults.size(), 1U);
  EXPECT_NE(faults[0].text.find("appelez le 15"), std::string::npos);
}

TEST(OrientationChecks, TakeEveryKindOfRequest) {
  // Claim: nobody needs to be kept informed, a list does instead of candidates, a part of the metadata does
  // instead of all, and the bounds of an answer's time are inside.
  expect_taken(sample_orientation(), [](auto& e) { e.clear_recipients(); });
  expect_taken(sample_orientation(), by_list);
  expect_taken(sample_orientation(), [](auto& e) { orientation(e).mutable_metadata()->set_title("Avis"); });
  expect_taken(sample_orientation(),
               [](auto& e) { orientation(e).mutable_answer_within()->set_seconds(300); });
  expect_taken(sample_orientation(),
               [](auto& e) { orientation(e).mutable_answer_within()->set_seconds(30 * 86400); });
  expect_taken(sample_orientation(), [](auto& e) {
    orientation(e).set_kind(v1::Orientation::PARAMEDICAL);
    orientation(e).mutable_profession()->set_code("60");
  });
  expect_taken(sample_orientation(), [](auto& e) { e.add_recipients()->mutable_shared_record(); });
  expect_taken(sample_orientation(), [](auto& e) { e.set_route_to_circle(true); });
  expect_taken(sample_orientation(), [](auto& e) { candidate(e).set_phone("tel:+33384000000"); });
}

TEST(OrientationChecks, TakeEveryStepWithWhatBelongsToIt) {
  // Claim: the ten steps of the outside are taken, without a professional at the source.
  for (int number = Update::ACCEPTED; number <= Update::RESCHEDULED; ++number) {
    expect_taken(sample_update(), [&](auto& e) {
      e.mutable_source()->clear_professional();
      update(e).set_step(static_cast<Update::Step>(number));
      update(e).set_reason(Update::OTHER);
      if (number == Update::BOOKED)
        update(e).mutable_appointment()->mutable_start()->set_seconds(sample_now_s + 86400);
      if (number == Update::RESCHEDULED) update(e).mutable_wanted_before()->set_seconds(sample_now_s + 86400);
      if (number > Update::DECLINED) update(e).clear_proposal_id();
    });
  }
}

TEST(EnvelopeChecks, TakeALetterToTheCircleOnly) {
  // Claim: a letter needs a recipient unless it is routed; it is no resource of a FHIR server.
  auto request = sample_request();
  request.mutable_event()->clear_recipients();
  EXPECT_NE(paths_of(care_faults(request)), "");
  request.mutable_event()->set_route_to_circle(true);
  EXPECT_EQ(paths_of(care_faults(request)), "");
  request.mutable_event()->add_recipients()->mutable_fhir_server()->set_name("territoire");
  const auto faults = care_faults(request);
  ASSERT_EQ(faults.size(), 1U);
  EXPECT_EQ(faults[0].path, "event.recipients[0].fhir_server");
}

TEST(EnvelopeChecks, KeepFewFaultsOfAMessageThatIsFullOfThem) {
  // Claim: a million wrong values are as many as 21: a refusal never grows with what was sent.
  auto request = sample_circle_change();
  auto& objection = *request.mutable_event()->mutable_care_circle_change()->mutable_objection();
  for (int i = 0; i < 1000000; ++i) objection.add_standings(static_cast<v1::Standing>(99));
  EXPECT_LE(care_faults(request).size(), 21U);
}

}  // namespace
}  // namespace psl
