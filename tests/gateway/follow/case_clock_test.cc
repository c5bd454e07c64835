#include "gateway/follow/case_clock.h"

#include <gtest/gtest.h>

#include <vector>

#include "gateway/follow/replies.h"
#include "tests/support/fake_env.h"
#include "tests/support/memory_store.h"
#include "tests/support/outbox_world.h"

namespace psl {
namespace {

class CaseClockTest : public testing::Test {
 protected:
  void add_case(uint64_t number, Instant wake_at) {
    StepCase step;
    CaseChange& change = step.step.cases.emplace_back();
    change.id = numbered_id('c', number);
    change.tenant = "cpts-demo";
    change.kind = "orientation";
    change.event_id = numbered_id('e', number);
    change.wake_at = wake_at;
    const Command command = step;
    ASSERT_EQ(store.commit(std::span(&command, 1))->front(), Effect::done);
  }

  FakeEnv env;
  MemoryStore store;
  std::vector<std::function<void(Status)>> kept;
  std::vector<Uuid> woken;
  CaseClock clock{store, [this](const CaseRow& row, Instant, std::function<void(Status)> done) {
                    woken.push_back(row.id);
                    kept.push_back(std::move(done));
                  }};
};

TEST_F(CaseClockTest, WakesWhatIsDueAndWaitsForTheAnswers) {
  // Claim: the earliest first, none twice while answers are out; then it sleeps until the next one.
  const Instant now = env.now();
  add_case(1, now);
  add_case(2, now + seconds(30));
  EXPECT_EQ(clock.tick(now), now + seconds(1));
  EXPECT_EQ(woken, std::vector<Uuid>{numbered_id('c', 1)});
  clock.tick(now);
  EXPECT_EQ(woken.size(), 1U);
  kept[0]({});
  clock.tick(now);
  EXPECT_EQ(woken.size(), 2U);
}

TEST_F(CaseClockTest, LeavesACaseAloneThatFails) {
  // Claim: it holds up nobody: those behind it are woken, and it has its turn again a minute later.
  const Instant now = env.now();
  CaseClock one_by_one{
      store,
      [this](const CaseRow& row, Instant, const std::function<void(Status)>& done) {
        woken.push_back(row.id);
        done(row.id == numbered_id('c', 1) ? Status(error_of(ErrorCode::corrupt)) : Status());
      },
      1};
  add_case(1, now);
  add_case(2, now + seconds(1));
  one_by_one.tick(now + seconds(1));
  EXPECT_EQ(one_by_one.tick(now + seconds(2)), now + seconds(3));
  EXPECT_EQ(woken, (std::vector{numbered_id('c', 1), numbered_id('c', 2)}));
  one_by_one.tick(now + seconds(61));
  EXPECT_EQ(woken.back(), numbered_id('c', 1));
  const size_t before = woken.size();
  one_by_one.tick(now + seconds(30));
  EXPECT_EQ(woken.size(), before + 1);
}

TEST_F(CaseClockTest, LeavesACaseAloneForLongerEachTimeThatItFails) {
  // Claim: a minute, then two, four... an hour at most; one success and it begins anew.
  Instant now = env.now();
  bool fails = true;
  CaseClock failing{store, [&](const CaseRow& row, Instant, const std::function<void(Status)>& done) {
                      woken.push_back(row.id);
                      done(fails ? Status(error_of(ErrorCode::corrupt)) : Status());
                    }};
  add_case(1, now);
  std::vector<int64_t> pauses;
  for (int64_t waited = 0; woken.size() < 9; ++waited) {
    const size_t before = woken.size();
    failing.tick(now + seconds(waited * 60));
    if (woken.size() > before) pauses.push_back(waited);
  }
  EXPECT_EQ(pauses, (std::vector<int64_t>{0, 1, 3, 7, 15, 31, 63, 123, 183}));
  fails = false;
  now = now + seconds(183 * 60 + 3600);
  failing.tick(now);
  fails = true;
  failing.tick(now);
  const size_t before = woken.size();
  failing.tick(now + seconds(60));
  EXPECT_EQ(woken.size(), before + 1);
}

TEST_F(CaseClockTest, SleepsUntilTheNextOne) {
  // Claim: the next wake_at, at most a minute away; a ledger that cannot be read is asked again.
  const Instant now = env.now();
  EXPECT_EQ(clock.tick(now), now + seconds(60));
  add_case(1, now + seconds(30));
  EXPECT_EQ(clock.tick(now), now + seconds(30));
  store.fail_reads = true;
  EXPECT_EQ(clock.tick(now), now + seconds(60));
}

// A mailbox whose replies are written by the test.
class MailboxStandIn final : public Adapter {
 public:
  bool fails = false;
  std::vector<std::string> waiting;
  MailboxStandIn() { info_.name = "mss"; }
  const AdapterInfo& info() const noexcept override { return info_; }
  bool carries(const v1::SubmitEventRequest&, int) const override { return false; }
  Result<std::string> address(const Dispatch&) const override { return std::string(); }
  Result<Payload> wrap(const Dispatch&) const override { return Payload{}; }
  Result<std::vector<v1::Issue>> admit(const Dispatch&) const override { return std::vector<v1::Issue>{}; }
  Outcome deliver(const Payload&, Instant) override { return {}; }
  Outcome lookup(const Payload&, Instant) override { return {}; }
  Status probe(Instant) override { return {}; }
  Result<std::vector<Inbound>> collect(int most, Instant) override {
    if (fails) return error_of(ErrorCode::input_output);
    std::vector<Inbound> replies;
    for (const std::string& handle : waiting) {
      if (replies.size() < static_cast<size_t>(most)) replies.emplace_back().handle = handle;
    }
    return replies;
  }
  Status acknowledge(const Inbound& inbound, Instant) override {
    std::erase(waiting, inbound.handle);
    return {};
  }

 private:
  AdapterInfo info_;
};

TEST(ReplyCollector, AcknowledgesWhatWasDealtWithOnly) {
  // Claim: a reply that could not be dealt with is there the next time; the others are gone.
  FakeEnv env;
  MailboxStandIn mailbox;
  mailbox.waiting = {"1", "2", "3"};
  ReplyCollector collector(
      mailbox,
      [](const Inbound& reply, std::function<void(Status)> done) {
        done(reply.handle == "2" ? Status(error_of(ErrorCode::store_unavailable)) : Status());
      },
      env, seconds(30));
  EXPECT_EQ(collector.tick(env.now()), env.now() + seconds(30));
  EXPECT_EQ(mailbox.waiting, std::vector<std::string>{"2"});
}

TEST(ReplyCollector, DealsWithThoseBehindOnesThatFail) {
  // Claim: twenty that fail are left alone for a minute, and the one behind them has its turn at the next
  // look.
  FakeEnv env;
  MailboxStandIn mailbox;
  for (int i = 0; i < 20; ++i) mailbox.waiting.push_back("bad" + std::to_string(i));
  mailbox.waiting.emplace_back("good");
  int taken = 0;
  ReplyCollector collector(
      mailbox,
      [&](const Inbound& reply, const std::function<void(Status)>& done) {
        ++taken;
        done(reply.handle == "good" ? Status() : Status(error_of(ErrorCode::corrupt)));
      },
      env, seconds(30));
  const Instant now = env.now();
  EXPECT_EQ(collector.tick(now), now + seconds(30));
  EXPECT_EQ(taken, 20);
  EXPECT_EQ(collector.tick(now + seconds(30)), now + seconds(60));
  EXPECT_EQ(taken, 21);
  EXPECT_EQ(mailbox.waiting.size(), 20U);
  collector.tick(now + seconds(60));
  EXPECT_EQ(taken, 41);
}

TEST(ReplyCollector, AsksAgainLaterWhenThePartnerFails) {
  // Claim: nothing is taken, nothing is acknowledged.
  FakeEnv env;
  MailboxStandIn mailbox;
  mailbox.fails = true;
  ReplyCollector collector(
      mailbox, [](const Inbound&, std::function<void(Status)>) { FAIL(); }, env, seconds(30));
  EXPECT_EQ(collector.tick(env.now()), env.now() + seconds(30));
}

}  // namespace
}  // namespace psl
