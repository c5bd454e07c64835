#include "fhir/codes.h"

#include <algorithm>
#include <array>

#include "gateway/core/checked.h"

namespace psl::fhir {
namespace {

struct SystemRow {
  std::string_view oid;
  std::string_view url;
};

constexpr std::string_view professions =
    "https://mos.esante.gouv.fr/NOS/TRE_A02-ProfessionSavFaire-CISIS/FHIR/TRE-A02-ProfessionSavFaire-CISIS";
constexpr std::string_view other_producers =
    "https://mos.esante.gouv.fr/NOS/TRE_A00-ProducteurDocNonPS/FHIR/TRE-A00-ProducteurDocNonPS";

// OID and URL stand together in each CodeSystem that ANS publishes (`identifier` and `url`, terminologies of
// the NOS); those of HL7 and LOINC in R4, terminologies-systems.html.
constexpr SystemRow systems[] = {
    {"1.2.250.1.213.1.1.4.1",
     "https://mos.esante.gouv.fr/NOS/TRE_A03-ClasseDocument/FHIR/TRE-A03-ClasseDocument"},
    {"1.2.250.1.213.1.1.4.12",
     "https://mos.esante.gouv.fr/NOS/TRE_A05-TypeDocComplementaire/FHIR/TRE-A05-TypeDocComplementaire"},
    {"1.2.250.1.213.1.1.4.13", visibility_system},
    {"1.2.250.1.213.1.1.4.2.282",
     "https://mos.esante.gouv.fr/NOS/TRE_A06-FormatCodeComplementaire/FHIR/TRE-A06-FormatCodeComplementaire"},
    {"1.2.250.1.213.1.1.4.5", professions},
    {"1.2.250.1.213.1.1.4.6", other_producers},
    {"1.2.250.1.213.1.1.4.9",
     "https://mos.esante.gouv.fr/NOS/TRE_A01-CadreExercice/FHIR/TRE-A01-CadreExercice"},
    {"1.2.250.1.213.2.2", "https://mos.esante.gouv.fr/NOS/TRE_R209-TypeActivite/FHIR/TRE-R209-TypeActivite"},
    {"1.2.250.1.71.4.2.4",
     "https://mos.esante.gouv.fr/NOS/TRE_R02-SecteurActivite/FHIR/TRE-R02-SecteurActivite"},
    {"1.3.6.1.4.1.19376.1.2.3",
     "https://mos.esante.gouv.fr/NOS/TRE_A11-IheFormatCode/FHIR/TRE-A11-IheFormatCode"},
    {"2.16.840.1.113883.5.25", confidentiality_system},
    {"2.16.840.1.113883.6.1", "http://loinc.org"},
    {"2.16.840.1.113883.6.3", "http://hl7.org/fhir/sid/icd-10"},
    {"2.16.840.1.113883.6.96", "http://snomed.info/sct"},
};

// The codes of JDV_J01 that are of TRE_A00; all others are of TRE_A02.
constexpr std::array<std::string_view, 7> producer_codes = {
    "ALIM_AM", "AUTOMATE", "DISPOSITIF", "EXP_PATIENT", "LOGICIEL_DUI", "SECRETARIAT_MEDICAL", "SNR"};

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

}  // namespace

std::string system_url(std::string_view oid) {
  for (const SystemRow& row : systems) {
    if (row.oid == oid) return std::string(row.url);
  }
  return oid_ok(oid) ? oid_urn(oid) : std::string();
}

std::string oid_urn(std::string_view oid) { return "urn:oid:" + std::string(oid); }

std::string_view author_specialty_system(std::string_view code) {
  const bool of_others = std::ranges::find(producer_codes, code) != producer_codes.end();
  return of_others ? other_producers : professions;
}

std::string percent_encoded(std::string_view text) {
  std::string out;
  percent_encode(text, out);
  return out;
}

void percent_encode(std::string_view text, std::string& out) {
  static constexpr char digits[] = "0123456789ABCDEF";
  while (!text.empty()) {
    const auto plain = std::ranges::find_if_not(text, is_unreserved) - text.begin();
    out += text.substr(0, static_cast<size_t>(plain));
    text.remove_prefix(static_cast<size_t>(plain));
    if (text.empty()) break;
    const auto byte = static_cast<unsigned char>(text[0]);
    out += {'%', digits[byte >> 4], digits[byte & 15]};
    text.remove_prefix(1);
  }
}

std::string identifier_query(std::string_view urn) {
  return "identifier=" + percent_encoded(std::string(uri_system) + "|" + std::string(urn));
}

}  // namespace psl::fhir
