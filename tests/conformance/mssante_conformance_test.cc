#include "adapters/mssante/mssante.h"
#include "tests/conformance/adapter_conformance.h"
#include "tests/gateway/net/scripted_smtp_server.h"

namespace psl::test {
namespace {

class MssanteWorld final : public PartnerWorld {
 public:
  int add_recipient(SampleLetter& letter) override {
    letter.request.mutable_event()->add_recipients()->mutable_tool()->set_name("outil");
    return 0;  // the doctor of the sample
  }
  void behave(Behaviour behaviour) override {
    ThrowawayPki& authority = behaviour == Behaviour::impostor ? stranger_ : pki_;
    server_ = std::make_unique<ScriptedSmtpServer>(std::vector<SmtpScript>{script(behaviour)},
                                                   authority.issue("partner", "DNS:localhost"), pki_.ca_file);
    port_ = server_->port;
    if (behaviour == Behaviour::gone) server_.reset();
  }
  std::unique_ptr<Adapter> adapter(Env& env) override {
    v1::MssantePartner partner;
    partner.set_name("operateur");
    partner.set_host("localhost");
    partner.set_port(port_);
    partner.set_sender_mailbox("cpts-bresse@demo.mssante.fr");
    partner.set_sender_name("CPTS de la Bresse fictive");
    partner.set_message_bytes_max(message_bytes_max);
    partner.mutable_tls()->set_certificate_file(own_.certificate);
    partner.mutable_tls()->set_key_file(own_.key);
    partner.mutable_tls()->set_ca_file(pki_.ca_file);
    v1::Config config;
    config.set_environment(v1::Config::TEST);
    *config.add_tenants() = SampleLetter().tenant;
    auto made = MssanteAdapter::create(partner, config, env);
    PSL_CHECK(made.ok());
    return std::move(*made);
  }
  std::vector<std::string> taken() override {
    std::vector<std::string> names;
    if (!server_) return names;
    for (const SmtpSeen& connection : server_->seen()) {
      for (const std::string& letter : connection.letters) {
        const size_t begin = letter.find("Message-Id: ");
        names.push_back(letter.substr(begin, letter.find("\r\n", begin) - begin));
      }
    }
    return names;
  }

 private:
  static SmtpScript script(Behaviour behaviour) {
    const std::string text(echo);
    SmtpScript script;
    script.end = "250 2.0.0 " + text;
    if (behaviour == Behaviour::busy) script.recipient = "450 4.2.0 " + text;
    if (behaviour == Behaviour::refuses) script.recipient = "550 5.1.1 " + text;
    if (behaviour == Behaviour::silent) script.end = SmtpScript::silence;
    if (behaviour == Behaviour::drops) script.end = SmtpScript::drop;
    if (behaviour == Behaviour::garbage) {
      script.end = text;
      script.close_after_letters = 1;
    }
    return script;
  }

  ThrowawayPki pki_;
  ThrowawayPki stranger_;
  const CertificateFiles own_ = pki_.issue("gateway", "");
  uint16_t port_ = 0;
  std::unique_ptr<ScriptedSmtpServer> server_;
};

INSTANTIATE_TEST_SUITE_P(Mssante, AdapterConformance, testing::Values(&make_world<MssanteWorld>));

}  // namespace
}  // namespace psl::test
