#include "gateway/store/sqlite_writer.h"

#include <sqlite3.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <utility>

#include "gateway/base/hash.h"
#include "gateway/store/sqlite_schema.h"

namespace psl {

// All the writer's SQL. `state IN (...)` is written as in the index that serves it: SQLite compares texts.
struct SqliteWriterStatements {
  explicit SqliteWriterStatements(Database& database) : db(database) {}
  Database& db;

  Statement begin{db, "BEGIN IMMEDIATE"};
  Statement commit{db, "COMMIT"};
  Statement event_by_key{
      db, "SELECT content_mac FROM event WHERE tenant = ?1 AND principal = ?2 AND idempotency_key = ?3"};
  Statement first_with_document{db,
                                "SELECT seq, lineage, document_mac FROM event WHERE tenant = ?1 AND "
                                "document_id = ?2 ORDER BY seq LIMIT 1"};
  // The newest version of a set.
  Statement newest_of_set{
      db,
      "SELECT version, lineage FROM event WHERE tenant = ?1 AND set_id = ?2 AND set_id <> ''"
      " ORDER BY version DESC LIMIT 1"};
  Statement other_of_version{db,
                             "SELECT 1 FROM event WHERE tenant = ?1 AND set_id = ?2 AND set_id <> ''"
                             " AND version = ?3 AND document_id <> ?4 LIMIT 1"};
  Statement replacement_of{db,
                           "SELECT 1 FROM event WHERE tenant = ?1 AND replaces = ?2 AND replaces <> ''"
                           " AND document_id <> ?2 LIMIT 1"};
  Statement join_events{db,
                        "UPDATE event SET lineage = ?3 WHERE tenant = ?1 AND set_id = ?2 AND set_id <> ''"};
  Statement join_deliveries{db,
                            "UPDATE delivery SET lineage = ?3 WHERE event IN (SELECT seq FROM event"
                            " WHERE tenant = ?1 AND set_id = ?2 AND set_id <> '')"};
  Statement newer_than_delivery{db,
                                "SELECT 1 FROM delivery d CROSS JOIN event e ON e.seq = d.event"
                                " CROSS JOIN event n ON n.tenant = e.tenant AND n.set_id = e.set_id"
                                " AND n.set_id <> '' AND n.version > e.version WHERE d.seq = ?1 LIMIT 1"};
  Statement insert_event{db,
                         "INSERT INTO event(seq, id, tenant, principal, idempotency_key, content_mac, kind, "
                         "lane, accepted_at, occurred_at,"
                         " alert_at, give_up_at, patient_mac, key_id, wrapped_key, document_id, "
                         "document_mac, document_sha256, replaces,"
                         " document, lineage, content, set_id, version)"
                         " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, "
                         "?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24)"};
  Statement insert_document{db,
                            "INSERT INTO document(event, part, size_bytes, sealed) VALUES(?1, ?2, ?3, ?4)"};
  Statement insert_tenant_key{db, "INSERT OR IGNORE INTO tenant_key(tenant, key_id) VALUES(?1, ?2)"};
  Statement same_delivery{
      db,
      "SELECT seq, state, reason, partner_code FROM delivery WHERE lineage = ?1 AND adapter = ?2 AND "
      "address_mac = ?3 AND document = ?4 AND state IN (1, 2, 3, 4) LIMIT 1"};
  // The same document, or one that replaces it.
  Statement brought_by_another{
      db,
      "SELECT 1 FROM delivery d CROSS JOIN delivery x ON x.lineage = d.lineage AND x.adapter = d.adapter"
      " AND x.address_mac = d.address_mac AND x.state IN (1, 2, 3, 4)"
      " AND (x.document = d.document OR x.seq > d.seq) WHERE d.seq = ?1 LIMIT 1"};
  Statement replaced_deliveries{
      db,
      "SELECT d.id FROM delivery d JOIN event e ON e.seq = d.event WHERE d.lineage = ?1 AND d.document = ?2"
      " AND d.state IN (1, 2, 3, 4) AND d.state <> 4 AND e.principal = ?3"};
  Statement mark_superseded{
      db,
      "UPDATE delivery SET superseded = 1 WHERE event IN (SELECT seq FROM event WHERE tenant = ?1 AND "
      "document_id = ?2 AND principal = ?3)"};
  Statement insert_delivery{db,
                            "INSERT INTO delivery(seq, id, event, recipient_index, adapter, address_mac, "
                            "document, lineage, same_as, state,"
                            " lane, attempts, generation, due_at, alert_at, give_up_at, delivered_at, late, "
                            "superseded, reason, partner_code,"
                            " reference) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 0, 0, ?12, "
                            "?13, ?14, 0, 0, 0, ?15, '', '')"};
  Statement delivery_by_id{
      db,
      "SELECT d.seq, d.event, e.id, d.state, d.attempts, d.generation, d.same_as IS NOT NULL, d.adapter <> "
      "'',"
      " d.superseded, d.late, d.retry_key FROM delivery d JOIN event e ON e.seq = d.event WHERE d.id = ?1"};
  Statement update_delivery{db,
                            "UPDATE delivery SET state = ?2, due_at = ?3, delivered_at = ?4, reason = ?5, "
                            "partner_code = ?6 WHERE seq = ?1"};
  Statement start_delivery{db, "UPDATE delivery SET state = 2, attempts = ?2, reference = ?3 WHERE seq = ?1"};
  // The span that was first given to the event is given again.
  Statement renew_delivery{
      db,
      "UPDATE delivery SET generation = generation + 1, attempts = 0, late = 0, retry_key = ?3,"
      " alert_at = ?2 + (SELECT alert_at - accepted_at FROM event WHERE event.seq = delivery.event),"
      " give_up_at = ?2 + (SELECT give_up_at - accepted_at FROM event WHERE event.seq = delivery.event) "
      "WHERE seq = ?1"};
  Statement mark_late{db, "UPDATE delivery SET late = 1 WHERE seq = ?1"};
  Statement insert_attempt{db,
                           "INSERT INTO attempt(delivery, generation, number, started_at, payload_sha256, "
                           "reference, happening, reason,"
                           " partner_code) VALUES(?1, ?2, ?3, ?4, ?5, ?6, '', '', '')"};
  Statement end_attempt{db,
                        "UPDATE attempt SET ended_at = ?4, happening = ?5, reason = ?6, partner_code = ?7"
                        " WHERE delivery = ?1 AND generation = ?2 AND number = ?3"};
  Statement lost_attempt{db,
                         "SELECT 1 FROM attempt WHERE delivery = ?1 AND happening = 'outcome_lost' LIMIT 1"};
  Statement insert_task{
      db, "INSERT INTO task(seq, id, delivery, kind, reason, opened_at) VALUES(?1, ?2, ?3, ?4, ?5, ?6)"};
  Statement close_task{db, "UPDATE task SET closed_at = ?2 WHERE delivery = ?1 AND closed_at IS NULL"};
  Statement insert_change{db,
                          "INSERT INTO change(seq, event, delivery, state, at, reason, partner_code)"
                          " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)"};
  Statement followers{db, "SELECT event, seq FROM delivery WHERE same_as = ?1"};
  Statement oldest_change{db, "SELECT min(seq) FROM change"};
  // By number and not by time alone: what is kept has no gap, whatever the clock did.
  Statement first_change_to_keep{
      db, "SELECT seq FROM change WHERE seq BETWEEN ?1 AND ?2 AND at >= ?3 ORDER BY seq LIMIT 1"};
  Statement drop_changes{db, "DELETE FROM change WHERE seq BETWEEN ?1 AND ?2"};
  Statement insert_audit{db,
                         "INSERT INTO audit(seq, at, actor, action, event, delivery, detail, hash)"
                         " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"};
};

namespace {

// Beside its sealed bytes an event takes this much, with its index entries; all of it is written twice, to
// the log and to the file.
constexpr int64_t event_overhead_bytes = 16 * 1024;
constexpr std::string_view reason_replaced = "REPLACED";
constexpr std::string_view reason_late = "LATE";

uint64_t system_free_bytes(const std::string& path) {
  struct statvfs facts {};
  // A disk that does not even answer is taken for full.
  if (::statvfs(path.c_str(), &facts) != 0) return 0;
  return uint64_t{facts.f_bavail} * facts.f_frsize;
}

std::string edge_text(DeliveryState from, DeliveryState to) {
  return std::string(name_of(from)) + ">" + std::string(name_of(to));
}

}  // namespace

SqliteWriter::SqliteWriter(std::unique_ptr<Database> database, const SqliteOptions& options)
    : options_(options), database_(std::move(database)) {}

SqliteWriter::~SqliteWriter() {
  // Closing would copy the log into the file; after a failure the file stays as it is for the next start.
  if (poisoned_) sqlite3_db_config(database_->handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
}

Result<std::unique_ptr<SqliteWriter>> SqliteWriter::open(const SqliteOptions& options) {
  Result<std::unique_ptr<Database>> opened =
      Database::open(options.path, Database::Access::write, options.vfs);
  if (!opened) return std::move(opened).error();
  Database& database = **opened;
  database.execute(
      "PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY;"
      "PRAGMA cell_size_check = ON; PRAGMA cache_size = -16000");
  // Before the journal mode: another program's file must not be touched.
  if (Status migrated = migrate(database); !migrated) return std::move(migrated).error();
  database.execute(
      "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 67108864");
  {
    Statement mode(database, "PRAGMA journal_mode");
    Rows rows(mode);
    if (rows.next() && rows.bytes(0) != "wal") {
      return error_of(ErrorCode::configuration, "ledger: this file system cannot hold a write-ahead log");
    }
  }
  auto writer = std::make_unique<SqliteWriter>(std::move(*opened), options);
  writer->sql_ = std::make_unique<SqliteWriterStatements>(database);
  // In place of SQLite's own checkpoint, whose failures nobody is told.
  sqlite3_wal_hook(
      database.handle(),
      [](void* self, sqlite3*, const char*, int frames) {
        static_cast<SqliteWriter*>(self)->wal_frames_ = frames;
        return SQLITE_OK;
      },
      writer.get());
  if (!writer->load_counters()) return database.error();
  return writer;
}

bool SqliteWriter::load_counters() {
  const auto next = [this](const char* table) {
    return database_->integer(("SELECT max(seq) FROM " + std::string(table)).c_str()) + 1;
  };
  next_event_ = next("event");
  next_delivery_ = next("delivery");
  next_change_ = next("change");
  next_task_ = next("task");
  next_audit_ = next("audit");
  last_audit_hash_ = audit_origin();
  Statement last(*database_, "SELECT hash FROM audit ORDER BY seq DESC LIMIT 1");
  Rows rows(last);
  if (rows.next()) last_audit_hash_ = rows.text(0);
  return !database_->failed();
}

std::vector<std::string> SqliteWriter::statements() const { return database_->statements(); }

Result<std::vector<Effect>> SqliteWriter::commit(std::span<const Command> batch) {
  if (poisoned_) {
    return error_of(ErrorCode::store_unavailable,
                    "ledger: an earlier write failed; what is on the disk is not known");
  }
  std::vector<Effect> effects;
  effects.reserve(batch.size());
  room_bytes_.reset();
  sql_->begin.run();
  for (const Command& command : batch) {
    effects.push_back(std::visit([this](const auto& one) { return apply(one); }, command));
    if (database_->failed()) return abandon();
  }
  sql_->commit.run();
  if (database_->failed()) return abandon();
  if (wal_frames_ >= options_.checkpoint_frames) checkpoint();
  return effects;
}

Error SqliteWriter::abandon() {
  Error error = database_->error();
  // Only a file that someone else held is known to be as it was. All else stops the store for good; a disk
  // that filled up as well, though SQLite undoes that cleanly, for the rule must not rest on a list of
  // harmless failures.
  poisoned_ = error.code != ErrorCode::store_unavailable;
  database_->forget_failure();
  database_->execute("ROLLBACK");
  database_->forget_failure();  // SQLite may have rolled back by itself
  if (!poisoned_ && !load_counters()) poisoned_ = true;
  known_keys_.clear();
  return error;
}

void SqliteWriter::checkpoint() {
  wal_frames_ = 0;
  const int code =
      sqlite3_wal_checkpoint_v2(database_->handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  // What was committed is safe in the log; but a disk that refused this will not be trusted with more.
  if (code != SQLITE_OK && (code & 0xFF) != SQLITE_BUSY && (code & 0xFF) != SQLITE_LOCKED) poisoned_ = true;
}

Effect SqliteWriter::apply(const AcceptEvent& event) {
  {
    Rows rows(sql_->event_by_key, event.tenant, event.principal, event.idempotency_key);
    if (rows.next())
      return rows.bytes(0) == event.content_mac ? Effect::already_accepted : Effect::key_reused;
  }
  int64_t known_document = 0;
  int64_t known_lineage = 0;
  if (!event.document_id.empty()) {
    Rows rows(sql_->first_with_document, event.tenant, event.document_id);
    if (rows.next()) {
      if (rows.bytes(2) != event.document_mac) return Effect::document_id_reused;
      known_document = rows.integer(0);
      known_lineage = rows.integer(1);
    }
  }
  if (const Effect judged = judge_version(event); judged != Effect::done) return judged;
  if (!disk_has_room(event)) return Effect::disk_full;

  const int64_t seq = next_event_++;
  const Family family = family_of(event, seq, known_document, known_lineage);
  insert_event(event, seq, family);
  const AuditRecord accepted{0,
                             event.accepted_at,
                             event.principal,
                             "event.accepted",
                             event.id.raw(),
                             {},
                             "tenant=" + event.tenant + " kind=" + event.kind +
                                 " deliveries=" + std::to_string(event.deliveries.size()) +
                                 " unresolved=" + std::to_string(event.unresolved.size())};
  audit(accepted);
  supersede(event, family);
  bool linked = false;
  for (const NewDelivery& delivery : event.deliveries) {
    if (insert_delivery(event, seq, family, delivery)) linked = true;
  }
  for (const UnresolvedRecipient& unresolved : event.unresolved)
    insert_unresolved(event, seq, family, unresolved);
  return linked ? Effect::linked : Effect::done;
}

Effect SqliteWriter::judge_version(const AcceptEvent& event) {
  const auto finds = [](Statement& statement, const auto&... values) {
    Rows rows(statement, values...);
    return rows.next();
  };
  if (finds(sql_->other_of_version, event.tenant, event.set_id, event.version, event.document_id))
    return Effect::version_reused;
  {
    Rows rows(sql_->newest_of_set, event.tenant, event.set_id);
    if (rows.next() && rows.integer(0) > event.version) return Effect::newer_version_known;
  }
  // Documents that name no set still say what they replace.
  if (finds(sql_->replacement_of, event.tenant, event.document_id)) return Effect::newer_version_known;
  if (event.replaced_unknown && finds(sql_->first_with_document, event.tenant, event.replaces))
    return Effect::replaced_appeared;
  return Effect::done;
}

bool SqliteWriter::disk_has_room(const AcceptEvent& event) {
  if (!room_bytes_) {
    const uint64_t free =
        options_.disk_free_bytes ? options_.disk_free_bytes() : system_free_bytes(options_.path);
    room_bytes_ = static_cast<int64_t>(std::min<uint64_t>(free, INT64_MAX)) -
                  static_cast<int64_t>(std::min<uint64_t>(options_.disk_free_bytes_min, INT64_MAX));
  }
  size_t bytes = event.content.size();
  for (const NewDocument& document : event.documents) bytes += document.sealed.size();
  const int64_t needed = 2 * (static_cast<int64_t>(bytes) + event_overhead_bytes);
  if (needed > *room_bytes_) return false;
  *room_bytes_ -= needed;
  return true;
}

SqliteWriter::Family SqliteWriter::family_of(const AcceptEvent& event, int64_t seq, int64_t known_document,
                                             int64_t known_lineage) {
  Family family{known_document == 0 ? seq : known_document, known_document == 0 ? seq : known_lineage, 0};
  const bool is_new = known_document == 0;
  bool set_known = false;
  if (is_new) {
    // Also a version that does not say what it replaces waits for those before it.
    Rows rows(sql_->newest_of_set, event.tenant, event.set_id);
    set_known = rows.next();
    if (set_known) family.lineage = rows.integer(1);
  }
  if (event.replaces.empty() || event.replaces == event.document_id) return family;
  Rows rows(sql_->first_with_document, event.tenant, event.replaces);
  if (!rows.next()) return family;
  family.replaced = rows.integer(0);
  const int64_t of_set = std::exchange(family.lineage, is_new ? rows.integer(1) : family.lineage);
  if (set_known && of_set != family.lineage) {
    // It replaces a document of another set: from now on the versions before it wait with those.
    sql_->join_deliveries.run(event.tenant, event.set_id, family.lineage);
    sql_->join_events.run(event.tenant, event.set_id, family.lineage);
  }
  return family;
}

void SqliteWriter::insert_event(const AcceptEvent& event, int64_t seq, const Family& family) {
  sql_->insert_event.run(seq, event.id, event.tenant, event.principal, event.idempotency_key,
                         Blob{event.content_mac}, event.kind, static_cast<int>(event.lane), event.accepted_at,
                         event.occurred_at, event.alert_at, event.give_up_at, Blob{event.patient_mac},
                         event.key.key_id, Blob{event.key.wrapped}, event.document_id,
                         Blob{event.document_mac}, event.document_sha256, event.replaces, family.document,
                         family.lineage, Blob{event.content}, event.set_id, event.version);
  for (const NewDocument& document : event.documents) {
    sql_->insert_document.run(seq, document.part, document.size_bytes, Blob{document.sealed});
  }
  if (known_keys_.emplace(event.tenant, event.key.key_id).second) {
    sql_->insert_tenant_key.run(event.tenant, event.key.key_id);
  }
}

void SqliteWriter::supersede(const AcceptEvent& event, const Family& family) {
  if (family.replaced == 0) return;
  std::vector<Uuid> replaced;
  {
    Rows rows(sql_->replaced_deliveries, family.lineage, family.replaced, event.principal);
    while (rows.next()) replaced.push_back(rows.uuid(0));
  }
  for (const Uuid& id : replaced) {
    std::optional<Target> delivery = target(id);
    if (!delivery) continue;
    move(*delivery, {Happening::cancelled, event.accepted_at, reason_replaced, {}, {}, event.principal});
  }
  sql_->mark_superseded.run(event.tenant, event.replaces, event.principal);
}

bool SqliteWriter::insert_delivery(const AcceptEvent& event, int64_t event_seq, const Family& family,
                                   const NewDelivery& delivery) {
  const int64_t seq = next_delivery_++;
  int64_t earlier = 0;
  Change first{event_seq, seq, DeliveryState::pending, event.accepted_at, {}, {}};
  {
    Rows rows(sql_->same_delivery, family.lineage, delivery.adapter, Blob{delivery.address_mac},
              family.document);
    if (rows.next()) {
      earlier = rows.integer(0);
      first.state = static_cast<DeliveryState>(rows.small(1));
      first.reason = rows.text(2);
      first.partner_code = rows.text(3);
    }
  }
  const auto insert = [&](const auto& same_as, int state) {
    sql_->insert_delivery.run(seq, delivery.id, event_seq, delivery.recipient_index, delivery.adapter,
                              Blob{delivery.address_mac}, family.document, family.lineage, same_as, state,
                              static_cast<int>(event.lane), delivery.due_at, event.alert_at, event.give_up_at,
                              std::string_view());
  };
  if (earlier != 0) {
    insert(earlier, 0);
  } else {
    insert(nullptr, static_cast<int>(DeliveryState::pending));
  }
  record_change(first);
  return earlier != 0;
}

void SqliteWriter::insert_unresolved(const AcceptEvent& event, int64_t event_seq, const Family& family,
                                     const UnresolvedRecipient& unresolved) {
  Target delivery;
  delivery.seq = next_delivery_++;
  delivery.id = unresolved.delivery_id;
  sql_->insert_delivery.run(delivery.seq, delivery.id, event_seq, unresolved.recipient_index,
                            std::string_view(), Blob{}, family.document, family.lineage, nullptr,
                            static_cast<int>(DeliveryState::handed_over), static_cast<int>(event.lane),
                            event.accepted_at, event.alert_at, event.give_up_at, unresolved.reason);
  record_change(
      {event_seq, delivery.seq, DeliveryState::handed_over, event.accepted_at, unresolved.reason, {}});
  open_task(delivery, "not_reached", event.accepted_at, unresolved.reason);
}

std::optional<SqliteWriter::Target> SqliteWriter::target(const Uuid& delivery_id) {
  Rows rows(sql_->delivery_by_id, delivery_id);
  if (!rows.next()) return std::nullopt;
  Target found;
  found.seq = rows.integer(0);
  found.event_seq = rows.integer(1);
  found.id = delivery_id;
  found.event_id = rows.uuid(2);
  found.state = static_cast<DeliveryState>(rows.small(3));
  found.attempts = rows.small(4);
  found.generation = rows.small(5);
  found.follows_another = rows.integer(6) != 0;
  found.has_adapter = rows.integer(7) != 0;
  found.superseded = rows.integer(8) != 0;
  found.late = rows.integer(9) != 0;
  found.retry_key = rows.text(10);
  return found;
}

Effect SqliteWriter::apply(const StartAttempt& start) {
  std::optional<Target> delivery = target(start.delivery_id);
  if (!delivery) return Effect::missing;
  const std::optional<DeliveryState> to =
      delivery->follows_another ? std::nullopt : next_state(delivery->state, Happening::attempt_started);
  if (!to) return Effect::stale;
  const int number = delivery->attempts + 1;
  sql_->start_delivery.run(delivery->seq, number, start.reference);
  sql_->insert_attempt.run(delivery->seq, delivery->generation, number, start.at, start.payload_sha256,
                           start.reference);
  record_changes({delivery->event_seq, delivery->seq, *to, start.at, {}, {}});
  audit({0, start.at, "gateway", "delivery.attempt_started", delivery->event_id.raw(), delivery->id.raw(),
         edge_text(delivery->state, *to) + " attempt=" + std::to_string(number)});
  return Effect::done;
}

Effect SqliteWriter::apply(const RecordOutcome& record) {
  std::optional<Target> delivery = target(record.delivery_id);
  if (!delivery) return Effect::missing;
  const Move what{happening_of(record.outcome.verdict), record.at, record.outcome.reason,
                  record.outcome.partner_code, record.due_at};
  if (!move(*delivery, what)) return Effect::stale;
  cancel_if_replaced(*delivery, record.at);
  return Effect::done;
}

Effect SqliteWriter::apply(const MoveDelivery& wanted) {
  // An attempt has facts that this command does not carry.
  if (wanted.happening == Happening::attempt_started) return Effect::stale;
  std::optional<Target> delivery = target(wanted.delivery_id);
  if (!delivery) return Effect::missing;
  if (wanted.happening == Happening::retried) {
    if (!wanted.key.empty() && wanted.key == delivery->retry_key) return Effect::already_accepted;
    if (!may_retry(*delivery)) return Effect::stale;
  }
  // Another event counts on it: its sender did not ask for this.
  if (wanted.happening == Happening::cancelled && is_followed(*delivery)) return Effect::stale;
  Move what{wanted.happening, wanted.at, wanted.reason, {}, wanted.due_at};
  if (!wanted.actor.empty()) what.actor = wanted.actor;
  if (!move(*delivery, what)) return Effect::stale;
  if (wanted.happening == Happening::retried) sql_->renew_delivery.run(delivery->seq, wanted.at, wanted.key);
  cancel_if_replaced(*delivery, wanted.at);
  return Effect::done;
}

bool SqliteWriter::may_retry(const Target& delivery) {
  // Who has no address cannot be tried again: a new address makes a new delivery. Nor is an outdated document
  // sent after the one that replaces it, or a document twice to one address.
  if (!delivery.has_adapter || delivery.superseded) return false;
  for (Statement* statement : {&sql_->brought_by_another, &sql_->newer_than_delivery}) {
    Rows rows(*statement, delivery.seq);
    if (rows.next()) return false;
  }
  return true;
}

bool SqliteWriter::is_followed(const Target& delivery) {
  Rows rows(sql_->followers, delivery.seq);
  return rows.next();
}

Effect SqliteWriter::apply(const PurgeChanges& purge) {
  int64_t oldest = 0;
  {
    Rows rows(sql_->oldest_change);
    if (rows.next()) oldest = rows.integer(0);
  }
  const int most = std::max(1, purge.most);
  // The last one stays, so that its number is never given again.
  int64_t last = std::min(oldest + most - 1, next_change_ - 2);
  {
    Rows rows(sql_->first_change_to_keep, oldest, last, purge.before);
    if (rows.next()) last = rows.integer(0) - 1;
  }
  if (last >= oldest) sql_->drop_changes.run(oldest, last);
  return last - oldest + 1 == most ? Effect::done : Effect::missing;
}

Effect SqliteWriter::apply(const OpenLateTask& late) {
  const std::optional<Target> delivery = target(late.delivery_id);
  if (!delivery) return Effect::missing;
  if (delivery->follows_another || delivery->late || is_final(delivery->state)) return Effect::stale;
  sql_->mark_late.run(delivery->seq);
  open_task(*delivery, "late", late.at, reason_late);
  audit({0, late.at, "gateway", "delivery.late", delivery->event_id.raw(), delivery->id.raw(),
         std::string(name_of(delivery->state))});
  return Effect::done;
}

bool SqliteWriter::move(Target& delivery, const Move& what) {
  const std::optional<DeliveryState> to =
      delivery.follows_another ? std::nullopt : next_state(delivery.state, what.happening);
  if (!to) return false;
  const bool delivered = *to == DeliveryState::delivered;
  sql_->update_delivery.run(delivery.seq, static_cast<int>(*to), what.due_at, delivered ? what.at : Instant{},
                            what.reason, what.partner_code);
  if (delivery.state == DeliveryState::sending) {
    sql_->end_attempt.run(delivery.seq, delivery.generation, delivery.attempts, what.at,
                          name_of(what.happening), what.reason, what.partner_code);
  }
  record_changes({delivery.event_seq, delivery.seq, *to, what.at, std::string(what.reason),
                  std::string(what.partner_code)});
  keep_tasks(delivery, *to, what.at, what.reason);
  std::string detail = edge_text(delivery.state, *to);
  for (std::string_view code : {what.reason, what.partner_code}) {
    if (!code.empty()) detail += " " + std::string(code);
  }
  audit({0, what.at, std::string(what.actor), "delivery." + std::string(name_of(what.happening)),
         delivery.event_id.raw(), delivery.id.raw(), std::move(detail)});
  delivery.state = *to;
  return true;
}

// An attempt was under way when the replacement came. Nothing was taken, so the old document need not be sent
// any more; but once an outcome was lost it may have been, and "cancelled" would say that it was not.
void SqliteWriter::cancel_if_replaced(Target& delivery, Instant at) {
  if (!delivery.superseded || delivery.state != DeliveryState::pending) return;
  {
    Rows rows(sql_->lost_attempt, delivery.seq);
    if (rows.next()) return;
  }
  move(delivery, {Happening::cancelled, at, reason_replaced, {}, {}});
}

void SqliteWriter::keep_tasks(const Target& delivery, DeliveryState to, Instant at, std::string_view reason) {
  const bool leaves_human = needs_human(delivery.state) && !needs_human(to);
  if (leaves_human || is_final(to)) sql_->close_task.run(delivery.seq, at);
  if (needs_human(to)) open_task(delivery, "not_reached", at, reason);
}

void SqliteWriter::open_task(const Target& delivery, std::string_view kind, Instant at,
                             std::string_view reason) {
  const int64_t seq = next_task_++;
  // From what is stored only, so that a restored backup repeats it.
  const Uuid id = Uuid::from_hash(sha256_of_parts({"task", delivery.id.raw(), std::to_string(seq)}));
  sql_->insert_task.run(seq, id, delivery.seq, kind, reason, at);
}

void SqliteWriter::record_change(const Change& change) {
  sql_->insert_change.run(next_change_++, change.event_seq, change.delivery_seq,
                          static_cast<int>(change.state), change.at, change.reason, change.partner_code);
}

void SqliteWriter::record_changes(Change change) {
  record_change(change);
  std::vector<std::pair<int64_t, int64_t>> followers;
  {
    Rows rows(sql_->followers, change.delivery_seq);
    while (rows.next()) followers.emplace_back(rows.integer(0), rows.integer(1));
  }
  for (const auto& [event_seq, delivery_seq] : followers) {
    change.event_seq = event_seq;
    change.delivery_seq = delivery_seq;
    record_change(change);
  }
}

void SqliteWriter::audit(AuditRecord record) {
  record.seq = next_audit_++;
  last_audit_hash_ = audit_hash(last_audit_hash_, record);
  sql_->insert_audit.run(record.seq, record.at, record.actor, record.action, Blob{record.event},
                         Blob{record.delivery}, record.detail, Blob{last_audit_hash_});
}

}  // namespace psl
