// The tables of the ledger, and their numbered migrations.
#pragma once

#include "gateway/base/result.h"
#include "gateway/store/sqlite_database.h"

namespace psl {

// The version that this program writes.
int schema_version();

// Brings a new or older database to `version`, each migration in a transaction of its own; an older version
// than schema_version() is for tests of migrations. `configuration` when the file is another program's, or of
// a newer version: nothing is touched then.
Status migrate(Database& database, int version = schema_version());

// The same question without a change, for those who only read. `configuration` too when it is of an older
// version.
Status check_schema(Database& database);

}  // namespace psl
