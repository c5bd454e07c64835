// What may not leave any more: a notice about a proposal that nobody got, what the circle sends to a member
// who is not in it any more, and anything to whom the patient objects. In every ledger.
#include "tests/gateway/store/memory_under_test.h"
#include "tests/gateway/store/sqlite_under_test.h"
#include "tests/gateway/store/store_fixture.h"

namespace psl {
namespace {

using State = DeliveryState;

class Stopped : public StoreFixture {
 protected:
  static AcceptEvent about(const std::string& key, const std::string& address) {
    AcceptEvent event = letters::letter(key, "1.2." + key, address);
    event.patient_mac = sha256("person");
    return event;
  }
  static AcceptEvent proposal() {
    AcceptEvent event = about("proposal", "candidate");
    event.deliveries[0].proposal = true;
    return event;
  }
  // Follows the proposal, and ends it when `ending`.
  static AcceptEvent notice(bool ending = true) {
    const AcceptEvent asked = proposal();
    AcceptEvent event = about("notice", "candidate");
    event.document_id = event.document_mac = "";
    event.documents.clear();
    event.follows = asked.id;
    event.deliveries[0].notice_of = asked.deliveries[0].id;
    event.step.at = letters::after(5);
    event.step.tenant = event.tenant;
    if (ending)
      event.step.moves = {
          {asked.deliveries[0].id, letters::after(5), Happening::cancelled, "PROPOSAL_TAKEN", {}}};
    return event;
  }
  void expect_not_sent(const AcceptEvent& told) {
    EXPECT_EQ(state(told), State::cancelled);
    EXPECT_EQ(delivery(told).reason, "PROPOSAL_NOT_SENT");
  }

  static inline const Uuid member = circle_member_id_of(letters::id_of("circle"), "m-1");
  static AcceptEvent routed(const std::string& key, const Uuid& to = member) {
    AcceptEvent event = about(key, "member");
    event.deliveries[0].member = to;
    return event;
  }
  static StepCase stop() {
    StepCase command;
    command.step.at = letters::after(50);
    command.step.tenant = "cpts";
    command.step.stopped_members = {{member, "MEMBERSHIP_ENDED"}};
    return command;
  }
  static StepCase objection(const std::vector<std::string>& addresses, const std::string& tenant = "cpts") {
    StepCase command;
    command.step.at = letters::after(50);
    command.step.tenant = tenant;
    command.step.objected_to = {{letters::id_of("circle"), sha256("person"), {}}};
    for (const std::string& address : addresses)
      command.step.objected_to[0].address_macs.push_back(sha256(address));
    return command;
  }
};

INSTANTIATE_TEST_SUITE_P(Sqlite, Stopped,
                         testing::Values([] { return std::make_unique<SqliteUnderTest>(); }));
INSTANTIATE_TEST_SUITE_P(Memory, Stopped,
                         testing::Values([] { return std::make_unique<MemoryUnderTest>(); }));

TEST_P(Stopped, ANoticeDoesNotGoToWhoNeverGotTheProposal) {
  // Claim: a proposal that ends before it left takes what tells of it with it, whatever brought that notice.
  const AcceptEvent moved = notice(/*ending=*/false);
  commit({proposal(), moved});
  EXPECT_EQ(state(moved), State::pending);
  AcceptEvent taken = notice();
  taken.id = letters::id_of("taken");
  taken.idempotency_key = "taken";
  taken.deliveries[0].id = letters::id_of("taken to candidate");
  EXPECT_EQ(commit_one(taken), Effect::done);
  EXPECT_EQ(state(proposal()), State::cancelled);
  expect_not_sent(moved);
  expect_not_sent(taken);
  EXPECT_TRUE(due(100).empty());
}

TEST_P(Stopped, ANoticeGoesToWhoGotTheProposal) {
  // Claim: after a proposal that was delivered, or whose outcome is not known, its notice leaves in its turn.
  const AcceptEvent told = notice();
  commit({proposal(), letters::attempt(proposal().deliveries[0].id),
          letters::outcome(proposal().deliveries[0].id, Verdict::unknown), told});
  EXPECT_EQ(state(told), State::pending);
  commit({letters::moved(proposal().deliveries[0].id, Happening::may_repeat)});
  // It is not repeated, but it may have arrived.
  EXPECT_EQ(state(proposal()), State::cancelled);
  EXPECT_EQ(due(100), (std::vector<Uuid>{told.deliveries[0].id}));
}

TEST_P(Stopped, AnAttemptUnderWayDecidesWhetherItsNoticeLeaves) {
  // Claim: the acceptance of another finds the proposal being sent: what comes of that attempt decides.
  for (const Verdict verdict : {Verdict::accepted, Verdict::unknown, Verdict::try_later, Verdict::rejected}) {
    subject_ = GetParam()();
    const AcceptEvent told = notice();
    const Uuid id = proposal().deliveries[0].id;
    commit({proposal(), letters::attempt(id), told});
    EXPECT_EQ(state(told), State::pending);
    EXPECT_TRUE(due(100).empty());
    commit({letters::outcome(id, verdict)});
    if (verdict == Verdict::accepted) {
      EXPECT_EQ(due(100), (std::vector<Uuid>{told.deliveries[0].id}));
    } else if (verdict == Verdict::unknown) {
      EXPECT_EQ(state(told), State::pending);
    } else {
      expect_not_sent(told);
    }
  }
}

TEST_P(Stopped, ANoticeOfAProposalThatHasFailedAlreadyDoesNotLeave) {
  // Claim: also when the proposal had ended before the notice came.
  const Uuid id = proposal().deliveries[0].id;
  commit({proposal(), letters::attempt(id), letters::outcome(id, Verdict::rejected), notice()});
  expect_not_sent(notice());
}

TEST_P(Stopped, WhatACircleSendsToAMemberWhoLeavesIsCancelled) {
  // Claim: what waits is cancelled with its reason and stays so; what has left, and what others get, goes on.
  AcceptEvent sent = routed("sent");
  const AcceptEvent waits = routed("waits");
  const AcceptEvent other = routed("other", circle_member_id_of(letters::id_of("circle"), "m-2"));
  const AcceptEvent named = about("named", "member");
  commit({sent, letters::attempt(sent.deliveries[0].id),
          letters::outcome(sent.deliveries[0].id, Verdict::accepted), waits, other, named});
  EXPECT_EQ(commit_one(stop()), Effect::done);
  EXPECT_EQ(state(sent), State::delivered);
  EXPECT_EQ(state(waits), State::cancelled);
  EXPECT_EQ(delivery(waits).reason, "MEMBERSHIP_ENDED");
  EXPECT_EQ(state(other), State::pending);
  EXPECT_EQ(state(named), State::pending);
}

TEST_P(Stopped, WhatIsUnderWayToAMemberWhoLeavesIsNotRepeated) {
  // Claim: an attempt that took nothing ends the delivery; what failed before is not retried.
  const AcceptEvent under_way = routed("under way");
  const AcceptEvent failed = routed("failed");
  const Uuid id = under_way.deliveries[0].id;
  const Uuid failed_id = failed.deliveries[0].id;
  commit({under_way, failed, letters::attempt(id), letters::attempt(failed_id),
          letters::outcome(failed_id, Verdict::rejected), stop(), letters::outcome(id, Verdict::try_later)});
  EXPECT_EQ(state(under_way), State::cancelled);
  EXPECT_EQ(delivery(under_way).reason, "MEMBERSHIP_ENDED");
  EXPECT_EQ(commit_one(letters::moved(failed_id, Happening::retried)), Effect::stale);
}

TEST_P(Stopped, AnEventKeepsWhatItBringsTheMemberThatItStops) {
  // Claim: who gets less than before from now on gets that from the event that says so.
  AcceptEvent change = routed("change");
  change.step = stop().step;
  commit({routed("before"), change});
  EXPECT_EQ(state(routed("before")), State::cancelled);
  EXPECT_EQ(state(change), State::pending);
}

TEST_P(Stopped, WhoIsNamedDoesNotDependOnTheCircle) {
  // Claim: a delivery to somebody named does not follow one that the circle may stop; another of the member
  // does.
  AcceptEvent named = about("1", "member");
  AcceptEvent again = routed("1");
  const auto rename = [](AcceptEvent& event, const std::string& key) {
    event.id = letters::id_of(key);
    event.idempotency_key = key;
    event.deliveries[0].id = letters::id_of(key + " to member");
  };
  rename(named, "named");
  rename(again, "again");
  EXPECT_EQ(commit({routed("1"), again, named, stop()}),
            (std::vector<Effect>{Effect::done, Effect::linked, Effect::done, Effect::done}));
  EXPECT_EQ(state(again), State::cancelled);
  EXPECT_EQ(state(named), State::pending);
}

TEST_P(Stopped, NothingIsBegunToWhomThePatientObjects) {
  // Claim: whoever names them, before or after the objection, in this tenant and about this person alone.
  const AcceptEvent before = about("before", "member");
  const AcceptEvent after = about("after", "member");
  AcceptEvent other = about("other person", "member");
  other.patient_mac = sha256("somebody else");
  commit({before, objection({"member"}), objection({}, "cpts-2"), after, other});
  EXPECT_EQ(state(before), State::pending);
  EXPECT_EQ(commit({letters::attempt(before.deliveries[0].id), letters::attempt(after.deliveries[0].id),
                    letters::attempt(other.deliveries[0].id)}),
            (std::vector<Effect>{Effect::stale, Effect::stale, Effect::done}));
  EXPECT_EQ(state(before), State::cancelled);
  EXPECT_EQ(delivery(before).reason, "PATIENT_OBJECTED");
  EXPECT_EQ(delivery(before).due.attempts, 0);
  EXPECT_EQ(state(after), State::cancelled);
  EXPECT_EQ(state(other), State::sending);
}

TEST_P(Stopped, ALiftedObjectionStopsNothing) {
  // Claim: what the last step says of the person holds, in place of what stood before.
  const AcceptEvent waits = about("waits", "member");
  commit({waits, objection({"member", "another"}), objection({"another"})});
  EXPECT_EQ(commit_one(letters::attempt(waits.deliveries[0].id)), Effect::done);
}

TEST_P(Stopped, AnObjectionToACandidateWakesItsCase) {
  // Claim: the case learns that its candidate is not reached, so that the next one is asked.
  AcceptEvent asked = proposal();
  CaseChange change;
  change.id = case_id_of("orientation", asked.tenant, asked.id.raw());
  change.tenant = asked.tenant;
  change.kind = "orientation";
  change.event_id = asked.id;
  change.key = {"key-1", "wrapped for the case"};
  change.state = "sealed";
  asked.step.at = asked.accepted_at;
  asked.step.tenant = asked.tenant;
  asked.step.cases = {change};
  commit({asked, objection({"candidate"}), letters::attempt(asked.deliveries[0].id, 60)});
  const auto woken = ledger().cases_to_wake(letters::after(60), 10);
  ASSERT_TRUE(woken.ok());
  ASSERT_EQ(woken->size(), 1u);
  EXPECT_EQ(woken->front().wake_at, letters::after(60));
}

}  // namespace
}  // namespace psl
