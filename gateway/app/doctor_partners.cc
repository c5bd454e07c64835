#include <algorithm>
#include <array>
#include <string_view>
#include <thread>
#include <vector>

#include "gateway/app/adapter_table.h"
#include "gateway/app/doctor.h"
#include "gateway/config/config_file.h"

namespace psl {
namespace {

// What a partner's refusal asks of us; the reasons are those of docs/reference/outcomes.md.
struct Advice {
  std::string_view reason;
  const char* todo;
};
constexpr std::array advices = {
    Advice{"HOST_NOT_FOUND", "correct the partner's host, or this machine's name resolution (DNS)"},
    Advice{"CONNECTION_REFUSED",
           "correct host and port, open the firewall, or ask the partner whether it is up"},
    Advice{"CONNECTION_LOST",
           "ask the partner: it closes the connection; it may refuse our certificate in this way"},
    Advice{"TIMEOUT", "open the firewall, or ask the partner whether it is up"},
    Advice{"STARTTLS_MISSING",
           "correct the port: the partner offers no TLS there, and nothing is sent without"},
    Advice{"PARTNER_CERTIFICATE",
           "put the authority of the partner's certificate in tls.ca_file, and its very name in the "
           "configuration"},
    Advice{"OWN_CERTIFICATE", "put a certificate there that is valid now and that the partner knows"},
    Advice{"TRUST_FILE", "correct tls.ca_file: authorities in PEM"},
    Advice{"TLS_FAILED", "ask the partner which certificates and which TLS it accepts"},
    Advice{"LOGIN_REFUSED", "ask the partner to register our certificate"},
    Advice{"SERVICE_REFUSED", "ask the partner why it refuses us"},
    Advice{"REDIRECTED", "the partner has moved: correct its address"},
};

const char* advice_for(std::string_view text) {
  const std::string_view reason = text.substr(0, text.find_first_of(" :"));
  const auto found =
      std::find_if(advices.begin(), advices.end(), [&](const Advice& one) { return one.reason == reason; });
  return found == advices.end() ? "docs/reference/outcomes.md explains the reason" : found->todo;
}

}  // namespace

void examine_partners(const LoadedConfig& config, Env& env, Span patience, Diagnoses& diagnoses) {
  const auto adapters = make_adapters(config, env);
  if (!adapters.ok()) {
    diagnoses.fail("partners", adapters.error(), "correct the partner's configuration");
    return;
  }
  std::vector<Status> answers(adapters->size());
  std::vector<std::thread> probes;
  const Instant deadline = env.monotonic() + patience;
  for (size_t i = 0; i < adapters->size(); ++i) {
    probes.emplace_back([&, i] { answers[i] = (*adapters)[i]->probe(deadline); });
  }
  for (std::thread& probe : probes) probe.join();
  for (size_t i = 0; i < adapters->size(); ++i) {
    const AdapterInfo& info = (*adapters)[i]->info();
    const std::string check = "partner " + info.name;
    if (answers[i].ok()) {
      diagnoses.ok(check, info.kind + ": answers over TLS");
    } else {
      diagnoses.fail(check, info.kind + ": " + answers[i].error().text, advice_for(answers[i].error().text));
    }
  }
}

}  // namespace psl
