#include <algorithm>
#include <set>
#include <string>

#include "adapters/formats/check/rules.h"
#include "adapters/formats/check/xdm_check.h"
#include "adapters/formats/check/xdm_registry.h"
#include "adapters/formats/check/xdm_values.h"
#include "adapters/formats/mail_reader.h"
#include "adapters/formats/text.h"
#include "adapters/formats/xdm_ids.h"
#include "gateway/base/hash.h"
#include "gateway/core/document_facts.h"

namespace psl {
namespace {

namespace v1 = passerelle::v1;
namespace stored = passerelle::internal::v1;

constexpr size_t metadata_bytes_max = size_t{2} << 20U;
constexpr size_t metadata_elements_max = 20000;
constexpr int64_t a_day_us = int64_t{86400} * 1000000;
constexpr size_t entries_checked_max = 100;
// rim:FreeFormText.
constexpr size_t display_name_max = 1024;
// read_cda keeps that many authors: one more may be among those it left out.
constexpr int authors_read_max = 10;

const XmlElement* object_list(const XmlElement& root) {
  if (root.name != "SubmitObjectsRequest" || root.space != xds::lcm_space) return nullptr;
  const XmlElement* list = nullptr;
  for (const XmlElement& child : root.children()) {
    if (!is_rim(child, "RegistryObjectList")) continue;
    if (list != nullptr) return nullptr;
    list = &child;
  }
  return list;
}

Instant instant_in(const google::protobuf::Timestamp& at) { return Instant{at.seconds() * 1000000}; }

// What the entry of one document says, against that document.
class EntryCheck {
 public:
  EntryCheck(const RegistryObject& entry, const XdmSet& set, std::vector<v1::Issue>& issues, XdmMasks& masks)
      : entry_(entry), set_(set), issues_(issues), masks_(masks) {}

  // The header that it is compared with; null when it is not at hand.
  const stored::DocumentHeader* run() {
    check_file();
    check_form();
    if (document_ == nullptr || document_->header == nullptr) return nullptr;
    const stored::DocumentHeader& header = *document_->header;
    check_identity(header);
    check_patient(header.patient());
    check_codes(header);
    check_dates(header.metadata());
    check_people(header.metadata());
    if (one_line(shown_name(entry_.element())) !=
        one_line(first_characters(header.metadata().title(), display_name_max)))
      note(Rule::xdm_title_differs, "title");
    check_replacement(header);
    return &header;
  }

 private:
  void note(Rule rule, std::string_view attribute) {
    add_issue(issues_, rule, entry_.path() + "/" + std::string(attribute));
  }
  std::string_view slot(std::string_view name) const { return slot_value(entry_.element(), name); }

  void check_file() {
    const std::string_view uri = slot("URI");
    for (const XdmDocument& each : set_.documents) {
      if (same_ignoring_case(each.name, uri)) document_ = &each;
    }
    if (document_ == nullptr) {
      return note(set_.complete || uri.empty() ? Rule::xdm_uri_wrong : Rule::xdm_file_not_at_hand, "URI");
    }
    const std::string_view size = slot("size");
    if (size.empty()) {
      note(Rule::xdm_hash_missing, "size");
    } else if (size != std::to_string(document_->content.size())) {
      note(Rule::xdm_size_wrong, "size");
    }
    const std::string_view hash = slot("hash");
    if (hash.empty()) {
      note(Rule::xdm_hash_missing, "hash");
    } else if (set_.verify_hash ? !same_ignoring_case(hash, to_hex(sha1(document_->content)))
                                : hash.size() != 40) {
      note(Rule::xdm_hash_wrong, "hash");
    }
    const bool is_pdf = document_->content.starts_with("%PDF-");
    const std::string_view media_type = entry_.element().attribute("mimeType");
    if ((document_->header != nullptr && media_type != "text/xml") ||
        (is_pdf && media_type != "application/pdf"))
      note(Rule::xdm_media_type_wrong, "mimeType");
  }

  // What needs no document.
  void check_form() {
    check_entry_form(entry_, issues_);
    if (entry_.element().attribute("objectType") != xds::document_entry_type)
      note(Rule::xdm_object_type_wrong, "objectType");
    const std::string_view status = entry_.element().attribute("status");
    if (!status.empty() && status != xds::approved) note(Rule::xdm_status_wrong, "status");
    if (slot("languageCode") != "fr-FR") note(Rule::xdm_language_differs, "languageCode");
    const std::string_view unique_id = entry_.identifier(xds::entry_unique);
    if (unique_id.empty()) note(Rule::xdm_unique_id_wrong, "uniqueId");
    if (!unique_id.empty() &&
        (entry_.id() == unique_id || entry_.id() == "urn:oid:" + std::string(unique_id)))
      note(Rule::xdm_entry_uuid_is_unique_id, "id");
    check_confidentiality();
    for (const auto& [attribute, scheme] : {std::pair("classCode", xds::entry_class),
                                            {"typeCode", xds::entry_type},
                                            {"formatCode", xds::entry_format},
                                            {"healthcareFacilityTypeCode", xds::entry_facility},
                                            {"practiceSettingCode", xds::entry_practice}})
      check_code_form(attribute, scheme);
    if (!is_utc14(slot("creationTime"))) note(Rule::xdm_date_form, "creationTime");
    for (const char* name : {"serviceStartTime", "serviceStopTime"}) {
      if (!slot(name).empty() && !is_utc14(slot(name))) note(Rule::xdm_date_form, name);
    }
    const auto authors = entry_.classifications(xds::entry_author);
    if (authors.empty()) note(Rule::xdm_author_missing, "author");
    for (const XmlElement* author : authors) check_author_form(*author);
  }

  void check_author_form(const XmlElement& author) {
    const Hl7Person person(slot_value(author, "authorPerson"));
    const auto institutions = slot_values(author, "authorInstitution");
    if (person.is_empty() || institutions.empty()) note(Rule::xdm_author_missing, "author");
    if (!person.form_ok() || !std::all_of(institutions.begin(), institutions.end(), institution_form_ok))
      note(Rule::xdm_person_form, "author");
  }

  void check_code_form(std::string_view attribute, std::string_view scheme) {
    const auto found = entry_.classifications(scheme);
    if (found.empty() || found.front()->attribute("nodeRepresentation").empty())
      return note(Rule::xdm_code_missing, attribute);
    if (slot_value(*found.front(), "codingScheme").empty()) note(Rule::xdm_code_system_missing, attribute);
  }

  void check_confidentiality() {
    bool has_level = false;
    for (const XmlElement* each : entry_.classifications(xds::entry_confidentiality)) {
      const std::string_view code = each->attribute("nodeRepresentation");
      const std::string_view system = slot_value(*each, "codingScheme");
      if (system.empty()) {
        note(Rule::xdm_code_system_missing, "confidentialityCode");
      } else if (system == xds::mask_system) {
        check_mask(code);
      } else if (system != xds::confidentiality_system ||
                 std::string_view("LMNRUV").find(code) == std::string_view::npos || code.size() != 1) {
        note(Rule::xdm_mask_unknown, "confidentialityCode");
      }
      const bool is_level = system == xds::confidentiality_system;
      if (is_level && has_level) note(Rule::xdm_attribute_twice, "confidentialityCode");
      has_level = has_level || is_level;
    }
    if (!has_level) note(Rule::xdm_code_missing, "confidentialityCode");
  }

  void check_mask(std::string_view code) {
    if (code == xds::hidden_from_professionals) {
      masks_.professionals = true;
    } else if (code == xds::hidden_from_patient) {
      masks_.patient = true;
    } else if (code != xds::hidden_from_representatives) {
      note(Rule::xdm_mask_unknown, "confidentialityCode");
    }
  }

  void check_identity(const stored::DocumentHeader& header) {
    const std::string_view unique_id = entry_.identifier(xds::entry_unique);
    if (!unique_id.empty() && unique_id != header.metadata().document_id())
      note(Rule::xdm_unique_id_wrong, "uniqueId");
  }

  void check_patient(const v1::Patient& patient) {
    check_patient_id(entry_.identifier(xds::entry_patient), patient, entry_.path() + "/patientId", issues_);
    const Hl7Identifier source(slot("sourcePatientId"));
    const bool has_local = !patient.local_id().value().empty();
    if (source.is_empty()) {
      if (has_local || patient.has_ins()) note(Rule::xdm_patient_info_missing, "sourcePatientId");
    } else if (source.names(patient.local_id().value(), patient.local_id().oid())) {
      if (source.kind() != "PI") note(Rule::xdm_patient_form, "sourcePatientId");
    } else if (!patient.has_ins() || !source.names(patient.ins().matricule(), patient.ins().oid())) {
      note(Rule::xdm_patient_differs, "sourcePatientId");
    } else if (source.kind() != "NH") {
      note(Rule::xdm_patient_form, "sourcePatientId");
    }
    const PatientTraits told(slot_values(entry_.element(), "sourcePatientInfo"));
    if (told.lacks_one(patient)) note(Rule::xdm_patient_info_missing, "sourcePatientInfo");
    if (!told.form_ok()) note(Rule::xdm_patient_info_form, "sourcePatientInfo");
    if (!told.agree_with(patient)) note(Rule::xdm_patient_info_differs, "sourcePatientInfo");
  }

  void check_code(std::string_view attribute, std::string_view scheme, const v1::Coding& expected,
                  std::string_view default_system, Rule differs) {
    const auto found = entry_.classifications(scheme);
    if (found.empty() || expected.code().empty()) return;
    const std::string_view code = found.front()->attribute("nodeRepresentation");
    if (!code.empty() && code != first_characters(expected.code(), 256)) note(differs, attribute);
    const std::string_view system =
        expected.system().empty() ? default_system : std::string_view(expected.system());
    if (!system.empty() && slot_value(*found.front(), "codingScheme") != system)
      note(Rule::xdm_code_system_missing, attribute);
    // Labels of class and format are not the CDA's: their value sets have several spellings.
    if (differs != Rule::xdm_code_differs) return;
    const std::string label = one_line(shown_name(*found.front()));
    if (!label.empty() && !expected.label().empty() &&
        label != one_line(first_characters(expected.label(), display_name_max)))
      note(Rule::xdm_label_differs, attribute);
  }

  void check_codes(const stored::DocumentHeader& header) {
    const v1::DocumentMetadata& metadata = header.metadata();
    const v1::Encounter& encounter = metadata.encounter();
    check_code("classCode", xds::entry_class, header.document_class(), {}, Rule::xdm_code_unexpected);
    check_code("formatCode", xds::entry_format, header.format(), {}, Rule::xdm_code_unexpected);
    check_code("typeCode", xds::entry_type, metadata.type(), {}, Rule::xdm_code_differs);
    check_code("healthcareFacilityTypeCode", xds::entry_facility, encounter.facility_type(),
               xds::facility_system, Rule::xdm_code_differs);
    check_code("practiceSettingCode", xds::entry_practice, encounter.practice_setting(), xds::practice_system,
               Rule::xdm_code_differs);
    // The lower levels of the value set are read as N.
    std::string_view wanted = "NLMU";
    if (metadata.confidentiality() == v1::CONFIDENTIALITY_RESTRICTED) wanted = "R";
    if (metadata.confidentiality() == v1::CONFIDENTIALITY_VERY_RESTRICTED) wanted = "V";
    for (const XmlElement* each : entry_.classifications(xds::entry_confidentiality)) {
      if (slot_value(*each, "codingScheme") == xds::confidentiality_system &&
          wanted.find(each->attribute("nodeRepresentation")) == std::string_view::npos)
        note(Rule::xdm_code_differs, "confidentialityCode");
    }
  }

  void check_time(std::string_view attribute, const google::protobuf::Timestamp& expected, Rule differs) {
    const std::string_view told = slot(attribute);
    if (told.empty()) return note(Rule::xdm_date_form, attribute);
    if (is_utc14(told) && told != utc14(instant_in(expected))) note(differs, attribute);
  }

  void check_dates(const v1::DocumentMetadata& metadata) {
    const v1::Encounter& encounter = metadata.encounter();
    if (metadata.has_created_at())
      check_time("creationTime", metadata.created_at(), Rule::xdm_creation_time_differs);
    if (encounter.has_start())
      check_time("serviceStartTime", encounter.start(), Rule::xdm_service_time_differs);
    if (encounter.has_end()) check_time("serviceStopTime", encounter.end(), Rule::xdm_service_time_differs);
  }

  void check_people(const v1::DocumentMetadata& metadata) {
    check_authors(metadata);
    const Hl7Person authenticator(slot("legalAuthenticator"));
    if (!authenticator.form_ok()) note(Rule::xdm_person_form, "legalAuthenticator");
    if (!metadata.has_legal_authenticator()) return;
    if (authenticator.is_empty()) {
      note(Rule::xdm_authenticator_missing, "legalAuthenticator");
    } else if (!authenticator.is(metadata.legal_authenticator())) {
      note(Rule::xdm_authenticator_differs, "legalAuthenticator");
    }
  }

  // Each author of the CDA once, with his structure and specialty.
  void check_authors(const v1::DocumentMetadata& metadata) {
    std::vector<const v1::Professional*> left;
    for (const v1::Professional& each : metadata.authors()) left.push_back(&each);
    const auto told = entry_.classifications(xds::entry_author);
    if (told.size() < left.size()) note(Rule::xdm_author_missing, "author");
    for (const XmlElement* author : told) {
      const Hl7Person person(slot_value(*author, "authorPerson"));
      if (person.is_empty()) continue;
      const auto found =
          std::find_if(left.begin(), left.end(), [&person](const auto* each) { return person.is(*each); });
      if (found != left.end()) {
        check_author_details(*author, **found);
        left.erase(found);
      } else if (metadata.authors_size() < authors_read_max) {
        note(Rule::xdm_author_differs, "author");
      }
    }
  }

  void check_author_details(const XmlElement& told, const v1::Professional& author) {
    const auto institutions = slot_values(told, "authorInstitution");
    if (author.has_organization() && !institutions.empty() &&
        std::none_of(institutions.begin(), institutions.end(), [&author](std::string_view each) {
          return institution_is(each, author.organization());
        }))
      note(Rule::xdm_institution_differs, "author/authorInstitution");
    const auto specialties = slot_values(told, "authorSpecialty");
    if (!author.specialty_code().empty() &&
        std::none_of(specialties.begin(), specialties.end(), [&author](std::string_view each) {
          return specialty_is(each, author.specialty_code());
        }))
      note(Rule::xdm_specialty_differs, "author/authorSpecialty");
  }

  // How a mail says that its document replaces another.
  void check_replacement(const stored::DocumentHeader& header) {
    const std::string_view action = slot(xds::action_slot);
    const bool replaces = !header.replaces().empty();
    if (replaces && action.empty()) note(Rule::xdm_replacement_not_said, xds::action_slot);
    if ((action == "C" && !replaces) || (!action.empty() && action != "C" && action != "D"))
      note(Rule::xdm_replacement_unfounded, xds::action_slot);
  }

  const RegistryObject& entry_;
  const XdmSet& set_;
  std::vector<v1::Issue>& issues_;
  XdmMasks& masks_;
  const XdmDocument* document_ = nullptr;
};

// The submission as a whole: what it is made of, and that its parts hold together.
class SubmissionCheck {
 public:
  SubmissionCheck(const XmlElement& list, const XdmSet& set, std::vector<v1::Issue>& issues)
      : list_(list), set_(set), issues_(issues) {}

  XdmMasks run() {
    collect();
    check_references();
    std::vector<const stored::DocumentHeader*> headers;
    for (const RegistryObject& entry : entries_) {
      if (const auto* header = EntryCheck(entry, set_, issues_, masks_).run()) headers.push_back(header);
      check_membership(entry);
    }
    if (sets_.size() == 1) check_set(sets_.front(), headers.empty() ? nullptr : headers.front());
    for (const stored::DocumentHeader* header : headers) {
      if (!same_patient(header->patient(), headers.front()->patient()))
        add_issue(issues_, Rule::xdm_several_patients, "ExtrinsicObject");
    }
    return masks_;
  }

 private:
  void collect() {
    size_t packages = 0;
    size_t documents = 0;
    for (const XmlElement& object : list_.children()) {
      if (is_rim(object, "RegistryPackage")) {
        RegistryObject made(object, list_, "RegistryPackage[" + std::to_string(++packages) + "]");
        if (made.has_node(xds::submission_set_node)) sets_.push_back(std::move(made));
      } else if (is_rim(object, "ExtrinsicObject") && ++documents <= entries_checked_max) {
        entries_.emplace_back(object, list_, "ExtrinsicObject[" + std::to_string(documents) + "]");
      }
    }
    if (sets_.size() != 1) add_issue(issues_, Rule::xdm_set_count, "RegistryPackage");
    if (entries_.empty()) add_issue(issues_, Rule::xdm_entry_missing, "ExtrinsicObject");
  }

  void check_references() {
    for (const XmlElement& object : list_.children()) {
      take_id(object);
      for (const XmlElement& part : object.children()) {
        const bool classification = is_rim(part, "Classification");
        if (!classification && !is_rim(part, "ExternalIdentifier")) continue;
        take_id(part);
        if (part.attribute(classification ? "classifiedObject" : "registryObject") != object.attribute("id"))
          add_issue(issues_, Rule::xdm_reference_wrong,
                    std::string(object.name) + "/" + std::string(part.name));
      }
    }
    for (const XmlElement& object : list_.children()) {
      if (is_rim(object, "Classification") && !ids_.contains(object.attribute("classifiedObject")))
        add_issue(issues_, Rule::xdm_reference_wrong, "Classification");
      if (!is_rim(object, "Association")) continue;
      check_slots_form(object, "Association", issues_);
      // A replacement's target is in a registry, not here.
      const bool member = object.attribute("associationType") == xds::has_member;
      if (!ids_.contains(object.attribute("sourceObject")) ||
          (member && !ids_.contains(object.attribute("targetObject"))))
        add_issue(issues_, Rule::xdm_association_wrong, "Association");
    }
  }

  void take_id(const XmlElement& object) {
    const std::string_view id = object.attribute("id");
    if (id.empty() || !ids_.insert(id).second) add_issue(issues_, Rule::xdm_id_wrong, object.name);
  }

  void check_membership(const RegistryObject& entry) {
    size_t members = 0;
    for (const XmlElement& object : list_.children()) {
      if (!is_rim(object, "Association") || object.attribute("associationType") != xds::has_member ||
          object.attribute("targetObject") != entry.id() || sets_.size() != 1 ||
          object.attribute("sourceObject") != sets_.front().id())
        continue;
      ++members;
      if (slot_value(object, "SubmissionSetStatus") != "Original")
        add_issue(issues_, Rule::xdm_member_status_wrong, "Association/SubmissionSetStatus");
    }
    if (members == 0) add_issue(issues_, Rule::xdm_entry_not_in_set, entry.path());
    if (members > 1) add_issue(issues_, Rule::xdm_attribute_twice, "Association");
  }

  void check_set(const RegistryObject& set, const stored::DocumentHeader* header) {
    const auto note = [&](Rule rule, const char* attribute) {
      add_issue(issues_, rule, set.path() + "/" + attribute);
    };
    check_set_form(set, issues_);
    const std::string_view status = set.element().attribute("status");
    if (!status.empty() && status != xds::approved) note(Rule::xdm_status_wrong, "status");
    const std::string_view time = slot_value(set.element(), "submissionTime");
    if (!is_utc14(time)) note(Rule::xdm_date_form, "submissionTime");
    const auto authors = set.classifications(xds::set_author);
    if (authors.empty() || slot_value(*authors.front(), "authorInstitution").empty() ||
        Hl7Person(slot_value(*authors.front(), "authorPerson")).is_empty())
      note(Rule::xdm_author_missing, "author");
    for (const XmlElement* author : authors) {
      if (!Hl7Person(slot_value(*author, "authorPerson")).form_ok() ||
          !institution_form_ok(slot_value(*author, "authorInstitution")))
        note(Rule::xdm_person_form, "author");
    }
    const std::string_view unique_id = set.identifier(xds::set_unique);
    bool own = oid_ok(unique_id);
    for (const RegistryObject& entry : entries_)
      own = own && entry.identifier(xds::entry_unique) != unique_id;
    if (!own) note(Rule::xdm_set_unique_id_wrong, "uniqueId");
    const std::string_view source = set.identifier(xds::set_source);
    if (!oid_ok(source)) note(Rule::xdm_source_id_wrong, "sourceId");
    check_content_type(set, header);
    for (const RegistryObject& entry : entries_) {
      if (entry.identifier(xds::entry_patient) != set.identifier(xds::set_patient))
        note(Rule::xdm_patient_differs, "patientId");
    }
    if (header == nullptr) return;
    const v1::DocumentMetadata& metadata = header->metadata();
    // Clocks differ, and some write their local time here.
    const Instant earliest = {metadata.created_at().seconds() * 1000000 - a_day_us};
    if (is_utc14(time) && metadata.has_created_at() && time < utc14(earliest))
      note(Rule::xdm_submission_time_early, "submissionTime");
    check_patient_id(set.identifier(xds::set_patient), header->patient(), set.path() + "/patientId", issues_);
    if (metadata.has_custodian() && source != source_oid(metadata.custodian()))
      note(Rule::xdm_source_id_wrong, "sourceId");
  }

  void check_content_type(const RegistryObject& set, const stored::DocumentHeader* header) {
    const std::string path = set.path() + "/contentTypeCode";
    const auto found = set.classifications(xds::set_content_type);
    if (found.empty() || found.front()->attribute("nodeRepresentation").empty())
      return add_issue(issues_, Rule::xdm_code_missing, path);
    if (slot_value(*found.front(), "codingScheme") != activity_kind_oid)
      add_issue(issues_, Rule::xdm_code_system_missing, path);
    if (header == nullptr || header->metadata().encounter().class_code().empty()) return;
    if (found.front()->attribute("nodeRepresentation") !=
        activity_kind_of(header->metadata().encounter().class_code()).code)
      add_issue(issues_, Rule::xdm_code_unexpected, path);
  }

  const XmlElement& list_;
  const XdmSet& set_;
  std::vector<v1::Issue>& issues_;
  XdmMasks masks_;
  std::vector<RegistryObject> sets_;
  std::vector<RegistryObject> entries_;
  std::set<std::string_view> ids_;
};

}  // namespace

Result<XmlTree> parse_xdm_metadata(std::string_view bytes) {
  XmlLimits limits;
  limits.bytes_max = metadata_bytes_max;
  limits.elements_max = metadata_elements_max;
  return parse_xml(bytes, {}, limits);
}

XdmMasks check_xdm_metadata(const XmlTree& metadata, const XdmSet& set, std::vector<v1::Issue>& issues) {
  const XmlElement* list = object_list(metadata.root());
  if (list == nullptr) {
    add_issue(issues, Rule::xdm_root_wrong, "/*");
    return {};
  }
  return SubmissionCheck(*list, set, issues).run();
}

std::vector<std::string_view> xdm_uris(const XmlTree& metadata) {
  std::vector<std::string_view> uris;
  const XmlElement* list = object_list(metadata.root());
  if (list == nullptr) return uris;
  for (const XmlElement& object : list->children()) {
    if (is_rim(object, "ExtrinsicObject")) uris.push_back(slot_value(object, "URI"));
  }
  return uris;
}

}  // namespace psl
