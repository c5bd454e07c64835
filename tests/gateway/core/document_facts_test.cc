#include "gateway/core/document_facts.h"

#include <gtest/gtest.h>

#include "passerelle/v1/identity.pb.h"
#include "tests/support/sample_event.h"

namespace psl {
namespace {

TEST(DocumentFacts, TakesOnlyACompleteIdentityForQualified) {
  // Status, an INS with a right key under an OID of this environment, five traits: without one of them it is
  // not.
  passerelle::v1::Patient whole;
  fill_patient(whole);
  EXPECT_TRUE(ins_is_qualified(whole, Environment::test));
  EXPECT_FALSE(ins_is_qualified(whole, Environment::production));
  passerelle::v1::Patient patient = whole;
  patient.set_status(passerelle::v1::IDENTITY_STATUS_RETRIEVED);
  EXPECT_FALSE(ins_is_qualified(patient, Environment::test));
  for (const char* field :
       {"ins", "birth_family_name", "birth_given_names", "sex", "birth_date", "birth_place_code"}) {
    patient = whole;
    patient.GetReflection()->ClearField(&patient, patient.GetDescriptor()->FindFieldByName(field));
    EXPECT_FALSE(ins_is_qualified(patient, Environment::test)) << field;
  }
}

TEST(DocumentFacts, KnowsTheFirstGivenName) {
  // What the sender calls first, or the list's first word.
  passerelle::v1::Patient patient;
  patient.set_birth_given_names("DOMINIQUE MARIE-LOUISE");
  EXPECT_EQ(first_given_name(patient), "DOMINIQUE");
  patient.set_first_birth_given_name("DOMINIQUE MARIE");
  EXPECT_EQ(first_given_name(patient), "DOMINIQUE MARIE");
}

TEST(DocumentFacts, GivesEachCustodianAnOid) {
  // Root and extension when that is an OID; for a Corsican FINESS or none at all, one derived from it, always
  // the same.
  passerelle::v1::Organization custodian;
  custodian.set_national_id("1990000010");
  EXPECT_EQ(source_oid(custodian), "1.2.250.1.71.4.2.2.1990000010");
  custodian.set_national_id("12A0000010");
  const std::string derived = source_oid(custodian);
  EXPECT_TRUE(derived.starts_with("2.25."));
  EXPECT_EQ(source_oid(custodian), derived);
  custodian.clear_national_id();
  EXPECT_TRUE(oid_ok(source_oid(custodian)));
  EXPECT_NE(source_oid(custodian), derived);
}

TEST(DocumentFacts, MapsEncountersToKindsOfActivity) {
  // The volet's mapping; what it does not name is undifferentiated.
  EXPECT_EQ(activity_kind_of("IMP").code, "03");
  EXPECT_EQ(activity_kind_of("EMER").code, "07");
  EXPECT_EQ(activity_kind_of("AMB").code, "07");
  EXPECT_EQ(activity_kind_of("SEANCE").code, "19");
  EXPECT_EQ(activity_kind_of("VR").code, "97");
}

}  // namespace
}  // namespace psl
