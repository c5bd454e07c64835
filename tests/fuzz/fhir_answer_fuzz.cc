// Any bytes as a repository's answer: read or refused, judged, and its tree walked without a fault.
#include <cstddef>
#include <cstdint>
#include <string>

#include "adapters/dmp/judgement.h"
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
  static constexpr int statuses[] = {200, 201, 202, 302, 400, 403, 404, 409, 422, 500, 503, 0};
  if (size == 0) return 0;
  psl::HttpsExchange exchange;
  exchange.answered = true;
  exchange.answer.status = statuses[data[0] % std::size(statuses)];
  exchange.answer.body.assign(reinterpret_cast<const char*>(data) + 1, size - 1);
  const psl::fhir::KnownResource subject =
      psl::read_sent(exchange.answer.body, "ServiceRequest?identifier=a").subject;
  for (const psl::Outcome& outcome :
       {psl::judge_search(exchange, "urn:oid:2.25.1", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
        psl::judge_provide(exchange, 3), psl::judge_publish(exchange),
        psl::judge_transaction(exchange, {"Patient", "ServiceRequest"}),
        psl::judge_presence(exchange, subject)}) {
    PSL_CHECK(!outcome.reason.empty());
    // Of an entry, its own.
    PSL_CHECK(!outcome.partner_code.empty());
  }
  const auto tree = psl::fhir::Tree::read(exchange.answer.body, {.values = 10'000});
  if (tree.ok()) PSL_CHECK(walk(tree->root()) <= 10'000);
  return 0;
}
