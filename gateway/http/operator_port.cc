#include "gateway/http/operator_port.h"

#include "gateway/http/metrics.h"
#include "gateway/net/http_server.h"
#include "passerelle/v1/config.pb.h"

namespace psl {
namespace {

// A scraper, a supervisor, and a person who looks: more is a mistake of theirs.
constexpr size_t operator_connections_max = 32;

HttpServerOptions server_options(const OperatorPortOptions& from) {
  HttpServerOptions options;
  options.listen = from.listen;
  options.connections_max = operator_connections_max;
  options.body_bytes_max = 0;
  if (!from.tls.certificate_file().empty())
    options.tls = HttpServerTls{from.tls.certificate_file(), from.tls.key_file(), from.tls.ca_file()};
  return options;
}

HttpResponse answer(int status, std::string_view type, std::string body) {
  HttpResponse response;
  response.status = status;
  response.headers = {{"Content-Type", std::string(type)},
                      {"Cache-Control", "no-store"},
                      {"X-Content-Type-Options", "nosniff"}};
  response.body = std::move(body);
  return response;
}

HttpResponse judge(bool healthy, bool ready) {
  if (healthy && ready) return answer(200, "application/json", "{\"status\":\"ok\"}\n");
  const std::string_view failing = healthy ? "\"serving\"" : ready ? "\"ledger\"" : "\"ledger\",\"serving\"";
  return answer(503, "application/json",
                "{\"status\":\"failing\",\"failing\":[" + std::string(failing) + "]}\n");
}

HttpResponse respond(const HttpRequest& request, bool healthy, bool ready, Metrics& metrics) {
  const std::string_view path = request.path();
  const bool known = path == "/metrics" || path == "/healthz" || path == "/readyz";
  if (!known) return answer(404, "text/plain; charset=utf-8", "/metrics, /healthz, /readyz\n");
  if (request.method != "GET" && request.method != "HEAD") {
    HttpResponse refused = answer(405, "text/plain; charset=utf-8", "GET\n");
    refused.headers.emplace_back("Allow", "GET, HEAD");
    return refused;
  }
  if (path == "/healthz") return judge(healthy, /*ready=*/true);
  if (path == "/readyz") return judge(healthy, ready);
  return answer(200, "text/plain; version=0.0.4; charset=utf-8", metrics.text());
}

}  // namespace

Result<std::unique_ptr<OperatorPort>> OperatorPort::open(OperatorPortOptions options, Metrics& metrics,
                                                         Env& env) {
  auto server = HttpServer::start(
      server_options(options),
      [healthy = std::move(options.healthy), ready = std::move(options.ready), &metrics](
          const HttpRequest& request, const HttpReply& reply) {
        reply(respond(request, healthy(), ready(), metrics));
      },
      env);
  if (!server.ok()) return error_of(server.error().code, "http." + server.error().text);
  return std::make_unique<OperatorPort>(std::move(*server));
}

OperatorPort::OperatorPort(std::unique_ptr<HttpServer> server) : server_(std::move(server)) {}
OperatorPort::~OperatorPort() = default;
int OperatorPort::port() const { return server_->port(); }
void OperatorPort::stop() { server_->stop(); }

}  // namespace psl
