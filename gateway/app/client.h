// A client of our own gRPC door, for the commands that talk to a running gateway.
#pragma once

#include <memory>
#include <string>

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

// One connection. One thread.
class GatewayClient {
 public:
  static Result<std::unique_ptr<GatewayClient>> connect(const ClientOptions& options);
  virtual ~GatewayClient() = default;

  // Sends again, with growing pauses, while the gateway cannot be reached or is busy, until `patience` is
  // spent: the idempotency key makes that harmless.
  virtual Result<v1::SubmitEventResponse> submit(const v1::SubmitEventRequest& request, Span patience) = 0;
  virtual Result<v1::EventStatus> get(const v1::GetEventRequest& request) = 0;
  // Lets time pass between two questions to the gateway. A gateway that was away is met again meanwhile.
  virtual void pause(Span span) = 0;
};

}  // namespace psl
