// The checks of an event meet whatever a sender writes: orientations, updates, enrolments and changes of
// circle, as protobuf and as JSON. Every answer is short and tells nothing of what was written.
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <google/protobuf/stubs/logging.h>

#include <cstdint>
#include <string>
#include <vector>

#include "gateway/config/event_file.h"
#include "gateway/intake/event_checks.h"
#include "tests/fuzz/message_mutator.h"
#include "tests/support/sample_care.h"

namespace {

namespace v1 = passerelle::v1;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// In no text of ours.
constexpr const char* marker = "\u2603";

// Every text of the sender's ends with the marker, where its first byte says so: the others stay what they
// are, some of them right.
void mark(Message& message) {
  const auto& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  const auto marked = [](std::string text) {
    return text.empty() || text[0] % 2 == 0 ? text : text + marker;
  };
  for (const FieldDescriptor* field : fields) {
    const bool is_text = field->type() == FieldDescriptor::TYPE_STRING;
    const bool is_message = field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
    if (!field->is_repeated()) {
      if (is_text) reflection.SetString(&message, field, marked(reflection.GetString(message, field)));
      if (is_message) mark(*reflection.MutableMessage(&message, field));
      continue;
    }
    for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
      if (is_text) {
        reflection.SetRepeatedString(&message, field, i,
                                     marked(reflection.GetRepeatedString(message, field, i)));
      }
      if (is_message) mark(*reflection.MutableRepeatedMessage(&message, field, i));
    }
  }
}

void expect_discreet_answer(v1::SubmitEventRequest request) {
  static const v1::Tenant tenant = psl::sample_care_tenant();
  mark(request);
  const psl::Status status =
      psl::check_event(request, tenant, psl::Environment::test, {psl::sample_now_s * 1000000});
  if (status.ok()) return;
  PSL_CHECK(status.error().code == psl::ErrorCode::field_invalid);
  PSL_CHECK(!status.error().faults.empty() && status.error().faults.size() <= 21);
  for (const psl::FieldFault& fault : status.error().faults) {
    PSL_CHECK(fault.path.find(marker) == std::string::npos);
    PSL_CHECK(fault.text.find(marker) == std::string::npos);
    PSL_CHECK(!fault.path.empty() && !fault.text.empty());
  }
}

}  // namespace

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned seed) {
  static const std::vector<v1::SubmitEventRequest> right = {
      psl::sample_orientation(), psl::sample_update(), psl::sample_enrolment(), psl::sample_circle_change(),
      psl::sample_request()};
  v1::SubmitEventRequest request;
  return psl::test::mutate_message_input(data, size, max_size, seed, request,
                                         [&](unsigned which) { request = right[which % right.size()]; });
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // It tells of every string that is not UTF-8.
  static const google::protobuf::LogSilencer quiet;
  v1::SubmitEventRequest request;
  if (request.ParseFromArray(data, static_cast<int>(size))) expect_discreet_answer(std::move(request));
  if (size == 0 || data[0] != '{') return 0;
  // The folder does not exist, so that no `x_file` of a lucky input reads a file of this machine.
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  const auto from_file = psl::read_event(psl::FileText{"/nowhere/f", bytes}, psl::FileSyntax::json);
  if (from_file) expect_discreet_answer(*from_file);
  return 0;
}
