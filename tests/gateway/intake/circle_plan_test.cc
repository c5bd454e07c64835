#include "gateway/intake/circle_plan.h"

#include <gmock/gmock.h>

#include "tests/gateway/intake/care_world.h"

namespace psl {
namespace {

using testing::ElementsAre;

class CircleTest : public CareWorld {};

TEST_F(CircleTest, GetsALetterThatIsRoutedToIt) {
  // Claim: a letter without recipients goes to the members of the circle; each decision is in the receipt and
  // in the preview, with the recipient that it made.
  must(submit(joining("join-1", "m1", anne)));
  const v1::EventStatus status = must(submit(letter_for_me("letter-1")));
  ASSERT_EQ(status.routing_size(), 1);
  EXPECT_EQ(status.routing(0).member_id(), "m1");
  EXPECT_EQ(status.routing(0).outcome(), v1::RoutingDecision::FULL);
  EXPECT_EQ(status.routing(0).recipient_index(), 0);
  EXPECT_EQ(status.recipients(0).origin(), v1::RECIPIENT_ORIGIN_CIRCLE);
  const auto preview = intake.preview(Principal{"hospital"}, letter_for_me("letter-2"));
  ASSERT_TRUE(preview.ok());
  EXPECT_EQ(preview->routing.size(), 1U);
}

TEST_F(CircleTest, WithoutAnybodyIsNoWayForALetter) {
  // Claim: nobody to route to and no recipient is an error; a change of the circle is kept though nobody is
  // told.
  EXPECT_EQ(submit(letter_for_me("letter-1")).error().code, ErrorCode::nobody_to_route_to);
  EXPECT_EQ(must(submit(consent("consent", v1::Consent::GIVEN))).recipients_size(), 0);
}

TEST_F(CircleTest, StopsWhatNeedsConsentWhenItIsWithdrawn) {
  // Claim: what has not left is cancelled with the withdrawal, and what was sent is in its receipt;
  // afterwards the member outside the team gets nothing, and an event that rests on consent is refused.
  must(submit(consent("given", v1::Consent::GIVEN)));
  must(submit(joining("join-1", "m1", anne, v1::MEMBER_BASIS_CONSENT)));
  const v1::EventStatus sent = must(submit(letter_for_me("letter-1")));
  const Uuid gone = *Uuid::parse(sent.recipients(0).deliveries(0).id());
  const Command left[] = {StartAttempt{gone, env.now(), "", "ref"},
                          RecordOutcome{gone, env.now(), accepted(), {}}};
  ASSERT_TRUE(store.commit(left).ok());
  const v1::EventStatus pending = must(submit(letter_for_me("letter-2")));
  env.advance(seconds(3600));
  const v1::EventStatus withdrawn = must(submit(consent("withdrawn", v1::Consent::WITHDRAWN)));
  ASSERT_EQ(withdrawn.past_sends_size(), 1);
  EXPECT_EQ(withdrawn.past_sends(0).event_id(), sent.event_id());
  EXPECT_EQ(status_of("letter-2").recipients(0).deliveries(0).reason(), "CONSENT_WITHDRAWN");
  EXPECT_EQ(submit(letter_for_me("letter-3")).error().code, ErrorCode::nobody_to_route_to);
  v1::SubmitEventRequest resting = sample_request();
  resting.set_idempotency_key("letter-4");
  resting.mutable_event()->set_legal_basis(v1::LEGAL_BASIS_CONSENT);
  resting.mutable_event()->mutable_consent_at()->set_seconds(sample_now_s - 7200);
  EXPECT_EQ(submit(resting).error().code, ErrorCode::consent_missing);
}

TEST_F(CircleTest, StopsWhatNeedsConsentWhenItEnds) {
  // Claim: what has not left when the consent expires is cancelled as by a withdrawal, once; a change of the
  // circle meanwhile does not put its end off.
  v1::SubmitEventRequest given = consent("given", v1::Consent::GIVEN);
  const Instant end = env.now() + seconds(86400);
  given.mutable_event()->mutable_care_circle_change()->mutable_consent()->mutable_expires_at()->set_seconds(
      end.us / 1000000);
  must(submit(given));
  must(submit(joining("join-1", "m1", anne, v1::MEMBER_BASIS_CONSENT)));
  must(submit(letter_for_me("letter-1")));
  EXPECT_EQ(**store.next_wake(), end);
  EXPECT_EQ(wake(), 0U);
  env.set_now(end);
  // Before the clock has looked.
  must(submit(joining("join-2", "m2", bruno)));
  EXPECT_EQ(wake(), 1U);
  const v1::EventStatus status = status_of("letter-1");
  EXPECT_EQ(status.recipients(0).deliveries(0).state(), v1::DELIVERY_STATE_CANCELLED);
  EXPECT_EQ(status.recipients(0).deliveries(0).reason(), "CONSENT_WITHDRAWN");
  EXPECT_EQ(wake(), 0U);
  EXPECT_FALSE(store.next_wake()->has_value());
}

TEST_F(CircleTest, StopsWhatRestsOnAConsentThatItWasNeverToldOf) {
  // Claim: an event that says itself that it rests on consent is stopped by a withdrawal though no circle
  // knew of that consent; one that is judged while the withdrawal comes is refused.
  v1::SubmitEventRequest resting = sample_request();
  resting.mutable_event()->set_legal_basis(v1::LEGAL_BASIS_CONSENT);
  resting.mutable_event()->mutable_consent_at()->set_seconds(sample_now_s - 7200);
  resting.set_idempotency_key("letter-1");
  must(submit(resting));
  const v1::SubmitEventRequest withdrawal = consent("withdrawn", v1::Consent::WITHDRAWN);
  bool raced = false;
  sink.before = [&](const Command&) {
    if (!std::exchange(raced, true)) must(submit(withdrawal));
  };
  resting.set_idempotency_key("letter-2");
  EXPECT_EQ(submit(resting).error().code, ErrorCode::consent_missing);
  EXPECT_EQ(status_of("letter-1").recipients(0).deliveries(0).reason(), "CONSENT_WITHDRAWN");
}

TEST_F(CircleTest, IsLookedAtOnceWhenADeliveryOfItsFirstEventFails) {
  // Claim: a circle has no clock: what woke it does not keep it awake.
  const v1::EventStatus status = must(submit(joining("join-1", "m1", anne)));
  const Uuid sent = *Uuid::parse(status.recipients(0).deliveries(0).id());
  Outcome refusal = accepted();
  refusal.verdict = Verdict::rejected;
  const Command refused[] = {StartAttempt{sent, env.now(), "", "ref"},
                             RecordOutcome{sent, env.now(), refusal, {}}};
  ASSERT_TRUE(store.commit(refused).ok());
  EXPECT_EQ(wake(), 1U);
  EXPECT_EQ(wake(), 0U);
  EXPECT_EQ(must(submit(letter_for_me("letter-1"))).routing_size(), 1);
}

TEST_F(CircleTest, DoesNotMissAWithdrawalBetweenTheLookAndTheCommit) {
  // Claim: a letter that was routed under a consent that is withdrawn before it is durable is judged anew.
  must(submit(consent("given", v1::Consent::GIVEN)));
  must(submit(joining("join-1", "m1", anne, v1::MEMBER_BASIS_CONSENT)));
  env.advance(seconds(3600));
  const v1::SubmitEventRequest withdrawal = consent("withdrawn", v1::Consent::WITHDRAWN);
  bool raced = false;
  sink.before = [&](const Command&) {
    if (!std::exchange(raced, true)) must(submit(withdrawal));
  };
  EXPECT_EQ(submit(letter_for_me("letter-1")).error().code, ErrorCode::nobody_to_route_to);
}

TEST_F(CircleTest, TellsItsChangesInTheirOrder) {
  // Claim: each change goes on from the circle's first event, so that no server gets an older state after a
  // newer one.
  std::vector<std::optional<Uuid>> follows;
  sink.before = [&follows](const Command& command) {
    if (const auto* accepted = std::get_if<AcceptEvent>(&command)) follows.push_back(accepted->follows);
  };
  const v1::EventStatus first = must(submit(joining("join-1", "m1", anne)));
  must(submit(consent("given", v1::Consent::GIVEN)));
  EXPECT_THAT(follows, ElementsAre(std::nullopt, Uuid::parse(first.event_id())));
}

TEST_F(CircleTest, IsBuiltByEnrolments) {
  // Claim: an enrolment opens its case and brings its members in; an unknown version is a field fault; an
  // identifier of another patient is one too.
  v1::SubmitEventRequest request = enrolment("enrol-1");
  fill_member(*request.mutable_event()->mutable_pathway_enrolment()->add_members(), "m1", anne);
  must(submit(request));
  EXPECT_EQ(must(submit(letter_for_me("letter-1"))).routing_size(), 1);
  v1::SubmitEventRequest unknown = enrolment("enrol-2");
  unknown.mutable_event()->mutable_pathway_enrolment()->set_protocol_version("3");
  EXPECT_EQ(submit(unknown).error().faults.at(0).path, "event.pathway_enrolment.protocol_version");
  v1::SubmitEventRequest other = enrolment("enrol-3");
  other.mutable_event()->mutable_subject()->clear_ins();
  other.mutable_event()->mutable_subject()->set_status(v1::IDENTITY_STATUS_PROVISIONAL);
  other.mutable_event()->mutable_subject()->set_birth_family_name("AUTRE");
  EXPECT_EQ(submit(other).error().faults.at(0).path, "event.pathway_enrolment.enrolment_id");
}

TEST_F(CircleTest, AsksAHumanWhenAnExitRuleHolds) {
  // Claim: months after the start the enrolment shows EXIT_PROPOSED, once, and goes on.
  must(submit(enrolment("enrol-1")));
  env.advance(seconds(200LL * 86400));
  EXPECT_EQ(wake(), 1U);
  EXPECT_EQ(status_of("enrol-1").attention(), "EXIT_PROPOSED");
  EXPECT_EQ(wake(), 0U);
}

TEST_F(CircleTest, KeepsTheTimeOfAnExitRuleWhenADeliveryFails) {
  // Claim: an enrolment that a failed delivery of its event has woken sleeps until its own time again.
  const v1::EventStatus status = must(submit(enrolment("enrol-1")));
  const Instant exit = **store.next_wake();
  const Uuid sent = *Uuid::parse(status.recipients(0).deliveries(0).id());
  Outcome refusal = accepted();
  refusal.verdict = Verdict::rejected;
  const Command refused[] = {StartAttempt{sent, env.now(), "", "ref"},
                             RecordOutcome{sent, env.now(), refusal, {}}};
  ASSERT_TRUE(store.commit(refused).ok());
  EXPECT_EQ(wake(), 1U);
  EXPECT_EQ(wake(), 0U);
  EXPECT_EQ(**store.next_wake(), exit);
}

TEST_F(CircleTest, MakesNoDocumentThatNobodyReads) {
  // Claim: an event whose recipients are tools alone has neither document nor its identifier.
  v1::SubmitEventRequest request = change("join-1");
  fill_member(*request.mutable_event()->mutable_care_circle_change()->add_joins(), "m1", anne);
  request.mutable_event()->clear_recipients();
  request.mutable_event()->add_recipients()->mutable_tool()->set_name("outil");
  const v1::EventStatus status = must(submit(request));
  EXPECT_EQ(status.document_id() + status.document_sha256(), "");
  EXPECT_TRUE(store.documents(*Uuid::parse(status.event_id()))->empty());
}

}  // namespace
}  // namespace psl
