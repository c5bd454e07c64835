// docs/reference/issues.md against the rules of the program.
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "adapters/formats/check/rules.h"

namespace psl {
namespace {

std::string issues_page() {
  std::ifstream file(PSL_SOURCE_DIR "/docs/reference/issues.md");
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string level_name(Severity severity) {
  return severity == Severity::error ? "error" : severity == Severity::warning ? "warning" : "information";
}

TEST(IssuesPage, HasARowForEachRule) {
  // Code, level and English text, to the letter: the failure prints the row to add.
  const std::string page = issues_page();
  for (const RuleKind& kind : rule_kinds()) {
    const std::string row = "| `" + std::string(kind.code) + "` | " + level_name(kind.severity) + " | " +
                            std::string(kind.text) + " |\n";
    EXPECT_NE(page.find(row), std::string::npos) << row;
  }
}

TEST(IssuesPage, HasNoRowOfARuleThatIsGone) {
  // One row for each code; READABLE_COPY_LEFT_OUT is told by the mail partner, which knows the limit, and
  // what becomes of restrictions by intake, which knows the document replaced.
  std::set<std::string, std::less<>> codes = {"READABLE_COPY_LEFT_OUT", "RESTRICTION_INHERITED",
                                              "RESTRICTION_LIFTED"};
  for (const RuleKind& kind : rule_kinds()) codes.emplace(kind.code);
  std::istringstream lines(issues_page());
  for (std::string line; std::getline(lines, line);) {
    if (line.substr(0, 3) != "| `" || line.find("` | ") == std::string::npos) continue;
    const std::string code = line.substr(3, line.find('`', 3) - 3);
    if (code == "error" || code == "warning" || code == "information") continue;
    EXPECT_EQ(codes.erase(code), 1u) << code;
  }
}

}  // namespace
}  // namespace psl
