// A FHIR server's memory for tests: conditional creates and updates of a transaction, and searches for what
// they left.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "fhir/answer.h"
#include "fhir/json_value.h"

namespace psl::test {

// A transaction about one request and its task; `event` is the last part of its event's UUID.
inline std::string orientation_bundle(const std::string& event,
                                      const std::string& task_status = "requested") {
  const std::string meta =
      R"("meta":{"tag":[{"system":"urn:ietf:rfc:3986","code":"urn:uuid:00000000-0000-8000-8000-)" + event +
      R"("}]},)";
  const auto updated = [&](const std::string& type, const std::string& id, const std::string& rest) {
    return R"({"resource":{"resourceType":")" + type + "\"," + meta +
           R"("identifier":[{"system":"urn:ietf:rfc:3986","value":"urn:uuid:)" + id + "\"}]," + rest +
           R"(},"request":{"method":"PUT","url":")" + type +
           "?identifier=urn%3Aietf%3Arfc%3A3986%7Curn%3Auuid%3A" + id + "\"}}";
  };
  return R"({"resourceType":"Bundle","type":"transaction","entry":[
    {"resource":{"resourceType":"Patient","identifier":[{"system":"urn:oid:1.2.250.1.213.1.4.10","value":"1"}]},
     "request":{"method":"POST","url":"Patient","ifNoneExist":"identifier=urn%3Aoid%3A1.2.250.1.213.1.4.10%7C1"}},)" +
         updated("ServiceRequest", "a", R"("status":"active")") + "," +
         updated("Task", "b", R"("status":")" + task_status + "\"") + "]}";
}
inline const std::string orientation_search =
    "ServiceRequest?identifier=urn%3Aietf%3Arfc%3A3986%7Curn%3Auuid%3Aa";

class FhirShelf {
 public:
  struct Kept {
    fhir::KnownResource known;
    int version = 1;
  };
  // By "ServiceRequest?identifier=...".
  std::map<std::string, Kept> kept;
  // A server may keep no tags.
  bool keeps_tags = true;

  // The transaction-response.
  std::string take(const std::string& body) {
    const auto tree = fhir::Tree::read(body);
    EXPECT_TRUE(tree.ok());
    std::string entries;
    for (const fhir::Value entry : tree->root()["entry"]) {
      fhir::KnownResource known = fhir::read_known(entry["resource"]);
      if (!keeps_tags) known.tags.clear();
      const bool updates = entry.text("request.method") == "PUT";
      const std::string key = updates ? std::string(entry.text("request.url"))
                                      : known.type + "?" + std::string(entry.text("request.ifNoneExist"));
      const auto [place, created] = kept.try_emplace(key, Kept{known});
      if (!created && updates) place->second = {known, place->second.version + 1};
      entries += std::string(entries.empty() ? "" : ",") + R"({"response":{"status":")" +
                 (created ? "201 Created" : "200 OK") + R"(","location":")" + known.type +
                 "/1/_history/1\"}}";
    }
    return R"({"resourceType":"Bundle","type":"transaction-response","entry":[)" + entries + "]}";
  }

  // `target`: "/fhir/ServiceRequest?identifier=...&_elements=...".
  std::string find(const std::string& target) const {
    const std::string key = target.substr(6, target.find('&') - 6);
    const auto found = kept.find(key);
    if (found == kept.end()) return R"({"resourceType":"Bundle","type":"searchset","total":0})";
    const fhir::KnownResource& known = found->second.known;
    return R"({"resourceType":"Bundle","type":"searchset","entry":[{"resource":{"resourceType":")" +
           known.type + R"(","status":")" + known.status + R"(","identifier":[)" +
           codings(known.identifiers, "value") + R"(],"meta":{"tag":[)" + codings(known.tags, "code") +
           "]}}}]}";
  }

 private:
  static std::string codings(const std::vector<std::string>& tokens, const std::string& name) {
    std::string list;
    for (const std::string& each : tokens) {
      const size_t bar = each.find('|');
      list += (list.empty() ? "" : ",") + (R"({"system":")" + each.substr(0, bar) + R"(",")" + name +
                                           R"(":")" + each.substr(bar + 1) + "\"}");
    }
    return list;
  }
};

}  // namespace psl::test
