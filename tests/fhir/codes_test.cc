#include "fhir/codes.h"

#include <gtest/gtest.h>

namespace psl::fhir {
namespace {

TEST(FhirCodes, SpellsCodeSystemsAsUrls) {
  // An OID of the table has its URL; another stays an OID, as a URN; what is no OID is no system.
  EXPECT_EQ(system_url("2.16.840.1.113883.6.1"), "http://loinc.org");
  EXPECT_EQ(system_url("1.2.250.1.213.1.1.4.1"),
            "https://mos.esante.gouv.fr/NOS/TRE_A03-ClasseDocument/FHIR/TRE-A03-ClasseDocument");
  EXPECT_EQ(system_url("1.2.3.4"), "urn:oid:1.2.3.4");
  EXPECT_EQ(system_url("ASTM"), "");
  EXPECT_EQ(system_url(""), "");
}

TEST(FhirCodes, TellsTheTwoTablesOfAuthorSpecialtiesApart) {
  // JDV_J01 draws on TRE_A02, and on TRE_A00 for those who are no professionals.
  EXPECT_NE(author_specialty_system("G15_10/SM26").find("TRE_A02"), std::string_view::npos);
  EXPECT_NE(author_specialty_system("SECRETARIAT_MEDICAL").find("TRE_A00"), std::string_view::npos);
}

TEST(FhirCodes, EncodesQueries) {
  // Only unreserved characters of RFC 3986 stand as they are.
  EXPECT_EQ(percent_encoded("aZ09-._~"), "aZ09-._~");
  EXPECT_EQ(percent_encoded("a b|&=+%é"), "a%20b%7C%26%3D%2B%25%C3%A9");
  EXPECT_EQ(identifier_query("urn:oid:2.25.1"), "identifier=urn%3Aietf%3Arfc%3A3986%7Curn%3Aoid%3A2.25.1");
}

}  // namespace
}  // namespace psl::fhir
