// The ledger in memory as the suites for every store take it.
#pragma once

#include "tests/gateway/store/store_fixture.h"
#include "tests/support/memory_store.h"

namespace psl {

class MemoryUnderTest final : public StoreUnderTest {
 public:
  Store& store() override { return store_; }
  Ledger& ledger() override { return store_; }
  void reopen() override {}

 private:
  MemoryStore store_;
};

}  // namespace psl
