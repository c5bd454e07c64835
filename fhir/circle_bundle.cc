// A care circle in FHIR: the CareTeam of CDS 2.0.1 (ANS "Cercle de soins", on IHE DCTM) and the patient's
// Consent.
#include <algorithm>

#include "fhir/care_codes.h"
#include "fhir/care_parts.h"
#include "fhir/instants.h"
#include "gateway/care/circle.h"

namespace psl::fhir {
namespace {

struct RoleWords {
  std::string_view code;
  std::string_view text;
};

// Ours: no table of the NOS tells all of these apart.
RoleWords role_words(v1::MemberRole role) {
  switch (role) {
    case v1::MEMBER_ROLE_PRIMARY_CARE_PHYSICIAN:
      return {"primary-care-physician", "Médecin traitant"};
    case v1::MEMBER_ROLE_SPECIALIST:
      return {"specialist", "Médecin spécialiste"};
    case v1::MEMBER_ROLE_NURSE:
      return {"nurse", "Infirmier"};
    case v1::MEMBER_ROLE_PHARMACIST:
      return {"pharmacist", "Pharmacien"};
    case v1::MEMBER_ROLE_PHYSIOTHERAPIST:
      return {"physiotherapist", "Masseur-kinésithérapeute"};
    case v1::MEMBER_ROLE_DIETITIAN:
      return {"dietitian", "Diététicien"};
    case v1::MEMBER_ROLE_PSYCHOLOGIST:
      return {"psychologist", "Psychologue"};
    case v1::MEMBER_ROLE_MIDWIFE:
      return {"midwife", "Sage-femme"};
    case v1::MEMBER_ROLE_SPEECH_THERAPIST:
      return {"speech-therapist", "Orthophoniste"};
    case v1::MEMBER_ROLE_OTHER_HEALTH_PROFESSIONAL:
      return {"other-health-professional", "Autre professionnel de santé"};
    case v1::MEMBER_ROLE_PATHWAY_COORDINATOR:
      return {"pathway-coordinator", "Coordonnateur de parcours"};
    case v1::MEMBER_ROLE_HOSPITAL:
      return {"hospital", "Établissement de santé"};
    case v1::MEMBER_ROLE_HOME_NURSING_SERVICE:
      return {"home-nursing-service", "Service de soins infirmiers à domicile"};
    case v1::MEMBER_ROLE_COORDINATION_SUPPORT:
      return {"coordination-support", "Dispositif d'appui à la coordination"};
    case v1::MEMBER_ROLE_SOCIAL_WORKER:
      return {"social-worker", "Travailleur social"};
    case v1::MEMBER_ROLE_HOME_HELP:
      return {"home-help", "Service d'aide à domicile"};
    case v1::MEMBER_ROLE_ADAPTED_ACTIVITY_TEACHER:
      return {"adapted-activity-teacher", "Enseignant en activité physique adaptée"};
    default:
      return {"other", "Autre intervenant"};
  }
}

void write_roles(JsonWriter& json, v1::MemberRole role) {
  const RoleWords words = role_words(role);
  json.array("role");
  // CDS 2.0.1, careteam-roles-vs; JDV_J47, whose codes are of TRE_R85.
  if (role == v1::MEMBER_ROLE_PRIMARY_CARE_PHYSICIAN)
    write_concept(json, {}, participation_system, "PCP", words.text);
  if (role == v1::MEMBER_ROLE_PATHWAY_COORDINATOR)
    write_concept(json, {}, care_role_system, "330", words.text);
  write_concept(json, {}, own_role_system, words.code, words.text);
  json.end();
}

// The members that the event itself brings: all that is known before the circle is.
const google::protobuf::RepeatedPtrField<v1::CircleMember>& members_of_event(const CarePage& page) {
  return page.event.has_pathway_enrolment() ? page.event.pathway_enrolment().members()
                                            : page.event.care_circle_change().joins();
}

const v1::Consent* consent_of(const CarePage& page) {
  if (const v1::Consent* last = care::last_consent(page.input.care.circle())) return last;
  const v1::CoordinationEvent& event = page.event;
  if (event.pathway_enrolment().has_consent()) return &event.pathway_enrolment().consent();
  return event.care_circle_change().has_consent() ? &event.care_circle_change().consent() : nullptr;
}

// R4, consent-state-codes. One that has run out is no longer in force.
std::string_view consent_status(const v1::Consent& consent, Instant now) {
  if (consent.decision() == v1::Consent::REFUSED) return "rejected";
  const bool over = consent.has_expires_at() && instant_of(consent.expires_at()) <= now;
  return consent.decision() == v1::Consent::GIVEN && !over ? "active" : "inactive";
}

void tell_what_the_team_leaves_out(CarePage& page) {
  const bool enrols = page.event.has_pathway_enrolment();
  if (members_of_event(page).size() > 0) {
    add_care_issue(
        page, v1::Issue::LEVEL_INFORMATION, "FHIR_MEMBER_BASIS_LEFT_OUT",
        enrols ? "event.pathway_enrolment.members" : "event.care_circle_change.joins",
        "CareTeam.participant has no element for the standing and the basis of a member.",
        "L'équipe de soins FHIR ne dit ni le statut d'un membre ni le fondement de sa participation.");
  }
  if (care::objects_to_anybody(page.input.care.circle())) {
    add_care_issue(
        page, v1::Issue::LEVEL_WARNING, "FHIR_OBJECTION_LEFT_OUT",
        page.event.care_circle_change().has_objection() ? "event.care_circle_change.objection"
                                                        : "event.subject",
        "What the patient objects to is applied by the gateway and not written: the server must not route "
        "by this CareTeam alone.",
        "L'opposition du patient est appliquée par la passerelle mais n'est pas transmise : le serveur ne "
        "doit pas diffuser d'après cette seule équipe de soins.");
  }
  if (page.input.dialect == Dialect::fr_core_2_2_0) {
    add_care_issue(
        page, v1::Issue::LEVEL_INFORMATION, "FHIR_CARE_TEAM_WITHOUT_PROFILE", "event.kind",
        "CDS 2.0.1 stands on fr-core 2.1.0: the CareTeam has its form and does not claim its profile.",
        "Le guide « Cercle de soins » 2.0.1 repose sur fr-core 2.1.0 : l'équipe en a la forme sans en "
        "annoncer le profil.");
  }
}

}  // namespace

Known known_team(const CarePage& page) {
  const std::string& circle = page.input.care.circle_id();
  if (!circle.empty()) return known_by_uuid("CareTeam", uuid_of({"circle", circle}));
  // Accepted before circles had an identity in their events.
  return known_by_uuid("CareTeam", uuid_of({"circle", page.input.tenant.name(), page.patient_known.system,
                                            page.patient_known.value}));
}

std::vector<CirclePart> circle_parts(CarePage& page) {
  std::vector<CirclePart> parts;
  for (const auto& membership : page.input.care.circle().memberships()) {
    CirclePart part{
        &membership.member(), &membership, page.people.add(membership.member()), happened_at(page), {}};
    if (membership.has_from()) part.from = instant_of(membership.from());
    if (membership.has_until()) part.until = std::max(part.from, instant_of(membership.until()));
    parts.push_back(std::move(part));
  }
  if (!parts.empty()) return parts;
  for (const v1::CircleMember& member : members_of_event(page)) {
    CirclePart part{&member, nullptr, page.people.add(member), happened_at(page), {}};
    if (member.has_start()) part.from = instant_of(member.start());
    if (member.has_end()) part.until = std::max(part.from, instant_of(member.end()));
    parts.push_back(std::move(part));
  }
  return parts;
}

void write_team(CarePage& page, const Known& team, const std::vector<CirclePart>& parts) {
  Instant since = happened_at(page);
  bool goes_on = parts.empty();
  for (const CirclePart& part : parts) {
    since = std::min(since, part.from);
    goes_on = goes_on || !part.until || *part.until > page.input.dated_at;
  }
  JsonWriter& json = begin_own(page, team, cds_profile(page, "cds-ihe-careteam"));
  write_identifier(json, team);
  // No patient's name in it: lists of teams show this element.
  json.text("status", goes_on ? "active" : "inactive").text("name", "Cercle de soins");
  write_reference(json, "subject", page.patient_known.full_url);
  write_span(page, json, "period", since, {});
  json.array("participant");
  for (const CirclePart& part : parts) {
    json.object();
    write_roles(json, part.member->role());
    write_reference(json, "member", part.full_url);
    write_span(page, json, "period", part.from, part.until);
    json.end();
  }
  json.end().array("managingOrganization");
  write_reference(json, {}, page.people.add(page.input.tenant.organization()));
  json.end();
  page.bundle.end_update(team);
  tell_what_the_team_leaves_out(page);
}

void write_consent(CarePage& page, const Known& team) {
  const v1::Consent* consent = consent_of(page);
  if (consent == nullptr) return;
  const Known known = known_by_uuid("Consent", uuid_of({"consent", team.value}));
  const Instant decided = instant_of(consent->decided_at());
  const std::string_view status = consent_status(*consent, page.input.dated_at);
  JsonWriter& json = begin_own(page, known);
  write_identifier(json, known);
  json.text("status", status);
  write_concept(json, "scope", "http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy", {});
  json.array("category");
  write_concept(json, {}, "http://loinc.org", "59284-0", {});
  json.end();
  write_reference(json, "patient", page.patient_known.full_url);
  json.text("dateTime", local_text(page, decided)).array("organization");
  write_reference(json, {}, page.people.add(page.input.tenant.organization()));
  json.end();
  write_concept(
      json, "policyRule", {}, {},
      "Partage hors de l'équipe de soins : articles L.1110-4 et L.1110-12 du code de la santé publique, "
      "décret n° 2016-1349");
  if (consent->decision() == v1::Consent::GIVEN) {
    json.object("provision").text("type", "permit");
    std::optional<Instant> until;
    if (consent->has_expires_at()) until = instant_of(consent->expires_at());
    write_span(page, json, "period", decided, until);
    // Without an actor R4 reads it as a permission of everybody.
    json.array("actor").object();
    write_concept(json, "role", participation_type_system, "IRCP", {});
    write_reference(json, "reference", team.full_url);
    json.end().end().end();
  }
  page.bundle.end_update(known);
}

void write_circle_change(CarePage& page) {
  const Known team = known_team(page);
  page.search = team.search();
  write_team(page, team, circle_parts(page));
  write_consent(page, team);
}

}  // namespace psl::fhir
