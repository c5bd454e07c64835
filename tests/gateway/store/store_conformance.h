// What every store must do, whatever it is made of. A store joins with INSTANTIATE_TEST_SUITE_P(Name,
// StoreConformance, testing::Values(factory)).
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/gateway/store/store_fixture.h"

namespace psl {

class StoreConformance : public StoreFixture {};

inline constexpr std::array<DeliveryState, 8> all_states = {
    DeliveryState::pending,  DeliveryState::sending,     DeliveryState::unknown,   DeliveryState::delivered,
    DeliveryState::rejected, DeliveryState::handed_over, DeliveryState::cancelled, DeliveryState::expired};
inline constexpr std::array<Happening, 11> all_happenings = {
    Happening::attempt_started, Happening::partner_accepted, Happening::partner_busy,
    Happening::partner_refused, Happening::outcome_lost,     Happening::may_repeat,
    Happening::cannot_tell,     Happening::given_up,         Happening::proposal_expired,
    Happening::cancelled,       Happening::retried};

TEST_P(StoreConformance, GivesBackWhatWasAcceptedAlsoAfterReopening) {
  // Claim: everything of an event is in the ledger once commit() returned, and stays.
  const AcceptEvent sent = letters::to(letters::letter("k", "1.2.3", "a"), "b");
  EXPECT_EQ(commit_one(sent), Effect::done);
  subject_->reopen();
  const EventRow row = event(sent.id);
  EXPECT_EQ(row.tenant, "cpts");
  EXPECT_EQ(row.principal, "hospital");
  EXPECT_EQ(row.kind, "discharge_letter");
  EXPECT_EQ(row.content_mac, sent.content_mac);
  EXPECT_EQ(row.accepted_at, sent.accepted_at);
  EXPECT_EQ(row.key.key_id, "key-1");
  EXPECT_EQ(row.key.wrapped, "wrapped");
  EXPECT_EQ(row.content, sent.content);
  EXPECT_EQ(row.document_id, "1.2.3");
  EXPECT_EQ(row.document_sha256, sent.document_sha256);
  ASSERT_EQ(row.deliveries.size(), 2u);
  EXPECT_EQ(row.deliveries[0].due.id, sent.deliveries[0].id);
  EXPECT_EQ(row.deliveries[1].due.recipient_index, 1);
  EXPECT_EQ(row.deliveries[0].due.state, DeliveryState::pending);
  EXPECT_EQ(row.deliveries[0].due.event_id, sent.id);
  EXPECT_EQ(row.deliveries[0].due.give_up_at, sent.give_up_at);
  EXPECT_FALSE(row.deliveries[0].same_as || row.deliveries[0].task_id);

  const auto documents = ledger().documents(sent.id);
  ASSERT_TRUE(documents.ok());
  ASSERT_EQ(documents->size(), 2u);
  EXPECT_EQ((*documents)[0].sealed, "sealed cda");
  EXPECT_EQ((*documents)[1].part, 1);
  EXPECT_EQ((*documents)[1].size_bytes, 5);
}

TEST_P(StoreConformance, KnowsNothingOfWhatWasNotAccepted) {
  // Claim: an unknown event is NOT_FOUND, an unknown delivery is `missing`, an empty batch is nothing.
  const Uuid nobody = letters::id_of("nobody");
  EXPECT_EQ(ledger().event(nobody).error().code, ErrorCode::not_found);
  EXPECT_EQ(ledger().documents(nobody).error().code, ErrorCode::not_found);
  EXPECT_EQ(commit({letters::attempt(nobody), letters::outcome(nobody, Verdict::accepted),
                    letters::moved(nobody, Happening::cancelled), OpenLateTask{nobody, letters::start}}),
            (std::vector<Effect>(4, Effect::missing)));
  EXPECT_TRUE(commit({}).empty());
}

TEST_P(StoreConformance, ComparesContentUnderOneKeyOnly) {
  // Claim: a key belongs to a tenant and a principal; with it, same content is accepted once, other content
  // refused.
  const AcceptEvent first = letters::letter("k", "1.2.3", "a");
  AcceptEvent other_content = first;
  other_content.content_mac = sha256("something else");
  AcceptEvent other_principal = first;
  other_principal.principal = "clinic";
  other_principal.id = letters::id_of("other principal");
  other_principal.deliveries.clear();
  AcceptEvent other_tenant = first;
  other_tenant.tenant = "cpts-2";
  other_tenant.id = letters::id_of("other tenant");
  other_tenant.deliveries.clear();
  EXPECT_EQ(commit({first, first, other_content, other_principal, other_tenant}),
            (std::vector<Effect>{Effect::done, Effect::already_accepted, Effect::key_reused, Effect::done,
                                 Effect::done}));
  EXPECT_EQ(commit_one(first), Effect::already_accepted);
  EXPECT_EQ(commit_one(other_content), Effect::key_reused);
  EXPECT_EQ(event(first.id).deliveries.size(), 1u);
}

TEST_P(StoreConformance, RefusesOtherBytesUnderAKnownDocumentId) {
  // Claim: within a tenant one document id has one content; a refused event leaves no trace.
  commit({letters::letter("k1", "1.2.3", "a")});
  AcceptEvent forged = letters::letter("k2", "1.2.3", "b");
  forged.document_mac = sha256("other bytes");
  EXPECT_EQ(commit_one(forged), Effect::document_id_reused);
  EXPECT_EQ(ledger().event(forged.id).error().code, ErrorCode::not_found);
  EXPECT_EQ(due().size(), 1u);
  AcceptEvent elsewhere = forged;
  elsewhere.tenant = "cpts-2";
  EXPECT_EQ(commit_one(elsewhere), Effect::done);
}

TEST_P(StoreConformance, FollowsTheEarlierDeliveryOfTheSameDocumentToTheSameAddress) {
  // Claim: another key with the same bytes reaches new recipients only; the others show the first delivery's
  // state.
  const AcceptEvent first = letters::letter("k1", "1.2.3", "a");
  const AcceptEvent again = letters::to(letters::letter("k2", "1.2.3", "a"), "b");
  EXPECT_EQ(commit({first, again}), (std::vector<Effect>{Effect::done, Effect::linked}));
  EXPECT_EQ(due(), (std::vector<Uuid>{first.deliveries[0].id, again.deliveries[1].id}));
  const Uuid id = first.deliveries[0].id;
  commit({letters::attempt(id), letters::outcome(id, Verdict::accepted)});
  const DeliveryRow follower = delivery(again, 0);
  EXPECT_EQ(follower.due.id, again.deliveries[0].id);
  EXPECT_EQ(follower.due.event_id, again.id);
  EXPECT_EQ(follower.same_as, id);
  EXPECT_EQ(follower.due.state, DeliveryState::delivered);
  EXPECT_EQ(follower.delivered_at, letters::after(2));
  EXPECT_EQ(state(again, 1), DeliveryState::pending);
  // What follows is moved by nobody.
  EXPECT_EQ(commit({letters::attempt(follower.due.id), letters::moved(follower.due.id, Happening::cancelled),
                    letters::outcome(follower.due.id, Verdict::accepted),
                    OpenLateTask{follower.due.id, letters::start}}),
            (std::vector<Effect>(4, Effect::stale)));
  // Nor is it followed in its turn.
  const AcceptEvent third = letters::letter("k3", "1.2.3", "a");
  EXPECT_EQ(commit_one(third), Effect::linked);
  EXPECT_EQ(delivery(third).same_as, id);
}

TEST_P(StoreConformance, SendsOneCopyToAnAddressNamedTwice) {
  // Claim: two recipients of one event with the same address get one delivery.
  const AcceptEvent sent = letters::letter("k", "1.2.3", "a");
  AcceptEvent twice = sent;
  twice.deliveries.push_back(sent.deliveries[0]);
  twice.deliveries[1].id = letters::id_of("second");
  twice.deliveries[1].recipient_index = 1;
  EXPECT_EQ(commit_one(twice), Effect::linked);
  EXPECT_EQ(due().size(), 1u);
  EXPECT_EQ(delivery(twice, 1).same_as, sent.deliveries[0].id);
}

TEST_P(StoreConformance, SendsAgainWhatWillNotArriveByItself) {
  // Claim: a delivery that is rejected, handed over, cancelled or expired is not followed: the new one is
  // sent.
  for (DeliveryState over : {DeliveryState::rejected, DeliveryState::handed_over, DeliveryState::cancelled,
                             DeliveryState::expired}) {
    const std::string name(name_of(over));
    const AcceptEvent first = in_state(over, name);
    const AcceptEvent again = letters::letter("again " + name, first.document_id, name);
    EXPECT_EQ(commit_one(again), Effect::done) << name;
    EXPECT_EQ(state(again), DeliveryState::pending) << name;
    EXPECT_EQ(state(first), over) << name;
  }
}

TEST_P(StoreConformance, AReplacementCancelsWhatIsPendingOfItsOwnPrincipal) {
  // Claim: pending deliveries of the replaced document are cancelled as REPLACED; another principal's are
  // not.
  const AcceptEvent old = letters::to(letters::letter("k1", "1.2.1", "a"), "b");
  AcceptEvent foreign = letters::letter("k2", "1.2.1", "c");
  foreign.principal = "clinic";
  AcceptEvent next = letters::letter("k3", "1.2.2", "a");
  next.replaces = "1.2.1";
  commit({old, foreign, next});
  EXPECT_EQ(state(old, 0), DeliveryState::cancelled);
  EXPECT_EQ(state(old, 1), DeliveryState::cancelled);
  EXPECT_EQ(delivery(old).reason, "REPLACED");
  EXPECT_EQ(state(foreign), DeliveryState::pending);
  EXPECT_EQ(due(), (std::vector<Uuid>{foreign.deliveries[0].id, next.deliveries[0].id}));
}

TEST_P(StoreConformance, AReplacementOfAnUnknownDocumentIsAnOrdinaryOne) {
  // Claim: what it replaces may have travelled elsewhere, or be itself by mistake.
  AcceptEvent next = letters::letter("k", "1.2.2", "a");
  next.replaces = "1.2.1";
  AcceptEvent itself = letters::letter("k2", "1.2.3", "b");
  itself.replaces = "1.2.3";
  EXPECT_EQ(commit({next, itself}), (std::vector<Effect>(2, Effect::done)));
  EXPECT_EQ(due().size(), 2u);
}

TEST_P(StoreConformance, AReplacementWaitsForTheOldOneAtTheSameAddressOnly) {
  // Claim: while an older version is sending or unknown at an address, the newer one is not due there;
  // through two replacements as well.
  const AcceptEvent old = letters::letter("k1", "1.2.1", "a");
  const Uuid id = old.deliveries[0].id;
  commit({old, letters::attempt(id)});
  AcceptEvent next = letters::to(letters::letter("k2", "1.2.2", "a"), "b");
  next.replaces = "1.2.1";
  commit({next});
  EXPECT_EQ(due(), (std::vector<Uuid>{next.deliveries[1].id}));
  commit({letters::outcome(id, Verdict::unknown)});
  EXPECT_EQ(due(), (std::vector<Uuid>{next.deliveries[1].id}));
  AcceptEvent last = letters::letter("k3", "1.2.3", "a");
  last.replaces = "1.2.2";
  commit({last});
  EXPECT_TRUE(due().empty());
  EXPECT_EQ(*ledger().next_due(), letters::after(2)) << "the unknown one, not the one that waits for it";
  commit({letters::moved(id, Happening::partner_accepted)});
  EXPECT_EQ(due(), (std::vector<Uuid>{last.deliveries[0].id}));
}

TEST_P(StoreConformance, WhatWasReplacedDuringAnAttemptIsNotTriedAgain) {
  // Claim: try later, for a document replaced meanwhile, ends as cancelled, for nothing was taken.
  const AcceptEvent old = letters::letter("k1", "1.2.1", "a");
  const Uuid id = old.deliveries[0].id;
  AcceptEvent next = letters::letter("k2", "1.2.2", "a");
  next.replaces = "1.2.1";
  commit({old, letters::attempt(id), next});
  EXPECT_EQ(state(old), DeliveryState::sending);
  EXPECT_EQ(commit_one(letters::outcome(id, Verdict::try_later)), Effect::done);
  EXPECT_EQ(state(old), DeliveryState::cancelled);
  EXPECT_EQ(delivery(old).reason, "REPLACED");
  EXPECT_EQ(due(), (std::vector<Uuid>{next.deliveries[0].id}));
}

TEST_P(StoreConformance, WhatMayHaveArrivedIsNeverCalledCancelled) {
  // Claim: a replaced delivery with a lost outcome is repeated, and the replacement comes after it.
  const AcceptEvent old = letters::letter("k1", "1.2.1", "a");
  const Uuid id = old.deliveries[0].id;
  AcceptEvent next = letters::letter("k2", "1.2.2", "a");
  next.replaces = "1.2.1";
  commit({old, letters::attempt(id), letters::outcome(id, Verdict::unknown), next,
          letters::moved(id, Happening::may_repeat)});
  EXPECT_EQ(state(old), DeliveryState::pending);
  EXPECT_EQ(due(10), (std::vector<Uuid>{id}));
  commit({letters::attempt(id), letters::outcome(id, Verdict::try_later)});
  EXPECT_EQ(state(old), DeliveryState::pending);
  commit({letters::attempt(id), letters::outcome(id, Verdict::accepted)});
  EXPECT_EQ(due(10), (std::vector<Uuid>{next.deliveries[0].id}));
}

TEST_P(StoreConformance, AnUnresolvedRecipientIsAHumansTaskAtOnce) {
  // Claim: it is handed over with its reason and a task, and cannot be retried without an address.
  AcceptEvent sent = letters::letter("k", "1.2.3", "a");
  const Uuid id = letters::id_of("nowhere");
  sent.unresolved.push_back({id, 1, "NO_ADDRESS"});
  EXPECT_EQ(commit_one(sent), Effect::done);
  const DeliveryRow row = delivery(sent, 1);
  EXPECT_EQ(row.due.id, id);
  EXPECT_EQ(row.due.state, DeliveryState::handed_over);
  EXPECT_EQ(row.reason, "NO_ADDRESS");
  EXPECT_TRUE(row.task_id.has_value());
  EXPECT_EQ(commit_one(letters::moved(id, Happening::retried)), Effect::stale);
}

TEST_P(StoreConformance, MovesAlongEveryEdgeOfTheTableAndNoOther) {
  // Claim: for each state and each thing that can happen, the ledger does what next_state() says and nothing
  // else.
  for (DeliveryState from : all_states) {
    for (Happening happening : all_happenings) {
      const std::string name = std::string(name_of(from)) + " " + std::string(name_of(happening));
      const AcceptEvent made = in_state(from, name);
      const Uuid id = made.deliveries[0].id;
      const std::optional<DeliveryState> expected = next_state(from, happening);
      const Effect effect = happening == Happening::attempt_started
                                ? commit_one(letters::attempt(id))
                                : commit_one(letters::moved(id, happening));
      EXPECT_EQ(effect, expected ? Effect::done : Effect::stale) << name;
      const DeliveryRow row = delivery(made);
      EXPECT_EQ(row.due.state, expected.value_or(from)) << name;
      EXPECT_EQ(row.task_id.has_value(), needs_human(row.due.state)) << name;
      EXPECT_EQ(row.delivered_at.us != 0, row.due.state == DeliveryState::delivered) << name;
    }
  }
  const Uuid id = in_state(DeliveryState::pending, "no attempt without its facts").deliveries[0].id;
  EXPECT_EQ(commit_one(letters::moved(id, Happening::attempt_started)), Effect::stale);
}

TEST_P(StoreConformance, RecordsWhatAnOutcomeSays) {
  // Claim: attempts are counted, and the last answer, its time and the reference are kept.
  const AcceptEvent sent = letters::letter("k", "1.2.3", "a");
  const Uuid id = sent.deliveries[0].id;
  commit({sent, letters::attempt(id), letters::outcome(id, Verdict::try_later, 2, 30)});
  DeliveryRow row = delivery(sent);
  EXPECT_EQ(row.due.attempts, 1);
  EXPECT_EQ(row.due.due_at, letters::after(30));
  EXPECT_EQ(row.reference, "<message@test>");
  EXPECT_EQ(row.reason, "REASON");
  EXPECT_EQ(row.partner_code, "250 2.0.0");
  EXPECT_TRUE(due(29).empty());
  EXPECT_EQ(due(30).size(), 1u);
  commit({letters::attempt(id, 31), letters::outcome(id, Verdict::accepted, 32)});
  row = delivery(sent);
  EXPECT_EQ(row.due.attempts, 2);
  EXPECT_EQ(row.delivered_at, letters::after(32));
  // A refusal that comes later takes the delivery back.
  EXPECT_EQ(commit_one(letters::moved(id, Happening::partner_refused)), Effect::done);
  EXPECT_EQ(delivery(sent).delivered_at.us, 0);
}

TEST_P(StoreConformance, ARetryBeginsANewGenerationWithTheSameTime) {
  // Claim: attempts start again, the spans for alert and give-up count from the retry, and the task is
  // closed.
  const AcceptEvent sent = in_state(DeliveryState::rejected, "retry");
  const Uuid id = sent.deliveries[0].id;
  const std::optional<Uuid> task = delivery(sent).task_id;
  EXPECT_EQ(commit_one(letters::moved(id, Happening::retried, 5000)), Effect::done);
  DeliveryRow row = delivery(sent);
  EXPECT_EQ(row.due.generation, 1);
  EXPECT_EQ(row.due.attempts, 0);
  EXPECT_EQ(row.due.give_up_at, letters::after(6000));
  EXPECT_FALSE(row.task_id);
  EXPECT_TRUE(ledger().overdue(letters::after(5999), 10)->empty());
  EXPECT_TRUE(ledger().late(letters::after(5099), 10)->empty());
  EXPECT_EQ(ledger().late(letters::after(5100), 10)->size(), 1u);
  commit({letters::attempt(id, 5001), letters::outcome(id, Verdict::rejected, 5002)});
  row = delivery(sent);
  EXPECT_TRUE(row.task_id.has_value());
  EXPECT_NE(row.task_id, task) << "another task";
}

TEST_P(StoreConformance, TellsOnceThatADeliveryIsLate) {
  // Claim: one late task per delivery, while it is under way; it closes when the delivery ends.
  const AcceptEvent sent = letters::letter("k", "1.2.3", "a");
  const Uuid id = sent.deliveries[0].id;
  commit({sent});
  EXPECT_TRUE(ledger().late(letters::after(99), 10)->empty());
  EXPECT_EQ(ids(ledger().late(letters::after(100), 10)), (std::vector<Uuid>{id}));
  EXPECT_EQ(commit_one(OpenLateTask{id, letters::after(100)}), Effect::done);
  EXPECT_TRUE(delivery(sent).task_id.has_value());
  EXPECT_TRUE(ledger().late(letters::after(200), 10)->empty());
  EXPECT_EQ(commit_one(OpenLateTask{id, letters::after(100)}), Effect::stale);
  commit({letters::attempt(id), letters::outcome(id, Verdict::accepted)});
  EXPECT_FALSE(delivery(sent).task_id.has_value());
  EXPECT_EQ(commit_one(OpenLateTask{id, letters::after(100)}), Effect::stale);
}

TEST_P(StoreConformance, ALateTaskGivesWayToTheTaskOfAFailure) {
  // Claim: a delivery has one open task at most, and the failure is the one that counts.
  const AcceptEvent sent = letters::letter("k", "1.2.3", "a");
  const Uuid id = sent.deliveries[0].id;
  commit({sent, OpenLateTask{id, letters::after(100)}});
  const std::optional<Uuid> late = delivery(sent).task_id;
  commit({letters::moved(id, Happening::given_up)});
  EXPECT_TRUE(delivery(sent).task_id.has_value());
  EXPECT_NE(delivery(sent).task_id, late);
}

TEST_P(StoreConformance, KeepsAdaptersAndLanesApartAndOldestFirst) {
  // Claim: due() gives one adapter's one lane, oldest due first, at most so many.
  std::vector<Command> batch;
  for (int i = 0; i < 5; ++i) {
    const std::string name = std::to_string(i);
    AcceptEvent sent = letters::to(letters::letter("k" + name, "1.2." + name, "a"), "b", "fax");
    sent.lane = i == 4 ? Lane::crisis : Lane::letters;
    for (NewDelivery& one : sent.deliveries) one.due_at = letters::after(10 - i);
    batch.emplace_back(sent);
  }
  commit(batch);
  EXPECT_TRUE(due(6).empty());
  const std::vector<Uuid> found = due(10);
  ASSERT_EQ(found.size(), 4u);
  EXPECT_EQ(found[0], letters::id_of("k3 to a"));
  EXPECT_EQ(found[3], letters::id_of("k0 to a"));
  EXPECT_EQ(due(8).size(), 2u);
  EXPECT_EQ(due(10, Lane::crisis, "fax"), (std::vector<Uuid>{letters::id_of("k4 to b")}));
  EXPECT_TRUE(due(10, Lane::letters, "other").empty());
  const auto two = ledger().due("mail", Lane::letters, letters::after(10), 2);
  EXPECT_EQ(two->size(), 2u);
  EXPECT_EQ(two->front().lane, Lane::letters);
  EXPECT_EQ(two->front().adapter, "mail");
  EXPECT_EQ(two->front().tenant, "cpts");
  EXPECT_EQ(*ledger().next_due(), letters::after(6));
}

TEST_P(StoreConformance, FindsWhatIsUnsettledOverdueAndInterrupted) {
  // Claim: each question finds its states at their time and no other.
  const Uuid pending = in_state(DeliveryState::pending, "p").deliveries[0].id;
  const Uuid sending = in_state(DeliveryState::sending, "s").deliveries[0].id;
  const Uuid unknown = in_state(DeliveryState::unknown, "u").deliveries[0].id;
  in_state(DeliveryState::delivered, "d");
  in_state(DeliveryState::handed_over, "h");
  EXPECT_EQ(ids(ledger().interrupted(10)), (std::vector<Uuid>{sending}));
  EXPECT_TRUE(ledger().unsettled("mail", letters::after(1), 10)->empty());
  EXPECT_EQ(ids(ledger().unsettled("mail", letters::after(2), 10)), (std::vector<Uuid>{unknown}));
  EXPECT_TRUE(ledger().unsettled("fax", letters::after(2), 10)->empty());
  EXPECT_TRUE(ledger().overdue(letters::after(999), 10)->empty());
  EXPECT_EQ(ids(ledger().overdue(letters::after(1000), 10)), (std::vector<Uuid>{pending, unknown}));
  EXPECT_EQ(ledger().late(letters::after(100), 10)->size(), 3u);
}

TEST_P(StoreConformance, NextDueIsTheFirstOfAllClocks) {
  // Claim: next_due() is nothing when nothing waits, else the earliest of due, look-up, alert and give-up
  // times.
  EXPECT_EQ(*ledger().next_due(), std::nullopt);
  AcceptEvent sent = letters::letter("k", "1.2.3", "a");
  sent.deliveries[0].due_at = letters::after(50);
  const Uuid id = sent.deliveries[0].id;
  commit({sent});
  EXPECT_EQ(*ledger().next_due(), letters::after(50));
  commit({letters::attempt(id)});
  EXPECT_EQ(*ledger().next_due(), letters::after(100)) << "sending: only the alert is left";
  commit({letters::outcome(id, Verdict::unknown, 2, 70)});
  EXPECT_EQ(*ledger().next_due(), letters::after(70));
  commit({letters::outcome(id, Verdict::accepted)});
  EXPECT_EQ(*ledger().next_due(), std::nullopt);
  sent = in_state(DeliveryState::unknown, "u");
  commit({OpenLateTask{sent.deliveries[0].id, letters::start},
          letters::moved(sent.deliveries[0].id, Happening::may_repeat, 5000)});
  EXPECT_EQ(*ledger().next_due(), letters::after(1000)) << "give-up comes before the next attempt";
}

}  // namespace psl
