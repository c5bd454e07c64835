// The ledger in memory, that the tests of what stands above rely on, beside the one in SQLite.
#include <gmock/gmock.h>

#include <tuple>

#include "tests/gateway/store/memory_under_test.h"
#include "tests/gateway/store/sqlite_under_test.h"
#include "tests/gateway/store/store_fixture.h"
#include "tests/gateway/store/traffic.h"

namespace psl {
namespace {

// Everything of a delivery but the number of its task.
auto facts_of(const DeliveryRow& row) {
  return std::tuple(row.due.id, row.due.event_id, row.due.adapter, row.due.state, row.due.lane,
                    row.due.recipient_index, row.due.attempts, row.due.generation, row.due.due_at,
                    row.due.give_up_at, row.delivered_at, row.reason, row.partner_code, row.reference,
                    row.same_as, row.task_id.has_value());
}

std::vector<EventRow> all_pages(Ledger& ledger, EventQuery query) {
  std::vector<EventRow> out;
  do {
    Result<EventPage> page = ledger.list(query);
    EXPECT_TRUE(page.ok());
    if (!page.ok()) break;
    std::ranges::move(page->events, std::back_inserter(out));
    query.before = page->next;
  } while (query.before != 0);
  return out;
}

EventQuery any_query(Traffic& traffic) {
  EventQuery query;
  query.owner = {traffic.below(3) == 0 ? "cpts-2" : "cpts", traffic.below(2) == 0 ? "" : "hospital"};
  query.most = static_cast<int>(traffic.below(7)) + 1;
  for (size_t i = traffic.below(4); i > 0; --i)
    query.states.push_back(static_cast<DeliveryState>(1 + traffic.below(8)));
  if (traffic.below(4) == 0) query.kinds = {"orientation"};
  if (traffic.below(4) == 0) query.adapter = "dmp";
  if (traffic.below(3) == 0) query.address_mac = sha256("address " + std::to_string(traffic.below(4)));
  if (traffic.below(4) == 0) query.task_open = true;
  if (traffic.below(4) == 0) query.accepted_from = letters::after(static_cast<int64_t>(traffic.below(200)));
  if (traffic.below(4) == 0) query.accepted_before = letters::after(static_cast<int64_t>(traffic.below(200)));
  return query;
}

void expect_same_answers(Ledger& one, Ledger& other, Traffic& traffic) {
  for (int i = 0; i < 100; ++i) {
    const EventQuery query = any_query(traffic);
    const std::vector<EventRow> left = all_pages(one, query);
    const std::vector<EventRow> right = all_pages(other, query);
    ASSERT_EQ(left.size(), right.size());
    for (size_t k = 0; k < left.size(); ++k) {
      EXPECT_EQ(left[k].id, right[k].id);
      EXPECT_EQ(left[k].attention, right[k].attention);
      ASSERT_EQ(left[k].deliveries.size(), right[k].deliveries.size());
      for (size_t d = 0; d < left[k].deliveries.size(); ++d)
        EXPECT_EQ(facts_of(left[k].deliveries[d]), facts_of(right[k].deliveries[d]));
    }
  }
  const auto told = [](const ChangeRow& row) {
    return std::tuple(row.sequence, row.at, row.event_id, row.kind, row.recipient_index, row.delivery_id,
                      row.adapter, row.state, row.reason, row.partner_code);
  };
  const ChangePage left = *one.changes_after({"cpts", ""}, 0, 1000);
  const ChangePage right = *other.changes_after({"cpts", ""}, 0, 1000);
  EXPECT_EQ(left.seen, right.seen);
  ASSERT_EQ(left.changes.size(), right.changes.size());
  for (size_t i = 0; i < left.changes.size(); ++i) EXPECT_EQ(told(left.changes[i]), told(right.changes[i]));
  EXPECT_EQ(*one.open_tasks(), *other.open_tasks());
  const auto waiting = [](Ledger& ledger) {
    std::vector<std::tuple<std::string, Lane, DeliveryState, int64_t, Instant>> out;
    const std::vector<BacklogRow> rows = *ledger.backlog();
    for (const BacklogRow& row : rows)
      out.emplace_back(row.adapter, row.lane, row.state, row.count, row.oldest);
    std::ranges::sort(out);
    return out;
  };
  EXPECT_EQ(waiting(one), waiting(other));
}

auto facts_of(const std::optional<CaseRow>& found) {
  const CaseRow row = found.value_or(CaseRow{});
  return std::tuple(row.id, row.tenant, row.kind, row.revision, row.event_id, row.principal, row.state,
                    row.open, row.wake_at, row.attention);
}

void expect_same_cases(Ledger& one, Ledger& other, const Traffic& traffic) {
  for (const CaseChange& known : traffic.cases()) {
    EXPECT_EQ(facts_of(*one.case_of(known.id)), facts_of(*other.case_of(known.id)));
    EXPECT_EQ(facts_of(*one.case_of_event(known.event_id)), facts_of(*other.case_of_event(known.event_id)));
    const auto theirs = [&](Ledger& ledger) {
      std::vector<Uuid> ids;
      const auto rows = ledger.cases_of_person(known.tenant, known.subject, known.person_macs, 100);
      for (const CaseRow& row : *rows) ids.push_back(row.id);
      return ids;
    };
    EXPECT_EQ(theirs(one), theirs(other));
  }
  EXPECT_EQ(*one.next_wake(), *other.next_wake());
  const std::vector<CaseRow> left = *one.cases_to_wake(traffic.now(), 1000);
  const std::vector<CaseRow> right = *other.cases_to_wake(traffic.now(), 1000);
  ASSERT_EQ(left.size(), right.size());
  for (size_t i = 0; i < left.size(); ++i) EXPECT_EQ(left[i].id, right[i].id);
}

void expect_same_consent(Ledger& one, Ledger& other) {
  const auto told = [](const ConsentedSend& send) {
    return std::tuple(send.event_id, send.recipient_index, send.state, send.delivered_at);
  };
  for (size_t i = 0; i < Traffic::patients; ++i) {
    const std::vector<ConsentedSend> left = *one.sent_with_consent("cpts", Traffic::patient(i), 1000);
    const std::vector<ConsentedSend> right = *other.sent_with_consent("cpts", Traffic::patient(i), 1000);
    ASSERT_EQ(left.size(), right.size());
    for (size_t k = 0; k < left.size(); ++k) EXPECT_EQ(told(left[k]), told(right[k]));
  }
}

// Whatever the order of those that are due in the same moment.
std::vector<Uuid> all_due(Ledger& ledger, Instant now) {
  std::vector<Uuid> out;
  const auto add = [&out](const Result<std::vector<DueDelivery>>& found) {
    for (const DueDelivery& row : *found) out.push_back(row.id);
    std::ranges::sort(out);
    out.push_back(Uuid{});
  };
  for (const char* adapter : {"mail", "dmp"})
    for (Lane lane : lanes) add(ledger.due(adapter, lane, now, 1000));
  add(ledger.overdue(now + seconds(500), 1000));
  add(ledger.late(now, 1000));
  return out;
}

TEST(LedgerInMemory, AnswersAsTheOneInSqlite) {
  // Claim: after any traffic both ledgers gave the same effects and give the same lists, changes and counts.
  for (uint32_t seed = 1; seed <= 5; ++seed) {
    SqliteUnderTest sqlite;
    MemoryUnderTest memory;
    Traffic traffic(seed);
    std::vector<Command> batch;
    for (int step = 0; step < 150; ++step) {
      batch = {traffic.next(memory.ledger())};
      if (traffic.below(40) == 0) batch.emplace_back(PurgeChanges{traffic.now(), 3});
      const auto left = sqlite.store().commit(batch);
      const auto right = memory.store().commit(batch);
      ASSERT_TRUE(left.ok() && right.ok());
      ASSERT_EQ(*left, *right) << "seed " << seed << " step " << step;
    }
    expect_same_answers(sqlite.ledger(), memory.ledger(), traffic);
    expect_same_cases(sqlite.ledger(), memory.ledger(), traffic);
    expect_same_consent(sqlite.ledger(), memory.ledger());
    for (int64_t later : {0, 5, 500})
      EXPECT_EQ(all_due(sqlite.ledger(), traffic.now() + seconds(later)),
                all_due(memory.ledger(), traffic.now() + seconds(later)));
    if (HasFailure()) FAIL() << "seed " << seed;
  }
}

}  // namespace
}  // namespace psl
