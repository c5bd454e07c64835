#include "gateway/store/sqlite_schema.h"

#include <string>

namespace psl {
namespace {

// In the header of the file: "PSL1". Another program's database has another number, or none.
constexpr int64_t our_application_id = 0x50534C31;

struct Migration {
  const char* name;
  const char* sql;
};

// Times are microseconds since 1970 UTC; `seq` numbers are the store's own and never used again (a purge
// keeps the last row of each table). Values of `state` and `lane` are those of the protos.
constexpr const char* first_tables = R"sql(
CREATE TABLE migration(
  version INTEGER PRIMARY KEY,
  name TEXT NOT NULL
) STRICT;

CREATE TABLE event(
  seq INTEGER PRIMARY KEY,
  id BLOB NOT NULL,
  tenant TEXT NOT NULL,
  principal TEXT NOT NULL,
  idempotency_key TEXT NOT NULL,
  content_mac BLOB NOT NULL,
  kind TEXT NOT NULL,
  lane INTEGER NOT NULL,
  accepted_at INTEGER NOT NULL,
  occurred_at INTEGER NOT NULL,
  alert_at INTEGER NOT NULL,
  give_up_at INTEGER NOT NULL,
  patient_mac BLOB NOT NULL,
  key_id TEXT NOT NULL,
  wrapped_key BLOB NOT NULL,
  document_id TEXT NOT NULL,
  document_mac BLOB NOT NULL,
  document_sha256 TEXT NOT NULL,
  replaces TEXT NOT NULL,
  -- seq of the tenant's first event with this document
  document INTEGER NOT NULL,
  -- `document` of the oldest one that this one replaces, through all replacements; its own when it replaces none
  lineage INTEGER NOT NULL,
  -- last, so that the columns above are read without it
  content BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX event_by_id ON event(id);
CREATE UNIQUE INDEX event_by_key ON event(tenant, principal, idempotency_key);
CREATE INDEX event_by_document ON event(tenant, document_id);

CREATE TABLE document(
  event INTEGER NOT NULL REFERENCES event(seq),
  part INTEGER NOT NULL,
  size_bytes INTEGER NOT NULL,
  sealed BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX document_by_event ON document(event, part);

CREATE TABLE delivery(
  seq INTEGER PRIMARY KEY,
  id BLOB NOT NULL,
  event INTEGER NOT NULL REFERENCES event(seq),
  recipient_index INTEGER NOT NULL,
  -- both empty for a recipient that routing could not resolve
  adapter TEXT NOT NULL,
  address_mac BLOB NOT NULL,
  document INTEGER NOT NULL,
  lineage INTEGER NOT NULL,
  -- the earlier delivery of the same document to the same address that this one follows; its state is then 0
  same_as INTEGER REFERENCES delivery(seq),
  state INTEGER NOT NULL,
  lane INTEGER NOT NULL,
  -- attempts of this generation
  attempts INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  due_at INTEGER NOT NULL,
  alert_at INTEGER NOT NULL,
  give_up_at INTEGER NOT NULL,
  delivered_at INTEGER NOT NULL,
  -- a human was told that it is late
  late INTEGER NOT NULL,
  -- a replacement of its document was accepted while it could not be cancelled
  superseded INTEGER NOT NULL,
  reason TEXT NOT NULL,
  partner_code TEXT NOT NULL,
  reference TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX delivery_by_id ON delivery(id);
CREATE INDEX delivery_by_event ON delivery(event, recipient_index);
CREATE INDEX delivery_due ON delivery(adapter, lane, due_at) WHERE state = 1;
CREATE INDEX delivery_sending ON delivery(adapter) WHERE state = 2;
CREATE INDEX delivery_unknown ON delivery(adapter, due_at) WHERE state = 3;
CREATE INDEX delivery_to_give_up ON delivery(give_up_at) WHERE state IN (1, 3);
CREATE INDEX delivery_to_alert ON delivery(alert_at) WHERE state IN (1, 2, 3) AND late = 0;
CREATE INDEX delivery_by_target ON delivery(lineage, adapter, address_mac) WHERE state IN (1, 2, 3, 4);

CREATE TABLE attempt(
  delivery INTEGER NOT NULL REFERENCES delivery(seq),
  generation INTEGER NOT NULL,
  number INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  ended_at INTEGER,
  payload_sha256 TEXT NOT NULL,
  reference TEXT NOT NULL,
  happening TEXT NOT NULL,
  reason TEXT NOT NULL,
  partner_code TEXT NOT NULL,
  PRIMARY KEY(delivery, generation, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE task(
  seq INTEGER PRIMARY KEY,
  id BLOB NOT NULL,
  delivery INTEGER NOT NULL REFERENCES delivery(seq),
  -- "late" or "not_reached"
  kind TEXT NOT NULL,
  reason TEXT NOT NULL,
  opened_at INTEGER NOT NULL,
  closed_at INTEGER
) STRICT;
CREATE UNIQUE INDEX task_by_id ON task(id);
CREATE UNIQUE INDEX task_open ON task(delivery) WHERE closed_at IS NULL;

CREATE TABLE change(
  seq INTEGER PRIMARY KEY,
  event INTEGER NOT NULL,
  delivery INTEGER NOT NULL,
  state INTEGER NOT NULL,
  at INTEGER NOT NULL
) STRICT;

-- audit.h says what is hashed. Ids and not references: it outlives what it tells of.
CREATE TABLE audit(
  seq INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  event BLOB NOT NULL,
  delivery BLOB NOT NULL,
  detail TEXT NOT NULL,
  hash BLOB NOT NULL
) STRICT;

-- The tenant keys without which a part of the ledger cannot be read.
CREATE TABLE tenant_key(
  tenant TEXT NOT NULL,
  key_id TEXT NOT NULL,
  PRIMARY KEY(tenant, key_id)
) STRICT, WITHOUT ROWID;
)sql";

// A change of a delivery is told of each delivery that follows it, too: those followers that were there
// before get the state of that day as their first change.
constexpr const char* lists_watches_retries = R"sql(
ALTER TABLE change ADD COLUMN reason TEXT NOT NULL DEFAULT '';
ALTER TABLE change ADD COLUMN partner_code TEXT NOT NULL DEFAULT '';
-- the caller's key of the last retry; empty when there was none
ALTER TABLE delivery ADD COLUMN retry_key TEXT NOT NULL DEFAULT '';

CREATE INDEX event_listed ON event(tenant, seq, principal, accepted_at, kind);
CREATE INDEX delivery_by_address ON delivery(address_mac, event);
-- all but what arrived, was cancelled or expired; 0 because nobody knows where what is followed stands
CREATE INDEX delivery_unfinished ON delivery(event) WHERE state IN (0, 1, 2, 3, 5, 6);
CREATE INDEX delivery_followers ON delivery(same_as) WHERE same_as IS NOT NULL;

INSERT INTO change(event, delivery, state, at, reason, partner_code)
  SELECT own.event, own.seq, d.state, (SELECT max(at) FROM change), d.reason, d.partner_code
  FROM delivery own JOIN delivery d ON d.seq = own.same_as ORDER BY own.seq;
)sql";

// Events accepted before have no set: what a document says of its versions was sealed only, and no migration
// opens it.
constexpr const char* versions = R"sql(
-- what all versions of a document share, empty when it does not say, and which one this is
ALTER TABLE event ADD COLUMN set_id TEXT NOT NULL DEFAULT '';
ALTER TABLE event ADD COLUMN version INTEGER NOT NULL DEFAULT 1;

CREATE INDEX event_by_set ON event(tenant, set_id, version, document_id) WHERE set_id <> '';
CREATE INDEX event_by_replaced ON event(tenant, replaces) WHERE replaces <> '';
)sql";

// Nothing here tells who the person of a case is, or what is asked for: that is sealed, or hashed with a MAC.
constexpr const char* cases = R"sql(
CREATE TABLE care_case(
  seq INTEGER PRIMARY KEY,
  id BLOB NOT NULL,
  tenant TEXT NOT NULL,
  kind TEXT NOT NULL,
  revision INTEGER NOT NULL,
  -- whose status shows it; NULL: none does
  event INTEGER REFERENCES event(seq),
  key_id TEXT NOT NULL,
  wrapped_key BLOB NOT NULL,
  -- 0: never
  wake_at INTEGER NOT NULL,
  attention TEXT NOT NULL,
  open INTEGER NOT NULL,
  -- what no other open case may have: hashes of tenant, subject and person, by the INS and by the traits; empty when
  -- it is closed, or has no subject or no such person
  claim_by_ins BLOB NOT NULL,
  claim_by_traits BLOB NOT NULL,
  state BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX case_by_id ON care_case(id);
CREATE INDEX case_by_event ON care_case(event) WHERE event IS NOT NULL;
CREATE INDEX case_to_wake ON care_case(wake_at) WHERE wake_at > 0;
CREATE INDEX case_attention ON care_case(event) WHERE attention <> '';
CREATE INDEX case_claim_by_ins ON care_case(claim_by_ins) WHERE claim_by_ins <> x'';
CREATE INDEX case_claim_by_traits ON care_case(claim_by_traits) WHERE claim_by_traits <> x'';

-- The deliveries that leave only while their patient consents.
CREATE TABLE consented(
  tenant TEXT NOT NULL,
  patient_mac BLOB NOT NULL,
  delivery INTEGER NOT NULL REFERENCES delivery(seq),
  PRIMARY KEY(tenant, patient_mac, delivery)
) STRICT, WITHOUT ROWID;

-- seq of the first of the events that follow each other; 0: it follows none (that first one itself, too)
ALTER TABLE event ADD COLUMN thread INTEGER NOT NULL DEFAULT 0;
-- that of its event, and of the first one's own deliveries as soon as another event follows it
ALTER TABLE delivery ADD COLUMN thread INTEGER NOT NULL DEFAULT 0;
ALTER TABLE delivery ADD COLUMN proposal INTEGER NOT NULL DEFAULT 0;
-- 1: it needs consent; 2: that was withdrawn
ALTER TABLE delivery ADD COLUMN consent INTEGER NOT NULL DEFAULT 0;

CREATE INDEX delivery_by_thread ON delivery(thread, adapter, address_mac) WHERE thread <> 0 AND state IN (1, 2, 3);
DROP INDEX delivery_to_give_up;
CREATE INDEX delivery_to_give_up ON delivery(give_up_at) WHERE state IN (1, 3) AND proposal = 0;
DROP INDEX delivery_to_alert;
CREATE INDEX delivery_to_alert ON delivery(alert_at) WHERE state IN (1, 2, 3) AND late = 0 AND proposal = 0;
)sql";

constexpr const char* notices_and_members = R"sql(
-- seq of the proposal of which this delivery tells; 0: it tells of none
ALTER TABLE delivery ADD COLUMN notice_of INTEGER NOT NULL DEFAULT 0;
-- whose member of a circle gets it because of the circle; empty: nobody's
ALTER TABLE delivery ADD COLUMN member BLOB NOT NULL DEFAULT x'';
-- the reason why it may not leave any more; empty: none
ALTER TABLE delivery ADD COLUMN stopped TEXT NOT NULL DEFAULT '';

CREATE INDEX delivery_by_notice ON delivery(notice_of) WHERE notice_of <> 0 AND state = 1;
CREATE INDEX delivery_by_member ON delivery(member) WHERE member <> x'' AND state IN (1, 2, 3, 5, 6);

-- To whom the patient does not want anything to be sent.
CREATE TABLE objected(
  tenant TEXT NOT NULL,
  patient_mac BLOB NOT NULL,
  address_mac BLOB NOT NULL,
  -- the case that knows it: a person may have a circle by the INS and one by the traits
  circle BLOB NOT NULL,
  PRIMARY KEY(tenant, patient_mac, address_mac, circle)
) STRICT, WITHOUT ROWID;
)sql";

// Only ever added to: a migration that was released is never changed.
constexpr Migration migrations[] = {
    {"first tables", first_tables},
    {"lists, watches, retries", lists_watches_retries},
    {"versions", versions},
    {"cases", cases},
    {"notices and members", notices_and_members},
};

constexpr int latest = static_cast<int>(std::size(migrations));

// 0 for a new file; -1 when the file is another program's.
int version_of(Database& database) {
  const int64_t application = database.integer("PRAGMA application_id");
  const bool empty = database.integer("SELECT count(*) FROM sqlite_schema") == 0;
  if (application == 0 && empty) return 0;
  if (application != our_application_id) return -1;
  return static_cast<int>(database.integer("SELECT max(version) FROM migration"));
}

Status refuse_others(int version) {
  if (version < 0)
    return error_of(ErrorCode::configuration, "ledger: the file is not a ledger of Passerelle");
  if (version > latest) {
    return error_of(ErrorCode::configuration, "ledger: the file has schema version " +
                                                  std::to_string(version) + ", this program knows up to " +
                                                  std::to_string(latest) +
                                                  ": use the program that wrote it, or a newer one");
  }
  return {};
}

}  // namespace

int schema_version() { return latest; }

Status migrate(Database& database, int version) {
  const int found = version_of(database);
  if (database.failed()) return database.error();
  if (Status refused = refuse_others(found); !refused) return refused;
  for (int next = found; next < version; ++next) {
    database.execute("BEGIN IMMEDIATE");
    if (next == 0) database.execute("PRAGMA application_id = 0x50534C31");
    database.execute(migrations[next].sql);
    Statement(database, "INSERT INTO migration(version, name) VALUES(?1, ?2)")
        .run(next + 1, std::string_view(migrations[next].name));
    database.execute("COMMIT");
    if (database.failed()) return database.error();
  }
  return {};
}

Status check_schema(Database& database) {
  const int version = version_of(database);
  if (database.failed()) return database.error();
  if (Status refused = refuse_others(version); !refused) return refused;
  if (version == latest) return {};
  return error_of(ErrorCode::configuration,
                  "ledger: the file is new or of an older version: serve makes it current");
}

}  // namespace psl
