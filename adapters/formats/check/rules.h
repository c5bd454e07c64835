// The rules that documents, their metadata and their mails are held to. One place for codes and texts: the
// reader of a CDA, the checks and the documentation all use it.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace passerelle::v1 {
class Issue;
}

namespace psl {

enum class Rule {
#define PSL_RULE(name, severity, code, text, text_fr) name,
#include "adapters/formats/check/cda_rules.def"
#include "adapters/formats/check/mail_rules.def"
#include "adapters/formats/check/xdm_rules.def"
#undef PSL_RULE
};

enum class Severity { information, warning, error };

struct RuleKind {
  Rule rule;
  Severity severity = Severity::error;
  // Stable, UPPER_SNAKE_CASE.
  std::string_view code;
  std::string_view text;
  std::string_view text_fr;
};

inline constexpr size_t rule_count = 0
#define PSL_RULE(name, severity, code, text, text_fr) +1
#include "adapters/formats/check/cda_rules.def"
#include "adapters/formats/check/mail_rules.def"
#include "adapters/formats/check/xdm_rules.def"
#undef PSL_RULE
    ;

// All of them, for the reference page and its test.
std::span<const RuleKind> rule_kinds();
const RuleKind& kind_of(Rule rule);

// Of one rule at most this many are told: the rest of a list says nothing new.
inline constexpr size_t issues_of_a_rule_max = 10;

// Adds one, unless the same is already there for that path; at most 10 of one rule and 100 in all, where an
// error takes the place of a lesser one. A path tells where (an XPath, a name of a header), never what stands
// there.
void add_issue(std::vector<passerelle::v1::Issue>& issues, Rule rule, std::string_view path);

// True when one of them is an error.
bool has_error(const std::vector<passerelle::v1::Issue>& issues);

}  // namespace psl
