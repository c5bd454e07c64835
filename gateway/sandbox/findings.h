// What is wrong with something that was posted, said so that its developer can mend it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace psl {

struct Finding {
  // OperationOutcome.issue.code: "required", "value", "invalid"... (R4, valueset-issue-type.html).
  std::string code;
  // FHIRPath of the element: "Bundle.entry[1].resource.date"; empty for the whole.
  std::string expression;
  // What is expected. The data are synthetic, and still no value is repeated.
  std::string text;
};

class Findings {
 public:
  void add(std::string_view code, std::string_view expression, std::string_view text) {
    if (list_.size() < most) list_.push_back({std::string(code), std::string(expression), std::string(text)});
  }
  bool empty() const { return list_.empty(); }
  const std::vector<Finding>& list() const { return list_; }

 private:
  static constexpr size_t most = 50;
  std::vector<Finding> list_;
};

// An OperationOutcome whose issues are errors. `findings` is not empty.
std::string operation_outcome(const std::vector<Finding>& findings);

}  // namespace psl
