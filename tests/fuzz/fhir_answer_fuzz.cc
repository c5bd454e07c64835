// Any bytes as the answer of a repository or a FHIR server: read or refused, judged, and its tree walked
// without a fault. The length picks the status, so that an answer as it is written is an input.
#include <cstddef>
#include <cstdint>
#include <string>

#include "adapters/dmp/judgement.h"
#include "adapters/fhir/conditions.h"
#include "adapters/fhir/judgement.h"
#include "fhir/json_value.h"
#include "gateway/base/bytes.h"
#include "gateway/base/result.h"

namespace {

// Visits all of a value; what it holds is well-formed and finite.
size_t walk(psl::fhir::Value value) {
  PSL_CHECK(psl::is_utf8(value.text()) && psl::is_utf8(value.name()));
  size_t values = 1;
  size_t children = 0;
  for (const psl::fhir::Value each : value) {
    values += walk(each);
    ++children;
  }
  PSL_CHECK(children == value.size());
  return values;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // Twice those behind which an answer is read.
  static constexpr int statuses[] = {200, 201, 200, 201, 202, 302, 400, 403, 404, 409, 422, 500, 503, 0};
  static const psl::fhir::KnownResource subject = {
      "ServiceRequest",
      {"urn:ietf:rfc:3986|urn:uuid:a"},
      {"urn:ietf:rfc:3986|urn:uuid:00000000-0000-8000-8000-000000000002"},
      "active"};
  psl::HttpsExchange exchange;
  exchange.answered = true;
  exchange.answer.status = statuses[size % std::size(statuses)];
  exchange.answer.body.assign(reinterpret_cast<const char*>(data), size);
  psl::SentBundle sent = psl::read_sent(exchange.answer.body, "ServiceRequest?identifier=a");
  psl::with_conditions(exchange.answer.body, sent, {subject});
  for (const psl::Outcome& outcome :
       {psl::judge_search(exchange, "urn:oid:2.25.1", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
        psl::judge_provide(exchange, 3), psl::judge_publish(exchange),
        psl::judge_transaction(exchange, {{"Patient"}, {"ServiceRequest"}}),
        psl::judge_presence(exchange, subject)}) {
    PSL_CHECK(!outcome.reason.empty());
    // Of an entry, its own.
    PSL_CHECK(!outcome.partner_code.empty());
  }
  const auto tree = psl::fhir::Tree::read(exchange.answer.body, {.values = 10'000});
  if (tree.ok()) PSL_CHECK(walk(tree->root()) <= 10'000);
  return 0;
}
