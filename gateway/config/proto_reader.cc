#include "gateway/config/proto_reader.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gateway/base/bytes.h"
#include "gateway/config/scalars.h"

namespace psl::config {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::OneofDescriptor;
using google::protobuf::Reflection;

// How many letters must change to make one word of the other; texts beyond 40 characters are never near.
size_t word_distance(std::string_view a, std::string_view b) {
  if (a.size() > 40 || b.size() > 40) return 40;
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({change, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

// The key itself is never repeated: an error text holds nothing that came with the file.
std::string unknown_key_text(std::string_view key, const Descriptor& type) {
  std::string names;
  for (int i = 0; i < type.field_count(); ++i) {
    const std::string& name = type.field(i)->name();
    if (word_distance(key, name) <= 2) return "unknown key: is it `" + name + "`?";
    names.append(i == 0 ? "" : ", ").append(name);
  }
  return "unknown key; known here: " + names;
}

std::string given_twice_text(const FieldDescriptor& field, bool file_fields) {
  if (!file_fields || field.type() != FieldDescriptor::TYPE_BYTES) {
    return "given twice, under both forms of its name";
  }
  std::string text = "given twice: `";
  text.append(field.name()).append("` or `").append(field.name()).append("_file`, once");
  return text;
}

// The values that a file may give: the zero of an enum means "not given", except where it has a meaning of
// its own.
std::string enum_names(const FieldDescriptor& field) {
  std::string names;
  for (int i = 0; i < field.enum_type()->value_count(); ++i) {
    const std::string& name = field.enum_type()->value(i)->name();
    if (name.ends_with("_UNSPECIFIED")) continue;
    if (!names.empty()) names += ", ";
    names += name;
  }
  return names;
}

bool is_word(FileNode::Kind kind) { return kind == FileNode::Kind::plain || kind == FileNode::Kind::text; }
bool is_numeric(FileNode::Kind kind) { return is_word(kind) || kind == FileNode::Kind::number; }

// Sets a singular field, or adds to a repeated one.
class FieldWriter {
 public:
  FieldWriter(Message& message, const FieldDescriptor& field)
      : message_(message), field_(field), reflection_(*message.GetReflection()) {}

  void set(int32_t value) { put(&Reflection::SetInt32, &Reflection::AddInt32, value); }
  void set(int64_t value) { put(&Reflection::SetInt64, &Reflection::AddInt64, value); }
  void set(uint32_t value) { put(&Reflection::SetUInt32, &Reflection::AddUInt32, value); }
  void set(uint64_t value) { put(&Reflection::SetUInt64, &Reflection::AddUInt64, value); }
  void set(double value) { put(&Reflection::SetDouble, &Reflection::AddDouble, value); }
  void set(float value) { put(&Reflection::SetFloat, &Reflection::AddFloat, value); }
  void set(bool value) { put(&Reflection::SetBool, &Reflection::AddBool, value); }
  void set_enum(int value) { put(&Reflection::SetEnumValue, &Reflection::AddEnumValue, value); }
  void set(std::string value) { put(&Reflection::SetString, &Reflection::AddString, std::move(value)); }
  Message& message() {
    return field_.is_repeated() ? *reflection_.AddMessage(&message_, &field_)
                                : *reflection_.MutableMessage(&message_, &field_);
  }

 private:
  template <typename Setter, typename Adder, typename T>
  void put(Setter setter, Adder adder, T value) {
    if (field_.is_repeated()) {
      (reflection_.*adder)(&message_, &field_, std::move(value));
    } else {
      (reflection_.*setter)(&message_, &field_, std::move(value));
    }
  }

  Message& message_;
  const FieldDescriptor& field_;
  const Reflection& reflection_;
};

class TreeReader {
 public:
  TreeReader(const FileTree& tree, const ReadOptions& options, Places& places, Faults& faults)
      : options_(options),
        folder_(std::filesystem::path(tree.source.name).parent_path()),
        places_(places),
        faults_(faults) {}

  // Recursion is bounded by tree_depth_max.
  void read_fields(const FileNode& node, Message& out, const std::string& path);

 private:
  struct KeyTarget {
    const FieldDescriptor* field = nullptr;
    bool from_file = false;
  };
  KeyTarget target_of(std::string_view key, const Descriptor& type) const;
  void read_field(const FileNode& node, const KeyTarget& target, Message& out, const std::string& path);
  void read_value(const FileNode& node, const FieldDescriptor& field, Message& out, const std::string& path);
  void read_submessage(const FileNode& node, const FieldDescriptor& field, Message& out,
                       const std::string& path);
  void read_time(const FileNode& node, Message& out, const std::string& path);
  void read_enum(const FileNode& node, const FieldDescriptor& field, FieldWriter& writer,
                 const std::string& path);
  void read_bytes(const FileNode& node, FieldWriter& writer, const std::string& path);
  void read_content_file(const FileNode& node, FieldWriter& writer, const std::string& path);
  template <typename T>
  void read_signed(const FileNode& node, FieldWriter& writer, const std::string& path);
  template <typename T>
  void read_unsigned(const FileNode& node, FieldWriter& writer, const std::string& path);
  template <typename T>
  void read_real(const FileNode& node, FieldWriter& writer, const std::string& path);
  void refuse(const FileNode& node, const std::string& path, std::string text) {
    faults_.add(node.at, path, std::move(text));
  }

  const ReadOptions& options_;
  std::filesystem::path folder_;
  Places& places_;
  Faults& faults_;
};

TreeReader::KeyTarget TreeReader::target_of(std::string_view key, const Descriptor& type) const {
  const auto find = [&type](std::string_view name) -> const FieldDescriptor* {
    for (int i = 0; i < type.field_count(); ++i) {
      if (name == type.field(i)->name() || name == type.field(i)->json_name()) return type.field(i);
    }
    return nullptr;
  };
  if (const FieldDescriptor* field = find(key)) return {field, false};
  if (!options_.file_fields) return {};
  for (const std::string_view ending : {"_file", "File"}) {
    if (!key.ends_with(ending)) continue;
    const FieldDescriptor* field = find(key.substr(0, key.size() - ending.size()));
    if (field != nullptr && field->type() == FieldDescriptor::TYPE_BYTES && !field->is_repeated())
      return {field, true};
  }
  return {};
}

void TreeReader::read_fields(const FileNode& node, Message& out, const std::string& path) {
  places_.emplace(path, node.at);
  if (node.kind != FileNode::Kind::map) {
    refuse(node, path, "expected keys and values");
    return;
  }
  std::set<int> seen;
  std::set<const OneofDescriptor*> chosen;
  for (const FileNode& child : node.children) {
    const KeyTarget target = target_of(child.key, *out.GetDescriptor());
    if (target.field == nullptr) {
      faults_.add(child.key_at, path, unknown_key_text(child.key, *out.GetDescriptor()));
      continue;
    }
    if (child.kind == FileNode::Kind::null) continue;
    const std::string& name = target.field->name();
    std::string field_path = path;
    if (!path.empty()) field_path += '.';
    field_path += name;
    if (!seen.insert(target.field->number()).second) {
      faults_.add(child.key_at, field_path, given_twice_text(*target.field, options_.file_fields));
      continue;
    }
    const OneofDescriptor* oneof = target.field->real_containing_oneof();
    if (oneof != nullptr && !chosen.insert(oneof).second) {
      faults_.add(child.key_at, field_path, "only one of the fields of `" + oneof->name() + "` may be given");
      continue;
    }
    read_field(child, target, out, field_path);
  }
}

void TreeReader::read_field(const FileNode& node, const KeyTarget& target, Message& out,
                            const std::string& path) {
  const FieldDescriptor& field = *target.field;
  if (target.from_file) {
    places_.emplace(path, node.at);
    FieldWriter writer(out, field);
    read_content_file(node, writer, path + "_file");
    return;
  }
  if (!field.is_repeated()) {
    read_value(node, field, out, path);
    return;
  }
  places_.emplace(path, node.at);
  if (field.is_map()) {
    refuse(node, path, "map fields are not supported");
    return;
  }
  if (node.kind != FileNode::Kind::list) {
    refuse(node, path, "expected a list");
    return;
  }
  for (size_t i = 0; i < node.children.size(); ++i) {
    const FileNode& item = node.children[i];
    std::string item_path = path;
    item_path.append("[").append(std::to_string(i)).append("]");
    if (item.kind == FileNode::Kind::null) {
      refuse(item, item_path, "an item of a list may not be null");
      continue;
    }
    read_value(item, field, out, item_path);
  }
}

template <typename T>
void TreeReader::read_signed(const FileNode& node, FieldWriter& writer, const std::string& path) {
  int64_t value = 0;
  const bool read = is_numeric(node.kind) && parse_signed(node.text, value);
  if (!read || value < std::numeric_limits<T>::min() || value > std::numeric_limits<T>::max()) {
    refuse(node, path,
           "expected a whole number of " + std::to_string(std::numeric_limits<T>::min()) + " to " +
               std::to_string(std::numeric_limits<T>::max()));
    return;
  }
  writer.set(static_cast<T>(value));
}

template <typename T>
void TreeReader::read_unsigned(const FileNode& node, FieldWriter& writer, const std::string& path) {
  uint64_t value = 0;
  const bool read = is_numeric(node.kind) && parse_unsigned(node.text, value);
  if (!read || value > std::numeric_limits<T>::max()) {
    refuse(node, path, "expected a whole number of 0 to " + std::to_string(std::numeric_limits<T>::max()));
    return;
  }
  writer.set(static_cast<T>(value));
}

template <typename T>
void TreeReader::read_real(const FileNode& node, FieldWriter& writer, const std::string& path) {
  double value = 0;
  const bool read = is_numeric(node.kind) && parse_real(node.text, value);
  if (!read || value < std::numeric_limits<T>::lowest() || value > std::numeric_limits<T>::max()) {
    refuse(node, path, "expected a decimal number");
    return;
  }
  writer.set(static_cast<T>(value));
}

void TreeReader::read_enum(const FileNode& node, const FieldDescriptor& field, FieldWriter& writer,
                           const std::string& path) {
  const EnumValueDescriptor* found = nullptr;
  int64_t number = 0;
  if (node.kind != FileNode::Kind::text && is_numeric(node.kind) && parse_signed(node.text, number)) {
    if (number >= 0 && number <= std::numeric_limits<int32_t>::max()) {
      found = field.enum_type()->FindValueByNumber(static_cast<int>(number));
    }
  } else if (is_word(node.kind)) {
    found = field.enum_type()->FindValueByName(node.text);
  }
  if (found == nullptr) {
    refuse(node, path, "expected one of " + enum_names(field));
    return;
  }
  writer.set_enum(found->number());
}

void TreeReader::read_bytes(const FileNode& node, FieldWriter& writer, const std::string& path) {
  std::string content;
  if (!is_word(node.kind) || !base64_decode(node.text, content)) {
    refuse(node, path, "expected base64");
    return;
  }
  if (content.size() > content_bytes_max) {
    refuse(node, path, "expected at most 30 MiB");
    return;
  }
  writer.set(std::move(content));
}

void TreeReader::read_content_file(const FileNode& node, FieldWriter& writer, const std::string& path) {
  if (!is_word(node.kind) || node.text.empty()) {
    refuse(node, path, "expected the path of a file");
    return;
  }
  Result<std::string> content = read_regular_file((folder_ / node.text).string(), content_bytes_max);
  if (!content) {
    refuse(node, path, "the file " + content.error().text);
  } else if (content->empty()) {
    refuse(node, path, "the file is empty");
  } else {
    writer.set(std::move(content).value());
  }
}

void TreeReader::read_time(const FileNode& node, Message& out, const std::string& path) {
  const bool timestamp = out.GetDescriptor()->name() == "Timestamp";
  SecondsAndNanos value;
  const bool read = is_word(node.kind) &&
                    (timestamp ? parse_timestamp(node.text, value) : parse_duration(node.text, value));
  if (!read) {
    refuse(node, path,
           timestamp ? "expected an instant as 2026-03-12T10:30:00+01:00 (RFC 3339, with its offset)"
                     : "expected a duration as 30s, 15min or 72h");
    return;
  }
  FieldWriter(out, *out.GetDescriptor()->FindFieldByName("seconds")).set(value.seconds);
  FieldWriter(out, *out.GetDescriptor()->FindFieldByName("nanos")).set(value.nanos);
}

void TreeReader::read_submessage(const FileNode& node, const FieldDescriptor& field, Message& out,
                                 const std::string& path) {
  const std::string& type = field.message_type()->full_name();
  Message& part = FieldWriter(out, field).message();
  if (type == "google.protobuf.Timestamp" || type == "google.protobuf.Duration") {
    read_time(node, part, path);
  } else if (type.starts_with("google.protobuf.")) {
    refuse(node, path, "fields of this type are not supported");
  } else {
    read_fields(node, part, path);
  }
}

void TreeReader::read_value(const FileNode& node, const FieldDescriptor& field, Message& out,
                            const std::string& path) {
  places_.emplace(path, node.at);
  FieldWriter writer(out, field);
  switch (field.type()) {
    case FieldDescriptor::TYPE_INT32:
    case FieldDescriptor::TYPE_SINT32:
    case FieldDescriptor::TYPE_SFIXED32:
      return read_signed<int32_t>(node, writer, path);
    case FieldDescriptor::TYPE_INT64:
    case FieldDescriptor::TYPE_SINT64:
    case FieldDescriptor::TYPE_SFIXED64:
      return read_signed<int64_t>(node, writer, path);
    case FieldDescriptor::TYPE_UINT32:
    case FieldDescriptor::TYPE_FIXED32:
      return read_unsigned<uint32_t>(node, writer, path);
    case FieldDescriptor::TYPE_UINT64:
    case FieldDescriptor::TYPE_FIXED64:
      return read_unsigned<uint64_t>(node, writer, path);
    case FieldDescriptor::TYPE_DOUBLE:
      return read_real<double>(node, writer, path);
    case FieldDescriptor::TYPE_FLOAT:
      return read_real<float>(node, writer, path);
    case FieldDescriptor::TYPE_BOOL:
      // A quoted "true" is a text: the mapping does not turn one into the other.
      if ((node.kind != FileNode::Kind::plain && node.kind != FileNode::Kind::boolean) ||
          (node.text != "true" && node.text != "false")) {
        return refuse(node, path, "expected true or false");
      }
      return writer.set(node.text == "true");
    case FieldDescriptor::TYPE_STRING:
      if (!is_word(node.kind) || !is_utf8(node.text)) return refuse(node, path, "expected a text");
      return writer.set(node.text);
    case FieldDescriptor::TYPE_BYTES:
      return read_bytes(node, writer, path);
    case FieldDescriptor::TYPE_ENUM:
      return read_enum(node, field, writer, path);
    case FieldDescriptor::TYPE_MESSAGE:
      return read_submessage(node, field, out, path);
    case FieldDescriptor::TYPE_GROUP:
      return refuse(node, path, "fields of this type are not supported");
  }
}

}  // namespace

void read_message(const FileTree& tree, const ReadOptions& options, Message& out, Places& places,
                  Faults& faults) {
  TreeReader(tree, options, places, faults).read_fields(tree.root, out, "");
}

}  // namespace psl::config
