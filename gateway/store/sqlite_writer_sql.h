// What the writing connection asks and changes. Private to this folder.
#pragma once

#include "gateway/store/sqlite_database.h"

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
                                "document_id = ?2 AND document_id <> '' ORDER BY seq LIMIT 1"};
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
                         " document, lineage, content, set_id, version, thread)"
                         " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, "
                         "?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25)"};
  Statement thread_of_event{db, "SELECT seq, thread FROM event WHERE id = ?1"};
  Statement begin_thread{db, "UPDATE delivery SET thread = ?1 WHERE event = ?1 AND thread = 0"};
  Statement insert_document{db,
                            "INSERT INTO document(event, part, size_bytes, sealed) VALUES(?1, ?2, ?3, ?4)"};
  Statement insert_tenant_key{db, "INSERT OR IGNORE INTO tenant_key(tenant, key_id) VALUES(?1, ?2)"};
  Statement same_delivery{
      db,
      "SELECT seq, state, reason, partner_code FROM delivery WHERE lineage = ?1 AND adapter = ?2 AND "
      "address_mac = ?3 AND document = ?4 AND state IN (1, 2, 3, 4) AND proposal = 0 AND consent <= ?5"
      " AND (state = 4 OR member IN (x'', ?6)) LIMIT 1"};
  // The same document, or one that replaces it. A proposal says more than its document.
  Statement brought_by_another{
      db,
      "SELECT 1 FROM delivery d CROSS JOIN event e ON e.seq = d.event AND e.document_id <> ''"
      " CROSS JOIN delivery x ON x.lineage = d.lineage AND x.adapter = d.adapter"
      " AND x.address_mac = d.address_mac AND x.state IN (1, 2, 3, 4) AND x.proposal = 0"
      " AND (x.document = d.document OR x.seq > d.seq) WHERE d.seq = ?1 AND d.proposal = 0 LIMIT 1"};
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
                            " reference, thread, proposal, consent, notice_of, member) VALUES(?1, ?2, ?3, "
                            "?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 0, 0, ?12, ?13, ?14, 0, 0, 0, ?15, '', '', "
                            "?16, ?17, ?18, ?19, ?20)"};
  Statement insert_consented{db, "INSERT INTO consented(tenant, patient_mac, delivery) VALUES(?1, ?2, ?3)"};
  Statement pending_consented{db,
                              "SELECT d.id FROM consented c CROSS JOIN delivery d ON d.seq = c.delivery"
                              " WHERE c.tenant = ?1 AND c.patient_mac = ?2 AND d.state = 1"};
  // Of all that were or will be proposed: an answer may be awaited of one that has left.
  Statement consented_proposals{
      db,
      "SELECT d.event FROM consented c CROSS JOIN delivery d ON d.seq = c.delivery"
      " WHERE c.tenant = ?1 AND c.patient_mac = ?2 AND d.proposal = 1"};
  Statement withdraw_consent{db,
                             "UPDATE delivery SET consent = 2 WHERE seq IN (SELECT delivery FROM consented"
                             " WHERE tenant = ?1 AND patient_mac = ?2)"};
  // Of a proposal that cannot have left.
  Statement pending_notices{db,
                            "SELECT id FROM delivery WHERE notice_of = ?1 AND notice_of <> 0 AND state = 1"};
  Statement may_have_left{db,
                          "SELECT 1 FROM attempt WHERE delivery = ?1"
                          " AND happening IN ('outcome_lost', 'partner_accepted') LIMIT 1"};
  // The states are those of the index.
  Statement pending_of_member{db,
                              "SELECT id FROM delivery WHERE member = ?1 AND member <> x''"
                              " AND state IN (1, 2, 3, 5, 6) AND state = 1 AND event <> ?2"};
  Statement stop_member{db,
                        "UPDATE delivery SET stopped = ?3 WHERE member = ?1 AND member <> x''"
                        " AND state IN (1, 2, 3, 5, 6) AND event <> ?2"};
  Statement forget_objected{db,
                            "DELETE FROM objected WHERE tenant = ?1 AND patient_mac = ?2 AND circle = ?3"};
  Statement insert_objected{
      db, "INSERT OR IGNORE INTO objected(tenant, patient_mac, address_mac, circle) VALUES(?1, ?2, ?3, ?4)"};
  Statement objected_to{
      db,
      "SELECT 1 FROM delivery d CROSS JOIN event e ON e.seq = d.event CROSS JOIN objected o"
      " ON o.tenant = e.tenant AND o.patient_mac = e.patient_mac AND o.address_mac = d.address_mac"
      " WHERE d.seq = ?1 LIMIT 1"};
  Statement release_delivery{db, "UPDATE delivery SET due_at = ?2 WHERE seq = ?1"};
  Statement withdraw_proposal{db, "UPDATE delivery SET superseded = 1 WHERE id = ?1 AND proposal = 1"};
  Statement delivery_by_id{
      db,
      "SELECT d.seq, d.event, e.id, d.state, d.attempts, d.generation, d.same_as IS NOT NULL,"
      " d.adapter <> '', d.superseded, d.late, d.retry_key, d.consent, d.due_at, d.proposal, d.stopped"
      " FROM delivery d JOIN event e ON e.seq = d.event WHERE d.id = ?1"};
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

  Statement case_revision{db, "SELECT revision FROM care_case WHERE id = ?1"};
  Statement case_claimed_by_ins{
      db, "SELECT 1 FROM care_case WHERE claim_by_ins = ?1 AND claim_by_ins <> x'' LIMIT 1"};
  Statement case_claimed_by_traits{
      db, "SELECT 1 FROM care_case WHERE claim_by_traits = ?1 AND claim_by_traits <> x'' LIMIT 1"};
  Statement insert_case{
      db,
      "INSERT INTO care_case(id, tenant, kind, revision, event, key_id, wrapped_key, wake_at,"
      " attention, open, claim_by_ins, claim_by_traits, state) VALUES(?1, ?2, ?3, 1,"
      " (SELECT seq FROM event WHERE id = ?4), ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"};
  Statement update_case{db,
                        "UPDATE care_case SET revision = revision + 1, key_id = ?2, wrapped_key = ?3,"
                        " wake_at = ?4, attention = ?5, open = ?6, claim_by_ins = ?7, claim_by_traits = ?8,"
                        " state = ?9 WHERE id = ?1"};
  Statement wake_case{db,
                      "UPDATE care_case SET revision = revision + 1, wake_at = ?2 WHERE open = 1 AND seq ="
                      " (SELECT seq FROM care_case WHERE event = ?1 ORDER BY seq LIMIT 1)"};

  Statement oldest_change{db, "SELECT min(seq) FROM change"};
  // By number and not by time alone: what is kept has no gap, whatever the clock did.
  Statement first_change_to_keep{
      db, "SELECT seq FROM change WHERE seq BETWEEN ?1 AND ?2 AND at >= ?3 ORDER BY seq LIMIT 1"};
  Statement drop_changes{db, "DELETE FROM change WHERE seq BETWEEN ?1 AND ?2"};
  Statement insert_audit{db,
                         "INSERT INTO audit(seq, at, actor, action, event, delivery, detail, hash)"
                         " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"};
};

}  // namespace psl
