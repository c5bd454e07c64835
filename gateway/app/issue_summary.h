// The issues of a preview for a person: each once, the gravest first.
#pragma once

#include <string>
#include <vector>

#include "passerelle/v1/delivery.pb.h"

namespace psl {

struct RecipientIssues {
  // "0-mail-demo".
  std::string recipient;
  std::vector<passerelle::v1::Issue> issues;
};

// "1 error, 2 warnings", then each code with its text and its paths; a path that only some recipients have
// names them. "no issues" when there are none.
std::string issue_summary(const std::vector<RecipientIssues>& recipients);

}  // namespace psl
