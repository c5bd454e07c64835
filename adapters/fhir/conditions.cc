#include "adapters/fhir/conditions.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>

#include "fhir/care_codes.h"

namespace psl {
namespace {

constexpr size_t identifiers_of_question_max = 40;

// 0: no such tag. A server may keep the tags of earlier updates.
int64_t order_of(const fhir::KnownResource& resource) {
  const std::string prefix = std::string(fhir::own_order_system) + "|";
  int64_t greatest = 0;
  for (const std::string& tag : resource.tags) {
    if (!tag.starts_with(prefix)) continue;
    int64_t order = 0;
    const char* end = tag.data() + tag.size();
    const auto [at, fault] = std::from_chars(tag.data() + prefix.size(), end, order);
    if (fault == std::errc{} && at == end) greatest = std::max(greatest, order);
  }
  return greatest;
}

// R4, datatypes.html#id: nothing else is put into what we send.
bool is_fhir_id(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  });
}

std::string query_of(std::string_view url) { return std::string(url.substr(url.find('?') + 1)); }

std::string create_request(const SentEntry& entry) {
  return R"({"method":"POST","url":")" + entry.type + R"(","ifNoneExist":")" + query_of(entry.url) + "\"}";
}

std::string update_request(const fhir::KnownResource& held) {
  return R"({"method":"PUT","url":")" + held.type + "/" + held.id + R"(","ifMatch":"W/\")" + held.version +
         R"(\""})";
}

// Nothing: as it stands.
std::optional<std::string> conditioned_request(SentEntry& entry,
                                               const std::vector<fhir::KnownResource>& held) {
  std::vector<const fhir::KnownResource*> found;
  for (const fhir::KnownResource& one : held) {
    if (is_same_resource(one, entry.resource)) found.push_back(&one);
  }
  entry.is_made = found.empty();
  if (found.empty()) return create_request(entry);
  if (found.size() > 1) return std::nullopt;
  if (is_newer(*found[0], entry.resource)) return create_request(entry);
  if (!is_fhir_id(found[0]->id) || !is_fhir_id(found[0]->version)) return std::nullopt;
  return update_request(*found[0]);
}

}  // namespace

std::string question_about(std::string_view search) {
  // Not the patient's data again (R4, search.html#elements), but the tags, which a server may leave out
  // unless asked. A summary would do without identifiers in some types.
  return "/" + std::string(search) + "&_count=100&_elements=id,identifier,status,meta";
}

std::vector<std::string> questions_of(const SentBundle& sent) {
  std::map<std::string, std::vector<std::string>> searches;
  for (const SentEntry& entry : sent.entries) {
    if (entry.url.empty()) continue;
    std::vector<std::string>& of_type = searches[entry.type];
    const bool is_full = !of_type.empty() && std::ranges::count(of_type.back(), ',') + 1 ==
                                                 std::ptrdiff_t{identifiers_of_question_max};
    if (of_type.empty() || is_full) {
      of_type.push_back(entry.url);
    } else {
      of_type.back() += "," + entry.url.substr(entry.url.find('=') + 1);
    }
  }
  std::vector<std::string> questions;
  for (const auto& [type, of_type] : searches) {
    for (const std::string& search : of_type) questions.push_back(question_about(search));
  }
  return questions;
}

bool is_newer(const fhir::KnownResource& held, const fhir::KnownResource& ours) {
  return order_of(held) > order_of(ours);
}

std::string with_conditions(std::string_view body, SentBundle& sent,
                            const std::vector<fhir::KnownResource>& held) {
  std::string out;
  out.reserve(body.size() + 256);
  for (SentEntry& entry : sent.entries) {
    if (entry.url.empty()) continue;
    const std::optional<std::string> request = conditioned_request(entry, held);
    // As BundleWriter writes it: no text of a resource can hold it, for its quotes would be escaped.
    const std::string plain = R"("request":{"method":"PUT","url":")" + entry.url + "\"}";
    const size_t at = body.find(plain);
    if (!request || at == std::string_view::npos) continue;
    out.append(body.substr(0, at)).append("\"request\":").append(*request);
    body.remove_prefix(at + plain.size());
  }
  return out.append(body);
}

}  // namespace psl
