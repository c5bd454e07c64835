// The port for those who watch over the gateway: GET /metrics, /healthz and /readyz. It tells counts, codes
// and times, nobody's data.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "gateway/base/env.h"
#include "gateway/base/result.h"

namespace passerelle::v1 {
class TlsIdentity;
}

namespace psl {

namespace v1 = passerelle::v1;

class HttpServer;
class Metrics;

struct OperatorPortOptions {
  // As HttpServerOptions::listen.
  std::string listen;
  // Without files: clear text, on loopback only.
  const v1::TlsIdentity& tls;
  // Both are called on the port's thread, so they must not wait. The ledger can be trusted: else whoever
  // supervises the process should start it again.
  std::function<bool()> healthy;
  // Events are taken: else a load balancer should send them elsewhere.
  std::function<bool()> ready;
};

// /healthz answers for `healthy`, /readyz for both: 200 {"status":"ok"}, or 503
// {"status":"failing","failing":["ledger"]}
// ("ledger" is not healthy, "serving" is not ready). Any other path 404, any other method than GET and HEAD
// 405.
class OperatorPort {
 public:
  // As HttpServer::start(). `metrics` and `env` outlive it.
  static Result<std::unique_ptr<OperatorPort>> open(OperatorPortOptions options, Metrics& metrics, Env& env);
  explicit OperatorPort(std::unique_ptr<HttpServer> server);
  ~OperatorPort();
  OperatorPort(const OperatorPort&) = delete;
  OperatorPort& operator=(const OperatorPort&) = delete;

  int port() const;
  void stop();

 private:
  const std::unique_ptr<HttpServer> server_;
};

}  // namespace psl
