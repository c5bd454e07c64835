// passerelle retry: tries deliveries again that the machine has given up.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <iostream>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "gateway/app/client.h"
#include "gateway/app/commands.h"
#include "gateway/app/exit_codes.h"
#include "gateway/app/list.h"
#include "gateway/app/print.h"
#include "gateway/base/uuid.h"
#include "security/crypto.h"

namespace psl {
namespace {

struct RetryOptions {
  ClientOptions client;
  std::vector<std::string> deliveries;
  std::string key;
  bool stuck = false;
  bool yes = false;
  std::string tenant = "cpts-demo";
  int patience_s = 30;
  bool json = false;
};

// Another one each time that the command is run: a person who runs it again wants one more try.
Result<std::string> new_key() {
  const auto random = random_bytes(16);
  if (!random.ok()) return random.error();
  return Uuid::from_hash(*random).text();
}

struct StuckDeliveries {
  std::set<std::string> ids;
  // Recipients whom no partner carries: there is nothing to try again.
  int without_partner = 0;
};

Result<StuckDeliveries> find_stuck(GatewayClient& client, const RetryOptions& options) {
  v1::ListEventsRequest request;
  request.set_tenant(options.tenant);
  request.set_page_size(500);
  request.mutable_filter()->set_task_open(true);
  request.mutable_filter()->add_states(v1::DELIVERY_STATE_REJECTED);
  request.mutable_filter()->add_states(v1::DELIVERY_STATE_HANDED_OVER);
  StuckDeliveries stuck;
  const auto look = [&](const v1::EventStatus& event) {
    for (const v1::RecipientStatus& recipient : event.recipients()) {
      for (const v1::Delivery& delivery : recipient.deliveries()) {
        if (delivery.state() != v1::DELIVERY_STATE_REJECTED &&
            delivery.state() != v1::DELIVERY_STATE_HANDED_OVER)
          continue;
        if (delivery.adapter().empty()) {
          ++stuck.without_partner;
          continue;
        }
        // One that follows another moves when that one does.
        const std::string& id = delivery.same_as().empty() ? delivery.id() : delivery.same_as();
        if (stuck.ids.insert(id).second && !options.yes) {
          std::fprintf(stderr, "%s  event %s  recipient %d  %s: %s, %s\n", id.c_str(),
                       event.event_id().c_str(), recipient.recipient_index(), delivery.adapter().c_str(),
                       std::string(name_of_state(delivery.state())).c_str(), delivery.reason().c_str());
        }
      }
    }
    return true;
  };
  const auto read = read_events(client, std::move(request), look);
  if (!read.ok()) return read.error();
  return stuck;
}

bool confirmed(size_t count) {
  std::fprintf(stderr, "Try these %zu deliveries again? [y/N] ", count);
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

const v1::Delivery* delivery_of(const v1::EventStatus& status, const std::string& id) {
  for (const v1::RecipientStatus& recipient : status.recipients()) {
    for (const v1::Delivery& delivery : recipient.deliveries()) {
      if (delivery.id() == id) return &delivery;
    }
  }
  return nullptr;
}

int retry_one(GatewayClient& client, const RetryOptions& options, const std::string& key,
              const std::string& id) {
  v1::RetryDeliveryRequest request;
  request.set_idempotency_key(key);
  request.set_delivery_id(id);
  const auto response = client.retry(request, seconds(options.patience_s));
  if (!response.ok()) {
    if (options.json) {
      std::printf("%s\n", named("delivery_id", id, to_json(response.error())).c_str());
    } else {
      std::fprintf(stderr, "%s: %s\n", id.c_str(), response.error().describe().c_str());
    }
    return exit_status_of(response.error());
  }
  if (options.json) {
    std::printf("%s\n", named("delivery_id", id, to_json(*response)).c_str());
  } else {
    const v1::Delivery* delivery = delivery_of(response->status(), id);
    std::printf("%s: %s, event %s, now %s\n", id.c_str(),
                response->already_retried() ? "was retried under this key before" : "is tried again",
                response->status().event_id().c_str(),
                delivery ? std::string(name_of_state(delivery->state())).c_str() : "?");
  }
  return exit_code::ok;
}

int run_retry(RetryOptions options) {
  auto key = options.key.empty() ? new_key() : Result<std::string>(options.key);
  if (!key.ok()) return show_error(key.error(), options.json);
  auto client = GatewayClient::connect(options.client);
  if (!client.ok()) return show_error(client.error(), options.json);
  if (options.stuck) {
    auto stuck = find_stuck(**client, options);
    if (!stuck.ok()) return show_error(stuck.error(), options.json);
    options.deliveries.assign(stuck->ids.begin(), stuck->ids.end());
    if (stuck->without_partner > 0) {
      std::fprintf(stderr, "%d recipients without a secure address are left out: reach them another way\n",
                   stuck->without_partner);
    }
    if (options.deliveries.empty()) {
      std::fprintf(stderr, "nothing is stuck that can be tried again\n");
      return exit_code::ok;
    }
    if (!options.yes && !confirmed(options.deliveries.size())) {
      std::fprintf(stderr, "nothing was done\n");
      return exit_code::refused;
    }
  }
  int worst = exit_code::ok;
  for (const std::string& id : options.deliveries)
    worst = std::max(worst, retry_one(**client, options, *key, id));
  return worst;
}

}  // namespace

void add_retry(CLI::App& app, int& status) {
  CLI::App* command =
      app.add_subcommand("retry", "Try deliveries again that were rejected or handed over to a human.");
  auto options = std::make_shared<RetryOptions>();
  add_client_options(*command, options->client);
  CLI::Option* ids =
      command->add_option("DELIVERY", options->deliveries, "UUIDs of deliveries (show, list --json)");
  command->add_option("--idempotency-key", options->key,
                      "the same when the same request is sent again; default: a new one");
  command->add_flag("--stuck", options->stuck, "all of the tenant's that can be, after a confirmation")
      ->excludes(ids);
  command->add_option("--tenant", options->tenant, "of --stuck")->capture_default_str();
  command->add_flag("--yes", options->yes, "without the confirmation");
  command
      ->add_option("--patience", options->patience_s,
                   "seconds to send again while the gateway cannot be reached")
      ->capture_default_str();
  command->add_flag("--json", options->json, "one JSON object per delivery: the answer, or an error");
  command->footer(
      "Needs the role \"repair\", or \"operate\" for the events of others.\nExamples:\n"
      "  passerelle retry 0f0e0d0c-…\n  passerelle retry --stuck --tenant cpts-demo");
  command->callback([options, &status] {
    if (options->deliveries.empty() && !options->stuck) throw CLI::RequiredError("DELIVERY or --stuck");
    status = run_retry(*options);
  });
}

}  // namespace psl
