#include "gateway/care/enrolment.h"

#include <gtest/gtest.h>

#include <map>

namespace psl::care {
namespace {

using Enrolment = v1::PathwayEnrolment;

constexpr int64_t start_s = 1795338000;  // 2026-11-22T09:00:00Z
const Instant enrolment_day{start_s * 1000000};

Instant at_date(int64_t days_after_2026_11_22) {
  return Instant{(1795305600 + days_after_2026_11_22 * 86400) * 1000000};
}

Uuid numbered_event(int number) {
  Uuid id;
  id.bytes[15] = static_cast<uint8_t>(number);
  return id;
}

v1::Protocol heart_protocol() {
  v1::Protocol protocol;
  protocol.set_id("insuffisance-cardiaque");
  protocol.set_version("2");
  for (const char* code : {"AGE", "FEVG"}) {
    v1::Protocol::Criterion& criterion = *protocol.add_criteria();
    criterion.set_code(code);
    criterion.set_required(criterion.code() == "FEVG");
  }
  v1::Protocol::ExitRule& age = *protocol.add_exit_rules();
  age.set_code("MAJEUR");
  age.set_age_reached(18);
  v1::Protocol::ExitRule& months = *protocol.add_exit_rules();
  months.set_code("SIX_MOIS");
  months.set_months_after_start(6);
  return protocol;
}

Enrolment enrolment_as(Enrolment::Status status) {
  Enrolment enrolment;
  enrolment.set_enrolment_id("e-1");
  enrolment.set_protocol_id("insuffisance-cardiaque");
  enrolment.set_protocol_version("2");
  enrolment.set_status(status);
  enrolment.add_criteria_met("FEVG");
  enrolment.mutable_start()->set_seconds(start_s);
  return enrolment;
}

v1::Patient born(const std::string& day) {
  v1::Patient patient;
  patient.set_birth_date(day);
  return patient;
}

Result<EnrolmentStep> enrol_first(const Enrolment& enrolment,
                                  const v1::Protocol& protocol = heart_protocol()) {
  return enrol(nullptr, enrolment, born("1950-01-01"), protocol, numbered_event(1), enrolment_day);
}

std::string fault_path(const Result<EnrolmentStep>& step) {
  if (step.ok() || step.error().faults.empty()) return {};
  return step.error().faults[0].path;
}

TEST(Protocols, AreFoundByIdentifierAndVersion) {
  // Claim: another version is another protocol.
  v1::Tenant tenant;
  *tenant.add_protocols() = heart_protocol();
  tenant.mutable_protocols(0)->set_version("1");
  *tenant.add_protocols() = heart_protocol();
  EXPECT_EQ(find_protocol(tenant, "insuffisance-cardiaque", "2"), &tenant.protocols(1));
  EXPECT_EQ(find_protocol(tenant, "insuffisance-cardiaque", "3"), nullptr);
  EXPECT_EQ(find_protocol(tenant, "obesite", "2"), nullptr);
}

TEST(Protocols, HaveANameForOthers) {
  // Claim: the configured one, else one that differs by tenant, identifier and version, and stays the same.
  v1::Tenant tenant;
  tenant.set_name("cpts-demo");
  v1::Protocol protocol = heart_protocol();
  const std::string name = canonical_of(tenant, protocol);
  EXPECT_TRUE(name.starts_with("urn:uuid:"));
  EXPECT_EQ(name, canonical_of(tenant, heart_protocol()));
  protocol.set_version("3");
  EXPECT_NE(name, canonical_of(tenant, protocol));
  tenant.set_name("cpts-autre");
  EXPECT_NE(name, canonical_of(tenant, heart_protocol()));
  protocol.set_canonical("https://cpts.example/protocole");
  EXPECT_EQ(canonical_of(tenant, protocol), "https://cpts.example/protocole");
}

TEST(EnrolmentStatus, FollowsItsTable) {
  // Claim: the whole product of states; what is not in the table is STEP_NOT_POSSIBLE.
  const std::map<Enrolment::Status, std::vector<Enrolment::Status>> table = {
      {Enrolment::STATUS_UNSPECIFIED, {Enrolment::PLANNED, Enrolment::ACTIVE}},
      {Enrolment::PLANNED, {Enrolment::PLANNED, Enrolment::ACTIVE, Enrolment::CANCELLED}},
      {Enrolment::ACTIVE, {Enrolment::ACTIVE, Enrolment::ON_HOLD, Enrolment::FINISHED}},
      {Enrolment::ON_HOLD, {Enrolment::ACTIVE, Enrolment::ON_HOLD, Enrolment::FINISHED}},
      {Enrolment::FINISHED, {}},
      {Enrolment::CANCELLED, {}},
  };
  for (const auto& [from, allowed] : table) {
    for (int to = 0; to <= Enrolment::CANCELLED; ++to) {
      stored::EnrolmentCase before;
      *before.mutable_enrolment() = enrolment_as(from);
      const auto status = static_cast<Enrolment::Status>(to);
      const auto step = enrol(from == Enrolment::STATUS_UNSPECIFIED ? nullptr : &before, enrolment_as(status),
                              born("1950-01-01"), heart_protocol(), numbered_event(1), enrolment_day);
      const bool possible = std::find(allowed.begin(), allowed.end(), status) != allowed.end();
      ASSERT_EQ(step.ok(), possible) << from << " to " << to;
      if (!step.ok()) {
        EXPECT_EQ(step.error().code, ErrorCode::step_not_possible);
      } else {
        EXPECT_EQ(step->open, status != Enrolment::FINISHED && status != Enrolment::CANCELLED);
      }
    }
  }
}

TEST(EnrolmentStatus, KeepsItsHistory) {
  // Claim: one entry for each status, with its time and its event; an update of the same status adds none.
  auto step = enrol_first(enrolment_as(Enrolment::PLANNED));
  ASSERT_TRUE(step.ok());
  EXPECT_EQ(step->audit, "enrolment=planned");
  const std::vector<Enrolment::Status> statuses = {Enrolment::ACTIVE, Enrolment::ACTIVE, Enrolment::ON_HOLD,
                                                   Enrolment::ACTIVE, Enrolment::FINISHED};
  int number = 1;
  for (const Enrolment::Status status : statuses) {
    const stored::EnrolmentCase before = step->state;
    ++number;
    step = enrol(&before, enrolment_as(status), born("1950-01-01"), heart_protocol(), numbered_event(number),
                 enrolment_day + seconds(number));
    ASSERT_TRUE(step.ok());
  }
  ASSERT_EQ(step->state.history_size(), 5);
  EXPECT_EQ(step->state.event_id(), numbered_event(1).raw());
  EXPECT_EQ(step->state.history(2).status(), Enrolment::ON_HOLD);
  EXPECT_EQ(step->state.history(2).from().seconds(), start_s + 4);
  EXPECT_EQ(step->state.history(2).by_event(), numbered_event(4).raw());
  EXPECT_EQ(step->state.history(4).status(), Enrolment::FINISHED);
  EXPECT_EQ(step->audit, "enrolment=finished");
  EXPECT_EQ(step->wake_at, Instant{});
  EXPECT_FALSE(step->open);
}

TEST(EnrolmentCriteria, AreThoseOfTheProtocol) {
  // Claim: an unknown code is a fault at its place, whose text does not repeat it.
  Enrolment enrolment = enrolment_as(Enrolment::ACTIVE);
  enrolment.add_criteria_met("INCONNU");
  const auto step = enrol_first(enrolment);
  EXPECT_EQ(fault_path(step), "event.pathway_enrolment.criteria_met[1]");
  EXPECT_EQ(step.error().describe().find("INCONNU"), std::string::npos);
}

TEST(EnrolmentCriteria, ThatAreRequiredAreMetWhenItIsActive) {
  // Claim: not before, and those that are not required never.
  Enrolment enrolment = enrolment_as(Enrolment::ACTIVE);
  enrolment.clear_criteria_met();
  EXPECT_EQ(fault_path(enrol_first(enrolment)), "event.pathway_enrolment.criteria_met");
  enrolment.set_status(Enrolment::PLANNED);
  EXPECT_TRUE(enrol_first(enrolment).ok());
}

TEST(EnrolmentPeriod, DoesNotEndBeforeItStarts) {
  // Claim: the fault is at the end; the same instant is no fault.
  Enrolment enrolment = enrolment_as(Enrolment::ACTIVE);
  enrolment.mutable_end()->set_seconds(start_s - 1);
  EXPECT_EQ(fault_path(enrol_first(enrolment)), "event.pathway_enrolment.end");
  enrolment.mutable_end()->set_seconds(start_s);
  EXPECT_TRUE(enrol_first(enrolment).ok());
}

TEST(EnrolmentProtocol, ThatIsClosedTakesNobodyNew) {
  // Claim: those who are in it go on; nobody begins in it, nor changes over to it.
  v1::Protocol closed = heart_protocol();
  closed.set_closed(true);
  EXPECT_EQ(fault_path(enrol_first(enrolment_as(Enrolment::ACTIVE), closed)),
            "event.pathway_enrolment.protocol_version");
  stored::EnrolmentCase before;
  *before.mutable_enrolment() = enrolment_as(Enrolment::ACTIVE);
  const auto go_on = [&] {
    return enrol(&before, enrolment_as(Enrolment::FINISHED), born("1950-01-01"), closed, numbered_event(2),
                 enrolment_day);
  };
  EXPECT_TRUE(go_on().ok());
  before.mutable_enrolment()->set_protocol_version("1");
  EXPECT_EQ(fault_path(go_on()), "event.pathway_enrolment.protocol_version");
}

TEST(EnrolmentProtocol, StaysTheSameButForItsVersion) {
  // Claim: another parcours is another enrolment.
  stored::EnrolmentCase before;
  *before.mutable_enrolment() = enrolment_as(Enrolment::ACTIVE);
  before.mutable_enrolment()->set_protocol_version("1");
  const auto go_on = [&] {
    return enrol(&before, enrolment_as(Enrolment::ACTIVE), born("1950-01-01"), heart_protocol(),
                 numbered_event(2), enrolment_day);
  };
  EXPECT_TRUE(go_on().ok());
  before.mutable_enrolment()->set_protocol_id("obesite");
  EXPECT_EQ(fault_path(go_on()), "event.pathway_enrolment.protocol_id");
}

EnrolmentStep active_for(const std::string& birth) {
  auto step = enrol(nullptr, enrolment_as(Enrolment::ACTIVE), born(birth), heart_protocol(),
                    numbered_event(1), enrolment_day);
  EXPECT_TRUE(step.ok());
  return *step;
}

TEST(ExitRules, SayWhenTheyWillHold) {
  // Claim: the earliest of the birthday and the months after the start, at 00:00 UTC.
  EXPECT_EQ(active_for("2009-01-31").wake_at, at_date(70));   // 18 on 2027-01-31
  EXPECT_EQ(active_for("2015-01-31").wake_at, at_date(181));  // 2027-05-22
  EXPECT_EQ(active_for("2009-02-29").wake_at, at_date(181));  // no such day
}

TEST(ExitRules, CountMonthsFromTheDayOfTheTenant) {
  // Claim: midnight of Paris on 1 March is still February in UTC; a month later it is 1 April.
  const auto paris = [](Instant) { return 3600; };
  stored::EnrolmentCase state;
  state.mutable_enrolment()->set_status(Enrolment::ACTIVE);
  state.mutable_enrolment()->mutable_start()->set_seconds(1772319600);  // 2026-02-28T23:00:00Z
  v1::Protocol protocol;
  protocol.add_exit_rules()->set_months_after_start(1);
  protocol.mutable_exit_rules(0)->set_code("UN_MOIS");
  const Instant long_ago{0};
  EXPECT_EQ(next_exit(state, protocol, long_ago, paris), (Instant{1775001600000000}));  // 2026-04-01
  EXPECT_EQ(next_exit(state, protocol, long_ago), (Instant{1774656000000000}));         // 2026-03-28
  EXPECT_FALSE(propose_exit(state, protocol, Instant{1774656000000000}, paris));
}

TEST(ExitRules, ThatHoldAlreadyAreLookedAtAtOnce) {
  // Claim: born long ago is due now, not in a past that would read as never.
  EXPECT_EQ(active_for("1950-01-01").wake_at, enrolment_day);
}

TEST(ExitRules, AreProposedOnceAndEndNothing) {
  // Claim: attention for each rule once; the status stays; the next rule is waited for.
  const EnrolmentStep active = active_for("2009-01-31");
  EXPECT_FALSE(propose_exit(active.state, heart_protocol(), Instant{at_date(70).us - 1}));
  const auto grown = propose_exit(active.state, heart_protocol(), at_date(70));
  ASSERT_TRUE(grown);
  EXPECT_EQ(grown->attention, "EXIT_PROPOSED");
  EXPECT_EQ(grown->state.enrolment().status(), Enrolment::ACTIVE);
  EXPECT_EQ(grown->wake_at, at_date(181));
  EXPECT_TRUE(grown->open);
  EXPECT_EQ(grown->audit, "enrolment=exit_proposed rules=1");
  EXPECT_FALSE(propose_exit(grown->state, heart_protocol(), at_date(71)));
  const auto both = propose_exit(grown->state, heart_protocol(), at_date(181));
  ASSERT_TRUE(both);
  EXPECT_EQ(both->state.proposed_exits_size(), 2);
  EXPECT_EQ(both->wake_at, Instant{});
}

TEST(ExitRules, AreNotProposedAgainAfterAHumanDecided) {
  // Claim: the next event clears the attention and keeps what was proposed.
  const auto grown = propose_exit(active_for("2009-01-31").state, heart_protocol(), at_date(70));
  ASSERT_TRUE(grown);
  const auto kept = enrol(&grown->state, enrolment_as(Enrolment::ACTIVE), born("2009-01-31"),
                          heart_protocol(), numbered_event(2), at_date(72));
  ASSERT_TRUE(kept.ok());
  EXPECT_EQ(kept->attention, "");
  EXPECT_EQ(kept->wake_at, at_date(181));
}

TEST(ExitRules, ConcernWhatIsUnderWay) {
  // Claim: neither what is planned nor what is over.
  for (const auto status : {Enrolment::PLANNED, Enrolment::FINISHED, Enrolment::CANCELLED}) {
    stored::EnrolmentCase state = active_for("1950-01-01").state;
    state.mutable_enrolment()->set_status(status);
    EXPECT_FALSE(propose_exit(state, heart_protocol(), at_date(1000)));
  }
  EXPECT_EQ(enrol_first(enrolment_as(Enrolment::PLANNED))->wake_at, Instant{});
}

TEST(ExitRules, OfADayThatItsMonthDoesNotHaveHoldOnTheNextOne) {
  // Claim: six months after 31 August is 1 March; 18 years after 29 February too.
  Enrolment enrolment = enrolment_as(Enrolment::ACTIVE);
  enrolment.mutable_start()->set_seconds(1788134400);  // 2026-08-31
  const auto step =
      enrol(nullptr, enrolment, born("2020-01-01"), heart_protocol(), numbered_event(1), enrolment_day);
  ASSERT_TRUE(step.ok());
  EXPECT_EQ(step->wake_at, at_date(99));  // 2027-03-01
  Enrolment later = enrolment_as(Enrolment::ACTIVE);
  later.clear_start();
  const auto leap =
      enrol(nullptr, later, born("2012-02-29"), heart_protocol(), numbered_event(1), enrolment_day);
  ASSERT_TRUE(leap.ok());
  EXPECT_EQ(leap->wake_at, at_date(1195));  // 2030-03-01
}

}  // namespace
}  // namespace psl::care
