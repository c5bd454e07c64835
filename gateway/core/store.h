// The seam to durable memory. One commit() = one transaction = one fsync; only the committer calls it. Ledger
// answers questions, read only, indexed and bounded.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "gateway/base/env.h"
#include "gateway/base/result.h"
#include "gateway/base/uuid.h"
#include "gateway/core/outcome.h"
#include "gateway/core/seams.h"
#include "gateway/core/states.h"

namespace psl {

// Values equal passerelle.v1.Lane and are stored.
enum class Lane : uint8_t { crisis = 1, unscheduled_care = 2, letters = 3, bulk = 4 };
inline constexpr std::array<Lane, 4> lanes = {Lane::crisis, Lane::unscheduled_care, Lane::letters,
                                              Lane::bulk};

// What binds a sealed text to its place (Sealer::seal): who seals and who opens must agree.
inline constexpr std::string_view content_column = "event.content";
inline std::string document_column(int part) { return "document.content." + std::to_string(part); }

// What is sealed is opaque to the store; MACs are 32 bytes; ids are in clear.
struct NewDocument {
  // 0: the CDA. 1: the PDF beside it.
  int part = 0;
  int64_t size_bytes = 0;
  std::string sealed;
};

// `due_at` of a delivery that nothing sends before it is released.
inline constexpr Instant held{INT64_MAX};

struct NewDelivery {
  Uuid id;
  int recipient_index = 0;
  std::string adapter;
  // To know the same recipient of the same document again.
  std::string address_mac;
  Instant due_at;
  // A proposal of an orientation: its case says when its time is over, so it is neither late nor given up by
  // itself.
  bool proposal = false;
  // It leaves only while the patient's consent holds.
  bool needs_consent = false;
  // The delivery of the proposal that it tells of: to somebody who never got that one it is not sent either
  // (PROPOSAL_NOT_SENT). Nil: it tells of none.
  Uuid notice_of = {};
  // The member of a circle who gets it because of the circle (circle_member_id_of); nil: somebody else.
  Uuid member = {};
};

// A recipient that routing could not resolve: no delivery to send, a human task at once.
struct UnresolvedRecipient {
  Uuid delivery_id;
  int recipient_index = 0;
  // "NO_ADDRESS".
  std::string reason;
};

// A case: what goes on from one event to the next (an orientation, an enrolment, the circle of a patient).
// The store keeps its sealed state and changes it by compare-and-swap; what it means is the flow's.
struct CaseChange {
  Uuid id;  // case_id_of()
  std::string tenant;
  // "orientation", "enrolment", "circle".
  std::string kind;
  // The revision that the change was made from; 0: there is none yet. A change makes it one more.
  int64_t expected_revision = 0;
  // The event whose status shows the case; its principal owns it. Of the first change only. Of several cases
  // with one event, it shows the first. Nil: no event shows it, and no principal owns it.
  Uuid event_id;
  WrappedKey key;
  // Sealed as case_column, bound to `id`.
  std::string state;
  // When the flow looks at it again by itself; 0: never.
  Instant wake_at;
  // What a human must look at: "CANDIDATES_SPENT". Empty: nothing.
  std::string attention;
  // While it is open, no other case of the tenant may be open with the same `subject` for the same person.
  // Empty: any number may.
  bool open = true;
  std::string subject;
  // How the person is known: by the INS, by the traits. 32 bytes, or empty.
  std::array<std::string, 2> person_macs;
  // Others may be open with the same `subject` all the same: it only serves to find the cases of a person.
  bool shared = false;
};

// A case that a step was decided upon and leaves as it is. `revision` 0: there was none.
struct CaseSeen {
  Uuid id;
  int64_t revision = 0;
};

inline constexpr std::string_view case_column = "case.state";
// The same for the same case: `key` is the raw UUID of an orientation's event, or the MAC of a person or of
// an enrolment's identifier.
Uuid case_id_of(std::string_view kind, std::string_view tenant, std::string_view key);

// A held delivery may leave.
struct ReleaseDelivery {
  Uuid delivery_id;
  Instant due_at;
};

// From any edge but those of an attempt: may_repeat, cannot_tell, given_up, outcome_lost, cancelled,
// retried... `reason` as in Outcome.
struct MoveDelivery {
  Uuid delivery_id;
  Instant at;
  Happening happening = Happening::given_up;
  std::string reason;
  Instant due_at;
  // Who asked, for the audit: the principal's name; empty: the gateway itself.
  std::string actor = {};
  // Of `retried`: the caller's idempotency key. The key of the last retry again is already_accepted.
  std::string key = {};
};

// One member of the circle that is this case.
Uuid circle_member_id_of(const Uuid& circle, std::string_view member_id);

// What goes to this member because of the circle and has not left is cancelled for `reason`, what is under
// way is not repeated. What the step's own event brings stays.
struct StoppedMember {
  Uuid member;
  std::string reason;
};

// Whom the patient does not want to have anything, whoever names them, as one circle knows it: in place of
// what stood before. Nothing to these addresses is begun any more (PATIENT_OBJECTED).
struct ObjectedTo {
  Uuid circle;
  std::string patient_mac;
  std::vector<std::string> address_macs;
};

// Everything that one step does to cases and to what is owed already, in one transaction. A move or a release
// whose delivery has gone on meanwhile is left out, but a proposal that a step ends while it is under way
// does not leave again; a case that has changed undoes all.
struct CaseStep {
  Instant at;
  // Each case once.
  std::vector<CaseChange> cases;
  // They too must stand as they did: who was routed to by a circle is not, once its consent is withdrawn.
  std::vector<CaseSeen> seen;
  std::vector<ReleaseDelivery> releases;
  std::vector<MoveDelivery> moves;
  // Of this person, in the step's tenant: what needs consent and has not left is cancelled
  // (CONSENT_WITHDRAWN), what is under way is not repeated; an open case whose proposals rest on it is woken.
  std::string tenant;
  std::vector<std::string> consent_withdrawn_of;
  std::vector<StoppedMember> stopped_members;
  // In the step's tenant.
  std::vector<ObjectedTo> objected_to;
  // One audit record each, of codes, numbers and ids only: "orientation=accepted proposal=2 rules=v1".
  std::vector<std::string> audit;
};

// A step that no event carries. Effects: done, case_changed.
struct StepCase {
  CaseStep step;
  // For the audit. Empty: the gateway itself.
  std::string actor;
  // The event that the audit records are about.
  Uuid event_id;
};

struct AcceptEvent {
  Uuid id;
  std::string tenant;
  std::string principal;
  std::string idempotency_key;
  std::string content_mac;
  std::string kind;
  Lane lane = Lane::letters;
  Instant accepted_at;
  Instant occurred_at;
  Instant alert_at;
  Instant give_up_at;
  // How the person is known: by the INS, else by the traits. Empty when neither tells.
  std::string patient_mac;
  WrappedKey key;
  // StoredEvent, sealed as column "event.content".
  std::string content;
  // OID, and its comparisons: the MAC of the CDA's bytes.
  std::string document_id;
  std::string document_mac;
  // Lower-case hexadecimal SHA-256 of the CDA.
  std::string document_sha256;
  // OID of the document replaced; empty when none.
  std::string replaces;
  // What all versions of the document share, and which one this is; empty when the document does not say.
  std::string set_id;
  int version = 1;
  // `replaces` was not in the ledger when its restrictions were asked for.
  bool replaced_unknown = false;
  std::vector<NewDocument> documents;
  std::vector<NewDelivery> deliveries;
  std::vector<UnresolvedRecipient> unresolved;
  // What it does to cases; judged before anything is written.
  CaseStep step;
  // The event that this one goes on from: at each address, its deliveries leave after that one's.
  std::optional<Uuid> follows;
};

// pending -> sending.
struct StartAttempt {
  Uuid delivery_id;
  Instant at;
  // Lower-case hexadecimal SHA-256 of what will be sent, and how the partner will know it.
  std::string payload_sha256;
  std::string reference;
};

// sending -> what the verdict says. `due_at`: when a pending or unknown one is looked at again.
struct RecordOutcome {
  Uuid delivery_id;
  Instant at;
  Outcome outcome;
  Instant due_at;
};

// Tells a human that a delivery is late (alert_at passed); once per delivery.
struct OpenLateTask {
  Uuid delivery_id;
  Instant at;
};

// Drops the changes before `before`, except the last one; at most `most` of them, oldest first. Effect: done
// when it dropped so many that more may be there, missing when there were fewer.
struct PurgeChanges {
  Instant before;
  int most = 10000;
};

using Command = std::variant<AcceptEvent, StartAttempt, RecordOutcome, MoveDelivery, OpenLateTask,
                             PurgeChanges, StepCase>;

// What a command came to. Each effect is durable when commit() returns.
enum class Effect {
  done,
  already_accepted,     // AcceptEvent: same key, same content; MoveDelivery: retried under this key before
  key_reused,           // AcceptEvent: same key, other content; nothing was written
  document_id_reused,   // AcceptEvent: known document id with other bytes; nothing was written
  version_reused,       // AcceptEvent: another document of the set has this version; nothing was written
  newer_version_known,  // AcceptEvent: the set has a newer version, or another document replaces this one;
                        // nothing was written
  replaced_appeared,    // AcceptEvent: `replaced_unknown`, and it is there by now; nothing was written
  stale,                // the state table has no such edge from where the delivery is; nothing was written
  missing,              // no such delivery
  linked,        // AcceptEvent: done, and some recipients follow an earlier delivery of the same document
  disk_full,     // AcceptEvent: too little disk is left; nothing was written
  case_changed,  // AcceptEvent, StepCase: a case is no longer at its expected revision; nothing was written
  case_open,     // AcceptEvent: another case of this subject is open for this person; nothing was written
};

// Called by one thread, the committer. After one failed write or sync every later commit() fails: what is on
// the disk is no longer known.
class Store {
 public:
  virtual ~Store() = default;
  // One effect per command, in order. An error means that none of the batch is durable.
  virtual Result<std::vector<Effect>> commit(std::span<const Command> batch) = 0;
};

// A delivery as the dispatcher needs it.
struct DueDelivery {
  Uuid id;
  Uuid event_id;
  std::string tenant;
  std::string adapter;
  DeliveryState state = DeliveryState::pending;
  Lane lane = Lane::letters;
  int recipient_index = 0;
  int attempts = 0;
  int generation = 0;
  Instant due_at;
  Instant give_up_at;
};

struct DeliveryRow {
  DueDelivery due;
  Instant delivered_at;  // 0 when it is not
  std::string reason;
  std::string partner_code;
  std::string reference;
  std::optional<Uuid> same_as;  // then `due.state` and the rest are those of that delivery
  std::optional<Uuid> task_id;  // open task
};

struct DocumentRow {
  int part = 0;
  int64_t size_bytes = 0;
  std::string sealed;
};

// A case as it stands. While it is open, a delivery of its event that is rejected, handed over or cancelled
// outside a step wakes it at once, and so does the end of a consent that its proposals rest on; that makes
// its revision one more, so that a step which did not see it is judged again.
struct CaseRow {
  Uuid id;
  std::string tenant;
  std::string kind;
  int64_t revision = 0;
  Uuid event_id;
  // Of that event.
  std::string principal;
  WrappedKey key;
  std::string state;
  bool open = true;
  Instant wake_at;
  std::string attention;
};

// A delivery that needed consent and has left, or may have.
struct ConsentedSend {
  Uuid event_id;
  int recipient_index = 0;
  DeliveryState state = DeliveryState::delivered;
  Instant delivered_at;
};

struct EventRow {
  Uuid id;
  std::string tenant;
  std::string principal;
  std::string kind;
  std::string content_mac;
  Instant accepted_at;
  WrappedKey key;
  std::string content;
  std::string document_id;
  std::string document_sha256;
  // Of the case that this event shows; empty when there is none.
  std::string attention;
  std::vector<DeliveryRow> deliveries;
};

// Whose events: of one tenant, and of one principal, or of all when it is empty.
struct Owner {
  std::string tenant;
  std::string principal;
};

// As passerelle.v1.EventFilter; empty members let everything pass.
struct EventQuery {
  Owner owner;
  std::vector<DeliveryState> states;
  std::vector<std::string> kinds;
  std::optional<Instant> accepted_from;
  std::optional<Instant> accepted_before;
  std::string address_mac;
  std::string adapter;
  bool task_open = false;
  // Only events with a smaller store number; 0: from the newest.
  int64_t before = 0;
  int most = 50;
};

// Without `content`: nothing sealed is read.
struct EventPage {
  std::vector<EventRow> events;
  // To go on with as EventQuery::before; 0: there are no more. A page looks at a bounded number of events, so
  // it may be short, or empty, and still not the last.
  int64_t next = 0;
};

// One change of state of one delivery. A delivery that follows another has the changes of that one as its
// own.
struct ChangeRow {
  int64_t sequence = 0;
  Instant at;
  Uuid event_id;
  std::string kind;
  int recipient_index = 0;
  Uuid delivery_id;
  std::string adapter;
  DeliveryState state = DeliveryState::pending;
  std::string reason;
  std::string partner_code;
};

struct ChangePage {
  std::vector<ChangeRow> changes;
  // All changes up to this sequence were looked at: go on after it.
  int64_t seen = 0;
  // False: more are there already.
  bool at_end = true;
};

// What waits: for the operator's metrics.
struct BacklogRow {
  std::string adapter;
  Lane lane = Lane::letters;
  DeliveryState state = DeliveryState::pending;
  int64_t count = 0;
  // When the oldest of them was accepted.
  Instant oldest;
};

// Thread safe. Sees what is committed and nothing else.
class Ledger {
 public:
  virtual ~Ledger() = default;
  // Without documents. not_found when there is none.
  virtual Result<EventRow> event(const Uuid& id) = 0;
  virtual Result<std::vector<DocumentRow>> documents(const Uuid& event_id) = 0;

  // Deliveries of `adapter` in `lane`, pending with due_at <= now, oldest due first, at most `most`. Leaves
  // out one whose document replaces another that is still pending, sending or unknown at the same address,
  // and one of an event that follows another which has such a delivery there. Nothing waits for one that is
  // held. Nor a proposal past its give_up_at, unless a human retried it: its case expires it.
  virtual Result<std::vector<DueDelivery>> due(std::string_view adapter, Lane lane, Instant now,
                                               int most) = 0;
  // In state unknown with due_at <= now.
  virtual Result<std::vector<DueDelivery>> unsettled(std::string_view adapter, Instant now, int most) = 0;
  // pending or unknown with give_up_at <= now, but for proposals.
  virtual Result<std::vector<DueDelivery>> overdue(Instant now, int most) = 0;
  // Not final, alert_at <= now, and no late task yet; but for proposals.
  virtual Result<std::vector<DueDelivery>> late(Instant now, int most) = 0;
  // In state sending: at start, those that a dead process left behind.
  virtual Result<std::vector<DueDelivery>> interrupted(int most) = 0;
  // Dispatch::replaced_there, of the delivery's event.
  virtual Result<std::optional<std::string>> replaced_there(const Uuid& delivery_id) = 0;
  // The newest event of the tenant that carries this document; nothing when none does.
  virtual Result<std::optional<Uuid>> event_with_document(std::string_view tenant,
                                                          std::string_view document_id) = 0;
  // The event that a delivery belongs to.
  virtual Result<Uuid> event_of(const Uuid& delivery_id) = 0;
  // Newest first.
  virtual Result<EventPage> list(const EventQuery& query) = 0;
  // The owner's changes after `after`, oldest first, at most `most`, looking at a bounded number of changes.
  // `sequence_gone` when changes after `after` were purged.
  virtual Result<ChangePage> changes_after(const Owner& owner, int64_t after, int most) = 0;
  // The last sequence of all; 0 when there is none.
  virtual Result<int64_t> last_change() = 0;
  // The case of that id; nothing when there is none.
  virtual Result<std::optional<CaseRow>> case_of(const Uuid& id) = 0;
  // The case that this event shows; nothing when there is none.
  virtual Result<std::optional<CaseRow>> case_of_event(const Uuid& event_id) = 0;
  // The open cases of the tenant that were given `subject` and this person (CaseChange::person_macs): those
  // of the INS, then others of the traits, each in the order in which they began, at most `most`.
  virtual Result<std::vector<CaseRow>> cases_of_person(std::string_view tenant, std::string_view subject,
                                                       const std::array<std::string, 2>& person_macs,
                                                       int most) = 0;
  // wake_at above 0 and at or before `now`, the earliest first.
  virtual Result<std::vector<CaseRow>> cases_to_wake(Instant now, int most) = 0;
  // The earliest wake_at above 0; nothing when there is none.
  virtual Result<std::optional<Instant>> next_wake() = 0;
  // What needed consent and was sent to anybody about this person (AcceptEvent::patient_mac), newest first.
  virtual Result<std::vector<ConsentedSend>> sent_with_consent(std::string_view tenant,
                                                               std::string_view patient_mac, int most) = 0;
  // Deliveries that are not final, but for held ones, by adapter, lane and state.
  virtual Result<std::vector<BacklogRow>> backlog() = 0;
  // Human tasks that are open, and cases that need attention.
  virtual Result<int64_t> open_tasks() = 0;

  // The earliest time at which due(), unsettled(), overdue() or late() will have something new; nothing when
  // never.
  virtual Result<std::optional<Instant>> next_due() = 0;
};

// The way in to the committer. Thread safe, never waits: `done` is called once, later, on the committer's
// thread (or at once, on the caller's, with an error when the queue is full or closed). It must not block.
class CommandSink {
 public:
  virtual ~CommandSink() = default;
  virtual void submit(Command command, std::function<void(Result<Effect>)> done) = 0;
};

}  // namespace psl
