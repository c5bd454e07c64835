// CPU that one call costs, for the benches.
#pragma once

#include <cstddef>
#include <ctime>
#include <functional>

namespace psl::bench {

inline double cpu_us() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

// Over as many calls as fit, `calls_at_once` between two looks at the clock; the first is not counted (it
// loads zones, fonts, tables). `work` gives a number that the compiler cannot leave out.
inline double cost_us(double seconds_each, const std::function<size_t()>& work, int calls_at_once = 1) {
  static volatile size_t bytes_made = 0;
  bytes_made = bytes_made + work();
  const double begun = cpu_us();
  int calls = 0;
  do {
    for (int i = 0; i < calls_at_once; ++i) bytes_made = bytes_made + work();
    calls += calls_at_once;
  } while (cpu_us() - begun < seconds_each * 1e6);
  return (cpu_us() - begun) / calls;
}

}  // namespace psl::bench
