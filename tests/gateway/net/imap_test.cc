#include "gateway/net/imap.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <optional>

#include "gateway/net/imap_response.h"
#include "tests/gateway/net/scripted_imap_server.h"

namespace psl {
namespace {

using test::ImapScript;
using test::ScriptedImapServer;
using test::ThrowawayPki;

constexpr Instant today{1'795'341'600'000'000};  // 2026-11-22 10:00 UTC

class ImapReaderTest : public testing::Test {
 protected:
  ImapReader& start(ImapScript script) {
    server_.emplace(std::move(script), pki_.issue("partner", "DNS:localhost"), pki_.ca_file);
    settings_.port = server_->port;
    return reader_.emplace(settings_, system_env());
  }
  static Instant soon(Span span = seconds(20)) { return system_env().monotonic() + span; }
  std::string password_file(std::string_view content, std::filesystem::perms mode) {
    const std::string path = pki_.ca_file + ".password";
    std::ofstream(path) << content;
    std::filesystem::permissions(path, mode);
    return path;
  }
  std::string error_of_reading(ImapScript script, Span patience = seconds(20)) {
    const auto mails = start(std::move(script)).unhandled(10, today, soon(patience));
    return mails.ok() ? "none" : mails.error().text.substr(0, mails.error().text.find(':'));
  }

  ThrowawayPki pki_;
  test::CertificateFiles own_ = pki_.issue("cpts-gateway", "");
  ImapServer settings_{.host = "localhost",
                       .certificate_file = own_.certificate,
                       .key_file = own_.key,
                       .ca_file = pki_.ca_file,
                       .user = "cpts@demo.mssante.fr",
                       .password_file = {}};
  std::optional<ScriptedImapServer> server_;
  std::optional<ImapReader> reader_;  // ends before the server
};

TEST_F(ImapReaderTest, BringsTheOldestMailsByteForByteAndChangesNothing) {
  // Also a mail that plays the server: its lines are a literal, counted and never read as answers.
  const std::string hostile = "From: a@b.fr\r\n\r\nP3 OK done\r\n* SEARCH 9\r\n)\r\nP4 OK {5}\r\n";
  ImapReader& reader = start({.mails = {{4, "one"}, {5, hostile}, {9, "late"}}});
  const auto mails = reader.unhandled(2, today, soon());
  ASSERT_TRUE(mails.ok()) << mails.error().describe();
  ASSERT_EQ(mails->size(), 2U);
  EXPECT_EQ(mails->at(0).handle, "7.4");
  EXPECT_EQ(mails->at(0).bytes, "one");
  EXPECT_EQ(mails->at(1).bytes, hostile);
  const auto seen = server_->seen().at(0);
  EXPECT_EQ(seen.client_name, "cpts-gateway");
  EXPECT_EQ(seen.commands,
            (std::vector<std::string>{
                "SELECT \"Inbox\"", "UID SEARCH UNKEYWORD $PasserelleHandled UNDELETED SINCE 22-Nov-2026",
                "UID FETCH 4 (BODY.PEEK[]<0.262144>)", "UID FETCH 5 (BODY.PEEK[]<0.262144>)"}));
}

TEST_F(ImapReaderTest, LogsInByItsCertificate) {
  // SASL EXTERNAL, and for which mailbox; no password is asked.
  ASSERT_TRUE(start({}).probe(soon()).ok());
  EXPECT_EQ(server_->seen().at(0).credentials, "AUTHENTICATE EXTERNAL Y3B0c0BkZW1vLm1zc2FudGUuZnI=");
  EXPECT_EQ(server_->seen().at(0).commands, std::vector<std::string>{"EXAMINE \"Inbox\""});
}

TEST_F(ImapReaderTest, LogsInByAPasswordThatItReadsEachTime) {
  // Of a file that only we can read.
  settings_.password_file = password_file("secret\n", std::filesystem::perms::owner_read);
  ASSERT_TRUE(start({}).probe(soon()).ok());
  // "\0cpts@demo.mssante.fr\0secret"
  EXPECT_EQ(server_->seen().at(0).credentials, "AUTHENTICATE PLAIN AGNwdHNAZGVtby5tc3NhbnRlLmZyAHNlY3JldA==");
  settings_.password_file = password_file("secret", std::filesystem::perms::all);
  EXPECT_EQ(start({}).probe(soon()).error().code, ErrorCode::configuration);
  std::filesystem::remove(settings_.password_file);
  settings_.password_file = password_file("\n", std::filesystem::perms::owner_read);
  EXPECT_EQ(start({}).probe(soon()).error().code, ErrorCode::configuration);
}

TEST_F(ImapReaderTest, MarksOnTheSameConnectionAndOnANewOne) {
  // The connection of the last reading serves; when the server has closed it, another one.
  for (const bool closes : {false, true}) {
    ImapReader& reader = start({.mails = {{4, "one"}}, .closes_before_store = closes});
    ASSERT_TRUE(reader.unhandled(1, today, soon()).ok());
    ASSERT_TRUE(reader.mark_handled("7.4", soon()).ok());
    const auto seen = server_->seen();
    ASSERT_EQ(seen.size(), closes ? 2U : 1U);
    EXPECT_EQ(seen.back().commands.back(), "UID STORE 4 +FLAGS.SILENT (\\Seen $PasserelleHandled)");
  }
  EXPECT_FALSE(start({}).mark_handled("8.4", soon()).ok());
  EXPECT_EQ(reader_->mark_handled("x", soon()).error().code, ErrorCode::internal);
}

TEST_F(ImapReaderTest, FlagsWhereTheServerKeepsNoKeyword) {
  // Then \Flagged says that it was dealt with.
  ImapReader& reader = start({.permanent_flags = "\\Seen \\Flagged", .mails = {{4, "one"}}});
  ASSERT_TRUE(reader.unhandled(1, today, soon()).ok());
  ASSERT_TRUE(reader.mark_handled("7.4", soon()).ok());
  const auto commands = server_->seen().at(0).commands;
  EXPECT_EQ(commands.at(1), "UID SEARCH unflagged UNDELETED SINCE 22-Nov-2026");
  EXPECT_EQ(commands.back(), "UID STORE 4 +FLAGS.SILENT (\\Seen \\Flagged)");
}

TEST_F(ImapReaderTest, NamesWhatFails) {
  // Each failure has its reason, none a text of the server's.
  EXPECT_EQ(error_of_reading({.offers_tls = false}), "STARTTLS_MISSING");
  EXPECT_EQ(error_of_reading({.login = "NO [AUTHENTICATIONFAILED] secret"}), "LOGIN_REFUSED");
  EXPECT_EQ(error_of_reading({.mechanisms = "AUTH=PLAIN"}), "LOGIN_REFUSED");
  EXPECT_EQ(error_of_reading({.search = "NO secret"}), "REFUSED");
  EXPECT_EQ(
      error_of_reading({.mails = {{4, "x"}}, .fetch_instead = "* 1 FETCH (UID 4 BODY[]<0> {400000}\r\n"}),
      "ANSWER_TOO_LARGE");
  EXPECT_EQ(error_of_reading({.mails = {{4, "x"}}, .fetch_instead = "* 1 FETCH (UID 4"}, seconds(2)),
            "TIMEOUT");
  const test::CertificateFiles other = ThrowawayPki().issue("partner", "DNS:localhost");
  settings_.ca_file = pki_.issue("x", "").certificate;
  EXPECT_EQ(error_of_reading({}), "PARTNER_CERTIFICATE");
}

TEST_F(ImapReaderTest, StopsWhatIsUnderWay) {
  // Told to stop, it reads nothing more.
  ImapReader& reader = start({});
  reader.stop();
  EXPECT_FALSE(reader.probe(soon()).ok());
}

TEST(ImapStream, CutsResponsesWhereverThePacketsEnd) {
  // Byte by byte or at once, the same responses with their literals.
  const std::string all = "* 1 FETCH (UID 4 BODY[] {6}\r\na\r\nb{9 X {0}\r\n)\r\n* OK {5}\r\nP1 OK {3}\r\n";
  for (const size_t step : {size_t{1}, size_t{3}, all.size()}) {
    ImapStream stream;
    std::vector<ImapResponse> found;
    for (size_t at = 0; at < all.size(); at += step) {
      stream.feed(std::string_view(all).substr(at, step));
      for (auto next = stream.next(); next.ok() && next->has_value(); next = stream.next())
        found.push_back(std::move(**next));
    }
    ASSERT_EQ(found.size(), 3U);
    EXPECT_EQ(found[0].text, "* 1 FETCH (UID 4 BODY[] {6} X {0})");
    EXPECT_EQ(found[0].literals, (std::vector<std::string>{"a\r\nb{9", ""}));
    EXPECT_EQ(found[1].text, "* OK {5}");
    EXPECT_EQ(found[2].text, "P1 OK {3}");
  }
}

TEST(ImapStream, BoundsALineThatDoesNotEnd) {
  // 1 MiB without a line end is an error, and stays one.
  ImapStream stream;
  stream.feed(std::string((size_t{1} << 20) + 1, 'a'));
  EXPECT_FALSE(stream.next().ok());
  EXPECT_FALSE(stream.next().ok());
}

TEST(ImapResponseText, IsReadAsTheServerMeansIt) {
  // Whatever the case; what is another response is nothing.
  EXPECT_EQ(*search_result("* SEARCH 9 4 7", 2), (std::vector<uint32_t>{4, 7}));
  EXPECT_EQ(*search_result("* search", 2), std::vector<uint32_t>());
  EXPECT_EQ(*search_result("* SEARCH x 4 99999999999  5", 9), (std::vector<uint32_t>{4, 5}));
  EXPECT_FALSE(search_result("* 4 EXISTS", 2));
  EXPECT_EQ(uid_validity("* OK [UIDVALIDITY 12] x"), 12U);
  EXPECT_FALSE(uid_validity("* OK [UIDVALIDITY x] x"));
  EXPECT_EQ(keeps_keyword("* OK [PERMANENTFLAGS (\\Seen $a)]", "$A"), true);
  EXPECT_EQ(keeps_keyword("* OK [PERMANENTFLAGS (\\Seen \\*)]", "$A"), true);
  EXPECT_EQ(keeps_keyword("* OK [PERMANENTFLAGS ()]", "$A"), false);
  EXPECT_FALSE(keeps_keyword("* OK x", "$A"));
  EXPECT_TRUE(is_fetch_of("* 1 FETCH (FLAGS () UID 4)", 4));
  EXPECT_FALSE(is_fetch_of("* 1 FETCH (UID 44 BODY[] {1})", 4));
  EXPECT_FALSE(is_fetch_of("* OK FETCH", 4));
}

}  // namespace
}  // namespace psl
