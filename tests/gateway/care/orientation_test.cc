#include "gateway/care/orientation.h"

#include <gtest/gtest.h>

#include "passerelle/v1/config.pb.h"
#include "passerelle/v1/delivery.pb.h"
#include "tests/gateway/care/orientation_world.h"

namespace psl::care {
namespace {

using Update = v1::OrientationUpdate;
using Indices = std::vector<int>;

const Instant day = orientation_day;

OrientationStep after(const OrientationStep& before, const Update& update, Instant now = day + minutes(1)) {
  Result<OrientationStep> step = apply(before.state, update, now);
  if (!step.ok()) {
    ADD_FAILURE() << step.error().describe();
    return before;
  }
  return *step;
}

ErrorCode refusal(const OrientationStep& before, const Update& update, Instant now = day + minutes(1)) {
  const Result<OrientationStep> step = apply(before.state, update, now);
  return step.ok() ? ErrorCode::internal : step.error().code;
}

OrientationStep accepted(int proposal = 0) { return after(begun({}), step_of(Update::ACCEPTED, proposal)); }

const std::vector<DeliveryState> all_delivered(5, DeliveryState::delivered);

TEST(OrientationBegins, OneByOneAsksTheFirst) {
  // Claim: the first candidate has its proposal, with its time; the others wait.
  const OrientationStep step = begun({});
  EXPECT_EQ(letters_of(step.state), "PWW");
  EXPECT_EQ(step.release, Indices{0});
  EXPECT_TRUE(step.withdraw.empty());
  EXPECT_TRUE(step.told.empty());
  EXPECT_EQ(step.state.state(), v1::ORIENTATION_STATE_OPEN);
  EXPECT_EQ(step.state.proposals(0).expires_at().seconds(), day.us / 1000000 + 3600);
  EXPECT_EQ(step.wake_at, day + minutes(60));
  EXPECT_TRUE(step.open);
  EXPECT_EQ(step.attention, "");
  EXPECT_EQ(step.visible, Update::STEP_UNSPECIFIED);
  EXPECT_EQ(step.audit, "orientation=begun of=3 asked=1");
}

TEST(OrientationBegins, ParallelAsksAll) {
  // Claim: all are asked at once.
  const OrientationStep step = begun({.mode = v1::Orientation::PARALLEL});
  EXPECT_EQ(letters_of(step.state), "PPP");
  EXPECT_EQ(step.release, (Indices{0, 1, 2}));
}

TEST(OrientationBegins, PassesOverWhomItCannotReach) {
  // Claim: without an address there is no proposal; the next is asked.
  EXPECT_EQ(letters_of(begun({.unreachable = {0}}).state), "UPW");
  EXPECT_EQ(letters_of(begun({.mode = v1::Orientation::PARALLEL, .unreachable = {1}}).state), "PUP");
}

TEST(OrientationBegins, WithNobodyToAskIsSpent) {
  // Claim: no candidate, or none reachable: a human is told at once.
  for (const OrientationStep& step :
       {begun({.candidates = 0}), begun({.candidates = 2, .unreachable = {0, 1}})}) {
    EXPECT_EQ(step.state.state(), v1::ORIENTATION_STATE_SPENT);
    EXPECT_EQ(step.attention, "CANDIDATES_SPENT");
    EXPECT_EQ(step.visible, Update::SPENT);
    EXPECT_FALSE(step.open);
    EXPECT_EQ(step.wake_at, Instant{});
  }
}

TEST(OrientationBegins, NoAnswerIsAwaitedAfterTheDeadline) {
  // Claim: expires_at = min(proposed_at + answer_within, give_up_at).
  const OrientationStep step = begun({.give_up = minutes(20)});
  EXPECT_EQ(step.state.proposals(0).expires_at().seconds(), day.us / 1000000 + 1200);
  EXPECT_EQ(step.wake_at, day + minutes(20));
}

TEST(OrientationBegins, TooLateIsSpent) {
  // Claim: nobody is asked after give_up_at.
  const OrientationStep step = begun({.give_up = minutes(20)}, day + minutes(20));
  EXPECT_EQ(letters_of(step.state), "XXX");
  EXPECT_EQ(step.withdraw, (Indices{0, 1, 2}));
  EXPECT_EQ(step.attention, "CANDIDATES_SPENT");
}

TEST(OrientationBegins, ItsAuditHasTheVersionOfTheRules) {
  // Claim: class, score and version are in the audit.
  stored::OrientationCase state;
  state.set_priority_class(1);
  state.set_priority_score(9);
  state.set_priority_rules("meb-v1");
  state.set_answer_within_s(60);
  const NewProposal one{0, delivery_uuid(0), false};
  EXPECT_EQ(begin(state, std::span(&one, 1), day).audit,
            "orientation=begun of=1 asked=1 class=1 score=9 rules=meb-v1");
}

TEST(OrientationAcceptance, OneByOneKeepsTheOthersWaiting) {
  // Claim: one acceptance; who was never asked stays held, so that a later step can still ask.
  const OrientationStep step = accepted();
  EXPECT_EQ(letters_of(step.state), "AWW");
  EXPECT_EQ(step.state.state(), v1::ORIENTATION_STATE_ACCEPTED);
  EXPECT_TRUE(step.withdraw.empty());
  EXPECT_EQ(step.visible, Update::ACCEPTED);
  EXPECT_EQ(step.wake_at, day + minutes(1) + seconds(7 * 86400));
  EXPECT_TRUE(step.open);
  EXPECT_EQ(step.state.steps(), 1);
  EXPECT_EQ(step.state.last().step(), Update::ACCEPTED);
  EXPECT_EQ(step.audit, "orientation=accepted proposal=1 of=3");
}

TEST(OrientationAcceptance, TellsTheOthersThatItIsTaken) {
  // Claim: whoever was asked is told, and what has not left to them does not leave.
  OrientationStep step = begun({.mode = v1::Orientation::PARALLEL});
  step = after(step, step_of(Update::ACCEPTED, 1));
  EXPECT_EQ(letters_of(step.state), "TAT");
  EXPECT_EQ(told_of(step), "2:TAKEN 4:TAKEN");
  EXPECT_EQ(step.withdraw, (Indices{0, 2}));
}

TEST(OrientationAcceptance, IsConfirmedWhereNoProgramAnswers) {
  // Claim: an answer by mail or by link is confirmed by a message; a tool has its own answer.
  for (const auto channel : {v1::ANSWER_CHANNEL_LINK, v1::ANSWER_CHANNEL_MAIL}) {
    Update update = step_of(Update::ACCEPTED, 0);
    update.set_channel(channel);
    const OrientationStep step = after(begun({}), update);
    EXPECT_EQ(told_of(step), "2:CONFIRMED");
    EXPECT_EQ(step.state.proposals(0).channel(), channel);
  }
  Update update = step_of(Update::ACCEPTED, 0);
  update.set_channel(v1::ANSWER_CHANNEL_API);
  EXPECT_EQ(told_of(after(begun({}), update)), "");
}

TEST(OrientationAcceptance, TheSecondInTheSameInstantIsTooLate) {
  // Claim: exactly one wins, whatever the clock says.
  OrientationStep step = begun({.mode = v1::Orientation::PARALLEL});
  step = after(step, step_of(Update::ACCEPTED, 2));
  EXPECT_EQ(refusal(step, step_of(Update::ACCEPTED, 0)), ErrorCode::already_taken);
}

TEST(OrientationAcceptance, TwiceIsOnce) {
  // Claim: the same answer again changes nothing, however far the orientation has gone.
  for (const OrientationStep& step : {accepted(), after(accepted(), step_of(Update::SEEN))}) {
    const OrientationStep again = after(step, step_of(Update::ACCEPTED, 0), day + minutes(200));
    EXPECT_EQ(again.state.SerializeAsString(), step.state.SerializeAsString());
    EXPECT_EQ(again.visible, Update::STEP_UNSPECIFIED);
    EXPECT_EQ(again.open, step.open);
    EXPECT_EQ(again.audit, "orientation=repeated proposal=1");
    EXPECT_TRUE(again.told.empty() && again.release.empty() && again.withdraw.empty() &&
                again.expire.empty());
  }
}

TEST(OrientationAcceptance, ComesTooLateAtTheVeryInstantOfItsEnd) {
  // Claim: the time is over at expires_at, whether or not the clock has looked yet.
  const OrientationStep step = begun({});
  EXPECT_EQ(refusal(step, step_of(Update::ACCEPTED, 0), day + minutes(60)), ErrorCode::proposal_closed);
  EXPECT_EQ(refusal(step, step_of(Update::DECLINED, 0), day + minutes(60)), ErrorCode::proposal_closed);
  EXPECT_TRUE(apply(step.state, step_of(Update::ACCEPTED, 0), Instant{(day + minutes(60)).us - 1}).ok());
}

TEST(OrientationAcceptance, OfAnExpiredProposalIsRefusedEvenWhenNobodyElseHasAccepted) {
  // Claim: strict: the next one was asked in good faith.
  const auto step = elapse(begun({}).state, all_delivered, day + minutes(60));
  ASSERT_TRUE(step);
  EXPECT_EQ(refusal(*step, step_of(Update::ACCEPTED, 0), day + minutes(61)), ErrorCode::proposal_closed);
}

TEST(OrientationAcceptance, OfWhatWasNotAskedIsNotPossible) {
  // Claim: a candidate whose turn has not come cannot take it.
  EXPECT_EQ(refusal(begun({}), step_of(Update::ACCEPTED, 1)), ErrorCode::step_not_possible);
}

TEST(OrientationAcceptance, OfWhomWeDidNotReachIsRefused) {
  // Claim: unreachable is closed.
  EXPECT_EQ(refusal(begun({.unreachable = {0}}), step_of(Update::ACCEPTED, 0)), ErrorCode::proposal_closed);
}

TEST(OrientationAcceptance, AfterACancellationIsRefused) {
  // Claim: withdrawn, or accepted before it was cancelled: both are closed.
  EXPECT_EQ(refusal(after(begun({}), step_of(Update::CANCELLED)), step_of(Update::ACCEPTED, 0)),
            ErrorCode::proposal_closed);
  EXPECT_EQ(refusal(after(accepted(), step_of(Update::CANCELLED)), step_of(Update::ACCEPTED, 0)),
            ErrorCode::proposal_closed);
}

TEST(OrientationAcceptance, AfterOnesOwnRefusalIsAnotherAnswer) {
  // Claim: who declined does not take it back by a second mail.
  const OrientationStep step = after(begun({}), step_of(Update::DECLINED, 0));
  EXPECT_EQ(refusal(step, step_of(Update::ACCEPTED, 0)), ErrorCode::already_answered);
}

TEST(OrientationAcceptance, NamesAProposalOfThisOrientation) {
  // Claim: an unknown one, or no UUID, is not found.
  EXPECT_EQ(refusal(begun({}), step_of(Update::ACCEPTED, 77)), ErrorCode::not_found);
  EXPECT_EQ(refusal(begun({}), step_of(Update::ACCEPTED)), ErrorCode::not_found);
  Update update = step_of(Update::DECLINED);
  update.set_proposal_id("no uuid");
  EXPECT_EQ(refusal(begun({}), update), ErrorCode::not_found);
}

TEST(OrientationRefusal, AsksTheNext) {
  // Claim: the reason is kept, the next is asked from now.
  Update update = step_of(Update::DECLINED, 0);
  update.set_reason(Update::NO_BED);
  update.set_reason_text("Service complet.");
  const OrientationStep step = after(begun({}), update, day + minutes(5));
  EXPECT_EQ(letters_of(step.state), "DPW");
  EXPECT_EQ(step.release, Indices{1});
  EXPECT_EQ(step.withdraw, Indices{0});
  EXPECT_EQ(step.visible, Update::DECLINED);
  EXPECT_EQ(step.state.proposals(0).reason(), Update::NO_BED);
  EXPECT_EQ(step.state.proposals(0).reason_text(), "Service complet.");
  EXPECT_EQ(step.state.last().reason(), Update::NO_BED);
  EXPECT_EQ(step.wake_at, day + minutes(65));
  EXPECT_EQ(step.audit, "orientation=declined proposal=1 of=3 asked=1");
}

TEST(OrientationRefusal, OfTheLastOneIsSpent) {
  // Claim: nobody left: a human is told, and so are those who are kept informed.
  const OrientationStep step = after(begun({.candidates = 1}), step_of(Update::DECLINED, 0));
  EXPECT_EQ(step.state.state(), v1::ORIENTATION_STATE_SPENT);
  EXPECT_EQ(step.visible, Update::SPENT);
  EXPECT_EQ(step.attention, "CANDIDATES_SPENT");
  EXPECT_FALSE(step.open);
  EXPECT_EQ(step.audit, "orientation=spent proposal=1 of=1");
}

TEST(OrientationRefusal, InParallelWaitsForTheOthers) {
  // Claim: one no among several ends nothing.
  const OrientationStep step =
      after(begun({.mode = v1::Orientation::PARALLEL}), step_of(Update::DECLINED, 1));
  EXPECT_EQ(letters_of(step.state), "PDP");
  EXPECT_EQ(step.state.state(), v1::ORIENTATION_STATE_OPEN);
  EXPECT_TRUE(step.release.empty());
}

TEST(OrientationRefusal, TwiceIsOnce) {
  // Claim: as an acceptance.
  const OrientationStep step = after(begun({}), step_of(Update::DECLINED, 0));
  const OrientationStep again = after(step, step_of(Update::DECLINED, 0), day + minutes(2));
  EXPECT_EQ(again.state.SerializeAsString(), step.state.SerializeAsString());
  EXPECT_EQ(again.visible, Update::STEP_UNSPECIFIED);
  EXPECT_EQ(again.wake_at, step.wake_at);
}

TEST(OrientationRefusal, OfWhatIsTakenChangesNothing) {
  // Claim: a no to what another has is welcome and needs no error.
  OrientationStep step = begun({.mode = v1::Orientation::PARALLEL});
  step = after(step, step_of(Update::ACCEPTED, 0));
  const OrientationStep again = after(step, step_of(Update::DECLINED, 1));
  EXPECT_EQ(again.state.SerializeAsString(), step.state.SerializeAsString());
}

TEST(OrientationRefusal, AfterAnAcceptanceOpensAgainUntilThePatientWasSeen) {
  // Claim: the professional may step back; the next is asked, the appointment is gone, nobody who was told
  // "taken" is asked again.
  for (const auto step_before : {Update::ACCEPTED, Update::BOOKED, Update::NO_SHOW}) {
    OrientationStep step = accepted();
    if (step_before != Update::ACCEPTED) step = after(step, step_of(Update::BOOKED));
    if (step_before == Update::NO_SHOW) step = after(step, step_of(Update::NO_SHOW));
    step = after(step, step_of(Update::DECLINED, 0), day + minutes(30));
    EXPECT_EQ(letters_of(step.state), "DPW");
    EXPECT_EQ(step.state.state(), v1::ORIENTATION_STATE_OPEN);
    EXPECT_FALSE(step.state.has_appointment());
    EXPECT_EQ(step.visible, Update::DECLINED);
  }
  EXPECT_EQ(refusal(after(accepted(), step_of(Update::SEEN)), step_of(Update::DECLINED, 0)),
            ErrorCode::step_not_possible);
  OrientationStep parallel = begun({.mode = v1::Orientation::PARALLEL});
  parallel = after(parallel, step_of(Update::ACCEPTED, 0));
  parallel = after(parallel, step_of(Update::DECLINED, 0));
  EXPECT_EQ(letters_of(parallel.state), "DTT");
  EXPECT_EQ(parallel.attention, "CANDIDATES_SPENT");
}

TEST(OrientationSteps, FollowTheStatesOfTheOrientation) {
  // Claim: the whole product of state and step; what is not in the table is STEP_NOT_POSSIBLE.
  const std::map<std::string, OrientationStep> states = {
      {"open", begun({})},
      {"accepted", accepted()},
      {"booked", after(accepted(), step_of(Update::BOOKED))},
      {"rebook", after(after(accepted(), step_of(Update::BOOKED)), step_of(Update::APPOINTMENT_CANCELLED))},
      {"seen", after(accepted(), step_of(Update::SEEN))},
      {"completed", after(accepted(), step_of(Update::COMPLETED))},
      {"cancelled", after(accepted(), step_of(Update::CANCELLED))},
      {"spent", begun({.candidates = 0})},
  };
  const std::map<Update::Step, std::map<std::string, v1::OrientationState>> table = {
      {Update::BOOKED,
       {{"accepted", v1::ORIENTATION_STATE_BOOKED},
        {"booked", v1::ORIENTATION_STATE_BOOKED},
        {"rebook", v1::ORIENTATION_STATE_BOOKED}}},
      {Update::NO_SHOW, {{"booked", v1::ORIENTATION_STATE_TO_REBOOK}}},
      {Update::APPOINTMENT_CANCELLED, {{"booked", v1::ORIENTATION_STATE_TO_REBOOK}}},
      {Update::SEEN,
       {{"accepted", v1::ORIENTATION_STATE_SEEN},
        {"booked", v1::ORIENTATION_STATE_SEEN},
        {"rebook", v1::ORIENTATION_STATE_SEEN}}},
      {Update::COMPLETED,
       {{"accepted", v1::ORIENTATION_STATE_COMPLETED},
        {"booked", v1::ORIENTATION_STATE_COMPLETED},
        {"rebook", v1::ORIENTATION_STATE_COMPLETED},
        {"seen", v1::ORIENTATION_STATE_COMPLETED}}},
      {Update::PATIENT_DECLINED,
       {{"accepted", v1::ORIENTATION_STATE_OPEN},
        {"booked", v1::ORIENTATION_STATE_OPEN},
        {"rebook", v1::ORIENTATION_STATE_OPEN}}},
      {Update::CANCELLED,
       {{"open", v1::ORIENTATION_STATE_CANCELLED},
        {"accepted", v1::ORIENTATION_STATE_CANCELLED},
        {"booked", v1::ORIENTATION_STATE_CANCELLED},
        {"rebook", v1::ORIENTATION_STATE_CANCELLED},
        {"seen", v1::ORIENTATION_STATE_CANCELLED},
        {"spent", v1::ORIENTATION_STATE_CANCELLED}}},
      {Update::RESCHEDULED,
       {{"open", v1::ORIENTATION_STATE_OPEN},
        {"accepted", v1::ORIENTATION_STATE_ACCEPTED},
        {"booked", v1::ORIENTATION_STATE_BOOKED},
        {"rebook", v1::ORIENTATION_STATE_TO_REBOOK}}},
      {Update::EXPIRED, {}},
      {Update::UNREACHABLE, {}},
      {Update::SPENT, {}},
      {Update::TOO_LATE, {}},
      {Update::STEP_UNSPECIFIED, {}},
  };
  for (const auto& [step, results] : table) {
    for (const auto& [name, before] : states) {
      const Result<OrientationStep> result = apply(before.state, step_of(step), day + minutes(2));
      const auto expected = results.find(name);
      ASSERT_EQ(result.ok(), expected != results.end()) << name << " " << Update::Step_Name(step);
      if (!result.ok()) {
        EXPECT_EQ(result.error().code, ErrorCode::step_not_possible);
        continue;
      }
      EXPECT_EQ(result->state.state(), expected->second) << name << " " << Update::Step_Name(step);
      EXPECT_EQ(result->visible, step);
      EXPECT_EQ(result->state.steps(), before.state.steps() + 1);
    }
  }
}

TEST(OrientationSteps, NameTheAcceptedProposalOrNone) {
  // Claim: another one does not step for it.
  EXPECT_TRUE(apply(accepted().state, step_of(Update::SEEN, 0), day).ok());
  EXPECT_EQ(refusal(accepted(), step_of(Update::SEEN, 1)), ErrorCode::step_not_possible);
  EXPECT_EQ(refusal(accepted(), step_of(Update::SEEN, 77)), ErrorCode::not_found);
  EXPECT_EQ(refusal(begun({}), step_of(Update::CANCELLED, 0)), ErrorCode::step_not_possible);
}

TEST(OrientationSteps, ABookingIsKeptThroughAMissedAppointment) {
  // Claim: what is told of a missed appointment can say which one it was.
  Update booked = step_of(Update::BOOKED);
  booked.mutable_appointment()->mutable_start()->set_seconds(1795500000);
  OrientationStep step = after(accepted(), booked);
  EXPECT_EQ(step.state.appointment().start().seconds(), 1795500000);
  step = after(step, step_of(Update::NO_SHOW));
  EXPECT_EQ(step.state.appointment().start().seconds(), 1795500000);
}

TEST(OrientationSteps, WhoWaitsIsLetGoWhenThePatientWasSeen) {
  // Claim: nobody can be asked any more, so what was held for them does not stay.
  const OrientationStep step = after(accepted(), step_of(Update::SEEN));
  EXPECT_EQ(letters_of(step.state), "AXX");
  EXPECT_EQ(step.withdraw, (Indices{1, 2}));
  EXPECT_FALSE(step.open);
}

TEST(OrientationSteps, ACancellationReachesWhomItConcernsAndNobodyElse) {
  // Claim: told are those who were asked or accepted; who never was hears nothing.
  const OrientationStep open = after(begun({}), step_of(Update::CANCELLED));
  EXPECT_EQ(told_of(open), "2:CANCELLED");
  EXPECT_EQ(letters_of(open.state), "XXX");
  EXPECT_EQ(open.withdraw, (Indices{0, 1, 2}));
  EXPECT_FALSE(open.open);
  OrientationStep declined = after(begun({}), step_of(Update::DECLINED, 0));
  declined = after(declined, step_of(Update::ACCEPTED, 1));
  declined = after(declined, step_of(Update::CANCELLED));
  EXPECT_EQ(told_of(declined), "3:CANCELLED");
  EXPECT_EQ(letters_of(declined.state), "DAX");
  EXPECT_EQ(declined.withdraw, (Indices{1, 2}));
}

TEST(OrientationSteps, NewDatesReplaceTheOldOnes) {
  // Claim: both dates are as the update says; whoever is concerned is told.
  OrientationStep step = begun({.mode = v1::Orientation::PARALLEL, .candidates = 2});
  v1::Orientation& wanted = *step.state.mutable_event()->mutable_orientation();
  wanted.mutable_wanted_from()->set_seconds(1);
  wanted.mutable_wanted_before()->set_seconds(2);
  Update update = step_of(Update::RESCHEDULED);
  update.mutable_wanted_before()->set_seconds(9);
  step = after(step, update);
  EXPECT_FALSE(step.state.event().orientation().has_wanted_from());
  EXPECT_EQ(step.state.event().orientation().wanted_before().seconds(), 9);
  EXPECT_EQ(told_of(step), "2:RESCHEDULED 3:RESCHEDULED");
  EXPECT_EQ(letters_of(step.state), "PP");
}

TEST(OrientationPatientsChoice, AsksTheNext) {
  // Claim: the accepted proposal ends and its professional is told; who waits is asked.
  Update update = step_of(Update::PATIENT_DECLINED);
  update.set_reason(Update::PATIENT_CHOICE);
  const OrientationStep step = after(accepted(), update, day + minutes(10));
  EXPECT_EQ(letters_of(step.state), "NPW");
  EXPECT_EQ(told_of(step), "2:PATIENT_DECLINED");
  EXPECT_EQ(step.release, Indices{1});
  EXPECT_EQ(step.visible, Update::PATIENT_DECLINED);
  EXPECT_EQ(step.state.proposals(0).reason(), Update::PATIENT_CHOICE);
  EXPECT_EQ(refusal(step, step_of(Update::ACCEPTED, 0)), ErrorCode::proposal_closed);
}

TEST(OrientationPatientsChoice, DoesNotAskAgainWhoWasToldThatItIsTaken) {
  // Claim: nobody is left: a human hears that it was the patient's choice.
  OrientationStep step = begun({.mode = v1::Orientation::PARALLEL});
  step = after(step, step_of(Update::ACCEPTED, 0));
  step = after(step, step_of(Update::PATIENT_DECLINED));
  EXPECT_EQ(letters_of(step.state), "NTT");
  EXPECT_EQ(step.state.state(), v1::ORIENTATION_STATE_SPENT);
  EXPECT_EQ(step.attention, "PATIENT_CHOSE_OTHERWISE");
  EXPECT_EQ(step.visible, Update::SPENT);
  EXPECT_EQ(told_of(step), "2:PATIENT_DECLINED");
}

TEST(OrientationPatientsChoice, AfterTheDeadlineAsksNobody) {
  // Claim: give_up_at holds for a second round too.
  OrientationStep step = after(begun({.give_up = minutes(30)}), step_of(Update::ACCEPTED, 0));
  step = after(step, step_of(Update::PATIENT_DECLINED), day + minutes(31));
  EXPECT_EQ(letters_of(step.state), "NXX");
  EXPECT_EQ(step.attention, "PATIENT_CHOSE_OTHERWISE");
}

TEST(OrientationPatientsChoice, FollowedBySilenceIsSpentAsUsual) {
  // Claim: the patient's choice is named only when it emptied the list.
  OrientationStep step = after(begun({.candidates = 2}), step_of(Update::ACCEPTED, 0));
  step = after(step, step_of(Update::PATIENT_DECLINED));
  const auto spent = elapse(step.state, all_delivered, day + minutes(200));
  ASSERT_TRUE(spent);
  EXPECT_EQ(spent->attention, "CANDIDATES_SPENT");
}

TEST(OrientationTime, AnUnansweredProposalExpiresAndTheNextIsAsked) {
  // Claim: at expires_at, not before; a delivery that has not left does not leave any more.
  const OrientationStep before = begun({});
  EXPECT_FALSE(elapse(before.state, all_delivered, day + minutes(59)));
  const auto step = elapse(before.state, all_delivered, day + minutes(60));
  ASSERT_TRUE(step);
  EXPECT_EQ(letters_of(step->state), "EPW");
  EXPECT_EQ(step->visible, Update::EXPIRED);
  EXPECT_TRUE(step->expire.empty());
  EXPECT_EQ(step->release, Indices{1});
  EXPECT_EQ(step->wake_at, day + minutes(120));
  EXPECT_EQ(step->state.last().step(), Update::EXPIRED);
  EXPECT_EQ(step->audit, "orientation=expired proposal=1 of=3 asked=1");
  for (const DeliveryState state : {DeliveryState::pending, DeliveryState::sending, DeliveryState::unknown}) {
    const auto unsent = elapse(before.state, std::vector{state}, day + minutes(60));
    ASSERT_TRUE(unsent);
    EXPECT_EQ(unsent->expire, Indices{0});
    EXPECT_TRUE(unsent->withdraw.empty());
  }
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
  EXPECT_EQ(step->wake_at, day + minutes(60));
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
  EXPECT_EQ(step.wake_at, day + minutes(80));
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

TEST(OrientationStatus, ShowsEachProposal) {
  // Claim: all that a requester may see is there.
  OrientationStep step = begun({});
  step.state.set_priority_class(2);
  step.state.set_priority_score(7);
  step.state.set_priority_rules("v3");
  Update update = step_of(Update::DECLINED, 0);
  update.set_reason(Update::OUT_OF_AREA);
  update.set_channel(v1::ANSWER_CHANNEL_MAIL);
  step = after(step, update, day + minutes(3));
  const v1::OrientationStatus status = status_of(step.state);
  EXPECT_EQ(status.state(), v1::ORIENTATION_STATE_OPEN);
  EXPECT_EQ(status.priority_class(), 2);
  EXPECT_EQ(status.priority_score(), 7);
  EXPECT_EQ(status.priority_rules(), "v3");
  ASSERT_EQ(status.proposals_size(), 3);
  const v1::ProposalStatus& first = status.proposals(0);
  EXPECT_EQ(first.recipient_index(), 2);
  EXPECT_EQ(first.proposal_id(), delivery_uuid(0).text());
  EXPECT_EQ(first.state(), v1::PROPOSAL_STATE_DECLINED);
  EXPECT_EQ(first.reason(), Update::OUT_OF_AREA);
  EXPECT_EQ(first.channel(), v1::ANSWER_CHANNEL_MAIL);
  EXPECT_EQ(first.proposed_at().seconds(), day.us / 1000000);
  EXPECT_EQ(first.answered_at().seconds(), day.us / 1000000 + 180);
  EXPECT_FALSE(status.proposals(2).has_proposed_at());
}

TEST(OrientationSpan, IsTheSendersThenTheTenantsThenThatOfTheKind) {
  // Claim: 1 h for a direct admission, 2 h for unscheduled care and paramedicals, 48 h else.
  v1::Orientation orientation;
  v1::Tenant tenant;
  const std::map<v1::Orientation::Kind, int> hours = {{v1::Orientation::PRIMARY_CARE_PHYSICIAN, 48},
                                                      {v1::Orientation::UNSCHEDULED_CARE, 2},
                                                      {v1::Orientation::SPECIALIST, 48},
                                                      {v1::Orientation::PARAMEDICAL, 2},
                                                      {v1::Orientation::DIRECT_ADMISSION, 1},
                                                      {v1::Orientation::COORDINATION_SUPPORT, 48}};
  for (const auto& [kind, count] : hours) {
    orientation.set_kind(kind);
    EXPECT_EQ(answer_span(orientation, tenant), minutes(60 * count));
  }
  tenant.mutable_answer_within()->set_seconds(600);
  EXPECT_EQ(answer_span(orientation, tenant), minutes(10));
  orientation.mutable_answer_within()->set_seconds(300);
  EXPECT_EQ(answer_span(orientation, tenant), minutes(5));
}

TEST(OrientationSubject, TellsSpecialtiesAndProfessionsApart) {
  // Claim: two requests for two specialties may be open at once.
  v1::Orientation orientation;
  orientation.set_kind(v1::Orientation::PRIMARY_CARE_PHYSICIAN);
  EXPECT_EQ(subject_of(orientation), "primary_care_physician");
  orientation.set_kind(v1::Orientation::SPECIALIST);
  orientation.mutable_specialty()->set_code("SM04");
  EXPECT_EQ(subject_of(orientation), "specialist SM04");
  orientation.set_kind(v1::Orientation::PARAMEDICAL);
  orientation.mutable_profession()->set_code("60");
  EXPECT_EQ(subject_of(orientation), "paramedical 60");
}

}  // namespace
}  // namespace psl::care
