#include "gateway/sandbox/findings.h"

#include "fhir/json_writer.h"

namespace psl {

std::string operation_outcome(const std::vector<Finding>& findings) {
  fhir::JsonWriter json;
  json.text("resourceType", "OperationOutcome").array("issue");
  for (const Finding& finding : findings) {
    json.object().text("severity", "error").text("code", finding.code).text("diagnostics", finding.text);
    json.array("expression").element(finding.expression).end().end();
  }
  return json.finish();
}

}  // namespace psl
