// What one orientation, enrolment or change of circle costs in CPU as a FHIR transaction. Beside each figure,
// in the same run, what it takes to read the same event from its stored bytes: read the ratio.
//
//   care_bench [SECONDS a line]
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <string>

#include "fhir/care_bundle.h"
#include "tests/fhir/care_fixtures.h"

namespace psl::fhir {
namespace {

// Keeps the compiler from leaving out what is only measured.
volatile size_t bytes_made = 0;

double cpu_us() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

// CPU of one call, over as many calls as fit; the first is not counted.
double cost_us(double seconds_each, const std::function<size_t()>& work) {
  bytes_made = bytes_made + work();
  const double begun = cpu_us();
  int calls = 0;
  do {
    for (int i = 0; i < 100; ++i) bytes_made = bytes_made + work();
    calls += 100;
  } while (cpu_us() - begun < seconds_each * 1e6);
  return (cpu_us() - begun) / calls;
}

void measure(const test::NamedSample& one, double seconds_each) {
  const test::CareSample& sample = one.sample;
  test::stored::StoredEvent event;
  *event.mutable_request() = sample.request;
  *event.mutable_header() = sample.header;
  *event.mutable_care() = sample.care;
  const std::string bytes = event.SerializeAsString();
  const double read_us = cost_us(seconds_each, [&bytes] {
    test::stored::StoredEvent read;
    PSL_CHECK(read.ParseFromString(bytes));
    return static_cast<size_t>(read.issues_size());
  });
  const double us = cost_us(seconds_each, [&sample] { return sample.bundle().json.size(); });
  const CareBundle bundle = sample.bundle();
  std::printf("| %s | %zu | %zu | %.1f | %.1f |\n", one.name.c_str(), bundle.entries.size(),
              bundle.json.size(), us, us / read_us);
  std::fflush(stdout);
}

}  // namespace
}  // namespace psl::fhir

int main(int argc, char** argv) {
  const double seconds_each = argc > 1 ? std::atof(argv[1]) : 1;
  std::printf(
      "| event | entries | bytes | us CPU | x reading the event |\n| --- | --- | --- | --- | --- |\n");
  for (const auto& one : psl::fhir::test::all_samples()) psl::fhir::measure(one, seconds_each);
  return 0;
}
