// An enrolment in FHIR: the EpisodeOfCare is the patient in the pathway (HL7 CPG-on-FHIR, cpg-case), the
// CarePlan what is aimed at and planned. No French profile exists for either.
#include <algorithm>

#include "fhir/care_codes.h"
#include "fhir/care_parts.h"
#include "fhir/codes.h"
#include "fhir/instants.h"
#include "gateway/care/enrolment.h"

namespace psl::fhir {
namespace {

// The same status in the words of each resource. R4: episode-of-care-status, request-status, goal-status,
// care-plan-activity-status.
struct StatusWords {
  std::string_view episode;
  std::string_view plan;
  std::string_view goal;
  std::string_view activity;
};
StatusWords status_words(v1::PathwayEnrolment::Status status, bool reached = false) {
  switch (status) {
    case v1::PathwayEnrolment::ACTIVE:
      return {"active", "active", "active", "not-started"};
    case v1::PathwayEnrolment::ON_HOLD:
      return {"onhold", "on-hold", "on-hold", "on-hold"};
    // What became of each activity is not in the event.
    case v1::PathwayEnrolment::FINISHED:
      return {"finished", "completed", reached ? "completed" : "cancelled", "unknown"};
    case v1::PathwayEnrolment::CANCELLED:
      return {"cancelled", "revoked", "cancelled", "cancelled"};
    default:
      return {"planned", "draft", "planned", "not-started"};
  }
}

std::string_view end_words(v1::PathwayEnrolment::EndReason reason) {
  switch (reason) {
    case v1::PathwayEnrolment::GOALS_REACHED:
      return "objectifs atteints";
    case v1::PathwayEnrolment::EXIT_RULE:
      return "règle de sortie du protocole";
    case v1::PathwayEnrolment::PATIENT_CHOICE:
      return "choix du patient";
    case v1::PathwayEnrolment::MOVED:
      return "déménagement";
    case v1::PathwayEnrolment::HANDED_OVER:
      return "relais pris par une autre équipe";
    case v1::PathwayEnrolment::DECEASED:
      return "décès";
    default:
      return "autre motif";
  }
}

struct Enrolled {
  const v1::PathwayEnrolment& enrolment;
  StatusWords status;
  std::string title;
  // Of the protocol, and "<canonical>|<version>" (R4, references.html#canonical).
  std::string canonical;
  std::string versioned;
  // Of episode, plan and condition alike.
  std::string key;
  Known episode;
  Known plan;
  Known condition;
  Known team;
  std::vector<CirclePart> parts;

  Known known(std::string_view type, std::string_view purpose) const {
    return known_by_uuid(type, uuid_of({"enrolment", key, purpose}));
  }
};

bool has_condition(const Enrolled& enrolled) {
  const v1::CodedText& condition = enrolled.enrolment.condition();
  return !condition.text().empty() || condition.codes_size() > 0;
}

void write_enrolment_span(const CarePage& page, JsonWriter& json, const v1::PathwayEnrolment& enrolment) {
  std::optional<Instant> start;
  std::optional<Instant> end;
  if (enrolment.has_start()) start = instant_of(enrolment.start());
  if (enrolment.has_end()) end = instant_of(enrolment.end());
  write_span(page, json, "period", start, end);
}

void write_condition(CarePage& page, const Enrolled& enrolled) {
  const v1::CodedText& condition = enrolled.enrolment.condition();
  JsonWriter& json = begin_own(page, enrolled.condition);
  write_identifier(json, enrolled.condition);
  json.object("code").array("coding");
  for (const v1::Coding& code : condition.codes()) {
    const std::string system = system_url(code.system());
    if (!system.empty()) json.object().text("system", system).text("code", code.code()).end();
  }
  json.end().text("text", condition.text()).end();
  write_reference(json, "subject", page.patient_known.full_url);
  json.text("recordedDate", local_text(page, happened_at(page)));
  page.bundle.end_update(enrolled.condition);
}

// The states that it has been in, this one too (R4, EpisodeOfCare.statusHistory); each until the next began.
// Two that senders told in another order than they happened in have no such period.
void write_status_history(const CarePage& page, JsonWriter& json) {
  const auto& history = page.input.care.enrolment_history();
  json.array("statusHistory");
  for (int i = 0; i < history.size(); ++i) {
    std::optional<Instant> end;
    if (i + 1 < history.size()) end = instant_of(history[i + 1].from());
    json.object().text("status", status_words(history[i].status()).episode);
    write_span(page, json, "period", instant_of(history[i].from()), end);
    json.end();
  }
  json.end();
}

// How surely somebody coordinates this pathway and not another one of the patient; 0: not at all.
int coordinates(const CarePage& page, const Enrolled& enrolled, const CirclePart& part) {
  const v1::CircleMember& member = *part.member;
  if (member.role() != v1::MEMBER_ROLE_PATHWAY_COORDINATOR || !member.has_person()) return 0;
  if (part.until && *part.until <= page.input.dated_at) return 0;
  const std::string& own = page.input.care.enrolment_id();
  const bool known = part.membership != nullptr && !own.empty();
  const bool listed = std::ranges::any_of(enrolled.enrolment.members(), [&](const v1::CircleMember& one) {
    return one.member_id() == member.member_id();
  });
  if (!known || listed ||
      std::ranges::find(part.membership->enrolments(), own) != part.membership->enrolments().end())
    return 3;
  // A change of circle brought this one in, for no pathway in particular.
  return part.membership->enrolments().empty() ? 1 : 0;
}

// Null: nobody. Of several the first of those who are there today.
const CirclePart* manager_of(const CarePage& page, const Enrolled& enrolled) {
  const CirclePart* manager = nullptr;
  int best = 0;
  for (const CirclePart& part : enrolled.parts) {
    const int surely = coordinates(page, enrolled, part);
    const int rank = surely > 0 && part.from <= page.input.dated_at ? surely + 1 : surely;
    if (rank <= best) continue;
    best = rank;
    manager = &part;
  }
  return manager;
}

void write_episode(CarePage& page, const Enrolled& enrolled) {
  JsonWriter& json = begin_own(page, enrolled.episode);
  write_identifier(json, enrolled.episode);
  json.text("status", enrolled.status.episode);
  write_status_history(page, json);
  // By the first all are found who are in the pathway, by the second those of one version of it.
  json.array("type").object().array("coding");
  for (const std::string& code : {enrolled.canonical, enrolled.versioned})
    json.object().text("system", own_protocol_system).text("code", code).end();
  json.end().text("text", enrolled.title).end().end();
  if (has_condition(enrolled)) {
    json.array("diagnosis").object();
    write_reference(json, "condition", enrolled.condition.full_url);
    json.end().end();
  }
  write_reference(json, "patient", page.patient_known.full_url);
  write_reference(json, "managingOrganization", page.people.add(page.input.tenant.organization()));
  write_enrolment_span(page, json, enrolled.enrolment);
  if (const CirclePart* manager = manager_of(page, enrolled))
    write_reference(json, "careManager", manager->full_url);
  json.array("team");
  write_reference(json, {}, enrolled.team.full_url);
  json.end();
  page.bundle.end_update(enrolled.episode);
}

std::string goal_name(int place) { return "goal-" + std::to_string(place + 1); }

// Contained: the plan is then one resource with its whole state, and a goal that is given up does not stay
// behind.
void write_goals(CarePage& page, JsonWriter& json, const Enrolled& enrolled) {
  json.array("contained");
  for (int i = 0; i < enrolled.enrolment.goals_size(); ++i) {
    json.object().text("resourceType", "Goal").text("id", goal_name(i));
    json.text("lifecycleStatus", enrolled.status.goal);
    write_concept(json, "description", {}, {}, enrolled.enrolment.goals(i));
    write_reference(json, "subject", page.patient_known.full_url);
    json.end();
  }
  json.end();
}

const CirclePart* part_of(const Enrolled& enrolled, const std::string& member_id) {
  const CirclePart* found = nullptr;
  for (const CirclePart& part : enrolled.parts) {
    if (!member_id.empty() && part.member->member_id() == member_id) found = &part;
  }
  return found;
}

void write_activities(const CarePage& page, JsonWriter& json, const Enrolled& enrolled) {
  json.array("activity");
  for (const v1::PlannedActivity& activity : enrolled.enrolment.activities()) {
    const bool dated = activity.has_planned_at() && enrolled.status.activity == "not-started";
    json.object().object("detail").text("status", dated ? "scheduled" : enrolled.status.activity);
    if (activity.has_planned_at())
      write_span(page, json, "scheduledPeriod", instant_of(activity.planned_at()), {});
    if (const CirclePart* part = part_of(enrolled, activity.member_id())) {
      json.array("performer");
      write_reference(json, {}, part->full_url);
      json.end();
    }
    json.text("description", activity.text()).end().end();
  }
  json.end();
}

std::vector<std::string> plan_notes(const CarePage& page, const v1::PathwayEnrolment& enrolment) {
  std::vector<std::string> notes;
  for (const std::string& label : page.input.care.criteria_labels())
    notes.push_back("Critère d'inclusion rempli : " + label);
  if (enrolment.end_reason() != v1::PathwayEnrolment::END_REASON_UNSPECIFIED)
    notes.push_back("Fin du parcours : " + std::string(end_words(enrolment.end_reason())));
  return notes;
}

void write_plan(CarePage& page, const Enrolled& enrolled) {
  const std::string_view author = sender_role(page);
  JsonWriter& json = begin_own(page, enrolled.plan);
  write_goals(page, json, enrolled);
  write_identifier(json, enrolled.plan);
  json.array("instantiatesCanonical").element(enrolled.versioned).end();
  json.text("status", enrolled.status.plan).text("intent", "plan").text("title", enrolled.title);
  write_reference(json, "subject", page.patient_known.full_url);
  write_enrolment_span(page, json, enrolled.enrolment);
  write_reference(json, "author", author);
  json.array("careTeam");
  write_reference(json, {}, enrolled.team.full_url);
  json.end();
  if (has_condition(enrolled)) {
    json.array("addresses");
    write_reference(json, {}, enrolled.condition.full_url);
    json.end();
  }
  json.array("goal");
  for (int i = 0; i < enrolled.enrolment.goals_size(); ++i) write_reference(json, {}, "#" + goal_name(i));
  json.end();
  write_activities(page, json, enrolled);
  write_notes(json, plan_notes(page, enrolled.enrolment));
  page.bundle.end_update(enrolled.plan);
}

std::string protocol_title(const CarePage& page, const v1::Protocol* protocol) {
  if (!page.input.care.protocol_title().empty()) return page.input.care.protocol_title();
  return protocol != nullptr ? protocol->title() : page.event.pathway_enrolment().protocol_id();
}

// One that has a version already names it as its publisher does.
std::string versioned(const std::string& canonical, const std::string& version) {
  const bool lacks_it = !canonical.empty() && canonical.find('|') == std::string::npos;
  return lacks_it ? canonical + "|" + version : canonical;
}

void tell_what_the_plan_leaves_out(CarePage& page, const Enrolled& enrolled) {
  const v1::PathwayEnrolment& enrolment = enrolled.enrolment;
  if (enrolment.end_reason() != v1::PathwayEnrolment::END_REASON_UNSPECIFIED) {
    add_care_issue(page, v1::Issue::LEVEL_INFORMATION, "FHIR_END_REASON_AS_TEXT",
                   "event.pathway_enrolment.end_reason",
                   "EpisodeOfCare has no element for why it ended: a note of the CarePlan says it.",
                   "FHIR n'a pas de champ pour le motif de fin du parcours : une note du plan le dit.");
  }
  if (page.input.care.criteria_labels_size() > 0) {
    add_care_issue(page, v1::Issue::LEVEL_INFORMATION, "FHIR_CRITERIA_AS_TEXT",
                   "event.pathway_enrolment.criteria_met",
                   "Inclusion criteria have no element: notes of the CarePlan say them.",
                   "FHIR n'a pas de champ pour les critères d'inclusion : des notes du plan les disent.");
  }
  for (int i = 0; i < enrolment.condition().codes_size(); ++i) {
    if (!system_url(enrolment.condition().codes(i).system()).empty()) continue;
    add_care_issue(page, v1::Issue::LEVEL_WARNING, "FHIR_CODE_WITHOUT_SYSTEM",
                   "event.pathway_enrolment.condition.codes[" + std::to_string(i) + "].system",
                   "A code without its system is no code in FHIR: it is left out.",
                   "Un code sans son système n'en est pas un en FHIR : il n'est pas transmis.");
  }
}

}  // namespace

void write_enrolment(CarePage& page) {
  const v1::PathwayEnrolment& enrolment = page.event.pathway_enrolment();
  const v1::Tenant& tenant = page.input.tenant;
  const v1::Protocol* protocol =
      care::find_protocol(tenant, enrolment.protocol_id(), enrolment.protocol_version());
  // One for each identifier of each sender. Events that were accepted before it was kept have a key of their
  // own.
  const std::string& own = page.input.care.enrolment_id();
  const std::string key =
      !own.empty() ? own
                   : uuid_of({"enrolment-id", tenant.name(), page.event.source().organization().national_id(),
                              enrolment.enrolment_id()})
                         .text();
  const std::string canonical = protocol != nullptr ? care::canonical_of(tenant, *protocol) : std::string();
  Enrolled enrolled{
      enrolment,
      status_words(enrolment.status(), enrolment.end_reason() == v1::PathwayEnrolment::GOALS_REACHED),
      protocol_title(page, protocol),
      canonical.substr(0, canonical.find('|')),
      versioned(canonical, enrolment.protocol_version()),
      key,
      {},
      {},
      {},
      known_team(page),
      circle_parts(page)};
  enrolled.episode = enrolled.known("EpisodeOfCare", "episode");
  enrolled.plan = enrolled.known("CarePlan", "plan");
  enrolled.condition = enrolled.known("Condition", "condition");
  page.search = enrolled.episode.search();
  if (has_condition(enrolled)) write_condition(page, enrolled);
  write_consent(page, enrolled.team);
  write_episode(page, enrolled);
  write_team(page, enrolled.team, enrolled.parts);
  write_plan(page, enrolled);
  tell_what_the_plan_leaves_out(page, enrolled);
}

}  // namespace psl::fhir
