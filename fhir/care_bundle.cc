#include "fhir/care_bundle.h"

#include "fhir/care_codes.h"
#include "fhir/care_parts.h"
#include "fhir/codes.h"
#include "fhir/instants.h"

namespace psl::fhir {
namespace {

constexpr size_t usual_size = 24U << 10;

// The patient as the document says it, with the defaults filled in; an update says less than its orientation.
const v1::Patient& patient_of(const CareInput& input, const v1::CoordinationEvent& event) {
  return input.header.has_patient() ? input.header.patient() : event.subject();
}

const v1::CoordinationEvent& event_of(const CareInput& input) {
  const v1::CoordinationEvent& event = input.request.event();
  const bool is_update = event.has_orientation_update();
  return is_update || (event.has_orientation() && input.care.orientation().has_event())
             ? input.care.orientation().event()
             : event;
}

v1::Issue care_issue(v1::Issue::Level level, std::string_view code, std::string_view path,
                     std::string_view text, std::string_view text_fr) {
  v1::Issue issue;
  issue.set_level(level);
  issue.set_code(std::string(code));
  issue.set_path(std::string(path));
  issue.set_text(std::string(text));
  issue.set_text_fr(std::string(text_fr));
  return issue;
}

std::string order_text(int64_t order) { return order > 0 ? std::to_string(order) : std::string(); }

void tell_of_the_patient(CarePage& page) {
  if (!known_by_ins(page.patient)) {
    add_care_issue(
        page, v1::Issue::LEVEL_INFORMATION, "FHIR_PATIENT_WITHOUT_INS", "event.subject.ins",
        "The identity is not qualified: the Patient is known by an identifier that the gateway derives.",
        "L'identité n'est pas qualifiée : le patient est désigné par un identifiant que la passerelle "
        "calcule.");
  }
  if (page.patient.guardians_size() > 0) {
    add_care_issue(
        page, v1::Issue::LEVEL_WARNING, "FHIR_GUARDIANS_LEFT_OUT", "event.subject.guardians",
        "Patient.contact.relationship has no form that both fr-core editions take: guardians are left out.",
        "Les représentants légaux ne sont pas transmis : les deux versions de fr-core n'ont pas de forme "
        "commune pour eux.");
  }
}

}  // namespace

CareBundle write_care_bundle(const CareInput& input) {
  const v1::CoordinationEvent& event = event_of(input);
  const bool asks = event.has_orientation();
  const bool enrols = event.has_pathway_enrolment();
  CareBundle out;
  if (!asks && !enrols && !event.has_care_circle_change()) {
    out.issues.push_back(care_issue(v1::Issue::LEVEL_ERROR, "FHIR_KIND_NOT_CARRIED", "event.kind",
                                    "This kind of event has no form as FHIR resources.",
                                    "Ce type d'évènement n'a pas de forme en ressources FHIR."));
    return out;
  }
  const v1::Patient& patient = patient_of(input, event);
  const bool as_cds = event.has_care_circle_change() && input.dialect == Dialect::fr_core_2_1_0;
  // CDS 2.0.1, flux 1c: one profile to make a circle, one to change it.
  const std::string_view purpose = input.care.circle_known() ? "maj" : "creation";
  const std::string bundle_profile =
      as_cds ? std::string(cds) + "cds-bundle-transaction-" + std::string(purpose) : std::string();
  CarePage page{input,
                event,
                patient,
                known_patient(patient, input.tenant.name(), input.care.circle_id()),
                "urn:uuid:" + input.event_id.text(),
                order_text(asks ? input.care.orientation().order() : input.care.circle().order()),
                CarePeople(input.tenant.name(), input.care.circle_id(), input.dialect),
                BundleWriter(usual_size, bundle_profile)};
  tell_of_the_patient(page);
  write_patient_entry(page.bundle, page.patient_known, patient, input.dialect);
  if (asks) {
    write_orientation(page);
  } else if (enrols) {
    write_enrolment(page);
  } else {
    write_circle_change(page);
  }
  tell_losses(page);
  page.people.write(page.bundle);
  out.json = page.bundle.finish();
  out.entries = page.bundle.entries();
  out.search = std::move(page.search);
  out.issues = std::move(page.issues);
  return out;
}

void add_care_issue(CarePage& page, v1::Issue::Level level, std::string_view code, std::string_view path,
                    std::string_view text, std::string_view text_fr) {
  // What an update says again of its orientation was told with the orientation.
  const bool of_update = page.input.request.event().has_orientation_update();
  if (of_update && !path.starts_with("event.orientation_update")) return;
  add_event_issue(page, level, code, path, text, text_fr);
}

void add_event_issue(CarePage& page, v1::Issue::Level level, std::string_view code, std::string_view path,
                     std::string_view text, std::string_view text_fr) {
  page.issues.push_back(care_issue(level, code, path, text, text_fr));
}

JsonWriter& begin_own(CarePage& page, const Known& known, std::string_view profile) {
  JsonWriter& json = page.bundle.begin(known);
  const v1::Confidentiality level = page.input.header.metadata().confidentiality();
  // Of an update, its own: it holds those of its orientation too.
  const v1::Visibility& flags = page.input.request.event().visibility();
  json.object("meta").array("profile").element(profile).end().array("security");
  const auto label = [&](bool holds, std::string_view system, std::string_view code) {
    if (holds) json.object().text("system", system).text("code", code).end();
  };
  label(level == v1::CONFIDENTIALITY_RESTRICTED, confidentiality_system, "R");
  label(level == v1::CONFIDENTIALITY_VERY_RESTRICTED, confidentiality_system, "V");
  label(flags.hidden_from_professionals(), visibility_system, "MASQUE_PS");
  label(flags.hidden_from_patient(), visibility_system, "INVISIBLE_PATIENT");
  label(flags.hidden_from_legal_representatives(), visibility_system, "INVISIBLE_REPRESENTANTS_LEGAUX");
  json.end().array("tag");
  label(true, uri_system, page.event_urn);
  label(!page.order.empty(), own_order_system, page.order);
  json.end().end();
  return json;
}

void write_notes(JsonWriter& json, const std::vector<std::string>& notes) {
  json.array("note");
  for (const std::string& note : notes) json.object().text("text", note).end();
  json.end();
}

std::string local_text(const CarePage& page, Instant at) {
  return time_text(at, page.input.offset_at ? page.input.offset_at(at) : 0);
}

void write_span(const CarePage& page, JsonWriter& json, std::string_view name, std::optional<Instant> start,
                std::optional<Instant> end) {
  json.object(name);
  if (start) json.text("start", local_text(page, *start));
  if (end && (!start || *end >= *start)) json.text("end", local_text(page, *end));
  json.end();
}

std::string_view sender_role(CarePage& page) {
  const v1::Source& source = page.event.source();
  return page.people.add_role(source.has_professional() ? &source.professional() : nullptr,
                              &source.organization());
}

std::string cds_profile(const CarePage& page, std::string_view name) {
  return page.input.dialect == Dialect::fr_core_2_1_0 ? std::string(cds) + std::string(name) : std::string();
}

Instant happened_at(const CarePage& page) {
  return page.event.has_occurred_at() ? instant_of(page.event.occurred_at()) : page.input.dated_at;
}

}  // namespace psl::fhir
