#include "adapters/formats/event_words.h"

#include <gtest/gtest.h>

namespace psl {
namespace {

namespace v1 = passerelle::v1;

TEST(EventWords, ShowsWhatIsAskedByItsLabelElseByItsCode) {
  // The sender's label, the official one, or the bare code.
  v1::Coding coding;
  coding.set_code("SM04");
  EXPECT_EQ(specialty_shown(coding), "Cardiologie et maladies vasculaires");
  coding.set_code("ZZ99");
  EXPECT_EQ(specialty_shown(coding), "ZZ99");
  coding.set_label("Cardiologie du sport");
  EXPECT_EQ(specialty_shown(coding), "Cardiologie du sport");
  v1::Coding nurse;
  nurse.set_code("60");
  EXPECT_EQ(profession_shown(nurse), "Infirmier");
}

TEST(EventWords, LeavesOutAMidnightThatNobodyMeant) {
  // A date comes as the instant at which it begins.
  google::protobuf::Timestamp at;
  at.set_seconds(1795474800);
  EXPECT_EQ(moment_in_french(at, *TimeZone::load("Europe/Paris")), "24/11/2026");
  at.set_seconds(1795474860);
  EXPECT_EQ(moment_in_french(at, *TimeZone::load("Europe/Paris")), "24/11/2026 à 00:01");
}

}  // namespace
}  // namespace psl
