// What the commands read and write: times, lists of files, lines, progress.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "gateway/app/file_list.h"
#include "gateway/app/list.h"
#include "gateway/app/print.h"
#include "gateway/app/progress.h"
#include "gateway/app/when.h"
#include "tests/gateway/app/fake_client.h"
#include "tests/support/fake_env.h"
#include "tests/support/temp_folder.h"

namespace psl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr Instant now{1795338000'000'000};  // 2026-11-22T09:00:00Z

TEST(When, IsATimeOrHowLongAgo) {
  // Claim: RFC 3339 with any offset, and s, min, h, d before now.
  EXPECT_EQ(*parse_when("2026-11-22T10:00:00+01:00", now), now);
  EXPECT_EQ(*parse_when("2026-11-22T09:00:00.25Z", now), now + milliseconds(250));
  EXPECT_EQ(*parse_when("90s", now), now - seconds(90));
  EXPECT_EQ(*parse_when("30min", now), now - seconds(1800));
  EXPECT_EQ(*parse_when("2h", now), now - seconds(7200));
  EXPECT_EQ(*parse_when("3d", now), now - seconds(3 * 86400));
}

TEST(When, RefusesAnythingElse) {
  // Claim: nothing is guessed.
  for (const char* text : {"", "2", "h", "-2h", "2 h", "2w", "1.5h", "2026-11-22", "yesterday",
                           "99999999999999d", "2026-13-01T00:00:00Z", "2h3"}) {
    EXPECT_FALSE(parse_when(text, now).ok()) << text;
  }
}

TEST(When, ClockTextIsShort) {
  // Claim: minutes always, hours when needed, never a negative time.
  EXPECT_EQ(clock_text(seconds(7)), "0:07");
  EXPECT_EQ(clock_text(seconds(754)), "12:34");
  EXPECT_EQ(clock_text(seconds(3723)), "1:02:03");
  EXPECT_EQ(clock_text(Span{-5}), "0:00");
}

class Files : public testing::Test {
 protected:
  std::string make(const std::string& name, const std::string& content = {}) {
    std::filesystem::create_directories(std::filesystem::path(folder.file(name)).parent_path());
    std::ofstream(folder.file(name)) << content;
    return folder.file(name);
  }
  TempFolder folder;
};

std::vector<std::string> names_of(const FileList& list) {
  std::vector<std::string> names;
  for (const EventPlace& event : list.events) names.push_back(event.name());
  return names;
}

TEST_F(Files, AFolderStandsForItsEventFiles) {
  // Claim: YAML and JSON by name, nothing else of it, not its subfolders; files named beside it keep their
  // place.
  make("in/b.json");
  make("in/a.yaml");
  make("in/c.yml");
  make("in/notes.txt");
  make("in/contents/d.yaml");
  const auto files = collect_files({"first.yaml", folder.file("in")}, "");
  ASSERT_TRUE(files.ok());
  EXPECT_THAT(names_of(*files), ElementsAre("first.yaml", folder.file("in/a.yaml"), folder.file("in/b.json"),
                                            folder.file("in/c.yml")));
  EXPECT_FALSE(files->single);
}

TEST_F(Files, OneNamedFileIsSingle) {
  // Claim: one file alone is answered as one, even one that is not there; a folder or a list with one file is
  // not.
  EXPECT_TRUE(collect_files({"absent.yaml"}, "")->single);
  make("in/a.yaml");
  EXPECT_FALSE(collect_files({folder.file("in")}, "")->single);
  EXPECT_FALSE(collect_files({}, make("list", "a.yaml\n"))->single);
}

TEST_F(Files, AListHasOnePathALine) {
  // Claim: empty lines say nothing, a line end of Windows is no part of a name, spaces are.
  const auto files = collect_files({"x.yaml"}, make("list", "a b.yaml\n\nc.json\r\nlast.yaml"));
  ASSERT_TRUE(files.ok());
  EXPECT_THAT(names_of(*files), ElementsAre("x.yaml", "a b.yaml", "c.json", "last.yaml"));
}

TEST_F(Files, AFileOfLinesIsOneEventALine) {
  // Claim: each line that is not empty is an event, named by its line; also in a folder; never "single".
  make("in/many.jsonl",
       "{\"idempotency_key\": \"a\"}\n\n{\"idempotency_key\": \"b\"}\r\n{\"idempotency_key\": \"c\"}");
  const auto files = collect_files({folder.file("in")}, "");
  ASSERT_TRUE(files.ok());
  const std::string path = folder.file("in/many.jsonl");
  EXPECT_THAT(names_of(*files), ElementsAre(path + ":1", path + ":3", path + ":4"));
  EXPECT_FALSE(collect_files({path}, "")->single);
  std::vector<std::string> keys;
  for (const EventPlace& event : files->events) keys.push_back(read_event_at(event)->idempotency_key());
  EXPECT_THAT(keys, ElementsAre("a", "b", "c"));
}

TEST_F(Files, AWrongLineIsSaidByItsNumber) {
  // Claim: the fault of a line names the file, the line and the column, and nothing of what stands there.
  const std::string path =
      make("many.jsonl", "{\"idempotency_key\": \"a\"}\n{\"idempotency_kex\": \"b\"}\n{oops\n");
  const auto files = collect_files({path}, "");
  ASSERT_TRUE(files.ok());
  ASSERT_EQ(files->events.size(), 3u);
  const auto unknown = read_event_at(files->events[1]);
  ASSERT_FALSE(unknown.ok());
  EXPECT_THAT(unknown.error().describe(), HasSubstr(path + ":2:"));
  const auto broken = read_event_at(files->events[2]);
  ASSERT_FALSE(broken.ok());
  EXPECT_THAT(broken.error().describe(), HasSubstr(path + ":3:"));
}

TEST_F(Files, NothingToSendIsAnError) {
  // Claim: an empty folder, an empty list, an absent list and a list that is a folder are said, by their
  // name.
  make("empty/notes.txt");
  for (const auto& files :
       {collect_files({folder.file("empty")}, ""), collect_files({}, make("list", "\n\n")),
        collect_files({}, folder.file("absent")), collect_files({}, folder.file("empty"))}) {
    ASSERT_FALSE(files.ok());
    EXPECT_THAT(files.error().text, HasSubstr(folder.path()));
  }
}

TEST(ProgressText, TellsRateRefusedAndRest) {
  // Claim: the line says how many, how fast, how many refused, and how long it will take.
  const ProgressFacts facts{"sent", 1200, 10000, 2, seconds(4)};
  EXPECT_EQ(progress_line(facts), "1200 of 10000 sent, 300/s, 2 refused, 0:29 left");
  EXPECT_EQ(progress_line({"sent", 0, 10, 0, Span{}}), "0 of 10 sent");
  EXPECT_EQ(progress_line({"settled", 10, 10, 0, seconds(4)}), "10 of 10 settled, 2.5/s");
}

TEST(ProgressText, ABarFitsItsTerminal) {
  // Claim: it is as long as there is room for, and a narrow terminal gets the text alone, cut.
  const ProgressFacts facts{"sent", 1200, 10000, 0, seconds(4)};
  EXPECT_EQ(progress_bar(facts, 200), "[===>                          ] 1200/10000 sent, 300/s, 0:29 left");
  EXPECT_EQ(progress_bar(facts, 80).size(), 66u);
  EXPECT_EQ(progress_bar(facts, 60).size(), 59u);
  EXPECT_EQ(progress_bar(facts, 20), "1200/10000 sent, 30");
  EXPECT_EQ(progress_bar({"sent", 10, 10, 0, seconds(1)}, 200),
            "[==============================] 10/10 sent, 10/s");
  EXPECT_EQ(progress_bar(facts, 0), "");
}

TEST(ProgressText, APlainLineComesEveryFiveSeconds) {
  // Claim: without a terminal a log gets a line now and then, and none when it is not wanted.
  FakeEnv env;
  testing::internal::CaptureStderr();
  {
    Progress progress(Progress::Style::line, "sent", 100, env);
    Progress silent(Progress::Style::none, "sent", 100, env);
    for (int i = 0; i < 100; ++i) {
      env.advance(milliseconds(100));
      progress.step(false);
      silent.step(false);
    }
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "50 of 100 sent, 10/s, 0:05 left\n100 of 100 sent, 10/s\n");
}

TEST(ProgressText, ABarIsTakenAwayBeforeOtherText) {
  // Claim: it is drawn ten times a second at most, and leaves an empty line.
  FakeEnv env;
  testing::internal::CaptureStderr();
  {
    Progress progress(Progress::Style::bar, "sent", 100, env);
    for (int i = 0; i < 100; ++i) {
      env.advance(milliseconds(10));
      progress.step(false);
    }
    progress.clear();
  }
  const std::string shown = testing::internal::GetCapturedStderr();
  EXPECT_EQ(std::count(shown.begin(), shown.end(), '\r'), 11);
  EXPECT_TRUE(shown.ends_with("\r\x1b[K"));
}

v1::EventStatus sample_status() {
  v1::EventStatus status;
  status.set_event_id("6f0c");
  auto& reached = *status.add_recipients();
  reached.set_state(v1::RECIPIENT_STATE_REACHED);
  auto& first = *reached.add_deliveries();
  first.set_adapter("mail-demo");
  first.set_state(v1::DELIVERY_STATE_DELIVERED);
  first.set_reason("ACCEPTED");
  auto& missed = *status.add_recipients();
  missed.set_recipient_index(1);
  missed.set_state(v1::RECIPIENT_STATE_NOT_REACHED);
  missed.set_reason_fr("Cette adresse n'existe pas.");
  auto& second = *missed.add_deliveries();
  second.set_adapter("mail-demo");
  second.set_state(v1::DELIVERY_STATE_REJECTED);
  second.set_reason("MAILBOX_ABSENT");
  second.set_partner_code("550 5.1.1");
  second.set_attempts(1);
  return status;
}

TEST(Print, AnEventFitsOnALine) {
  // Claim: each recipient's state, and why one is not reached.
  EXPECT_EQ(to_line(sample_status()), "event 6f0c  0 reached  1 NOT REACHED (MAILBOX_ABSENT)");
}

TEST(Print, ATableShowsTheFrenchReason) {
  // Claim: an operator reads codes in English, and beside them what a coordinator is told.
  EXPECT_EQ(recipients_text(sample_status()),
            "  recipient 0  reached  mail-demo: delivered, ACCEPTED\n"
            "  recipient 1  NOT REACHED  mail-demo: rejected, attempts 1, MAILBOX_ABSENT (550 5.1.1)\n"
            "      Cette adresse n'existe pas.\n");
}

TEST(Print, AChangeFitsOnALine) {
  // Claim: when, which event and recipient, which partner, what, why.
  v1::DeliveryChange change;
  change.mutable_at()->set_seconds(1795338000);
  change.set_event_id("6f0c");
  change.set_recipient_index(2);
  change.set_adapter("mail-demo");
  change.set_state(v1::DELIVERY_STATE_HANDED_OVER);
  change.set_reason("ATTEMPTS_SPENT");
  EXPECT_EQ(to_line(change),
            "2026-11-22T09:00:00Z  event 6f0c  recipient 2  mail-demo: handed_over, ATTEMPTS_SPENT");
  change.set_state(static_cast<v1::DeliveryState>(99));
  EXPECT_THAT(to_line(change), HasSubstr("mail-demo: ?"));
}

TEST(Print, AJsonObjectCanBeNamed) {
  // Claim: one more key in front, properly quoted, also for an empty object.
  EXPECT_EQ(named("file", "a\"b", "{\"x\":1}"), R"({"file":"a\"b","x":1})");
  EXPECT_EQ(named("file", "a", "{}"), R"({"file":"a"})");
}

// Two events a page, from a list of five.
class PagingClient final : public FakeClient {
 public:
  Result<v1::ListEventsResponse> list(const v1::ListEventsRequest& request) override {
    ++pages;
    const int from = request.page_token().empty() ? 0 : std::stoi(request.page_token());
    v1::ListEventsResponse response;
    if (from == 2 && !std::exchange(gave_empty_, true)) {  // a page may be empty, and still not the last
      response.set_next_page_token("2");
      return response;
    }
    for (int i = from; i < std::min(from + 2, 5); ++i) response.add_events()->set_event_id(std::to_string(i));
    if (from + 2 < 5) response.set_next_page_token(std::to_string(from + 2));
    return response;
  }
  int pages = 0;

 private:
  bool gave_empty_ = false;
};

TEST(ReadEvents, GoesThroughThePages) {
  // Claim: every event once, in order, over an empty page, to the end.
  PagingClient client;
  std::string seen;
  const auto more = read_events(client, {}, [&](const v1::EventStatus& event) {
    seen += event.event_id();
    return true;
  });
  ASSERT_TRUE(more.ok());
  EXPECT_FALSE(*more);
  EXPECT_EQ(seen, "01234");
  EXPECT_EQ(client.pages, 4);
}

TEST(ReadEvents, StopsWhereTheReaderDoes) {
  // Claim: a limit in the middle or at the end of a page ends it, and it is known whether there may be more.
  for (const auto& [limit, more_expected] : {std::pair(1, true), std::pair(2, true), std::pair(5, false)}) {
    PagingClient client;
    int seen = 0;
    const auto more =
        read_events(client, {}, [&, most = limit](const v1::EventStatus&) { return ++seen < most; });
    ASSERT_TRUE(more.ok());
    EXPECT_EQ(seen, limit);
    EXPECT_EQ(*more, more_expected) << limit;
  }
}

}  // namespace
}  // namespace psl
