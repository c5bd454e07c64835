// A partner to try things on: a FHIR repository and a webhook receiver behind mutual TLS, with faults on
// demand, and a page that shows what arrived. For demonstrations and integrators; never a proof of ours,
// since we wrote both sides.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/base/env.h"
#include "gateway/base/result.h"
#include "gateway/net/http_server.h"
#include "gateway/sandbox/fault.h"
#include "security/crypto.h"

namespace psl {

struct SandboxOptions {
  std::string listen = "127.0.0.1:8744";
  HttpServerTls tls;
  // Path of the FHIR endpoint: begins with '/', does not end with one.
  std::string base = "/fhir";
  // Loopback only: it has no TLS, and no login.
  std::string page_listen = "127.0.0.1:8745";
  std::optional<SecretKey> webhook_key;
  std::vector<Fault> faults;
};

// Keeps the last 1,000 documents, 256 MiB at most, in memory.
class Sandbox {
  struct Parts;

 public:
  // `configuration`, `input_output`: as HttpServer::start. `env` outlives it.
  static Result<std::unique_ptr<Sandbox>> start(SandboxOptions options, Env& env);
  explicit Sandbox(std::unique_ptr<Parts> parts);
  ~Sandbox();
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;

  int port() const;
  int page_port() const;
  // "https://localhost:8744/fhir".
  std::string fhir_url() const;
  std::string page_url() const;

 private:
  const std::unique_ptr<Parts> parts_;
};

}  // namespace psl
