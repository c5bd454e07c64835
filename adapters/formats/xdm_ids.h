// Identifiers that METADATA.XML is made of, for who writes it and for who checks it.
#pragma once

#include <string_view>

namespace psl::xds {

inline constexpr std::string_view lcm_space = "urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0";
inline constexpr std::string_view rim_space = "urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0";
inline constexpr std::string_view has_member = "urn:oasis:names:tc:ebxml-regrep:AssociationType:HasMember";
inline constexpr std::string_view approved = "urn:oasis:names:tc:ebxml-regrep:StatusType:Approved";

// IHE ITI TF-3 section 4.2.
inline constexpr std::string_view document_entry_type = "urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1";
inline constexpr std::string_view submission_set_node = "urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd";
inline constexpr std::string_view set_limited_node = "urn:uuid:5003a9db-8d8d-49e6-bf0c-990e34ac7707";
inline constexpr std::string_view entry_limited_node = "urn:uuid:ab9b591b-83ab-4d03-8f5d-f93b1fb92e85";
inline constexpr std::string_view set_author = "urn:uuid:a7058bb9-b4e4-4307-ba5b-e3f0ab85e12d";
inline constexpr std::string_view set_content_type = "urn:uuid:aa543740-bdda-424e-8c96-df4873be8500";
inline constexpr std::string_view set_patient = "urn:uuid:6b5aea1a-874d-4603-a4bc-96a0a7b38446";
inline constexpr std::string_view set_source = "urn:uuid:554ac39e-e3fe-47fe-b233-965d2a147832";
inline constexpr std::string_view set_unique = "urn:uuid:96fdda7c-d067-4183-912e-bf5ee74998a8";
inline constexpr std::string_view entry_author = "urn:uuid:93606bcf-9494-43ec-9b4e-a7748d1a838d";
inline constexpr std::string_view entry_class = "urn:uuid:41a5887f-8865-4c09-adf7-e362475b143a";
inline constexpr std::string_view entry_type = "urn:uuid:f0306f51-975f-434e-a61c-c59651d33983";
inline constexpr std::string_view entry_format = "urn:uuid:a09d5840-386c-46f2-b5ad-9c3699a4309d";
inline constexpr std::string_view entry_event = "urn:uuid:2c6b8cb7-8b2a-4051-b291-b1ae6a575ef4";
inline constexpr std::string_view entry_confidentiality = "urn:uuid:f4f85eac-e6cb-4883-b524-f2705394840f";
inline constexpr std::string_view entry_facility = "urn:uuid:f33fb8ac-18af-42cc-ae0e-ed0b0bdb91e1";
inline constexpr std::string_view entry_practice = "urn:uuid:cccf5598-8b07-4b77-a05e-ae952c785ead";
inline constexpr std::string_view entry_patient = "urn:uuid:58a6f841-87b3-4a3e-92fd-a8ffeff98427";
inline constexpr std::string_view entry_unique = "urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab";

// Systems of the codes whose value set is fixed. JDV_J01, J02, J04, J08.
inline constexpr std::string_view specialty_system = "1.2.250.1.213.1.1.4.5";
inline constexpr std::string_view facility_system = "1.2.250.1.71.4.2.4";
inline constexpr std::string_view practice_system = "1.2.250.1.213.1.1.4.9";
inline constexpr std::string_view confidentiality_system = "2.16.840.1.113883.5.25";
inline constexpr std::string_view mask_system = "1.2.250.1.213.1.1.4.13";

// Codes of the masks (JDV_J08).
inline constexpr std::string_view hidden_from_professionals = "MASQUE_PS";
inline constexpr std::string_view hidden_from_patient = "INVISIBLE_PATIENT";
inline constexpr std::string_view hidden_from_representatives = "INVISIBLE_REPRESENTANTS_LEGAUX";

// "C" replaces the document that the header's relatedDocument names, "D" deletes. Not verified against an
// official text.
inline constexpr std::string_view action_slot = "urn:action:extraMetadataSlot";

}  // namespace psl::xds
