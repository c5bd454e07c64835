#include "gateway/sandbox/sandbox.h"

#include <gtest/gtest.h>

#include "fhir/codes.h"
#include "gateway/net/https.h"
#include "gateway/net/smtp.h"
#include "security/dev_pki.h"
#include "tests/adapters/fhir/fhir_shelf.h"
#include "tests/gateway/sandbox/posted.h"
#include "tests/support/raw_client.h"
#include "tests/support/temp_folder.h"

namespace psl {
namespace {

using test::bundle_of;
using test::json_of;
using test::RawClient;

class StartsCurlForSandbox : public testing::Environment {
 public:
  void SetUp() override { ASSERT_TRUE(net::init().ok()); }
};
const testing::Environment* const starts_curl = testing::AddGlobalTestEnvironment(new StartsCurlForSandbox);

// The whole sandbox, and a sender that is not of our making underneath (libcurl).
class SandboxTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    pki_ = std::make_unique<TempFolder>();
    ASSERT_TRUE(make_dev_pki(pki_->path(), system_env().now()).ok());
  }
  static void TearDownTestSuite() { pki_.reset(); }

  SandboxOptions options() const {
    SandboxOptions made;
    made.listen = made.page_listen = "127.0.0.1:0";
    made.tls = {pki_->file("repository.pem"), pki_->file("repository.key"), pki_->file("ca.pem")};
    return made;
  }
  void start(std::initializer_list<const char*> faults = {}) {
    SandboxOptions given = options();
    for (const char* fault : faults) given.faults.push_back(*parse_fault(fault));
    auto sandbox = Sandbox::start(std::move(given), system_env());
    ASSERT_TRUE(sandbox.ok()) << sandbox.error().describe();
    sandbox_ = std::move(*sandbox);
  }
  HttpsExchange send(std::string_view method, std::string path, std::string_view body = {}) {
    HttpsServer server;
    server.base_url = sandbox_->fhir_url();
    server.certificate_file = pki_->file("hopital.pem");
    server.key_file = pki_->file("hopital.key");
    server.ca_file = pki_->file("ca.pem");
    HttpsClient client(server, system_env());
    HttpsRequest request;
    request.method = method;
    request.path = std::move(path);
    if (method == "POST") request.headers = {{"Content-Type", "application/fhir+json"}};
    request.body = body;
    return client.send(request, system_env().monotonic() + seconds(20));
  }
  HttpsExchange provide() { return send("POST", "", bundle_of(SampleLetter())); }
  std::string documents() {
    const auto found = json_of(
        send("GET", "/DocumentReference?" + fhir::identifier_query("urn:oid:2.25.98765432101234567890"))
            .answer.body);
    return std::string(found.root().text("total"));
  }

  static std::unique_ptr<TempFolder> pki_;
  std::unique_ptr<Sandbox> sandbox_;
};
std::unique_ptr<TempFolder> SandboxTest::pki_;

TEST_F(SandboxTest, TakesALetterOverMutualTls) {
  // Posted, found, and shown on the page.
  start();
  const HttpsExchange exchange = provide();
  ASSERT_TRUE(exchange.answered) << exchange.broken.reason;
  EXPECT_EQ(exchange.answer.status, 200) << exchange.answer.body;
  EXPECT_EQ(exchange.answer.content_type, "application/fhir+json");
  EXPECT_EQ(documents(), "1");
  const auto page = RawClient(sandbox_->page_port()).ask("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(page.status, 200);
  EXPECT_NE(page.body.find("Lettre de liaison du service de cardiologie"), std::string::npos);
  EXPECT_NE(page.body.find(sandbox_->fhir_url()), std::string::npos);
}

TEST_F(SandboxTest, TakesADocumentOfManyMegabytes) {
  // A scan inside a CDA: 8 MiB.
  start();
  SampleLetter letter;
  letter.document.cda = make_bytes(std::string(size_t{8} << 20, 'x'));
  const HttpsExchange exchange = send("POST", "", bundle_of(letter));
  ASSERT_TRUE(exchange.answered) << exchange.broken.reason;
  EXPECT_EQ(exchange.answer.status, 200) << exchange.answer.body;
}

TEST_F(SandboxTest, RefusesAClientWithoutCertificate) {
  // The endpoint is as closed as a real one; the page is open, on loopback.
  start();
  RawClient stranger(sandbox_->port(), test::ClientTls{"", "", pki_->file("ca.pem")});
  EXPECT_EQ(stranger.ask("GET /fhir/metadata HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 0);
  EXPECT_EQ(send("GET", "/metadata").answer.status, 200);
}

TEST_F(SandboxTest, RefusesOnDemandAndThenTakes) {
  // 503 twice, with nothing kept, then as usual.
  start({"refuse=503@2"});
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(provide().answer.status, 503);
    EXPECT_EQ(documents(), "0");
  }
  EXPECT_EQ(provide().answer.status, 200);
  EXPECT_EQ(documents(), "1");
}

TEST_F(SandboxTest, DropsAfterStoring) {
  // The sender cannot know; a look-up tells, and the repeat changes nothing.
  start({"drop-after-store@1"});
  const HttpsExchange lost = provide();
  EXPECT_FALSE(lost.answered);
  EXPECT_EQ(lost.broken.verdict, Verdict::unknown);
  EXPECT_EQ(documents(), "1");
  EXPECT_EQ(json_of(provide().answer.body).root().text("entry.1.response.status"), "200 OK");
  EXPECT_EQ(documents(), "1");
}

TEST_F(SandboxTest, DropsBeforeStoring) {
  // To the sender it looks the same; nothing is there.
  start({"drop-before@1"});
  EXPECT_FALSE(provide().answered);
  EXPECT_EQ(documents(), "0");
}

TEST_F(SandboxTest, LosesWhatItAcknowledges) {
  // 200 and an entry for each entry, and then nothing is there; afterwards it is a good server again.
  start({"lose@1"});
  for (const char* total : {"0", "1"}) {
    const HttpsExchange said = send("POST", "", test::orientation_bundle("0001"));
    EXPECT_EQ(said.answer.status, 200) << said.answer.body;
    EXPECT_EQ(test::json_of(said.answer.body).root()["entry"].size(), 3U);
    const HttpsExchange found = send("GET", "/" + test::orientation_search);
    EXPECT_EQ(test::json_of(found.answer.body).root().text("total"), total);
  }
}

TEST_F(SandboxTest, TruncatesItsAnswer) {
  // Half of the answer is no answer; the document is there.
  start({"truncate@1"});
  EXPECT_FALSE(provide().answered);
  EXPECT_EQ(documents(), "1");
}

TEST_F(SandboxTest, DelaysItsAnswer) {
  // Stored at once, answered late; others are not held.
  start({"delay=200@1"});
  const Instant before = system_env().monotonic();
  EXPECT_EQ(provide().answer.status, 200);
  EXPECT_GE(system_env().monotonic(), before + milliseconds(200));
}

TEST_F(SandboxTest, LiesAboutItsStatus) {
  // 200 with an OperationOutcome, a page of a proxy, a redirection: nothing is kept.
  start({"outcome200@1"});
  const HttpsExchange outcome = provide();
  EXPECT_EQ(outcome.answer.status, 200);
  EXPECT_EQ(json_of(outcome.answer.body).root().text("resourceType"), "OperationOutcome");
  start({"html@1"});
  const HttpsExchange page = provide();
  EXPECT_EQ(page.answer.status, 200);
  EXPECT_EQ(page.answer.content_type, "text/html");
  start({"redirect@1"});
  EXPECT_EQ(provide().answer.status, 307);
  EXPECT_EQ(documents(), "0");
}

TEST_F(SandboxTest, KnowsNothingBesideItsEndpoints) {
  // Another path is told where the endpoint is.
  start();
  RawClient client(sandbox_->port(), test::ClientTls{pki_->file("hopital.pem"), pki_->file("hopital.key"),
                                                     pki_->file("ca.pem")});
  EXPECT_EQ(client.ask("GET /fhirx HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 404);
  EXPECT_EQ(client.ask("POST /webhook/outil HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n").status,
            400);
}

TEST_F(SandboxTest, DoesNotStartOnWhatItCannotServe) {
  // A base that is no path, files that are absent, a page beyond loopback.
  SandboxOptions base = options();
  base.base = "fhir/";
  EXPECT_EQ(Sandbox::start(std::move(base), system_env()).error().code, ErrorCode::configuration);
  SandboxOptions files = options();
  files.tls.key_file = pki_->file("absent.key");
  EXPECT_EQ(Sandbox::start(std::move(files), system_env()).error().code, ErrorCode::configuration);
  SandboxOptions page = options();
  page.page_listen = "0.0.0.0:0";
  EXPECT_EQ(Sandbox::start(std::move(page), system_env()).error().code, ErrorCode::configuration);
}

}  // namespace
}  // namespace psl
