#include "gateway/store/sqlite_store.h"

#include <gmock/gmock.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "gateway/store/sqlite_schema.h"
#include "tests/gateway/store/sqlite_under_test.h"
#include "tests/gateway/store/store_conformance.h"
#include "tests/support/temp_folder.h"

namespace psl {
namespace {

INSTANTIATE_TEST_SUITE_P(Sqlite, StoreConformance,
                         testing::Values(StoreFactory([] { return std::make_unique<SqliteUnderTest>(); })));

std::unique_ptr<SqliteStore> must_open(const std::string& path) {
  auto opened = SqliteStore::open({path});
  EXPECT_TRUE(opened.ok()) << opened.error().describe();
  return *std::move(opened);
}

// As an outside program would.
void run_sql(const std::string& path, const std::string& sql) {
  sqlite3* handle = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &handle), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
      << sqlite3_errmsg(handle);
  sqlite3_close(handle);
}

TEST(SqliteStore, KeepsItsFilesToItsOwner) {
  // Claim: the ledger and what SQLite puts beside it have mode 600; a file that others can reach is refused.
  const TempFolder folder;
  const std::string path = folder.file("ledger.db");
  {
    const auto store = must_open(path);
    const std::vector<Command> batch = {letters::letter("k", "1.2.3", "a")};
    ASSERT_TRUE(store->commit(batch).ok());
    for (const char* suffix : {"", "-wal", "-shm", ".lock"}) {
      struct stat facts {};
      ASSERT_EQ(::stat((path + suffix).c_str(), &facts), 0) << suffix;
      EXPECT_EQ(facts.st_mode & 0777u, 0600u) << suffix;
    }
  }
  std::filesystem::permissions(path, std::filesystem::perms(0640));
  const auto refused = SqliteStore::open({path});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::configuration);
  EXPECT_THAT(refused.error().text, testing::HasSubstr("mode must be 600"));
}

TEST(SqliteStore, IsUsedByOneGatewayAtATime) {
  // Claim: a second gateway on the same file is told so, and may have it once the first is gone.
  const TempFolder folder;
  const std::string path = folder.file("ledger.db");
  auto first = must_open(path);
  const auto second = SqliteStore::open({path});
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(second.error().describe(), testing::HasSubstr("in use by another gateway"));
  first.reset();
  must_open(path);
}

TEST(SqliteStore, RefusesFilesThatAreNotItsOwn) {
  // Claim: a newer ledger, another program's database, a file that is no database, a folder: each is named
  // and left alone.
  const TempFolder folder;
  const std::string newer = folder.file("newer.db");
  must_open(newer);
  run_sql(newer, "INSERT INTO migration VALUES(99, 'from the future')");
  EXPECT_THAT(SqliteStore::open({newer}).error().text, testing::HasSubstr("schema version 99"));

  const std::string foreign = folder.file("foreign.db");
  run_sql(foreign, "CREATE TABLE notes(text)");
  std::filesystem::permissions(foreign, std::filesystem::perms(0600));
  EXPECT_THAT(SqliteStore::open({foreign}).error().text, testing::HasSubstr("not a ledger of Passerelle"));
  EXPECT_FALSE(std::filesystem::exists(foreign + "-wal"));

  const std::string garbage = folder.file("garbage.db");
  std::ofstream(garbage) << std::string(4096, 'x');
  std::filesystem::permissions(garbage, std::filesystem::perms(0600));
  EXPECT_EQ(SqliteStore::open({garbage}).error().code, ErrorCode::corrupt);

  EXPECT_EQ(SqliteStore::open({folder.path()}).error().code, ErrorCode::configuration);
  EXPECT_EQ(SqliteStore::open({folder.file("absent/ledger.db")}).error().code, ErrorCode::configuration);
}

// A ledger of schema version 1 with an event whose delivery was rejected, and one that follows it.
void make_first_version(const std::string& path) {
  std::ofstream(path).close();
  std::filesystem::permissions(path, std::filesystem::perms(0600));
  const auto database = *Database::open(path, Database::Access::write, "");
  ASSERT_TRUE(migrate(*database, 1).ok());
  database->execute(R"sql(
    INSERT INTO event VALUES
      (1, x'00000000000000000000000000000e01', 'cpts', 'hospital', 'k1', x'01', 'discharge_letter', 3, 1000, 1000, 2000,
       3000, x'', 'key-1', x'02', '1.2.3', x'03', 'aa', '', 1, 1, x'04'),
      (2, x'00000000000000000000000000000e02', 'cpts', 'hospital', 'k2', x'01', 'discharge_letter', 3, 1500, 1500, 2500,
       3500, x'', 'key-1', x'02', '1.2.3', x'03', 'aa', '', 1, 1, x'04');
    INSERT INTO delivery VALUES
      (1, x'00000000000000000000000000000d01', 1, 0, 'mail', x'0a', 1, 1, NULL, 5, 3, 1, 0, 1000, 2000, 3000, 0, 0, 0,
       'REFUSED', '550', 'reference'),
      (2, x'00000000000000000000000000000d02', 2, 0, 'mail', x'0a', 1, 1, 1, 0, 3, 0, 0, 1500, 2500, 3500, 0, 0, 0,
       '', '', '');
    INSERT INTO task VALUES(1, x'00000000000000000000000000000f01', 1, 'not_reached', 'REFUSED', 1800, NULL);
    INSERT INTO change VALUES(1, 1, 1, 1, 1000), (2, 1, 1, 2, 1700), (3, 1, 1, 5, 1800);
    INSERT INTO tenant_key VALUES('cpts', 'key-1');
  )sql");
  ASSERT_FALSE(database->failed()) << database->error().describe();
}

TEST(SqliteStore, BringsAnOlderLedgerUpToDate) {
  // Claim: a ledger of the first version opens with all that it held, is listed and watched, and goes on.
  const TempFolder folder;
  const std::string path = folder.file("ledger.db");
  make_first_version(path);
  const auto store = must_open(path);
  EventQuery asked;
  asked.owner = {"cpts", "hospital"};
  asked.task_open = true;
  const auto page = store->list(asked);
  ASSERT_EQ(page->events.size(), 2u);
  EXPECT_EQ(page->events[0].deliveries[0].same_as, page->events[1].deliveries[0].due.id);
  const auto changes = store->changes_after(asked.owner, 0, 10);
  ASSERT_EQ(changes->changes.size(), 4u) << "three that were there, and the first of the one that follows";
  EXPECT_EQ(changes->changes[2].reason, "") << "it was not kept then";
  EXPECT_EQ(changes->changes[3].sequence, 4);
  EXPECT_EQ(changes->changes[3].event_id, page->events[0].id);
  EXPECT_EQ(changes->changes[3].state, DeliveryState::rejected);
  EXPECT_EQ(changes->changes[3].reason, "REFUSED");
  EXPECT_EQ(changes->changes[3].partner_code, "550");
  EXPECT_EQ(changes->changes[3].at, Instant{1800});
  MoveDelivery retry = letters::moved(page->events[1].deliveries[0].due.id, Happening::retried);
  retry.key = "k";
  const std::vector<Command> batch = {retry, retry, letters::letter("k3", "1.2.4", "a")};
  EXPECT_EQ(*store->commit(batch),
            (std::vector<Effect>{Effect::done, Effect::already_accepted, Effect::done}));
  EXPECT_EQ(store->changes_after(asked.owner, 4, 10)->changes.size(), 3u);
}

TEST(SqliteStore, KeepsEverythingWhenItLearnsOfVersions) {
  // Claim: the events of a ledger of the second version are unchanged, belong to no set, and are known to be
  // replaced.
  const TempFolder folder;
  const std::string path = folder.file("ledger.db");
  std::ofstream(path).close();
  std::filesystem::permissions(path, std::filesystem::perms(0600));
  {
    const auto database = *Database::open(path, Database::Access::write, "");
    ASSERT_TRUE(migrate(*database, 2).ok());
    database->execute(R"sql(
      INSERT INTO event VALUES
        (1, x'00000000000000000000000000000e01', 'cpts', 'hospital', 'k1', x'01', 'discharge_letter', 3, 1000, 1000,
         2000, 3000, x'', 'key-1', x'02', '1.2.1', x'03', 'aa', '', 1, 1, x'04'),
        (2, x'00000000000000000000000000000e02', 'cpts', 'hospital', 'k2', x'05', 'discharge_letter', 3, 1500, 1500,
         2500, 3500, x'', 'key-1', x'02', '1.2.2', x'06', 'bb', '1.2.1', 2, 1, x'07');
      INSERT INTO document VALUES(1, 0, 3, x'08'), (1, 1, 4, x'09');
      INSERT INTO tenant_key VALUES('cpts', 'key-1');
    )sql");
    ASSERT_FALSE(database->failed()) << database->error().describe();
  }
  const auto store = must_open(path);
  const auto id = store->event_with_document("cpts", "1.2.1").value();
  ASSERT_TRUE(id);
  const auto row = store->event(*id);
  ASSERT_TRUE(row.ok());
  EXPECT_EQ(row->content, "\x04");
  EXPECT_EQ(row->document_sha256, "aa");
  EXPECT_EQ(store->documents(*id)->size(), 2u);
  AcceptEvent again = letters::letter("k3", "1.2.1", "a");
  again.document_mac = "\x03";
  AcceptEvent third = letters::letter("k4", "1.2.3", "a");
  third.replaces = "1.2.2";
  third.set_id = "1.2";
  const std::vector<Command> batch = {again, third};
  EXPECT_EQ(*store->commit(batch), (std::vector<Effect>{Effect::newer_version_known, Effect::done}));
}

TEST(SqliteStore, KeepsEverythingWhenItLearnsOfCases) {
  // Claim: a ledger of the third version opens with all that it held: what was pending is due, late and
  // overdue at its times, needs no consent, and can be followed by an event with a case.
  const TempFolder folder;
  const std::string path = folder.file("ledger.db");
  std::ofstream(path).close();
  std::filesystem::permissions(path, std::filesystem::perms(0600));
  {
    const auto database = *Database::open(path, Database::Access::write, "");
    ASSERT_TRUE(migrate(*database, 3).ok());
    database->execute(R"sql(
      INSERT INTO event VALUES
        (1, x'00000000000000000000000000000e01', 'cpts', 'hospital', 'k1', x'01', 'discharge_letter', 3, 1000, 1000,
         2000, 3000, x'0b', 'key-1', x'02', '1.2.1', x'03', 'aa', '', 1, 1, x'04', '1.2', 1);
      INSERT INTO delivery VALUES
        (1, x'00000000000000000000000000000d01', 1, 0, 'mail', x'0a', 1, 1, NULL, 1, 3, 0, 0, 1000, 2000, 3000, 0, 0,
         0, '', '', '', '');
      INSERT INTO change VALUES(1, 1, 1, 1, 1000, '', '');
      INSERT INTO tenant_key VALUES('cpts', 'key-1');
    )sql");
    ASSERT_FALSE(database->failed()) << database->error().describe();
  }
  const auto store = must_open(path);
  const Uuid id = store->event_with_document("cpts", "1.2.1")->value();
  EXPECT_EQ(store->event(id)->attention, "");
  EXPECT_EQ(store->due("mail", Lane::letters, Instant{1000}, 10)->size(), 1u);
  EXPECT_EQ(store->late(Instant{2000}, 10)->size(), 1u);
  EXPECT_EQ(store->overdue(Instant{3000}, 10)->size(), 1u);
  EXPECT_EQ(*store->next_due(), Instant{1000});
  EXPECT_EQ(*store->next_wake(), std::nullopt);
  AcceptEvent next = letters::letter("k2", "", "");
  NewDelivery& there = next.deliveries.emplace_back();
  there.id = letters::id_of("there");
  there.adapter = "mail";
  there.address_mac = "\x0a";
  there.due_at = Instant{1000};
  next.follows = id;
  next.step.tenant = "cpts";
  next.step.consent_withdrawn_of = {"\x0b"};
  CaseChange& opened = next.step.cases.emplace_back();
  opened.id = letters::id_of("case");
  opened.tenant = "cpts";
  opened.event_id = next.id;
  const std::vector<Command> batch = {next};
  EXPECT_EQ(*store->commit(batch), (std::vector<Effect>{Effect::done}));
  EXPECT_EQ((*store->case_of_event(next.id))->id, opened.id);
  const auto waiting = store->due("mail", Lane::letters, Instant{1000}, 10);
  ASSERT_EQ(waiting->size(), 1u) << "what follows waits for what was there";
  EXPECT_EQ(waiting->front().event_id, id);
}

TEST(SqliteStore, OpensAFileThatACrashLeftEmpty) {
  // Claim: a crash between the making of the file and its tables costs nothing.
  const TempFolder folder;
  const std::string path = folder.file("ledger.db");
  std::ofstream(path).close();
  std::filesystem::permissions(path, std::filesystem::perms(0600));
  must_open(path);
}

TEST(SqliteStore, AnswersEveryQuestionThroughAnIndex) {
  // Claim: no statement of the writer or of a reader scans a table; where one walks an index whole, that
  // index holds only what is under way.
  const TempFolder folder;
  const std::string path = folder.file("ledger.db");
  const auto store = must_open(path);
  sqlite3* handle = nullptr;
  ASSERT_EQ(sqlite3_open_v2(path.c_str(), &handle, SQLITE_OPEN_READWRITE, nullptr), SQLITE_OK);
  int explained = 0;
  for (const std::string& sql : store->statements()) {
    sqlite3_stmt* plan = nullptr;
    ASSERT_EQ(sqlite3_prepare_v2(handle, ("EXPLAIN QUERY PLAN " + sql).c_str(), -1, &plan, nullptr),
              SQLITE_OK)
        << sql;
    while (sqlite3_step(plan) == SQLITE_ROW) {
      const std::string step = reinterpret_cast<const char*>(sqlite3_column_text(plan, 3));
      ++explained;
      EXPECT_THAT(step, testing::Not(testing::HasSubstr("TEMP B-TREE"))) << sql;
      if (step.rfind("SCAN", 0) != 0) continue;
      // A handful of adapters and lanes in memory, or the table of tenant keys, which has a row per key.
      const bool small = step == "SCAN busy" || step == "SCAN lane" || step == "SCAN 4 CONSTANT ROWS" ||
                         step == "SCAN CONSTANT ROW" || step == "SCAN tenant_key" || step == "SCAN waiting";
      const bool under_way = testing::Matches(testing::ContainsRegex(
          "USING (COVERING )?INDEX (delivery_(due|sending|unknown|to_)|task_open|case_attention)"))(step);
      EXPECT_TRUE(small || under_way) << step << "\n  in " << sql;
    }
    sqlite3_finalize(plan);
  }
  sqlite3_close(handle);
  EXPECT_GT(explained, 20);
}

TEST(SqliteStore, RefusesNewEventsWhenLittleDiskIsLeftAndKeepsRecording) {
  // Claim: below the limit an event is refused by its own effect; receipts, outcomes and later events go on.
  const TempFolder folder;
  uint64_t free_bytes = uint64_t{1} << 40;
  SqliteOptions options{folder.file("ledger.db")};
  options.disk_free_bytes_min = 1000000;
  options.disk_free_bytes = [&] { return free_bytes; };
  const auto store = *SqliteStore::open(options);
  const AcceptEvent first = letters::letter("k1", "1.2.1", "a");
  const AcceptEvent second = letters::letter("k2", "1.2.2", "a");
  const std::vector<Command> before = {first};
  ASSERT_TRUE(store->commit(before).ok());
  free_bytes = 1000000;
  const std::vector<Command> batch = {second, first, letters::attempt(first.deliveries[0].id)};
  EXPECT_EQ(*store->commit(batch),
            (std::vector<Effect>{Effect::disk_full, Effect::already_accepted, Effect::done}));
  EXPECT_EQ(store->event(second.id).error().code, ErrorCode::not_found);
  // Room for one more, twice its size and what an event needs beside it, not for two.
  free_bytes = 1000000 + 50000;
  const std::vector<Command> two = {second, letters::letter("k3", "1.2.3", "a")};
  EXPECT_EQ(*store->commit(two), (std::vector<Effect>{Effect::done, Effect::disk_full}));
}

TEST(SqliteStore, ABrokenCommandStopsTheStoreAndLeavesNothing) {
  // Claim: two deliveries with one id (a fault of the program) fail the whole batch, and all that come after
  // it.
  const TempFolder folder;
  const auto store = must_open(folder.file("ledger.db"));
  AcceptEvent broken = letters::letter("k2", "1.2.2", "b");
  broken.deliveries.push_back(broken.deliveries[0]);
  broken.deliveries[1].address_mac = sha256("c");
  const AcceptEvent good = letters::letter("k1", "1.2.1", "a");
  const std::vector<Command> batch = {good, broken};
  EXPECT_EQ(store->commit(batch).error().code, ErrorCode::internal);
  EXPECT_EQ(store->event(good.id).error().code, ErrorCode::not_found);
  const std::vector<Command> after = {good};
  EXPECT_EQ(store->commit(after).error().code, ErrorCode::store_unavailable);
}

TEST(SqliteStore, ReadersSeeWholeBatchesWhileTheWriterWorks) {
  // Claim: questions from several threads never wait for a commit, and never see a part of one.
  const TempFolder folder;
  const auto store = must_open(folder.file("ledger.db"));
  constexpr int batches = 40;
  std::atomic<int> committed = 0;
  std::atomic<bool> torn = false;
  const auto read = [&] {
    for (int seen = 0; seen < batches; seen = committed) {
      for (int i = 0; i < seen; ++i) {
        const auto row = store->event(letters::id_of("event first " + std::to_string(i)));
        const auto twin = store->event(letters::id_of("event second " + std::to_string(i)));
        if (!row.ok() || !twin.ok() || row->deliveries.size() != 1) torn = true;
      }
      const auto found = store->due("mail", Lane::letters, letters::start, 1000);
      if (!found.ok() || found->size() % 2 != 0) torn = true;
      if (!store->next_due().ok()) torn = true;
    }
  };
  std::thread one(read);
  std::thread two(read);
  std::thread three(read);
  for (int i = 0; i < batches; ++i) {
    const std::string n = std::to_string(i);
    const std::vector<Command> batch = {letters::letter("first " + n, "1.1." + n, "a"),
                                        letters::letter("second " + n, "1.2." + n, "b")};
    if (!store->commit(batch).ok()) torn = true;
    ++committed;
  }
  one.join();
  two.join();
  three.join();
  EXPECT_FALSE(torn);
}

TEST(SqliteStore, ListsTheTenantKeysThatItNeeds) {
  // Claim: the keys of all events are known, once each, also from earlier runs.
  const TempFolder folder;
  auto store = must_open(folder.file("ledger.db"));
  AcceptEvent rotated = letters::letter("k2", "1.2.2", "a");
  rotated.key.key_id = "key-2";
  const std::vector<Command> batch = {letters::letter("k1", "1.2.1", "a"), rotated,
                                      letters::letter("k3", "1.2.3", "a")};
  ASSERT_TRUE(store->commit(batch).ok());
  store = nullptr;
  store = must_open(folder.file("ledger.db"));
  const auto keys = store->keys_in_use();
  ASSERT_TRUE(keys.ok());
  ASSERT_EQ(keys->size(), 2u);
  EXPECT_EQ((*keys)[0].tenant, "cpts");
  EXPECT_EQ((*keys)[0].key_id, "key-1");
  EXPECT_EQ((*keys)[1].key_id, "key-2");
}

}  // namespace
}  // namespace psl
