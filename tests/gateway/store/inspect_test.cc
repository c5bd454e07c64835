#include "gateway/store/inspect.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/gateway/store/letters.h"
#include "tests/support/temp_folder.h"

namespace psl {
namespace {

class Inspect : public testing::Test {
 protected:
  TempFolder folder_;
  std::string path_ = folder_.file("ledger.db");
};

TEST_F(Inspect, LooksWhileAGatewayHasTheLedgerOpen) {
  // Claim: keys and the last record are seen while the writer lives, and again after it has closed the file.
  {
    auto store = *SqliteStore::open({path_});
    auto facts = inspect_ledger(path_);
    ASSERT_TRUE(facts.ok());
    EXPECT_TRUE(facts->keys.empty());
    EXPECT_FALSE(facts->last_record.has_value());
    const std::vector<Command> batch = {letters::letter("k1", "1.2.1", "a")};
    ASSERT_TRUE(store->commit(batch).ok());
    facts = inspect_ledger(path_);
    ASSERT_TRUE(facts.ok());
    ASSERT_EQ(facts->keys.size(), 1u);
    EXPECT_EQ(facts->keys[0].tenant, "cpts");
    EXPECT_EQ(facts->last_record, letters::start);
    EXPECT_TRUE(check_ledger_pages(path_).ok());
  }
  EXPECT_TRUE(inspect_ledger(path_).ok());
  EXPECT_TRUE(check_ledger_pages(path_).ok());
}

TEST_F(Inspect, TellsADamagedFile) {
  // Claim: bytes overwritten in the middle of the file are found.
  {
    auto store = *SqliteStore::open({path_});
    std::vector<Command> batch;
    for (int i = 0; i < 200; ++i)
      batch.push_back(letters::letter("k" + std::to_string(i), "1.2." + std::to_string(i), "a"));
    ASSERT_TRUE(store->commit(batch).ok());
  }
  {
    std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(0, std::ios::end);
    const auto size = static_cast<std::streamoff>(file.tellg());
    file.seekp(size / 2 / 4096 * 4096);
    const std::string noise(4096, '\x5A');
    file.write(noise.data(), static_cast<std::streamsize>(noise.size()));
  }
  const Status sound = check_ledger_pages(path_);
  ASSERT_FALSE(sound.ok());
  EXPECT_EQ(sound.error().code, ErrorCode::corrupt);
}

TEST_F(Inspect, RefusesWhatIsNoLedger) {
  // Claim: an absent file, and one that is something else, are errors; neither is made or changed.
  EXPECT_FALSE(inspect_ledger(path_).ok());
  EXPECT_FALSE(std::ifstream(path_).good());
  std::ofstream(path_)
      << "no database at all, but long enough to look like one to whoever reads the first bytes only";
  EXPECT_FALSE(inspect_ledger(path_).ok());
  EXPECT_FALSE(check_ledger_pages(path_).ok());
}

}  // namespace
}  // namespace psl
