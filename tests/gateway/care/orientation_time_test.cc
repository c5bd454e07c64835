// What time does to an orientation, and the end of the consent that it rests on.
#include <gtest/gtest.h>

#include "gateway/care/orientation.h"
#include "gateway/care/times.h"
#include "tests/gateway/care/orientation_world.h"

namespace psl::care {
namespace {

using Update = v1::OrientationUpdate;
using Indices = std::vector<int>;

TEST(OrientationTime, AnUnansweredProposalExpiresAndTheNextIsAsked) {
  // Claim: at expires_at, not before; one that may have left is not sent again.
  const OrientationStep before = begun({});
  EXPECT_FALSE(elapse(before.state, all_delivered, day + minutes(59)));
  const auto step = elapse(before.state, all_delivered, day + minutes(60));
  ASSERT_TRUE(step);
  EXPECT_EQ(letters_of(step->state), "EPW");
  EXPECT_EQ(step->visible, Update::EXPIRED);
  EXPECT_TRUE(step->expire.empty());
  EXPECT_EQ(step->release, Indices{1});
  EXPECT_EQ(step->wake_at, day + minutes(75));
  EXPECT_EQ(step->state.last().step(), Update::EXPIRED);
  EXPECT_EQ(step->audit, "orientation=expired proposal=1 of=3 asked=1");
  const auto unknown = elapse(before.state, std::vector{DeliveryState::unknown}, day + minutes(60));
  ASSERT_TRUE(unknown);
  EXPECT_EQ(letters_of(unknown->state), "EPW");
  EXPECT_EQ(unknown->expire, Indices{0});
  EXPECT_TRUE(unknown->withdraw.empty());
}

TEST(OrientationTime, OfACandidateRunsFromWhenItsProposalLeft) {
  // Claim: known a quarter of an hour later at most; a proposal that left late gives all of its time.
  const OrientationStep before = begun({});
  const std::vector left{day + minutes(4)};
  const auto step = elapse(before.state, all_delivered, day + minutes(15), left);
  ASSERT_TRUE(step);
  EXPECT_EQ(letters_of(step->state), "PWW");
  EXPECT_EQ(time_of(step->state.proposals(0).proposed_at()), day + minutes(4));
  EXPECT_EQ(time_of(step->state.proposals(0).expires_at()), day + minutes(64));
  EXPECT_EQ(step->wake_at, day + minutes(64));
  EXPECT_EQ(step->visible, Update::STEP_UNSPECIFIED);
  EXPECT_EQ(step->attention, "");
  EXPECT_EQ(step->audit, "");
  EXPECT_FALSE(elapse(step->state, all_delivered, day + minutes(63), left));
  EXPECT_EQ(letters_of(elapse(step->state, all_delivered, day + minutes(64), left)->state), "EPW");
  const auto capped = elapse(begun({.give_up = minutes(62)}).state, all_delivered, day + minutes(15), left);
  EXPECT_EQ(time_of(capped->state.proposals(0).expires_at()), day + minutes(62));
}

TEST(OrientationTime, NobodyExpiresWhoWasNeverAsked) {
  // Claim: while our own outbox waits, the candidate keeps all of its time, nobody else is asked, and a human
  // hears; until the end of the orientation.
  for (const DeliveryState state : {DeliveryState::pending, DeliveryState::sending}) {
    OrientationStep step = begun({.give_up = minutes(600)});
    const std::vector waiting{state};
    EXPECT_FALSE(elapse(step.state, waiting, day + minutes(14)));
    for (const int at : {15, 60, 300}) {
      const auto later = elapse(step.state, waiting, day + minutes(at));
      ASSERT_TRUE(later);
      step = *later;
      EXPECT_EQ(letters_of(step.state), "PWW");
      EXPECT_EQ(time_of(step.state.proposals(0).expires_at()), day + minutes(at + 60));
      EXPECT_EQ(step.attention, "PROPOSAL_WAITS_TO_LEAVE");
      EXPECT_EQ(step.visible, Update::STEP_UNSPECIFIED);
      EXPECT_EQ(step.wake_at, day + minutes(at + 15));
      EXPECT_EQ(step.audit, "orientation=proposal_waits_to_leave");
    }
    const auto left = elapse(step.state, all_delivered, day + minutes(315), std::vector{day + minutes(310)});
    ASSERT_TRUE(left);
    EXPECT_EQ(time_of(left->state.proposals(0).expires_at()), day + minutes(370));
    EXPECT_EQ(left->attention, "");
    const auto end = elapse(step.state, waiting, day + minutes(600));
    ASSERT_TRUE(end);
    EXPECT_EQ(letters_of(end->state), "EXX");
    EXPECT_EQ(end->attention, "CANDIDATES_SPENT");
  }
}

TEST(OrientationTime, EndsWithTheConsentThatItRestsOn) {
  // Claim: nobody is asked any more, no answer is awaited, a human hears, nobody else is told; what somebody
  // has accepted goes on without those who waited.
  const auto step = end_with_consent(begun({}).state, day + minutes(5));
  ASSERT_TRUE(step);
  EXPECT_EQ(letters_of(step->state), "XXX");
  EXPECT_EQ(step->state.state(), v1::ORIENTATION_STATE_SPENT);
  EXPECT_FALSE(step->open);
  EXPECT_EQ(step->withdraw, (Indices{0, 1, 2}));
  EXPECT_EQ(step->attention, "CONSENT_WITHDRAWN");
  EXPECT_EQ(step->visible, Update::STEP_UNSPECIFIED);
  EXPECT_EQ(told_of(*step), "");
  EXPECT_FALSE(end_with_consent(step->state, day + minutes(6)));
  const auto held = end_with_consent(accepted().state, day + minutes(5));
  ASSERT_TRUE(held);
  EXPECT_EQ(letters_of(held->state), "AXX");
  EXPECT_TRUE(held->open);
  EXPECT_EQ(held->attention, "CONSENT_WITHDRAWN");
  EXPECT_FALSE(end_with_consent(held->state, day + minutes(6)));
}

TEST(OrientationTime, AFailedDeliveryIsPassedOverAtOnce) {
  // Claim: whoever cannot be reached costs no waiting.
  for (const DeliveryState state :
       {DeliveryState::rejected, DeliveryState::handed_over, DeliveryState::cancelled}) {
    const auto step = elapse(begun({}).state, std::vector{state}, day + minutes(1));
    ASSERT_TRUE(step);
    EXPECT_EQ(letters_of(step->state), "UPW");
    EXPECT_EQ(step->visible, Update::UNREACHABLE);
    EXPECT_EQ(step->release, Indices{1});
    EXPECT_EQ(step->state.last().step(), Update::UNREACHABLE);
  }
}

TEST(OrientationTime, WhoseDeliveryIsGoneIsNotAskedInItsTurn) {
  // Claim: a held delivery that was cancelled cannot be released; the one after it is asked.
  const auto step = elapse(
      begun({}).state, std::vector{DeliveryState::rejected, DeliveryState::cancelled, DeliveryState::pending},
      day + minutes(1));
  ASSERT_TRUE(step);
  EXPECT_EQ(letters_of(step->state), "UUP");
  EXPECT_FALSE(elapse(begun({}).state, std::vector{DeliveryState::delivered, DeliveryState::cancelled}, day));
}

TEST(OrientationTime, TheDeadlineEndsIt) {
  // Claim: at give_up_at nobody is asked any more, and a human takes over.
  const auto step = elapse(begun({.give_up = minutes(30)}).state, all_delivered, day + minutes(30));
  ASSERT_TRUE(step);
  EXPECT_EQ(letters_of(step->state), "EXX");
  EXPECT_EQ(step->state.state(), v1::ORIENTATION_STATE_SPENT);
  EXPECT_EQ(step->visible, Update::SPENT);
  EXPECT_EQ(step->attention, "CANDIDATES_SPENT");
  EXPECT_EQ(step->withdraw, (Indices{1, 2}));
  EXPECT_EQ(step->wake_at, Instant{});
}

TEST(OrientationTime, AHumanHearsOnceThatTheDeadlineIsNear) {
  // Claim: attention only, once, nothing that others see; an acceptance clears it.
  const OrientationStep before = begun({.alert = minutes(10)});
  EXPECT_EQ(before.wake_at, day + minutes(10));
  auto step = elapse(before.state, all_delivered, day + minutes(10));
  ASSERT_TRUE(step);
  EXPECT_EQ(step->attention, "DEADLINE_NEAR");
  EXPECT_EQ(step->visible, Update::STEP_UNSPECIFIED);
  EXPECT_EQ(step->wake_at, day + minutes(15));
  EXPECT_EQ(step->audit, "orientation=deadline_near of=3");
  EXPECT_FALSE(elapse(step->state, all_delivered, day + minutes(11)));
  EXPECT_EQ(after(*step, step_of(Update::DECLINED, 0), day + minutes(12)).attention, "DEADLINE_NEAR");
  EXPECT_EQ(after(*step, step_of(Update::ACCEPTED, 0), day + minutes(12)).attention, "");
  EXPECT_EQ(after(*step, step_of(Update::CANCELLED), day + minutes(12)).attention, "");
}

TEST(OrientationTime, AnOrientationThatOpensAgainSoLateIsNearItsDeadlineAgain) {
  // Claim: the acceptance had cleared the attention; without it the human would not know.
  OrientationStep step = after(begun({.alert = minutes(10)}), step_of(Update::ACCEPTED, 0), day + minutes(1));
  step = after(step, step_of(Update::PATIENT_DECLINED), day + minutes(20));
  EXPECT_EQ(step.attention, "DEADLINE_NEAR");
  EXPECT_EQ(step.wake_at, day + minutes(35));
}

TEST(OrientationTime, LetsThoseWhoWaitGoWhenNobodyMayBeAskedAnyMore) {
  // Claim: at give_up_at, though somebody has accepted; nothing is told, and the orientation goes on.
  const OrientationStep before = after(begun({.give_up = minutes(90)}), step_of(Update::ACCEPTED, 0));
  EXPECT_EQ(before.wake_at, day + minutes(90));
  EXPECT_FALSE(elapse(before.state, all_delivered, day + minutes(89)));
  const auto step = elapse(before.state, all_delivered, day + minutes(90));
  ASSERT_TRUE(step);
  EXPECT_EQ(letters_of(step->state), "AXX");
  EXPECT_EQ(step->withdraw, (Indices{1, 2}));
  EXPECT_TRUE(step->open);
  EXPECT_EQ(step->visible, Update::STEP_UNSPECIFIED);
  EXPECT_EQ(told_of(*step), "");
  EXPECT_EQ(step->wake_at, day + minutes(90) + seconds(7 * 86400));
  EXPECT_FALSE(elapse(step->state, all_delivered, day + minutes(91)));
}

TEST(OrientationTime, EndsWhatWasAcceptedThoughNobodySaysThatThePatientWasSeen) {
  // Claim: a week after the last of its last step, give_up_at, the appointment and wanted_before; the state
  // stays, nobody is told or called, and what is said later still counts.
  const Span week = seconds(7 * 86400);
  OrientationStep before = accepted();
  EXPECT_EQ(before.wake_at, day + minutes(1) + week);
  Update booked = step_of(Update::BOOKED);
  *booked.mutable_appointment()->mutable_start() = stamp(day + minutes(20000));
  before = after(before, booked);
  EXPECT_EQ(before.wake_at, day + minutes(20000) + week);
  *booked.mutable_appointment()->mutable_end() = stamp(day + minutes(20030));
  before = after(before, booked);
  EXPECT_EQ(before.wake_at, day + minutes(20030) + week);
  Update moved = step_of(Update::RESCHEDULED);
  *moved.mutable_wanted_before() = stamp(day + minutes(30000));
  before = after(before, moved);
  const Instant end = day + minutes(30000) + week;
  EXPECT_EQ(before.wake_at, end);
  EXPECT_FALSE(elapse(before.state, all_delivered, Instant{end.us - 1}));
  const auto step = elapse(before.state, all_delivered, end);
  ASSERT_TRUE(step);
  EXPECT_FALSE(step->open);
  EXPECT_EQ(step->wake_at, Instant{});
  EXPECT_EQ(step->attention, "");
  EXPECT_EQ(told_of(*step), "");
  EXPECT_EQ(step->visible, Update::STEP_UNSPECIFIED);
  EXPECT_EQ(letters_of(step->state), "AXX");
  EXPECT_EQ(step->state.state(), v1::ORIENTATION_STATE_BOOKED);
  EXPECT_EQ(after(*step, step_of(Update::SEEN), end + minutes(1)).state.state(), v1::ORIENTATION_STATE_SEEN);
}

TEST(OrientationTime, HandsOverWhatNeverReachedWhoAccepted) {
  // Claim: accepted by telephone, while the mail could not be sent: at give_up_at a human has it, once.
  const OrientationStep step =
      after(begun({.candidates = 1, .give_up = minutes(100)}), step_of(Update::ACCEPTED, 0));
  EXPECT_EQ(step.wake_at, day + minutes(100));
  for (const DeliveryState state : {DeliveryState::pending, DeliveryState::unknown}) {
    const auto late = elapse(step.state, std::vector{state}, step.wake_at);
    ASSERT_TRUE(late);
    EXPECT_EQ(late->hand_over, Indices{0});
    EXPECT_TRUE(late->open && late->told.empty() && late->withdraw.empty());
    EXPECT_GT(late->wake_at, step.wake_at);
    EXPECT_FALSE(elapse(late->state, std::vector{DeliveryState::handed_over}, step.wake_at + minutes(1)));
  }
  EXPECT_FALSE(elapse(step.state, std::vector{DeliveryState::delivered}, step.wake_at));
  EXPECT_FALSE(elapse(step.state, std::vector{DeliveryState::pending}, step.wake_at - minutes(1)));
}

TEST(OrientationTime, EndsAfterAYearOfSilenceWhateverTheDates) {
  // Claim: a date in a far year does not keep others from asking the same for this patient.
  Update moved = step_of(Update::RESCHEDULED);
  *moved.mutable_wanted_before() = stamp(day + seconds(int64_t{40} * 366 * 86400));
  const OrientationStep step = after(accepted(), moved, day + minutes(5));
  EXPECT_EQ(step.wake_at, day + minutes(5) + seconds(366 * 86400));
  const auto over = elapse(step.state, all_delivered, step.wake_at);
  ASSERT_TRUE(over);
  EXPECT_FALSE(over->open);
}

TEST(OrientationTime, DoesNothingToWhatWasJustAccepted) {
  // Claim: a delivery that fails, or a proposal's time, is nothing to an orientation that somebody has taken.
  EXPECT_FALSE(elapse(accepted().state, std::vector{DeliveryState::rejected}, day + minutes(10000)));
}

TEST(OrientationTime, WhatIsOverWhenAnotherAnswersIsExpiredNotTaken) {
  // Claim: an answer that comes before the clock has looked finds the state as time has made it.
  OrientationStep step = begun({.mode = v1::Orientation::PARALLEL, .candidates = 2});
  *step.state.mutable_proposals(0)->mutable_expires_at() = stamp(day + minutes(5));
  step = after(step, step_of(Update::ACCEPTED, 1), day + minutes(6));
  EXPECT_EQ(letters_of(step.state), "EA");
  EXPECT_EQ(told_of(step), "");
  EXPECT_EQ(step.expire, Indices{0});
}

}  // namespace
}  // namespace psl::care
