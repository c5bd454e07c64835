#include "adapters/formats/event_words.h"

#include "adapters/formats/value_sets.h"
#include "adapters/formats/view/header_text.h"

namespace psl {
namespace {

namespace v1 = passerelle::v1;

// The official label of a code, under the profession that JDV_J01 puts before it.
std::string label_of_code(std::string_view before, const v1::Coding& coding) {
  if (!coding.label().empty()) return coding.label();
  const Concept* known = find_concept(ValueSet::author_specialty, std::string(before).append(coding.code()));
  return known == nullptr ? coding.code() : std::string(known->label);
}

}  // namespace

std::string specialty_shown(const v1::Coding& specialty) {
  std::string label = label_of_code("G15_10/", specialty);
  constexpr std::string_view profession = "Médecin - ";
  // Which of the two registers a specialty is in tells a reader nothing.
  constexpr std::string_view register_mark = " (SM)";
  if (label.starts_with(profession)) label.erase(0, profession.size());
  if (label.ends_with(register_mark)) label.resize(label.size() - register_mark.size());
  return label;
}

std::string profession_shown(const v1::Coding& profession) { return label_of_code("G15_", profession); }

std::string person_shown(const v1::Professional& person) {
  std::string shown;
  const auto add = [&shown](std::string_view word) {
    if (word.empty()) return;
    if (!shown.empty()) shown += ' ';
    shown += word;
  };
  add(civility_shown(person.suffix().empty() ? person.prefix() : person.suffix()));
  add(person.given_name());
  add(person.family_name());
  return shown;
}

std::string moment_in_french(const google::protobuf::Timestamp& at, const TimeZone& zone) {
  const Instant instant{at.seconds() * 1000000};
  const std::string both = french_date_time(instant, zone);
  const std::string day = french_date(instant, zone);
  const std::string clock = both.substr(day.size() + 1);
  return clock == "00:00" ? day : day + " à " + clock;
}

}  // namespace psl
