#include "adapters/formats/document_office.h"

#include <algorithm>

#include "adapters/formats/cda/cda_header.h"
#include "adapters/formats/cda/cda_reader.h"
#include "adapters/formats/cda/cda_writer.h"
#include "adapters/formats/cda/event_sections.h"
#include "adapters/formats/cda/letter_check.h"
#include "adapters/formats/cda/letter_writer.h"
#include "adapters/formats/check/rules.h"
#include "adapters/formats/document_check.h"
#include "adapters/formats/event_metadata.h"
#include "adapters/formats/pdf_check.h"
#include "adapters/formats/value_sets.h"
#include "adapters/formats/xml_parser.h"
#include "gateway/base/bytes.h"
#include "passerelle/v1/config.pb.h"
#include "passerelle/v1/event.pb.h"
#include "passerelle/v1/gateway.pb.h"

namespace psl {
namespace {

constexpr std::string_view cda_field = "event.discharge_letter.sender_cda";
// The model of a structured letter: LDL-SES.
constexpr std::string_view letter_template = "1.2.250.1.213.1.1.1.29";

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

// An identity that is not qualified is sent without its INS (RNIV 1, EXI SI 08), and its sender is told.
void leave_out_ins(v1::CoordinationEvent& event, std::vector<v1::Issue>& issues) {
  v1::Patient& patient = *event.mutable_subject();
  if (!patient.has_ins() || patient.status() == v1::IDENTITY_STATUS_QUALIFIED) return;
  patient.clear_ins();
  add_issue(issues, Rule::ins_left_out, "event.subject.ins");
}

void tell_identity(const v1::Patient& patient, std::vector<v1::Issue>& issues) {
  if (!patient.has_ins()) add_issue(issues, Rule::identity_not_qualified, "event.subject");
}

// The bytes of a field, taken out of the request.
Bytes take_bytes(std::string& field) {
  std::string taken = std::move(field);
  field.clear();
  return make_bytes(std::move(taken));
}

void set_concept(v1::Coding& coding, const Concept& known) {
  coding.set_code(std::string(known.code));
  coding.set_system(std::string(known.system));
  coding.set_label(std::string(known.label.empty() ? known.code : known.label));
}

// Of a document that we write at that level; `metadata` is complete.
stored::DocumentHeader header_of(const v1::Patient& patient, v1::DocumentMetadata metadata, int level) {
  stored::DocumentHeader made;
  *made.mutable_patient() = patient;
  complete_patient(*made.mutable_patient());
  *made.mutable_metadata() = std::move(metadata);
  made.set_level(level);
  set_concept(*made.mutable_format(),
              level == 3 ? *format_of_template(letter_template) : *format_of_media_type("application/pdf"));
  set_concept(*made.mutable_document_class(), *document_class_of(made.metadata().type().code()));
  return made;
}

// A PDF of nothing, in the place of the document's own.
constexpr std::string_view nothing_pdf = "%PDF-1.4\ntrailer << >>\nstartxref\n9\n%%EOF\n";

// The next start or end tag of `xml` from `at` on: its name without prefix, its attributes, where it begins
// and ends. `xml` has neither comment, CDATA nor processing instruction there.
struct RawTag {
  std::string_view name;
  std::string_view attributes;
  size_t begin = std::string_view::npos;
  size_t end = std::string_view::npos;
  bool closes = false;
};

RawTag next_tag(std::string_view xml, size_t at) {
  RawTag tag;
  tag.begin = xml.find('<', at);
  if (tag.begin == std::string_view::npos) return tag;
  char quote = 0;
  for (tag.end = tag.begin + 1; tag.end < xml.size(); ++tag.end) {
    const char c = xml[tag.end];
    if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '>') {
      break;
    }
  }
  std::string_view inside = xml.substr(tag.begin + 1, tag.end - tag.begin - 1);
  tag.closes = !inside.empty() && inside.front() == '/';
  if (tag.closes) inside.remove_prefix(1);
  const size_t name_end = std::min(inside.find_first_of(" \t\r\n/"), inside.size());
  tag.name = inside.substr(0, name_end);
  tag.name.remove_prefix(tag.name.find(':') + 1);
  tag.attributes = inside.substr(name_end);
  return tag;
}

// The base64 of nonXMLBody/text, found without parsing; empty when the document is not as plain as that. It
// was parsed when it was accepted, and 8 MiB of base64 need not be again for each delivery.
std::string_view raw_body(std::string_view cda) {
  constexpr size_t end = std::string_view::npos;
  const size_t body_name = cda.find("nonXMLBody");
  if (body_name == end || cda.find("<!") != end) return {};
  // A name in an attribute or a text has no "<" or prefix before it.
  const size_t opened = cda.rfind('<', body_name);
  if (opened == end || next_tag(cda, opened).name != "nonXMLBody") return {};
  const RawTag text = next_tag(cda, next_tag(cda, opened).end);
  if (text.end >= cda.size() || text.closes || text.name != "text" || text.attributes.ends_with('/'))
    return {};
  const RawTag close = next_tag(cda, text.end);
  RawTag after = close;
  for (const std::string_view name : {"text", "nonXMLBody", "component", "ClinicalDocument"}) {
    if (after.end >= cda.size() || !after.closes || after.name != name) return {};
    after = next_tag(cda, after.end);
  }
  return cda.substr(text.end + 1, close.begin - text.end - 1);
}

// The PDF of a base64 text; null when it is none.
Bytes pdf_of(std::string_view base64) {
  std::string pdf;
  if (!base64_decode(base64, pdf) || !pdf.starts_with("%PDF-")) return nullptr;
  return make_bytes(std::move(pdf));
}

}  // namespace

std::string_view time_zone_of(const v1::Tenant& tenant) {
  return tenant.time_zone().empty() ? std::string_view("Europe/Paris") : std::string_view(tenant.time_zone());
}

Result<std::unique_ptr<CdaDocumentOffice>> CdaDocumentOffice::create(const v1::Config& config,
                                                                     const ReadableCopy& readable) {
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
  return std::make_unique<CdaDocumentOffice>(environment, std::move(zones), readable);
}

Result<PreparedDocument> CdaDocumentOffice::prepare(v1::SubmitEventRequest& request, const Subject& subject,
                                                    stored::DocumentHeader& header) const {
  const auto zone = zones_.find(time_zone_of(subject.tenant));
  if (zone == zones_.end()) return error_of(ErrorCode::internal, "the tenant's time zone was not loaded");
  v1::CoordinationEvent& event = *request.mutable_event();
  if (event.kind_case() != v1::CoordinationEvent::kDischargeLetter)
    return write_event(event, zone->second, subject, header);
  switch (event.discharge_letter().content_case()) {
    case v1::DischargeLetter::kSenderCda:
      return take_sender_cda(event, zone->second, header);
    case v1::DischargeLetter::kPdf:
    case v1::DischargeLetter::kStructured:
      return write_document(event, zone->second, subject.event_id, header);
    case v1::DischargeLetter::CONTENT_NOT_SET:
      break;
  }
  return field_error("event.discharge_letter", "one of sender_cda, pdf and structured is required");
}

Result<Bytes> CdaDocumentOffice::pdf_inside(std::string_view cda) const {
  if (const std::string_view base64 = raw_body(cda); !base64.empty()) {
    if (Bytes pdf = pdf_of(base64)) return pdf;
  }
  const Result<XmlTree> tree = parse_xml(cda, "structuredBody");
  if (!tree.ok()) return error_of(ErrorCode::corrupt);
  const XmlElement* text = cda_at(tree->root(), {"component", "nonXMLBody", "text"});
  Bytes pdf = text == nullptr ? nullptr : pdf_of(text->text);
  if (!pdf) return error_of(ErrorCode::corrupt);
  return pdf;
}

Result<PreparedDocument> CdaDocumentOffice::take_sender_cda(v1::CoordinationEvent& event,
                                                            const TimeZone& zone,
                                                            stored::DocumentHeader& header) const {
  v1::DischargeLetter& letter = *event.mutable_discharge_letter();
  Result<CdaDocument> read = read_cda(letter.sender_cda(), {environment_, zone, cda_field});
  if (!read.ok()) return std::move(read).error();
  PreparedDocument prepared;
  prepared.issues = std::move(read->issues);
  if (event.has_subject()) leave_out_ins(event, prepared.issues);
  tell_identity(read->header.patient(), prepared.issues);
  prepared.document.pdf = std::move(read->pdf);
  prepared.pdf_is_inside = prepared.document.pdf != nullptr;

  stored::DocumentHeader& told = read->header;
  Error disagreements = error_of(ErrorCode::field_invalid);
  if (event.has_subject()) disagreements.faults = SubjectComparison(event.subject(), told.patient()).run();
  if (!letter.replaces().empty()) {
    if (told.replaces().empty()) {
      add_issue(prepared.issues, Rule::replaced_not_in_document, "event.discharge_letter.replaces");
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
    prepared.pdf_is_inside = false;
  } else if (told.level() == 3) {
    // The sender's document is never refused because we cannot lay it out.
    if (Result<std::string> pdf = readable_.lay_out(letter.sender_cda()); pdf.ok()) {
      prepared.document.pdf = make_bytes(*std::move(pdf));
    }
  }
  if (!prepared.document.pdf)
    add_issue(prepared.issues, Rule::readable_copy_missing, "event.discharge_letter");

  if (!told.metadata().has_created_at()) *told.mutable_metadata()->mutable_created_at() = event.occurred_at();
  if (!told.metadata().has_custodian())
    *told.mutable_metadata()->mutable_custodian() = event.source().organization();
  if (!event.has_subject()) *event.mutable_subject() = told.patient();
  prepared.document.cda = take_bytes(*letter.mutable_sender_cda());
  header = std::move(told);
  return prepared;
}

Result<PreparedDocument> CdaDocumentOffice::write_document(v1::CoordinationEvent& event, const TimeZone& zone,
                                                           const Uuid& event_id,
                                                           stored::DocumentHeader& header) const {
  v1::DischargeLetter& letter = *event.mutable_discharge_letter();
  const bool structured = letter.has_structured();
  const std::string& given = structured ? letter.readable_copy() : letter.pdf().pdf();
  if (!structured || !given.empty()) {
    if (const Status status = check_pdf(given); !status.ok()) {
      return document_fault(
          structured ? "event.discharge_letter.readable_copy" : "event.discharge_letter.pdf.pdf",
          status.error().text);
    }
  }
  if (!event.has_subject()) return field_error("event.subject", "required");
  PreparedDocument prepared;
  leave_out_ins(event, prepared.issues);
  FieldCheck check;
  check_document(event, check);
  if (structured) check_letter(event, check);
  tell_identity(event.subject(), prepared.issues);
  for (v1::Issue& issue : check.take_issues()) prepared.issues.push_back(std::move(issue));
  if (Status status = std::move(check).status(); !status.ok()) return std::move(status).error();

  v1::DocumentMetadata metadata = *metadata_of(event);
  complete_metadata(event, event_id, metadata);
  stored::DocumentHeader made = header_of(event.subject(), std::move(metadata), structured ? 3 : 1);
  made.set_replaces(letter.replaces());

  Status written;
  if (structured) {
    written = write_structured(letter, zone, event_id, made, prepared.document);
  } else {
    prepared.document.pdf = take_bytes(*letter.mutable_pdf()->mutable_pdf());
    written = write_around_pdf(zone, made, prepared.document);
  }
  if (!written.ok()) return written.error();
  prepared.pdf_is_inside = !structured;
  header = std::move(made);
  return prepared;
}

Status CdaDocumentOffice::write_structured(v1::DischargeLetter& letter, const TimeZone& zone,
                                           const Uuid& event_id, const stored::DocumentHeader& header,
                                           FrozenDocument& document) const {
  v1::StructuredLetter& content = *letter.mutable_structured();
  // A section that says nothing is left out, as if it had not been sent.
  if (content.exam_results().ByteSizeLong() == 0) content.clear_exam_results();
  std::string cda =
      write_letter({header.patient(), header.metadata(), content, header.replaces(), event_id, zone});
  if (Status status = read_back(cda, zone); !status.ok()) return status;
  if (!letter.readable_copy().empty()) {
    document.pdf = take_bytes(*letter.mutable_readable_copy());
  } else {
    Result<std::string> pdf = readable_.lay_out(cda);
    if (!pdf.ok() && pdf.error().code != ErrorCode::document_invalid) return std::move(pdf).error();
    if (!pdf.ok()) return document_fault("event.discharge_letter.structured", pdf.error().text);
    document.pdf = make_bytes(*std::move(pdf));
  }
  document.cda = make_bytes(std::move(cda));
  // The document holds it all: it is kept once.
  content.Clear();
  return {};
}

Status CdaDocumentOffice::write_around_pdf(const TimeZone& zone, const stored::DocumentHeader& header,
                                           FrozenDocument& document) const {
  LevelOneInput input = {header.patient(), header.metadata(), header.replaces(), nothing_pdf, zone};
  // The PDF was checked: what is read back is the header, around a PDF of nothing and not around 30 MiB.
  if (Status status = read_back(write_level_one(input), zone); !status.ok()) return status;
  input.pdf = view(document.pdf);
  document.cda = make_bytes(write_level_one(input));
  return {};
}

Result<PreparedDocument> CdaDocumentOffice::write_event(v1::CoordinationEvent& event, const TimeZone& zone,
                                                        const Subject& subject,
                                                        stored::DocumentHeader& header) const {
  // An update may leave out whom its orientation names.
  const v1::CoordinationEvent& orientation = subject.care.orientation().event();
  if (!event.has_subject() && orientation.has_subject()) *event.mutable_subject() = orientation.subject();
  if (!event.has_subject()) return field_error("event.subject", "required");
  PreparedDocument prepared;
  leave_out_ins(event, prepared.issues);
  const EventMetadataInput input = {event, subject.care, subject.tenant, zone};
  if (!subject.document_needed) {
    stored::DocumentHeader made;
    *made.mutable_patient() = event.subject();
    complete_patient(*made.mutable_patient());
    *made.mutable_metadata() = minimal_metadata(input);
    header = std::move(made);
    return prepared;
  }
  FieldCheck check;
  check_event_metadata(input, check);
  tell_identity(event.subject(), prepared.issues);
  for (v1::Issue& issue : check.take_issues()) prepared.issues.push_back(std::move(issue));
  if (Status status = std::move(check).status(); !status.ok()) return std::move(status).error();

  stored::DocumentHeader made = header_of(event.subject(), event_metadata(input, subject.event_id), 1);
  Result<std::string> pdf = readable_.lay_out(
      write_page({made.patient(), made.metadata(), {}, zone}, event_sections({event, subject.care, zone})));
  if (!pdf.ok() && pdf.error().code != ErrorCode::document_invalid) return std::move(pdf).error();
  if (!pdf.ok()) return document_fault("event", pdf.error().text);
  prepared.document.pdf = make_bytes(*std::move(pdf));
  if (Status written = write_around_pdf(zone, made, prepared.document); !written.ok()) return written.error();
  prepared.pdf_is_inside = true;
  header = std::move(made);
  return prepared;
}

Status CdaDocumentOffice::read_back(std::string_view cda, const TimeZone& zone) const {
  const Result<CdaDocument> read = read_cda(cda, {environment_, zone, cda_field});
  std::string wrong;
  if (!read.ok()) {
    wrong = read.error().describe();
  } else {
    for (const v1::Issue& issue : read->issues) {
      if (issue.level() == v1::Issue::LEVEL_ERROR) wrong += " " + issue.code() + " " + issue.path();
    }
  }
  if (wrong.empty()) return {};
  return error_of(ErrorCode::internal, "the document that was written breaks rules:" + wrong);
}

}  // namespace psl
