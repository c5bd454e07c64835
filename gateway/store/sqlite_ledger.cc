#include <algorithm>
#include <map>
#include <tuple>

#include "gateway/store/claims.h"
#include "gateway/store/sqlite_reader.h"

namespace psl {
namespace {

constexpr int most_max = 1000;

// What one page of a list may cost, in steps through an index: to leave an event out by its own columns is
// one, to look at its deliveries ten. So a page takes milliseconds, whatever is asked of how many events.
constexpr int list_budget = 20000;
constexpr int look_cost = 10;
// Changes that one question about changes looks at.
constexpr int64_t changes_looked_at = 1000;

// A DueDelivery of `d` and its event `e`, from column 0.
#define PSL_DUE_COLUMNS                                                  \
  "d.id, e.id, e.tenant, d.adapter, d.state, d.lane, d.recipient_index," \
  " d.attempts, d.generation, d.due_at, d.give_up_at"
constexpr int due_columns = 11;

#define PSL_SELECT_DUE "SELECT " PSL_DUE_COLUMNS " FROM delivery d JOIN event e ON e.seq = d.event "

// `due_at` of a delivery that nothing sends before it is released: psl::held.
#define PSL_HELD "9223372036854775807"
static_assert(held.us == 9223372036854775807);

// Not in its turn is a delivery while an older version of its document (or what that replaces in turn), or an
// event that its own follows, is still on its way to the same address: it would arrive after this one. Only
// earlier deliveries count, so that no two wait for each other; and none that is held, which may never leave.
#define PSL_IN_ITS_TURN                                                                          \
  "NOT EXISTS(SELECT 1 FROM delivery x WHERE x.lineage = d.lineage"                              \
  " AND x.adapter = d.adapter AND x.address_mac = d.address_mac"                                 \
  " AND x.state IN (1, 2, 3, 4) AND x.state <> 4 AND x.document <> d.document AND x.seq < d.seq" \
  " AND x.due_at <> " PSL_HELD                                                                   \
  ") AND (d.thread = 0 OR NOT EXISTS(SELECT 1 FROM delivery x WHERE x.thread = d.thread"         \
  " AND x.adapter = d.adapter AND x.address_mac = d.address_mac"                                 \
  " AND x.thread <> 0 AND x.state IN (1, 2, 3) AND x.event <> d.event AND x.seq < d.seq"         \
  " AND x.due_at <> " PSL_HELD ")) "

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

#define PSL_SELECT_CASE                                                                            \
  "SELECT c.id, c.tenant, c.kind, c.revision, e.id, e.principal, c.key_id, c.wrapped_key, c.open," \
  " c.wake_at, c.attention, c.state FROM care_case c LEFT JOIN event e ON e.seq = c.event "

// What lists read of an event, after its number, before they look at its deliveries.
#define PSL_CANDIDATE_COLUMNS "e.tenant, e.principal, e.accepted_at, e.kind"

// Whether an event may be in the list, by its own columns.
bool passes(const Rows& rows, const EventQuery& query) {
  const Instant accepted = rows.instant(3);
  return rows.bytes(1) == query.owner.tenant &&
         (query.owner.principal.empty() || rows.bytes(2) == query.owner.principal) &&
         (!query.accepted_from || accepted >= *query.accepted_from) &&
         (!query.accepted_before || accepted < *query.accepted_before) &&
         (query.kinds.empty() || std::ranges::find(query.kinds, rows.bytes(4)) != query.kinds.end());
}

// One bit per state, by its number.
int64_t mask_of(const std::vector<DeliveryState>& states) {
  int64_t mask = 0;
  for (DeliveryState state : states) mask |= int64_t{1} << static_cast<int>(state);
  return mask;
}

// Whether only events with something unfinished can be in the list: they have small indexes of their own.
bool asks_for_unfinished(const EventQuery& query) {
  const auto finished = [](DeliveryState state) { return is_final(state) && !needs_human(state); };
  return query.task_open || (!query.states.empty() && std::ranges::none_of(query.states, finished));
}

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
  // A proposal whose time is over is its case's to end, unless a human had it tried again.
  Statement due{db, PSL_SELECT_DUE
                "WHERE d.state = 1 AND d.adapter = ?1 AND d.lane = ?2 AND d.due_at <= ?3 "
                "AND NOT (d.proposal = 1 AND d.generation = 0 AND d.give_up_at <= ?3) "
                "AND " PSL_IN_ITS_TURN "ORDER BY d.due_at LIMIT ?4"};
  Statement unsettled{db, PSL_SELECT_DUE
                      "WHERE d.state = 3 AND d.adapter = ?1 AND d.due_at <= ?2 ORDER BY d.due_at LIMIT ?3"};
  Statement overdue{
      db, PSL_SELECT_DUE
      "WHERE d.state IN (1, 3) AND d.proposal = 0 AND d.give_up_at <= ?1 ORDER BY d.give_up_at LIMIT ?2"};
  Statement late{db, PSL_SELECT_DUE
                 "WHERE d.state IN (1, 2, 3) AND d.late = 0 AND d.proposal = 0 AND d.alert_at <= ?1"
                 " ORDER BY d.alert_at LIMIT ?2"};
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
                         " AND d.due_at < " PSL_HELD " AND " PSL_IN_ITS_TURN
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
                         "SELECT give_up_at FROM delivery WHERE state IN (1, 3) AND proposal = 0"
                         " ORDER BY give_up_at LIMIT 1"};
  Statement next_late{db,
                      "SELECT alert_at FROM delivery WHERE state IN (1, 2, 3) AND late = 0 AND proposal = 0"
                      " ORDER BY alert_at LIMIT 1"};
  // The three ways through the events of a list, newest first; `state IN (...)` is as in the index.
  Statement candidates{db, "SELECT e.seq, " PSL_CANDIDATE_COLUMNS
                           " FROM event e WHERE e.tenant = ?1 AND e.seq < ?2 ORDER BY e.seq DESC"};
  Statement unfinished_candidates{db, "SELECT d.event, " PSL_CANDIDATE_COLUMNS
                                      " FROM delivery d CROSS JOIN event e ON e.seq = d.event"
                                      " WHERE d.state IN (0, 1, 2, 3, 5, 6) AND d.event < ?1"
                                      " UNION ALL SELECT c.event, " PSL_CANDIDATE_COLUMNS
                                      " FROM care_case c CROSS JOIN event e ON e.seq = c.event"
                                      " WHERE c.attention <> '' AND c.event < ?1 ORDER BY 1 DESC"};
  Statement addressed_candidates{db, "SELECT d.event, " PSL_CANDIDATE_COLUMNS
                                     " FROM delivery d CROSS JOIN event e ON e.seq = d.event"
                                     " WHERE d.address_mac = ?1 AND d.event < ?2 ORDER BY d.event DESC"};
  // Which of the conditions on deliveries some delivery of the event fulfils.
  Statement fulfilled{db,
                      "SELECT max((?2 >> d.state) & 1), max(own.adapter = ?3), max(own.address_mac = ?4),"
                      " max(EXISTS(SELECT 1 FROM task t WHERE t.delivery = d.seq AND t.closed_at IS NULL)),"
                      " EXISTS(SELECT 1 FROM care_case c WHERE c.event = ?1 AND c.attention <> '')"
                      " FROM delivery own CROSS JOIN delivery d ON d.seq = coalesce(own.same_as, own.seq)"
                      " WHERE own.event = ?1"};
  Statement listed_event{db,
                         "SELECT id, tenant, principal, kind, accepted_at, document_id, document_sha256"
                         " FROM event WHERE seq = ?1"};
  // Whether the replaced document was owed to the same target, and the newest one before that the target
  // took.
  Statement replaced_there{
      db,
      "SELECT EXISTS(SELECT 1 FROM event r JOIN delivery x ON x.event = r.seq WHERE r.tenant = e.tenant"
      " AND r.document_id = e.replaces AND r.document_id <> '' AND x.adapter = d.adapter AND x.address_mac = "
      "d.address_mac),"
      " (SELECT v.document_id FROM delivery x JOIN event v ON v.seq = x.event WHERE x.lineage = d.lineage"
      " AND x.adapter = d.adapter AND x.address_mac = d.address_mac AND x.state IN (1, 2, 3, 4) AND x.state "
      "= 4"
      " AND x.document <> d.document AND x.seq < d.seq ORDER BY x.seq DESC LIMIT 1)"
      " FROM delivery d JOIN event e ON e.seq = d.event WHERE d.id = ?1"};
  Statement event_with_document{db,
                                "SELECT id FROM event WHERE tenant = ?1 AND document_id = ?2 AND "
                                "document_id <> '' ORDER BY seq DESC LIMIT 1"};
  Statement event_of_delivery{db,
                              "SELECT e.id FROM delivery d JOIN event e ON e.seq = d.event WHERE d.id = ?1"};

  Statement oldest_change{db, "SELECT min(seq) FROM change"};
  Statement last_change{db, "SELECT max(seq) FROM change"};
  Statement changes{db,
                    "SELECT c.seq, c.at, e.id, e.kind, d.recipient_index, d.id, d.adapter, c.state, c.reason,"
                    " c.partner_code FROM change c CROSS JOIN event e ON e.seq = c.event"
                    " CROSS JOIN delivery d ON d.seq = c.delivery WHERE c.seq BETWEEN ?1 AND ?2"
                    " AND e.tenant = ?3 AND (?4 = '' OR e.principal = ?4) ORDER BY c.seq LIMIT ?5"};
  // What waits can be much: it is counted in its index alone. The first of them was accepted first, for both
  // numbers only grow.
  Statement backlog{db,
                    "SELECT waiting.adapter, waiting.lane, 1, waiting.count, e.accepted_at FROM"
                    " (SELECT adapter, lane, count(*) AS count, min(seq) AS first FROM delivery"
                    " WHERE state = 1 AND due_at < " PSL_HELD
                    " GROUP BY adapter, lane LIMIT 10000) AS waiting"
                    " CROSS JOIN delivery d ON d.seq = waiting.first CROSS JOIN event e ON e.seq = d.event"};
  // What is under way is little: it is counted one by one.
  Statement sending{db,
                    "SELECT d.adapter, d.lane, 2, 1, e.accepted_at FROM delivery d CROSS JOIN event e"
                    " ON e.seq = d.event WHERE d.state = 2 LIMIT 10000"};
  Statement unknown{db,
                    "SELECT d.adapter, d.lane, 3, 1, e.accepted_at FROM delivery d CROSS JOIN event e"
                    " ON e.seq = d.event WHERE d.state = 3 LIMIT 10000"};
  Statement open_tasks{db,
                       "SELECT (SELECT count(*) FROM task WHERE closed_at IS NULL)"
                       " + (SELECT count(*) FROM care_case WHERE attention <> '')"};
  Statement attention{
      db, "SELECT attention FROM care_case WHERE event = ?1 AND attention <> '' ORDER BY seq LIMIT 1"};
  Statement case_by_id{db, PSL_SELECT_CASE "WHERE c.id = ?1"};
  Statement case_by_event{
      db, PSL_SELECT_CASE "WHERE c.event = (SELECT seq FROM event WHERE id = ?1) ORDER BY c.seq LIMIT 1"};
  Statement cases_by_ins{
      db, PSL_SELECT_CASE "WHERE c.claim_by_ins = ?1 AND c.claim_by_ins <> x'' ORDER BY c.seq LIMIT ?2"};
  Statement cases_by_traits{db, PSL_SELECT_CASE
                            "WHERE c.claim_by_traits = ?1 AND c.claim_by_traits <> x''"
                            " ORDER BY c.seq LIMIT ?2"};
  Statement cases_to_wake{
      db, PSL_SELECT_CASE "WHERE c.wake_at > 0 AND c.wake_at <= ?1 ORDER BY c.wake_at LIMIT ?2"};
  Statement next_wake{db, "SELECT wake_at FROM care_case WHERE wake_at > 0 ORDER BY wake_at LIMIT 1"};
  // A delivery that was repeated or handed over after a lost outcome, or refused after it was taken, may have
  // arrived too.
  Statement sent_with_consent{
      db,
      "SELECT e.id, own.recipient_index, d.state, d.delivered_at FROM consented c"
      " CROSS JOIN delivery own ON own.seq = c.delivery"
      " CROSS JOIN delivery d ON d.seq = coalesce(own.same_as, own.seq) CROSS JOIN event e ON e.seq = "
      "own.event"
      " WHERE c.tenant = ?1 AND c.patient_mac = ?2 AND (d.state IN (2, 3, 4) OR EXISTS(SELECT 1 FROM attempt "
      "a"
      " WHERE a.delivery = d.seq AND a.happening IN ('outcome_lost', 'partner_accepted')))"
      " ORDER BY c.delivery DESC LIMIT ?3"};
  Statement keys{db, "SELECT tenant, key_id FROM tenant_key ORDER BY tenant, key_id LIMIT 10000"};
};

SqliteReader::SqliteReader(std::unique_ptr<Database> database) : database_(std::move(database)) {}
SqliteReader::~SqliteReader() = default;

Result<std::unique_ptr<SqliteReader>> SqliteReader::open(const SqliteOptions& options) {
  Result<std::unique_ptr<Database>> opened =
      Database::open(options.path, Database::Access::read, options.vfs);
  if (!opened) return std::move(opened).error();
  Database& database = **opened;
  // Room for the index of the cases of a million circle members: a question about one then reads a page or
  // two.
  database.execute(
      "PRAGMA query_only = ON; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;"
      "PRAGMA cache_size = -16000");
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

template <typename T, typename Body>
Result<T> SqliteReader::at_one_moment(T value, Body body) {
  sql_->begin.run();
  body(value);
  if (!database_->failed()) {
    sql_->commit.run();
    return answer(std::move(value));
  }
  Result<T> answered = answer(std::move(value));
  database_->execute("ROLLBACK");
  database_->forget_failure();  // there may have been nothing to roll back
  return answered;
}

Result<EventRow> SqliteReader::event(const Uuid& id) {
  bool found = false;
  Result<EventRow> row = at_one_moment(EventRow{}, [&](EventRow& out) {
    Rows rows(sql_->event_by_id, id);
    found = rows.next();
    if (!found) return;
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
    out.attention = attention_of(rows.integer(0));
    out.deliveries = deliveries_of(rows.integer(0), out);
  });
  if (row.ok() && !found) return error_of(ErrorCode::not_found);
  return row;
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
  const Instant latest = std::min(now, Instant{held.us - 1});
  Rows rows(sql_->due, adapter, static_cast<int>(lane), latest, bounded(most));
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

Result<std::optional<std::string>> SqliteReader::replaced_there(const Uuid& delivery_id) {
  std::optional<std::string> document_id;
  {
    Rows rows(sql_->replaced_there, delivery_id);
    if (rows.next() && rows.integer(0) != 0) document_id = rows.is_null(1) ? std::string() : rows.text(1);
  }
  return answer(std::move(document_id));
}

Result<std::optional<Uuid>> SqliteReader::event_with_document(std::string_view tenant,
                                                              std::string_view document_id) {
  std::optional<Uuid> id;
  {
    Rows rows(sql_->event_with_document, tenant, document_id);
    if (rows.next()) id = rows.uuid(0);
  }
  return answer(std::move(id));
}

Result<Uuid> SqliteReader::event_of(const Uuid& delivery_id) {
  Rows rows(sql_->event_of_delivery, delivery_id);
  const bool found = rows.next();
  if (!found && !database_->failed()) return error_of(ErrorCode::not_found);
  return answer(found ? rows.uuid(0) : Uuid{});
}

bool SqliteReader::fulfils(int64_t event_seq, const EventQuery& query) {
  Rows rows(sql_->fulfilled, event_seq, mask_of(query.states), query.adapter, Blob{query.address_mac});
  return rows.next() && (query.states.empty() || rows.integer(0) != 0) &&
         (query.adapter.empty() || rows.integer(1) != 0) &&
         (query.address_mac.empty() || rows.integer(2) != 0) &&
         (!query.task_open || rows.integer(3) != 0 || rows.integer(4) != 0);
}

EventRow SqliteReader::listed_event(int64_t seq) {
  EventRow out;
  Rows rows(sql_->listed_event, seq);
  if (!rows.next()) return out;
  out.id = rows.uuid(0);
  out.tenant = rows.text(1);
  out.principal = rows.text(2);
  out.kind = rows.text(3);
  out.accepted_at = rows.instant(4);
  out.document_id = rows.text(5);
  out.document_sha256 = rows.text(6);
  out.attention = attention_of(seq);
  out.deliveries = deliveries_of(seq, out);
  return out;
}

void SqliteReader::collect(Rows& candidates, const EventQuery& query, EventPage& page) {
  const size_t most = static_cast<size_t>(bounded(query.most));
  const bool every_delivery_will_do =
      query.states.empty() && query.adapter.empty() && query.address_mac.empty() && !query.task_open;
  int64_t last = 0;
  for (int spent = 0; candidates.next(); ++spent) {
    const int64_t seq = candidates.integer(0);
    if (seq == last) continue;  // another delivery, or a case, of the same event
    if (spent >= list_budget || page.events.size() == most) {
      page.next = last;
      return;
    }
    last = seq;
    if (!passes(candidates, query)) continue;
    spent += look_cost;
    if (every_delivery_will_do || fulfils(seq, query)) page.events.push_back(listed_event(seq));
  }
}

Result<EventPage> SqliteReader::list(const EventQuery& query) {
  return at_one_moment(EventPage{}, [&](EventPage& page) {
    const int64_t before = query.before > 0 ? query.before : INT64_MAX;
    if (!query.address_mac.empty()) {
      Rows rows(sql_->addressed_candidates, Blob{query.address_mac}, before);
      collect(rows, query, page);
    } else if (asks_for_unfinished(query)) {
      Rows rows(sql_->unfinished_candidates, before);
      collect(rows, query, page);
    } else {
      Rows rows(sql_->candidates, query.owner.tenant, before);
      collect(rows, query, page);
    }
  });
}

int64_t SqliteReader::number(Statement& statement) {
  Rows rows(statement);
  return rows.next() ? rows.integer(0) : 0;
}

Result<ChangePage> SqliteReader::changes_after(const Owner& owner, int64_t after, int most) {
  int64_t oldest = 0;
  bool gone = false;
  Result<ChangePage> page = at_one_moment(ChangePage{}, [&](ChangePage& out) {
    oldest = number(sql_->oldest_change);
    const int64_t last = number(sql_->last_change);
    gone = after != 0 && after < oldest - 1;
    const int64_t first = std::max(after + 1, oldest);
    out.seen = std::max(after, std::min(last, first - 1 + changes_looked_at));
    Rows rows(sql_->changes, first, out.seen, owner.tenant, owner.principal, bounded(most));
    while (!gone && rows.next()) {
      out.changes.push_back({rows.integer(0), rows.instant(1), rows.uuid(2), rows.text(3), rows.small(4),
                             rows.uuid(5), rows.text(6), static_cast<DeliveryState>(rows.small(7)),
                             rows.text(8), rows.text(9)});
    }
    if (out.changes.size() == static_cast<size_t>(bounded(most))) out.seen = out.changes.back().sequence;
    out.at_end = out.seen >= last;
  });
  if (page.ok() && gone) {
    return error_of(ErrorCode::sequence_gone, "the oldest change that is kept is " + std::to_string(oldest) +
                                                  ": watch from now, then list the events");
  }
  return page;
}

Result<int64_t> SqliteReader::last_change() { return answer(number(sql_->last_change)); }

std::string SqliteReader::attention_of(int64_t event_seq) {
  Rows rows(sql_->attention, event_seq);
  return rows.next() ? rows.text(0) : std::string();
}

std::vector<CaseRow> SqliteReader::cases(Rows& rows) {
  std::vector<CaseRow> out;
  while (rows.next()) {
    CaseRow row;
    row.id = rows.uuid(0);
    row.tenant = rows.text(1);
    row.kind = rows.text(2);
    row.revision = rows.integer(3);
    if (!rows.is_null(4)) row.event_id = rows.uuid(4);
    row.principal = rows.text(5);
    row.key = {rows.text(6), rows.text(7)};
    row.open = rows.integer(8) != 0;
    row.wake_at = rows.instant(9);
    row.attention = rows.text(10);
    row.state = rows.text(11);
    out.push_back(std::move(row));
  }
  return out;
}

Result<std::optional<CaseRow>> SqliteReader::only_case(Rows& rows) {
  std::vector<CaseRow> found = cases(rows);
  return answer(found.empty() ? std::nullopt : std::optional(std::move(found.front())));
}

Result<std::optional<CaseRow>> SqliteReader::case_of(const Uuid& id) {
  Rows rows(sql_->case_by_id, id);
  return only_case(rows);
}

Result<std::optional<CaseRow>> SqliteReader::case_of_event(const Uuid& event_id) {
  Rows rows(sql_->case_by_event, event_id);
  return only_case(rows);
}

Result<std::vector<CaseRow>> SqliteReader::cases_of_person(std::string_view tenant, std::string_view subject,
                                                           const std::array<std::string, 2>& person_macs,
                                                           int most) {
  std::vector<CaseRow> found;
  const auto add = [&](Statement& statement, const std::string& mac) {
    if (mac.empty()) return;
    const std::string claim = claim_of(tenant, subject, mac);
    Rows rows(statement, Blob{claim}, bounded(most));
    for (CaseRow& row : cases(rows)) {
      if (std::ranges::find(found, row.id, &CaseRow::id) == found.end()) found.push_back(std::move(row));
    }
  };
  add(sql_->cases_by_ins, person_macs[0]);
  add(sql_->cases_by_traits, person_macs[1]);
  if (found.size() > static_cast<size_t>(bounded(most))) found.resize(static_cast<size_t>(bounded(most)));
  return answer(std::move(found));
}

Result<std::vector<CaseRow>> SqliteReader::cases_to_wake(Instant now, int most) {
  Rows rows(sql_->cases_to_wake, now, bounded(most));
  return answer(cases(rows));
}

Result<std::optional<Instant>> SqliteReader::next_wake() {
  std::optional<Instant> earliest;
  {
    Rows rows(sql_->next_wake);
    if (rows.next()) earliest = rows.instant(0);
  }
  return answer(std::move(earliest));
}

Result<std::vector<ConsentedSend>> SqliteReader::sent_with_consent(std::string_view tenant,
                                                                   std::string_view patient_mac, int most) {
  std::vector<ConsentedSend> out;
  {
    Rows rows(sql_->sent_with_consent, tenant, Blob{patient_mac}, bounded(most));
    while (rows.next()) {
      out.push_back(
          {rows.uuid(0), rows.small(1), static_cast<DeliveryState>(rows.small(2)), rows.instant(3)});
    }
  }
  return answer(std::move(out));
}

Result<std::vector<BacklogRow>> SqliteReader::backlog() {
  std::map<std::tuple<std::string, int, int>, BacklogRow> counted;
  for (Statement* statement : {&sql_->backlog, &sql_->sending, &sql_->unknown}) {
    Rows rows(*statement);
    while (rows.next()) {
      BacklogRow& row = counted[{rows.text(0), rows.small(1), rows.small(2)}];
      row.oldest = row.count == 0 ? rows.instant(4) : std::min(row.oldest, rows.instant(4));
      row.count += rows.integer(3);
    }
  }
  std::vector<BacklogRow> out;
  for (const auto& [key, row] : counted) {
    const auto& [adapter, lane, state] = key;
    out.push_back(
        {adapter, static_cast<Lane>(lane), static_cast<DeliveryState>(state), row.count, row.oldest});
  }
  return answer(std::move(out));
}

Result<int64_t> SqliteReader::open_tasks() { return answer(number(sql_->open_tasks)); }

Result<std::vector<SqliteStore::KeyInUse>> SqliteReader::keys_in_use() {
  std::vector<SqliteStore::KeyInUse> out;
  {
    Rows rows(sql_->keys);
    while (rows.next()) out.push_back({rows.text(0), rows.text(1)});
  }
  return answer(std::move(out));
}

}  // namespace psl
