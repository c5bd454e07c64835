#include "gateway/app/issue_summary.h"

#include <algorithm>
#include <map>
#include <utility>

namespace psl {
namespace {

namespace v1 = passerelle::v1;

// Those who have it, by path.
using Places = std::map<std::string, std::vector<std::string>>;

struct IssueGroup {
  v1::Issue issue;
  Places places;
};

std::string_view name_of_level(v1::Issue::Level level) {
  switch (level) {
    case v1::Issue::LEVEL_ERROR:
      return "error";
    case v1::Issue::LEVEL_WARNING:
      return "warning";
    default:
      return "information";
  }
}

std::vector<IssueGroup> group(const std::vector<RecipientIssues>& recipients) {
  std::vector<IssueGroup> groups;
  for (const RecipientIssues& recipient : recipients) {
    for (const v1::Issue& issue : recipient.issues) {
      auto found = std::find_if(groups.begin(), groups.end(), [&](const IssueGroup& one) {
        return one.issue.code() == issue.code() && one.issue.text() == issue.text();
      });
      if (found == groups.end()) found = groups.insert(groups.end(), {issue, {}});
      std::vector<std::string>& who = found->places[issue.path()];
      if (who.empty() || who.back() != recipient.recipient) who.push_back(recipient.recipient);
    }
  }
  std::stable_sort(groups.begin(), groups.end(), [](const IssueGroup& a, const IssueGroup& b) {
    return a.issue.level() > b.issue.level();
  });
  return groups;
}

// "1 error, 2 warnings": how many places of each level.
std::string counted(const std::vector<IssueGroup>& groups) {
  std::string text;
  for (const v1::Issue::Level level :
       {v1::Issue::LEVEL_ERROR, v1::Issue::LEVEL_WARNING, v1::Issue::LEVEL_INFORMATION}) {
    size_t count = 0;
    for (const IssueGroup& one : groups) count += one.issue.level() == level ? one.places.size() : 0;
    if (count == 0) continue;
    if (!text.empty()) text += ", ";
    text += std::to_string(count) + " " + std::string(name_of_level(level));
    if (count > 1 && level != v1::Issue::LEVEL_INFORMATION) text += "s";
  }
  return text;
}

}  // namespace

std::string issue_summary(const std::vector<RecipientIssues>& recipients) {
  const std::vector<IssueGroup> groups = group(recipients);
  if (groups.empty()) return "no issues\n";
  std::string text = counted(groups) + "\n";
  for (const IssueGroup& one : groups) {
    text += std::string(name_of_level(one.issue.level())) + "  " + one.issue.code() + ": " +
            one.issue.text() + "\n";
    for (const auto& [path, who] : one.places) {
      text += "    " + path;
      if (who.size() < recipients.size()) {
        text += " (";
        for (size_t i = 0; i < who.size(); ++i) text += (i == 0 ? "" : ", ") + who[i];
        text += ")";
      }
      text += "\n";
    }
  }
  return text;
}

}  // namespace psl
