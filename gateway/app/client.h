// A client of our own gRPC door, for the commands that talk to a running gateway.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gateway/base/env.h"
#include "gateway/base/result.h"
#include "passerelle/v1/gateway.pb.h"

namespace CLI {
class App;
}

namespace psl {

namespace v1 = passerelle::v1;

// Where the gateway is, and who we are. Either the three files, or the folder of a development PKI and a name
// in it.
struct ClientOptions {
  std::string server = "localhost:8443";
  std::string pki = "build/demo/pki";
  std::string identity = "hopital";
  std::string ca_file;
  std::string certificate_file;
  std::string key_file;
};

// The options that every such command has.
void add_client_options(CLI::App& command, ClientOptions& options);

// What a stream has for its user.
enum class StreamEvent {
  message,  // take() gives it
  room,     // send() is possible
  ended,    // finish() says why
  nothing,  // the time was up
};

// One call of SubmitEvents. One thread; going away cancels what is under way.
class ClientStream {
 public:
  virtual ~ClientStream() = default;
  // At most `most`; `room` only when `to_send`, and after every message that is there.
  virtual StreamEvent wait(bool to_send, Span most) = 0;
  virtual v1::SubmitEventsResponse take() = 0;
  virtual void send(v1::SubmitEventsRequest request) = 0;
  // Nothing more will be sent: the gateway answers what it has, and the call ends.
  virtual void close() = 0;
  // After `ended`.
  virtual Status finish() = 0;
};

// One call of WatchEvents. One thread; going away cancels it.
class ClientWatch {
 public:
  virtual ~ClientWatch() = default;
  // At most `most`; `nothing` also as soon as `stop_fd` (a file descriptor, or -1) is readable.
  virtual StreamEvent wait(Span most, int stop_fd) = 0;
  virtual v1::WatchEventsResponse take() = 0;
  // After `ended`.
  virtual Status finish() = 0;
};

// One connection. One thread. Where there is a `patience`, the call is repeated with growing pauses while the
// gateway cannot be reached or is busy, until that is spent; the requests are such that this is harmless.
class GatewayClient {
 public:
  static Result<std::unique_ptr<GatewayClient>> connect(const ClientOptions& options);
  virtual ~GatewayClient() = default;

  virtual Result<v1::SubmitEventResponse> submit(const v1::SubmitEventRequest& request, Span patience) = 0;
  virtual Result<v1::EventStatus> get(const v1::GetEventRequest& request) = 0;
  virtual Result<v1::ListEventsResponse> list(const v1::ListEventsRequest& request) = 0;
  // All parts, in order; a preview larger than 256 MiB is message_too_large.
  virtual Result<std::vector<v1::PreviewEventPart>> preview(const v1::PreviewEventRequest& request) = 0;
  virtual Result<v1::RetryDeliveryResponse> retry(const v1::RetryDeliveryRequest& request, Span patience) = 0;
  virtual Result<v1::CancelEventResponse> cancel(const v1::CancelEventRequest& request, Span patience) = 0;
  // They outlive the client without harm.
  virtual std::unique_ptr<ClientStream> submit_many() = 0;
  virtual std::unique_ptr<ClientWatch> watch(const v1::WatchEventsRequest& request) = 0;
  // Lets time pass between two questions to the gateway. A gateway that was away is met again meanwhile.
  virtual void pause(Span span) = 0;
};

// The pauses between two tries.
inline constexpr Span first_pause = milliseconds(200);
inline constexpr Span longest_pause = seconds(5);
inline Span pause_after(Span pause) {
  return pause.us * 2 < longest_pause.us ? Span{pause.us * 2} : longest_pause;
}

// True when the same request may succeed later: the gateway is away, busy or stopping.
bool worth_repeating(const Error& error);

// True when no request of this caller will do better: its certificate, its rights, or a gateway without this
// call.
bool concerns_caller(const Error& error);

// The error of one answer of SubmitEvents.
Error error_of_answer(const google::rpc::Status& status);

}  // namespace psl
