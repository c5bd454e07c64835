// Structured letters about people who do not exist, and the CDA that is written from them.
#pragma once

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "adapters/formats/cda/letter_writer.h"
#include "adapters/formats/document_check.h"
#include "passerelle/v1/gateway.pb.h"
#include "tests/adapters/formats/cda_fixtures.h"

namespace psl::test {

inline Uuid letter_event_id() { return *Uuid::parse("5f0c8a4e-7b1d-8e2a-9c3f-0123456789ab"); }

inline passerelle::v1::StructuredLetter& letter_of(passerelle::v1::SubmitEventRequest& request) {
  return *request.mutable_event()->mutable_discharge_letter()->mutable_structured();
}

inline passerelle::v1::SubmitEventRequest parsed_letter(std::string_view text) {
  passerelle::v1::SubmitEventRequest request;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(std::string(text), &request));
  return request;
}

// Nothing but what is required: a patient without INS, who leaves without any treatment.
inline passerelle::v1::SubmitEventRequest minimal_letter() {
  return parsed_letter(R"(
    idempotency_key: "letter-minimal"
    event {
      tenant: "demo"
      source {
        software: "DPI 4.2"
        organization { national_id: "1250000452" name: "Centre hospitalier du Val d'Aubois" }
      }
      subject {
        status: IDENTITY_STATUS_PROVISIONAL
        birth_family_name: "MOREAU" first_birth_given_name: "PAUL"
        sex: SEX_MALE birth_date: "1971-06-02"
        local_id { value: "IPP-000777" oid: "1.2.250.1.999.1.1" }
      }
      legal_basis: LEGAL_BASIS_EXCHANGE
      recipients { person { mailbox: "medecin@exemple.mssante.fr" } }
      occurred_at { seconds: 1794992400 }
      discharge_letter {
        structured {
          metadata {
            created_at { seconds: 1795000000 }
            authors {
              national_id: "810001234565" family_name: "LEFÈVRE"
              specialty_code: "G15_10/SM26" specialty_label: "Médecine générale"
            }
            encounter {
              start { seconds: 1794906000 } end { seconds: 1794992400 }
              facility_type { code: "SA01" }
              practice_setting { code: "ETABLISSEMENT" }
            }
          }
          reason: "Surveillance après malaise."
          stay {
            admission_mode: ADMISSION_MODE_EMERGENCY
            discharge_mode: DISCHARGE_MODE_HOME
            synthesis: "Malaise vagal, examens normaux."
            microorganisms_searched: YES_NO_NO
            transfusion: YES_NO_NO
            blood_derivatives: YES_NO_NO
          }
          treatments_at_discharge { none: NONE_NO_TREATMENT }
        }
      }
    })");
}

namespace letter_text {

inline constexpr std::string_view complete_envelope = R"(
    idempotency_key: "letter-complete"
    event {
      tenant: "demo"
      source {
        software: "DPI 4.2"
        organization {
          national_id: "1250000452" name: "Centre hospitalier du Val d'Aubois"
          address { lines: "12 rue des Tilleuls" postal_code: "25000" city: "BESANÇON" }
          telecoms { uri: "tel:+33381000000" use: USE_WORK }
        }
      }
      subject {
        status: IDENTITY_STATUS_QUALIFIED
        ins { matricule: "158033930012771" oid: "1.2.250.1.213.1.4.10" }
        birth_family_name: "LEFEBVRE DE LA ROCHE" birth_given_names: "JEAN-NOEL ARMAND"
        first_birth_given_name: "JEAN-NOEL"
        used_family_name: "DE LA ROCHE" used_given_name: "ARMAND"
        sex: SEX_MALE birth_date: "1958-03-12" birth_place_code: "39300" birth_place_name: "LONS-LE-SAUNIER"
        local_id { value: "IPP-000456" oid: "1.2.250.1.999.1.1" }
        address { lines: "3 place de l'Église" lines: "Bâtiment B" postal_code: "39000" city: "LONS-LE-SAUNIER" }
        telecoms { uri: "tel:+33600000000" use: USE_MOBILE }
        guardians {
          name { prefix: "M" family_name: "MARTINET" given_name: "Luc" }
          address { lines: "8 rue du Puits" postal_code: "39000" city: "LONS-LE-SAUNIER" }
          telecoms { uri: "tel:+33384000011" use: USE_HOME }
        }
      }
      legal_basis: LEGAL_BASIS_EXCHANGE
      recipients { person { mailbox: "medecin@exemple.mssante.fr" } }
      occurred_at { seconds: 1794992400 }
      discharge_letter { structured {
)";

inline constexpr std::string_view complete_metadata = R"text(
      metadata {
        title: "Lettre de liaison du service de cardiologie"
        created_at { seconds: 1795000000 }
        authors {
          national_id: "810001234565" family_name: "LEFÈVRE" given_name: "Zoé" prefix: "MME" suffix: "DR"
          specialty_code: "G15_10/SM04" specialty_label: "Médecin - Cardiologie et maladies vasculaires (SM)"
          telecoms { uri: "tel:+33381000001" use: USE_WORK }
        }
        legal_authenticator {
          national_id: "810002000106" family_name: "D'HAUTECOUR" given_name: "Hélène" prefix: "MME" suffix: "PR"
        }
        data_enterer { national_id: "3250000452/sec-12" family_name: "PETITJEAN" given_name: "Lucie" prefix: "MME" }
        approvers {
          national_id: "810003000204" family_name: "ROUX" given_name: "Gaël" suffix: "DR"
          specialty_code: "G15_10/SM26" specialty_label: "Médecine générale"
        }
        related_persons {
          role: ROLE_EMERGENCY_CONTACT relationship_code: "SIS"
          name { family_name: "LEFEBVRE" given_name: "Anne" prefix: "MME" }
          address { lines: "5 chemin des Vignes" postal_code: "39570" city: "MONTMOROT" }
          telecoms { uri: "tel:+33600000001" use: USE_MOBILE }
        }
        related_persons {
          role: ROLE_TRUSTED_PERSON relationship_code: "SIGOTHR"
          name { birth_family_name: "N'DIAYE" family_name: "DE LA ROCHE" given_name: "Aïssata" }
          telecoms { uri: "tel:+33600000002" use: USE_MOBILE }
        }
        related_persons { role: ROLE_CAREGIVER relationship_code: "TUTEUR" name { family_name: "MARTINET" } }
        participants {
          role: ROLE_PRIMARY_CARE_PHYSICIAN
          professional {
            national_id: "810004000302" family_name: "CHEVALIER" given_name: "Maëlle" prefix: "MME" suffix: "DR"
            specialty_code: "G15_10/SM26" specialty_label: "Médecine générale"
            address { lines: "1 rue du Commerce" postal_code: "39000" city: "LONS-LE-SAUNIER" }
            telecoms { uri: "tel:+33384000001" use: USE_WORK }
            organization { national_id: "1390001451" name: "Maison de santé des Salines" }
          }
        }
        participants {
          role: ROLE_REFERRER
          professional { national_id: "810005000400" family_name: "FAURE" given_name: "Tom" suffix: "DR" }
        }
        participants {
          role: ROLE_CARE_TEAM_MEMBER
          professional {
            national_id: "810006000508" family_name: "GIRARDOT" given_name: "Inès"
            specialty_code: "G15_60" specialty_label: "Infirmier"
          }
        }
        addressees {
          national_id: "810004000302" family_name: "CHEVALIER" given_name: "Maëlle" prefix: "MME" suffix: "DR"
          organization { national_id: "1390001451" name: "Maison de santé des Salines" }
        }
        addressees { national_id: "810006000508" family_name: "GIRARDOT" given_name: "Inès" }
        encounter {
          start { seconds: 1794387600 } end { seconds: 1794992400 }
          local_id { value: "SEJ-42" oid: "1.2.250.1.999.1.2" }
          facility_type { code: "SA01" }
          practice_setting { code: "ETABLISSEMENT" }
          responsible { national_id: "810002000106" family_name: "D'HAUTECOUR" given_name: "Hélène" suffix: "PR" }
          participants {
            role: ROLE_DISCHARGER
            professional { national_id: "810001234565" family_name: "LEFÈVRE" given_name: "Zoé" suffix: "DR" }
          }
          participants {
            role: ROLE_CONSULTANT
            professional { national_id: "810007000606" family_name: "ABADIE" given_name: "Noé" suffix: "DR" }
          }
        }
      }
)text";

inline constexpr std::string_view complete_stay = R"(
      reason: "Dyspnée d'effort d'aggravation progressive depuis trois semaines.\nŒdèmes des membres inférieurs."
      stay {
        admission_mode: ADMISSION_MODE_EMERGENCY
        discharge_mode: DISCHARGE_MODE_REHABILITATION
        synthesis: "Décompensation cardiaque gauche sur passage en fibrillation atriale, fraction d'éjection à 38 %.\n\n"
          "Évolution favorable sous furosémide intraveineux : perte de 6 kg, sevrage de l'oxygène à J3.\n"
          "Anticoagulation par apixaban ; ralentissement par bisoprolol.\n\n"
          "Poids de sortie : 74,2 kg. Pression artérielle : 118/72 mmHg."
        adverse_events: "Hypokaliémie à 3,1 mmol/L, corrigée en 48 h."
        microorganisms_searched: YES_NO_YES
        microorganisms_found: "Escherichia coli BLSE (portage rectal)."
        transfusion: YES_NO_YES
        transfusion_accidents: "Aucun."
        blood_derivatives: YES_NO_YES
        blood_derivatives_events: "Aucun."
      }
      treatments_given {
        medicine {
          text: "FUROSÉMIDE 20 mg/2 mL, solution injectable"
          codes { system: "2.16.840.1.113883.6.73" code: "C03CA01" label: "Furosémide" }
        }
        start_date: "2026-11-11" end_date: "2026-11-15"
        dosage: "40 mg trois fois par jour" route_code: "20045000" change: CHANGE_STOPPED
        comment: "Relais par voie orale."
      }
)";

inline constexpr std::string_view complete_treatments = R"(
      treatments_at_discharge {
        treatments {
          medicine {
            text: "ÉLIQUIS 5 mg, comprimé pelliculé"
            codes { system: "1.2.250.1.213.2.3.1" code: "65222412" label: "ELIQUIS 5 mg, comprimé pelliculé" }
            codes { system: "1.2.250.1.213.2.3.2" code: "3400949999999" label: "ELIQUIS 5 mg, 60 comprimés" }
            codes { system: "2.16.840.1.113883.6.73" code: "B01AF02" label: "Apixaban" }
          }
          start_date: "2026-11-12" end_date: "2027-02-12"
          dosage: "1 comprimé matin et soir" dose { value: "1" unit: "{comprimé}" } every { value: "12" unit: "h" }
          daily_maximum { value: "10" unit: "mg" } route_code: "20053000" change: CHANGE_STARTED
          comment: "Fibrillation atriale. Ne pas interrompre sans avis."
        }
        treatments {
          medicine { text: "BISOPROLOL 2,5 mg, comprimé" }
          start_date: "2026-11-13"
          dosage: "un demi-comprimé le matin" dose { value: "0,5" unit: "{comprimé}" } route_code: "20053000"
          change: CHANGE_MODIFIED comment: "Dose divisée par deux (bradycardie)."
        }
        treatments {
          medicine { text: "PARACÉTAMOL 1 g" } dosage: "si douleur, au plus 3 fois par jour" change: CHANGE_CONTINUED
        }
        treatments {
          medicine { text: "IBUPROFÈNE 400 mg" } end_date: "2026-11-11" start_date: "2026-10"
          change: CHANGE_STOPPED comment: "Contre-indiqué : insuffisance cardiaque et anticoagulant."
        }
      }
)";

inline constexpr std::string_view complete_rest = R"(
      exam_results {
        text: "Biologie de sortie ci-dessous.\nÉchographie cardiaque de contrôle attendue."
        results { label: "NT-proBNP" value: "2 140 ng/L" reference_range: "< 300" date: "2026-11-17" }
        results { label: "Créatinine" value: "98 µmol/L" reference_range: "64 à 104" date: "2026-11-17" }
        results { label: "Holter ECG" }
      }
      care_plan {
        text: "Pesée quotidienne. Appeler le service si prise de plus de 2 kg en 3 jours."
        acts {
          act {
            text: "Échocardiographie transthoracique"
            codes { system: "1.2.250.1.215.300.1" code: "DZQM006" label: "Échographie-doppler transthoracique du cœur" }
          }
          date: "2027-01-12" priority: PRIORITY_ROUTINE
        }
        acts { act { text: "Cardioversion électrique" } priority: PRIORITY_SOON }
        requests { text: "Ionogramme et créatinine" date: "2026-11-25" }
        requests { text: "Suivi infirmier à domicile du poids et de la tension" }
        appointments {
          text: "Dr LEFÈVRE, consultation de cardiologie, Centre hospitalier du Val d'Aubois"
          class_code: "AMB" date: "2026-12-16" status: STATUS_BOOKED
        }
        appointments { text: "Médecin traitant, réévaluation du traitement" date: "2026-11" priority: PRIORITY_URGENT }
      }
      devices {
        device {
          text: "Stimulateur cardiaque double chambre"
          codes { system: "1.2.250.1.213.2.68" code: "J010103" label: "STIMULATEURS CARDIAQUES IMPLANTABLES DOUBLE CHAMBRE" }
          codes { system: "1.2.250.1.213.2.65" code: "C50FA04" label: "STIMULATEUR CARDIAQUE IMPLANTABLE DOUBLE CHAMBRE" }
        }
        udi: "(01)03760000000016(21)SN-4711" start_date: "2019-04-02" comment: "Contrôlé le 13/11/2026."
      }
      devices { device { text: "Bas de contention, classe 2" } start_date: "2026-11-18" end_date: "2027-05" }
      allergies {
        allergies {
          kind: KIND_MEDICINE_ALLERGY
          agent {
            text: "Amoxicilline"
            codes { system: "2.16.840.1.113883.6.73" code: "J01CA04" label: "Amoxicilline" }
          }
          reaction: "Urticaire généralisée" severity: SEVERITY_SEVERE since: "2004"
        }
        allergies { kind: KIND_FOOD_INTOLERANCE agent { text: "Lactose" } }
      }
    } }
  }
)";

}  // namespace letter_text

// All that a letter can say, about a man with a qualified INS (test OID).
inline passerelle::v1::SubmitEventRequest complete_letter() {
  std::string text;
  for (const std::string_view part :
       {letter_text::complete_envelope, letter_text::complete_metadata, letter_text::complete_stay,
        letter_text::complete_treatments, letter_text::complete_rest}) {
    text += part;
  }
  return parsed_letter(text);
}

// The second of twins, without INS: his own number, and his mother as guardian and as related person.
inline passerelle::v1::SubmitEventRequest newborn_letter() {
  passerelle::v1::SubmitEventRequest request = parsed_letter(R"(
    event {
      subject {
        status: IDENTITY_STATUS_PROVISIONAL
        birth_family_name: "SAINT-AUBIN" first_birth_given_name: "MALO"
        sex: SEX_MALE birth_date: "2026-11-14" birth_place_code: "25056" birth_place_name: "BESANCON"
        local_id { value: "IPP-000901" oid: "1.2.250.1.999.1.1" }
        birth_rank: 2
        guardians {
          name { prefix: "MME" birth_family_name: "SAINT-AUBIN" given_name: "Chloé" family_name: "GARNIER" }
          local_id { value: "IPP-000900" oid: "1.2.250.1.999.1.1" }
          address { lines: "14 quai Vauban" postal_code: "25000" city: "BESANÇON" }
          telecoms { uri: "tel:+33600000009" use: USE_MOBILE }
        }
      }
      discharge_letter { structured {
        metadata {
          related_persons {
            role: ROLE_CONTACT relationship_code: "MTH"
            name { birth_family_name: "SAINT-AUBIN" given_name: "Chloé" family_name: "GARNIER" }
          }
        }
        reason: "Naissance à 37 semaines d'aménorrhée."
        allergies { none_known: true }
      } }
    })");
  passerelle::v1::SubmitEventRequest letter = minimal_letter();
  letter.mutable_event()->clear_subject();
  letter.MergeFrom(request);
  return letter;
}

// The level 3 CDA of such a request, completed as it is at the door.
inline std::string written_letter(const passerelle::v1::SubmitEventRequest& request) {
  const passerelle::v1::CoordinationEvent& event = request.event();
  passerelle::v1::Patient patient = event.subject();
  complete_patient(patient);
  passerelle::v1::DocumentMetadata metadata = event.discharge_letter().structured().metadata();
  complete_metadata(event, letter_event_id(), metadata);
  return write_letter({patient, metadata, event.discharge_letter().structured(),
                       event.discharge_letter().replaces(), letter_event_id(), paris()});
}

}  // namespace psl::test
