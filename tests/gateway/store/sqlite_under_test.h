// The ledger in SQLite as the suites for every store take it.
#pragma once

#include <memory>

#include "gateway/store/sqlite_store.h"
#include "tests/gateway/store/store_fixture.h"
#include "tests/support/temp_folder.h"

namespace psl {

class SqliteUnderTest final : public StoreUnderTest {
 public:
  SqliteUnderTest() { open(); }
  Store& store() override { return *store_; }
  Ledger& ledger() override { return *store_; }
  void reopen() override {
    store_.reset();
    open();
  }

 private:
  void open() {
    auto opened = SqliteStore::open({folder_.file("ledger.db")});
    PSL_CHECK(opened.ok());
    store_ = *std::move(opened);
  }
  TempFolder folder_;
  std::unique_ptr<SqliteStore> store_;
};

}  // namespace psl
