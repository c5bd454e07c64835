// The webhook receiver of the sandbox: checks a call as Standard Webhooks 1.0.0 asks a receiver to, and keeps
// it.
#pragma once

#include <optional>
#include <string_view>

#include "gateway/base/env.h"
#include "gateway/net/http_server.h"
#include "gateway/sandbox/arrivals.h"
#include "security/crypto.h"

namespace psl {

// Called by one thread.
class WebhookDesk {
 public:
  // Without a key the signature is not looked at, and what arrives says so. The references outlive it.
  WebhookDesk(std::optional<SecretKey> key, Arrivals& arrivals, Env& env);

  // POST /webhook/`name`. 200: kept, or known already (same webhook-id); 400: headers or JSON; 401: signature
  // or time.
  HttpResponse answer(const HttpRequest& request, std::string_view name);

 private:
  bool is_signed(const HttpRequest& request) const;

  const std::optional<SecretKey> key_;
  Arrivals& arrivals_;
  Env& env_;
};

}  // namespace psl
