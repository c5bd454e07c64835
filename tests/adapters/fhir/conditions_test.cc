#include "adapters/fhir/conditions.h"

#include <gtest/gtest.h>

#include "tests/adapters/fhir/fhir_shelf.h"

namespace psl {
namespace {

using test::orientation_bundle;
using test::orientation_search;

constexpr const char* system = "urn:ietf:rfc:3986|urn:uuid:";

fhir::KnownResource held(const std::string& type, const std::string& identifier, const std::string& order,
                         const std::string& id = "17", const std::string& version = "3") {
  return {.type = type,
          .identifiers = {system + identifier},
          .tags = {std::string(fhir::own_order_system) + "|" + order},
          .status = "active",
          .id = id,
          .version = version};
}

// Method and url of each request, and its condition.
std::vector<std::string> requests_to(const std::vector<fhir::KnownResource>& what,
                                     SentBundle* sent = nullptr) {
  const std::string body = orientation_bundle("0002");
  SentBundle own = read_sent(body, orientation_search);
  SentBundle& read = sent == nullptr ? own : *sent;
  read = own;
  const auto tree = fhir::Tree::read(with_conditions(body, read, what));
  EXPECT_TRUE(tree.ok());
  std::vector<std::string> requests;
  for (const fhir::Value entry : tree->root()["entry"]) {
    const fhir::Value request = entry["request"];
    requests.push_back(std::string(request.text("method")) + " " + std::string(request.text("url")) + " " +
                       std::string(request.text("ifNoneExist")) + std::string(request.text("ifMatch")));
  }
  return requests;
}

const std::string patient = "POST Patient identifier=urn%3Aoid%3A1.2.250.1.213.1.4.10%7C1";
const std::string query_a = "identifier=urn%3Aietf%3Arfc%3A3986%7Curn%3Auuid%3Aa";
const std::string query_b = "identifier=urn%3Aietf%3Arfc%3A3986%7Curn%3Auuid%3Ab";

TEST(FhirConditions, MakeWhatIsNotThere) {
  // A creation that finds what came meanwhile leaves it; who is sent anyway so stays as it is.
  SentBundle sent;
  EXPECT_EQ(requests_to({}, &sent),
            (std::vector<std::string>{patient, "POST ServiceRequest " + query_a, "POST Task " + query_b}));
  EXPECT_FALSE(sent.entries[0].is_made);
  EXPECT_TRUE(sent.entries[1].is_made && sent.entries[2].is_made);
}

TEST(FhirConditions, ReplaceTheVersionThatWasSeen) {
  // By id, each in its version; what the server found besides is nothing of ours.
  SentBundle sent;
  EXPECT_EQ(requests_to({held("Task", "b", "1", "t.1", "8"), held("ServiceRequest", "a", "2"),
                         held("ServiceRequest", "b", "9"), held("Task", "x", "9")},
                        &sent),
            (std::vector<std::string>{patient, R"(PUT ServiceRequest/17 W/"3")", R"(PUT Task/t.1 W/"8")"}));
  EXPECT_FALSE(sent.entries[1].is_made || sent.entries[2].is_made);
}

TEST(FhirConditions, LeaveWhatIsLater) {
  // Of a circle that has gone on since an enrolment: the one is left, the other is brought up to date.
  SentBundle sent;
  EXPECT_EQ(requests_to({held("ServiceRequest", "a", "1"), held("Task", "b", "3")}, &sent),
            (std::vector<std::string>{patient, R"(PUT ServiceRequest/17 W/"3")", "POST Task " + query_b}));
  EXPECT_FALSE(sent.entries[2].is_made);
}

TEST(FhirConditions, KeepTheConditionalUpdateWhereNothingBetterIsKnown) {
  // No version, an id that is none (nothing of a server's goes unread into what we send), the same twice.
  const std::vector<std::string> as_written = {patient, "PUT ServiceRequest?" + query_a + " ",
                                               "PUT Task?" + query_b + " "};
  EXPECT_EQ(requests_to({held("ServiceRequest", "a", "1", "17", ""), held("Task", "b", "1", "", "1")}),
            as_written);
  EXPECT_EQ(
      requests_to({held("ServiceRequest", "a", "1", R"(1","x":")"), held("Task", "b", "1", "1", "1/2")}),
      as_written);
  EXPECT_EQ(requests_to({held("ServiceRequest", "a", "1"), held("ServiceRequest", "a", "1", "18"),
                         held("Task", "b", "1"), held("Task", "b", "1", "18")}),
            as_written);
}

TEST(FhirConditions, AskAboutOneTypeInOneQuestion) {
  // At most 40 identifiers in each, so that no URL grows too long; who is made once is not asked about.
  SentBundle sent = read_sent(orientation_bundle("0001"), orientation_search);
  const std::string rest = "&_count=100&_elements=id,identifier,status,meta";
  EXPECT_EQ(questions_of(sent),
            (std::vector<std::string>{"/ServiceRequest?" + query_a + rest, "/Task?" + query_b + rest}));
  const SentEntry task = sent.entries[2];
  sent.entries.assign(41, task);
  const std::vector<std::string> questions = questions_of(sent);
  ASSERT_EQ(questions.size(), 2U);
  EXPECT_EQ(std::count(questions[0].begin(), questions[0].end(), ','), 39 + 3);
  EXPECT_EQ(questions[1], "/Task?" + query_b + rest);
  EXPECT_TRUE(questions_of({}).empty());
}

TEST(FhirConditions, TellALaterStateByItsOrder) {
  // The greatest of the tags that a server has kept counts; one without is as old as can be.
  fhir::KnownResource both = held("Task", "b", "1");
  both.tags.push_back(held("Task", "b", "12").tags[0]);
  EXPECT_TRUE(is_newer(both, held("Task", "b", "9")));
  EXPECT_FALSE(is_newer(both, held("Task", "b", "12")));
  EXPECT_FALSE(is_newer({}, both));
  EXPECT_TRUE(is_newer(both, {}));
  EXPECT_FALSE(is_newer({}, {}));
}

}  // namespace
}  // namespace psl
