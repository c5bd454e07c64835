#include "adapters/formats/event_metadata.h"

#include <algorithm>

#include "adapters/formats/cda/event_sections.h"
#include "adapters/formats/document_check.h"
#include "adapters/formats/value_sets.h"
#include "gateway/core/checked.h"
#include "passerelle/internal/v1/stored.pb.h"
#include "passerelle/v1/config.pb.h"
#include "passerelle/v1/event.pb.h"

namespace psl {
namespace {

namespace v1 = passerelle::v1;
namespace stored = passerelle::internal::v1;

constexpr std::string_view referral_type = "96349-6";
constexpr std::string_view admission_letter_type = "18761-7";
constexpr std::string_view appointment_type = "56446-8";
constexpr std::string_view care_plan_type = "18776-5";
constexpr std::string_view contacts_type = "FICHE-CONTACTS";

struct GivenMetadata {
  std::string_view kind;
  const v1::DocumentMetadata* metadata;
};

GivenMetadata given_of(const v1::CoordinationEvent& event) {
  switch (event.kind_case()) {
    case v1::CoordinationEvent::kOrientation:
      return {"orientation", &event.orientation().metadata()};
    case v1::CoordinationEvent::kPathwayEnrolment:
      return {"pathway_enrolment", &event.pathway_enrolment().metadata()};
    case v1::CoordinationEvent::kCareCircleChange:
      return {"care_circle_change", &event.care_circle_change().metadata()};
    default:
      return {"orientation_update", &v1::DocumentMetadata::default_instance()};
  }
}

// An update says again what its orientation says: it is never less confidential.
v1::Confidentiality level_kept(const EventMetadataInput& input) {
  const v1::Orientation& asked = input.care.orientation().event().orientation();
  return std::max({v1::CONFIDENTIALITY_NORMAL, given_of(input.event).metadata->confidentiality(),
                   asked.metadata().confidentiality()});
}

// A direct admission is asked by a lettre de liaison à l'entrée when it says what that letter must say: why,
// the treatments, the allergies (CSP art. R.1112-1-1); otherwise, and for every other request, it is a lettre
// d'adressage.
std::string_view type_of_request(const v1::Orientation& orientation) {
  const bool admission_letter = orientation.kind() == v1::Orientation::DIRECT_ADMISSION &&
                                !orientation.treatments().empty() && !orientation.allergies().empty();
  return admission_letter ? admission_letter_type : referral_type;
}

bool is_about_an_appointment(v1::OrientationUpdate::Step step) {
  return step == v1::OrientationUpdate::BOOKED || step == v1::OrientationUpdate::NO_SHOW ||
         step == v1::OrientationUpdate::APPOINTMENT_CANCELLED;
}

// What says how a request goes on is filed where the request is; a receiver must not take news of an
// appointment for another request.
v1::Coding type_of(const EventMetadataInput& input) {
  v1::Coding type;
  const v1::Orientation& asked = input.care.orientation().event().orientation();
  switch (input.event.kind_case()) {
    case v1::CoordinationEvent::kOrientation:
      type.set_code(std::string(type_of_request(input.event.orientation())));
      break;
    case v1::CoordinationEvent::kOrientationUpdate:
      if (is_about_an_appointment(input.event.orientation_update().step())) {
        type.set_code(std::string(appointment_type));
      } else if (asked.metadata().has_type()) {
        type = asked.metadata().type();
      } else {
        type.set_code(std::string(type_of_request(asked)));
      }
      break;
    case v1::CoordinationEvent::kPathwayEnrolment:
      type.set_code(std::string(care_plan_type));
      break;
    default:
      type.set_code(std::string(contacts_type));
  }
  return type;
}

struct ChosenAuthor {
  const v1::Professional* person = nullptr;
  // For which the person acts, unless it says otherwise.
  const v1::Organization* organization = nullptr;
};

bool can_be_author(const v1::Professional& person) {
  return !person.family_name().empty() && specialty_code_ok(person.specialty_code()) &&
         check_professional_id(person.national_id()).ok();
}

ChosenAuthor author_of(const EventMetadataInput& input) {
  const v1::Source& source = input.event.source();
  const ChosenAuthor sender = {source.has_professional() ? &source.professional() : nullptr,
                               &source.organization()};
  if (!input.event.has_orientation_update()) return sender;
  if (sender.person != nullptr && can_be_author(*sender.person)) return sender;
  const stored::OrientationCase& state = input.care.orientation();
  for (const stored::Proposal& each : state.proposals()) {
    const int index = each.recipient_index();
    if (each.state() != v1::PROPOSAL_STATE_ACCEPTED || index < 0 || index >= state.event().recipients_size())
      continue;
    const v1::Professional& person = state.event().recipients(index).person().professional();
    if (person.has_organization() && can_be_author(person)) return {&person, &person.organization()};
  }
  const v1::Source& asked = state.event().source();
  if (asked.has_professional() && can_be_author(asked.professional()))
    return {&asked.professional(), &asked.organization()};
  return sender;
}

// A practitioner's own number tells a practice.
std::string_view facility_of(const EventMetadataInput& input) {
  const std::string& id = input.event.source().organization().national_id();
  if (id == input.tenant.organization().national_id()) return "SA63";
  return id.starts_with('0') || id.starts_with('4') ? "SA07" : "SA43";
}

// Texts that a document shows: they hold no control character, and markup is told.
void check_texts(const v1::CoordinationEvent& event, FieldCheck& check) {
  if (event.has_orientation()) {
    const FieldPath path("event.orientation");
    const v1::Orientation& orientation = event.orientation();
    check.paragraphs(path / "reason", orientation.reason(), 1, 2000);
    check.paragraphs(path / "treatments", orientation.treatments(), 0, 2000);
    check.paragraphs(path / "allergies", orientation.allergies(), 0, 2000);
    check.paragraphs(path / "context", orientation.context(), 0, 2000);
    if (!orientation.reason_codes().empty()) check.issue(Rule::codes_left_out, path / "reason_codes");
    if (orientation.kind() == v1::Orientation::DIRECT_ADMISSION && !orientation.metadata().has_type()) {
      if (orientation.treatments().empty()) check.issue(Rule::no_admission_letter, path / "treatments");
      if (orientation.allergies().empty()) check.issue(Rule::no_admission_letter, path / "allergies");
    }
    if (orientation.facts().social_cover()) {
      const FieldPath facts = path / "facts";
      check.issue(Rule::not_in_document, facts / "social_cover");
    }
  } else if (event.has_orientation_update()) {
    const FieldPath path("event.orientation_update");
    check.paragraphs(path / "reason_text", event.orientation_update().reason_text(), 0, 500);
  } else if (event.has_pathway_enrolment()) {
    const FieldPath path("event.pathway_enrolment");
    const v1::PathwayEnrolment& enrolment = event.pathway_enrolment();
    for (int i = 0; i < enrolment.goals_size(); ++i)
      check.paragraphs(path.at("goals", i), enrolment.goals(i), 1, 500);
    for (int i = 0; i < enrolment.activities_size(); ++i) {
      const FieldPath activity = path.at("activities", i);
      check.paragraphs(activity / "text", enrolment.activities(i).text(), 1, 500);
    }
    const FieldPath condition = path / "condition";
    if (!enrolment.condition().codes().empty()) check.issue(Rule::codes_left_out, condition / "codes");
  } else if (event.care_circle_change().has_objection()) {
    const FieldPath path("event.care_circle_change");
    check.issue(Rule::not_in_document, path / "objection");
  }
}

}  // namespace

void check_event_metadata(const EventMetadataInput& input, FieldCheck& check) {
  const GivenMetadata given = given_of(input.event);
  const FieldPath event_path("event");
  const FieldPath kind_path = event_path / given.kind;
  check_made_document(input.event, kind_path / "metadata", *given.metadata, author_of(input).person, check);
  check_texts(input.event, check);
  if (!given.metadata->encounter().has_facility_type() && facility_of(input) == "SA43")
    check.issue(Rule::facility_type_assumed, FieldPath("event.source.organization"));
}

v1::DocumentMetadata event_metadata(const EventMetadataInput& input, const Uuid& event_id) {
  v1::DocumentMetadata metadata = *given_of(input.event).metadata;
  metadata.set_confidentiality(level_kept(input));
  if (!metadata.has_type()) *metadata.mutable_type() = type_of(input);
  if (metadata.title().empty()) metadata.set_title(event_title({input.event, input.care, input.zone}));
  if (!metadata.has_created_at()) *metadata.mutable_created_at() = input.event.occurred_at();
  if (metadata.authors().empty()) {
    const ChosenAuthor author = author_of(input);
    PSL_CHECK(author.person != nullptr);  // check_event_metadata refuses an event without one
    *metadata.add_authors() = *author.person;
    if (!author.person->has_organization())
      *metadata.mutable_authors(0)->mutable_organization() = *author.organization;
  }
  v1::Encounter& encounter = *metadata.mutable_encounter();
  // The contact at which it was asked: also a direct admission is asked before any stay.
  if (encounter.class_code().empty()) encounter.set_class_code("AMB");
  if (!encounter.has_start()) *encounter.mutable_start() = input.event.occurred_at();
  if (!encounter.has_facility_type())
    encounter.mutable_facility_type()->set_code(std::string(facility_of(input)));
  if (!encounter.has_practice_setting()) encounter.mutable_practice_setting()->set_code("AMBULATOIRE");
  complete_metadata(input.event, event_id, metadata);
  return metadata;
}

v1::DocumentMetadata minimal_metadata(const EventMetadataInput& input) {
  const v1::DocumentMetadata& given = *given_of(input.event).metadata;
  v1::DocumentMetadata metadata;
  metadata.set_title(given.title().empty() ? event_title({input.event, input.care, input.zone})
                                           : given.title());
  *metadata.mutable_created_at() = given.has_created_at() ? given.created_at() : input.event.occurred_at();
  metadata.mutable_created_at()->clear_nanos();
  metadata.set_confidentiality(level_kept(input));
  *metadata.mutable_custodian() =
      given.has_custodian() ? given.custodian() : input.event.source().organization();
  return metadata;
}

}  // namespace psl
