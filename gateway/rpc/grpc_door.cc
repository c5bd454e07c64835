#include "gateway/rpc/grpc_door.h"

#include <grpc/support/log.h>
#include <grpcpp/ext/health_check_service_server_builder_option.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <chrono>
#include <utility>

#include "gateway/base/log.h"
#include "gateway/rpc/gateway_service.h"
#include "gateway/rpc/tls.h"

namespace psl {
namespace {

// One connection's calls at once; a stream of them is flow-controlled, not refused.
constexpr int streams_per_connection_max = 256;
constexpr size_t receive_memory_bytes = size_t{1024} * 1024 * 1024;
// Clients may keep a connection alive, not flood it with pings (gRPC's own default is one in five minutes).
constexpr int ping_interval_ms = 20000;

// gRPC's texts may quote peers and paths: only their place in its source is kept.
void on_grpc_log(gpr_log_func_args* args) {
  if (args->severity < GPR_LOG_SEVERITY_ERROR) return;
  log(LogLevel::debug, "gRPC message withheld", {{"line", args->line}});
}

class OpenDoor final : public GrpcDoor {
 public:
  OpenDoor(const Intake& intake, GrpcDoorOptions options)
      : service_(intake, options.principal_of, options.large_messages_max), options_(std::move(options)) {}
  ~OpenDoor() override { drain(seconds(0)); }

  Status start() {
    gpr_set_log_function(on_grpc_log);
    grpc::EnableDefaultHealthCheckService(true);
    grpc::ServerBuilder builder;
    builder.AddListeningPort(options_.listen, server_credentials(options_), &port_);
    builder.RegisterService(&service_);
    builder.SetMaxReceiveMessageSize(message_bytes_max);
    builder.SetMaxSendMessageSize(message_bytes_max);
    // Without this a second gateway on the same port would start, and take half of the calls.
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, streams_per_connection_max);
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, ping_interval_ms);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
    grpc::ResourceQuota quota("passerelle");
    quota.Resize(receive_memory_bytes);
    builder.SetResourceQuota(quota);
    server_ = builder.BuildAndStart();
    if (!server_ || port_ == 0)
      return error_of(ErrorCode::input_output,
                      "the gRPC port cannot be opened: taken, or the address or certificate is wrong");
    return {};
  }

  int port() const override { return port_; }
  void set_serving(bool serving) override {
    if (server_) server_->GetHealthCheckService()->SetServingStatus(serving);
  }
  void drain(Span grace) override {
    if (!server_) return;
    set_serving(false);
    server_->Shutdown(std::chrono::system_clock::now() +
                      std::chrono::microseconds(grace.us));  // NOLINT: a deadline for gRPC
    server_.reset();
  }

 private:
  GatewayService service_;
  GrpcDoorOptions options_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
};

}  // namespace

Result<std::unique_ptr<GrpcDoor>> open_grpc_door(GrpcDoorOptions options, const Intake& intake) {
  auto door = std::make_unique<OpenDoor>(intake, std::move(options));
  if (Status started = door->start(); !started.ok()) return std::move(started).error();
  return std::unique_ptr<GrpcDoor>(std::move(door));
}

}  // namespace psl
