// What one orientation, enrolment or change of circle costs in CPU as a FHIR transaction. Beside each figure,
// in the same run, what it takes to read the same event from its stored bytes: read the ratio.
//
//   care_bench [SECONDS a line]
#include <cstdio>
#include <cstdlib>
#include <string>

#include "fhir/care_bundle.h"
#include "tests/bench/cost.h"
#include "tests/fhir/care_fixtures.h"

namespace psl::fhir {
namespace {

// So short that the clock would count.
constexpr int calls_at_once = 100;

void measure(const test::NamedSample& one, double seconds_each) {
  const test::CareSample& sample = one.sample;
  test::stored::StoredEvent event;
  *event.mutable_request() = sample.request;
  *event.mutable_header() = sample.header;
  *event.mutable_care() = sample.care;
  const std::string bytes = event.SerializeAsString();
  const double read_us = bench::cost_us(
      seconds_each,
      [&bytes] {
        test::stored::StoredEvent read;
        PSL_CHECK(read.ParseFromString(bytes));
        return static_cast<size_t>(read.issues_size());
      },
      calls_at_once);
  const double us = bench::cost_us(
      seconds_each, [&sample] { return sample.bundle().json.size(); }, calls_at_once);
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
