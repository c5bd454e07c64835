// A partner that speaks HTTPS, for the conformance suite.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "tests/conformance/adapter_conformance.h"
#include "tests/gateway/net/scripted_https_server.h"

namespace psl::test {

class HttpsWorld : public PartnerWorld {
 public:
  void behave(Behaviour behaviour) override {
    server_.reset();
    taken_.clear();
    ThrowawayPki& authority = behaviour == Behaviour::impostor ? stranger_ : pki_;
    server_ = std::make_unique<ScriptedHttpsServer>(
        [this, behaviour](const HttpsSeen& request) { return reply(behaviour, request); },
        authority.issue("partner", "DNS:localhost"), pki_.ca_file);
    port_ = server_->port;
    if (behaviour == Behaviour::gone) server_.reset();
  }
  std::vector<std::string> taken() override {
    const std::lock_guard lock(mutex_);
    return taken_;
  }

 protected:
  // Does what a partner in good health does: notes by note_taken() what it acts upon, and answers. Questions
  // (GET) are answered so in every mood but `busy`.
  virtual HttpsReply act(const HttpsSeen& request) = 0;
  // A refusal for good, in the partner's words.
  virtual HttpsReply refusal() const = 0;

  void note_taken(const std::string& name) {
    const std::lock_guard lock(mutex_);
    taken_.push_back(name);
  }
  // A partner of the configuration gets the files of the client.
  template <typename Partner>
  void set_contact(Partner& partner) const {
    partner.mutable_tls()->set_certificate_file(own_.certificate);
    partner.mutable_tls()->set_key_file(own_.key);
    partner.mutable_tls()->set_ca_file(pki_.ca_file);
  }
  std::string base_url() const { return "https://localhost:" + std::to_string(port_); }

 private:
  HttpsReply reply(Behaviour behaviour, const HttpsSeen& request) {
    using Then = HttpsReply::Then;
    if (behaviour == Behaviour::busy) return {http_answer(503, "text/plain", echo)};
    if (request.method == "GET") return act(request);
    if (behaviour == Behaviour::refuses) return refusal();
    const HttpsReply done = act(request);
    switch (behaviour) {
      case Behaviour::silent:
        return {"", Then::silence};
      case Behaviour::drops:
        return {"", Then::close};
      case Behaviour::garbage:
        return {std::string(echo) + "\r\n\r\n", Then::close};
      default:
        return done;
    }
  }

  ThrowawayPki pki_;
  ThrowawayPki stranger_;
  const CertificateFiles own_ = pki_.issue("gateway", "");
  uint16_t port_ = 0;
  std::mutex mutex_;
  std::vector<std::string> taken_;
  std::unique_ptr<ScriptedHttpsServer> server_;
};

}  // namespace psl::test
