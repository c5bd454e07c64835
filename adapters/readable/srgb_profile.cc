#include "adapters/readable/srgb_profile.h"

#include <cmath>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace psl {
namespace {

constexpr std::string_view profile_name = "sRGB (Passerelle)";
constexpr size_t header_bytes = 128;
constexpr size_t curve_points = 256;

void put16(std::string& out, uint32_t value) {
  out += static_cast<char>(value >> 8U & 0xFFU);
  out += static_cast<char>(value & 0xFFU);
}
void put32(std::string& out, uint32_t value) {
  put16(out, value >> 16U);
  put16(out, value & 0xFFFFU);
}
// s15Fixed16Number.
void put_fixed(std::string& out, double value) {
  put32(out, static_cast<uint32_t>(static_cast<int32_t>(std::lround(value * 65536))));
}

std::string xyz_tag(double x, double y, double z) {
  std::string tag("XYZ \0\0\0\0", 8);
  put_fixed(tag, x);
  put_fixed(tag, y);
  put_fixed(tag, z);
  return tag;
}

std::string text_tag() {
  std::string tag("text\0\0\0\0", 8);
  tag += "No copyright, use freely";
  tag += '\0';
  return tag;
}

// textDescriptionType: the name in ASCII; no Unicode and no Macintosh name.
std::string description_tag() {
  std::string tag("desc\0\0\0\0", 8);
  put32(tag, static_cast<uint32_t>(profile_name.size() + 1));
  tag += profile_name;
  tag.append(1 + 4 + 4 + 2 + 1 + 67, '\0');
  return tag;
}

std::string curve_tag() {
  std::string tag("curv\0\0\0\0", 8);
  put32(tag, curve_points);
  for (size_t i = 0; i < curve_points; ++i) {
    const double v = static_cast<double>(i) / (curve_points - 1);
    const double linear = v <= 0.04045 ? v / 12.92 : std::pow((v + 0.055) / 1.055, 2.4);
    put16(tag, static_cast<uint32_t>(std::lround(linear * 65535)));
  }
  return tag;
}

std::string profile_header(size_t size) {
  std::string header;
  put32(header, static_cast<uint32_t>(size));
  put32(header, 0);           // no preferred module
  put32(header, 0x02100000);  // version 2.1
  header += "mntrRGB XYZ ";
  for (const uint32_t part : {2026U, 1U, 1U, 0U, 0U, 0U}) put16(header, part);  // made on
  header += "acsp";
  header.append(68 - header.size(), '\0');  // no platform, maker, model, attribute; perceptual
  put_fixed(header, 0.9642);                // D50, the illuminant of the connection space
  put_fixed(header, 1);
  put_fixed(header, 0.8249);
  header.append(header_bytes - header.size(), '\0');
  return header;
}

}  // namespace

std::string make_srgb_profile() {
  // The primaries of sRGB adapted from D65 to D50 (Bradford); the three curves are one.
  const std::vector<std::pair<std::vector<std::string_view>, std::string>> tags = {
      {{"desc"}, description_tag()},
      {{"cprt"}, text_tag()},
      {{"wtpt"}, xyz_tag(0.9642, 1, 0.8249)},
      {{"rXYZ"}, xyz_tag(0.43607, 0.22249, 0.01392)},
      {{"gXYZ"}, xyz_tag(0.38515, 0.71687, 0.09708)},
      {{"bXYZ"}, xyz_tag(0.14307, 0.06061, 0.71410)},
      {{"rTRC", "gTRC", "bTRC"}, curve_tag()}};
  constexpr size_t entries = 9;
  const size_t data_start = header_bytes + 4 + entries * 12;
  std::string table;
  std::string data;
  put32(table, entries);
  for (const auto& [names, content] : tags) {
    for (const std::string_view name : names) {
      table += name;
      put32(table, static_cast<uint32_t>(data_start + data.size()));
      put32(table, static_cast<uint32_t>(content.size()));
    }
    data += content;
    data.append((4 - data.size() % 4) % 4, '\0');
  }
  return profile_header(data_start + data.size()) + table + data;
}

}  // namespace psl
