#include "gateway/rpc/grpc_door.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <sstream>

#include "gateway/rpc/wire_status.h"
#include "passerelle/v1/gateway.grpc.pb.h"
#include "security/certificate.h"
#include "security/dev_pki.h"
#include "tests/support/fake_env.h"
#include "tests/support/memory_store.h"
#include "tests/support/outbox_world.h"
#include "tests/support/sample_event.h"

namespace psl {
namespace {

namespace fs = std::filesystem;

std::string slurp(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

class AnyPolicy final : public Policy {
 public:
  Status allows(const Principal&, Action, std::string_view, std::string_view,
                std::string_view) const override {
    return {};
  }
};

// The PDF itself as the document: these tests are about the door.
class PlainOffice final : public DocumentOffice {
 public:
  Result<PreparedDocument> prepare(v1::SubmitEventRequest& request, const v1::Tenant&, const Uuid& event_id,
                                   stored::DocumentHeader& header) const override {
    header.mutable_metadata()->set_document_id(event_id.oid());
    PreparedDocument document;
    auto& pdf = *request.mutable_event()->mutable_discharge_letter()->mutable_pdf();
    document.document.cda = make_bytes(std::move(*pdf.mutable_pdf()));
    pdf.clear_pdf();
    return document;
  }
};

class FileAdapter final : public Adapter {
 public:
  FileAdapter() { info_.name = "mss"; }
  const AdapterInfo& info() const noexcept override { return info_; }
  bool carries(const v1::SubmitEventRequest&, int) const override { return true; }
  Result<std::string> address(const Dispatch& dispatch) const override {
    return std::to_string(dispatch.recipient_index);
  }
  Result<Payload> wrap(const Dispatch& dispatch) const override {
    Payload payload;
    payload.body = dispatch.document.cda;
    payload.files = {{"document.xml", "text/xml", dispatch.document.cda},
                     {"empty.txt", "text/plain", make_bytes("")}};
    return payload;
  }
  Status admit(const Dispatch&) const override { return {}; }
  Outcome deliver(const Payload&, Instant) override { return {}; }
  Outcome lookup(const Payload&, Instant) override { return {}; }
  Status probe(Instant) override { return {}; }

 private:
  AdapterInfo info_;
};

class DoorTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    pki = fs::temp_directory_path() / ("passerelle-door-" + std::to_string(::getpid()));
    other_pki = pki / "other";
    fs::create_directories(other_pki);
    const Instant now = system_env().now();
    ASSERT_TRUE(make_dev_pki(pki, now).ok());
    ASSERT_TRUE(make_dev_pki(other_pki, now).ok());
    ASSERT_TRUE(issue_client(pki, "expired", {now - seconds(7200), now - seconds(3600)}).ok());
    ASSERT_TRUE(issue_client(pki, "stranger", dev_validity(now)).ok());
  }
  static void TearDownTestSuite() { fs::remove_all(pki); }

  DoorTest() {
    env.set_now(Instant{sample_now_s * 1000000});
    tenants["cpts-demo"] = TenantSetup{sample_tenant(), {&adapter}};
    auto loaded = Authorities::load(pki / "ca.pem");
    EXPECT_TRUE(loaded.ok());
    authorities = std::move(*loaded);
    auto opened = open_grpc_door(options("127.0.0.1:0"), intake);
    EXPECT_TRUE(opened.ok());
    door = std::move(*opened);
  }

  GrpcDoorOptions options(const std::string& listen) {
    GrpcDoorOptions options;
    options.listen = listen;
    options.certificate_chain = slurp(pki / "gateway.pem");
    options.private_key = slurp(pki / "gateway.key");
    options.verify_client = [this](std::string_view chain) {
      Status verified = authorities->verify_client(chain, system_env().now());
      const std::lock_guard lock(mutex);
      if (!verified.ok()) refusals.push_back(verified.error().text);
      return verified;
    };
    options.principal_of = [](std::string_view pem) -> Result<Principal> {
      const auto certificates = read_certificates(pem);
      if (certificates.ok() && certificates->front().common_name == "hopital-demo")
        return Principal{"hopital-demo"};
      return error_of(ErrorCode::no_principal);
    };
    return options;
  }

  std::shared_ptr<grpc::Channel> channel(const fs::path& folder, const std::string& name,
                                         const fs::path& trusts) {
    grpc::SslCredentialsOptions tls;
    tls.pem_root_certs = slurp(trusts / "ca.pem");
    if (!name.empty()) {
      tls.pem_cert_chain = slurp(folder / (name + ".pem"));
      tls.pem_private_key = slurp(folder / (name + ".key"));
    }
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(-1);
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    return grpc::CreateCustomChannel("localhost:" + std::to_string(door->port()), grpc::SslCredentials(tls),
                                     arguments);
  }

  static void limit(grpc::ClientContext& context) {
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
  }

  grpc::Status submit(const std::shared_ptr<grpc::Channel>& to, const v1::SubmitEventRequest& request,
                      v1::SubmitEventResponse* response = nullptr) {
    grpc::ClientContext context;
    limit(context);
    v1::SubmitEventResponse unused;
    return v1::Gateway::NewStub(to)->SubmitEvent(&context, request, response ? response : &unused);
  }

  // The call of a client in another language, whose bytes nobody checked.
  grpc::Status submit_bytes(const std::shared_ptr<grpc::Channel>& to, const std::string& bytes) {
    grpc::GenericStub stub(to);
    grpc::ClientContext context;
    limit(context);
    grpc::CompletionQueue queue;
    const grpc::Slice slice(bytes);
    auto call = stub.PrepareUnaryCall(&context, "/passerelle.v1.Gateway/SubmitEvent",
                                      grpc::ByteBuffer(&slice, 1), &queue);
    call->StartCall();
    grpc::ByteBuffer answer;
    grpc::Status status;
    call->Finish(&answer, &status, &status);
    void* tag = nullptr;
    bool ok = false;
    queue.Next(&tag, &ok);
    return status;
  }

  inline static fs::path pki, other_pki;
  FakeEnv env;
  MemoryStore store;
  PlainSealer sealer;
  ImmediateSink sink{store};
  AnyPolicy policy;
  PlainOffice office;
  FileAdapter adapter;
  TenantTable tenants;
  Intake intake{IntakeSeams{tenants, Environment::test, policy, office, env, &sealer, &sink, &store}};
  std::unique_ptr<Authorities> authorities;
  std::mutex mutex;
  std::vector<std::string> refusals;
  std::unique_ptr<GrpcDoor> door;
};

TEST_F(DoorTest, TakesALetterFromAKnownCertificate) {
  // Claim: the whole way over mutual TLS, small and above the size that goes to a worker.
  const auto to = channel(pki, "hopital", pki);
  v1::SubmitEventResponse response;
  ASSERT_TRUE(submit(to, sample_request(), &response).ok());
  EXPECT_EQ(response.status().recipients_size(), 2);
  auto large = sample_request();
  large.set_idempotency_key("large");
  large.mutable_event()->mutable_discharge_letter()->mutable_pdf()->set_pdf(
      "%PDF-1.4 " + std::string(8 << 20, 'x') + "%%EOF");
  EXPECT_TRUE(submit(to, large).ok());
  v1::GetEventRequest get;
  get.set_event_id(response.status().event_id());
  v1::GetEventResponse got;
  grpc::ClientContext context;
  limit(context);
  ASSERT_TRUE(v1::Gateway::NewStub(to)->GetEvent(&context, get, &got).ok());
  EXPECT_EQ(got.status().SerializeAsString(), response.status().SerializeAsString());
}

TEST_F(DoorTest, RefusesCertificatesAndSaysWhyToTheOperator) {
  // Claim: no certificate, one of another authority, and an expired one never reach a handler; the reason is
  // known here.
  EXPECT_FALSE(submit(channel(pki, "", pki), sample_request()).ok());
  EXPECT_FALSE(submit(channel(other_pki, "hopital", pki), sample_request()).ok());
  {
    const std::lock_guard lock(mutex);
    ASSERT_FALSE(refusals.empty());
    refusals.clear();
  }
  EXPECT_FALSE(submit(channel(pki, "expired", pki), sample_request()).ok());
  {
    const std::lock_guard lock(mutex);
    ASSERT_FALSE(refusals.empty());
    EXPECT_NE(refusals[0].find("expired"), std::string::npos) << refusals[0];
  }
  EXPECT_TRUE(store.all_deliveries().empty());
}

TEST_F(DoorTest, AnswersACertificateWithoutPrincipal) {
  // Claim: a certificate that we trust but that the policy does not name is UNAUTHENTICATED, on every method.
  const auto to = channel(pki, "stranger", pki);
  const grpc::Status status = submit(to, sample_request());
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(from_grpc(status).code, ErrorCode::no_principal);
  grpc::ClientContext context;
  limit(context);
  auto reader = v1::Gateway::NewStub(to)->PreviewEvent(&context, v1::PreviewEventRequest());
  v1::PreviewEventPart part;
  EXPECT_FALSE(reader->Read(&part));
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::UNAUTHENTICATED);
}

TEST_F(DoorTest, NamesTheFieldOfATextThatIsNotUtf8) {
  // Claim: Latin-1 bytes from a foreign client get INVALID_ARGUMENT with the path, not an empty
  // UNIMPLEMENTED.
  std::string bytes = sample_request().SerializeAsString();
  bytes[bytes.find("PAT-TROIS")] = '\xC9';
  const grpc::Status status = submit_bytes(channel(pki, "hopital", pki), bytes);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(from_grpc(status).faults.at(0).path, "event.subject.birth_family_name");
  EXPECT_EQ(submit_bytes(channel(pki, "hopital", pki), "\xFF\xFF").error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(DoorTest, RefusesAMessageAbove32MiB) {
  // Claim: one byte too many is RESOURCE_EXHAUSTED, and the door goes on serving.
  const auto to = channel(pki, "hopital", pki);
  auto request = sample_request();
  request.mutable_event()->mutable_discharge_letter()->mutable_pdf()->set_pdf(std::string(33 << 20, 'x'));
  EXPECT_EQ(submit(to, request).error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_TRUE(submit(to, sample_request()).ok());
}

TEST_F(DoorTest, StreamsAPreviewInParts) {
  // Claim: a file above 1 MiB comes in several parts, in order and whole; an empty file is one part; the
  // issues come last.
  v1::PreviewEventRequest request;
  const auto sample = sample_request();
  request.set_idempotency_key(sample.idempotency_key());
  *request.mutable_event() = sample.event();
  const std::string pdf = "%PDF-1.4 " + std::string((5 << 20) / 2, 'y') + "%%EOF";
  request.mutable_event()->mutable_discharge_letter()->mutable_pdf()->set_pdf(pdf);
  grpc::ClientContext context;
  limit(context);
  auto reader = v1::Gateway::NewStub(channel(pki, "hopital", pki))->PreviewEvent(&context, request);
  std::map<int, std::string> contents;
  int parts = 0;
  int last_parts = 0;
  for (v1::PreviewEventPart part; reader->Read(&part); ++parts) {
    contents[part.recipient_index()] += part.content();
    last_parts += part.last();
  }
  ASSERT_TRUE(reader->Finish().ok());
  EXPECT_EQ(contents[0], pdf);
  EXPECT_EQ(contents[1], pdf);
  EXPECT_EQ(parts, 8);
  EXPECT_EQ(last_parts, 4);
  EXPECT_TRUE(store.all_deliveries().empty());
}

TEST_F(DoorTest, SurvivesACallerWhoLeavesAPreview) {
  // Claim: a stream that is cancelled after its first part neither leaks nor blocks the end.
  v1::PreviewEventRequest request;
  const auto sample = sample_request();
  request.set_idempotency_key(sample.idempotency_key());
  *request.mutable_event() = sample.event();
  request.mutable_event()->mutable_discharge_letter()->mutable_pdf()->set_pdf("%PDF" +
                                                                              std::string(20 << 20, 'z'));
  grpc::ClientContext context;
  limit(context);
  auto reader = v1::Gateway::NewStub(channel(pki, "hopital", pki))->PreviewEvent(&context, request);
  v1::PreviewEventPart part;
  ASSERT_TRUE(reader->Read(&part));
  context.TryCancel();
  while (reader->Read(&part)) {
  }
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
  door->drain(seconds(5));
}

TEST_F(DoorTest, DoesNotShareItsPort) {
  // Claim: a second gateway on the same port is told so instead of stealing half of the calls.
  const auto second = open_grpc_door(options("127.0.0.1:" + std::to_string(door->port())), intake);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, ErrorCode::input_output);
}

TEST_F(DoorTest, AnswersNothingAfterItsDrain) {
  // Claim: after drain() a caller is told that nobody is there.
  const auto to = channel(pki, "hopital", pki);
  ASSERT_TRUE(submit(to, sample_request()).ok());
  door->drain(seconds(5));
  EXPECT_EQ(submit(to, sample_request()).error_code(), grpc::StatusCode::UNAVAILABLE);
}

}  // namespace
}  // namespace psl
