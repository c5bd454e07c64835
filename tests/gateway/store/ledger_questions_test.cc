// What lists, watches and repairs ask of every ledger.
#include <gmock/gmock.h>

#include <map>
#include <tuple>

#include "tests/gateway/store/memory_under_test.h"
#include "tests/gateway/store/sqlite_under_test.h"
#include "tests/gateway/store/store_fixture.h"
#include "tests/gateway/store/traffic.h"

namespace psl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const Owner hospital{"cpts", "hospital"};
const Owner everybody{"cpts", ""};

class LedgerQuestions : public StoreFixture {
 protected:
  ChangePage changes(int64_t after = 0, const Owner& owner = hospital, int most = 1000) {
    Result<ChangePage> page = ledger().changes_after(owner, after, most);
    EXPECT_TRUE(page.ok()) << (page.ok() ? "" : page.error().describe());
    return page.ok() ? *page : ChangePage{};
  }
  static std::vector<int64_t> sequences(const ChangePage& page) {
    std::vector<int64_t> out;
    for (const ChangeRow& one : page.changes) out.push_back(one.sequence);
    return out;
  }
  static std::vector<DeliveryState> states(const ChangePage& page, const Uuid& delivery) {
    std::vector<DeliveryState> out;
    for (const ChangeRow& one : page.changes) {
      if (one.delivery_id == delivery) out.push_back(one.state);
    }
    return out;
  }
  static EventQuery query(const Owner& owner = hospital) {
    EventQuery out;
    out.owner = owner;
    return out;
  }
  // The keys of the events of all pages.
  std::vector<std::string> listed(EventQuery asked) {
    std::vector<std::string> out;
    do {
      const Result<EventPage> page = ledger().list(asked);
      EXPECT_TRUE(page.ok());
      if (!page.ok()) break;
      for (const EventRow& one : page->events) out.push_back(names_[one.id]);
      asked.before = page->next;
    } while (asked.before != 0);
    return out;
  }
  AcceptEvent accept(AcceptEvent event, Effect expected = Effect::done) {
    names_[event.id] = event.idempotency_key;
    EXPECT_EQ(commit_one(event), expected);
    return event;
  }
  AcceptEvent accept(const std::string& key, const std::string& address = "a") {
    return accept(letters::letter(key, "1.2." + std::to_string(names_.size()), address));
  }

  std::map<Uuid, std::string> names_;
};

INSTANTIATE_TEST_SUITE_P(Sqlite, LedgerQuestions,
                         testing::Values(StoreFactory([] { return std::make_unique<SqliteUnderTest>(); })));
INSTANTIATE_TEST_SUITE_P(Memory, LedgerQuestions,
                         testing::Values(StoreFactory([] { return std::make_unique<MemoryUnderTest>(); })));

TEST_P(LedgerQuestions, TellsEachChangeOnceInOrderWithWhatCameWithIt) {
  // Claim: from its acceptance on every change of a delivery has a row, also after a reopening.
  EXPECT_EQ(*ledger().last_change(), 0);
  EXPECT_TRUE(changes().at_end);
  const AcceptEvent sent = accept("k");
  const Uuid id = sent.deliveries[0].id;
  commit({letters::attempt(id), letters::outcome(id, Verdict::rejected)});
  subject_->reopen();
  const ChangePage page = changes();
  EXPECT_THAT(sequences(page), ElementsAre(1, 2, 3));
  EXPECT_THAT(states(page, id),
              ElementsAre(DeliveryState::pending, DeliveryState::sending, DeliveryState::rejected));
  EXPECT_EQ(page.seen, 3);
  EXPECT_TRUE(page.at_end);
  EXPECT_EQ(page.changes[1].reason, "");
  const ChangeRow& last = page.changes[2];
  EXPECT_EQ(last.at, letters::after(2));
  EXPECT_EQ(last.event_id, sent.id);
  EXPECT_EQ(last.kind, "discharge_letter");
  EXPECT_EQ(last.recipient_index, 0);
  EXPECT_EQ(last.adapter, "mail");
  EXPECT_EQ(last.reason, "REASON");
  EXPECT_EQ(last.partner_code, "250 2.0.0");
  EXPECT_EQ(*ledger().last_change(), 3);
}

TEST_P(LedgerQuestions, TellsOfAnUnresolvedRecipientAtOnce) {
  // Claim: its first change is that it was handed over, by no adapter, and why.
  AcceptEvent sent = letters::letter("k", "1.2.3", "a");
  sent.unresolved.push_back({letters::id_of("nowhere"), 1, "NO_ADDRESS"});
  accept(sent);
  const ChangePage page = changes();
  ASSERT_EQ(page.changes.size(), 2u);
  EXPECT_EQ(page.changes[1].state, DeliveryState::handed_over);
  EXPECT_EQ(page.changes[1].adapter, "");
  EXPECT_EQ(page.changes[1].reason, "NO_ADDRESS");
  EXPECT_EQ(page.changes[1].recipient_index, 1);
}

TEST_P(LedgerQuestions, TellsAFollowerWhatBecomesOfWhatItFollows) {
  // Claim: its first change is where the followed one stands, then every change of that one is its own too,
  // for its own principal.
  const AcceptEvent first = accept("k1");
  const Uuid id = first.deliveries[0].id;
  commit({letters::attempt(id), letters::outcome(id, Verdict::try_later)});
  AcceptEvent again = letters::letter("k2", first.document_id, "a");
  again.principal = "clinic";
  accept(again, Effect::linked);
  commit({letters::attempt(id), letters::outcome(id, Verdict::accepted)});
  const Owner clinic{"cpts", "clinic"};
  const ChangePage page = changes(0, clinic);
  EXPECT_THAT(states(page, again.deliveries[0].id),
              ElementsAre(DeliveryState::pending, DeliveryState::sending, DeliveryState::delivered));
  EXPECT_EQ(page.changes.size(), 3u);
  EXPECT_EQ(page.changes[0].reason, "REASON");
  EXPECT_EQ(page.changes[2].event_id, again.id);
  EXPECT_EQ(page.changes[2].adapter, "mail");
  EXPECT_EQ(changes().changes.size(), 5u);
  const AcceptEvent third = accept(letters::letter("k3", first.document_id, "a"), Effect::linked);
  EXPECT_THAT(states(changes(), third.deliveries[0].id), ElementsAre(DeliveryState::delivered));
}

TEST_P(LedgerQuestions, KeepsTheChangesOfOwnersApart) {
  // Claim: a principal's are of its tenant and its own; without a principal, all of the tenant.
  accept("k1");
  AcceptEvent other = letters::letter("k2", "1.2.8", "b");
  other.principal = "clinic";
  accept(other);
  AcceptEvent elsewhere = letters::letter("k3", "1.2.9", "c");
  elsewhere.tenant = "cpts-2";
  accept(elsewhere);
  EXPECT_THAT(sequences(changes()), ElementsAre(1));
  EXPECT_EQ(changes().seen, 3) << "those of others were looked at";
  EXPECT_THAT(sequences(changes(0, everybody)), ElementsAre(1, 2));
  EXPECT_THAT(sequences(changes(0, {"cpts-2", "hospital"})), ElementsAre(3));
  EXPECT_TRUE(changes(0, {"cpts-3", ""}).changes.empty());
}

TEST_P(LedgerQuestions, SaysHowFarAPageOfChangesLooked) {
  // Claim: a page is bounded by what is asked for and by what it looks at; `seen` leads on without a gap.
  for (int i = 0; i < 5; ++i) accept("k" + std::to_string(i));
  ChangePage page = changes(0, hospital, 2);
  EXPECT_THAT(sequences(page), ElementsAre(1, 2));
  EXPECT_FALSE(page.at_end);
  page = changes(page.seen, hospital, 3);
  EXPECT_THAT(sequences(page), ElementsAre(3, 4, 5));
  EXPECT_TRUE(page.at_end);
  EXPECT_TRUE(changes(5).changes.empty());
  EXPECT_EQ(changes(5).seen, 5);
  std::vector<Command> many;
  for (int i = 5; i < 1100; ++i) {
    const std::string n = std::to_string(i);
    many.emplace_back(letters::letter("k" + n, "1.3." + n, "a"));
  }
  commit(many);
  page = changes(0, {"cpts", "nobody"});
  EXPECT_EQ(page.seen, 1000);
  EXPECT_FALSE(page.at_end);
  page = changes(page.seen, {"cpts", "nobody"});
  EXPECT_EQ(page.seen, 1100);
  EXPECT_TRUE(page.at_end);
}

TEST_P(LedgerQuestions, DropsOldChangesAndNeverTheLast) {
  // Claim: oldest first, at most so many, `done` as long as a slice is full; numbers go on after the last,
  // also when the ledger was closed between.
  for (int i = 0; i < 5; ++i) {
    AcceptEvent event = letters::letter("k" + std::to_string(i), "1.2." + std::to_string(i), "a");
    event.accepted_at = letters::after(i);
    accept(event);
  }
  EXPECT_EQ(commit_one(PurgeChanges{letters::start, 10}), Effect::missing) << "none is older";
  EXPECT_EQ(commit_one(PurgeChanges{letters::after(4), 3}), Effect::done);
  EXPECT_THAT(sequences(changes()), ElementsAre(4, 5)) << "0 means from the oldest that is kept";
  EXPECT_THAT(sequences(changes(3)), ElementsAre(4, 5)) << "nothing after 3 is missing";
  for (int64_t after : {1, 2}) {
    const auto gone = ledger().changes_after(hospital, after, 10);
    ASSERT_FALSE(gone.ok()) << after;
    EXPECT_EQ(gone.error().code, ErrorCode::sequence_gone);
    EXPECT_THAT(gone.error().text, HasSubstr("oldest change that is kept is 4"));
  }
  EXPECT_EQ(commit_one(PurgeChanges{letters::after(100), 3}), Effect::missing);
  EXPECT_EQ(commit_one(PurgeChanges{letters::after(100), 3}), Effect::missing) << "the last one stays";
  EXPECT_THAT(sequences(changes()), ElementsAre(5));
  subject_->reopen();
  EXPECT_EQ(*ledger().last_change(), 5);
  accept("after");
  EXPECT_THAT(sequences(changes()), ElementsAre(5, 6));
  EXPECT_EQ(event(letters::id_of("event k0")).deliveries[0].due.state, DeliveryState::pending)
      << "states stay";
}

TEST_P(LedgerQuestions, PurgesNothingOfAnEmptyLedger) {
  // Claim: a new gateway has nothing to drop.
  EXPECT_EQ(commit_one(PurgeChanges{letters::after(100), 1}), Effect::missing);
  accept("k");
  EXPECT_THAT(sequences(changes()), ElementsAre(1));
}

TEST_P(LedgerQuestions, AWatcherThatStopsAndResumesMissesNothing) {
  // Claim: whatever is committed and purged between, what a watcher of one principal was told, in pieces, is
  // each of its changes once and in order.
  for (uint32_t seed = 1; seed <= 3; ++seed) {
    SetUp();
    Traffic traffic(seed);
    std::vector<int64_t> told;
    std::vector<int64_t> expected;
    std::vector<DeliveryState> told_states;
    std::vector<DeliveryState> expected_states;
    int64_t after = 0;
    int64_t checked = 0;
    for (int step = 0; step < 120; ++step) {
      const std::vector<Command> batch = {traffic.next(ledger())};
      commit(batch);
      // The truth, read at once; the watcher reads when it likes, as much as it likes.
      for (const ChangeRow& one : changes(checked).changes) {
        expected.push_back(one.sequence);
        expected_states.push_back(one.state);
      }
      checked = *ledger().last_change();
      while (traffic.below(3) == 0) {
        const ChangePage page = changes(after, hospital, 1 + static_cast<int>(traffic.below(4)));
        for (const ChangeRow& one : page.changes) {
          told.push_back(one.sequence);
          told_states.push_back(one.state);
        }
        EXPECT_GE(page.seen, after);
        after = page.seen;
        if (traffic.below(8) == 0) subject_->reopen();
      }
      // What it was told already may go.
      if (traffic.below(10) == 0 && after > 0)
        commit_one(PurgeChanges{letters::after(1 << 20), static_cast<int>(traffic.below(5)) + 1});
      if (const auto here = ledger().changes_after(hospital, after, 1); !here.ok()) {
        EXPECT_EQ(here.error().code, ErrorCode::sequence_gone);
        // It knows that it missed something, and begins again from what is kept.
        after = *ledger().last_change();
        std::erase_if(expected, [&](int64_t one) { return one > (told.empty() ? 0 : told.back()); });
        expected_states.resize(expected.size());
      }
    }
    for (bool at_end = false; !at_end;) {
      const ChangePage page = changes(after, hospital, 7);
      for (const ChangeRow& one : page.changes) {
        told.push_back(one.sequence);
        told_states.push_back(one.state);
      }
      after = page.seen;
      at_end = page.at_end;
    }
    EXPECT_EQ(told, expected) << "seed " << seed;
    EXPECT_EQ(told_states, expected_states) << "seed " << seed;
    EXPECT_GT(told.size(), 20u);
  }
}

TEST_P(LedgerQuestions, ListsTheEventsOfTheirOwnerNewestFirst) {
  // Claim: pages of any size hold each event once, with its deliveries, and nothing that was sealed.
  for (int i = 1; i <= 5; ++i) accept("k" + std::to_string(i));
  AcceptEvent other = letters::to(letters::letter("k6", "1.2.8", "b"), "c");
  other.principal = "clinic";
  accept(other);
  AcceptEvent elsewhere = letters::letter("k7", "1.2.9", "c");
  elsewhere.tenant = "cpts-2";
  accept(elsewhere);
  const std::vector<std::string> own = {"k5", "k4", "k3", "k2", "k1"};
  for (int most : {1, 2, 5, 50}) {
    EventQuery asked = query();
    asked.most = most;
    EXPECT_EQ(listed(asked), own) << most;
  }
  EXPECT_THAT(listed(query(everybody)), ElementsAre("k6", "k5", "k4", "k3", "k2", "k1"));
  EXPECT_THAT(listed(query({"cpts-2", ""})), ElementsAre("k7"));
  EXPECT_TRUE(listed(query({"cpts-3", ""})).empty());
  const EventRow row = ledger().list(query({"cpts", "clinic"}))->events.at(0);
  EXPECT_EQ(row.id, other.id);
  EXPECT_EQ(row.tenant, "cpts");
  EXPECT_EQ(row.principal, "clinic");
  EXPECT_EQ(row.kind, "discharge_letter");
  EXPECT_EQ(row.accepted_at, letters::start);
  EXPECT_EQ(row.document_id, "1.2.8");
  EXPECT_EQ(row.document_sha256, other.document_sha256);
  EXPECT_EQ(row.content, "");
  ASSERT_EQ(row.deliveries.size(), 2u);
  EXPECT_EQ(row.deliveries[1].due.id, other.deliveries[1].id);
}

TEST_P(LedgerQuestions, ListsWhatFulfilsEveryCondition) {
  // Claim: each condition works alone, by any delivery of the event, and together they must all hold.
  AcceptEvent first = letters::to(letters::letter("two", "1.2.1", "a"), "b", "dmp");
  accept(first);
  AcceptEvent unresolved = letters::letter("unresolved", "1.2.2", "");
  unresolved.kind = "orientation";
  unresolved.accepted_at = letters::after(10);
  unresolved.unresolved.push_back({letters::id_of("nowhere"), 0, "NO_ADDRESS"});
  accept(unresolved);
  const AcceptEvent rejected = accept("rejected", "c");
  const Uuid id = rejected.deliveries[0].id;
  commit({letters::attempt(id), letters::outcome(id, Verdict::rejected)});
  const AcceptEvent late = accept("late", "d");
  commit_one(OpenLateTask{late.deliveries[0].id, letters::after(100)});
  const AcceptEvent delivered = accept("delivered", "e");
  commit({letters::attempt(delivered.deliveries[0].id),
          letters::outcome(delivered.deliveries[0].id, Verdict::accepted)});
  accept(letters::letter("follower", delivered.document_id, "e"), Effect::linked);

  const auto with = [&](auto change) {
    EventQuery asked = query();
    asked.most = 2;
    change(asked);
    return listed(asked);
  };
  using S = DeliveryState;
  EXPECT_THAT(with([](auto& q) { q.states = {S::pending}; }), ElementsAre("late", "two"));
  EXPECT_THAT(with([](auto& q) { q.states = {S::delivered}; }), ElementsAre("follower", "delivered"));
  EXPECT_THAT(with([](auto& q) {
                q.states = {S::rejected, S::handed_over};
              }),
              ElementsAre("rejected", "unresolved"));
  EXPECT_THAT(with([](auto& q) {
                q.states = {S::rejected, S::delivered};
              }),
              ElementsAre("follower", "delivered", "rejected"));
  EXPECT_TRUE(with([](auto& q) { q.states = {S::expired}; }).empty());
  EXPECT_THAT(with([](auto& q) { q.kinds = {"orientation", "x"}; }), ElementsAre("unresolved"));
  EXPECT_THAT(with([](auto& q) { q.accepted_from = letters::after(10); }), ElementsAre("unresolved"));
  EXPECT_EQ(with([](auto& q) { q.accepted_before = letters::after(10); }).size(), 5u);
  EXPECT_THAT(with([](auto& q) { q.address_mac = sha256("b"); }), ElementsAre("two"));
  EXPECT_THAT(with([](auto& q) { q.address_mac = sha256("e"); }), ElementsAre("follower", "delivered"));
  EXPECT_THAT(with([](auto& q) { q.adapter = "dmp"; }), ElementsAre("two"));
  EXPECT_THAT(with([](auto& q) { q.task_open = true; }), ElementsAre("late", "rejected", "unresolved"));
  EXPECT_THAT(with([](auto& q) {
                q.task_open = true;
                q.states = {S::delivered, S::pending};
                q.adapter = "mail";
                q.address_mac = sha256("d");
              }),
              ElementsAre("late"));
  EXPECT_TRUE(with([](auto& q) {
                q.address_mac = sha256("b");
                q.states = {S::delivered};
              }).empty());
}

TEST_P(LedgerQuestions, AListThatFindsLittleStillEnds) {
  // Claim: a page looks at so many events and then says where to go on, with nothing in it if need be.
  accept("oldest", "somebody");
  std::vector<Command> many;
  for (int i = 0; i < 2100; ++i) {
    const std::string n = std::to_string(i);
    many.emplace_back(letters::letter("k" + n, "1.3." + n, "a"));
  }
  commit(many);
  EventQuery asked = query();
  asked.adapter = "dmp";
  const auto first = ledger().list(asked);
  EXPECT_TRUE(first->events.empty());
  EXPECT_GT(first->next, 0);
  EXPECT_TRUE(listed(asked).empty());
  asked = query();
  asked.address_mac = sha256("somebody");
  EXPECT_THAT(listed(asked), ElementsAre("oldest"));
}

TEST_P(LedgerQuestions, FindsTheEventOfADelivery) {
  // Claim: of any delivery, and not_found for none.
  const AcceptEvent sent = accept("k");
  EXPECT_EQ(*ledger().event_of(sent.deliveries[0].id), sent.id);
  EXPECT_EQ(ledger().event_of(sent.id).error().code, ErrorCode::not_found);
}

TEST_P(LedgerQuestions, CountsWhatWaitsAndWhatHumansOwe) {
  // Claim: by adapter, lane and state, with the age of the oldest; tasks open and close with their
  // deliveries.
  EXPECT_TRUE(ledger().backlog()->empty());
  EXPECT_EQ(*ledger().open_tasks(), 0);
  AcceptEvent newer = letters::to(letters::letter("k1", "1.2.1", "a"), "b", "dmp");
  newer.accepted_at = letters::after(5);
  AcceptEvent older = letters::letter("k0", "1.2.0", "a");
  older.lane = Lane::crisis;
  commit({older, newer, letters::letter("k2", "1.2.2", "a"), letters::letter("k3", "1.2.3", "a")});
  commit({letters::attempt(letters::id_of("k2 to a")), letters::attempt(letters::id_of("k3 to a")),
          letters::outcome(letters::id_of("k3 to a"), Verdict::rejected)});
  std::vector<std::tuple<std::string, Lane, DeliveryState, int64_t, int64_t>> rows;
  const std::vector<BacklogRow> backlog = *ledger().backlog();
  for (const BacklogRow& one : backlog)
    rows.emplace_back(one.adapter, one.lane, one.state, one.count, one.oldest.us - letters::start.us);
  using S = DeliveryState;
  EXPECT_THAT(rows, testing::UnorderedElementsAre(std::tuple("mail", Lane::crisis, S::pending, 1, 0),
                                                  std::tuple("mail", Lane::letters, S::pending, 1, 5000000),
                                                  std::tuple("dmp", Lane::letters, S::pending, 1, 5000000),
                                                  std::tuple("mail", Lane::letters, S::sending, 1, 0)));
  EXPECT_EQ(*ledger().open_tasks(), 1);
  commit_one(OpenLateTask{letters::id_of("k0 to a"), letters::after(100)});
  EXPECT_EQ(*ledger().open_tasks(), 2);
  commit_one(letters::moved(letters::id_of("k3 to a"), Happening::retried));
  EXPECT_EQ(*ledger().open_tasks(), 1);
}

TEST_P(LedgerQuestions, RetriesOncePerKey) {
  // Claim: the key of the last retry again is already_accepted whatever the state is, also after a reopening;
  // another key, or none, is a retry of its own.
  const AcceptEvent sent = in_state(DeliveryState::rejected, "r");
  const Uuid id = sent.deliveries[0].id;
  MoveDelivery retry = letters::moved(id, Happening::retried);
  retry.key = "first";
  EXPECT_EQ(commit({retry, retry}), (std::vector<Effect>{Effect::done, Effect::already_accepted}));
  subject_->reopen();
  EXPECT_EQ(commit_one(retry), Effect::already_accepted);
  commit({letters::attempt(id), letters::outcome(id, Verdict::rejected)});
  EXPECT_EQ(commit_one(retry), Effect::already_accepted);
  EXPECT_EQ(state(sent), DeliveryState::rejected);
  retry.key = "second";
  EXPECT_EQ(commit_one(retry), Effect::done);
  EXPECT_EQ(delivery(sent).due.generation, 2);
  commit({letters::attempt(id), letters::outcome(id, Verdict::accepted)});
  EXPECT_EQ(commit_one(retry), Effect::already_accepted);
  retry.key = "third";
  EXPECT_EQ(commit_one(retry), Effect::stale);
  const Uuid other = in_state(DeliveryState::rejected, "no key").deliveries[0].id;
  EXPECT_EQ(commit_one(letters::moved(other, Happening::retried)), Effect::done);
  EXPECT_EQ(commit_one(letters::moved(other, Happening::retried)), Effect::stale);
}

TEST_P(LedgerQuestions, RetriesNothingThatAnotherBringsOrThatIsOutdated) {
  // Claim: neither a follower, nor what a later delivery of the same document brings, nor what was replaced.
  const AcceptEvent first = in_state(DeliveryState::rejected, "first");
  const AcceptEvent again = accept(letters::letter("again", first.document_id, "first"));
  const AcceptEvent follower =
      accept(letters::letter("follower", first.document_id, "first"), Effect::linked);
  EXPECT_EQ(commit_one(letters::moved(follower.deliveries[0].id, Happening::retried)), Effect::stale);
  EXPECT_EQ(commit_one(letters::moved(first.deliveries[0].id, Happening::retried)), Effect::stale);
  commit_one(letters::moved(again.deliveries[0].id, Happening::given_up));
  EXPECT_EQ(commit_one(letters::moved(first.deliveries[0].id, Happening::retried)), Effect::done);

  const AcceptEvent old = in_state(DeliveryState::rejected, "old");
  const AcceptEvent under_way = in_state(DeliveryState::sending, "under way");
  AcceptEvent next = letters::letter("next", "1.3.1", "old");
  next.replaces = old.document_id;
  accept(next);
  next = letters::letter("next 2", "1.3.2", "elsewhere");
  next.replaces = under_way.document_id;
  accept(next);
  commit_one(letters::outcome(under_way.deliveries[0].id, Verdict::rejected));
  EXPECT_EQ(commit_one(letters::moved(old.deliveries[0].id, Happening::retried)), Effect::stale);
  EXPECT_EQ(commit_one(letters::moved(under_way.deliveries[0].id, Happening::retried)), Effect::stale);
}

TEST_P(LedgerQuestions, WithdrawsNothingThatAnotherEventCountsOn) {
  // Claim: a delivery that another event follows is not cancelled; one that nobody follows is.
  const AcceptEvent first = accept("first", "a");
  const AcceptEvent alone = accept("alone", "b");
  accept(letters::letter("follower", first.document_id, "a"), Effect::linked);
  EXPECT_EQ(commit_one(letters::moved(first.deliveries[0].id, Happening::cancelled)), Effect::stale);
  EXPECT_EQ(commit_one(letters::moved(alone.deliveries[0].id, Happening::cancelled)), Effect::done);
}

TEST_P(LedgerQuestions, KnowsWhatAReplacementFindsAtItsTarget) {
  // Claim: the newest version that the target took; none when all were withdrawn; nothing known of a document
  // that went another way, or to another address.
  const auto version = [&](const char* key, const char* document, const char* replaces) {
    AcceptEvent event = letters::letter(key, document, "record");
    event.replaces = replaces;
    return accept(event).deliveries[0].id;
  };
  const auto found = [&](const Uuid& delivery) { return ledger().replaced_there(delivery).value(); };
  EXPECT_EQ(found(version("k0", "1.4.1", "1.4.0")), std::nullopt);
  const Uuid second = version("k2", "1.4.2", "1.4.1");
  EXPECT_EQ(found(second), "");
  commit({letters::attempt(second), letters::outcome(second, Verdict::accepted)});
  EXPECT_EQ(found(version("k3", "1.4.3", "1.4.2")), "1.4.2");
  EXPECT_EQ(found(version("k4", "1.4.4", "1.4.3")), "1.4.2");
  AcceptEvent elsewhere = letters::letter("k5", "1.4.5", "another record");
  elsewhere.replaces = "1.4.4";
  EXPECT_EQ(found(accept(elsewhere).deliveries[0].id), std::nullopt);
}

TEST_P(LedgerQuestions, ACancellationAndAnAttemptExcludeEachOther) {
  // Claim: of the two in one batch, the first is done and the second stale.
  const Uuid one = accept("k1").deliveries[0].id;
  const Uuid two = accept("k2").deliveries[0].id;
  EXPECT_EQ(commit({letters::moved(one, Happening::cancelled), letters::attempt(one), letters::attempt(two),
                    letters::moved(two, Happening::cancelled)}),
            (std::vector<Effect>{Effect::done, Effect::stale, Effect::done, Effect::stale}));
}

}  // namespace
}  // namespace psl
