#include "adapters/formats/check/rules.h"

#include <algorithm>
#include <iterator>

#include "gateway/base/result.h"
#include "passerelle/v1/delivery.pb.h"

namespace psl {
namespace {

namespace v1 = passerelle::v1;

constexpr size_t issues_max = 100;

constexpr RuleKind kinds[] = {
#define PSL_RULE(name, severity, code, text, text_fr) {Rule::name, Severity::severity, code, text, text_fr},
#include "adapters/formats/check/cda_rules.def"
#include "adapters/formats/check/mail_rules.def"
#include "adapters/formats/check/xdm_rules.def"
#undef PSL_RULE
};

v1::Issue::Level level_of(Severity severity) {
  switch (severity) {
    case Severity::error:
      return v1::Issue::LEVEL_ERROR;
    case Severity::warning:
      return v1::Issue::LEVEL_WARNING;
    case Severity::information:
      break;
  }
  return v1::Issue::LEVEL_INFORMATION;
}

}  // namespace

std::span<const RuleKind> rule_kinds() { return kinds; }

const RuleKind& kind_of(Rule rule) { return kinds[static_cast<size_t>(rule)]; }

void add_issue(std::vector<v1::Issue>& issues, Rule rule, std::string_view path) {
  const RuleKind& kind = kind_of(rule);
  size_t same = 0;
  for (const v1::Issue& each : issues) {
    if (each.code() != kind.code) continue;
    if (each.path() == path || ++same >= issues_of_a_rule_max) return;
  }
  if (issues.size() >= issues_max) {
    if (kind.severity != Severity::error) return;
    const auto last_mild = std::find_if(issues.rbegin(), issues.rend(), [](const v1::Issue& each) {
      return each.level() != v1::Issue::LEVEL_ERROR;
    });
    if (last_mild == issues.rend()) return;
    issues.erase(std::next(last_mild).base());
  }
  v1::Issue& added = issues.emplace_back();
  added.set_level(level_of(kind.severity));
  added.set_code(std::string(kind.code));
  added.set_path(std::string(path));
  added.set_text(std::string(kind.text));
  added.set_text_fr(std::string(kind.text_fr));
}

bool has_error(const std::vector<v1::Issue>& issues) {
  return std::any_of(issues.begin(), issues.end(),
                     [](const v1::Issue& issue) { return issue.level() == v1::Issue::LEVEL_ERROR; });
}

}  // namespace psl
