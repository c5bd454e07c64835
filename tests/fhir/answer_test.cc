#include "fhir/answer.h"

#include <gtest/gtest.h>

namespace psl::fhir {
namespace {

Tree read(std::string json) {
  auto tree = Tree::read(std::move(json));
  EXPECT_TRUE(tree.ok());
  return std::move(*tree);
}

TEST(FhirAnswer, ReadsTheCodesOfAnOperationOutcomeOnly) {
  // Severity, code and the first detail; the server's own words are left where they are.
  const Tree tree = read(R"({"resourceType":"OperationOutcome","issue":[
    {"severity":"warning","code":"processing","diagnostics":"DUPONT","details":{"text":"DUPONT",
     "coding":[{"code":"PartialReplaceContentNotProcessed"}]}},
    {"severity":"fatal","code":"not-found"},{}]})");
  const auto issues = read_issues(tree.root());
  ASSERT_TRUE(issues.has_value());
  ASSERT_EQ(issues->size(), 3U);
  EXPECT_EQ((*issues)[0].detail, "PartialReplaceContentNotProcessed");
  EXPECT_FALSE((*issues)[0].is_error());
  EXPECT_EQ((*issues)[1].code, "not-found");
  EXPECT_TRUE((*issues)[1].is_error());
  EXPECT_EQ((*issues)[2].severity, "");
}

TEST(FhirAnswer, ReadsAtMostAHundredIssues) {
  // A flood of issues costs no more than a hundred.
  std::string json = R"({"resourceType":"OperationOutcome","issue":[{"code":"invalid"})";
  for (int i = 0; i < 1000; ++i) json += R"(,{"code":"invalid"})";
  const Tree tree = read(json + "]}");
  EXPECT_EQ(read_issues(tree.root())->size(), 100U);
}

TEST(FhirAnswer, ReadsATransactionResponseEntryByEntry) {
  // Status numbers in their order, 0 for what is none, and the issues of each entry.
  const Tree tree = read(R"({"resourceType":"Bundle","type":"transaction-response","entry":[
    {"response":{"status":"201 Created","location":"List/1"}}, {"response":{"status":"200"}},
    {"response":{"status":"Created"}}, {"response":{"status":"2010"}}, {"response":{}}, {},
    {"response":{"status":"422 Bad","outcome":{"resourceType":"OperationOutcome",
      "issue":[{"severity":"error","code":"invalid"}]}}}]})");
  const auto entries = read_transaction_response(tree.root());
  ASSERT_TRUE(entries.has_value());
  std::vector<int> statuses;
  for (const EntryAnswer& each : *entries) statuses.push_back(each.status);
  EXPECT_EQ(statuses, (std::vector<int>{201, 200, 0, 0, 0, 0, 422}));
  EXPECT_EQ(entries->back().issues.at(0).code, "invalid");
}

TEST(FhirAnswer, ReadsWhatASearchFound) {
  // Identifier and hash of each DocumentReference, and whether there are more pages; other resources are
  // passed over.
  const Tree tree =
      read(R"({"resourceType":"Bundle","type":"searchset","link":[{"relation":"self"},{"relation":"next"}],
    "entry":[{"resource":{"resourceType":"DocumentReference","masterIdentifier":{"value":"urn:oid:1.2"},
      "content":[{"attachment":{"hash":"2jmj7l5rSw0yVb/vlWAYkK/YBwk="}}]}},
      {"resource":{"resourceType":"OperationOutcome"}},
      {"resource":{"resourceType":"DocumentReference"}}]})");
  const auto found = read_search(tree.root());
  ASSERT_TRUE(found.has_value());
  EXPECT_TRUE(found->has_more);
  ASSERT_EQ(found->documents.size(), 2U);
  EXPECT_EQ(found->documents[0].urn, "urn:oid:1.2");
  EXPECT_EQ(found->documents[0].sha1, "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  EXPECT_EQ(found->documents[1].sha1, "");
}

TEST(FhirAnswer, TakesAHashInBothSpellings) {
  // 20 bytes, or their 40 digits, in base64; what is neither tells nothing.
  const auto sha1 = [](const std::string& hash) {
    const Tree tree = read(R"({"resourceType":"Bundle","type":"searchset","entry":[{"resource":
      {"resourceType":"DocumentReference","content":[{"attachment":{"hash":")" +
                           hash + R"("}}]}}]})");
    return read_search(tree.root())->documents.at(0).sha1;
  };
  const std::string hex = "da39a3ee5e6b4b0d3255bfef95601890afd80709";
  EXPECT_EQ(sha1("2jmj7l5rSw0yVb/vlWAYkK/YBwk="), hex);
  EXPECT_EQ(sha1("REEzOUEzRUU1RTZCNEIwRDMyNTVCRkVGOTU2MDE4OTBBRkQ4MDcwOQ=="), hex);
  EXPECT_EQ(sha1("REEzOUEzRUU1RTZCNEIwRDMyNTVCRkVGOTU2MDE4OTBBRkQ4MDcwWg=="), "");
  EXPECT_EQ(sha1("Zm9v"), "");
  EXPECT_EQ(sha1("no base64!"), "");
}

TEST(FhirAnswer, SaysNothingOfAnotherResource) {
  // Each reader knows its own resource and type of Bundle.
  for (const char* json : {R"({"resourceType":"Bundle","type":"batch-response"})",
                           R"({"resourceType":"Patient"})", "[]", "1", "null", R"({"type":"searchset"})"}) {
    const Tree tree = read(json);
    EXPECT_FALSE(read_issues(tree.root()).has_value()) << json;
    EXPECT_FALSE(read_transaction_response(tree.root()).has_value()) << json;
    EXPECT_FALSE(read_search(tree.root()).has_value()) << json;
  }
}

TEST(FhirAnswer, ReadsByWhatAResourceIsKnownAgain) {
  // Type, identifiers, tags, status, id and version; also of a resource that was updated many times.
  std::string tags = R"({"code":"SUBSETTED"})";
  for (int i = 0; i < 5000; ++i)
    tags += R"(,{"system":"urn:ietf:rfc:3986","code":"urn:uuid:)" + std::to_string(i) + "\"}";
  const auto tree = Tree::read(R"({"resourceType":"CareTeam","id":"17","meta":{"versionId":"5000","tag":[)" +
                               tags + R"(]},"identifier":[{"system":"a","value":"b"}],"status":"active"})");
  const KnownResource known = read_known(tree->root());
  EXPECT_EQ(known.type, "CareTeam");
  EXPECT_EQ(known.identifiers, std::vector<std::string>{"a|b"});
  EXPECT_EQ(known.status, "active");
  EXPECT_EQ(known.id + " " + known.version, "17 5000");
  ASSERT_EQ(known.tags.size(), 5001U);
  EXPECT_EQ(known.tags.front(), "|SUBSETTED");
  EXPECT_EQ(known.tags.back(), "urn:ietf:rfc:3986|urn:uuid:4999");
}

}  // namespace
}  // namespace psl::fhir
