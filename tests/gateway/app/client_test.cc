// The client on a real connection, with a gateway of this test's own at the other end.
#include "gateway/app/client.h"

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <set>
#include <sstream>

#include "gateway/app/bulk_submit.h"
#include "gateway/app/watch.h"
#include "gateway/rpc/wire_status.h"
#include "google/rpc/status.pb.h"
#include "passerelle/v1/gateway.grpc.pb.h"
#include "security/dev_pki.h"
#include "tests/support/temp_folder.h"

namespace psl {
namespace {

std::string slurp(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

class FakeGateway final : public v1::Gateway::Service {
 public:
  grpc::Status SubmitEvents(
      grpc::ServerContext* context,
      grpc::ServerReaderWriter<v1::SubmitEventsResponse, v1::SubmitEventsRequest>* stream) override {
    const int call = ++calls;
    {
      const std::lock_guard lock(mutex);
      peers.insert(context->peer());
    }
    v1::SubmitEventsRequest request;
    for (int64_t index = 0; stream->Read(&request); ++index) {
      if (call == 1 && index == break_first_call_at) return to_grpc(error_of(ErrorCode::draining));
      v1::SubmitEventsResponse response;
      response.set_index(index);
      response.set_idempotency_key(request.idempotency_key());
      if (request.idempotency_key() == refused_key) {
        response.mutable_error()->ParseFromString(
            to_grpc(field_error("event.subject", "required")).error_details());
      } else {
        response.mutable_status()->set_event_id(request.idempotency_key());
      }
      stream->Write(response);
    }
    ++ended_well;
    return grpc::Status::OK;
  }

  grpc::Status WatchEvents(grpc::ServerContext* context, const v1::WatchEventsRequest* request,
                           grpc::ServerWriter<v1::WatchEventsResponse>* stream) override {
    const int call = ++calls;
    if (request->after_sequence() >= watch_end) return to_grpc(error_of(ErrorCode::sequence_gone));
    for (int64_t sequence = request->after_sequence() + 1; sequence <= watch_end; ++sequence) {
      v1::WatchEventsResponse response;
      response.set_sequence(sequence);
      response.mutable_change()->set_event_id("e");
      stream->Write(response);
      if (call == 1 && sequence == break_first_call_at) return to_grpc(error_of(ErrorCode::draining));
    }
    // As a gateway with nothing to tell: until the client goes.
    std::unique_lock lock(mutex);
    while (!context->IsCancelled() && !stop) stopped.wait_for(lock, std::chrono::milliseconds(5));
    return grpc::Status::CANCELLED;
  }

  grpc::Status RetryDelivery(grpc::ServerContext*, const v1::RetryDeliveryRequest* request,
                             v1::RetryDeliveryResponse* response) override {
    if (++calls <= retries_put_off) return to_grpc(error_of(ErrorCode::store_unavailable));
    response->mutable_status()->set_event_id(request->idempotency_key());
    return grpc::Status::OK;
  }

  std::atomic<int> calls = 0;
  std::atomic<int> ended_well = 0;
  int64_t break_first_call_at = -1;
  int64_t watch_end = 0;
  int retries_put_off = 0;
  std::string refused_key;
  std::mutex mutex;
  std::condition_variable stopped;
  bool stop = false;
  std::set<std::string> peers;
};

class ClientTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    pki = std::make_unique<TempFolder>();
    ASSERT_TRUE(make_dev_pki(pki->path(), system_env().now()).ok());
  }
  static void TearDownTestSuite() { pki.reset(); }

  ClientTest() {
    grpc::SslServerCredentialsOptions tls(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
    tls.pem_root_certs = slurp(pki->file("ca.pem"));
    tls.pem_key_cert_pairs = {{slurp(pki->file("gateway.key")), slurp(pki->file("gateway.pem"))}};
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::SslServerCredentials(tls), &port);
    builder.RegisterService(&gateway);
    server = builder.BuildAndStart();
    options.server = "localhost:" + std::to_string(port);
    options.pki = pki->path();
  }
  ~ClientTest() override {
    {
      const std::lock_guard lock(gateway.mutex);
      gateway.stop = true;
    }
    gateway.stopped.notify_all();
    server->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(5));
  }
  std::unique_ptr<GatewayClient> connect() {
    auto client = GatewayClient::connect(options);
    EXPECT_TRUE(client.ok());
    return std::move(*client);
  }

  static std::unique_ptr<TempFolder> pki;
  FakeGateway gateway;
  std::unique_ptr<grpc::Server> server;
  ClientOptions options;
};
std::unique_ptr<TempFolder> ClientTest::pki;

class Counted final : public BulkReport {
 public:
  void accepted(const std::string& file, const std::string&, v1::SubmitEventsResponse) override {
    EXPECT_TRUE(accepted_files.insert(file).second) << file;
  }
  void refused(const std::string&, const Error& error, bool) override {
    ++refused_files;
    last = error;
  }
  void tick() override {}
  std::set<std::string> accepted_files;
  int refused_files = 0;
  Error last;
};

class BulkOnTheWire : public ClientTest {
 protected:
  void send(int count, int connections) {
    std::vector<EventPlace> events;
    for (int i = 0; i < count; ++i) {
      events.push_back({folder.file("k" + std::to_string(i) + ".json")});
      std::ofstream(events.back().file)
          << R"({"idempotency_key": "k)" << i << R"(", "event": {"tenant": "cpts-demo"}})";
    }
    BulkOptions bulk;
    bulk.connections = connections;
    ASSERT_TRUE(submit_events(
                    events, [this] { return GatewayClient::connect(options); }, bulk, system_env(), report)
                    .ok());
  }
  TempFolder folder;
  Counted report;
};

TEST_F(BulkOnTheWire, ManyFilesGoOverOneConnection) {
  // Claim: a thousand events over one call of one connection, each answered, one refused with its details;
  // the call ends well.
  gateway.refused_key = "k500";
  send(1000, 1);
  EXPECT_EQ(report.accepted_files.size(), 999u);
  EXPECT_EQ(report.refused_files, 1);
  EXPECT_EQ(report.last.code, ErrorCode::field_invalid);
  ASSERT_EQ(report.last.faults.size(), 1u);
  EXPECT_EQ(report.last.faults[0].path, "event.subject");
  EXPECT_EQ(gateway.calls, 1);
  EXPECT_EQ(gateway.ended_well, 1);
  EXPECT_EQ(gateway.peers.size(), 1u);
}

TEST_F(BulkOnTheWire, AnEndedCallIsBegunAgain) {
  // Claim: what a stopping gateway did not answer is sent again, and told once.
  gateway.break_first_call_at = 30;
  send(200, 1);
  EXPECT_EQ(report.accepted_files.size(), 200u);
  EXPECT_EQ(report.refused_files, 0);
  EXPECT_EQ(gateway.calls, 2);
}

TEST_F(BulkOnTheWire, SeveralConnectionsShareTheFiles) {
  // Claim: three connections are three, and each file is sent by one of them.
  send(600, 3);
  EXPECT_EQ(report.accepted_files.size(), 600u);
  EXPECT_LE(gateway.calls, 3);
  EXPECT_GE(gateway.peers.size(), 1u);
}

class Collected final : public WatchReader {
 public:
  explicit Collected(int64_t stop_at) : stop_at_(stop_at), stop_fd(::eventfd(0, EFD_CLOEXEC)) {}
  ~Collected() override { ::close(stop_fd); }
  Status change(const v1::WatchEventsResponse& message) override {
    sequences.push_back(message.sequence());
    const uint64_t one = 1;
    if (message.sequence() == stop_at_) {
      EXPECT_EQ(::write(stop_fd, &one, sizeof one), ssize_t{sizeof one});
    }
    return {};
  }
  Status keep(int64_t sequence) override {
    kept = sequence;
    return {};
  }
  void line(const std::optional<Error>&) override {}

  std::vector<int64_t> sequences;
  int64_t kept = 0;

 private:
  const int64_t stop_at_;

 public:
  const int stop_fd;
};

TEST_F(ClientTest, AWatchGoesOnOverABreakAndEndsWhenAsked) {
  // Claim: over a call that the gateway ended, every change comes once and in order, and a signal ends a line
  // that is alive.
  gateway.watch_end = 2000;
  gateway.break_first_call_at = 700;
  const auto client = connect();
  Collected reader(2000);
  WatchOptions watch;
  watch.after = 0;
  watch.stop_fd = reader.stop_fd;
  EXPECT_TRUE(watch_events(*client, watch, system_env(), reader).ok());
  ASSERT_EQ(reader.sequences.size(), 2000u);
  for (size_t i = 0; i < reader.sequences.size(); ++i)
    ASSERT_EQ(reader.sequences[i], static_cast<int64_t>(i) + 1);
  EXPECT_EQ(reader.kept, 2000);
  EXPECT_EQ(gateway.calls, 2);
}

TEST_F(ClientTest, AWatchOfPurgedChangesEnds) {
  // Claim: SEQUENCE_GONE travels with its reason.
  const auto client = connect();
  Collected reader(-1);
  WatchOptions watch;
  watch.after = 5;
  const Status ended = watch_events(*client, watch, system_env(), reader);
  ASSERT_FALSE(ended.ok());
  EXPECT_EQ(ended.error().code, ErrorCode::sequence_gone);
}

TEST_F(ClientTest, AStreamCanBeDroppedAtAnyTime) {
  // Claim: calls that are let go while they are open end, and leave nothing behind.
  gateway.watch_end = 10;
  const auto client = connect();
  v1::WatchEventsRequest request;
  client->watch(request).reset();
  const auto watching = client->watch(request);
  EXPECT_EQ(watching->wait(seconds(10), -1), StreamEvent::message);
  EXPECT_EQ(watching->take().sequence(), 1);
  client->submit_many().reset();
  const auto sending = client->submit_many();
  EXPECT_EQ(sending->wait(true, seconds(10)), StreamEvent::room);
  v1::SubmitEventsRequest event;
  event.set_idempotency_key("a");
  sending->send(std::move(event));
  EXPECT_EQ(sending->wait(false, seconds(10)), StreamEvent::message);
}

TEST_F(ClientTest, ARetryIsRepeatedUnderItsKey) {
  // Claim: while the gateway cannot store it, the same request is sent again, until the patience is spent.
  gateway.retries_put_off = 1;
  const auto client = connect();
  v1::RetryDeliveryRequest request;
  request.set_idempotency_key("once");
  const auto response = client->retry(request, seconds(10));
  ASSERT_TRUE(response.ok());
  EXPECT_EQ(response->status().event_id(), "once");
  EXPECT_EQ(gateway.calls, 2);
  gateway.retries_put_off = 100;
  const auto put_off = client->retry(request, Span{});
  ASSERT_FALSE(put_off.ok());
  EXPECT_EQ(put_off.error().code, ErrorCode::store_unavailable);
}

TEST_F(ClientTest, AGatewayThatIsAwayIsTold) {
  // Claim: nobody at the other end is an error that says so, for a stream too.
  options.server = "localhost:1";
  const auto client = connect();
  const auto call = client->submit_many();
  EXPECT_EQ(call->wait(false, seconds(30)), StreamEvent::ended);
  const Status ended = call->finish();
  ASSERT_FALSE(ended.ok());
  EXPECT_TRUE(worth_repeating(ended.error()));
}

}  // namespace
}  // namespace psl
