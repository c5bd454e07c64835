#include "adapters/formats/check/cda_structure.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "adapters/formats/check/cda_entry_kinds.h"
#include "adapters/formats/value_sets.h"

namespace psl {
namespace {

constexpr std::string_view schema_instance = "http://www.w3.org/2001/XMLSchema-instance";

// True when `word` is one of the words of `list`, which single spaces part.
bool has_word(std::string_view list, std::string_view word) {
  if (word.empty()) return false;
  for (size_t at = list.find(word); at != std::string_view::npos; at = list.find(word, at + 1)) {
    const size_t end = at + word.size();
    if ((at == 0 || list[at - 1] == ' ') && (end == list.size() || list[end] == ' ')) return true;
  }
  return false;
}

// Elements that may stand more than once in their parent; all others stand once.
struct RepeatedElement {
  std::string_view name;
  std::string_view once_in;       // not in these parents
  std::string_view ambiguous_in;  // allowed there, and a reader takes one
};

constexpr std::string_view persons =
    "patient assignedPerson associatedPerson relatedPerson guardianPerson informationRecipient";
constexpr std::string_view organizations =
    "representedOrganization receivedOrganization scopingOrganization providerOrganization";

constexpr RepeatedElement repeated_elements[] = {
    {"additionalLocator", "", ""},
    {"addr", "location place representedCustodianOrganization", ""},
    {"approachSiteCode", "", ""},
    {"asMaintainedEntity", "", ""},
    {"authenticator", "", ""},
    {"author", "", ""},
    {"authorization", "", ""},
    {"city", "", "addr"},
    {"comp", "", ""},
    {"component", "ClinicalDocument", ""},
    {"country", "", "addr"},
    {"county", "", "addr"},
    {"delimiter", "", ""},
    {"documentationOf", "", ""},
    {"effectiveTime",
     "ClinicalDocument act asMaintainedEntity asOrganizationPartOf encompassingEncounter encounter "
     "observation organizer procedure relatedEntity serviceEvent",
     ""},
    {"encounterParticipant", "", ""},
    {"entry", "", ""},
    {"entryRelationship", "", ""},
    {"family", "", ""},
    {"given", "", ""},
    {"guardian", "", ""},
    {"houseNumber", "", "addr"},
    {"id", "ClinicalDocument patient section", ""},
    {"inFulfillmentOf", "", ""},
    {"informant", "", ""},
    {"informationRecipient", "intendedRecipient", ""},
    {"interpretationCode", "observationRange", ""},
    {"item", "", ""},
    {"languageCommunication", "", ""},
    {"methodCode", "", ""},
    {"name", "location manufacturedLabeledDrug manufacturedMaterial place representedCustodianOrganization",
     ""},
    {"participant", "", ""},
    {"performer", "", ""},
    {"postalCode", "", "addr"},
    {"precondition", "", ""},
    {"prefix", "", "name"},
    {"priorityCode", "act encounter observation order procedure substanceAdministration", ""},
    {"qualifier", "", ""},
    {"quantity", "supply", ""},
    {"realmCode", "", ""},
    {"recordTarget", "", ""},
    {"reference", "text originalText", ""},
    {"referenceRange", "", ""},
    {"relatedDocument", "", ""},
    {"specimen", "", ""},
    {"state", "", "addr"},
    {"streetAddressLine", "", ""},
    {"streetName", "", "addr"},
    {"suffix", "", ""},
    {"targetSiteCode", "", ""},
    {"telecom", "representedCustodianOrganization", ""},
    {"templateId", "", ""},
    {"translation", "", ""},
    {"useablePeriod", "", ""},
    {"value", "criterion observationMedia observationRange", "observation"},
};

// Parts of an element, spaces between them, `a|b` for one of two. What has a nullFlavor needs none.
struct ElementParts {
  std::string_view name;
  std::string_view parent;    // empty: any
  std::string_view required;  // HL7 CDA R2, or CI-SIS
  std::string_view expected;
};

constexpr std::string_view statements =
    "observation|substanceAdministration|act|procedure|encounter|supply|organizer|observationMedia|"
    "regionOfInterest";

constexpr ElementParts element_parts[] = {
    {"assignedAuthor", "", "id assignedPerson|assignedAuthoringDevice", ""},
    {"assignedEntity", "", "id", "assignedPerson"},
    {"assignedPerson", "", "name", ""},
    {"associatedEntity", "", "", "associatedPerson|scopingOrganization"},
    {"associatedPerson", "", "name", ""},
    {"author", "", "assignedAuthor", ""},
    {"authenticator", "", "assignedEntity", ""},
    {"birthplace", "", "place", ""},
    {"consumable", "", "manufacturedProduct", ""},
    {"dataEnterer", "", "assignedEntity", "time"},
    {"doseQuantity", "", "", "low|high|center|@value"},
    {"encompassingEncounter", "", "location", "effectiveTime"},
    {"encounterParticipant", "", "assignedEntity", ""},
    {"entry", "", statements, ""},
    {"entryRelationship", "", statements, ""},
    {"guardianPerson", "", "name", ""},
    {"informant", "", "assignedEntity|relatedEntity", ""},
    {"informationRecipient", "ClinicalDocument", "intendedRecipient", ""},
    {"informationRecipient", "intendedRecipient", "name", ""},
    {"intendedRecipient", "", "", "id informationRecipient|receivedOrganization"},
    {"location", "encompassingEncounter", "healthCareFacility", ""},
    {"manufacturedProduct", "", "manufacturedMaterial|manufacturedLabeledDrug", ""},
    {"maxDoseQuantity", "", "numerator denominator", ""},
    {"name", "assignedPerson", "family", ""},
    {"name", "associatedPerson", "family", ""},
    {"name", "guardianPerson", "family", ""},
    {"name", "informationRecipient", "family", ""},
    {"name", "relatedPerson", "family", ""},
    {"observation", "", "code", ""},
    {"organizer", "", "statusCode", "component"},
    {"participant", "", "associatedEntity|participantRole", ""},
    {"patientRole", "", "id", ""},
    {"performer", "", "assignedEntity", ""},
    {"playingDevice", "", "", "code"},
    {"playingEntity", "", "", "code|name"},
    {"receivedOrganization", "", "", "id name"},
    {"relatedEntity", "", "", "code relatedPerson"},
    {"relatedPerson", "", "name", ""},
    {"representedCustodianOrganization", "", "id", "name"},
    {"representedOrganization", "", "", "id name"},
    {"responsibleParty", "", "assignedEntity", ""},
    {"scopingOrganization", "", "", "id name"},
    {"substanceAdministration", "", "consumable", ""},
};

struct ElementAttribute {
  std::string_view element;
  std::string_view attribute;
  bool required = false;
  std::string_view values;
};

constexpr std::string_view relations = "XCRPT COMP RSON SPRT CAUS GEVL MFST REFR SAS SUBJ";
constexpr std::string_view act_moods = "EVN APT ARQ DEF INT PRMS PRP RQO";
constexpr std::string_view booleans = "true false 1 0";

// The values of HL7 CDA R2 (voc.xsd).
constexpr ElementAttribute element_attributes[] = {
    {"act", "classCode", true,
     "ACCM ACSN ACT AEXPOS CONS CONTREG CTTEVENT DISPACT EXPOS INC INFRM LIST MPROT PCPR REG "
     "REV SPCTRT STORE TEXPOS TRFR TRNS"},
    {"act", "moodCode", true, "EVN APT ARQ DEF INT PRMS PRP RQO RSK"},
    {"effectiveTime", "operator", false, "I E A H P"},
    {"encounter", "classCode", true, "ENC"},
    {"encounter", "moodCode", true, act_moods},
    {"entryRelationship", "inversionInd", false, booleans},
    {"entryRelationship", "typeCode", true, relations},
    {"observation", "classCode", true,
     "OBS ALRT BATTERY CASE CLNTRL CNOD CONC COND DETPOL DGIMG EXP GEN INVSTG LLD LOC OBSCOR "
     "OBSSER OUTB PHN POL POS POSACC POSCOORD PRN RLD ROIBND ROIOVL RTRD SEQ SEQVAR SFWL SIT "
     "SPCOBS STN SUP TRD VERIF"},
    {"observation", "moodCode", true, "EVN APT ARQ DEF GOL INT PRMS PRP RQO RSK"},
    {"organizer", "classCode", true, "BATTERY CLUSTER"},
    {"organizer", "moodCode", true, act_moods},
    {"participantRole", "classCode", false,
     "ACCESS ACTI ACTIB ACTIM ACTIR ACTM ADJV ADJY ADMM ADTV AFFL AGNT ALQT ASSIGNED BASE "
     "BIRTHPL BOND CAREGIVER CASEBJ CHILD CIT CLAIM COLR COMPAR CON CONC CONT CONY COVPTY "
     "CRED CRINV CRSPNSR DEATHPLC DEPEN DSDLOC DST ECON EMP EQUIV EXPAGTCAR EXPR EXPVECTOR "
     "FLVR FOMITE GEN GRIC GUAR GUARD HLD HLTHCHRT IACT IDENT INDIV INGR INST INVSBJ ISDLOC "
     "ISLT LIC LOCE MANU MBR MECH MIL MNT NAMED NOK NOT NURPRAC NURS OWN PA PART PAT PAYEE "
     "PAYOR PHYS POLHOLD PROG PROV PRS PRSV QUAL RESBJ RET RGPR ROL SAME SDLOC SGNOFF SPEC "
     "SPNSR STBL STD STOR SUBS SUBSCR SUBY TERR THER UNDWRT USED WRTE"},
    {"patient", "classCode", false, "PSN"},
    {"performer", "typeCode", false, "PRF PPRF SPRF"},
    {"playingDevice", "classCode", false, "DEV CER MODDV"},
    {"playingDevice", "determinerCode", false, "INSTANCE KIND"},
    {"playingEntity", "classCode", false,
     "ANM CER CHEM CITY CONT COUNTRY COUNTY DEV ENT FOOD HCE HOLD LIV MAT MIC MMAT MODDV NAT "
     "NLIV ORG PLC PLNT PROVINCE PSN PUB RGRP STATE"},
    {"playingEntity", "determinerCode", false, "INSTANCE KIND QUANTIFIED_KIND"},
    {"procedure", "classCode", true, "PROC"},
    {"procedure", "moodCode", true, act_moods},
    {"substanceAdministration", "classCode", true, "SBADM"},
    {"substanceAdministration", "moodCode", true, "EVN DEF INT PRMS PRP RQO"},
    {"supply", "classCode", true, "SPLY"},
    {"supply", "moodCode", true, "EVN DEF INT PRMS PRP RQO"},
};

// Codes of which the CI-SIS gives the value set, by element and parent.
struct CodeSet {
  std::string_view name;
  std::string_view parent;  // empty: any
  bool of_header = false;
  ValueSet set;
};

constexpr CodeSet code_sets[] = {
    {"code", "assignedEntity", true, ValueSet::author_specialty},
    {"code", "associatedEntity", true, ValueSet::author_specialty},
    {"code", "encompassingEncounter", true, ValueSet::encounter_class},
    {"code", "relatedEntity", true, ValueSet::patient_relation},
    {"routeCode", "", false, ValueSet::route},
};

template <typename Row, size_t count>
constexpr bool in_order(const Row (&rows)[count], std::string_view Row::*key) {
  for (size_t i = 1; i < count; ++i) {
    if (rows[i].*key < rows[i - 1].*key) return false;
  }
  return true;
}
static_assert(in_order(repeated_elements, &RepeatedElement::name));

// The rows of a name. An index by length and first letter spares most elements the search.
template <typename Row, size_t count>
class RowsByName {
 public:
  RowsByName(const Row (&rows)[count], std::string_view Row::*key) : rows_(rows), key_(key) {
    for (const Row& row : rows) known_[bucket(row.*key)] = true;
  }

  template <typename Each>
  void each(std::string_view name, const Each& call) const {
    if (name.empty() || !known_[bucket(name)]) return;
    for (const Row& row : rows_) {
      if (row.*key_ == name) call(row);
    }
  }

 private:
  static size_t bucket(std::string_view name) {
    return (name.size() * 31 + static_cast<uint8_t>(name[0]) * 7 + static_cast<uint8_t>(name.back())) % 512;
  }

  const Row (&rows_)[count];
  std::string_view Row::*key_;
  std::array<bool, 512> known_{};
};

std::string_view parent_name(const XmlElement& element) {
  return element.parent == nullptr ? std::string_view() : element.parent->name;
}

bool has_ink(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return static_cast<uint8_t>(c) > ' '; });
}

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (dash ? c != '-' : !hex) return false;
  }
  return true;
}

// Two elements without parts that say the same, word for word.
bool same_leaf(const XmlElement& a, const XmlElement& b) {
  if (a.first_child != nullptr || b.first_child != nullptr || a.text != b.text) return false;
  return std::equal(a.attributes.begin(), a.attributes.end(), b.attributes.begin(), b.attributes.end(),
                    [](const XmlAttribute& x, const XmlAttribute& y) {
                      return x.name == y.name && x.space == y.space && x.value == y.value;
                    });
}

// A decimal number of a quantity.
bool is_decimal(std::string_view text) {
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  size_t digits = 0;
  size_t points = 0;
  for (const char c : text) {
    if (c == '.') {
      ++points;
    } else if (c >= '0' && c <= '9') {
      ++digits;
    } else {
      return false;
    }
  }
  return digits > 0 && points <= 1;
}

// What the attributes of an element say, looked up once.
struct Attributes {
  bool any = false;
  bool has_code = false;
  bool has_value = false;
  bool has_unit = false;
  std::string_view code, code_system, display, null_flavor, value, unit, root, type;
};

Attributes attributes_of(const XmlElement& element) {
  Attributes all;
  for (const XmlAttribute& each : element.attributes) {
    if (!each.space.empty()) {
      if (each.name == "type" && each.space == schema_instance) {
        all.type = each.value;
        all.type.remove_prefix(all.type.find(':') == std::string_view::npos ? 0 : all.type.find(':') + 1);
      }
      continue;
    }
    all.any = true;
    if (each.name == "code") {
      all.code = each.value;
      all.has_code = true;
    } else if (each.name == "codeSystem") {
      all.code_system = each.value;
    } else if (each.name == "displayName") {
      all.display = each.value;
    } else if (each.name == "nullFlavor") {
      all.null_flavor = each.value;
    } else if (each.name == "value") {
      all.value = each.value;
      all.has_value = true;
    } else if (each.name == "unit") {
      all.unit = each.value;
      all.has_unit = true;
    } else if (each.name == "root") {
      all.root = each.value;
    }
  }
  return all;
}

class ElementCheck {
 public:
  ElementCheck(const XmlElement& element, bool in_body, CdaNotes& notes)
      : element_(element), in_body_(in_body), notes_(notes), said_(attributes_of(element)) {}

  void run() {
    check_repeated();
    if (!said_.null_flavor.empty()) return check_nothing_said();
    check_parts();
    check_attributes();
    if (element_.name == "id" || element_.name == "templateId") return check_id();
    check_coded();
    check_time();
    check_quantity();
  }

 private:
  // CDA puts those of one name next to each other.
  void check_repeated() {
    const XmlElement* next = element_.next_sibling;
    if (next == nullptr || next->name != element_.name || next->space != element_.space) return;
    if (!is_cda(element_, element_.name)) return;
    const auto* row =
        std::lower_bound(std::begin(repeated_elements), std::end(repeated_elements), element_.name,
                         [](const RepeatedElement& each, std::string_view name) { return each.name < name; });
    const bool listed = row != std::end(repeated_elements) && row->name == element_.name;
    const std::string_view parent = parent_name(element_);
    if (!listed || has_word(row->once_in, parent)) {
      notes_.issue(Rule::element_repeated, *next);
    } else if (has_word(row->ambiguous_in, parent) ||
               (element_.name == "name" && (has_word(persons, parent) || has_word(organizations, parent))) ||
               same_leaf(element_, *next)) {
      notes_.issue(Rule::element_ambiguous, *next);
    }
  }

  void check_nothing_said() {
    constexpr std::string_view flavors =
        "NI INV DER OTH NINF PINF UNC MSK NA UNK ASKU NAV NASK QS TRC NP UNCODED";
    if (!has_word(flavors, said_.null_flavor)) {
      notes_.issue(Rule::null_flavor_unknown, element_, "@nullFlavor");
    } else if (in_body_ && element_.name == "code" && said_.null_flavor != "NA" &&
               cda_child(element_, "originalText") == nullptr) {
      notes_.issue(Rule::part_expected, element_, "originalText");
    }
  }

  bool has_part(std::string_view one_of) const {
    while (!one_of.empty()) {
      const size_t bar = one_of.find('|');
      const std::string_view name = one_of.substr(0, bar);
      if (name[0] == '@' ? !element_.attribute(name.substr(1)).empty() : has_child(name)) return true;
      if (bar == std::string_view::npos) break;
      one_of.remove_prefix(bar + 1);
    }
    return false;
  }

  // An element of another namespace may stand for one of CDA.
  bool has_child(std::string_view name) const {
    for (const XmlElement& child : element_.children()) {
      if (child.name == name) return true;
    }
    return false;
  }

  void check_list(std::string_view parts, Rule missing) {
    while (!parts.empty()) {
      const size_t space = parts.find(' ');
      const std::string_view part = parts.substr(0, space);
      if (!has_part(part)) notes_.issue(missing, element_, part == statements ? "*" : part);
      if (space == std::string_view::npos) break;
      parts.remove_prefix(space + 1);
    }
  }

  void check_parts() {
    static const RowsByName rows(element_parts, &ElementParts::name);
    rows.each(element_.name, [this](const ElementParts& row) {
      if (!row.parent.empty() && row.parent != parent_name(element_)) return;
      check_list(row.required, Rule::part_missing);
      check_list(row.expected, Rule::part_expected);
    });
    if (element_.name == "participant" && !in_body_ && !has_child("time")) {
      notes_.issue(Rule::part_expected, element_, "time");
    }
    if (element_.name == "associatedEntity" && element_.attribute("classCode") == "PROV" &&
        has_child("associatedPerson") && !has_child("id")) {
      notes_.issue(Rule::professional_id_missing, element_, "id");
    }
    if (in_body_) check_entry_kind(element_, notes_);
    const bool full = said_.any || !said_.type.empty() || element_.first_child != nullptr;
    if (!full && !has_ink(element_.text)) notes_.issue(Rule::element_empty, element_);
  }

  void check_attributes() {
    static const RowsByName rows(element_attributes, &ElementAttribute::element);
    rows.each(element_.name, [this](const ElementAttribute& row) {
      const std::string_view value = element_.attribute(row.attribute);
      if (value.empty() ? row.required : !has_word(row.values, value)) {
        notes_.issue(Rule::attribute_wrong, element_, "@" + std::string(row.attribute));
      }
    });
    const bool header_performer = element_.name == "performer" && !in_body_;
    const bool entry_participant = element_.name == "participant" && in_body_;
    if (header_performer && element_.attribute("typeCode") != "PRF") {
      notes_.issue(Rule::attribute_wrong, element_, "@typeCode");
    }
    constexpr std::string_view types =
        "ADM ALY ATND AUT AUTHEN BBY BEN CAGNT CALLBCK CAT CON COV CSM CST DEV DIR DIS DIST DON DST ELOC ENT "
        "ESC EXPAGNT EXPART EXPTRGT EXSRC GUAR HLD IND INF IRCP LA LOC NOT NRD ORG PART PPRF PRCP PRD PRF "
        "RCT RCV RDV REF REFB REFT RESP RML SBJ SPC SPRF TPA TRANS TRC VIA VRF WIT";
    if (entry_participant && !has_word(types, element_.attribute("typeCode"))) {
      notes_.issue(Rule::attribute_wrong, element_, "@typeCode");
    }
  }

  void check_id() {
    if (oid_ok(said_.root) || is_uuid(said_.root)) return;
    notes_.issue(Rule::id_wrong, element_, "@root");
  }

  bool is_coded() const {
    if (element_.name == "value") return said_.type == "CD" || said_.type == "CE" || said_.type == "CV";
    return element_.name == "code" || element_.name == "translation" || element_.name.ends_with("Code");
  }

  void check_coded() {
    constexpr std::string_view bare = "realmCode languageCode statusCode signatureCode confidentialityCode";
    constexpr std::string_view addressed = "postalCode";
    if (!is_coded() || element_.name == addressed) return;
    if (element_.name == "statusCode") return check_status();
    if (has_word(bare, element_.name) || parent_name(element_) == "ClinicalDocument") return;
    if (said_.code.empty()) {
      const bool half = !said_.code_system.empty() || !said_.display.empty();
      if (half || (!has_child("originalText") && !has_child("translation"))) {
        notes_.issue(Rule::code_missing, element_);
      }
      return;
    }
    if (!oid_ok(said_.code_system)) notes_.issue(Rule::code_system_wrong, element_, "@codeSystem");
    if (said_.display.empty()) notes_.issue(Rule::display_missing, element_);
    check_code_set();
  }

  void check_code_set() {
    for (const CodeSet& row : code_sets) {
      if (row.of_header && in_body_) continue;
      if (row.name != element_.name || (!row.parent.empty() && row.parent != parent_name(element_))) continue;
      if (find_concept(row.set, said_.code, said_.code_system) == nullptr) {
        notes_.issue(Rule::code_not_of_set, element_, "@code");
      }
    }
    // HL7 ActPriority.
    constexpr std::string_view priorities = "A CR CS CSP CSR EL EM P PRN R RR S T UD UR";
    if (element_.name == "priorityCode" &&
        (said_.code_system != "2.16.840.1.113883.5.7" || !has_word(priorities, said_.code))) {
      notes_.issue(Rule::code_not_of_set, element_, "@code");
    }
  }

  // HL7 ActStatus.
  void check_status() {
    constexpr std::string_view known =
        "active completed aborted cancelled held new suspended normal nullified obsolete";
    if (!has_word(known, said_.code)) notes_.issue(Rule::status_wrong, element_, "@code");
  }

  void check_time() {
    const std::string_view name = element_.name;
    const std::string_view parent = parent_name(element_);
    const bool end = name == "low" || name == "high";
    const bool time = name == "effectiveTime" || name == "time" || name == "birthTime" ||
                      (end && (parent == "effectiveTime" || parent == "time"));
    if (time && said_.value.empty() && element_.first_child == nullptr) {
      notes_.issue(Rule::time_empty, element_);
    }
    if (!in_body_) return;
    constexpr std::string_view time_types = "TS IVL_TS PIVL_TS EIVL_TS SXPR_TS SXCM_TS";
    constexpr std::string_view types =
        "ST ED BL BN INT REAL MO PQ CD CE CV CO CS EN AD PN ON TN TEL II SC TS IVL_TS PIVL_TS EIVL_TS "
        "SXPR_TS "
        "SXCM_TS IVL_PQ IVL_INT IVL_REAL RTO RTO_PQ_PQ RTO_QTY_QTY SLIST_PQ SLIST_TS GLIST_PQ GLIST_TS "
        "PPD_PQ "
        "PPD_TS";
    if (name == "effectiveTime") {
      // In a supply or a treatment, parts are only known by the type (HL7 CDA R2, SXCM_TS).
      const bool several = parent == "substanceAdministration" || parent == "supply";
      const bool untyped = several && said_.type.empty() && element_.first_child != nullptr;
      if (untyped || (!said_.type.empty() && !has_word(time_types, said_.type))) {
        notes_.issue(Rule::value_type_wrong, element_, "@xsi:type");
      }
      if (said_.type == "PIVL_TS" && !has_part("period|phase")) {
        notes_.issue(Rule::part_missing, element_, "period");
      }
      if (said_.type == "IVL_TS" && said_.value.empty() && !has_part("low|high|center|width")) {
        notes_.issue(Rule::part_missing, element_, "low");
      }
    } else if (name == "value" && parent == "observation" && !has_word(types, said_.type)) {
      notes_.issue(Rule::value_type_wrong, element_, "@xsi:type");
    }
  }

  bool is_quantity() const {
    constexpr std::string_view plain = "numerator denominator period doseQuantity rateQuantity";
    const std::string_view parent = parent_name(element_);
    if (has_word(plain, element_.name)) return true;
    const bool end = element_.name == "low" || element_.name == "high" || element_.name == "center";
    return (end && (parent == "doseQuantity" || parent == "rateQuantity")) ||
           (element_.name == "value" && said_.type == "PQ");
  }

  void check_quantity() {
    if (!in_body_ || !is_quantity()) return;
    const bool ranged = element_.first_child != nullptr;
    if (said_.has_value ? !is_decimal(said_.value) : said_.has_unit) {
      notes_.issue(Rule::quantity_wrong, element_, "@value");
    }
    if (said_.has_unit && (said_.unit.empty() || said_.unit.find(' ') != std::string_view::npos)) {
      notes_.issue(Rule::quantity_wrong, element_, "@unit");
    } else if (said_.has_value && !said_.has_unit) {
      notes_.issue(Rule::unit_missing, element_, "@unit");
    }
    constexpr std::string_view durations = "us ms s min h d wk mo a";
    if (element_.name == "period" && said_.has_unit && !has_word(durations, said_.unit)) {
      notes_.issue(Rule::quantity_wrong, element_, "@unit");
    }
    // A single dose is a range of two equal ends (CI-SIS, FR-Traitement).
    if (ranged && element_.name == "doseQuantity" && has_child("low") != has_child("high")) {
      notes_.issue(Rule::part_expected, element_, has_child("low") ? "high" : "low");
    }
  }

  const XmlElement& element_;
  bool in_body_;
  CdaNotes& notes_;
  Attributes said_;
};

}  // namespace

void check_cda_element(const XmlElement& element, bool in_body, CdaNotes& notes) {
  ElementCheck(element, in_body, notes).run();
}

}  // namespace psl
