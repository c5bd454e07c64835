#include "gateway/store/audit.h"

#include "gateway/base/bytes.h"
#include "gateway/base/hash.h"
#include "gateway/store/sqlite_database.h"
#include "gateway/store/sqlite_schema.h"

namespace psl {
namespace {

Error broken_at(int64_t seq, std::string_view what) {
  return error_of(ErrorCode::corrupt, "audit record " + std::to_string(seq) + " " + std::string(what));
}

}  // namespace

std::string audit_origin() { return std::string(32, '\0'); }

std::string audit_hash(std::string_view previous, const AuditRecord& record) {
  return sha256_of_parts({"passerelle audit 1", previous, std::to_string(record.seq),
                          std::to_string(record.at.us), record.actor, record.action, record.event,
                          record.delivery, record.detail});
}

Result<AuditSummary> verify_audit(const std::string& path, std::string_view anchor) {
  Result<std::unique_ptr<Database>> opened = Database::open(path, Database::Access::read, {});
  if (!opened) return std::move(opened).error();
  Database& database = **opened;
  if (Status known = check_schema(database); !known) return std::move(known).error();

  Statement all(database,
                "SELECT seq, at, actor, action, event, delivery, detail, hash FROM audit ORDER BY seq");
  AuditSummary summary;
  std::string last = audit_origin();
  bool anchored = anchor.empty() || anchor == to_hex(last);
  Rows rows(all);
  while (rows.next()) {
    const AuditRecord record{rows.integer(0), rows.instant(1), rows.text(2), rows.text(3),
                             rows.text(4),    rows.text(5),    rows.text(6)};
    if (record.seq != summary.records + 1) return broken_at(summary.records + 1, "is missing");
    if (audit_hash(last, record) != rows.bytes(7)) return broken_at(record.seq, "does not verify");
    last = rows.text(7);
    ++summary.records;
    if (!anchored) anchored = to_hex(last) == anchor;
  }
  if (database.failed()) return database.error();
  summary.last_hash = to_hex(last);
  if (!anchored) {
    return error_of(ErrorCode::corrupt,
                    "the audit chain verifies up to its end, record " + std::to_string(summary.records) +
                        ", but does not hold the anchor: its tail was cut, or it was made anew");
  }
  return summary;
}

}  // namespace psl
