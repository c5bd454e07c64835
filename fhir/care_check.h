// The rules that our own bundles of orientations, enrolments and circles keep, whatever the event: held in
// tests, and by whoever wants to know whether a bundle is one of ours.
#pragma once

#include <string>
#include <vector>

namespace psl::fhir {

// `path`: "entry[2].resource.status". `text`: what is expected, in English, never what is there.
struct CareFault {
  std::string path;
  std::string text;
};

// Of a transaction that write_care_bundle() gave; empty: none. At most 100 are told. Rules: every entry has a
// fullUrl of its own and is conditional; every reference leads to an entry, or to something contained;
// identifiers have use, system and value; what R4, fr-core and CDS 2.0.1 require is there; codes of the R4
// value sets that we use; no empty text, object or array; no period that ends before it starts. Bytes that
// are no JSON are one fault.
std::vector<CareFault> check_care_bundle(std::string json);

}  // namespace psl::fhir
