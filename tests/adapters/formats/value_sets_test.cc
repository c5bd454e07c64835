#include "adapters/formats/value_sets.h"

#include <gtest/gtest.h>

#include "adapters/formats/cda_issues.h"

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

TEST(CdaIssues, AreCompleteAndInOrder) {
  // The table is read by position: each kind at its place, with a code of its own and both texts.
  const auto kinds = cda_issue_kinds();
  for (size_t i = 0; i < kinds.size(); ++i) {
    EXPECT_EQ(static_cast<size_t>(kinds[i].issue), i) << kinds[i].code;
    EXPECT_FALSE(kinds[i].code.empty() || kinds[i].text.empty() || kinds[i].text_fr.empty());
    for (size_t j = 0; j < i; ++j) EXPECT_NE(kinds[i].code, kinds[j].code);
  }
  EXPECT_EQ(kinds.size(), static_cast<size_t>(CdaIssue::telecom_left_out) + 1);
}

}  // namespace
}  // namespace psl
