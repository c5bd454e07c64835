// passerelle cancel: withdraws what has not left yet.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "gateway/app/client.h"
#include "gateway/app/commands.h"
#include "gateway/app/exit_codes.h"
#include "gateway/app/print.h"

namespace psl {
namespace {

struct CancelOptions {
  ClientOptions client;
  std::vector<std::string> events;
  std::string key;
  std::string tenant;
  int patience_s = 30;
  bool json = false;
};

// `name` is how the caller named the event.
int cancel_one(GatewayClient& client, const CancelOptions& options, const v1::CancelEventRequest& request,
               const std::string& name) {
  const auto response = client.cancel(request, seconds(options.patience_s));
  if (!response.ok()) {
    if (options.json) {
      std::printf("%s\n", named("event", name, to_json(response.error())).c_str());
    } else {
      std::fprintf(stderr, "%s: %s\n", name.c_str(), response.error().describe().c_str());
    }
    return exit_status_of(response.error());
  }
  if (options.json) {
    std::printf("%s\n", named("event", name, to_json(*response)).c_str());
  } else {
    std::printf("%s: %d deliveries withdrawn\n%s", name.c_str(), response->cancelled(),
                recipients_text(response->status()).c_str());
  }
  return exit_code::ok;
}

int run_cancel(const CancelOptions& options) {
  auto client = GatewayClient::connect(options.client);
  if (!client.ok()) return show_error(client.error(), options.json);
  int worst = exit_code::ok;
  for (const std::string& id : options.events) {
    v1::CancelEventRequest request;
    request.set_event_id(id);
    worst = std::max(worst, cancel_one(**client, options, request, id));
  }
  if (!options.key.empty()) {
    v1::CancelEventRequest request;
    request.set_idempotency_key(options.key);
    request.set_tenant(options.tenant);
    worst = std::max(worst, cancel_one(**client, options, request, options.key));
  }
  return worst;
}

}  // namespace

void add_cancel(CLI::App& app, int& status) {
  CLI::App* command =
      app.add_subcommand("cancel", "Withdraw the deliveries of events that have not left yet.");
  auto options = std::make_shared<CancelOptions>();
  add_client_options(*command, options->client);
  CLI::Option* ids = command->add_option("EVENT_ID", options->events, "UUIDs of receipts");
  CLI::Option* key =
      command->add_option("--idempotency-key", options->key, "the key of the submission, with --tenant")
          ->excludes(ids);
  command->add_option("--tenant", options->tenant, "the tenant of that submission")->needs(key);
  command
      ->add_option("--patience", options->patience_s,
                   "seconds to send again while the gateway cannot be reached")
      ->capture_default_str();
  command->add_flag("--json", options->json, "one JSON object per event: the answer, or an error");
  command->footer(
      "What has left can only be recalled, by sending a replacement. Needs the role \"repair\", or "
      "\"operate\" for the "
      "events of\nothers.\nExample:\n  passerelle cancel 6f0c…");
  command->callback([options, &status] {
    if (options->events.empty() && options->key.empty())
      throw CLI::RequiredError("EVENT_ID or --idempotency-key");
    status = run_cancel(*options);
  });
}

}  // namespace psl
