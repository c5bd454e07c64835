#include "adapters/fhir/judgement.h"

#include <algorithm>

#include "adapters/fhir/conditions.h"

namespace psl {
namespace {

// Of meta.tag, as fhir/care_bundle.h says it.
constexpr std::string_view event_tag_prefix = "urn:ietf:rfc:3986|urn:uuid:";

struct FhirStatusRule {
  int status;
  Verdict verdict;
  std::string_view reason;
  bool partner_down;
};

// R4, http.html#Status-Codes; RFC 9110 section 15. A transaction that was refused changed nothing. 409:
// another update at the same moment; 412: the server has one of our identifiers twice, which somebody there
// must mend: others may pass. After 500 it may have been stored, and it may be about this bundle alone.
constexpr FhirStatusRule fhir_status_rules[] = {
    {400, Verdict::rejected, "CONTENT_REFUSED", false}, {401, Verdict::try_later, "LOGIN_REFUSED", true},
    {403, Verdict::try_later, "LOGIN_REFUSED", true},   {404, Verdict::try_later, "SERVICE_REFUSED", true},
    {405, Verdict::try_later, "SERVICE_REFUSED", true}, {408, Verdict::try_later, "PARTNER_BUSY", true},
    {409, Verdict::try_later, "PARTNER_BUSY", false},   {410, Verdict::try_later, "SERVICE_REFUSED", true},
    {412, Verdict::try_later, "PARTNER_BUSY", false},   {413, Verdict::rejected, "TOO_LARGE", false},
    {422, Verdict::rejected, "CONTENT_REFUSED", false}, {429, Verdict::try_later, "PARTNER_BUSY", true},
    {500, Verdict::unknown, "PARTNER_BUSY", false},     {501, Verdict::try_later, "SERVICE_REFUSED", true},
    {503, Verdict::try_later, "PARTNER_BUSY", true},    {507, Verdict::try_later, "PARTNER_FULL", true},
};

Outcome judge_fhir_status(int status) {
  const std::string code = std::to_string(status);
  for (const FhirStatusRule& rule : fhir_status_rules) {
    if (rule.status == status) return {rule.verdict, std::string(rule.reason), code, rule.partner_down};
  }
  if (status >= 300 && status < 400) return {Verdict::try_later, "REDIRECTED", code, true};
  if (status >= 400 && status < 500) return {Verdict::try_later, "PROTOCOL_REFUSED", code, true};
  if (status >= 500 && status < 600) return {Verdict::unknown, "PARTNER_BUSY", code, true};
  return {Verdict::unknown, "ANSWER_UNREADABLE", code, false};
}

Outcome judge_refusal(const HttpsAnswer& answer) {
  Outcome outcome = judge_fhir_status(answer.status);
  outcome.retry_after = seconds(answer.retry_after_s);
  return outcome;
}

// The first error: its code of R4, valueset-issue-type.html; empty when there is none.
std::string_view first_error(const std::vector<fhir::Issue>& issues) {
  const auto error = std::ranges::find_if(issues, &fhir::Issue::is_error);
  if (error == issues.end()) return {};
  return error->code.empty() ? std::string_view("processing") : std::string_view(error->code);
}

// An error that comes without a status that would say more.
Outcome judge_fhir_error(std::string_view error, const std::string& code) {
  const auto is_any = [error](std::initializer_list<std::string_view> codes) {
    return std::ranges::find(codes, error) != codes.end();
  };
  if (is_any({"login", "security", "expired", "unknown", "forbidden"}))
    return {Verdict::try_later, "LOGIN_REFUSED", code, true};
  if (is_any({"conflict", "duplicate", "multiple-matches", "transient", "lock-error", "timeout", "throttled",
              "exception", "no-store", "incomplete"}))
    return {Verdict::try_later, "PARTNER_BUSY", code, false};
  return {Verdict::rejected, "CONTENT_REFUSED", code, false};
}

// An entry that is not done: the others are no reason to think that the server as a whole is down.
Outcome judge_entry(const fhir::EntryAnswer& entry, const std::string& code) {
  const std::string_view error = first_error(entry.issues);
  if (entry.status >= 300) {
    Outcome outcome = judge_fhir_status(entry.status);
    // What the transaction left undone, a repetition does.
    if (outcome.verdict == Verdict::unknown) outcome.verdict = Verdict::try_later;
    // The server is there: it does not do this with this kind of resource.
    if (outcome.reason == "SERVICE_REFUSED")
      outcome = {Verdict::rejected, "REFUSED", outcome.partner_code, false};
    outcome.partner_down = false;
    return outcome;
  }
  if (!error.empty()) return judge_fhir_error(error, code);
  return {Verdict::unknown, "PARTLY_STORED", code, false};
}

std::optional<fhir::Tree> resource_in(const HttpsAnswer& answer) {
  auto tree = fhir::Tree::read(answer.body);
  if (!tree.ok()) return {};
  return std::move(*tree);
}

bool shares_any(const std::vector<std::string>& some, const std::vector<std::string>& others) {
  return std::ranges::any_of(
      some, [&](const std::string& each) { return std::ranges::find(others, each) != others.end(); });
}

bool has_event_tag(const fhir::KnownResource& resource) {
  return std::ranges::any_of(resource.tags,
                             [](const std::string& tag) { return tag.starts_with(event_tag_prefix); });
}

bool holds(const fhir::KnownResource& found, const fhir::KnownResource& subject) {
  if (has_event_tag(subject) && has_event_tag(found)) return shares_any(subject.tags, found.tags);
  return found.status == subject.status;
}

}  // namespace

SentBundle read_sent(std::string_view body, std::string_view search) {
  SentBundle sent;
  const auto tree = fhir::Tree::read(std::string(body));
  if (!tree.ok()) return sent;
  for (const fhir::Value entry : tree->root()["entry"]) {
    SentEntry& one = sent.entries.emplace_back();
    one.type = std::string(entry.text("resource.resourceType"));
    if (entry.text("request.method") != "PUT") continue;
    one.url = std::string(entry.text("request.url"));
    one.resource = fhir::read_known(entry["resource"]);
    if (one.url == search) sent.subject = one.resource;
  }
  return sent;
}

bool is_same_resource(const fhir::KnownResource& one, const fhir::KnownResource& other) {
  return one.type == other.type && shares_any(one.identifiers, other.identifiers);
}

Outcome judge_transaction(const HttpsExchange& exchange, const std::vector<SentEntry>& sent) {
  if (!exchange.answered) return exchange.broken;
  const int status = exchange.answer.status;
  if (status < 200 || status >= 300) return judge_refusal(exchange.answer);
  const std::string code = std::to_string(status);
  const auto resource = resource_in(exchange.answer);
  if (!resource) return {Verdict::unknown, "ANSWER_UNREADABLE", code, false};
  if (const auto issues = fhir::read_issues(resource->root())) {
    const std::string_view error = first_error(*issues);
    return error.empty() ? Outcome{Verdict::unknown, "PARTLY_STORED", code, false}
                         : judge_fhir_error(error, code);
  }
  const auto entries = fhir::read_transaction_response(resource->root());
  if (!entries) return {Verdict::unknown, "ANSWER_UNREADABLE", code, false};
  for (const fhir::EntryAnswer& entry : *entries) {
    const bool done = (entry.status == 200 || entry.status == 201) && first_error(entry.issues).empty();
    if (!done) return judge_entry(entry, code);
  }
  const auto fits = [](const fhir::EntryAnswer& entry, const SentEntry& one) {
    return entry.type.empty() || entry.type == one.type;
  };
  if (!std::ranges::equal(*entries, sent, fits)) return {Verdict::unknown, "PARTLY_STORED", code, false};
  const auto is_as_it_was_seen = [](const fhir::EntryAnswer& entry, const SentEntry& one) {
    return !one.is_made || entry.status == 201;
  };
  if (!std::ranges::equal(*entries, sent, is_as_it_was_seen))
    return {Verdict::try_later, "PARTNER_BUSY", code, false};
  return {Verdict::accepted, "ACCEPTED", code, false};
}

std::optional<Outcome> judge_found(const HttpsExchange& exchange, std::vector<fhir::KnownResource>& found) {
  // A question changes nothing: however it broke, the answer is not known.
  if (!exchange.answered)
    return Outcome{Verdict::unknown, exchange.broken.reason, exchange.broken.partner_code,
                   exchange.broken.partner_down};
  const int status = exchange.answer.status;
  const std::string code = std::to_string(status);
  if (status < 200 || status >= 300) {
    Outcome refusal = judge_refusal(exchange.answer);
    if (refusal.verdict == Verdict::rejected) refusal.reason = "PROTOCOL_REFUSED";
    return Outcome{Verdict::unknown, refusal.reason, code, true, refusal.retry_after};
  }
  const auto resource = resource_in(exchange.answer);
  auto answer = resource ? fhir::read_resource_search(resource->root()) : std::nullopt;
  if (!answer) return Outcome{Verdict::unknown, "ANSWER_UNREADABLE", code, true};
  std::ranges::move(answer->resources, std::back_inserter(found));
  if (answer->has_more) return Outcome{Verdict::unknown, "ANSWER_UNREADABLE", code, true};
  return std::nullopt;
}

Outcome judge_presence(const HttpsExchange& exchange, const fhir::KnownResource& subject) {
  std::vector<fhir::KnownResource> all;
  const std::optional<Outcome> untold = judge_found(exchange, all);
  const std::string code = std::to_string(exchange.answer.status);
  // A server may leave out a parameter that it does not know, and find everything.
  const auto is_other = [&](const fhir::KnownResource& found) { return !is_same_resource(found, subject); };
  std::erase_if(all, is_other);
  if (std::ranges::any_of(all, [&](const auto& found) { return holds(found, subject); }))
    return {Verdict::accepted, "ALREADY_THERE", code, false};
  if (std::ranges::any_of(all, [&](const auto& found) { return is_newer(found, subject); }))
    return {Verdict::accepted, "SUPERSEDED", code, false};
  return untold.value_or(Outcome{Verdict::try_later, "NOT_THERE", code, false});
}

}  // namespace psl
