// One wrong field at a time, for the checks of each kind.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "gateway/intake/event_checks.h"
#include "tests/support/sample_care.h"

namespace psl {

inline constexpr Instant checks_now{sample_now_s * 1000000};

struct WrongField {
  const char* path;
  std::function<void(passerelle::v1::CoordinationEvent&)> breaks;
};

inline std::vector<FieldFault> care_faults(const passerelle::v1::SubmitEventRequest& request) {
  const Status status = check_event(request, sample_care_tenant(), Environment::test, checks_now);
  return status.ok() ? std::vector<FieldFault>{} : status.error().faults;
}

inline std::string paths_of(const std::vector<FieldFault>& faults) {
  std::string out;
  for (const FieldFault& fault : faults) out += fault.path + " (" + fault.text + ") ";
  return out;
}

// Each is found at its path, and by a text that holds nothing of what the sender wrote.
inline void expect_each_found(const passerelle::v1::SubmitEventRequest& right,
                              const std::vector<WrongField>& cases) {
  EXPECT_EQ(paths_of(care_faults(right)), "");
  for (size_t i = 0; i < cases.size(); ++i) {
    passerelle::v1::SubmitEventRequest request = right;
    cases[i].breaks(*request.mutable_event());
    const auto faults = care_faults(request);
    EXPECT_TRUE(std::ranges::any_of(faults, [&](const auto& fault) { return fault.path == cases[i].path; }))
        << "case " << i << " expects " << cases[i].path << ", found: " << paths_of(faults);
    for (const FieldFault& fault : faults)
      EXPECT_EQ(fault.text.find("SECRET"), std::string::npos) << fault.path;
  }
}

inline void expect_taken(passerelle::v1::SubmitEventRequest request,
                         const std::function<void(passerelle::v1::CoordinationEvent&)>& change) {
  change(*request.mutable_event());
  EXPECT_EQ(paths_of(care_faults(request)), "");
}

}  // namespace psl
