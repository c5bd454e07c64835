// An orientation in FHIR: ServiceRequest is what is asked, under the requester's control; one Task for each
// attempt is who does it. States as Gravity SDOHCC and HL7 BSeR have them, whose business states are those of
// IHE 360X.
#include <algorithm>
#include <span>

#include "fhir/care_codes.h"
#include "fhir/care_parts.h"
#include "fhir/codes.h"
#include "fhir/instants.h"
#include "gateway/care/orientation.h"

namespace psl::fhir {
namespace {

struct CodeAndText {
  std::string_view code;
  std::string_view text;
};

CodeAndText kind_words(v1::Orientation::Kind kind) {
  switch (kind) {
    case v1::Orientation::PRIMARY_CARE_PHYSICIAN:
      return {"primary-care-physician", "Recherche d'un médecin traitant"};
    case v1::Orientation::UNSCHEDULED_CARE:
      return {"unscheduled-care", "Soins non programmés"};
    case v1::Orientation::SPECIALIST:
      return {"specialist", "Avis ou prise en charge spécialisée"};
    case v1::Orientation::PARAMEDICAL:
      return {"paramedical", "Prise en charge paramédicale"};
    case v1::Orientation::DIRECT_ADMISSION:
      return {"direct-admission", "Admission directe à l'hôpital"};
    case v1::Orientation::COORDINATION_SUPPORT:
      return {"coordination-support", "Dispositif d'appui à la coordination"};
    default:
      return {"other", "Orientation"};
  }
}

CodeAndText reason_words(v1::OrientationUpdate::Reason reason) {
  switch (reason) {
    case v1::OrientationUpdate::NOT_AVAILABLE:
      return {"not-available", "Pas disponible dans ce délai"};
    case v1::OrientationUpdate::NOT_COMPETENT:
      return {"not-competent", "Ne relève pas de sa compétence"};
    case v1::OrientationUpdate::OUT_OF_AREA:
      return {"out-of-area", "Hors de son secteur"};
    case v1::OrientationUpdate::NO_BED:
      return {"no-bed", "Pas de lit disponible"};
    case v1::OrientationUpdate::NEEDS_MORE_INFORMATION:
      return {"needs-more-information", "Informations complémentaires nécessaires"};
    case v1::OrientationUpdate::PATIENT_CHOICE:
      return {"patient-choice", "Choix du patient"};
    case v1::OrientationUpdate::NO_LONGER_NEEDED:
      return {"no-longer-needed", "La demande n'a plus lieu d'être"};
    default:
      return {"other", "Autre motif"};
  }
}

// R4, request-priority.
std::string_view priority_code(v1::Orientation::Urgency urgency) {
  switch (urgency) {
    case v1::Orientation::URGENT:
      return "urgent";
    case v1::Orientation::AS_SOON_AS_POSSIBLE:
      return "asap";
    case v1::Orientation::VITAL:
      return "stat";
    default:
      return "routine";
  }
}

// An orientation whom nobody could take stays active: a human goes on with it.
std::string_view request_status(v1::OrientationState state) {
  if (state == v1::ORIENTATION_STATE_COMPLETED) return "completed";
  return state == v1::ORIENTATION_STATE_CANCELLED ? "revoked" : "active";
}

// What one attempt has come to: Task.status, Task.businessStatus, and why it ended.
struct Progress {
  std::string_view status;
  std::string_view business;
  CodeAndText reason = {};
  std::string_view reason_text = {};
};

Progress accepted_progress(const stored::OrientationCase& state, bool missed) {
  switch (state.state()) {
    case v1::ORIENTATION_STATE_BOOKED:
      return {"in-progress", "5.1.1"};
    case v1::ORIENTATION_STATE_TO_REBOOK:
      return {"in-progress", missed ? "5.1.2" : "5.1.3"};
    case v1::ORIENTATION_STATE_SEEN:
      return {"in-progress", "5.1.4"};
    case v1::ORIENTATION_STATE_COMPLETED:
      return {"completed", "7.0"};
    case v1::ORIENTATION_STATE_CANCELLED:
      return {"cancelled", "6.0", reason_words(state.last().reason()), state.last().reason_text()};
    default:
      return {"accepted", "3.0"};
  }
}

// Who was asked when the request was cancelled is told why.
Progress withdrawn_progress(const stored::LastStep& last) {
  if (last.step() == v1::OrientationUpdate::CANCELLED)
    return {"cancelled", "6.0", reason_words(last.reason()), last.reason_text()};
  return {"cancelled", "6.0", {"withdrawn", "Demande retirée"}};
}

Progress progress_of(const stored::OrientationCase& state, const stored::Proposal& proposal, bool missed) {
  switch (proposal.state()) {
    case v1::PROPOSAL_STATE_ACCEPTED:
      return accepted_progress(state, missed);
    case v1::PROPOSAL_STATE_DECLINED:
      return {"rejected", "4.0", reason_words(proposal.reason()), proposal.reason_text()};
    case v1::PROPOSAL_STATE_EXPIRED:
      return {"cancelled", "6.0", {"expired", "Sans réponse dans le délai"}};
    case v1::PROPOSAL_STATE_TAKEN:
      return {"cancelled", "6.0", {"taken", "Un autre professionnel a accepté"}};
    case v1::PROPOSAL_STATE_WITHDRAWN:
      return withdrawn_progress(state.last());
    case v1::PROPOSAL_STATE_PATIENT_DECLINED:
      return {"cancelled", "6.0", reason_words(proposal.reason()), proposal.reason_text()};
    // It never began: HL7 BSeR has no state for it.
    case v1::PROPOSAL_STATE_UNREACHABLE:
      return {"failed", {}, {"unreachable", "N'a pas pu être joint"}};
    default:
      return {"requested", "2.0"};
  }
}

struct Attempt {
  // Among the proposals of the case.
  int place = 0;
  const stored::Proposal* proposal = nullptr;
  const v1::Recipient* candidate = nullptr;
  std::string_view owner;
  Known task;
};

struct Asked {
  const v1::Orientation& orientation;
  const stored::OrientationCase& state;
  Known request;
  std::string_view requester;
  std::vector<stored::Booking> bookings;
  std::vector<Attempt> attempts = {};
  const Attempt* accepted = nullptr;

  bool completed() const { return state.state() == v1::ORIENTATION_STATE_COMPLETED; }
};

std::string_view add_candidate(CarePeople& people, const v1::Recipient& candidate) {
  if (candidate.has_person()) return people.add(candidate.person());
  if (candidate.has_structure()) return people.add(candidate.structure());
  return candidate.has_tool() ? people.add(candidate.tool()) : std::string_view();
}

// Whose turn never came is not named, also when all is over: nobody asked it anything. Who cannot be reached
// was tried.
bool has_begun(const stored::Proposal& proposal) {
  return proposal.has_proposed_at() || proposal.state() == v1::PROPOSAL_STATE_UNREACHABLE;
}

void collect_attempts(CarePage& page, Asked& asked) {
  for (int i = 0; i < asked.state.proposals_size(); ++i) {
    const stored::Proposal& proposal = asked.state.proposals(i);
    const auto id = Uuid::from_raw(proposal.delivery_id());
    const int index = proposal.recipient_index();
    if (!has_begun(proposal) || !id || index < 0 || index >= page.event.recipients_size()) continue;
    const v1::Recipient& candidate = page.event.recipients(index);
    const std::string_view owner = add_candidate(page.people, candidate);
    if (owner.empty()) continue;
    asked.attempts.push_back({i, &proposal, &candidate, owner, known_by_uuid("Task", *id)});
  }
  for (const Attempt& each : asked.attempts) {
    if (each.proposal->state() == v1::PROPOSAL_STATE_ACCEPTED) asked.accepted = &each;
  }
}

// The facts that priority rules count, in words: FHIR has no field for them. Without the social cover, which
// no reader of the request needs.
std::string fact_words(const v1::PriorityFacts& facts) {
  std::string out;
  const auto add = [&out](bool holds, std::string_view words) {
    if (!holds) return;
    out += out.empty() ? "Situation : " : ", ";
    out += words;
  };
  add(facts.long_term_illness(), "affection de longue durée");
  add(facts.disability(), "handicap");
  add(facts.home_visit_needed(), "visite à domicile nécessaire");
  add(facts.pregnancy(), "grossesse");
  add(facts.social_support(), "accompagnement social");
  add(facts.lives_alone(), "vit seul");
  add(facts.daily_medicines() > 0, std::to_string(facts.daily_medicines()) + " médicaments par jour");
  return out;
}

struct StepTitle {
  v1::OrientationUpdate::Step step;
  std::string_view title;
};
constexpr StepTitle titles_of_attempt[] = {
    {v1::OrientationUpdate::BOOKED, "Rendez-vous pris"},
    {v1::OrientationUpdate::NO_SHOW, "Patient absent au rendez-vous"},
    {v1::OrientationUpdate::APPOINTMENT_CANCELLED, "Rendez-vous annulé"},
    {v1::OrientationUpdate::SEEN, "Patient vu"},
    {v1::OrientationUpdate::COMPLETED, "Demande terminée"}};
constexpr StepTitle titles_of_request[] = {{v1::OrientationUpdate::RESCHEDULED, "Dates souhaitées modifiées"},
                                           {v1::OrientationUpdate::CANCELLED, "Demande annulée"}};

// What was said with the last step, where it is one of those; most have no other place in FHIR.
std::string words_of_step(const stored::LastStep& last, std::span<const StepTitle> titles) {
  const auto found = std::ranges::find(titles, last.step(), &StepTitle::step);
  const bool has_reason = last.reason() != v1::OrientationUpdate::REASON_UNSPECIFIED;
  if (found == titles.end() || (!has_reason && last.reason_text().empty())) return {};
  std::string words(found->title);
  if (has_reason) words.append(" : ").append(reason_words(last.reason()).text);
  if (!last.reason_text().empty()) words.append(" : ").append(last.reason_text());
  return words;
}

std::vector<std::string> notes_of(const Asked& asked) {
  std::vector<std::string> notes;
  const auto add = [&notes](std::string_view title, const std::string& text) {
    if (!text.empty()) notes.push_back(std::string(title) + text);
  };
  add("Contexte : ", asked.orientation.context());
  add("Traitements : ", asked.orientation.treatments());
  add("Allergies : ", asked.orientation.allergies());
  // R4 has one performerType, and the specialty is it.
  if (asked.orientation.has_specialty()) {
    const v1::Coding& profession = asked.orientation.profession();
    add("Profession : ", profession.label().empty() ? profession.code() : profession.label());
  }
  add("", fact_words(asked.orientation.facts()));
  if (asked.state.priority_class() > 0) {
    notes.push_back("Priorité " + std::to_string(asked.state.priority_class()) + " (score " +
                    std::to_string(asked.state.priority_score()) + ", règles " +
                    asked.state.priority_rules() + ")");
  }
  add("", words_of_step(asked.state.last(), titles_of_request));
  return notes;
}

void write_reasons(CarePage& page, JsonWriter& json, const v1::Orientation& orientation) {
  json.array("reasonCode");
  write_concept(json, {}, {}, {}, orientation.reason());
  for (int i = 0; i < orientation.reason_codes_size(); ++i) {
    const v1::Coding& reason = orientation.reason_codes(i);
    const std::string system = system_url(reason.system());
    if (system.empty()) {
      add_care_issue(page, v1::Issue::LEVEL_WARNING, "FHIR_CODE_WITHOUT_SYSTEM",
                     "event.orientation.reason_codes[" + std::to_string(i) + "].system",
                     "A code without its system is no code in FHIR: only its label is written.",
                     "Un code sans son système n'en est pas un en FHIR : seul son libellé est transmis.");
    }
    write_concept(json, {}, system, reason.code(), reason.label());
  }
  json.end();
}

void write_request(CarePage& page, const Asked& asked) {
  const v1::Orientation& orientation = asked.orientation;
  const CodeAndText kind = kind_words(orientation.kind());
  JsonWriter& json = begin_own(page, asked.request);
  write_identifier(json, asked.request);
  json.text("status", request_status(asked.state.state())).text("intent", "order");
  json.array("category");
  write_concept(json, {}, own_orientation_system, "orientation", "Orientation");
  json.end();
  json.text("priority", priority_code(orientation.urgency()));
  write_concept(json, "code", own_orientation_system, kind.code, kind.text);
  write_reference(json, "subject", page.patient_known.full_url);
  std::optional<Instant> from;
  std::optional<Instant> before;
  if (orientation.has_wanted_from()) from = instant_of(orientation.wanted_from());
  if (orientation.has_wanted_before()) before = instant_of(orientation.wanted_before());
  write_span(page, json, "occurrencePeriod", from, before);
  json.text("authoredOn", local_text(page, happened_at(page)));
  write_reference(json, "requester", asked.requester);
  if (orientation.has_specialty()) {
    write_concept(json, "performerType", specialty_system, orientation.specialty().code(),
                  orientation.specialty().label());
  } else if (orientation.has_profession()) {
    write_concept(json, "performerType", profession_system, orientation.profession().code(),
                  orientation.profession().label());
  }
  json.array("performer");
  std::vector<std::string_view> named;
  for (const Attempt& each : asked.attempts) {
    if (std::ranges::find(named, each.owner) != named.end()) continue;
    named.push_back(each.owner);
    write_reference(json, {}, each.owner);
  }
  json.end();
  write_reasons(page, json, orientation);
  write_notes(json, notes_of(asked));
  page.bundle.end_update(asked.request);
}

// When the attempt began, and when it last changed; the second is never before the first (R4, inv-1 of Task).
struct AttemptTimes {
  Instant begun;
  Instant changed;
};
AttemptTimes times_of(const CarePage& page, const Asked& asked, const Attempt& attempt) {
  const stored::Proposal& proposal = *attempt.proposal;
  AttemptTimes times{happened_at(page), {}};
  if (proposal.has_proposed_at()) times.begun = instant_of(proposal.proposed_at());
  times.changed = times.begun;
  if (proposal.has_changed_at()) {
    times.changed = instant_of(proposal.changed_at());
  } else if (proposal.has_answered_at()) {
    times.changed = instant_of(proposal.answered_at());
  } else if (proposal.state() == v1::PROPOSAL_STATE_EXPIRED && proposal.has_expires_at()) {
    times.changed = instant_of(proposal.expires_at());
  }
  const bool goes_on = &attempt == asked.accepted;
  if (goes_on && asked.state.last().has_at())
    times.changed = std::max(times.changed, instant_of(asked.state.last().at()));
  times.changed = std::max(times.changed, times.begun);
  return times;
}

// When what was told last happened, which may be long before it was told.
Instant last_happened_at(const Asked& asked) {
  const stored::LastStep& last = asked.state.last();
  return instant_of(last.has_occurred_at() ? last.occurred_at() : last.at());
}

// The médecin traitant that was found, as a team of one: whoever looks for the patient's PCP finds it. One
// for each patient, so that the one found later takes the place of the earlier one.
Known known_physician_team(const CarePage& page, const Asked& asked) {
  const std::string& person = page.input.care.circle_id();
  return known_by_uuid("CareTeam", person.empty() ? uuid_of({"physician", asked.request.value})
                                                  : uuid_of({"physician", page.input.tenant.name(), person}));
}
bool found_physician(const Asked& asked) {
  return asked.orientation.kind() == v1::Orientation::PRIMARY_CARE_PHYSICIAN && asked.completed() &&
         asked.accepted != nullptr;
}
// A mailbox, a structure or a tool is nobody's physician.
bool names_physician(const Asked& asked) {
  if (!found_physician(asked)) return false;
  const v1::Professional& person = asked.accepted->candidate->person().professional();
  return !person.family_name().empty() || !person.national_id().empty();
}

void write_output(CarePage& page, JsonWriter& json, const Asked& asked) {
  json.array("output").object();
  write_concept(json, "type", own_output_system, "completed-at", "Date de fin");
  json.text("valueDateTime", local_text(page, last_happened_at(asked))).end();
  if (names_physician(asked)) {
    json.object();
    write_concept(json, "type", own_output_system, "primary-care-physician", "Médecin traitant");
    write_reference(json, "valueReference", known_physician_team(page, asked).full_url);
    json.end();
  }
  json.end();
}

std::vector<std::string> notes_of_accepted(const Asked& asked) {
  std::vector<std::string> notes;
  const std::string& answer = asked.accepted->proposal->reason_text();
  if (!answer.empty()) notes.push_back("Réponse : " + answer);
  const std::string step = words_of_step(asked.state.last(), titles_of_attempt);
  if (!step.empty()) notes.push_back(step);
  return notes;
}

void write_task(CarePage& page, const Asked& asked, const Attempt& attempt) {
  const bool missed =
      !asked.bookings.empty() && asked.bookings.back().ended().step() == v1::OrientationUpdate::NO_SHOW;
  const Progress progress = progress_of(asked.state, *attempt.proposal, missed);
  const AttemptTimes times = times_of(page, asked, attempt);
  JsonWriter& json = begin_own(page, attempt.task);
  write_identifier(json, attempt.task);
  json.text("status", progress.status);
  const std::string_view why = progress.reason_text.empty() ? progress.reason.text : progress.reason_text;
  write_concept(json, "statusReason", own_reason_system, progress.reason.code, why);
  write_concept(json, "businessStatus", own_business_system, progress.business, {});
  json.text("intent", "order").text("priority", priority_code(asked.orientation.urgency()));
  write_concept(json, "code", "http://hl7.org/fhir/CodeSystem/task-code", "fulfill", {});
  write_reference(json, "focus", asked.request.full_url);
  write_reference(json, "for", page.patient_known.full_url);
  json.text("authoredOn", local_text(page, times.begun))
      .text("lastModified", local_text(page, times.changed));
  write_reference(json, "requester", asked.requester);
  write_reference(json, "owner", attempt.owner);
  if (attempt.proposal->has_expires_at()) {
    json.object("restriction");
    write_span(page, json, "period", times.begun, instant_of(attempt.proposal->expires_at()));
    json.end();
  }
  if (progress.status == "completed") write_output(page, json, asked);
  if (&attempt == asked.accepted) write_notes(json, notes_of_accepted(asked));
  page.bundle.end_update(attempt.task);
}

// What became of the appointment itself, whatever happened to the orientation afterwards.
std::string_view appointment_status(const stored::Booking& booking) {
  if (!booking.has_ended()) return "booked";
  switch (booking.ended().step()) {
    case v1::OrientationUpdate::NO_SHOW:
      return "noshow";
    case v1::OrientationUpdate::SEEN:
    case v1::OrientationUpdate::COMPLETED:
      return "fulfilled";
    default:
      return "cancelled";
  }
}

// An Organization is no participant in R4: whoever the structure sends acts for it.
std::string_view appointment_actor(CarePage& page, const Attempt& attempt) {
  if (!attempt.candidate->has_structure()) return attempt.owner;
  return page.people.add_role(nullptr, &attempt.candidate->structure().organization(),
                              &attempt.candidate->structure().mailbox());
}

void write_participant(JsonWriter& json, std::string_view actor) {
  json.object();
  write_reference(json, "actor", actor);
  json.text("status", "accepted").end();
}

Known known_appointment(const Asked& asked, int number) {
  const std::string& request = asked.request.value;
  return known_by_uuid("Appointment", number > 1 ? uuid_of({"appointment", request, std::to_string(number)})
                                                 : uuid_of({"appointment", request}));
}

void write_appointment(CarePage& page, const Asked& asked, const stored::Booking& booking) {
  const v1::Appointment& appointment = booking.appointment();
  const Known known = known_appointment(asked, booking.number());
  const std::string_view status = appointment_status(booking);
  JsonWriter& json = begin_own(page, known, std::string(fr_core) + "fr-core-appointment");
  write_identifier(json, known);
  json.text("status", status);
  // R4, app-4.
  if (status == "cancelled" || status == "noshow") {
    const stored::LastStep& ended = booking.ended();
    const bool has_reason = ended.reason() != v1::OrientationUpdate::REASON_UNSPECIFIED;
    const CodeAndText reason = has_reason ? reason_words(ended.reason()) : CodeAndText{};
    write_concept(json, "cancelationReason", has_reason ? own_reason_system : std::string_view(), reason.code,
                  ended.reason_text().empty() ? reason.text : ended.reason_text());
  }
  // R4, app-3: both, or neither.
  const Instant start = instant_of(appointment.start());
  const Instant end = appointment.has_end() ? std::max(start, instant_of(appointment.end())) : start;
  json.text("start", local_text(page, start)).text("end", local_text(page, end));
  json.text("comment", appointment.place()).array("basedOn");
  write_reference(json, {}, asked.request.full_url);
  json.end().array("participant");
  write_participant(json, page.patient_known.full_url);
  for (const Attempt& each : asked.attempts) {
    if (each.place == booking.proposal()) write_participant(json, appointment_actor(page, each));
  }
  json.end();
  page.bundle.end_update(known);
}

void write_physician_team(CarePage& page, const Asked& asked) {
  const Known team = known_physician_team(page, asked);
  const Instant since = last_happened_at(asked);
  JsonWriter& json = begin_own(page, team, cds_profile(page, "cds-ihe-careteam"));
  write_identifier(json, team);
  json.text("status", "active").text("name", "Médecin traitant");
  write_reference(json, "subject", page.patient_known.full_url);
  write_span(page, json, "period", since, {});
  json.array("participant").object().array("role");
  write_concept(json, {}, participation_system, "PCP", "Médecin traitant");
  json.end();
  write_reference(json, "member", asked.accepted->owner);
  write_span(page, json, "period", since, {});
  json.end().end().array("managingOrganization");
  write_reference(json, {}, page.people.add(page.input.tenant.organization()));
  json.end();
  page.bundle.end_update(team);
}

void tell_what_is_left_out(CarePage& page, const Asked& asked) {
  if (!asked.orientation.commune_code().empty()) {
    add_care_issue(page, v1::Issue::LEVEL_INFORMATION, "FHIR_COMMUNE_LEFT_OUT",
                   "event.orientation.commune_code",
                   "The commune that served to choose candidates has no place in a ServiceRequest.",
                   "La commune qui a servi à choisir les candidats n'a pas de place dans la demande FHIR.");
  }
  const v1::OrientationUpdate& update = page.input.request.event().orientation_update();
  if (update.has_appointment() && !update.appointment().has_end()) {
    add_care_issue(page, v1::Issue::LEVEL_INFORMATION, "FHIR_APPOINTMENT_END_UNKNOWN",
                   "event.orientation_update.appointment.end",
                   "A booked Appointment needs an end (R4, app-3): the start is written for it.",
                   "Un rendez-vous FHIR doit avoir une fin : l'heure de début est écrite à sa place.");
  }
  if (found_physician(asked) && !names_physician(asked)) {
    add_care_issue(
        page, v1::Issue::LEVEL_INFORMATION, "FHIR_PHYSICIAN_LEFT_OUT", "event.orientation_update.step",
        "The one who accepted is known as a tool, a structure or a mailbox, which is no physician of a "
        "CareTeam.",
        "Le médecin traitant n'est pas transmis : la réponse vient d'un logiciel, d'une structure ou d'une "
        "boîte aux lettres, sans le nom d'un professionnel.");
  }
  if (found_physician(asked)) {
    add_care_issue(
        page, v1::Issue::LEVEL_INFORMATION, "FHIR_GENERAL_PRACTITIONER_LEFT_OUT",
        "event.orientation_update.step",
        "Patient.generalPractitioner is not set: a conditional update would replace what the server knows "
        "of the patient. The CareTeam tells it.",
        "Le champ « médecin traitant » du patient n'est pas modifié : la mise à jour écraserait ce que le "
        "serveur sait du patient. L'équipe de soins (CareTeam) le dit.");
  }
}

}  // namespace

void write_orientation(CarePage& page) {
  const stored::OrientationCase& state = page.input.care.orientation();
  const Uuid id = Uuid::from_raw(state.event_id()).value_or(page.input.event_id);
  Asked asked{page.event.orientation(), state, known_by_uuid("ServiceRequest", id), sender_role(page),
              care::bookings_of(state)};
  page.search = asked.request.search();
  collect_attempts(page, asked);
  write_request(page, asked);
  for (const Attempt& each : asked.attempts) write_task(page, asked, each);
  for (const stored::Booking& each : asked.bookings) write_appointment(page, asked, each);
  if (names_physician(asked)) write_physician_team(page, asked);
  tell_what_is_left_out(page, asked);
}

}  // namespace psl::fhir
