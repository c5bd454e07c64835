#include "gateway/net/http_server.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <mutex>
#include <thread>

#include "tests/support/raw_client.h"
#include "tests/support/throwaway_pki.h"

namespace psl {
namespace {

using test::ClientTls;
using test::RawAnswer;
using test::RawClient;
using test::ThrowawayPki;

constexpr std::string_view get = "GET /echo HTTP/1.1\r\nHost: localhost\r\n\r\n";

std::string post(std::string_view body, std::string_view more = "") {
  return "POST /echo?x=1 HTTP/1.1\r\nHost: localhost\r\n" + std::string(more) +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

// Answers with what it was asked, and keeps the replies of "/later".
class HttpServerTest : public testing::Test {
 protected:
  void SetUp() override {
    // Writing to a connection that the server closed must not end the test.
    ::signal(SIGPIPE, SIG_IGN);
  }
  ~HttpServerTest() override { server_.reset(); }

  Status try_start() {
    auto server = HttpServer::start(
        options_,
        [this](HttpRequest request, HttpReply reply) { handle(std::move(request), std::move(reply)); },
        system_env());
    if (!server.ok()) return server.error();
    server_ = std::move(*server);
    return {};
  }
  int start() {
    const Status started = try_start();
    EXPECT_TRUE(started.ok()) << (started.ok() ? "" : started.error().describe());
    PSL_CHECK(started.ok());
    return server_->port();
  }
  void handle(HttpRequest request, HttpReply reply) {
    const std::lock_guard lock(mutex_);
    asked_.push_back(request);
    if (request.path() == "/later") {
      later_.push_back(std::move(reply));
      arrived_.notify_all();
    } else if (request.path() != "/never") {
      response_.body = request.method + " " + request.target + " " + request.body;
      reply(response_);
    }
  }
  void misbehave(HttpResponse::Ending ending, Span delay = {}) {
    const std::lock_guard lock(mutex_);
    response_.ending = ending;
    response_.delay = delay;
  }
  HttpReply wait_for_later(size_t count) {
    std::unique_lock lock(mutex_);
    arrived_.wait_for(lock, std::chrono::seconds(20), [&] { return later_.size() >= count; });
    return later_.at(count - 1);
  }
  std::vector<HttpRequest> asked() {
    const std::lock_guard lock(mutex_);
    return asked_;
  }

  HttpServerOptions options_;
  HttpResponse response_{.status = 200, .headers = {{"Content-Type", "text/plain"}}, .body = ""};
  std::unique_ptr<HttpServer> server_;

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<HttpReply> later_;
  std::vector<HttpRequest> asked_;
};

TEST_F(HttpServerTest, HandsOverTheRequestAndGivesTheAnswer) {
  // The handler sees method, target, headers in lower case and body; the client sees status, headers and
  // body.
  response_.status = 201;
  response_.headers.emplace_back("Location", "/echo/7");
  RawClient client(start());
  const RawAnswer answer = client.ask(post("corps", "X-Note: oui\r\n"));
  EXPECT_EQ(answer.status, 201);
  EXPECT_EQ(answer.body, "POST /echo?x=1 corps");
  EXPECT_NE(answer.header.find("Location: /echo/7\r\n"), std::string::npos);
  EXPECT_NE(answer.header.find("Date: "), std::string::npos);
  const HttpRequest seen = asked().at(0);
  EXPECT_EQ(seen.header("x-note"), "oui");
  EXPECT_EQ(seen.header("absent"), "");
  EXPECT_EQ(seen.path(), "/echo");
  EXPECT_EQ(seen.query(), "x=1");
}

TEST_F(HttpServerTest, KeepsTheConnectionAndAnswersPipelinedRequestsInOrder) {
  // Three requests in one packet: three answers, in order, on one connection.
  RawClient client(start());
  client.send(std::string(get) + post("b") + std::string(get));
  EXPECT_EQ(client.read_answer().body, "GET /echo ");
  EXPECT_EQ(client.read_answer().body, "POST /echo?x=1 b");
  EXPECT_EQ(client.read_answer().body, "GET /echo ");
}

TEST_F(HttpServerTest, ClosesWhenTheClientAsksSo) {
  // Connection: close and HTTP/1.0 end the connection after the answer.
  const int port = start();
  for (const std::string_view request :
       {"GET /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "GET /echo HTTP/1.0\r\n\r\n"}) {
    RawClient client(port);
    client.send(request);
    EXPECT_NE(client.read_to_end().find("GET /echo "), std::string::npos) << request;
  }
}

TEST_F(HttpServerTest, LeavesOutTheBodyOfAnAnswerToHead) {
  // HEAD: the length of the body that a GET would have, and no body.
  RawClient client(start());
  client.send("HEAD /echo HTTP/1.1\r\nHost: x\r\n\r\n" + std::string(get));
  const RawAnswer head = client.read_answer(/*with_body=*/false);
  EXPECT_NE(head.header.find("Content-Length: 11\r\n"), std::string::npos) << head.header;
  EXPECT_EQ(client.read_answer().body, "GET /echo ");
}

TEST_F(HttpServerTest, TakesAnAnswerFromAnotherThreadAndLater) {
  // A request that waits for its answer holds no other connection.
  const int port = start();
  RawClient waiting(port);
  waiting.send("GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
  const HttpReply reply = wait_for_later(1);
  EXPECT_EQ(RawClient(port).ask(get).status, 200);
  std::thread([reply] { reply({.status = 202, .headers = {}, .body = "tard"}); }).join();
  EXPECT_EQ(waiting.read_answer().body, "tard");
}

TEST_F(HttpServerTest, SaysWhenNoAnswerWasMade) {
  // A handler that forgets a request: 500, not a client that waits for ever.
  RawClient client(start());
  EXPECT_EQ(client.ask("GET /never HTTP/1.1\r\nHost: x\r\n\r\n").status, 500);
}

TEST_F(HttpServerTest, RefusesWhatIsNoHttp) {
  // Garbage, a missing Host, two of them, a wrong version, an unknown method: each is answered, none reaches
  // the handler.
  const int port = start();
  const std::vector<std::pair<std::string, int>> cases = {
      {"\x16\x03\x01 not http at all\r\n\r\n", 400},
      {"GET /echo HTTP/1.1\r\n\r\n", 400},
      {"GET /echo HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
      {"GET /echo HTTP/1.1\r\nHost: a\r\nBad Name: b\r\n\r\n", 400},
      {"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400},
      {"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400},
      {"GET /echo HTTP/2.0\r\nHost: a\r\n\r\n", 505},
      {"BREW /pot HTTP/1.1\r\nHost: a\r\n\r\n", 501},
      {"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", 501}};
  for (const auto& [request, status] : cases) {
    RawClient client(port);
    EXPECT_EQ(client.ask(request).status, status) << request;
    EXPECT_EQ(client.read_to_end(), "") << request;
  }
  EXPECT_TRUE(asked().empty());
}

TEST_F(HttpServerTest, RefusesAHeaderAboveItsLimit) {
  // 431, also when the header never ends.
  const int port = start();
  for (const std::string_view end : {"\r\n\r\n", ""}) {
    RawClient client(port);
    client.send("GET /echo HTTP/1.1\r\nHost: x\r\nX-Big: " + std::string(20000, 'x') + std::string(end));
    EXPECT_EQ(client.read_answer().status, 431);
  }
}

TEST_F(HttpServerTest, RefusesABodyAboveItsLimit) {
  // 413, whether the length is announced or found out; the client can read it although it still sends.
  options_.body_bytes_max = 1000;
  const int port = start();
  RawClient announced(port);
  announced.send(post(std::string(300000, 'x')));
  EXPECT_EQ(announced.read_answer().status, 413);
  RawClient chunked(port);
  chunked.send("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n" +
               std::string(2000, 'x') + "\r\n0\r\n\r\n");
  EXPECT_EQ(chunked.read_answer().status, 413);
  EXPECT_EQ(RawClient(port).ask(post(std::string(1000, 'x'))).status, 200);
}

TEST_F(HttpServerTest, InvitesABodyThatWaits) {
  // Expect: 100-continue is answered before the body comes, unless the body would be refused.
  options_.body_bytes_max = 10;
  const int port = start();
  RawClient client(port);
  client.send("POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(client.read_answer().status, 100);
  EXPECT_EQ(client.ask("ab").body, "POST /echo ab");
  EXPECT_EQ(RawClient(port)
                .ask("POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 20\r\n\r\n")
                .status,
            413);
}

TEST_F(HttpServerTest, CutsOffASlowClientAndServesOthersMeanwhile) {
  // A header, or a body, that drips: the connection ends, and nobody else waits for it.
  options_.header_timeout = options_.body_timeout = milliseconds(100);
  const int port = start();
  RawClient header(port);
  header.send("GET /echo HT");
  RawClient body(port);
  body.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nab");
  RawClient silent(port);
  EXPECT_EQ(RawClient(port).ask(get).status, 200);
  EXPECT_EQ(header.read_to_end(), "");
  EXPECT_EQ(body.read_to_end(), "");
  EXPECT_EQ(silent.read_to_end(), "");
}

TEST_F(HttpServerTest, EndsAnIdleConnection) {
  // A client that keeps its connection and asks nothing more gives it back.
  options_.idle_timeout = milliseconds(50);
  RawClient client(start());
  EXPECT_EQ(client.ask(get).status, 200);
  EXPECT_EQ(client.read_to_end(), "");
}

TEST_F(HttpServerTest, CutsOffAClientThatDoesNotRead) {
  // A large answer to a client that never reads it: the connection ends, and the server goes on.
  options_.write_timeout = milliseconds(100);
  options_.body_bytes_max = 64 << 20;
  const int port = start();
  RawClient client(port);
  client.send(post(std::string(32 << 20, 'x')));
  EXPECT_EQ(RawClient(port).ask(get).status, 200);
  server_->stop(seconds(20));  // returns at once when the connection has ended
  EXPECT_LT(client.read_to_end().size(), size_t{32} << 20);
}

TEST_F(HttpServerTest, TurnsAwayOneConnectionTooMany) {
  // The limit holds; a place that is given back is used again.
  options_.connections_max = 2;
  const int port = start();
  auto first = std::make_unique<RawClient>(port);
  RawClient second(port);
  EXPECT_EQ(first->ask(get).status, 200);
  EXPECT_EQ(second.ask(get).status, 200);
  const RawAnswer away = RawClient(port).read_answer();
  EXPECT_EQ(away.status, 503);
  EXPECT_EQ(away.body, "not now: try again later\n");
  first.reset();
  int status = 503;
  for (int i = 0; i < 2000 && status != 200; ++i) status = RawClient(port).ask(get).status;
  EXPECT_EQ(status, 200);
}

TEST_F(HttpServerTest, LeavesPlacesToOthersThanOneClient) {
  // One address takes no more than its share, although the house is not full.
  options_.connections_per_client_max = 2;
  const int port = start();
  RawClient first(port);
  RawClient second(port);
  EXPECT_EQ(first.ask(get).status, 200);
  EXPECT_EQ(second.ask(get).status, 200);
  EXPECT_EQ(RawClient(port).read_answer().status, 503);
  EXPECT_EQ(first.ask(get).status, 200);
}

TEST_F(HttpServerTest, SaysItsOwnAnswersInTheWordsOfItsOwner) {
  // Every answer that no handler gives: of the parser, of its limits, of a method, of a full house, of a
  // reply that is forgotten.
  options_.own_answer = [](int status) {
    return HttpResponse{
        .status = status, .headers = {{"X-Own", "oui"}}, .body = "own " + std::to_string(status)};
  };
  options_.header_bytes_max = 1000;
  options_.body_bytes_max = 10;
  options_.connections_max = 1;
  const int port = start();
  const std::pair<int, std::string> cases[] = {
      {400, "nonsense\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\n\r\n"},
      {413, post("eleven bytes")},
      {431, "GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + std::string(2000, 'x') + "\r\n\r\n"},
      {500, "GET /never HTTP/1.1\r\nHost: x\r\n\r\n"},
      {501, "PROPFIND / HTTP/1.1\r\nHost: x\r\n\r\n"},
      {505, "GET / HTTP/3.0\r\nHost: x\r\n\r\n"}};
  for (const auto& [status, request] : cases) {
    RawAnswer answer;
    // The place of the connection before is given back when the server has seen its end.
    for (int i = 0; i < 2000 && (answer.status == 0 || (answer.status == 503 && status != 503)); ++i)
      answer = RawClient(port).ask(request);
    EXPECT_EQ(answer.status, status);
    EXPECT_EQ(answer.body, "own " + std::to_string(status));
    EXPECT_NE(answer.header.find("X-Own: oui\r\n"), std::string::npos) << status;
  }
}

TEST_F(HttpServerTest, MisbehavesOnDemand) {
  // Dropped: not a byte. Truncated: half of what was announced. Delayed: the whole, later.
  const int port = start();
  misbehave(HttpResponse::Ending::dropped);
  RawClient dropped(port);
  dropped.send(get);
  EXPECT_EQ(dropped.read_to_end(), "");
  misbehave(HttpResponse::Ending::truncated);
  RawClient truncated(port);
  truncated.send(get);
  const std::string half = truncated.read_to_end();
  EXPECT_NE(half.find("Content-Length: 10\r\n"), std::string::npos);
  EXPECT_TRUE(half.ends_with("\r\n\r\nGET /")) << half;
  misbehave(HttpResponse::Ending::whole, milliseconds(50));
  const Instant before = system_env().monotonic();
  EXPECT_EQ(RawClient(port).ask(get).status, 200);
  EXPECT_GE(system_env().monotonic(), before + milliseconds(50));
}

TEST_F(HttpServerTest, StopsAfterTheAnswersUnderWay) {
  // stop() closes idle connections, waits for the request under way, and takes no new one.
  const int port = start();
  RawClient idle(port);
  EXPECT_EQ(idle.ask(get).status, 200);
  RawClient busy(port);
  busy.send("GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
  const HttpReply reply = wait_for_later(1);
  std::thread stopping([this] { server_->stop(seconds(20)); });
  EXPECT_EQ(idle.read_to_end(), "");
  reply({.status = 200, .headers = {}, .body = "fini"});
  EXPECT_EQ(busy.read_answer().body, "fini");
  EXPECT_EQ(busy.read_to_end(), "");
  stopping.join();
  server_->stop();
}

TEST_F(HttpServerTest, StopsWithoutAnAnswerWhenItDoesNotCome) {
  // The grace passes: the connection ends; an answer that comes after the server is gone harms nobody.
  const int port = start();
  RawClient busy(port);
  busy.send("GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
  const HttpReply reply = wait_for_later(1);
  server_->stop(milliseconds(1));
  EXPECT_EQ(busy.read_to_end(), "");
  server_.reset();
  reply({});
}

TEST_F(HttpServerTest, RefusesAnAddressThatItCannotServe) {
  // No port, an unknown host, a taken port, and clear text beyond loopback are errors at the start.
  const int port = start();
  const auto server = std::move(server_);
  for (const char* listen : {"127.0.0.1", "127.0.0.1:", ":80", "127.0.0.1:99999", "no.such.host.invalid:1"}) {
    options_.listen = listen;
    EXPECT_EQ(try_start().error().code, ErrorCode::configuration) << listen;
  }
  options_.listen = "127.0.0.1:" + std::to_string(port);
  EXPECT_EQ(try_start().error().code, ErrorCode::input_output);
  options_.listen = "0.0.0.0:0";
  EXPECT_EQ(try_start().error().code, ErrorCode::configuration);
}

// The same server behind mutual TLS.
class HttpServerTlsTest : public HttpServerTest {
 protected:
  void SetUp() override {
    HttpServerTest::SetUp();
    options_.tls = HttpServerTls{own_.certificate, own_.key, pki_.ca_file};
  }
  ClientTls client_tls() const { return {client_.certificate, client_.key, pki_.ca_file}; }
  void replace(const test::CertificateFiles& by) {
    // By renaming, as one should; the pair does not change in one step, which the server must bear.
    std::filesystem::rename(by.key, own_.key);
    std::filesystem::rename(by.certificate, own_.certificate);
  }

  // With a key that only its owner can read, as the server asks.
  test::CertificateFiles issue(const std::string& name) {
    const auto made = pki_.issue(name, "DNS:localhost");
    std::filesystem::permissions(made.key, std::filesystem::perms::owner_read);
    return made;
  }

  ThrowawayPki pki_;
  test::CertificateFiles own_ = issue("first");
  test::CertificateFiles client_ = pki_.issue("client", "");
};

TEST_F(HttpServerTlsTest, ServesAClientThatItCanName) {
  // Mutual TLS, several requests, and an address beyond loopback is then allowed.
  options_.listen = "0.0.0.0:0";
  RawClient client(start(), client_tls());
  ASSERT_TRUE(client.connected());
  EXPECT_EQ(client.ask(get).status, 200);
  EXPECT_EQ(client.ask(post(std::string(200000, 'x'))).status, 200);
}

TEST_F(HttpServerTlsTest, RefusesAClientWithoutCertificateOrOfAnotherAuthority) {
  // No answer, no handler, and others are served afterwards.
  const int port = start();
  ThrowawayPki strangers;
  const auto stranger = strangers.issue("stranger", "");
  const auto expired = pki_.issue("expired", "", -7200, -3600);
  for (const ClientTls& tls :
       {ClientTls{"", "", pki_.ca_file}, ClientTls{stranger.certificate, stranger.key, pki_.ca_file},
        ClientTls{expired.certificate, expired.key, pki_.ca_file}}) {
    RawClient client(port, tls);
    EXPECT_EQ(client.ask(get).status, 0);
  }
  EXPECT_TRUE(asked().empty());
  EXPECT_EQ(RawClient(port, client_tls()).ask(get).status, 200);
}

TEST_F(HttpServerTlsTest, EndsAConnectionThatSpeaksNoTls) {
  // Clear text on a TLS port is no request.
  RawClient client(start());
  client.send(get);
  EXPECT_EQ(client.read_to_end().find("HTTP"), std::string::npos);
  EXPECT_TRUE(asked().empty());
}

TEST_F(HttpServerTlsTest, TruncatesWithoutSayingGoodbye) {
  // A truncated answer over TLS ends without close_notify, as a broken connection does.
  misbehave(HttpResponse::Ending::truncated);
  RawClient client(start(), client_tls());
  client.send(get);
  EXPECT_TRUE(client.read_to_end().ends_with("\r\n\r\nGET /"));
}

TEST_F(HttpServerTlsTest, TakesARenewedPairForNewConnections) {
  // No restart: soon a new connection sees the new certificate; one that was open goes on.
  options_.files_looked_at_every = milliseconds(5);
  const int port = start();
  RawClient old(port, client_tls());
  EXPECT_EQ(old.server_name(), "first");
  replace(issue("second"));
  std::string name;
  for (int i = 0; i < 2000 && name != "second"; ++i) name = RawClient(port, client_tls()).server_name();
  EXPECT_EQ(name, "second");
  EXPECT_EQ(old.ask(get).status, 200);
}

TEST_F(HttpServerTlsTest, KeepsTheOldPairWhenTheNewOneIsBroken) {
  // A key that does not fit, then a certificate that is absent: clients are served as before.
  options_.files_looked_at_every = milliseconds(5);
  const int port = start();
  std::filesystem::rename(issue("other").key, own_.key);
  for (int i = 0; i < 20; ++i) ASSERT_EQ(RawClient(port, client_tls()).ask(get).status, 200);
  std::filesystem::remove(own_.certificate);
  for (int i = 0; i < 20; ++i) ASSERT_EQ(RawClient(port, client_tls()).ask(get).status, 200);
}

TEST_F(HttpServerTlsTest, DoesNotStartWithFilesThatCannotServe) {
  // Said at the start, with the path.
  options_.tls->key_file = issue("other").key;
  const Status status = try_start();
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::configuration);
  EXPECT_NE(status.error().text.find("other.key"), std::string::npos) << status.error().text;
}

}  // namespace
}  // namespace psl
