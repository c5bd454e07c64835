// Orientations, enrolments and circles as they reach the FHIR translation, for tests to change one field at a
// time. Synthetic people, test OID.
#pragma once

#include <google/protobuf/text_format.h>

#include <string>
#include <vector>

#include "fhir/care_bundle.h"
#include "gateway/base/result.h"
#include "gateway/care/orientation.h"
#include "gateway/core/states.h"
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
    care.set_circle_id(circle_case.raw());
  }

  // In 2026.
  static int32_t paris(Instant at) { return at.us < 1'792'890'000'000'000 ? 7200 : 3600; }
  v1::CoordinationEvent& event() { return *request.mutable_event(); }
  stored::OrientationCase& orientation_case() { return *care.mutable_orientation(); }
  CareInput input(Dialect dialect) const {
    return {request, header, care, tenant, event_id, Instant{(asked_at + 86400) * 1000000}, dialect, paris};
  }
  CareBundle bundle(Dialect dialect = Dialect::fr_core_2_1_0) const {
    return write_care_bundle(input(dialect));
  }

  // An orientation as the core begins it: whose turn it is, is asked.
  void make_orientation(const std::string& orientation, const std::vector<std::string>& candidates) {
    parse_text(orientation, *event().mutable_orientation());
    *event().add_recipients()->mutable_fhir_server()->mutable_name() = "territoire";
    std::vector<care::NewProposal> proposals;
    for (const std::string& candidate : candidates) {
      proposals.push_back(
          {event().recipients_size(), proposal_id(static_cast<int>(proposals.size()) + 1), false});
      parse_text(candidate, *event().add_recipients());
    }
    stored::OrientationCase asked;
    asked.set_event_id(event_id.raw());
    asked.set_answer_within_s(172800);
    *asked.mutable_event() = event();
    orientation_case() = care::begin(std::move(asked), proposals, now).state;
  }
  // What somebody says of it, ten minutes after it happened and an hour after what was said before: the event
  // is now that update, and the case what the core makes of it.
  void say(const std::string& update) {
    now.us += 3'600'000'000;
    become_update();
    parse_text(update, *event().mutable_orientation_update());
    const auto step =
        care::apply(orientation_case(), event().orientation_update(), now, Instant{now.us - 600'000'000});
    PSL_CHECK(step.ok());
    orientation_case() = step->state;
  }
  void answer(int place, const std::string& answer) {
    say("proposal_id: \"" + proposal_id(place + 1).text() + "\" step: " + answer);
  }
  // What time does, or deliveries that failed.
  void elapse(int64_t passed_s, const std::vector<DeliveryState>& deliveries = {}) {
    now.us += passed_s * 1000000;
    const auto step = care::elapse(orientation_case(), deliveries, now);
    PSL_CHECK(step.has_value());
    become_update();
    event().mutable_orientation_update()->set_step(step->visible);
    orientation_case() = step->state;
  }
  void become_update() {
    event().clear_kind();
    event().clear_recipients();
    event().mutable_orientation_update()->set_orientation_event_id(
        Uuid::from_raw(orientation_case().event_id())->text());
    event().mutable_occurred_at()->set_seconds(now.us / 1000000 - 600);
    event_id.bytes[14] = static_cast<uint8_t>(event_id.bytes[14] + 1);
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
  void set_order(int64_t order) {
    stored::OrientationCase* asked = care.has_orientation() ? &orientation_case() : nullptr;
    asked != nullptr ? asked->set_order(order) : care.mutable_circle()->set_order(order);
  }
  // Of an enrolment: a state that it has been in.
  void add_past(v1::PathwayEnrolment::Status status, int64_t from) {
    auto& past = *care.add_enrolment_history();
    past.set_status(status);
    past.mutable_from()->set_seconds(from);
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
  Uuid circle_case = *Uuid::parse("c1c1c1c1-2222-8333-8444-555555555555");
  Uuid enrolment_case = *Uuid::parse("e1e1e1e1-2222-8333-8444-555555555555");
  // When what was said last was accepted.
  Instant now{(asked_at + 60) * 1000000};

  static constexpr int64_t asked_at = 1795338000;  // 2026-11-22T09:00:00Z
  static constexpr const char* booked_text =
      "step: BOOKED appointment { start { seconds: 1795600800 } end { seconds: 1795602600 } place: "
      "\"Cabinet, "
      "2e étage\" }";
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
  return one;
}

inline CareSample specialist_sample() {
  CareSample one;
  one.make_orientation(R"(
    kind: SPECIALIST reason: "Dyspnée d'effort récente." specialty { code: "SM04" label: "Cardiologie" }
    urgency: URGENT wanted_from { seconds: 1795420800 } wanted_before { seconds: 1796025600 } mode: ONE_BY_ONE
    context: "Souffle systolique connu." patient_informed: true)",
                       {CareSample::other_doctor_text, CareSample::doctor_text, CareSample::hospital_text});
  one.answer(0, "DECLINED reason: NOT_AVAILABLE reason_text: \"Pas de place avant mars.\"");
  one.answer(1, "ACCEPTED");
  return one;
}

inline CareSample paramedical_sample() {
  CareSample one;
  one.make_orientation(R"(
    kind: PARAMEDICAL reason: "Pansements à domicile." profession { code: "60" label: "Infirmier" }
    urgency: AS_SOON_AS_POSSIBLE mode: PARALLEL patient_informed: true facts { home_visit_needed: true })",
                       {CareSample::other_doctor_text, CareSample::mailbox_text, CareSample::doctor_text,
                        CareSample::hospital_text});
  one.elapse(600, {DeliveryState::delivered, DeliveryState::delivered, DeliveryState::rejected,
                   DeliveryState::delivered});
  one.answer(3, "ACCEPTED");
  return one;
}

inline CareSample admission_sample() {
  CareSample one;
  one.make_orientation(R"(
    kind: DIRECT_ADMISSION reason: "Décompensation cardiaque débutante." urgency: AS_SOON_AS_POSSIBLE
    mode: ONE_BY_ONE patient_informed: true)",
                       {CareSample::hospital_text});
  one.answer(0, "ACCEPTED");
  one.say(CareSample::booked_text);
  return one;
}

inline CareSample unscheduled_sample() {
  CareSample one;
  one.make_unqualified();
  one.make_orientation(R"(
    kind: UNSCHEDULED_CARE reason: "Fièvre depuis trois jours." urgency: AS_SOON_AS_POSSIBLE mode: PARALLEL
    patient_informed: true)",
                       {CareSample::other_doctor_text, CareSample::mailbox_text});
  return one;
}

inline CareSample support_sample() {
  CareSample one;
  one.make_orientation(R"(
    kind: COORDINATION_SUPPORT reason: "Situation complexe." mode: ONE_BY_ONE patient_informed: true
    facts { social_support: true })",
                       {CareSample::tool_text});
  one.elapse(172800);
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
  one.care.set_enrolment_id(one.enrolment_case.raw());
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
  completed.answer(0, "ACCEPTED");
  completed.say("step: COMPLETED");
  CareSample booked = specialist_sample();
  booked.say(CareSample::booked_text);
  CareSample seen = booked;
  seen.say("step: SEEN reason_text: \"Compte rendu à venir.\"");
  CareSample absent = paramedical_sample();
  absent.say(CareSample::booked_text);
  absent.say("step: NO_SHOW");
  CareSample booked_again = absent;
  booked_again.say("step: BOOKED appointment { start { seconds: 1796205600 } end { seconds: 1796207400 } }");
  CareSample stepped_back = booked;
  stepped_back.say("step: PATIENT_DECLINED reason: OTHER reason_text: \"Trop loin pour lui.\"");
  CareSample cancelled = admission_sample();
  cancelled.say("step: CANCELLED reason: NO_LONGER_NEEDED reason_text: \"Hospitalisé hier.\"");
  CareSample withdrawn = unscheduled_sample();
  withdrawn.say("step: CANCELLED reason: NO_LONGER_NEEDED");
  all.push_back({"physician-asked", physician_sample()});
  all.push_back({"physician-completed", completed});
  all.push_back({"specialist-second-accepted", specialist_sample()});
  all.push_back({"specialist-booked", booked});
  all.push_back({"specialist-seen", seen});
  all.push_back({"specialist-patient-declined", stepped_back});
  all.push_back({"paramedical-parallel", paramedical_sample()});
  all.push_back({"paramedical-no-show", absent});
  all.push_back({"paramedical-booked-again", booked_again});
  all.push_back({"admission-booked", admission_sample()});
  all.push_back({"admission-cancelled", cancelled});
  all.push_back({"unscheduled-unqualified", unscheduled_sample()});
  all.push_back({"unscheduled-cancelled", withdrawn});
  all.push_back({"support-spent", support_sample()});
}

inline std::vector<NamedSample> all_samples() {
  std::vector<NamedSample> all;
  add_orientations(all);
  CareSample left = circle_sample();
  left.care.set_circle_known(true);
  left.event().clear_kind();
  left.event().mutable_care_circle_change()->add_leaves()->set_member_id("m3");
  left.care.mutable_circle()->mutable_memberships(2)->mutable_until()->set_seconds(CareSample::asked_at);
  CareSample withdrawn = circle_sample();
  withdrawn.care.set_circle_known(true);
  withdrawn.event().clear_kind();
  withdrawn.add_consent(v1::Consent::WITHDRAWN);
  *withdrawn.event().mutable_care_circle_change()->mutable_consent() =
      withdrawn.care.circle().consents(1).consent();
  CareSample planned = enrolment_sample("status: PLANNED");
  planned.add_past(v1::PathwayEnrolment::PLANNED, CareSample::asked_at - 86400);
  CareSample active = enrolment_sample("status: ACTIVE start { seconds: 1795338000 }");
  active.add_past(v1::PathwayEnrolment::PLANNED, CareSample::asked_at - 86400);
  active.add_past(v1::PathwayEnrolment::ACTIVE, CareSample::asked_at);
  CareSample finished = enrolment_sample(
      "status: FINISHED start { seconds: 1780000000 } end { seconds: 1795338000 } end_reason: GOALS_REACHED");
  finished.add_past(v1::PathwayEnrolment::ACTIVE, 1780000000);
  finished.add_past(v1::PathwayEnrolment::ON_HOLD, 1785000000);
  finished.add_past(v1::PathwayEnrolment::ACTIVE, 1786000000);
  finished.add_past(v1::PathwayEnrolment::FINISHED, CareSample::asked_at);
  all.push_back({"enrolment-planned", planned});
  all.push_back({"enrolment-active", active});
  all.push_back({"enrolment-finished", finished});
  all.push_back({"circle-join", circle_sample()});
  all.push_back({"circle-leave", left});
  all.push_back({"circle-consent-withdrawn", withdrawn});
  // Each as one that came after those before it.
  int64_t order = CareSample::asked_at * 1000000;
  for (NamedSample& one : all) one.sample.set_order(order += 60'000'000);
  return all;
}

}  // namespace psl::fhir::test
