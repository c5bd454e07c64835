#include "fhir/answer.h"

#include <charconv>

#include "gateway/base/bytes.h"

namespace psl::fhir {
namespace {

constexpr size_t issues_max = 100;
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
                       read_issues(entry.at("response.outcome")).value_or(std::vector<Issue>{})});
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
  for (const Value link : resource["link"]) answer.has_more |= link.text("relation") == "next";
  return answer;
}

}  // namespace psl::fhir
