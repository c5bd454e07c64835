// Changes messages field by field, for targets whose input is one: what libFuzzer does to bytes by itself
// nearly always gives a message that does not parse, and it learns nothing from that.
#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <functional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/bytes.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

namespace psl::test {

class MessageMutator {
 public:
  explicit MessageMutator(unsigned seed) : chance_(seed) {}

  // One to four fields, somewhere in it, are set, changed, cleared, added to, repeated or taken out.
  void mutate(google::protobuf::Message& message) {
    for (size_t changes = 1 + below(4); changes > 0; --changes) change_somewhere(message, 0);
  }

 private:
  using Field = google::protobuf::FieldDescriptor;
  using Message = google::protobuf::Message;

  size_t below(size_t bound) { return chance_() % bound; }

  void change_somewhere(Message& message, int depth) {
    const auto& reflection = *message.GetReflection();
    std::vector<Message*> children;
    std::vector<const Field*> present;
    reflection.ListFields(message, &present);
    for (const Field* field : present) {
      if (field->cpp_type() != Field::CPPTYPE_MESSAGE) continue;
      if (!field->is_repeated()) {
        children.push_back(reflection.MutableMessage(&message, field));
        continue;
      }
      for (int i = 0; i < reflection.FieldSize(message, field); ++i)
        children.push_back(reflection.MutableRepeatedMessage(&message, field, i));
    }
    if (!children.empty() && below(4) > 0)
      return change_somewhere(*children[below(children.size())], depth + 1);
    const int fields = message.GetDescriptor()->field_count();
    if (fields == 0) return;
    // Twice as often what is there: most of what is not there belongs to other kinds.
    const Field* field =
        !present.empty() && below(3) > 0
            ? present[below(present.size())]
            : message.GetDescriptor()->field(static_cast<int>(below(static_cast<size_t>(fields))));
    if (field->is_repeated()) {
      change_list(message, field, depth);
    } else if (reflection.HasField(message, field) && below(4) == 0) {
      reflection.ClearField(&message, field);
    } else if (field->cpp_type() == Field::CPPTYPE_MESSAGE) {
      fill(*reflection.MutableMessage(&message, field), depth + 1);
    } else {
      set_value(message, field);
    }
  }

  void change_list(Message& message, const Field* field, int depth) {
    const auto& reflection = *message.GetReflection();
    const int size = reflection.FieldSize(message, field);
    const bool messages = field->cpp_type() == Field::CPPTYPE_MESSAGE;
    const int at = size == 0 ? 0 : static_cast<int>(below(static_cast<size_t>(size)));
    switch (size == 0 ? 0 : below(4)) {
      case 0:
        if (messages) return fill(*reflection.AddMessage(&message, field), depth + 1);
        return add_value(message, field);
      case 1:
        // The same twice.
        if (!messages) return add_value(message, field);
        reflection.AddMessage(&message, field)->CopyFrom(reflection.GetRepeatedMessage(message, field, at));
        return;
      case 2:
        return reflection.SwapElements(&message, field, at, size - 1);
      default:
        return reflection.RemoveLast(&message, field);
    }
  }

  // A few fields of a message that was not there.
  void fill(Message& message, int depth) {
    if (depth > 12) return;
    for (size_t changes = below(4); changes > 0; --changes) change_somewhere(message, depth);
  }

  void set_value(Message& message, const Field* field) {
    const auto& reflection = *message.GetReflection();
    switch (field->cpp_type()) {
      case Field::CPPTYPE_INT32:
        return reflection.SetInt32(&message, field,
                                   static_cast<int32_t>(number(reflection.GetInt32(message, field))));
      case Field::CPPTYPE_INT64:
        return reflection.SetInt64(&message, field, number(reflection.GetInt64(message, field)));
      case Field::CPPTYPE_UINT32:
        return reflection.SetUInt32(&message, field,
                                    static_cast<uint32_t>(number(reflection.GetUInt32(message, field))));
      case Field::CPPTYPE_UINT64:
        return reflection.SetUInt64(
            &message, field,
            static_cast<uint64_t>(number(static_cast<int64_t>(reflection.GetUInt64(message, field)))));
      case Field::CPPTYPE_BOOL:
        return reflection.SetBool(&message, field, !reflection.GetBool(message, field));
      case Field::CPPTYPE_ENUM:
        return reflection.SetEnumValue(&message, field, choice(*field));
      case Field::CPPTYPE_STRING:
        return reflection.SetString(&message, field, text(*field, reflection.GetString(message, field)));
      default:
        return;  // the schema has no floating point
    }
  }

  void add_value(Message& message, const Field* field) {
    const auto& reflection = *message.GetReflection();
    if (field->cpp_type() == Field::CPPTYPE_ENUM) reflection.AddEnumValue(&message, field, choice(*field));
    if (field->cpp_type() == Field::CPPTYPE_STRING) reflection.AddString(&message, field, text(*field, ""));
    if (field->cpp_type() == Field::CPPTYPE_INT32)
      reflection.AddInt32(&message, field, static_cast<int32_t>(number(0)));
  }

  // Of its values one, or one that it does not have.
  int choice(const Field& field) {
    const auto& values = *field.enum_type();
    const auto at = below(static_cast<size_t>(values.value_count()) + 1);
    return at == static_cast<size_t>(values.value_count()) ? 1000
                                                           : values.value(static_cast<int>(at))->number();
  }

  int64_t number(int64_t now) {
    static constexpr std::array<int64_t, 12> odd = {
        0, 1, -1, 2, 7, 1000, 86400, 1'000'000'000, INT32_MAX, INT64_MAX, INT64_MIN, 253'402'300'800};
    switch (below(4)) {
      case 0:
        return odd[below(odd.size())];
      case 1:
        return now / 2;
      default:
        // Dates stay near what they were.
        return static_cast<int64_t>(static_cast<uint64_t>(now) + (uint64_t{1} << below(24)) -
                                    (uint64_t{1} << below(24)));
    }
  }

  std::string text(const Field& field, std::string now) {
    static constexpr std::array<std::string_view, 40> known = {"",
                                                               " ",
                                                               "a",
                                                               "\u00E9",
                                                               "\u00A0",
                                                               "\n",
                                                               "\t",
                                                               "\x01",
                                                               "\uFFFD",
                                                               "\u202E",
                                                               "<b>&amp;]]>",
                                                               "\"\\/",
                                                               "A\nB\r\n\nC",
                                                               "1965-03-09",
                                                               "2000-02-29",
                                                               "2001-02-29",
                                                               "0000-00-00",
                                                               "9999-12-31",
                                                               "265033947811573",
                                                               "2A5033947811573",
                                                               "1.2.250.1.213.1.4.10",
                                                               "1.2.250.1.213.1.4.8",
                                                               "2.25.1",
                                                               "2.999.39.1",
                                                               "810001234565",
                                                               "801234567897",
                                                               "410001234565001",
                                                               "1710000559",
                                                               "SM04",
                                                               "G15_10/SM26",
                                                               "G15_10/SM54",
                                                               "SA07",
                                                               "11488-4",
                                                               "a@demo.mssante.fr",
                                                               "tel:+33385000000",
                                                               "mailto:a@b.fr",
                                                               "11111111-2222-8333-8444-555555555555",
                                                               "PERTE-AUTONOMIE",
                                                               "idel-1",
                                                               "outil"};
    if (field.type() == Field::TYPE_BYTES && below(2) == 0)
      return std::string(16, static_cast<char>(below(256)));
    if (below(2) == 0) return std::string(known[below(known.size())]);
    if (below(40) == 0) return std::string(1 + below(5000), 'x');
    const size_t size = now.size();
    now.resize(size + 32);
    now.resize(LLVMFuzzerMutate(reinterpret_cast<uint8_t*>(now.data()), size, now.size()));
    // Protobuf would not read it again.
    if (field.type() == Field::TYPE_STRING && !is_utf8(now)) {
      for (char& c : now) c = static_cast<char>(c & 0x7F);
    }
    return now;
  }

  std::minstd_rand chance_;
};

// What LLVMFuzzerCustomMutator does for a target whose inputs are one message. `right` makes it one that is
// right, picked by the number: where bytes are no message, and now and then, it begins there. JSON is changed
// as bytes: no message begins with a brace.
inline size_t mutate_message_input(uint8_t* data, size_t size, size_t max_size, unsigned seed,
                                   google::protobuf::Message& message,
                                   const std::function<void(unsigned)>& right) {
  if (size > 0 && data[0] == '{') return LLVMFuzzerMutate(data, size, max_size);
  const bool parsed = size > 0 && message.ParseFromArray(data, static_cast<int>(size));
  if (!parsed || seed % 16 == 0) right(seed / 16);
  MessageMutator(seed).mutate(message);
  const std::string bytes = message.SerializeAsString();
  if (bytes.size() > max_size) return LLVMFuzzerMutate(data, size, max_size);
  std::copy(bytes.begin(), bytes.end(), reinterpret_cast<char*>(data));
  return bytes.size();
}

}  // namespace psl::test
