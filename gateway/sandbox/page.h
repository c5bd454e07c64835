// The page of the sandbox, in French: what arrived, one document, the faults in force. It works without
// JavaScript, and shows nothing that is not escaped.
#pragma once

#include <string>
#include <string_view>

#include "adapters/formats/calendar.h"
#include "gateway/net/http_server.h"
#include "gateway/sandbox/arrivals.h"
#include "gateway/sandbox/fault.h"

namespace psl {

// & < > " ' as HTML wants them, in text and in quoted attributes. What is not UTF-8, or a control character,
// becomes U+FFFD.
std::string html_text(std::string_view text);

// What a page says about the endpoint.
struct SandboxAddresses {
  std::string fhir;     // "https://localhost:8744/fhir"
  std::string webhook;  // "https://localhost:8744/webhook/"
};

// Called by one thread.
class Page {
 public:
  // The references outlive it.
  Page(SandboxAddresses addresses, Arrivals& arrivals, Faults& faults, TimeZone zone);

  // GET /, /documents/N, /documents/N/document, /documents/N/pdf, /style.css; POST /sandbox/faults
  // (fault=KIND..., or clear=1) and /sandbox/forget, as a form sends it. 403 to what names another host than
  // this machine (a page elsewhere whose name was made to lead here), and to a POST that comes from another
  // site.
  HttpResponse answer(const HttpRequest& request);

 private:
  HttpResponse read(std::string_view path);
  HttpResponse change(const HttpRequest& request);
  HttpResponse document(std::string_view rest);
  std::string list_page() const;
  std::string active_faults() const;
  std::string faults_section() const;
  std::string document_page(const Arrival& arrival) const;

  const SandboxAddresses addresses_;
  Arrivals& arrivals_;
  Faults& faults_;
  const TimeZone zone_;
};

}  // namespace psl
