#include "adapters/webhook/webhook.h"
#include "security/keys.h"
#include "tests/conformance/https_world.h"
#include "tests/support/temp_folder.h"

namespace psl::test {
namespace {

class WebhookWorld final : public HttpsWorld {
 public:
  WebhookWorld() { EXPECT_TRUE(new_key_file(folder_.file("tool.key")).ok()); }

  int add_recipient(SampleLetter& letter) override {
    letter.request.mutable_event()->add_recipients()->mutable_tool()->set_name("outil");
    return letter.request.event().recipients_size() - 1;
  }
  std::unique_ptr<Adapter> adapter(Env& env) override {
    v1::WebhookPartner partner;
    partner.set_name("outil");
    partner.set_url(base_url() + "/webhook");
    partner.set_signing_key_file(folder_.file("tool.key"));
    partner.set_body_bytes_max(message_bytes_max);
    set_contact(partner);
    auto made = WebhookAdapter::create(partner, v1::Config(), env);
    PSL_CHECK(made.ok());
    return std::move(*made);
  }

 private:
  HttpsReply act(const HttpsSeen& request) override {
    note_taken(request.headers.at("webhook-id"));
    return {http_answer(204, "", "")};
  }
  HttpsReply refusal() const override { return {http_answer(422, "text/plain", echo)}; }

  const TempFolder folder_;
};

INSTANTIATE_TEST_SUITE_P(Webhook, AdapterConformance, testing::Values(&make_world<WebhookWorld>));

}  // namespace
}  // namespace psl::test
