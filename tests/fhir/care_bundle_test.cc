#include "fhir/care_bundle.h"

#include <gtest/gtest.h>

#include <random>
#include <sstream>

#include "fhir/care_check.h"
#include "fhir/care_codes.h"
#include "fhir/json_value.h"
#include "tests/fhir/care_fixtures.h"
#include "tests/fhir/care_reading.h"
#include "tests/support/golden_file.h"
#include "tests/support/indented_json.h"

namespace psl::fhir {
namespace {

namespace v1 = passerelle::v1;
namespace stored = passerelle::internal::v1;
using test::CareSample;
using test::faults_text;
using test::has_issue;
using test::read;
using test::resources;

constexpr Dialect both_dialects[] = {Dialect::fr_core_2_1_0, Dialect::fr_core_2_2_0};

std::vector<std::string> issue_codes(const CareBundle& bundle) {
  std::vector<std::string> codes;
  for (const v1::Issue& issue : bundle.issues) codes.push_back(issue.code());
  return codes;
}

// What a sample becomes, without the tag of its event.
std::string untagged(const CareSample& sample) {
  std::string json = sample.bundle().json;
  const std::string tag = "\"code\":\"urn:uuid:" + sample.event_id.text() + "\"";
  for (size_t at = json.find(tag); at != std::string::npos; at = json.find(tag)) json.erase(at, tag.size());
  return json;
}

std::string status_and_business(Value task) {
  return std::string(task.text("status")) + " " + std::string(task.text("businessStatus.coding.0.code"));
}

TEST(CareBundles, AreAsTheGoldensHaveThem) {
  // Golden: each kind and state, in each dialect; all keep our own rules.
  for (const auto& [name, sample] : test::all_samples()) {
    for (const Dialect dialect : both_dialects) {
      const CareBundle bundle = sample.bundle(dialect);
      const char* edition = dialect == Dialect::fr_core_2_1_0 ? "fr-core-2.1.0" : "fr-core-2.2.0";
      expect_golden("fhir-care/" + name + "-" + edition + ".json", indented(bundle.json));
      EXPECT_EQ(faults_text(bundle.json), "") << name;
    }
  }
}

TEST(CareBundles, GiveTheSameBytesForTheSameInput) {
  // Nothing in them is random.
  for (const auto& [name, sample] : test::all_samples()) {
    EXPECT_EQ(sample.bundle().json, sample.bundle().json) << name;
  }
}

TEST(CareBundles, TellTheTypeOfEachEntryInOrder) {
  // `entries` is what the answer is read by.
  for (const auto& [name, sample] : test::all_samples()) {
    const CareBundle bundle = sample.bundle();
    const Tree tree = read(bundle);
    std::vector<std::string> types;
    for (const Value entry : tree.root()["entry"]) types.emplace_back(entry.text("resource.resourceType"));
    EXPECT_EQ(bundle.entries, types) << name;
  }
}

TEST(CareBundles, AreFoundByTheIdentifierOfWhatTheyAreAbout) {
  // `search` is the condition of the update of that resource.
  for (const auto& [name, sample] : test::all_samples()) {
    const CareBundle bundle = sample.bundle();
    EXPECT_NE(bundle.json.find("\"url\":\"" + bundle.search + "\""), std::string::npos) << name;
  }
  EXPECT_EQ(test::physician_sample().bundle().search,
            "ServiceRequest?identifier=urn%3Aietf%3Arfc%3A3986%7Curn%3Auuid%3A11111111-2222-8333-8444-"
            "555555555555");
}

TEST(CareBundles, TagWhatTheySayTheStateOfWithTheEvent) {
  // And with how late that state is; who is made where it is missing has no tag, for a state is not theirs.
  for (const auto& [name, sample] : test::all_samples()) {
    const Tree tree = read(sample.bundle());
    for (const Value entry : tree.root()["entry"]) {
      const Value tags = entry.at("resource.meta.tag");
      const bool updates = entry.text("request.method") == "PUT";
      EXPECT_EQ(tags.size(), updates ? 2U : 0U) << name;
      EXPECT_EQ(tags.text("0.system"), updates ? "urn:ietf:rfc:3986" : "") << name;
      EXPECT_EQ(tags.text("0.code"), updates ? "urn:uuid:" + sample.event_id.text() : "") << name;
      const int64_t order =
          sample.care.has_orientation() ? sample.care.orientation().order() : sample.care.circle().order();
      EXPECT_EQ(tags.text("1.system"), updates ? own_order_system : "") << name;
      EXPECT_EQ(tags.text("1.code"), updates ? std::to_string(order) : "") << name;
    }
  }
}

TEST(CareBundles, DoNotSayAnOrderThatIsNotKnown) {
  // Of an event that an older program stored: the tag of the event alone.
  CareSample sample = test::circle_sample();
  sample.set_order(0);
  EXPECT_EQ(sample.bundle().json.find(own_order_system), std::string::npos);
  EXPECT_EQ(faults_text(sample.bundle().json), "");
}

TEST(CareBundles, RefuseAKindThatHasNoForm) {
  // A letter is a document, not resources: an error, and nothing to send.
  CareSample letter;
  letter.event().mutable_discharge_letter();
  const CareBundle bundle = letter.bundle();
  EXPECT_EQ(bundle.json, "");
  ASSERT_EQ(bundle.issues.size(), 1U);
  EXPECT_EQ(bundle.issues[0].code(), "FHIR_KIND_NOT_CARRIED");
  EXPECT_EQ(bundle.issues[0].level(), v1::Issue::LEVEL_ERROR);
}

TEST(CareBundles, NeverUseAFullUrlAsIdentifier) {
  // A server may replace a fullUrl wherever it reads it.
  for (const auto& [name, sample] : test::all_samples()) {
    const CareBundle bundle = sample.bundle();
    const Tree tree = read(bundle);
    for (const Value entry : tree.root()["entry"]) {
      EXPECT_NE(entry.text("resource.identifier.0.value"), entry.text("fullUrl")) << name;
    }
  }
}

TEST(CareBundles, UseANiaAsEachDialectWants) {
  // fr-core 2.1.0: temp; 2.2.0: official. A NIR is official in both.
  CareSample sample = test::physician_sample();
  const auto use_of = [&sample](Dialect dialect) {
    const Tree tree = read(sample.bundle(dialect));
    return std::string(resources(tree, "Patient")[0].text("identifier.0.use"));
  };
  EXPECT_EQ(use_of(Dialect::fr_core_2_1_0), "official");
  sample.header.mutable_patient()->mutable_ins()->set_oid("1.2.250.1.213.1.4.9");
  EXPECT_EQ(use_of(Dialect::fr_core_2_1_0), "temp");
  EXPECT_EQ(use_of(Dialect::fr_core_2_2_0), "official");
  EXPECT_EQ(faults_text(sample.bundle().json), "");
}

TEST(CareBundles, NameAnUnqualifiedPatientByAnIdentifierOfOurs) {
  // No INS, no official identifier, but one of ours (tests/fhir/care_identity_test.cc).
  CareSample sample = test::unscheduled_sample();
  const CareBundle bundle = sample.bundle();
  EXPECT_TRUE(has_issue(bundle, "FHIR_PATIENT_WITHOUT_INS"));
  EXPECT_EQ(bundle.json.find("265033947811573"), std::string::npos);
  const Tree first = read(bundle);
  const Value patient = resources(first, "Patient")[0];
  EXPECT_TRUE(patient.text("meta.profile.0").ends_with("fr-core-patient"));
  EXPECT_EQ(patient.text("identifier.0.use"), "secondary");
}

TEST(CareBundles, LeaveOutTheInsOfAnIdentityThatIsNotQualified) {
  // RNIV 1 EXI SI 08: an INS that was only retrieved is not sent.
  CareSample sample = test::physician_sample();
  sample.header.mutable_patient()->set_status(v1::IDENTITY_STATUS_RETRIEVED);
  EXPECT_EQ(sample.bundle().json.find("265033947811573"), std::string::npos);
}

TEST(CareBundles, CarryTheLabelsOfTheEvent) {
  // Confidentiality and masks, on each resource that says what happened.
  CareSample sample = test::physician_sample();
  sample.header.mutable_metadata()->set_confidentiality(v1::CONFIDENTIALITY_RESTRICTED);
  sample.event().mutable_visibility()->set_hidden_from_patient(true);
  const Tree tree = read(sample.bundle());
  for (const char* type : {"ServiceRequest", "Task"}) {
    const Value security = resources(tree, type)[0].at("meta.security");
    EXPECT_EQ(security.text("0.code"), "R");
    EXPECT_EQ(security.text("1.code"), "INVISIBLE_PATIENT");
  }
}

TEST(OrientationBundle, HasOneTaskForEachAttemptThatBegan) {
  // Declined, accepted; the third candidate was not asked and is not named.
  const CareBundle bundle = test::specialist_sample().bundle();
  const Tree tree = read(bundle);
  const auto tasks = resources(tree, "Task");
  ASSERT_EQ(tasks.size(), 2U);
  EXPECT_EQ(status_and_business(tasks[0]), "rejected 4.0");
  EXPECT_EQ(tasks[0].text("statusReason.coding.0.code"), "not-available");
  EXPECT_EQ(tasks[0].text("statusReason.text"), "Pas de place avant mars.");
  EXPECT_EQ(status_and_business(tasks[1]), "accepted 3.0");
  EXPECT_EQ(tasks[1].text("identifier.0.value"), "urn:uuid:" + test::proposal_id(2).text());
  EXPECT_EQ(resources(tree, "ServiceRequest")[0]["performer"].size(), 2U);
  EXPECT_EQ(bundle.json.find("Centre hospitalier"), std::string::npos);
}

TEST(OrientationBundle, NeverNamesWhoWasNeverAsked) {
  // The first of two accepts and sees the patient; the core lets the second one go, whom nobody asked
  // anything.
  CareSample sample = test::physician_sample();
  sample.answer(0, "ACCEPTED");
  sample.say("step: SEEN");
  ASSERT_EQ(sample.orientation_case().proposals(1).state(), v1::PROPOSAL_STATE_WITHDRAWN);
  const CareBundle bundle = sample.bundle();
  const Tree tree = read(bundle);
  EXPECT_EQ(resources(tree, "Task").size(), 1U);
  EXPECT_EQ(resources(tree, "ServiceRequest")[0]["performer"].size(), 1U);
  EXPECT_EQ(bundle.json.find("810009876541"), std::string::npos);
}

TEST(OrientationBundle, SaysEachStateInTheWordsOf360X) {
  // The table of states: case and proposal to Task and ServiceRequest.
  struct Row {
    std::string steps;
    std::string task;
    std::string request;
    std::string appointment;
  };
  const Row rows[] = {{"", "in-progress 5.1.1", "active", "booked"},
                      {"NO_SHOW", "in-progress 5.1.2", "active", "noshow"},
                      {"APPOINTMENT_CANCELLED", "in-progress 5.1.3", "active", "cancelled"},
                      {"SEEN", "in-progress 5.1.4", "active", "fulfilled"},
                      {"COMPLETED", "completed 7.0", "completed", "fulfilled"},
                      {"CANCELLED", "cancelled 6.0", "revoked", "cancelled"},
                      // What became of the appointment stays what it was.
                      {"NO_SHOW RESCHEDULED", "in-progress 5.1.2", "active", "noshow"},
                      {"NO_SHOW SEEN", "in-progress 5.1.4", "active", "noshow"},
                      {"APPOINTMENT_CANCELLED COMPLETED", "completed 7.0", "completed", "cancelled"},
                      {"NO_SHOW CANCELLED", "cancelled 6.0", "revoked", "noshow"},
                      {"SEEN CANCELLED", "cancelled 6.0", "revoked", "fulfilled"}};
  for (const Row& row : rows) {
    CareSample sample = test::admission_sample();
    std::istringstream steps(row.steps);
    for (std::string step; steps >> step;) sample.say("step: " + step);
    const Tree tree = read(sample.bundle());
    EXPECT_EQ(status_and_business(resources(tree, "Task")[0]), row.task) << row.steps;
    EXPECT_EQ(resources(tree, "ServiceRequest")[0].text("status"), row.request) << row.steps;
    EXPECT_EQ(resources(tree, "Appointment")[0].text("status"), row.appointment) << row.steps;
  }
}

TEST(OrientationBundle, KeepsEachAppointmentWithWhatBecameOfIt) {
  // Missed, then booked again: two; moved to another time: the same one.
  CareSample sample = test::admission_sample();
  sample.say("step: NO_SHOW");
  sample.say("step: BOOKED appointment { start { seconds: 1795700000 } }");
  sample.say("step: BOOKED appointment { start { seconds: 1795800000 } }");
  const Tree tree = read(sample.bundle());
  const auto appointments = resources(tree, "Appointment");
  ASSERT_EQ(appointments.size(), 2U);
  EXPECT_EQ(appointments[0].text("status"), "noshow");
  EXPECT_EQ(appointments[0].text("comment"), "Cabinet, 2e étage");
  EXPECT_EQ(appointments[1].text("status"), "booked");
  EXPECT_EQ(appointments[1].text("start"), "2026-11-27T18:20:00+01:00");
  EXPECT_NE(appointments[0].text("identifier.0.value"), appointments[1].text("identifier.0.value"));
}

TEST(OrientationBundle, CancelsTheAppointmentOfWhoStepsBack) {
  // The professional, or the patient; it stays with whom it was, and says why.
  for (const std::string step : {"DECLINED", "PATIENT_DECLINED"}) {
    CareSample sample = test::specialist_sample();
    sample.say(CareSample::booked_text);
    sample.answer(1, step + " reason: OUT_OF_AREA reason_text: \"Trop loin.\"");
    const CareBundle bundle = sample.bundle();
    EXPECT_EQ(faults_text(bundle.json), "");
    const Tree tree = read(bundle);
    const auto appointments = resources(tree, "Appointment");
    const auto tasks = resources(tree, "Task");
    ASSERT_EQ(appointments.size(), 1U);
    ASSERT_EQ(tasks.size(), 3U);
    EXPECT_EQ(appointments[0].text("status"), "cancelled");
    EXPECT_EQ(appointments[0].text("cancelationReason.coding.0.code"), "out-of-area");
    EXPECT_EQ(appointments[0].text("cancelationReason.text"), "Trop loin.");
    EXPECT_EQ(appointments[0].text("participant.1.actor.reference"), tasks[1].text("owner.reference"));
    EXPECT_EQ(tasks[1].text("statusReason.coding.0.code"), "out-of-area");
    EXPECT_EQ(status_and_business(tasks[2]), "requested 2.0");
  }
}

TEST(OrientationBundle, WritesTheAppointmentOfAStateThatKeptOnlyTheLast) {
  // Sealed by an older program: its state is what the case says, under the identifier that it had.
  CareSample sample = test::admission_sample();
  const Tree now = read(sample.bundle());
  sample.orientation_case().clear_bookings();
  const Tree before = read(sample.bundle());
  EXPECT_EQ(resources(before, "Appointment")[0].text("identifier.0.value"),
            resources(now, "Appointment")[0].text("identifier.0.value"));
  EXPECT_EQ(resources(before, "Appointment")[0].text("status"), "booked");
  EXPECT_EQ(resources(before, "Appointment")[0]["participant"].size(), 2U);
  sample.say("step: NO_SHOW");
  const Tree missed = read(sample.bundle());
  EXPECT_EQ(resources(missed, "Appointment")[0].text("status"), "noshow");
}

TEST(OrientationBundle, SaysWhyAnAttemptEnded) {
  // Time passed, another was first, never reached, cancelled with a reason, the patient's own.
  const auto why = [](const CareSample& sample, size_t place) {
    const Tree tree = read(sample.bundle());
    const Value task = resources(tree, "Task").at(place);
    return std::string(task.text("status")) + " " + std::string(task.text("statusReason.coding.0.code")) +
           ": " + std::string(task.text("statusReason.text"));
  };
  const CareSample parallel = test::paramedical_sample();
  EXPECT_EQ(why(parallel, 0), "cancelled taken: Un autre professionnel a accepté");
  EXPECT_EQ(why(parallel, 2), "failed unreachable: N'a pas pu être joint");
  EXPECT_EQ(why(test::support_sample(), 0), "cancelled expired: Sans réponse dans le délai");
  CareSample cancelled = test::unscheduled_sample();
  cancelled.say("step: CANCELLED reason: NO_LONGER_NEEDED reason_text: \"Hospitalisé hier.\"");
  EXPECT_EQ(why(cancelled, 1), "cancelled no-longer-needed: Hospitalisé hier.");
  CareSample chosen = test::specialist_sample();
  chosen.say("step: PATIENT_DECLINED reason: OTHER");
  EXPECT_EQ(why(chosen, 1), "cancelled other: Autre motif");
  CareSample given_up = test::unscheduled_sample();
  given_up.orientation_case().mutable_proposals(0)->set_state(v1::PROPOSAL_STATE_WITHDRAWN);
  EXPECT_EQ(why(given_up, 0), "cancelled withdrawn: Demande retirée");
}

TEST(OrientationBundle, LosesNoWordOfAStep) {
  // What was said with it is a note of the Task, or of the request whose dates change; why an appointment was
  // cancelled stays with it.
  CareSample sample = test::specialist_sample();
  sample.say("step: RESCHEDULED reason_text: \"Après les fêtes.\"");
  const CareBundle moved = sample.bundle();
  EXPECT_NE(moved.json.find("Dates souhaitées modifiées : Après les fêtes."), std::string::npos);
  sample.say("step: BOOKED appointment { start { seconds: 1796600000 } }");
  sample.say("step: APPOINTMENT_CANCELLED reason: NOT_AVAILABLE reason_text: \"Absent.\"");
  const Tree tree = read(sample.bundle());
  EXPECT_EQ(resources(tree, "Task")[1].text("note.0.text"),
            "Rendez-vous annulé : Pas disponible dans ce délai : Absent.");
  EXPECT_EQ(resources(tree, "Appointment")[0].text("cancelationReason.text"), "Absent.");
  sample.say("step: SEEN reason_text: \"Compte rendu à venir.\"");
  const Tree seen = read(sample.bundle());
  EXPECT_EQ(resources(seen, "Task")[1].text("note.0.text"), "Patient vu : Compte rendu à venir.");
  EXPECT_EQ(resources(seen, "Appointment")[0].text("cancelationReason.text"), "Absent.");
  // No attempt was left to say why.
  CareSample spent = test::support_sample();
  spent.say("step: CANCELLED reason: NO_LONGER_NEEDED reason_text: \"Hospitalisé.\"");
  const Tree cancelled = read(spent.bundle());
  EXPECT_EQ(resources(cancelled, "ServiceRequest")[0].text("note.1.text"),
            "Demande annulée : La demande n'a plus lieu d'être : Hospitalisé.");
}

TEST(OrientationBundle, DatesEachChangeOfAnAttempt) {
  // lastModified is when the state changed, also for those who said nothing; a poll by it sees them.
  CareSample sample = test::paramedical_sample();
  const auto changed = [&sample](size_t place) {
    const Tree tree = read(sample.bundle());
    return std::string(resources(tree, "Task").at(place).text("lastModified"));
  };
  EXPECT_EQ(changed(2), "2026-11-22T10:11:00+01:00");
  EXPECT_EQ(changed(0), "2026-11-22T11:11:00+01:00");
  sample.say("step: PATIENT_DECLINED reason: PATIENT_CHOICE");
  EXPECT_EQ(changed(3), "2026-11-22T12:11:00+01:00");
  // Of an older program.
  for (auto& proposal : *sample.orientation_case().mutable_proposals()) proposal.clear_changed_at();
  EXPECT_EQ(changed(0), "2026-11-22T10:01:00+01:00");
  EXPECT_EQ(changed(3), "2026-11-22T11:11:00+01:00");
}

TEST(OrientationBundle, SaysAnUpdateByTheWholeState) {
  // An update has no orientation of its own: its bundle is that of the case, under the same identifiers, the
  // request as it was asked. The tag alone is its own.
  CareSample sample = test::specialist_sample();
  const std::string updated = untagged(sample);
  sample.event() = sample.orientation_case().event();
  EXPECT_EQ(untagged(sample), updated);
}

TEST(OrientationBundle, TellsOnlyWhatTheUpdateItselfLoses) {
  // What is lost of the request was told with it; an update has no such path.
  CareSample sample = test::physician_sample();
  sample.orientation_case().mutable_event()->mutable_orientation()->mutable_reason_codes(0)->clear_system();
  EXPECT_EQ(issue_codes(sample.bundle()),
            (std::vector<std::string>{"FHIR_CODE_WITHOUT_SYSTEM", "FHIR_COMMUNE_LEFT_OUT"}));
  sample.answer(0, "ACCEPTED");
  EXPECT_TRUE(issue_codes(sample.bundle()).empty());
}

TEST(OrientationBundle, CarriesTheMasksOfAnUpdate) {
  // They come from the update, which holds those of its orientation too.
  CareSample sample = test::specialist_sample();
  sample.event().mutable_visibility()->set_hidden_from_patient(true);
  const Tree tree = read(sample.bundle());
  EXPECT_EQ(resources(tree, "Task")[0].text("meta.security.0.code"), "INVISIBLE_PATIENT");
}

TEST(OrientationBundle, GivesThePhysicianThatWasFoundAsATeamOfOne) {
  // PCP of TRE_R259; generalPractitioner is left alone, and an issue says so. It began when it happened, not
  // when it was told.
  CareSample sample = test::physician_sample();
  sample.answer(0, "ACCEPTED");
  const Tree before = read(sample.bundle());
  EXPECT_TRUE(resources(before, "CareTeam").empty());
  sample.say("step: COMPLETED");
  const CareBundle bundle = sample.bundle();
  const Tree tree = read(bundle);
  const Value team = resources(tree, "CareTeam")[0];
  const Value task = resources(tree, "Task")[0];
  EXPECT_EQ(team.text("participant.0.role.0.coding.0.code"), "PCP");
  EXPECT_EQ(team.text("participant.0.member.reference"), task.text("owner.reference"));
  EXPECT_EQ(team.text("period.start"), "2026-11-22T11:51:00+01:00");
  EXPECT_EQ(task.text("output.0.valueDateTime"), "2026-11-22T11:51:00+01:00");
  EXPECT_EQ(task.text("lastModified"), "2026-11-22T12:01:00+01:00");
  EXPECT_TRUE(has_issue(bundle, "FHIR_GENERAL_PRACTITIONER_LEFT_OUT"));
  EXPECT_FALSE(resources(tree, "Patient")[0]["generalPractitioner"].exists());
  sample.orientation_case().mutable_last()->clear_occurred_at();
  const Tree older = read(sample.bundle());
  EXPECT_EQ(resources(older, "CareTeam")[0].text("period.start"), "2026-11-22T12:01:00+01:00");
}

TEST(OrientationBundle, ReplacesThePhysicianThatWasFoundBefore) {
  // One team for each person, whatever the request; without the person's id, one for each request.
  const auto team_of = [](uint8_t request, const std::string& person) {
    CareSample sample;
    sample.event_id.bytes[0] = request;
    sample.make_orientation("kind: PRIMARY_CARE_PHYSICIAN reason: \"Départ.\"", {CareSample::doctor_text});
    sample.care.set_circle_id(person);
    sample.answer(0, "ACCEPTED");
    sample.say("step: COMPLETED");
    const Tree tree = read(sample.bundle());
    return std::string(resources(tree, "CareTeam").at(0).text("identifier.0.value"));
  };
  const std::string someone(16, 'a');
  EXPECT_EQ(team_of(1, someone), team_of(2, someone));
  EXPECT_NE(team_of(1, someone), team_of(1, std::string(16, 'b')));
  EXPECT_NE(team_of(1, ""), team_of(2, ""));
}

TEST(OrientationBundle, GivesNoPhysicianWithoutAName) {
  // A mailbox, a structure, a tool: an issue instead of a team that names nobody.
  for (const char* candidate : {CareSample::mailbox_text, CareSample::hospital_text, CareSample::tool_text}) {
    CareSample sample;
    sample.make_orientation("kind: PRIMARY_CARE_PHYSICIAN reason: \"Départ.\"", {candidate});
    sample.answer(0, "ACCEPTED");
    sample.say("step: COMPLETED");
    const CareBundle bundle = sample.bundle();
    const Tree tree = read(bundle);
    EXPECT_TRUE(resources(tree, "CareTeam").empty());
    EXPECT_EQ(resources(tree, "Task")[0]["output"].size(), 1U);
    EXPECT_TRUE(has_issue(bundle, "FHIR_PHYSICIAN_LEFT_OUT"));
  }
}

TEST(OrientationBundle, EndsAnAppointmentWhoseEndIsUnknownAtItsStart) {
  // R4 app-3: both or neither; an issue tells, once.
  CareSample sample = test::admission_sample();
  EXPECT_FALSE(has_issue(sample.bundle(), "FHIR_APPOINTMENT_END_UNKNOWN"));
  sample.say("step: BOOKED appointment { start { seconds: 1795700000 } }");
  const CareBundle bundle = sample.bundle();
  EXPECT_TRUE(has_issue(bundle, "FHIR_APPOINTMENT_END_UNKNOWN"));
  EXPECT_EQ(faults_text(bundle.json), "");
  sample.say("step: SEEN");
  EXPECT_FALSE(has_issue(sample.bundle(), "FHIR_APPOINTMENT_END_UNKNOWN"));
}

TEST(OrientationBundle, WritesTextsWithoutTheSpaceAroundThem) {
  // A YAML block ends with a line end, of which validators complain; lines within stay.
  CareSample sample = test::physician_sample();
  sample.orientation_case().mutable_event()->mutable_orientation()->set_reason(" Motif.\nSuite.\n");
  const Tree tree = read(sample.bundle());
  EXPECT_EQ(resources(tree, "ServiceRequest")[0].text("reasonCode.0.text"), "Motif.\nSuite.");
}

TEST(OrientationBundle, WritesNoCodeWithoutASystem) {
  // The label stays; an issue has the path.
  CareSample sample = test::physician_sample();
  sample.orientation_case().mutable_event()->mutable_orientation()->mutable_reason_codes(0)->clear_system();
  const CareBundle bundle = sample.bundle();
  EXPECT_TRUE(has_issue(bundle, "FHIR_CODE_WITHOUT_SYSTEM"));
  EXPECT_EQ(bundle.json.find("E11.9"), std::string::npos);
}

TEST(EnrolmentBundle, SaysTheStatusInTheWordsOfEachResource) {
  // EpisodeOfCare and CarePlan.
  const std::array<std::string, 3> rows[] = {{"PLANNED", "planned", "draft"},
                                             {"ACTIVE", "active", "active"},
                                             {"ON_HOLD", "onhold", "on-hold"},
                                             {"FINISHED", "finished", "completed"},
                                             {"CANCELLED", "cancelled", "revoked"}};
  for (const auto& [status, episode, plan] : rows) {
    const CareBundle bundle = test::enrolment_sample("status: " + status).bundle();
    const Tree tree = read(bundle);
    EXPECT_EQ(resources(tree, "EpisodeOfCare")[0].text("status"), episode);
    EXPECT_EQ(resources(tree, "CarePlan")[0].text("status"), plan);
    EXPECT_EQ(faults_text(bundle.json), "");
  }
}

TEST(EnrolmentBundle, SaysTheStatesThatItHasBeenIn) {
  // EpisodeOfCare.statusHistory: each until the next began, the present one open. One that was told after
  // what followed it has no end; without a history there is none.
  CareSample sample = test::enrolment_sample("status: ON_HOLD");
  const auto history = [&sample] {
    std::string text;
    const Tree tree = read(sample.bundle());
    for (const Value past : resources(tree, "EpisodeOfCare")[0]["statusHistory"])
      text += std::string(past.text("status")) + " " + std::string(past.text("period.start")) + " " +
              std::string(past.text("period.end")) + "\n";
    return text;
  };
  EXPECT_EQ(history(), "");
  sample.add_past(v1::PathwayEnrolment::PLANNED, CareSample::asked_at);
  sample.add_past(v1::PathwayEnrolment::ACTIVE, CareSample::asked_at + 60);
  sample.add_past(v1::PathwayEnrolment::ON_HOLD, CareSample::asked_at + 30);
  EXPECT_EQ(history(),
            "planned 2026-11-22T10:00:00+01:00 2026-11-22T10:01:00+01:00\n"
            "active 2026-11-22T10:01:00+01:00 \n"
            "onhold 2026-11-22T10:00:30+01:00 \n");
  EXPECT_EQ(faults_text(sample.bundle().json), "");
}

TEST(EnrolmentBundle, NamesTheVersionOfTheProtocol) {
  // Two versions may have one canonical: both resources tell them apart, and the pathway is still found by it
  // alone.
  CareSample sample = test::enrolment_sample("status: ACTIVE");
  const std::string canonical = sample.tenant.protocols(0).canonical();
  const auto codes_of = [&sample] {
    const Tree tree = read(sample.bundle());
    const Value episode = resources(tree, "EpisodeOfCare")[0];
    const Value plan = resources(tree, "CarePlan")[0];
    EXPECT_EQ(episode.text("type.0.coding.1.code"), plan.text("instantiatesCanonical.0"));
    return std::string(episode.text("type.0.coding.0.code")) + " " +
           std::string(episode.text("type.0.coding.1.code"));
  };
  EXPECT_EQ(codes_of(), canonical + " " + canonical + "|2");
  *sample.tenant.add_protocols() = sample.tenant.protocols(0);
  sample.tenant.mutable_protocols(1)->set_version("3");
  sample.event().mutable_pathway_enrolment()->set_protocol_version("3");
  EXPECT_EQ(codes_of(), canonical + " " + canonical + "|3");
  sample.tenant.mutable_protocols(1)->set_canonical(canonical + "|2027-a");
  EXPECT_EQ(codes_of(), canonical + " " + canonical + "|2027-a");
}

// Members "c1", "c2"... who coordinate, each held by what `holders` says: an enrolment's case, or nothing.
CareSample coordinated_sample(const std::vector<std::string>& holders) {
  CareSample sample = test::enrolment_sample("status: ACTIVE");
  sample.care.mutable_circle()->clear_memberships();
  for (const std::string& holder : holders) {
    v1::CircleMember& member = sample.add_member(CareSample::circle_texts[1]);
    const int number = sample.care.circle().memberships_size();
    member.set_member_id("c" + std::to_string(number));
    member.mutable_person()->mutable_professional()->set_given_name(
        "Paul" + std::string(static_cast<size_t>(number), 'e'));
    if (!holder.empty())
      sample.care.mutable_circle()->mutable_memberships()->rbegin()->add_enrolments(holder);
  }
  return sample;
}

// The place in the team of who is careManager; "": nobody is.
std::string manager_of(const CareSample& sample) {
  const Tree tree = read(sample.bundle());
  const auto manager = resources(tree, "EpisodeOfCare")[0].text("careManager.reference");
  const Value team = resources(tree, "CareTeam")[0];
  std::string found;
  size_t place = 0;
  for (const Value one : team["participant"]) {
    ++place;
    if (!manager.empty() && one.text("member.reference") == manager) found += std::to_string(place);
  }
  return found;
}

TEST(EnrolmentBundle, IsManagedByTheCoordinatorOfThisPathway) {
  // Not by the one of another; who came by a change of circle only when this one has none.
  const std::string own = CareSample().enrolment_case.raw();
  EXPECT_EQ(manager_of(coordinated_sample({"another", own})), "2");
  EXPECT_EQ(manager_of(coordinated_sample({"", own})), "2");
  EXPECT_EQ(manager_of(coordinated_sample({"another", ""})), "2");
  EXPECT_EQ(manager_of(coordinated_sample({"another"})), "");
  // Before enrolments had an identity in their events.
  CareSample old = coordinated_sample({"another"});
  old.care.clear_enrolment_id();
  EXPECT_EQ(manager_of(old), "1");
}

TEST(EnrolmentBundle, IsManagedByWhoIsThereOnThatDay) {
  // One who will leave is still there; who has left is not; who is to come stands back.
  const std::string own = CareSample().enrolment_case.raw();
  CareSample sample = coordinated_sample({own, own, own});
  auto& memberships = *sample.care.mutable_circle()->mutable_memberships();
  const int64_t today = sample.input(Dialect::fr_core_2_1_0).dated_at.us / 1000000;
  memberships[0].mutable_until()->set_seconds(today);
  memberships[1].mutable_from()->set_seconds(today + 60);
  memberships[2].mutable_until()->set_seconds(today + 86400);
  EXPECT_EQ(manager_of(sample), "3");
  memberships[2].mutable_until()->set_seconds(today);
  EXPECT_EQ(manager_of(sample), "2");
}

TEST(CircleBundle, KeepsWhoLeftWithAnEnd) {
  // The whole circle, history too; a team that all have left is inactive.
  CareSample sample = test::circle_sample();
  auto& memberships = *sample.care.mutable_circle()->mutable_memberships();
  memberships[2].mutable_until()->set_seconds(CareSample::asked_at);
  const Tree tree = read(sample.bundle());
  const Value team = resources(tree, "CareTeam")[0];
  EXPECT_EQ(team["participant"].size(), 3U);
  EXPECT_EQ(team.text("participant.2.period.end"), "2026-11-22T10:00:00+01:00");
  EXPECT_FALSE(team.at("participant.0.period.end").exists());
  EXPECT_EQ(team.text("status"), "active");
  for (auto& each : memberships) each.mutable_until()->set_seconds(CareSample::asked_at);
  const Tree over = read(sample.bundle());
  EXPECT_EQ(resources(over, "CareTeam")[0].text("status"), "inactive");
}

TEST(CircleBundle, HoldsTheLastDecisionOfThePatient) {
  // Given, refused, withdrawn, run out; the latest by its own time, in whatever order they came.
  const auto status_of = [](const CareSample& sample) {
    const Tree tree = read(sample.bundle());
    return std::string(resources(tree, "Consent")[0].text("status"));
  };
  CareSample sample = test::circle_sample();
  const auto decide = [&sample](v1::Consent::Decision decision, int64_t at) {
    sample.add_consent(decision);
    v1::Consent& one = *sample.care.mutable_circle()->mutable_consents()->rbegin()->mutable_consent();
    one.mutable_decided_at()->set_seconds(at);
    return &one;
  };
  EXPECT_EQ(status_of(sample), "active");
  decide(v1::Consent::REFUSED, CareSample::asked_at - 3000);
  EXPECT_EQ(status_of(sample), "rejected");
  decide(v1::Consent::WITHDRAWN, CareSample::asked_at - 2000);
  EXPECT_EQ(status_of(sample), "inactive");
  decide(v1::Consent::GIVEN, CareSample::asked_at - 2500);
  EXPECT_EQ(status_of(sample), "inactive");
  v1::Consent& last = *decide(v1::Consent::GIVEN, CareSample::asked_at - 1000);
  EXPECT_EQ(status_of(sample), "active");
  last.mutable_expires_at()->set_seconds(CareSample::asked_at);
  EXPECT_EQ(status_of(sample), "inactive");
}

TEST(CircleBundle, HoldsTheDecisionThatSharesLessOfTwoAtOneInstant) {
  // What the gateway does by, in whatever order the two came.
  for (const bool given_last : {false, true}) {
    CareSample sample = test::circle_sample();
    sample.care.mutable_circle()->clear_consents();
    sample.add_consent(given_last ? v1::Consent::WITHDRAWN : v1::Consent::GIVEN);
    sample.add_consent(given_last ? v1::Consent::GIVEN : v1::Consent::WITHDRAWN);
    const Tree tree = read(sample.bundle());
    EXPECT_EQ(resources(tree, "Consent")[0].text("status"), "inactive");
    EXPECT_FALSE(resources(tree, "Consent")[0]["provision"].exists());
  }
}

TEST(CircleBundle, PermitsTheMembersOfTheCircleAlone) {
  // R4 reads a permission without an actor as one of everybody.
  const Tree tree = read(test::circle_sample().bundle());
  const Value provision = resources(tree, "Consent")[0]["provision"];
  EXPECT_EQ(provision.text("type"), "permit");
  EXPECT_EQ(provision.text("actor.0.role.coding.0.code"), "IRCP");
  std::string team;
  for (const Value entry : tree.root()["entry"]) {
    if (entry.text("resource.resourceType") == "CareTeam") team = std::string(entry.text("fullUrl"));
  }
  EXPECT_EQ(provision.text("actor.0.reference.reference"), team);
}

TEST(CircleBundle, SaysWhetherTheCircleIsMadeOrChanged) {
  // CDS 2.0.1 has a profile for each.
  CareSample sample = test::circle_sample();
  const auto profile_of = [&sample] {
    const Tree tree = read(sample.bundle());
    const std::string profile(tree.root().text("meta.profile.0"));
    return profile.substr(profile.find_last_of('/') + 1);
  };
  EXPECT_EQ(profile_of(), "cds-bundle-transaction-creation");
  sample.care.set_circle_known(true);
  EXPECT_EQ(profile_of(), "cds-bundle-transaction-maj");
}

TEST(CircleBundle, ClaimsTheGuideOnlyWhereItStands) {
  // CDS 2.0.1 stands on fr-core 2.1.0.
  const CareSample sample = test::circle_sample();
  EXPECT_NE(sample.bundle(Dialect::fr_core_2_1_0).json.find("cds-ihe-careteam"), std::string::npos);
  const CareBundle other = sample.bundle(Dialect::fr_core_2_2_0);
  EXPECT_EQ(other.json.find("/ig/fhir/cds/"), std::string::npos);
  EXPECT_TRUE(has_issue(other, "FHIR_CARE_TEAM_WITHOUT_PROFILE"));
}

// A text of the kinds that events hold.
std::string any_text(std::mt19937& random) {
  static const char* const pieces[] = {"a", "É", "\"", "\\", "\n", " ", "<b>", "œ", "{", "%7C", "|"};
  std::string text = "x";
  for (size_t i = random() % 12; i > 0; --i) text += pieces[random() % std::size(pieces)];
  return text;
}

void shake_people(CareSample& sample, std::mt19937& random) {
  v1::Patient& patient = *sample.header.mutable_patient();
  patient.set_birth_family_name(any_text(random));
  if (random() % 2 == 0) patient.set_used_given_name(any_text(random));
  if (random() % 3 == 0) sample.make_unqualified();
  if (random() % 3 == 0) patient.clear_local_id();
  patient.set_birth_rank(static_cast<int>(random() % 3));
  if (random() % 3 == 0) sample.event().mutable_source()->clear_professional();
  sample.header.mutable_metadata()->set_confidentiality(static_cast<v1::Confidentiality>(random() % 4));
}

void shake_orientation(CareSample& sample, std::mt19937& random) {
  v1::CoordinationEvent& event = *sample.orientation_case().mutable_event();
  v1::Orientation& orientation = *event.mutable_orientation();
  orientation.set_kind(static_cast<v1::Orientation::Kind>(1 + random() % 6));
  orientation.set_urgency(static_cast<v1::Orientation::Urgency>(random() % 4));
  orientation.set_reason(any_text(random));
  sample.orientation_case().set_state(static_cast<v1::OrientationState>(1 + random() % 8));
  sample.orientation_case().mutable_last()->set_step(
      static_cast<v1::OrientationUpdate::Step>(1 + random() % 10));
  const auto some_time = [&random] { return CareSample::asked_at + static_cast<int64_t>(random() % 99999); };
  for (stored::Proposal& proposal : *sample.orientation_case().mutable_proposals()) {
    proposal.set_state(static_cast<v1::ProposalState>(1 + random() % 9));
    if (random() % 2 == 0) proposal.set_reason_text(any_text(random));
    if (random() % 2 == 0) proposal.mutable_proposed_at()->set_seconds(some_time());
    if (random() % 2 == 0) proposal.mutable_answered_at()->set_seconds(some_time());
    if (random() % 2 == 0) proposal.mutable_changed_at()->set_seconds(some_time());
  }
  if (random() % 2 == 0)
    sample.orientation_case().mutable_appointment()->mutable_start()->set_seconds(1796000000);
  if (random() % 2 == 0) {
    stored::Booking& booking = *sample.orientation_case().add_bookings();
    booking.set_number(sample.orientation_case().bookings_size());
    booking.set_proposal(static_cast<int>(random() % 4));
    if (random() % 2 == 0) *booking.mutable_ended() = sample.orientation_case().last();
  }
}

void shake_circle(CareSample& sample, std::mt19937& random) {
  for (auto& membership : *sample.care.mutable_circle()->mutable_memberships()) {
    membership.mutable_member()->set_role(static_cast<v1::MemberRole>(1 + random() % 18));
    if (random() % 2 == 0)
      membership.mutable_until()->set_seconds(CareSample::asked_at + static_cast<int64_t>(random() % 99999));
  }
  sample.add_consent(static_cast<v1::Consent::Decision>(1 + random() % 3));
  if (sample.event().has_pathway_enrolment()) {
    v1::PathwayEnrolment& enrolment = *sample.event().mutable_pathway_enrolment();
    enrolment.set_status(static_cast<v1::PathwayEnrolment::Status>(1 + random() % 5));
    enrolment.set_end_reason(static_cast<v1::PathwayEnrolment::EndReason>(random() % 8));
    if (random() % 2 == 0) enrolment.clear_condition();
    if (random() % 2 == 0) enrolment.add_goals(any_text(random));
    if (random() % 3 == 0) sample.care.clear_circle();
  }
}

TEST(CareBundles, OfAnyEventKeepOurRules) {
  // Property: random valid events of each kind, in each dialect.
  std::mt19937 random(6);
  const auto samples = test::all_samples();
  for (int round = 0; round < 600; ++round) {
    CareSample sample = samples[random() % samples.size()].sample;
    shake_people(sample, random);
    if (sample.care.has_orientation()) {
      shake_orientation(sample, random);
    } else {
      shake_circle(sample, random);
    }
    const CareBundle bundle = sample.bundle(both_dialects[random() % 2]);
    ASSERT_EQ(faults_text(bundle.json), "") << round;
    for (const v1::Issue& issue : bundle.issues) {
      EXPECT_FALSE(issue.text().empty() || issue.text_fr().empty() || issue.path().empty());
    }
  }
}

}  // namespace
}  // namespace psl::fhir
