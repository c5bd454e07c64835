#include "gateway/intake/committer.h"

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "gateway/base/env.h"
#include "tests/support/memory_store.h"

namespace psl {
namespace {

Uuid committer_id(uint8_t number) {
  Uuid id;
  id.bytes[0] = number;
  return id;
}

AcceptEvent submission(uint8_t number, size_t sealed_bytes = 10) {
  AcceptEvent event;
  event.id = committer_id(number);
  event.idempotency_key = std::to_string(number);
  event.document_id = "2.25." + std::to_string(number);
  event.documents.push_back({0, 1, std::string(sealed_bytes, 'x')});
  NewDelivery delivery;
  delivery.id = committer_id(number);
  event.deliveries.push_back(delivery);
  return event;
}

StartAttempt attempt(uint8_t number) { return {committer_id(number), Instant{1}, "hash", "reference"}; }

// Submits and gives where the answer will be.
std::shared_ptr<std::optional<Result<Effect>>> submit(Committer& committer, Command command) {
  auto answer = std::make_shared<std::optional<Result<Effect>>>();
  committer.submit(std::move(command), [answer](Result<Effect> effect) { *answer = std::move(effect); });
  return answer;
}

TEST(Committer, CommitsAllThatWaitsInOneTransaction) {
  // Commands of many callers share one commit, and each caller gets its own effect after it.
  MemoryStore store;
  Committer committer(store, {}, nullptr);
  const auto first = submit(committer, submission(1));
  const auto again = submit(committer, submission(1));
  const auto other = submit(committer, submission(2));
  EXPECT_FALSE(first->has_value());
  EXPECT_TRUE(committer.step());
  EXPECT_EQ(store.batch_sizes(), std::vector<size_t>{3});
  EXPECT_EQ(***first, Effect::done);
  EXPECT_EQ(***again, Effect::already_accepted);
  EXPECT_EQ(***other, Effect::done);
  EXPECT_FALSE(committer.step());
}

TEST(Committer, BoundsABatch) {
  // No transaction holds more than batch_max commands; the rest is the next one's.
  MemoryStore store;
  Committer committer(store, {.batch_max = 2}, nullptr);
  for (uint8_t i = 1; i <= 5; ++i) submit(committer, submission(i));
  while (committer.step()) {
  }
  EXPECT_EQ(store.batch_sizes(), (std::vector<size_t>{2, 2, 1}));
}

TEST(Committer, RefusesASubmissionWhenTooManyWait) {
  // A full queue answers at once, on the caller's thread; room comes back with the next commit.
  MemoryStore store;
  Committer committer(store, {.queue_max = 2}, nullptr);
  submit(committer, submission(1));
  submit(committer, submission(2));
  const auto refused = submit(committer, submission(3));
  ASSERT_TRUE(refused->has_value());
  EXPECT_EQ((*refused)->error().code, ErrorCode::store_unavailable);
  EXPECT_FALSE(committer.failed());
  committer.step();
  EXPECT_FALSE(submit(committer, submission(3))->has_value());
}

TEST(Committer, RefusesASubmissionWhenTooManyBytesWait) {
  // The bound in bytes holds whatever the number of submissions, and is given back by the commit.
  MemoryStore store;
  Committer committer(store, {.queue_bytes_max = 10'000}, nullptr);
  submit(committer, submission(1, 6'000));
  const auto refused = submit(committer, submission(2, 6'000));
  ASSERT_TRUE(refused->has_value());
  EXPECT_EQ((*refused)->error().code, ErrorCode::store_unavailable);
  committer.step();
  EXPECT_FALSE(submit(committer, submission(2, 6'000))->has_value());
}

TEST(Committer, TakesAnOutcomeHoweverManySubmissionsWait) {
  // A flood of submissions costs no outcome its place, and outcomes go first.
  MemoryStore store;
  Committer committer(store, {.queue_max = 4, .batch_max = 4}, nullptr);
  submit(committer, submission(1));
  committer.step();
  std::vector<std::shared_ptr<std::optional<Result<Effect>>>> flood;
  for (uint8_t i = 2; i <= 9; ++i) flood.push_back(submit(committer, submission(i)));
  const auto started = submit(committer, attempt(1));
  EXPECT_FALSE(started->has_value());
  EXPECT_TRUE(flood.back()->has_value());
  committer.step();
  EXPECT_EQ(***started, Effect::done);
  EXPECT_FALSE(flood[3]->has_value());
}

TEST(Committer, KeepsAPlaceForSubmissionsInEachBatch) {
  // However busy the outbox is, submissions advance: a quarter of each batch is theirs while they wait.
  MemoryStore store;
  Committer committer(store, {.batch_max = 4}, nullptr);
  for (uint8_t i = 1; i <= 8; ++i) submit(committer, attempt(i));
  const auto accepted = submit(committer, submission(9));
  committer.step();
  EXPECT_TRUE(accepted->has_value());
  EXPECT_EQ(store.batch_sizes(), std::vector<size_t>{4});
}

TEST(Committer, RefusesOutboxCommandsOnlyBeyondTheirOwnRoom) {
  // Their queue is bounded too, by itself.
  MemoryStore store;
  Committer committer(store, {.outbox_queue_max = 1}, nullptr);
  EXPECT_FALSE(submit(committer, attempt(1))->has_value());
  const auto refused = submit(committer, attempt(2));
  ASSERT_TRUE(refused->has_value());
  EXPECT_EQ((*refused)->error().code, ErrorCode::store_unavailable);
  EXPECT_FALSE(submit(committer, submission(1))->has_value());
}

TEST(Committer, FailsEverythingAfterAFailedCommit) {
  // What the failed batch held, what waited behind it and what comes later are refused; the owner is told
  // once.
  MemoryStore store;
  int told = 0;
  Committer committer(store, {.batch_max = 1}, [&told](const Error& error) {
    ++told;
    EXPECT_EQ(error.code, ErrorCode::input_output);
  });
  store.fail_commits = true;
  const auto in_batch = submit(committer, submission(1));
  const auto behind = submit(committer, attempt(2));
  EXPECT_FALSE(committer.failed());
  EXPECT_TRUE(committer.step());
  EXPECT_TRUE(committer.failed());
  store.fail_commits = false;
  const auto later = submit(committer, submission(3));
  for (const auto& answer : {in_batch, behind, later}) {
    ASSERT_TRUE(answer->has_value());
    EXPECT_EQ((*answer)->error().code, ErrorCode::store_unavailable);
  }
  EXPECT_FALSE(committer.step());
  EXPECT_EQ(told, 1);
  EXPECT_TRUE(store.batch_sizes().empty());
}

TEST(Committer, CallsBackWithoutItsLock) {
  // A callback may submit again: it would wait for ever if the lock were held.
  MemoryStore store;
  Committer committer(store, {}, nullptr);
  std::shared_ptr<std::optional<Result<Effect>>> second;
  committer.submit(submission(1), [&](const Result<Effect>&) { second = submit(committer, attempt(1)); });
  committer.step();
  ASSERT_TRUE(second);
  committer.step();
  EXPECT_EQ(***second, Effect::done);
}

TEST(Committer, CommitsWhatWaitedWhenClosed) {
  // Closing refuses what comes, not what was taken.
  MemoryStore store;
  Committer committer(store, {}, nullptr);
  const auto before = submit(committer, submission(1));
  committer.close();
  const auto after = submit(committer, submission(2));
  EXPECT_EQ((*after)->error().code, ErrorCode::draining);
  EXPECT_TRUE(committer.wait());
  committer.step();
  EXPECT_EQ(***before, Effect::done);
  EXPECT_FALSE(committer.wait());
}

TEST(CommitterThread, AnswersManyThreadsAndDrainsWhenStopped) {
  // With real threads: every command is answered exactly once, and nothing that was taken is dropped at the
  // stop.
  MemoryStore store;
  Committer committer(store, {}, nullptr);
  std::atomic<int> done = 0;
  {
    CommitterThread thread(committer);
    std::vector<std::thread> callers;
    for (uint8_t caller = 0; caller < 4; ++caller) {
      callers.emplace_back([&, caller] {
        for (uint8_t i = 0; i < 50; ++i) {
          committer.submit(submission(static_cast<uint8_t>(caller * 50 + i)),
                           [&done](const Result<Effect>& effect) { done += effect.ok() ? 1 : 0; });
        }
      });
    }
    for (std::thread& caller : callers) caller.join();
    thread.stop();
  }
  EXPECT_EQ(done, 200);
  EXPECT_EQ((*submit(committer, submission(201)))->error().code, ErrorCode::draining);
}

TEST(CommitterThread, AnswersOneCallerWithoutATimer) {
  // A lone command does not wait for company.
  MemoryStore store;
  Committer committer(store, {}, nullptr);
  CommitterThread thread(committer);
  std::promise<Result<Effect>> promise;
  committer.submit(submission(1),
                   [&promise](Result<Effect> effect) { promise.set_value(std::move(effect)); });
  EXPECT_EQ(*promise.get_future().get(), Effect::done);
}

}  // namespace
}  // namespace psl
