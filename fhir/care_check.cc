#include "fhir/care_check.h"

#include <algorithm>
#include <set>
#include <span>

#include "fhir/care_codes.h"
#include "fhir/instants.h"
#include "fhir/json_value.h"

namespace psl::fhir {
namespace {

constexpr size_t faults_most = 100;

// What must be there, by type: paths from the resource. R4 4.0.1, and the profiles that we claim.
struct RequiredRow {
  std::string_view type;
  std::string_view path;
};
constexpr RequiredRow required_rows[] = {
    {"Patient", "identifier.0"},
    {"Patient", "name.0.family"},
    {"Patient", "gender"},
    {"Patient", "birthDate"},
    {"Patient", "meta.profile.0"},
    {"Patient", "extension.0"},
    {"ServiceRequest", "identifier.0"},
    {"ServiceRequest", "status"},
    {"ServiceRequest", "intent"},
    {"ServiceRequest", "code.coding.0.code"},
    {"ServiceRequest", "subject.reference"},
    {"ServiceRequest", "authoredOn"},
    {"ServiceRequest", "requester.reference"},
    {"Task", "identifier.0"},
    {"Task", "status"},
    {"Task", "intent"},
    {"Task", "code.coding.0.code"},
    {"Task", "focus.reference"},
    {"Task", "for.reference"},
    {"Task", "authoredOn"},
    {"Task", "lastModified"},
    {"Task", "requester.reference"},
    {"Task", "owner.reference"},
    {"Appointment", "identifier.0"},
    {"Appointment", "status"},
    {"Appointment", "start"},
    {"Appointment", "end"},
    {"Appointment", "participant.0.actor.reference"},
    {"Appointment", "participant.0.status"},
    {"EpisodeOfCare", "identifier.0"},
    {"EpisodeOfCare", "status"},
    {"EpisodeOfCare", "patient.reference"},
    {"EpisodeOfCare", "managingOrganization.reference"},
    {"EpisodeOfCare", "team.0.reference"},
    {"CareTeam", "identifier.0"},
    {"CareTeam", "status"},
    {"CareTeam", "name"},
    {"CareTeam", "subject.reference"},
    {"CareTeam", "period.start"},
    {"CarePlan", "identifier.0"},
    {"CarePlan", "status"},
    {"CarePlan", "intent"},
    {"CarePlan", "title"},
    {"CarePlan", "subject.reference"},
    {"CarePlan", "careTeam.0.reference"},
    {"Consent", "identifier.0"},
    {"Consent", "status"},
    {"Consent", "scope.coding.0.code"},
    {"Consent", "category.0.coding.0.code"},
    {"Consent", "patient.reference"},
    {"Consent", "dateTime"},
    {"Consent", "policyRule.text"},
    {"Condition", "identifier.0"},
    {"Condition", "code"},
    {"Condition", "subject.reference"},
    {"Practitioner", "identifier.0"},
    {"PractitionerRole", "identifier.0"},
    {"Organization", "identifier.0"},
    {"Device", "identifier.0"},
};

// Value sets of required bindings, as far as we use them.
struct CodesRow {
  std::string_view type;
  std::string_view path;
  std::string_view codes;
};
constexpr CodesRow codes_rows[] = {
    {"Patient", "gender", "male female unknown"},
    {"ServiceRequest", "status", "active completed revoked"},
    {"ServiceRequest", "intent", "order"},
    {"ServiceRequest", "priority", "routine urgent asap stat"},
    {"Task", "status", "requested accepted rejected in-progress failed cancelled completed"},
    {"Task", "intent", "order"},
    {"Task", "priority", "routine urgent asap stat"},
    {"Task", "businessStatus.coding.0.code", "2.0 3.0 4.0 5.1.1 5.1.2 5.1.3 5.1.4 6.0 7.0"},
    {"Appointment", "status", "booked fulfilled cancelled noshow"},
    {"EpisodeOfCare", "status", "planned active onhold finished cancelled"},
    {"CareTeam", "status", "active inactive"},
    {"CarePlan", "status", "draft active on-hold completed revoked"},
    {"CarePlan", "intent", "plan"},
    {"Consent", "status", "active rejected inactive"},
    {"Consent", "provision.type", "permit"},
};

constexpr std::string_view created_types[] = {"Patient", "Practitioner", "PractitionerRole", "Organization",
                                              "Device"};

bool is_one_of(std::string_view code, std::string_view codes) {
  size_t from = 0;
  while (from <= codes.size()) {
    const size_t to = std::min(codes.find(' ', from), codes.size());
    if (codes.substr(from, to - from) == code) return true;
    from = to + 1;
  }
  return false;
}

class CareChecker {
 public:
  std::vector<CareFault> check(Value bundle);

 private:
  void fault(std::string path, std::string text) {
    if (faults_.size() < faults_most) faults_.push_back({std::move(path), std::move(text)});
  }
  void check_request(const std::string& path, Value entry);
  void check_resource(const std::string& path, Value resource);
  void check_patient(const std::string& path, Value patient);
  void check_values(const std::string& path, Value value);
  void check_identifier(const std::string& path, Value identifier);
  void check_reference(const std::string& path, Value reference);
  void check_order(const std::string& path, Value start, Value end);

  std::set<std::string_view> full_urls_;
  // Of the resource at hand.
  std::set<std::string> contained_;
  std::set<std::string> referred_;
  std::vector<CareFault> faults_;
};

void CareChecker::check_request(const std::string& path, Value entry) {
  const Value request = entry["request"];
  const std::string type(entry.text("resource.resourceType"));
  const std::string_view method = request.text("method");
  const bool created = std::ranges::find(created_types, type) != std::end(created_types);
  if (method != (created ? "POST" : "PUT"))
    fault(path + ".request.method", "POST for who, PUT for what, is expected");
  const std::string_view url = request.text("url");
  if (method == "PUT") {
    if (!url.starts_with(type + "?identifier="))
      fault(path + ".request.url", "a conditional update by identifier is expected");
    const Value tags = entry.at("resource.meta.tag");
    const bool counts = tags.size() == 2 && tags.text("1.system") == own_order_system;
    if ((tags.size() != 1 && !counts) || !tags.text("0.code").starts_with("urn:uuid:"))
      fault(path + ".resource.meta.tag", "the tags of the event and of its order alone are expected");
  } else if (url != type || !request.text("ifNoneExist").starts_with("identifier=")) {
    fault(path + ".request", "a conditional create by identifier is expected");
  }
}

void CareChecker::check_patient(const std::string& path, Value patient) {
  size_t official = 0;
  for (const Value each : patient["identifier"]) official += each.text("use") == "official" ? 1 : 0;
  const bool with_ins = patient.text("meta.profile.0").ends_with("fr-core-patient-ins");
  // fr-core-2; a NIA of 2.1.0 is "temp".
  const bool temp = patient.text("identifier.0.use") == "temp";
  if (with_ins && official + (temp ? 1 : 0) != 1) fault(path + ".identifier", "exactly one INS is expected");
  if (!with_ins && official != 0)
    fault(path + ".identifier", "no official identifier is expected without an INS");
}

void CareChecker::check_resource(const std::string& path, Value resource) {
  const std::string_view type = resource.text("resourceType");
  bool known = false;
  for (const RequiredRow& row : required_rows) {
    if (row.type != type) continue;
    known = true;
    if (!resource.at(row.path).exists()) fault(path + "." + std::string(row.path), "is required");
  }
  if (!known) fault(path + ".resourceType", "a type that our bundles have is expected");
  for (const CodesRow& row : codes_rows) {
    const Value code = row.type == type ? resource.at(row.path) : Value();
    if (code.exists() && !is_one_of(code.text(), row.codes))
      fault(path + "." + std::string(row.path), "one of \"" + std::string(row.codes) + "\" is expected");
  }
  if (type == "Patient") check_patient(path, resource);
  if (type == "Task") check_order(path + ".lastModified", resource["authoredOn"], resource["lastModified"]);
  if (type == "Task" && resource.text("status") == "completed" && !resource["output"].exists())
    fault(path + ".output", "is required when completed");
  if (type == "Task" && is_one_of(resource.text("status"), "rejected failed cancelled") &&
      resource.text("statusReason.text").empty())
    fault(path + ".statusReason", "is required of an attempt that ended");
  const Value provision = resource["provision"];
  if (type == "Consent" && provision.exists() && !provision.at("actor.0.reference.reference").exists())
    fault(path + ".provision.actor", "is required: without one everybody is permitted");
  if (type == "Appointment") check_order(path + ".end", resource["start"], resource["end"]);
  contained_.clear();
  referred_.clear();
  for (const Value each : resource["contained"]) contained_.insert("#" + std::string(each.text("id")));
  check_values(path, resource);
  if (contained_ != referred_) fault(path + ".contained", "what is contained, and only that, is referred to");
}

void CareChecker::check_order(const std::string& path, Value start, Value end) {
  if (!start.exists() || !end.exists()) return;
  const std::optional<Instant> from = time_from(start.text());
  const std::optional<Instant> to = time_from(end.text());
  if (!from || !to || *to < *from)
    fault(path, "a time to the second, not before the one it follows, is expected");
}

void CareChecker::check_identifier(const std::string& path, Value identifier) {
  for (const std::string_view name : {"use", "system", "value"}) {
    if (identifier.text(name).empty()) fault(path + "." + std::string(name), "is required of an identifier");
  }
  if (!is_one_of(identifier.text("use"), "official usual secondary temp"))
    fault(path + ".use", "a use that we write is expected");
}

void CareChecker::check_reference(const std::string& path, Value reference) {
  if (reference.text().starts_with('#')) {
    referred_.emplace(reference.text());
  } else if (!full_urls_.contains(reference.text())) {
    fault(path, "the fullUrl of an entry is expected");
  }
}

void CareChecker::check_values(const std::string& path, Value value) {
  const bool holder = value.is_object() || value.is_array();
  if (holder ? value.size() == 0 : value.text().empty()) fault(path, "nothing empty is expected");
  if (value.name() == "reference" && !holder) check_reference(path, value);
  if (value.is_object() && (value["start"].exists() || value["end"].exists()))
    check_order(path, value["start"], value["end"]);
  if (value.is_object() && value["system"].exists() && value["code"].exists() &&
      (value.text("system").empty() || value.text("code").empty()))
    fault(path, "a code with its system is expected");
  size_t place = 0;
  for (const Value each : value) {
    const std::string child =
        value.is_array() ? path + "[" + std::to_string(place++) + "]" : path + "." + std::string(each.name());
    if (value.is_array() && value.name() == "identifier" && each.is_object()) check_identifier(child, each);
    check_values(child, each);
  }
}

std::vector<CareFault> CareChecker::check(Value bundle) {
  if (bundle.text("resourceType") != "Bundle" || bundle.text("type") != "transaction")
    fault("type", "a Bundle of type transaction is expected");
  if (bundle.text("entry.0.resource.resourceType") != "Patient")
    fault("entry[0]", "the Patient is expected first");
  std::set<std::string> asked;
  size_t place = 0;
  for (const Value entry : bundle["entry"]) {
    const std::string path = "entry[" + std::to_string(place++) + "]";
    const std::string_view url = entry.text("fullUrl");
    if (!url.starts_with("urn:uuid:") || !full_urls_.insert(url).second)
      fault(path + ".fullUrl", "a urn:uuid of its own is expected");
    const Value request = entry["request"];
    if (!asked.insert(std::string(request.text("url")) + "?" + std::string(request.text("ifNoneExist")))
             .second)
      fault(path + ".request", "each resource is expected once");
    check_request(path, entry);
  }
  place = 0;
  for (const Value entry : bundle["entry"])
    check_resource("entry[" + std::to_string(place++) + "].resource", entry["resource"]);
  return std::move(faults_);
}

}  // namespace

std::vector<CareFault> check_care_bundle(std::string json) {
  const auto tree = Tree::read(std::move(json));
  if (!tree.ok()) return {{"", "JSON is expected"}};
  return CareChecker().check(tree->root());
}

}  // namespace psl::fhir
