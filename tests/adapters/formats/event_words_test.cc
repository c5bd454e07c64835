#include "adapters/formats/event_words.h"

#include <gtest/gtest.h>

#include <set>

#include "passerelle/v1/identity.pb.h"

namespace psl {
namespace {

namespace v1 = passerelle::v1;

// A word for each enumerator but the one that says nothing, and no two alike.
template <typename Enum>
void expect_words(std::string_view (*word)(Enum), bool (*known)(int), int least = 1) {
  std::set<std::string_view> words;
  int count = 0;
  for (int i = least; i < 64; ++i) {
    if (!known(i)) continue;
    ++count;
    EXPECT_FALSE(word(static_cast<Enum>(i)).empty()) << i;
    words.insert(word(static_cast<Enum>(i)));
  }
  EXPECT_EQ(static_cast<int>(words.size()), count);
}

TEST(EventWords, HasOneForEachEnumerator) {
  // A reader never sees a blank where the event says something.
  expect_words(request_title, v1::Orientation::Kind_IsValid);
  expect_words(request_noun, v1::Orientation::Kind_IsValid);
  expect_words(step_shown, v1::OrientationUpdate::Step_IsValid);
  expect_words(reason_shown, v1::OrientationUpdate::Reason_IsValid);
  expect_words(channel_shown, v1::AnswerChannel_IsValid);
  expect_words(state_shown, v1::OrientationState_IsValid);
  expect_words(role_shown, v1::MemberRole_IsValid);
  expect_words(status_shown, v1::PathwayEnrolment::Status_IsValid);
  expect_words(end_reason_shown, v1::PathwayEnrolment::EndReason_IsValid);
  expect_words(decision_shown, v1::Consent::Decision_IsValid);
}

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

TEST(EventWords, WritesTelephonesAsTheyAreDialled) {
  // In pairs that no line end parts; nothing else is a telephone.
  EXPECT_EQ(phone_of_uri("tel:+33384000001"), "03\u00A084\u00A000\u00A000\u00A001");
  EXPECT_EQ(phone_of_uri("mailto:a@b.fr"), "");
  v1::Organization silent;
  EXPECT_EQ(phone_of(silent), "");
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
