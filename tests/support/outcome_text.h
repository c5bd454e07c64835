// Outcomes in assertions: compared, and readable when they differ.
#pragma once

#include <ostream>

#include "gateway/core/outcome.h"

namespace psl {

inline void PrintTo(const Outcome& outcome, std::ostream* out) {
  *out << static_cast<int>(outcome.verdict) << " " << outcome.reason << " " << outcome.partner_code
       << (outcome.partner_down ? " down" : "");
}
inline bool operator==(const Outcome& a, const Outcome& b) {
  return a.verdict == b.verdict && a.reason == b.reason && a.partner_code == b.partner_code &&
         a.partner_down == b.partner_down;
}

}  // namespace psl
