#include "gateway/intake/orientation_plan.h"

#include <gmock/gmock.h>

#include "tests/gateway/intake/care_world.h"

namespace psl {
namespace {

using testing::ElementsAre;
using Step = v1::OrientationUpdate;

class OrientationTest : public CareWorld {};

TEST_F(OrientationTest, AsksTheFirstCandidateAndHoldsTheNext) {
  // Claim: the receipt shows who is kept informed, then the candidates; only the first proposal may leave.
  const v1::EventStatus status = must(submit(orientation()));
  ASSERT_EQ(status.recipients_size(), 3);
  EXPECT_EQ(status.kind(), "orientation");
  EXPECT_EQ(status.recipients(0).origin(), v1::RECIPIENT_ORIGIN_SENDER);
  EXPECT_EQ(status.recipients(1).origin(), v1::RECIPIENT_ORIGIN_CANDIDATE);
  EXPECT_TRUE(status.recipients(1).deliveries(0).has_due_at());
  EXPECT_FALSE(status.recipients(2).deliveries(0).has_due_at());
  EXPECT_EQ(status.orientation().proposals(0).state(), v1::PROPOSAL_STATE_PROPOSED);
  EXPECT_EQ(status.orientation().proposals(1).state(), v1::PROPOSAL_STATE_WAITING);
  EXPECT_EQ(status.SerializeAsString(), status_of("orientation-1").SerializeAsString());
  EXPECT_THAT(told_by("orientation-1"), ElementsAre("claire: DOCUMENT", "anne: PROPOSAL", "bruno: PROPOSAL"));
}

TEST_F(OrientationTest, GivesTheRightToAnswerToPeopleOnly) {
  // Claim: a person gets a link and a code; a tool answers with its certificate.
  v1::SubmitEventRequest request = orientation();
  request.mutable_event()->mutable_orientation()->add_candidates()->mutable_tool()->set_name("outil");
  must(submit(request));
  const stored::Care care = content_of(event_id_of("cpts-demo", "hospital", "orientation-1")).care();
  EXPECT_TRUE(care.routed(1).answer_link().starts_with("https://reponses.example/r/"));
  EXPECT_TRUE(care.routed(1).answer_code().starts_with("PSL-"));
  EXPECT_NE(care.routed(1).answer_code(), care.routed(2).answer_code());
  EXPECT_EQ(care.routed(3).answer_link() + care.routed(3).answer_code(), "");
  EXPECT_EQ(care.routed(0).answer_link(), "");
}

TEST_F(OrientationTest, IsPreviewedWithoutTheRightToAnswer) {
  // Claim: a preview shows a word where the link and the code will stand, and stores nothing.
  const auto preview = intake.preview(Principal{"hospital"}, orientation());
  ASSERT_TRUE(preview.ok()) << preview.error().describe();
  ASSERT_EQ(preview->recipients.size(), 3U);
  EXPECT_EQ(view(preview->recipients[1].payload.body),
            "TELLING_PROPOSAL https://reponses.example/r/apercu apercu");
  EXPECT_TRUE(store.all_deliveries().empty());
}

TEST_F(OrientationTest, PassesOverACandidateWithoutAddress) {
  // Claim: whom no partner carries is unreachable from the start, without a task, and the next one is asked.
  mail.unknown = {anne};
  const v1::EventStatus status = must(submit(orientation()));
  EXPECT_EQ(status.orientation().proposals(0).state(), v1::PROPOSAL_STATE_UNREACHABLE);
  EXPECT_EQ(status.orientation().proposals(1).state(), v1::PROPOSAL_STATE_PROPOSED);
  EXPECT_TRUE(status.recipients(2).deliveries(0).has_due_at());
  EXPECT_EQ(status.recipients(1).deliveries_size(), 0);
  EXPECT_EQ(*store.open_tasks(), 0);
}

TEST_F(OrientationTest, OfWhichNobodyCanBeAskedTellsAHuman) {
  // Claim: all candidates without address: accepted, spent, and shown.
  mail.unknown = {anne, bruno};
  const v1::EventStatus status = must(submit(orientation()));
  EXPECT_EQ(status.attention(), "CANDIDATES_SPENT");
  EXPECT_FALSE(status.attention_fr().empty());
  EXPECT_EQ(status_of("orientation-1").attention(), "CANDIDATES_SPENT");
  v1::ListEventsRequest all;
  all.set_tenant("cpts-demo");
  EXPECT_EQ(desk.list(Principal{"hospital"}, all)->events(0).attention(), "CANDIDATES_SPENT");
}

TEST_F(OrientationTest, IsOpenOnceForAPersonUnderAnySpelling) {
  // Claim: a second one of the same kind is refused, also for the same traits in another spelling without
  // INS; another kind is not.
  must(submit(orientation()));
  EXPECT_EQ(submit(orientation("orientation-2")).error().code, ErrorCode::orientation_open);
  const auto previewed = [this](const std::string& key) {
    return intake.preview(Principal{"hospital"}, orientation(key));
  };
  EXPECT_EQ(previewed("orientation-2").error().code, ErrorCode::orientation_open);
  EXPECT_TRUE(previewed("orientation-1").ok()) << "its own is no other";
  v1::SubmitEventRequest spelt = orientation("orientation-3");
  v1::Patient& patient = *spelt.mutable_event()->mutable_subject();
  patient.clear_ins();
  patient.set_status(v1::IDENTITY_STATUS_PROVISIONAL);
  patient.set_birth_family_name("Pat Troïs");
  patient.set_first_birth_given_name("Dominique");
  patient.set_birth_given_names("Dominique");
  EXPECT_EQ(submit(spelt).error().code, ErrorCode::orientation_open);
  v1::SubmitEventRequest other = orientation("orientation-4");
  other.mutable_event()->mutable_orientation()->set_kind(v1::Orientation::COORDINATION_SUPPORT);
  must(submit(other));
  must(submit(update("cancel", Step::CANCELLED)));
  EXPECT_TRUE(previewed("orientation-5").ok());
  must(submit(orientation("orientation-5")));
}

TEST_F(OrientationTest, RefusesARecipientWhomTheListNamesToo) {
  // Claim: one address gets one message of an event; the fault names the recipient.
  v1::CandidateList& list = *tenants["cpts-demo"].config.add_candidate_lists();
  list.set_name("medecins");
  v1::CandidateList::Entry& entry = *list.add_entries();
  entry.mutable_person()->set_mailbox(claire);
  entry.add_kinds("PRIMARY_CARE_PHYSICIAN");
  entry.set_commune_code("34154");
  v1::SubmitEventRequest request = orientation();
  v1::Orientation& asked = *request.mutable_event()->mutable_orientation();
  asked.clear_candidates();
  asked.set_candidate_list("medecins");
  asked.set_commune_code("34154");
  EXPECT_EQ(submit(request).error().faults.at(0).path, "event.recipients[0]");
  request.mutable_event()->clear_recipients();
  EXPECT_EQ(must(submit(request)).orientation().proposals_size(), 1);
}

TEST_F(OrientationTest, IsNotCancelledAsALetterIs) {
  // Claim: CancelEvent is refused and says how; a proposal whose turn has not come, or that is over, is not
  // retried, and it is said which.
  const v1::EventStatus status = must(submit(orientation()));
  v1::CancelEventRequest request;
  request.set_event_id(status.event_id());
  std::optional<Error> refused;
  desk.cancel(Principal{"hospital"}, request, [&](auto answer) { refused = answer.error(); });
  EXPECT_EQ(refused->code, ErrorCode::cannot_cancel);
  const auto retried = [&](int recipient) {
    v1::RetryDeliveryRequest retry;
    retry.set_idempotency_key("again");
    retry.set_delivery_id(status.recipients(recipient).deliveries(0).id());
    desk.retry(Principal{"hospital"}, retry, [&](auto answer) { refused = answer.error(); });
    EXPECT_EQ(refused->code, ErrorCode::cannot_retry);
    return refused->text;
  };
  EXPECT_THAT(retried(2), testing::HasSubstr("not asked yet"));
  must(submit(update("no", Step::DECLINED, 0)));
  EXPECT_THAT(retried(1), testing::HasSubstr("not asked any more"));
}

TEST_F(OrientationTest, KeysOfTheGatewayAreNobodyElses) {
  // Claim: a key that begins as the gateway's own is refused from outside.
  EXPECT_EQ(submit(orientation("passerelle:time:1")).error().faults.at(0).path, "idempotency_key");
}

}  // namespace
}  // namespace psl
