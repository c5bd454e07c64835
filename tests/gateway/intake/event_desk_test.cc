#include "gateway/intake/event_desk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "tests/support/fake_env.h"
#include "tests/support/memory_store.h"
#include "tests/support/outbox_world.h"

namespace psl {
namespace {

using testing::HasSubstr;

const std::string tenant = "cpts-test";

// Roles by principal, in this tenant and a second one.
class RolePolicy final : public Policy {
 public:
  std::map<std::string, std::set<Action>> roles = {{"hospital", {Action::read, Action::repair}},
                                                   {"clinic", {Action::read}},
                                                   {"operator", {Action::operate}},
                                                   {"stranger", {}}};
  Status may_answer_for(const Principal&, std::string_view, std::string_view) const override {
    return error_of(ErrorCode::not_allowed);
  }
  Status allows(const Principal& principal, Action action, std::string_view of, std::string_view,
                std::string_view) const override {
    const auto found = roles.find(principal.name);
    const bool known = of == tenant || of == "cpts-2";
    if (known && found != roles.end() && found->second.contains(action)) return {};
    return error_of(ErrorCode::not_allowed);
  }
};

class EventDeskTest : public testing::Test {
 protected:
  EventDeskTest() {
    tenants[tenant] = TenantSetup{};
    tenants["cpts-2"] = TenantSetup{};
  }

  void commit(const Command& command) {
    const auto effects = store.commit(std::span(&command, 1));
    ASSERT_TRUE(effects.ok());
    EXPECT_EQ(effects->front(), Effect::done);
  }
  AcceptEvent accept(uint64_t number, const std::vector<std::string>& adapters = {"mail"},
                     const std::string& principal = "hospital") {
    AcceptEvent event = event_to(sealer, number, adapters, env.now());
    event.principal = principal;
    event.idempotency_key = "key-" + std::to_string(number);
    commit(event);
    return event;
  }
  static Uuid delivery(uint64_t number, uint64_t index = 0) { return numbered_id('d', 100 * number + index); }
  void attempt(const Uuid& id) { commit(StartAttempt{id, env.now(), "hash", "reference"}); }
  void reject(const Uuid& id) {
    attempt(id);
    commit(RecordOutcome{id, env.now(), refused(), env.now()});
  }
  void deliver(const Uuid& id) {
    attempt(id);
    commit(RecordOutcome{id, env.now(), accepted(), env.now()});
  }

  Result<v1::EventStatus> get(const std::string& principal, const Uuid& id) {
    v1::GetEventRequest request;
    request.set_event_id(id.text());
    return desk.get(Principal{principal}, request);
  }
  static v1::ListEventsRequest list_request(int page_size = 0) {
    v1::ListEventsRequest request;
    request.set_tenant(tenant);
    request.set_page_size(page_size);
    return request;
  }
  Result<v1::ListEventsResponse> list(const v1::ListEventsRequest& request,
                                      const std::string& principal = "hospital") {
    return desk.list(Principal{principal}, request);
  }
  // The events of every page, as numbers given to accept(); at most 20 pages.
  std::vector<int> numbers(v1::ListEventsRequest request, const std::string& principal = "hospital") {
    std::vector<int> out;
    for (int pages = 0; pages < 20; ++pages) {
      const auto page = list(request, principal);
      EXPECT_TRUE(page.ok()) << (page.ok() ? "" : page.error().describe());
      if (!page.ok()) break;
      for (const auto& one : page->events()) out.push_back(Uuid::parse(one.event_id())->bytes[15]);
      if (page->next_page_token().empty()) break;
      request.set_page_token(page->next_page_token());
    }
    return out;
  }
  static std::vector<std::string> paths(const Error& error) {
    EXPECT_EQ(error.code, ErrorCode::field_invalid);
    std::vector<std::string> out;
    for (const FieldFault& fault : error.faults) out.push_back(fault.path);
    return out;
  }
  static v1::WatchEventsRequest watch_request(int64_t after = 0, bool from_now = false) {
    v1::WatchEventsRequest request;
    request.set_tenant(tenant);
    request.set_after_sequence(after);
    request.set_from_now(from_now);
    return request;
  }
  Result<EventDesk::Watch> watch(const v1::WatchEventsRequest& request,
                                 const std::string& principal = "hospital") {
    return desk.watch(Principal{principal}, request);
  }
  Result<v1::RetryDeliveryResponse> retry(const Uuid& id, const std::string& key,
                                          const std::string& principal = "hospital") {
    v1::RetryDeliveryRequest request;
    request.set_delivery_id(id.text());
    request.set_idempotency_key(key);
    return retry(request, principal);
  }
  Result<v1::RetryDeliveryResponse> retry(const v1::RetryDeliveryRequest& request,
                                          const std::string& principal) {
    return once<v1::RetryDeliveryResponse>(
        [&](auto done) { desk.retry(Principal{principal}, request, std::move(done)); });
  }
  Result<v1::CancelEventResponse> cancel(const Uuid& id, const std::string& principal = "hospital") {
    v1::CancelEventRequest request;
    request.set_event_id(id.text());
    return cancel(request, principal);
  }
  Result<v1::CancelEventResponse> cancel(const v1::CancelEventRequest& request,
                                         const std::string& principal) {
    return once<v1::CancelEventResponse>(
        [&](auto done) { desk.cancel(Principal{principal}, request, std::move(done)); });
  }
  // Every call is answered, and once.
  template <typename Response, typename Call>
  static Result<Response> once(Call call) {
    std::optional<Result<Response>> answer;
    int calls = 0;
    call([&](Result<Response> result) {
      answer = std::move(result);
      ++calls;
    });
    EXPECT_EQ(calls, 1);
    return *answer;
  }

  FakeEnv env;
  MemoryStore store;
  PlainSealer sealer;
  ImmediateSink sink{store};
  RolePolicy policy;
  TenantTable tenants;
  EventDesk desk{DeskSeams{tenants, policy, env, sealer, sink, store}};
};

TEST_F(EventDeskTest, ShowsAnEventToItsPrincipalAndToOperators) {
  // Claim: for everybody else, also with the right to read, the event does not exist.
  const AcceptEvent event = accept(1);
  EXPECT_TRUE(get("hospital", event.id).ok());
  EXPECT_TRUE(get("operator", event.id).ok());
  EXPECT_EQ(get("clinic", event.id).error().code, ErrorCode::not_found);
  EXPECT_EQ(get("stranger", event.id).error().code, ErrorCode::not_found);
  policy.roles["hospital"].clear();
  EXPECT_EQ(get("hospital", event.id).error().code, ErrorCode::not_found);
  EXPECT_EQ(get("operator", numbered_id('e', 9)).error().code, ErrorCode::not_found);
}

TEST_F(EventDeskTest, FindsAnEventByItsKey) {
  // Claim: a sender that lost its receipt asks by its own key, with the tenant, and in one way only.
  AcceptEvent event = event_to(sealer, 1, {"mail"}, env.now());
  event.id = event_id_of(tenant, "hospital", "letter-0001");
  event.content =
      *sealer.seal(tenant, event.key, event.id, content_column, stored::StoredEvent().SerializeAsString());
  commit(event);
  v1::GetEventRequest request;
  EXPECT_EQ(paths(desk.get(Principal{"hospital"}, request).error()), (std::vector<std::string>{"event_id"}));
  request.set_idempotency_key("letter-0001");
  EXPECT_EQ(paths(desk.get(Principal{"hospital"}, request).error()), (std::vector<std::string>{"tenant"}));
  request.set_tenant(tenant);
  EXPECT_TRUE(desk.get(Principal{"hospital"}, request).ok());
  EXPECT_EQ(desk.get(Principal{"clinic"}, request).error().code, ErrorCode::not_found);
  request.set_event_id(event.id.text());
  EXPECT_EQ(paths(desk.get(Principal{"hospital"}, request).error()), (std::vector<std::string>{"event_id"}));
  request.clear_idempotency_key();
  request.set_event_id("not-a-uuid");
  EXPECT_EQ(paths(desk.get(Principal{"hospital"}, request).error()), (std::vector<std::string>{"event_id"}));
}

TEST_F(EventDeskTest, SaysWhenAnEventCannotBeRead) {
  // Claim: a ledger or a key that fails is an error of its own, not an absence.
  const AcceptEvent event = accept(1);
  sealer.key_missing = true;
  EXPECT_EQ(get("hospital", event.id).error().code, ErrorCode::crypto);
  EXPECT_TRUE(list(list_request()).ok()) << "a list opens nothing";
  sealer.key_missing = false;
  store.corrupt_content(event.id);
  EXPECT_EQ(get("hospital", event.id).error().code, ErrorCode::corrupt);
  store.fail_reads = true;
  EXPECT_EQ(get("hospital", event.id).error().code, ErrorCode::input_output);
  EXPECT_EQ(list(list_request()).error().code, ErrorCode::input_output);
  EXPECT_EQ(watch(watch_request()).error().code, ErrorCode::input_output);
  EXPECT_EQ(retry(delivery(1), "r").error().code, ErrorCode::input_output);
  EXPECT_EQ(cancel(event.id).error().code, ErrorCode::input_output);
}

TEST_F(EventDeskTest, ListsNewestFirstWithoutLossOrRepetition) {
  // Claim: pages of any size give the caller's events once each, while others arrive.
  for (uint64_t i = 1; i <= 7; ++i) accept(i);
  accept(8, {"mail"}, "clinic");
  EXPECT_EQ(numbers(list_request()), (std::vector<int>{7, 6, 5, 4, 3, 2, 1}));
  EXPECT_EQ(numbers(list_request(1)), (std::vector<int>{7, 6, 5, 4, 3, 2, 1}));
  EXPECT_EQ(numbers(list_request(3)), (std::vector<int>{7, 6, 5, 4, 3, 2, 1}));
  EXPECT_EQ(numbers(list_request(), "operator"), (std::vector<int>{8, 7, 6, 5, 4, 3, 2, 1}));
  v1::ListEventsRequest request = list_request(3);
  request.set_page_token(list(request)->next_page_token());
  accept(9);
  EXPECT_EQ(numbers(request), (std::vector<int>{4, 3, 2, 1}));
  store.list_looks = 2;
  v1::ListEventsRequest rare = list_request();
  rare.mutable_filter()->set_adapter("none");
  const auto page = list(rare);
  EXPECT_EQ(page->events_size(), 0);
  EXPECT_FALSE(page->next_page_token().empty()) << "an empty page is not the last one";
  EXPECT_TRUE(numbers(rare).empty());
}

TEST_F(EventDeskTest, ListsStatesAndNothingThatWasSealed) {
  // Claim: a listed event has its recipients in order, each with state, reason and task, and no issues.
  AcceptEvent event = event_to(sealer, 1, {"mail", "dmp"}, env.now());
  event.unresolved.push_back({delivery(1, 9), 2, "NO_ADDRESS"});
  commit(event);
  deliver(delivery(1, 1));
  const auto page = list(list_request());
  ASSERT_TRUE(page.ok());
  const v1::EventStatus& status = page->events(0);
  EXPECT_EQ(status.event_id(), event.id.text());
  EXPECT_EQ(status.kind(), "discharge_letter");
  EXPECT_EQ(status.document_id(), event.document_id);
  EXPECT_EQ(status.accepted_at().seconds(), env.now().us / 1000000);
  ASSERT_EQ(status.recipients_size(), 3);
  EXPECT_EQ(status.recipients(0).state(), v1::RECIPIENT_STATE_IN_PROGRESS);
  EXPECT_EQ(status.recipients(1).state(), v1::RECIPIENT_STATE_REACHED);
  EXPECT_EQ(status.recipients(1).deliveries(0).adapter(), "dmp");
  EXPECT_EQ(status.recipients(2).recipient_index(), 2);
  EXPECT_EQ(status.recipients(2).state(), v1::RECIPIENT_STATE_NOT_REACHED);
  EXPECT_FALSE(status.recipients(2).reason_fr().empty());
  EXPECT_FALSE(status.recipients(2).task_id().empty());
}

TEST_F(EventDeskTest, ListsWhatTheFilterLetsPass) {
  // Claim: each condition works alone, all together, and the mailbox in whatever case it is written.
  AcceptEvent first = event_to(sealer, 1, {"mail", "dmp"}, env.now());
  first.deliveries[0].address_mac = *sealer.mac(tenant, "address", "claire.modele@demo.mssante.fr");
  commit(first);
  const Instant second_at = env.now() + seconds(60);
  env.set_now(second_at);
  accept(2);
  reject(delivery(2));
  const auto listed = [&](auto change) {
    v1::ListEventsRequest request = list_request();
    change(*request.mutable_filter());
    return numbers(request);
  };
  using Numbers = std::vector<int>;
  const auto second_s = second_at.us / 1000000;
  EXPECT_EQ(listed([](auto& f) { f.add_states(v1::DELIVERY_STATE_REJECTED); }), (Numbers{2}));
  EXPECT_EQ(listed([](auto& f) {
              f.add_states(v1::DELIVERY_STATE_REJECTED);
              f.add_states(v1::DELIVERY_STATE_PENDING);
            }),
            (Numbers{2, 1}));
  EXPECT_EQ(listed([](auto& f) { f.add_kinds("discharge_letter"); }), (Numbers{2, 1}));
  EXPECT_EQ(listed([](auto& f) { f.add_kinds("orientation"); }), (Numbers{}));
  EXPECT_EQ(listed([&](auto& f) { f.mutable_accepted_from()->set_seconds(second_s); }), (Numbers{2}));
  EXPECT_EQ(listed([&](auto& f) { f.mutable_accepted_before()->set_seconds(second_s); }), (Numbers{1}));
  EXPECT_EQ(listed([](auto& f) { f.set_recipient_mailbox("Claire.Modele@DEMO.mssante.fr"); }), (Numbers{1}));
  EXPECT_EQ(listed([](auto& f) { f.set_recipient_mailbox("paul.modele@demo.mssante.fr"); }), (Numbers{}));
  EXPECT_EQ(listed([](auto& f) { f.set_adapter("dmp"); }), (Numbers{1}));
  EXPECT_EQ(listed([](auto& f) { f.set_task_open(true); }), (Numbers{2}));
  EXPECT_EQ(listed([](auto& f) {
              f.set_task_open(true);
              f.set_adapter("dmp");
            }),
            (Numbers{}));
}

TEST_F(EventDeskTest, NamesEveryFieldOfAListThatIsWrong) {
  // Claim: faults come by path, all at once, and never hold a value.
  v1::ListEventsRequest request;
  request.set_page_size(501);
  v1::EventFilter& filter = *request.mutable_filter();
  filter.add_states(v1::DELIVERY_STATE_UNSPECIFIED);
  filter.add_kinds("a kind");
  filter.mutable_accepted_from()->set_seconds(2000);
  filter.mutable_accepted_before()->set_seconds(1000);
  filter.set_recipient_mailbox("claire.modele");
  filter.set_adapter("Mail!");
  const Error error = list(request).error();
  EXPECT_EQ(paths(error), (std::vector<std::string>{"tenant", "filter.states[0]", "filter.kinds[0]",
                                                    "filter.accepted_before", "filter.adapter",
                                                    "filter.recipient_mailbox", "page_size"}));
  EXPECT_THAT(error.describe(), testing::Not(HasSubstr("claire")));
  v1::ListEventsRequest many = list_request(-1);
  for (int i = 0; i < 9; ++i) many.mutable_filter()->add_states(v1::DELIVERY_STATE_PENDING);
  for (int i = 0; i < 21; ++i) many.mutable_filter()->add_kinds("k");
  many.mutable_filter()->mutable_accepted_from()->set_seconds(int64_t{1} << 50);
  EXPECT_EQ(paths(list(many).error()),
            (std::vector<std::string>{"filter.states", "filter.kinds", "filter.accepted_from", "page_size"}));
  v1::ListEventsRequest unknown = list_request();
  unknown.mutable_filter()->add_states(static_cast<v1::DeliveryState>(77));
  EXPECT_EQ(paths(list(unknown).error()), (std::vector<std::string>{"filter.states[0]"}));
}

TEST_F(EventDeskTest, ListsAndWatchesForWhomMayOnly) {
  // Claim: without read or operate, and for a tenant that is not there, the answer is the same refusal.
  EXPECT_EQ(list(list_request(), "stranger").error().code, ErrorCode::not_allowed);
  EXPECT_EQ(watch(watch_request(), "stranger").error().code, ErrorCode::not_allowed);
  v1::ListEventsRequest absent = list_request();
  absent.set_tenant("cpts-absent");
  EXPECT_EQ(list(absent, "operator").error().code, ErrorCode::not_allowed);
  v1::WatchEventsRequest elsewhere = watch_request();
  elsewhere.set_tenant("cpts-absent");
  EXPECT_EQ(watch(elsewhere, "operator").error().code, ErrorCode::not_allowed);
}

TEST_F(EventDeskTest, APageTokenIsGoodForItsOwnListOnly) {
  // Claim: another filter, tenant or caller, a damaged or invented token: each is refused by its field;
  // another page size is not.
  for (uint64_t i = 1; i <= 3; ++i) accept(i);
  v1::ListEventsRequest request = list_request(1);
  const std::string token = list(request)->next_page_token();
  EXPECT_EQ(token.find_first_of("+/="), std::string::npos);
  request.set_page_token(token);
  request.set_page_size(2);
  EXPECT_EQ(list(request)->events_size(), 2);
  const auto refused = [&](const v1::ListEventsRequest& other, const std::string& principal = "hospital") {
    const auto answer = list(other, principal);
    return !answer.ok() && paths(answer.error()) == std::vector<std::string>{"page_token"};
  };
  v1::ListEventsRequest filtered = request;
  filtered.mutable_filter()->set_task_open(true);
  EXPECT_TRUE(refused(filtered));
  v1::ListEventsRequest elsewhere = request;
  elsewhere.set_tenant("cpts-2");
  EXPECT_TRUE(refused(elsewhere));
  EXPECT_TRUE(refused(request, "clinic"));
  EXPECT_TRUE(refused(request, "operator"));
  for (size_t i = 0; i < token.size(); ++i) {
    v1::ListEventsRequest damaged = request;
    std::string text = token;
    text[i] = text[i] == 'A' ? 'B' : 'A';
    damaged.set_page_token(text);
    EXPECT_TRUE(refused(damaged)) << i;
  }
  for (const char* invented : {"x", "AAAA", "%%%%", "1"}) {
    v1::ListEventsRequest made_up = request;
    made_up.set_page_token(invented);
    EXPECT_TRUE(refused(made_up)) << invented;
  }
}

TEST_F(EventDeskTest, TellsAWatcherEachChangeOfItsOwn) {
  // Claim: a watcher sees its principal's changes only, an operator all of the tenant; each with what came
  // with it.
  accept(1);
  accept(2, {"mail"}, "clinic");
  reject(delivery(1));
  auto own = watch(watch_request());
  ASSERT_TRUE(own.ok());
  const auto changes = desk.changes(*own, 100);
  ASSERT_TRUE(changes.ok());
  ASSERT_EQ(changes->messages.size(), 3u);
  EXPECT_TRUE(changes->at_end);
  EXPECT_EQ(own->after, 4);
  const v1::WatchEventsResponse& last = changes->messages[2];
  EXPECT_EQ(last.sequence(), 4);
  EXPECT_EQ(last.change().event_id(), numbered_id('e', 1).text());
  EXPECT_EQ(last.change().delivery_id(), delivery(1).text());
  EXPECT_EQ(last.change().kind(), "discharge_letter");
  EXPECT_EQ(last.change().adapter(), "mail");
  EXPECT_EQ(last.change().state(), v1::DELIVERY_STATE_REJECTED);
  EXPECT_EQ(last.change().reason(), "MAILBOX_ABSENT");
  EXPECT_EQ(last.change().partner_code(), "550 5.1.1");
  EXPECT_EQ(last.change().at().seconds(), env.now().us / 1000000);
  EXPECT_TRUE(desk.changes(*own, 100)->messages.empty());
  auto all = watch(watch_request(), "operator");
  EXPECT_EQ(desk.changes(*all, 100)->messages.size(), 4u);
  auto two = watch(watch_request());
  const auto first_two = desk.changes(*two, 2);
  EXPECT_EQ(first_two->messages.size(), 2u);
  EXPECT_FALSE(first_two->at_end);
}

TEST_F(EventDeskTest, AWatchBeginsWhereItIsAskedTo) {
  // Claim: from now, from the beginning, or after a sequence that was given; anything else is refused by its
  // field.
  accept(1);
  accept(2);
  auto now = watch(watch_request(0, true));
  EXPECT_EQ(now->after, 2);
  accept(3);
  EXPECT_EQ(desk.changes(*now, 100)->messages.size(), 1u);
  auto resumed = watch(watch_request(1));
  EXPECT_EQ(desk.changes(*resumed, 100)->messages.size(), 2u);
  for (const auto& wrong : {watch_request(-1), watch_request(4), watch_request(1, true)})
    EXPECT_EQ(paths(watch(wrong).error()), (std::vector<std::string>{"after_sequence"}));
}

TEST_F(EventDeskTest, SaysFromWhereAWatchIsStillPossible) {
  // Claim: once changes were purged, a watch from before is refused with the oldest that is kept, at its
  // begin and on the way; the last sequence before the purge still works.
  for (uint64_t i = 1; i <= 5; ++i) accept(i);
  auto slow = watch(watch_request(1));
  commit(PurgeChanges{env.now() + seconds(1), 3});
  for (int64_t gone : {1, 2}) {
    const auto refused = watch(watch_request(gone));
    EXPECT_EQ(refused.error().code, ErrorCode::sequence_gone);
    EXPECT_THAT(refused.error().text, HasSubstr("oldest change that is kept is 4"));
  }
  EXPECT_EQ(desk.changes(*slow, 10).error().code, ErrorCode::sequence_gone);
  for (int64_t kept : {0, 3}) {
    auto resumed = watch(watch_request(kept));
    ASSERT_TRUE(resumed.ok());
    EXPECT_EQ(desk.changes(*resumed, 10)->messages.size(), 2u);
  }
}

TEST_F(EventDeskTest, RetriesARejectedDeliveryOncePerKey) {
  // Claim: the same key again changes nothing and says so, whatever became of the delivery; another key
  // retries again.
  accept(1);
  reject(delivery(1));
  const auto first = retry(delivery(1), "again-1");
  ASSERT_TRUE(first.ok()) << first.error().describe();
  EXPECT_FALSE(first->already_retried());
  EXPECT_EQ(first->status().recipients(0).deliveries(0).state(), v1::DELIVERY_STATE_PENDING);
  EXPECT_TRUE(first->status().recipients(0).task_id().empty());
  EXPECT_EQ(store.actor(delivery(1)), "hospital");
  EXPECT_TRUE(retry(delivery(1), "again-1")->already_retried());
  reject(delivery(1));
  const auto repeated = retry(delivery(1), "again-1");
  EXPECT_TRUE(repeated->already_retried());
  EXPECT_EQ(repeated->status().recipients(0).deliveries(0).state(), v1::DELIVERY_STATE_REJECTED);
  EXPECT_FALSE(retry(delivery(1), "again-1", "operator")->already_retried())
      << "keys belong to their principal";
  reject(delivery(1));
  EXPECT_FALSE(retry(delivery(1), "again-2")->already_retried());
  EXPECT_EQ(store.delivery(delivery(1)).due.generation, 3);
}

TEST_F(EventDeskTest, RefusesARetryThatTheStateDoesNotAllow) {
  // Claim: what is under way, arrived, cancelled or follows another cannot be retried.
  accept(1, {"a", "b", "c", "d"});
  attempt(delivery(1, 1));
  deliver(delivery(1, 2));
  commit(MoveDelivery{delivery(1, 3), env.now(), Happening::cancelled, "CANCELLED", env.now()});
  for (uint64_t i = 0; i < 4; ++i)
    EXPECT_EQ(retry(delivery(1, i), "k").error().code, ErrorCode::cannot_retry) << i;
  AcceptEvent follower = event_to(sealer, 2, {"a"}, env.now());
  follower.document_id = event_to(sealer, 1, {}, env.now()).document_id;
  follower.document_mac = "document-1";
  const Command command = follower;
  ASSERT_EQ(store.commit(std::span(&command, 1))->front(), Effect::linked);
  EXPECT_EQ(retry(delivery(2), "k").error().code, ErrorCode::cannot_retry);
}

TEST_F(EventDeskTest, RefusesARetryOfAnOlderVersion) {
  // Claim: what was refused is not sent again once a newer version is known, which may have arrived.
  const auto accept_version = [&](uint64_t number) {
    AcceptEvent event = event_to(sealer, number, {"a"}, env.now());
    event.set_id = "1.2.3";
    event.version = static_cast<int>(number);
    const Command command = event;
    EXPECT_EQ(store.commit(std::span(&command, 1))->front(), Effect::done);
  };
  accept_version(1);
  reject(delivery(1));
  EXPECT_TRUE(retry(delivery(1), "k1").ok());
  reject(delivery(1));
  accept_version(2);
  deliver(delivery(2));
  EXPECT_EQ(retry(delivery(1), "k2").error().code, ErrorCode::cannot_retry);
}

TEST_F(EventDeskTest, RepairsForWhomMayOnly) {
  // Claim: the owner with "repair" and operators repair; the owner without it is told so; for others there is
  // nothing.
  const AcceptEvent event = accept(1, {"mail"}, "clinic");
  reject(delivery(1));
  EXPECT_EQ(retry(delivery(1), "k", "hospital").error().code, ErrorCode::not_found);
  EXPECT_EQ(cancel(event.id, "hospital").error().code, ErrorCode::not_found);
  EXPECT_EQ(retry(delivery(1), "k", "clinic").error().code, ErrorCode::not_allowed);
  EXPECT_EQ(cancel(event.id, "clinic").error().code, ErrorCode::not_allowed);
  EXPECT_EQ(store.delivery(delivery(1)).due.state, DeliveryState::rejected);
  EXPECT_TRUE(retry(delivery(1), "k", "operator").ok());
  EXPECT_TRUE(cancel(event.id, "operator").ok());
  EXPECT_EQ(store.actor(delivery(1)), "operator");
  EXPECT_EQ(retry(delivery(9), "k", "operator").error().code, ErrorCode::not_found);
}

TEST_F(EventDeskTest, NamesEveryFieldOfARetryThatIsWrong) {
  // Claim: key and delivery are required, in their shapes.
  EXPECT_EQ(paths(retry(v1::RetryDeliveryRequest(), "hospital").error()),
            (std::vector<std::string>{"idempotency_key", "delivery_id"}));
  EXPECT_EQ(paths(retry(delivery(1), "with space").error()), (std::vector<std::string>{"idempotency_key"}));
}

TEST_F(EventDeskTest, WithdrawsWhatHasNotLeft) {
  // Claim: pending deliveries are cancelled, the others kept with the state that kept them, and the answer
  // shows all.
  const AcceptEvent event = accept(1, {"a", "b", "c"});
  attempt(delivery(1, 1));
  const auto answer = cancel(event.id);
  ASSERT_TRUE(answer.ok()) << answer.error().describe();
  EXPECT_EQ(answer->cancelled(), 2);
  const auto state = [&](int index) { return answer->status().recipients(index).deliveries(0).state(); };
  EXPECT_EQ(state(0), v1::DELIVERY_STATE_CANCELLED);
  EXPECT_EQ(state(1), v1::DELIVERY_STATE_SENDING);
  EXPECT_EQ(state(2), v1::DELIVERY_STATE_CANCELLED);
  EXPECT_EQ(answer->status().recipients(0).deliveries(0).reason(), "CANCELLED");
  EXPECT_EQ(store.actor(delivery(1)), "hospital");
  const auto again = cancel(event.id);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->cancelled(), 0);
  // What was under way comes back: the next call withdraws it.
  commit(RecordOutcome{delivery(1, 1), env.now(), busy(), env.now()});
  EXPECT_EQ(cancel(event.id)->cancelled(), 1);
}

TEST_F(EventDeskTest, SaysWhenNothingCanBeWithdrawn) {
  // Claim: what left cannot be cancelled, nor what a replacement cancelled; nothing is changed.
  const AcceptEvent sent = accept(1);
  deliver(delivery(1));
  EXPECT_EQ(cancel(sent.id).error().code, ErrorCode::cannot_cancel);
  const AcceptEvent old = accept(2);
  commit(MoveDelivery{delivery(2), env.now(), Happening::cancelled, "REPLACED", env.now()});
  EXPECT_EQ(cancel(old.id).error().code, ErrorCode::cannot_cancel);
}

TEST_F(EventDeskTest, AnAttemptThatBeginsFirstKeepsItsDelivery) {
  // Claim: of a cancellation and an attempt that meet, the first to be durable wins and the other is told.
  const AcceptEvent event = accept(1, {"a", "b"});
  sink.before = [&](const Command& command) {
    const MoveDelivery* move = std::get_if<MoveDelivery>(&command);
    if (move == nullptr || move->delivery_id != delivery(1, 0)) return;
    attempt(delivery(1, 0));
  };
  const auto answer = cancel(event.id);
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->cancelled(), 1);
  EXPECT_EQ(answer->status().recipients(0).deliveries(0).state(), v1::DELIVERY_STATE_SENDING);
  const Command late = StartAttempt{delivery(1, 1), env.now(), "hash", "reference"};
  EXPECT_EQ(store.commit(std::span(&late, 1))->front(), Effect::stale);
}

TEST_F(EventDeskTest, AnswersOnceWhateverTheCommitterDoes) {
  // Claim: a full queue, for some deliveries or all, is an error that says to ask again; asking again ends
  // the work.
  const AcceptEvent event = accept(1, {"a", "b", "c"});
  sink.refuses = [](const Command& command) {
    return std::get<MoveDelivery>(command).delivery_id == delivery(1, 1);
  };
  EXPECT_EQ(cancel(event.id).error().code, ErrorCode::store_unavailable);
  sink.refuses = nullptr;
  EXPECT_EQ(cancel(event.id)->cancelled(), 1);
  accept(2);
  reject(delivery(2));
  sink.refuses = [](const Command&) { return true; };
  EXPECT_EQ(retry(delivery(2), "k").error().code, ErrorCode::store_unavailable);

  // Answers that come late, in another order, after the desk is gone.
  const AcceptEvent kept_event = accept(3, {"a", "b"});
  KeptSink kept;
  int answers = 0;
  {
    const EventDesk late{DeskSeams{tenants, policy, env, sealer, kept, store}};
    v1::CancelEventRequest request;
    request.set_event_id(kept_event.id.text());
    late.cancel(Principal{"hospital"}, request, [&](const Result<v1::CancelEventResponse>& answer) {
      ++answers;
      EXPECT_EQ(answer.error().code, ErrorCode::cannot_cancel);
    });
  }
  ASSERT_EQ(kept.kept.size(), 2u);
  kept.kept[1](Effect::stale);
  EXPECT_EQ(answers, 0);
  kept.kept[0](Effect::stale);
  EXPECT_EQ(answers, 1);
}

}  // namespace
}  // namespace psl
