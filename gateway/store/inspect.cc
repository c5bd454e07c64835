#include "gateway/store/inspect.h"

#include <memory>
#include <utility>

#include "gateway/store/sqlite_database.h"
#include "gateway/store/sqlite_schema.h"

namespace psl {
namespace {

Result<std::unique_ptr<Database>> open_known(const std::string& path) {
  auto opened = Database::open(path, Database::Access::read, {});
  if (!opened) return opened;
  (*opened)->execute("PRAGMA query_only = ON; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON");
  if (Status known = check_schema(**opened); !known) return std::move(known).error();
  return opened;
}

}  // namespace

Result<LedgerFacts> inspect_ledger(const std::string& path) {
  const auto opened = open_known(path);
  if (!opened) return opened.error();
  Database& database = **opened;
  LedgerFacts facts;
  Statement keys(database, "SELECT tenant, key_id FROM tenant_key ORDER BY tenant, key_id LIMIT 10000");
  Rows key(keys);
  while (key.next()) facts.keys.push_back({key.text(0), key.text(1)});
  Statement last(database, "SELECT at FROM audit ORDER BY seq DESC LIMIT 1");
  Rows record(last);
  if (record.next()) facts.last_record = record.instant(0);
  if (database.failed()) return database.error();
  return facts;
}

Status check_ledger_pages(const std::string& path) {
  const auto opened = open_known(path);
  if (!opened) return opened.error();
  Database& database = **opened;
  Statement check(database, "PRAGMA quick_check(1)");
  Rows rows(check);
  // What it says could quote a value.
  const bool sound = rows.next() && rows.bytes(0) == "ok";
  if (database.failed()) return database.error();
  return sound ? Status() : Status(error_of(ErrorCode::corrupt, "ledger: SQLite finds the file damaged"));
}

}  // namespace psl
