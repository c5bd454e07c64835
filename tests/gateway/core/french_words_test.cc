#include "gateway/core/french_words.h"

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

TEST(FrenchWords, HasOneForEachEnumerator) {
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

TEST(FrenchWords, WritesTelephonesAsTheyAreDialled) {
  // In pairs that no line end parts, however they came; a foreign number as it is written; nothing else is a
  // telephone.
  for (const char* written :
       {"+33384000001", "+33 3 84 00 00 01", "+33(0)384000001", "03.84.00.00.01", "03-84-00-00-01"})
    EXPECT_EQ(phone_shown(written), "03\u00A084\u00A000\u00A000\u00A001") << written;
  for (const char* other : {"+32-2-000-00-00", "15", "3646", "", "1234567890"})
    EXPECT_EQ(phone_shown(other), other);
  EXPECT_EQ(phone_of_uri("tel:+33384000001"), phone_shown("0384000001"));
  EXPECT_EQ(phone_of_uri("mailto:a@b.fr"), "");
  v1::Organization structure;
  EXPECT_EQ(phone_of(structure), "");
  structure.add_telecoms()->set_uri("mailto:a@b.fr");
  structure.add_telecoms()->set_uri("tel:+33384000001");
  EXPECT_EQ(phone_of(structure), phone_shown("0384000001"));
}

}  // namespace
}  // namespace psl
