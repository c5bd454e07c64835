// A look at a ledger from outside, also while a gateway writes it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gateway/base/env.h"
#include "gateway/base/result.h"
#include "gateway/store/sqlite_store.h"

namespace psl {

struct LedgerFacts {
  // The tenant keys that its events need.
  std::vector<SqliteStore::KeyInUse> keys;
  // When the last record of the audit was written; nothing for an empty ledger.
  std::optional<Instant> last_record;
};

// Reads only. `configuration` when the file is another program's, or of another version; input_output when it
// cannot be opened.
Result<LedgerFacts> inspect_ledger(const std::string& path);

// Reads every page: whether SQLite finds its file sound (`corrupt` when not). Some seconds a gigabyte, in
// which the write-ahead log of a busy gateway grows.
Status check_ledger_pages(const std::string& path);

}  // namespace psl
