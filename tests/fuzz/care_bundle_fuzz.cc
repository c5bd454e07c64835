// Any event, however odd, becomes a bundle that reads, with every reference inside it; any bytes are judged
// as a bundle without a fault of ours.
#include <cstddef>
#include <cstdint>
#include <string>

#include "fhir/care_bundle.h"
#include "fhir/care_check.h"
#include "fhir/json_value.h"
#include "gateway/base/result.h"
#include "passerelle/internal/v1/stored.pb.h"
#include "passerelle/v1/config.pb.h"
#include "passerelle/v1/delivery.pb.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace fhir = psl::fhir;
  if (size == 0) return 0;
  const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  fhir::check_care_bundle(bytes);
  passerelle::internal::v1::StoredEvent event;
  if (!event.ParseFromString(bytes)) return 0;
  passerelle::v1::Tenant tenant;
  tenant.set_name("t");
  tenant.mutable_organization()->set_national_id("1710000000");
  const auto dialect = data[0] % 2 == 0 ? fhir::Dialect::fr_core_2_1_0 : fhir::Dialect::fr_core_2_2_0;
  const fhir::CareBundle bundle = fhir::write_care_bundle(
      {event.request(), event.header(), event.care(), tenant, psl::Uuid(), psl::Instant{}, dialect});
  if (bundle.json.empty()) return 0;
  const auto tree = fhir::Tree::read(bundle.json);
  PSL_CHECK(tree.ok());
  PSL_CHECK(tree->root()["entry"].size() == bundle.entries.size());
  for (const fhir::CareFault& fault : fhir::check_care_bundle(bundle.json))
    PSL_CHECK(!fault.path.ends_with(".reference"));
  return 0;
}
