#include "fhir/pdsm.h"

#include "fhir/bundle_writer.h"
#include "fhir/codes.h"
#include "fhir/instants.h"
#include "fhir/json_writer.h"
#include "fhir/people.h"
#include "gateway/base/bytes.h"
#include "gateway/base/hash.h"
#include "gateway/core/document_facts.h"
#include "passerelle/internal/v1/stored.pb.h"
#include "passerelle/v1/event.pb.h"

namespace psl::fhir {
namespace {

namespace v1 = passerelle::v1;
using passerelle::internal::v1::DocumentHeader;

constexpr std::string_view pdsm_profile = "https://interop.esante.gouv.fr/ig/fhir/pdsm/StructureDefinition/";
constexpr std::string_view mhd_extension = "https://profiles.ihe.net/ITI/MHD/StructureDefinition/";

// The same for the same delivery and purpose.
Uuid derived(const PdsmInput& input, std::string_view purpose) {
  return Uuid::from_hash(sha256_of_parts({"pdsm", input.delivery_id.raw(), purpose}));
}
std::string derived_urn(const PdsmInput& input, std::string_view purpose) {
  return "urn:uuid:" + derived(input, purpose).text();
}
std::string submission_set_urn(const PdsmInput& input) {
  return oid_urn(derived(input, "submission-set-unique-id").oid());
}

void write_profile(JsonWriter& json, std::string_view root, std::string_view name) {
  json.object("meta").array("profile").element(std::string(root) + std::string(name)).end().end();
}

void write_identifier(JsonWriter& json, std::string_view urn) {
  json.text("use", "usual").text("system", uri_system).text("value", urn);
}

void write_concept(JsonWriter& json, std::string_view name, const v1::Coding& coding) {
  write_concept(json, name, system_url(coding.system()), coding.code(), coding.label());
}

v1::Coding with_system(v1::Coding coding, std::string_view oid) {
  if (coding.system().empty()) coding.set_system(std::string(oid));
  return coding;
}

// By its INS: a number that source and repository share may stand for a literal reference (MHD 4.2.3,
// 2:3.65.4.1.2.2), and it asks no question about the patient first.
void write_subject(JsonWriter& json, const PdsmInput& input) {
  json.object("subject").text("type", "Patient");
  write_ins(json, input.header.patient());
  json.end();
}

// Required by the profile; a sender's CDA may have an empty one.
const std::string& title_of(const DocumentHeader& header) {
  const v1::DocumentMetadata& metadata = header.metadata();
  return metadata.title().empty() ? metadata.type().label() : metadata.title();
}

std::string_view confidentiality_code(v1::Confidentiality level) {
  if (level == v1::CONFIDENTIALITY_VERY_RESTRICTED) return "V";
  return level == v1::CONFIDENTIALITY_RESTRICTED ? "R" : "N";
}

void write_labels(JsonWriter& json, const PdsmInput& input) {
  json.array("securityLabel");
  write_concept(json, {},
                input.label_system == LabelSystem::tre_a07 ? visibility_system : confidentiality_system,
                confidentiality_code(input.header.metadata().confidentiality()), {});
  if (input.visibility.hidden_from_professionals())
    write_concept(json, {}, visibility_system, "MASQUE_PS", {});
  if (input.visibility.hidden_from_patient())
    write_concept(json, {}, visibility_system, "INVISIBLE_PATIENT", {});
  if (input.visibility.hidden_from_legal_representatives())
    write_concept(json, {}, visibility_system, "INVISIBLE_REPRESENTANTS_LEGAUX", {});
  json.end();
}

enum class Form { provide_bundle, simplified_publish };

// The old one by its identifier; in a transaction also by the search for it, which the server replaces with
// what it finds (R4, http.html#trules), so that the two are linked for good. Outside of one that form is not
// allowed.
void write_relation(JsonWriter& json, const PdsmInput& input, Form form) {
  const std::string replaced = replaced_urn(input);
  if (replaced.empty()) return;
  json.array("relatesTo").object().text("code", "replaces").object("target");
  if (form == Form::provide_bundle) json.text("reference", "DocumentReference?" + identifier_query(replaced));
  json.text("type", "DocumentReference").object("identifier");
  write_identifier(json, replaced);
  json.end().end().end().end();
}

void write_content(JsonWriter& json, const PdsmInput& input, Form form) {
  const v1::DocumentMetadata& metadata = input.header.metadata();
  json.array("content").object().object("attachment");
  json.text("contentType", "text/xml").text("language", "fr-FR");
  if (form == Form::provide_bundle) {
    json.text("url", derived_urn(input, "binary"));
  } else {
    json.base64("data", input.cda);
  }
  json.number("size", input.cda.size()).base64("hash", sha1(input.cda));
  json.text("title", title_of(input.header)).text("creation", utc_text(metadata.created_at())).end();
  json.object("format").text("system", system_url(input.header.format().system()));
  json.text("code", input.header.format().code()).end().end().end();
}

// JDV_J02 and JDV_J04 name the systems of these two when a sender leaves them out.
void write_context(JsonWriter& json, const PdsmInput& input, std::string_view patient) {
  const v1::Encounter& encounter = input.header.metadata().encounter();
  json.object("context").object("period").text("start", utc_text(encounter.start()));
  if (encounter.has_end()) json.text("end", utc_text(encounter.end()));
  json.end();
  write_concept(json, "facilityType", with_system(encounter.facility_type(), "1.2.250.1.71.4.2.4"));
  write_concept(json, "practiceSetting", with_system(encounter.practice_setting(), "1.2.250.1.213.1.1.4.9"));
  json.object("sourcePatientInfo").text("reference", patient).end().end();
}

const v1::Organization& custodian_of(const PdsmInput& input) {
  const v1::Organization& custodian = input.header.metadata().custodian();
  return custodian.national_id().empty() && custodian.name().empty() ? input.source.organization()
                                                                     : custodian;
}

void write_document_reference(JsonWriter& json, const PdsmInput& input, Form form) {
  const v1::DocumentMetadata& metadata = input.header.metadata();
  Contained contained;
  std::vector<std::string> authors;
  for (const v1::Professional& author : metadata.authors()) {
    const v1::Organization& structure =
        author.has_organization() ? author.organization() : custodian_of(input);
    authors.push_back(contained.add_role(&author, structure));
  }
  if (authors.empty()) authors.push_back(contained.add_role(nullptr, custodian_of(input)));
  const std::string authenticator =
      metadata.has_legal_authenticator() ? contained.add(metadata.legal_authenticator()) : std::string();
  const std::string custodian = contained.add(custodian_of(input));
  const std::string patient = contained.add(input.header.patient());

  json.text("resourceType", "DocumentReference");
  write_profile(
      json, pdsm_profile,
      form == Form::provide_bundle ? "pdsm-comprehensive-document-reference" : "pdsm-simplified-publish");
  contained.write(json);
  json.object("masterIdentifier");
  write_identifier(json, document_urn(input.header));
  json.end().text("status", "current");
  write_concept(json, "type", metadata.type());
  json.array("category");
  write_concept(json, {}, input.header.document_class());
  json.end();
  write_subject(json, input);
  json.text("date", utc_text(input.dated_at)).array("author");
  for (const std::string& author : authors) json.object().text("reference", author).end();
  json.end().object("authenticator").text("reference", authenticator).end();
  json.object("custodian").text("reference", custodian).end();
  write_relation(json, input, form);
  write_labels(json, input);
  write_content(json, input, form);
  write_context(json, input, patient);
}

// Who sends the event, or else the document's first author: as in METADATA.XML.
const v1::Professional* submitter_of(const PdsmInput& input) {
  if (input.source.has_professional()) return &input.source.professional();
  const auto& authors = input.header.metadata().authors();
  return authors.empty() ? nullptr : &authors.Get(0);
}

void write_submission_set(JsonWriter& json, const PdsmInput& input) {
  const v1::DocumentMetadata& metadata = input.header.metadata();
  Contained contained;
  const std::string source = contained.add_role(submitter_of(input), input.source.organization());
  const ActivityKind activity = activity_kind_of(metadata.encounter().class_code());
  json.text("resourceType", "List");
  write_profile(json, pdsm_profile, "pdsm-submissionset-comprehensive");
  contained.write(json);
  json.array("extension").object().text("url", std::string(mhd_extension) + "ihe-designationType");
  write_concept(json, "valueCodeableConcept", system_url(activity_kind_oid), activity.code, activity.label);
  json.end().object().text("url", std::string(mhd_extension) + "ihe-sourceId").object("valueIdentifier");
  write_identifier(json, oid_urn(source_oid(metadata.custodian())));
  json.end().end().end();
  json.array("identifier").object();
  write_identifier(json, submission_set_urn(input));
  json.end().end().text("status", "current").text("mode", "working").text("title", title_of(input.header));
  write_concept(json, "code", "https://profiles.ihe.net/ITI/MHD/CodeSystem/MHDlistTypes", "submissionset",
                {});
  write_subject(json, input);
  json.text("date", utc_text(input.dated_at)).object("source").text("reference", source).end();
  json.array("entry").object().object("item").text("reference", derived_urn(input, "document-reference"));
  json.end().end().end();
}

// FHIRPath Patch of MHD: the old one becomes "superseded".
void write_superseding(JsonWriter& json) {
  json.text("resourceType", "Parameters");
  write_profile(json, mhd_extension, "IHE.MHD.Patch.Parameters");
  json.array("parameter").object().text("name", "operation").array("part");
  json.object().text("name", "path").text("valueString", "DocumentReference.status").end();
  json.object().text("name", "type").text("valueCode", "replace").end();
  json.object().text("name", "value").text("valueCode", "superseded").end();
  json.end().end().end();
}

void end_entry(JsonWriter& json, std::string_view method, std::string_view url,
               std::string_view if_none_exist = {}) {
  json.end().object("request").text("method", method).text("url", url);
  json.text("ifNoneExist", if_none_exist).end().end();
}

void begin_entry(JsonWriter& json, const PdsmInput& input, std::string_view purpose) {
  json.object().text("fullUrl", derived_urn(input, purpose)).object("resource");
}

size_t base64_size(size_t bytes) { return (bytes + 2) / 3 * 4; }

}  // namespace

std::string document_urn(const DocumentHeader& header) { return oid_urn(header.metadata().document_id()); }

std::string replaced_urn(const PdsmInput& input) {
  const std::string& oid = input.replaces ? *input.replaces : input.header.replaces();
  return oid.empty() ? std::string() : oid_urn(oid);
}

int provide_bundle_entries(const PdsmInput& input) { return replaced_urn(input).empty() ? 3 : 4; }

std::string write_provide_bundle(const PdsmInput& input) {
  JsonWriter json(pdsm_size_bound(input));
  json.text("resourceType", "Bundle");
  write_profile(json, pdsm_profile, "pdsm-comprehensive-provide-document-bundle");
  json.text("type", "transaction").array("entry");

  begin_entry(json, input, "submission-set");
  write_submission_set(json, input);
  end_entry(json, "POST", "List", identifier_query(submission_set_urn(input)));

  begin_entry(json, input, "document-reference");
  write_document_reference(json, input, Form::provide_bundle);
  end_entry(json, "POST", "DocumentReference", identifier_query(document_urn(input.header)));

  if (const std::string replaced = replaced_urn(input); !replaced.empty()) {
    begin_entry(json, input, "superseding");
    write_superseding(json);
    end_entry(json, "PATCH", "DocumentReference?" + identifier_query(replaced));
  }

  begin_entry(json, input, "binary");
  json.text("resourceType", "Binary").text("contentType", "text/xml").base64("data", input.cda);
  end_entry(json, "POST", "Binary");
  return json.finish();
}

std::string write_simplified_publish(const PdsmInput& input) {
  JsonWriter json(pdsm_size_bound(input));
  write_document_reference(json, input, Form::simplified_publish);
  return json.finish();
}

uint64_t pdsm_size_bound(const PdsmInput& input) {
  // A byte of a text becomes at most three, a text stands in at most three places, and names and brackets
  // around a person take less than 2 KiB, all others together less than 12 KiB.
  const uint64_t texts = input.header.ByteSizeLong() + input.source.ByteSizeLong();
  const auto people = static_cast<uint64_t>(input.header.metadata().authors_size()) + 2;
  return base64_size(input.cda.size()) + 9 * texts + (people << 11) + (12U << 10);
}

}  // namespace psl::fhir
