#include "gateway/intake/update_plan.h"

#include <gmock/gmock.h>

#include "tests/gateway/intake/care_world.h"

namespace psl {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Step = v1::OrientationUpdate;

class UpdateTest : public CareWorld {
 protected:
  UpdateTest() {
    v1::SubmitEventRequest request = orientation();
    request.mutable_event()->mutable_orientation()->set_mode(v1::Orientation::PARALLEL);
    must(submit(request));
  }
};

TEST_F(UpdateTest, TellsWhoIsKeptInformedAndWhoLost) {
  // Claim: an acceptance goes to those kept informed, in full, and to the other candidate, who is told that
  // it is taken; its event follows the orientation's, and is about the same patient.
  must(submit(update("yes", Step::ACCEPTED, 0)));
  EXPECT_THAT(told_by("yes"), ElementsAre("claire: DOCUMENT", "bruno: TAKEN"));
  const stored::StoredEvent content = content_of(event_id_of("cpts-demo", "hospital", "yes"));
  EXPECT_EQ(content.request().event().subject().birth_family_name(), "PAT-TROIS");
  EXPECT_EQ(content.care().orientation().state(), v1::ORIENTATION_STATE_ACCEPTED);
  EXPECT_EQ(status_of("orientation-1").orientation().proposals(1).state(), v1::PROPOSAL_STATE_TAKEN);
}

TEST_F(UpdateTest, KeepsWhenItHappenedBesideWhenItWasJudged) {
  // Claim: a step that is told late is dated by its event, whatever the hour at which it came.
  v1::SubmitEventRequest late = update("yes", Step::ACCEPTED, 0);
  const int64_t happened = late.event().occurred_at().seconds() - 3600;
  late.mutable_event()->mutable_occurred_at()->set_seconds(happened);
  must(submit(late));
  const stored::StoredEvent content = content_of(event_id_of("cpts-demo", "hospital", "yes"));
  EXPECT_EQ(content.care().orientation().last().occurred_at().seconds(), happened);
  EXPECT_GT(content.care().orientation().last().at().seconds(), happened);
}

TEST_F(UpdateTest, LetsTheFirstOfTwoAcceptancesWinInTheSameSecond) {
  // Claim: both are prepared from the same state; one is committed, the other is judged anew and told
  // ALREADY_TAKEN.
  policy.answers_for = {{"bruno-tool", "801234567806"}};
  const v1::SubmitEventRequest second = update("second", Step::ACCEPTED, 1);
  bool raced = false;
  std::optional<ErrorCode> lost;
  sink.before = [&](const Command&) {
    if (std::exchange(raced, true)) return;
    must(submit(second, "bruno-tool"));
  };
  const auto first = submit(update("first", Step::ACCEPTED, 0));
  ASSERT_FALSE(first.ok());
  EXPECT_EQ(first.error().code, ErrorCode::already_taken);
  EXPECT_EQ(status_of("orientation-1").orientation().proposals(1).state(), v1::PROPOSAL_STATE_ACCEPTED);
}

TEST_F(UpdateTest, IsGivenUpAfterManyChangesInBetween) {
  // Claim: a case that changes at each try is CASE_CHANGED in the end, and nothing is stored.
  v1::SubmitEventRequest request = update("yes", Step::ACCEPTED, 0);
  int tries = 0;
  sink.before = [&](const Command& command) {
    if (!std::holds_alternative<AcceptEvent>(command)) return;
    ++tries;
    const auto row = *store.case_of_event(event_id_of("cpts-demo", "hospital", "orientation-1"));
    stored::OrientationCase state;
    const CaseBook book(store, sealer);
    ASSERT_TRUE(book.open(*row, state).ok());
    auto change = book.change({row->kind, row->tenant, row->id, row->event_id}, row, state);
    StepCase step;
    step.step.cases.push_back(*change);
    const Command between = step;
    ASSERT_EQ(store.commit(std::span(&between, 1))->front(), Effect::done);
  };
  EXPECT_EQ(submit(request).error().code, ErrorCode::case_changed);
  EXPECT_EQ(tries, 6);
}

TEST_F(UpdateTest, TheSameAnswerTwiceChangesNothing) {
  // Claim: under the same key it is the same receipt; under another it is accepted and told to nobody.
  must(submit(update("yes", Step::ACCEPTED, 0)));
  EXPECT_TRUE(submit(update("yes", Step::ACCEPTED, 0))->already_accepted());
  EXPECT_EQ(must(submit(update("yes-again", Step::ACCEPTED, 0))).recipients_size(), 0);
}

TEST_F(UpdateTest, IsAnsweredOnlyByWhomMaySayIt) {
  // Claim: the sender, an operator, or who answers for that candidate; for all others there is no such
  // orientation.
  const v1::SubmitEventRequest yes = update("yes", Step::ACCEPTED, 1);
  EXPECT_EQ(submit(yes, "stranger").error().code, ErrorCode::not_found);
  policy.answers_for = {{"bruno-tool", "801234567806"}};
  EXPECT_EQ(submit(update("other", Step::ACCEPTED, 0), "bruno-tool").error().code, ErrorCode::not_found);
  EXPECT_EQ(submit(update("stop", Step::CANCELLED), "bruno-tool").error().code, ErrorCode::not_found);
  must(submit(yes, "bruno-tool"));
  policy.operators = {"coordination"};
  must(submit(update("seen", Step::SEEN), "coordination"));
  EXPECT_EQ(content_of(event_id_of("cpts-demo", "bruno-tool", "yes"))
                .request()
                .event()
                .orientation_update()
                .channel(),
            v1::ANSWER_CHANNEL_API);
}

TEST_F(UpdateTest, OfAnUnknownOrientationIsNotFound) {
  // Claim: an event that is no orientation of the tenant is not found, whoever asks.
  v1::SubmitEventRequest request = update("yes", Step::ACCEPTED, 0);
  request.mutable_event()->mutable_orientation_update()->set_orientation_event_id(
      event_id_of("cpts-demo", "hospital", "another").text());
  EXPECT_EQ(submit(request).error().code, ErrorCode::not_found);
}

TEST_F(UpdateTest, CancelledReachesEverybodyWhoWasAsked) {
  // Claim: those kept informed and every candidate who was asked are told, and nothing more leaves.
  must(submit(update("stop", Step::CANCELLED)));
  EXPECT_THAT(told_by("stop"), ElementsAre("claire: DOCUMENT", "anne: CANCELLED", "bruno: CANCELLED"));
  EXPECT_EQ(submit(update("late", Step::ACCEPTED, 0)).error().code, ErrorCode::proposal_closed);
}

TEST_F(UpdateTest, TellsNobodyOfAProposalThatNeverLeft) {
  // Claim: another accepted, or the request was cancelled, before the proposal left: no mail says so.
  const auto told = [this](const std::string& key, int recipient) {
    return status_of(key).recipients(recipient).deliveries(0);
  };
  must(submit(update("yes", Step::ACCEPTED, 0)));
  EXPECT_EQ(told("yes", 1).state(), v1::DELIVERY_STATE_CANCELLED);
  EXPECT_EQ(told("yes", 1).reason(), "PROPOSAL_NOT_SENT");
  // Who accepted knows of the request, though the proposal has not left.
  must(submit(update("stop", Step::CANCELLED)));
  EXPECT_THAT(told_by("stop"), ElementsAre("claire: DOCUMENT", "anne: CANCELLED"));
  EXPECT_EQ(told("stop", 1).state(), v1::DELIVERY_STATE_PENDING);
}

TEST_F(UpdateTest, TellsWhoGotTheProposalWhileItWasTaken) {
  // Claim: an attempt that begins between the look and the commit counts, and its end decides.
  const Uuid asked = *Uuid::parse(status_of("orientation-1").orientation().proposals(1).proposal_id());
  bool raced = false;
  sink.before = [&](const Command&) {
    if (std::exchange(raced, true)) return;
    const Command begun = StartAttempt{asked, env.now(), "", "ref"};
    ASSERT_EQ(store.commit(std::span(&begun, 1))->front(), Effect::done);
  };
  must(submit(update("yes", Step::ACCEPTED, 0)));
  EXPECT_EQ(status_of("yes").recipients(1).deliveries(0).state(), v1::DELIVERY_STATE_PENDING);
  const Command arrived = RecordOutcome{asked, env.now(), accepted(), {}};
  ASSERT_TRUE(store.commit(std::span(&arrived, 1)).ok());
  EXPECT_EQ(status_of("yes").recipients(1).deliveries(0).state(), v1::DELIVERY_STATE_PENDING);
  EXPECT_EQ(status_of("orientation-1").recipients(2).deliveries(0).state(), v1::DELIVERY_STATE_DELIVERED);
}

TEST_F(UpdateTest, NeedsTheLedgerToBePreviewed) {
  // Claim: its recipients follow from its orientation: without a ledger it is not supported, with one it is
  // shown.
  const Intake offline(IntakeSeams{tenants, Environment::test, policy, office, env});
  const v1::SubmitEventRequest request = update("yes", Step::ACCEPTED, 0);
  EXPECT_EQ(offline.preview(Principal{"hospital"}, request).error().code, ErrorCode::not_supported);
  EXPECT_EQ(intake.preview(Principal{"hospital"}, request)->recipients.size(), 2U);
}

TEST_F(UpdateTest, IsNotPreviewedByAnOperatorOfAnother) {
  // Claim: who operates sees no document: for a preview there is no such orientation, though the step may be
  // said.
  policy.operators = {"coordination"};
  const v1::SubmitEventRequest request = update("yes", Step::ACCEPTED, 0);
  EXPECT_EQ(intake.preview(Principal{"coordination"}, request).error().code, ErrorCode::not_found);
  must(submit(request, "coordination"));
}

class RoutedUpdateTest : public CareWorld {};

TEST_F(RoutedUpdateTest, ReachesNoMailboxThatAMemberHasLeft) {
  // Claim: what the circle may have today is judged for the member's mailbox of today: another, to which the
  // orientation went, gets no step of it.
  must(submit(joining("join-1", "m1", "dora.essai@medecin.demo.mssante.fr")));
  v1::SubmitEventRequest request = orientation();
  request.mutable_event()->set_route_to_circle(true);
  must(submit(request));
  must(submit(update("yes", Step::ACCEPTED, 0)));
  EXPECT_THAT(told_by("yes"), ElementsAre("claire: DOCUMENT", "dora: DOCUMENT"));
  must(submit(joining("join-2", "m1", "emma.essai@medecin.demo.mssante.fr")));
  must(submit(update("seen", Step::SEEN)));
  EXPECT_THAT(told_by("seen"), ElementsAre("claire: DOCUMENT"));
}

TEST_F(RoutedUpdateTest, IsNoLessHiddenThanItsOrientation) {
  // Claim: a caller may hide more of a step, and lifts nothing.
  v1::SubmitEventRequest request = orientation();
  request.mutable_event()->mutable_visibility()->set_hidden_from_patient(true);
  must(submit(request));
  v1::SubmitEventRequest yes = update("yes", Step::ACCEPTED, 0);
  yes.mutable_event()->mutable_visibility()->set_hidden_from_legal_representatives(true);
  must(submit(yes));
  const stored::StoredEvent content = content_of(event_id_of("cpts-demo", "hospital", "yes"));
  EXPECT_TRUE(content.request().event().visibility().hidden_from_patient());
  EXPECT_TRUE(content.request().event().visibility().hidden_from_legal_representatives());
  // Nor is any step after it.
  must(submit(update("seen", Step::SEEN)));
  const stored::StoredEvent after = content_of(event_id_of("cpts-demo", "hospital", "seen"));
  EXPECT_TRUE(after.request().event().visibility().hidden_from_legal_representatives());
}

class ClockTest : public CareWorld {
 protected:
  // What is proposed to the candidate leaves.
  void leave(int candidate) {
    const Uuid id = *Uuid::parse(status_of("orientation-1").orientation().proposals(candidate).proposal_id());
    const Command left[] = {StartAttempt{id, env.now(), "", "ref"},
                            RecordOutcome{id, env.now(), accepted(), {}}};
    ASSERT_TRUE(store.commit(left).ok());
  }
};

TEST_F(ClockTest, EndsWhatWasAcceptedSoThatItMayBeAskedAgain) {
  // Claim: a professional with a mailbox alone never says that the patient was seen: months later the same
  // may be asked for this patient; what was held is withdrawn, no human is called, nobody is written to.
  must(submit(orientation()));
  must(submit(update("yes", Step::ACCEPTED, 0)));
  EXPECT_EQ(submit(orientation("orientation-2")).error().code, ErrorCode::orientation_open);
  env.advance(seconds(60LL * 86400));
  const size_t before = store.all_deliveries().size();
  EXPECT_EQ(wake(), 1U);
  EXPECT_EQ(wake(), 0U);
  const v1::EventStatus status = status_of("orientation-1");
  EXPECT_EQ(status.orientation().state(), v1::ORIENTATION_STATE_ACCEPTED);
  EXPECT_EQ(status.orientation().proposals(1).state(), v1::PROPOSAL_STATE_WITHDRAWN);
  EXPECT_EQ(status.recipients(2).deliveries(0).state(), v1::DELIVERY_STATE_CANCELLED);
  EXPECT_EQ(status.attention(), "");
  EXPECT_EQ(store.all_deliveries().size(), before);
  must(submit(orientation("orientation-2")));
  must(submit(update("seen", Step::SEEN)));
}

TEST_F(ClockTest, AsksTheNextWhenTimeIsOver) {
  // Claim: a proposal that expires is one event of the gateway's own, told to those kept informed; the next
  // candidate's proposal is released; after the last one a human is told.
  must(submit(orientation()));
  leave(0);
  env.advance(seconds(49 * 3600));
  while (wake() > 0) {
  }
  const v1::EventStatus status = status_of("orientation-1");
  EXPECT_EQ(status.orientation().proposals(0).state(), v1::PROPOSAL_STATE_EXPIRED);
  EXPECT_EQ(status.orientation().proposals(1).state(), v1::PROPOSAL_STATE_PROPOSED);
  EXPECT_TRUE(status.recipients(2).deliveries(0).has_due_at());
  EXPECT_EQ(submit(update("late", Step::ACCEPTED, 0)).error().code, ErrorCode::proposal_closed);
  leave(1);
  env.advance(seconds(49 * 3600));
  while (wake() > 0) {
  }
  EXPECT_EQ(status_of("orientation-1").attention(), "CANDIDATES_SPENT");
  EXPECT_EQ(*store.open_tasks(), 1);
}

TEST_F(ClockTest, GivesACandidateItsTimeFromWhenItsProposalLeft) {
  // Claim: nobody expires while the mail waits for its partner; a human hears, until it has left; then its
  // whole time runs.
  must(submit(orientation()));
  env.advance(seconds(20 * 60));
  EXPECT_EQ(wake(), 1U);
  EXPECT_EQ(wake(), 0U);
  EXPECT_EQ(status_of("orientation-1").attention(), "PROPOSAL_WAITS_TO_LEAVE");
  EXPECT_EQ(status_of("orientation-1").orientation().proposals(0).expires_at().seconds(),
            env.now().us / 1000000 + 48 * 3600);
  env.advance(seconds(60 * 60));
  const Instant left = env.now();
  leave(0);
  env.advance(seconds(60));
  EXPECT_EQ(wake(), 1U);
  const v1::EventStatus status = status_of("orientation-1");
  EXPECT_EQ(status.attention(), "");
  EXPECT_EQ(status.orientation().proposals(0).state(), v1::PROPOSAL_STATE_PROPOSED);
  EXPECT_EQ(status.orientation().proposals(0).proposed_at().seconds(), left.us / 1000000);
  EXPECT_EQ(status.orientation().proposals(0).expires_at().seconds(), left.us / 1000000 + 48 * 3600);
  EXPECT_EQ(status.orientation().proposals(1).state(), v1::PROPOSAL_STATE_WAITING);
  EXPECT_EQ(wake(), 0U);
}

TEST_F(ClockTest, AsksTheNextThoughTheStepCannotBeTold) {
  // Claim: a document that cannot be made any more keeps nobody from being asked; a human is called instead.
  v1::SubmitEventRequest request = orientation();
  request.mutable_event()->mutable_alert_at()->set_seconds(sample_now_s + 200 * 3600);
  request.mutable_event()->mutable_give_up_at()->set_seconds(sample_now_s + 300 * 3600);
  must(submit(request));
  leave(0);
  env.advance(seconds(49 * 3600));
  office.refuses = error_of(ErrorCode::busy);
  const auto due = store.cases_to_wake(env.now(), 1);
  ASSERT_EQ(due->size(), 1U);
  std::optional<Status> answer;
  cases.wake(due->front(), env.now(), [&](Status status) { answer = std::move(status); });
  EXPECT_EQ(answer->error().code, ErrorCode::busy);
  EXPECT_EQ(status_of("orientation-1").orientation().proposals(0).state(), v1::PROPOSAL_STATE_PROPOSED);
  office.refuses = error_of(ErrorCode::document_invalid);
  EXPECT_EQ(wake(), 1U);
  const v1::EventStatus status = status_of("orientation-1");
  EXPECT_EQ(status.orientation().proposals(0).state(), v1::PROPOSAL_STATE_EXPIRED);
  EXPECT_EQ(status.orientation().proposals(1).state(), v1::PROPOSAL_STATE_PROPOSED);
  EXPECT_EQ(status.attention(), "STEP_NOT_TOLD");
  EXPECT_EQ(wake(), 0U);
}

TEST_F(ClockTest, TellsAHumanBeforeTheDeadline) {
  // Claim: at alert_at nobody is written to, but the orientation shows DEADLINE_NEAR.
  must(submit(orientation()));
  env.advance(seconds(4 * 3600));
  const size_t before = store.all_deliveries().size();
  EXPECT_EQ(wake(), 1U);
  EXPECT_EQ(status_of("orientation-1").attention(), "DEADLINE_NEAR");
  EXPECT_EQ(store.all_deliveries().size(), before);
  EXPECT_EQ(wake(), 0U);
}

TEST_F(ClockTest, GoesOnWhenACandidateCannotBeReached) {
  // Claim: a proposal that a partner refuses wakes the case: unreachable, and the next one is asked.
  const v1::EventStatus status = must(submit(orientation()));
  const Uuid id = *Uuid::parse(status.recipients(1).deliveries(0).id());
  const Command refused[] = {
      StartAttempt{id, env.now(), "", "ref"},
      RecordOutcome{id, env.now(), {Verdict::rejected, "MAILBOX_ABSENT", "550", false}, {}}};
  ASSERT_TRUE(store.commit(refused).ok());
  EXPECT_EQ(wake(), 1U);
  EXPECT_EQ(status_of("orientation-1").orientation().proposals(0).state(), v1::PROPOSAL_STATE_UNREACHABLE);
  EXPECT_EQ(status_of("orientation-1").orientation().proposals(1).state(), v1::PROPOSAL_STATE_PROPOSED);
  EXPECT_EQ(wake(), 0U);
}

TEST_F(ClockTest, RestsWhenADeliveryThatIsNoProposalFails) {
  // Claim: the case is woken, finds nothing to do, and sleeps until its own time.
  const v1::EventStatus status = must(submit(orientation()));
  const Uuid id = *Uuid::parse(status.recipients(0).deliveries(0).id());
  const Command refused[] = {
      StartAttempt{id, env.now(), "", "ref"},
      RecordOutcome{id, env.now(), {Verdict::rejected, "MAILBOX_ABSENT", "550", false}, {}}};
  ASSERT_TRUE(store.commit(refused).ok());
  wake();
  EXPECT_EQ(wake(), 0U);
  EXPECT_EQ(**store.next_wake(), env.now() + seconds(15 * 60));
}

}  // namespace
}  // namespace psl
