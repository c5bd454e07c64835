#include "gateway/store/audit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include "gateway/store/sqlite_store.h"
#include "tests/gateway/store/letters.h"
#include "tests/support/temp_folder.h"

namespace psl {
namespace {

using testing::HasSubstr;

class Audit : public testing::Test {
 protected:
  // Seven records: two events, an attempt, an outcome, a late task, a cancellation by replacement.
  void SetUp() override {
    path_ = folder_.file("ledger.db");
    auto store = *SqliteStore::open({path_});
    const AcceptEvent first = letters::letter("k1", "1.2.1", "a");
    AcceptEvent second = letters::letter("k2", "1.2.2", "a");
    second.replaces = "1.2.1";
    const Uuid id = second.deliveries[0].id;
    const std::vector<Command> batch = {first,
                                        OpenLateTask{first.deliveries[0].id, letters::start},
                                        second,
                                        second,  // writes nothing, so records nothing
                                        letters::attempt(id),
                                        letters::outcome(id, Verdict::accepted),
                                        letters::moved(id, Happening::partner_refused)};
    ASSERT_TRUE(store->commit(batch).ok());
  }
  std::vector<std::string> sql(const std::string& text) {
    sqlite3* handle = nullptr;
    EXPECT_EQ(sqlite3_open(path_.c_str(), &handle), SQLITE_OK);
    std::vector<std::string> rows;
    const auto collect = [](void* to, int count, char** values, char**) {
      std::string row;
      for (int i = 0; i < count; ++i) row += (i > 0 ? "|" : "") + std::string(values[i] ? values[i] : "");
      static_cast<std::vector<std::string>*>(to)->push_back(row);
      return 0;
    };
    EXPECT_EQ(sqlite3_exec(handle, text.c_str(), collect, &rows, nullptr), SQLITE_OK)
        << sqlite3_errmsg(handle);
    sqlite3_close(handle);
    return rows;
  }
  std::string broken() {
    const auto summary = verify_audit(path_);
    EXPECT_FALSE(summary.ok());
    if (summary.ok()) return {};
    EXPECT_EQ(summary.error().code, ErrorCode::corrupt);
    return summary.error().text;
  }

  TempFolder folder_;
  std::string path_;
};

TEST_F(Audit, TellsWhoDidWhatInCodes) {
  // Claim: one record per thing done, with actor, action and codes; nothing for a command that changed
  // nothing.
  EXPECT_THAT(sql("SELECT seq, actor, action, detail FROM audit ORDER BY seq"),
              testing::ElementsAre(
                  "1|hospital|event.accepted|tenant=cpts kind=discharge_letter deliveries=1 unresolved=0",
                  "2|gateway|delivery.late|pending",
                  "3|hospital|event.accepted|tenant=cpts kind=discharge_letter deliveries=1 unresolved=0",
                  "4|hospital|delivery.cancelled|pending>cancelled REPLACED",
                  "5|gateway|delivery.attempt_started|pending>sending attempt=1",
                  "6|gateway|delivery.partner_accepted|sending>delivered REASON 250 2.0.0",
                  "7|gateway|delivery.partner_refused|delivered>rejected MOVED"));
  const auto summary = verify_audit(path_);
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->records, 7);
  EXPECT_EQ(summary->last_hash.size(), 64u);
}

TEST_F(Audit, ChangesAreASequenceBesideIt) {
  // Claim: each change of state of a delivery has a number, in order.
  EXPECT_THAT(sql("SELECT seq, delivery, state FROM change ORDER BY seq"),
              testing::ElementsAre("1|1|1", "2|1|7", "3|2|1", "4|2|2", "5|2|4", "6|2|5"));
}

TEST_F(Audit, AnEditIsSeenAtItsRecord) {
  // Claim: any column of any record is covered by its hash.
  for (const char* edit : {"at = at + 1", "actor = 'nobody'", "action = 'x'", "event = zeroblob(16)",
                           "delivery = x'00'", "detail = detail || ' '", "hash = zeroblob(32)"}) {
    sql("CREATE TABLE kept AS SELECT * FROM audit");
    sql(std::string("UPDATE audit SET ") + edit + " WHERE seq = 4");
    EXPECT_THAT(broken(), HasSubstr("record 4 does not verify")) << edit;
    sql("DELETE FROM audit; INSERT INTO audit SELECT * FROM kept; DROP TABLE kept");
    EXPECT_TRUE(verify_audit(path_).ok());
  }
}

TEST_F(Audit, TextMovedFromOneColumnToTheNextIsSeen) {
  // Claim: fields are told apart by their lengths, so that no two records have one encoding.
  sql("UPDATE audit SET actor = 'gatewaydelivery.', action = 'late' WHERE seq = 2");
  EXPECT_THAT(broken(), HasSubstr("record 2 does not verify"));
}

TEST_F(Audit, ARemovalIsSeenAtItsPlace) {
  // Claim: a record that was taken out of the middle, or the first, is missed.
  sql("DELETE FROM audit WHERE seq = 3");
  EXPECT_THAT(broken(), HasSubstr("record 3 is missing"));
  sql("UPDATE audit SET seq = seq - 1 WHERE seq > 3");
  EXPECT_THAT(broken(), HasSubstr("record 3 does not verify"));
  sql("DELETE FROM audit WHERE seq = 1");
  EXPECT_THAT(broken(), HasSubstr("record 1 is missing"));
}

TEST_F(Audit, ASwapIsSeen) {
  // Claim: two records in each other's place break the chain at the first.
  sql("UPDATE audit SET seq = 100 WHERE seq = 2; UPDATE audit SET seq = 2 WHERE seq = 5;"
      "UPDATE audit SET seq = 5 WHERE seq = 100");
  EXPECT_THAT(broken(), HasSubstr("record 2 does not verify"));
}

TEST_F(Audit, ACutTailIsSeenAgainstAnAnchor) {
  // Claim: without an anchor a shorter chain verifies; with the hash that was kept elsewhere it does not.
  const std::string anchor = verify_audit(path_)->last_hash;
  EXPECT_TRUE(verify_audit(path_, anchor).ok());
  sql("DELETE FROM audit WHERE seq = 7");
  const auto shorter = verify_audit(path_);
  ASSERT_TRUE(shorter.ok());
  EXPECT_EQ(shorter->records, 6);
  const auto cut = verify_audit(path_, anchor);
  ASSERT_FALSE(cut.ok());
  EXPECT_EQ(cut.error().code, ErrorCode::corrupt);
  EXPECT_THAT(cut.error().text, HasSubstr("does not hold the anchor"));
}

TEST_F(Audit, GoesOnOverARestartAndWithAnOlderAnchor) {
  // Claim: the chain continues where it stood, and a hash of yesterday is still in it.
  const std::string anchor = verify_audit(path_)->last_hash;
  auto store = *SqliteStore::open({path_});
  const std::vector<Command> batch = {letters::letter("k3", "1.2.3", "c")};
  ASSERT_TRUE(store->commit(batch).ok());
  const auto summary = verify_audit(path_, anchor);  // while the gateway has it open
  ASSERT_TRUE(summary.ok()) << summary.error().describe();
  EXPECT_EQ(summary->records, 8);
  EXPECT_NE(summary->last_hash, anchor);
}

TEST(AuditFile, MustBeALedger) {
  // Claim: an absent file and an empty ledger are told apart; an anchor of an empty chain holds for ever.
  const TempFolder folder;
  EXPECT_FALSE(verify_audit(folder.file("absent.db")).ok());
  auto store = *SqliteStore::open({folder.file("ledger.db")});
  const auto empty = verify_audit(folder.file("ledger.db"));
  ASSERT_TRUE(empty.ok());
  EXPECT_EQ(empty->records, 0);
  EXPECT_TRUE(verify_audit(folder.file("ledger.db"), empty->last_hash).ok());
}

TEST_F(Audit, NamesWhoAskedForARetryOrACancellation) {
  // Claim: a principal's act is recorded under its name; what nobody asked for, under the gateway's.
  {
    const auto store = *SqliteStore::open({path_});
    const Uuid id = letters::id_of("k2 to a");
    MoveDelivery retry = letters::moved(id, Happening::retried);
    retry.actor = "operator";
    MoveDelivery cancel = letters::moved(id, Happening::cancelled);
    cancel.actor = "hospital";
    const std::vector<Command> batch = {retry, cancel};
    ASSERT_TRUE(store->commit(batch).ok());
  }
  EXPECT_THAT(sql("SELECT actor, action FROM audit WHERE seq > 6 ORDER BY seq"),
              testing::ElementsAre("gateway|delivery.partner_refused", "operator|delivery.retried",
                                   "hospital|delivery.cancelled"));
}

TEST_F(Audit, TellsOfEachStepOfACase) {
  // Claim: what was decided is recorded in its own words under the name of who caused it, with what was
  // released and stopped; a step that was judged and refused leaves no record.
  {
    const auto store = *SqliteStore::open({path_});
    AcceptEvent sent = letters::to(letters::letter("k3", "1.2.3", "c"), "d");
    sent.patient_mac = sha256("person");
    sent.deliveries[0].due_at = held;
    sent.deliveries[1].needs_consent = true;
    sent.step.at = letters::start;
    sent.step.audit = {"orientation=new", "route=nothing"};
    StepCase step;
    step.step.at = letters::after(9);
    step.step.tenant = "cpts";
    step.step.releases = {{sent.deliveries[0].id, letters::after(10)}};
    step.step.consent_withdrawn_of = {sha256("person")};
    step.step.audit = {"orientation=asked"};
    step.event_id = sent.id;
    StepCase refused = step;
    refused.step.seen = {{sent.id, 4}};
    const std::vector<Command> batch = {sent, refused, step};
    ASSERT_EQ(*store->commit(batch), (std::vector<Effect>{Effect::done, Effect::case_changed, Effect::done}));
  }
  EXPECT_THAT(sql("SELECT actor, action, length(event), length(delivery), detail FROM audit WHERE seq > 8"),
              testing::ElementsAre(
                  "hospital|care.decided|16|0|orientation=new", "hospital|care.decided|16|0|route=nothing",
                  "gateway|delivery.released|16|16|", "gateway|care.decided|16|0|orientation=asked",
                  "gateway|delivery.cancelled|16|16|pending>cancelled CONSENT_WITHDRAWN"));
  EXPECT_TRUE(verify_audit(path_).ok());
}

}  // namespace
}  // namespace psl
