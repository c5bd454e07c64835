#include "adapters/dmp/judgement.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "fhir/answer.h"

namespace psl {
namespace {

constexpr size_t document_entry = 1;

std::string code_of(const HttpsExchange& exchange) { return std::to_string(exchange.answer.status); }

bool is_success(int status) { return status >= 200 && status < 300; }

// The body as JSON, whatever its Content-Type pretends; nothing when it is something else.
std::optional<fhir::Tree> resource_of(const HttpsAnswer& answer) {
  auto tree = fhir::Tree::read(answer.body);
  if (!tree.ok()) return {};
  return std::move(*tree);
}

// The first error of an OperationOutcome: its code of R4, valueset-issue-type.html.
std::string error_code_of(const std::vector<fhir::Issue>& issues) {
  for (const fhir::Issue& issue : issues) {
    if (issue.is_error()) return issue.code.empty() ? "processing" : issue.code;
  }
  return {};
}

bool is_any(std::string_view code, std::initializer_list<std::string_view> codes) {
  return std::ranges::find(codes, code) != codes.end();
}

// The errors that an OperationOutcome tells, with a status that does not say more. What passes by itself, and
// "it is there already", are settled by looking.
Outcome judge_error(std::string_view error, const std::string& code) {
  if (is_any(error, {"forbidden", "suppressed"})) return {Verdict::rejected, "RECORD_FORBIDDEN", code, false};
  if (is_any(error, {"not-found", "deleted"})) return {Verdict::rejected, "RECORD_ABSENT", code, false};
  if (is_any(error, {"login", "security", "expired", "unknown"}))
    return {Verdict::try_later, "LOGIN_REFUSED", code, true};
  if (is_any(error, {"duplicate", "conflict", "transient", "lock-error", "timeout", "throttled", "exception",
                     "no-store", "incomplete"}))
    return {Verdict::unknown, "PARTLY_STORED", code, false};
  return {Verdict::rejected, "CONTENT_REFUSED", code, false};
}

// A success that came with an OperationOutcome instead of what was asked for: its errors count; without any,
// it has not said that the document is there.
Outcome judge_issues(const std::vector<fhir::Issue>& issues, const std::string& code) {
  const std::string error = error_code_of(issues);
  if (error.empty()) return {Verdict::unknown, "PARTLY_STORED", code, false};
  return judge_error(error, code);
}

struct StatusRule {
  int status;
  Verdict verdict;
  std::string_view reason;
  bool partner_down;
};

// RFC 9110 section 15, R4 http.html#rejecting-updates. 409 and 412 may mean that it is there. After 500, 502
// and 504 it may have been stored; 500 may be about one document, so it does not count against the partner.
constexpr StatusRule post_rules[] = {
    {400, Verdict::rejected, "CONTENT_REFUSED", false},  {401, Verdict::try_later, "LOGIN_REFUSED", true},
    {403, Verdict::try_later, "LOGIN_REFUSED", true},    {408, Verdict::try_later, "PARTNER_BUSY", true},
    {409, Verdict::unknown, "PARTLY_STORED", false},     {412, Verdict::unknown, "PARTLY_STORED", false},
    {413, Verdict::rejected, "TOO_LARGE", false},        {422, Verdict::rejected, "CONTENT_REFUSED", false},
    {429, Verdict::try_later, "PARTNER_BUSY", true},     {500, Verdict::unknown, "PARTNER_BUSY", false},
    {501, Verdict::try_later, "PROTOCOL_REFUSED", true}, {503, Verdict::try_later, "PARTNER_BUSY", true},
    {507, Verdict::try_later, "PARTNER_FULL", true},
};

Outcome judge_status(int status, const std::string& code) {
  for (const StatusRule& rule : post_rules) {
    if (rule.status == status) return {rule.verdict, std::string(rule.reason), code, rule.partner_down};
  }
  // Nothing was acted on, and no letter of this partner will fare better until somebody has changed the
  // configuration: they all wait, and none is lost.
  if (status >= 300 && status < 400) return {Verdict::try_later, "REDIRECTED", code, true};
  if (status >= 400 && status < 500) return {Verdict::try_later, "PROTOCOL_REFUSED", code, true};
  if (status >= 500 && status < 600) return {Verdict::unknown, "PARTNER_BUSY", code, true};
  return {Verdict::unknown, "ANSWER_UNREADABLE", code, false};
}

// An answer to a POST that is no success. The words of a status are the server's, or those of a proxy before
// it: only an OperationOutcome says that the record itself is meant.
Outcome judge_refusal(const HttpsExchange& exchange) {
  const int status = exchange.answer.status;
  Outcome by_status = judge_status(status, code_of(exchange));
  by_status.retry_after = seconds(exchange.answer.retry_after_s);
  if (status < 400 || status >= 500) return by_status;
  const auto resource = resource_of(exchange.answer);
  const auto issues = resource ? fhir::read_issues(resource->root()) : std::nullopt;
  const std::string error = issues ? error_code_of(*issues) : std::string();
  const bool of_the_record = (status == 403 && is_any(error, {"forbidden", "suppressed"})) ||
                             ((status == 404 || status == 410) && is_any(error, {"not-found", "deleted"})) ||
                             ((status == 400 || status == 422) && error == "duplicate");
  return of_the_record ? judge_error(error, code_of(exchange)) : by_status;
}

}  // namespace

Outcome judge_search(const HttpsExchange& exchange, std::string_view urn, std::string_view sha1) {
  // A question changes nothing: however it broke, the answer is not known.
  if (!exchange.answered)
    return {Verdict::unknown, exchange.broken.reason, exchange.broken.partner_code,
            exchange.broken.partner_down};
  const std::string code = code_of(exchange);
  if (!is_success(exchange.answer.status)) {
    const Outcome refusal = judge_status(exchange.answer.status, code);
    const bool serving = refusal.partner_down || exchange.answer.status == 500;
    return {Verdict::unknown, serving ? refusal.reason : "PROTOCOL_REFUSED", code, true,
            seconds(exchange.answer.retry_after_s)};
  }
  const auto resource = resource_of(exchange.answer);
  const auto answer = resource ? fhir::read_search(resource->root()) : std::nullopt;
  if (!answer) return {Verdict::unknown, "ANSWER_UNREADABLE", code, true};
  bool other = false;
  for (const fhir::FoundDocument& found : answer->documents) {
    // A server may leave out a parameter that it does not know, and find everything.
    if (found.urn != urn) continue;
    if (sha1.empty() || found.sha1.empty() || found.sha1 == sha1)
      return {Verdict::accepted, "ALREADY_THERE", code, false};
    other = true;
  }
  if (other) return {Verdict::rejected, "DOCUMENT_DIFFERS", code, false};
  if (answer->has_more) return {Verdict::unknown, "ANSWER_UNREADABLE", code, true};
  return {Verdict::try_later, "NOT_THERE", code, false};
}

Outcome judge_provide(const HttpsExchange& exchange, size_t entries) {
  if (!exchange.answered) return exchange.broken;
  if (!is_success(exchange.answer.status)) return judge_refusal(exchange);
  const std::string code = code_of(exchange);
  const auto resource = resource_of(exchange.answer);
  if (!resource) return {Verdict::unknown, "ANSWER_UNREADABLE", code, false};
  if (const auto issues = fhir::read_issues(resource->root())) return judge_issues(*issues, code);
  const auto answers = fhir::read_transaction_response(resource->root());
  if (!answers) return {Verdict::unknown, "ANSWER_UNREADABLE", code, false};
  const auto done = [](const fhir::EntryAnswer& each) {
    return is_success(each.status) && error_code_of(each.issues).empty();
  };
  if (answers->size() != entries || !std::ranges::all_of(*answers, done))
    return {Verdict::unknown, "PARTLY_STORED", code, false};
  const bool created = (*answers)[document_entry].status == 201;
  return {Verdict::accepted, created ? "ACCEPTED" : "ALREADY_THERE", code, false};
}

Outcome judge_publish(const HttpsExchange& exchange) {
  if (!exchange.answered) return exchange.broken;
  const int status = exchange.answer.status;
  if (!is_success(status)) return judge_refusal(exchange);
  const std::string code = code_of(exchange);
  if (const auto resource = resource_of(exchange.answer)) {
    const auto issues = fhir::read_issues(resource->root());
    if (issues && (status != 201 || !error_code_of(*issues).empty())) return judge_issues(*issues, code);
  }
  if (status == 201) return {Verdict::accepted, "ACCEPTED", code, false};
  if (status == 200) return {Verdict::accepted, "ALREADY_THERE", code, false};
  return {Verdict::unknown, "ANSWER_UNREADABLE", code, false};
}

}  // namespace psl
