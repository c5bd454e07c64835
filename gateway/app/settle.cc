#include "gateway/app/settle.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "gateway/app/exit_codes.h"
#include "gateway/app/print.h"

namespace psl {
namespace {

constexpr Span look_interval = milliseconds(250);
// So many single questions cost less than a list.
constexpr size_t few = 8;
constexpr int list_page = 500;

bool unavailable(const Error& error) { return exit_status_of(error) == exit_code::unavailable; }

// Each tenant with the time at which the first of its events was accepted.
std::map<std::string, google::protobuf::Timestamp> first_accepted(const std::vector<AwaitedEvent>& events) {
  std::map<std::string, google::protobuf::Timestamp> first;
  for (const AwaitedEvent& event : events) {
    const auto& at = event.status.accepted_at();
    const auto [known, added] = first.emplace(event.tenant, at);
    auto& least = known->second;
    if (!added && std::tuple(at.seconds(), at.nanos()) < std::tuple(least.seconds(), least.nanos()))
      least = at;
  }
  return first;
}

// The ids of the events with a delivery that still moves. An event that moves all the while is on one of the
// pages, whenever each is read.
Result<std::set<std::string>> still_moving(const std::vector<AwaitedEvent>& events, GatewayClient& client) {
  std::set<std::string> moving;
  for (const auto& [tenant, from] : first_accepted(events)) {
    v1::ListEventsRequest request;
    request.set_tenant(tenant);
    request.set_page_size(list_page);
    *request.mutable_filter()->mutable_accepted_from() = from;
    for (const auto state :
         {v1::DELIVERY_STATE_PENDING, v1::DELIVERY_STATE_SENDING, v1::DELIVERY_STATE_UNKNOWN})
      request.mutable_filter()->add_states(state);
    do {
      auto page = client.list(request);
      if (!page.ok()) return std::move(page).error();
      for (const v1::EventStatus& event : page->events()) {
        if (!all_final(event)) moving.insert(event.event_id());
      }
      request.set_page_token(page->next_page_token());
    } while (!request.page_token().empty());
  }
  return moving;
}

// A candidate whom nobody has asked yet, and who may never be: days, and no matter of sending.
bool awaits_its_turn(const v1::RecipientStatus& recipient) {
  return recipient.origin() == v1::RECIPIENT_ORIGIN_CANDIDATE && recipient.deliveries_size() > 0 &&
         std::ranges::all_of(recipient.deliveries(), [](const v1::Delivery& delivery) {
           return delivery.state() == v1::DELIVERY_STATE_PENDING && !delivery.has_due_at();
         });
}

// Asks for one event; true when there is something final to tell of it.
bool look_at(AwaitedEvent& event, GatewayClient& client, Status& outcome) {
  v1::GetEventRequest request;
  request.set_event_id(event.status.event_id());
  auto now = client.get(request);
  if (now.ok()) {
    event.status = std::move(*now);
    return all_final(event.status);
  }
  // A gateway that restarts is no reason to stop looking.
  if (unavailable(now.error())) return false;
  outcome = std::move(now).error();
  return true;
}

}  // namespace

bool all_final(const v1::EventStatus& status) {
  return std::none_of(status.recipients().begin(), status.recipients().end(),
                      [](const v1::RecipientStatus& r) {
                        return r.state() == v1::RECIPIENT_STATE_IN_PROGRESS && !awaits_its_turn(r);
                      });
}

bool all_reached(const v1::EventStatus& status) {
  return std::all_of(status.recipients().begin(), status.recipients().end(),
                     [](const v1::RecipientStatus& r) {
                       return r.state() == v1::RECIPIENT_STATE_REACHED || awaits_its_turn(r);
                     });
}

void wait_settled(std::vector<AwaitedEvent> events, GatewayClient& client, Env& env, Instant until,
                  const std::function<void(const AwaitedEvent&, const Status&)>& tell,
                  const std::function<void()>& asked) {
  const auto now = [&env] { return env.monotonic(); };
  while (!events.empty()) {
    const Instant begun = now();
    // A list that is refused leaves the single questions, which tell why.
    std::set<std::string> moving;
    bool skip = false;
    if (events.size() > few) {
      auto listed = still_moving(events, client);
      skip = !listed.ok() && unavailable(listed.error());
      if (listed.ok()) moving = std::move(*listed);
    }
    std::vector<AwaitedEvent> left;
    for (AwaitedEvent& event : events) {
      Status outcome;
      const bool told =
          all_final(event.status) || (!skip && now() < until && !moving.contains(event.status.event_id()) &&
                                      look_at(event, client, outcome));
      if (told) {
        tell(event, outcome);
      } else {
        left.push_back(std::move(event));
      }
    }
    events = std::move(left);
    asked();
    if (events.empty() || now() >= until) break;
    // The questions take the gateway a third of its time at most.
    client.pause(std::max(look_interval, Span{(now() - begun).us * 2}));
  }
  for (const AwaitedEvent& event : events) tell(event, {});
}

}  // namespace psl
