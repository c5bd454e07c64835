#include "gateway/intake/circle_checks.h"

#include "tests/gateway/intake/care_checks.h"

namespace psl {
namespace {

namespace v1 = passerelle::v1;
using Enrolment = v1::PathwayEnrolment;

Enrolment& enrolment(v1::CoordinationEvent& e) { return *e.mutable_pathway_enrolment(); }
v1::CareCircleChange& change(v1::CoordinationEvent& e) { return *e.mutable_care_circle_change(); }
// A nurse, and a home help.
v1::CircleMember& member(v1::CoordinationEvent& e, int i = 0) {
  return e.has_pathway_enrolment() ? *enrolment(e).mutable_members(i) : *change(e).mutable_joins(i);
}
void end_it(v1::CoordinationEvent& e, Enrolment::Status status) {
  enrolment(e).set_status(status);
  enrolment(e).mutable_end()->set_seconds(sample_now_s);
  enrolment(e).set_end_reason(Enrolment::MOVED);
}

#define STAY "event.pathway_enrolment"

const std::vector<WrongField> enrolment_cases = {
    {STAY ".enrolment_id", [](auto& e) { enrolment(e).clear_enrolment_id(); }},
    {STAY ".enrolment_id", [](auto& e) { enrolment(e).set_enrolment_id("SECRET x"); }},
    {STAY ".enrolment_id", [](auto& e) { enrolment(e).set_enrolment_id(std::string(65, 'S')); }},
    {STAY ".protocol_id", [](auto& e) { enrolment(e).clear_protocol_id(); }},
    {STAY ".protocol_id", [](auto& e) { enrolment(e).set_protocol_id("SECRET"); }},
    {STAY ".protocol_id", [](auto& e) { enrolment(e).set_protocol_id("autre"); }},
    {STAY ".protocol_version", [](auto& e) { enrolment(e).clear_protocol_version(); }},
    {STAY ".protocol_version", [](auto& e) { enrolment(e).set_protocol_version("3"); }},
    {STAY ".protocol_version", [](auto& e) { enrolment(e).set_protocol_version(std::string(21, '1')); }},
    {STAY ".status", [](auto& e) { enrolment(e).clear_status(); }},
    {STAY ".criteria_met[1]", [](auto& e) { enrolment(e).add_criteria_met("PERTE-AUTONOMIE"); }},
    {STAY ".criteria_met[1]", [](auto& e) { enrolment(e).add_criteria_met("secret"); }},
    {STAY ".criteria_met",
     [](auto& e) {
       for (int i = 0; i < 100; ++i) enrolment(e).add_criteria_met("C" + std::to_string(i));
     }},
    {STAY ".start", [](auto& e) { enrolment(e).clear_start(); }},
    {STAY ".start", [](auto& e) { enrolment(e).mutable_start()->set_seconds(sample_now_s + 90000); }},
    {STAY ".start", [](auto& e) { enrolment(e).mutable_start()->set_seconds(-62135596800); }},
    {STAY ".end",
     [](auto& e) {
       end_it(e, Enrolment::FINISHED);
       enrolment(e).mutable_end()->set_seconds(sample_now_s + 90000);
     }},
    {STAY ".start",
     [](auto& e) {
       enrolment(e).set_status(Enrolment::ON_HOLD);
       enrolment(e).clear_start();
     }},
    {STAY ".end", [](auto& e) { enrolment(e).mutable_end()->set_seconds(sample_now_s); }},
    {STAY ".end",
     [](auto& e) {
       end_it(e, Enrolment::FINISHED);
       enrolment(e).mutable_end()->set_seconds(sample_now_s - 2 * 86400);
     }},
    {STAY ".end",
     [](auto& e) {
       end_it(e, Enrolment::FINISHED);
       enrolment(e).clear_end();
     }},
    {STAY ".end_reason",
     [](auto& e) {
       end_it(e, Enrolment::FINISHED);
       enrolment(e).clear_end_reason();
     }},
    {STAY ".end_reason",
     [](auto& e) {
       end_it(e, Enrolment::CANCELLED);
       enrolment(e).clear_end_reason();
     }},
    {STAY ".end_reason", [](auto& e) { enrolment(e).set_end_reason(Enrolment::OTHER); }},
    {STAY ".condition.text", [](auto& e) { enrolment(e).mutable_condition()->clear_text(); }},
    {STAY ".condition.codes[0].system",
     [](auto& e) { enrolment(e).mutable_condition()->add_codes()->set_code("R54"); }},
    {STAY ".goals",
     [](auto& e) {
       for (int i = 0; i < 20; ++i) enrolment(e).add_goals("x");
     }},
    {STAY ".goals[1]", [](auto& e) { enrolment(e).add_goals("SECRET\nx"); }},
    {STAY ".goals[1]", [](auto& e) { enrolment(e).add_goals(""); }},
    {STAY ".activities",
     [](auto& e) {
       for (int i = 0; i < 20; ++i) enrolment(e).add_activities()->set_text("x");
     }},
    {STAY ".activities[1].text", [](auto& e) { enrolment(e).add_activities(); }},
    {STAY ".activities[0].member_id",
     [](auto& e) { enrolment(e).mutable_activities(0)->set_member_id("SECRET"); }},
    {STAY ".activities[0].planned_at",
     [](auto& e) { enrolment(e).mutable_activities(0)->mutable_planned_at()->set_nanos(-1); }},
    {STAY ".metadata.encounter.facility_type.code",
     [](auto& e) { enrolment(e).mutable_metadata()->mutable_encounter(); }},
    {"event.subject", [](auto& e) { e.clear_subject(); }},
    {"event.source.professional", [](auto& e) { e.mutable_source()->clear_professional(); }},
    {"event.source.professional.specialty_code",
     [](auto& e) { e.mutable_source()->mutable_professional()->clear_specialty_code(); }},
    {"event.legal_basis",
     [](auto& e) {
       e.clear_recipients();
       e.set_route_to_circle(true);
       e.set_legal_basis(v1::LEGAL_BASIS_PATIENT_ACCESS);
     }},
};

// The same of an enrolment's members and of those who join: paths below the list's first entries.
const std::vector<WrongField> member_cases = {
    {"[0].member_id", [](auto& e) { member(e).clear_member_id(); }},
    {"[0].member_id", [](auto& e) { member(e).set_member_id("SECRET x"); }},
    {"[1].member_id", [](auto& e) { member(e, 1).set_member_id("idel-1"); }},
    {"[1].person.professional.national_id",
     [](auto& e) {
       *member(e, 1).mutable_person()->mutable_professional() = member(e).person().professional();
     }},
    {"[0]", [](auto& e) { member(e).clear_who(); }},
    {"[0].person.mailbox", [](auto& e) { member(e).mutable_person()->set_mailbox("SECRET"); }},
    {"[0].person.mailbox",
     [](auto& e) { member(e).mutable_person()->set_mailbox("SECRET@elsewhere.example"); }},
    {"[0].person.mailbox",
     [](auto& e) { member(e).mutable_person()->set_mailbox("279035121518989@patient.mssante.fr"); }},
    {"[0].person.professional.national_id",
     [](auto& e) { member(e).mutable_person()->mutable_professional()->clear_national_id(); }},
    {"[0].person.professional.national_id",
     [](auto& e) { member(e).mutable_person()->clear_professional(); }},
    {"[0].structure.organization.national_id",
     [](auto& e) { member(e).mutable_structure()->set_mailbox("a@b.mssante.fr"); }},
    {"[1].structure.organization.name",
     [](auto& e) { member(e, 1).mutable_structure()->mutable_organization()->clear_name(); }},
    // Nobody: neither a name nor a mailbox.
    {"[1].structure.organization.name", [](auto& e) { member(e, 1).mutable_structure()->Clear(); }},
    {"[1].person.professional.family_name", [](auto& e) { member(e, 1).mutable_person(); }},
    {"[0].role", [](auto& e) { member(e).clear_role(); }},
    {"[0].standing", [](auto& e) { member(e).clear_standing(); }},
    {"[0].standing", [](auto& e) { member(e).set_role(v1::MEMBER_ROLE_SOCIAL_WORKER); }},
    {"[0].standing", [](auto& e) { member(e).set_role(v1::MEMBER_ROLE_HOME_HELP); }},
    {"[0].standing", [](auto& e) { member(e).set_role(v1::MEMBER_ROLE_ADAPTED_ACTIVITY_TEACHER); }},
    {"[0].standing", [](auto& e) { member(e).set_role(v1::MEMBER_ROLE_OTHER); }},
    {"[0].basis", [](auto& e) { member(e).clear_basis(); }},
    {"[0].end",
     [](auto& e) {
       member(e).mutable_start()->set_seconds(sample_now_s);
       member(e).mutable_end()->set_seconds(sample_now_s - 1);
     }},
    {"[0].start", [](auto& e) { member(e).mutable_start()->set_seconds(INT64_MAX); }},
};

// The same of an enrolment's consent and of a change's.
v1::Consent& consent(v1::CoordinationEvent& e) {
  return e.has_pathway_enrolment() ? *enrolment(e).mutable_consent() : *change(e).mutable_consent();
}
const std::vector<WrongField> consent_cases = {
    {".decision", [](auto& e) { consent(e).clear_decision(); }},
    {".decided_at", [](auto& e) { consent(e).clear_decided_at(); }},
    {".decided_at", [](auto& e) { consent(e).mutable_decided_at()->set_seconds(sample_now_s + 90000); }},
    {".decided_at", [](auto& e) { consent(e).mutable_decided_at()->set_seconds(INT64_MIN); }},
    // Local time told as UTC.
    {".decided_at", [](auto& e) { consent(e).mutable_decided_at()->set_seconds(sample_now_s + 3600); }},
    {".decided_at", [](auto& e) { consent(e).mutable_decided_at()->set_seconds(-62135596800); }},
    {".expires_at", [](auto& e) { consent(e).mutable_expires_at()->set_seconds(sample_now_s - 9 * 86400); }},
    {".expires_at",
     [](auto& e) {
       consent(e).set_decision(v1::Consent::WITHDRAWN);
       consent(e).mutable_expires_at()->set_seconds(sample_now_s + 86400);
     }},
};

#define CHANGE "event.care_circle_change"

const std::vector<WrongField> change_cases = {
    {CHANGE, [](auto& e) { change(e).Clear(); }},
    {CHANGE ".joins",
     [](auto& e) {
       for (int i = 0; i < 30; ++i) change(e).add_joins();
     }},
    {CHANGE ".leaves[1].member_id", [](auto& e) { change(e).add_leaves(); }},
    {CHANGE ".leaves[1].member_id", [](auto& e) { change(e).add_leaves()->set_member_id("kine-1"); }},
    {CHANGE ".leaves[0].member_id", [](auto& e) { change(e).mutable_leaves(0)->set_member_id("idel-1"); }},
    {CHANGE ".leaves[0].at", [](auto& e) { change(e).mutable_leaves(0)->mutable_at()->set_nanos(-1); }},
    {CHANGE ".leaves",
     [](auto& e) {
       for (int i = 0; i < 100; ++i) change(e).add_leaves();
     }},
    {CHANGE ".objection", [](auto& e) { change(e).mutable_objection()->clear_standings(); }},
    {CHANGE ".objection.member_ids[0]",
     [](auto& e) { change(e).mutable_objection()->add_member_ids("SECRET x"); }},
    {CHANGE ".objection.standings[0]",
     [](auto& e) { change(e).mutable_objection()->set_standings(0, v1::STANDING_UNSPECIFIED); }},
    {CHANGE ".objection.standings",
     [](auto& e) {
       for (int i = 0; i < 3; ++i) change(e).mutable_objection()->add_standings(v1::STANDING_OTHER);
     }},
    {CHANGE ".metadata.document_id",
     [](auto& e) { change(e).mutable_metadata()->set_document_id("SECRET"); }},
    {"event.subject", [](auto& e) { e.clear_subject(); }},
    {"event.source.professional",
     [](auto& e) { e.add_recipients()->mutable_fhir_server()->set_name("territoire"); }},
    {"event.source.professional", [](auto& e) { e.set_route_to_circle(true); }},
    {"event.recipients[0].shared_record", [](auto& e) { e.add_recipients()->mutable_shared_record(); }},
};

// `cases` say what follows `list` in the path.
std::vector<std::string> missed(const v1::SubmitEventRequest& right, const std::string& list,
                                const std::vector<WrongField>& cases) {
  std::vector<std::string> out;
  for (const WrongField& wrong : cases) {
    v1::SubmitEventRequest request = right;
    wrong.breaks(*request.mutable_event());
    const auto faults = care_faults(request);
    const bool found =
        std::ranges::any_of(faults, [&](const auto& fault) { return fault.path == list + wrong.path; });
    if (!found) out.push_back(list + wrong.path + ", found: " + paths_of(faults));
    for (const FieldFault& fault : faults)
      EXPECT_EQ(fault.text.find("SECRET"), std::string::npos) << fault.path;
  }
  return out;
}

using Missed = std::vector<std::string>;

TEST(CircleChecks, FindEachFaultOfAnEnrolment) {
  // Claim: each broken rule of an enrolment is answered at its field, without its value.
  expect_each_found(sample_enrolment(), enrolment_cases);
}

TEST(CircleChecks, FindEachFaultOfAChange) {
  // Claim: each broken rule of a change of circle is answered at its field, without its value.
  expect_each_found(sample_circle_change(), change_cases);
}

TEST(CircleChecks, FindEachFaultOfAMember) {
  // Claim: whoever enters a circle, by an enrolment or by a change, is held to the same rules.
  EXPECT_EQ(missed(sample_enrolment(), STAY ".members", member_cases), Missed{});
  auto change_of_two = sample_circle_change();
  fill_home_help(*change(*change_of_two.mutable_event()).add_joins());
  EXPECT_EQ(missed(change_of_two, CHANGE ".joins", member_cases), Missed{});
}

TEST(CircleChecks, FindEachFaultOfAConsent) {
  // Claim: a decision has its time, which has come, and only what was given can end by itself.
  EXPECT_EQ(missed(sample_enrolment(), STAY ".consent", consent_cases), Missed{});
  EXPECT_EQ(missed(sample_circle_change(), CHANGE ".consent", consent_cases), Missed{});
}

TEST(CircleChecks, RefuseOneMailboxForTwoMembersOfAnEnrolment) {
  // Claim: one mailbox twice in an enrolment is a member twice; two who join may share their practice's.
  auto request = sample_enrolment();
  v1::CircleMember twin = member(*request.mutable_event());
  twin.set_member_id("idel-2");
  twin.mutable_person()->mutable_professional()->set_national_id("801234567806");
  twin.mutable_person()->set_mailbox("NADEGE.soin@infirmier.demo.mssante.fr");
  *enrolment(*request.mutable_event()).add_members() = twin;
  const auto faults = care_faults(request);
  ASSERT_EQ(faults.size(), 1U) << paths_of(faults);
  EXPECT_EQ(faults[0].path, STAY ".members[2]");
  expect_taken(sample_circle_change(), [&](auto& e) { *change(e).add_joins() = twin; });
}

TEST(CircleChecks, TakeTheCourseOfAnEnrolment) {
  // Claim: planned without a start, ended with end and reason, cancelled without ever having begun; nobody
  // answers for one that goes to nobody.
  expect_taken(sample_enrolment(), [](auto& e) {
    enrolment(e).set_status(Enrolment::PLANNED);
    enrolment(e).clear_start();
    e.clear_recipients();
    e.mutable_source()->clear_professional();
  });
  expect_taken(sample_enrolment(), [](auto& e) { enrolment(e).set_status(Enrolment::ON_HOLD); });
  expect_taken(sample_enrolment(), [](auto& e) { end_it(e, Enrolment::FINISHED); });
  expect_taken(sample_enrolment(), [](auto& e) {
    end_it(e, Enrolment::CANCELLED);
    enrolment(e).clear_start();
    enrolment(e).clear_end();
  });
  expect_taken(sample_enrolment(), [](auto& e) { e.add_recipients()->mutable_shared_record(); });
}

TEST(CircleChecks, TakeWhateverEndsAConsent) {
  // Claim: a refusal or a withdrawal by a clock that is wrong by hours is taken, a consent by one that is
  // wrong by minutes.
  for (const auto decision : {v1::Consent::REFUSED, v1::Consent::WITHDRAWN}) {
    expect_taken(sample_circle_change(), [&](auto& e) {
      consent(e).set_decision(decision);
      consent(e).clear_expires_at();
      consent(e).mutable_decided_at()->set_seconds(sample_now_s + 7200);
    });
  }
  expect_taken(sample_circle_change(), [](auto& e) {
    consent(e).set_decision(v1::Consent::GIVEN);
    consent(e).clear_expires_at();
    consent(e).mutable_decided_at()->set_seconds(sample_now_s + 300);
  });
}

TEST(CircleChecks, TakeMembersWithoutMailboxOrNationalIdentifier) {
  // Claim: a circle may know somebody who has no mailbox, and a social worker who has no national identifier.
  expect_taken(sample_circle_change(), [](auto& e) { member(e).mutable_person()->clear_mailbox(); });
  expect_taken(sample_circle_change(), [](auto& e) {
    member(e).mutable_person()->mutable_professional()->clear_national_id();
    member(e).set_role(v1::MEMBER_ROLE_SOCIAL_WORKER);
    member(e).set_standing(v1::STANDING_SOCIAL_PROFESSIONAL);
  });
}

TEST(CircleChecks, TakeEachPartOfAChangeAlone) {
  // Claim: any one of the four parts makes a change.
  using Part = std::function<void(v1::CareCircleChange&)>;
  const v1::CareCircleChange whole = sample_circle_change().event().care_circle_change();
  for (const Part& keep : {Part([&](auto& c) { *c.add_joins() = whole.joins(0); }),
                           Part([&](auto& c) { *c.add_leaves() = whole.leaves(0); }),
                           Part([&](auto& c) { *c.mutable_consent() = whole.consent(); }),
                           Part([&](auto& c) { *c.mutable_objection() = whole.objection(); })}) {
    expect_taken(sample_circle_change(), [&](auto& e) {
      change(e).Clear();
      keep(change(e));
    });
  }
}

}  // namespace
}  // namespace psl
