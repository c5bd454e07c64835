#include "gateway/sandbox/fhir_desk.h"

#include "fhir/codes.h"
#include "gateway/base/bytes.h"
#include "gateway/base/hash.h"
#include "tests/adapters/fhir/fhir_shelf.h"
#include "tests/gateway/sandbox/posted.h"
#include "tests/support/fake_env.h"

namespace psl {
namespace {

using test::another_letter;
using test::bundle_of;
using test::get_of;
using test::json_of;
using test::post_of;
using test::publication_of;
using test::spoiled;

constexpr std::string_view sample_urn = "urn:oid:2.25.98765432101234567890";

class FhirDeskTest : public testing::Test {
 protected:
  HttpResponse ask(const HttpRequest& request) {
    return desk_.answer(request, request.path().substr(std::string_view("/fhir").size()));
  }
  HttpResponse provide(std::string bundle) { return ask(post_of("/fhir", std::move(bundle))); }
  HttpResponse publish(std::string reference, HttpHeaders headers = {}) {
    return ask(post_of("/fhir/DocumentReference", std::move(reference), std::move(headers)));
  }
  HttpResponse search(std::string_view urn) {
    return ask(get_of("/fhir/DocumentReference?" + fhir::identifier_query(urn) + "&_summary=true"));
  }
  // The refusal must name this element, and nothing was kept.
  void expect_refused(const HttpResponse& response, int status, std::string_view code,
                      std::string_view expression) {
    EXPECT_EQ(response.status, status) << response.body;
    const auto outcome = json_of(response.body);
    EXPECT_EQ(outcome.root().text("resourceType"), "OperationOutcome");
    bool named = false;
    for (const fhir::Value issue : outcome.root()["issue"])
      named |= issue.text("code") == code && issue.text("expression.0") == expression;
    EXPECT_TRUE(named) << expression << " in " << response.body;
    EXPECT_TRUE(arrivals_.list().empty());
  }

  SampleLetter letter_;
  FakeEnv env_;
  Arrivals arrivals_;
  FhirDesk desk_{"/fhir", arrivals_, env_};
};

TEST_F(FhirDeskTest, KeepsATransactionAndAnswersEachEntry) {
  // One entry of the answer per entry of the Bundle, in order, each with where to find what was made.
  const HttpResponse response = provide(bundle_of(letter_));
  ASSERT_EQ(response.status, 200) << response.body;
  const auto answer = json_of(response.body);
  EXPECT_EQ(answer.root().text("type"), "transaction-response");
  ASSERT_EQ(answer.root()["entry"].size(), 3U);
  for (const fhir::Value entry : answer.root()["entry"])
    EXPECT_EQ(entry.text("response.status"), "201 Created");
  EXPECT_EQ(answer.root().text("entry.0.response.location"), "List/1/_history/1");
  EXPECT_EQ(answer.root().text("entry.1.response.location"), "DocumentReference/2/_history/1");
  EXPECT_EQ(answer.root().text("entry.2.response.location"), "Binary/2/_history/1");
  const Arrival kept = arrivals_.list().at(0);
  EXPECT_EQ(kept.document_id, sample_urn);
  EXPECT_EQ(kept.title, "Lettre de liaison du service de cardiologie");
  EXPECT_EQ(view(kept.content), view(letter_.document.cda));
}

TEST_F(FhirDeskTest, GivesBackWhatItKept) {
  // The DocumentReference with its id and the place of its Binary; the Binary as bytes, or as FHIR when asked
  // for; the SubmissionSet.
  provide(bundle_of(letter_));
  const auto reference = json_of(ask(get_of("/fhir/DocumentReference/2")).body);
  EXPECT_EQ(reference.root().text("id"), "2");
  EXPECT_EQ(reference.root().text("content.0.attachment.url"), "Binary/2");
  EXPECT_EQ(reference.root().text("masterIdentifier.value"), sample_urn);
  const HttpResponse bytes = ask(get_of("/fhir/Binary/2"));
  EXPECT_EQ(bytes.body, view(letter_.document.cda));
  EXPECT_EQ(bytes.headers.at(0).second, "text/xml");
  const auto binary = json_of(ask(get_of("/fhir/Binary/2", {{"accept", "application/fhir+json"}})).body);
  EXPECT_EQ(binary.root().text("data"), base64_encode(view(letter_.document.cda)));
  EXPECT_EQ(json_of(ask(get_of("/fhir/List/1")).body).root().text("id"), "1");
  for (const char* absent :
       {"/fhir/DocumentReference/9", "/fhir/Binary/x", "/fhir/List/2", "/fhir/Patient/1"})
    EXPECT_EQ(ask(get_of(absent)).status, 404) << absent;
}

TEST_F(FhirDeskTest, FindsADocumentByItsIdentifier) {
  // As a sender asks that does not know whether its post arrived: the identifier, the hash and the size are
  // there.
  EXPECT_EQ(json_of(search(sample_urn).body).root().text("total"), "0");
  provide(bundle_of(letter_));
  const auto found = json_of(search(sample_urn).body);
  EXPECT_EQ(found.root().text("type"), "searchset");
  EXPECT_EQ(found.root().text("total"), "1");
  EXPECT_EQ(found.root().text("entry.0.fullUrl"), "https://localhost:8744/fhir/DocumentReference/2");
  const fhir::Value reference = found.root().at("entry.0.resource");
  EXPECT_EQ(reference.text("masterIdentifier.value"), sample_urn);
  EXPECT_EQ(reference.text("content.0.attachment.hash"), base64_encode(sha1(view(letter_.document.cda))));
  EXPECT_EQ(reference.text("content.0.attachment.size"), std::to_string(letter_.document.cda->size()));
  EXPECT_EQ(json_of(search("urn:oid:2.25.1").body).root().text("total"), "0");
  EXPECT_EQ(ask(get_of("/fhir/DocumentReference?identifier=%zz")).status, 400);
  EXPECT_EQ(json_of(ask(get_of("/fhir/DocumentReference?status=superseded")).body).root().text("total"), "0");
}

TEST_F(FhirDeskTest, KeepsNoSecondCopyOfARepeatedTransaction) {
  // ifNoneExist: 200 and the same places, and one document.
  provide(bundle_of(letter_));
  const auto again = json_of(provide(bundle_of(letter_)).body);
  EXPECT_EQ(again.root().text("entry.0.response.status"), "200 OK");
  EXPECT_EQ(again.root().text("entry.1.response.status"), "200 OK");
  EXPECT_EQ(again.root().text("entry.1.response.location"), "DocumentReference/2/_history/1");
  EXPECT_EQ(arrivals_.list().size(), 1U);
}

TEST_F(FhirDeskTest, RefusesADuplicateWithoutCondition) {
  // Without ifNoneExist the same identifier is an error.
  provide(bundle_of(letter_));
  const std::string bundle =
      spoiled(bundle_of(letter_), "\"DocumentReference\",\"ifNoneExist\"", "ifNoneExist", "x");
  const HttpResponse response = provide(bundle);
  EXPECT_EQ(response.status, 422);
  EXPECT_NE(response.body.find("duplicate"), std::string::npos);
}

TEST_F(FhirDeskTest, SupersedesTheReplacedDocument) {
  // The PATCH of the transaction changes the old one, and the relation leads to it.
  provide(bundle_of(letter_));
  const auto newer = another_letter("2.25.7", "2.25.98765432101234567890");
  const HttpResponse response = provide(bundle_of(newer));
  ASSERT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(json_of(response.body).root().text("entry.2.response.location"),
            "DocumentReference/2/_history/1");
  const auto old = json_of(ask(get_of("/fhir/DocumentReference/2")).body);
  EXPECT_EQ(old.root().text("status"), "superseded");
  EXPECT_EQ(old.root().text("meta.versionId"), "2");
  const auto found = json_of(search("urn:oid:2.25.7").body);
  EXPECT_EQ(found.root().text("entry.0.resource.relatesTo.0.target.reference"), "DocumentReference/2");
}

TEST_F(FhirDeskTest, RefusesToReplaceWhatIsNotThere) {
  // Both the PATCH and the relation are named, and nothing of the transaction is kept.
  const std::string bundle = bundle_of(another_letter("2.25.7", "2.25.1"));
  expect_refused(provide(bundle), 422, "not-found", "Bundle.entry[2].request.url");
  expect_refused(provide(bundle), 422, "not-found", "Bundle.entry[1].resource.relatesTo[0].target.reference");
}

TEST_F(FhirDeskTest, RefusesAnotherPatch) {
  // Only the status may change, and only to superseded.
  provide(bundle_of(letter_));
  const std::string bundle =
      spoiled(bundle_of(another_letter("2.25.7", "2.25.98765432101234567890")), "DocumentReference.status",
              "DocumentReference.status", "DocumentReference.date");
  EXPECT_EQ(provide(bundle).status, 422);
  EXPECT_EQ(arrivals_.list().size(), 1U);
}

TEST_F(FhirDeskTest, NamesWhatIsWrongInATransaction) {
  // One error at a time, each with its element; nothing is kept.
  const std::string good = bundle_of(letter_);
  const std::string reference = "\"resourceType\":\"DocumentReference\"";
  struct Case {
    std::string bundle, code, expression;
  };
  const std::string place = "Bundle.entry[1].resource";
  const std::string attachment = place + ".content[0].attachment";
  for (const Case& each : {
           Case{spoiled(good, "\"masterIdentifier\"", "\"use\":\"usual\"", "\"use\":\"official\""), "value",
                place + ".masterIdentifier.use"},
           Case{spoiled(good, "\"masterIdentifier\"", "urn:oid:2.25", "2.25"), "value",
                place + ".masterIdentifier.value"},
           Case{spoiled(good, reference, "\"custodian\"", "\"x\""), "required", place + ".custodian"},
           Case{spoiled(good, reference, "\"period\"", "\"x\""), "required", place + ".context.period.start"},
           Case{spoiled(good, reference, "\"size\":", "\"size\":1"), "value", attachment + ".size"},
           Case{spoiled(good, reference, "\"hash\":\"", "\"hash\":\"AAAA"), "value", attachment + ".hash"},
           Case{spoiled(good, "\"attachment\"", "urn:uuid:", "urn:uuid:0"), "not-found", attachment + ".url"},
           Case{spoiled(good, "\"attachment\"", "text/xml", "text/plain"), "value",
                attachment + ".contentType"},
           Case{spoiled(good, "\"resourceType\":\"Binary\"", "\"data\":\"", "\"data\":\"*"), "value",
                attachment + ".url.resolve().data"},
           Case{spoiled(good, "\"sourcePatientInfo\"", "\"#", "\"#x"), "invalid",
                place + ".context.sourcePatientInfo.reference"},
           Case{spoiled(good, "\"author\":", "\"#", "\"#x"), "invalid", place + ".author[0].reference"},
           Case{spoiled(good, "\"mode\"", "working", "snapshot"), "value", "Bundle.entry[0].resource.mode"},
           Case{spoiled(good, "ihe-sourceId", "ihe-sourceId", "other"), "required",
                "Bundle.entry[0].resource.extension"},
           Case{spoiled(good, "\"resourceType\":\"Binary\"", "Binary", "Observation"), "structure",
                "Bundle.entry[2].resource"},
           Case{spoiled(good, "\"url\":\"List\"", "\"List\"", "\"DocumentReference\""), "value",
                "Bundle.entry[0].request.url"},
           Case{spoiled(good, "identifier=", "identifier=", "subject="), "not-supported",
                "Bundle.entry[0].request.ifNoneExist"},
           Case{spoiled(good, "\"meta\"", "\"profile\"", "\"x\""), "required", "Bundle.meta.profile"},
       }) {
    expect_refused(provide(each.bundle), 422, each.code, each.expression);
  }
}

TEST_F(FhirDeskTest, RefusesWhatIsNoTransaction) {
  // Not JSON, another resource, another type of Bundle, another media type, another method: an
  // OperationOutcome each.
  EXPECT_EQ(provide("<Bundle/>").status, 400);
  EXPECT_EQ(provide("{\"resourceType\":\"Patient\"}").status, 400);
  EXPECT_EQ(provide("{\"resourceType\":\"Bundle\",\"type\":\"batch\"}").status, 400);
  expect_refused(provide("{\"resourceType\":\"Bundle\",\"type\":\"transaction\"}"), 422, "structure",
                 "Bundle.entry");
  HttpRequest xml = post_of("/fhir", "<Bundle/>");
  xml.headers = {{"content-type", "application/fhir+xml"}};
  EXPECT_EQ(ask(xml).status, 415);
  EXPECT_EQ(ask(post_of("/fhir/Patient", "{}")).status, 405);
  HttpRequest put = post_of("/fhir/DocumentReference/1", "{}");
  put.method = "PUT";
  EXPECT_EQ(ask(put).status, 405);
}

TEST_F(FhirDeskTest, KeepsASimplifiedPublish) {
  // 201 with Location; the document is fetched as Binary; a repeat under If-None-Exist is 200 and the same.
  const HttpResponse made = publish(publication_of(letter_));
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(made.headers.back(),
            (std::pair<std::string, std::string>{
                "Location", "https://localhost:8744/fhir/DocumentReference/1/_history/1"}));
  const auto reference = json_of(made.body);
  EXPECT_FALSE(reference.root().at("content.0.attachment.data").exists());
  EXPECT_EQ(reference.root().text("content.0.attachment.url"), "Binary/1");
  EXPECT_EQ(ask(get_of("/fhir/Binary/1")).body, view(letter_.document.cda));
  const HttpResponse again =
      publish(publication_of(letter_),
              {{"if-none-exist", fhir::identifier_query(sample_urn)}, {"prefer", "return=minimal"}});
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(again.body, "");
  EXPECT_EQ(publish(publication_of(letter_)).status, 422);
  EXPECT_EQ(arrivals_.list().size(), 1U);
}

TEST_F(FhirDeskTest, SupersedesByASimplifiedPublish) {
  // The replaced document is named by its identifier.
  publish(publication_of(letter_));
  const auto newer = another_letter("2.25.7", "2.25.98765432101234567890");
  EXPECT_EQ(publish(publication_of(newer)).status, 201);
  EXPECT_EQ(json_of(ask(get_of("/fhir/DocumentReference/1")).body).root().text("status"), "superseded");
  EXPECT_EQ(publish(publication_of(another_letter("2.25.8", "2.25.1"))).status, 422);
}

TEST_F(FhirDeskTest, NamesWhatIsWrongInASimplifiedPublish) {
  // The content stands in the attachment.
  const std::string good = publication_of(letter_);
  expect_refused(publish(spoiled(good, "\"attachment\"", "\"data\"", "\"x\"")), 422, "required",
                 "DocumentReference.content[0].attachment.data");
  expect_refused(publish(spoiled(good, "\"attachment\"", "\"hash\":\"", "\"hash\":\"AA")), 422, "value",
                 "DocumentReference.content[0].attachment.hash");
  expect_refused(publish("{\"resourceType\":\"Patient\"}"), 422, "structure", "DocumentReference");
  expect_refused(publish("[]"), 422, "structure", "DocumentReference");
}

TEST_F(FhirDeskTest, SaysWhatItCanDo) {
  // A client that asks for the capabilities first finds FHIR R4 and the two ways in.
  const auto statement = json_of(ask(get_of("/fhir/metadata")).body);
  EXPECT_EQ(statement.root().text("resourceType"), "CapabilityStatement");
  EXPECT_EQ(statement.root().text("fhirVersion"), "4.0.1");
  EXPECT_EQ(statement.root().text("rest.0.interaction.0.code"), "transaction");
  EXPECT_EQ(statement.root().text("implementation.url"), "https://localhost:8744/fhir");
}

TEST_F(FhirDeskTest, LetsTheOldestLeave) {
  // Memory is bounded by number and by bytes; what has left is not found any more, and may come again.
  Arrivals few({.count = 2, .bytes = size_t{1} << 20});
  FhirDesk desk("/fhir", few, env_);
  for (const char* id : {"2.25.1", "2.25.12", "2.25.123"})
    ASSERT_EQ(desk.answer(post_of("/fhir", bundle_of(another_letter(id))), "").status, 200);
  EXPECT_EQ(few.list().size(), 2U);
  EXPECT_EQ(few.pushed_out(), 1);
  EXPECT_FALSE(few.find_document("urn:oid:2.25.1"));
  EXPECT_TRUE(few.find_document("urn:oid:2.25.123"));
  Arrivals small({.count = 100, .bytes = 10});
  small.add({.number = 1,
             .at = {},
             .form = "webhook",
             .document_id = "a",
             .type = "",
             .title = "",
             .status = "",
             .resource = make_bytes("0123456"),
             .media_type = "",
             .content = nullptr});
  small.add({.number = 2,
             .at = {},
             .form = "webhook",
             .document_id = "b",
             .type = "",
             .title = "",
             .status = "",
             .resource = make_bytes("0123456"),
             .media_type = "",
             .content = nullptr});
  EXPECT_EQ(small.list().size(), 1U);
  EXPECT_EQ(small.list().at(0).number, 2);
}

class ResourceDesk : public FhirDeskTest {
 protected:
  std::string searched(const std::string& query) { return ask(get_of("/fhir/" + query)).body; }
  static std::string response_of(const HttpResponse& response, const std::string& name) {
    std::string said;
    const auto tree = json_of(response.body);
    for (const fhir::Value entry : tree.root()["entry"])
      said += (said.empty() ? "" : " ") + std::string(entry.text("response." + name));
    return said;
  }
};

TEST_F(ResourceDesk, KeepsEachResourceOnce) {
  // Created, then the same again without a new version, then updated; what a conditional create finds stays.
  const HttpResponse made = provide(test::orientation_bundle("0001"));
  ASSERT_EQ(made.status, 200) << made.body;
  EXPECT_EQ(response_of(made, "status"), "201 Created 201 Created 201 Created");
  EXPECT_EQ(response_of(made, "location"),
            "Patient/1/_history/1 ServiceRequest/2/_history/1 Task/3/_history/1");
  const HttpResponse again = provide(test::orientation_bundle("0001"));
  EXPECT_EQ(response_of(again, "status"), "200 OK 200 OK 200 OK");
  EXPECT_EQ(response_of(again, "location"), response_of(made, "location"));
  const HttpResponse next = provide(test::orientation_bundle("0002", "accepted"));
  EXPECT_EQ(response_of(next, "location"),
            "Patient/1/_history/1 ServiceRequest/2/_history/2 Task/3/_history/2");
  EXPECT_EQ(arrivals_.list().size(), 3U);
}

TEST_F(ResourceDesk, FindsResourcesByTypeAndIdentifier) {
  // With the state of the last transaction; documents are not among them.
  provide(bundle_of(letter_));
  provide(test::orientation_bundle("0001", "accepted"));
  const auto found = json_of(searched("Task?identifier=urn%3Aietf%3Arfc%3A3986%7Curn%3Auuid%3Ab"));
  EXPECT_EQ(found.root().text("total"), "1");
  EXPECT_EQ(found.root().text("entry.0.resource.status"), "accepted");
  EXPECT_EQ(
      json_of(searched("Task?identifier=urn%3Aietf%3Arfc%3A3986%7Curn%3Auuid%3Aa")).root().text("total"),
      "0");
  EXPECT_EQ(json_of(searched("DocumentReference")).root().text("total"), "1");
  const std::string id(found.root().text("entry.0.resource.id"));
  EXPECT_EQ(ask(get_of("/fhir/Task/" + id)).status, 200);
  EXPECT_EQ(ask(get_of("/fhir/ServiceRequest/" + id)).status, 404);
  EXPECT_EQ(ask(get_of("/fhir/Binary/" + id)).status, 404);
}

TEST_F(ResourceDesk, ReplacesTheVersionThatIsAskedFor) {
  // By id, where it is the last; nothing of the transaction is kept where it is not, or where there is none.
  const std::string first = test::orientation_bundle("0001");
  ASSERT_EQ(provide(first).status, 200);
  const std::string updates = test::orientation_bundle("0002", "accepted");
  const std::string condition = R"("url":"Task?identifier=urn%3Aietf%3Arfc%3A3986%7Curn%3Auuid%3Ab")";
  const auto of_version = [&](const std::string& place, const std::string& version) {
    std::string bundle = updates;
    return bundle.replace(bundle.find(condition), condition.size(),
                          R"("url":")" + place + R"(","ifMatch":"W/\")" + version + R"(\"")");
  };
  const auto refused = [&](const std::string& place, const std::string& version) {
    const HttpResponse response = provide(of_version(place, version));
    return std::to_string(response.status) + " " +
           std::string(json_of(response.body).root().text("issue.0.code"));
  };
  EXPECT_EQ(refused("Task/3", "7"), "412 conflict");
  EXPECT_EQ(refused("Task/2", "1"), "422 not-found");
  EXPECT_EQ(refused("Task/b", "1"), "422 not-found");
  EXPECT_EQ(json_of(searched("Task")).root().text("entry.0.resource.status"), "requested");
  const HttpResponse done = provide(of_version("Task/3", "1"));
  ASSERT_EQ(done.status, 200) << done.body;
  EXPECT_EQ(response_of(done, "location"),
            "Patient/1/_history/1 ServiceRequest/2/_history/2 Task/3/_history/2");
}

TEST_F(ResourceDesk, TakesResourcesThatAreAllToBeMade) {
  // No PUT among them: still no document, and found by any of several identifiers.
  std::string bundle = test::orientation_bundle("0001");
  for (const std::string type : {"ServiceRequest", "Task"}) {
    const std::string put = R"("method":"PUT","url":")" + type + "?";
    bundle.replace(bundle.find(put), put.size(),
                   R"("method":"POST","url":")" + type + R"(","ifNoneExist":")");
  }
  const HttpResponse made = provide(bundle);
  ASSERT_EQ(made.status, 200) << made.body;
  EXPECT_EQ(response_of(provide(bundle), "status"), "200 OK 200 OK 200 OK");
  const auto found = json_of(searched(
      "Task?identifier=urn%3Aietf%3Arfc%3A3986%7Curn%3Auuid%3Ax,urn%3Aietf%3Arfc%3A3986%7Curn%3Auuid%3Ab"));
  EXPECT_EQ(found.root().text("total"), "1");
}

TEST_F(ResourceDesk, LeadsReferencesToWhatItKept) {
  // References inside the Bundle, at any depth.
  const std::string bundle = R"({"resourceType":"Bundle","type":"transaction","entry":[
    {"fullUrl":"urn:uuid:1","resource":{"resourceType":"Patient"},"request":{"method":"POST","url":"Patient"}},
    {"fullUrl":"urn:uuid:2","resource":{"resourceType":"CareTeam","subject":{"reference":"urn:uuid:1"},
      "participant":[{"member":{"reference":"urn:uuid:1"}},{"member":{"reference":"urn:uuid:9"}}]},
     "request":{"method":"PUT","url":"CareTeam?identifier=a%7Cb"}}]})";
  ASSERT_EQ(provide(bundle).status, 200);
  const auto team = json_of(ask(get_of("/fhir/CareTeam/2")).body);
  EXPECT_EQ(team.root().text("subject.reference"), "Patient/1");
  EXPECT_EQ(team.root().text("participant.0.member.reference"), "Patient/1");
  EXPECT_EQ(team.root().text("participant.1.member.reference"), "urn:uuid:9");
}

TEST_F(ResourceDesk, KeepsAllOrNothing) {
  // One entry that is wrong, named with its place.
  const std::string good = test::orientation_bundle("0001");
  expect_refused(provide(spoiled(good, "Task?", "identifier=", "subject=")), 422, "not-supported",
                 "Bundle.entry[2].request.url");
  expect_refused(provide(spoiled(good, "ifNoneExist", "identifier=", "subject=")), 422, "not-supported",
                 "Bundle.entry[0].request.ifNoneExist");
  expect_refused(provide(spoiled(good, "\"request\"", "POST", "DELETE")), 422, "not-supported",
                 "Bundle.entry[0].request.method");
  expect_refused(provide(spoiled(good, "\"url\":\"Task", "Task", "List")), 422, "value",
                 "Bundle.entry[2].request.url");
}

}  // namespace
}  // namespace psl
