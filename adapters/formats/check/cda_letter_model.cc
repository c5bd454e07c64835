#include "adapters/formats/check/cda_letter_model.h"

#include <algorithm>
#include <initializer_list>
#include <span>

#include "adapters/formats/value_sets.h"

namespace psl {
namespace {

constexpr std::string_view loinc_oid = "2.16.840.1.113883.6.1";
constexpr std::string_view asip_oid = "1.2.250.1.213.1.1.4.322";
constexpr std::string_view act_code_oid = "2.16.840.1.113883.5.4";
constexpr std::string_view absent_oid = "2.16.840.1.113883.5.1150.1";
constexpr std::string_view cis_oid = "1.2.250.1.213.2.3.1";
constexpr std::string_view instance_space = "http://www.w3.org/2001/XMLSchema-instance";

struct SectionModel {
  std::string_view code;  // LOINC
  bool required = false;
  // The one that marks the section in the documents of any model.
  std::string_view mark;
  // All of them in a discharge letter.
  std::array<std::string_view, 4> templates;
};

// In the order of the model.
constexpr std::array<SectionModel, letter_sections> section_models = {{
    {"33557-0", true, "1.2.250.1.213.1.1.2.35", {"1.2.250.1.213.1.1.2.35", "1.2.250.1.213.1.1.2.35.1"}},
    {"42349-1",
     true,
     "1.2.250.1.213.1.1.2.127",
     {"1.3.6.1.4.1.19376.1.5.3.1.3.1", "1.2.250.1.213.1.1.2.127"}},
    {"42545-4",
     true,
     "1.2.250.1.213.1.1.2.163",
     {"1.3.6.1.4.1.19376.1.5.3.1.1.21.2.9", "1.3.6.1.4.1.19376.1.7.3.1.1.13.7", "1.2.250.1.213.1.1.2.163",
      "1.2.250.1.213.1.1.2.163.1"}},
    {"18610-6",
     false,
     "1.2.250.1.213.1.1.2.145",
     {"1.3.6.1.4.1.19376.1.5.3.1.3.21", "1.2.250.1.213.1.1.2.145"}},
    {"10183-2",
     true,
     "1.2.250.1.213.1.1.2.146",
     {"1.3.6.1.4.1.19376.1.5.3.1.3.22", "1.2.250.1.213.1.1.2.146"}},
    {"30954-2",
     false,
     "1.2.250.1.213.1.1.2.150",
     {"1.3.6.1.4.1.19376.1.5.3.1.3.27", "1.2.250.1.213.1.1.2.150"}},
    {"18776-5",
     false,
     "1.2.250.1.213.1.1.2.158",
     {"2.16.840.1.113883.10.20.1.10", "1.3.6.1.4.1.19376.1.5.3.1.3.36", "1.2.250.1.213.1.1.2.158"}},
    {"46264-8",
     false,
     "1.2.250.1.213.1.1.2.1",
     {"2.16.840.1.11383.10.20.1.7", "1.3.6.1.4.1.19376.1.5.3.1.1.5.3.5", "1.2.250.1.213.1.1.2.1"}},
    {"48765-2",
     false,
     "1.2.250.1.213.1.1.2.137",
     {"2.16.840.1.113883.10.20.1.2", "1.3.6.1.4.1.19376.1.5.3.1.3.13", "1.2.250.1.213.1.1.2.137"}},
}};

constexpr size_t status_section = 0;
constexpr size_t outcome_section = 2;
constexpr size_t given_section = 3;
constexpr size_t discharge_section = 4;

enum class ValueKind { any, text, boolean, coded };

struct ObservationModel {
  std::string_view code;  // TA_ASIP
  bool required = false;
  // Besides those of every simple observation.
  std::array<std::string_view, 2> templates;
  ValueKind kind = ValueKind::any;
  ValueSet set = ValueSet::document_status;  // of a coded value
};

constexpr std::string_view observation_templates[] = {"1.3.6.1.4.1.19376.1.5.3.1.4.13",
                                                      "1.2.250.1.213.1.1.3.48"};

constexpr ObservationModel status_observations[] = {
    {"GEN-065",
     true,
     {"1.2.250.1.213.1.1.3.48.16", "1.2.250.1.213.1.1.3.48.16.1"},
     ValueKind::coded,
     ValueSet::document_status},
};

constexpr ObservationModel outcome_observations[] = {
    {"ORG-070", true, {"1.2.250.1.213.1.1.3.48.6"}, ValueKind::coded, ValueSet::admission_mode},
    {"ORG-074", true, {"1.2.250.1.213.1.1.3.48.7"}, ValueKind::coded, ValueSet::discharge_mode},
    {"MED-142", true, {"1.2.250.1.213.1.1.3.48.9"}, ValueKind::text},
    {"MED-143", false, {"1.2.250.1.213.1.1.3.48.3"}},
    {"MED-309", true, {"1.2.250.1.213.1.1.3.48.8"}, ValueKind::boolean},
    {"MED-144", false, {"1.2.250.1.213.1.1.3.48.5"}},
    {"MED-145", true, {"1.2.250.1.213.1.1.3.48.10"}, ValueKind::boolean},
    {"MED-146", false, {"1.2.250.1.213.1.1.3.48.1"}},
    {"MED-147", true, {"1.2.250.1.213.1.1.3.48.2"}, ValueKind::boolean},
    {"MED-148", false, {"1.2.250.1.213.1.1.3.48.4"}},
};

// The section of the model that this one is meant to be; letter_sections when it is none.
size_t kind_of_section(const XmlElement& section) {
  for (size_t kind = 0; kind < letter_sections; ++kind) {
    for (const std::string_view each : section_models[kind].templates) {
      if (!each.empty() && has_template(section, each)) return kind;
    }
  }
  const std::string_view code = cda_value(section, "code", "code");
  const auto same = std::find_if(section_models.begin(), section_models.end(),
                                 [&](const SectionModel& each) { return each.code == code; });
  return static_cast<size_t>(same - section_models.begin());
}

void check_code(const XmlElement& section, const SectionModel& model, CdaNotes& notes) {
  const XmlElement* code = cda_child(section, "code");
  if (code == nullptr || code->attribute("code") != model.code ||
      code->attribute("codeSystem") != loinc_oid) {
    notes.issue(Rule::section_code_wrong, section, "code");
  }
}

// xsi:type without its prefix.
std::string_view type_of(const XmlElement& value) {
  const std::string_view type = value.attribute("type", instance_space);
  const size_t colon = type.find(':');
  return colon == std::string_view::npos ? type : type.substr(colon + 1);
}

bool has_ink(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return static_cast<uint8_t>(c) > ' '; });
}

bool value_ok(const XmlElement* value, const ObservationModel& model) {
  if (value == nullptr) return false;
  const std::string_view type = type_of(*value);
  switch (model.kind) {
    case ValueKind::any:
      break;
    case ValueKind::text:
      return type == "ST" && has_ink(value->text);
    case ValueKind::boolean: {
      const std::string_view said = value->attribute("value");
      return type == "BL" && (said == "true" || said == "false");
    }
    case ValueKind::coded: {
      const std::string_view system = value->attribute("codeSystem");
      return (type == "CD" || type == "CE") && !system.empty() &&
             find_concept(model.set, value->attribute("code"), system) != nullptr;
    }
  }
  return true;
}

bool has_all_templates(const XmlElement& element, std::span<const std::string_view> oids) {
  return std::all_of(oids.begin(), oids.end(),
                     [&](std::string_view oid) { return oid.empty() || has_template(element, oid); });
}

// A value or a date, of its own or in one of its parts.
bool has_value(const XmlElement& element) {
  if (!element.attribute("value").empty()) return true;
  for (const XmlElement& child : element.children()) {
    if (!child.attribute("value").empty()) return true;
  }
  return false;
}

bool has_dosage(const XmlElement& treatment) {
  for (const XmlElement& child : treatment.children()) {
    const bool quantity = child.name == "effectiveTime" || child.name == "doseQuantity" ||
                          child.name == "rateQuantity" || child.name == "maxDoseQuantity";
    if (quantity && has_value(child)) return true;
    // Doses in parts, or instructions, are told below.
    if (child.name == "entryRelationship" &&
        (cda_child(child, "substanceAdministration") != nullptr || cda_child(child, "act") != nullptr)) {
      return true;
    }
  }
  return false;
}

enum class TreatmentKind { medicine, absent, unknown };

TreatmentKind kind_of_treatment(const XmlElement& treatment) {
  const XmlElement* code = cda_child(treatment, "code");
  const std::string_view value = code == nullptr ? std::string_view() : code->attribute("code");
  const std::string_view system = code == nullptr ? std::string_view() : code->attribute("codeSystem");
  if (value.empty() && system.empty()) return TreatmentKind::medicine;
  if (system == act_code_oid && (value == "DRUG" || value == "FD")) return TreatmentKind::medicine;
  if (system == absent_oid && (value == "no-known-medications" || value == "no-medication-info")) {
    return TreatmentKind::absent;
  }
  return TreatmentKind::unknown;
}

void check_product(const XmlElement& treatment, CdaNotes& notes) {
  const XmlElement* product = cda_at(treatment, {"consumable", "manufacturedProduct"});
  if (product == nullptr || !has_template(*product, "1.2.250.1.213.1.1.3.43")) {
    notes.issue(Rule::product_template_missing, treatment, "consumable/manufacturedProduct/templateId");
  }
  if (product == nullptr) return;
  if (cda_at(*product, {"manufacturedMaterial", "name"}) == nullptr) {
    notes.issue(Rule::product_name_missing, *product, "manufacturedMaterial/name");
  }
  const XmlElement* code = cda_at(*product, {"manufacturedMaterial", "code"});
  const bool said =
      code != nullptr && (!code->attribute("nullFlavor").empty() ||
                          (code->attribute("codeSystem") == cis_oid && !code->attribute("code").empty()));
  if (!said) notes.issue(Rule::product_code_wrong, *product, "manufacturedMaterial/code");
}

}  // namespace

void CdaLetterModel::section(const XmlElement& section) {
  const size_t kind = kind_of_section(section);
  if (kind >= letter_sections) return;
  const SectionModel& model = section_models[kind];
  if (++seen_[kind] > 1) notes_.issue(Rule::section_repeated, section);
  check_code(section, model, notes_);
  if (!has_all_templates(section, model.templates)) {
    notes_.issue(Rule::section_template_missing, section, "templateId");
  }
  if (kind == status_section || kind == outcome_section) check_observations(section, kind);
  if (kind != discharge_section && kind != given_section) return;
  for (const XmlElement& entry : section.children()) {
    if (entry.name == "entry" && cda_child(entry, "substanceAdministration") != nullptr) return;
  }
  notes_.issue(Rule::treatments_missing, section, "entry");
}

void CdaLetterModel::end(const XmlElement& body) {
  for (size_t kind = 0; kind < letter_sections; ++kind) {
    if (!section_models[kind].required || seen_[kind] > 0) continue;
    const std::string where =
        "component/section[code/@code='" + std::string(section_models[kind].code) + "']";
    notes_.issue(Rule::section_missing, body, where);
  }
}

void CdaLetterModel::check_observations(const XmlElement& section, size_t kind) {
  const std::span<const ObservationModel> models =
      kind == status_section ? std::span<const ObservationModel>(status_observations)
                             : std::span<const ObservationModel>(outcome_observations);
  std::array<int, std::size(outcome_observations)> count{};
  for (const XmlElement& entry : section.children()) {
    const XmlElement* observation = entry.name == "entry" ? cda_child(entry, "observation") : nullptr;
    if (observation == nullptr) continue;
    const std::string_view code = cda_value(*observation, "code", "code");
    const auto model = std::find_if(models.begin(), models.end(),
                                    [&](const ObservationModel& each) { return each.code == code; });
    if (model == models.end() || cda_value(*observation, "code", "codeSystem") != asip_oid) {
      notes_.issue(Rule::observation_unknown, *observation, "code");
      if (model == models.end()) continue;
    }
    if (++count[static_cast<size_t>(model - models.begin())] > 1) {
      notes_.issue(Rule::observation_repeated, *observation);
    }
    if (!has_all_templates(*observation, observation_templates) ||
        !has_all_templates(*observation, model->templates)) {
      notes_.issue(Rule::observation_template_missing, *observation, "templateId");
    }
    if (!value_ok(cda_child(*observation, "value"), *model)) {
      notes_.issue(Rule::observation_value_wrong, *observation, "value");
    }
  }
  for (size_t i = 0; i < models.size(); ++i) {
    if (!models[i].required || count[i] > 0) continue;
    const std::string where = "entry/observation[code/@code='" + std::string(models[i].code) + "']";
    notes_.issue(Rule::observation_missing, section, where);
  }
}

void check_section_code(const XmlElement& section, CdaNotes& notes) {
  for (const XmlElement& id : section.children()) {
    if (!is_cda(id, "templateId")) continue;
    for (const SectionModel& model : section_models) {
      if (id.attribute("root") == model.mark) return check_code(section, model, notes);
    }
  }
}

void check_letter_treatment(const XmlElement& treatment, CdaNotes& notes) {
  const TreatmentKind kind = kind_of_treatment(treatment);
  if (kind == TreatmentKind::unknown) notes.issue(Rule::treatment_code_unknown, treatment, "code");
  if (kind == TreatmentKind::medicine && !has_dosage(treatment)) {
    notes.issue(Rule::treatment_without_dosage, treatment);
  }
  const XmlElement* period = cda_child(treatment, "effectiveTime");
  if (period != nullptr && type_of(*period) == "IVL_TS" && period->attribute("nullFlavor").empty() &&
      (cda_child(*period, "low") == nullptr || cda_child(*period, "high") == nullptr)) {
    notes.issue(Rule::treatment_period_incomplete, *period);
  }
  check_product(treatment, notes);
}

}  // namespace psl
