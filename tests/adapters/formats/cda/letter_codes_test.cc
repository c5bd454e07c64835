#include "adapters/formats/cda/letter_codes.h"

#include <gtest/gtest.h>

namespace psl {
namespace {

namespace v1 = passerelle::v1;

// That the value set has the code under the same system, for every enumerator.
template <typename Enum>
void expect_in_value_set(ValueSet set, int count, const ShownConcept& (*shown_of)(Enum)) {
  for (int i = 0; i < count; ++i) {
    const ShownConcept& each = shown_of(static_cast<Enum>(i));
    const Concept* known = find_concept(set, each.code.code, each.code.system);
    ASSERT_NE(known, nullptr) << each.code.code;
    EXPECT_FALSE(each.shown.empty()) << each.code.code;
  }
}

TEST(LetterCodes, AreThoseOfTheValueSets) {
  // JDV_StatutDoc, JDV_ModaliteEntree, JDV_ModaliteSortie; "unspecified" too.
  expect_in_value_set(ValueSet::document_status, v1::CompletionStatus_ARRAYSIZE, completion_of);
  expect_in_value_set(ValueSet::admission_mode, v1::AdmissionMode_ARRAYSIZE, admission_of);
  expect_in_value_set(ValueSet::discharge_mode, v1::DischargeMode_ARRAYSIZE, discharge_of);
}

TEST(LetterCodes, HaveARowForEachEnumerator) {
  // A new enumerator without its row would be written as one that says nothing.
  EXPECT_EQ(completion_of(v1::COMPLETION_STATUS_UNSPECIFIED).code.code, "9571008");
  EXPECT_EQ(completion_of(v1::COMPLETION_STATUS_CLOSED).code.code, "29179001");
  EXPECT_EQ(admission_of(v1::ADMISSION_MODE_TRANSFER).code.code, "107724000");
  EXPECT_EQ(discharge_of(v1::DISCHARGE_MODE_HOSPITAL_AT_HOME).code.code, "127");
  EXPECT_EQ(no_treatment_of(v1::DischargeTreatments::NONE_NOT_KNOWN).code.code, "no-medication-info");
  EXPECT_EQ(priority_of(v1::CarePlan::PRIORITY_EMERGENCY).code.code, "EM");
  EXPECT_EQ(priority_of(v1::CarePlan::PRIORITY_UNSPECIFIED).code.code, "");
  EXPECT_EQ(allergy_kind_of(v1::Allergy::KIND_SUBSTANCE_INTOLERANCE).code.code, "782197009");
  EXPECT_EQ(severity_of(v1::Allergy::SEVERITY_FATAL).code.code, "442452003");
  EXPECT_EQ(change_of(v1::Treatment::CHANGE_STOPPED), "Arrêté");
  EXPECT_EQ(change_of(static_cast<v1::Treatment::Change>(99)), "");
}

TEST(LetterCodes, NameTheSystemsThatALetterUses) {
  // An unknown system has no name, and needs none.
  EXPECT_EQ(system_name(snomed_system), "SNOMED CT");
  EXPECT_EQ(system_name("1.2.250.1.213.2.68"), "EMDN");
  EXPECT_EQ(system_name("1.2.3"), "");
}

}  // namespace
}  // namespace psl
