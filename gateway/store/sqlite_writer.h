// The writing connection: applies commands inside one transaction. Private to this folder.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "gateway/core/store.h"
#include "gateway/store/audit.h"
#include "gateway/store/sqlite_database.h"
#include "gateway/store/sqlite_store.h"

namespace psl {

struct SqliteWriterStatements;

// One thread.
class SqliteWriter {
 public:
  static Result<std::unique_ptr<SqliteWriter>> open(const SqliteOptions& options);
  // open() does this.
  SqliteWriter(std::unique_ptr<Database> database, const SqliteOptions& options);
  ~SqliteWriter();

  Result<std::vector<Effect>> commit(std::span<const Command> batch);
  std::vector<std::string> statements() const;

 private:
  // A delivery as a command finds it.
  struct Target {
    int64_t seq = 0;
    int64_t event_seq = 0;
    Uuid id;
    Uuid event_id;
    DeliveryState state = DeliveryState::pending;
    int attempts = 0;
    int generation = 0;
    bool follows_another = false;
    bool has_adapter = false;
    // Replaced, or a proposal that its case has ended.
    bool superseded = false;
    bool late = false;
    std::string retry_key = {};
    bool consent_withdrawn = false;
    bool is_held = false;
    bool is_proposal = false;
    // Why it may not leave any more; empty: it may.
    std::string stopped = {};
  };
  // What comes with a change of state.
  struct Move {
    Happening happening;
    Instant at;
    std::string_view reason;
    std::string_view partner_code;
    Instant due_at;
    std::string_view actor = "gateway";
  };
  // What watchers are told.
  struct Change {
    int64_t event_seq = 0;
    int64_t delivery_seq = 0;
    DeliveryState state = DeliveryState::pending;
    Instant at;
    std::string reason;
    std::string partner_code;
  };
  // An event's place among those that carry, or replace, the same document, or that follow each other.
  struct Family {
    int64_t document = 0;
    int64_t lineage = 0;
    // `document` of the one that it says it replaces; 0 when that one is unknown.
    int64_t replaced = 0;
    // Of the first of those that follow each other; 0 when it follows none.
    int64_t thread = 0;
  };

  static constexpr std::string_view reason_consent_withdrawn = "CONSENT_WITHDRAWN";

  bool load_counters();
  Error abandon();
  void checkpoint();

  Effect apply(const AcceptEvent& event);
  Effect apply(const StartAttempt& start);
  Effect apply(const RecordOutcome& record);
  Effect apply(const MoveDelivery& move);
  Effect apply(const OpenLateTask& late);
  Effect apply(const PurgeChanges& purge);
  Effect apply(const StepCase& step);

  // Done when nothing newer stands in its way.
  Effect judge_version(const AcceptEvent& event);
  // Done when every case stands as the step expects it, and none that it opens is open already.
  Effect judge_step(const CaseStep& step);
  bool disk_has_room(const AcceptEvent& event);
  Family family_of(const AcceptEvent& event, int64_t seq, int64_t known_document, int64_t known_lineage);
  int64_t thread_of(const AcceptEvent& event);
  void insert_event(const AcceptEvent& event, int64_t seq, const Family& family);
  void supersede(const AcceptEvent& event, const Family& family);
  // True when it follows an earlier delivery.
  bool insert_delivery(const AcceptEvent& event, int64_t event_seq, const Family& family,
                       const NewDelivery& delivery);
  void insert_unresolved(const AcceptEvent& event, int64_t event_seq, const Family& family,
                         const UnresolvedRecipient& unresolved);

  // After judge_step(). `own_event`: the store number of the event that brings the step; 0: none does.
  void take_step(const CaseStep& step, std::string_view actor, const Uuid& event_id, int64_t own_event);
  void write_case(const CaseChange& change);
  void release(const ReleaseDelivery& wanted, Instant at, std::string_view actor);
  void withdraw_consent(const CaseStep& step, const std::string& patient_mac, std::string_view actor);
  void stop_member(const StoppedMember& stopped, Instant at, std::string_view actor, int64_t own_event);
  void replace_objected(const std::string& tenant, const ObjectedTo& objected);
  bool is_objected_to(const Target& delivery);
  // What tells of a proposal does not go to somebody who cannot have got it; nothing for what is none.
  void drop_notices(const Target& proposal, Instant at);
  bool cannot_have_left(const Target& delivery);
  // The flow must look at what became of a delivery whose end it did not bring about itself.
  void wake_case(const Target& delivery, Instant at);
  void remember_key(const std::string& tenant, const WrappedKey& key);

  std::optional<Target> target(const Uuid& delivery_id);
  bool may_retry(const Target& delivery);
  bool is_followed(const Target& delivery);
  Effect move_as_asked(const MoveDelivery& wanted);
  // False: the table has no such edge.
  bool move(Target& delivery, const Move& what);
  // What may not leave any more, when an attempt that was under way took nothing.
  void cancel_if_stopped(Target& delivery, Instant at);
  void keep_tasks(const Target& delivery, DeliveryState to, Instant at, std::string_view reason);
  void open_task(const Target& delivery, std::string_view kind, Instant at, std::string_view reason);
  void record_change(const Change& change);
  // Also for the deliveries that follow this one.
  void record_changes(Change change);
  void audit(AuditRecord record);

  const SqliteOptions options_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<SqliteWriterStatements> sql_;
  bool poisoned_ = false;
  // Frames in the write-ahead log after the last commit.
  int wal_frames_ = 0;
  // What may still be written in this batch; asked once, when an event first needs it.
  std::optional<int64_t> room_bytes_;
  int64_t next_event_ = 1;
  int64_t next_delivery_ = 1;
  int64_t next_change_ = 1;
  int64_t next_task_ = 1;
  int64_t next_audit_ = 1;
  std::string last_audit_hash_;
  // Already in the table tenant_key.
  std::set<std::pair<std::string, std::string>> known_keys_;
};

}  // namespace psl
