#include "adapters/formats/cda_reader.h"

#include <charconv>

#include "adapters/formats/cda_header.h"
#include "adapters/formats/pdf_check.h"
#include "adapters/formats/value_sets.h"

namespace psl {
namespace {

namespace v1 = passerelle::v1;

constexpr int authors_max = 10;
constexpr size_t title_characters_max = 128;

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
  static std::string path(std::string_view rest) { return "ClinicalDocument/" + std::string(rest); }

  void read_identity() {
    bool france = false;
    bool cisis = false;
    for (const XmlElement* id : cda_children(root_, "templateId")) {
      const std::string_view oid = id->attribute("root");
      france |= oid == "2.16.840.1.113883.2.8.2.1";
      cisis |= oid == "1.2.250.1.213.1.1.1.1";
      if (const Concept* format = format_of_template(oid)) set_format(format);
    }
    if (!france || !cisis) notes_.issue(CdaIssue::template_missing, path("templateId"));

    const XmlElement* id = cda_child(root_, "id");
    if (id != nullptr) metadata_.set_document_id(cda_identifier(*id));
    if (metadata_.document_id().empty()) {
      return notes_.fault(path("id"),
                          "a root is required, at most 200 printable characters with its extension");
    }
    if (!oid_ok(id->attribute("root"))) notes_.issue(CdaIssue::document_id_not_oid, path("id/@root"));
    if (!id->attribute("extension").empty())
      notes_.issue(CdaIssue::document_id_extension, path("id/@extension"));
  }

  void read_versions() {
    if (const XmlElement* id = cda_child(root_, "setId")) metadata_.set_set_id(cda_identifier(*id));
    if (metadata_.set_id().empty()) {
      notes_.issue(CdaIssue::set_id_missing, path("setId"));
    } else if (!oid_ok(metadata_.set_id())) {
      notes_.issue(CdaIssue::set_id_not_plain_oid, path("setId"));
    }
    const std::string_view text = cda_value(root_, "versionNumber", "value");
    int version = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
    if (error != std::errc() || end != text.data() + text.size() || version < 1) {
      notes_.issue(CdaIssue::version_wrong, path("versionNumber"));
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
      notes_.issue(CdaIssue::version_without_replaced, path("relatedDocument"));
    }
  }

  void set_format(const Concept* format) { set_coding(*document_.header.mutable_format(), *format); }

  // A concept with a label always: the code where no official label is at hand.
  static void set_coding(v1::Coding& coding, const Concept& known) {
    coding.set_code(std::string(known.code));
    coding.set_system(std::string(known.system));
    coding.set_label(std::string(known.label.empty() ? known.code : known.label));
  }

  // Reads a code of a value set; the issue when it has none there.
  void read_code(const XmlElement* code, const std::string& where, ValueSet set, CdaIssue unknown,
                 v1::Coding& coding) {
    read_cda_coding(code, where, coding, notes_);
    if (const Concept* known = find_concept(set, coding.code(), coding.system())) {
      set_coding(coding, *known);
    } else {
      notes_.issue(unknown, where);
    }
  }

  void read_type() {
    v1::Coding& type = *metadata_.mutable_type();
    const XmlElement* code = cda_child(root_, "code");
    if (code == nullptr || code->attribute("code").empty()) {
      notes_.issue(CdaIssue::type_missing, path("code"));
      set_coding(type, *find_concept(ValueSet::document_type, discharge_letter_type));
    } else {
      read_code(code, path("code"), ValueSet::document_type, CdaIssue::type_unknown, type);
    }
    const Concept* document_class = document_class_of(type.code());
    if (document_class == nullptr) document_class = document_class_of(discharge_letter_type);
    set_coding(*document_.header.mutable_document_class(), *document_class);
  }

  void read_texts() {
    if (const XmlElement* title = cda_child(root_, "title")) {
      metadata_.set_title(cda_text(title->text, path("title"), notes_));
    }
    if (metadata_.title().empty()) {
      notes_.issue(CdaIssue::title_missing, path("title"));
      metadata_.set_title(metadata_.type().label());
    } else if (characters(metadata_.title()) > title_characters_max) {
      notes_.issue(CdaIssue::title_too_long, path("title"));
    }

    const std::string where = path("effectiveTime");
    if (const std::optional<Hl7Time> time = read_cda_time(cda_child(root_, "effectiveTime"), where, notes_)) {
      if (time->digits < 14) notes_.issue(CdaIssue::time_imprecise, where);
      if (!time->has_offset) notes_.issue(CdaIssue::time_without_offset, where);
      set_time(*metadata_.mutable_created_at(), resolve(*time, notes_.zone()));
    } else {
      notes_.issue(CdaIssue::effective_time_missing, where);
    }
    read_confidentiality();
    if (cda_value(root_, "languageCode", "code") != "fr-FR") {
      notes_.issue(CdaIssue::language_not_french, path("languageCode"));
    }
  }

  // Lower levels than N are announced as N; what we do not know is announced as restricted, never as less.
  void read_confidentiality() {
    const std::string_view code = cda_value(root_, "confidentialityCode", "code");
    v1::Confidentiality level = v1::CONFIDENTIALITY_RESTRICTED;
    if (code == "V") level = v1::CONFIDENTIALITY_VERY_RESTRICTED;
    if (code == "N" || code == "L" || code == "M" || code == "U" || code.empty())
      level = v1::CONFIDENTIALITY_NORMAL;
    metadata_.set_confidentiality(level);
    if (code != "N" && code != "R" && code != "V") {
      notes_.issue(CdaIssue::confidentiality_unusual, path("confidentialityCode"));
    }
  }

  void read_patient() {
    const std::string where = path("recordTarget/patientRole");
    const auto targets = cda_children(root_, "recordTarget");
    const XmlElement* role = targets.empty() ? nullptr : cda_child(*targets.front(), "patientRole");
    if (role == nullptr) return notes_.fault(where, "a patient is required");
    if (targets.size() > 1) return notes_.fault(path("recordTarget"), "one patient only is expected");
    read_cda_patient(*role, where, *document_.header.mutable_patient(), notes_);
  }

  void read_participants() {
    int position = 0;
    for (const XmlElement* author : cda_children(root_, "author")) {
      const XmlElement* entity = cda_child(*author, "assignedAuthor");
      if (entity == nullptr) continue;
      if (++position > authors_max) {
        notes_.issue(CdaIssue::authors_cut, path("author"));
        break;
      }
      const std::string where = path("author[" + std::to_string(position) + "]/assignedAuthor");
      read_cda_professional(*entity, where, true, *metadata_.add_authors(), notes_);
    }
    if (position == 0) notes_.issue(CdaIssue::author_missing, path("author"));

    const std::string custodian_path = path("custodian/assignedCustodian/representedCustodianOrganization");
    if (const XmlElement* custodian =
            cda_at(root_, {"custodian", "assignedCustodian", "representedCustodianOrganization"})) {
      read_cda_organization(*custodian, custodian_path, *metadata_.mutable_custodian(), notes_);
    } else {
      notes_.issue(CdaIssue::custodian_missing, custodian_path);
    }

    const XmlElement* signer = cda_child(root_, "legalAuthenticator");
    const XmlElement* entity = signer == nullptr ? nullptr : cda_child(*signer, "assignedEntity");
    if (entity == nullptr)
      return notes_.issue(CdaIssue::legal_authenticator_missing, path("legalAuthenticator"));
    read_cda_professional(*entity, path("legalAuthenticator/assignedEntity"), false,
                          *metadata_.mutable_legal_authenticator(), notes_);
    const std::string time_path = path("legalAuthenticator/time");
    if (const std::optional<Hl7Time> time = read_cda_time(cda_child(*signer, "time"), time_path, notes_)) {
      set_time(*metadata_.mutable_signed_at(), resolve(*time, notes_.zone()));
    }
  }

  // effectiveTime with low and high, or with a value of its own. False when it has no beginning.
  bool read_period(const XmlElement& owner, const std::string& owner_path) {
    const XmlElement* period = cda_child(owner, "effectiveTime");
    if (period == nullptr) return false;
    const std::string where = owner_path + "/effectiveTime";
    std::optional<Hl7Time> low = read_cda_time(cda_child(*period, "low"), where + "/low", notes_);
    if (!low) low = read_cda_time(period, where, notes_);
    if (!low) return false;
    v1::Encounter& encounter = *metadata_.mutable_encounter();
    set_time(*encounter.mutable_start(), resolve(*low, notes_.zone()));
    encounter.clear_end();
    if (const auto high = read_cda_time(cda_child(*period, "high"), where + "/high", notes_)) {
      set_time(*encounter.mutable_end(), resolve(*high, notes_.zone()));
    }
    return true;
  }

  void read_encounter() {
    const std::string where = path("componentOf/encompassingEncounter");
    const XmlElement* stay = cda_at(root_, {"componentOf", "encompassingEncounter"});
    if (stay == nullptr) return notes_.issue(CdaIssue::encounter_missing, where);
    v1::Encounter& encounter = *metadata_.mutable_encounter();
    // The dates of a stay may be said to be unknown (3.5.3); those of the main act may not.
    const bool said_unknown = !cda_value(*stay, "effectiveTime", "nullFlavor").empty();
    if (!read_period(*stay, where) && !said_unknown) {
      notes_.issue(CdaIssue::encounter_missing, where + "/effectiveTime");
    }
    if (const XmlElement* id = cda_child(*stay, "id");
        id != nullptr && oid_ok(id->attribute("root")) && !id->attribute("extension").empty()) {
      encounter.mutable_local_id()->set_oid(std::string(id->attribute("root")));
      encounter.mutable_local_id()->set_value(cda_text(id->attribute("extension"), where + "/id", notes_));
    }
    if (const XmlElement* code = cda_child(*stay, "code")) read_class(*code, where + "/code");
    const XmlElement* facility = cda_at(*stay, {"location", "healthCareFacility", "code"});
    read_code(facility, where + "/location/healthCareFacility/code", ValueSet::facility_type,
              CdaIssue::facility_type_unknown, *encounter.mutable_facility_type());
  }

  void read_class(const XmlElement& code, const std::string& where) {
    const std::string_view value = code.attribute("code");
    if (encounter_class_code_ok(value)) {
      metadata_.mutable_encounter()->set_class_code(std::string(value));
    } else {
      notes_.issue(CdaIssue::encounter_class_unknown, where);
    }
  }

  void read_main_event() {
    const std::string where = path("documentationOf[1]/serviceEvent");
    const XmlElement* event = cda_at(root_, {"documentationOf", "serviceEvent"});
    if (event == nullptr || !read_period(*event, where)) notes_.issue(CdaIssue::service_event_missing, where);
    if (event == nullptr) return;
    v1::Encounter& encounter = *metadata_.mutable_encounter();
    const auto performers = cda_children(*event, "performer");
    if (performers.size() != 1) notes_.issue(CdaIssue::performer_count, where + "/performer");
    // In an LDL-SES the code of the main act is the class of the stay, which the stay itself often leaves
    // out.
    const std::string_view code = cda_value(*event, "code", "code");
    if (encounter.class_code().empty() && encounter_class_code_ok(code))
      encounter.set_class_code(std::string(code));
    const XmlElement* setting =
        performers.empty() ? nullptr
                           : cda_at(*performers.front(), {"assignedEntity", "representedOrganization",
                                                          "standardIndustryClassCode"});
    read_code(setting, where + "/performer/assignedEntity/representedOrganization/standardIndustryClassCode",
              ValueSet::practice_setting, CdaIssue::practice_setting_unknown,
              *encounter.mutable_practice_setting());
  }

  void read_body() {
    const XmlElement* component = cda_child(root_, "component");
    if (component != nullptr && cda_child(*component, "structuredBody") != nullptr) {
      document_.header.set_level(3);
      if (!document_.header.has_format()) notes_.issue(CdaIssue::model_unknown, path("templateId"));
    } else if (const XmlElement* text =
                   component == nullptr ? nullptr : cda_at(*component, {"nonXMLBody", "text"})) {
      read_level_one(*text);
    } else {
      notes_.issue(CdaIssue::body_unknown, path("component"));
    }
  }

  void read_level_one(const XmlElement& text) {
    document_.header.set_level(1);
    document_.header.clear_format();
    const std::string where = path("component/nonXMLBody/text");
    const std::string_view media_type = text.attribute("mediaType");
    if (const Concept* format = format_of_media_type(media_type)) {
      set_format(format);
    } else {
      notes_.issue(CdaIssue::model_unknown, where + "/@mediaType");
    }
    if (media_type != "application/pdf") return;
    std::string pdf;
    if (text.attribute("representation") == "B64" && base64_decode(text.text, pdf) && check_pdf(pdf).ok()) {
      document_.pdf = make_bytes(std::move(pdf));
    } else {
      notes_.issue(CdaIssue::pdf_unreadable, where);
    }
  }

  const XmlElement& root_;
  CdaNotes& notes_;
  CdaDocument& document_;
  v1::DocumentMetadata& metadata_;
};

}  // namespace

Result<CdaDocument> read_cda(std::string_view bytes, const CdaReadOptions& options) {
  CdaDocument document;
  CdaNotes notes(options, document.issues);
  Result<XmlTree> tree = parse_xml(bytes, "structuredBody");
  if (!tree.ok()) {
    Error error = error_of(tree.error().code);
    error.faults.push_back({std::string(options.field), tree.error().text});
    return error;
  }
  const XmlElement& root = tree->root;
  if (root.name != "ClinicalDocument" || root.space != "urn:hl7-org:v3") {
    notes.fault("/*", "the root element ClinicalDocument of urn:hl7-org:v3 is required");
    return notes.status().error();
  }
  if (tree->names_stylesheet)
    notes.issue(CdaIssue::stylesheet_named, "processing-instruction(xml-stylesheet)");
  CdaHeaderReader(root, notes, document).read();
  if (const Status status = notes.status(); !status.ok()) return status.error();
  return document;
}

}  // namespace psl
