#include "adapters/dmp/judgement.h"

#include <gtest/gtest.h>

#include "tests/support/outcome_text.h"

namespace psl {

namespace {

constexpr std::string_view urn = "urn:oid:2.25.1";
constexpr std::string_view sha1 = "da39a3ee5e6b4b0d3255bfef95601890afd80709";
constexpr std::string_view its_hash = "2jmj7l5rSw0yVb/vlWAYkK/YBwk=";

HttpsExchange answered(int status, std::string body = "") {
  HttpsExchange exchange;
  exchange.answered = true;
  exchange.answer = {status, "application/fhir+json", std::move(body), 0};
  return exchange;
}
HttpsExchange broken(Verdict verdict, std::string reason, bool partner_down) {
  HttpsExchange exchange;
  exchange.broken = {verdict, std::move(reason), "", partner_down};
  return exchange;
}

std::string issue(const std::string& severity, const std::string& code) {
  return R"({"resourceType":"OperationOutcome","issue":[{"severity":")" + severity + R"(","code":")" + code +
         R"(","diagnostics":"Mme D'ARGENT"}]})";
}
std::string responses(const std::vector<std::string>& statuses) {
  std::string json = R"({"resourceType":"Bundle","type":"transaction-response","entry":[)";
  for (const std::string& status : statuses)
    json += (json.back() == '[' ? "" : ",") + (R"({"response":{"status":")" + status + "\"}}");
  return json + "]}";
}
std::string found(std::string_view identifier, std::string_view hash) {
  return R"({"resource":{"resourceType":"DocumentReference","masterIdentifier":{"value":")" +
         std::string(identifier) + R"("},"content":[{"attachment":{"hash":")" + std::string(hash) + "\"}}]}}";
}
std::string searchset(const std::string& entries, const std::string& more = "") {
  return R"({"resourceType":"Bundle","type":"searchset","entry":[)" + entries + "]" + more + "}";
}

Outcome provide(int status, const std::string& body = "") { return judge_provide(answered(status, body), 3); }
Outcome publish(int status, const std::string& body = "") { return judge_publish(answered(status, body)); }
Outcome search(int status, const std::string& body = "") {
  return judge_search(answered(status, body), urn, sha1);
}

const std::string web_page = "<!DOCTYPE html><html><body>Bienvenue</body></html>";

TEST(DmpJudgement, AcceptsATransactionWhoseEntriesAreAllDone) {
  // 201 for what was made, 200 for the PATCH; with or without the words.
  EXPECT_EQ(provide(200, responses({"201 Created", "201 Created", "201 Created"})),
            (Outcome{Verdict::accepted, "ACCEPTED", "200", false}));
  EXPECT_EQ(judge_provide(answered(200, responses({"201", "201", "200 OK", "201"})), 4).reason, "ACCEPTED");
}

TEST(DmpJudgement, SaysWhenTheDocumentWasThereAlready) {
  // A conditional create that matched answers 200 for that entry: what is there has still to be compared.
  EXPECT_EQ(provide(200, responses({"201", "200 OK", "201"})),
            (Outcome{Verdict::accepted, "ALREADY_THERE", "200", false}));
  EXPECT_EQ(publish(200), (Outcome{Verdict::accepted, "ALREADY_THERE", "200", false}));
}

TEST(DmpJudgement, IsNotSureOfATransactionThatIsNotWhole) {
  // Fewer or more entries, one without a status, one that failed, one with an error inside: look before
  // believing.
  const Outcome open{Verdict::unknown, "PARTLY_STORED", "200", false};
  EXPECT_EQ(provide(200, responses({"201", "201"})), open);
  EXPECT_EQ(provide(200, responses({})), open);
  EXPECT_EQ(provide(200, R"({"resourceType":"Bundle","type":"transaction-response"})"), open);
  EXPECT_EQ(provide(200, responses({"201", "201", "201", "201"})), open);
  EXPECT_EQ(provide(200, responses({"201", "", "201"})), open);
  EXPECT_EQ(provide(200, responses({"201", "422 Unprocessable", "201"})), open);
  EXPECT_EQ(
      provide(200,
              R"({"resourceType":"Bundle","type":"transaction-response","entry":[{"response":{"status":"201",
    "outcome":)" + issue("error", "invalid") +
                  R"(}},{"response":{"status":"201"}},{"response":{"status":"201"}}]})"),
      open);
}

TEST(DmpJudgement, TakesWarningsOfAnEntryForWhatTheyAre) {
  // MHD's "PartialReplaceContentNotProcessed" and the like do not make the document less there.
  EXPECT_EQ(
      provide(
          200,
          R"({"resourceType":"Bundle","type":"transaction-response","entry":[{"response":{"status":"201"}},
    {"response":{"status":"201","outcome":)" +
              issue("warning", "processing") + R"(}},{"response":{"status":"201"}}]})")
          .reason,
      "ACCEPTED");
}

TEST(DmpJudgement, IsNotSureOfASuccessThatItCannotRead) {
  // A web page, broken JSON, nothing, another resource, another type of Bundle, a success that promises
  // nothing.
  for (const std::string& body :
       {web_page, std::string("{"), std::string(), std::string(R"({"resourceType":"Patient"})"),
        std::string(R"({"resourceType":"Bundle","type":"batch-response"})"), std::string(500'000, '[')}) {
    EXPECT_EQ(provide(200, body), (Outcome{Verdict::unknown, "ANSWER_UNREADABLE", "200", false}))
        << body.substr(0, 50);
  }
  EXPECT_EQ(provide(202), (Outcome{Verdict::unknown, "ANSWER_UNREADABLE", "202", false}));
  EXPECT_EQ(publish(202), (Outcome{Verdict::unknown, "ANSWER_UNREADABLE", "202", false}));
  EXPECT_EQ(provide(0).verdict, Verdict::unknown);
  EXPECT_EQ(provide(999).verdict, Verdict::unknown);
}

TEST(DmpJudgement, BelievesTheErrorsOfASuccess) {
  // 200 with an OperationOutcome: an error is a refusal by its code, anything less leaves it open.
  const auto judged = [](const std::string& severity, const std::string& code) {
    const Outcome one = provide(200, issue(severity, code));
    EXPECT_EQ(one, publish(200, issue(severity, code)));
    return one;
  };
  EXPECT_EQ(judged("error", "invalid"), (Outcome{Verdict::rejected, "CONTENT_REFUSED", "200", false}));
  EXPECT_EQ(judged("fatal", ""), (Outcome{Verdict::rejected, "CONTENT_REFUSED", "200", false}));
  EXPECT_EQ(judged("error", "not-found"), (Outcome{Verdict::rejected, "RECORD_ABSENT", "200", false}));
  EXPECT_EQ(judged("error", "forbidden"), (Outcome{Verdict::rejected, "RECORD_FORBIDDEN", "200", false}));
  EXPECT_EQ(judged("error", "suppressed"), (Outcome{Verdict::rejected, "RECORD_FORBIDDEN", "200", false}));
  EXPECT_EQ(judged("error", "login"), (Outcome{Verdict::try_later, "LOGIN_REFUSED", "200", true}));
  EXPECT_EQ(judged("error", "duplicate"), (Outcome{Verdict::unknown, "PARTLY_STORED", "200", false}));
  EXPECT_EQ(judged("error", "transient"), (Outcome{Verdict::unknown, "PARTLY_STORED", "200", false}));
  EXPECT_EQ(judged("warning", "invalid"), (Outcome{Verdict::unknown, "PARTLY_STORED", "200", false}));
  EXPECT_EQ(judged("information", "informational"),
            (Outcome{Verdict::unknown, "PARTLY_STORED", "200", false}));
}

TEST(DmpJudgement, AcceptsACreatedDocumentReference) {
  // 201 with the resource, with nothing, with a note; not with an error.
  EXPECT_EQ(publish(201), (Outcome{Verdict::accepted, "ACCEPTED", "201", false}));
  EXPECT_EQ(publish(201, R"({"resourceType":"DocumentReference"})").reason, "ACCEPTED");
  EXPECT_EQ(publish(201, issue("information", "informational")).reason, "ACCEPTED");
  EXPECT_EQ(publish(201, issue("error", "invalid")).verdict, Verdict::rejected);
}

struct Row {
  int status;
  Outcome outcome;
};
const std::vector<Row> rows = {
    {301, {Verdict::try_later, "REDIRECTED", "301", true}},
    {307, {Verdict::try_later, "REDIRECTED", "307", true}},
    {400, {Verdict::rejected, "CONTENT_REFUSED", "400", false}},
    {401, {Verdict::try_later, "LOGIN_REFUSED", "401", true}},
    {403, {Verdict::try_later, "LOGIN_REFUSED", "403", true}},
    {404, {Verdict::try_later, "PROTOCOL_REFUSED", "404", true}},
    {405, {Verdict::try_later, "PROTOCOL_REFUSED", "405", true}},
    {408, {Verdict::try_later, "PARTNER_BUSY", "408", true}},
    {409, {Verdict::unknown, "PARTLY_STORED", "409", false}},
    {410, {Verdict::try_later, "PROTOCOL_REFUSED", "410", true}},
    {412, {Verdict::unknown, "PARTLY_STORED", "412", false}},
    {413, {Verdict::rejected, "TOO_LARGE", "413", false}},
    {415, {Verdict::try_later, "PROTOCOL_REFUSED", "415", true}},
    {422, {Verdict::rejected, "CONTENT_REFUSED", "422", false}},
    {429, {Verdict::try_later, "PARTNER_BUSY", "429", true}},
    {500, {Verdict::unknown, "PARTNER_BUSY", "500", false}},
    {501, {Verdict::try_later, "PROTOCOL_REFUSED", "501", true}},
    {502, {Verdict::unknown, "PARTNER_BUSY", "502", true}},
    {503, {Verdict::try_later, "PARTNER_BUSY", "503", true}},
    {504, {Verdict::unknown, "PARTNER_BUSY", "504", true}},
    {507, {Verdict::try_later, "PARTNER_FULL", "507", true}},
};

TEST(DmpJudgement, JudgesEachStatusOfAPost) {
  // The same for both forms, with no body and with somebody's web page.
  for (const Row& row : rows) {
    for (const std::string& body : {std::string(), web_page, issue("error", "processing")}) {
      EXPECT_EQ(provide(row.status, body), row.outcome);
      EXPECT_EQ(publish(row.status, body), row.outcome);
    }
  }
}

TEST(DmpJudgement, PassesOnHowLongTheServerAsksToWait) {
  // Retry-After of what it refuses, a transaction or a question.
  HttpsExchange busy = answered(429, "");
  busy.answer.retry_after_s = 90;
  EXPECT_EQ(judge_provide(busy, 3).retry_after, seconds(90));
  EXPECT_EQ(judge_search(busy, "urn:oid:1.2", "").retry_after, seconds(90));
}

TEST(DmpJudgement, TellsTheRecordFromTheService) {
  // Only an OperationOutcome says that this record is absent or closed to us; a bare status means the
  // service.
  EXPECT_EQ(provide(403, issue("error", "forbidden")),
            (Outcome{Verdict::rejected, "RECORD_FORBIDDEN", "403", false}));
  EXPECT_EQ(provide(403, issue("error", "suppressed")).reason, "RECORD_FORBIDDEN");
  EXPECT_EQ(provide(404, issue("error", "not-found")),
            (Outcome{Verdict::rejected, "RECORD_ABSENT", "404", false}));
  EXPECT_EQ(provide(410, issue("fatal", "deleted")).reason, "RECORD_ABSENT");
  EXPECT_EQ(provide(403, issue("error", "security")).reason, "LOGIN_REFUSED");
  EXPECT_EQ(provide(401, issue("error", "forbidden")).reason, "LOGIN_REFUSED");
  EXPECT_EQ(provide(404, issue("warning", "not-found")).reason, "PROTOCOL_REFUSED");
  EXPECT_EQ(provide(422, issue("error", "duplicate")),
            (Outcome{Verdict::unknown, "PARTLY_STORED", "422", false}));
}

TEST(DmpJudgement, LeavesABrokenPostAsItIs) {
  // What the exchange knows about itself stands: nothing left, or nobody knows.
  const HttpsExchange lost = broken(Verdict::unknown, "CONNECTION_LOST", true);
  EXPECT_EQ(judge_provide(lost, 3), lost.broken);
  const HttpsExchange refused = broken(Verdict::try_later, "CONNECTION_REFUSED", true);
  EXPECT_EQ(judge_publish(refused), refused.broken);
}

TEST(DmpJudgement, FindsADocumentByIdentifierAndHash) {
  // The same bytes: there. Other bytes under the identifier: a conflict. None: not there. Others found: not
  // meant.
  EXPECT_EQ(search(200, searchset(found(urn, its_hash))),
            (Outcome{Verdict::accepted, "ALREADY_THERE", "200", false}));
  EXPECT_EQ(search(200, searchset(found(urn, "AAAAAAAAAAAAAAAAAAAAAAAAAAA="))),
            (Outcome{Verdict::rejected, "DOCUMENT_DIFFERS", "200", false}));
  const Outcome not_there{Verdict::try_later, "NOT_THERE", "200", false};
  EXPECT_EQ(search(200, searchset("")), not_there);
  EXPECT_EQ(search(200, R"({"resourceType":"Bundle","type":"searchset","total":0})"), not_there);
  EXPECT_EQ(search(200, searchset(found("urn:oid:2.25.2", its_hash))), not_there);
}

TEST(DmpJudgement, BelievesTheIdentifierWhenTheRepositoryHasNoHash) {
  // The identifier is ours alone; without a hash there is nothing to compare, nor when presence is all that
  // is asked.
  EXPECT_EQ(search(200, searchset(found(urn, ""))).reason, "ALREADY_THERE");
  EXPECT_EQ(
      judge_search(answered(200, searchset(found(urn, "AAAAAAAAAAAAAAAAAAAAAAAAAAA="))), urn, "").reason,
      "ALREADY_THERE");
}

TEST(DmpJudgement, PrefersTheRightOneAmongSeveral) {
  // A repository that let two documents share the identifier still has ours.
  EXPECT_EQ(
      search(200, searchset(found(urn, "AAAAAAAAAAAAAAAAAAAAAAAAAAA=") + "," + found(urn, its_hash))).reason,
      "ALREADY_THERE");
}

TEST(DmpJudgement, DoesNotTakeOnePageForAll) {
  // A server that ignores the parameter and answers page by page has not said that the document is absent.
  const std::string next = R"(,"link":[{"relation":"next","url":"x"}])";
  EXPECT_EQ(search(200, searchset(found("urn:oid:2.25.2", its_hash), next)).verdict, Verdict::unknown);
  EXPECT_EQ(search(200, searchset(found(urn, its_hash), next)).verdict, Verdict::accepted);
}

TEST(DmpJudgement, NeverTakesATroubleForAbsence) {
  // Whatever else a search comes to is "cannot say": only then is nothing sent twice.
  for (const Row& row : rows) {
    const Outcome outcome = search(row.status, issue("error", "not-found"));
    EXPECT_EQ(outcome.verdict, Verdict::unknown) << row.status;
    EXPECT_TRUE(outcome.partner_down) << row.status;
    EXPECT_EQ(outcome.partner_code, std::to_string(row.status));
  }
  EXPECT_EQ(search(401).reason, "LOGIN_REFUSED");
  EXPECT_EQ(search(302).reason, "REDIRECTED");
  EXPECT_EQ(search(404).reason, "PROTOCOL_REFUSED");
  EXPECT_EQ(search(400).reason, "PROTOCOL_REFUSED");
  EXPECT_EQ(search(500).reason, "PARTNER_BUSY");
  EXPECT_EQ(search(200, web_page), (Outcome{Verdict::unknown, "ANSWER_UNREADABLE", "200", true}));
  EXPECT_EQ(search(200, issue("information", "informational")).verdict, Verdict::unknown);
  EXPECT_EQ(judge_search(broken(Verdict::try_later, "STOPPING", false), urn, sha1),
            (Outcome{Verdict::unknown, "STOPPING", "", false}));
}

}  // namespace
}  // namespace psl
