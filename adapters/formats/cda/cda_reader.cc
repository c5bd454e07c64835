#include "adapters/formats/cda/cda_reader.h"

#include <charconv>

#include "adapters/formats/cda/cda_header.h"
#include "adapters/formats/check/cda_body_check.h"
#include "adapters/formats/check/cda_header_check.h"
#include "adapters/formats/pdf_check.h"
#include "adapters/formats/value_sets.h"

namespace psl {
namespace {

namespace v1 = passerelle::v1;

constexpr int authors_max = 10;
constexpr size_t title_characters_max = 128;
constexpr std::string_view confidentiality_system = "2.16.840.1.113883.5.25";

void set_time(google::protobuf::Timestamp& out, Instant at) { out.set_seconds(at.us / 1000000); }

size_t characters(std::string_view utf8) {
  size_t count = 0;
  for (const char c : utf8) count += (static_cast<uint8_t>(c) & 0xC0U) != 0x80 ? 1 : 0;
  return count;
}

// The document's own part of the header, in the order of the XSD. Each function reads one group of elements.
class CdaHeaderReader {
 public:
  CdaHeaderReader(const XmlElement& root, CdaNotes& notes, CdaDocument& document)
      : root_(root), notes_(notes), document_(document), metadata_(*document.header.mutable_metadata()) {}

  void read() {
    read_identity();
    read_versions();
    read_type();
    read_texts();
    read_patient();
    read_participants();
    read_encounter();
    read_main_event();
    read_body();
  }

 private:
  void read_identity() {
    for (const XmlElement* id : cda_children(root_, "templateId")) {
      if (const Concept* format = format_of_template(id->attribute("root"))) set_format(format);
    }
    const XmlElement* id = cda_child(root_, "id");
    if (id != nullptr) metadata_.set_document_id(cda_identifier(*id));
    if (metadata_.document_id().empty()) return notes_.fault(Rule::document_id_missing, root_, "id");
    if (!oid_ok(id->attribute("root"))) notes_.issue(Rule::document_id_not_oid, *id, "@root");
    if (!id->attribute("extension").empty()) notes_.issue(Rule::document_id_extension, *id, "@extension");
  }

  void read_versions() {
    if (const XmlElement* id = cda_child(root_, "setId")) metadata_.set_set_id(cda_identifier(*id));
    if (metadata_.set_id().empty()) {
      notes_.issue(Rule::set_id_missing, root_, "setId");
    } else if (!oid_ok(metadata_.set_id())) {
      notes_.issue(Rule::set_id_not_plain_oid, root_, "setId");
    }
    const std::string_view text = cda_value(root_, "versionNumber", "value");
    int version = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
    if (error != std::errc() || end != text.data() + text.size() || version < 1) {
      notes_.issue(Rule::version_wrong, root_, "versionNumber");
      version = 1;
    }
    metadata_.set_version(version);
    for (const XmlElement* related : cda_children(root_, "relatedDocument")) {
      if (related->attribute("typeCode") != "RPLC") continue;
      if (const XmlElement* id = cda_at(*related, {"parentDocument", "id"})) {
        document_.header.set_replaces(cda_identifier(*id));
      }
    }
    if (version > 1 && document_.header.replaces().empty()) {
      notes_.issue(Rule::version_without_replaced, root_, "relatedDocument");
    }
  }

  void set_format(const Concept* format) { set_coding(*document_.header.mutable_format(), *format); }

  // A concept with a label always: the code where no official label is at hand.
  static void set_coding(v1::Coding& coding, const Concept& known) {
    coding.set_code(std::string(known.code));
    coding.set_system(std::string(known.system));
    coding.set_label(std::string(known.label.empty() ? known.code : known.label));
  }

  // Reads a code of a value set; the issue, at `where` below `owner`, when it has none there.
  void read_code(const XmlElement* code, const XmlElement& owner, std::string_view where, ValueSet set,
                 Rule unknown, v1::Coding& coding) {
    read_cda_coding(code, coding, notes_);
    const Concept* known = find_concept(set, coding.code(), coding.system());
    if (known != nullptr) set_coding(coding, *known);
    // The code says enough to announce it; without its system it is not a code of the set.
    if (known == nullptr || code->attribute("codeSystem").empty()) notes_.issue(unknown, owner, where);
  }

  void read_type() {
    v1::Coding& type = *metadata_.mutable_type();
    const XmlElement* code = cda_child(root_, "code");
    if (code == nullptr || code->attribute("code").empty()) {
      notes_.issue(Rule::type_missing, root_, "code");
      set_coding(type, *find_concept(ValueSet::document_type, discharge_letter_type));
    } else {
      read_code(code, root_, "code", ValueSet::document_type, Rule::type_unknown, type);
    }
    const Concept* document_class = document_class_of(type.code());
    if (document_class == nullptr) document_class = document_class_of(discharge_letter_type);
    set_coding(*document_.header.mutable_document_class(), *document_class);
  }

  void read_texts() {
    if (const XmlElement* title = cda_child(root_, "title")) {
      metadata_.set_title(cda_text(title->text, *title, notes_));
    }
    if (metadata_.title().empty()) {
      notes_.issue(Rule::title_missing, root_, "title");
      metadata_.set_title(metadata_.type().label());
    } else if (characters(metadata_.title()) > title_characters_max) {
      notes_.issue(Rule::title_too_long, root_, "title");
    }

    constexpr std::string_view where = "effectiveTime";
    if (const std::optional<Hl7Time> time = read_cda_time(cda_child(root_, where))) {
      if (time->digits < 14) notes_.issue(Rule::time_imprecise, root_, where);
      set_time(*metadata_.mutable_created_at(), resolve(*time, notes_.zone()));
    } else {
      notes_.issue(Rule::effective_time_missing, root_, where);
    }
    read_confidentiality();
    if (cda_value(root_, "languageCode", "code") != "fr-FR") {
      notes_.issue(Rule::language_not_french, root_, "languageCode");
    }
  }

  // Lower levels than N are announced as N; what we do not know is announced as restricted, never as less.
  void read_confidentiality() {
    constexpr std::string_view where = "confidentialityCode";
    const std::string_view code = cda_value(root_, where, "code");
    v1::Confidentiality level = v1::CONFIDENTIALITY_RESTRICTED;
    if (code == "V") level = v1::CONFIDENTIALITY_VERY_RESTRICTED;
    if (code == "N" || code == "L" || code == "M" || code == "U" || code.empty())
      level = v1::CONFIDENTIALITY_NORMAL;
    metadata_.set_confidentiality(level);
    if ((code != "N" && code != "R" && code != "V") ||
        cda_value(root_, where, "codeSystem") != confidentiality_system) {
      notes_.issue(Rule::confidentiality_unusual, root_, where);
    } else if (cda_value(root_, where, "displayName").empty()) {
      notes_.issue(Rule::confidentiality_display_missing, root_, where);
    }
  }

  void read_patient() {
    const auto targets = cda_children(root_, "recordTarget");
    const XmlElement* role = targets.empty() ? nullptr : cda_child(*targets.front(), "patientRole");
    if (role == nullptr) return notes_.fault(Rule::patient_missing, root_, "recordTarget/patientRole");
    if (targets.size() > 1) return notes_.fault(Rule::patients_many, *targets[1]);
    read_cda_patient(*role, *document_.header.mutable_patient(), notes_);
  }

  void read_participants() {
    int position = 0;
    for (const XmlElement* author : cda_children(root_, "author")) {
      const XmlElement* entity = cda_child(*author, "assignedAuthor");
      if (entity == nullptr) continue;
      if (++position > authors_max) {
        notes_.issue(Rule::authors_cut, root_, "author");
        break;
      }
      read_cda_professional(*entity, true, *metadata_.add_authors(), notes_);
    }
    if (position == 0) notes_.issue(Rule::author_missing, root_, "author");

    if (const XmlElement* custodian =
            cda_at(root_, {"custodian", "assignedCustodian", "representedCustodianOrganization"})) {
      read_cda_organization(*custodian, *metadata_.mutable_custodian(), notes_);
    } else {
      notes_.issue(Rule::custodian_missing, root_, "custodian");
    }

    const XmlElement* signer = cda_child(root_, "legalAuthenticator");
    const XmlElement* entity = signer == nullptr ? nullptr : cda_child(*signer, "assignedEntity");
    if (entity == nullptr)
      return notes_.issue(Rule::legal_authenticator_missing, root_, "legalAuthenticator");
    read_cda_professional(*entity, false, *metadata_.mutable_legal_authenticator(), notes_);
    if (const std::optional<Hl7Time> time = read_cda_time(cda_child(*signer, "time"))) {
      set_time(*metadata_.mutable_signed_at(), resolve(*time, notes_.zone()));
    }
  }

  // effectiveTime with low and high, or with a value of its own. False when it has no beginning.
  bool read_period(const XmlElement& owner) {
    const XmlElement* period = cda_child(owner, "effectiveTime");
    if (period == nullptr) return false;
    std::optional<Hl7Time> low = read_cda_time(cda_child(*period, "low"));
    if (!low) low = read_cda_time(period);
    const std::optional<Hl7Time> high = read_cda_time(cda_child(*period, "high"));
    if (!low) return false;
    v1::Encounter& encounter = *metadata_.mutable_encounter();
    set_time(*encounter.mutable_start(), resolve(*low, notes_.zone()));
    encounter.clear_end();
    if (high) set_time(*encounter.mutable_end(), resolve(*high, notes_.zone()));
    return true;
  }

  void read_encounter() {
    const XmlElement* stay = cda_at(root_, {"componentOf", "encompassingEncounter"});
    if (stay == nullptr) {
      return notes_.issue(Rule::encounter_missing, root_, "componentOf/encompassingEncounter");
    }
    v1::Encounter& encounter = *metadata_.mutable_encounter();
    read_period(*stay);
    // An end alone tells enough, and the dates of a stay may be said to be unknown (3.5.3).
    const XmlElement* period = cda_child(*stay, "effectiveTime");
    if (period == nullptr || (period->attributes.empty() && period->children().empty())) {
      notes_.issue(Rule::encounter_missing, *stay, "effectiveTime");
    }
    if (const XmlElement* id = cda_child(*stay, "id");
        id != nullptr && oid_ok(id->attribute("root")) && !id->attribute("extension").empty()) {
      encounter.mutable_local_id()->set_oid(std::string(id->attribute("root")));
      encounter.mutable_local_id()->set_value(cda_text(id->attribute("extension"), *id, notes_));
    }
    if (const XmlElement* code = cda_child(*stay, "code")) read_class(*code);
    const XmlElement* facility = cda_at(*stay, {"location", "healthCareFacility", "code"});
    read_code(facility, *stay, "location/healthCareFacility/code", ValueSet::facility_type,
              Rule::facility_type_unknown, *encounter.mutable_facility_type());
  }

  void read_class(const XmlElement& code) {
    const std::string_view value = code.attribute("code");
    if (encounter_class_code_ok(value)) {
      metadata_.mutable_encounter()->set_class_code(std::string(value));
    } else {
      notes_.issue(Rule::encounter_class_unknown, code);
    }
  }

  void read_main_event() {
    const XmlElement* event = cda_at(root_, {"documentationOf", "serviceEvent"});
    if (event == nullptr) {
      return notes_.issue(Rule::service_event_missing, root_, "documentationOf/serviceEvent");
    }
    read_period(*event);
    if (!read_cda_time(cda_at(*event, {"effectiveTime", "low"})))
      notes_.issue(Rule::service_event_missing, *event, "effectiveTime/low");
    v1::Encounter& encounter = *metadata_.mutable_encounter();
    const auto performers = cda_children(*event, "performer");
    if (performers.size() != 1) notes_.issue(Rule::performer_count, *event, "performer");
    // In an LDL-SES the code of the main act is the class of the stay, which the stay itself often leaves
    // out.
    const std::string_view code = cda_value(*event, "code", "code");
    if (encounter.class_code().empty() && encounter_class_code_ok(code))
      encounter.set_class_code(std::string(code));
    constexpr std::string_view where =
        "performer/assignedEntity/representedOrganization/standardIndustryClassCode";
    const XmlElement* setting =
        performers.empty() ? nullptr
                           : cda_at(*performers.front(), {"assignedEntity", "representedOrganization",
                                                          "standardIndustryClassCode"});
    read_code(setting, *event, where, ValueSet::practice_setting, Rule::practice_setting_unknown,
              *encounter.mutable_practice_setting());
  }

  void read_body() {
    const XmlElement* component = cda_child(root_, "component");
    if (component != nullptr && cda_child(*component, "structuredBody") != nullptr) {
      document_.header.set_level(3);
      if (!document_.header.has_format()) notes_.issue(Rule::model_unknown, root_, "templateId");
    } else if (const XmlElement* text =
                   component == nullptr ? nullptr : cda_at(*component, {"nonXMLBody", "text"})) {
      read_level_one(*text);
    } else {
      notes_.issue(Rule::body_unknown, root_, "component");
    }
  }

  void read_level_one(const XmlElement& text) {
    document_.header.set_level(1);
    document_.header.clear_format();
    const std::string_view media_type = text.attribute("mediaType");
    if (const Concept* format = format_of_media_type(media_type)) {
      set_format(format);
    } else {
      notes_.issue(Rule::model_unknown, text, "@mediaType");
    }
    std::string file;
    if (text.attribute("representation") != "B64" || !base64_decode(text.text, file) || file.empty()) {
      return notes_.issue(Rule::body_not_base64, text);
    }
    if (media_type != "application/pdf") return;
    if (check_pdf(file).ok()) {
      document_.pdf = make_bytes(std::move(file));
    } else {
      notes_.issue(Rule::pdf_unreadable, text);
    }
  }

  const XmlElement& root_;
  CdaNotes& notes_;
  CdaDocument& document_;
  v1::DocumentMetadata& metadata_;
};

Rule rule_of(XmlRefusal::Fault fault) {
  switch (fault) {
    case XmlRefusal::Fault::not_utf8:
      return Rule::xml_not_utf8;
    case XmlRefusal::Fault::doctype:
      return Rule::xml_doctype;
    case XmlRefusal::Fault::stylesheet:
      return Rule::xml_stylesheet_inside;
    case XmlRefusal::Fault::beyond_bounds:
      return Rule::xml_beyond_bounds;
    case XmlRefusal::Fault::not_well_formed:
      break;
  }
  return Rule::xml_not_well_formed;
}

// The parser let pass no other encoding than UTF-8: a name in the declaration is that one.
bool declares_encoding(std::string_view bytes) {
  if (bytes.substr(0, 3) == "\xEF\xBB\xBF") bytes.remove_prefix(3);
  if (bytes.substr(0, 5) != "<?xml") return false;
  return bytes.substr(0, bytes.find("?>")).find("encoding") != std::string_view::npos;
}

}  // namespace

void read_cda_document(std::string_view bytes, CdaNotes& notes, CdaDocument& document) {
  XmlRefusal refusal;
  const Result<XmlTree> tree = parse_xml(bytes, {}, {}, &refusal);
  if (!tree.ok()) {
    const std::string where = refusal.line > 0 ? "line " + std::to_string(refusal.line) : "/";
    return notes.unreadable(rule_of(refusal.fault), where, tree.error().text);
  }
  const XmlElement& root = tree->root();
  if (!is_cda(root, "ClinicalDocument")) {
    return notes.unreadable(Rule::root_wrong, "/*",
                            "the root element ClinicalDocument of urn:hl7-org:v3 is required");
  }
  if (!declares_encoding(bytes)) notes.issue(Rule::encoding_not_declared, root);
  if (tree->names_stylesheet()) notes.issue(Rule::stylesheet_named, root);
  CdaHeaderReader(root, notes, document).read();
  check_cda_header(root, notes);
  check_cda_body(root, notes);
}

Result<CdaDocument> read_cda(std::string_view bytes, const CdaReadOptions& options) {
  CdaDocument document;
  CdaNotes notes(options, document.issues);
  read_cda_document(bytes, notes, document);
  if (const Status status = notes.status(); !status.ok()) return status.error();
  return document;
}

}  // namespace psl
