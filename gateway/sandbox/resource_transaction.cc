#include "gateway/sandbox/resource_transaction.h"

#include <algorithm>
#include <map>
#include <vector>

#include "fhir/json_writer.h"
#include "gateway/sandbox/json_edit.h"
#include "gateway/sandbox/query.h"

namespace psl {
namespace {

using fhir::Value;

struct ResourceEntry {
  Value resource;
  std::string type;
  bool updates = false;
  // "system|value"; empty: a new one each time.
  std::string condition;
  // Of an update by Type/id: it, and the version that must still be there.
  std::optional<int64_t> target;
  std::string version;
  // Of what is there already; a new number otherwise.
  int64_t number = 0;
  std::optional<Arrival> known;
};

// "Type/N", by fullUrl.
using Places = std::map<std::string, std::string, std::less<>>;

// W/"3" (R4, http.html#versioning).
std::string version_of_etag(std::string_view etag) {
  if (etag.starts_with("W/")) etag.remove_prefix(2);
  return std::string(etag.size() > 2 ? etag.substr(1, etag.size() - 2) : std::string_view());
}

std::string place_of(std::string_view type, int64_t number) {
  return std::string(type) + "/" + std::to_string(number);
}

ResourceEntry read_resource_entry(Value entry, const std::string& path, Findings& findings) {
  ResourceEntry read;
  read.resource = entry["resource"];
  read.type = std::string(read.resource.text("resourceType"));
  if (read.type.empty()) findings.add("required", path + ".resource", "a resource is required");
  const std::string_view method = entry.text("request.method");
  const std::string_view url = entry.text("request.url");
  read.updates = method == "PUT";
  if (!read.updates && method != "POST")
    findings.add("not-supported", path + ".request.method", "expected POST or PUT");
  if (url.substr(0, url.find_first_of("?/")) != read.type)
    findings.add("value", path + ".request.url", "expected the type of the resource");
  const Value if_none_exist = entry.at("request.ifNoneExist");
  if (!read.updates && !if_none_exist.exists()) return read;
  if (read.updates && url.find('/') != std::string_view::npos) {
    read.target = number_of_id(url.substr(url.find('/') + 1));
    if (!read.target) findings.add("not-found", path + ".request.url", "there is no resource of this id");
    read.version = version_of_etag(entry.text("request.ifMatch"));
    return read;
  }
  const auto condition = identifier_condition(
      read.updates ? url.substr(std::min(url.size(), read.type.size() + 1)) : if_none_exist.text());
  if (condition) {
    read.condition = *condition;
  } else {
    findings.add("not-supported", path + (read.updates ? ".request.url" : ".request.ifNoneExist"),
                 "this sandbox understands identifier=system|value, percent-encoded");
  }
  return read;
}

// What is there of it; a fault when an update is of what is there no more, or of a version that is not the
// last (R4, http.html#concurrency).
void find_known(ResourceEntry& entry, const std::string& path, const Arrivals& arrivals, Findings& findings) {
  if (!entry.target) {
    if (!entry.condition.empty()) entry.known = arrivals.find_resource(entry.type, entry.condition);
    return;
  }
  entry.known = arrivals.find(*entry.target);
  if (!entry.known || entry.known->type != entry.type || entry.known->form != resource_form) {
    entry.known.reset();
    findings.add("not-found", path + ".request.url", "there is no resource of this id");
    return;
  }
  entry.condition = entry.known->document_id;
  const auto before = fhir::Tree::read(std::string(view(entry.known->resource)));
  PSL_CHECK(before.ok());  // written by us
  if (!entry.version.empty() && before->root().text("meta.versionId") != entry.version)
    findings.add("conflict", path + ".request.ifMatch", "the resource has changed since that version");
}

// References to what is in the Bundle lead to where it is kept.
void collect_references(Value value, const std::string& path, const Places& places,
                        std::vector<JsonEdit>& edits) {
  size_t index = 0;
  for (const Value part : value) {
    const std::string name = value.is_array() ? std::to_string(index++) : std::string(part.name());
    const std::string below = path.empty() ? name : path + "." + name;
    if (part.name() == "reference") {
      const auto place = places.find(part.text());
      if (place != places.end()) edits.push_back({below, place->second});
    }
    collect_references(part, below, places, edits);
  }
}

std::string stored_json(const ResourceEntry& entry, const Places& places, const std::string& version,
                        const std::string& updated) {
  std::vector<JsonEdit> edits = {
      {"id", std::to_string(entry.number)}, {"meta.versionId", version}, {"meta.lastUpdated", updated}};
  collect_references(entry.resource, {}, places, edits);
  return write_json(entry.resource, edits, JsonLayout::compact);
}

std::string keep(const ResourceEntry& entry, const Places& places, Arrivals& arrivals, Env& env) {
  const std::string now = to_rfc3339(env.now());
  const std::string status(entry.resource.text("status"));
  if (!entry.known) {
    arrivals.add({.number = entry.number,
                  .at = env.now(),
                  .form = std::string(resource_form),
                  .document_id = entry.condition,
                  .type = entry.type,
                  .title = entry.type,
                  .status = status,
                  .resource = make_bytes(stored_json(entry, places, "1", now)),
                  .media_type = {},
                  .content = nullptr});
    return "1";
  }
  const auto before = fhir::Tree::read(std::string(view(entry.known->resource)));
  PSL_CHECK(before.ok());  // written by us
  const std::string version(before->root().text("meta.versionId"));
  const bool same =
      stored_json(entry, places, version, std::string(before->root().text("meta.lastUpdated"))) ==
      view(entry.known->resource);
  if (!entry.updates || same || version.empty()) return version.empty() ? "1" : version;
  const std::string next = std::to_string(std::stoi(version) + 1);
  arrivals.replace(entry.number, status, stored_json(entry, places, next, now));
  return next;
}

}  // namespace

std::optional<std::string> identifier_condition(std::string_view query) {
  const auto parameters = parse_query(query);
  if (!parameters || parameters->size() != 1 || parameters->front().first != "identifier" ||
      parameters->front().second.find('|') == std::string::npos)
    return std::nullopt;
  return parameters->front().second;
}

bool is_about_resources(Value bundle) {
  bool has_document = false;
  for (const Value entry : bundle["entry"]) {
    if (entry.text("request.method") == "PUT") return true;
    const std::string_view type = entry.text("resource.resourceType");
    has_document = has_document || type == "List" || type == "DocumentReference" || type == "Binary";
  }
  return !has_document && bundle["entry"].size() > 0;
}

std::string keep_resources(Value bundle, Arrivals& arrivals, Env& env, Findings& findings) {
  std::vector<ResourceEntry> entries;
  Places places;
  std::map<std::string, int64_t> numbers;
  for (const Value value : bundle["entry"]) {
    const std::string path = "Bundle.entry[" + std::to_string(entries.size()) + "]";
    ResourceEntry entry = read_resource_entry(value, path, findings);
    find_known(entry, path, arrivals, findings);
    entry.number = entry.known ? entry.known->number : arrivals.next_number();
    if (!entry.condition.empty() &&
        !numbers.try_emplace(entry.type + "?" + entry.condition, entry.number).second)
      findings.add("duplicate", path + ".request", "another entry has the same condition");
    if (const Value url = value["fullUrl"]; url.exists())
      places.try_emplace(std::string(url.text()), place_of(entry.type, entry.number));
    entries.push_back(std::move(entry));
  }
  if (!findings.empty()) return {};
  fhir::JsonWriter json;
  json.text("resourceType", "Bundle").text("type", "transaction-response").array("entry");
  for (const ResourceEntry& entry : entries) {
    const std::string version = keep(entry, places, arrivals, env);
    json.object().object("response");
    json.text("status", entry.known ? "200 OK" : "201 Created");
    json.text("location", place_of(entry.type, entry.number) + "/_history/" + version).end().end();
  }
  return json.finish();
}

}  // namespace psl
