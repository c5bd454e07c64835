// Orientations, enrolments and changes of circle as intake stores them and adapters get them, for tests to
// change one field at a time. Synthetic people, test OID.
#pragma once

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "gateway/core/adapter.h"
#include "passerelle/internal/v1/stored.pb.h"
#include "passerelle/v1/config.pb.h"
#include "passerelle/v1/gateway.pb.h"

namespace psl {

struct SampleCare {
  Dispatch dispatch(int recipient_index = 0) const {
    return {request, header, document, care, tenant, recipient_index, event_id, delivery_id, 0, dated_at};
  }
  v1::CoordinationEvent& event() { return *request.mutable_event(); }
  stored::Routed& routed(int recipient_index) {
    while (care.routed_size() <= recipient_index) care.add_routed();
    return *care.mutable_routed(recipient_index);
  }
  void tell(int recipient_index, stored::Telling telling) { routed(recipient_index).set_telling(telling); }

  v1::SubmitEventRequest request;
  stored::Care care;
  v1::Tenant tenant;
  // What the office fills.
  stored::DocumentHeader header;
  FrozenDocument document;
  Uuid event_id = *Uuid::parse("5f0c8a4e-7b1d-8e2a-9c3f-0123456789ab");
  Uuid delivery_id = *Uuid::parse("0b6f1c9e-7a55-8c3d-9e21-4d5f6a7b8c9d");
  Instant dated_at{1795338001'000000};  // 2026-11-22T09:00:01Z
};

namespace care_text {

inline constexpr std::string_view envelope = R"(
  tenant: "bresse"
  source {
    software: "Logiciel fictif 4.2"
    organization {
      national_id: "410001234565001" name: "Cabinet du Dr Lefèvre"
      address { lines: "12 rue des Tilleuls" postal_code: "71500" city: "LOUHANS" }
      telecoms { uri: "tel:+33385000000" use: USE_WORK }
    }
    professional {
      national_id: "810001234565" family_name: "LEFÈVRE" given_name: "Zoé" suffix: "DR"
      specialty_code: "G15_10/SM54" telecoms { uri: "tel:+33385000001" use: USE_WORK }
    }
  }
  subject {
    status: IDENTITY_STATUS_QUALIFIED
    ins { matricule: "265033947811573" oid: "1.2.250.1.213.1.4.10" }
    birth_family_name: "DE LA TOUR" birth_given_names: "MARIE-ÈVE ANNE" first_birth_given_name: "MARIE-ÈVE"
    used_family_name: "D'ARGENT" used_given_name: "ÈVE"
    sex: SEX_FEMALE birth_date: "1965-03-09" birth_place_code: "39478"
    local_id { value: "IPP-000123" oid: "1.2.250.1.999.1.1" }
    address { lines: "3 place de l'Église" postal_code: "71500" city: "LOUHANS" }
    telecoms { uri: "tel:+33600000000" use: USE_MOBILE }
  }
  legal_basis: LEGAL_BASIS_EXCHANGE
  occurred_at { seconds: 1795338001 }
)";

inline constexpr std::string_view candidates = R"(
  recipients {
    person {
      mailbox: "claire.modele@medecin.demo.mssante.fr"
      professional { national_id: "810002000106" family_name: "MODELE" given_name: "Claire" suffix: "DR" }
    }
  }
  recipients {
    person {
      mailbox: "hugo.essai@medecin.demo.mssante.fr"
      professional {
        national_id: "810003000204" family_name: "ESSAI" given_name: "Hugo" suffix: "DR"
        specialty_code: "G15_10/SM04" telecoms { uri: "tel:+33385000007" use: USE_WORK }
        organization { national_id: "1710000559" name: "Maison de santé des Étangs" }
      }
    }
  }
  recipients {
    structure {
      mailbox: "lits@hopital.demo.mssante.fr"
      organization {
        national_id: "1710780263" name: "Centre hospitalier fictif de Louhans"
        telecoms { uri: "tel:+33385000009" use: USE_WORK }
      }
    }
  }
)";

inline constexpr std::string_view asked = R"(
  orientation {
    kind: SPECIALIST
    reason: "Dyspnée d'effort depuis trois semaines, souffle systolique.\nAvis et échographie souhaités."
    reason_codes { code: "R06.0" system: "2.16.840.1.113883.6.3" label: "Dyspnée" }
    specialty { code: "SM04" }
    urgency: URGENT
    facts { long_term_illness: true home_visit_needed: true lives_alone: true social_cover: true daily_medicines: 7 }
    wanted_from { seconds: 1795388400 } wanted_before { seconds: 1795820400 }
    commune_code: "71263"
    treatments: "Bisoprolol 2,5 mg le matin.\nApixaban 5 mg matin et soir."
    allergies: "Pénicilline : urticaire en 2009."
    context: "Vit seule au deuxième étage sans ascenseur."
    patient_informed: true
  }
)";

inline constexpr std::string_view nurse = R"(
  member_id: "ide" role: MEMBER_ROLE_NURSE
  standing: STANDING_HEALTH_PROFESSIONAL basis: MEMBER_BASIS_CARE_TEAM
  person {
    mailbox: "ines.girard@infirmier.demo.mssante.fr"
    professional { national_id: "810006000508" family_name: "GIRARD" given_name: "Inès" prefix: "MME" }
  }
)";

// The circle after the event: the médecin traitant, a nurse who joined, and a home help who left.
inline std::string circle() {
  return std::string(R"(circle {
    memberships {
      member {
        member_id: "mt" role: MEMBER_ROLE_PRIMARY_CARE_PHYSICIAN
        standing: STANDING_HEALTH_PROFESSIONAL basis: MEMBER_BASIS_CARE_TEAM
        person {
          mailbox: "claire.modele@medecin.demo.mssante.fr"
          professional {
            national_id: "810002000106" family_name: "MODELE" given_name: "Claire" suffix: "DR"
            telecoms { uri: "tel:+33385000006" use: USE_WORK }
            organization { national_id: "1710000559" name: "Maison de santé des Étangs" }
          }
        }
      }
      from { seconds: 1767225600 }
    }
    memberships {
      member {
        member_id: "saad" role: MEMBER_ROLE_HOME_HELP
        standing: STANDING_SOCIAL_PROFESSIONAL basis: MEMBER_BASIS_CARE_TEAM
        structure {
          mailbox: "contact@saad.demo.mssante.fr"
          organization { national_id: "1710000666" name: "Aide à domicile fictive de la Bresse" }
        }
      }
      from { seconds: 1767225600 } until { seconds: 1795338001 }
    }
    memberships { from { seconds: 1795338001 } member {)")
      .append(nurse)
      .append("} } }");
}

}  // namespace care_text

inline SampleCare parsed_care(const std::string& event, const std::string& care) {
  using google::protobuf::TextFormat;
  SampleCare sample;
  EXPECT_TRUE(TextFormat::ParseFromString(event, sample.request.mutable_event()));
  EXPECT_TRUE(TextFormat::ParseFromString(care, &sample.care));
  EXPECT_TRUE(TextFormat::ParseFromString(
      R"(name: "bresse" time_zone: "Europe/Paris"
         organization { national_id: "1710000000" name: "CPTS de la Bresse fictive" })",
      &sample.tenant));
  sample.request.set_idempotency_key("care-1");
  *sample.header.mutable_patient() = sample.request.event().subject();
  return sample;
}

// An orientation towards a cardiologist: recipient 0 is kept informed, 1 and 2 are candidates, of whom 1 is
// asked.
inline SampleCare stored_orientation() {
  using namespace care_text;
  SampleCare sample = parsed_care(std::string(envelope).append(candidates).append(asked), R"(
    routed { telling: TELLING_DOCUMENT }
    routed {
      telling: TELLING_PROPOSAL origin: RECIPIENT_ORIGIN_CANDIDATE
      answer_link: "https://reponse.demo.example/r/0b6f1c9e.1795510801.c2lnbmF0dXJl" answer_code: "PSL-7K3M-9QXD"
    }
    routed { telling: TELLING_PROPOSAL origin: RECIPIENT_ORIGIN_CANDIDATE answer_code: "PSL-2B4C-6D8E" }
    orientation {
      state: ORIENTATION_STATE_OPEN answer_within_s: 172800
      proposals {
        recipient_index: 1 state: PROPOSAL_STATE_PROPOSED
        proposed_at { seconds: 1795338001 } expires_at { seconds: 1795510801 }
      }
      proposals { recipient_index: 2 state: PROPOSAL_STATE_WAITING }
    })");
  stored::OrientationCase& state = *sample.care.mutable_orientation();
  state.set_event_id(sample.event_id.raw());
  state.mutable_proposals(0)->set_delivery_id(sample.delivery_id.raw());
  state.mutable_proposals(1)->set_delivery_id(Uuid::parse("0b6f1c9e-7a55-8c3d-9e21-4d5f6a7b8c9e")->raw());
  *state.mutable_event() = sample.request.event();
  return sample;
}

// What became of it: recipient 0 is kept informed, recipient 1 is the candidate who accepted.
inline SampleCare stored_update(v1::OrientationUpdate::Step step) {
  SampleCare sample = stored_orientation();
  v1::CoordinationEvent& event = sample.event();
  event.mutable_recipients()->RemoveLast();
  v1::OrientationUpdate& update = *event.mutable_orientation_update();
  update.set_orientation_event_id(sample.event_id.text());
  update.set_step(step);
  stored::OrientationCase& state = *sample.care.mutable_orientation();
  state.mutable_proposals(0)->set_state(v1::PROPOSAL_STATE_ACCEPTED);
  state.set_state(v1::ORIENTATION_STATE_ACCEPTED);
  if (step == v1::OrientationUpdate::BOOKED) {
    state.set_state(v1::ORIENTATION_STATE_BOOKED);
    update.mutable_appointment()->mutable_start()->set_seconds(1795505400);
    update.mutable_appointment()->set_place("Maison de santé des Étangs, bureau 3");
    *state.mutable_appointment() = update.appointment();
  }
  if (step == v1::OrientationUpdate::RESCHEDULED) {
    update.mutable_wanted_from()->set_seconds(1795474800);
    update.mutable_wanted_before()->set_seconds(1795561200);
  }
  if (step == v1::OrientationUpdate::CANCELLED) {
    update.set_reason(v1::OrientationUpdate::NO_LONGER_NEEDED);
    state.set_state(v1::ORIENTATION_STATE_CANCELLED);
  }
  sample.event_id = *Uuid::parse("6a1d9b5f-8c2e-8f3b-8d4a-123456789abc");
  sample.delivery_id = *Uuid::parse("1c7a2d0f-8b66-8d4e-8f32-5e6a7b8c9d0e");
  sample.care.clear_routed();
  sample.tell(0, stored::TELLING_DOCUMENT);
  sample.tell(1, stored::TELLING_CONFIRMED);
  return sample;
}

// A woman in a parcours: recipient 0 is of her circle and gets the document, 1 a home help and gets a notice.
inline SampleCare stored_enrolment() {
  using namespace care_text;
  const std::string event = std::string(envelope)
                                .append(R"(
    recipients { person { mailbox: "claire.modele@medecin.demo.mssante.fr" } }
    recipients {
      structure {
        mailbox: "contact@saad.demo.mssante.fr" organization { name: "Aide à domicile fictive de la Bresse" }
      }
    }
    route_to_circle: true
    pathway_enrolment {
      enrolment_id: "inclusion-17" protocol_id: "insuffisance-cardiaque" protocol_version: "2"
      status: ACTIVE criteria_met: "IC_CONNUE" criteria_met: "BALANCE"
      start { seconds: 1795338001 }
      consent { decision: GIVEN decided_at { seconds: 1795251600 } expires_at { seconds: 1826787600 } }
      condition { text: "Insuffisance cardiaque chronique" codes { code: "I50.0" system: "2.16.840.1.113883.6.3" } }
      goals: "Éviter une réhospitalisation dans les six mois"
      goals: "Se peser chaque matin"
      activities { text: "Passage infirmier" member_id: "ide" planned_at { seconds: 1795852800 } }
      activities { text: "Éducation thérapeutique, quatre séances" }
      members {)")
                                .append(nurse)
                                .append("} }");
  return parsed_care(event, R"(
    routed { telling: TELLING_DOCUMENT origin: RECIPIENT_ORIGIN_CIRCLE member_id: "mt" }
    routed { telling: TELLING_REDUCED origin: RECIPIENT_ORIGIN_CIRCLE member_id: "saad" }
    routing { member_id: "mt" outcome: FULL rule: "TEAM_SHARES" }
    routing { member_id: "saad" outcome: REDUCED rule: "SOCIAL_TEAM_NOTICE" recipient_index: 1 }
    protocol_title: "Insuffisance cardiaque et balance connectée"
    criteria_labels: "Insuffisance cardiaque connue" criteria_labels: "Accepte une balance connectée"
    )" + circle());
}

// A nurse joins and the home help leaves.
inline SampleCare stored_circle_change() {
  using namespace care_text;
  const std::string event = std::string(envelope)
                                .append(R"(
    recipients { person { mailbox: "claire.modele@medecin.demo.mssante.fr" } }
    care_circle_change {
      leaves { member_id: "saad" }
      objection { standings: STANDING_OTHER }
      joins {)")
                                .append(nurse)
                                .append("} }");
  return parsed_care(event, "routed { telling: TELLING_DOCUMENT } " + circle());
}

}  // namespace psl
