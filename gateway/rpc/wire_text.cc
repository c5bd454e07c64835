#include "gateway/rpc/wire_text.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <map>

#include "gateway/base/bytes.h"

namespace psl {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::internal::WireFormatLite;

constexpr int depth_most = 100;

// What the search came to: nothing yet, a bad text found, or bytes that are no message.
enum class Walk { clean, found, broken };

Walk walk_message(const Descriptor& type, std::string_view bytes, int depth, std::string& path);

Walk walk_field(const FieldDescriptor* field, std::string_view content, int index, int depth,
                std::string& path) {
  if (field == nullptr) return Walk::clean;
  const size_t before = path.size();
  if (!path.empty()) path += '.';
  path += field->name();
  if (field->is_repeated()) path += "[" + std::to_string(index) + "]";
  Walk walk = Walk::clean;
  if (field->type() == FieldDescriptor::TYPE_STRING && !is_utf8(content)) walk = Walk::found;
  if (field->type() == FieldDescriptor::TYPE_MESSAGE)
    walk = walk_message(*field->message_type(), content, depth + 1, path);
  if (walk != Walk::found) path.resize(before);
  return walk;
}

Walk walk_message(const Descriptor& type, std::string_view bytes, int depth, std::string& path) {
  if (depth > depth_most) return Walk::broken;
  google::protobuf::io::CodedInputStream input(reinterpret_cast<const uint8_t*>(bytes.data()),
                                               static_cast<int>(bytes.size()));
  std::map<int, int> indexes;
  while (const uint32_t tag = input.ReadTag()) {
    if (WireFormatLite::GetTagWireType(tag) != WireFormatLite::WIRETYPE_LENGTH_DELIMITED) {
      if (!WireFormatLite::SkipField(&input, tag)) return Walk::broken;
      continue;
    }
    uint32_t length = 0;
    if (!input.ReadVarint32(&length)) return Walk::broken;
    const auto start = static_cast<size_t>(input.CurrentPosition());
    if (length > bytes.size() - start || !input.Skip(static_cast<int>(length))) return Walk::broken;
    const int number = WireFormatLite::GetTagFieldNumber(tag);
    const Walk walk = walk_field(type.FindFieldByNumber(number), bytes.substr(start, length),
                                 indexes[number]++, depth, path);
    if (walk != Walk::clean) return walk;
  }
  return Walk::clean;
}

}  // namespace

std::optional<std::string> find_bad_text(const Descriptor& type, std::string_view bytes) {
  std::string path;
  if (walk_message(type, bytes, 0, path) != Walk::found) return std::nullopt;
  return path;
}

}  // namespace psl
