// Code systems and identifier systems as FHIR spells them.
#pragma once

#include <string>
#include <string_view>

namespace psl::fhir {

// ANS publishes each table under this pattern (NOS): https://mos.esante.gouv.fr/NOS/<table>/FHIR/<table with
// hyphens>.
inline constexpr std::string_view visibility_system =
    "https://mos.esante.gouv.fr/NOS/TRE_A07-StatusVisibiliteDocument/FHIR/TRE-A07-StatusVisibiliteDocument";
inline constexpr std::string_view confidentiality_system =
    "http://terminology.hl7.org/CodeSystem/v3-Confidentiality";
inline constexpr std::string_view commune_system =
    "https://mos.esante.gouv.fr/NOS/TRE_R13-CommuneOM/FHIR/TRE-R13-CommuneOM";
inline constexpr std::string_view french_identifier_types =
    "https://hl7.fr/ig/fhir/core/CodeSystem/fr-core-cs-v2-0203";
inline constexpr std::string_view hl7_identifier_types = "http://terminology.hl7.org/CodeSystem/v2-0203";
inline constexpr std::string_view uri_system = "urn:ietf:rfc:3986";

// The URL of a code system that documents name by OID; "urn:oid:..." for one that the table lacks, which FHIR
// allows (R4, datatypes.html#Coding); empty for what is no OID.
std::string system_url(std::string_view oid);

// "urn:oid:<oid>".
std::string oid_urn(std::string_view oid);

// The system of a JDV_J01 code: two tables share that value set.
std::string_view author_specialty_system(std::string_view code);

// Each byte that RFC 3986 does not leave unreserved as %XX: for the value of a query parameter.
std::string percent_encoded(std::string_view text);
// The same at the end of `out`.
void percent_encode(std::string_view text, std::string& out);

// "identifier=urn%3Aietf%3Arfc%3A3986%7C<urn>": the search for what is identified by that URN, encoded (R4,
// search.html#token). Also what If-None-Exist and ifNoneExist take.
std::string identifier_query(std::string_view urn);

}  // namespace psl::fhir
