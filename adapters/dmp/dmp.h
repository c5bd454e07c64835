// Documents in a repository of patients' shared records that speaks FHIR as PDSm 3.1.1 profiles it: DMP-like.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "fhir/pdsm.h"
#include "gateway/core/adapter.h"
#include "gateway/core/checked.h"
#include "gateway/net/https.h"

namespace passerelle::v1 {
class Config;
class RepositoryPartner;
}  // namespace passerelle::v1

namespace psl {

// Nothing makes a second post harmless with every server, so each delivery looks first: a document is known
// by its identifier (masterIdentifier), which is that of the CDA, and compared by its SHA-1. A repeat then
// changes nothing, and an unknown outcome is settled by looking again.
class DmpAdapter final : public Adapter {
 public:
  // What a configuration comes to, checked.
  struct Setup {
    AdapterInfo info;
    // Simplified Publish [ITI-105] instead of Provide Document Bundle [ITI-65].
    bool simplified = false;
    fhir::LabelSystem label_system = fhir::LabelSystem::v3_confidentiality;
    uint64_t bundle_bytes_max = 0;
    Environment environment = Environment::production;
    HttpsServer server;
  };

  // `partner` with its defaults filled in; of `config`: the environment. `configuration` when the URL is none
  // of HTTPS. `env` outlives the adapter.
  static Result<std::unique_ptr<DmpAdapter>> create(const v1::RepositoryPartner& partner,
                                                    const v1::Config& config, Env& env);
  DmpAdapter(Setup setup, Env& env);

  const AdapterInfo& info() const noexcept override { return setup_.info; }
  bool carries(const v1::SubmitEventRequest& request, int recipient_index) const override;
  Result<std::string> address(const Dispatch& dispatch) const override;
  Result<Payload> wrap(const Dispatch& dispatch) const override;
  Result<std::vector<v1::Issue>> admit(const Dispatch& dispatch) const override;
  // Up to four requests, all before `deadline`: is the document there, is the one that it replaces, the post,
  // and what is there now when the answer to the post leaves it open.
  Outcome deliver(const Payload& payload, Instant deadline) override;
  Outcome lookup(const Payload& payload, Instant deadline) override;
  Status probe(Instant deadline) override { return client_.probe(deadline); }
  void stop() override { client_.stop(); }

 private:
  Status check_recipient(const Dispatch& dispatch) const;
  Outcome search(std::string_view urn, std::string_view sha1, Instant deadline);
  Outcome post(const Payload& payload, Instant deadline);

  const Setup setup_;
  Env& env_;
  HttpsClient client_;
};

}  // namespace psl
