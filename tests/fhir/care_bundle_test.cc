#include "fhir/care_bundle.h"

#include <gtest/gtest.h>

#include <random>

#include "fhir/care_check.h"
#include "fhir/json_value.h"
#include "tests/fhir/care_fixtures.h"
#include "tests/support/golden_file.h"
#include "tests/support/indented_json.h"

namespace psl::fhir {
namespace {

namespace v1 = passerelle::v1;
namespace stored = passerelle::internal::v1;
using test::CareSample;

constexpr Dialect both_dialects[] = {Dialect::fr_core_2_1_0, Dialect::fr_core_2_2_0};

std::string faults_text(const std::string& json) {
  std::string text;
  for (const CareFault& fault : check_care_bundle(json)) text += fault.path + ": " + fault.text + "\n";
  return text;
}

Tree read(const CareBundle& bundle) {
  auto tree = Tree::read(bundle.json);
  EXPECT_TRUE(tree.ok()) << (tree.ok() ? "" : tree.error().text);
  return std::move(*tree);
}

// The resources of one type, in order.
std::vector<Value> resources(const Tree& bundle, std::string_view type) {
  std::vector<Value> found;
  for (const Value entry : bundle.root()["entry"]) {
    if (entry.text("resource.resourceType") == type) found.push_back(entry["resource"]);
  }
  return found;
}

std::vector<std::string> issue_codes(const CareBundle& bundle) {
  std::vector<std::string> codes;
  for (const v1::Issue& issue : bundle.issues) codes.push_back(issue.code());
  return codes;
}

bool has_issue(const CareBundle& bundle, const std::string& code) {
  const auto codes = issue_codes(bundle);
  return std::find(codes.begin(), codes.end(), code) != codes.end();
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
  // Each update has this one tag; who is made where it is missing has none, for a state is not theirs.
  for (const auto& [name, sample] : test::all_samples()) {
    const Tree tree = read(sample.bundle());
    for (const Value entry : tree.root()["entry"]) {
      const Value tags = entry.at("resource.meta.tag");
      const bool updates = entry.text("request.method") == "PUT";
      EXPECT_EQ(tags.size(), updates ? 1U : 0U) << name;
      EXPECT_EQ(tags.text("0.system"), updates ? "urn:ietf:rfc:3986" : "") << name;
      EXPECT_EQ(tags.text("0.code"), updates ? "urn:uuid:" + sample.event_id.text() : "") << name;
    }
  }
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

TEST(CareBundles, KeepAnUnqualifiedPatientApart) {
  // No INS, no official identifier; the same traits give the same identifier, other traits another one.
  CareSample sample = test::unscheduled_sample();
  const CareBundle bundle = sample.bundle();
  EXPECT_TRUE(has_issue(bundle, "FHIR_PATIENT_WITHOUT_INS"));
  EXPECT_EQ(bundle.json.find("265033947811573"), std::string::npos);
  const Tree first = read(bundle);
  const Value patient = resources(first, "Patient")[0];
  EXPECT_TRUE(patient.text("meta.profile.0").ends_with("fr-core-patient"));
  EXPECT_EQ(patient.text("identifier.0.use"), "secondary");
  sample.header.mutable_patient()->set_birth_date("1965-03-10");
  const Tree other = read(sample.bundle());
  EXPECT_NE(patient.text("identifier.0.value"), resources(other, "Patient")[0].text("identifier.0.value"));
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
  sample.orientation_case().mutable_event()->mutable_visibility()->set_hidden_from_patient(true);
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

TEST(OrientationBundle, SaysEachStateInTheWordsOf360X) {
  // The table of states: case and proposal to Task and ServiceRequest.
  struct Row {
    v1::OrientationUpdate::Step step;
    v1::OrientationState state;
    std::string task;
    std::string request;
    std::string appointment;
  };
  const Row rows[] = {
      {v1::OrientationUpdate::BOOKED, v1::ORIENTATION_STATE_BOOKED, "in-progress 5.1.1", "active", "booked"},
      {v1::OrientationUpdate::NO_SHOW, v1::ORIENTATION_STATE_TO_REBOOK, "in-progress 5.1.2", "active",
       "noshow"},
      {v1::OrientationUpdate::APPOINTMENT_CANCELLED, v1::ORIENTATION_STATE_TO_REBOOK, "in-progress 5.1.3",
       "active", "cancelled"},
      {v1::OrientationUpdate::SEEN, v1::ORIENTATION_STATE_SEEN, "in-progress 5.1.4", "active", "fulfilled"},
      {v1::OrientationUpdate::COMPLETED, v1::ORIENTATION_STATE_COMPLETED, "completed 7.0", "completed",
       "fulfilled"},
      {v1::OrientationUpdate::CANCELLED, v1::ORIENTATION_STATE_CANCELLED, "cancelled 6.0", "revoked",
       "cancelled"}};
  for (const Row& row : rows) {
    CareSample sample = test::admission_sample();
    sample.step(row.step, row.state);
    const Tree tree = read(sample.bundle());
    EXPECT_EQ(status_and_business(resources(tree, "Task")[0]), row.task);
    EXPECT_EQ(resources(tree, "ServiceRequest")[0].text("status"), row.request);
    EXPECT_EQ(resources(tree, "Appointment")[0].text("status"), row.appointment);
  }
}

TEST(OrientationBundle, SaysWhyAnAttemptEnded) {
  // Time passed, another was first, never reached, withdrawn, the patient chose otherwise.
  const std::pair<v1::ProposalState, std::string> rows[] = {
      {v1::PROPOSAL_STATE_EXPIRED, "cancelled expired"},
      {v1::PROPOSAL_STATE_TAKEN, "cancelled taken"},
      {v1::PROPOSAL_STATE_UNREACHABLE, "failed unreachable"},
      {v1::PROPOSAL_STATE_WITHDRAWN, "cancelled withdrawn"},
      {v1::PROPOSAL_STATE_PATIENT_DECLINED, "cancelled patient-choice"}};
  for (const auto& [state, words] : rows) {
    CareSample sample = test::physician_sample();
    sample.ask(0).set_state(state);
    const Tree tree = read(sample.bundle());
    const Value task = resources(tree, "Task")[0];
    EXPECT_EQ(std::string(task.text("status")) + " " + std::string(task.text("statusReason.coding.0.code")),
              words);
  }
}

TEST(OrientationBundle, SaysAnUpdateByTheWholeState) {
  // An update has no orientation of its own: its bundle is that of the case, under the same identifiers. The
  // tag alone is its own.
  CareSample sample = test::specialist_sample();
  const std::string asked = untagged(sample);
  sample.event().clear_kind();
  sample.event().clear_recipients();
  sample.event().mutable_orientation_update()->set_step(v1::OrientationUpdate::ACCEPTED);
  sample.event_id = *Uuid::parse("22222222-2222-8333-8444-555555555555");
  EXPECT_EQ(untagged(sample), asked);
}

TEST(OrientationBundle, GivesThePhysicianThatWasFoundAsATeamOfOne) {
  // PCP of TRE_R259; generalPractitioner is left alone, and an issue says so.
  CareSample sample = test::physician_sample();
  sample.answer(0, v1::PROPOSAL_STATE_ACCEPTED);
  const Tree before = read(sample.bundle());
  EXPECT_TRUE(resources(before, "CareTeam").empty());
  sample.step(v1::OrientationUpdate::COMPLETED, v1::ORIENTATION_STATE_COMPLETED);
  const CareBundle bundle = sample.bundle();
  const Tree tree = read(bundle);
  const Value team = resources(tree, "CareTeam")[0];
  EXPECT_EQ(team.text("participant.0.role.0.coding.0.code"), "PCP");
  EXPECT_EQ(team.text("participant.0.member.reference"), resources(tree, "Task")[0].text("owner.reference"));
  EXPECT_TRUE(has_issue(bundle, "FHIR_GENERAL_PRACTITIONER_LEFT_OUT"));
  EXPECT_FALSE(resources(tree, "Patient")[0]["generalPractitioner"].exists());
}

TEST(OrientationBundle, EndsAnAppointmentWhoseEndIsUnknownAtItsStart) {
  // R4 app-3: both or neither; an issue tells.
  CareSample sample = test::admission_sample();
  EXPECT_FALSE(has_issue(sample.bundle(), "FHIR_APPOINTMENT_END_UNKNOWN"));
  sample.orientation_case().mutable_appointment()->clear_end();
  const CareBundle bundle = sample.bundle();
  EXPECT_TRUE(has_issue(bundle, "FHIR_APPOINTMENT_END_UNKNOWN"));
  EXPECT_EQ(faults_text(bundle.json), "");
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

TEST(EnrolmentBundle, IsTheSameEnrolmentForTheSameSenderOnly) {
  // enrolment_id is the sender's own.
  CareSample sample = test::enrolment_sample("status: ACTIVE");
  const std::string mine = sample.bundle().search;
  sample.event().mutable_pathway_enrolment()->set_status(v1::PathwayEnrolment::ON_HOLD);
  EXPECT_EQ(sample.bundle().search, mine);
  sample.event().mutable_source()->mutable_organization()->set_national_id("1710780999");
  EXPECT_NE(sample.bundle().search, mine);
}

TEST(CircleBundle, KeepsWhoLeftWithAnEnd) {
  // The whole circle, history too; a team that all have left is inactive.
  CareSample sample = test::circle_sample();
  auto& memberships = *sample.care.mutable_circle()->mutable_memberships();
  memberships[2].mutable_until()->set_seconds(CareSample::asked_at);
  const Tree tree = read(sample.bundle());
  const Value team = resources(tree, "CareTeam")[0];
  EXPECT_EQ(team["participant"].size(), 3U);
  EXPECT_EQ(team.text("participant.2.period.end"), "2026-11-22T09:00:00Z");
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
  EXPECT_EQ(status_of(sample), "active");
  sample.add_consent(v1::Consent::REFUSED);
  EXPECT_EQ(status_of(sample), "rejected");
  sample.add_consent(v1::Consent::WITHDRAWN);
  EXPECT_EQ(status_of(sample), "inactive");
  sample.add_consent(v1::Consent::GIVEN);
  auto& last = *sample.care.mutable_circle()->mutable_consents(3)->mutable_consent();
  last.mutable_expires_at()->set_seconds(CareSample::asked_at);
  EXPECT_EQ(status_of(sample), "inactive");
  last.mutable_decided_at()->set_seconds(CareSample::asked_at - 7200);
  EXPECT_EQ(status_of(sample), "inactive");
}

TEST(CircleBundle, TellsThatAnObjectionIsNotWritten) {
  // A warning, at the objection.
  CareSample sample = test::circle_sample();
  sample.event().mutable_care_circle_change()->mutable_objection()->add_member_ids("m2");
  EXPECT_TRUE(has_issue(sample.bundle(), "FHIR_OBJECTION_LEFT_OUT"));
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
  for (int i = 0; i < sample.orientation_case().proposals_size(); ++i) {
    stored::Proposal& proposal = sample.ask(i);
    proposal.set_state(static_cast<v1::ProposalState>(1 + random() % 9));
    if (random() % 2 == 0) proposal.set_reason_text(any_text(random));
    if (random() % 2 == 0)
      proposal.mutable_answered_at()->set_seconds(CareSample::asked_at +
                                                  static_cast<int64_t>(random() % 99999));
  }
  if (random() % 2 == 0)
    sample.orientation_case().mutable_appointment()->mutable_start()->set_seconds(1796000000);
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
    if (sample.event().has_orientation()) {
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
