#include "adapters/formats/view/header_text.h"


#include "adapters/formats/calendar.h"
#include "adapters/formats/cda/cda_header.h"
#include "gateway/core/french_words.h"

namespace psl {
namespace {

constexpr std::string_view month_names[] = {"janvier",   "février", "mars",     "avril",
                                            "mai",       "juin",    "juillet",  "août",
                                            "septembre", "octobre", "novembre", "décembre"};

// Digits of a TS before its fraction and offset; 0 when it is none.
size_t digits_of(std::string_view hl7_time) {
  const std::optional<Hl7Time> time = parse_hl7(hl7_time);
  return time ? static_cast<size_t>(time->digits) : 0;
}

std::string clock_shown(std::string_view hl7_time) {
  if (digits_of(hl7_time) < 12) return {};
  std::string text = " à " + std::string(hl7_time.substr(8, 2)) + ":" + std::string(hl7_time.substr(10, 2));
  const size_t offset = hl7_time.find_first_of("+-");
  // A clock in France never shows UTC: who reads must know.
  if (offset != std::string_view::npos &&
      hl7_time.find_first_of("123456789", offset) == std::string_view::npos)
    text += " (UTC)";
  return text;
}

// The name part with the first of these qualifiers that there is.
std::string name_part(const XmlElement& name, std::string_view tag,
                      std::initializer_list<std::string_view> qualifiers, ViewNotes& notes) {
  for (const std::string_view qualifier : qualifiers) {
    for (const XmlElement* part : cda_children(name, tag)) {
      if (part->attribute("qualifier") != qualifier) continue;
      if (std::string text = line_of(*part, notes); !text.empty()) return text;
    }
  }
  return {};
}

void append_word(std::string& text, std::string_view word) {
  if (word.empty()) return;
  if (!text.empty()) text += ' ';
  text += word;
}

std::string child_line(const XmlElement& element, std::string_view name, ViewNotes& notes) {
  const XmlElement* child = cda_child(element, name);
  return child == nullptr ? std::string() : line_of(*child, notes);
}

const XmlElement* first_at(const XmlElement& entity,
                           std::initializer_list<std::initializer_list<std::string_view>> paths) {
  for (const auto& path : paths) {
    if (const XmlElement* found = cda_at(entity, path)) return found;
  }
  return nullptr;
}

}  // namespace

std::string civility_shown(std::string code) {
  if (code == "DR") return "Dr";
  if (code == "PR") return "Pr";
  if (code == "M") return "M.";
  if (code == "MME") return "Mme";
  return code;
}

void join_part(std::string& text, std::string_view part) {
  if (part.empty()) return;
  if (!text.empty()) text += ", ";
  text += part;
}

std::string day_shown(std::string_view hl7_time) {
  const size_t digits = digits_of(hl7_time);
  if (digits < 4) return {};
  std::string text(hl7_time.substr(0, 4));
  if (digits >= 6) text = std::string(hl7_time.substr(4, 2)) + "/" + text;
  if (digits >= 8) text = std::string(hl7_time.substr(6, 2)) + "/" + text;
  return text;
}

std::string moment_shown(std::string_view hl7_time) { return day_shown(hl7_time) + clock_shown(hl7_time); }

std::string long_moment_shown(std::string_view hl7_time) {
  if (digits_of(hl7_time) < 8) return day_shown(hl7_time);
  const size_t month = static_cast<size_t>((hl7_time[4] - '0') * 10 + (hl7_time[5] - '0'));
  std::string day(hl7_time.substr(6, 2));
  if (day[0] == '0') day.erase(0, 1);
  if (day == "1") day = "1er";
  return day + " " + std::string(month_names[month - 1]) + " " + std::string(hl7_time.substr(0, 4)) +
         clock_shown(hl7_time);
}

std::string period_shown(const XmlElement* effective_time) {
  if (effective_time == nullptr) return {};
  const std::string low = moment_shown(cda_value(*effective_time, "low", "value"));
  const std::string high = moment_shown(cda_value(*effective_time, "high", "value"));
  const std::string at = moment_shown(effective_time->attribute("value"));
  if (!low.empty() && !high.empty()) return "du " + low + " au " + high;
  if (!low.empty()) return "à partir du " + low;
  if (!high.empty()) return "jusqu'au " + high;
  return at.empty() ? at : "le " + at;
}

std::string name_shown(const XmlElement* name, ViewNotes& notes) {
  if (name == nullptr) return {};
  if (name->children().empty()) return line_of(*name, notes);
  const std::string suffix = child_line(*name, "suffix", notes);
  std::string text = civility_shown(suffix.empty() ? child_line(*name, "prefix", notes) : suffix);
  append_word(text, name_part(*name, "given", {"CL", "", "BR"}, notes));
  const std::string family = name_part(*name, "family", {"CL", "", "BR"}, notes);
  append_word(text, family);
  const std::string birth = name_part(*name, "family", {"BR"}, notes);
  if (!birth.empty() && birth != family) text += " (nom de naissance : " + birth + ")";
  return text;
}

std::vector<std::string> address_shown(const XmlElement& owner, ViewNotes& notes) {
  std::vector<std::string> lines;
  const XmlElement* addr = cda_child(owner, "addr");
  if (addr == nullptr) return lines;
  const auto add = [&lines](std::string line) {
    if (!line.empty()) lines.push_back(std::move(line));
  };
  for (const XmlElement* line : cda_children(*addr, "streetAddressLine")) add(line_of(*line, notes));
  std::string street;
  for (const std::string_view part : {"houseNumber", "houseNumberNumeric", "streetNameType", "streetName"})
    append_word(street, child_line(*addr, part, notes));
  add(std::move(street));
  for (const std::string_view part : {"additionalLocator", "unitID", "precinct", "postBox"})
    add(child_line(*addr, part, notes));
  if (addr->children().empty()) add(line_of(*addr, notes));
  std::string city = child_line(*addr, "postalCode", notes);
  append_word(city, child_line(*addr, "city", notes));
  add(std::move(city));
  const std::string country = child_line(*addr, "country", notes);
  if (country != "FRANCE" && country != "France" && country != "FR" && country != "FRA") add(country);
  return lines;
}

std::vector<std::string> telecoms_shown(const XmlElement& owner) {
  std::vector<std::string> lines;
  for (const XmlElement* telecom : cda_children(owner, "telecom")) {
    const std::string_view uri = telecom->attribute("value");
    const size_t colon = uri.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string_view scheme = uri.substr(0, colon);
    const std::string_view rest = uri.substr(colon + 1);
    if (scheme == "tel") lines.push_back("Tél.\u00A0" + phone_shown(rest));
    if (scheme == "fax") lines.push_back("Télécopie\u00A0" + phone_shown(rest));
    if (scheme == "mailto") lines.emplace_back(rest);
    if (scheme == "http" || scheme == "https") lines.emplace_back(uri);
  }
  return lines;
}

std::string participant_shown(const XmlElement& entity, ViewNotes& notes) {
  const XmlElement* name = first_at(entity, {{"assignedPerson", "name"},
                                             {"associatedPerson", "name"},
                                             {"informationRecipient", "name"},
                                             {"relatedPerson", "name"},
                                             {"guardianPerson", "name"}});
  std::string text = name_shown(name, notes);
  if (const XmlElement* device = cda_child(entity, "assignedAuthoringDevice");
      device != nullptr && text.empty()) {
    text = child_line(*device, "softwareName", notes);
    if (text.empty()) text = child_line(*device, "manufacturerModelName", notes);
  }
  join_part(text, cda_value(entity, "code", "displayName"));
  if (const XmlElement* structure = first_at(entity, {{"representedOrganization", "name"},
                                                      {"scopingOrganization", "name"},
                                                      {"receivedOrganization", "name"},
                                                      {"guardianOrganization", "name"}})) {
    join_part(text, line_of(*structure, notes));
  }
  return text;
}

}  // namespace psl
