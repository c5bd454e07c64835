// What a patient objects to, and for whom nothing may wait any more.
#include "tests/gateway/care/circle_world.h"

namespace psl::care {
namespace {

TEST(CircleObjection, HoldsUntilItIsLifted) {
  // Claim: for a member, for a standing (scenario A8: no data to social services), each lifted for itself.
  CircleLife life;
  life.change(joining({member_of_team("a"), member_of_team("b"), home_help("saad")}));
  EXPECT_EQ(life.change(objecting({"a"}, {v1::STANDING_SOCIAL_PROFESSIONAL})).audit, "circle objections=1");
  EXPECT_EQ(life.routed(), "a:NOTHING:PATIENT_OBJECTS b:FULL:TEAM_SHARES saad:NOTHING:PATIENT_OBJECTS");
  life.change(objecting({"a"}, {}, true));
  EXPECT_EQ(life.routed(), "a:FULL:TEAM_SHARES b:FULL:TEAM_SHARES saad:NOTHING:PATIENT_OBJECTS");
  life.change(objecting({"saad"}, {}, true));
  EXPECT_EQ(life.routed(), "a:FULL:TEAM_SHARES b:FULL:TEAM_SHARES saad:NOTHING:PATIENT_OBJECTS");
  life.change(objecting({}, {v1::STANDING_SOCIAL_PROFESSIONAL}, true));
  EXPECT_EQ(life.routed(), "a:FULL:TEAM_SHARES b:FULL:TEAM_SHARES saad:REDUCED:SOCIAL_TEAM_NOTICE");
}

v1::CircleMember of_person(const std::string& id, const std::string& national_id) {
  v1::CircleMember member = member_of_team(id);
  member.mutable_person()->mutable_professional()->set_national_id(national_id);
  return member;
}

// "code path", of each.
std::vector<std::string> issues_of(const CircleStep& step) {
  std::vector<std::string> issues;
  for (const v1::Issue& issue : step.issues) issues.push_back(issue.code() + " " + issue.path());
  return issues;
}

TEST(CircleObjection, HoldsForThePersonWhateverTheIdentifier) {
  // Claim: one national_id under two member_ids is one person: told when the second joins, and to object to
  // either is to object to both, also after one has left; lifting names either. A repetition tells nothing.
  CircleLife life;
  life.change(joining({of_person("a", "801"), of_person("c", "802")}));
  EXPECT_EQ(issues_of(life.change(joining({of_person("b", "801")}))),
            std::vector<std::string>{"SAME_PERSON_TWICE event.care_circle_change.joins[0].member_id"});
  expect_repeated(life.change(joining({of_person("b", "801")})), "joins[0]");
  life.change(objecting({"a"}, {}));
  EXPECT_EQ(life.routed(), "a:NOTHING:PATIENT_OBJECTS c:FULL:TEAM_SHARES b:NOTHING:PATIENT_OBJECTS");
  EXPECT_EQ(objected_members(life.circle()).size(), 2U);
  life.change(leaving("a"));
  EXPECT_EQ(life.routed(), "c:FULL:TEAM_SHARES b:NOTHING:PATIENT_OBJECTS");
  life.change(objecting({"b"}, {}, true));
  EXPECT_EQ(life.routed(), "c:FULL:TEAM_SHARES b:FULL:TEAM_SHARES");
}

TEST(CircleObjection, IsNotMovedToSomebodyElseUnseen) {
  // Claim: a member_id that becomes another person's is told; an objection to it holds for that one, too.
  // Another identifier for somebody who leaves in the same event is no second person.
  CircleLife life;
  life.change(joining({of_person("a", "801")}));
  life.change(objecting({"a"}, {}));
  EXPECT_EQ(issues_of(life.change(joining({of_person("a", "802")}))),
            std::vector<std::string>{"MEMBER_ID_REUSED event.care_circle_change.joins[0].member_id"});
  EXPECT_EQ(life.routed(), "a:NOTHING:PATIENT_OBJECTS");
  Change renamed = joining({of_person("z", "802")});
  renamed.add_leaves()->set_member_id("a");
  EXPECT_EQ(issues_of(life.change(renamed)), std::vector<std::string>{});
}

TEST(CircleConsent, ThatDoesNotHoldIsTold) {
  // Claim: a withdrawal older than the consent, or a consent older than the withdrawal, changes nothing and
  // says so, also when it comes again; what says the same as what holds does not.
  CircleLife life;
  const std::vector<std::string> told = {"CONSENT_NOT_IN_FORCE event.care_circle_change.consent.decided_at"};
  const std::vector<std::string> quiet;
  EXPECT_EQ(issues_of(life.change(consenting(v1::Consent::GIVEN, circle_day))), quiet);
  EXPECT_EQ(issues_of(life.change(consenting(v1::Consent::WITHDRAWN, circle_day - days(1)))), told);
  EXPECT_TRUE(consent_holds(life.circle(), life.now()));
  EXPECT_EQ(issues_of(life.change(consenting(v1::Consent::WITHDRAWN, circle_day - days(1)))), told);
  EXPECT_EQ(issues_of(life.change(consenting(v1::Consent::GIVEN, circle_day - days(2)))), quiet);
  EXPECT_EQ(issues_of(life.change(consenting(v1::Consent::WITHDRAWN, circle_day + days(1)))), quiet);
  EXPECT_EQ(issues_of(life.change(consenting(v1::Consent::REFUSED, circle_day))), quiet);
  EXPECT_EQ(issues_of(life.change(consenting(v1::Consent::GIVEN, circle_day))), told);
}

TEST(CircleObjection, CountsInTheOrderInWhichThingsHappened) {
  // Claim: a lifting that arrives late does not lift what came after it.
  CircleLife life;
  life.change(joining({member_of_team("a")}));
  const auto objected =
      change_circle(life.circle(), objecting({"a"}, {}), numbered(50), circle_day + days(5));
  ASSERT_TRUE(objected.ok());
  const auto lifted =
      change_circle(objected->circle, objecting({"a"}, {}, true), numbered(51), circle_day + days(4));
  ASSERT_TRUE(lifted.ok());
  const auto routed = route(lifted->circle, letter(), v1::CONFIDENTIALITY_NORMAL, circle_day + days(9));
  EXPECT_EQ(routed[0].decision.rule(), "PATIENT_OBJECTS");
}

TEST(CircleObjection, ThatNamesNobodyIsTold) {
  // Claim: a slip of the pen does not leave the patient unheard; it holds for who joins later.
  CircleLife life;
  const CircleStep& step = life.change(objecting({"later"}, {}));
  ASSERT_EQ(step.issues.size(), 1U);
  EXPECT_EQ(step.issues[0].code(), "OBJECTION_WITHOUT_MEMBER");
  EXPECT_EQ(step.issues[0].path(), "event.care_circle_change.objection.member_ids[0]");
  life.change(joining({member_of_team("later")}));
  EXPECT_EQ(life.routed(), "later:NOTHING:PATIENT_OBJECTS");
}

TEST(CircleObjection, TheSameAgainChangesNothing) {
  // Claim: neither an objection that stands nor a lifting of none makes history; one that tells of a time
  // before another does, once.
  CircleLife life;
  life.change(joining({member_of_team("a")}));
  life.change(objecting({"a"}, {v1::STANDING_OTHER}));
  const Instant objected = life.now();
  const std::string before = life.circle().SerializeAsString();
  EXPECT_EQ(life.change(objecting({"a"}, {v1::STANDING_OTHER})).audit, "circle repeated=1");
  expect_repeated(life.change(objecting({"a"}, {})), "objection");
  expect_repeated(life.change(objecting({}, {v1::STANDING_SOCIAL_PROFESSIONAL}, true)), "objection");
  EXPECT_EQ(life.circle().SerializeAsString(), before);
  const Change lifting = objecting({"a"}, {}, true);
  const auto late = change_circle(life.circle(), lifting, numbered(50), objected - days(1));
  ASSERT_TRUE(late.ok());
  EXPECT_EQ(late->circle.objections_size(), 2);
  const auto twice = change_circle(late->circle, lifting, numbered(51), objected - days(1));
  expect_repeated(*twice, "objection");
  EXPECT_EQ(twice->circle.objections_size(), 2);
}

// "a! b": who is lost, with a mark when the patient objects.
std::string lost_of(const stored::CircleCase& before, const stored::CircleCase& after, Instant at) {
  std::string text;
  for (const LostMember& one : lost_members(before, after, at))
    text += (text.empty() ? "" : " ") + one.member_id + (one.objected ? "!" : "");
  return text;
}

TEST(CircleLost, AreThoseWhoLeftAndThoseToWhomThePatientObjects) {
  // Claim: nothing may wait for them any more; who is to leave is lost on that day, who is to come is not.
  CircleLife life;
  v1::CircleMember future = member_of_team("future");
  put(*future.mutable_start(), circle_day + days(100));
  life.change(joining({member_of_team("a"), member_of_team("b"), member_of_team("c"), future}));
  EXPECT_EQ(lost_of({}, life.circle(), life.now()), "");
  stored::CircleCase before = life.circle();
  life.change(leaving("a"));
  EXPECT_EQ(lost_of(before, life.circle(), life.now()), "a");
  life.change(objecting({"b"}, {}));
  EXPECT_EQ(lost_of(life.circle(), life.circle(), life.now()), "a b!");
  Change later = leaving("c");
  const Instant end = life.now() + days(7);
  put(*later.mutable_leaves(0)->mutable_at(), end);
  life.change(later);
  EXPECT_EQ(next_leave(life.circle(), life.now()), end);
  EXPECT_EQ(lost_of(before, life.circle(), life.now()), "a b!");
  EXPECT_EQ(lost_of(life.circle(), life.circle(), end), "a b! c");
  EXPECT_EQ(next_leave(life.circle(), end), Instant{});
}

TEST(CircleLost, AreThoseWhoGetLessThanBefore) {
  // Claim: another mailbox, another standing or basis that the table gives less; more than before is no loss.
  v1::CircleMember elsewhere = member_of_team("a");
  elsewhere.mutable_person()->set_mailbox("a@autre.demo.mssante.fr");
  const auto lost = [](const v1::CircleMember& was, const v1::CircleMember& is) {
    CircleLife life;
    life.change(joining({was}));
    const stored::CircleCase before = life.circle();
    life.change(joining({is}));
    return lost_of(before, life.circle(), life.now());
  };
  v1::CircleMember helper = home_help("a");
  helper.mutable_structure()->set_mailbox(member_of_team("a").person().mailbox());
  v1::CircleMember other_role = member_of_team("a");
  other_role.set_role(v1::MEMBER_ROLE_PHARMACIST);
  EXPECT_EQ(lost(member_of_team("a"), elsewhere), "a");
  EXPECT_EQ(lost(member_of_team("a"), helper), "a");
  EXPECT_EQ(lost(member_of_team("a"), member_by_consent("a")), "a");
  EXPECT_EQ(lost(helper, member_of_team("a")), "");
  EXPECT_EQ(lost(member_of_team("a"), other_role), "");
}

TEST(CircleObjection, NamesItsMembersOfTodayAndOfBefore) {
  // Claim: as last described; not those for whom it was lifted.
  CircleLife life;
  v1::CircleMember moved = member_of_team("a");
  moved.mutable_person()->set_mailbox("a@autre.demo.mssante.fr");
  life.change(joining({member_of_team("a"), member_of_team("b"), home_help("saad")}));
  EXPECT_TRUE(objected_members(life.circle()).empty());
  life.change(joining({moved}));
  life.change(leaving("a"));
  life.change(objecting({"a", "b"}, {v1::STANDING_SOCIAL_PROFESSIONAL}));
  life.change(objecting({"b"}, {}, true));
  const auto objected = objected_members(life.circle());
  ASSERT_EQ(objected.size(), 2U);
  EXPECT_EQ(objected[0]->person().mailbox(), "a@autre.demo.mssante.fr");
  EXPECT_EQ(objected[1]->member_id(), "saad");
}

}  // namespace
}  // namespace psl::care
