#include "adapters/formats/document_office.h"

#include "adapters/formats/cda_issues.h"
#include "adapters/formats/cda_reader.h"
#include "adapters/formats/cda_writer.h"
#include "adapters/formats/document_check.h"
#include "adapters/formats/pdf_check.h"
#include "adapters/formats/value_sets.h"
#include "passerelle/v1/config.pb.h"
#include "passerelle/v1/event.pb.h"
#include "passerelle/v1/gateway.pb.h"

namespace psl {
namespace {

constexpr std::string_view cda_field = "event.discharge_letter.sender_cda";

// Compares what the envelope says of the patient with what the document says: a field that the envelope
// leaves empty is not compared, except the INS, whose absence is a statement (identity not qualified).
class SubjectComparison {
 public:
  SubjectComparison(const v1::Patient& envelope, const v1::Patient& document)
      : envelope_(envelope), document_(document) {}

  std::vector<FieldFault> run() {
    const bool same_ins = envelope_.has_ins() == document_.has_ins() &&
                          envelope_.ins().matricule() == document_.ins().matricule() &&
                          envelope_.ins().oid() == document_.ins().oid();
    if (!same_ins) differs("ins");
    name("birth_family_name", envelope_.birth_family_name(), document_.birth_family_name());
    name("birth_given_names", envelope_.birth_given_names(), document_.birth_given_names());
    name("first_birth_given_name", envelope_.first_birth_given_name(), document_.first_birth_given_name());
    exact("birth_date", envelope_.birth_date(), document_.birth_date());
    exact("birth_place_code", envelope_.birth_place_code(), document_.birth_place_code());
    if (envelope_.sex() != v1::SEX_UNSPECIFIED && envelope_.sex() != document_.sex()) differs("sex");
    return std::move(faults_);
  }

 private:
  void differs(std::string_view field) {
    faults_.push_back({"event.subject." + std::string(field), "does not agree with the CDA header"});
  }
  // A document without qualified names may not tell a list: silence is no disagreement.
  void name(std::string_view field, const std::string& said, const std::string& written) {
    if (!said.empty() && !written.empty() && !same_name(said, written)) differs(field);
  }
  void exact(std::string_view field, const std::string& said, const std::string& written) {
    if (!said.empty() && !written.empty() && said != written) differs(field);
  }

  const v1::Patient& envelope_;
  const v1::Patient& document_;
  std::vector<FieldFault> faults_;
};

// document_invalid at a field of the request.
Error document_fault(std::string_view field, std::string text) {
  Error error = error_of(ErrorCode::document_invalid);
  error.faults.push_back({std::string(field), std::move(text)});
  return error;
}

// The bytes of a field, taken out of the request.
Bytes take_bytes(std::string& field) {
  std::string taken = std::move(field);
  field.clear();
  return make_bytes(std::move(taken));
}

bool has_https(const google::protobuf::RepeatedPtrField<v1::Telecom>& telecoms) {
  for (const v1::Telecom& telecom : telecoms) {
    if (!telecom_in_cda(telecom.uri())) return true;
  }
  return false;
}

void tell_telecoms_left_out(const stored::DocumentHeader& header, std::vector<v1::Issue>& issues) {
  const std::string metadata = "event.discharge_letter.pdf.metadata";
  auto tell = [&](const std::string& path, const auto& owner) {
    if (has_https(owner.telecoms())) add_issue(issues, CdaIssue::telecom_left_out, path + ".telecoms");
  };
  tell("event.subject", header.patient());
  int position = 0;
  for (const v1::Professional& author : header.metadata().authors()) {
    const std::string path = metadata + ".authors[" + std::to_string(position++) + "]";
    tell(path, author);
    tell(path + ".organization", author.organization());
  }
  tell(metadata + ".legal_authenticator", header.metadata().legal_authenticator());
  tell(metadata + ".custodian", header.metadata().custodian());
}

void set_concept(v1::Coding& coding, const Concept& known) {
  coding.set_code(std::string(known.code));
  coding.set_system(std::string(known.system));
  coding.set_label(std::string(known.label.empty() ? known.code : known.label));
}

}  // namespace

std::string_view time_zone_of(const v1::Tenant& tenant) {
  return tenant.time_zone().empty() ? std::string_view("Europe/Paris") : std::string_view(tenant.time_zone());
}

Result<std::unique_ptr<CdaDocumentOffice>> CdaDocumentOffice::create(const v1::Config& config) {
  std::map<std::string, TimeZone, std::less<>> zones;
  for (const v1::Tenant& tenant : config.tenants()) {
    const std::string name(time_zone_of(tenant));
    Result<TimeZone> zone = TimeZone::load(name);
    if (!zone.ok()) {
      return error_of(ErrorCode::configuration, "tenants: time_zone of a tenant is " + zone.error().text);
    }
    zones.emplace(name, *zone);
  }
  const Environment environment =
      config.environment() == v1::Config::PRODUCTION ? Environment::production : Environment::test;
  return std::make_unique<CdaDocumentOffice>(environment, std::move(zones));
}

Result<PreparedDocument> CdaDocumentOffice::prepare(v1::SubmitEventRequest& request, const v1::Tenant& tenant,
                                                    const Uuid& event_id,
                                                    stored::DocumentHeader& header) const {
  const auto zone = zones_.find(time_zone_of(tenant));
  if (zone == zones_.end()) return error_of(ErrorCode::internal, "the tenant's time zone was not loaded");
  v1::CoordinationEvent& event = *request.mutable_event();
  switch (event.discharge_letter().content_case()) {
    case v1::DischargeLetter::kSenderCda:
      return take_sender_cda(event, zone->second, header);
    case v1::DischargeLetter::kPdf:
      return write_from_pdf(event, zone->second, event_id, header);
    case v1::DischargeLetter::kStructured:
      return error_of(ErrorCode::not_supported,
                      "structured content is not supported yet: send sender_cda or pdf");
    case v1::DischargeLetter::CONTENT_NOT_SET:
      break;
  }
  return field_error("event.discharge_letter", "one of sender_cda, pdf and structured is required");
}

Result<PreparedDocument> CdaDocumentOffice::take_sender_cda(v1::CoordinationEvent& event,
                                                            const TimeZone& zone,
                                                            stored::DocumentHeader& header) const {
  v1::DischargeLetter& letter = *event.mutable_discharge_letter();
  Result<CdaDocument> read = read_cda(letter.sender_cda(), {environment_, zone, cda_field});
  if (!read.ok()) return std::move(read).error();
  PreparedDocument prepared;
  prepared.issues = std::move(read->issues);
  prepared.document.pdf = std::move(read->pdf);

  stored::DocumentHeader& told = read->header;
  Error disagreements = error_of(ErrorCode::field_invalid);
  if (event.has_subject()) disagreements.faults = SubjectComparison(event.subject(), told.patient()).run();
  if (!letter.replaces().empty()) {
    if (told.replaces().empty()) {
      add_issue(prepared.issues, CdaIssue::replaced_not_in_document, "event.discharge_letter.replaces");
      told.set_replaces(letter.replaces());
    } else if (told.replaces() != letter.replaces()) {
      disagreements.faults.push_back(
          {"event.discharge_letter.replaces", "does not agree with the CDA header"});
    }
  }
  if (told.replaces() == told.metadata().document_id()) {
    disagreements.faults.push_back(
        {"event.discharge_letter.replaces", "another document than this one expected"});
  }
  if (!disagreements.faults.empty()) return disagreements;

  if (!letter.readable_copy().empty()) {
    if (const Status status = check_pdf(letter.readable_copy()); !status.ok()) {
      return document_fault("event.discharge_letter.readable_copy", status.error().text);
    }
    prepared.document.pdf = take_bytes(*letter.mutable_readable_copy());
  }
  if (!prepared.document.pdf)
    add_issue(prepared.issues, CdaIssue::readable_copy_missing, "event.discharge_letter");

  if (!told.metadata().has_created_at()) *told.mutable_metadata()->mutable_created_at() = event.occurred_at();
  if (!told.metadata().has_custodian())
    *told.mutable_metadata()->mutable_custodian() = event.source().organization();
  if (!event.has_subject()) *event.mutable_subject() = told.patient();
  prepared.document.cda = take_bytes(*letter.mutable_sender_cda());
  header = std::move(told);
  return prepared;
}

Result<PreparedDocument> CdaDocumentOffice::write_from_pdf(v1::CoordinationEvent& event, const TimeZone& zone,
                                                           const Uuid& event_id,
                                                           stored::DocumentHeader& header) const {
  v1::DischargeLetter& letter = *event.mutable_discharge_letter();
  const std::string& pdf = letter.pdf().pdf();
  if (const Status status = check_pdf(pdf); !status.ok()) {
    return document_fault("event.discharge_letter.pdf.pdf", status.error().text);
  }
  if (!event.has_subject()) return field_error("event.subject", "required");
  if (const Status status = check_level_one(event); !status.ok()) return status.error();

  stored::DocumentHeader made;
  *made.mutable_patient() = event.subject();
  *made.mutable_metadata() = letter.pdf().metadata();
  complete_patient(*made.mutable_patient());
  complete_metadata(event, event_id, *made.mutable_metadata());
  made.set_replaces(letter.replaces());
  made.set_level(1);
  set_concept(*made.mutable_format(), *format_of_media_type("application/pdf"));
  set_concept(*made.mutable_document_class(), *document_class_of(made.metadata().type().code()));

  PreparedDocument prepared;
  tell_telecoms_left_out(made, prepared.issues);
  prepared.document.cda =
      make_bytes(write_level_one({made.patient(), made.metadata(), made.replaces(), pdf, zone}));
  prepared.document.pdf = take_bytes(*letter.mutable_pdf()->mutable_pdf());
  header = std::move(made);
  return prepared;
}

}  // namespace psl
