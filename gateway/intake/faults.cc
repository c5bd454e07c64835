#include "gateway/intake/faults.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <google/protobuf/unknown_field_set.h>

namespace psl {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

std::string below(const std::string& path, const std::string& name) {
  return path.empty() ? name : path + "." + name;
}

void find_in_field(const Message& message, const FieldDescriptor* field, const std::string& path,
                   FaultList& faults) {
  const Reflection* reflection = message.GetReflection();
  const std::string here = below(path, field->name());
  const bool is_message = field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
  const bool is_enum = field->cpp_type() == FieldDescriptor::CPPTYPE_ENUM;
  if (!is_message && !is_enum) return;
  const auto check = [&](const std::string& at, const Message* inner, int number) {
    if (inner != nullptr) {
      find_unknown(*inner, at, faults);
    } else if (field->enum_type()->FindValueByNumber(number) == nullptr) {
      faults.add(at, "a value of " + field->enum_type()->name() + " expected");
    }
  };
  if (!field->is_repeated()) {
    check(here, is_message ? &reflection->GetMessage(message, field) : nullptr,
          is_enum ? reflection->GetEnumValue(message, field) : 0);
    return;
  }
  const int count = reflection->FieldSize(message, field);
  for (int i = 0; i < count && !faults.full(); ++i) {
    check(here + "[" + std::to_string(i) + "]",
          is_message ? &reflection->GetRepeatedMessage(message, field, i) : nullptr,
          is_enum ? reflection->GetRepeatedEnumValue(message, field, i) : 0);
  }
}

}  // namespace

void FaultList::add_under(const std::string& path, const Error& error) {
  for (const FieldFault& fault : error.faults) add(below(path, fault.path), fault.text);
  if (error.faults.empty()) add(path, error.text.empty() ? std::string(text_of(error.code)) : error.text);
}

Status FaultList::status() && {
  if (faults_.empty()) return {};
  return Error{ErrorCode::field_invalid, {}, std::move(faults_)};
}

void find_unknown(const Message& message, const std::string& path, FaultList& faults) {
  const Reflection* reflection = message.GetReflection();
  if (!reflection->GetUnknownFields(message).empty()) {
    faults.add(path.empty() ? "request" : path,
               "a field that this version does not know: nothing is silently ignored");
  }
  std::vector<const FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) find_in_field(message, field, path, faults);
}

}  // namespace psl
