#include "gateway/http/operator_port.h"

#include <gtest/gtest.h>

#include <atomic>

#include "gateway/http/metrics.h"
#include "passerelle/v1/config.pb.h"
#include "security/dev_pki.h"
#include "tests/support/fake_env.h"
#include "tests/support/memory_store.h"
#include "tests/support/raw_client.h"
#include "tests/support/temp_folder.h"

namespace psl {
namespace {

using test::RawAnswer;
using test::RawClient;

std::string get(std::string_view path) {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
}

class OperatorPortTest : public testing::Test {
 protected:
  Status open(std::string listen = "127.0.0.1:0") {
    auto port = OperatorPort::open({.listen = std::move(listen),
                                    .tls = tls_,
                                    .healthy = [this] { return healthy_.load(); },
                                    .ready = [this] { return ready_.load(); }},
                                   metrics_, env_);
    if (!port.ok()) return port.error();
    port_ = std::move(*port);
    return {};
  }
  RawAnswer ask(std::string_view path) {
    if (!port_) {
      EXPECT_TRUE(open().ok());
    }
    return RawClient(port_->port()).ask(get(path));
  }

  std::atomic<bool> healthy_ = true;
  std::atomic<bool> ready_ = true;
  v1::TlsIdentity tls_;
  FakeEnv env_;
  MemoryStore store_;
  Metrics metrics_{store_, env_};
  std::unique_ptr<OperatorPort> port_;
};

TEST_F(OperatorPortTest, TellsWhenAllIsWell) {
  // Health and readiness are 200 with a body that a program reads.
  for (const char* path : {"/healthz", "/readyz"}) {
    const RawAnswer answer = ask(path);
    EXPECT_EQ(answer.status, 200) << path;
    EXPECT_EQ(answer.body, "{\"status\":\"ok\"}\n");
    EXPECT_NE(answer.header.find("Content-Type: application/json\r\n"), std::string::npos);
    EXPECT_NE(answer.header.find("Cache-Control: no-store\r\n"), std::string::npos);
  }
}

TEST_F(OperatorPortTest, IsHealthyButNotReadyBeforeItServes) {
  // A supervisor leaves it in peace, a load balancer waits.
  ready_ = false;
  EXPECT_EQ(ask("/healthz").status, 200);
  EXPECT_EQ(ask("/readyz").status, 503);
  EXPECT_EQ(ask("/readyz").body, "{\"status\":\"failing\",\"failing\":[\"serving\"]}\n");
}

TEST_F(OperatorPortTest, IsNeitherWhenTheLedgerFailed) {
  // Both say so, and name the ledger.
  healthy_ = false;
  EXPECT_EQ(ask("/healthz").body, "{\"status\":\"failing\",\"failing\":[\"ledger\"]}\n");
  EXPECT_EQ(ask("/healthz").status, 503);
  EXPECT_EQ(ask("/readyz").status, 503);
  ready_ = false;
  EXPECT_EQ(ask("/readyz").body, "{\"status\":\"failing\",\"failing\":[\"ledger\",\"serving\"]}\n");
}

TEST_F(OperatorPortTest, GivesTheMetrics) {
  // In the format and with the type that Prometheus asks for.
  metrics_.accepted("cpts-demo", "discharge_letter");
  const RawAnswer answer = ask("/metrics");
  EXPECT_EQ(answer.status, 200);
  EXPECT_NE(answer.header.find("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"),
            std::string::npos);
  EXPECT_NE(answer.body.find("passerelle_events_accepted_total"), std::string::npos);
}

TEST_F(OperatorPortTest, KnowsNothingElse) {
  // Other paths are 404, other methods 405, and a body is refused.
  EXPECT_EQ(ask("/").status, 404);
  EXPECT_EQ(ask("/metrics/").status, 404);
  EXPECT_EQ(ask("/../etc/passwd").status, 404);
  const RawAnswer answer =
      RawClient(port_->port()).ask("DELETE /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(answer.status, 405);
  EXPECT_NE(answer.header.find("Allow: GET, HEAD\r\n"), std::string::npos);
  EXPECT_EQ(RawClient(port_->port())
                .ask("POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc")
                .status,
            413);
}

TEST_F(OperatorPortTest, AsksForAClientCertificateWhenToldSo) {
  // With TLS files, nobody without a certificate of the authority is told anything.
  const TempFolder folder;
  ASSERT_TRUE(make_dev_pki(folder.path(), system_env().now()).ok());
  tls_.set_certificate_file(folder.file("gateway.pem"));
  tls_.set_key_file(folder.file("gateway.key"));
  tls_.set_ca_file(folder.file("ca.pem"));
  env_.set_now(system_env().now());
  ASSERT_TRUE(open().ok());
  const test::ClientTls nobody{"", "", folder.file("ca.pem")};
  EXPECT_EQ(RawClient(port_->port(), nobody).ask(get("/healthz")).status, 0);
  const test::ClientTls known{folder.file("hopital.pem"), folder.file("hopital.key"), folder.file("ca.pem")};
  EXPECT_EQ(RawClient(port_->port(), known).ask(get("/healthz")).status, 200);
}

TEST_F(OperatorPortTest, RefusesClearTextBeyondLoopback) {
  // The error names the field of the configuration.
  const Status status = open("0.0.0.0:0");
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::configuration);
  EXPECT_EQ(status.error().text.rfind("http.listen: ", 0), 0U) << status.error().text;
}

}  // namespace
}  // namespace psl
