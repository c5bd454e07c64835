#include "gateway/app/client.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <poll.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <utility>

#include "gateway/app/client_calls.h"
#include "gateway/rpc/grpc_door.h"
#include "gateway/rpc/wire_status.h"
#include "security/files.h"

namespace psl {
namespace {

constexpr size_t pem_bytes_max = 256 * 1024;
constexpr Span call_timeout = seconds(60);
// What several recipients of a document at the limit would get.
constexpr size_t preview_bytes_max = size_t{256} << 20;

std::string file_or(const std::string& given, const std::string& otherwise) {
  return given.empty() ? otherwise : given;
}

class ChannelClient final : public GatewayClient {
 public:
  explicit ChannelClient(std::shared_ptr<grpc::Channel> channel)
      : channel_(std::move(channel)), stub_(v1::Gateway::NewStub(channel_)) {}

  Result<v1::SubmitEventResponse> submit(const v1::SubmitEventRequest& request, Span patience) override {
    return repeat(&v1::Gateway::Stub::SubmitEvent, request, v1::SubmitEventResponse(), patience);
  }
  Result<v1::EventStatus> get(const v1::GetEventRequest& request) override {
    auto response = repeat(&v1::Gateway::Stub::GetEvent, request, v1::GetEventResponse(), Span{});
    if (!response.ok()) return std::move(response).error();
    return std::move(*response->mutable_status());
  }
  Result<v1::ListEventsResponse> list(const v1::ListEventsRequest& request) override {
    return repeat(&v1::Gateway::Stub::ListEvents, request, v1::ListEventsResponse(), Span{});
  }
  Result<std::vector<v1::PreviewEventPart>> preview(const v1::PreviewEventRequest& request) override {
    grpc::ClientContext context;
    context.set_deadline(after(call_timeout));
    const auto call = stub_->PreviewEvent(&context, request);
    std::vector<v1::PreviewEventPart> parts;
    size_t bytes = 0;
    for (v1::PreviewEventPart part; bytes <= preview_bytes_max && call->Read(&part);) {
      bytes += part.content().size();
      parts.push_back(std::move(part));
    }
    if (bytes > preview_bytes_max) {
      context.TryCancel();
      (void)call->Finish();
      return error_of(ErrorCode::message_too_large);
    }
    const grpc::Status status = call->Finish();
    if (!status.ok()) return from_grpc(status);
    return parts;
  }
  Result<v1::RetryDeliveryResponse> retry(const v1::RetryDeliveryRequest& request, Span patience) override {
    return repeat(&v1::Gateway::Stub::RetryDelivery, request, v1::RetryDeliveryResponse(), patience);
  }
  Result<v1::CancelEventResponse> cancel(const v1::CancelEventRequest& request, Span patience) override {
    return repeat(&v1::Gateway::Stub::CancelEvent, request, v1::CancelEventResponse(), patience);
  }
  std::unique_ptr<ClientStream> submit_many() override { return begin_submit(*stub_); }
  std::unique_ptr<ClientWatch> watch(const v1::WatchEventsRequest& request) override {
    return begin_watch(*stub_, request);
  }

  // A channel connects only while somebody polls it. Calls that fail at once do not: between them alone, a
  // gateway that came back would be met after 20 s.
  void pause(Span span) override {
    if (channel_->GetState(false) == GRPC_CHANNEL_READY) {
      ::poll(nullptr, 0, static_cast<int>(span.us / 1000));
    } else {
      channel_->WaitForConnected(after(span));
    }
  }

 private:
  template <typename Request, typename Response>
  using Method = grpc::Status (v1::Gateway::Stub::*)(grpc::ClientContext*, const Request&, Response*);

  template <typename Request, typename Response>
  Result<Response> repeat(Method<Request, Response> method, const Request& request, Response response,
                          Span patience) {
    const Instant until = system_env().monotonic() + patience;
    for (Span next = first_pause;; next = pause_after(next)) {
      grpc::ClientContext context;
      context.set_deadline(after(call_timeout));
      const grpc::Status status = (*stub_.*method)(&context, request, &response);
      if (status.ok()) return response;
      Error error = from_grpc(status);
      if (!worth_repeating(error) || system_env().monotonic() + next > until) return error;
      pause(next);
    }
  }

  static std::chrono::system_clock::time_point after(Span span) {
    return std::chrono::system_clock::now() +
           std::chrono::microseconds(span.us);  // NOLINT: gRPC asks for one
  }

  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::Gateway::Stub> stub_;
};

}  // namespace

bool worth_repeating(const Error& error) {
  return error.code == ErrorCode::input_output || error.code == ErrorCode::busy ||
         error.code == ErrorCode::store_unavailable || error.code == ErrorCode::draining ||
         error.code == ErrorCode::slow_reader || error.code == ErrorCode::deadline;
}

bool concerns_caller(const Error& error) {
  return error.code == ErrorCode::no_principal || error.code == ErrorCode::not_allowed ||
         error.code == ErrorCode::not_supported;
}

Error error_of_answer(const google::rpc::Status& status) {
  return from_grpc(grpc::Status(static_cast<grpc::StatusCode>(status.code()), status.message(),
                                status.SerializeAsString()));
}

void add_client_options(CLI::App& command, ClientOptions& options) {
  command.add_option("--server", options.server, "host:port of the gateway")->capture_default_str();
  command.add_option("--pki", options.pki, "folder of a development PKI: ca.pem, NAME.pem, NAME.key")
      ->capture_default_str();
  command.add_option("--identity", options.identity, "NAME in that folder")->capture_default_str();
  command.add_option("--ca", options.ca_file,
                     "authority of the gateway's certificate (PEM), instead of --pki");
  command.add_option("--cert", options.certificate_file, "our client certificate (PEM), instead of --pki");
  command.add_option("--key", options.key_file, "its private key (PEM), instead of --pki");
}

Result<std::unique_ptr<GatewayClient>> GatewayClient::connect(const ClientOptions& options) {
  const std::string base = options.pki + "/" + options.identity;
  auto ca =
      read_small_file(file_or(options.ca_file, options.pki + "/ca.pem"), pem_bytes_max, Readers::anyone);
  if (!ca.ok()) return std::move(ca).error();
  auto certificate =
      read_small_file(file_or(options.certificate_file, base + ".pem"), pem_bytes_max, Readers::anyone);
  if (!certificate.ok()) return std::move(certificate).error();
  auto key = read_small_file(file_or(options.key_file, base + ".key"), pem_bytes_max, Readers::owner_only);
  if (!key.ok()) return std::move(key).error();
  grpc::SslCredentialsOptions tls;
  tls.pem_root_certs = std::move(*ca);
  tls.pem_cert_chain = std::move(*certificate);
  tls.pem_private_key = std::move(*key);
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(message_bytes_max);
  arguments.SetMaxSendMessageSize(message_bytes_max);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2000);
  // Else gRPC would give all clients of this process one connection.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  auto channel = grpc::CreateCustomChannel(options.server, grpc::SslCredentials(tls), arguments);
  return std::unique_ptr<GatewayClient>(std::make_unique<ChannelClient>(channel));
}

}  // namespace psl
