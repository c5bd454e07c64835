// Documents, proposals and notices as signed JSON over HTTPS, for tools that speak neither mail nor FHIR.
// docs/webhook.md is what the developer of such a tool reads; the signature is that of Standard
// Webhooks 1.0.0.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "gateway/core/adapter.h"
#include "gateway/core/checked.h"
#include "gateway/net/https.h"

namespace passerelle::v1 {
class Config;
class WebhookPartner;
}  // namespace passerelle::v1

namespace psl {

// webhook-id is <delivery UUID>-<generation>: a tool that knows one already does nothing, so to repeat is
// safe.
class WebhookAdapter final : public Adapter {
 public:
  // What a configuration comes to, checked.
  struct Setup {
    AdapterInfo info;
    uint64_t body_bytes_max = 0;
    Environment environment = Environment::production;
    HttpsServer server;
    // Read at each delivery, so that a renewed one is taken without a restart, and previews need none.
    std::string signing_key_file;
  };

  // `partner` with its defaults filled in; of `config` the environment. `env` outlives the adapter.
  static Result<std::unique_ptr<WebhookAdapter>> create(const v1::WebhookPartner& partner,
                                                        const v1::Config& config, Env& env);
  WebhookAdapter(Setup setup, Env& env);

  const AdapterInfo& info() const noexcept override { return setup_.info; }
  bool carries(const v1::SubmitEventRequest& request, int recipient_index) const override;
  Result<std::string> address(const Dispatch& dispatch) const override;
  Result<Payload> wrap(const Dispatch& dispatch) const override;
  Result<std::vector<v1::Issue>> admit(const Dispatch& dispatch) const override;
  Outcome deliver(const Payload& payload, Instant deadline) override;
  Outcome lookup(const Payload& payload, Instant deadline) override;
  Status probe(Instant deadline) override { return client_.probe(deadline); }
  void stop() override { client_.stop(); }

 private:
  const Setup setup_;
  Env& env_;
  HttpsClient client_;
};

}  // namespace psl
