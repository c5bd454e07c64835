#include "gateway/outbox/delivering.h"

#include <gtest/gtest.h>

#include "gateway/base/hash.h"
#include "tests/support/fake_env.h"
#include "tests/support/memory_store.h"
#include "tests/support/outbox_world.h"

namespace psl {
namespace {

class CourierTest : public ::testing::Test {
 protected:
  CourierTest() {
    tenant_.set_name("cpts-test");
    limits_.attempts_max = 3;
  }

  Courier& courier() {
    if (!courier_) {
      courier_.emplace(
          CourierSeams{store_, sink_, sealer_, office_, env_,
                       [this](std::string_view name) { return name == tenant_.name() ? &tenant_ : nullptr; }},
          limits_);
    }
    return *courier_;
  }
  // Accepts one event for the partner and gives its delivery as the dispatcher reads it.
  DueDelivery accept() {
    const AcceptEvent event = event_to(sealer_, 1, {"mail"}, env_.now());
    const Command command = event;
    EXPECT_TRUE(store_.commit(std::span(&command, 1)).ok());
    return due();
  }
  DueDelivery due() { return store_.delivery(id_).due; }
  DueDelivery make_unknown() {
    accept();
    adapter_.script = {lost()};
    courier().carry(adapter_, due());
    return due();
  }
  DeliveryRow row() { return store_.delivery(id_); }

  const Uuid id_ = numbered_id('d', 100);
  FakeEnv env_;
  MemoryStore store_;
  ImmediateSink sink_{store_};
  PlainSealer sealer_;
  OpeningOffice office_;
  ScriptedAdapter adapter_{"mail"};
  v1::Tenant tenant_;
  OutboxLimits limits_;
  std::optional<Courier> courier_;
};

TEST_F(CourierTest, SendsWhatIntakeFroze) {
  // The translation gets the stored documents, the tenant and the identities; the attempt keeps hash and
  // reference.
  accept();
  std::string hash;
  sink_.before = [&hash](const Command& command) {
    if (const auto* start = std::get_if<StartAttempt>(&command)) hash = start->payload_sha256;
  };
  const Carried carried = courier().carry(adapter_, due());
  EXPECT_EQ(carried.contact, Contact::fine);
  EXPECT_FALSE(carried.hold);
  EXPECT_EQ(*adapter_.last.body, "cpts-test/0/cda-1/");
  EXPECT_EQ(hash, to_hex(sha256("cpts-test/0/cda-1/")));
  EXPECT_EQ(adapter_.dated_at, env_.now());
  EXPECT_EQ(row().due.state, DeliveryState::delivered);
  EXPECT_EQ(row().reference, id_.text() + ".0");
  EXPECT_EQ(row().reason, "ACCEPTED");
  EXPECT_EQ(row().partner_code, "250");
  EXPECT_EQ(adapter_.last_deadline, env_.monotonic() + limits_.delivery_timeout);
}

TEST_F(CourierTest, SendsAProposalAsItsCaseStandsWhenItLeaves) {
  // Claim: what changed between the event and the turn of this candidate is told; another recipient gets what
  // was frozen.
  AcceptEvent event = event_to(sealer_, 1, {"mail", "mail"}, env_.now());
  stored::StoredEvent content;
  content.ParseFromString(*sealer_.open(event.tenant, event.key, event.id, content_column, event.content));
  content.mutable_care()->add_routed()->set_telling(stored::TELLING_PROPOSAL);
  content.mutable_care()->add_routed()->set_telling(stored::TELLING_DOCUMENT);
  content.mutable_care()->mutable_orientation()->set_steps(1);
  event.content =
      sealer_.seal(event.tenant, event.key, event.id, content_column, content.SerializeAsString()).value();
  stored::OrientationCase now;
  now.set_steps(7);
  CaseChange change;
  change.id = numbered_id('c', 1);
  change.tenant = event.tenant;
  change.event_id = event.id;
  change.key = event.key;
  change.state =
      sealer_.seal(event.tenant, event.key, change.id, case_column, now.SerializeAsString()).value();
  event.step.cases = {change};
  const Command command = event;
  ASSERT_TRUE(store_.commit(std::span(&command, 1)).ok());
  std::vector<int> seen;
  adapter_.on_wrap = [&seen](const Dispatch& dispatch) {
    seen.push_back(dispatch.care.orientation().steps());
  };
  courier().carry(adapter_, due());
  courier().carry(adapter_, store_.delivery(numbered_id('d', 101)).due);
  EXPECT_EQ(seen, (std::vector<int>{7, 1}));
}

TEST_F(CourierTest, SendsNothingBeforeTheAttemptIsDurable) {
  // When the partner sees the first byte, the ledger says "sending".
  accept();
  DeliveryState seen = DeliveryState::pending;
  adapter_.on_deliver = [&](const Payload&) {
    seen = row().due.state;
    return accepted();
  };
  courier().carry(adapter_, due());
  EXPECT_EQ(seen, DeliveryState::sending);
}

TEST_F(CourierTest, SendsNothingWhenTheAttemptCannotBeRecorded) {
  // The store refuses: nothing leaves, the delivery stays as it was and is left in peace.
  accept();
  sink_.refuses = [](const Command& command) { return std::holds_alternative<StartAttempt>(command); };
  const Carried carried = courier().carry(adapter_, due());
  EXPECT_TRUE(adapter_.sent.empty());
  EXPECT_TRUE(carried.hold);
  EXPECT_EQ(carried.contact, Contact::none);
  EXPECT_EQ(row().due.state, DeliveryState::pending);
  EXPECT_FALSE(courier().halted());
}

TEST_F(CourierTest, SendsNothingWhenItWasCancelledMeanwhile) {
  // Between the dispatcher's look and the attempt, somebody withdrew it.
  const DueDelivery claimed = accept();
  sink_.submit(MoveDelivery{id_, env_.now(), Happening::cancelled, "REPLACED", env_.now()},
               [](const Result<Effect>&) {});
  courier().carry(adapter_, claimed);
  EXPECT_TRUE(adapter_.sent.empty());
  EXPECT_EQ(row().due.state, DeliveryState::cancelled);
}

TEST_F(CourierTest, RecordsEachVerdict) {
  // Every row of outcomes: the state that follows, what counts for the breaker.
  struct Case {
    Outcome outcome;
    DeliveryState state;
    Contact contact;
  };
  const std::vector<Case> cases = {{accepted(), DeliveryState::delivered, Contact::fine},
                                   {busy(), DeliveryState::pending, Contact::fine},
                                   {down(), DeliveryState::pending, Contact::down},
                                   {refused(), DeliveryState::rejected, Contact::fine},
                                   {lost(), DeliveryState::unknown, Contact::down}};
  uint64_t number = 10;
  for (const Case& one : cases) {
    const Command event = event_to(sealer_, ++number, {"mail"}, env_.now());
    ASSERT_TRUE(store_.commit(std::span(&event, 1)).ok());
    const Uuid id = numbered_id('d', 100 * number);
    adapter_.script = {one.outcome};
    const Carried carried = courier().carry(adapter_, store_.delivery(id).due);
    EXPECT_EQ(store_.delivery(id).due.state, one.state) << one.outcome.reason;
    EXPECT_EQ(store_.delivery(id).reason, one.outcome.reason);
    EXPECT_EQ(store_.delivery(id).partner_code, one.outcome.partner_code);
    EXPECT_EQ(store_.delivery(id).due.attempts, 1);
    EXPECT_EQ(store_.delivery(id).task_id.has_value(), one.state == DeliveryState::rejected);
    EXPECT_EQ(carried.contact, one.contact) << one.outcome.reason;
    EXPECT_FALSE(carried.hold);
  }
}

TEST_F(CourierTest, WaitsLongerAfterEachFailure) {
  // due_at is drawn below a ceiling that doubles.
  accept();
  env_.fix_random(std::numeric_limits<uint64_t>::max());
  adapter_.otherwise = busy();
  courier().carry(adapter_, due());
  EXPECT_EQ(due().due_at, env_.now() + seconds(5));
  courier().carry(adapter_, due());
  EXPECT_EQ(due().due_at, env_.now() + seconds(10));
}

TEST_F(CourierTest, WaitsAsLongAsThePartnerAsks) {
  // Retry-After, when it is longer than our own pause, and no longer than we wait for anybody.
  accept();
  env_.fix_random(0);
  adapter_.otherwise = busy();
  adapter_.otherwise.retry_after = seconds(120);
  courier().carry(adapter_, due());
  EXPECT_EQ(due().due_at, env_.now() + seconds(120));
  adapter_.otherwise.retry_after = seconds(86400);
  courier().carry(adapter_, due());
  EXPECT_EQ(due().due_at, env_.now() + OutboxLimits().backoff_most);
}

TEST_F(CourierTest, DoesNotWaitAfterTheLastAttempt) {
  // The dispatcher then hands it over at once.
  accept();
  env_.fix_random(std::numeric_limits<uint64_t>::max());
  adapter_.otherwise = busy();
  for (int i = 0; i < 3; ++i) courier().carry(adapter_, due());
  EXPECT_EQ(due().attempts, 3);
  EXPECT_EQ(due().due_at, env_.now());
}

TEST_F(CourierTest, TakesAThrowForAnUnknownOutcome) {
  // Bytes may have left before the adapter broke.
  accept();
  adapter_.on_deliver = [](const Payload&) -> Outcome { throw 42; };
  const Carried carried = courier().carry(adapter_, due());
  EXPECT_EQ(row().due.state, DeliveryState::unknown);
  EXPECT_EQ(row().reason, "ADAPTER_FAULT");
  EXPECT_EQ(carried.contact, Contact::fine);
}

TEST_F(CourierTest, KeepsNoTextOfThePartner) {
  // An adapter that slips a sentence into a code cannot bring it into the ledger.
  accept();
  adapter_.script = {{Verdict::try_later, "no such user", "550 <someone@example.org>", false}};
  courier().carry(adapter_, due());
  EXPECT_EQ(row().reason, "UNNAMED");
  EXPECT_EQ(row().partner_code, "");
}

TEST_F(CourierTest, StopsEverythingWhenAnOutcomeIsLost) {
  // The store broke after the letter left: nothing more is sent, and the delivery stays "sending" for the
  // next start.
  const DueDelivery claimed = accept();
  sink_.refuses = [](const Command& command) { return std::holds_alternative<RecordOutcome>(command); };
  courier().carry(adapter_, claimed);
  EXPECT_TRUE(courier().halted());
  EXPECT_EQ(row().due.state, DeliveryState::sending);
  const Command other = event_to(sealer_, 2, {"mail"}, env_.now());
  ASSERT_TRUE(store_.commit(std::span(&other, 1)).ok());
  const DueDelivery next = store_.delivery(numbered_id('d', 200)).due;
  EXPECT_TRUE(courier().carry(adapter_, next).hold);
  EXPECT_TRUE(courier().look_up(adapter_, next).hold);
  EXPECT_EQ(adapter_.sent.size(), 1u);
  EXPECT_EQ(adapter_.lookups, 0);
}

TEST_F(CourierTest, HandsOverWhatCannotBeWrapped) {
  // Intake accepted it, so this is a fault: a human gets it, and no attempt is counted.
  accept();
  adapter_.wrap_error = error_of(ErrorCode::internal);
  const Carried carried = courier().carry(adapter_, due());
  EXPECT_EQ(row().due.state, DeliveryState::handed_over);
  EXPECT_EQ(row().reason, "CANNOT_WRAP");
  EXPECT_EQ(row().due.attempts, 0);
  EXPECT_TRUE(row().task_id.has_value());
  EXPECT_EQ(carried.contact, Contact::none);
  EXPECT_FALSE(carried.hold);
}

TEST_F(CourierTest, HandsOverWhenWrappingThrows) {
  // A throw in a translation is a fault like another.
  accept();
  adapter_.wrap_throws = true;
  courier().carry(adapter_, due());
  EXPECT_EQ(row().reason, "CANNOT_WRAP");
}

TEST_F(CourierTest, HandsOverWhatCannotBeOpened) {
  // Corruption, a missing key, a missing document, a missing tenant, a recipient that is not there.
  using Spoil = std::function<void(DueDelivery&)>;
  const std::vector<Spoil> spoils = {
      [this](DueDelivery& due) { store_.corrupt_content(due.event_id); },
      [this](DueDelivery& due) { store_.forget_documents(due.event_id); },
      [this](DueDelivery&) { sealer_.key_missing = true; },
      [](DueDelivery& due) { due.tenant = "gone"; },
      [](DueDelivery& due) { due.recipient_index = 1; },
      [](DueDelivery& due) { due.event_id = numbered_id('e', 999); },
  };
  uint64_t number = 20;
  for (const Spoil& spoil : spoils) {
    const Command event = event_to(sealer_, ++number, {"mail"}, env_.now());
    ASSERT_TRUE(store_.commit(std::span(&event, 1)).ok());
    DueDelivery due = store_.delivery(numbered_id('d', 100 * number)).due;
    spoil(due);
    courier().carry(adapter_, due);
    EXPECT_EQ(store_.delivery(due.id).due.state, DeliveryState::handed_over) << number;
    EXPECT_EQ(store_.delivery(due.id).reason, "CONTENT_UNREADABLE") << number;
    sealer_.key_missing = false;
  }
  EXPECT_TRUE(adapter_.sent.empty());
}

TEST_F(CourierTest, TakesThePdfOutOfADocumentThatHoldsIt) {
  // Claim: the translation gets both, though one is kept; a PDF that an older program kept beside is used as
  // it is.
  Command event = event_to(sealer_, 1, {"mail"}, env_.now(), "cda-1 pdf:inside");
  ASSERT_TRUE(store_.commit(std::span(&event, 1)).ok());
  courier().carry(adapter_, due());
  EXPECT_EQ(*adapter_.last.body, "cpts-test/0/cda-1 pdf:inside/pdf:inside");

  AcceptEvent beside = event_to(sealer_, 2, {"mail"}, env_.now());
  beside.documents.push_back(
      {1, 7, sealer_.seal(beside.tenant, beside.key, beside.id, document_column(1), "its pdf").value()});
  event = beside;
  ASSERT_TRUE(store_.commit(std::span(&event, 1)).ok());
  courier().carry(adapter_, store_.delivery(numbered_id('d', 200)).due);
  EXPECT_EQ(*adapter_.last.body, "cpts-test/0/cda-2/its pdf");
}

TEST_F(CourierTest, HandsOverADocumentWithoutThePdfThatItHeld) {
  // Claim: nothing is sent without its readable copy in silence.
  const Command event = event_to(sealer_, 1, {"mail"}, env_.now(), "cda-1 and nothing else");
  ASSERT_TRUE(store_.commit(std::span(&event, 1)).ok());
  courier().carry(adapter_, due());
  EXPECT_EQ(row().due.state, DeliveryState::handed_over);
  EXPECT_EQ(row().reason, "CONTENT_UNREADABLE");
  EXPECT_TRUE(adapter_.sent.empty());
}

TEST_F(CourierTest, LeavesInPeaceWhatCannotBeReadNow) {
  // A disk that does not answer is no reason to bother a human.
  const DueDelivery claimed = accept();
  store_.fail_reads = true;
  EXPECT_TRUE(courier().carry(adapter_, claimed).hold);
  EXPECT_EQ(row().due.state, DeliveryState::pending);
}

TEST_F(CourierTest, TriesAgainToHandOver) {
  // The hand-over itself may be refused; then the delivery is held, not lost.
  accept();
  adapter_.wrap_error = error_of(ErrorCode::internal);
  sink_.refuses = [](const Command&) { return true; };
  EXPECT_TRUE(courier().carry(adapter_, due()).hold);
  EXPECT_EQ(row().due.state, DeliveryState::pending);
}

TEST_F(CourierTest, SettlesByWhatThePartnerSays) {
  // Every answer of a look-up: it has it, it refused it, it does not have it.
  struct Case {
    Outcome answer;
    DeliveryState state;
  };
  const std::vector<Case> cases = {{accepted(), DeliveryState::delivered},
                                   {refused(), DeliveryState::rejected},
                                   {busy(), DeliveryState::pending}};
  uint64_t number = 30;
  for (const Case& one : cases) {
    const Command event = event_to(sealer_, ++number, {"mail"}, env_.now());
    ASSERT_TRUE(store_.commit(std::span(&event, 1)).ok());
    const Uuid id = numbered_id('d', 100 * number);
    adapter_.script = {lost()};
    courier().carry(adapter_, store_.delivery(id).due);
    ASSERT_EQ(store_.delivery(id).due.state, DeliveryState::unknown);
    adapter_.on_lookup = [&one](const Payload&) { return one.answer; };
    EXPECT_FALSE(courier().look_up(adapter_, store_.delivery(id).due).hold);
    EXPECT_EQ(store_.delivery(id).due.state, one.state);
    EXPECT_EQ(store_.delivery(id).reason, one.answer.reason);
  }
}

TEST_F(CourierTest, StaysUnknownWhenThePartnerCannotSay) {
  // No answer, no connection and a throw are no answers: above all, never "it does not have it".
  make_unknown();
  for (const Outcome& answer : {lost(), down()}) {
    adapter_.on_lookup = [&answer](const Payload&) { return answer; };
    const Carried carried = courier().look_up(adapter_, due());
    EXPECT_TRUE(carried.hold);
    EXPECT_EQ(carried.contact, Contact::down);
    EXPECT_EQ(row().due.state, DeliveryState::unknown);
  }
  adapter_.on_lookup = [](const Payload&) -> Outcome { throw 42; };
  EXPECT_TRUE(courier().look_up(adapter_, due()).hold);
  EXPECT_EQ(row().due.state, DeliveryState::unknown);
}

TEST_F(CourierTest, HandsOverAnUnknownOneThatCannotBeRead) {
  // It cannot even be asked about.
  make_unknown();
  sealer_.key_missing = true;
  courier().look_up(adapter_, due());
  EXPECT_EQ(row().due.state, DeliveryState::handed_over);
  EXPECT_EQ(adapter_.lookups, 0);
}

}  // namespace
}  // namespace psl
