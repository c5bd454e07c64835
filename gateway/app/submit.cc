// passerelle submit: sends event files and, with --wait, stays until each recipient has a final state.
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
#include "gateway/config/event_file.h"

namespace psl {
namespace {

struct SubmitOptions {
  ClientOptions client;
  std::vector<std::string> files;
  bool json = false;
  bool wait = false;
  int wait_s = 120;
  int patience_s = 30;
};

constexpr Span look_interval = milliseconds(250);

bool all_final(const v1::EventStatus& status) {
  return std::none_of(
      status.recipients().begin(), status.recipients().end(),
      [](const v1::RecipientStatus& r) { return r.state() == v1::RECIPIENT_STATE_IN_PROGRESS; });
}

bool all_reached(const v1::EventStatus& status) {
  return std::all_of(status.recipients().begin(), status.recipients().end(),
                     [](const v1::RecipientStatus& r) { return r.state() == v1::RECIPIENT_STATE_REACHED; });
}

void show_error(const SubmitOptions& options, const std::string& file, const Error& error) {
  if (options.json) {
    std::printf("%s\n", to_json(error).c_str());
  } else {
    std::fprintf(stderr, "%s: %s\n", file.c_str(), error.describe().c_str());
  }
}

void show_status(const SubmitOptions& options, const std::string& file, const v1::EventStatus& status) {
  if (options.json) {
    std::printf("%s\n", to_json(status).c_str());
  } else {
    std::printf("%s: %s", file.c_str(), to_text(status).c_str());
  }
  std::fflush(stdout);
}

Result<v1::EventStatus> wait_for(v1::EventStatus status, GatewayClient& client, Instant until) {
  while (!all_final(status) && system_env().monotonic() < until) {
    client.pause(look_interval);
    v1::GetEventRequest request;
    request.set_event_id(status.event_id());
    auto now = client.get(request);
    // A gateway that restarts is no reason to stop looking.
    if (now.ok()) {
      status = std::move(*now);
    } else if (exit_status_of(now.error()) != exit_code::unavailable) {
      return std::move(now).error();
    }
  }
  return status;
}

int run_submit(const SubmitOptions& options) {
  auto client = GatewayClient::connect(options.client);
  if (!client.ok()) {
    std::fprintf(stderr, "%s\n", client.error().describe().c_str());
    return exit_status_of(client.error());
  }
  int worst = exit_code::ok;
  std::vector<std::pair<std::string, v1::EventStatus>> accepted;
  for (const std::string& file : options.files) {
    auto request = read_event_file(file);
    if (!request.ok()) {
      show_error(options, file, request.error());
      worst = std::max(worst, exit_status_of_file(request.error()));
      continue;
    }
    auto response = (*client)->submit(*request, seconds(options.patience_s));
    if (!response.ok()) {
      show_error(options, file, response.error());
      worst = std::max(worst, exit_status_of(response.error()));
      continue;
    }
    v1::EventStatus& status = *response->mutable_status();
    if (!options.wait) show_status(options, file, status);
    accepted.emplace_back(file, std::move(status));
  }
  if (!options.wait) return worst;
  const Instant until = system_env().monotonic() + seconds(options.wait_s);
  for (auto& [file, status] : accepted) {
    auto last = wait_for(std::move(status), **client, until);
    if (!last.ok()) {
      show_error(options, file, last.error());
      worst = std::max(worst, exit_status_of(last.error()));
      continue;
    }
    show_status(options, file, *last);
    if (!all_reached(*last)) worst = std::max(worst, exit_code::refused);
  }
  return worst;
}

}  // namespace

void add_submit(CLI::App& app, int& status) {
  CLI::App* command = app.add_subcommand("submit", "Send event files to a running gateway.");
  auto options = std::make_shared<SubmitOptions>();
  add_client_options(*command, options->client);
  command->add_option("FILE", options->files, "event files, YAML or JSON (docs/reference/event-file.md)")
      ->required();
  command->add_flag("--wait", options->wait,
                    "stay until every recipient has a final state; succeed only when all are reached");
  command->add_option("--wait-seconds", options->wait_s, "for how long")->capture_default_str();
  command
      ->add_option("--patience", options->patience_s,
                   "seconds to send again while the gateway cannot be reached")
      ->capture_default_str();
  command->add_flag("--json", options->json, "one JSON object per file: the EventStatus, or an error");
  command->footer(
      "Examples:\n  passerelle submit samples/letters/pdf.yaml --wait\n"
      "  passerelle submit --server gw.example.org:8443 --ca ca.pem --cert us.pem --key us.key letter.json "
      "--json");
  command->callback([options, &status] { status = run_submit(*options); });
}

}  // namespace psl
