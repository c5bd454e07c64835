// How a person is known to the ledger: by keyed comparisons of the INS and of the traits, which tell nothing.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "gateway/core/seams.h"

namespace passerelle::v1 {
class Patient;
}

namespace psl {

struct PersonMacs {
  // Of a qualified INS; else empty.
  std::string ins;
  // Of birth name, first birth given name, sex, birth date and birth place, the names without accents, case,
  // hyphens, apostrophes and spaces (RNIV 1 EXI PP 20); empty without a name and a birth date.
  std::string traits;

  // The one that the person is known by. The two are never joined by resemblance.
  const std::string& key() const noexcept { return ins.empty() ? traits : ins; }
  std::array<std::string, 2> both() const { return {ins, traits}; }
};

// Errors as Sealer::mac.
Result<PersonMacs> person_macs(Sealer& sealer, std::string_view tenant,
                               const passerelle::v1::Patient& patient);

}  // namespace psl
