// Codes and identifiers of orientations, enrolments and circles in FHIR: who publishes each system, and ours
// where nobody does. docs/fhir-targets.md lists them for those who read our resources.
#pragma once

#include <string>
#include <string_view>

namespace psl::fhir {

// Our own code systems lie below one OID that a UUID gives (ITU-T X.667), so that no registration is needed:
// what is asked, why a proposal ended, what a member is to the patient, what came out.
inline constexpr std::string_view own_orientation_system =
    "urn:oid:2.25.126819608589065617350721453569917036772.1";
inline constexpr std::string_view own_reason_system =
    "urn:oid:2.25.126819608589065617350721453569917036772.2";
inline constexpr std::string_view own_role_system = "urn:oid:2.25.126819608589065617350721453569917036772.3";
inline constexpr std::string_view own_output_system =
    "urn:oid:2.25.126819608589065617350721453569917036772.4";
// The codes of HL7 BSeR (TaskBusinessStatusCS), which are those of IHE 360X, under a system of ours: a
// validator takes an hl7.org system only when it has its definition, and that guide is loaded nowhere in
// France.
inline constexpr std::string_view own_business_system =
    "urn:oid:2.25.126819608589065617350721453569917036772.5";
// Its codes are canonicals of protocols, so that an EpisodeOfCare is found by its protocol.
inline constexpr std::string_view own_protocol_system =
    "urn:oid:2.25.126819608589065617350721453569917036772.6";
// Its codes are numbers: of two states of one thing, the newer has the greater one.
inline constexpr std::string_view own_order_system = "urn:oid:2.25.126819608589065617350721453569917036772.7";

inline constexpr std::string_view specialty_system =
    "https://mos.esante.gouv.fr/NOS/TRE_R38-SpecialiteOrdinale/FHIR/TRE-R38-SpecialiteOrdinale";
inline constexpr std::string_view profession_system =
    "https://mos.esante.gouv.fr/NOS/TRE_G15-ProfessionSante/FHIR/TRE-G15-ProfessionSante";
inline constexpr std::string_view participation_system =
    "https://mos.esante.gouv.fr/NOS/TRE_R259-HL7ParticipationFunction/FHIR/TRE-R259-HL7ParticipationFunction";
inline constexpr std::string_view care_role_system =
    "https://mos.esante.gouv.fr/NOS/TRE_R85-RolePriseCharge/FHIR/TRE-R85-RolePriseCharge";
inline constexpr std::string_view mailbox_kind_system =
    "https://mos.esante.gouv.fr/NOS/TRE_R256-TypeMessagerie/FHIR/TRE-R256-TypeMessagerie";
// HL7; its IRCP, the information recipient, is of R4's SecurityRoleType.
inline constexpr std::string_view participation_type_system =
    "http://terminology.hl7.org/CodeSystem/v3-ParticipationType";
inline constexpr std::string_view rpps_system = "https://rpps.esante.gouv.fr";
inline constexpr std::string_view fr_core = "https://hl7.fr/ig/fhir/core/StructureDefinition/";
inline constexpr std::string_view cds = "https://interop.esante.gouv.fr/ig/fhir/cds/StructureDefinition/";

}  // namespace psl::fhir
