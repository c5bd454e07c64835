// A real door on a free port, over a ledger in memory, with real clients: what the tests of the door share.
#pragma once

#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "gateway/intake/committer.h"
#include "gateway/rpc/grpc_door.h"
#include "gateway/rpc/wire_status.h"
#include "passerelle/v1/gateway.grpc.pb.h"
#include "security/certificate.h"
#include "security/dev_pki.h"
#include "tests/support/fake_env.h"
#include "tests/support/memory_store.h"
#include "tests/support/outbox_world.h"
#include "tests/support/sample_event.h"

namespace psl::test {

namespace fs = std::filesystem;

inline std::string slurp(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

inline void limit(grpc::ClientContext& context) {
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
}

// Certificates that live as long as the test binary.
struct TestPki {
  TestPki() {
    folder = fs::temp_directory_path() / ("passerelle-door-" + std::to_string(::getpid()));
    other = folder / "other";
    fs::create_directories(other);
    const Instant now = system_env().now();
    for (const fs::path& one : {folder, other}) PSL_CHECK(make_dev_pki(one, now).ok());
    PSL_CHECK(issue_client(folder, "expired", {now - seconds(7200), now - seconds(3600)}).ok());
    PSL_CHECK(issue_client(folder, "stranger", dev_validity(now)).ok());
    PSL_CHECK(issue_client(folder, "clinique", dev_validity(now)).ok());
  }
  ~TestPki() { fs::remove_all(folder); }
  static const TestPki& get() {
    static const TestPki pki;
    return pki;
  }

  fs::path folder;
  fs::path other;  // of another authority
};

// Two senders, and an operator who sends nothing.
class TestPolicy final : public Policy {
 public:
  Status may_answer_for(const Principal&, std::string_view, std::string_view) const override {
    return error_of(ErrorCode::not_allowed);
  }
  Status allows(const Principal& principal, Action action, std::string_view, std::string_view,
                std::string_view) const override {
    const std::lock_guard lock(mutex_);
    const auto rule = rules_.find(principal.name);
    if (rule == rules_.end() || !rule->second.contains(action)) return error_of(ErrorCode::not_allowed);
    return {};
  }
  void forbid(const std::string& principal, Action action) {
    const std::lock_guard lock(mutex_);
    rules_.at(principal).erase(action);
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::set<Action>> rules_ = {
      {"hopital-demo", {Action::submit, Action::read, Action::preview, Action::repair}},
      {"clinique", {Action::submit, Action::read}},
      {"operateur-demo", {Action::operate}}};
};

// The PDF itself as the document, or nothing of fields or of a CDA: these tests are about the door.
class PlainOffice final : public DocumentOffice {
 public:
  // Called before a document is prepared that has no PDF; set before calls.
  std::function<void()> laying_out;
  Result<Bytes> pdf_inside(std::string_view) const override { return error_of(ErrorCode::corrupt); }
  Result<PreparedDocument> prepare(v1::SubmitEventRequest& request, const Subject& subject,
                                   stored::DocumentHeader& header) const override {
    header.mutable_metadata()->set_document_id(subject.event_id.oid());
    PreparedDocument document;
    const v1::DischargeLetter& letter = request.event().discharge_letter();
    if (!letter.has_pdf()) {
      if (laying_out && letter.readable_copy().empty()) laying_out();
      document.document.cda = make_bytes("<ClinicalDocument/>");
      return document;
    }
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
  Result<std::vector<v1::Issue>> admit(const Dispatch&) const override { return std::vector<v1::Issue>{}; }
  Outcome deliver(const Payload&, Instant) override { return {}; }
  Outcome lookup(const Payload&, Instant) override { return {}; }
  Status probe(Instant) override { return {}; }

 private:
  AdapterInfo info_;
};

// The disk, which a test may hold up; and how many commands have come so far.
class Sluice final : public CommandSink {
 public:
  explicit Sluice(CommandSink& next) : next_(next) {}
  void submit(Command command, std::function<void(Result<Effect>)> done) override {
    {
      const std::lock_guard lock(mutex_);
      ++submitted_;
      changed_.notify_all();
    }
    next_.submit(std::move(command), std::move(done));
  }

  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  void open() {
    const std::lock_guard lock(mutex_);
    closed_ = false;
    changed_.notify_all();
  }
  // Of the committer's thread.
  void pass() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !closed_; });
  }
  int submitted() {
    const std::lock_guard lock(mutex_);
    return submitted_;
  }
  // False: fewer had come after `most`.
  bool wait_for(int submitted, Span most = seconds(20)) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::microseconds(most.us),
                             [&] { return submitted_ >= submitted; });
  }

 private:
  CommandSink& next_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool closed_ = false;
  int submitted_ = 0;
};

class DoorTest : public testing::Test {
 protected:
  DoorTest() {
    env.set_now(Instant{sample_now_s * 1000000});
    tenants["cpts-demo"] = TenantSetup{sample_tenant(), {&adapter}};
    auto loaded = Authorities::load(pki / "ca.pem");
    PSL_CHECK(loaded.ok());
    authorities = std::move(*loaded);
    store.before_commit = [this] { sluice.pass(); };
    store.after_commit = [this] {
      if (GrpcDoor* const open = told.load()) open->changed();
    };
    committer_thread = std::make_unique<CommitterThread>(committer);
  }
  ~DoorTest() override { close(); }

  GrpcDoorOptions options() {
    GrpcDoorOptions options;
    options.listen = "127.0.0.1:0";
    options.certificate_file = pki / "gateway.pem";
    options.key_file = pki / "gateway.key";
    options.verify_client = [this](std::string_view chain) {
      Status verified = authorities->verify_client(chain, system_env().now());
      const std::lock_guard lock(mutex);
      if (!verified.ok()) refusals.push_back(verified.error().text);
      return verified;
    };
    options.principal_of = [](std::string_view pem) -> Result<Principal> {
      const auto certificates = read_certificates(pem);
      if (!certificates.ok() || certificates->front().common_name == "stranger")
        return error_of(ErrorCode::no_principal);
      return Principal{certificates->front().common_name};
    };
    return options;
  }

  void open(GrpcDoorOptions with) {
    auto opened = open_grpc_door(std::move(with), intake, desk);
    PSL_CHECK(opened.ok());
    door = std::move(*opened);
    told = door.get();
  }
  void open() { open(options()); }
  void close() {
    sluice.open();
    if (door) door->drain(seconds(5));
    told = nullptr;
    committer_thread->stop();
    door.reset();
  }

  std::shared_ptr<grpc::Channel> channel_of(const std::string& authorities_pem, const fs::path& client,
                                            grpc::ChannelArguments arguments = {}) const {
    grpc::SslCredentialsOptions tls;
    tls.pem_root_certs = authorities_pem;
    if (!client.empty()) {
      tls.pem_cert_chain = slurp(client.string() + ".pem");
      tls.pem_private_key = slurp(client.string() + ".key");
    }
    arguments.SetMaxReceiveMessageSize(-1);
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    return grpc::CreateCustomChannel("ipv4:127.0.0.1:" + std::to_string(door->port()),
                                     grpc::SslCredentials(tls), arguments);
  }
  // A client whose unread messages stop the server after 64 KiB, and not after what gRPC would measure.
  static grpc::ChannelArguments small_window() {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
    arguments.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, 65535);
    return arguments;
  }
  std::shared_ptr<grpc::Channel> channel(const std::string& name = "hopital") const {
    return channel_of(slurp(pki / "ca.pem"), pki / name);
  }
  std::unique_ptr<v1::Gateway::Stub> stub(const std::string& name = "hopital") const {
    return v1::Gateway::NewStub(channel(name));
  }

  static grpc::Status submit(v1::Gateway::Stub& to, const v1::SubmitEventRequest& request,
                             v1::SubmitEventResponse* response = nullptr) {
    grpc::ClientContext context;
    limit(context);
    v1::SubmitEventResponse unused;
    return to.SubmitEvent(&context, request, response ? response : &unused);
  }

  const fs::path pki = TestPki::get().folder;
  const fs::path other_pki = TestPki::get().other;
  FakeEnv env;
  MemoryStore store;
  PlainSealer sealer;
  Committer committer{store, CommitLimits{}, nullptr};
  Sluice sluice{committer};
  TestPolicy policy;
  PlainOffice office;
  FileAdapter adapter;
  TenantTable tenants;
  Intake intake{IntakeSeams{tenants, Environment::test, policy, office, env, &sealer, &sluice, &store}};
  EventDesk desk{DeskSeams{tenants, policy, env, sealer, sluice, store}};
  std::unique_ptr<Authorities> authorities;
  std::mutex mutex;
  std::vector<std::string> refusals;
  std::unique_ptr<CommitterThread> committer_thread;
  std::atomic<GrpcDoor*> told = nullptr;
  std::unique_ptr<GrpcDoor> door;
};

// What a client in another language sends: bytes that nobody checked. One message there, at most one back.
struct BytesAnswer {
  grpc::Status status;
  std::string bytes;
};
inline BytesAnswer call_bytes(const std::shared_ptr<grpc::Channel>& to, const std::string& method,
                              const std::string& bytes) {
  grpc::GenericStub stub(to);
  grpc::ClientContext context;
  limit(context);
  grpc::CompletionQueue queue;
  const auto wait = [&queue] {
    void* tag = nullptr;
    bool ok = false;
    return queue.Next(&tag, &ok) && ok;
  };
  const auto call = stub.PrepareCall(&context, method, &queue);
  call->StartCall(nullptr);
  bool ok = wait();
  const grpc::Slice slice(bytes);
  if (ok) {
    call->WriteLast(grpc::ByteBuffer(&slice, 1), grpc::WriteOptions(), nullptr);
    ok = wait();
  }
  BytesAnswer answer;
  grpc::ByteBuffer buffer;
  call->Read(&buffer, nullptr);
  grpc::Slice whole;
  if (wait() && buffer.DumpToSingleSlice(&whole).ok())
    answer.bytes.assign(reinterpret_cast<const char*>(whole.begin()), whole.size());
  call->Finish(&answer.status, nullptr);
  wait();
  return answer;
}

// A letter of its own.
inline v1::SubmitEventRequest letter(int number) {
  auto request = sample_request();
  request.set_idempotency_key("letter-" + std::to_string(number));
  return request;
}

}  // namespace psl::test
