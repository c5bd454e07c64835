// An accepted letter as adapters get it, for tests to change one field at a time. Synthetic people, test OID.
#pragma once

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <string>

#include "gateway/core/adapter.h"
#include "passerelle/internal/v1/stored.pb.h"
#include "passerelle/v1/config.pb.h"
#include "passerelle/v1/gateway.pb.h"

namespace psl {

struct SampleLetter {
  SampleLetter() {
    using google::protobuf::TextFormat;
    EXPECT_TRUE(TextFormat::ParseFromString(request_text, &request));
    EXPECT_TRUE(TextFormat::ParseFromString(header_text, &header));
    EXPECT_TRUE(TextFormat::ParseFromString(tenant_text, &tenant));
    document.cda = make_bytes(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ClinicalDocument xmlns=\"urn:hl7-org:v3\"/>\n");
    document.pdf = make_bytes("%PDF-1.4\nstand-in of a test\n%%EOF\n");
  }

  Dispatch dispatch(int recipient_index = 0) const {
    return {request,
            header,
            document,
            care,
            tenant,
            recipient_index,
            *Uuid::parse("11111111-2222-8333-8444-555555555555"),
            delivery_id,
            0,
            dated_at};
  }

  v1::SubmitEventRequest request;
  stored::DocumentHeader header;
  FrozenDocument document;
  stored::Care care;
  v1::Tenant tenant;
  Uuid delivery_id = *Uuid::parse("0b6f1c9e-7a55-8c3d-9e21-4d5f6a7b8c9d");
  Instant dated_at{1795338001'000000};  // 2026-11-22T09:00:01Z

 private:
  static constexpr const char* request_text = R"(
    idempotency_key: "letter-1"
    event {
      tenant: "bresse"
      source {
        software: "DPI fictif 4.2"
        organization {
          national_id: "1710780263" name: "Centre hospitalier de Louhans-le-Test & annexes"
          address { lines: "350 avenue d'Essai" postal_code: "71500" city: "LOUHANS" }
          telecoms { uri: "tel:+33385000000" use: USE_WORK }
        }
      }
      legal_basis: LEGAL_BASIS_EXCHANGE
      recipients { person { mailbox: "Claire.Modele@medecin.demo.mssante.fr" } }
      recipients { structure { mailbox: "contact@cabinet.demo.mssante.fr" } }
      recipients { patient { close_exchange: true } }
      discharge_letter { sender_cda: "" }
    })";
  static constexpr const char* header_text = R"(
    patient {
      status: IDENTITY_STATUS_QUALIFIED
      ins { matricule: "265033947811573" oid: "1.2.250.1.213.1.4.10" }
      birth_family_name: "DE LA TOUR" birth_given_names: "MARIE-ÈVE ANNE" first_birth_given_name: "MARIE-ÈVE"
      used_family_name: "D'ARGENT" used_given_name: "ÈVE"
      sex: SEX_FEMALE birth_date: "1965-03-09" birth_place_code: "39478"
      local_id { value: "IPP-000123" oid: "1.2.250.1.999.1.1" }
    }
    metadata {
      document_id: "2.25.98765432101234567890" set_id: "2.25.98765432101234567891" version: 1
      type {
        code: "11490-0" system: "2.16.840.1.113883.6.1"
        label: "Lettre de liaison à la sortie d'un établissement de soins"
      }
      title: "Lettre de liaison du service de cardiologie"
      created_at { seconds: 1795334400 }
      authors {
        national_id: "810001234565" family_name: "LEFÈVRE" given_name: "Zoé"
        specialty_code: "G15_10/SM04" specialty_label: "Médecin - Cardiologie"
        organization { national_id: "1710780263" name: "Centre hospitalier de Louhans-le-Test & annexes" }
      }
      authors { national_id: "3710780263/4711" family_name: "O'BRIEN" given_name: "Sean" }
      legal_authenticator { national_id: "810001234565" family_name: "LEFÈVRE" given_name: "Zoé" }
      custodian { national_id: "1710780263" name: "Centre hospitalier de Louhans-le-Test & annexes" }
      encounter {
        class_code: "IMP" start { seconds: 1794906000 } end { seconds: 1795330800 }
        local_id { value: "SEJ-42" oid: "1.2.250.1.999.1.2" }
        facility_type { code: "SA01" system: "1.2.250.1.71.4.2.4" label: "Etablissement public de santé" }
        practice_setting { code: "ETABLISSEMENT" system: "1.2.250.1.213.1.1.4.9" label: "Etablissement de santé" }
      }
    }
    format {
      code: "urn:ihe:iti:xds-sd:pdf:2008" system: "1.3.6.1.4.1.19376.1.2.3" label: "Document à corps non structuré en Pdf/A-1"
    }
    document_class { code: "10" system: "1.2.250.1.213.1.1.4.1" label: "Compte rendu" }
    level: 1)";
  static constexpr const char* tenant_text = R"(
    name: "bresse" time_zone: "Europe/Paris"
    organization { national_id: "1710000000" name: "CPTS de la Bresse fictive" })";
};

}  // namespace psl
