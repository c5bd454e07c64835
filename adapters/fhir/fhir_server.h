// A FHIR R4 server of the territory: orientations, enrolments and care circles as transactions.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "adapters/fhir/judgement.h"
#include "adapters/formats/calendar.h"
#include "fhir/care_bundle.h"
#include "gateway/core/adapter.h"
#include "gateway/net/https.h"

namespace passerelle::v1 {
class Config;
class FhirPartner;
}  // namespace passerelle::v1

namespace psl {

// Every entry of a bundle is conditional, so a repetition changes nothing, however late: repeat safe; and the
// server can be asked whether it has what a bundle is about. No document is needed: bundles are made from the
// event.
class FhirAdapter final : public Adapter {
 public:
  // What a configuration comes to, checked.
  struct Setup {
    AdapterInfo info;
    fhir::Dialect dialect = fhir::Dialect::fr_core_2_1_0;
    uint64_t bundle_bytes_max = 0;
    HttpsServer server;
    // By name, those of the tenants.
    std::map<std::string, TimeZone, std::less<>> zones;
  };

  // `partner` with its defaults filled in. `configuration` when the URL is none of HTTPS. `env` outlives the
  // adapter.
  static Result<std::unique_ptr<FhirAdapter>> create(const v1::FhirPartner& partner, const v1::Config& config,
                                                     Env& env);
  FhirAdapter(Setup setup, Env& env);

  const AdapterInfo& info() const noexcept override { return setup_.info; }
  bool carries(const v1::SubmitEventRequest& request, int recipient_index) const override;
  Result<std::string> address(const Dispatch& dispatch) const override;
  Result<Payload> wrap(const Dispatch& dispatch) const override;
  Result<std::vector<v1::Issue>> admit(const Dispatch& dispatch) const override;
  // Looks at all that the transaction updates, and sends it so that nothing newer is overwritten, not even
  // what changes meanwhile (adapters/fhir/conditions.h); when the server has a later state already, nothing
  // is sent: accepted, SUPERSEDED. Then one search: a server may say 200 and lose it. What it says and does
  // not have is unknown, and is settled by looking again later.
  Outcome deliver(const Payload& payload, Instant deadline) override;
  Outcome lookup(const Payload& payload, Instant deadline) override;
  Status probe(Instant deadline) override { return client_.probe(deadline); }
  void stop() override { client_.stop(); }

 private:
  Status check_recipient(const Dispatch& dispatch) const;
  HttpsExchange ask(const std::string& question, Instant deadline);

  const Setup setup_;
  Env& env_;
  HttpsClient client_;
};

}  // namespace psl
