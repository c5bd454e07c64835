#include "gateway/net/https.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <optional>
#include <thread>

#include "gateway/net/init.h"
#include "tests/gateway/net/scripted_https_server.h"

namespace psl {
namespace {

using test::CertificateFiles;
using test::http_answer;
using test::HttpsReply;
using test::HttpsSeen;
using test::ScriptedHttpsServer;
using test::ThrowawayPki;
using Then = HttpsReply::Then;

const std::string fine = http_answer(200, "application/json", "{}");

// A partner, our certificate, and a client for it.
class HttpsClientTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_TRUE(net::init().ok()); }

  // The n-th request gets the n-th reply, later ones the last.
  void start(std::vector<HttpsReply> replies, ScriptedHttpsServer::Settings settings = {}) {
    serve(pki_.issue("partner", "DNS:localhost"), std::move(replies), std::move(settings));
  }
  void serve(const CertificateFiles& partner, std::vector<HttpsReply> replies,
             ScriptedHttpsServer::Settings settings = {}) {
    client_.reset();
    asked_ = 0;
    server_.emplace(
        [this, replies](const HttpsSeen&) { return replies[std::min(asked_++, replies.size() - 1)]; },
        partner, pki_.ca_file, std::move(settings));
    settings_.base_url = "https://localhost:" + std::to_string(server_->port) + "/fhir";
  }
  HttpsClient& client() {
    if (!client_) client_.emplace(settings_, system_env());
    return *client_;
  }
  HttpsExchange send(const HttpsRequest& request, Span patience = seconds(20)) {
    return client().send(request, system_env().monotonic() + patience);
  }
  HttpsExchange post(std::string_view body = "{\"a\":1}", Span patience = seconds(20)) {
    return send({"POST", "", {{"Content-Type", "application/json"}}, body}, patience);
  }
  HttpsExchange get(Span patience = seconds(20)) { return send({"GET", "/things?id=1", {}, {}}, patience); }
  HttpsExchange post_once(HttpsReply reply) {
    start({std::move(reply)});
    return post();
  }

  static void expect_broken(const HttpsExchange& exchange, Verdict verdict, std::string_view reason) {
    EXPECT_FALSE(exchange.answered);
    EXPECT_EQ(exchange.broken.verdict, verdict);
    EXPECT_EQ(exchange.broken.reason, reason);
    EXPECT_TRUE(exchange.broken.partner_down);
  }

  void wait_until_closed(size_t connections) {
    while (server_->connections_ended() < connections) std::this_thread::yield();
  }

  ThrowawayPki pki_;
  CertificateFiles own_ = pki_.issue("cpts-gateway", "");
  HttpsServer settings_{
      .base_url = "", .certificate_file = own_.certificate, .key_file = own_.key, .ca_file = pki_.ca_file};
  size_t asked_ = 0;
  std::optional<ScriptedHttpsServer> server_;
  std::optional<HttpsClient> client_;  // ends before the server
};

TEST_F(HttpsClientTest, SendsTheRequestAsItIsWithOurCertificate) {
  // The partner gets the very bytes, from a client that it can name, and nothing that we did not mean.
  start({{http_answer(201, "Application/FHIR+JSON; charset=utf-8", "{\"b\":2}", "Retry-After: 7\r\n")}});
  const HttpsExchange exchange =
      send({"POST", "/Bundle", {{"Content-Type", "application/json"}, {"X-One", "1"}}, "{\"a\":1}"});
  ASSERT_TRUE(exchange.answered);
  EXPECT_EQ(exchange.answer.status, 201);
  EXPECT_EQ(exchange.answer.content_type, "application/fhir+json");
  EXPECT_EQ(exchange.answer.body, "{\"b\":2}");
  EXPECT_EQ(exchange.answer.retry_after_s, 7);
  const HttpsSeen seen = server_->seen().at(0);
  EXPECT_EQ(seen.method, "POST");
  EXPECT_EQ(seen.target, "/fhir/Bundle");
  EXPECT_EQ(seen.body, "{\"a\":1}");
  EXPECT_EQ(seen.client_name, "cpts-gateway");
  EXPECT_EQ(seen.headers.at("x-one"), "1");
  EXPECT_FALSE(seen.headers.contains("expect"));
}

TEST_F(HttpsClientTest, SendsALargeBodyWhole) {
  // Many TLS records arrive unchanged, without waiting for "100 Continue".
  start({{fine}});
  const std::string large(20'000'000, 'x');
  EXPECT_TRUE(post(large).answered);
  EXPECT_EQ(server_->seen().at(0).body, large);
}

TEST_F(HttpsClientTest, AsksByGetAndByPatch) {
  // A method that libcurl does not know by itself carries its body like POST; GET after it carries none.
  start({{fine}});
  EXPECT_TRUE(send({"PATCH", "/DocumentReference/1", {{"Content-Type", "application/json-patch+json"}}, "[]"})
                  .answered);
  EXPECT_TRUE(get().answered);
  EXPECT_TRUE(post().answered);
  EXPECT_EQ(server_->seen().at(0).method, "PATCH");
  EXPECT_EQ(server_->seen().at(0).body, "[]");
  EXPECT_EQ(server_->seen().at(1).method, "GET");
  EXPECT_EQ(server_->seen().at(1).target, "/fhir/things?id=1");
  EXPECT_EQ(server_->seen().at(1).body, "");
  EXPECT_EQ(server_->seen().at(2).method, "POST");
}

TEST_F(HttpsClientTest, KeepsItsConnectionBetweenRequests) {
  // Two requests, one handshake.
  start({{fine}});
  EXPECT_TRUE(post().answered);
  EXPECT_TRUE(get().answered);
  EXPECT_EQ(server_->connections(), 1U);
}

TEST_F(HttpsClientTest, ConnectsAgainWhenThePartnerClosedAnIdleConnection) {
  // Nothing left on the dead connection, so even a POST goes over a new one, and nobody notices.
  start({{fine, Then::close}, {fine}});
  EXPECT_TRUE(post().answered);
  wait_until_closed(1);
  EXPECT_TRUE(post().answered);
  EXPECT_EQ(server_->seen().size(), 2U);
  EXPECT_EQ(server_->connections(), 2U);
}

TEST_F(HttpsClientTest, NeverRepeatsAPostThatMayHaveBeenActedUpon) {
  // The partner took it on a kept connection and left without a word: libcurl alone would send it again.
  start({{fine}, {"", Then::close}, {fine}});
  EXPECT_TRUE(post().answered);
  expect_broken(post(), Verdict::unknown, "CONNECTION_LOST");
  EXPECT_EQ(server_->seen().size(), 2U);
}

TEST_F(HttpsClientTest, RepeatsAGetOnceWhenAKeptConnectionBreaks) {
  // To ask twice changes nothing.
  start({{fine}, {"", Then::close}, {fine}});
  EXPECT_TRUE(get().answered);
  EXPECT_TRUE(get().answered);
  EXPECT_EQ(server_->seen().size(), 3U);
  EXPECT_EQ(server_->connections(), 2U);
}

TEST_F(HttpsClientTest, KnowsThatHalfARequestIsNone) {
  // RFC 9112 section 8: an incomplete request must not be acted upon. On a kept connection it is sent once
  // more.
  const std::string large(20'000'000, 'x');
  start({{fine}}, {.close_after_body_bytes = {{0, 100'000}}});
  expect_broken(post(large), Verdict::try_later, "CONNECTION_LOST");
  start({{fine}}, {.close_after_body_bytes = {{0, 100'000}}});
  EXPECT_TRUE(post().answered);
  EXPECT_TRUE(post(large).answered);
  EXPECT_EQ(server_->connections(), 2U);
}

TEST_F(HttpsClientTest, DoesNotKnowWhenTheConnectionEndsAfterTheRequest) {
  // The partner may have acted: before its answer, in its head, or in its body.
  expect_broken(post_once({"", Then::close}), Verdict::unknown, "CONNECTION_LOST");
  expect_broken(post_once({"HTTP/1.1 200 OK\r\nContent-", Then::close}), Verdict::unknown, "CONNECTION_LOST");
  expect_broken(post_once({fine.substr(0, fine.size() - 1), Then::close}), Verdict::unknown,
                "CONNECTION_LOST");
  expect_broken(post_once({"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", Then::close}),
                Verdict::unknown, "CONNECTION_LOST");
  EXPECT_EQ(server_->seen().size(), 1U);
}

TEST_F(HttpsClientTest, KeepsItsDeadlineAndForgetsTheLateAnswer) {
  // A partner that answers too late is not known to have acted; the next request is not given the old answer.
  start({{"", Then::silence}, {http_answer(202, "", "")}});
  const Instant began = system_env().monotonic();
  expect_broken(post("{}", milliseconds(300)), Verdict::unknown, "TIMEOUT");
  EXPECT_LT((system_env().monotonic() - began).us, seconds(2).us);
  EXPECT_EQ(post().answer.status, 202);
  EXPECT_EQ(server_->connections(), 2U);
  settings_.delivery_timeout = milliseconds(300);
  start({{fine.substr(0, fine.size() - 1), Then::silence}});
  expect_broken(post(), Verdict::unknown, "TIMEOUT");
}

TEST_F(HttpsClientTest, SendsNothingPastItsDeadline) {
  // No connection is opened for a request whose time is over: that says nothing about the partner.
  start({{fine}});
  const HttpsExchange exchange = post("{}", Span{0});
  EXPECT_EQ(exchange.broken.reason, "TIMEOUT");
  EXPECT_EQ(exchange.broken.verdict, Verdict::try_later);
  EXPECT_FALSE(exchange.broken.partner_down);
  EXPECT_EQ(server_->connections(), 0U);
}

TEST_F(HttpsClientTest, StopsReadingAnAnswerThatIsTooLarge) {
  // 1 GiB, announced or chunked, costs about as much as the limit.
  const std::string part(size_t{1} << 16, ' ');
  const std::string announced = "HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n";
  const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const HttpsReply& reply : {HttpsReply{announced, Then::close, part},
                                  HttpsReply{chunked, Then::close, "10000\r\n" + part + "\r\n"}}) {
    const Instant began = system_env().monotonic();
    expect_broken(post_once(reply), Verdict::unknown, "ANSWER_TOO_LARGE");
    EXPECT_LT((system_env().monotonic() - began).us, seconds(5).us);
    wait_until_closed(1);
    EXPECT_LT(server_->flooded_bytes(), size_t{64} << 20);
  }
}

TEST_F(HttpsClientTest, TakesAnAnswerOfExactlyTheLimit) {
  // The limit is the last size that is read.
  settings_.answer_bytes_max = 1000;
  start({{http_answer(200, "", std::string(1000, 'x'))}, {http_answer(200, "", std::string(1001, 'x'))}});
  EXPECT_EQ(post().answer.body.size(), 1000U);
  expect_broken(post(), Verdict::unknown, "ANSWER_TOO_LARGE");
}

TEST_F(HttpsClientTest, StopsReadingHeadersThatNeverEnd) {
  // The head of an answer has a bound of its own, in one line or in many, interim answers included.
  expect_broken(post_once({"HTTP/1.1 200 OK\r\n", Then::close, "X-More: of the same\r\n"}), Verdict::unknown,
                "ANSWER_TOO_LARGE");
  expect_broken(post_once({"", Then::close, "HTTP/1.1 103 Early Hints\r\n\r\n"}), Verdict::unknown,
                "ANSWER_TOO_LARGE");
  const HttpsExchange one_line =
      post_once({"HTTP/1.1 200 OK\r\nX-More: ", Then::close, std::string(1000, 'x')});
  EXPECT_FALSE(one_line.answered);
  EXPECT_EQ(one_line.broken.verdict, Verdict::unknown);
}

TEST_F(HttpsClientTest, GivesARedirectBackAndDoesNotFollowIt) {
  // A letter goes where the operator said, and nowhere else.
  start({{http_answer(307, "", "", "Location: https://localhost:1/elsewhere\r\n")}});
  const HttpsExchange exchange = post();
  ASSERT_TRUE(exchange.answered);
  EXPECT_EQ(exchange.answer.status, 307);
  EXPECT_EQ(server_->seen().size(), 1U);
}

TEST_F(HttpsClientTest, GivesHtmlBackWithItsType) {
  // A proxy's page is an answer; who asked decides what it means.
  const HttpsExchange exchange = post_once({http_answer(200, "text/html", "<html></html>")});
  ASSERT_TRUE(exchange.answered);
  EXPECT_EQ(exchange.answer.content_type, "text/html");
}

TEST_F(HttpsClientTest, DoesNotTakeGarbageForAnAnswer) {
  // Without a status line there is no answer, and the request has left.
  expect_broken(post_once({"garbage\r\n\r\n", Then::close}), Verdict::unknown, "ANSWER_UNREADABLE");
}

TEST_F(HttpsClientTest, TakesTheAnswerThatComesBeforeTheEndOfTheRequest) {
  // 413 to a body that is still on its way is an answer: the rest need not be sent.
  start({{fine}}, {.early_answer = http_answer(413, "", "")});
  const HttpsExchange exchange = post(std::string(20'000'000, 'x'));
  ASSERT_TRUE(exchange.answered);
  EXPECT_EQ(exchange.answer.status, 413);
}

TEST_F(HttpsClientTest, ReadsRetryAfterWithinBounds) {
  // A number that is absurd does not hold a letter for a year.
  EXPECT_EQ(post_once({http_answer(503, "", "", "Retry-After: 99999999999\r\n")}).answer.retry_after_s,
            86400);
  EXPECT_EQ(post_once({http_answer(503, "", "", "Retry-After: -5\r\n")}).answer.retry_after_s, 0);
  EXPECT_EQ(post_once({http_answer(503, "", "", "Retry-After: soon\r\n")}).answer.retry_after_s, 0);
}

TEST_F(HttpsClientTest, SaysThatNobodyListens) {
  // A refused connection, and a name without an address, are the partner's failure, to be tried again.
  start({{fine}});
  server_.reset();
  expect_broken(post(), Verdict::try_later, "CONNECTION_REFUSED");
}

TEST_F(HttpsClientTest, SpeaksNothingButHttps) {
  // A base URL of another kind sends nothing anywhere.
  start({{fine}});
  settings_.base_url = "http://localhost:" + std::to_string(server_->port);
  EXPECT_FALSE(post().answered);
  EXPECT_TRUE(server_->seen().empty());
}

TEST_F(HttpsClientTest, RefusesAPartnerThatItCannotProve) {
  // Another name, a past date, an authority that is not in the file, an old TLS: nothing leaves.
  serve(pki_.issue("other", "DNS:other.example"), {{fine}});
  expect_broken(post(), Verdict::try_later, "PARTNER_CERTIFICATE");
  serve(pki_.issue("late", "DNS:localhost", -7200, -3600), {{fine}});
  expect_broken(post(), Verdict::try_later, "PARTNER_CERTIFICATE");
  ThrowawayPki stranger;
  serve(stranger.issue("stranger", "DNS:localhost"), {{fine}});
  expect_broken(post(), Verdict::try_later, "PARTNER_CERTIFICATE");
  start({{fine}}, {.old_tls_only = true});
  expect_broken(post(), Verdict::try_later, "TLS_FAILED");
  EXPECT_TRUE(server_->seen().empty());
}

TEST_F(HttpsClientTest, TellsThatOurOwnCertificateIsTheTrouble) {
  // Refused, expired or not there: the operator learns whose fault it is, and nothing was acted upon.
  const auto use = [&](const CertificateFiles& files) {
    settings_.certificate_file = files.certificate;
    settings_.key_file = files.key;
    start({{fine}});
    return post();
  };
  ThrowawayPki stranger;
  expect_broken(use(stranger.issue("stranger", "")), Verdict::try_later, "OWN_CERTIFICATE");
  expect_broken(use(pki_.issue("late", "", -7200, -3600)), Verdict::try_later, "OWN_CERTIFICATE");
  expect_broken(use({"/nonexistent.pem", "/nonexistent.key"}), Verdict::try_later, "OWN_CERTIFICATE");
  expect_broken(use({own_.certificate, pki_.issue("another", "").key}), Verdict::try_later,
                "OWN_CERTIFICATE");
  EXPECT_TRUE(server_->seen().empty());
}

TEST_F(HttpsClientTest, WorksWithAPartnerThatAsksForNoCertificate) {
  // Ours is shown to those who ask.
  start({{fine}}, {.asks_certificate = false});
  EXPECT_TRUE(post().answered);
  EXPECT_EQ(server_->seen().at(0).client_name, "");
}

TEST_F(HttpsClientTest, TellsThatTheAuthorityFileIsNotThere) {
  // Without the file nothing is trusted, rather than everything.
  settings_.ca_file = "/nonexistent.pem";
  start({{fine}});
  expect_broken(post(), Verdict::try_later, "TRUST_FILE");
}

TEST_F(HttpsClientTest, TakesARenewedCertificateAtTheNextConnection) {
  // The operator replaces the files; nobody restarts anything.
  const auto use = [&](const CertificateFiles& files) {
    const auto over = std::filesystem::copy_options::overwrite_existing;
    std::filesystem::copy_file(files.certificate, settings_.certificate_file, over);
    std::filesystem::copy_file(files.key, settings_.key_file, over);
  };
  settings_.certificate_file = pki_.ca_file + ".own";
  settings_.key_file = pki_.ca_file + ".key";
  use(own_);
  start({{fine, Then::close}, {fine}});
  EXPECT_TRUE(post().answered);
  wait_until_closed(1);
  use(pki_.issue("cpts-gateway-renewed", ""));
  EXPECT_TRUE(post().answered);
  EXPECT_EQ(server_->seen().at(0).client_name, "cpts-gateway");
  EXPECT_EQ(server_->seen().at(1).client_name, "cpts-gateway-renewed");
}

TEST_F(HttpsClientTest, StopsWhatIsUnderWay) {
  // At shutdown a worker that awaits an answer comes back, and says that it does not know; a new one is
  // refused.
  start({{"", Then::silence}});
  HttpsExchange exchange;
  client();
  std::thread worker([&] { exchange = post(); });
  while (server_->seen().empty()) std::this_thread::yield();
  const Instant began = system_env().monotonic();
  client().stop();
  worker.join();
  EXPECT_LT((system_env().monotonic() - began).us, seconds(3).us);
  EXPECT_EQ(exchange.broken.verdict, Verdict::unknown);
  EXPECT_EQ(exchange.broken.reason, "STOPPING");
  EXPECT_FALSE(exchange.broken.partner_down);
  EXPECT_EQ(post().broken.reason, "STOPPING");
  EXPECT_EQ(post().broken.verdict, Verdict::try_later);
}

TEST_F(HttpsClientTest, SendsFromSeveralThreadsAtOnce) {
  // Each thread has a connection and an answer of its own.
  start({{fine}});
  std::vector<std::thread> threads;
  std::atomic<int> answered{0};
  client();
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 5; ++j) answered += post().answered ? 1 : 0;
    });
  }
  for (std::thread& each : threads) each.join();
  EXPECT_EQ(answered, 15);
}

TEST_F(HttpsClientTest, ProbesWithoutARequest) {
  // Connection, TLS and both certificates are proved; nothing is asked.
  start({{fine}});
  EXPECT_TRUE(client().probe(system_env().monotonic() + seconds(20)).ok());
  EXPECT_TRUE(server_->seen().empty());
  EXPECT_EQ(server_->connections(), 1U);
}

TEST_F(HttpsClientTest, ProbesAndTellsWhatIsWrong) {
  // The reason is the one that a request would give: also when our certificate is refused after the
  // handshake.
  const auto reason = [&] {
    const Status status = client().probe(system_env().monotonic() + seconds(20));
    return status.ok() ? "none" : status.error().text.substr(0, status.error().text.find(':'));
  };
  start({{fine}});
  EXPECT_EQ(client().probe(system_env().monotonic()).error().code, ErrorCode::deadline);
  server_.reset();
  EXPECT_EQ(reason(), "CONNECTION_REFUSED");
  ThrowawayPki stranger;
  const CertificateFiles unknown = stranger.issue("stranger", "");
  settings_.certificate_file = unknown.certificate;
  settings_.key_file = unknown.key;
  start({{fine}});
  EXPECT_EQ(reason(), "OWN_CERTIFICATE");
}

}  // namespace
}  // namespace psl
