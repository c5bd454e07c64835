// The FHIR endpoint of the sandbox: PDSm's ITI-65 and ITI-105, transactions of resources that have a state,
// and what their senders ask afterwards. Its answers are those that a repository gives; what it keeps is gone
// with the process.
#pragma once

#include <string>
#include <string_view>

#include "fhir/json_value.h"
#include "gateway/base/env.h"
#include "gateway/net/http_server.h"
#include "gateway/sandbox/arrivals.h"
#include "gateway/sandbox/findings.h"
#include "gateway/sandbox/publication.h"

namespace psl {

// Called by one thread.
class FhirDesk {
 public:
  // `base`: the path of the endpoint, "/fhir". The references outlive it.
  FhirDesk(std::string base, Arrivals& arrivals, Env& env);

  // `path`: of the request below the base: "" or "/DocumentReference/3".
  HttpResponse answer(const HttpRequest& request, std::string_view path);

 private:
  HttpResponse read(const HttpRequest& request, std::string_view path);
  HttpResponse write(const HttpRequest& request, std::string_view path);
  HttpResponse read_one(const HttpRequest& request, std::string_view type, std::string_view id);
  HttpResponse search(const HttpRequest& request, std::string_view type);
  HttpResponse capabilities(const HttpRequest& request) const;
  // As the client names us: for fullUrl and Location.
  std::string base_url(const HttpRequest& request) const;
  HttpResponse publish(const HttpRequest& request, fhir::Value reference);
  HttpResponse provide(fhir::Value bundle);

  const std::string base_;
  Arrivals& arrivals_;
  Env& env_;
};

// An answer of FHIR: JSON that browsers and caches leave alone.
HttpResponse fhir_answer(int status, std::string body);
// An OperationOutcome with one error.
HttpResponse fhir_refusal(int status, std::string_view code, std::string_view text);

}  // namespace psl
