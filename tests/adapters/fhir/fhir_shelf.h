// A FHIR server's memory for tests: conditional creates and updates of a transaction, and searches for what
// they left.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "fhir/answer.h"
#include "fhir/care_codes.h"
#include "fhir/json_value.h"

namespace psl::test {

// A transaction about one request and its task; `event` is the last part of its event's UUID, and says as a
// number how late the state is: "0002" comes after "0001".
inline std::string orientation_bundle(const std::string& event,
                                      const std::string& task_status = "requested") {
  const std::string meta =
      R"("meta":{"tag":[{"system":"urn:ietf:rfc:3986","code":"urn:uuid:00000000-0000-8000-8000-)" + event +
      R"("},{"system":")" + std::string(fhir::own_order_system) + R"(","code":")" +
      std::to_string(std::stoi(event)) + R"("}]},)";
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
  // A server may keep no tags, or say no version.
  bool keeps_tags = true;
  bool says_versions = true;
  // Of the last transaction: what was answered, and the keys of its entries.
  int status = 200;
  std::vector<std::string> taken;

  // The transaction-response; all or nothing: an OperationOutcome when a version is not the last.
  std::string take(const std::string& body) {
    const auto tree = fhir::Tree::read(body);
    EXPECT_TRUE(tree.ok());
    taken.clear();
    status = 200;
    for (const fhir::Value entry : tree->root()["entry"]) {
      taken.push_back(key_of(entry));
      const std::string_view version = entry.text("request.ifMatch");
      if (!version.empty() && version != "W/\"" + std::to_string(kept[taken.back()].version) + "\"")
        status = 412;
    }
    if (status != 200)
      return R"({"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"conflict"}]})";
    std::string entries;
    size_t place = 0;
    for (const fhir::Value entry : tree->root()["entry"])
      entries += std::string(entries.empty() ? "" : ",") + put(entry, taken[place++]);
    return R"({"resourceType":"Bundle","type":"transaction-response","entry":[)" + entries + "]}";
  }

  // `target`: "/fhir/ServiceRequest?identifier=...[,...]&_elements=...".
  std::string find(const std::string& target) const {
    std::string query = target.substr(6, target.find('&') - 6);
    const std::string type = query.substr(0, query.find('='));
    std::string found;
    while (!query.empty()) {
      const size_t comma = query.find(',');
      const auto one = kept.find(query.substr(0, comma));
      if (one != kept.end()) found += (found.empty() ? "" : ",") + resource(one->second);
      query = comma == std::string::npos ? std::string() : type + "=" + query.substr(comma + 1);
    }
    return R"({"resourceType":"Bundle","type":"searchset","entry":[)" + found + "]}";
  }

 private:
  std::string key_of(fhir::Value entry) const {
    const std::string url(entry.text("request.url"));
    if (url.find('?') != std::string::npos) return url;
    if (url.find('/') == std::string::npos) return url + "?" + std::string(entry.text("request.ifNoneExist"));
    const auto found = std::find_if(kept.begin(), kept.end(), [&](const auto& each) {
      return each.second.known.type + "/" + each.second.known.id == url;
    });
    EXPECT_NE(found, kept.end()) << url;
    return found == kept.end() ? url : found->first;
  }
  // Like other servers, keeps the tags of earlier updates.
  std::string put(fhir::Value entry, const std::string& key) {
    fhir::KnownResource known = fhir::read_known(entry["resource"]);
    if (!keeps_tags) known.tags.clear();
    known.id = std::to_string(kept.size() + 1);
    const auto [place, created] = kept.try_emplace(key, Kept{known});
    if (!created && entry.text("request.method") == "PUT") {
      const Kept before = place->second;
      known.id = before.known.id;
      for (const std::string& tag : before.known.tags) {
        if (std::find(known.tags.begin(), known.tags.end(), tag) == known.tags.end())
          known.tags.push_back(tag);
      }
      const bool same = known.status == before.known.status && known.tags.size() == before.known.tags.size();
      place->second = {known, before.version + (same ? 0 : 1)};
    }
    return R"({"response":{"status":")" + std::string(created ? "201 Created" : "200 OK") +
           R"(","location":")" + known.type + "/" + place->second.known.id + R"(/_history/1"}})";
  }
  std::string resource(const Kept& one) const {
    return R"({"resource":{"resourceType":")" + one.known.type + R"(","id":")" + one.known.id +
           R"(","status":")" + one.known.status + R"(","identifier":[)" +
           codings(one.known.identifiers, "value") + R"(],"meta":{)" +
           (says_versions ? R"("versionId":")" + std::to_string(one.version) + R"(",)" : "") + R"("tag":[)" +
           codings(one.known.tags, "code") + "]}}}";
  }
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
