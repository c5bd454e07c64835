// What intake takes of structured letters, each adapter can send: on letters that chance bends.
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <random>

#include "tests/adapters/formats/letter_fixtures.h"
#include "tests/conformance/adapter_conformance.h"
#include "tests/conformance/intake_of_one.h"

namespace psl::test {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// Bends fields anywhere below a message.
class Bender {
 public:
  explicit Bender(uint64_t seed) : random_(seed) {}
  uint64_t below(uint64_t bound) { return random_() % bound; }

  void bend(Message& root) {
    std::vector<Message*> all;
    collect(root, all);
    Message& message = *all[below(all.size())];
    const auto* type = message.GetDescriptor();
    const FieldDescriptor* field =
        type->field(static_cast<int>(below(static_cast<uint64_t>(type->field_count()))));
    const Reflection& reflection = *message.GetReflection();
    if (below(4) == 0) return reflection.ClearField(&message, field);
    if (field->is_repeated()) return bend_list(message, field);
    switch (field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING:
        if (field->type() == FieldDescriptor::TYPE_STRING) reflection.SetString(&message, field, some_text());
        break;
      case FieldDescriptor::CPPTYPE_ENUM:
        reflection.SetEnumValue(&message, field, static_cast<int>(below(8)));
        break;
      case FieldDescriptor::CPPTYPE_INT32:
        reflection.SetInt32(&message, field, static_cast<int32_t>(below(12)) - 1);
        break;
      case FieldDescriptor::CPPTYPE_BOOL:
        reflection.SetBool(&message, field, below(2) == 0);
        break;
      case FieldDescriptor::CPPTYPE_MESSAGE:
        reflection.MutableMessage(&message, field);
        break;
      default:
        break;
    }
  }

 private:
  static void collect(Message& message, std::vector<Message*>& all) {
    all.push_back(&message);
    const Reflection& reflection = *message.GetReflection();
    std::vector<const FieldDescriptor*> fields;
    reflection.ListFields(message, &fields);
    for (const FieldDescriptor* field : fields) {
      if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
      if (!field->is_repeated()) {
        collect(*reflection.MutableMessage(&message, field), all);
        continue;
      }
      for (int i = 0; i < reflection.FieldSize(message, field); ++i)
        collect(*reflection.MutableRepeatedMessage(&message, field, i), all);
    }
  }
  void bend_list(Message& message, const FieldDescriptor* field) {
    const Reflection& reflection = *message.GetReflection();
    const int size = reflection.FieldSize(message, field);
    if (size > 0 && below(3) == 0) return reflection.RemoveLast(&message, field);
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING)
      return reflection.AddString(&message, field, some_text());
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) return;
    // Among few, two copies of one are likely, as are too many.
    const Message* like = size > 0 ? &reflection.GetRepeatedMessage(
                                         message, field, static_cast<int>(below(static_cast<uint64_t>(size))))
                                   : nullptr;
    const std::unique_ptr<Message> copy(like == nullptr ? nullptr : like->New());
    if (copy) copy->CopyFrom(*like);
    for (uint64_t i = below(5) == 0 ? 25 : 1; i > 0; --i) {
      Message* added = reflection.AddMessage(&message, field);
      if (copy) added->CopyFrom(*copy);
    }
  }
  std::string some_text() {
    static const std::vector<std::string> texts = {"",
                                                   "É",
                                                   "l'été d'Œuvre : « ½ »",
                                                   "<b>gras</b> & ]]> \" '",
                                                   std::string(501, 'x'),
                                                   "a\u202Eb",
                                                   "a\tb",
                                                   "un\n\ndeux\n",
                                                   "2026-11-20",
                                                   "2026-02-30",
                                                   "2026",
                                                   "0,5",
                                                   "mg",
                                                   "20053000",
                                                   "810001234565",
                                                   "1250000452",
                                                   "1.2.250.1.9",
                                                   " ",
                                                   "https://exemple.test/a b",
                                                   "tel:+33384000000"};
    return texts[below(texts.size())];
  }

  std::mt19937_64 random_;
};

// About a patient who is not qualified.
v1::SubmitEventRequest provisional_letter() {
  v1::SubmitEventRequest request = minimal_letter();
  letter_of(request).mutable_metadata()->mutable_encounter()->mutable_end()->set_seconds(1794992400);
  return request;
}

}  // namespace

TEST_P(AdapterConformance, WrapsEveryStructuredLetterThatIntakeTakes) {
  // Accepted means deliverable, whatever the fields say; what is refused is refused by its fields, never by a
  // fault of ours.
  const auto adapter = world_->adapter(system_env());
  if (!adapter->info().needs_document) GTEST_SKIP() << "what it sends is made of the event, not of a document";
  IntakeOfOne intake(*adapter, letter_.tenant);
  Bender bender(7);
  int taken = 0;
  constexpr int letters = 400;
  testing::internal::CaptureStderr();
  for (int i = 0; i < letters; ++i) {
    SCOPED_TRACE(i);
    v1::SubmitEventRequest request = i % 3 == 0   ? minimal_letter()
                                     : i % 3 == 1 ? complete_letter()
                                                  : newborn_letter();
    for (uint64_t bends = bender.below(4); bends > 0; --bends) bender.bend(letter_of(request));
    if (bender.below(8) == 0) bender.bend(*request.mutable_event()->mutable_subject());
    const auto answer = intake.submit(request, letter_.request.event().recipients(recipient_));
    if (!answer.ok()) {
      EXPECT_EQ(answer.error().code, ErrorCode::field_invalid) << answer.error().describe();
      EXPECT_FALSE(answer.error().faults.empty());
      continue;
    }
    ++taken;
    const auto previews = intake.preview(std::move(request));
    ASSERT_TRUE(previews.ok()) << previews.error().describe();
    ASSERT_EQ(previews->size(), 1u);
    EXPECT_FALSE(view((*previews)[0].payload.body).empty());
  }
  testing::internal::GetCapturedStderr();
  EXPECT_GT(taken, letters / 8);
  EXPECT_LT(taken, letters);
}

TEST_P(AdapterConformance, BringsNoUnqualifiedPatientToTheirOwnPlaces) {
  // A structured letter about an identity that is not qualified goes to people, never to the patient's
  // mailbox or record: RNIV 1, EXI SI 08.
  const auto adapter = world_->adapter(system_env());
  IntakeOfOne intake(*adapter, letter_.tenant);
  v1::Recipient mailbox;
  mailbox.mutable_patient();
  v1::Recipient record;
  record.mutable_shared_record();
  for (const v1::Recipient& recipient : {mailbox, record}) {
    v1::SubmitEventRequest request = provisional_letter();
    const auto answer = intake.submit(request, recipient);
    if (!intake.carries(request)) continue;
    ASSERT_FALSE(answer.ok());
    ASSERT_EQ(answer.error().code, ErrorCode::field_invalid);
    EXPECT_TRUE(answer.error().faults.at(0).path.starts_with("event.recipients[0]"))
        << answer.error().describe();
  }
}

}  // namespace psl::test
