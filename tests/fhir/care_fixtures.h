// Orientations, enrolments and circles as they reach the FHIR translation, for tests to change one field at a
// time. Synthetic people, test OID.
#pragma once

#include <google/protobuf/text_format.h>

#include <string>
#include <vector>

#include "fhir/care_bundle.h"
#include "gateway/base/result.h"
#include "passerelle/internal/v1/stored.pb.h"
#include "passerelle/v1/config.pb.h"
#include "passerelle/v1/gateway.pb.h"

namespace psl::fhir::test {

namespace v1 = passerelle::v1;
namespace stored = passerelle::internal::v1;

template <typename Message>
void parse_text(const std::string& text, Message& message) {
  PSL_CHECK(google::protobuf::TextFormat::ParseFromString(text, &message));
}

inline Uuid proposal_id(int number) {
  Uuid id = *Uuid::parse("0b6f1c9e-7a55-8c3d-9e21-4d5f6a7b8c00");
  id.bytes[15] = static_cast<uint8_t>(number);
  return id;
}

struct CareSample {
  CareSample() {
    parse_text(tenant_text, tenant);
    parse_text(patient_text, *header.mutable_patient());
    parse_text(source_text, *event().mutable_source());
    event().set_tenant("bresse");
    event().set_legal_basis(v1::LEGAL_BASIS_EXCHANGE);
    event().mutable_occurred_at()->set_seconds(asked_at);
    *event().mutable_subject() = header.patient();
  }

  v1::CoordinationEvent& event() { return *request.mutable_event(); }
  stored::OrientationCase& orientation_case() { return *care.mutable_orientation(); }
  CareInput input(Dialect dialect) const {
    return {request, header, care, tenant, event_id, Instant{(asked_at + 86400) * 1000000}, dialect};
  }
  CareBundle bundle(Dialect dialect = Dialect::fr_core_2_1_0) const {
    return write_care_bundle(input(dialect));
  }

  // An orientation whose candidates were all given; nobody is asked yet.
  void make_orientation(const std::string& orientation, const std::vector<std::string>& candidates) {
    parse_text(orientation, *event().mutable_orientation());
    *event().add_recipients()->mutable_fhir_server()->mutable_name() = "territoire";
    orientation_case().set_event_id(event_id.raw());
    orientation_case().set_state(v1::ORIENTATION_STATE_OPEN);
    for (const std::string& candidate : candidates) {
      stored::Proposal& proposal = *orientation_case().add_proposals();
      proposal.set_recipient_index(event().recipients_size());
      proposal.set_delivery_id(proposal_id(orientation_case().proposals_size()).raw());
      proposal.set_state(v1::PROPOSAL_STATE_WAITING);
      parse_text(candidate, *event().add_recipients());
    }
    *orientation_case().mutable_event() = event();
  }
  stored::Proposal& ask(int place) {
    stored::Proposal& proposal = *orientation_case().mutable_proposals(place);
    proposal.set_state(v1::PROPOSAL_STATE_PROPOSED);
    proposal.mutable_proposed_at()->set_seconds(asked_at + 60 + place * 7200);
    proposal.mutable_expires_at()->set_seconds(asked_at + 60 + place * 7200 + 172800);
    return proposal;
  }
  stored::Proposal& answer(int place, v1::ProposalState state) {
    stored::Proposal& proposal = ask(place);
    proposal.set_state(state);
    proposal.mutable_answered_at()->set_seconds(asked_at + 3600 + place * 7200);
    if (state == v1::PROPOSAL_STATE_ACCEPTED)
      step(v1::OrientationUpdate::ACCEPTED, v1::ORIENTATION_STATE_ACCEPTED);
    return proposal;
  }
  void step(v1::OrientationUpdate::Step step, v1::OrientationState state) {
    orientation_case().set_state(state);
    orientation_case().mutable_last()->set_step(step);
    orientation_case().mutable_last()->mutable_at()->set_seconds(asked_at + 40000);
  }
  void book() {
    step(v1::OrientationUpdate::BOOKED, v1::ORIENTATION_STATE_BOOKED);
    parse_text("start { seconds: 1795600800 } end { seconds: 1795602600 } place: \"Cabinet, 2e étage\"",
               *orientation_case().mutable_appointment());
  }

  v1::CircleMember& add_member(const std::string& text) {
    auto& membership = *care.mutable_circle()->add_memberships();
    parse_text(text, *membership.mutable_member());
    membership.mutable_from()->set_seconds(asked_at - 864000);
    return *membership.mutable_member();
  }
  void add_circle() {
    for (const char* member : circle_texts) add_member(member);
  }
  void add_consent(v1::Consent::Decision decision) {
    v1::Consent& consent = *care.mutable_circle()->add_consents()->mutable_consent();
    consent.set_decision(decision);
    consent.mutable_decided_at()->set_seconds(asked_at - 3600);
  }
  void make_unqualified() {
    v1::Patient& patient = *header.mutable_patient();
    patient.set_status(v1::IDENTITY_STATUS_PROVISIONAL);
    patient.clear_ins();
    patient.clear_birth_given_names();
    patient.clear_birth_place_code();
    patient.clear_birth_place_name();
    *event().mutable_subject() = patient;
  }

  v1::SubmitEventRequest request;
  stored::DocumentHeader header;
  stored::Care care;
  v1::Tenant tenant;
  Uuid event_id = *Uuid::parse("11111111-2222-8333-8444-555555555555");

  static constexpr int64_t asked_at = 1795338000;  // 2026-11-22T09:00:00Z
  static constexpr const char* tenant_text = R"(
    name: "bresse" time_zone: "Europe/Paris"
    organization { national_id: "1710000000" name: "CPTS de la Bresse fictive" }
    protocols { id: "insuffisance-cardiaque" version: "2" title: "Parcours insuffisance cardiaque"
                canonical: "https://cpts-bresse.example/parcours/insuffisance-cardiaque" })";
  static constexpr const char* patient_text = R"(
    status: IDENTITY_STATUS_QUALIFIED
    ins { matricule: "265033947811573" oid: "1.2.250.1.213.1.4.10" }
    birth_family_name: "DE LA TOUR" birth_given_names: "MARIE-ÈVE ANNE" first_birth_given_name: "MARIE-ÈVE"
    used_family_name: "D'ARGENT" sex: SEX_FEMALE birth_date: "1965-03-09" birth_place_code: "39478"
    local_id { value: "IPP-000123" oid: "1.2.250.1.999.1.1" }
    address { lines: "4 rue des Essais" postal_code: "71500" city: "LOUHANS" }
    telecoms { uri: "tel:+33385000001" use: USE_MOBILE })";
  static constexpr const char* source_text = R"(
    software: "Dossier fictif 4.2"
    organization { national_id: "1710780263" name: "Cabinet des Essais" }
    professional {
      national_id: "810001234565" family_name: "LEFÈVRE" given_name: "Zoé" suffix: "DR"
      specialty_code: "G15_10/SM26" specialty_label: "Médecin - Qualifié en médecine générale"
    })";
  static constexpr const char* doctor_text = R"(person {
    mailbox: "jean.essai@medecin.demo.mssante.fr"
    professional {
      national_id: "810009876541" family_name: "ESSAI" given_name: "Jean"
      specialty_code: "G15_10/SM04" specialty_label: "Médecin - Cardiologie et maladies vasculaires"
      organization { national_id: "1710780271" name: "Centre de cardiologie fictif" }
    } })";
  static constexpr const char* other_doctor_text = R"(person {
    mailbox: "claire.modele@medecin.demo.mssante.fr"
    professional { national_id: "810005554443" family_name: "MODÈLE" given_name: "Claire" } })";
  static constexpr const char* mailbox_text = R"(person { mailbox: "garde@medecin.demo.mssante.fr" })";
  static constexpr const char* hospital_text = R"(structure {
    mailbox: "admissions@hopital.demo.mssante.fr"
    organization {
      national_id: "1710780297" name: "Centre hospitalier d'Essai"
      telecoms { uri: "tel:+33385000000" use: USE_WORK }
    } })";
  static constexpr const char* tool_text = R"(tool { name: "outil-dac" })";
  static constexpr const char* circle_texts[] = {
      R"(member_id: "m1" role: MEMBER_ROLE_PRIMARY_CARE_PHYSICIAN standing: STANDING_HEALTH_PROFESSIONAL
         basis: MEMBER_BASIS_CARE_TEAM
         person { mailbox: "claire.modele@medecin.demo.mssante.fr"
                  professional { national_id: "810005554443" family_name: "MODÈLE" given_name: "Claire" } })",
      R"(member_id: "m2" role: MEMBER_ROLE_PATHWAY_COORDINATOR standing: STANDING_OTHER basis: MEMBER_BASIS_CONSENT
         person { mailbox: "paul.exemple@cpts.demo.mssante.fr"
                  professional { family_name: "EXEMPLE" given_name: "Paul" } })",
      R"(member_id: "m3" role: MEMBER_ROLE_HOME_NURSING_SERVICE standing: STANDING_HEALTH_PROFESSIONAL
         basis: MEMBER_BASIS_CARE_TEAM
         structure { mailbox: "ssiad@ssiad.demo.mssante.fr"
                     organization { national_id: "1710780289" name: "SSIAD d'Essai" } })"};
};

// Fixtures of goldens: tests/golden/fhir-care/<name>-<dialect>.json.
struct NamedSample {
  std::string name;
  CareSample sample;
};

inline CareSample physician_sample() {
  CareSample one;
  one.make_orientation(R"(
    kind: PRIMARY_CARE_PHYSICIAN reason: "Le médecin traitant cesse son activité.\nSuivi d'un diabète."
    reason_codes { code: "E11.9" system: "2.16.840.1.113883.6.3" label: "Diabète sucré de type 2, sans complication" }
    facts { long_term_illness: true lives_alone: true daily_medicines: 7 }
    commune_code: "71263" mode: ONE_BY_ONE patient_informed: true
    allergies: "Pénicilline" treatments: "Metformine")",
                       {CareSample::other_doctor_text, CareSample::doctor_text});
  one.orientation_case().set_priority_class(2);
  one.orientation_case().set_priority_score(7);
  one.orientation_case().set_priority_rules("2026-1");
  one.ask(0);
  return one;
}

inline CareSample specialist_sample() {
  CareSample one;
  one.make_orientation(R"(
    kind: SPECIALIST reason: "Dyspnée d'effort récente." specialty { code: "SM04" label: "Cardiologie" }
    urgency: URGENT wanted_from { seconds: 1795420800 } wanted_before { seconds: 1796025600 } mode: ONE_BY_ONE
    context: "Souffle systolique connu." patient_informed: true)",
                       {CareSample::other_doctor_text, CareSample::doctor_text, CareSample::hospital_text});
  stored::Proposal& first = one.answer(0, v1::PROPOSAL_STATE_DECLINED);
  first.set_reason(v1::OrientationUpdate::NOT_AVAILABLE);
  first.set_reason_text("Pas de place avant mars.");
  one.answer(1, v1::PROPOSAL_STATE_ACCEPTED);
  return one;
}

inline CareSample paramedical_sample() {
  CareSample one;
  one.make_orientation(R"(
    kind: PARAMEDICAL reason: "Pansements à domicile." profession { code: "60" label: "Infirmier" }
    urgency: AS_SOON_AS_POSSIBLE mode: PARALLEL patient_informed: true facts { home_visit_needed: true })",
                       {CareSample::other_doctor_text, CareSample::mailbox_text, CareSample::doctor_text,
                        CareSample::hospital_text});
  one.ask(0).set_state(v1::PROPOSAL_STATE_EXPIRED);
  one.answer(1, v1::PROPOSAL_STATE_TAKEN);
  one.ask(2).set_state(v1::PROPOSAL_STATE_UNREACHABLE);
  one.answer(3, v1::PROPOSAL_STATE_ACCEPTED);
  return one;
}

inline CareSample admission_sample() {
  CareSample one;
  one.make_orientation(R"(
    kind: DIRECT_ADMISSION reason: "Décompensation cardiaque débutante." urgency: AS_SOON_AS_POSSIBLE
    mode: ONE_BY_ONE patient_informed: true)",
                       {CareSample::hospital_text});
  one.answer(0, v1::PROPOSAL_STATE_ACCEPTED);
  one.book();
  return one;
}

inline CareSample unscheduled_sample() {
  CareSample one;
  one.make_unqualified();
  one.make_orientation(R"(
    kind: UNSCHEDULED_CARE reason: "Fièvre depuis trois jours." urgency: AS_SOON_AS_POSSIBLE mode: PARALLEL
    patient_informed: true)",
                       {CareSample::other_doctor_text, CareSample::mailbox_text});
  one.ask(0);
  one.ask(1);
  return one;
}

inline CareSample support_sample() {
  CareSample one;
  one.make_orientation(R"(
    kind: COORDINATION_SUPPORT reason: "Situation complexe." mode: ONE_BY_ONE patient_informed: true
    facts { social_support: true })",
                       {CareSample::tool_text});
  one.ask(0).set_state(v1::PROPOSAL_STATE_EXPIRED);
  one.step(v1::OrientationUpdate::SPENT, v1::ORIENTATION_STATE_SPENT);
  return one;
}

inline CareSample enrolment_sample(const std::string& state) {
  CareSample one;
  parse_text(R"(
    enrolment_id: "inclusion-17" protocol_id: "insuffisance-cardiaque" protocol_version: "2"
    criteria_met: "FEVG" condition { text: "Insuffisance cardiaque"
      codes { code: "I50.9" system: "2.16.840.1.113883.6.3" label: "Insuffisance cardiaque, sans précision" } }
    goals: "Marcher 30 minutes par jour" goals: "Éviter une réhospitalisation"
    activities { text: "Consultation de titration" member_id: "m1" planned_at { seconds: 1796025600 } }
    activities { text: "Éducation thérapeutique" } )" +
                 state,
             *one.event().mutable_pathway_enrolment());
  one.care.set_protocol_title("Parcours insuffisance cardiaque");
  one.care.add_criteria_labels("Fraction d'éjection inférieure à 40 %");
  one.add_circle();
  one.add_consent(v1::Consent::GIVEN);
  return one;
}

inline CareSample circle_sample() {
  CareSample one;
  parse_text(CareSample::circle_texts[0], *one.event().mutable_care_circle_change()->add_joins());
  one.add_circle();
  one.add_consent(v1::Consent::GIVEN);
  return one;
}

inline void add_orientations(std::vector<NamedSample>& all) {
  CareSample completed = physician_sample();
  completed.answer(0, v1::PROPOSAL_STATE_ACCEPTED);
  completed.step(v1::OrientationUpdate::COMPLETED, v1::ORIENTATION_STATE_COMPLETED);
  CareSample booked = specialist_sample();
  booked.book();
  CareSample seen = specialist_sample();
  seen.book();
  seen.step(v1::OrientationUpdate::SEEN, v1::ORIENTATION_STATE_SEEN);
  CareSample absent = paramedical_sample();
  absent.book();
  absent.step(v1::OrientationUpdate::NO_SHOW, v1::ORIENTATION_STATE_TO_REBOOK);
  CareSample cancelled = admission_sample();
  cancelled.step(v1::OrientationUpdate::CANCELLED, v1::ORIENTATION_STATE_CANCELLED);
  cancelled.orientation_case().mutable_last()->set_reason(v1::OrientationUpdate::NO_LONGER_NEEDED);
  all.push_back({"physician-asked", physician_sample()});
  all.push_back({"physician-completed", completed});
  all.push_back({"specialist-second-accepted", specialist_sample()});
  all.push_back({"specialist-booked", booked});
  all.push_back({"specialist-seen", seen});
  all.push_back({"paramedical-parallel", paramedical_sample()});
  all.push_back({"paramedical-no-show", absent});
  all.push_back({"admission-booked", admission_sample()});
  all.push_back({"admission-cancelled", cancelled});
  all.push_back({"unscheduled-unqualified", unscheduled_sample()});
  all.push_back({"support-spent", support_sample()});
}

inline std::vector<NamedSample> all_samples() {
  std::vector<NamedSample> all;
  add_orientations(all);
  CareSample left = circle_sample();
  left.event().clear_kind();
  left.event().mutable_care_circle_change()->add_leaves()->set_member_id("m3");
  left.care.mutable_circle()->mutable_memberships(2)->mutable_until()->set_seconds(CareSample::asked_at);
  CareSample withdrawn = circle_sample();
  withdrawn.event().clear_kind();
  withdrawn.add_consent(v1::Consent::WITHDRAWN);
  *withdrawn.event().mutable_care_circle_change()->mutable_consent() =
      withdrawn.care.circle().consents(1).consent();
  all.push_back({"enrolment-planned", enrolment_sample("status: PLANNED")});
  all.push_back({"enrolment-active", enrolment_sample("status: ACTIVE start { seconds: 1795338000 }")});
  all.push_back(
      {"enrolment-finished", enrolment_sample("status: FINISHED start { seconds: 1780000000 } "
                                              "end { seconds: 1795338000 } end_reason: GOALS_REACHED")});
  all.push_back({"circle-join", circle_sample()});
  all.push_back({"circle-leave", left});
  all.push_back({"circle-consent-withdrawn", withdrawn});
  return all;
}

}  // namespace psl::fhir::test
