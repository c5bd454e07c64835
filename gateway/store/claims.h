// How a case is found by its person and its subject.
#pragma once

#include <string>
#include <string_view>

#include "gateway/base/hash.h"

namespace psl {

// What care_case keeps in place of the person's MAC.
inline std::string claim_of(std::string_view tenant, std::string_view subject, std::string_view person_mac) {
  return sha256_of_parts({"claim", tenant, subject, person_mac});
}

}  // namespace psl
