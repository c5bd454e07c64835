#include "gateway/care/orientation.h"

#include <gtest/gtest.h>

#include "gateway/care/times.h"
#include "passerelle/v1/config.pb.h"
#include "passerelle/v1/delivery.pb.h"
#include "tests/gateway/care/orientation_world.h"

namespace psl::care {
namespace {

using Update = v1::OrientationUpdate;
using Indices = std::vector<int>;

TEST(OrientationBegins, OneByOneAsksTheFirst) {
  // Claim: the first candidate has its proposal, with its time; the others wait.
  const OrientationStep step = begun({});
  EXPECT_EQ(letters_of(step.state), "PWW");
  EXPECT_EQ(step.release, Indices{0});
  EXPECT_TRUE(step.withdraw.empty());
  EXPECT_TRUE(step.told.empty());
  EXPECT_EQ(step.state.state(), v1::ORIENTATION_STATE_OPEN);
  EXPECT_EQ(step.state.proposals(0).expires_at().seconds(), day.us / 1000000 + 3600);
  EXPECT_EQ(step.wake_at, day + minutes(15)) << "to see whether it has left";
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
  EXPECT_EQ(step.wake_at, day + minutes(15));
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
  EXPECT_EQ(told_of(step), "2:TAKEN? 4:TAKEN?");
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
  EXPECT_EQ(step.wake_at, day + minutes(20));
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
  // Claim: the professional may step back; the next is asked, the appointment is gone.
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
}

TEST(OrientationRefusal, AfterAnAcceptanceLetsTheOthersYesCountAgain) {
  // Claim: who was told "taken" may still say yes in its time, first come, first served; nothing is sent by
  // itself, so a human hears; and nobody is told twice that it is taken.
  OrientationStep step = begun({.mode = v1::Orientation::PARALLEL});
  step = after(step, step_of(Update::ACCEPTED, 0));
  step = after(step, step_of(Update::DECLINED, 0), day + minutes(10));
  EXPECT_EQ(letters_of(step.state), "DPP");
  EXPECT_EQ(step.state.state(), v1::ORIENTATION_STATE_OPEN);
  EXPECT_TRUE(step.release.empty());
  EXPECT_EQ(step.attention, "CANDIDATES_SPENT");
  EXPECT_EQ(step.visible, Update::DECLINED);
  EXPECT_EQ(step.wake_at, day + minutes(60));
  const OrientationStep yes = after(step, step_of(Update::ACCEPTED, 2), day + minutes(20));
  EXPECT_EQ(letters_of(yes.state), "DTA");
  EXPECT_EQ(told_of(yes), "");
  EXPECT_EQ(yes.attention, "");
  EXPECT_EQ(refusal(yes, step_of(Update::ACCEPTED, 1), day + minutes(21)), ErrorCode::already_taken);
  const auto over = elapse(step.state, all_delivered, day + minutes(60));
  ASSERT_TRUE(over);
  EXPECT_EQ(letters_of(over->state), "DEE");
  EXPECT_EQ(over->visible, Update::SPENT);
  OrientationStep late = after(begun({.mode = v1::Orientation::PARALLEL}), step_of(Update::ACCEPTED, 0));
  late = after(late, step_of(Update::DECLINED, 0), day + minutes(60));
  EXPECT_EQ(letters_of(late.state), "DTT");
  EXPECT_EQ(late.state.state(), v1::ORIENTATION_STATE_SPENT);
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
      EXPECT_GT(result->state.order(), before.state.order());
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

Update booked_at(int64_t second) {
  Update booked = step_of(Update::BOOKED);
  booked.mutable_appointment()->mutable_start()->set_seconds(second);
  return booked;
}

// Each appointment: its number, its second, whose it is, the step that ended it.
std::string bookings_text(const stored::OrientationCase& orientation) {
  std::string text;
  for (const stored::Booking& each : bookings_of(orientation)) {
    text += std::to_string(each.number()) + "@" + std::to_string(each.appointment().start().seconds()) + "/" +
            std::to_string(each.proposal());
    if (each.has_ended()) text += " " + Update::Step_Name(each.ended().step());
    text += ";";
  }
  return text;
}

TEST(OrientationSteps, EachAppointmentKeepsWhatBecameOfIt) {
  // Claim: the step that ended it stays with it; moved it is the same; the next one has the next number.
  OrientationStep step = after(after(accepted(), booked_at(10)), booked_at(20));
  EXPECT_EQ(bookings_text(step.state), "1@20/0;");
  step = after(after(step, step_of(Update::RESCHEDULED)), step_of(Update::NO_SHOW));
  EXPECT_EQ(bookings_text(step.state), "1@20/0 NO_SHOW;");
  step = after(after(step, step_of(Update::RESCHEDULED)), booked_at(30));
  EXPECT_EQ(bookings_text(step.state), "1@20/0 NO_SHOW;2@30/0;");
  EXPECT_EQ(bookings_text(after(step, step_of(Update::COMPLETED)).state), "1@20/0 NO_SHOW;2@30/0 COMPLETED;");
  step = after(step, step_of(Update::SEEN));
  EXPECT_EQ(bookings_text(step.state), "1@20/0 NO_SHOW;2@30/0 SEEN;");
  EXPECT_EQ(bookings_text(after(step, step_of(Update::CANCELLED)).state), bookings_text(step.state));
}

TEST(OrientationSteps, AnAppointmentEndsWithWhoStepsBack) {
  // Claim: it stays, given up, although another one is asked; why is kept with it.
  const OrientationStep booked = after(accepted(), booked_at(10));
  Update declined = step_of(Update::DECLINED, 0);
  declined.set_reason(Update::NOT_AVAILABLE);
  const OrientationStep open = after(booked, declined);
  EXPECT_EQ(bookings_text(open.state), "1@10/0 DECLINED;");
  EXPECT_EQ(open.state.bookings(0).ended().reason(), Update::NOT_AVAILABLE);
  EXPECT_FALSE(open.state.has_appointment());
  EXPECT_EQ(bookings_text(after(booked, step_of(Update::PATIENT_DECLINED)).state),
            "1@10/0 PATIENT_DECLINED;");
  const OrientationStep second = after(after(open, step_of(Update::ACCEPTED, 1)), booked_at(20));
  EXPECT_EQ(bookings_text(second.state), "1@10/0 DECLINED;2@20/1;");
}

TEST(OrientationSteps, KeepTheAppointmentOfAStateThatDidNot) {
  // Claim: what an older program sealed is the first appointment, ended by the last step unless it is booked.
  stored::OrientationCase older = after(accepted(), booked_at(10)).state;
  older.clear_bookings();
  EXPECT_EQ(bookings_text(older), "1@10/0;");
  OrientationStep step = after(accepted(), booked_at(10));
  step.state = older;
  EXPECT_EQ(bookings_text(after(step, step_of(Update::SEEN)).state), "1@10/0 SEEN;");
  step = after(step, step_of(Update::NO_SHOW));
  step.state.clear_bookings();
  EXPECT_EQ(bookings_text(step.state), "1@10/0 NO_SHOW;");
  EXPECT_EQ(bookings_text(after(step, booked_at(20)).state), "1@10/0 NO_SHOW;2@20/0;");
}

TEST(OrientationSteps, KeepTheLastTenAppointments) {
  // Claim: a program that repeats itself does not make the case grow; numbers go on.
  OrientationStep step = accepted();
  for (int i = 1; i <= 12; ++i) step = after(after(step, booked_at(i)), step_of(Update::NO_SHOW));
  ASSERT_EQ(step.state.bookings_size(), 10);
  EXPECT_EQ(step.state.bookings(0).number(), 3);
  EXPECT_EQ(step.state.bookings(9).number(), 12);
}

TEST(OrientationSteps, AreDatedByWhatHappenedAndByWhenItWasJudged) {
  // Claim: both are kept; of what time does they are the same.
  const auto seen = apply(accepted().state, step_of(Update::SEEN), day + minutes(9), day + minutes(3));
  ASSERT_TRUE(seen.ok());
  EXPECT_EQ(time_of(seen->state.last().at()), day + minutes(9));
  EXPECT_EQ(time_of(seen->state.last().occurred_at()), day + minutes(3));
  const auto expired = elapse(begun({}).state, all_delivered, day + minutes(60));
  ASSERT_TRUE(expired);
  EXPECT_EQ(time_of(expired->state.last().occurred_at()), day + minutes(60));
}

TEST(OrientationSteps, DateEachChangeOfAProposal) {
  // Claim: also of those who said nothing: asked, taken, let go, out of time, unreachable, chosen otherwise.
  const auto changed = [](const OrientationStep& step, int proposal) {
    return time_of(step.state.proposals(proposal).changed_at());
  };
  const OrientationStep parallel = begun({.mode = v1::Orientation::PARALLEL});
  EXPECT_EQ(changed(parallel, 1), day);
  const OrientationStep taken = after(parallel, step_of(Update::ACCEPTED, 0), day + minutes(5));
  EXPECT_EQ(changed(taken, 0), day + minutes(5));
  EXPECT_EQ(changed(taken, 1), day + minutes(5));
  const OrientationStep chosen = after(taken, step_of(Update::PATIENT_DECLINED), day + minutes(7));
  EXPECT_EQ(changed(chosen, 0), day + minutes(7));
  EXPECT_EQ(changed(chosen, 1), day + minutes(7)) << "its yes counts again";
  const OrientationStep let_go = after(begun({}), step_of(Update::CANCELLED), day + minutes(8));
  EXPECT_EQ(changed(let_go, 2), day + minutes(8));
  const auto expired = elapse(begun({}).state, all_delivered, day + minutes(61));
  ASSERT_TRUE(expired);
  EXPECT_EQ(changed(*expired, 0), day + minutes(61));
  EXPECT_EQ(changed(*expired, 1), day + minutes(61));
  std::vector<DeliveryState> lost = all_delivered;
  lost[0] = DeliveryState::rejected;
  const auto unreachable = elapse(begun({}).state, lost, day + minutes(2));
  ASSERT_TRUE(unreachable);
  EXPECT_EQ(changed(*unreachable, 0), day + minutes(2));
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
  EXPECT_EQ(told_of(open), "2:CANCELLED?");
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
  EXPECT_EQ(told_of(step), "2:RESCHEDULED? 3:RESCHEDULED?");
  EXPECT_EQ(letters_of(step.state), "PP");
}

TEST(OrientationSteps, TellWhomTheyConcernOnlyWhatHeKnowsOf) {
  // Claim: who has answered is told in any case; who was only asked, when the proposal left; who waits,
  // never.
  OrientationStep step = after(begun({.candidates = 2}), step_of(Update::ACCEPTED, 0));
  Update update = step_of(Update::RESCHEDULED);
  update.mutable_wanted_before()->set_seconds(9);
  EXPECT_EQ(told_of(after(step, update)), "2:RESCHEDULED");
  EXPECT_EQ(told_of(after(step, step_of(Update::CANCELLED))), "2:CANCELLED");
  EXPECT_EQ(told_of(after(begun({.candidates = 2}), update)), "2:RESCHEDULED?");
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
  // Claim: a human hears that it was the patient's choice; the others' yes counts in their time.
  OrientationStep step = begun({.mode = v1::Orientation::PARALLEL});
  step = after(step, step_of(Update::ACCEPTED, 0));
  step = after(step, step_of(Update::PATIENT_DECLINED));
  EXPECT_EQ(letters_of(step.state), "NPP");
  EXPECT_TRUE(step.release.empty());
  EXPECT_EQ(step.attention, "PATIENT_CHOSE_OTHERWISE");
  EXPECT_EQ(step.visible, Update::PATIENT_DECLINED);
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
