#include "gateway/care/candidates.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <numbers>
#include <set>
#include <utility>

#include "gateway/care/times.h"

namespace psl::care {
namespace {

using Entry = v1::CandidateList::Entry;

constexpr int stale_days = 30;
constexpr double earth_radius_km = 6371.0;

const v1::CandidateList* find_list(const v1::Tenant& tenant, const std::string& name) {
  for (const v1::CandidateList& list : tenant.candidate_lists()) {
    if (list.name() == name) return &list;
  }
  return nullptr;
}

const v1::Commune* find_commune(const v1::Tenant& tenant, const std::string& code) {
  for (const v1::Commune& commune : tenant.communes()) {
    if (commune.code() == code) return &commune;
  }
  return nullptr;
}

bool holds_text(const google::protobuf::RepeatedPtrField<std::string>& list, const std::string& text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

bool serves(const Entry& entry, const std::string& commune) {
  return entry.communes_served().empty() || entry.commune_code() == commune ||
         holds_text(entry.communes_served(), commune);
}

bool fits(const Entry& entry, const v1::Orientation& orientation) {
  if (!holds_text(entry.kinds(), v1::Orientation::Kind_Name(orientation.kind()))) return false;
  const bool by_profession =
      orientation.kind() != v1::Orientation::SPECIALIST && orientation.has_profession();
  const std::string& skill = by_profession ? orientation.profession().code() : orientation.specialty().code();
  if (!skill.empty() && !entry.skills().empty() && !holds_text(entry.skills(), skill)) return false;
  if (orientation.facts().home_visit_needed() && !entry.home_visits()) return false;
  return serves(entry, orientation.commune_code());
}

// What two entries of one addressee have in common; empty: no address.
std::string address_of(const Entry& entry) {
  const std::string& text = entry.has_person()      ? entry.person().mailbox()
                            : entry.has_structure() ? entry.structure().mailbox()
                                                    : entry.tool().name();
  if (text.empty()) return {};
  std::string address = (entry.has_tool() ? "tool " : "mail ") + text;
  std::transform(address.begin(), address.end(), address.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return address;
}

// Never confirmed is as good as long ago.
bool is_stale(const Entry& entry, std::string_view today) {
  const auto confirmed = calendar_day(entry.confirmed_on());
  const auto day = calendar_day(today);
  if (!confirmed || !day) return true;
  return std::chrono::sys_days(*day) - std::chrono::sys_days(*confirmed) > std::chrono::days(stale_days);
}

// Great circle (haversine).
double distance_km(const v1::Commune& a, const v1::Commune& b) {
  const auto radians = [](double degrees) { return degrees * std::numbers::pi / 180; };
  const double north = std::sin(radians(b.latitude() - a.latitude()) / 2);
  const double east = std::sin(radians(b.longitude() - a.longitude()) / 2);
  const double h =
      north * north + std::cos(radians(a.latitude())) * std::cos(radians(b.latitude())) * east * east;
  return 2 * earth_radius_km * std::asin(std::min(1.0, std::sqrt(h)));
}

// Before 0: the same commune. Infinite: one of the two communes is not in the configuration.
double nearness(const Entry& entry, const v1::Orientation& orientation, const v1::Tenant& tenant) {
  if (entry.commune_code() == orientation.commune_code()) return -1;
  const v1::Commune* home = find_commune(tenant, orientation.commune_code());
  const v1::Commune* practice = find_commune(tenant, entry.commune_code());
  if (home == nullptr || practice == nullptr) return std::numeric_limits<double>::infinity();
  return distance_km(*home, *practice);
}

struct Ranked {
  bool stale = false;
  double km = 0;
  const Entry* entry = nullptr;
};

v1::Candidate candidate_of(const Entry& entry) {
  v1::Candidate candidate;
  if (entry.has_person()) *candidate.mutable_person() = entry.person();
  if (entry.has_structure()) *candidate.mutable_structure() = entry.structure();
  if (entry.has_tool()) *candidate.mutable_tool() = entry.tool();
  candidate.set_phone(entry.phone());
  return candidate;
}

v1::Issue list_issue(v1::Issue::Level level, std::string code, std::string text, std::string text_fr) {
  v1::Issue issue;
  issue.set_level(level);
  issue.set_code(std::move(code));
  issue.set_path("event.orientation.candidate_list");
  issue.set_text(std::move(text));
  issue.set_text_fr(std::move(text_fr));
  return issue;
}

struct Counts {
  int without_address = 0;
  int left_out = 0;
  int stale = 0;
};

void tell_issues(const Counts& counts, Choice& choice) {
  if (choice.candidates.empty()) {
    choice.issues.push_back(list_issue(v1::Issue::LEVEL_WARNING, "NO_CANDIDATE_FITS",
                                       "nobody of the list can be asked for this orientation",
                                       "Personne de la liste ne peut être sollicité pour cette demande."));
  }
  if (counts.without_address > 0) {
    const std::string n = std::to_string(counts.without_address);
    choice.issues.push_back(
        list_issue(v1::Issue::LEVEL_WARNING, "CANDIDATE_WITHOUT_ADDRESS",
                   n + " of the list fit and have no address: they are not asked",
                   "Sans adresse sécurisée dans la liste, donc non sollicités : " + n + "."));
  }
  if (counts.stale > 0) {
    const std::string n = std::to_string(counts.stale);
    choice.issues.push_back(
        list_issue(v1::Issue::LEVEL_WARNING, "CANDIDATE_STALE",
                   n + " of those asked have not confirmed within 30 days: they come last",
                   "Disponibilité non confirmée depuis 30 jours, sollicités en dernier : " + n + "."));
  }
  if (counts.left_out > 0) {
    const std::string n = std::to_string(counts.left_out);
    choice.issues.push_back(list_issue(v1::Issue::LEVEL_INFORMATION, "CANDIDATES_LEFT_OUT",
                                       n + " more of the list fit: at most 30 are asked",
                                       "Non sollicités, au-delà de 30 : " + n + "."));
  }
}

bool rule_holds(const v1::PriorityRules::Rule& rule, const v1::PriorityFacts& facts, int age) {
  if (rule.age_min() > 0) return age >= rule.age_min();
  if (rule.daily_medicines_min() > 0) return facts.daily_medicines() >= rule.daily_medicines_min();
  const auto* field = v1::PriorityFacts::descriptor()->FindFieldByName(rule.fact());
  return field != nullptr && field->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_BOOL &&
         facts.GetReflection()->GetBool(facts, field);
}

}  // namespace

Choice choose_candidates(const v1::Orientation& orientation, const v1::Tenant& tenant,
                         std::string_view today) {
  Choice choice;
  Counts counts;
  std::vector<Ranked> ranked;
  if (const v1::CandidateList* list = find_list(tenant, orientation.candidate_list())) {
    for (const Entry& entry : list->entries()) {
      if (!fits(entry, orientation)) continue;
      if (address_of(entry).empty()) {
        ++counts.without_address;
      } else {
        ranked.push_back({is_stale(entry, today), nearness(entry, orientation, tenant), &entry});
      }
    }
  }
  std::stable_sort(ranked.begin(), ranked.end(), [](const Ranked& a, const Ranked& b) {
    return std::pair(a.stale, a.km) < std::pair(b.stale, b.km);
  });
  // Somebody with two practices is asked once, at the better one.
  std::set<std::string> asked;
  for (const Ranked& one : ranked) {
    if (!asked.insert(address_of(*one.entry)).second) continue;
    if (choice.candidates.size() == candidates_most) {
      ++counts.left_out;
      continue;
    }
    choice.candidates.push_back(candidate_of(*one.entry));
    if (one.stale) ++counts.stale;
  }
  tell_issues(counts, choice);
  return choice;
}

Priority priority_of(const v1::PriorityFacts& facts, std::string_view birth_date, const v1::Tenant& tenant,
                     std::string_view today) {
  const v1::PriorityRules* rules = nullptr;
  for (const v1::PriorityRules& one : tenant.priority_rules()) {
    // Days of this form sort as text.
    const bool in_force = one.effective_from() <= today;
    if (in_force && (rules == nullptr || one.effective_from() > rules->effective_from())) rules = &one;
  }
  Priority priority;
  if (rules == nullptr) return priority;
  priority.rules = rules->version();
  const int age = age_on(birth_date, today);
  for (const v1::PriorityRules::Rule& rule : rules->rules()) {
    if (rule_holds(rule, facts, age)) priority.score += rule.points();
  }
  for (const v1::PriorityRules::Class& one : rules->classes()) {
    if (priority.score < one.points_min()) continue;
    priority.number = one.number();
    break;
  }
  return priority;
}

int age_on(std::string_view birth_date, std::string_view day) {
  const auto born = calendar_day(birth_date);
  const auto then = calendar_day(day);
  if (!born || !then) return -1;
  const int years = static_cast<int>(then->year()) - static_cast<int>(born->year());
  const bool before_birthday = std::pair(then->month(), then->day()) < std::pair(born->month(), born->day());
  return std::max(-1, years - (before_birthday ? 1 : 0));
}

std::string day_of(Instant at) { return to_rfc3339(at).substr(0, 10); }

}  // namespace psl::care
