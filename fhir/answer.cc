#include "fhir/answer.h"

#include <charconv>

#include "gateway/base/bytes.h"

namespace psl::fhir {
namespace {

constexpr size_t issues_max = 100;
// HAPI keeps the tags of all updates, two of each: a circle of many years may have that many.
constexpr size_t tokens_max = 20000;
constexpr size_t sha1_bytes = 20;

// "201 Created" (R4, bundle.html): the number alone.
int status_of(std::string_view text) {
  int status = 0;
  const std::string_view digits = text.substr(0, text.find(' '));
  const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), status);
  const bool whole = fault == std::errc{} && end == digits.data() + digits.size();
  return whole && status >= 100 && status <= 599 ? status : 0;
}

// Attachment.hash is the base64 of the 20 bytes. Servers that took MHD's text literally send the base64 of
// the 40 digits; what is neither tells nothing.
std::string sha1_of(std::string_view hash) {
  std::string bytes;
  if (hash.empty() || hash.size() > 128 || !base64_decode(hash, bytes)) return {};
  if (bytes.size() == sha1_bytes) return to_hex(bytes);
  if (bytes.size() != 2 * sha1_bytes) return {};
  for (char& c : bytes) {
    if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
    if ((c < '0' || c > '9') && (c < 'a' || c > 'f')) return {};
  }
  return bytes;
}

// "[base/]ServiceRequest/12[/_history/1]" (R4, http.html#vread).
std::string type_of_location(std::string_view location) {
  location = location.substr(0, location.find("/_history/"));
  const size_t id = location.rfind('/');
  if (id == std::string_view::npos) return {};
  location = location.substr(0, id);
  return std::string(location.substr(location.rfind('/') + 1));
}

bool has_next_page(Value bundle) {
  for (const Value link : bundle["link"]) {
    if (link.text("relation") == "next") return true;
  }
  return false;
}

std::vector<std::string> read_tokens(Value list, std::string_view value_name) {
  std::vector<std::string> tokens;
  for (const Value one : list) {
    if (tokens.size() == tokens_max) break;
    tokens.push_back(std::string(one.text("system")) + "|" + std::string(one.text(value_name)));
  }
  return tokens;
}

bool is_bundle(Value resource, std::string_view type) {
  return resource.text("resourceType") == "Bundle" && resource.text("type") == type;
}

}  // namespace

std::optional<std::vector<Issue>> read_issues(Value resource) {
  if (resource.text("resourceType") != "OperationOutcome") return {};
  std::vector<Issue> issues;
  for (const Value issue : resource["issue"]) {
    if (issues.size() == issues_max) break;
    issues.push_back({std::string(issue.text("severity")), std::string(issue.text("code")),
                      std::string(issue.text("details.coding.0.code"))});
  }
  return issues;
}

std::optional<std::vector<EntryAnswer>> read_transaction_response(Value resource) {
  if (!is_bundle(resource, "transaction-response")) return {};
  std::vector<EntryAnswer> entries;
  for (const Value entry : resource["entry"]) {
    entries.push_back({status_of(entry.text("response.status")),
                       read_issues(entry.at("response.outcome")).value_or(std::vector<Issue>{}),
                       type_of_location(entry.text("response.location"))});
  }
  return entries;
}

std::optional<SearchAnswer> read_search(Value resource) {
  if (!is_bundle(resource, "searchset")) return {};
  SearchAnswer answer;
  for (const Value entry : resource["entry"]) {
    const Value found = entry["resource"];
    if (found.text("resourceType") != "DocumentReference") continue;
    answer.documents.push_back({std::string(found.text("masterIdentifier.value")),
                                sha1_of(found.text("content.0.attachment.hash"))});
  }
  answer.has_more = has_next_page(resource);
  return answer;
}

KnownResource read_known(Value resource) {
  return {.type = std::string(resource.text("resourceType")),
          .identifiers = read_tokens(resource["identifier"], "value"),
          .tags = read_tokens(resource.at("meta.tag"), "code"),
          .status = std::string(resource.text("status")),
          .id = std::string(resource.text("id")),
          .version = std::string(resource.text("meta.versionId"))};
}

std::optional<ResourceSearch> read_resource_search(Value resource) {
  if (!is_bundle(resource, "searchset")) return {};
  ResourceSearch answer;
  for (const Value entry : resource["entry"]) {
    KnownResource known = read_known(entry["resource"]);
    if (known.type != "OperationOutcome") answer.resources.push_back(std::move(known));
  }
  answer.has_more = has_next_page(resource);
  return answer;
}

}  // namespace psl::fhir
