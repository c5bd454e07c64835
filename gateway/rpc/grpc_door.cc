#include "gateway/rpc/grpc_door.h"

#include <grpc/support/log.h>
#include <grpcpp/ext/health_check_service_server_builder_option.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/impl/server_builder_option.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "gateway/base/log.h"
#include "gateway/rpc/call_set.h"
#include "gateway/rpc/gateway_service.h"
#include "gateway/rpc/served_pair.h"
#include "gateway/rpc/ticker.h"
#include "gateway/rpc/tls.h"
#include "gateway/rpc/watch_hub.h"

namespace psl {
namespace {

// One connection's calls at once; a stream of them is flow-controlled, not refused.
constexpr int streams_per_connection_max = 256;
constexpr size_t receive_memory_bytes = size_t{1024} * 1024 * 1024;
// Clients may keep a connection alive, not flood it with pings (gRPC's own default is one in five minutes).
constexpr int ping_interval_ms = 20000;

// A client whose line is dead is found out, so that it keeps no watcher's place.
constexpr int keepalive_ms = 60000;
constexpr int keepalive_answer_ms = 20000;
// When all calls have ended: for the last bytes of their answers, and for clients who listen to hang up by
// themselves.
constexpr Span goodbye = milliseconds(100);

// gRPC's texts may quote peers and paths: only their place in its source is kept.
void on_grpc_log(gpr_log_func_args* args) {
  if (args->severity < GPR_LOG_SEVERITY_ERROR) return;
  log(LogLevel::debug, "gRPC message withheld", {{"line", args->line}});
}

// Linking the reflection library registers it with every server of the process: this decides for one.
class ReflectionAsAsked final : public grpc::ServerBuilderOption {
 public:
  explicit ReflectionAsAsked(bool wanted) : wanted_(wanted) {}
  void UpdateArguments(grpc::ChannelArguments*) override {}
  void UpdatePlugins(std::vector<std::unique_ptr<grpc::ServerBuilderPlugin>>* plugins) override {
    auto own = std::make_unique<grpc::reflection::ProtoServerReflectionPlugin>();
    std::erase_if(*plugins, [&](const auto& plugin) { return plugin->name() == own->name(); });
    if (wanted_) plugins->push_back(std::move(own));
  }

 private:
  const bool wanted_;
};

class OpenDoor final : public GrpcDoor {
 public:
  OpenDoor(const Intake& intake, const EventDesk& desk, GrpcDoorOptions options)
      : options_(std::move(options)),
        pair_(options_.certificate_file, options_.key_file, system_env()),
        hub_(desk, system_env(),
             WatchLimits{options_.watch_heartbeat, options_.watch_patience, options_.watchers_max},
             [this] { hub_ticker_.notify(); }),
        service_(ServiceSeams{intake, desk, calls_, hub_, options_.principal_of},
                 options_.large_messages_max) {}
  ~OpenDoor() override { drain(seconds(0)); }

  Status start() {
    gpr_set_log_function(on_grpc_log);
    grpc::EnableDefaultHealthCheckService(true);
    if (Status loaded = pair_.load(); !loaded.ok()) return loaded;
    grpc::ServerBuilder builder;
    builder.AddListeningPort(options_.listen, server_credentials(options_, pair_.path()), &port_);
    builder.RegisterService(&service_);
    builder.SetOption(std::make_unique<ReflectionAsAsked>(options_.reflection));
    set_limits(builder);
    server_ = builder.BuildAndStart();
    if (!server_ || port_ == 0)
      return error_of(ErrorCode::input_output,
                      "the gRPC port cannot be opened: taken, or the address is wrong");
    hub_ticker_.start([this] { return hub_.step(); });
    pair_ticker_.start([this] {
      pair_.look();
      return options_.certificate_look;
    });
    return {};
  }

  int port() const override { return port_; }
  void set_serving(bool serving) override {
    if (server_) server_->GetHealthCheckService()->SetServingStatus(serving);
  }
  void changed() override { hub_.changed(); }

  void drain(Span grace) override {
    if (!server_) return;
    set_serving(false);
    calls_.drain();
    hub_.drain();
    // Ours to count: gRPC's own wait lasts until the last idle client has hung up.
    const bool all_ended = calls_.wait_until_empty(grace);
    shut_down(all_ended ? std::min(grace, goodbye) : seconds(0));
  }

 private:
  static void set_limits(grpc::ServerBuilder& builder) {
    builder.SetMaxReceiveMessageSize(message_bytes_max);
    builder.SetMaxSendMessageSize(message_bytes_max);
    // Without this a second gateway on the same port would start, and take half of the calls.
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, streams_per_connection_max);
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, ping_interval_ms);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, keepalive_ms);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, keepalive_answer_ms);
    grpc::ResourceQuota quota("passerelle");
    quota.Resize(receive_memory_bytes);
    builder.SetResourceQuota(quota);
  }

  // Cancels what is still under way after `most`. Every call ends when it is cancelled, so that this returns.
  void shut_down(Span most) {
    server_->Shutdown(std::chrono::system_clock::now() +
                      std::chrono::microseconds(most.us));  // NOLINT: a deadline for gRPC
    server_.reset();
  }

  const GrpcDoorOptions options_;
  ServedPair pair_;
  CallSet calls_;
  WatchHub hub_;
  GatewayService service_;
  Ticker hub_ticker_;
  Ticker pair_ticker_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
};

}  // namespace

Result<std::unique_ptr<GrpcDoor>> open_grpc_door(GrpcDoorOptions options, const Intake& intake,
                                                 const EventDesk& desk) {
  auto door = std::make_unique<OpenDoor>(intake, desk, std::move(options));
  if (Status started = door->start(); !started.ok()) return std::move(started).error();
  return std::unique_ptr<GrpcDoor>(std::move(door));
}

}  // namespace psl
