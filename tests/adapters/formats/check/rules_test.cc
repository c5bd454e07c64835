#include "adapters/formats/check/rules.h"

#include <gtest/gtest.h>

#include "passerelle/v1/delivery.pb.h"

namespace psl {
namespace {

TEST(Rules, AreCompleteAndInOrder) {
  // The table is read by position: each kind at its place, with a code of its own and both texts.
  const auto kinds = rule_kinds();
  for (size_t i = 0; i < kinds.size(); ++i) {
    EXPECT_EQ(static_cast<size_t>(kinds[i].rule), i) << kinds[i].code;
    EXPECT_FALSE(kinds[i].code.empty() || kinds[i].text.empty() || kinds[i].text_fr.empty());
    for (size_t j = 0; j < i; ++j) EXPECT_NE(kinds[i].code, kinds[j].code);
  }
}

TEST(Rules, AreToldOncePerPathAndAtMostTenTimes) {
  // A rule broken twice at one place is one issue; a broken document cannot fill an answer.
  std::vector<passerelle::v1::Issue> issues;
  add_issue(issues, Rule::title_missing, "a");
  add_issue(issues, Rule::title_missing, "a");
  EXPECT_EQ(issues.size(), 1u);
  for (int i = 0; i < 200; ++i) add_issue(issues, Rule::title_missing, std::to_string(i));
  EXPECT_EQ(issues.size(), issues_of_a_rule_max);
}

TEST(Rules, NeverHideAnErrorBehindAHundredLesserIssues) {
  // A hundred in all, and an error takes the place of a warning; errors alone leave no place.
  std::vector<passerelle::v1::Issue> issues;
  std::vector<Rule> mild;
  std::vector<Rule> errors;
  for (const RuleKind& kind : rule_kinds()) {
    (kind.severity == Severity::error ? errors : mild).push_back(kind.rule);
  }
  for (int i = 0; i < 10; ++i) {
    for (const Rule rule : mild) add_issue(issues, rule, std::to_string(i));
  }
  EXPECT_EQ(issues.size(), 100u);
  EXPECT_FALSE(has_error(issues));
  add_issue(issues, errors[0], "a");
  EXPECT_EQ(issues.size(), 100u);
  EXPECT_TRUE(has_error(issues));
  for (int i = 0; i < 10; ++i) {
    for (const Rule rule : errors) add_issue(issues, rule, std::to_string(i));
  }
  EXPECT_EQ(issues.size(), 100u);
}

}  // namespace
}  // namespace psl
