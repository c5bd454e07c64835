// passerelle list: the caller's events, newest first.
#include "gateway/app/list.h"

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
#include "gateway/app/when.h"

namespace psl {
namespace {

constexpr int page_most = 500;

struct ListOptions {
  ClientOptions client;
  std::string tenant = "cpts-demo";
  std::vector<std::string> states;
  std::vector<std::string> kinds;
  std::string since;
  std::string until;
  std::string mailbox;
  std::string adapter;
  bool stuck = false;
  int limit = 50;
  bool json = false;
};

std::vector<std::string> state_names() {
  std::vector<std::string> names;
  for (int state = v1::DELIVERY_STATE_PENDING; state <= v1::DELIVERY_STATE_EXPIRED; ++state)
    names.emplace_back(name_of_state(static_cast<v1::DeliveryState>(state)));
  return names;
}

v1::DeliveryState state_of_name(const std::string& name) {
  const std::vector<std::string> names = state_names();
  const auto at = std::find(names.begin(), names.end(), name) - names.begin();
  return static_cast<v1::DeliveryState>(v1::DELIVERY_STATE_PENDING + at);
}

Status set_time(const char* option, const std::string& text, Instant now, google::protobuf::Timestamp* to) {
  const auto at = parse_when(text, now);
  if (!at.ok()) return error_of(at.error().code, std::string(option) + ": " + at.error().text);
  to->set_seconds(at->us / 1000000);
  to->set_nanos(static_cast<int32_t>(at->us % 1000000) * 1000);
  return {};
}

Result<v1::ListEventsRequest> request_of(const ListOptions& options, Instant now) {
  v1::ListEventsRequest request;
  request.set_tenant(options.tenant);
  request.set_page_size(std::min(options.limit, page_most));
  v1::EventFilter& filter = *request.mutable_filter();
  for (const std::string& state : options.states) filter.add_states(state_of_name(state));
  for (const std::string& kind : options.kinds) filter.add_kinds(kind);
  filter.set_recipient_mailbox(options.mailbox);
  filter.set_adapter(options.adapter);
  filter.set_task_open(options.stuck);
  Status times;
  if (!options.since.empty()) times = set_time("--since", options.since, now, filter.mutable_accepted_from());
  if (times.ok() && !options.until.empty())
    times = set_time("--until", options.until, now, filter.mutable_accepted_before());
  if (!times.ok()) return std::move(times).error();
  return request;
}

int run_list(const ListOptions& options) {
  const auto request = request_of(options, system_env().now());
  if (!request.ok()) {
    std::fprintf(stderr, "%s\n", request.error().text.c_str());
    return exit_code::usage;
  }
  auto client = GatewayClient::connect(options.client);
  if (!client.ok()) return show_error(client.error(), options.json);
  int shown = 0;
  const auto more = read_events(**client, *request, [&](const v1::EventStatus& event) {
    if (options.json) {
      std::printf("%s\n", to_json(event).c_str());
    } else {
      if (shown == 0) std::printf("%-36s  %-20s  %s\n", "EVENT", "ACCEPTED", "KIND");
      std::printf("%-36s  %-20s  %s\n%s", event.event_id().c_str(), to_text(event.accepted_at()).c_str(),
                  event.kind().c_str(), recipients_text(event).c_str());
    }
    return ++shown < options.limit;
  });
  if (!more.ok()) return show_error(more.error(), options.json);
  if (options.json) return exit_code::ok;
  if (shown == 0) std::fprintf(stderr, "no event\n");
  if (*more) std::fprintf(stderr, "there may be more: --limit\n");
  return exit_code::ok;
}

}  // namespace

Result<bool> read_events(GatewayClient& client, v1::ListEventsRequest request,
                         const std::function<bool(const v1::EventStatus&)>& each) {
  do {
    auto page = client.list(request);
    if (!page.ok()) return std::move(page).error();
    for (int i = 0; i < page->events_size(); ++i) {
      if (!each(page->events(i))) return i + 1 < page->events_size() || !page->next_page_token().empty();
    }
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  return false;
}

void add_list(CLI::App& app, int& status) {
  CLI::App* command = app.add_subcommand("list", "List events, newest first, recipient by recipient.");
  auto options = std::make_shared<ListOptions>();
  add_client_options(*command, options->client);
  command->add_option("--tenant", options->tenant, "whose events")->capture_default_str();
  command->add_option("--state", options->states, "only with a delivery in one of these states")
      ->check(CLI::IsMember(state_names()))
      ->expected(1)
      ->take_all();
  command->add_option("--kind", options->kinds, "only of this kind: discharge_letter")
      ->expected(1)
      ->take_all();
  command->add_option("--since", options->since, "accepted at or after: 2026-11-22T09:00:00Z, or 2h, 3d ago");
  command->add_option("--until", options->until, "accepted before");
  command->add_option("--mailbox", options->mailbox, "only to this MSSanté address");
  command->add_option("--adapter", options->adapter, "only through this partner");
  command->add_flag("--stuck", options->stuck, "only with an open task: what is stuck, or late");
  command->add_option("--limit", options->limit, "at most so many events")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  command->add_flag("--json", options->json, "one EventStatus a line, as JSON");
  command->footer(
      "With the role \"operate\": the events of every sender.\nExamples:\n  passerelle list --stuck\n"
      "  passerelle list --since 2h --state rejected --state handed_over --json");
  command->callback([options, &status] { status = run_list(*options); });
}

}  // namespace psl
