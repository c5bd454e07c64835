#include "gateway/intake/answer_desk.h"

#include <gmock/gmock.h>

#include "gateway/intake/answer_link.h"
#include "tests/gateway/intake/care_world.h"

namespace psl {
namespace {

using testing::ElementsAre;
using Step = v1::OrientationUpdate;

class AnswerTest : public CareWorld {
 protected:
  AnswerTest() {
    v1::SubmitEventRequest request = orientation();
    request.mutable_event()->mutable_orientation()->set_mode(v1::Orientation::PARALLEL);
    must(submit(request));
    asked = content_of(event_id_of("cpts-demo", "hospital", "orientation-1")).care();
  }
  std::string token(int candidate) const {
    const std::string& link = asked.routed(1 + candidate).answer_link();
    return link.substr(link.rfind('/') + 1);
  }
  Result<AnswerView> answer(int candidate, Step::Step step) {
    std::optional<Result<AnswerView>> view;
    answers.answer(token(candidate), step, Step::NOT_AVAILABLE,
                   [&](auto result) { view = std::move(result); });
    return *view;
  }
  Inbound reply(int candidate, Inbound::Meaning meaning, const std::string& identity,
                const std::string& sender) {
    Inbound inbound;
    inbound.identity = identity;
    inbound.sender = sender;
    inbound.meaning = meaning;
    inbound.delivery_id =
        Uuid::parse(status_of("orientation-1").orientation().proposals(candidate).proposal_id());
    return inbound;
  }
  Status take(const Inbound& inbound) {
    std::optional<Status> status;
    answers.take_reply(inbound, [&](Status result) { status = std::move(result); });
    return *status;
  }
  v1::ProposalState state_of(int candidate) {
    return status_of("orientation-1").orientation().proposals(candidate).state();
  }

  stored::Care asked;
  AnswerDesk answers{AnswerSeams{tenants, env, sealer, store, sink, intake}};
};

TEST_F(AnswerTest, ByLinkIsRecordedOnce) {
  // Claim: the page shows who asks and whom, no patient; a yes is recorded, told, and shown again when it is
  // given again.
  const auto view = answers.look(token(0));
  ASSERT_TRUE(view.ok()) << view.error().describe();
  EXPECT_EQ(view->standing, AnswerView::Standing::open);
  EXPECT_EQ(view->requester, "Centre hospitalier fictif");
  EXPECT_EQ(view->candidate, "Claire Modèle");
  EXPECT_EQ(answer(0, Step::ACCEPTED)->standing, AnswerView::Standing::accepted);
  const size_t before = store.all_deliveries().size();
  EXPECT_EQ(answer(0, Step::ACCEPTED)->standing, AnswerView::Standing::accepted);
  EXPECT_EQ(store.all_deliveries().size(), before);
  EXPECT_EQ(status_of("orientation-1").orientation().proposals(0).channel(), v1::ANSWER_CHANNEL_LINK);
}

TEST_F(AnswerTest, ThatComesSecondIsToldSo) {
  // Claim: the other candidate's link says that it is taken, before and after its answer.
  ASSERT_TRUE(answer(0, Step::ACCEPTED).ok());
  EXPECT_EQ(answer(1, Step::ACCEPTED).error().code, ErrorCode::already_taken);
  EXPECT_EQ(answers.look(token(1))->standing, AnswerView::Standing::taken);
}

TEST_F(AnswerTest, ByALinkThatWasAlteredIsNobodys) {
  // Claim: another delivery, another time, another MAC, another shape: LINK_INVALID, and nothing of it is
  // looked at.
  const std::string good = token(0);
  std::string other = good;
  other.back() = other.back() == 'A' ? 'B' : 'A';
  std::string later = good;
  ++later[40];
  for (const std::string& bad :
       {other, later, token(1).substr(0, 36) + good.substr(36), good + "A", good.substr(0, 40), std::string(),
        std::string("..."), good.substr(0, 36) + ".-1."})
    EXPECT_EQ(answers.look(bad).error().code, ErrorCode::link_invalid);
}

TEST_F(AnswerTest, ByALinkWhoseTimeIsOverIsClosed) {
  // Claim: past the proposal's time the page says expired and an answer is refused; past the link's own,
  // nothing is shown.
  env.advance(seconds(49 * 3600));
  EXPECT_EQ(answers.look(token(0))->standing, AnswerView::Standing::expired);
  EXPECT_EQ(answer(0, Step::ACCEPTED).error().code, ErrorCode::proposal_closed);
  env.advance(seconds(30LL * 86400));
  EXPECT_EQ(answers.look(token(0)).error().code, ErrorCode::proposal_closed);
}

TEST_F(AnswerTest, ByMailCountsFromTheCandidatesAddress) {
  // Claim: a yes by reply is an acceptance, however often it is read; the candidate is told that it is
  // recorded.
  const Inbound yes = reply(0, Inbound::Meaning::accepted, "<r1>", anne);
  EXPECT_TRUE(take(yes).ok());
  EXPECT_EQ(state_of(0), v1::PROPOSAL_STATE_ACCEPTED);
  const size_t before = store.all_deliveries().size();
  env.advance(seconds(60));
  EXPECT_TRUE(take(yes).ok());
  EXPECT_EQ(store.all_deliveries().size(), before);
}

TEST_F(AnswerTest, ByMailCountsByItsCode) {
  // Claim: a new mail that quotes the code counts as a reply does, from that address only.
  Inbound no = reply(1, Inbound::Meaning::declined, "<r2>", bruno);
  no.delivery_id.reset();
  no.answer_code = asked.routed(1).answer_code();
  EXPECT_TRUE(take(no).ok());
  EXPECT_EQ(state_of(0), v1::PROPOSAL_STATE_PROPOSED);
  no.answer_code = asked.routed(2).answer_code();
  EXPECT_TRUE(take(no).ok());
  EXPECT_EQ(state_of(1), v1::PROPOSAL_STATE_DECLINED);
}

TEST_F(AnswerTest, ByMailIsFoundBehindManyOthers) {
  // Claim: a code counts also when more was proposed to its address since than one page of the list holds.
  for (const auto kind : {v1::Orientation::DIRECT_ADMISSION, v1::Orientation::COORDINATION_SUPPORT}) {
    v1::SubmitEventRequest later = orientation("later-" + std::to_string(kind));
    later.mutable_event()->mutable_orientation()->set_kind(kind);
    must(submit(later));
  }
  Inbound no = reply(1, Inbound::Meaning::declined, "<r12>", bruno);
  no.delivery_id.reset();
  no.answer_code = asked.routed(2).answer_code();
  store.list_looks = 1;
  EXPECT_TRUE(take(no).ok());
  EXPECT_EQ(state_of(1), v1::PROPOSAL_STATE_DECLINED);
}

TEST_F(AnswerTest, ByMailToANoticeIsAnAnswerToItsProposal) {
  // Claim: who replies to the message that the dates changed is understood, and nobody else by it; so is who
  // refers to another mail and quotes the code.
  v1::SubmitEventRequest moved = update("moved", Step::RESCHEDULED);
  moved.mutable_event()->mutable_orientation_update()->mutable_wanted_before()->set_seconds(sample_now_s +
                                                                                            5 * 86400);
  const v1::EventStatus told = must(submit(moved));
  EXPECT_THAT(told_by("moved"), ElementsAre("claire: DOCUMENT", "anne: RESCHEDULED", "bruno: RESCHEDULED"));
  Inbound no = reply(1, Inbound::Meaning::declined, "<r13>", bruno);
  no.delivery_id = Uuid::parse(told.recipients(0).deliveries(0).id());
  EXPECT_TRUE(take(no).ok());
  EXPECT_EQ(state_of(1), v1::PROPOSAL_STATE_PROPOSED);
  no.delivery_id = Uuid::parse(told.recipients(2).deliveries(0).id());
  EXPECT_TRUE(take(no).ok());
  EXPECT_EQ(state_of(1), v1::PROPOSAL_STATE_DECLINED);
  Inbound yes = reply(0, Inbound::Meaning::accepted, "<r14>", anne);
  yes.delivery_id = numbered_id('x', 1);
  yes.answer_code = asked.routed(1).answer_code();
  EXPECT_TRUE(take(yes).ok());
  EXPECT_EQ(state_of(0), v1::PROPOSAL_STATE_ACCEPTED);
}

TEST_F(AnswerTest, ThatCanNeverBeTakenIsForAHuman) {
  // Claim: what would fail again each time is not read for ever; what may pass is.
  office.refuses = error_of(ErrorCode::busy);
  EXPECT_FALSE(take(reply(0, Inbound::Meaning::accepted, "<r15>", anne)).ok());
  office.refuses = error_of(ErrorCode::document_invalid);
  EXPECT_TRUE(take(reply(0, Inbound::Meaning::accepted, "<r15>", anne)).ok());
  EXPECT_EQ(status_of("orientation-1").attention(), "ANSWER_NOT_UNDERSTOOD");
  EXPECT_EQ(state_of(0), v1::PROPOSAL_STATE_PROPOSED);
}

TEST_F(AnswerTest, ForwardedOrUnclearIsForAHuman) {
  // Claim: a reply from another address, or one that is not understood, changes nothing but the attention of
  // a human; an automatic one not even that.
  EXPECT_TRUE(take(reply(0, Inbound::Meaning::automatic, "<r3>", anne)).ok());
  EXPECT_EQ(status_of("orientation-1").attention(), "");
  EXPECT_TRUE(take(reply(0, Inbound::Meaning::accepted, "<r4>", claire)).ok());
  EXPECT_EQ(status_of("orientation-1").attention(), "ANSWER_FROM_ANOTHER_ADDRESS");
  EXPECT_EQ(state_of(0), v1::PROPOSAL_STATE_PROPOSED);
}

TEST_F(AnswerTest, WithoutReferenceIsForAHuman) {
  // Claim: a clear answer from an address of which one is awaited changes nothing but the attention of a
  // human, also with a code that is none; any other mail, and one from elsewhere, not even that.
  const auto bare = [this](Inbound::Meaning meaning, const std::string& identity, const std::string& sender) {
    Inbound inbound = reply(0, meaning, identity, sender);
    inbound.delivery_id.reset();
    return inbound;
  };
  EXPECT_TRUE(take(bare(Inbound::Meaning::unclear, "<b1>", bruno)).ok());
  EXPECT_TRUE(take(bare(Inbound::Meaning::accepted, "<b2>", claire)).ok());
  EXPECT_EQ(status_of("orientation-1").attention(), "");
  Inbound yes = bare(Inbound::Meaning::accepted, "<b3>", bruno);
  yes.answer_code = "PSL-0000-0000";
  store.fail_reads = true;
  EXPECT_FALSE(take(yes).ok());
  store.fail_reads = false;
  EXPECT_TRUE(take(yes).ok());
  EXPECT_EQ(status_of("orientation-1").attention(), "ANSWER_NOT_UNDERSTOOD");
  EXPECT_EQ(state_of(1), v1::PROPOSAL_STATE_PROPOSED);
}

TEST_F(AnswerTest, WithoutReferenceIsNobodysWhenNoneIsAwaited) {
  // Claim: who has answered, or was not chosen, is not called for again.
  must(submit(update("yes", Step::ACCEPTED, 0)));
  Inbound again = reply(1, Inbound::Meaning::accepted, "<b4>", bruno);
  again.delivery_id.reset();
  EXPECT_TRUE(take(again).ok());
  EXPECT_EQ(status_of("orientation-1").attention(), "");
}

TEST_F(AnswerTest, OfWhoWasToldThatItIsTakenCountsWhenItIsFreeAgain) {
  // Claim: the one who accepted steps back: the other's link offers the answer again, and it is taken.
  must(submit(update("yes", Step::ACCEPTED, 0)));
  env.advance(seconds(60));
  must(submit(update("no", Step::DECLINED, 0)));
  EXPECT_EQ(status_of("orientation-1").attention(), "CANDIDATES_SPENT");
  EXPECT_EQ(answers.look(token(1))->standing, AnswerView::Standing::open);
  EXPECT_EQ(answer(1, Step::ACCEPTED)->standing, AnswerView::Standing::accepted);
  EXPECT_EQ(status_of("orientation-1").attention(), "");
}

TEST_F(AnswerTest, SaysThatThePatientChoseOtherwise) {
  // Claim: who had accepted is not told that the requester cancelled.
  must(submit(update("yes", Step::ACCEPTED, 0)));
  v1::SubmitEventRequest other = update("other", Step::PATIENT_DECLINED);
  other.mutable_event()->mutable_orientation_update()->set_reason(Step::PATIENT_CHOICE);
  must(submit(other));
  EXPECT_EQ(answers.look(token(0))->standing, AnswerView::Standing::patient_declined);
}

class ConsentedAnswerTest : public AnswerTest {
 protected:
  // Another orientation, which rests on a consent; both have left.
  ConsentedAnswerTest() {
    must(submit(consent("given", v1::Consent::GIVEN)));
    v1::SubmitEventRequest request = orientation("orientation-2");
    v1::CoordinationEvent& event = *request.mutable_event();
    event.set_legal_basis(v1::LEGAL_BASIS_CONSENT);
    event.mutable_consent_at()->set_seconds(sample_now_s - 7200);
    event.mutable_orientation()->set_kind(v1::Orientation::COORDINATION_SUPPORT);
    must(submit(request));
    asked = content_of(event_id_of("cpts-demo", "hospital", "orientation-2")).care();
    const Uuid first = *Uuid::parse(status_of("orientation-2").recipients(1).deliveries(0).id());
    const Command left[] = {StartAttempt{first, env.now(), "", "ref"},
                            RecordOutcome{first, env.now(), accepted(), {}}};
    EXPECT_TRUE(store.commit(left).ok());
  }
};

TEST_F(ConsentedAnswerTest, EndsWithTheConsent) {
  // Claim: a yes is refused from the withdrawal on, the page says that the request is suspended, a human is
  // called, who was not asked is withdrawn; what does not rest on the consent goes on.
  EXPECT_EQ(answers.look(token(0))->standing, AnswerView::Standing::open);
  must(submit(consent("withdrawn", v1::Consent::WITHDRAWN)));
  EXPECT_EQ(answer(0, Step::ACCEPTED).error().code, ErrorCode::consent_missing);
  EXPECT_EQ(wake(), 1U);
  EXPECT_EQ(wake(), 0U);
  const v1::EventStatus status = status_of("orientation-2");
  EXPECT_EQ(status.attention(), "CONSENT_WITHDRAWN");
  EXPECT_EQ(status.orientation().state(), v1::ORIENTATION_STATE_SPENT);
  for (const v1::ProposalStatus& one : status.orientation().proposals())
    EXPECT_EQ(one.state(), v1::PROPOSAL_STATE_WITHDRAWN);
  EXPECT_EQ(answers.look(token(0))->standing, AnswerView::Standing::suspended);
  EXPECT_EQ(answer(0, Step::ACCEPTED).error().code, ErrorCode::consent_missing);
  EXPECT_EQ(status_of("orientation-1").attention(), "");
  EXPECT_EQ(state_of(0), v1::PROPOSAL_STATE_PROPOSED);
}

TEST_F(ConsentedAnswerTest, EndsThoughNobodyElseWaits) {
  // Claim: a human is called although nothing is left to be stopped, also when somebody has accepted.
  must(submit(update("no", Step::DECLINED, 0, "orientation-2")));
  const Uuid second = *Uuid::parse(status_of("orientation-2").recipients(2).deliveries(0).id());
  const Command left[] = {StartAttempt{second, env.now(), "", "ref"},
                          RecordOutcome{second, env.now(), accepted(), {}}};
  ASSERT_TRUE(store.commit(left).ok());
  must(submit(update("yes", Step::ACCEPTED, 1, "orientation-2")));
  must(submit(consent("withdrawn", v1::Consent::WITHDRAWN)));
  EXPECT_EQ(wake(), 1U);
  EXPECT_EQ(wake(), 0U);
  EXPECT_EQ(status_of("orientation-2").attention(), "CONSENT_WITHDRAWN");
  EXPECT_EQ(status_of("orientation-2").orientation().state(), v1::ORIENTATION_STATE_ACCEPTED);
}

TEST_F(AnswerTest, KeepsAHumanCalledUntilSomebodyAccepts) {
  // Claim: another candidate's refusal does not hide that a reply was not understood; an acceptance does, and
  // what comes after it calls again until the end.
  EXPECT_TRUE(take(reply(0, Inbound::Meaning::unclear, "<r5>", anne)).ok());
  EXPECT_EQ(status_of("orientation-1").attention(), "ANSWER_NOT_UNDERSTOOD");
  EXPECT_TRUE(take(reply(1, Inbound::Meaning::declined, "<r6>", bruno)).ok());
  EXPECT_EQ(state_of(1), v1::PROPOSAL_STATE_DECLINED);
  EXPECT_EQ(status_of("orientation-1").attention(), "ANSWER_NOT_UNDERSTOOD");
  must(submit(update("yes", Step::ACCEPTED, 0)));
  EXPECT_EQ(status_of("orientation-1").attention(), "");
  EXPECT_TRUE(take(reply(0, Inbound::Meaning::unclear, "<r11>", anne)).ok());
  v1::SubmitEventRequest booked = update("booked", Step::BOOKED);
  booked.mutable_event()->mutable_orientation_update()->mutable_appointment()->mutable_start()->set_seconds(
      sample_now_s + 86400);
  must(submit(booked));
  EXPECT_EQ(status_of("orientation-1").attention(), "ANSWER_NOT_UNDERSTOOD");
  must(submit(update("seen", Step::SEEN)));
  EXPECT_EQ(status_of("orientation-1").attention(), "");
}

TEST_F(AnswerTest, ByMailTooLateIsAnsweredOnce) {
  // Claim: who says yes after another did is told that it is taken, once, however often it is said; who says
  // no is told nothing.
  must(submit(update("yes", Step::ACCEPTED, 0)));
  const size_t before = store.all_deliveries().size();
  EXPECT_TRUE(take(reply(1, Inbound::Meaning::declined, "<r7>", bruno)).ok());
  EXPECT_EQ(store.all_deliveries().size(), before);
  const Inbound yes = reply(1, Inbound::Meaning::accepted, "<r8>", bruno);
  EXPECT_TRUE(take(yes).ok());
  EXPECT_EQ(store.all_deliveries().size(), before + 1);
  env.advance(seconds(60));
  EXPECT_TRUE(take(yes).ok());
  EXPECT_TRUE(take(reply(1, Inbound::Meaning::accepted, "<r9>", bruno)).ok());
  EXPECT_EQ(store.all_deliveries().size(), before + 1);
}

TEST_F(AnswerTest, ThatCannotBeStoredIsReadAgain) {
  // Claim: a store that fails leaves the reply in its mailbox.
  store.fail_commits = true;
  EXPECT_FALSE(take(reply(0, Inbound::Meaning::accepted, "<r9>", anne)).ok());
  EXPECT_FALSE(take(reply(0, Inbound::Meaning::unclear, "<r10>", anne)).ok());
}

}  // namespace
}  // namespace psl
