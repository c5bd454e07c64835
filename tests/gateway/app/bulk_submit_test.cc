#include "gateway/app/bulk_submit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <fstream>
#include <map>
#include <optional>
#include <set>

#include "gateway/rpc/wire_status.h"
#include "google/rpc/status.pb.h"
#include "tests/gateway/app/fake_client.h"
#include "tests/support/fake_env.h"
#include "tests/support/temp_folder.h"

namespace psl {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

// What a gateway would do with each event, and what it saw.
struct Script {
  using Judge = std::function<std::optional<Error>(const std::string& key, int attempt)>;
  // Nothing: accepted.
  Judge answer = [](const std::string&, int) { return std::nullopt; };
  // When this event comes the call breaks, and what is on the way gets no answer.
  Judge broken_by = [](const std::string&, int) { return std::nullopt; };
  // Each call ends at once.
  std::optional<Error> away;
  bool silent = false;

  int calls = 0;
  size_t most_on_the_way = 0;
  std::vector<std::string> order;
  std::map<std::string, int> attempts;
  FakeEnv env;
};

class ScriptedCall final : public ClientStream {
 public:
  explicit ScriptedCall(Script& script) : script_(script) {
    ++script.calls;
    broken_ = script.away;
  }
  StreamEvent wait(bool to_send, Span most) override {
    if (broken_) return StreamEvent::ended;
    if (to_send) return StreamEvent::room;
    if (!on_the_way_.empty() && !script_.silent) return StreamEvent::message;
    if (closed_) return StreamEvent::ended;
    script_.env.advance(most);
    return StreamEvent::nothing;
  }
  v1::SubmitEventsResponse take() override {
    const auto [index, key] = on_the_way_.front();
    on_the_way_.pop_front();
    v1::SubmitEventsResponse response;
    response.set_index(index);
    response.set_idempotency_key(key);
    const auto error = script_.answer(key, script_.attempts[key]);
    if (error) {
      const grpc::Status status = to_grpc(*error);
      response.mutable_error()->ParseFromString(status.error_details());
    } else {
      response.mutable_status()->set_event_id("event of " + key);
    }
    return response;
  }
  void send(v1::SubmitEventsRequest request) override {
    const std::string& key = request.idempotency_key();
    script_.order.push_back(key);
    on_the_way_.emplace_back(sent_++, key);
    script_.most_on_the_way = std::max(script_.most_on_the_way, on_the_way_.size());
    broken_ = script_.broken_by(key, ++script_.attempts[key]);
  }
  void close() override { closed_ = true; }
  Status finish() override { return broken_ ? Status(*broken_) : Status(); }

 private:
  Script& script_;
  std::deque<std::pair<int64_t, std::string>> on_the_way_;
  int64_t sent_ = 0;
  std::optional<Error> broken_;
  bool closed_ = false;
};

class ScriptedClient final : public FakeClient {
 public:
  explicit ScriptedClient(Script& script) : script_(script) {}
  std::unique_ptr<ClientStream> submit_many() override { return std::make_unique<ScriptedCall>(script_); }
  void pause(Span span) override { script_.env.advance(span); }

 private:
  Script& script_;
};

class Told final : public BulkReport {
 public:
  void accepted(const std::string& file, const std::string& tenant,
                v1::SubmitEventsResponse answer) override {
    EXPECT_EQ(tenant, "cpts-demo");
    EXPECT_EQ(answer.status().event_id(), "event of " + name_of_file(file));
    accepted_files.push_back(name_of_file(file));
  }
  void refused(const std::string& file, const Error& error, bool unread) override {
    refused_files[name_of_file(file)] = std::string(reason_of(error.code)) + (unread ? " unread" : "");
  }
  void tick() override { ++ticks; }

  static std::string name_of_file(const std::string& path) {
    const size_t slash = path.rfind('/') + 1;
    return path.substr(slash, path.rfind('.') - slash);
  }
  std::vector<std::string> accepted_files;
  std::map<std::string, std::string> refused_files;
  int ticks = 0;
};

class BulkSubmit : public testing::Test {
 protected:
  // k0.json, k1.json...: each with its name as key.
  void write_files(int count) {
    for (int i = 0; i < count; ++i) {
      const std::string key = "k" + std::to_string(i);
      files.push_back({folder.file(key + ".json")});
      std::ofstream(files.back().file) << R"({"idempotency_key": ")" << key
                                  << R"(", "event": {"tenant": "cpts-demo"}})";
    }
  }
  void send() {
    const auto connect = [this]() -> Result<std::unique_ptr<GatewayClient>> {
      return std::unique_ptr<GatewayClient>(std::make_unique<ScriptedClient>(script));
    };
    ASSERT_TRUE(submit_events(files, connect, options, script.env, told).ok());
  }
  // All but these were accepted, each once.
  void expect_all_but(const std::set<std::string>& others) {
    std::set<std::string> once(told.accepted_files.begin(), told.accepted_files.end());
    EXPECT_EQ(once.size(), told.accepted_files.size());
    for (const std::string& other : others) EXPECT_FALSE(once.contains(other)) << other;
    EXPECT_EQ(once.size() + others.size(), files.size());
    EXPECT_EQ(told.refused_files.size(), others.size());
  }

  TempFolder folder;
  std::vector<EventPlace> files;
  Script script;
  BulkOptions options;
  Told told;
};

TEST_F(BulkSubmit, SendsManyFilesOverOneCall) {
  // Claim: 500 files go over one call, in their order, and never more than the window is on the way.
  write_files(500);
  send();
  EXPECT_EQ(script.calls, 1);
  EXPECT_EQ(script.most_on_the_way, 64u);
  EXPECT_THAT(script.order, SizeIs(500));
  EXPECT_EQ(script.order[499], "k499");
  expect_all_but({});
}

TEST_F(BulkSubmit, OneBadFileDoesNotStopTheRest) {
  // Claim: a file that is absent, one that is no event and one that is refused are told, and all others are
  // sent.
  write_files(10);
  std::filesystem::remove(files[2].file);
  std::ofstream(files[4].file) << "{";
  script.answer = [](const std::string& key, int) -> std::optional<Error> {
    if (key == "k7") return field_error("event.subject", "required");
    return std::nullopt;
  };
  send();
  expect_all_but({"k2", "k4", "k7"});
  EXPECT_EQ(told.refused_files["k2"], "INPUT_OUTPUT unread");
  EXPECT_EQ(told.refused_files["k4"], "FIELD_INVALID unread");
  EXPECT_EQ(told.refused_files["k7"], "FIELD_INVALID");
  EXPECT_EQ(script.calls, 1);
}

TEST_F(BulkSubmit, SendsAgainWhatHadNoAnswerWhenTheCallBroke) {
  // Claim: after a break every file without an answer is sent again under its key, before the others.
  write_files(100);
  options.window = 4;
  script.broken_by = [](const std::string& key, int attempt) -> std::optional<Error> {
    if (key == "k50" && attempt == 1) return error_of(ErrorCode::draining);
    return std::nullopt;
  };
  send();
  EXPECT_EQ(script.calls, 2);
  expect_all_but({});
  int twice = 0;
  for (const auto& [key, attempts] : script.attempts) twice += attempts - 1;
  EXPECT_EQ(twice, 4);
  EXPECT_EQ(script.attempts["k47"], 2);
  EXPECT_EQ(script.attempts["k51"], 1);
}

TEST_F(BulkSubmit, PutsOffWhatTheGatewayIsTooBusyFor) {
  // Claim: BUSY and STORE_UNAVAILABLE answers are tried again after a rest, with fewer on the way.
  write_files(200);
  script.answer = [](const std::string& key, int attempt) -> std::optional<Error> {
    if (attempt == 1 && key.back() == '3') return error_of(ErrorCode::busy);
    if (attempt < 4 && key == "k44") return error_of(ErrorCode::store_unavailable);
    return std::nullopt;
  };
  const Instant begun = script.env.monotonic();
  send();
  expect_all_but({});
  EXPECT_EQ(script.attempts["k13"], 2);
  EXPECT_EQ(script.attempts["k44"], 4);
  EXPECT_EQ(script.calls, 1);
  EXPECT_GE(script.env.monotonic() - begun, milliseconds(200));
}

TEST_F(BulkSubmit, GivesUpWhenPatienceIsSpentWithoutProgress) {
  // Claim: with the gateway away, every file is told as not sent once the patience is spent, and not before.
  write_files(20);
  options.patience = seconds(10);
  script.away = error_of(ErrorCode::input_output);
  const Instant begun = script.env.monotonic();
  send();
  EXPECT_THAT(told.accepted_files, IsEmpty());
  EXPECT_EQ(told.refused_files.size(), 20u);
  EXPECT_EQ(told.refused_files["k19"], "INPUT_OUTPUT");
  const Span took = script.env.monotonic() - begun;
  EXPECT_GE(took, seconds(4));
  EXPECT_LE(took, seconds(10));
  EXPECT_GT(script.calls, 3);
}

TEST_F(BulkSubmit, TriesOnceWithoutPatience) {
  // Claim: a patience of nothing is one try.
  write_files(3);
  options.patience = Span{};
  script.away = error_of(ErrorCode::input_output);
  send();
  EXPECT_EQ(script.calls, 1);
  EXPECT_EQ(told.refused_files.size(), 3u);
}

TEST_F(BulkSubmit, StopsAtOnceWhenTheCallerItselfIsRefused) {
  // Claim: no file is tried again when the certificate names nobody.
  write_files(5);
  script.away = error_of(ErrorCode::no_principal);
  send();
  EXPECT_EQ(script.calls, 1);
  EXPECT_EQ(told.refused_files["k4"], "NO_PRINCIPAL");
  EXPECT_EQ(told.refused_files.size(), 5u);
}

TEST_F(BulkSubmit, FindsTheFileThatBreaksTheCall) {
  // Claim: an event with which the call always breaks, for no reason that time mends, is told alone; all
  // others arrive.
  write_files(30);
  script.broken_by = [](const std::string& key, int) -> std::optional<Error> {
    if (key == "k11" || key == "k20") return error_of(ErrorCode::internal);
    return std::nullopt;
  };
  send();
  expect_all_but({"k11", "k20"});
  EXPECT_EQ(told.refused_files["k11"], "INTERNAL");
}

TEST_F(BulkSubmit, TakesASilentCallForBroken) {
  // Claim: a gateway that reads and never answers does not hold the command for ever, and a person sees that
  // it lives.
  write_files(2);
  script.silent = true;
  options.patience = seconds(30);
  send();
  EXPECT_EQ(told.refused_files["k0"], "DEADLINE");
  EXPECT_EQ(told.refused_files["k1"], "DEADLINE");
  EXPECT_GT(told.ticks, 50);
}

TEST_F(BulkSubmit, RefusesAnAnswerToWhatWasNotAsked) {
  // Claim: an answer with an unknown index is a fault of the call, not of a file, and nothing is told twice.
  write_files(1);
  class Confused final : public FakeClient {
   public:
    class Call final : public ClientStream {
     public:
      StreamEvent wait(bool to_send, Span) override {
        return to_send ? StreamEvent::room : StreamEvent::message;
      }
      v1::SubmitEventsResponse take() override {
        v1::SubmitEventsResponse response;
        response.set_index(7);
        return response;
      }
      void send(v1::SubmitEventsRequest) override {}
      void close() override {}
      Status finish() override { return {}; }
    };
    std::unique_ptr<ClientStream> submit_many() override { return std::make_unique<Call>(); }
  };
  const auto connect = []() -> Result<std::unique_ptr<GatewayClient>> {
    return std::unique_ptr<GatewayClient>(std::make_unique<Confused>());
  };
  ASSERT_TRUE(submit_events(files, connect, options, script.env, told).ok());
  EXPECT_EQ(told.refused_files["k0"], "INTERNAL");
}

}  // namespace
}  // namespace psl
