#include "gateway/sandbox/transaction.h"

#include <set>
#include <vector>

#include "fhir/json_writer.h"
#include "gateway/sandbox/json_edit.h"
#include "gateway/sandbox/query.h"

namespace psl {
namespace {

using fhir::Value;

struct Entry {
  Value resource;
  std::string_view type;
  std::string path;     // "Bundle.entry[0].resource"
  std::string request;  // "Bundle.entry[0].request"
  Value full_url;
  std::string_view method;
  std::string_view url;
  // Of ifNoneExist; empty when there is none.
  std::string unless_identifier;
  Publication publication;
  // What a PATCH is for.
  std::optional<Arrival> target;
};

struct Transaction {
  std::vector<Entry> entries;
  Binaries binaries;
};

std::optional<Arrival> arrival_of_reference(std::string_view reference, const Arrivals& arrivals) {
  static constexpr std::string_view type = "DocumentReference";
  if (!reference.starts_with(type)) return std::nullopt;
  reference.remove_prefix(type.size());
  if (reference.starts_with('?')) return arrivals.find_document(identifier_of_query(reference.substr(1)));
  if (!reference.starts_with('/')) return std::nullopt;
  const auto number = number_of_id(reference.substr(1));
  return number ? arrivals.find(*number) : std::nullopt;
}

Entry read_entry(Value value, size_t index, Findings& findings) {
  Entry entry;
  const std::string place = "Bundle.entry[" + std::to_string(index) + "]";
  entry.path = place + ".resource";
  entry.request = place + ".request";
  entry.resource = value["resource"];
  entry.type = entry.resource.text("resourceType");
  entry.full_url = value["fullUrl"];
  entry.method = value.text("request.method");
  entry.url = value.text("request.url");
  if (!entry.resource.is_object()) findings.add("required", entry.path, "a resource is required");
  const bool patches = entry.type == "Parameters";
  if (entry.method != (patches ? "PATCH" : "POST"))
    findings.add("value", entry.request + ".method", patches ? "expected PATCH" : "expected POST");
  if (!patches && entry.url != entry.type)
    findings.add("value", entry.request + ".url", "expected the type of the resource");
  if (const Value condition = value.at("request.ifNoneExist"); condition.exists()) {
    entry.unless_identifier = identifier_of_query(condition.text());
    if (entry.unless_identifier.empty())
      findings.add("not-supported", entry.request + ".ifNoneExist",
                   "this sandbox understands identifier=urn:ietf:rfc:3986|..., percent-encoded");
  }
  return entry;
}

// The only PATCH of MHD: DocumentReference.status becomes superseded.
void check_patch(Entry& entry, const Arrivals& arrivals, Findings& findings) {
  std::string_view type;
  std::string_view path;
  std::string_view value;
  for (const Value part : entry.resource.at("parameter.0.part")) {
    if (part.text("name") == "type") type = part.text("valueCode");
    if (part.text("name") == "path") path = part.text("valueString");
    if (part.text("name") == "value") value = part.text("valueCode");
  }
  if (type != "replace" || path != "DocumentReference.status" || value != "superseded" ||
      entry.resource["parameter"].size() != 1)
    findings.add("not-supported", entry.path + ".parameter",
                 "expected one operation: replace DocumentReference.status by superseded");
  entry.target = arrival_of_reference(entry.url, arrivals);
  if (!entry.target)
    findings.add("not-found", entry.request + ".url", "there is no such DocumentReference to be superseded");
}

void check_related(const Entry& entry, const Arrivals& arrivals, Findings& findings) {
  size_t index = 0;
  for (const Value related : entry.resource["relatesTo"]) {
    const Value reference = related.at("target.reference");
    if (reference.exists() && !arrival_of_reference(reference.text(), arrivals))
      findings.add("not-found", entry.path + ".relatesTo[" + std::to_string(index) + "].target.reference",
                   "there is no such DocumentReference");
    ++index;
  }
}

void check_document(Entry& entry, const Transaction& transaction, std::set<std::string>& ids,
                    const Arrivals& arrivals, Findings& findings) {
  entry.publication = check_provided(entry.resource, entry.path, transaction.binaries, findings);
  check_related(entry, arrivals, findings);
  const std::string& id = entry.publication.document_id;
  const bool known = entry.unless_identifier != id && arrivals.find_document(id).has_value();
  if (!id.empty() && (known || !ids.insert(id).second))
    findings.add("duplicate", entry.path + ".masterIdentifier.value",
                 "a document has this identifier already: send ifNoneExist to repeat safely");
}

void check_entries(Transaction& transaction, const Arrivals& arrivals, Findings& findings) {
  int sets = 0;
  std::set<std::string> ids;
  for (Entry& entry : transaction.entries) {
    if (entry.type == "List") {
      ++sets;
      check_submission_set(entry.resource, entry.path, findings);
    } else if (entry.type == "DocumentReference") {
      check_document(entry, transaction, ids, arrivals, findings);
    } else if (entry.type == "Parameters") {
      check_patch(entry, arrivals, findings);
    } else if (entry.type != "Binary" && entry.type != "Patient") {
      findings.add(
          "structure", entry.path,
          "expected List, DocumentReference, Parameters, Binary or Patient: the profile's slices are closed");
    }
  }
  if (sets != 1) findings.add("structure", "Bundle.entry", "expected one SubmissionSet (List)");
  if (ids.empty()) findings.add("required", "Bundle.entry", "expected a DocumentReference");
}

Transaction read_transaction(Value bundle, Findings& findings) {
  Transaction transaction;
  if (!bundle.at("meta.profile.0").exists())
    findings.add("required", "Bundle.meta.profile", "this element is required by the profile");
  std::set<std::string_view> urls;
  size_t index = 0;
  for (const Value value : bundle["entry"]) {
    transaction.entries.push_back(read_entry(value, index++, findings));
    const Entry& entry = transaction.entries.back();
    const std::string_view url = entry.full_url.text();
    if (!url.empty() && !urls.insert(url).second)
      findings.add("invalid", "Bundle.entry[" + std::to_string(index - 1) + "].fullUrl",
                   "another entry has the same fullUrl");
    if (entry.type == "Binary") transaction.binaries.emplace(url, entry.resource);
  }
  return transaction;
}

struct Done {
  std::string_view status;
  std::string location;
};

Done created(std::string_view type, int64_t number) {
  return {"201 Created", std::string(type) + "/" + std::to_string(number) + "/_history/1"};
}
Done found(std::string_view type, int64_t number) {
  return {"200 OK", std::string(type) + "/" + std::to_string(number) + "/_history/1"};
}

Done keep_set(const Entry& entry, Arrivals& arrivals) {
  if (!entry.unless_identifier.empty()) {
    if (const auto known = arrivals.find_set(entry.unless_identifier)) return found("List", known->number);
  }
  SubmissionSet set;
  set.number = arrivals.next_number();
  set.identifier = std::string(entry.resource.text("identifier.0.value"));
  const std::vector<JsonEdit> edits = {{"id", std::to_string(set.number)}};
  set.resource = make_bytes(write_json(entry.resource, edits, JsonLayout::compact));
  const int64_t number = set.number;
  arrivals.add_set(std::move(set));
  return created("List", number);
}

Done apply(Entry& entry, Arrivals& arrivals, Env& env) {
  if (entry.type == "List") return keep_set(entry, arrivals);
  if (entry.type == "Parameters") {
    supersede(*entry.target, arrivals);
    return found("DocumentReference", entry.target->number);
  }
  if (entry.type == "DocumentReference") {
    if (const auto known = arrivals.find_document(entry.publication.document_id))
      return found(entry.type, known->number);
    return created(entry.type,
                   keep_document(entry.resource, std::move(entry.publication), "ITI-65", arrivals, env));
  }
  return created(entry.type, arrivals.next_number());
}

// A Binary is kept with the document that names it, under its number.
void place_binaries(const Transaction& transaction, std::vector<Done>& done) {
  for (size_t i = 0; i < done.size(); ++i) {
    const Entry& document = transaction.entries[i];
    if (document.type != "DocumentReference") continue;
    const std::string_view url = document.resource.text("content.0.attachment.url");
    for (size_t j = 0; j < done.size(); ++j) {
      const Entry& binary = transaction.entries[j];
      if (binary.type != "Binary" || binary.full_url.text() != url) continue;
      done[j] = done[i];
      done[j].location.replace(0, document.type.size(), "Binary");
    }
  }
}

}  // namespace

int64_t keep_document(Value reference, Publication publication, std::string form, Arrivals& arrivals,
                      Env& env) {
  Arrival arrival;
  arrival.number = arrivals.next_number();
  arrival.at = env.now();
  arrival.form = std::move(form);
  arrival.status = "current";
  const std::string number = std::to_string(arrival.number);
  std::vector<JsonEdit> edits = {{"id", number},
                                 {"meta.versionId", "1"},
                                 {"meta.lastUpdated", to_rfc3339(arrival.at)},
                                 {"content.0.attachment.url", "Binary/" + number},
                                 {"content.0.attachment.hash", publication.hash},
                                 {"content.0.attachment.data", std::nullopt}};
  size_t index = 0;
  for (const Value related : reference["relatesTo"]) {
    const auto target = arrival_of_reference(related.text("target.reference"), arrivals);
    if (target)
      edits.push_back({"relatesTo." + std::to_string(index) + ".target.reference",
                       "DocumentReference/" + std::to_string(target->number)});
    ++index;
  }
  arrival.resource = make_bytes(write_json(reference, edits, JsonLayout::compact));
  arrival.document_id = std::move(publication.document_id);
  arrival.type = std::move(publication.type);
  arrival.title = std::move(publication.title);
  arrival.media_type = std::move(publication.media_type);
  arrival.content = std::move(publication.content);
  const int64_t kept = arrival.number;
  arrivals.add(std::move(arrival));
  return kept;
}

void supersede(const Arrival& old, Arrivals& arrivals) {
  const auto tree = fhir::Tree::read(std::string(view(old.resource)));
  PSL_CHECK(tree.ok());  // written by us
  const std::vector<JsonEdit> edits = {{"status", "superseded"}, {"meta.versionId", "2"}};
  arrivals.replace(old.number, "superseded", write_json(tree->root(), edits, JsonLayout::compact));
}

std::string provide_documents(Value bundle, Arrivals& arrivals, Env& env, Findings& findings) {
  Transaction transaction = read_transaction(bundle, findings);
  check_entries(transaction, arrivals, findings);
  if (!findings.empty()) return {};
  std::vector<Done> done;
  for (Entry& entry : transaction.entries) done.push_back(apply(entry, arrivals, env));
  place_binaries(transaction, done);
  fhir::JsonWriter json;
  json.text("resourceType", "Bundle").text("type", "transaction-response").array("entry");
  for (const Done& one : done)
    json.object().object("response").text("status", one.status).text("location", one.location).end().end();
  return json.finish();
}

}  // namespace psl
