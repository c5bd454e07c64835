// Any event, however odd, becomes a bundle that reads, with every reference inside it, in both dialects; any
// bytes are judged as a bundle without a fault of ours.
#include <google/protobuf/stubs/logging.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "fhir/care_bundle.h"
#include "fhir/care_check.h"
#include "fhir/json_value.h"
#include "gateway/base/result.h"
#include "tests/fuzz/message_mutator.h"
#include "tests/fuzz/right_care.h"

namespace {

namespace fhir = psl::fhir;

void write_and_check(const psl::stored::StoredEvent& event, const passerelle::v1::Tenant& tenant,
                     fhir::Dialect dialect) {
  const fhir::CareBundle bundle = fhir::write_care_bundle(
      {event.request(), event.header(), event.care(), tenant, psl::Uuid(), psl::Instant{}, dialect});
  if (bundle.json.empty()) return;
  const auto tree = fhir::Tree::read(bundle.json);
  PSL_CHECK(tree.ok());
  PSL_CHECK(tree->root()["entry"].size() == bundle.entries.size());
  for (const fhir::CareFault& fault : fhir::check_care_bundle(bundle.json))
    PSL_CHECK(!fault.path.ends_with(".reference"));
}

}  // namespace

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned seed) {
  psl::stored::StoredEvent event;
  return psl::test::mutate_message_input(data, size, max_size, seed, event,
                                         [&](unsigned which) { event = psl::test::right_care(which); });
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // It tells of every string that is not UTF-8.
  static const google::protobuf::LogSilencer quiet;
  fhir::check_care_bundle({reinterpret_cast<const char*>(data), size});
  psl::stored::StoredEvent event;
  if (!event.ParseFromArray(data, static_cast<int>(size))) return 0;
  passerelle::v1::Tenant tenant;
  tenant.set_name("t");
  tenant.mutable_organization()->set_national_id("1710000000");
  for (const auto dialect : {fhir::Dialect::fr_core_2_1_0, fhir::Dialect::fr_core_2_2_0})
    write_and_check(event, tenant, dialect);
  return 0;
}
