// A valid event for tests to break, one field at a time. Synthetic people; the INS is under the test OID.
#pragma once

#include "passerelle/v1/config.pb.h"
#include "passerelle/v1/gateway.pb.h"

namespace psl {

// 2026-11-22T09:00:00Z: after everything in the sample.
inline constexpr int64_t sample_now_s = 1795338000;

inline void fill_organization(passerelle::v1::Organization& organization) {
  organization.set_national_id("1750512345");
  organization.set_name("Centre hospitalier fictif");
}

inline void fill_professional(passerelle::v1::Professional& professional) {
  professional.set_national_id("801234567897");
  professional.set_family_name("Modèle");
  professional.set_given_name("Claire");
  professional.set_specialty_code("G15_10/SM26");
  professional.set_specialty_label("Médecin - Qualifié en Médecine Générale (SM)");
}

inline void fill_patient(passerelle::v1::Patient& patient) {
  patient.mutable_ins()->set_matricule("279035121518989");
  patient.mutable_ins()->set_oid("1.2.250.1.213.1.4.10");
  patient.set_status(passerelle::v1::IDENTITY_STATUS_QUALIFIED);
  patient.set_birth_family_name("PAT-TROIS");
  patient.set_birth_given_names("DOMINIQUE MARIE-LOUISE");
  patient.set_first_birth_given_name("DOMINIQUE");
  patient.set_sex(passerelle::v1::SEX_FEMALE);
  patient.set_birth_date("1979-03-28");
  patient.set_birth_place_code("51215");
}

inline void fill_metadata(passerelle::v1::DocumentMetadata& metadata) {
  metadata.mutable_created_at()->set_seconds(sample_now_s - 1800);
  fill_professional(*metadata.add_authors());
  auto& encounter = *metadata.mutable_encounter();
  encounter.mutable_start()->set_seconds(sample_now_s - 5 * 86400);
  encounter.mutable_end()->set_seconds(sample_now_s - 3600);
  encounter.mutable_facility_type()->set_code("SA01");
  encounter.mutable_practice_setting()->set_code("ETABLISSEMENT");
}

// A PDF letter to one professional and to the patient.
inline passerelle::v1::SubmitEventRequest sample_request() {
  passerelle::v1::SubmitEventRequest request;
  request.set_idempotency_key("letter-0001");
  auto& event = *request.mutable_event();
  event.set_tenant("cpts-demo");
  fill_organization(*event.mutable_source()->mutable_organization());
  event.mutable_source()->set_software("DPI fictif 1.0");
  fill_patient(*event.mutable_subject());
  event.set_legal_basis(passerelle::v1::LEGAL_BASIS_EXCHANGE);
  event.mutable_occurred_at()->set_seconds(sample_now_s - 3600);
  event.add_recipients()->mutable_person()->set_mailbox("claire.modele@medecin.demo.mssante.fr");
  event.add_recipients()->mutable_patient();
  auto& pdf = *event.mutable_discharge_letter()->mutable_pdf();
  pdf.set_pdf("%PDF-1.4 stand-in of a test %%EOF");
  fill_metadata(*pdf.mutable_metadata());
  return request;
}

inline passerelle::v1::Tenant sample_tenant() {
  passerelle::v1::Tenant tenant;
  tenant.set_name("cpts-demo");
  tenant.set_time_zone("Europe/Paris");
  tenant.mutable_alert_after()->set_seconds(4 * 3600);
  tenant.mutable_give_up_after()->set_seconds(72 * 3600);
  tenant.add_mail_domains(".mssante.fr");
  return tenant;
}

}  // namespace psl
