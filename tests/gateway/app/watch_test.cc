#include "gateway/app/watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <deque>
#include <filesystem>
#include <fstream>

#include "tests/gateway/app/fake_client.h"
#include "tests/support/fake_env.h"
#include "tests/support/temp_folder.h"

namespace psl {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

v1::WatchEventsResponse change_at(int64_t sequence) {
  v1::WatchEventsResponse message;
  message.set_sequence(sequence);
  message.mutable_change()->set_event_id("e" + std::to_string(sequence));
  return message;
}

v1::WatchEventsResponse heartbeat_at(int64_t sequence) {
  v1::WatchEventsResponse message;
  message.set_sequence(sequence);
  return message;
}

// One call of a gateway: what it tells, and how it ends. Without an end it goes silent.
struct Line {
  std::vector<v1::WatchEventsResponse> messages;
  std::optional<Error> end;
};

struct World {
  FakeEnv env;
  std::deque<Line> lines;
  std::vector<v1::WatchEventsRequest> requests;
  // Rung when the last line is silent.
  int stop_fd = ::eventfd(0, EFD_CLOEXEC);
  Span paused;
  World() = default;
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  ~World() { ::close(stop_fd); }
  void stop() const {
    const uint64_t one = 1;
    ASSERT_EQ(::write(stop_fd, &one, sizeof one), ssize_t{sizeof one});
  }
};

class ScriptedWatch final : public ClientWatch {
 public:
  ScriptedWatch(World& world, Line line) : world_(world), line_(std::move(line)) {}
  StreamEvent wait(Span most, int) override {
    if (next_ < line_.messages.size()) return StreamEvent::message;
    if (line_.end) return StreamEvent::ended;
    world_.env.advance(most);
    if (world_.lines.empty()) world_.stop();
    return StreamEvent::nothing;
  }
  v1::WatchEventsResponse take() override { return line_.messages[next_++]; }
  Status finish() override { return *line_.end; }

 private:
  World& world_;
  const Line line_;
  size_t next_ = 0;
};

class WatchingClient final : public FakeClient {
 public:
  explicit WatchingClient(World& world) : world_(world) {}
  std::unique_ptr<ClientWatch> watch(const v1::WatchEventsRequest& request) override {
    world_.requests.push_back(request);
    Line line;
    if (!world_.lines.empty()) {
      line = world_.lines.front();
      world_.lines.pop_front();
    }
    return std::make_unique<ScriptedWatch>(world_, line);
  }
  void pause(Span span) override {
    world_.paused.us += span.us;
    world_.env.advance(span);
  }

 private:
  World& world_;
};

class Heard final : public WatchReader {
 public:
  Status change(const v1::WatchEventsResponse& message) override {
    if (message.sequence() == refuses) return error_of(ErrorCode::configuration, "full");
    changes.push_back(message.sequence());
    return {};
  }
  Status keep(int64_t sequence) override {
    kept.push_back(sequence);
    return {};
  }
  void line(const std::optional<Error>& broken) override { lines.push_back(broken ? "broken" : "whole"); }

  int64_t refuses = -1;
  std::vector<int64_t> changes;
  std::vector<int64_t> kept;
  std::vector<std::string> lines;
};

class Watch : public testing::Test {
 protected:
  Status watch(std::optional<int64_t> after) {
    WatchOptions options;
    options.tenant = "cpts-demo";
    options.after = after;
    options.stop_fd = world.stop_fd;
    return watch_events(client, options, world.env, heard);
  }

  World world;
  WatchingClient client{world};
  Heard heard;
};

TEST_F(Watch, GoesOnAfterTheLastSequenceWhenTheLineBreaks) {
  // Claim: whatever broke the line, the next call asks for what comes after the last thing heard, heartbeats
  // included.
  world.lines = {{{change_at(3), heartbeat_at(9)}, error_of(ErrorCode::input_output)},
                 {{change_at(12)}, error_of(ErrorCode::internal)},
                 {{change_at(15)}, {}}};
  EXPECT_TRUE(watch(2).ok());
  ASSERT_EQ(world.requests.size(), 3u);
  EXPECT_EQ(world.requests[0].after_sequence(), 2);
  EXPECT_EQ(world.requests[1].after_sequence(), 9);
  EXPECT_EQ(world.requests[2].after_sequence(), 12);
  EXPECT_FALSE(world.requests[2].from_now());
  EXPECT_THAT(heard.changes, ElementsAre(3, 12, 15));
  EXPECT_EQ(heard.kept.back(), 15);
  EXPECT_THAT(heard.lines, ElementsAre("broken", "whole", "broken", "whole"));
}

TEST_F(Watch, BeginsNowOnlyUntilItKnowsWhereItStands) {
  // Claim: `from now` is asked again until the gateway has named a sequence, and never after that.
  world.lines = {{{}, error_of(ErrorCode::input_output)},
                 {{heartbeat_at(40)}, error_of(ErrorCode::draining)},
                 {{change_at(41)}, {}}};
  EXPECT_TRUE(watch({}).ok());
  ASSERT_EQ(world.requests.size(), 3u);
  EXPECT_TRUE(world.requests[0].from_now());
  EXPECT_TRUE(world.requests[1].from_now());
  EXPECT_EQ(world.requests[1].after_sequence(), 0);
  EXPECT_FALSE(world.requests[2].from_now());
  EXPECT_EQ(world.requests[2].after_sequence(), 40);
}

TEST_F(Watch, TakesALineWithoutHeartbeatForBroken) {
  // Claim: after 45 s of silence it connects again; what it has heard is kept long before.
  world.lines = {{{change_at(1)}, {}}, {{heartbeat_at(1)}, {}}};
  EXPECT_TRUE(watch(0).ok());
  EXPECT_EQ(world.requests.size(), 2u);
  EXPECT_EQ(world.requests[1].after_sequence(), 1);
  EXPECT_EQ(heard.kept.front(), 1);
}

TEST_F(Watch, WaitsLongerEachTimeWhileTheGatewayIsAway) {
  // Claim: the pauses grow, up to 5 s, and a person is told once.
  for (int i = 0; i < 8; ++i) world.lines.push_back({{}, error_of(ErrorCode::input_output)});
  world.lines.push_back({{heartbeat_at(5)}, {}});
  EXPECT_TRUE(watch(5).ok());
  EXPECT_EQ(world.requests.size(), 9u);
  // 0.2, 0.4, 0.8, 1.6, 3.2, 5, 5, 5 s.
  EXPECT_EQ(world.paused, milliseconds(21200));
  EXPECT_THAT(heard.lines, ElementsAre("broken", "whole"));
}

TEST_F(Watch, EndsWhenThereIsNoGoingOn) {
  // Claim: purged changes and refused callers end it, with the error.
  for (const ErrorCode code : {ErrorCode::sequence_gone, ErrorCode::no_principal, ErrorCode::not_allowed,
                               ErrorCode::field_invalid}) {
    world.lines = {{{change_at(7)}, error_of(code)}};
    const Status ended = watch(0);
    ASSERT_FALSE(ended.ok());
    EXPECT_EQ(ended.error().code, code);
  }
}

TEST_F(Watch, EndsWhenTheReaderCannotTake) {
  // Claim: a change that could not be given is neither kept nor passed over.
  heard.refuses = 3;
  world.lines = {{{change_at(2), change_at(3), change_at(4)}, {}}};
  const Status ended = watch(0);
  ASSERT_FALSE(ended.ok());
  EXPECT_EQ(ended.error().code, ErrorCode::configuration);
  EXPECT_THAT(heard.changes, ElementsAre(2));
  EXPECT_THAT(heard.kept, IsEmpty());
}

TEST_F(Watch, KeepsItsPlaceWhileMuchComesAtOnce) {
  // Claim: a long catching up is kept every 200 changes, not at its end only.
  std::vector<v1::WatchEventsResponse> many;
  for (int i = 1; i <= 500; ++i) many.push_back(change_at(i));
  world.lines = {{many, {}}};
  EXPECT_TRUE(watch(0).ok());
  EXPECT_THAT(heard.kept, ElementsAre(200, 400, 500));
}

TEST_F(Watch, StopsWhileMuchComesAtOnce) {
  // Claim: a signal is heard between two changes, and what was given is kept.
  std::vector<v1::WatchEventsResponse> many;
  for (int i = 1; i <= 500; ++i) many.push_back(change_at(i));
  world.lines = {{many, {}}};
  world.stop();
  WatchOptions options;
  options.after = 0;
  options.stop_fd = world.stop_fd;
  EXPECT_TRUE(watch_events(client, options, world.env, heard).ok());
  EXPECT_THAT(heard.changes, IsEmpty());
}

TEST(WatchPosition, IsWrittenWholeAndReadBack) {
  // Claim: what was written is read again, over an older one and beside the leftover of a dead process; no
  // file is no position.
  const TempFolder folder;
  const std::string file = folder.file("position");
  auto position = read_position(file);
  ASSERT_TRUE(position.ok());
  EXPECT_FALSE(position->has_value());
  ASSERT_TRUE(write_position(file, 41).ok());
  std::ofstream(file + ".new") << "9";
  ASSERT_TRUE(write_position(file, 1234567890123).ok());
  position = read_position(file);
  ASSERT_TRUE(position.ok());
  EXPECT_EQ(*position, 1234567890123);
  EXPECT_FALSE(std::filesystem::exists(file + ".new"));
}

TEST(WatchPosition, RefusesAFileThatIsNone) {
  // Claim: a file with anything else is an error and not the beginning of the history; one that cannot be
  // written is an error too.
  const TempFolder folder;
  const std::string file = folder.file("position");
  for (const char* text : {"", "-1\n", "12 13\n", "0x10\n", "99999999999999999999\n", "hello\n"}) {
    std::ofstream(file, std::ios::trunc) << text;
    EXPECT_FALSE(read_position(file).ok()) << text;
  }
  EXPECT_FALSE(write_position(folder.file("absent/position"), 1).ok());
}

}  // namespace
}  // namespace psl
