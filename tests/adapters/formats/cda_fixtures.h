// Letters about people who do not exist, for the tests of the CDA side.
#pragma once

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "adapters/formats/calendar.h"
#include "passerelle/v1/gateway.pb.h"

namespace psl::test {

// A PDF of one empty page; `extra` goes into its catalog: "/OpenAction ...".
inline std::string small_pdf(std::string_view extra = {}) {
  return "%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R " + std::string(extra) +
         " >>\nendobj\n2 0 obj\n<< /Type /Pages /Kids [3 0 R] /Count 1 >>\nendobj\n3 0 obj\n<< /Type /Page "
         "/Parent 2 0 R "
         "/MediaBox [0 0 595 842] >>\nendobj\nxref\n0 4\n0000000000 65535 f \ntrailer\n<< /Size 4 /Root 1 0 "
         "R "
         ">>\nstartxref\n180\n%%EOF\n";
}

inline TimeZone paris() { return *TimeZone::load("Europe/Paris"); }

// A complete PDF letter of a hospital, about a woman with a qualified INS.
inline passerelle::v1::SubmitEventRequest pdf_letter() {
  passerelle::v1::SubmitEventRequest request;
  const bool parsed = google::protobuf::TextFormat::ParseFromString(R"(
    idempotency_key: "letter-1"
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
        ins { matricule: "265033947811573" oid: "1.2.250.1.213.1.4.10" }
        birth_family_name: "DE LA TOUR" birth_given_names: "MARIE-ÈVE ANNE" first_birth_given_name: "MARIE-ÈVE"
        used_family_name: "D'ARGENT" used_given_name: "ÈVE"
        sex: SEX_FEMALE birth_date: "1965-03-09" birth_place_code: "39478" birth_place_name: "LONS-LE-SAUNIER"
        local_id { value: "IPP-000123" oid: "1.2.250.1.999.1.1" }
        address { lines: "3 place de l'Église" lines: "Bâtiment B" postal_code: "39000" city: "LONS-LE-SAUNIER" }
        telecoms { uri: "tel:+33600000000" use: USE_MOBILE }
      }
      legal_basis: LEGAL_BASIS_EXCHANGE
      recipients { person { mailbox: "medecin@exemple.mssante.fr" } }
      occurred_at { seconds: 1794992400 }
      discharge_letter {
        pdf {
          metadata {
            title: "Lettre de liaison du service de cardiologie"
            created_at { seconds: 1795000000 nanos: 5000000 }
            authors {
              national_id: "810001234565" family_name: "LEFÈVRE" given_name: "Zoé" prefix: "MME" suffix: "DR"
              specialty_code: "G15_10/SM26" specialty_label: "Médecine générale"
              telecoms { uri: "tel:+33381000001" use: USE_WORK }
            }
            encounter {
              start { seconds: 1794700000 } end { seconds: 1794992400 }
              local_id { value: "SEJ-42" oid: "1.2.250.1.999.1.2" }
              facility_type { code: "SA01" }
              practice_setting { code: "ETABLISSEMENT" }
            }
          }
        }
      }
    })",
                                                                    &request);
  EXPECT_TRUE(parsed);
  request.mutable_event()->mutable_discharge_letter()->mutable_pdf()->set_pdf(small_pdf());
  return request;
}

// Replaces the first `from`, which must be there.
inline std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << "not in the fixture: " << from;
  if (at != std::string::npos) text.replace(at, from.size(), to);
  return text;
}

}  // namespace psl::test
