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

TEST_F(AnswerTest, ForwardedOrUnclearIsForAHuman) {
  // Claim: a reply from another address, or one that is not understood, changes nothing but the attention of
  // a human; an automatic one not even that.
  EXPECT_TRUE(take(reply(0, Inbound::Meaning::automatic, "<r3>", anne)).ok());
  EXPECT_EQ(status_of("orientation-1").attention(), "");
  EXPECT_TRUE(take(reply(0, Inbound::Meaning::accepted, "<r4>", claire)).ok());
  EXPECT_EQ(status_of("orientation-1").attention(), "ANSWER_FROM_ANOTHER_ADDRESS");
  EXPECT_EQ(state_of(0), v1::PROPOSAL_STATE_PROPOSED);
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
  // Claim: who says yes after another did is told that it is taken, once for a reply; who says no is told
  // nothing.
  must(submit(update("yes", Step::ACCEPTED, 0)));
  const size_t before = store.all_deliveries().size();
  EXPECT_TRUE(take(reply(1, Inbound::Meaning::declined, "<r7>", bruno)).ok());
  EXPECT_EQ(store.all_deliveries().size(), before);
  const Inbound yes = reply(1, Inbound::Meaning::accepted, "<r8>", bruno);
  EXPECT_TRUE(take(yes).ok());
  EXPECT_EQ(store.all_deliveries().size(), before + 1);
  env.advance(seconds(60));
  EXPECT_TRUE(take(yes).ok());
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
