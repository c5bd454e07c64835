// Care bundles read back, as a server reads them.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fhir/care_bundle.h"
#include "fhir/care_check.h"
#include "fhir/json_value.h"
#include "passerelle/v1/delivery.pb.h"

namespace psl::fhir::test {

inline Tree read(const CareBundle& bundle) {
  auto tree = Tree::read(bundle.json);
  EXPECT_TRUE(tree.ok()) << (tree.ok() ? "" : tree.error().text);
  return std::move(*tree);
}

// The resources of one type, in order.
inline std::vector<Value> resources(const Tree& bundle, std::string_view type) {
  std::vector<Value> found;
  for (const Value entry : bundle.root()["entry"]) {
    if (entry.text("resource.resourceType") == type) found.push_back(entry["resource"]);
  }
  return found;
}

// Of the first resource of a type: what its condition asks for.
inline std::string condition_of(const CareBundle& bundle, std::string_view type) {
  const Tree tree = read(bundle);
  for (const Value entry : tree.root()["entry"]) {
    if (entry.text("resource.resourceType") != type) continue;
    const Value request = entry["request"];
    return std::string(request.text("ifNoneExist").empty() ? request.text("url")
                                                           : request.text("ifNoneExist"));
  }
  return {};
}

// The paths of the issues with a code, with a space behind each.
inline std::string paths_of(const CareBundle& bundle, const std::string& code) {
  std::string paths;
  for (const auto& issue : bundle.issues) {
    if (issue.code() == code) paths += issue.path() + " ";
  }
  return paths;
}

inline bool has_issue(const CareBundle& bundle, const std::string& code) {
  return !paths_of(bundle, code).empty();
}

inline std::string faults_text(const std::string& json) {
  std::string text;
  for (const CareFault& fault : check_care_bundle(json)) text += fault.path + ": " + fault.text + "\n";
  return text;
}

}  // namespace psl::fhir::test
