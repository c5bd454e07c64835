// Whatever is posted to the sandbox: it answers, keeps no more than it may, and gives back JSON that can be
// read.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "fhir/json_value.h"
#include "gateway/base/result.h"
#include "gateway/sandbox/fault.h"
#include "gateway/sandbox/fhir_desk.h"
#include "gateway/sandbox/query.h"
#include "gateway/sandbox/webhook_desk.h"

namespace {

void check_query(std::string_view text) {
  const auto parsed = psl::parse_query(text);
  if (parsed) PSL_CHECK(parsed->size() <= 50);
  psl::identifier_of_query(text);
  const auto fault = psl::parse_fault(text);
  if (fault.ok()) PSL_CHECK(psl::parse_fault(psl::text_of(*fault)).ok());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string body(data, data + size);
  check_query(body);
  psl::Arrivals arrivals({.count = 4, .bytes = size_t{1} << 20});
  psl::FhirDesk fhir("/fhir", arrivals, psl::system_env());
  psl::WebhookDesk webhook(std::nullopt, arrivals, psl::system_env());
  const psl::HttpHeaders headers = {
      {"content-type", "application/fhir+json"}, {"webhook-id", "a"}, {"host", "x"}};
  // Twice: the second time the first one's document may be there.
  for (int i = 0; i < 2; ++i) {
    fhir.answer({"POST", "/fhir", headers, body}, "");
    fhir.answer({"POST", "/fhir/DocumentReference", headers, body}, "/DocumentReference");
    webhook.answer({"POST", "/webhook/outil", headers, body}, "outil");
  }
  for (const psl::Arrival& arrival : arrivals.list())
    PSL_CHECK(psl::fhir::Tree::read(std::string(psl::view(arrival.resource))).ok());
  const auto found = fhir.answer({"GET", "/fhir/DocumentReference", headers, ""}, "/DocumentReference");
  PSL_CHECK(psl::fhir::Tree::read(found.body).ok());
  return 0;
}
