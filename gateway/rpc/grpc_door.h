// The gRPC door: mutual TLS, principals, the Gateway service, health, and a graceful end.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/base/env.h"
#include "gateway/base/result.h"
#include "gateway/core/seams.h"
#include "gateway/intake/event_desk.h"
#include "gateway/intake/intake.h"

namespace psl {

struct GrpcDoorOptions {
  // "host:port"; port 0 picks a free one.
  std::string listen;
  // PEM files, looked at every `certificate_look`: a renewed pair serves the next connections, those that are
  // open stay; one that does not fit, or is not valid, changes nothing and is logged.
  std::string certificate_file;
  std::string key_file;
  Span certificate_look = seconds(5);
  // Judges a client's certificate (PEM, leaf first, then what it sent with it): chain, dates, purpose. It
  // logs why it refuses one, because no answer can reach such a client. Called from gRPC's threads.
  std::function<Status(std::string_view pem_chain)> verify_client;
  // Names the caller of a verified certificate (PEM of the leaf).
  std::function<Result<Principal>(std::string_view pem)> principal_of;
  // Messages above 256 KiB that wait or are checked; more are answered BUSY.
  size_t large_messages_max = 64;
  // Describes its services to those who may connect.
  bool reflection = false;
  // A watcher with nothing to be told hears a heartbeat this often; one that reads nothing for
  // `watch_patience` is ended.
  Span watch_heartbeat = seconds(15);
  Span watch_patience = seconds(60);
  // WatchEvents calls at once; more are answered BUSY.
  int watchers_max = 200;
};

// Largest message in both directions. 32 MiB: a 25 MB mail, in base64, with room.
inline constexpr int message_bytes_max = 32 * 1024 * 1024;

// start() and drain() from one thread; calls arrive on gRPC's own. Intake and desk outlive the door.
class GrpcDoor {
 public:
  virtual ~GrpcDoor() = default;
  // The port that is listened on.
  virtual int port() const = 0;
  // What health checks answer.
  virtual void set_serving(bool serving) = 0;
  // Something new is durable: watchers are told. Any thread, never waits; also before the door serves and
  // after drain().
  virtual void changed() = 0;
  // Refuses new calls; lets unary calls and what streams have taken end within `grace`, and ends streams and
  // watchers with DRAINING; then cancels what remains. Returns as soon as nothing is under way: an idle
  // client costs no time.
  virtual void drain(Span grace) = 0;
};

// Errors: input_output when the port is taken or the address is wrong, configuration for bad certificates.
Result<std::unique_ptr<GrpcDoor>> open_grpc_door(GrpcDoorOptions options, const Intake& intake,
                                                 const EventDesk& desk);

}  // namespace psl
