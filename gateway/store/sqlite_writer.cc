#include "gateway/store/sqlite_writer.h"

#include <sqlite3.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <utility>

#include "gateway/base/hash.h"
#include "gateway/store/sqlite_schema.h"
#include "gateway/store/sqlite_writer_sql.h"

namespace psl {
namespace {

// Beside its sealed bytes an event takes this much, with its index entries; all of it is written twice, to
// the log and to the file.
constexpr int64_t event_overhead_bytes = 16 * 1024;
constexpr std::string_view reason_replaced = "REPLACED";
constexpr std::string_view reason_late = "LATE";
constexpr std::string_view reason_objected = "PATIENT_OBJECTED";
constexpr std::string_view reason_withdrawn = "PROPOSAL_WITHDRAWN";

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
  if (const Effect judged = judge_step(event.step); judged != Effect::done) return judged;
  if (!disk_has_room(event)) return Effect::disk_full;

  const int64_t seq = next_event_++;
  Family family = family_of(event, seq, known_document, known_lineage);
  family.thread = thread_of(event);
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
  take_step(event.step, event.principal, event.id, seq);
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
  for (const CaseChange& change : event.step.cases) bytes += change.state.size();
  const int64_t needed = 2 * (static_cast<int64_t>(bytes) + event_overhead_bytes);
  if (needed > *room_bytes_) return false;
  *room_bytes_ -= needed;
  return true;
}

SqliteWriter::Family SqliteWriter::family_of(const AcceptEvent& event, int64_t seq, int64_t known_document,
                                             int64_t known_lineage) {
  Family family{known_document == 0 ? seq : known_document, known_document == 0 ? seq : known_lineage, 0, 0};
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

int64_t SqliteWriter::thread_of(const AcceptEvent& event) {
  if (!event.follows) return 0;
  int64_t thread = 0;
  {
    Rows rows(sql_->thread_of_event, *event.follows);
    if (!rows.next()) return 0;
    thread = rows.integer(1) == 0 ? rows.integer(0) : rows.integer(1);
  }
  sql_->begin_thread.run(thread);
  return thread;
}

void SqliteWriter::insert_event(const AcceptEvent& event, int64_t seq, const Family& family) {
  sql_->insert_event.run(seq, event.id, event.tenant, event.principal, event.idempotency_key,
                         Blob{event.content_mac}, event.kind, static_cast<int>(event.lane), event.accepted_at,
                         event.occurred_at, event.alert_at, event.give_up_at, Blob{event.patient_mac},
                         event.key.key_id, Blob{event.key.wrapped}, event.document_id,
                         Blob{event.document_mac}, event.document_sha256, event.replaces, family.document,
                         family.lineage, Blob{event.content}, event.set_id, event.version, family.thread);
  for (const NewDocument& document : event.documents) {
    sql_->insert_document.run(seq, document.part, document.size_bytes, Blob{document.sealed});
  }
  remember_key(event.tenant, event.key);
}

void SqliteWriter::remember_key(const std::string& tenant, const WrappedKey& key) {
  if (known_keys_.emplace(tenant, key.key_id).second) sql_->insert_tenant_key.run(tenant, key.key_id);
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
  const std::string member_id = delivery.member == Uuid{} ? std::string() : delivery.member.raw();
  const Blob member{member_id};
  std::optional<Target> told_of;
  if (delivery.notice_of != Uuid{}) told_of = target(delivery.notice_of);
  // What has no document is not the same as anything, and a proposal says more than its document.
  if (!event.document_id.empty() && !delivery.proposal) {
    Rows rows(sql_->same_delivery, family.lineage, delivery.adapter, Blob{delivery.address_mac},
              family.document, int{delivery.needs_consent}, member);
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
                              std::string_view(), family.thread, int{delivery.proposal},
                              int{delivery.needs_consent}, told_of ? told_of->seq : int64_t{0}, member);
  };
  if (earlier != 0) {
    insert(earlier, 0);
  } else {
    insert(nullptr, static_cast<int>(DeliveryState::pending));
  }
  if (delivery.needs_consent) sql_->insert_consented.run(event.tenant, Blob{event.patient_mac}, seq);
  record_change(first);
  if (told_of) drop_notices(*told_of, event.accepted_at);
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
                            event.accepted_at, event.alert_at, event.give_up_at, unresolved.reason,
                            family.thread, 0, 0, 0, Blob{});
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
  found.consent_withdrawn = rows.integer(11) == 2;
  found.is_held = rows.instant(12) == held;
  found.is_proposal = rows.integer(13) != 0;
  found.stopped = rows.text(14);
  return found;
}

Effect SqliteWriter::apply(const StartAttempt& start) {
  std::optional<Target> delivery = target(start.delivery_id);
  if (!delivery) return Effect::missing;
  const bool may_leave = !delivery->follows_another && !delivery->is_held;
  const std::optional<DeliveryState> to =
      may_leave ? next_state(delivery->state, Happening::attempt_started) : std::nullopt;
  if (!to) return Effect::stale;
  if (is_objected_to(*delivery)) {
    move(*delivery, {Happening::cancelled, start.at, reason_objected, {}, {}});
    wake_case(*delivery, start.at);
    return Effect::stale;
  }
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
  cancel_if_stopped(*delivery, record.at);
  wake_case(*delivery, record.at);
  return Effect::done;
}

Effect SqliteWriter::apply(const MoveDelivery& wanted) {
  const Effect effect = move_as_asked(wanted);
  if (effect != Effect::done) return effect;
  if (const std::optional<Target> moved = target(wanted.delivery_id)) wake_case(*moved, wanted.at);
  return effect;
}

Effect SqliteWriter::move_as_asked(const MoveDelivery& wanted) {
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
  cancel_if_stopped(*delivery, wanted.at);
  return Effect::done;
}

bool SqliteWriter::may_retry(const Target& delivery) {
  // Who has no address cannot be tried again: a new address makes a new delivery. Nor is an outdated document
  // sent after the one that replaces it, or a document twice to one address.
  if (!delivery.has_adapter || delivery.superseded || delivery.consent_withdrawn) return false;
  if (!delivery.stopped.empty()) return false;
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
  drop_notices(delivery, what.at);
  return true;
}

void SqliteWriter::cancel_if_stopped(Target& delivery, Instant at) {
  if (delivery.state != DeliveryState::pending) return;
  if (delivery.consent_withdrawn) {
    move(delivery, {Happening::cancelled, at, reason_consent_withdrawn, {}, {}});
    return;
  }
  if (!delivery.stopped.empty()) {
    move(delivery, {Happening::cancelled, at, delivery.stopped, {}, {}});
    return;
  }
  if (!delivery.superseded) return;
  // Nobody may be asked any more, whatever became of an attempt before.
  if (delivery.is_proposal) {
    move(delivery, {Happening::cancelled, at, reason_withdrawn, {}, {}});
    return;
  }
  // An attempt was under way when the replacement came. Nothing was taken, so the old document need not be
  // sent any more; but once an outcome was lost it may have been, and "cancelled" would say that it was not.
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
