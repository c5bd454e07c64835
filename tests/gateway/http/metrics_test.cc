#include "gateway/http/metrics.h"

#include <gtest/gtest.h>

#include "gateway/http/metered_store.h"
#include "tests/support/fake_env.h"
#include "tests/support/memory_store.h"

namespace psl {
namespace {

// Says what waits, and counts how often it is asked.
class CountingLedger final : public Ledger {
 public:
  std::vector<BacklogRow> rows;
  int64_t tasks = 0;
  bool fails = false;
  int questions = 0;

  Result<std::optional<CaseRow>> case_of(const Uuid&) override { return std::optional<CaseRow>(); }
  Result<std::optional<CaseRow>> case_of_event(const Uuid&) override { return std::optional<CaseRow>(); }
  Result<std::vector<CaseRow>> cases_of_person(std::string_view, std::string_view,
                                               const std::array<std::string, 2>&, int) override {
    return std::vector<CaseRow>();
  }
  Result<std::vector<CaseRow>> cases_to_wake(Instant, int) override { return std::vector<CaseRow>(); }
  Result<std::optional<Instant>> next_wake() override { return std::optional<Instant>(); }
  Result<std::vector<ConsentedSend>> sent_with_consent(std::string_view, std::string_view, int) override {
    return std::vector<ConsentedSend>();
  }
  Result<std::vector<BacklogRow>> backlog() override {
    ++questions;
    if (fails) return error_of(ErrorCode::input_output);
    return rows;
  }
  Result<int64_t> open_tasks() override {
    if (fails) return error_of(ErrorCode::input_output);
    return tasks;
  }

  Result<EventRow> event(const Uuid&) override { return none(); }
  Result<std::vector<DocumentRow>> documents(const Uuid&) override { return none(); }
  Result<std::vector<DueDelivery>> due(std::string_view, Lane, Instant, int) override { return none(); }
  Result<std::vector<DueDelivery>> unsettled(std::string_view, Instant, int) override { return none(); }
  Result<std::vector<DueDelivery>> overdue(Instant, int) override { return none(); }
  Result<std::vector<DueDelivery>> late(Instant, int) override { return none(); }
  Result<std::vector<DueDelivery>> interrupted(int) override { return none(); }
  Result<std::optional<std::string>> replaced_there(const Uuid&) override { return none(); }
  Result<std::optional<Uuid>> event_with_document(std::string_view, std::string_view) override {
    return none();
  }
  Result<Uuid> event_of(const Uuid&) override { return none(); }
  Result<EventPage> list(const EventQuery&) override { return none(); }
  Result<ChangePage> changes_after(const Owner&, int64_t, int) override { return none(); }
  Result<int64_t> last_change() override { return none(); }
  Result<std::optional<Instant>> next_due() override { return none(); }

 private:
  static Error none() { return error_of(ErrorCode::not_supported); }
};

class MetricsTest : public testing::Test {
 protected:
  // The value of a series as it is written, with its labels in the order of the format; empty when absent.
  std::string value(const std::string& series) {
    const std::string text = "\n" + metrics_.text();
    const size_t at = text.find("\n" + series + " ");
    if (at == std::string::npos) return "";
    const size_t begin = at + series.size() + 2;
    return text.substr(begin, text.find('\n', begin) - begin);
  }
  static DueDelivery due(std::string adapter, int attempts = 0) {
    DueDelivery made;
    made.adapter = std::move(adapter);
    made.attempts = attempts;
    return made;
  }

  FakeEnv env_;
  CountingLedger ledger_;
  Metrics metrics_{ledger_, env_};
};

TEST_F(MetricsTest, CountsEventsAndRefusals) {
  // By tenant and kind, and by the reason that the sender was told.
  metrics_.accepted("cpts-demo", "discharge_letter");
  metrics_.accepted("cpts-demo", "discharge_letter");
  metrics_.refused(ErrorCode::field_invalid);
  EXPECT_EQ(value("passerelle_events_accepted_total{kind=\"discharge_letter\",tenant=\"cpts-demo\"}"), "2");
  EXPECT_EQ(value("passerelle_events_refused_total{reason=\"FIELD_INVALID\"}"), "1");
}

TEST_F(MetricsTest, CountsAttemptsRetriesAndEnds) {
  // An attempt that fails, a second that succeeds, and a refusal of another partner.
  metrics_.attempted(due("mssante"), {Verdict::try_later, "CONNECTION_REFUSED", "", true});
  metrics_.attempted(due("mssante", 1), {Verdict::accepted, "ACCEPTED", "250", false});
  metrics_.attempted(due("dmp"), {Verdict::rejected, "RECORD_ABSENT", "404", false});
  metrics_.attempted(due("dmp"), {Verdict::unknown, "TIMEOUT", "", true});
  EXPECT_EQ(value("passerelle_attempts_total{reason=\"CONNECTION_REFUSED\",verdict=\"try_later\",adapter="
                  "\"mssante\"}") +
                value("passerelle_attempts_total{adapter=\"mssante\",reason=\"CONNECTION_REFUSED\",verdict="
                      "\"try_later\"}"),
            "1");
  EXPECT_EQ(value("passerelle_retries_total{adapter=\"mssante\"}"), "1");
  EXPECT_EQ(value("passerelle_retries_total{adapter=\"dmp\"}"), "");
  EXPECT_EQ(value("passerelle_deliveries_total{adapter=\"mssante\",state=\"delivered\"}"), "1");
  EXPECT_EQ(value("passerelle_deliveries_total{adapter=\"dmp\",state=\"rejected\"}"), "1");
}

TEST_F(MetricsTest, ShowsWhatWaits) {
  // Counts by adapter, lane and state, the age of the oldest by adapter and lane, and open tasks.
  const Instant now = env_.now();
  ledger_.rows = {{"mssante", Lane::letters, DeliveryState::pending, 7, now - seconds(90)},
                  {"mssante", Lane::letters, DeliveryState::unknown, 1, now - seconds(120)},
                  {"dmp", Lane::crisis, DeliveryState::sending, 2, now}};
  ledger_.tasks = 3;
  EXPECT_EQ(value("passerelle_deliveries_waiting{adapter=\"mssante\",lane=\"letters\",state=\"pending\"}"),
            "7");
  EXPECT_EQ(value("passerelle_deliveries_waiting{adapter=\"dmp\",lane=\"crisis\",state=\"sending\"}"), "2");
  EXPECT_EQ(value("passerelle_oldest_waiting_seconds{adapter=\"mssante\",lane=\"letters\"}"), "120");
  EXPECT_EQ(value("passerelle_open_tasks"), "3");
  EXPECT_EQ(value("passerelle_ledger_up"), "1");
}

TEST_F(MetricsTest, SaysZeroForWhatWaitsNoMore) {
  // A graph that ends would look like a gateway that is dead.
  ledger_.rows = {{"mssante", Lane::letters, DeliveryState::pending, 7, env_.now() - seconds(90)}};
  metrics_.text();
  ledger_.rows.clear();
  env_.advance(seconds(2));
  EXPECT_EQ(value("passerelle_deliveries_waiting{adapter=\"mssante\",lane=\"letters\",state=\"pending\"}"),
            "0");
  EXPECT_EQ(value("passerelle_oldest_waiting_seconds{adapter=\"mssante\",lane=\"letters\"}"), "0");
}

TEST_F(MetricsTest, AsksTheLedgerOnceASecondAtMost) {
  // However many scrapers there are.
  for (int i = 0; i < 10; ++i) metrics_.text();
  EXPECT_EQ(ledger_.questions, 1);
  env_.advance(milliseconds(999));
  metrics_.text();
  EXPECT_EQ(ledger_.questions, 1);
  env_.advance(milliseconds(1));
  metrics_.text();
  EXPECT_EQ(ledger_.questions, 2);
}

TEST_F(MetricsTest, SaysWhenTheLedgerDoesNotAnswer) {
  // The other series stay, and one says that the numbers are old.
  ledger_.tasks = 3;
  metrics_.text();
  ledger_.fails = true;
  env_.advance(seconds(2));
  EXPECT_EQ(value("passerelle_ledger_up"), "0");
  EXPECT_EQ(value("passerelle_open_tasks"), "3");
}

TEST_F(MetricsTest, TellsWhenCertificatesEndAndWhatRuns) {
  // Expiry in seconds since 1970, the version, the start of the process and its memory.
  metrics_.certificate("grpc", Instant{1'900'000'000'000'000});
  EXPECT_EQ(value("passerelle_certificate_expiry_timestamp_seconds{use=\"grpc\"}"), "1900000000");
  EXPECT_NE(metrics_.text().find("passerelle_build_info{version=\""), std::string::npos);
  EXPECT_EQ(value("process_start_time_seconds"), "1800000000");
  EXPECT_GT(std::stod(value("process_resident_memory_bytes")), 1e6);
}

TEST_F(MetricsTest, NeverShowsATextThatIsNoName) {
  // What is not a name of the configuration, or a reason of the list, is counted under "other"; so is the
  // 257th name.
  metrics_.accepted("MARTIN Paul, 1 rue des Lilas", "discharge_letter");
  metrics_.attempted(due("Dr. Martin"), {Verdict::rejected, "550 MARTIN IS UNKNOWN", "", false});
  metrics_.certificate("CN=Martin", Instant{});
  for (int i = 0; i < 300; ++i) metrics_.attempted(due("a" + std::to_string(i)), {});
  const std::string text = metrics_.text();
  for (const char* word : {"MARTIN", "Martin", "Lilas", "550", "a256"}) {
    EXPECT_EQ(text.find(word), std::string::npos) << word;
  }
  EXPECT_EQ(value("passerelle_events_accepted_total{kind=\"discharge_letter\",tenant=\"other\"}"), "1");
  EXPECT_EQ(value("passerelle_deliveries_total{adapter=\"other\",state=\"rejected\"}"), "1");
}

TEST_F(MetricsTest, MeasuresEachCommit) {
  // The store in between changes nothing, and counts what became durable: moves that were done, and the size
  // of the batch. A commit that failed counts for nothing.
  MemoryStore memory;
  MeteredStore store(memory, metrics_, env_);
  memory.after_commit = [this] { env_.advance(milliseconds(3)); };
  const std::vector<Command> batch = {MoveDelivery{}, PurgeChanges{}};
  const auto effects = store.commit(batch);
  ASSERT_TRUE(effects.ok());
  EXPECT_EQ(effects->at(0), Effect::missing);
  EXPECT_EQ(value("passerelle_commit_seconds_count"), "1");
  EXPECT_EQ(value("passerelle_commit_seconds_bucket{le=\"0.002\"}"), "0");
  EXPECT_EQ(value("passerelle_commit_seconds_bucket{le=\"0.005\"}"), "1");
  EXPECT_EQ(value("passerelle_commit_commands_sum"), "2");
  EXPECT_EQ(value("passerelle_moves_total{happening=\"given_up\"}"), "");
  metrics_.moved(Happening::given_up);
  EXPECT_EQ(value("passerelle_moves_total{happening=\"given_up\"}"), "1");
  memory.fail_commits = true;
  EXPECT_FALSE(store.commit(batch).ok());
  EXPECT_EQ(value("passerelle_commit_seconds_count"), "1");
}

TEST_F(MetricsTest, CountsAnEventOnceHoweverOftenItIsSent) {
  // The second command under the same key stores nothing, and counts nothing.
  MemoryStore memory;
  MeteredStore store(memory, metrics_, env_);
  AcceptEvent event;
  event.tenant = "cpts-demo";
  event.kind = "discharge_letter";
  event.idempotency_key = "letter-1";
  const std::vector<Command> batch = {event};
  ASSERT_EQ(store.commit(batch)->at(0), Effect::done);
  ASSERT_EQ(store.commit(batch)->at(0), Effect::already_accepted);
  EXPECT_EQ(value("passerelle_events_accepted_total{kind=\"discharge_letter\",tenant=\"cpts-demo\"}"), "1");
}

}  // namespace
}  // namespace psl
