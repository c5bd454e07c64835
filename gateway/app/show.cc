// passerelle show: what became of an event.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <string>

#include "gateway/app/client.h"
#include "gateway/app/commands.h"
#include "gateway/app/exit_codes.h"
#include "gateway/app/print.h"

namespace psl {
namespace {

struct ShowOptions {
  ClientOptions client;
  std::string event_id;
  std::string key;
  std::string tenant;
  bool json = false;
};

int run_show(const ShowOptions& options) {
  v1::GetEventRequest request;
  request.set_event_id(options.event_id);
  request.set_idempotency_key(options.key);
  request.set_tenant(options.tenant);
  auto client = GatewayClient::connect(options.client);
  auto status = client.ok() ? (*client)->get(request) : Result<v1::EventStatus>(client.error());
  if (!status.ok()) return show_error(status.error(), options.json);
  std::printf("%s%s", options.json ? to_json(*status).c_str() : to_text(*status).c_str(),
              options.json ? "\n" : "");
  return exit_code::ok;
}

}  // namespace

void add_show(CLI::App& app, int& status) {
  CLI::App* command = app.add_subcommand("show", "Show where an event stands, recipient by recipient.");
  auto options = std::make_shared<ShowOptions>();
  add_client_options(*command, options->client);
  CLI::Option* id = command->add_option("EVENT_ID", options->event_id, "UUID of the receipt");
  CLI::Option* key =
      command->add_option("--idempotency-key", options->key, "the key of the submission, with --tenant")
          ->excludes(id);
  command->add_option("--tenant", options->tenant, "the tenant of that submission")->needs(key);
  command->add_flag("--json", options->json, "the EventStatus as one JSON object");
  command->footer(
      "Examples:\n  passerelle show 6f0c…\n  passerelle show --tenant cpts-demo --idempotency-key "
      "2026-11-22-0001 --json");
  command->callback([options, &status] { status = run_show(*options); });
}

}  // namespace psl
