#include "adapters/dmp/dmp.h"
#include "passerelle/v1/config.pb.h"
#include "tests/conformance/https_world.h"

namespace psl::test {
namespace {

// The text between `begin`, after `from`, and the next quotation mark.
std::string quoted_after(const std::string& text, std::string_view from, std::string_view begin) {
  const size_t start = text.find(begin, text.find(from)) + begin.size();
  return text.substr(start, text.find('"', start) - start);
}

// A repository that keeps each document once, whatever it is sent.
template <v1::RepositoryPartner::Form form>
class DmpWorld final : public HttpsWorld {
 public:
  int add_recipient(SampleLetter& letter) override {
    letter.request.mutable_event()->add_recipients()->mutable_shared_record();
    return letter.request.event().recipients_size() - 1;
  }
  std::unique_ptr<Adapter> adapter(Env& env) override {
    v1::RepositoryPartner partner;
    partner.set_name("depot");
    partner.set_base_url(base_url() + "/fhir");
    partner.set_form(form);
    partner.set_bundle_bytes_max(message_bytes_max);
    set_contact(partner);
    v1::Config config;
    config.set_environment(v1::Config::TEST);
    auto made = DmpAdapter::create(partner, config, env);
    PSL_CHECK(made.ok());
    return std::move(*made);
  }
  size_t held() override { return hash_of_.size(); }
  bool reference_tells_the_delivery() const override { return false; }

 private:
  static constexpr const char* fhir_json = "application/fhir+json";

  HttpsReply act(const HttpsSeen& request) override {
    if (request.method == "GET") return search(request.target);
    const std::string urn = quoted_after(request.body, "\"masterIdentifier\"", "\"value\":\"");
    note_taken(urn);
    const bool created =
        hash_of_.emplace(urn, quoted_after(request.body, "\"attachment\"", "\"hash\":\"")).second;
    if (form == v1::RepositoryPartner::ITI105) return {http_answer(created ? 201 : 200, "", "")};
    const std::string status = created ? "201 Created" : "200 OK";
    std::string entries;
    for (size_t at = request.body.find("\"request\":"); at != std::string::npos;
         at = request.body.find("\"request\":", at + 1)) {
      entries += std::string(entries.empty() ? "" : ",") + R"({"response":{"status":")" + status + "\"}}";
    }
    return {
        http_answer(200, fhir_json,
                    R"({"resourceType":"Bundle","type":"transaction-response","entry":[)" + entries + "]}")};
  }
  HttpsReply search(const std::string& target) const {
    std::string entries;
    for (const auto& [urn, hash] : hash_of_) {
      // The oid of the query is percent-encoded: its digits are enough here.
      if (target.find(urn.substr(urn.rfind(':') + 1)) == std::string::npos) continue;
      entries += R"({"resource":{"resourceType":"DocumentReference","masterIdentifier":{"value":")" + urn +
                 R"("},"content":[{"attachment":{"hash":")" + hash + "\"}}]}}";
    }
    const std::string list = entries.empty() ? "" : R"(,"entry":[)" + entries + "]";
    return {http_answer(200, fhir_json, R"({"resourceType":"Bundle","type":"searchset")" + list + "}")};
  }
  HttpsReply refusal() const override {
    return {
        http_answer(422, fhir_json,
                    R"({"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"processing",)"
                    R"("diagnostics":")" +
                        std::string(echo) + "\"}]}")};
  }

  std::map<std::string, std::string> hash_of_;
};

INSTANTIATE_TEST_SUITE_P(DmpTransaction, AdapterConformance,
                         testing::Values(&make_world<DmpWorld<v1::RepositoryPartner::ITI65>>));
INSTANTIATE_TEST_SUITE_P(DmpSimplified, AdapterConformance,
                         testing::Values(&make_world<DmpWorld<v1::RepositoryPartner::ITI105>>));

}  // namespace
}  // namespace psl::test
