#include "adapters/fhir/fhir_server.h"
#include "passerelle/v1/config.pb.h"
#include "tests/adapters/fhir/fhir_shelf.h"
#include "tests/conformance/https_world.h"

namespace psl::test {
namespace {

// A server that executes transactions. It is sent an orientation in place of the suite's letter.
class FhirWorld final : public HttpsWorld {
 public:
  int add_recipient(SampleLetter& letter) override {
    v1::CoordinationEvent& event = *letter.request.mutable_event();
    *event.mutable_subject() = letter.header.patient();
    event.mutable_occurred_at()->set_seconds(letter.dated_at.us / 1'000'000);
    event.mutable_orientation()->set_kind(v1::Orientation::PRIMARY_CARE_PHYSICIAN);
    event.mutable_orientation()->set_reason("Sans médecin traitant depuis un déménagement.");
    event.add_recipients()->mutable_fhir_server()->set_name("territoire");
    stored::OrientationCase& orientation = *letter.care.mutable_orientation();
    orientation.set_event_id(letter.dispatch().event_id.raw());
    *orientation.mutable_event() = event;
    orientation.set_state(v1::ORIENTATION_STATE_OPEN);
    return event.recipients_size() - 1;
  }
  std::unique_ptr<Adapter> adapter(Env& env) override {
    v1::FhirPartner partner;
    partner.set_name("territoire");
    partner.set_base_url(base_url() + "/fhir");
    partner.set_bundle_bytes_max(message_bytes_max);
    set_contact(partner);
    auto made = FhirAdapter::create(partner, v1::Config(), env);
    PSL_CHECK(made.ok());
    return std::move(*made);
  }
  size_t held() override {
    return static_cast<size_t>(std::count_if(shelf_.kept.begin(), shelf_.kept.end(), [](const auto& each) {
      return each.first.starts_with("ServiceRequest?");
    }));
  }
  bool reference_tells_the_delivery() const override { return false; }

 private:
  static constexpr const char* fhir_json = "application/fhir+json";

  HttpsReply act(const HttpsSeen& request) override {
    if (request.method == "GET") return {http_answer(200, fhir_json, shelf_.find(request.target))};
    const std::string answer = shelf_.take(request.body);
    for (const std::string& key : shelf_.taken) {
      if (key.starts_with("ServiceRequest?")) note_taken(key);
    }
    return {http_answer(shelf_.status, fhir_json, answer)};
  }
  HttpsReply refusal() const override {
    return {
        http_answer(422, fhir_json,
                    R"({"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"processing",)"
                    R"("diagnostics":")" +
                        std::string(echo) + "\"}]}")};
  }

  FhirShelf shelf_;
};

INSTANTIATE_TEST_SUITE_P(FhirTransaction, AdapterConformance, testing::Values(&make_world<FhirWorld>));

}  // namespace
}  // namespace psl::test
