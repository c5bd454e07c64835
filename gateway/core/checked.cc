#include "gateway/core/checked.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "gateway/base/bytes.h"

namespace psl {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }

bool all_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

bool graphic_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7F; });
}

bool is_corsican(std::string_view matricule) {
  return matricule[5] == '2' && (matricule[6] == 'A' || matricule[6] == 'B');
}

// 97 - (first 13 mod 97), with 2A read as 19 and 2B as 18. RNIV 1 section 2.2.
int expected_ins_key(std::string_view matricule) {
  std::string number(matricule.substr(0, 13));
  if (is_corsican(matricule)) {
    number[5] = '1';
    number[6] = matricule[6] == 'A' ? '9' : '8';
  }
  int rest = 0;
  for (char c : number) rest = (rest * 10 + (c - '0')) % 97;
  return 97 - rest;
}

// The letters of U+00C0 to U+017F without their marks; '?' is no letter.
constexpr std::string_view latin_base =
    "AAAAAA?CEEEEIIII"   // U+00C0, AE apart
    "DNOOOOO?OUUUUY??"   // U+00D0, Thorn and sharp s apart
    "AAAAAA?CEEEEIIII"   // U+00E0
    "DNOOOOO?OUUUUY?Y"   // U+00F0
    "AAAAAACCCCCCCCDD"   // U+0100
    "DDEEEEEEEEEEGGGG"   // U+0110
    "GGGGHHHHIIIIIIII"   // U+0120
    "II??JJKKKLLLLLLL"   // U+0130, IJ apart
    "LLLNNNNNNNNNOOOO"   // U+0140
    "OO??RRRRRRSSSSSS"   // U+0150, OE apart
    "SSTTTTTTUUUUUUUU"   // U+0160
    "UUUUWWYYYZZZZZZS";  // U+0170
static_assert(latin_base.size() == 0x180 - 0xC0);

std::string_view ligature(uint32_t code_point) {
  switch (code_point) {
    case 0xC6:
    case 0xE6:
      return "AE";
    case 0x152:
    case 0x153:
      return "OE";
    case 0x132:
    case 0x133:
      return "IJ";
    case 0xDF:
    case 0x1E9E:
      return "SS";
    case 0xDE:
    case 0xFE:
      return "TH";
    default:
      return "";
  }
}

// The next code point of well-formed UTF-8; the text was checked at the door, so anything else reads as
// U+FFFD.
uint32_t next_code_point(std::string_view text, size_t& i) {
  const auto byte = [&](size_t at) { return static_cast<uint32_t>(static_cast<uint8_t>(text[at])); };
  const uint32_t lead = byte(i);
  const size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (i + length > text.size() || (lead >= 0x80 && lead < 0xC0)) {
    ++i;
    return 0xFFFD;
  }
  uint32_t value = length == 1 ? lead : lead & (0xFFU >> (length + 1));
  for (size_t k = 1; k < length; ++k) value = value << 6 | (byte(i + k) & 0x3F);
  i += length;
  return value;
}

bool is_mark(uint32_t code_point) { return code_point >= 0x300 && code_point <= 0x36F; }

void append_strict(std::string& out, uint32_t code_point) {
  if (code_point < 0x80) {
    const char c = static_cast<char>(code_point);
    if (is_lower(c)) {
      out += static_cast<char>(c - 'a' + 'A');
    } else if (is_upper(c) || c == '-' || c == '\'') {
      out += c;
    } else {
      out += ' ';
    }
  } else if (code_point == 0x2019 || code_point == 0x2018 || code_point == 0x2BC) {
    out += '\'';
  } else if (code_point >= 0x2010 && code_point <= 0x2015) {
    out += '-';
  } else if (const std::string_view two = ligature(code_point); !two.empty()) {
    out += two;
  } else if (code_point >= 0xC0 && code_point < 0x180 && latin_base[code_point - 0xC0] != '?') {
    out += latin_base[code_point - 0xC0];
  } else if (!is_mark(code_point)) {
    out += ' ';
  }
}

// One space between words, none at the ends.
std::string squeezed(const std::string& text) {
  std::string out;
  for (char c : text) {
    if (c != ' ' || (!out.empty() && out.back() != ' ')) out += c;
  }
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

bool atom_ok(std::string_view atom) {
  // RFC 5321 section 4.1.2: Atom, ASCII only.
  return !atom.empty() && std::all_of(atom.begin(), atom.end(), [](char c) {
    return is_digit(c) || is_upper(c) || is_lower(c) ||
           std::string_view("!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
  });
}

bool host_label_ok(std::string_view label) {
  if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
  return std::all_of(label.begin(), label.end(),
                     [](char c) { return is_digit(c) || is_upper(c) || is_lower(c) || c == '-'; });
}

// Calls `ok` on each part of `text` between dots; false when one is refused.
bool every_part(std::string_view text, bool (*ok)(std::string_view), size_t& parts) {
  parts = 0;
  for (size_t start = 0;;) {
    const size_t dot = text.find('.', start);
    ++parts;
    if (!ok(text.substr(start, dot - start))) return false;
    if (dot == std::string_view::npos) return true;
    start = dot + 1;
  }
}

bool arc_ok(std::string_view arc) { return all_digits(arc) && (arc.size() == 1 || arc.front() != '0'); }

bool finess_shape_ok(std::string_view text) {
  // The department may be 2A or 2B.
  return text.size() == 9 && is_digit(text[0]) && (is_digit(text[1]) || text[1] == 'A' || text[1] == 'B') &&
         all_digits(text.substr(2));
}

bool internal_id_ok(std::string_view text, bool (*prefix_ok)(std::string_view)) {
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) return false;
  const std::string_view inner = text.substr(slash + 1);
  return prefix_ok(text.substr(0, slash)) && !inner.empty() && inner.size() <= 40 && graphic_ascii(inner);
}

bool siren_shape_ok(std::string_view text) { return text.size() == 9 && all_digits(text); }
bool siret_shape_ok(std::string_view text) { return text.size() == 14 && all_digits(text); }
bool rpps_shape_ok(std::string_view text) { return text.size() == 11 && all_digits(text); }
bool adeli_shape_ok(std::string_view text) {
  return text.size() >= 8 && text.size() <= 9 && graphic_ascii(text) && is_digit(text.back());
}

bool professional_shape_ok(std::string_view id) {
  if (id.size() < 2 || id.size() > 64) return false;
  const std::string_view rest = id.substr(1);
  switch (id[0]) {
    case '8':
      return rpps_shape_ok(rest);
    case '0':
      return adeli_shape_ok(rest);
    case '1':
      return internal_id_ok(rest, adeli_shape_ok);
    case '3':
      return internal_id_ok(rest, finess_shape_ok);
    case '4':
      return internal_id_ok(rest, siren_shape_ok);
    case '5':
      return internal_id_ok(rest, siret_shape_ok);
    case '6':
      return internal_id_ok(rest, rpps_shape_ok);
    default:
      return false;
  }
}

bool organization_shape_ok(std::string_view id) {
  if (id.size() < 2 || id.size() > 64) return false;
  const std::string_view rest = id.substr(1);
  switch (id[0]) {
    case '0':
      return adeli_shape_ok(rest) || (rest.size() <= 11 && all_digits(rest) && rest.size() >= 8);
    case '1':
      return finess_shape_ok(rest);
    case '2':
      return siren_shape_ok(rest);
    case '3':
      return siret_shape_ok(rest);
    case '4':
      return all_digits(rest) && rest.size() >= 12 && rest.size() <= 14;
    default:
      return false;
  }
}

int days_in_month(int year, int month) {
  static constexpr std::array<int, 12> days = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : days[static_cast<size_t>(month - 1)];
}

int number_at(std::string_view text, size_t at, size_t length) {
  int value = 0;
  for (char c : text.substr(at, length)) value = value * 10 + (c - '0');
  return value;
}

}  // namespace

bool is_ins_oid(std::string_view oid) {
  return oid == ins_nir_oid || oid == ins_nia_oid || oid == ins_nir_test_oid || oid == ins_nir_demo_oid;
}

bool ins_oid_allowed(std::string_view oid, Environment environment) {
  if (environment == Environment::production) return oid == ins_nir_oid || oid == ins_nia_oid;
  return oid == ins_nir_test_oid || oid == ins_nir_demo_oid;
}

bool ins_shape_ok(std::string_view matricule) {
  if (matricule.size() != 15) return false;
  for (size_t i = 0; i < matricule.size(); ++i) {
    const bool corsican_letter = i == 6 && is_corsican(matricule);
    if (!is_digit(matricule[i]) && !corsican_letter) return false;
  }
  return true;
}

bool ins_key_ok(std::string_view matricule) {
  return ins_shape_ok(matricule) && number_at(matricule, 13, 2) == expected_ins_key(matricule);
}

Result<Ins> Ins::parse(std::string_view matricule, std::string_view oid, Environment environment) {
  if (!ins_shape_ok(matricule)) {
    return field_error(
        "matricule",
        "15 characters expected: 13 of the NIR or NIA (digits, or 2A/2B for Corsica) and the key");
  }
  if (!ins_key_ok(matricule)) {
    return field_error("matricule",
                       "the key (two last digits) does not fit: 97 - (first 13 mod 97) expected, 2A read as "
                       "19 and 2B as 18");
  }
  if (!ins_oid_allowed(oid, environment)) {
    return field_error("oid", environment == Environment::production
                                  ? "1.2.250.1.213.1.4.8 (NIR) or 1.2.250.1.213.1.4.9 (NIA) expected: this "
                                    "gateway serves real patients"
                                  : "1.2.250.1.213.1.4.10 or 1.2.250.1.213.1.4.11 expected: this gateway is "
                                    "in its test environment");
  }
  return Ins(std::string(matricule), std::string(oid));
}

bool oid_ok(std::string_view oid) {
  if (oid.size() < 3 || oid.size() > 64) return false;
  size_t arcs = 0;
  if (!every_part(oid, arc_ok, arcs) || arcs < 2) return false;
  return oid[0] <= '2' && oid[1] == '.';
}

Status check_professional_id(std::string_view national_id) {
  if (professional_shape_ok(national_id)) return {};
  return field_error("national_id",
                     "a type digit and an identifier expected, for example 8 and the 11 digits of the RPPS");
}

Status check_organization_id(std::string_view national_id) {
  if (organization_shape_ok(national_id)) return {};
  return field_error(
      "national_id",
      "a type digit and an identifier expected, for example 1 and the 9 characters of the FINESS");
}

Result<Mailbox> Mailbox::parse(std::string_view text) {
  const auto fault = [](std::string why) { return field_error("mailbox", std::move(why)); };
  if (text.empty()) return fault("an address is required");
  if (text.size() > 254) return fault("at most 254 characters expected");
  const size_t at = text.find('@');
  if (at == std::string_view::npos || text.find('@', at + 1) != std::string_view::npos)
    return fault("one \"@\" expected");
  size_t parts = 0;
  if (at > 64 || !every_part(text.substr(0, at), atom_ok, parts))
    return fault("the part before \"@\" is not a plain RFC 5321 local part");
  if (!every_part(text.substr(at + 1), host_label_ok, parts) || parts < 2)
    return fault("the part after \"@\" is not a domain name");
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c; });
  return Mailbox(std::move(lower));
}

std::string_view Mailbox::domain() const noexcept {
  return std::string_view(address_).substr(address_.find('@') + 1);
}

bool date_ok(std::string_view date) {
  if (date.size() != 10 || date[4] != '-' || date[7] != '-') return false;
  if (!all_digits(date.substr(0, 4)) || !all_digits(date.substr(5, 2)) || !all_digits(date.substr(8, 2)))
    return false;
  const int year = number_at(date, 0, 4);
  const int month = number_at(date, 5, 2);
  const int day = number_at(date, 8, 2);
  return year >= 1800 && year <= 2200 && month >= 1 && month <= 12 && day >= 1 &&
         day <= days_in_month(year, month);
}

std::string strict_name(std::string_view name) {
  std::string out;
  for (size_t i = 0; i < name.size();) append_strict(out, next_code_point(name, i));
  return squeezed(out);
}

bool same_name(std::string_view a, std::string_view b) {
  const auto letters = [](std::string_view name) {
    std::string out = strict_name(name);
    std::erase_if(out, [](char c) { return !is_upper(c); });
    return out;
  };
  return letters(a) == letters(b);
}

}  // namespace psl
