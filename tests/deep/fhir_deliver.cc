// Delivers frozen bundles by the product's own adapter, for tests/deep/fhir_care.py: what the outbox does
// with one delivery, without the outbox. Arguments: base URL, certificate, key, CA, then bundle files. One
// line a file: its name, then "verdict:reason:code" of each step.
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

#include "adapters/fhir/fhir_server.h"
#include "fhir/json_value.h"
#include "gateway/net/init.h"
#include "passerelle/v1/delivery.pb.h"

namespace psl {
namespace {

constexpr int steps_max = 20;

std::string text_of(const Outcome& outcome) {
  static constexpr const char* verdicts[] = {"accepted", "try_later", "rejected", "unknown"};
  return std::string(verdicts[static_cast<size_t>(outcome.verdict)]) + ":" + outcome.reason + ":" +
         outcome.partner_code;
}

// As it leaves: goldens are laid out for people.
std::string without_layout(std::string_view json) {
  std::string out;
  bool quoted = false;
  for (size_t i = 0; i < json.size(); ++i) {
    if (json[i] == '"' && (i == 0 || json[i - 1] != '\\')) quoted = !quoted;
    if (quoted || (json[i] != ' ' && json[i] != '\n')) out += json[i];
  }
  return out;
}

Payload payload_of(const char* file) {
  std::ifstream in(file, std::ios::binary);
  Payload payload;
  payload.body = make_bytes(without_layout(std::string(std::istreambuf_iterator<char>(in), {})));
  const auto tree = fhir::Tree::read(std::string(view(payload.body)));
  PSL_CHECK(tree.ok());
  // What the bundle is about, as fhir/care_bundle.h chooses it.
  for (const std::string_view type : {"ServiceRequest?", "EpisodeOfCare?", "CareTeam?"}) {
    for (const fhir::Value entry : tree->root()["entry"]) {
      const std::string_view url = entry.text("request.url");
      if (payload.reference.empty() && url.starts_with(type)) payload.reference = std::string(url);
    }
  }
  return payload;
}

// True when the server has it in the end.
bool settle(FhirAdapter& adapter, const char* file) {
  const Payload payload = payload_of(file);
  std::string line = file;
  bool unknown = false;
  Verdict last = Verdict::unknown;
  for (int step = 0; step < steps_max; ++step) {
    const Instant deadline = system_env().monotonic() + seconds(60);
    const Outcome outcome = unknown ? adapter.lookup(payload, deadline) : adapter.deliver(payload, deadline);
    line += " " + text_of(outcome);
    last = outcome.verdict;
    if (last == Verdict::accepted || last == Verdict::rejected) break;
    unknown = last == Verdict::unknown;
  }
  std::puts(line.c_str());
  return last == Verdict::accepted;
}

}  // namespace
}  // namespace psl

int main(int count, char** words) {
  if (count < 6 || !psl::net::init().ok()) return 2;
  psl::FhirAdapter::Setup setup;
  setup.info = {.name = "territoire", .kind = "fhir"};
  setup.server.base_url = words[1];
  setup.server.certificate_file = words[2];
  setup.server.key_file = words[3];
  setup.server.ca_file = words[4];
  psl::FhirAdapter adapter(std::move(setup), psl::system_env());
  bool all = true;
  for (int i = 5; i < count; ++i) all = psl::settle(adapter, words[i]) && all;
  return all ? 0 : 1;
}
