// Which edition of the French base profiles a server stands on.
#pragma once

namespace psl::fhir {

// fr-core: some elements have no common form (docs/fhir-targets.md).
enum class Dialect { fr_core_2_1_0, fr_core_2_2_0 };

}  // namespace psl::fhir
