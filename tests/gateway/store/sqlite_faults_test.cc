#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/store/audit.h"
#include "gateway/store/sqlite_store.h"
#include "tests/gateway/store/faulty_disk.h"
#include "tests/gateway/store/letters.h"
#include "tests/support/temp_folder.h"

namespace psl {
namespace {

using Fault = FaultyDisk::Fault;

SqliteOptions on_faulty_disk(const TempFolder& folder) {
  SqliteOptions options{folder.file("ledger.db")};
  options.vfs = FaultyDisk::vfs_name;
  options.checkpoint_frames = 40;  // so that a short run has several
  options.disk_free_bytes = [] { return uint64_t{1} << 40; };
  return options;
}

// Batch n accepts two letters, of which the first opens a case and the second follows it, steps the case of
// batch n-1, ends the attempt that that one began, and drops all changes but the last.
AcceptEvent letter_of(int batch) {
  AcceptEvent event = letters::letter("k" + std::to_string(batch), "1.2." + std::to_string(batch), "a");
  event.documents[0].sealed = std::string(9000, static_cast<char>('a' + batch % 26));
  CaseChange& opened = event.step.cases.emplace_back();
  opened.id = event.id;
  opened.tenant = event.tenant;
  opened.kind = "orientation";
  opened.event_id = event.id;
  opened.key = event.key;
  opened.state = std::string(5000, 'c');
  opened.wake_at = letters::after(batch + 1);
  return event;
}
AcceptEvent second_letter_of(int batch) {
  AcceptEvent event = letters::letter("s" + std::to_string(batch), "1.3." + std::to_string(batch), "b");
  event.follows = letter_of(batch).id;
  return event;
}
StepCase step_of(int batch) {
  StepCase command;
  command.step = letter_of(batch).step;
  command.step.cases[0].expected_revision = 1;
  command.step.cases[0].wake_at = Instant{};
  return command;
}
std::vector<Command> batch_of(int n) {
  const AcceptEvent event = letter_of(n);
  std::vector<Command> batch = {event, letters::attempt(event.deliveries[0].id), second_letter_of(n)};
  if (n > 0) batch.emplace_back(letters::outcome(letter_of(n - 1).deliveries[0].id, Verdict::accepted));
  if (n > 0) batch.emplace_back(step_of(n - 1));
  batch.emplace_back(PurgeChanges{letters::after(1 << 20)});
  return batch;
}

constexpr int batches = 4;

// What was acknowledged must be there, whole; the rest of the last batch may be there or not, but all or
// nothing.
void expect_kept(SqliteStore& store, int acknowledged, const std::string& where) {
  for (int n = 0; n < acknowledged; ++n) {
    const auto row = store.event(letter_of(n).id);
    const auto documents = store.documents(letter_of(n).id);
    ASSERT_TRUE(row.ok() && documents.ok()) << where << ", event of batch " << n;
    EXPECT_EQ((*documents)[0].sealed, letter_of(n).documents[0].sealed) << where;
    const DeliveryState state = row->deliveries.at(0).due.state;
    EXPECT_TRUE(state == DeliveryState::delivered || n + 1 >= acknowledged)
        << where << ", outcome of batch " << n;
    EXPECT_TRUE(store.event(second_letter_of(n).id).ok()) << where;
    const auto kept = store.case_of(letter_of(n).id);
    ASSERT_TRUE(kept.ok() && kept->has_value()) << where << ", case of batch " << n;
    EXPECT_EQ((*kept)->state.size(), 5000u) << where;
    EXPECT_TRUE((*kept)->revision == 2 || n + 1 >= acknowledged) << where << ", step of batch " << n;
  }
  const bool first = store.event(letter_of(acknowledged).id).ok();
  const bool second = store.event(second_letter_of(acknowledged).id).ok();
  EXPECT_EQ(first, second) << where << ": half a batch";
}

// Returns false when the run ended before the fault came.
bool run_with_fault(int nth, Fault fault, bool forever, std::mt19937& chance) {
  const std::string where = "fault at step " + std::to_string(nth) + (fault == Fault::full ? " (full)" : "") +
                            (forever ? " for ever" : " once");
  const TempFolder before;
  const TempFolder after;
  int acknowledged = 0;
  int64_t last_change = 0;
  bool fired = false;
  {
    FaultyDisk disk;
    disk.fail_at(nth, fault, forever);
    auto store = SqliteStore::open(on_faulty_disk(before));
    if (store.ok()) {
      for (int n = 0; n < batches; ++n) {
        const bool broken = disk.fired();
        const bool good = (*store)->commit(batch_of(n)).ok();
        EXPECT_FALSE(broken && good) << where << ": acknowledged after a failure";
        EXPECT_TRUE(good || disk.fired()) << where;
        if (!good) continue;
        ++acknowledged;
        last_change = (*store)->last_change().value();
      }
    }
    fired = disk.fired();
    disk.leave_after_power_cut(after.path(), chance);
  }
  const FaultyDisk sound;
  auto reopened = SqliteStore::open(on_faulty_disk(after));
  EXPECT_TRUE(reopened.ok()) << where << ": " << (reopened.ok() ? "" : reopened.error().describe());
  if (!reopened.ok()) return fired;
  expect_kept(**reopened, acknowledged, where);
  EXPECT_GE((*reopened)->last_change().value(), last_change)
      << where << ": a watcher's sequence is given again";
  // The client sends again; then the chain is whole.
  EXPECT_TRUE((*reopened)->commit(batch_of(acknowledged)).ok()) << where;
  EXPECT_TRUE((*reopened)->event(letter_of(acknowledged).id).ok()) << where;
  EXPECT_TRUE(verify_audit(after.file("ledger.db")).ok()) << where;
  return fired;
}

// At every `stride`th step of the run.
void run_all(Fault fault, bool forever, int stride) {
  std::mt19937 chance(7);
  int nth = 1;
  while (run_with_fault(nth, fault, forever, chance) && !testing::Test::HasFailure()) nth += stride;
  // Each batch writes dozens of pieces and syncs: the loop has been through all of them, checkpoints too.
  EXPECT_GT(nth, batches * 20);
}

TEST(SqliteFaults, NothingAcknowledgedIsLostWhicheverWriteOrSyncFailsOnce) {
  // Claim: at each step in turn one operation fails, then the power goes; every acknowledged batch is there.
  run_all(Fault::error, false, 1);
}

TEST(SqliteFaults, NothingAcknowledgedIsLostWhenTheDiskDies) {
  // Claim: the same when from that step on nothing works any more.
  run_all(Fault::error, true, 5);
}

TEST(SqliteFaults, NothingAcknowledgedIsLostWhenTheDiskFills) {
  // Claim: the same when the disk says that it is full, once.
  run_all(Fault::full, false, 5);
}

TEST(SqliteFaults, AfterAFailureTheStoreRefusesEverythingButQuestions) {
  // Claim: a failed sync is final although the disk works again, and what was committed can still be read.
  const TempFolder folder;
  FaultyDisk disk;
  const auto store = *SqliteStore::open(on_faulty_disk(folder));
  ASSERT_TRUE(store->commit(batch_of(0)).ok());
  disk.fail_at(1, Fault::error, false);
  EXPECT_EQ(store->commit(batch_of(1)).error().code, ErrorCode::input_output);
  const auto refused = store->commit(batch_of(1));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::store_unavailable);
  EXPECT_THAT(refused.error().text, testing::HasSubstr("an earlier write failed"));
  EXPECT_TRUE(store->event(letter_of(0).id).ok());
  EXPECT_EQ(store->event(letter_of(1).id).error().code, ErrorCode::not_found);
}

TEST(SqliteFaults, AReadErrorIsAnErrorAndNotAnEmptyAnswer) {
  // Claim: a question whose pages cannot be read fails, and works again once they can be.
  const TempFolder folder;
  FaultyDisk disk;
  {
    const auto store = *SqliteStore::open(on_faulty_disk(folder));
    for (int n = 0; n < 3; ++n) ASSERT_TRUE(store->commit(batch_of(n)).ok());
  }
  const auto store = *SqliteStore::open(on_faulty_disk(folder));
  EventQuery all;
  all.owner = {"cpts", ""};
  disk.fail_reads(true);
  EXPECT_EQ(store->event(letter_of(1).id).error().code, ErrorCode::input_output);
  EXPECT_EQ(store->documents(letter_of(1).id).error().code, ErrorCode::input_output);
  EXPECT_FALSE(store->overdue(letters::after(5000), 10).ok());
  EXPECT_FALSE(store->next_due().ok());
  EXPECT_FALSE(store->case_of(letter_of(1).id).ok());
  EXPECT_FALSE(store->case_of_event(letter_of(1).id).ok());
  EXPECT_FALSE(store->cases_to_wake(letters::after(5000), 10).ok());
  EXPECT_FALSE(store->next_wake().ok());
  EXPECT_FALSE(store->sent_with_consent("cpts", sha256("person"), 10).ok());
  EXPECT_FALSE(store->event_of(letter_of(1).deliveries[0].id).ok());
  EXPECT_FALSE(store->list(all).ok());
  EXPECT_FALSE(store->changes_after(all.owner, 0, 10).ok());
  EXPECT_FALSE(store->backlog().ok());
  EXPECT_FALSE(store->open_tasks().ok());
  disk.fail_reads(false);
  EXPECT_EQ(store->list(all)->events.size(), 6u);
  EXPECT_TRUE(store->event(letter_of(1).id).ok());
  EXPECT_EQ(store->documents(letter_of(1).id)->size(), 2u);
}

}  // namespace
}  // namespace psl
