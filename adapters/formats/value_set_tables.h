// Tables that stand in files of their own, for value_sets.cc alone.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

#include "adapters/formats/value_sets.h"

namespace psl {

// In the order that find_concept searches. A table is written as it was published; no code stands twice in
// one.
template <size_t count>
constexpr std::array<Concept, count> sorted_by_code(const Concept (&table)[count]) {
  std::array<Concept, count> sorted{};
  std::copy(std::begin(table), std::end(table), sorted.begin());
  std::sort(sorted.begin(), sorted.end(), [](const Concept& a, const Concept& b) { return a.code < b.code; });
  return sorted;
}

// JDV_J01, sorted.
std::span<const Concept> author_specialties();

// One of the sets of a letter's content, sorted; empty for another set.
std::span<const Concept> clinical_concepts(ValueSet set);

}  // namespace psl
