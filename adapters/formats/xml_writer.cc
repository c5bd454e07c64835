#include "adapters/formats/xml_writer.h"

#include <array>
#include <cstdint>

#include "gateway/base/result.h"

namespace psl {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

// How far a byte may be copied as it is.
enum ByteKind : uint8_t { plain, plain_in_text, never_plain };

constexpr std::array<ByteKind, 256> byte_kinds = [] {
  std::array<ByteKind, 256> kinds{};
  for (size_t c = 0; c < kinds.size(); ++c) kinds[c] = c < 0x20 || c >= 0x80 ? never_plain : plain;
  for (const char c : {'&', '<', '>'}) kinds[static_cast<uint8_t>(c)] = never_plain;
  for (const char c : {'"', '\t', '\n'}) kinds[static_cast<uint8_t>(c)] = plain_in_text;
  return kinds;
}();

struct XmlUnit {
  size_t length = 1;
  bool ok = false;
};

// The well-formed UTF-8 sequence (RFC 3629) at `at`, and whether XML 1.0 allows its character. Of a malformed
// one, the first byte alone.
XmlUnit next_xml_unit(std::string_view text, size_t at) {
  auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = byte(at);
  if (lead < 0x80) return {1, lead >= 0x20 || lead == '\t' || lead == '\n' || lead == '\r'};
  // The letters of French, before all others.
  if (lead >= 0xC2 && lead <= 0xDF && at + 1 < text.size() && (byte(at + 1) & 0xC0U) == 0x80)
    return {2, true};
  size_t length = 0;
  uint32_t code = 0;
  uint32_t least = 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    length = 3, code = lead & 0x0FU, least = 0x800;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    length = 4, code = lead & 0x07U, least = 0x10000;
  } else {
    return {};
  }
  if (at + length > text.size()) return {};
  for (size_t i = 1; i < length; ++i) {
    if ((byte(at + i) & 0xC0U) != 0x80) return {};
    code = (code << 6U) | (byte(at + i) & 0x3FU);
  }
  const bool well_formed = code >= least && code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF);
  if (!well_formed) return {};
  return {length, code != 0xFFFE && code != 0xFFFF};
}

// What stands for a character in markup; empty: itself.
std::string_view escape_of(char c, bool in_attribute) {
  switch (c) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '\r':
      return "&#13;";
    case '"':
      return in_attribute ? "&quot;" : "";
    case '\t':
      return in_attribute ? "&#9;" : "";
    case '\n':
      return in_attribute ? "&#10;" : "";
    default:
      return "";
  }
}

}  // namespace

XmlWriter::XmlWriter(size_t size_hint) {
  out_.reserve(size_hint);
  out_ += "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
}

void XmlWriter::end_tag_head() {
  if (in_tag_) out_ += '>';
  in_tag_ = false;
}

XmlWriter& XmlWriter::open(std::string_view element) {
  end_tag_head();
  out_ += '<';
  out_ += element;
  open_.push_back(element);
  in_tag_ = true;
  return *this;
}

XmlWriter& XmlWriter::attribute(std::string_view name, std::string_view value) {
  PSL_CHECK(in_tag_);
  out_ += ' ';
  out_ += name;
  out_ += "=\"";
  escape(value, true);
  out_ += '"';
  return *this;
}

XmlWriter& XmlWriter::text(std::string_view value) {
  end_tag_head();
  escape(value, false);
  return *this;
}

XmlWriter& XmlWriter::close() {
  PSL_CHECK(!open_.empty());
  if (in_tag_) {
    out_ += "/>";
  } else {
    out_ += "</";
    out_ += open_.back();
    out_ += '>';
  }
  in_tag_ = false;
  open_.pop_back();
  return *this;
}

XmlWriter& XmlWriter::element(std::string_view name, std::initializer_list<Attribute> attributes) {
  open(name);
  for (const Attribute& each : attributes) attribute(each.name, each.value);
  return close();
}

XmlWriter& XmlWriter::element(std::string_view name, std::string_view value) {
  return open(name).text(value).close();
}

XmlWriter& XmlWriter::raw(std::string_view markup) {
  end_tag_head();
  out_ += markup;
  return *this;
}

std::string XmlWriter::finish() {
  while (!open_.empty()) close();
  out_ += '\n';
  return std::move(out_);
}

void XmlWriter::escape(std::string_view value, bool in_attribute) {
  const ByteKind first_other = in_attribute ? plain_in_text : never_plain;
  size_t copied = 0;
  size_t at = 0;
  auto put = [&](size_t length, std::string_view instead) {
    out_.append(value, copied, at - copied);
    out_ += instead;
    copied = at + length;
  };
  while (true) {
    while (at < value.size() && byte_kinds[static_cast<uint8_t>(value[at])] < first_other) ++at;
    if (at == value.size()) break;
    const XmlUnit unit = next_xml_unit(value, at);
    if (!unit.ok) {
      put(unit.length, replacement);
      altered_ = true;
    } else if (const std::string_view instead = escape_of(value[at], in_attribute); !instead.empty()) {
      put(unit.length, instead);
    }
    at += unit.length;
  }
  out_.append(value, copied);
}

bool xml_text_ok(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    if (byte_kinds[static_cast<uint8_t>(text[at])] != never_plain) {
      ++at;
      continue;
    }
    const XmlUnit unit = next_xml_unit(text, at);
    if (!unit.ok) return false;
    at += unit.length;
  }
  return true;
}

}  // namespace psl
