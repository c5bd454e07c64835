// What a tenant's orientations and enrolments go by. What is wrong here would be found by a patient's request
// months later: it stops the start instead.
#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <set>

#include "gateway/config/value_checks.h"
#include "gateway/core/checked.h"
#include "passerelle/v1/orientation.pb.h"

namespace psl::config {
namespace {

namespace v1 = passerelle::v1;
using google::protobuf::FieldDescriptor;

std::string item_of(const std::string& path, int i) { return path + "[" + std::to_string(i) + "]"; }

bool holds_only(std::string_view text, size_t most, std::string_view allowed) {
  return !text.empty() && text.size() <= most && text.find_first_not_of(allowed) == std::string_view::npos;
}

bool rule_code_ok(std::string_view code) {
  return holds_only(code, 40, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
}

bool token_ok(std::string_view text, size_t most) {
  return !text.empty() && text.size() <= most &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7F; });
}

// INSEE code: digits, or 2A or 2B and digits.
bool commune_ok(std::string_view code) {
  constexpr std::string_view digits = "0123456789";
  const bool corsican = code.starts_with("2A") || code.starts_with("2B");
  return code.size() == 5 &&
         code.substr(corsican ? 2 : 0).find_first_not_of(digits) == std::string_view::npos;
}

// RFC 3986 section 4.3: a scheme, and something behind it.
bool absolute_uri_ok(std::string_view uri) {
  const size_t colon = uri.find(':');
  return token_ok(uri, 500) && colon != std::string_view::npos && colon + 1 < uri.size() &&
         holds_only(uri.substr(0, colon), 40, "abcdefghijklmnopqrstuvwxyz0123456789+.-") && uri[0] >= 'a';
}

// Of a criterion and of an exit rule.
template <typename Rule>
void check_coded_rule(const Rule& rule, const std::string& path, std::set<std::string>& seen,
                      Checker& checker) {
  if (checker.expect(rule_code_ok(rule.code()), path + ".code", "1 to 40 characters among A-Z, 0-9, _ and -"))
    checker.expect(seen.insert(rule.code()).second, path + ".code", "a code that the list does not hold yet");
  checker.text(path + ".label", rule.label(), 200);
}

void check_exit_rule(const v1::Protocol::ExitRule& rule, const std::string& path, Checker& checker) {
  const bool age = checker.is_given(path + ".age_reached");
  const bool months = checker.is_given(path + ".months_after_start");
  if (age == months) {
    checker.fault(path, "expected exactly one of age_reached and months_after_start");
  } else if (age) {
    checker.expect(rule.age_reached() >= 1 && rule.age_reached() <= 150, path + ".age_reached",
                   "a number of 1 to 150");
  } else {
    checker.expect(rule.months_after_start() >= 1 && rule.months_after_start() <= 1200,
                   path + ".months_after_start", "a number of 1 to 1200");
  }
}

void check_protocol(const v1::Protocol& protocol, const std::string& path, Checker& checker) {
  checker.name(path + ".id", protocol.id());
  checker.expect(token_ok(protocol.version(), 20), path + ".version",
                 "1 to 20 printable ASCII characters without space");
  checker.text(path + ".title", protocol.title(), 150);
  checker.expect(protocol.canonical().empty() || absolute_uri_ok(protocol.canonical()), path + ".canonical",
                 "an absolute URI, as \"https://cpts.example.fr/parcours/obesite\"");
  checker.expect(protocol.criteria_size() <= 100, path + ".criteria", "at most 100 criteria");
  std::set<std::string> criteria;
  for (int i = 0; i < protocol.criteria_size(); ++i)
    check_coded_rule(protocol.criteria(i), item_of(path + ".criteria", i), criteria, checker);
  checker.expect(protocol.exit_rules_size() <= 100, path + ".exit_rules", "at most 100 rules");
  std::set<std::string> rules;
  for (int i = 0; i < protocol.exit_rules_size(); ++i) {
    const std::string item = item_of(path + ".exit_rules", i);
    check_coded_rule(protocol.exit_rules(i), item, rules, checker);
    check_exit_rule(protocol.exit_rules(i), item, checker);
  }
}

void check_protocols(const v1::Tenant& tenant, const std::string& path, Checker& checker) {
  checker.expect(tenant.protocols_size() <= 100, path, "at most 100 protocols");
  std::set<std::pair<std::string, std::string>> seen;
  for (int i = 0; i < tenant.protocols_size(); ++i) {
    const v1::Protocol& protocol = tenant.protocols(i);
    check_protocol(protocol, item_of(path, i), checker);
    checker.agree(seen.emplace(protocol.id(), protocol.version()).second, item_of(path, i) + ".version",
                  "one that the protocol does not have yet");
  }
}

bool mailbox_allowed(const std::string& text, const v1::Tenant& tenant) {
  const auto mailbox = Mailbox::parse(text);
  if (!mailbox.ok() || mailbox->domain() == "patient.mssante.fr") return false;
  return std::any_of(tenant.mail_domains().begin(), tenant.mail_domains().end(),
                     [&](const std::string& allowed) {
                       const std::string_view domain = mailbox->domain();
                       if (!allowed.starts_with('.')) return domain == allowed;
                       return domain.size() > allowed.size() && domain.ends_with(allowed);
                     });
}

void check_professional(const v1::Professional& professional, const std::string& path, Checker& checker) {
  checker.expect(check_professional_id(professional.national_id()).ok(), path + ".national_id",
                 "a national identifier with its type digit: 8 + RPPS, 0 + ADELI");
  checker.text(path + ".family_name", professional.family_name(), 100);
}

// An entry may have no mailbox: it is then left out of what is asked, and an issue says so.
void check_target(const v1::CandidateList::Entry& entry, const v1::Tenant& tenant, const std::string& path,
                  Checker& checker) {
  const auto check_mailbox = [&](const std::string& mailbox, const std::string& place) {
    checker.expect(mailbox.empty() || mailbox_allowed(mailbox, tenant), place,
                   "a professional mailbox in a domain of the tenant's `mail_domains`");
  };
  switch (entry.target_case()) {
    case v1::CandidateList::Entry::kPerson:
      check_mailbox(entry.person().mailbox(), path + ".person.mailbox");
      if (entry.person().has_professional())
        check_professional(entry.person().professional(), path + ".person.professional", checker);
      return;
    case v1::CandidateList::Entry::kStructure:
      check_mailbox(entry.structure().mailbox(), path + ".structure.mailbox");
      if (entry.structure().has_organization())
        check_organization(checker, path + ".structure.organization", entry.structure().organization());
      return;
    case v1::CandidateList::Entry::kTool:
      checker.expect(std::find(tenant.tools().begin(), tenant.tools().end(), entry.tool().name()) !=
                         tenant.tools().end(),
                     path + ".tool.name", "the name of one of the tenant's `tools`");
      return;
    case v1::CandidateList::Entry::TARGET_NOT_SET:
      checker.fault(path, "required: person, structure or tool");
      return;
  }
}

// Each of a list, once.
template <typename Rule>
void check_set(const google::protobuf::RepeatedPtrField<std::string>& list, int most, const std::string& path,
               Rule ok, const std::string& expected, Checker& checker) {
  checker.expect(list.size() <= most, path, "at most " + std::to_string(most) + " items");
  std::set<std::string> seen;
  for (int i = 0; i < list.size(); ++i) {
    if (checker.expect(ok(list[i]), item_of(path, i), expected))
      checker.expect(seen.insert(list[i]).second, item_of(path, i),
                     "an item that the list does not hold yet");
  }
}

void check_entry(const v1::CandidateList::Entry& entry, const v1::Tenant& tenant, const std::string& path,
                 Checker& checker) {
  constexpr const char* commune = "an INSEE code of 5 characters";
  check_target(entry, tenant, path, checker);
  if (entry.kinds_size() == 0) checker.fault(path + ".kinds", "required: one kind of orientation at least");
  check_set(
      entry.kinds(), 6, path + ".kinds",
      [](const std::string& name) {
        v1::Orientation::Kind kind = v1::Orientation::KIND_UNSPECIFIED;
        return v1::Orientation::Kind_Parse(name, &kind) && kind != v1::Orientation::KIND_UNSPECIFIED;
      },
      "a kind of orientation, as PRIMARY_CARE_PHYSICIAN", checker);
  check_set(
      entry.skills(), 100, path + ".skills", [](const std::string& code) { return token_ok(code, 64); },
      "a code of a specialty or a profession, without space", checker);
  checker.expect(commune_ok(entry.commune_code()), path + ".commune_code", commune);
  check_set(entry.communes_served(), 2000, path + ".communes_served", commune_ok, commune, checker);
  checker.expect(entry.confirmed_on().empty() || date_ok(entry.confirmed_on()), path + ".confirmed_on",
                 "a day that exists, as \"2026-11-22\"");
  checker.expect(entry.phone().empty() || (entry.phone().starts_with("tel:") && token_ok(entry.phone(), 200)),
                 path + ".phone", "a URI of scheme tel, as \"tel:+33384000000\"");
}

void check_candidate_lists(const v1::Tenant& tenant, const std::string& path, Checker& checker) {
  checker.expect(tenant.candidate_lists_size() <= 50, path, "at most 50 lists");
  std::set<std::string> names;
  for (int i = 0; i < tenant.candidate_lists_size(); ++i) {
    const v1::CandidateList& list = tenant.candidate_lists(i);
    const std::string item = item_of(path, i);
    if (checker.name(item + ".name", list.name()))
      checker.expect(names.insert(list.name()).second, item + ".name", "a name that no other list has");
    checker.expect(list.entries_size() >= 1 && list.entries_size() <= 1000, item + ".entries",
                   "1 to 1,000 entries");
    for (int k = 0; k < list.entries_size(); ++k)
      check_entry(list.entries(k), tenant, item_of(item + ".entries", k), checker);
  }
}

bool fact_known(const std::string& name) {
  const FieldDescriptor* field = v1::PriorityFacts::descriptor()->FindFieldByName(name);
  return field != nullptr && field->type() == FieldDescriptor::TYPE_BOOL;
}

void check_rule(const v1::PriorityRules::Rule& rule, const std::string& path, Checker& checker) {
  const bool fact = checker.is_given(path + ".fact");
  const bool age = checker.is_given(path + ".age_min");
  const bool medicines = checker.is_given(path + ".daily_medicines_min");
  if (int{fact} + int{age} + int{medicines} != 1)
    checker.fault(path, "expected exactly one of fact, age_min and daily_medicines_min");
  checker.expect(!fact || fact_known(rule.fact()), path + ".fact",
                 "a field of PriorityFacts that is true or false, as long_term_illness");
  checker.expect(!age || (rule.age_min() >= 1 && rule.age_min() <= 150), path + ".age_min",
                 "a number of 1 to 150");
  checker.expect(!medicines || (rule.daily_medicines_min() >= 1 && rule.daily_medicines_min() <= 99),
                 path + ".daily_medicines_min", "a number of 1 to 99");
  checker.expect(rule.points() >= 1 && rule.points() <= 100, path + ".points", "a number of 1 to 100");
}

void check_classes(const v1::PriorityRules& rules, const std::string& path, Checker& checker) {
  const int count = rules.classes_size();
  checker.expect(count >= 1 && count <= 10, path, "1 to 10 classes");
  for (int i = 0; i < count; ++i) {
    const v1::PriorityRules::Class& one = rules.classes(i);
    const std::string item = item_of(path, i);
    checker.expect(one.number() == i + 1, item + ".number",
                   "1 for the first class, the most urgent, then 2, 3...");
    if (i > 0 && one.points_min() >= rules.classes(i - 1).points_min())
      checker.fault(item + ".points_min", "expected less than that of the class before");
    if (i == count - 1)
      checker.expect(one.points_min() == 0, item + ".points_min",
                     "0 in the last class, which takes all others");
    checker.text(item + ".label", one.label(), 100);
  }
}

void check_priority_rules(const v1::Tenant& tenant, const std::string& path, Checker& checker) {
  constexpr const char* version = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  checker.expect(tenant.priority_rules_size() <= 50, path, "at most 50 versions");
  std::set<std::string> versions;
  std::set<std::string> days;
  for (int i = 0; i < tenant.priority_rules_size(); ++i) {
    const v1::PriorityRules& rules = tenant.priority_rules(i);
    const std::string item = item_of(path, i);
    if (checker.expect(holds_only(rules.version(), 40, version), item + ".version",
                       "1 to 40 characters among a-z, A-Z, 0-9, ., _ and -"))
      checker.expect(versions.insert(rules.version()).second, item + ".version",
                     "a version that no other rules have");
    if (checker.expect(date_ok(rules.effective_from()), item + ".effective_from",
                       "a day that exists, as \"2026-11-22\""))
      checker.expect(days.insert(rules.effective_from()).second, item + ".effective_from",
                     "a day on which no other rules begin");
    checker.expect(rules.rules_size() >= 1 && rules.rules_size() <= 50, item + ".rules", "1 to 50 rules");
    for (int k = 0; k < rules.rules_size(); ++k)
      check_rule(rules.rules(k), item_of(item + ".rules", k), checker);
    check_classes(rules, item + ".classes", checker);
  }
}

void check_communes(const v1::Tenant& tenant, const std::string& path, Checker& checker) {
  checker.expect(tenant.communes_size() <= 2000, path, "at most 2,000 communes");
  std::set<std::string> codes;
  for (int i = 0; i < tenant.communes_size(); ++i) {
    const v1::Commune& commune = tenant.communes(i);
    const std::string item = item_of(path, i);
    if (checker.expect(commune_ok(commune.code()), item + ".code", "an INSEE code of 5 characters"))
      checker.expect(codes.insert(commune.code()).second, item + ".code",
                     "a code that the list does not hold yet");
    // Not given, they would be a place in the Gulf of Guinea.
    const auto check_degrees = [&](const char* name, double value, double most) {
      checker.expect(checker.is_given(item + name) && value >= -most && value <= most, item + name,
                     "degrees, as 43.6119");
    };
    check_degrees(".latitude", commune.latitude(), 90);
    check_degrees(".longitude", commune.longitude(), 180);
  }
}

}  // namespace

void check_care(const v1::Tenant& tenant, const std::string& path, Checker& checker) {
  check_protocols(tenant, path + ".protocols", checker);
  check_candidate_lists(tenant, path + ".candidate_lists", checker);
  check_priority_rules(tenant, path + ".priority_rules", checker);
  check_communes(tenant, path + ".communes", checker);
  if (!tenant.has_answer_within()) return;
  const int64_t us = microseconds_of(tenant.answer_within());
  checker.expect(us >= 5 * minute_s * 1'000'000 && us <= 30 * day_s * 1'000'000, path + ".answer_within",
                 "a duration of 5min to 720h");
}

}  // namespace psl::config
