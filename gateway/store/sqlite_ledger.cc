#include <algorithm>

#include "gateway/store/sqlite_reader.h"

namespace psl {
namespace {

constexpr int most_max = 1000;

// A DueDelivery of `d` and its event `e`, from column 0.
#define PSL_DUE_COLUMNS                                                  \
  "d.id, e.id, e.tenant, d.adapter, d.state, d.lane, d.recipient_index," \
  " d.attempts, d.generation, d.due_at, d.give_up_at"
constexpr int due_columns = 11;

#define PSL_SELECT_DUE "SELECT " PSL_DUE_COLUMNS " FROM delivery d JOIN event e ON e.seq = d.event "

// An older version of the document (or what it replaces in turn) is still on its way to the same address: it
// would arrive after this one. Only earlier deliveries count, so that no two wait for each other.
#define PSL_NOT_BEFORE_WHAT_IT_REPLACES                             \
  "NOT EXISTS(SELECT 1 FROM delivery x WHERE x.lineage = d.lineage" \
  " AND x.adapter = d.adapter AND x.address_mac = d.address_mac"    \
  " AND x.state IN (1, 2, 3, 4) AND x.state <> 4 AND x.document <> d.document AND x.seq < d.seq) "

DueDelivery read_due(const Rows& rows) {
  DueDelivery out;
  out.id = rows.uuid(0);
  out.event_id = rows.uuid(1);
  out.tenant = rows.text(2);
  out.adapter = rows.text(3);
  out.state = static_cast<DeliveryState>(rows.small(4));
  out.lane = static_cast<Lane>(rows.small(5));
  out.recipient_index = rows.small(6);
  out.attempts = rows.small(7);
  out.generation = rows.small(8);
  out.due_at = rows.instant(9);
  out.give_up_at = rows.instant(10);
  return out;
}

int bounded(int most) { return std::clamp(most, 1, most_max); }

}  // namespace

struct SqliteReaderStatements {
  explicit SqliteReaderStatements(Database& database) : db(database) {}
  Database& db;

  Statement begin{db, "BEGIN"};
  Statement commit{db, "COMMIT"};
  Statement event_by_id{db,
                        "SELECT seq, tenant, principal, kind, content_mac, accepted_at, key_id, wrapped_key, "
                        "document_id, document_sha256,"
                        " content FROM event WHERE id = ?1"};
  // `d` is the delivery that is followed: itself, or the earlier one.
  Statement deliveries{db, "SELECT " PSL_DUE_COLUMNS
                           ", d.delivered_at, d.reason, d.partner_code, d.reference, t.id, own.id, "
                           "own.recipient_index, own.same_as"
                           " FROM delivery own JOIN delivery d ON d.seq = coalesce(own.same_as, own.seq) "
                           "JOIN event e ON e.seq = own.event"
                           " LEFT JOIN task t ON t.delivery = d.seq AND t.closed_at IS NULL"
                           " WHERE own.event = ?1 ORDER BY own.recipient_index, own.seq LIMIT 1000"};
  Statement documents{db,
                      "SELECT part, size_bytes, sealed FROM document WHERE event = (SELECT seq FROM event "
                      "WHERE id = ?1) ORDER BY part"};
  Statement due{db, PSL_SELECT_DUE
                "WHERE d.state = 1 AND d.adapter = ?1 AND d.lane = ?2 AND d.due_at <= ?3 "
                "AND " PSL_NOT_BEFORE_WHAT_IT_REPLACES "ORDER BY d.due_at LIMIT ?4"};
  Statement unsettled{db, PSL_SELECT_DUE
                      "WHERE d.state = 3 AND d.adapter = ?1 AND d.due_at <= ?2 ORDER BY d.due_at LIMIT ?3"};
  Statement overdue{
      db, PSL_SELECT_DUE "WHERE d.state IN (1, 3) AND d.give_up_at <= ?1 ORDER BY d.give_up_at LIMIT ?2"};
  Statement late{
      db, PSL_SELECT_DUE
      "WHERE d.state IN (1, 2, 3) AND d.late = 0 AND d.alert_at <= ?1 ORDER BY d.alert_at LIMIT ?2"};
  Statement interrupted{db, PSL_SELECT_DUE "WHERE d.state = 2 ORDER BY d.adapter LIMIT ?1"};
  // One step through an index for each adapter that has something waiting, then one for each of its lanes.
  Statement next_pending{db,
                         "WITH RECURSIVE busy(adapter) AS (SELECT min(adapter) FROM delivery WHERE state = 1"
                         " UNION ALL SELECT (SELECT min(d.adapter) FROM delivery d WHERE d.state = 1 AND "
                         "d.adapter > busy.adapter)"
                         " FROM busy WHERE busy.adapter IS NOT NULL),"
                         " lane(id) AS (VALUES(1), (2), (3), (4))"
                         " SELECT min((SELECT d.due_at FROM delivery d WHERE d.state = 1 AND d.adapter = "
                         "busy.adapter AND d.lane = lane.id"
                         " AND " PSL_NOT_BEFORE_WHAT_IT_REPLACES
                         "ORDER BY d.due_at LIMIT 1)) FROM busy JOIN lane WHERE busy.adapter IS NOT NULL"};
  Statement next_unknown{
      db,
      "WITH RECURSIVE busy(adapter) AS (SELECT min(adapter) FROM delivery WHERE state = 3"
      " UNION ALL SELECT (SELECT min(d.adapter) FROM delivery d WHERE d.state = 3 AND d.adapter > "
      "busy.adapter)"
      " FROM busy WHERE busy.adapter IS NOT NULL)"
      " SELECT min((SELECT d.due_at FROM delivery d WHERE d.state = 3 AND d.adapter = busy.adapter"
      " ORDER BY d.due_at LIMIT 1)) FROM busy WHERE busy.adapter IS NOT NULL"};
  Statement next_overdue{db,
                         "SELECT give_up_at FROM delivery WHERE state IN (1, 3) ORDER BY give_up_at LIMIT 1"};
  Statement next_late{
      db, "SELECT alert_at FROM delivery WHERE state IN (1, 2, 3) AND late = 0 ORDER BY alert_at LIMIT 1"};
  Statement keys{db, "SELECT tenant, key_id FROM tenant_key ORDER BY tenant, key_id LIMIT 10000"};
};

SqliteReader::SqliteReader(std::unique_ptr<Database> database) : database_(std::move(database)) {}
SqliteReader::~SqliteReader() = default;

Result<std::unique_ptr<SqliteReader>> SqliteReader::open(const SqliteOptions& options) {
  Result<std::unique_ptr<Database>> opened =
      Database::open(options.path, Database::Access::read, options.vfs);
  if (!opened) return std::move(opened).error();
  Database& database = **opened;
  database.execute("PRAGMA query_only = ON; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON");
  auto reader = std::make_unique<SqliteReader>(std::move(*opened));
  reader->sql_ = std::make_unique<SqliteReaderStatements>(database);
  if (database.failed()) return database.error();
  return reader;
}

std::vector<std::string> SqliteReader::statements() const { return database_->statements(); }

template <typename T>
Result<T> SqliteReader::answer(T value) {
  if (!database_->failed()) return value;
  Error error = database_->error();
  database_->forget_failure();
  return error;
}

Result<std::vector<DueDelivery>> SqliteReader::collect(Rows& rows) {
  std::vector<DueDelivery> out;
  while (rows.next()) out.push_back(read_due(rows));
  return answer(std::move(out));
}

Result<EventRow> SqliteReader::event(const Uuid& id) {
  // One transaction, so that the event and its deliveries are of one moment.
  sql_->begin.run();
  EventRow out;
  bool found = false;
  {
    Rows rows(sql_->event_by_id, id);
    found = rows.next();
    if (found) {
      out.id = id;
      out.tenant = rows.text(1);
      out.principal = rows.text(2);
      out.kind = rows.text(3);
      out.content_mac = rows.text(4);
      out.accepted_at = rows.instant(5);
      out.key = {rows.text(6), rows.text(7)};
      out.document_id = rows.text(8);
      out.document_sha256 = rows.text(9);
      out.content = rows.text(10);
      out.deliveries = deliveries_of(rows.integer(0), out);
    }
  }
  const bool failed = database_->failed();
  if (failed) {
    Result<EventRow> answered = answer(std::move(out));
    database_->execute("ROLLBACK");
    database_->forget_failure();  // there may have been nothing to roll back
    return answered;
  }
  sql_->commit.run();
  if (!found) return error_of(ErrorCode::not_found);
  return answer(std::move(out));
}

std::vector<DeliveryRow> SqliteReader::deliveries_of(int64_t event_seq, const EventRow& event) {
  std::vector<DeliveryRow> out;
  Rows rows(sql_->deliveries, event_seq);
  while (rows.next()) {
    DeliveryRow row;
    row.due = read_due(rows);
    row.delivered_at = rows.instant(due_columns);
    row.reason = rows.text(due_columns + 1);
    row.partner_code = rows.text(due_columns + 2);
    row.reference = rows.text(due_columns + 3);
    if (!rows.is_null(due_columns + 4)) row.task_id = rows.uuid(due_columns + 4);
    if (!rows.is_null(due_columns + 7)) row.same_as = row.due.id;
    row.due.id = rows.uuid(due_columns + 5);
    row.due.recipient_index = rows.small(due_columns + 6);
    row.due.event_id = event.id;
    out.push_back(std::move(row));
  }
  return out;
}

Result<std::vector<DocumentRow>> SqliteReader::documents(const Uuid& event_id) {
  std::vector<DocumentRow> out;
  {
    Rows rows(sql_->documents, event_id);
    while (rows.next()) out.push_back({rows.small(0), rows.integer(1), rows.text(2)});
  }
  if (out.empty() && !database_->failed()) return error_of(ErrorCode::not_found);
  return answer(std::move(out));
}

Result<std::vector<DueDelivery>> SqliteReader::due(std::string_view adapter, Lane lane, Instant now,
                                                   int most) {
  Rows rows(sql_->due, adapter, static_cast<int>(lane), now, bounded(most));
  return collect(rows);
}

Result<std::vector<DueDelivery>> SqliteReader::unsettled(std::string_view adapter, Instant now, int most) {
  Rows rows(sql_->unsettled, adapter, now, bounded(most));
  return collect(rows);
}

Result<std::vector<DueDelivery>> SqliteReader::overdue(Instant now, int most) {
  Rows rows(sql_->overdue, now, bounded(most));
  return collect(rows);
}

Result<std::vector<DueDelivery>> SqliteReader::late(Instant now, int most) {
  Rows rows(sql_->late, now, bounded(most));
  return collect(rows);
}

Result<std::vector<DueDelivery>> SqliteReader::interrupted(int most) {
  Rows rows(sql_->interrupted, bounded(most));
  return collect(rows);
}

Result<std::optional<Instant>> SqliteReader::next_due() {
  std::optional<Instant> earliest;
  for (Statement* statement :
       {&sql_->next_pending, &sql_->next_unknown, &sql_->next_overdue, &sql_->next_late}) {
    Rows rows(*statement);
    if (!rows.next() || rows.is_null(0)) continue;
    earliest = std::min(rows.instant(0), earliest.value_or(rows.instant(0)));
  }
  return answer(std::move(earliest));
}

Result<std::vector<SqliteStore::KeyInUse>> SqliteReader::keys_in_use() {
  std::vector<SqliteStore::KeyInUse> out;
  {
    Rows rows(sql_->keys);
    while (rows.next()) out.push_back({rows.text(0), rows.text(1)});
  }
  return answer(std::move(out));
}

}  // namespace psl
