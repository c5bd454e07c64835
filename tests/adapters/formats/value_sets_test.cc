#include "adapters/formats/value_sets.h"

#include <gtest/gtest.h>

#include <string_view>

namespace psl {
namespace {

TEST(ValueSets, KnowCodesWithTheirSystemAndLabel) {
  // One of each set, and the same code under another system.
  EXPECT_EQ(find_concept(ValueSet::document_type, "11490-0")->label,
            "Lettre de liaison à la sortie d'un établissement de soins");
  EXPECT_TRUE(type_code_ok("11490-0", "2.16.840.1.113883.6.1"));
  EXPECT_FALSE(type_code_ok("11490-0", "2.16.840.1.113883.6.96"));
  EXPECT_TRUE(facility_type_code_ok("SA63", "1.2.250.1.71.4.2.4"));
  EXPECT_TRUE(practice_setting_code_ok("SAMU_SMUR"));
  EXPECT_TRUE(specialty_code_ok("G15_10/SM26"));
  EXPECT_TRUE(encounter_class_code_ok("SEANCE"));
  EXPECT_TRUE(civility_code_ok("MME"));
  EXPECT_TRUE(title_code_ok("PR"));
}

// One value set, one of its codes, and what find_concept must say of it.
struct ClinicalCode {
  ValueSet set;
  std::string_view code;
  std::string_view system;
  std::string_view label;
};

TEST(ValueSets, KnowWhatALettersEntriesAreCodedWith) {
  // First, last and one in the middle as published, so that the search finds each end of its table.
  constexpr std::string_view snomed = "2.16.840.1.113883.6.96";
  constexpr std::string_view edqm = "0.4.0.127.0.16.1.1.2.1";
  const ClinicalCode cases[] = {
      {ValueSet::patient_relation, "MTH", "2.16.840.1.113883.5.111", "Mère"},
      {ValueSet::patient_relation, "AUNT", "2.16.840.1.113883.5.111", "Tante"},
      {ValueSet::patient_relation, "WIFE", "2.16.840.1.113883.5.111", "Epouse"},
      {ValueSet::patient_relation, "TUTEUR", "1.2.250.1.213.1.1.4.327", "Tuteur"},
      {ValueSet::route, "20001000", edqm, "Voie auriculaire"},
      {ValueSet::route, "20053000", edqm, "Voie orale"},
      {ValueSet::appointment_class, "AMB", "2.16.840.1.113883.5.4", "Ambulatoire (hors établissement)"},
      {ValueSet::appointment_class, "SS", "2.16.840.1.113883.5.4", "Hospitalisation de jour"},
      {ValueSet::admission_mode, "107724000", snomed, "transfert du patient"},
      {ValueSet::admission_mode, "GEN-092.06.07", "1.2.250.1.213.1.1.4.322", "Autre modalité d'entrée"},
      {ValueSet::discharge_mode, "127", "1.2.250.1.213.1.6.1.8", "Hospitalisation à Domicile"},
      {ValueSet::discharge_mode, "160849004", snomed, "retour au domicile"},
      {ValueSet::document_status, "9571008", snomed, "approuvé"},
  };
  for (const ClinicalCode& each : cases) {
    const Concept* found = find_concept(each.set, each.code, each.system);
    ASSERT_NE(found, nullptr) << each.code;
    EXPECT_EQ(found->label, each.label);
    EXPECT_EQ(find_concept(each.set, each.code, "1.2.3"), nullptr) << each.code;
  }
  for (const ValueSet set : {ValueSet::patient_relation, ValueSet::route, ValueSet::appointment_class,
                             ValueSet::admission_mode, ValueSet::discharge_mode, ValueSet::document_status}) {
    for (const std::string_view code : {"", "A", "99999999", "zzz", "mth"}) {
      EXPECT_EQ(find_concept(set, code), nullptr) << code;
    }
  }
}

TEST(ValueSets, RefuseWhatTheyDoNotHold) {
  // Unknown, empty, another letter case, and the ASTM entry whose system is no OID.
  for (const std::string_view code : {"", "0000-0", "11490-0 ", "E1762"})
    EXPECT_FALSE(type_code_ok(code)) << code;
  EXPECT_FALSE(facility_type_code_ok("sa01"));
  EXPECT_FALSE(practice_setting_code_ok("HOPITAL"));
  EXPECT_FALSE(specialty_code_ok("SCH10"));
  EXPECT_FALSE(encounter_class_code_ok("INP"));
  EXPECT_FALSE(civility_code_ok("MLLE"));
  EXPECT_FALSE(title_code_ok("Dr"));
}

TEST(ValueSets, GiveEveryTypeAClassAndModelsTheirFormat) {
  // XDS metadata of a letter, of a level 1 document, of a model that nobody knows.
  EXPECT_EQ(document_class_of("11490-0")->code, "10");
  EXPECT_EQ(document_class_of("18761-7")->code, "11");
  EXPECT_EQ(document_class_of("unknown"), nullptr);
  EXPECT_EQ(format_of_template("1.2.250.1.213.1.1.1.29")->code, "urn:asip:ci-sis:ldl-ses:2017");
  EXPECT_EQ(format_of_template("1.2.250.1.213.1.1.1.29")->system, "1.2.250.1.213.1.1.4.2.282");
  EXPECT_EQ(format_of_template("1.2.250.1.213.1.1.1.51")->system, "1.3.6.1.4.1.19376.1.2.3");
  EXPECT_EQ(format_of_template("1.2.250.1.213.1.1.1.1"), nullptr);
  EXPECT_EQ(format_of_media_type("application/pdf")->code, "urn:ihe:iti:xds-sd:pdf:2008");
  EXPECT_EQ(format_of_media_type("video/mp4"), nullptr);
}

}  // namespace
}  // namespace psl
