#include "adapters/formats/check/cda_header_check.h"

#include <algorithm>
#include <iterator>

#include "adapters/formats/check/cda_letter_model.h"
#include "adapters/formats/check/cda_structure.h"
#include "adapters/formats/value_sets.h"

namespace psl {
namespace {

constexpr std::string_view model_root = "1.2.250.1.213.1.1.1.";

template <size_t count>
bool is_one_of(const std::string_view (&known)[count], std::string_view text) {
  return std::find(std::begin(known), std::end(known), text) != std::end(known);
}

// Elements that must have a value (3.5.3), as the end of their path.
struct ValuedElement {
  std::string_view name;
  std::string_view parent;
  std::string_view grandparent;  // empty: any
};

constexpr ValuedElement valued_elements[] = {
    {"id", "ClinicalDocument", ""},
    {"code", "ClinicalDocument", ""},
    {"title", "ClinicalDocument", ""},
    {"effectiveTime", "ClinicalDocument", ""},
    {"confidentialityCode", "ClinicalDocument", ""},
    {"languageCode", "ClinicalDocument", ""},
    {"setId", "ClinicalDocument", ""},
    {"versionNumber", "ClinicalDocument", ""},
    {"recordTarget", "ClinicalDocument", ""},
    {"patientRole", "recordTarget", ""},
    {"id", "patientRole", ""},
    {"patient", "patientRole", ""},
    {"name", "patient", ""},
    {"id", "assignedAuthor", ""},
    {"custodian", "ClinicalDocument", ""},
    {"assignedCustodian", "custodian", ""},
    {"representedCustodianOrganization", "assignedCustodian", ""},
    {"id", "assignedEntity", "legalAuthenticator"},
    {"serviceEvent", "documentationOf", ""},
    {"id", "parentDocument", ""},
    {"code", "healthCareFacility", ""},
};

// Of the first documentationOf, the main event, only.
constexpr std::string_view main_event_elements[] = {"effectiveTime", "low", "performer",
                                                    "standardIndustryClassCode"};

bool must_have_value(const XmlElement& element) {
  if (element.parent == nullptr) return false;
  const XmlElement& parent = *element.parent;
  return std::any_of(std::begin(valued_elements), std::end(valued_elements), [&](const ValuedElement& each) {
    return each.name == element.name && each.parent == parent.name &&
           (each.grandparent.empty() ||
            (parent.parent != nullptr && parent.parent->name == each.grandparent));
  });
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const size_t begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) + 1 - begin);
}

// Walks the header once; the rules of each element are those of its name.
class CdaHeaderCheck {
 public:
  CdaHeaderCheck(const XmlElement& root, CdaNotes& notes) : root_(root), notes_(notes) {}

  void run() {
    check_templates();
    check_relations();
    if (cda_value(root_, "realmCode", "code") != "FR") notes_.issue(Rule::realm_wrong, root_, "realmCode");
    if (cda_value(root_, "typeId", "root") != "2.16.840.1.113883.1.3" ||
        cda_value(root_, "typeId", "extension") != "POCD_HD000040") {
      notes_.issue(Rule::type_id_wrong, root_, "typeId");
    }
    main_event_ = cda_at(root_, {"documentationOf", "serviceEvent"});
    for (const XmlElement& child : root_.children()) {
      if (is_cda(child, "component")) {
        check_cda_element(child, true, notes_);
        continue;
      }
      check_participation(child);
      visit(child, false);
    }
  }

 private:
  void check_templates() {
    const auto templates = cda_children(root_, "templateId");
    if (!has_template(root_, "2.16.840.1.113883.2.8.2.1") || !has_template(root_, "1.2.250.1.213.1.1.1.1")) {
      notes_.issue(Rule::template_missing, root_, "templateId");
    }
    constexpr std::string_view scanned = "1.3.6.1.4.1.19376.1.2.20";
    const bool third = templates.size() == 3 ? templates[2]->attribute("root") == scanned
                                             : templates.size() < 3 && has_template(root_, scanned);
    if (!third && cda_at(root_, {"component", "nonXMLBody"}) != nullptr) {
      notes_.issue(Rule::level_one_templates, root_, "templateId");
    }
    for (const XmlElement* each : templates) {
      const std::string_view oid = each->attribute("root");
      if (oid.substr(0, model_root.size()) != model_root || oid == "1.2.250.1.213.1.1.1.1") continue;
      const std::string_view version = each->attribute("extension");
      if (version.empty()) notes_.issue(Rule::model_version_missing, *each, "@extension");
      if (oid != letter_model_oid) continue;
      if (!version.empty() && version != "2022.01") {
        notes_.issue(Rule::model_version_unknown, *each, "@extension");
      }
      const std::string_view type = cda_value(root_, "code", "code");
      if (!type.empty() && type != discharge_letter_type)
        notes_.issue(Rule::type_not_of_model, root_, "code");
    }
  }

  void check_relations() {
    const auto related = cda_children(root_, "relatedDocument");
    if (related.size() > 1) notes_.issue(Rule::relation_wrong, *related[1]);
    for (const XmlElement* each : related) {
      if (each->attribute("typeCode") != "RPLC") notes_.issue(Rule::relation_wrong, *each, "@typeCode");
      const XmlElement* id = cda_at(*each, {"parentDocument", "id"});
      const std::string replaced = id == nullptr ? std::string() : cda_identifier(*id);
      if (!oid_ok(replaced)) notes_.issue(Rule::replaced_id_wrong, *each, "parentDocument/id");
      const XmlElement* own = cda_child(root_, "id");
      if (own != nullptr && !replaced.empty() && cda_identifier(*own) == replaced) {
        notes_.issue(Rule::replaces_itself, *each, "parentDocument/id");
      }
    }
  }

  // A child of the document: what its kind of participation wants.
  void check_participation(const XmlElement& child) {
    if (child.name == "author") {
      check_moment(child, Rule::author_time_missing);
    } else if (child.name == "legalAuthenticator" || child.name == "authenticator") {
      check_signature(child);
    } else if (child.name == "custodian") {
      check_custodian(child);
    } else if (child.name == "informationRecipient") {
      check_recipient(child);
    } else if (child.name == "participant") {
      check_participant(child);
    } else if (child.name == "informant") {
      check_informant(child);
    } else if (child.name == "componentOf") {
      check_stay(child);
    }
  }

  void check_moment(const XmlElement& participation, Rule missing) {
    const XmlElement* time = cda_child(participation, "time");
    if (time == nullptr || time->attributes.empty()) notes_.issue(missing, participation, "time");
  }

  void check_signature(const XmlElement& signature) {
    check_moment(signature, Rule::signature_time_missing);
    if (cda_value(signature, "signatureCode", "code") != "S") {
      notes_.issue(Rule::signature_code_wrong, signature, "signatureCode");
    }
    const XmlElement* entity = cda_child(signature, "assignedEntity");
    if (signature.name == "legalAuthenticator" && entity != nullptr && !has_id(*entity, professional_oid)) {
      notes_.issue(Rule::signer_id_missing, *entity, "id");
    }
  }

  static bool has_id(const XmlElement& owner, std::string_view root) {
    for (const XmlElement& id : owner.children()) {
      if (is_cda(id, "id") && id.attribute("root") == root && !id.attribute("extension").empty()) return true;
    }
    return false;
  }

  void check_custodian(const XmlElement& custodian) {
    const XmlElement* organization =
        cda_at(custodian, {"assignedCustodian", "representedCustodianOrganization"});
    // The host of patients' documents is the other structure that may keep one (3.5.1).
    if (organization != nullptr && !has_id(*organization, organization_oid) &&
        cda_value(*organization, "id", "root") != "1.2.250.1.213.4.1") {
      notes_.issue(Rule::custodian_id_wrong, *organization, "id");
    }
  }

  void check_recipient(const XmlElement& recipient) {
    const XmlElement* intended = cda_child(recipient, "intendedRecipient");
    if (intended == nullptr) return;
    for (const XmlElement* id : cda_children(*intended, "id")) {
      if (!id->attribute("nullFlavor").empty()) continue;
      if (id->attribute("root") != professional_oid) notes_.issue(Rule::recipient_id_wrong, *id, "@root");
    }
  }

  // Codes of JDV_J144, J141 and J47.
  void check_participant(const XmlElement& participant) {
    constexpr std::string_view types[] = {"REF", "REFB", "INF", "RESP", "PRF", "CON", "VRF"};
    constexpr std::string_view classes[] = {"PROV", "AGNT"};
    if (!is_one_of(types, participant.attribute("typeCode"))) {
      notes_.issue(Rule::participant_type_wrong, participant, "@typeCode");
    }
    const XmlElement* entity = cda_child(participant, "associatedEntity");
    if (entity == nullptr || !is_one_of(classes, entity->attribute("classCode"))) {
      notes_.issue(Rule::participant_class_wrong, participant, "associatedEntity/@classCode");
    }
    const XmlElement* function = cda_child(participant, "functionCode");
    if (function != nullptr && function->attribute("nullFlavor").empty() && !function_ok(*function)) {
      notes_.issue(Rule::participant_function_wrong, *function);
    }
  }

  static bool function_ok(const XmlElement& function) {
    constexpr std::string_view roles[] = {"CORRE", "PRELV", "ES-REF", "ES-PREF"};
    constexpr std::string_view physicians[] = {"ADMPHYS", "ATTPHYS", "DISPHYS", "PCP"};
    constexpr std::string_view circle[] = {"330", "353"};
    const std::string_view code = function.attribute("code");
    const std::string_view system = function.attribute("codeSystem");
    if (system == "1.2.250.1.213.1.1.4.2.280") return is_one_of(roles, code);
    if (system == "2.16.840.1.113883.5.88") return is_one_of(physicians, code);
    return system == "1.2.250.1.213.1.6.1.107" && is_one_of(circle, code);
  }

  void check_informant(const XmlElement& informant) {
    constexpr std::string_view classes[] = {"ECON", "NOK", "CON", "CAREGIVER", "PAT"};
    const XmlElement* entity = cda_child(informant, "relatedEntity");
    if (entity != nullptr && !is_one_of(classes, entity->attribute("classCode"))) {
      notes_.issue(Rule::informant_class_wrong, *entity, "@classCode");
    }
  }

  // Codes of JDV_J140.
  void check_stay(const XmlElement& component) {
    constexpr std::string_view types[] = {"ADM", "ATND", "CON", "DIS", "REF", "RESP"};
    const XmlElement* stay = cda_child(component, "encompassingEncounter");
    if (stay == nullptr) return;
    for (const XmlElement& child : stay->children()) {
      const bool participant = is_cda(child, "encounterParticipant");
      if (participant && !is_one_of(types, child.attribute("typeCode"))) {
        notes_.issue(Rule::encounter_participant_wrong, child, "@typeCode");
      }
      const XmlElement* entity = cda_child(child, "assignedEntity");
      if (entity != nullptr && !has_id(*entity, professional_oid)) {
        notes_.issue(Rule::professional_id_missing, *entity, "id");
      }
      if (is_cda(child, "dischargeDispositionCode") && !child.attribute("code").empty() &&
          child.attribute("codeSystem") != "1.2.250.1.213.2.14") {
        notes_.issue(Rule::discharge_disposition_wrong, child);
      }
    }
  }

  // Any element of the header; `in_main_event`: below the first serviceEvent.
  void visit(const XmlElement& element, bool in_main_event) {
    in_main_event |= &element == main_event_;
    check_cda_element(element, false, notes_);
    if (!element.attributes.empty()) check_attributes(element, in_main_event);
    if (element.name == "effectiveTime" || element.name == "time") check_period(element);
    if (element.name == "raceCode" || element.name == "ethnicGroupCode" ||
        element.name == "religiousAffiliationCode") {
      notes_.issue(Rule::patient_field_forbidden, element);
    }
    if ((element.name == "prefix" && !civility_code_ok(trimmed(element.text))) ||
        (element.name == "suffix" && !title_code_ok(trimmed(element.text)))) {
      notes_.issue(Rule::name_title_wrong, element);
    }
    for (const XmlElement& child : element.children()) visit(child, in_main_event);
  }

  void check_attributes(const XmlElement& element, bool in_main_event) {
    const std::string_view null_flavor = element.attribute("nullFlavor");
    if (!null_flavor.empty()) return check_null_flavor(element, null_flavor, in_main_event);
    const std::string_view name = element.name;
    if (name == "id") {
      check_cda_id(element, notes_);
    } else if (name == "telecom") {
      check_telecom(element);
    } else if (name == "family" || name == "given") {
      if (element.attribute("qualifier") == "SP") notes_.issue(Rule::name_qualifier_forbidden, element);
    } else if (name == "effectiveTime" || name == "time" || name == "low" || name == "high") {
      check_cda_time(element, notes_);
    }
  }

  void check_null_flavor(const XmlElement& element, std::string_view null_flavor, bool in_main_event) {
    constexpr std::string_view allowed[] = {"UNK", "NASK", "ASKU", "NAV", "MSK"};
    if (must_have_value(element) || (in_main_event && is_one_of(main_event_elements, element.name))) {
      notes_.issue(Rule::null_flavor_forbidden, element);
    } else if (!is_one_of(allowed, null_flavor)) {
      notes_.issue(Rule::null_flavor_unusual, element);
    }
  }

  void check_telecom(const XmlElement& telecom) {
    constexpr std::string_view schemes[] = {"tel", "fax", "mailto", "http", "ftp", "mllp"};
    constexpr std::string_view uses[] = {"H", "HP", "HV", "WP", "DIR", "PUB", "EC", "MC", "PG"};
    const std::string_view uri = telecom.attribute("value");
    const size_t colon = uri.find(':');
    if (colon == std::string_view::npos || colon + 1 == uri.size() ||
        !is_one_of(schemes, uri.substr(0, colon))) {
      notes_.issue(Rule::telecom_scheme_wrong, telecom, "@value");
    }
    const std::string_view use = telecom.attribute("use");
    if (!use.empty() && !is_one_of(uses, use)) notes_.issue(Rule::telecom_use_wrong, telecom, "@use");
  }

  void check_period(const XmlElement& period) {
    const std::optional<Hl7Time> low = read_cda_time(cda_child(period, "low"));
    const std::optional<Hl7Time> high = read_cda_time(cda_child(period, "high"));
    if (!low || !high) return;
    // Of two ends that are not as precise as each other, the vaguer one is somewhere in its day, month or
    // year.
    Span slack = seconds(0);
    if (low->digits != high->digits) {
      const int digits = std::min(low->digits, high->digits);
      const int days = digits >= 8 ? 1 : digits >= 6 ? 31 : 366;
      slack = seconds(days * int64_t{86400});
    }
    if (resolve(*high, notes_.zone()) + slack < resolve(*low, notes_.zone())) {
      notes_.issue(Rule::period_reversed, period);
    }
  }

  const XmlElement& root_;
  CdaNotes& notes_;
  const XmlElement* main_event_ = nullptr;
};

}  // namespace

void check_cda_header(const XmlElement& root, CdaNotes& notes) { CdaHeaderCheck(root, notes).run(); }

}  // namespace psl
