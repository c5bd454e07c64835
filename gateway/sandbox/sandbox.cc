#include "gateway/sandbox/sandbox.h"

#include <algorithm>

#include "adapters/formats/calendar.h"
#include "gateway/sandbox/arrivals.h"
#include "gateway/sandbox/fhir_desk.h"
#include "gateway/sandbox/page.h"
#include "gateway/sandbox/webhook_desk.h"

namespace psl {
namespace {

// A document of 30 MiB in base64, and what is around it.
constexpr size_t sandbox_body_bytes_max = size_t{50} << 20;
constexpr size_t page_body_bytes_max = 4096;
constexpr std::string_view webhook_path = "/webhook/";

HttpResponse in_place_of_handling(const Fault& fault, const HttpRequest& request) {
  switch (fault.kind) {
    case FaultKind::refuse:
      return fhir_refusal(fault.value, fault.value >= 500 ? "transient" : "processing", "refused on demand");
    case FaultKind::outcome200:
      return fhir_refusal(200, "processing", "refused on demand, under a status of success");
    case FaultKind::html: {
      HttpResponse page =
          fhir_answer(200,
                      "<!DOCTYPE html>\n<html><head><title>Proxy</title></head><body>Authentification "
                      "requise</body></html>\n");
      page.headers[0].second = "text/html; charset=utf-8";
      return page;
    }
    case FaultKind::redirect: {
      HttpResponse elsewhere = fhir_refusal(307, "processing", "moved on demand");
      // The same place with another name, so that who follows it without being asked to is seen.
      elsewhere.headers.emplace_back(
          "Location", "https://" + std::string("redirected.invalid") + std::string(request.path()));
      return elsewhere;
    }
    default:
      return {};  // dropped
  }
}

}  // namespace

struct Sandbox::Parts {
  Parts(SandboxOptions given, Env& env)
      : options(std::move(given)),
        fhir(options.base, arrivals, env),
        oblivion(options.base, nowhere, env),
        webhook(std::move(options.webhook_key), arrivals, env) {
    for (const Fault& fault : options.faults) faults.set(fault);
  }

  // As `handle` answers to what came for the first time.
  HttpResponse lose(const HttpRequest& request) {
    nowhere.clear();
    return oblivion.answer(request,
                           request.path().substr(std::min(options.base.size(), request.path().size())));
  }

  HttpResponse handle(const HttpRequest& request) {
    const std::string_view path = request.path();
    if (path.starts_with(webhook_path)) return webhook.answer(request, path.substr(webhook_path.size()));
    const std::string_view base = options.base;
    if (path.starts_with(base) && (path.size() == base.size() || path[base.size()] == '/'))
      return fhir.answer(request, path.substr(base.size()));
    return fhir_refusal(404, "not-found", "the endpoint is at " + options.base);
  }

  // Faults are for what would be kept. A search is answered as it should be: it is what settles a fault.
  HttpResponse answer(const HttpRequest& request) {
    if (request.method != "POST") return handle(request);
    const FaultPlan plan = faults.next();
    const bool loses = !plan.stores && plan.instead.kind == FaultKind::lose;
    HttpResponse response = plan.stores ? handle(request)
                            : loses     ? lose(request)
                                        : in_place_of_handling(plan.instead, request);
    response.delay = plan.delay;
    response.ending = plan.ending;
    return response;
  }

  SandboxOptions options;
  Arrivals arrivals;
  Faults faults;
  FhirDesk fhir;
  Arrivals nowhere;
  FhirDesk oblivion;
  WebhookDesk webhook;
  std::optional<Page> page;
  // The servers end first: they call what stands above.
  std::unique_ptr<HttpServer> server;
  std::unique_ptr<HttpServer> page_server;
};

Result<std::unique_ptr<Sandbox>> Sandbox::start(SandboxOptions options, Env& env) {
  const bool base_fits = options.base.starts_with('/') && !options.base.ends_with('/') &&
                         options.base.find_first_of("?#% ") == std::string::npos;
  if (!base_fits) return error_of(ErrorCode::configuration, "base: expected a path such as /fhir");
  auto parts = std::make_unique<Parts>(std::move(options), env);
  Parts* self = parts.get();
  HttpServerOptions fhir;
  fhir.listen = parts->options.listen;
  fhir.tls = parts->options.tls;
  fhir.body_bytes_max = sandbox_body_bytes_max;
  auto server = HttpServer::start(
      std::move(fhir),
      [self](const HttpRequest& request, const HttpReply& reply) { reply(self->answer(request)); }, env);
  if (!server.ok()) return std::move(server).error();
  parts->server = std::move(*server);

  const std::string address = "https://localhost:" + std::to_string(parts->server->port());
  auto zone = TimeZone::load("Europe/Paris");
  parts->page.emplace(SandboxAddresses{address + parts->options.base, address + std::string(webhook_path)},
                      parts->arrivals, parts->faults, zone.ok() ? *zone : TimeZone::utc());
  HttpServerOptions page;
  page.listen = parts->options.page_listen;
  page.body_bytes_max = page_body_bytes_max;
  auto page_server = HttpServer::start(
      std::move(page),
      [self](const HttpRequest& request, const HttpReply& reply) { reply(self->page->answer(request)); },
      env);
  if (!page_server.ok()) return error_of(page_server.error().code, "page: " + page_server.error().text);
  parts->page_server = std::move(*page_server);
  return std::make_unique<Sandbox>(std::move(parts));
}

Sandbox::Sandbox(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Sandbox::~Sandbox() = default;
int Sandbox::port() const { return parts_->server->port(); }
int Sandbox::page_port() const { return parts_->page_server->port(); }

std::string Sandbox::fhir_url() const {
  return "https://localhost:" + std::to_string(port()) + parts_->options.base;
}
std::string Sandbox::page_url() const { return "http://127.0.0.1:" + std::to_string(page_port()) + "/"; }

}  // namespace psl
