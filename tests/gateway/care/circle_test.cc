#include "gateway/care/circle.h"

#include "tests/gateway/care/circle_world.h"

namespace psl::care {
namespace {

// "a b.": a dot behind whose membership has an end.
std::string ids_of(const stored::CircleCase& circle) {
  std::string text;
  for (const auto& each : circle.memberships())
    text += (text.empty() ? "" : " ") + each.member().member_id() + (each.has_until() ? "." : "");
  return text;
}

TEST(CircleTold, HasEachMemberOnceWithTheDayOfEntry) {
  // Claim: what was brought up to date is not repeated; who left stays, with the day; who is to leave, or to
  // change, is told as it holds and as it will.
  CircleLife life;
  EXPECT_EQ(ids_of(circle_told({}, life.now())), "");
  life.change(joining({member_of_team("gone"), member_of_team("a"), member_of_team("b")}));
  const Instant entered = life.now();
  life.change(leaving("gone"));
  Change update = joining({member_of_team("b"), member_of_team("c")});
  update.mutable_joins(0)->set_role(v1::MEMBER_ROLE_SPECIALIST);
  life.change(update);
  const stored::CircleCase told = circle_told(life.circle(), life.now());
  EXPECT_EQ(ids_of(told), "gone. a b c");
  EXPECT_EQ(told.memberships(2).member().role(), v1::MEMBER_ROLE_SPECIALIST);
  EXPECT_EQ(told.memberships(2).from().seconds(), entered.us / 1000000);
  Change later = joining({member_of_team("a")});
  later.mutable_joins(0)->set_role(v1::MEMBER_ROLE_PHARMACIST);
  put(*later.mutable_joins(0)->mutable_start(), life.now() + days(30));
  life.change(later);
  const stored::CircleCase both = circle_told(life.circle(), life.now());
  EXPECT_EQ(ids_of(both), "gone. a. b c a");
  EXPECT_EQ(both.memberships(4).from().seconds(), both.memberships(1).until().seconds());
  // Who comes back after a gap entered on that day.
  life.change(joining({member_of_team("gone")}));
  const stored::CircleCase back = circle_told(life.circle(), life.now());
  EXPECT_EQ(ids_of(back), "a. b c a gone");
  EXPECT_EQ(back.memberships(4).from().seconds(), life.now().us / 1000000);
}

TEST(CircleTold, HasTheConsentThatDecidesAndAnObjectionThatStands) {
  // Claim: an older decision that came in late decides nothing, here as for routing.
  CircleLife life;
  life.change(joining({member_of_team("a")}));
  life.change(consenting(v1::Consent::GIVEN, life.now()));
  life.change(consenting(v1::Consent::WITHDRAWN, life.now()));
  life.change(consenting(v1::Consent::GIVEN, life.now() - days(9)));
  Change objecting;
  objecting.mutable_objection()->add_member_ids("a");
  life.change(objecting);
  Change lifting;
  lifting.mutable_objection()->add_standings(v1::STANDING_OTHER);
  lifting.mutable_objection()->set_lifted(true);
  life.change(lifting);
  life.circle().set_order(7);
  const stored::CircleCase told = circle_told(life.circle(), life.now());
  ASSERT_EQ(told.consents_size(), 1);
  EXPECT_EQ(told.consents(0).consent().decision(), v1::Consent::WITHDRAWN);
  ASSERT_EQ(told.objections_size(), 1);
  EXPECT_EQ(told.objections(0).objection().member_ids(0), "a");
  EXPECT_TRUE(objects_to_anybody(told));
  EXPECT_EQ(told.order(), 7);
  objecting.mutable_objection()->set_lifted(true);
  life.change(objecting);
  EXPECT_FALSE(objects_to_anybody(life.circle()));
  EXPECT_EQ(circle_told(life.circle(), life.now()).objections_size(), 0);
}

TEST(CircleTold, DoesNotGrowWithTheHistory) {
  // Claim: after fifty changes of a circle of seven an event says no more of it than after ten.
  CircleLife life;
  std::vector<v1::CircleMember> seven;
  for (const char* id : {"a", "b", "c", "d", "e", "f", "g"}) seven.push_back(member_of_team(id));
  life.change(joining(seven));
  size_t after_ten = 0;
  for (size_t i = 1; i < 50; ++i) {
    v1::CircleMember changed = seven[i % 7];
    changed.set_role(i / 7 % 2 == 0 ? v1::MEMBER_ROLE_PHARMACIST : v1::MEMBER_ROLE_SPECIALIST);
    life.change(joining({changed}));
    if (i == 10) after_ten = circle_told(life.circle(), life.now()).ByteSizeLong();
  }
  const stored::CircleCase told = circle_told(life.circle(), life.now());
  EXPECT_EQ(told.memberships_size(), 7);
  EXPECT_EQ(life.circle().memberships_size(), 56);
  EXPECT_EQ(told.ByteSizeLong(), after_ten);
  RecordProperty("bytes_of_the_circle", static_cast<int>(life.circle().ByteSizeLong()));
  RecordProperty("bytes_told", static_cast<int>(told.ByteSizeLong()));
}

TEST(CircleMembers, JoinAndLeaveAndStayInTheHistory) {
  // Claim: nothing is taken out; each record says which event began it and which one ended it.
  CircleLife life;
  EXPECT_EQ(life.change(joining({member_of_team("a"), home_help("b")})).audit, "circle joins=2");
  EXPECT_EQ(life.present(), "a b");
  EXPECT_EQ(life.change(leaving("a")).audit, "circle leaves=1");
  EXPECT_EQ(life.present(), "b");
  ASSERT_EQ(life.circle().memberships_size(), 2);
  const auto& gone = life.circle().memberships(0);
  EXPECT_EQ(gone.by_event(), numbered(1).raw());
  EXPECT_EQ(gone.ended_by_event(), numbered(2).raw());
  EXPECT_EQ(gone.until().seconds(), life.now().us / 1000000);
  EXPECT_EQ(life.change(joining({member_of_team("a")})).circle.memberships_size(), 3);
  EXPECT_EQ(life.present(), "a b");
}

TEST(CircleMembers, TheSameAgainChangesNothing) {
  // Claim: a sender that repeats itself makes no history.
  CircleLife life;
  v1::CircleMember member = member_of_team("a");
  put(*member.mutable_start(), circle_day - days(10));
  life.change(joining({member}));
  const std::string before = life.circle().SerializeAsString();
  EXPECT_EQ(life.change(joining({member})).audit, "circle repeated=1");
  member.clear_start();
  expect_repeated(life.change(joining({member})), "joins[0]");
  EXPECT_EQ(life.circle().SerializeAsString(), before);
}

TEST(CircleMembers, WhoseMembershipIsOverAreNotRecordedTwice) {
  // Claim: a period of the past that is told twice, and the very join of who has left since, change nothing.
  CircleLife life;
  v1::CircleMember past = member_of_team("a");
  put(*past.mutable_start(), circle_day - days(10));
  put(*past.mutable_end(), circle_day - days(5));
  life.change(joining({past}));
  const std::string before = life.circle().SerializeAsString();
  expect_repeated(life.change(joining({past})), "joins[0]");
  EXPECT_EQ(life.circle().SerializeAsString(), before);
  const Instant joined = life.now();
  const auto first = change_circle({}, joining({member_of_team("b")}), numbered(1), joined);
  const auto left = change_circle(first->circle, leaving("b"), numbered(2), joined + days(1));
  const auto again = change_circle(left->circle, joining({member_of_team("b")}), numbered(3), joined);
  expect_repeated(*again, "joins[0]");
  EXPECT_EQ(again->circle.SerializeAsString(), left->circle.SerializeAsString());
}

TEST(CircleMembers, WhoHaveLeftLeaveOnce) {
  // Claim: the same leave again changes nothing, also one that is to come.
  CircleLife life;
  life.change(joining({member_of_team("a"), member_of_team("b")}));
  life.change(leaving("a"));
  Change later = leaving("b");
  put(*later.mutable_leaves(0)->mutable_at(), life.now() + days(30));
  life.change(later);
  const std::string before = life.circle().SerializeAsString();
  const CircleStep& again = life.change(leaving("a"));
  EXPECT_EQ(again.audit, "circle repeated=1");
  expect_repeated(again, "leaves[0]");
  expect_repeated(life.change(later), "leaves[0]");
  EXPECT_EQ(life.circle().SerializeAsString(), before);
}

TEST(CircleMembers, AreBroughtUpToDateFromNowOn) {
  // Claim: the old record ends where the new one begins; the member keeps its place.
  CircleLife life;
  life.change(joining({member_of_team("a"), member_of_team("b")}));
  v1::CircleMember moved = member_of_team("a");
  moved.mutable_person()->set_mailbox("a@autre.demo.mssante.fr");
  EXPECT_EQ(life.change(joining({moved})).audit, "circle updates=1");
  EXPECT_EQ(life.present(), "a b");
  ASSERT_EQ(life.circle().memberships_size(), 3);
  EXPECT_EQ(life.circle().memberships(0).until().seconds(), life.circle().memberships(2).from().seconds());
  const auto routed = route(life.circle(), letter(), v1::CONFIDENTIALITY_NORMAL, life.now());
  EXPECT_EQ(routed[0].member->person().mailbox(), "a@autre.demo.mssante.fr");
  const auto yesterday = route(life.circle(), letter(), v1::CONFIDENTIALITY_NORMAL, life.now() - days(1));
  EXPECT_EQ(yesterday[0].member->person().mailbox(), "a@medecin.demo.mssante.fr");
}

TEST(CircleMembers, AreThereInTheirPeriodOnly) {
  // Claim: neither before the start nor from the end on; absent start: when the event happened.
  CircleLife life;
  v1::CircleMember member = member_of_team("a");
  put(*member.mutable_start(), circle_day + days(3));
  put(*member.mutable_end(), circle_day + days(5));
  life.change(joining({member, member_of_team("b")}));
  EXPECT_EQ(life.present(), "b");
  life.wait(days(2));
  EXPECT_EQ(life.present(), "a b");
  life.wait(days(2));
  EXPECT_EQ(life.present(), "b");
}

TEST(CircleMembers, AnEndThatPassedEndsTheMembershipThen) {
  // Claim: an update that says when it ended is a leave.
  CircleLife life;
  life.change(joining({member_of_team("a")}));
  life.wait(days(5));
  v1::CircleMember ended = member_of_team("a");
  put(*ended.mutable_end(), life.now() - days(1));
  EXPECT_EQ(life.change(joining({ended})).audit, "circle leaves=1");
  EXPECT_EQ(life.present(), "");
  EXPECT_EQ(life.circle().memberships(0).until().seconds(), ended.end().seconds());
}

TEST(CircleMembers, WhoLeavesInTheFutureMayBeKept) {
  // Claim: a leave that is to come can be taken back by joining again.
  CircleLife life;
  life.change(joining({member_of_team("a")}));
  Change leave = leaving("a");
  put(*leave.mutable_leaves(0)->mutable_at(), life.now() + days(10));
  life.change(leave);
  EXPECT_EQ(life.present(), "a");
  life.change(joining({member_of_team("a")}));
  life.wait(days(20));
  EXPECT_EQ(life.present(), "a");
}

TEST(CircleMembers, MayLeaveBeforeTheyWereLastBroughtUpToDate) {
  // Claim: a leave that is told late ends all that came after it.
  CircleLife life;
  life.change(joining({member_of_team("a")}));
  const Instant joined = life.now();
  life.wait(days(3));
  life.change(joining({home_help("a")}));
  Change leave = leaving("a");
  put(*leave.mutable_leaves(0)->mutable_at(), joined + days(1));
  life.change(leave);
  EXPECT_EQ(life.present(), "");
  EXPECT_TRUE(route(life.circle(), letter(), v1::CONFIDENTIALITY_NORMAL, joined + days(2)).empty());
  EXPECT_EQ(route(life.circle(), letter(), v1::CONFIDENTIALITY_NORMAL, joined).size(), 1U);
}

TEST(CircleFaults, AreNamedByTheirPath) {
  // Claim: each wrong change is refused as a whole, at its field, without its value.
  CircleLife life;
  life.change(joining({member_of_team("a")}));
  v1::CircleMember reversed = member_of_team("b");
  put(*reversed.mutable_start(), circle_day);
  put(*reversed.mutable_end(), circle_day - seconds(1));
  EXPECT_EQ(life.fault(joining({member_of_team("c"), reversed})),
            "event.care_circle_change.joins[1].end: not before start");
  v1::CircleMember past = member_of_team("b");
  put(*past.mutable_end(), circle_day);
  EXPECT_EQ(life.fault(joining({past})), "event.care_circle_change.joins[0].end: not before start");
  EXPECT_EQ(life.fault(joining({member_of_team("b"), home_help("b")})),
            "event.care_circle_change.joins[1].member_id: no two with the same member_id");
  EXPECT_EQ(life.fault(leaving("z")),
            "event.care_circle_change.leaves[0].member_id: a member of the circle expected");
  Change both = leaving("a");
  *both.add_joins() = member_of_team("a");
  EXPECT_EQ(life.fault(both), "event.care_circle_change.leaves[0].member_id: no two with the same member_id");
  Change early = leaving("a");
  put(*early.mutable_leaves(0)->mutable_at(), circle_day);
  EXPECT_EQ(life.fault(early), "event.care_circle_change.leaves[0].at: not before the membership began");
  Change consent = consenting(v1::Consent::GIVEN, circle_day);
  put(*consent.mutable_consent()->mutable_expires_at(), circle_day - seconds(1));
  EXPECT_EQ(life.fault(consent), "event.care_circle_change.consent.expires_at: not before decided_at");
}

TEST(CircleFaults, ALeaveOnAnotherDay) {
  // Claim: who has left is not there any more.
  CircleLife life;
  life.change(joining({member_of_team("a")}));
  life.change(leaving("a"));
  Change other = leaving("a");
  put(*other.mutable_leaves(0)->mutable_at(), life.now() + days(3));
  EXPECT_EQ(life.fault(other),
            "event.care_circle_change.leaves[0].member_id: a member of the circle expected");
}

TEST(CircleFaults, MoreThanACircleHolds) {
  // Claim: at most 100 members on one day; leaving one makes room.
  CircleLife life;
  std::vector<v1::CircleMember> members;
  for (int i = 0; i < circle_members_most; ++i) members.push_back(member_of_team("m" + std::to_string(i)));
  life.change(joining(members));
  EXPECT_EQ(life.fault(joining({member_of_team("more")})),
            "event.care_circle_change.joins: a circle of at most 100 members");
  Change swap = joining({member_of_team("more")});
  swap.add_leaves()->set_member_id("m0");
  life.change(swap);
  EXPECT_EQ(route(life.circle(), letter(), v1::CONFIDENTIALITY_NORMAL, life.now()).size(), 100U);
}

TEST(CircleIssues, TellAMemberWithoutMailbox) {
  // Claim: the member joins, and a person is told that nothing will reach it.
  CircleLife life;
  v1::CircleMember silent = member_of_team("a");
  silent.mutable_person()->clear_mailbox();
  const CircleStep& step = life.change(joining({silent}));
  ASSERT_EQ(step.issues.size(), 1U);
  EXPECT_EQ(step.issues[0].code(), "MEMBER_WITHOUT_ADDRESS");
  EXPECT_EQ(step.issues[0].path(), "event.care_circle_change.joins[0]");
  EXPECT_EQ(life.routed(), "a:NOTHING:MEMBER_WITHOUT_ADDRESS");
}

TEST(CircleEnrolment, BringsItsMembersInAndLetsThemGo) {
  // Claim: they join with the enrolment and leave when it ends, at its end.
  CircleLife life;
  EXPECT_EQ(life.enrol(enrolling({member_of_team("a"), home_help("b")})).audit, "circle joins=2");
  EXPECT_EQ(life.present(), "a b");
  Enrolment end = enrolling({}, Enrolment::FINISHED);
  put(*end.mutable_end(), life.now() + seconds(60));
  EXPECT_EQ(life.enrol(end).audit, "circle leaves=2");
  EXPECT_EQ(life.present(), "");
  EXPECT_EQ(life.circle().memberships(0).until().seconds(), end.end().seconds());
  EXPECT_EQ(life.circle().memberships_size(), 2);
}

TEST(CircleEnrolment, AMemberHeldByTwoStaysWhenOneEnds) {
  // Claim: the second one still holds; when it ends too, the member leaves.
  CircleLife life;
  life.enrol(enrolling({member_of_team("a")}), 100);
  life.enrol(enrolling({member_of_team("a"), member_of_team("b")}), 101);
  EXPECT_EQ(life.circle().memberships_size(), 2);
  life.enrol(enrolling({}, Enrolment::FINISHED), 100);
  EXPECT_EQ(life.present(), "a b");
  life.enrol(enrolling({member_of_team("a")}, Enrolment::CANCELLED), 101);
  EXPECT_EQ(life.present(), "");
}

TEST(CircleEnrolment, DoesNotLetGoWhomAChangeBroughtIn) {
  // Claim: whether the change came before the enrolment or after it.
  CircleLife life;
  life.change(joining({member_of_team("a")}));
  life.enrol(enrolling({member_of_team("a"), member_of_team("b"), member_of_team("c")}));
  life.change(joining({member_of_team("b")}));
  life.enrol(enrolling({}, Enrolment::FINISHED));
  EXPECT_EQ(life.present(), "a b");
}

TEST(CircleEnrolment, LetsGoWhomItListsNoLonger) {
  // Claim: each event says the whole list; one without any member says nothing of it.
  CircleLife life;
  life.enrol(enrolling({member_of_team("a"), member_of_team("b")}));
  life.enrol(enrolling({}, Enrolment::ON_HOLD));
  EXPECT_EQ(life.present(), "a b");
  EXPECT_EQ(life.enrol(enrolling({member_of_team("b"), member_of_team("c")})).audit,
            "circle joins=1 leaves=1");
  EXPECT_EQ(life.present(), "b c");
}

TEST(CircleEnrolment, BringsAMemberUpToDateForAllWhoHoldIt) {
  // Claim: the new record is held as the old one was.
  CircleLife life;
  life.enrol(enrolling({member_of_team("a")}), 100);
  life.enrol(enrolling({member_by_consent("a")}), 101);
  EXPECT_EQ(life.circle().memberships_size(), 2);
  EXPECT_EQ(life.circle().memberships(1).enrolments_size(), 2);
  life.enrol(enrolling({}, Enrolment::FINISHED), 101);
  EXPECT_EQ(life.present(), "a");
}

TEST(CircleEnrolment, MayCarryTheConsent) {
  // Claim: as a change does.
  CircleLife life;
  Enrolment enrolment = enrolling({member_by_consent("a")});
  enrolment.mutable_consent()->set_decision(v1::Consent::GIVEN);
  put(*enrolment.mutable_consent()->mutable_decided_at(), circle_day);
  EXPECT_EQ(life.enrol(enrolment).audit, "circle joins=1 consent=given");
  EXPECT_TRUE(consent_holds(life.circle(), life.now()));
  enrolment.mutable_consent()->set_decision(v1::Consent::REFUSED);
  put(*enrolment.mutable_consent()->mutable_decided_at(), circle_day + days(1));
  EXPECT_TRUE(life.enrol(enrolment).consent_withdrawn);
}

TEST(CircleEnrolment, NamesNobodyTwice) {
  // Claim: in an event that ends it too.
  const stored::CircleCase circle;
  for (const auto status : {Enrolment::ACTIVE, Enrolment::FINISHED}) {
    const auto step = enrol_into_circle(circle, enrolling({member_of_team("a"), member_of_team("a")}, status),
                                        numbered(100), numbered(1), circle_day);
    ASSERT_FALSE(step.ok());
    EXPECT_EQ(step.error().faults[0].path, "event.pathway_enrolment.members[1].member_id");
  }
}

TEST(CircleConsent, TheLastDecisionHolds) {
  // Claim: in the order of decided_at, not of arrival; of two at one instant, the one that shares less.
  CircleLife life;
  EXPECT_FALSE(consent_holds(life.circle(), life.now()));
  EXPECT_FALSE(life.change(consenting(v1::Consent::GIVEN, circle_day)).consent_withdrawn);
  EXPECT_TRUE(consent_holds(life.circle(), life.now()));
  const CircleStep& step = life.change(consenting(v1::Consent::WITHDRAWN, circle_day + days(2)));
  EXPECT_TRUE(step.consent_withdrawn);
  EXPECT_EQ(step.audit, "circle consent=withdrawn");
  EXPECT_FALSE(consent_holds(life.circle(), life.now()));
  life.change(consenting(v1::Consent::GIVEN, circle_day + days(1)));
  EXPECT_FALSE(consent_holds(life.circle(), life.now()));
  life.change(consenting(v1::Consent::GIVEN, circle_day + days(2)));
  EXPECT_FALSE(consent_holds(life.circle(), life.now()));
  life.change(consenting(v1::Consent::GIVEN, circle_day + days(3)));
  EXPECT_TRUE(consent_holds(life.circle(), life.now()));
  EXPECT_EQ(life.circle().consents_size(), 5);
}

TEST(CircleConsent, IsWithdrawnOnce) {
  // Claim: a withdrawal that is older than the consent, the same withdrawal again, one after a refusal:
  // nothing to stop. The first thing that a circle is told may be a refusal: an event rests on a consent that
  // only it told of.
  CircleLife life;
  EXPECT_TRUE(life.change(consenting(v1::Consent::REFUSED, circle_day - days(5))).consent_withdrawn);
  EXPECT_FALSE(life.change(consenting(v1::Consent::WITHDRAWN, circle_day - days(4))).consent_withdrawn);
  life.change(consenting(v1::Consent::GIVEN, circle_day));
  EXPECT_FALSE(life.change(consenting(v1::Consent::WITHDRAWN, circle_day - days(1))).consent_withdrawn);
  EXPECT_TRUE(life.change(consenting(v1::Consent::REFUSED, circle_day + days(1))).consent_withdrawn);
  EXPECT_FALSE(life.change(consenting(v1::Consent::REFUSED, circle_day + days(1))).consent_withdrawn);
  EXPECT_EQ(life.circle().consents_size(), 5);
}

TEST(CircleConsent, EndsByItself) {
  // Claim: at expires_at, not before; a withdrawal after that still counts as one, for what may be under way.
  CircleLife life;
  Change change = consenting(v1::Consent::GIVEN, circle_day);
  put(*change.mutable_consent()->mutable_expires_at(), circle_day + days(10));
  life.change(change);
  EXPECT_TRUE(consent_holds(life.circle(), circle_day + days(10) - seconds(1)));
  EXPECT_EQ(consent_end(life.circle(), life.now()), circle_day + days(10));
  EXPECT_EQ(consent_end(life.circle(), circle_day + days(10)), Instant{});
  EXPECT_FALSE(consent_holds(life.circle(), circle_day + days(10)));
  life.wait(days(20));
  EXPECT_TRUE(life.change(consenting(v1::Consent::WITHDRAWN, life.now())).consent_withdrawn);
}

TEST(CircleRoute, FollowsTheRegimes) {
  // Claim: scenario A11: a circle of seven, each by its row; with consent, without, withdrawn.
  CircleLife life;
  v1::CircleMember coordinator = member_of_team("coordinator");
  coordinator.set_standing(v1::STANDING_OTHER);
  life.change(
      joining({member_of_team("doctor"), member_by_consent("cardiologist"), home_help("saad"), coordinator}));
  EXPECT_EQ(life.routed(),
            "doctor:FULL:TEAM_SHARES cardiologist:NOTHING:CONSENT_MISSING saad:REDUCED:SOCIAL_TEAM_NOTICE "
            "coordinator:NOTHING:NOT_LISTED_BY_LAW");
  life.change(consenting(v1::Consent::GIVEN, life.now()));
  EXPECT_EQ(life.routed(),
            "doctor:FULL:TEAM_SHARES cardiologist:FULL:CONSENT_HOLDS* saad:REDUCED:SOCIAL_TEAM_NOTICE "
            "coordinator:REDUCED:NOT_A_HEALTH_PROFESSIONAL*");
  life.change(consenting(v1::Consent::WITHDRAWN, life.now()));
  EXPECT_EQ(life.routed(),
            "doctor:FULL:TEAM_SHARES cardiologist:NOTHING:CONSENT_REFUSED saad:REDUCED:SOCIAL_TEAM_NOTICE "
            "coordinator:NOTHING:NOT_LISTED_BY_LAW");
}

TEST(CircleRoute, KnowsWhatAnEventTells) {
  // Claim: letters, orientations and enrolments are clinical; a change of circle is coordination; marked or
  // hidden is restricted, whatever the kind.
  CircleLife life;
  life.change(joining({home_help("saad")}));
  v1::CoordinationEvent orientation;
  orientation.mutable_orientation();
  v1::CoordinationEvent enrolment;
  enrolment.mutable_pathway_enrolment();
  v1::CoordinationEvent change;
  change.mutable_care_circle_change();
  for (const v1::CoordinationEvent& event : {letter(), orientation, enrolment})
    EXPECT_EQ(life.routed(event), "saad:REDUCED:SOCIAL_TEAM_NOTICE");
  EXPECT_EQ(life.routed(change), "saad:FULL:SOCIAL_TEAM_COORDINATION");
  EXPECT_EQ(life.routed(letter(), v1::CONFIDENTIALITY_UNSPECIFIED), "saad:REDUCED:SOCIAL_TEAM_NOTICE");
  for (v1::CoordinationEvent event : {letter(), orientation, enrolment, change}) {
    EXPECT_EQ(life.routed(event, v1::CONFIDENTIALITY_RESTRICTED), "saad:NOTHING:RESTRICTED_NOT_ROUTED");
    EXPECT_EQ(life.routed(event, v1::CONFIDENTIALITY_VERY_RESTRICTED), "saad:NOTHING:RESTRICTED_NOT_ROUTED");
    event.mutable_visibility()->set_hidden_from_professionals(true);
    EXPECT_EQ(life.routed(event), "saad:NOTHING:RESTRICTED_NOT_ROUTED");
  }
  v1::CoordinationEvent hidden = letter();
  hidden.mutable_visibility()->set_hidden_from_patient(true);
  EXPECT_EQ(life.routed(hidden), "saad:REDUCED:SOCIAL_TEAM_NOTICE");
}

TEST(CircleMailbox, ThatIsNamedAlreadyGetsNothingTwice) {
  // Claim: recipient or candidate, person or structure, whatever the case of the letters.
  CircleLife life;
  life.change(joining({member_of_team("a"), member_of_team("b"), home_help("c"), member_of_team("d")}));
  v1::CoordinationEvent event;
  event.add_recipients()->mutable_person()->set_mailbox("A@Medecin.Demo.MSSante.fr");
  event.add_recipients()->mutable_structure()->set_mailbox("c@structure.demo.mssante.fr");
  event.add_recipients()->mutable_patient();
  event.mutable_orientation()->add_candidates()->mutable_person()->set_mailbox("b@medecin.demo.mssante.fr");
  EXPECT_EQ(life.routed(event),
            "a:NOTHING:NAMED_ALREADY b:NOTHING:NAMED_ALREADY c:NOTHING:NAMED_ALREADY d:FULL:TEAM_SHARES");
}

TEST(CircleMailbox, ThatSeveralReadGetsWhatTheLeastEntitledMayReceive) {
  // Claim: no clinical content where a home help reads too, whoever joined first; once per mailbox.
  v1::CircleMember helper = home_help("helper");
  helper.mutable_structure()->set_mailbox("nurse@medecin.demo.mssante.fr");
  v1::CircleMember same = member_of_team("same");
  same.mutable_person()->set_mailbox("NURSE@medecin.demo.mssante.fr");
  CircleLife first;
  first.change(joining({member_of_team("nurse"), helper}));
  EXPECT_EQ(first.routed(), "nurse:REDUCED:MAILBOX_SHARED helper:NOTHING:NAMED_ALREADY");
  CircleLife second;
  second.change(joining({helper, member_of_team("nurse")}));
  EXPECT_EQ(second.routed(), "helper:REDUCED:SOCIAL_TEAM_NOTICE nurse:NOTHING:NAMED_ALREADY");
  CircleLife equal;
  equal.change(joining({member_of_team("nurse"), same}));
  EXPECT_EQ(equal.routed(), "nurse:FULL:TEAM_SHARES same:NOTHING:NAMED_ALREADY");
}

TEST(CircleMailbox, ThatSeveralReadIsSilentWhenOneMayHearNothing) {
  // Claim: an objection to one of them, or a missing consent, holds for the mailbox; with consent, what goes
  // needs it.
  v1::CircleMember guest = member_by_consent("guest");
  guest.mutable_person()->set_mailbox("nurse@medecin.demo.mssante.fr");
  CircleLife life;
  life.change(joining({member_of_team("nurse"), guest}));
  EXPECT_EQ(life.routed(), "nurse:NOTHING:MAILBOX_SHARED guest:NOTHING:CONSENT_MISSING");
  life.change(consenting(v1::Consent::GIVEN, life.now()));
  EXPECT_EQ(life.routed(), "nurse:FULL:TEAM_SHARES* guest:NOTHING:NAMED_ALREADY");
  life.change(objecting({"guest"}, {}));
  EXPECT_EQ(life.routed(), "nurse:NOTHING:MAILBOX_SHARED guest:NOTHING:PATIENT_OBJECTS");
}

TEST(CircleMailbox, IsMissedOnlyByOneWhoMayReceiveSomething) {
  // Claim: nobody is called for a member whom the law gives nothing.
  v1::CircleMember silent = member_by_consent("a");
  silent.mutable_person()->clear_mailbox();
  v1::CircleMember silent_too = member_of_team("b");
  silent_too.mutable_person()->clear_mailbox();
  CircleLife life;
  life.change(joining({silent, silent_too}));
  EXPECT_EQ(life.routed(), "a:NOTHING:CONSENT_MISSING b:NOTHING:MEMBER_WITHOUT_ADDRESS");
}

}  // namespace
}  // namespace psl::care
