#include "gateway/outbox/dispatcher.h"

#include <gtest/gtest.h>

#include <deque>
#include <memory>

#include "tests/support/fake_env.h"
#include "tests/support/memory_store.h"
#include "tests/support/outbox_world.h"

namespace psl {
namespace {

// Keeps jobs until the test runs them: what is kept is in flight.
class KeptJobs final : public Executor {
 public:
  void run(std::string_view, std::function<void()> job) override { jobs.push_back(std::move(job)); }
  void run_one() {
    const std::function<void()> job = std::move(jobs.front());
    jobs.pop_front();
    job();
  }
  void run_all() {
    while (!jobs.empty()) run_one();
  }
  std::deque<std::function<void()>> jobs;
};

class DispatcherTest : public ::testing::Test {
 protected:
  DispatcherTest() {
    tenant_.set_name("cpts-test");
    limits_.attempts_max = 3;
    limits_.breaker_failures = 2;
  }

  // Everything that lives in the process: forgotten and made again, as after a crash.
  void start() {
    dispatcher_.reset();
    jobs_.jobs.clear();
    courier_ = std::make_unique<Courier>(
        CourierSeams{store_, sink_, sealer_, office_, env_, [this](std::string_view) { return &tenant_; }},
        limits_);
    dispatcher_ = std::make_unique<Dispatcher>(
        DispatcherSeams{store_, sink_, env_, *courier_, jobs_, [this] { ++wakes_; }}, limits_,
        std::vector<Adapter*>{&mail_, &web_});
    recovered_ = dispatcher_->recover();
  }
  Dispatcher& dispatcher() {
    if (!dispatcher_) start();
    return *dispatcher_;
  }

  Uuid accept(uint64_t number, const std::string& adapter = "mail", Lane lane = Lane::letters) {
    AcceptEvent event = event_to(sealer_, number, {adapter}, env_.now());
    event.lane = lane;
    return commit(std::move(event));
  }
  Uuid commit(AcceptEvent event) {
    const Uuid id = event.deliveries.front().id;
    const Command command = std::move(event);
    EXPECT_EQ(store_.commit(std::span(&command, 1)).value().front(), Effect::done);
    return id;
  }
  Instant tick() { return dispatcher().tick(env_.now()); }
  // Ticks and works until nothing moves at this time.
  void settle_down() {
    for (int i = 0; i < 50; ++i) {
      tick();
      jobs_.run_all();
    }
  }
  DeliveryState state(const Uuid& id) { return store_.delivery(id).due.state; }
  std::string reason(const Uuid& id) { return store_.delivery(id).reason; }

  FakeEnv env_;
  MemoryStore store_;
  ImmediateSink sink_{store_};
  PlainSealer sealer_;
  OpeningOffice office_;
  v1::Tenant tenant_;
  ScriptedAdapter mail_{"mail"};
  ScriptedAdapter web_{"web"};
  OutboxLimits limits_;
  KeptJobs jobs_;
  int wakes_ = 0;
  std::unique_ptr<Courier> courier_;
  std::unique_ptr<Dispatcher> dispatcher_;
  Result<int> recovered_ = 0;
};

TEST_F(DispatcherTest, DeliversWhatIsDue) {
  // pending, sending, delivered; and the end of the work wakes the next tick.
  const Uuid id = accept(1);
  tick();
  EXPECT_EQ(jobs_.jobs.size(), 1u);
  jobs_.run_all();
  EXPECT_EQ(state(id), DeliveryState::delivered);
  EXPECT_EQ(wakes_, 1);
}

TEST_F(DispatcherTest, DeliversInlineWithoutThreads) {
  // The executor of tests runs the job inside the tick.
  const Uuid id = accept(1);
  InlineExecutor inline_executor;
  start();
  Dispatcher dispatcher({store_, sink_, env_, *courier_, inline_executor, nullptr}, limits_, {&mail_});
  ASSERT_TRUE(dispatcher.recover().ok());
  EXPECT_EQ(dispatcher.tick(env_.now()), env_.now()) << "something ended: look again at once";
  EXPECT_EQ(state(id), DeliveryState::delivered);
}

TEST_F(DispatcherTest, NeverSendsOneTwiceAtOnce) {
  // Ticks while it is in work change nothing, even before its attempt is recorded.
  accept(1);
  mail_.change_info().concurrency = 4;
  for (int i = 0; i < 5; ++i) tick();
  EXPECT_EQ(jobs_.jobs.size(), 1u);
}

TEST_F(DispatcherTest, KeepsToThePartnersConcurrency) {
  // Slots that are taken stay taken until the work has ended and a tick has seen it.
  mail_.change_info().concurrency = 2;
  for (uint64_t i = 1; i <= 5; ++i) accept(i);
  tick();
  EXPECT_EQ(jobs_.jobs.size(), 2u);
  jobs_.run_one();
  EXPECT_EQ(jobs_.jobs.size(), 1u);
  tick();
  EXPECT_EQ(jobs_.jobs.size(), 2u);
  settle_down();
  EXPECT_EQ(mail_.sent.size(), 5u);
}

TEST_F(DispatcherTest, KeepsToThePartnersPace) {
  // No more begin in a second than the partner allows, however many slots are free; the next tick is asked
  // for when the second is over; other partners do not wait.
  mail_.change_info().concurrency = 16;
  mail_.change_info().rate_per_second = 2;
  for (uint64_t i = 1; i <= 5; ++i) accept(i);
  accept(6, "web");
  settle_down();
  EXPECT_EQ(mail_.sent.size(), 2u);
  EXPECT_EQ(web_.sent.size(), 1u);
  EXPECT_EQ(tick(), env_.now() + seconds(1));
  env_.advance(milliseconds(999));
  settle_down();
  EXPECT_EQ(mail_.sent.size(), 2u);
  EXPECT_EQ(tick(), env_.now() + milliseconds(1));
  for (const size_t sent : {4u, 5u}) {
    env_.advance(seconds(1));
    settle_down();
    EXPECT_EQ(mail_.sent.size(), sent);
  }
}

TEST_F(DispatcherTest, CountsLookUpsInThePace) {
  // A question costs the partner as much as a delivery.
  mail_.change_info().concurrency = 4;
  mail_.change_info().rate_per_second = 1;
  mail_.change_info().can_look_up = true;
  mail_.script = {lost()};
  mail_.on_lookup = [](const Payload&) { return accepted(); };
  const Uuid first = accept(1);
  settle_down();
  EXPECT_EQ(state(first), DeliveryState::unknown);
  env_.advance(seconds(600));
  accept(2);
  settle_down();
  EXPECT_EQ(static_cast<size_t>(mail_.lookups) + mail_.sent.size(), 2u);
  env_.advance(seconds(1));
  settle_down();
  EXPECT_EQ(static_cast<size_t>(mail_.lookups) + mail_.sent.size(), 3u);
}

TEST_F(DispatcherTest, TriesAgainWhenItsTimeComes) {
  // Not before due_at, and then once.
  env_.fix_random(std::numeric_limits<uint64_t>::max());
  const Uuid id = accept(1);
  mail_.script = {busy()};
  settle_down();
  EXPECT_EQ(state(id), DeliveryState::pending);
  EXPECT_EQ(mail_.sent.size(), 1u);
  EXPECT_EQ(tick(), env_.now() + seconds(5)) << "the tick says when it wants to be called again";
  env_.advance(seconds(5));
  settle_down();
  EXPECT_EQ(state(id), DeliveryState::delivered);
  EXPECT_EQ(mail_.sent, std::vector<std::string>(2, id.text() + ".0")) << "a retry keeps its identity";
}

TEST_F(DispatcherTest, HandsOverWhenAttemptsAreSpent) {
  // The third failure is the last: no fourth attempt, a human task.
  const Uuid id = accept(1);
  mail_.otherwise = busy();
  for (int i = 0; i < 5; ++i) {
    settle_down();
    env_.advance(seconds(60));
  }
  EXPECT_EQ(state(id), DeliveryState::handed_over);
  EXPECT_EQ(reason(id), "ATTEMPTS_SPENT");
  EXPECT_TRUE(store_.delivery(id).task_id.has_value());
  EXPECT_EQ(mail_.sent.size(), 3u);
}

TEST_F(DispatcherTest, HandsOverAtGiveUpAt) {
  // Pending and unknown ones alike, even when the partner is unknown to this process.
  const Uuid pending = accept(1);
  const Uuid elsewhere = accept(2, "a partner that is no longer configured");
  mail_.script = {lost()};
  web_.change_info().can_look_up = true;
  web_.otherwise = lost();
  const Uuid unknown = accept(3, "web");
  mail_.otherwise = busy();
  tick();
  jobs_.run_all();
  EXPECT_EQ(state(unknown), DeliveryState::unknown);
  env_.advance(seconds(72 * 3600));
  tick();
  for (const Uuid& id : {pending, elsewhere, unknown}) {
    EXPECT_EQ(state(id), DeliveryState::handed_over);
    EXPECT_EQ(reason(id), "GIVE_UP_AT_PASSED");
  }
  EXPECT_EQ(web_.lookups, 0);
}

TEST_F(DispatcherTest, LeavesAProposalWhoseTimeIsOverToItsCase) {
  // At its give_up_at a proposal that could not leave before is neither sent nor given to a human: its case
  // is about to end it.
  AcceptEvent event = event_to(sealer_, 1, {"mail"}, env_.now());
  event.deliveries[0].proposal = true;
  env_.advance(event.give_up_at - env_.now());
  const Uuid id = commit(std::move(event));
  settle_down();
  EXPECT_EQ(state(id), DeliveryState::pending);
  EXPECT_TRUE(mail_.sent.empty());
  EXPECT_EQ(store_.open_tasks().value(), 0);
}

TEST_F(DispatcherTest, DoesNotHandOverWhatIsInWork) {
  // Its letter may be at the partner right now: the outcome decides.
  const Uuid id = accept(1);
  tick();
  env_.advance(seconds(72 * 3600));
  tick();
  EXPECT_EQ(state(id), DeliveryState::pending);
  jobs_.run_all();
  EXPECT_EQ(state(id), DeliveryState::delivered);
}

TEST_F(DispatcherTest, RepeatsAnUnknownOneWhereThatIsSafe) {
  // unknown, pending, sending, delivered, under the same identity.
  const Uuid id = accept(1);
  mail_.script = {lost()};
  env_.fix_random(0);
  settle_down();
  EXPECT_EQ(state(id), DeliveryState::delivered);
  EXPECT_EQ(mail_.sent, std::vector<std::string>(2, id.text() + ".0"));
  const std::vector<MemoryStore::Move> moves = store_.moves();
  EXPECT_TRUE(std::ranges::count(moves, MemoryStore::Move{id, DeliveryState::unknown, DeliveryState::pending,
                                                          Happening::may_repeat, "REPEAT_SAFE"}));
}

TEST_F(DispatcherTest, HandsOverAnUnknownOneThatNobodyCanSettle) {
  // The channel can neither say nor repeat: never a second copy by guess.
  mail_.change_info().repeat_safe = false;
  mail_.script = {lost()};
  const Uuid id = accept(1);
  env_.fix_random(0);
  settle_down();
  EXPECT_EQ(state(id), DeliveryState::handed_over);
  EXPECT_EQ(reason(id), "CANNOT_TELL");
  EXPECT_EQ(mail_.sent.size(), 1u);
}

TEST_F(DispatcherTest, LooksUpAnUnknownOneWhereThePartnerCanSay) {
  // A look-up takes a slot like a delivery; while the partner cannot say it is asked again later, not at
  // once.
  mail_.change_info().can_look_up = true;
  mail_.script = {{Verdict::unknown, "NO_ANSWER", "", false}};
  mail_.on_lookup = [](const Payload&) { return Outcome{Verdict::unknown, "CANNOT_SAY", "", false}; };
  const Uuid id = accept(1);
  env_.fix_random(0);
  settle_down();
  EXPECT_EQ(state(id), DeliveryState::unknown);
  EXPECT_EQ(mail_.lookups, 1);
  mail_.on_lookup = [](const Payload&) { return accepted(); };
  env_.advance(seconds(30));
  settle_down();
  EXPECT_EQ(state(id), DeliveryState::delivered);
  EXPECT_EQ(mail_.sent.size(), 1u);
}

TEST_F(DispatcherTest, RecoversWhatADeadProcessLeftSending) {
  // The process died between StartAttempt and RecordOutcome: unknown first, then repeated after a backoff.
  env_.fix_random(std::numeric_limits<uint64_t>::max());
  const Uuid id = accept(1);
  const Command attempt = StartAttempt{id, env_.now(), "hash", "reference"};
  ASSERT_TRUE(store_.commit(std::span(&attempt, 1)).ok());
  ASSERT_EQ(state(id), DeliveryState::sending);
  start();
  EXPECT_EQ(recovered_.value(), 1);
  EXPECT_EQ(state(id), DeliveryState::unknown);
  EXPECT_EQ(reason(id), "PROCESS_DIED");
  settle_down();
  EXPECT_EQ(mail_.sent.size(), 0u);
  env_.advance(seconds(5));
  settle_down();
  EXPECT_EQ(state(id), DeliveryState::delivered);
  start();
  EXPECT_EQ(recovered_.value(), 0);
}

TEST_F(DispatcherTest, RecoversMoreThanOneBatch) {
  // As many as there are, batch after batch.
  limits_.due_batch = 2;
  for (uint64_t i = 1; i <= 5; ++i) {
    const Command attempt = StartAttempt{accept(i), env_.now(), "hash", "reference"};
    ASSERT_TRUE(store_.commit(std::span(&attempt, 1)).ok());
  }
  start();
  EXPECT_EQ(recovered_.value(), 5);
}

TEST_F(DispatcherTest, FailsToStartWhenItCannotRecover) {
  // Without an answer of the ledger or the committer nothing may be sent.
  const Command attempt = StartAttempt{accept(1), env_.now(), "hash", "reference"};
  ASSERT_TRUE(store_.commit(std::span(&attempt, 1)).ok());
  sink_.refuses = [](const Command&) { return true; };
  start();
  EXPECT_FALSE(recovered_.ok());
  store_.fail_reads = true;
  start();
  EXPECT_FALSE(recovered_.ok());
  EXPECT_DEATH(tick(), "recovered_");
}

TEST_F(DispatcherTest, LeavesADownPartnerAloneAndServesTheOthers) {
  // After two failures in a row mail is left alone: its deliveries wait and spend no attempt; the web goes
  // on.
  env_.fix_random(0);
  mail_.otherwise = down();
  for (uint64_t i = 1; i <= 4; ++i) accept(i);
  const Uuid other = accept(10, "web");
  settle_down();
  EXPECT_EQ(mail_.sent.size(), 2u);
  EXPECT_EQ(state(other), DeliveryState::delivered);

  env_.advance(seconds(30));
  settle_down();
  EXPECT_EQ(mail_.sent.size(), 3u) << "one trial, which failed";

  mail_.otherwise = accepted();
  env_.advance(seconds(30));
  tick();
  EXPECT_EQ(jobs_.jobs.size(), 1u);
  settle_down();
  EXPECT_TRUE(store_.open_deliveries().empty());
}

TEST_F(DispatcherTest, TriesADownPartnerWithOneDeliveryOnly) {
  // Half-open: however many slots are free.
  env_.fix_random(0);
  mail_.change_info().concurrency = 4;
  mail_.otherwise = down();
  for (uint64_t i = 1; i <= 4; ++i) accept(i);
  settle_down();
  EXPECT_EQ(mail_.sent.size(), 4u);
  env_.advance(seconds(30));
  tick();
  tick();
  EXPECT_EQ(jobs_.jobs.size(), 1u);
}

TEST_F(DispatcherTest, DoesNotHoldOthersBehindAPartnerThatHangs) {
  // Mail's only slot does not come back; the web's own is free.
  accept(1);
  tick();
  ASSERT_EQ(jobs_.jobs.size(), 1u);
  accept(2, "mail");
  accept(3, "web");
  tick();
  EXPECT_EQ(jobs_.jobs.size(), 2u);
}

TEST_F(DispatcherTest, StarvesNoLane) {
  // With crisis always full, letters and bulk still go, at least one slot in fifteen.
  uint64_t number = 0;
  for (int i = 0; i < 40; ++i) accept(++number, "mail", Lane::crisis);
  for (int i = 0; i < 40; ++i) accept(++number, "mail", Lane::unscheduled_care);
  const Uuid letter = accept(++number, "mail", Lane::letters);
  const Uuid bulk = accept(++number, "mail", Lane::bulk);
  for (int i = 0; i < 15; ++i) {
    tick();
    jobs_.run_all();
  }
  EXPECT_EQ(state(letter), DeliveryState::delivered);
  EXPECT_EQ(state(bulk), DeliveryState::delivered);
  EXPECT_EQ(state(numbered_id('d', 100)), DeliveryState::delivered) << "the first crisis went first";
}

TEST_F(DispatcherTest, SendsTheOldestOfALaneFirst) {
  // Within a lane, by due_at.
  accept(2);
  env_.advance(seconds(1));
  accept(1);
  tick();
  jobs_.run_all();
  EXPECT_EQ(mail_.sent.front(), numbered_id('d', 200).text() + ".0");
}

TEST_F(DispatcherTest, WaitsForTheOriginalBeforeAReplacement) {
  // A replacement goes only when the original's delivery to the same address is settled; a pending original
  // is cancelled.
  mail_.change_info().can_look_up = true;
  env_.fix_random(0);
  mail_.change_info().concurrency = 4;
  const Uuid original = accept(1);
  const Uuid never_sent = accept(2);
  mail_.script = {{Verdict::unknown, "NO_ANSWER", "", false}};
  mail_.on_lookup = [](const Payload&) { return Outcome{}; };
  tick();
  jobs_.run_one();
  jobs_.jobs.clear();
  ASSERT_EQ(state(original), DeliveryState::unknown);

  AcceptEvent replacement = event_to(sealer_, 3, {"mail"}, env_.now());
  replacement.replaces = numbered_id('e', 1).oid();
  const Uuid next = commit(std::move(replacement));
  AcceptEvent other = event_to(sealer_, 4, {"mail"}, env_.now());
  other.replaces = numbered_id('e', 2).oid();
  const Uuid free = commit(std::move(other));
  settle_down();
  EXPECT_EQ(state(never_sent), DeliveryState::cancelled);
  EXPECT_EQ(state(free), DeliveryState::delivered);
  EXPECT_EQ(state(next), DeliveryState::pending);

  mail_.on_lookup = [](const Payload&) { return accepted(); };
  env_.advance(seconds(30));
  settle_down();
  EXPECT_EQ(state(original), DeliveryState::delivered);
  EXPECT_EQ(state(next), DeliveryState::delivered);
}

TEST_F(DispatcherTest, IsNotBlindedByThoseInWork) {
  // Rows in work are still pending in the ledger until their attempt is recorded: they must not hide the
  // others.
  limits_.due_batch = 1;
  mail_.change_info().concurrency = 3;
  for (uint64_t i = 1; i <= 3; ++i) accept(i);
  for (int i = 0; i < 3; ++i) tick();
  EXPECT_EQ(jobs_.jobs.size(), 3u);
}

TEST_F(DispatcherTest, IsNotBlindedByThoseLeftInPeace) {
  // Unknown ones that the partner cannot speak about yet do not hide the next one.
  limits_.due_batch = 1;
  mail_.change_info().can_look_up = true;
  mail_.otherwise = {Verdict::unknown, "NO_ANSWER", "", false};
  mail_.on_lookup = [](const Payload&) { return Outcome{Verdict::unknown, "CANNOT_SAY", "", false}; };
  env_.fix_random(0);
  for (uint64_t i = 1; i <= 4; ++i) accept(i);
  settle_down();
  EXPECT_EQ(mail_.lookups, 4);
}

TEST_F(DispatcherTest, PausesWhenTheStoreRefuses) {
  // A refused move is not asked for again in a loop.
  const Uuid id = accept(1);
  int asked = 0;
  sink_.refuses = [&asked](const Command&) { return ++asked > 0; };
  env_.advance(seconds(72 * 3600));
  for (int i = 0; i < 10; ++i) tick();
  EXPECT_EQ(asked, 1);
  sink_.refuses = nullptr;
  env_.advance(seconds(1));
  tick();
  EXPECT_EQ(state(id), DeliveryState::handed_over);
}

TEST_F(DispatcherTest, PausesWhenTheLedgerCannotBeRead) {
  // And goes on by itself.
  const Uuid id = accept(1);
  dispatcher();
  store_.fail_reads = true;
  EXPECT_EQ(tick(), env_.now() + seconds(1));
  store_.fail_reads = false;
  settle_down();
  EXPECT_EQ(state(id), DeliveryState::pending);
  env_.advance(seconds(1));
  settle_down();
  EXPECT_EQ(state(id), DeliveryState::delivered);
}

TEST_F(DispatcherTest, SendsNothingMoreOnceAnOutcomeWasLost) {
  // The courier halted: the tick begins nothing, not even a move.
  accept(1);
  accept(2);
  sink_.refuses = [](const Command& command) { return std::holds_alternative<RecordOutcome>(command); };
  settle_down();
  EXPECT_EQ(mail_.sent.size(), 1u);
  EXPECT_TRUE(courier_->halted());
  env_.advance(seconds(72 * 3600));
  tick();
  EXPECT_TRUE(jobs_.jobs.empty());
  EXPECT_EQ(store_.open_deliveries().size(), 2u);
}

TEST_F(DispatcherTest, AsksOnceForEachMove) {
  // While the committer has not answered, ticks do not ask again, nor begin what is being handed over.
  KeptSink sink;
  start();
  Dispatcher dispatcher({store_, sink, env_, *courier_, jobs_, nullptr}, limits_, {&mail_});
  ASSERT_TRUE(dispatcher.recover().ok());
  accept(1);
  env_.advance(seconds(72 * 3600));
  for (int i = 0; i < 3; ++i) dispatcher.tick(env_.now());
  EXPECT_EQ(sink.kept.size(), 1u);
  EXPECT_TRUE(jobs_.jobs.empty());
  sink.kept.front()(Effect::stale);
  dispatcher.tick(env_.now());
  EXPECT_EQ(sink.kept.size(), 2u);
}

TEST_F(DispatcherTest, NeverSendsWhatIsOverdue) {
  // Even when more are overdue than one question brings back, and those in work hide none of them.
  limits_.due_batch = 1;
  mail_.change_info().concurrency = 4;
  const Uuid in_work = accept(1);
  tick();
  for (uint64_t i = 2; i <= 5; ++i) accept(i, "mail", lanes[i % lanes.size()]);
  env_.advance(seconds(72 * 3600));
  tick();
  EXPECT_EQ(jobs_.jobs.size(), 1u);
  tick();
  EXPECT_EQ(store_.open_deliveries(), std::vector<Uuid>{in_work});
  EXPECT_TRUE(mail_.sent.empty());
}

TEST_F(DispatcherTest, FindsTheOverdueBehindThoseInWork) {
  // The oldest ones are in work at a partner that hangs; the next one is handed over all the same.
  limits_.due_batch = 1;
  accept(1);
  tick();
  const Uuid elsewhere = accept(2, "a partner that is no longer configured");
  env_.advance(seconds(72 * 3600));
  tick();
  EXPECT_EQ(state(elsewhere), DeliveryState::handed_over);
}

TEST_F(DispatcherTest, AsksAboutAnUnknownOneAfterItsLastAttempt) {
  // Attempts that are spent forbid another one, not the question.
  limits_.attempts_max = 1;
  mail_.change_info().can_look_up = true;
  mail_.script = {{Verdict::unknown, "NO_ANSWER", "", false}};
  mail_.on_lookup = [](const Payload&) { return accepted(); };
  const Uuid id = accept(1);
  settle_down();
  EXPECT_EQ(state(id), DeliveryState::delivered);
}

TEST_F(DispatcherTest, LooksAgainSoonWhileAPartnerIsDown) {
  // Nobody would wake it when the pause is over.
  env_.fix_random(0);
  mail_.otherwise = down();
  accept(1);
  settle_down();
  EXPECT_EQ(tick(), env_.now() + seconds(1));
}

TEST_F(DispatcherTest, SleepsWhenThereIsNothingToDo) {
  // An empty ledger is looked at once a minute; a letter for later, when its time comes.
  EXPECT_EQ(tick(), env_.now() + seconds(60));
  AcceptEvent later = event_to(sealer_, 1, {"mail"}, env_.now());
  later.deliveries.front().due_at = env_.now() + seconds(7);
  commit(std::move(later));
  EXPECT_EQ(tick(), env_.now() + seconds(7));
}

}  // namespace
}  // namespace psl
