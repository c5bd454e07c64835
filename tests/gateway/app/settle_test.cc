#include "gateway/app/settle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "tests/gateway/app/fake_client.h"
#include "tests/support/fake_env.h"

namespace psl {
namespace {

v1::EventStatus status_of(const std::string& id, v1::RecipientState state) {
  v1::EventStatus status;
  status.set_event_id(id);
  status.mutable_accepted_at()->set_seconds(1000);
  status.add_recipients()->set_state(state);
  return status;
}

// Events that settle by themselves, each at its time.
class SettlingClient final : public FakeClient {
 public:
  SettlingClient(FakeEnv& env) : env_(env) {}  // NOLINT(google-explicit-constructor)
  Result<v1::EventStatus> get(const v1::GetEventRequest& request) override {
    ++gets;
    if (refused) return *refused;
    return status_of(request.event_id(), settled(request.event_id()) ? v1::RECIPIENT_STATE_REACHED
                                                                     : v1::RECIPIENT_STATE_IN_PROGRESS);
  }
  Result<v1::ListEventsResponse> list(const v1::ListEventsRequest& request) override {
    ++lists;
    if (list_refused) return *list_refused;
    EXPECT_EQ(request.filter().states_size(), 3);
    EXPECT_EQ(request.filter().accepted_from().seconds(), 1000);
    EXPECT_EQ(request.page_size(), 500);
    v1::ListEventsResponse response;
    for (const auto& [id, at] : settles_at) {
      if (!settled(id)) *response.add_events() = status_of(id, v1::RECIPIENT_STATE_IN_PROGRESS);
    }
    return response;
  }
  void pause(Span span) override {
    env_.advance(span);
    ++pauses;
  }
  bool settled(const std::string& id) { return env_.monotonic() >= settles_at[id]; }

  std::map<std::string, Instant> settles_at;
  std::optional<Error> refused;
  std::optional<Error> list_refused;
  int gets = 0;
  int lists = 0;
  int pauses = 0;

 private:
  FakeEnv& env_;
};

class Settle : public testing::Test {
 protected:
  void await(int count, Span each) {
    for (int i = 0; i < count; ++i) {
      const std::string id = "e" + std::to_string(i);
      client.settles_at[id] = env.monotonic() + Span{each.us * i};
      events.push_back({id + ".yaml", "cpts-demo", status_of(id, v1::RECIPIENT_STATE_IN_PROGRESS)});
    }
  }
  void wait(Span most) {
    wait_settled(
        events, client, env, env.monotonic() + most,
        [this](const AwaitedEvent& event, const Status& outcome) {
          EXPECT_TRUE(told.insert(event.file).second) << "told twice: " << event.file;
          if (!outcome.ok()) {
            ++failed;
          } else if (all_reached(event.status)) {
            ++reached;
          }
        },
        [] {});
  }

  FakeEnv env;
  SettlingClient client{env};
  std::vector<AwaitedEvent> events;
  std::set<std::string> told;
  int reached = 0;
  int failed = 0;
};

TEST_F(Settle, AsksForAFewOneByOne) {
  // Claim: a single event is asked for by its id, and no list is needed.
  await(1, Span{});
  wait(seconds(10));
  EXPECT_EQ(reached, 1);
  EXPECT_EQ(client.lists, 0);
  EXPECT_EQ(client.gets, 1);
}

TEST_F(Settle, ReadsListsForMany) {
  // Claim: of 200 events each is asked for about once, when it has left the list of those that move.
  await(200, milliseconds(500));
  wait(seconds(200));
  EXPECT_EQ(reached, 200);
  EXPECT_LT(client.gets, 300);
  EXPECT_GT(client.lists, 100);
}

TEST_F(Settle, TellsEachOnceWhenTheTimeIsUp) {
  // Claim: at the end of the wait the others are told as they were last known.
  await(20, seconds(1));
  wait(seconds(5));
  EXPECT_EQ(told.size(), 20u);
  EXPECT_GE(reached, 5);
  EXPECT_LE(reached, 7);
  EXPECT_EQ(failed, 0);
}

TEST_F(Settle, SurvivesAGatewayThatIsAway) {
  // Claim: a gateway that cannot be reached is asked again until the time is up; one that refuses is told.
  await(20, Span{});
  client.list_refused = error_of(ErrorCode::input_output);
  client.refused = client.list_refused;
  wait(seconds(5));
  EXPECT_EQ(told.size(), 20u);
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(client.gets, 0);
  told.clear();
  client.refused = error_of(ErrorCode::not_allowed);
  client.list_refused = client.refused;
  wait(seconds(5));
  EXPECT_EQ(failed, 20);
}

TEST_F(Settle, AsksNothingForWhatIsSettledAlready) {
  // Claim: a receipt that is final already is told without a question.
  events.push_back({"a.yaml", "cpts-demo", status_of("e0", v1::RECIPIENT_STATE_NOT_REACHED)});
  wait(seconds(5));
  EXPECT_EQ(told.size(), 1u);
  EXPECT_EQ(client.gets, 0);
}

}  // namespace
}  // namespace psl
