#include "adapters/fhir/judgement.h"

#include <gtest/gtest.h>

#include "tests/adapters/fhir/fhir_shelf.h"
#include "tests/support/outcome_text.h"

namespace psl {

namespace {

using test::orientation_bundle;
using test::orientation_search;

HttpsExchange answered(int status, std::string body = "") {
  HttpsExchange exchange;
  exchange.answered = true;
  exchange.answer = {status, "application/fhir+json", std::move(body), 0};
  return exchange;
}
std::string issue(const std::string& severity, const std::string& code) {
  return R"({"resourceType":"OperationOutcome","issue":[{"severity":")" + severity + R"(","code":")" + code +
         R"(","diagnostics":"Mme D'ARGENT"}]})";
}
std::string entry(const std::string& status, const std::string& rest = "") {
  return R"({"response":{"status":")" + status + "\"" + rest + "}}";
}
std::string responses(const std::vector<std::string>& entries) {
  std::string json = R"({"resourceType":"Bundle","type":"transaction-response","entry":[)";
  for (const std::string& each : entries) json += (json.back() == '[' ? "" : ",") + each;
  return json + "]}";
}
const std::vector<SentEntry> sent_entries = {{"Patient"}, {"ServiceRequest"}, {"Task"}};
Outcome transaction(int status, const std::string& body = "") {
  return judge_transaction(answered(status, body), sent_entries);
}
// An answer whose second entry is this one.
Outcome with_entry(const std::string& second) {
  return transaction(200, responses({entry("201"), second, entry("200 OK")}));
}

std::string order(const std::string& number) { return std::string(fhir::own_order_system) + "|" + number; }
const fhir::KnownResource subject = read_sent(orientation_bundle("0002"), orientation_search).subject;
std::string found(const std::string& identifier, const std::string& tags,
                  const std::string& status = "active", const std::string& type = "ServiceRequest") {
  return R"({"resource":{"resourceType":")" + type + R"(","meta":{"tag":[)" + tags +
         R"(]},"identifier":[{"system":"urn:ietf:rfc:3986","value":"urn:uuid:)" + identifier +
         R"("}],"status":")" + status + "\"}}";
}
std::string tag(const std::string& event) {
  return R"({"system":"urn:ietf:rfc:3986","code":"urn:uuid:00000000-0000-8000-8000-)" + event + "\"}";
}
std::string order_tag(const std::string& number) {
  return R"({"system":")" + std::string(fhir::own_order_system) + R"(","code":")" + number + "\"}";
}
std::string searchset(const std::string& entries, const std::string& more = "") {
  return R"({"resourceType":"Bundle","type":"searchset","entry":[)" + entries + "]" + more + "}";
}
Outcome presence(int status, const std::string& body = "") {
  return judge_presence(answered(status, body), subject);
}

const Outcome partly{Verdict::unknown, "PARTLY_STORED", "200", false};
const Outcome unreadable{Verdict::unknown, "ANSWER_UNREADABLE", "200", false};

TEST(FhirJudgement, ReadsWhatABundleSaysOfItself) {
  // The entries in their order, what the updates say, and the resource that the search finds.
  const SentBundle sent = read_sent(orientation_bundle("0002"), orientation_search);
  ASSERT_EQ(sent.entries.size(), 3U);
  EXPECT_EQ(sent.entries[0].type, "Patient");
  EXPECT_EQ(sent.entries[0].url, "");
  EXPECT_EQ(sent.entries[1].url, orientation_search);
  EXPECT_EQ(sent.entries[2].type, "Task");
  EXPECT_EQ(sent.entries[2].resource.status, "requested");
  EXPECT_EQ(sent.subject.type, "ServiceRequest");
  EXPECT_EQ(sent.subject.identifiers, std::vector<std::string>{"urn:ietf:rfc:3986|urn:uuid:a"});
  EXPECT_EQ(sent.subject.tags, (std::vector<std::string>{
                                   "urn:ietf:rfc:3986|urn:uuid:00000000-0000-8000-8000-0002", order("2")}));
  EXPECT_TRUE(read_sent("{", orientation_search).entries.empty());
  EXPECT_TRUE(read_sent(orientation_bundle("0002"), "Task?identifier=other").subject.type.empty());
}

TEST(FhirJudgement, AcceptsATransactionWhoseEntriesAreAllDone) {
  // 201 for what was made, 200 for what was there; the location may be left out, or have a base.
  const Outcome accepted{Verdict::accepted, "ACCEPTED", "200", false};
  EXPECT_EQ(with_entry(entry("200")), accepted);
  EXPECT_EQ(with_entry(entry("201 Created", R"(,"location":"ServiceRequest/1/_history/1")")), accepted);
  EXPECT_EQ(with_entry(entry("200 OK", R"(,"location":"https://example.org/fhir/ServiceRequest/1")")),
            accepted);
  EXPECT_EQ(with_entry(entry("200", R"(,"outcome":)" + issue("warning", "invalid"))), accepted);
}

TEST(FhirJudgement, IsNotSureOfATransactionThatIsNotWhole) {
  // Fewer or more entries, one without a status, one that is about another type: look before believing.
  EXPECT_EQ(transaction(200, responses({entry("201"), entry("201")})), partly);
  EXPECT_EQ(transaction(200, responses({entry("201"), entry("201"), entry("201"), entry("201")})), partly);
  EXPECT_EQ(transaction(200, R"({"resourceType":"Bundle","type":"transaction-response"})"), partly);
  EXPECT_EQ(with_entry(entry("")), partly);
  EXPECT_EQ(with_entry(entry("204 No Content")), partly);
  EXPECT_EQ(with_entry(entry("201", R"(,"location":"Task/1/_history/1")")), partly);
}

TEST(FhirJudgement, SendsAgainWhatSomebodyElseMadeMeanwhile) {
  // It was not there when it was asked for, and 200 says that it was found: what we say of it is not there.
  std::vector<SentEntry> made = sent_entries;
  made[1].is_made = true;
  const auto judged = [&](const std::string& second) {
    return judge_transaction(answered(200, responses({entry("200"), second, entry("200")})), made);
  };
  EXPECT_EQ(judged(entry("201")), (Outcome{Verdict::accepted, "ACCEPTED", "200", false}));
  EXPECT_EQ(judged(entry("200")), (Outcome{Verdict::try_later, "PARTNER_BUSY", "200", false}));
}

TEST(FhirJudgement, LetsTheFirstBadEntryDecide) {
  // Its status is the code; an entry says nothing about the server as a whole.
  EXPECT_EQ(with_entry(entry("422 Unprocessable")),
            (Outcome{Verdict::rejected, "CONTENT_REFUSED", "422", false}));
  EXPECT_EQ(with_entry(entry("400")), (Outcome{Verdict::rejected, "CONTENT_REFUSED", "400", false}));
  EXPECT_EQ(with_entry(entry("403")), (Outcome{Verdict::try_later, "LOGIN_REFUSED", "403", false}));
  EXPECT_EQ(with_entry(entry("404")), (Outcome{Verdict::rejected, "REFUSED", "404", false}));
  EXPECT_EQ(with_entry(entry("409")), (Outcome{Verdict::try_later, "PARTNER_BUSY", "409", false}));
  EXPECT_EQ(with_entry(entry("412")), (Outcome{Verdict::try_later, "PARTNER_BUSY", "412", false}));
  EXPECT_EQ(with_entry(entry("500")), (Outcome{Verdict::try_later, "PARTNER_BUSY", "500", false}));
  EXPECT_EQ(transaction(200, responses({entry("409"), entry("422"), entry("422")})).partner_code, "409");
  EXPECT_EQ(with_entry(entry("201", R"(,"outcome":)" + issue("error", "invalid"))),
            (Outcome{Verdict::rejected, "CONTENT_REFUSED", "200", false}));
  EXPECT_EQ(with_entry(entry("201", R"(,"outcome":)" + issue("fatal", "lock-error"))),
            (Outcome{Verdict::try_later, "PARTNER_BUSY", "200", false}));
}

TEST(FhirJudgement, IsNotSureOfASuccessThatItCannotRead) {
  // A web page, broken JSON, nothing, another resource, another type of Bundle, an OperationOutcome without
  // an error.
  for (const std::string& body :
       {std::string("<!DOCTYPE html><html></html>"), std::string("{"), std::string(),
        std::string(R"({"resourceType":"Patient"})"),
        std::string(R"({"resourceType":"Bundle","type":"batch-response"})"), std::string(500'000, '[')}) {
    EXPECT_EQ(transaction(200, body), unreadable) << body.substr(0, 50);
  }
  EXPECT_EQ(transaction(202), (Outcome{Verdict::unknown, "ANSWER_UNREADABLE", "202", false}));
  EXPECT_EQ(transaction(200, issue("information", "informational")), partly);
}

TEST(FhirJudgement, BelievesTheErrorsOfASuccess) {
  // Status 200 with an OperationOutcome that says the contrary.
  EXPECT_EQ(transaction(200, issue("error", "processing")),
            (Outcome{Verdict::rejected, "CONTENT_REFUSED", "200", false}));
  EXPECT_EQ(transaction(200, issue("error", "")),
            (Outcome{Verdict::rejected, "CONTENT_REFUSED", "200", false}));
  EXPECT_EQ(transaction(200, issue("error", "conflict")),
            (Outcome{Verdict::try_later, "PARTNER_BUSY", "200", false}));
  EXPECT_EQ(transaction(200, issue("fatal", "security")),
            (Outcome{Verdict::try_later, "LOGIN_REFUSED", "200", true}));
}

TEST(FhirJudgement, TellsRefusalsFromTroubles) {
  // What is about this bundle is final; what passes, or is about us or the server, is tried again.
  struct {
    int status;
    Outcome outcome;
  } const cases[] = {
      {400, {Verdict::rejected, "CONTENT_REFUSED", "400", false}},
      {401, {Verdict::try_later, "LOGIN_REFUSED", "401", true}},
      {403, {Verdict::try_later, "LOGIN_REFUSED", "403", true}},
      {404, {Verdict::try_later, "SERVICE_REFUSED", "404", true}},
      {409, {Verdict::try_later, "PARTNER_BUSY", "409", false}},
      {412, {Verdict::try_later, "PARTNER_BUSY", "412", false}},
      {413, {Verdict::rejected, "TOO_LARGE", "413", false}},
      {422, {Verdict::rejected, "CONTENT_REFUSED", "422", false}},
      {429, {Verdict::try_later, "PARTNER_BUSY", "429", true}},
      {503, {Verdict::try_later, "PARTNER_BUSY", "503", true}},
      {500, {Verdict::unknown, "PARTNER_BUSY", "500", false}},
      {502, {Verdict::unknown, "PARTNER_BUSY", "502", true}},
      {302, {Verdict::try_later, "REDIRECTED", "302", true}},
      {418, {Verdict::try_later, "PROTOCOL_REFUSED", "418", true}},
      {0, {Verdict::unknown, "ANSWER_UNREADABLE", "0", false}},
  };
  for (const auto& each : cases)
    EXPECT_EQ(transaction(each.status, issue("error", "processing")), each.outcome);
}

TEST(FhirJudgement, LeavesABrokenExchangeAsItBroke) {
  // No answer: what the client says, but a question is never "try later", for that would mean "not there".
  HttpsExchange exchange;
  exchange.broken = {Verdict::try_later, "CONNECTION_REFUSED", "", true};
  EXPECT_EQ(judge_transaction(exchange, sent_entries), exchange.broken);
  EXPECT_EQ(judge_presence(exchange, subject), (Outcome{Verdict::unknown, "CONNECTION_REFUSED", "", true}));
}

TEST(FhirJudgement, FindsWhatIsOurs) {
  // Our identifier, with our event among the tags, whatever was done afterwards.
  const Outcome there{Verdict::accepted, "ALREADY_THERE", "200", false};
  EXPECT_EQ(presence(200, searchset(found("a", tag("0002")))), there);
  EXPECT_EQ(
      presence(200, searchset(found("a", tag("0001") + "," + tag("0002") + "," + tag("0003"), "revoked"))),
      there);
  EXPECT_EQ(presence(200, searchset(found("x", tag("0002")) + "," + found("a", tag("0002")))), there);
}

TEST(FhirJudgement, DoesNotTakeAnOlderStateForOurs) {
  // The state of an earlier event, another resource, or nothing: it is not there.
  const Outcome absent{Verdict::try_later, "NOT_THERE", "200", false};
  EXPECT_EQ(presence(200, searchset(found("a", tag("0001")))), absent);
  EXPECT_EQ(presence(200, searchset(found("x", tag("0002")))), absent);
  EXPECT_EQ(presence(200, searchset(found("a", tag("0002"), "active", "Task"))), absent);
  EXPECT_EQ(presence(200, searchset(issue("warning", "processing"))), absent);
  EXPECT_EQ(presence(200, R"({"resourceType":"Bundle","type":"searchset","total":0})"), absent);
}

TEST(FhirJudgement, KnowsALaterState) {
  // Ours is the second: of the third it is told that it is later, of what tells no order that it is not ours.
  const Outcome later{Verdict::accepted, "SUPERSEDED", "200", false};
  const Outcome absent{Verdict::try_later, "NOT_THERE", "200", false};
  EXPECT_EQ(presence(200, searchset(found("a", tag("0003") + "," + order_tag("3")))), later);
  EXPECT_EQ(presence(200, searchset(found("x", tag("0003") + "," + order_tag("3")))), absent);
  EXPECT_EQ(presence(200, searchset(found("a", tag("0001") + "," + order_tag("1")))), absent);
  for (const char* unclear : {"", "3 ", "-3", "99999999999999999999"})
    EXPECT_EQ(presence(200, searchset(found("a", tag("0003") + "," + order_tag(unclear)))), absent)
        << unclear;
}

TEST(FhirJudgement, PassesOnHowLongTheServerAsksToWait) {
  // Retry-After of what it refuses, a transaction or a question.
  HttpsExchange busy = answered(503);
  busy.answer.retry_after_s = 90;
  EXPECT_EQ(judge_transaction(busy, sent_entries).retry_after, seconds(90));
  std::vector<fhir::KnownResource> all;
  EXPECT_EQ(judge_found(busy, all)->retry_after, seconds(90));
}

TEST(FhirJudgement, BelievesTheStatusOfAServerWithoutTags) {
  // Where tags are dropped, identifier and status are all that can be compared.
  EXPECT_EQ(presence(200, searchset(found("a", R"({"code":"SUBSETTED"})"))).reason, "ALREADY_THERE");
  EXPECT_EQ(presence(200, searchset(found("a", "", "draft"))).reason, "NOT_THERE");
}

TEST(FhirJudgement, SaysWhenTheServerCannotTell) {
  // Another page, an error, what cannot be read: neither there nor absent.
  EXPECT_EQ(presence(200, searchset(found("x", tag("0002")), R"(,"link":[{"relation":"next"}])")),
            (Outcome{Verdict::unknown, "ANSWER_UNREADABLE", "200", true}));
  EXPECT_EQ(presence(200, "<html>"), (Outcome{Verdict::unknown, "ANSWER_UNREADABLE", "200", true}));
  EXPECT_EQ(presence(200, issue("error", "exception")),
            (Outcome{Verdict::unknown, "ANSWER_UNREADABLE", "200", true}));
  EXPECT_EQ(presence(503), (Outcome{Verdict::unknown, "PARTNER_BUSY", "503", true}));
  EXPECT_EQ(presence(400), (Outcome{Verdict::unknown, "PROTOCOL_REFUSED", "400", true}));
  EXPECT_EQ(presence(404), (Outcome{Verdict::unknown, "SERVICE_REFUSED", "404", true}));
}

}  // namespace
}  // namespace psl
