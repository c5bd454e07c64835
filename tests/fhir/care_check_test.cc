#include "fhir/care_check.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "fhir/care_codes.h"
#include "tests/fhir/care_fixtures.h"

namespace psl::fhir {
namespace {

// A bundle of ours with its first `from` replaced by `to`, or all of them.
std::string changed(std::string json, const std::string& from, const std::string& to, bool all = false) {
  size_t at = json.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  while (at != std::string::npos) {
    json.replace(at, from.size(), to);
    at = all ? json.find(from, at + to.size()) : std::string::npos;
  }
  return json;
}

bool tells(const std::string& json, const std::string& path) {
  const auto faults = check_care_bundle(json);
  return std::ranges::any_of(faults, [&](const CareFault& fault) { return fault.path.ends_with(path); });
}

TEST(CareCheck, FindsEachBrokenRule) {
  // One fault at a time in a bundle of ours, and the path that names it.
  struct Row {
    std::string from;
    std::string to;
    std::string path;
  };
  const std::string booked = test::admission_sample().bundle().json;
  ASSERT_TRUE(check_care_bundle(booked).empty());
  const Row rows[] = {
      {"\"type\":\"transaction\"", "\"type\":\"batch\"", "type"},
      {"\"fullUrl\":\"urn:uuid:", "\"fullUrl\":\"urn:oid:", ".fullUrl"},
      {"\"method\":\"POST\"", "\"method\":\"PUT\"", ".request.method"},
      {"\"url\":\"ServiceRequest?identifier=", "\"url\":\"ServiceRequest?subject=", ".request.url"},
      {"\"tag\":[{", "\"tag\":[{\"system\":\"urn:other\",\"code\":\"other\"},{", ".meta.tag"},
      {"\"system\":\"" + std::string(own_order_system), "\"system\":\"urn:other", ".meta.tag"},
      {"\"ifNoneExist\":\"identifier=", "\"ifNoneExist\":\"name=", ".request"},
      {"\"status\":\"in-progress\"", "\"status\":\"draft\"", ".status"},
      {"\"use\":\"official\"", "\"use\":\"old\"", ".use"},
      {"\"gender\":\"female\"", "\"gender\":\"other\"", ".gender"},
      {"\"authoredOn\":\"2026", "\"authoredOn\":\"2027", ".lastModified"},
      {"\"end\":\"2026", "\"end\":\"2025", "period"},
      {"\"city\":\"LOUHANS\"", "\"city\":\"\"", ".city"},
      {"\"comment\":\"Cabinet, 2e étage\"", "\"comment\":{}", ".comment"},
      {"\"intent\":\"order\",", "", ".intent"}};
  for (const Row& row : rows) {
    const bool all = row.from == "\"authoredOn\":\"2026";
    EXPECT_TRUE(tells(changed(booked, row.from, row.to, all), row.path)) << row.from;
  }
}

TEST(CareCheck, FindsAReferenceThatLeadsNowhere) {
  // To no entry; to nothing contained; a contained resource that nobody refers to.
  const std::string plan = test::enrolment_sample("status: ACTIVE").bundle().json;
  EXPECT_TRUE(tells(changed(plan, "\"reference\":\"urn:uuid:", "\"reference\":\"urn:uuid:0"), ".reference"));
  EXPECT_TRUE(tells(changed(plan, "\"reference\":\"#goal-1\"", "\"reference\":\"#goal-2\""), ".contained"));
}

TEST(CareCheck, TakesAnyBytes) {
  // What is no JSON, or no Bundle, has faults; nothing is thrown.
  EXPECT_EQ(check_care_bundle("").size(), 1U);
  EXPECT_EQ(check_care_bundle("{").size(), 1U);
  EXPECT_FALSE(check_care_bundle("[]").empty());
  EXPECT_FALSE(check_care_bundle("{\"resourceType\":\"Bundle\",\"entry\":[1,{}]}").empty());
}

TEST(CareCheck, TellsAtMostAHundredFaults) {
  // However broken.
  std::string json = "{\"entry\":[";
  for (int i = 0; i < 200; ++i) json += i == 0 ? "{}" : ",{}";
  EXPECT_EQ(check_care_bundle(json + "]}").size(), 100U);
}

}  // namespace
}  // namespace psl::fhir
