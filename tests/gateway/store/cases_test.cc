// Cases, what their steps do to deliveries, and consent, in every ledger.
#include <gmock/gmock.h>

#include "tests/gateway/store/memory_under_test.h"
#include "tests/gateway/store/sqlite_under_test.h"
#include "tests/gateway/store/store_fixture.h"

namespace psl {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Cases : public StoreFixture {
 protected:
  // An orientation without a document, to `addresses`, and the first change of its case.
  static AcceptEvent orientation(const std::string& key, const std::vector<std::string>& addresses = {"a"}) {
    AcceptEvent event = letters::letter(key, "", "");
    event.kind = "orientation";
    event.documents.clear();
    event.document_mac = "";
    event.patient_mac = sha256("person");
    for (const std::string& address : addresses) event = letters::to(event, address);
    event.step.at = event.accepted_at;
    event.step.tenant = event.tenant;
    event.step.cases = {case_of(event)};
    return event;
  }
  static CaseChange case_of(const AcceptEvent& event) {
    CaseChange change;
    change.id = case_id_of("orientation", event.tenant, event.id.raw());
    change.tenant = event.tenant;
    change.kind = "orientation";
    change.event_id = event.id;
    change.key = {"key-1", "wrapped for the case"};
    change.state = std::string("sealed\0state", 12);
    return change;
  }
  // The next change of the case that `event` began.
  static CaseChange next(const AcceptEvent& event, int64_t revision) {
    CaseChange change = event.step.cases.front();
    change.expected_revision = revision;
    return change;
  }
  static StepCase step(CaseChange change, int64_t at_s = 5) {
    StepCase command;
    command.step.at = letters::after(at_s);
    command.step.tenant = "cpts";
    command.step.cases = {std::move(change)};
    return command;
  }
  CaseRow found(const AcceptEvent& event) {
    const auto row = ledger().case_of(event.step.cases.front().id);
    EXPECT_TRUE(row.ok() && row->has_value());
    return row.ok() ? row->value_or(CaseRow{}) : CaseRow{};
  }
  // One delivery to `address` that needs the consent of the person.
  static AcceptEvent consented(const std::string& key, const std::string& address = "a") {
    AcceptEvent event = letters::letter(key, "1.2." + key, address);
    event.patient_mac = sha256("person");
    event.deliveries[0].needs_consent = true;
    return event;
  }
  static StepCase withdrawal(const std::string& tenant = "cpts") {
    StepCase command;
    command.step.at = letters::after(50);
    command.step.tenant = tenant;
    command.step.consent_withdrawn_of = {sha256("person"), ""};
    return command;
  }
  std::vector<Uuid> sent() {
    std::vector<Uuid> out;
    const auto sends = ledger().sent_with_consent("cpts", sha256("person"), 100);
    EXPECT_TRUE(sends.ok());
    for (const ConsentedSend& one : *sends) out.push_back(one.event_id);
    return out;
  }
};

INSTANTIATE_TEST_SUITE_P(Sqlite, Cases,
                         testing::Values(StoreFactory([] { return std::make_unique<SqliteUnderTest>(); })));
INSTANTIATE_TEST_SUITE_P(Memory, Cases,
                         testing::Values(StoreFactory([] { return std::make_unique<MemoryUnderTest>(); })));

TEST_P(Cases, AreKeptWithTheirEventAndChangedByEachStep) {
  // Claim: a case is found by its id and by its event, with all that was said of it last; its revision
  // counts.
  AcceptEvent sent = orientation("k");
  sent.step.cases[0].wake_at = letters::after(60);
  EXPECT_EQ(commit_one(sent), Effect::done);
  subject_->reopen();
  CaseRow row = found(sent);
  EXPECT_EQ(row.id, sent.step.cases[0].id);
  EXPECT_EQ(row.tenant, "cpts");
  EXPECT_EQ(row.kind, "orientation");
  EXPECT_EQ(row.revision, 1);
  EXPECT_EQ(row.event_id, sent.id);
  EXPECT_EQ(row.principal, "hospital");
  EXPECT_EQ(row.key.key_id, "key-1");
  EXPECT_EQ(row.key.wrapped, "wrapped for the case");
  EXPECT_EQ(row.state, sent.step.cases[0].state);
  EXPECT_TRUE(row.open);
  EXPECT_EQ(row.wake_at, letters::after(60));
  EXPECT_EQ(row.attention, "");

  CaseChange change = next(sent, 1);
  change.state = "sealed anew";
  change.key = {"key-2", "wrapped anew"};
  change.attention = "DEADLINE_NEAR";
  change.open = false;
  change.wake_at = Instant{};
  EXPECT_EQ(commit_one(step(change)), Effect::done);
  row = **ledger().case_of_event(sent.id);
  EXPECT_EQ(row.revision, 2);
  EXPECT_EQ(row.state, "sealed anew");
  EXPECT_EQ(row.key.key_id, "key-2");
  EXPECT_EQ(row.attention, "DEADLINE_NEAR");
  EXPECT_FALSE(row.open);
  EXPECT_EQ(row.event_id, sent.id);
  EXPECT_EQ(*ledger().case_of(sent.id), std::nullopt) << "no case has this id";
  EXPECT_EQ(*ledger().case_of_event(letters::id_of("nobody")), std::nullopt);
}

TEST_P(Cases, OfNoEventAreKeptToo) {
  // Claim: a case whose event is nil is found by its id, belongs to no principal and is shown by nothing.
  AcceptEvent sent = orientation("k");
  CaseChange circle = sent.step.cases[0];
  circle.event_id = Uuid{};
  EXPECT_EQ(commit_one(step(circle)), Effect::done);
  EXPECT_EQ(found(sent).event_id, Uuid{});
  EXPECT_EQ(found(sent).principal, "");
  EXPECT_EQ(*ledger().case_of_event(Uuid{}), std::nullopt);
}

TEST_P(Cases, OfOneEventShowTheFirst) {
  // Claim: of an enrolment and of the circle that it changes, the enrolment is what the event shows; what
  // needs attention in either shows.
  AcceptEvent sent = orientation("k");
  CaseChange circle = sent.step.cases[0];
  circle.id = letters::id_of("circle");
  circle.attention = "MEMBER_WITHOUT_ADDRESS";
  sent.step.cases.push_back(circle);
  commit_one(sent);
  EXPECT_EQ((**ledger().case_of_event(sent.id)).id, sent.step.cases[0].id);
  EXPECT_EQ(event(sent.id).attention, "MEMBER_WITHOUT_ADDRESS");
}

TEST_P(Cases, AreChangedByTheFirstOfTwoStepsOnly) {
  // Claim: of two steps made from the same revision, in one batch, one is done and the other leaves nothing
  // at all, whether an event carries it or not.
  const AcceptEvent sent = orientation("k", {"a", "b"});
  commit_one(sent);
  AcceptEvent accepting = letters::letter("accepting", "", "c");
  accepting.step = step(next(sent, 1)).step;
  accepting.step.moves = {letters::moved(sent.deliveries[1].id, Happening::cancelled)};
  AcceptEvent late = letters::letter("late", "", "d");
  late.step = accepting.step;
  late.step.moves = {letters::moved(sent.deliveries[0].id, Happening::cancelled)};
  EXPECT_EQ(commit({accepting, late, step(next(sent, 1)), step(next(sent, 3)), step(next(sent, 0))}),
            (std::vector<Effect>{Effect::done, Effect::case_changed, Effect::case_changed,
                                 Effect::case_changed, Effect::case_changed}));
  EXPECT_EQ(ledger().event(late.id).error().code, ErrorCode::not_found);
  EXPECT_EQ(state(sent, 0), DeliveryState::pending);
  EXPECT_EQ(state(sent, 1), DeliveryState::cancelled);
  EXPECT_EQ(found(sent).revision, 2);
  // Its key is free: the loser looks again and comes back.
  late.step.cases = {next(sent, 2)};
  EXPECT_EQ(commit({late, accepting}), (std::vector<Effect>{Effect::done, Effect::already_accepted}));
}

TEST_P(Cases, AllChangeOrNone) {
  // Claim: a step of two cases of which one has changed changes neither; one that was only looked at counts
  // too.
  const AcceptEvent one = orientation("one");
  const AcceptEvent two = orientation("two");
  commit({one, two});
  StepCase both = step(next(one, 1));
  both.step.cases.push_back(next(two, 7));
  EXPECT_EQ(commit_one(both), Effect::case_changed);
  StepCase looking = step(next(one, 1));
  looking.step.seen = {{two.step.cases[0].id, 2}};
  EXPECT_EQ(commit_one(looking), Effect::case_changed);
  looking.step.seen = {{two.step.cases[0].id, 0}};
  EXPECT_EQ(commit_one(looking), Effect::case_changed);
  EXPECT_EQ(found(one).revision, 1);
  looking.step.seen = {{two.step.cases[0].id, 1}, {letters::id_of("none"), 0}};
  EXPECT_EQ(commit_one(looking), Effect::done);
  EXPECT_EQ(found(one).revision, 2);
  EXPECT_EQ(found(two).revision, 1);
}

TEST_P(Cases, OfOneSubjectAreOpenOncePerPerson) {
  // Claim: a second case is refused while another of its subject is open for the person by the INS or by the
  // traits, in the same tenant; not when that one is closed, or either names no subject or no person.
  const auto made = [](const std::string& key, const std::string& subject, const std::string& by_ins,
                       const std::string& by_traits) {
    AcceptEvent event = orientation(key, {});
    event.step.cases[0].subject = subject;
    event.step.cases[0].person_macs = {by_ins, by_traits};
    return event;
  };
  const AcceptEvent first = made("first", "specialist", sha256("ins"), sha256("traits"));
  EXPECT_EQ(commit_one(first), Effect::done);
  EXPECT_EQ(commit_one(made("same ins", "specialist", sha256("ins"), sha256("other"))), Effect::case_open);
  EXPECT_EQ(commit_one(made("same traits", "specialist", "", sha256("traits"))), Effect::case_open);
  EXPECT_EQ(ledger().event(letters::id_of("event same ins")).error().code, ErrorCode::not_found);
  EXPECT_EQ(commit_one(made("other subject", "kine", sha256("ins"), sha256("traits"))), Effect::done);
  EXPECT_EQ(commit_one(made("other person", "specialist", sha256("ins 2"), sha256("traits 2"))),
            Effect::done);
  EXPECT_EQ(commit_one(made("crossed", "specialist", sha256("traits"), sha256("ins"))), Effect::done)
      << "an INS is no traits";
  for (const char* key : {"no person", "no person either"})
    EXPECT_EQ(commit_one(made(key, "specialist", "", "")), Effect::done);
  for (const char* key : {"no subject", "no subject either"})
    EXPECT_EQ(commit_one(made(key, "", sha256("ins"), sha256("traits"))), Effect::done);
  AcceptEvent elsewhere = made("elsewhere", "specialist", sha256("ins"), sha256("traits"));
  elsewhere.tenant = elsewhere.step.tenant = elsewhere.step.cases[0].tenant = "cpts-2";
  EXPECT_EQ(commit_one(elsewhere), Effect::done);
  AcceptEvent closed = made("closed", "specialist", sha256("ins"), sha256("traits"));
  closed.step.cases[0].open = false;
  EXPECT_EQ(commit_one(closed), Effect::done) << "it is over already";

  CaseChange over = next(first, 1);
  over.open = false;
  EXPECT_EQ(commit_one(step(over)), Effect::done);
  EXPECT_EQ(commit_one(made("again", "specialist", sha256("ins"), sha256("traits"))), Effect::done);
}

TEST_P(Cases, AreFoundByTheirPersonAndSubject) {
  // Claim: by the INS or by the traits, in the order in which they began, at most so many, in one tenant;
  // shared ones may be open together; one that is closed, or has another subject, is not found.
  const auto made = [](const std::string& key, const std::string& by_ins, const std::string& by_traits,
                       bool shared = true) {
    AcceptEvent event = orientation(key, {});
    event.step.cases[0].subject = "circle";
    event.step.cases[0].person_macs = {by_ins, by_traits};
    event.step.cases[0].shared = shared;
    return event;
  };
  const auto places = [&](const std::string& by_ins, const std::string& by_traits, int most = 10,
                          const char* tenant = "cpts", const char* subject = "circle") {
    std::vector<std::string> out;
    const auto rows = ledger().cases_of_person(tenant, subject, {by_ins, by_traits}, most);
    EXPECT_TRUE(rows.ok());
    for (const CaseRow& row : *rows) out.push_back(row.id.text());
    return out;
  };
  const std::string ins = sha256("ins");
  const std::string traits = sha256("traits");
  const AcceptEvent first = made("by both", ins, traits);
  const AcceptEvent second = made("by traits", "", traits);
  const AcceptEvent third = made("by another ins", sha256("ins 2"), traits);
  for (const AcceptEvent& event : {first, second, third}) EXPECT_EQ(commit_one(event), Effect::done);
  EXPECT_EQ(commit_one(made("alone", ins, "", false)), Effect::case_open);
  const auto id = [](const AcceptEvent& event) { return event.step.cases[0].id.text(); };
  EXPECT_THAT(places(ins, ""), ElementsAre(id(first)));
  EXPECT_THAT(places("", traits), ElementsAre(id(first), id(second), id(third)));
  EXPECT_THAT(places(ins, traits, 2), ElementsAre(id(first), id(second)));
  EXPECT_THAT(places("", ""), IsEmpty());
  EXPECT_THAT(places(traits, ins), IsEmpty()) << "an INS is no traits";
  EXPECT_THAT(places(ins, traits, 10, "cpts-2"), IsEmpty());
  EXPECT_THAT(places(ins, traits, 10, "cpts", "kine"), IsEmpty());
  CaseChange over = next(first, 1);
  over.open = false;
  EXPECT_EQ(commit_one(step(over)), Effect::done);
  EXPECT_THAT(places(ins, traits), ElementsAre(id(second), id(third)));
}

TEST_P(Cases, WakeInTheOrderOfTheirTime) {
  // Claim: those due are found, the earliest first, at most so many; next_wake() is the first; 0 is never.
  EXPECT_EQ(*ledger().next_wake(), std::nullopt);
  std::vector<Command> batch;
  for (int64_t at : {30, 10, 20, 0}) {
    AcceptEvent sent = orientation("wakes at " + std::to_string(at), {});
    sent.step.cases[0].wake_at = at == 0 ? Instant{} : letters::after(at);
    batch.emplace_back(sent);
  }
  commit(batch);
  const auto woken = [&](int64_t now_s, int most) {
    std::vector<int64_t> out;
    const auto rows = ledger().cases_to_wake(letters::after(now_s), most);
    EXPECT_TRUE(rows.ok());
    for (const CaseRow& row : *rows) out.push_back((row.wake_at - letters::start).us / 1000000);
    return out;
  };
  EXPECT_EQ(*ledger().next_wake(), letters::after(10));
  EXPECT_THAT(woken(9, 10), IsEmpty());
  EXPECT_THAT(woken(20, 10), ElementsAre(10, 20));
  EXPECT_THAT(woken(100, 2), ElementsAre(10, 20));
}

TEST_P(Cases, WakeWhenADeliveryOfTheirEventEndsShort) {
  // Claim: rejected, handed over or cancelled from outside wakes an open case at once and makes its revision
  // one more, so that a step which did not see it is judged again; delivered does not, nor does a step's own
  // move, nor is a closed case woken.
  const AcceptEvent sent = orientation("k", {"a", "b", "c", "d", "e"});
  const auto id = [&](size_t i) { return sent.deliveries[i].id; };
  commit({sent, letters::attempt(id(0)), letters::outcome(id(0), Verdict::accepted)});
  EXPECT_EQ(found(sent).wake_at, Instant{});
  commit({letters::attempt(id(1)), letters::outcome(id(1), Verdict::rejected, 7)});
  EXPECT_EQ(found(sent).wake_at, letters::after(7));
  EXPECT_EQ(found(sent).revision, 2);
  EXPECT_EQ(commit_one(step(next(sent, 1))), Effect::case_changed);
  commit_one(letters::moved(id(2), Happening::given_up, 8));
  EXPECT_EQ(found(sent).wake_at, letters::after(8));
  commit_one(letters::moved(id(3), Happening::cancelled, 9));
  EXPECT_EQ(found(sent).wake_at, letters::after(9));
  StepCase own = step(next(sent, 4));
  own.step.moves = {letters::moved(id(4), Happening::given_up, 10)};
  own.step.cases[0].open = false;
  EXPECT_EQ(commit_one(own), Effect::done);
  EXPECT_EQ(state(sent, 4), DeliveryState::handed_over);
  EXPECT_EQ(found(sent).wake_at, Instant{});
  commit({letters::moved(id(4), Happening::retried, 11), letters::moved(id(4), Happening::given_up, 12)});
  EXPECT_EQ(found(sent).wake_at, Instant{}) << "it is closed";
}

TEST_P(Cases, ThatNeedAttentionAreListedAndCounted) {
  // Claim: an event with such a case shows why, and is in the list of open tasks even when its deliveries are
  // all done or it has none, in its place among the others; it counts as one task.
  AcceptEvent first = orientation("first", {});
  first.step.cases[0].attention = "CANDIDATES_SPENT";
  const AcceptEvent quiet = orientation("quiet", {});
  AcceptEvent third = orientation("third", {"a"});
  third.step.cases[0].attention = "DEADLINE_NEAR";
  commit({first, quiet, letters::letter("letter", "1.2.3", "b"), third});
  commit_one(OpenLateTask{letters::id_of("letter to b"), letters::after(100)});
  EventQuery asked;
  asked.owner = {"cpts", "hospital"};
  asked.task_open = true;
  const auto listed = [&] {
    std::vector<std::pair<Uuid, std::string>> out;
    asked.before = 0;
    do {
      const auto page = ledger().list(asked);
      EXPECT_TRUE(page.ok());
      for (const EventRow& row : page->events) out.emplace_back(row.id, row.attention);
      asked.before = page->next;
    } while (asked.before != 0);
    return out;
  };
  const std::pair<Uuid, std::string> letter(letters::id_of("event letter"), "");
  const std::pair<Uuid, std::string> spent(first.id, "CANDIDATES_SPENT");
  const std::pair<Uuid, std::string> near(third.id, "DEADLINE_NEAR");
  for (int most : {1, 2, 50}) {
    asked.most = most;
    EXPECT_THAT(listed(), ElementsAre(near, letter, spent)) << most;
  }
  EXPECT_EQ(*ledger().open_tasks(), 3);
  EXPECT_EQ(event(first.id).attention, "CANDIDATES_SPENT");
  EXPECT_EQ(event(quiet.id).attention, "");
  asked.states = {DeliveryState::pending};
  EXPECT_THAT(listed(), ElementsAre(near, letter));
  asked.states = {};
  CaseChange seen = next(first, 1);
  seen.attention = "";
  commit_one(step(seen));
  EXPECT_THAT(listed(), ElementsAre(near, letter));
  EXPECT_EQ(*ledger().open_tasks(), 2);
}

TEST_P(Cases, HoldTheirProposalsUntilTheyAreReleased) {
  // Claim: a held delivery is never due, wakes nobody, cannot be sent and does not count as waiting; a
  // release makes it due at its time, once, and only while it is pending.
  AcceptEvent sent = orientation("k", {"a", "b", "c"});
  for (NewDelivery& one : sent.deliveries) one.proposal = true;
  sent.give_up_at = held;
  sent.deliveries[1].due_at = sent.deliveries[2].due_at = held;
  const Uuid second = sent.deliveries[1].id;
  const Uuid third = sent.deliveries[2].id;
  commit_one(sent);
  EXPECT_THAT(due(1 << 20), ElementsAre(sent.deliveries[0].id));
  EXPECT_EQ(ledger().due("mail", Lane::letters, held, 10)->size(), 1u);
  EXPECT_EQ(ledger().backlog()->at(0).count, 1);
  EXPECT_EQ(commit_one(letters::attempt(second)), Effect::stale);
  commit(
      {letters::attempt(sent.deliveries[0].id), letters::outcome(sent.deliveries[0].id, Verdict::accepted)});
  EXPECT_EQ(*ledger().next_due(), std::nullopt);

  StepCase asking = step(next(sent, 1));
  asking.step.moves = {letters::moved(third, Happening::cancelled)};
  asking.step.releases = {{second, letters::after(20)},
                          {third, letters::after(20)},
                          {sent.deliveries[0].id, letters::after(20)},
                          {letters::id_of("nobody"), letters::after(20)}};
  commit_one(asking);
  EXPECT_EQ(*ledger().next_due(), letters::after(20));
  EXPECT_THAT(due(20), ElementsAre(second));
  EXPECT_EQ(state(sent, 0), DeliveryState::delivered);
  EXPECT_EQ(state(sent, 2), DeliveryState::cancelled);
  asking.step.cases = {next(sent, 2)};
  asking.step.releases = {{second, letters::after(90)}};
  commit_one(asking);
  EXPECT_EQ(delivery(sent, 1).due.due_at, letters::after(20)) << "it was not held any more";
}

TEST_P(Cases, AloneSayWhenAProposalIsOver) {
  // Claim: a proposal is neither late nor overdue, whatever its event says, and its clocks wake nobody; it
  // ends by a step, and a held one that is handed over can be retried.
  AcceptEvent sent = orientation("k", {"a", "b"});
  sent.deliveries[0].proposal = sent.deliveries[1].proposal = true;
  sent.deliveries[1].due_at = held;
  commit_one(sent);
  EXPECT_THAT(ids(ledger().late(letters::after(5000), 10)), IsEmpty());
  EXPECT_THAT(ids(ledger().overdue(letters::after(5000), 10)), IsEmpty());
  commit({letters::attempt(sent.deliveries[0].id)});
  EXPECT_EQ(*ledger().next_due(), std::nullopt);
  commit({letters::outcome(sent.deliveries[0].id, Verdict::try_later, 2, 7000)});
  EXPECT_EQ(*ledger().next_due(), letters::after(7000));
  StepCase over = step(next(sent, 1));
  over.step.moves = {letters::moved(sent.deliveries[0].id, Happening::proposal_expired),
                     letters::moved(sent.deliveries[1].id, Happening::given_up)};
  EXPECT_EQ(commit_one(over), Effect::done);
  EXPECT_EQ(state(sent, 0), DeliveryState::expired);
  EXPECT_EQ(commit_one(letters::moved(sent.deliveries[1].id, Happening::retried, 30)), Effect::done);
  EXPECT_EQ(delivery(sent, 1).due.give_up_at, letters::after(1030));
  EXPECT_THAT(due(30), ElementsAre(sent.deliveries[1].id));
}

TEST_P(Cases, AloneEndAProposalWhoseTimeIsOver) {
  // Claim: from its give_up_at on a proposal is not due, so that nobody sends it or hands it over before its
  // case has ended it; a human's retry, of which the case knows nothing, is due and ends as all others do.
  AcceptEvent sent = orientation("k", {"a", "b", "kept informed"});
  sent.deliveries[0].proposal = sent.deliveries[1].proposal = true;
  commit({sent, letters::moved(sent.deliveries[1].id, Happening::given_up),
          letters::moved(sent.deliveries[1].id, Happening::retried, 30)});
  EXPECT_EQ(due(999).size(), 3u);
  EXPECT_THAT(due(1000), testing::UnorderedElementsAre(sent.deliveries[1].id, sent.deliveries[2].id));
  EXPECT_THAT(due(2000), testing::UnorderedElementsAre(sent.deliveries[1].id, sent.deliveries[2].id));
}

TEST_P(Cases, LetNoProposalLeaveAfterTheyHaveEndedIt) {
  // Claim: a proposal that was under way when its case withdrew or expired it is not tried again, nor
  // repeated after a lost outcome, also after a restart, nor retried by hand; what arrives has arrived. What
  // is no proposal goes on.
  AcceptEvent sent = orientation("k", {"busy", "lost", "expired", "refused", "arrives", "informed"});
  for (size_t i = 0; i < 5; ++i) sent.deliveries[i].proposal = true;
  commit_one(sent);
  const auto id = [&](size_t i) { return sent.deliveries[i].id; };
  for (size_t i = 0; i < 6; ++i) commit_one(letters::attempt(id(i)));
  commit_one(letters::outcome(id(1), Verdict::unknown));
  StepCase ending = step(next(sent, 1));
  for (size_t i = 0; i < 6; ++i)
    ending.step.moves.push_back(
        letters::moved(id(i), i == 2 ? Happening::proposal_expired : Happening::cancelled));
  EXPECT_EQ(commit_one(ending), Effect::done);
  EXPECT_EQ(state(sent, 0), DeliveryState::sending);
  EXPECT_EQ(state(sent, 1), DeliveryState::unknown);
  subject_->reopen();
  commit({letters::outcome(id(0), Verdict::try_later), letters::moved(id(1), Happening::may_repeat),
          letters::outcome(id(2), Verdict::unknown), letters::moved(id(2), Happening::may_repeat),
          letters::outcome(id(3), Verdict::rejected), letters::outcome(id(4), Verdict::accepted),
          letters::outcome(id(5), Verdict::try_later)});
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(state(sent, i), DeliveryState::cancelled) << i;
    EXPECT_EQ(delivery(sent, i).reason, "PROPOSAL_WITHDRAWN") << i;
  }
  EXPECT_EQ(commit_one(letters::moved(id(3), Happening::retried)), Effect::stale);
  EXPECT_EQ(state(sent, 4), DeliveryState::delivered);
  EXPECT_THAT(due(20), ElementsAre(id(5)));
}

TEST_P(Cases, WakeWhenTheyReleaseWhatHasEndedAlready) {
  // Claim: a release of a delivery that was cancelled while it was held wakes the case at the step's time, so
  // that it does not wait for an answer of somebody whom nobody asks; one of a delivery that left does not.
  AcceptEvent sent = orientation("k", {"a", "b"});
  for (NewDelivery& one : sent.deliveries) one.proposal = true;
  sent.deliveries[1].due_at = held;
  commit({sent, letters::attempt(sent.deliveries[0].id),
          letters::outcome(sent.deliveries[0].id, Verdict::accepted),
          letters::moved(sent.deliveries[1].id, Happening::cancelled)});
  StepCase asking = step(next(sent, 2), 40);
  asking.step.cases[0].wake_at = letters::after(500);
  asking.step.releases = {{sent.deliveries[0].id, letters::after(40)}};
  EXPECT_EQ(commit_one(asking), Effect::done);
  EXPECT_EQ(found(sent).wake_at, letters::after(500));
  asking.step.cases[0].expected_revision = 3;
  asking.step.releases = {{sent.deliveries[1].id, letters::after(40)}};
  EXPECT_EQ(commit_one(asking), Effect::done);
  EXPECT_EQ(found(sent).wake_at, letters::after(40));
  EXPECT_EQ(found(sent).revision, 5);
}

TEST_P(Cases, WakeWhenTheConsentThatTheirProposalsRestOnIsWithdrawn) {
  // Claim: an orientation whose proposal needed the consent is looked at at once, also when that has arrived:
  // an answer may be awaited.
  AcceptEvent asks = orientation("asks");
  AcceptEvent arrived = orientation("arrived", {"b"});
  for (AcceptEvent* one : {&asks, &arrived})
    one->deliveries[0].proposal = one->deliveries[0].needs_consent = true;
  commit({asks, arrived, letters::attempt(arrived.deliveries[0].id),
          letters::outcome(arrived.deliveries[0].id, Verdict::accepted), withdrawal()});
  EXPECT_EQ(state(asks), DeliveryState::cancelled);
  EXPECT_EQ(found(asks).wake_at, letters::after(50));
  EXPECT_EQ(found(asks).revision, 2);
  EXPECT_EQ(state(arrived), DeliveryState::delivered);
  EXPECT_EQ(found(arrived).wake_at, letters::after(50));
  EXPECT_EQ(found(arrived).revision, 2);
}

TEST_P(Cases, LeaveOutWhatHasGoneOnMeanwhile) {
  // Claim: a move that the state table refuses, or of nobody, is left out; the rest of the step is done.
  const AcceptEvent sent = orientation("k", {"a", "b"});
  commit({sent, letters::attempt(sent.deliveries[0].id)});
  StepCase command = step(next(sent, 1));
  command.step.moves = {letters::moved(sent.deliveries[0].id, Happening::proposal_expired),
                        letters::moved(letters::id_of("nobody"), Happening::cancelled),
                        letters::moved(sent.deliveries[1].id, Happening::proposal_expired)};
  EXPECT_EQ(commit_one(command), Effect::done);
  EXPECT_EQ(state(sent, 0), DeliveryState::sending);
  EXPECT_EQ(state(sent, 1), DeliveryState::expired);
  EXPECT_EQ(found(sent).revision, 2);
}

TEST_P(Cases, MayReferToTheDeliveriesThatComeWithThem) {
  // Claim: the step of an event is done after its deliveries are there.
  AcceptEvent sent = orientation("k", {"a", "b"});
  sent.deliveries[0].due_at = held;
  sent.step.releases = {{sent.deliveries[0].id, letters::after(4)}};
  sent.step.moves = {letters::moved(sent.deliveries[1].id, Happening::cancelled)};
  EXPECT_EQ(commit_one(sent), Effect::done);
  EXPECT_EQ(delivery(sent, 0).due.due_at, letters::after(4));
  EXPECT_EQ(state(sent, 1), DeliveryState::cancelled);
  EXPECT_EQ(found(sent).revision, 1);
}

TEST_P(Cases, KeepTheOrderOfTheirEventsAtEachAddress) {
  // Claim: what an event follows leaves before it at the same address and adapter, through any number of
  // events; elsewhere it does not wait, nor for what is held or over.
  const AcceptEvent first = orientation("first", {"a", "b", "held"});
  AcceptEvent asked = first;
  asked.deliveries[2].due_at = held;
  AcceptEvent second = letters::to(letters::to(letters::letter("second", "", "a"), "c"), "held");
  second.follows = first.id;
  AcceptEvent third = letters::letter("third", "", "a");
  third.follows = second.id;
  AcceptEvent stranger = letters::letter("stranger", "", "a");
  stranger.follows = letters::id_of("nobody");
  commit({asked, second, third, stranger});
  const Uuid a1 = first.deliveries[0].id;
  const Uuid a2 = second.deliveries[0].id;
  const Uuid a3 = third.deliveries[0].id;
  EXPECT_THAT(due(), testing::UnorderedElementsAre(a1, first.deliveries[1].id, second.deliveries[1].id,
                                                   second.deliveries[2].id, stranger.deliveries[0].id));
  commit({letters::attempt(a1), letters::outcome(a1, Verdict::unknown)});
  EXPECT_THAT(due(), testing::Not(testing::Contains(a2))) << "it may still be repeated";
  commit({letters::moved(a1, Happening::partner_accepted)});
  EXPECT_THAT(due(), testing::Contains(a2));
  EXPECT_THAT(due(), testing::Not(testing::Contains(a3)));
  commit_one(letters::moved(a2, Happening::cancelled));
  EXPECT_THAT(due(), testing::Contains(a3));
}

TEST_P(Cases, EventsThatFollowAreNotVersionsOfEachOther) {
  // Claim: a delivery that failed is retried although a later event that follows reached the address, and
  // none replaces, links or supersedes another.
  const AcceptEvent first = orientation("first");
  AcceptEvent second = letters::letter("second", "1.2.3", "a");
  second.follows = first.id;
  EXPECT_EQ(commit({first, second}), (std::vector<Effect>{Effect::done, Effect::done}));
  const Uuid one = first.deliveries[0].id;
  const Uuid two = second.deliveries[0].id;
  commit({letters::attempt(one), letters::outcome(one, Verdict::rejected), letters::attempt(two),
          letters::outcome(two, Verdict::accepted)});
  EXPECT_EQ(*ledger().replaced_there(two), std::nullopt);
  EXPECT_EQ(commit_one(letters::moved(one, Happening::retried)), Effect::done);
}

TEST_P(Cases, EventsWithoutADocumentHaveNothingInCommon) {
  // Claim: two events without a document are not the same document, whatever their bytes' MAC, at one address
  // or twice at it; nothing replaces them, and a letter replaces nothing there because of them.
  AcceptEvent one = orientation("one", {"a", "a"});
  one.deliveries[1].id = letters::id_of("the second to a");
  AcceptEvent two = orientation("two", {"a"});
  two.document_mac = sha256("something");
  two.replaced_unknown = true;
  EXPECT_EQ(commit({one, two}), (std::vector<Effect>{Effect::done, Effect::done}));
  EXPECT_EQ(due().size(), 3u);
  const AcceptEvent letter = letters::letter("letter", "1.2.3", "a");
  EXPECT_EQ(commit_one(letter), Effect::done);
  EXPECT_EQ(*ledger().replaced_there(letter.deliveries[0].id), std::nullopt);
  EXPECT_EQ(*ledger().event_with_document("cpts", ""), std::nullopt);
  const Uuid id = one.deliveries[0].id;
  commit({letters::moved(one.deliveries[1].id, Happening::partner_accepted), letters::attempt(id),
          letters::outcome(id, Verdict::rejected)});
  EXPECT_EQ(commit_one(letters::moved(id, Happening::retried)), Effect::done);
}

TEST_P(Cases, AProposalIsMoreThanItsDocument) {
  // Claim: a candidate who is also kept informed gets both messages, of one document, each with its own fate.
  AcceptEvent sent = letters::letter("k", "1.2.3", "a");
  sent.deliveries.push_back(sent.deliveries[0]);
  sent.deliveries[1].id = letters::id_of("proposal");
  sent.deliveries[1].recipient_index = 1;
  sent.deliveries[1].proposal = true;
  EXPECT_EQ(commit_one(sent), Effect::done);
  EXPECT_EQ(due().size(), 2u);
  commit({letters::moved(sent.deliveries[0].id, Happening::partner_accepted),
          letters::moved(sent.deliveries[1].id, Happening::given_up)});
  EXPECT_EQ(commit_one(letters::moved(sent.deliveries[1].id, Happening::retried)), Effect::done);
}

TEST_P(Cases, AWithdrawalOfConsentStopsWhatHasNotLeft) {
  // Claim: of that person, in that tenant, what needs consent and is pending is cancelled, also a held one;
  // what needs none, and others', goes on.
  const AcceptEvent pending = consented("1");
  AcceptEvent waiting = consented("2");
  waiting.deliveries[0].due_at = held;
  AcceptEvent named = consented("3");
  named.deliveries[0].needs_consent = false;
  AcceptEvent other = consented("4");
  other.patient_mac = sha256("another");
  AcceptEvent elsewhere = consented("5");
  elsewhere.tenant = "cpts-2";
  commit({pending, waiting, named, other, elsewhere});
  EXPECT_EQ(commit_one(withdrawal()), Effect::done);
  for (const AcceptEvent& stopped : {pending, waiting}) {
    EXPECT_EQ(state(stopped), DeliveryState::cancelled);
    EXPECT_EQ(delivery(stopped).reason, "CONSENT_WITHDRAWN");
  }
  for (const AcceptEvent& going_on : {named, other, elsewhere})
    EXPECT_EQ(state(going_on), DeliveryState::pending);
  EXPECT_THAT(sent(), IsEmpty());
  const AcceptEvent later = consented("6");
  commit_one(later);
  EXPECT_EQ(state(later), DeliveryState::pending) << "consent was given again";
}

TEST_P(Cases, AWithdrawalOfConsentLetsNothingBeRepeated) {
  // Claim: what was under way ends as it ends, but is neither tried again, nor repeated after a lost outcome,
  // nor retried by hand; what may have arrived is told.
  const AcceptEvent busy = consented("busy");
  const AcceptEvent lost = consented("lost", "b");
  const AcceptEvent refused = consented("refused", "c");
  const AcceptEvent arrives = consented("arrives", "d");
  commit({busy, lost, refused, arrives});
  for (const AcceptEvent& one : {busy, lost, refused, arrives})
    commit_one(letters::attempt(one.deliveries[0].id));
  commit({letters::outcome(lost.deliveries[0].id, Verdict::unknown), withdrawal(),
          letters::outcome(busy.deliveries[0].id, Verdict::try_later),
          letters::outcome(refused.deliveries[0].id, Verdict::rejected),
          letters::outcome(arrives.deliveries[0].id, Verdict::accepted),
          letters::moved(lost.deliveries[0].id, Happening::may_repeat)});
  for (const AcceptEvent& stopped : {busy, lost}) {
    EXPECT_EQ(state(stopped), DeliveryState::cancelled);
    EXPECT_EQ(delivery(stopped).reason, "CONSENT_WITHDRAWN");
  }
  EXPECT_EQ(state(refused), DeliveryState::rejected);
  EXPECT_EQ(commit_one(letters::moved(refused.deliveries[0].id, Happening::retried)), Effect::stale);
  EXPECT_EQ(state(arrives), DeliveryState::delivered);
  EXPECT_THAT(sent(), ElementsAre(arrives.id, lost.id));
}

TEST_P(Cases, TellWhatWasSentWithConsent) {
  // Claim: newest first, at most so many, with its recipient, state and time; also what only follows an
  // earlier delivery; nothing of other people.
  const AcceptEvent first = consented("1");
  AcceptEvent again = consented("1");
  again.id = letters::id_of("again");
  again.idempotency_key = "again";
  again.deliveries[0].id = letters::id_of("again to a");
  again.deliveries[0].recipient_index = 3;
  AcceptEvent other = consented("2", "b");
  other.patient_mac = sha256("another");
  const Uuid id = first.deliveries[0].id;
  EXPECT_EQ(commit({first, again, other}), (std::vector<Effect>{Effect::done, Effect::linked, Effect::done}));
  EXPECT_THAT(sent(), IsEmpty());
  commit({letters::attempt(id), letters::attempt(other.deliveries[0].id)});
  EXPECT_THAT(sent(), ElementsAre(again.id, first.id));
  commit({letters::outcome(id, Verdict::accepted)});
  const auto sends = ledger().sent_with_consent("cpts", sha256("person"), 1);
  ASSERT_EQ(sends->size(), 1u);
  EXPECT_EQ(sends->front().event_id, again.id);
  EXPECT_EQ(sends->front().recipient_index, 3);
  EXPECT_EQ(sends->front().state, DeliveryState::delivered);
  EXPECT_EQ(sends->front().delivered_at, letters::after(2));
  commit_one(letters::moved(id, Happening::partner_refused));
  EXPECT_THAT(sent(), ElementsAre(again.id, first.id)) << "it was taken before it was refused";
}

TEST_P(Cases, WhoIsNamedDoesNotDependOnTheConsentForAnother) {
  // Claim: a delivery that needs no consent does not follow one that does: a withdrawal would stop both.
  const AcceptEvent routed = consented("1");
  AcceptEvent named = consented("1");
  named.id = letters::id_of("named");
  named.idempotency_key = "named";
  named.deliveries[0].id = letters::id_of("named to a");
  named.deliveries[0].needs_consent = false;
  EXPECT_EQ(commit({routed, named, withdrawal()}),
            (std::vector<Effect>{Effect::done, Effect::done, Effect::done}));
  EXPECT_EQ(state(routed), DeliveryState::cancelled);
  EXPECT_EQ(state(named), DeliveryState::pending);
}

}  // namespace
}  // namespace psl
