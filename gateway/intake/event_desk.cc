#include "gateway/intake/event_desk.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <optional>

#include "gateway/base/log.h"
#include "gateway/core/checked.h"
#include "gateway/intake/case_book.h"
#include "gateway/intake/faults.h"
#include "gateway/intake/kinds.h"
#include "gateway/intake/page_token.h"
#include "gateway/intake/receipt.h"
#include "gateway/intake/text_checks.h"
#include "gateway/intake/times.h"

namespace psl {
namespace {

constexpr int page_size_default = 50;
constexpr int page_size_most = 500;
constexpr int filter_states_most = 8;
constexpr int filter_kinds_most = 20;
constexpr std::string_view reason_cancelled = "CANCELLED";

bool may(const DeskSeams& seams, const Principal& principal, Action action, std::string_view tenant) {
  return seams.policy.allows(principal, action, tenant, "", "").ok();
}

bool may_see(const DeskSeams& seams, const Principal& principal, const EventRow& row) {
  return (row.principal == principal.name && may(seams, principal, Action::read, row.tenant)) ||
         may(seams, principal, Action::operate, row.tenant);
}

// OK when it may be repaired; else as little as the caller may know.
Status admit_repair(const DeskSeams& seams, const Principal& principal, const EventRow& row) {
  if (may(seams, principal, Action::operate, row.tenant)) return {};
  if (row.principal == principal.name && may(seams, principal, Action::repair, row.tenant)) return {};
  if (may_see(seams, principal, row))
    return error_of(ErrorCode::not_allowed, "needs the role repair or operate");
  return error_of(ErrorCode::not_found);
}

// Whose events a caller may list and watch.
Result<Owner> owner_for(const DeskSeams& seams, const Principal& principal, const std::string& tenant) {
  // An unknown tenant is answered as a forbidden one: a caller learns nothing about the others.
  if (seams.tenants.contains(tenant)) {
    if (may(seams, principal, Action::operate, tenant)) return Owner{tenant, ""};
    if (may(seams, principal, Action::read, tenant)) return Owner{tenant, principal.name};
  }
  return error_of(ErrorCode::not_allowed);
}

// The event that a GetEventRequest or a CancelEventRequest names, whoever may see it.
template <typename Request>
Result<EventRow> named_event(const DeskSeams& seams, const Principal& principal, const Request& request) {
  FaultList faults;
  find_unknown(request, "", faults);
  if (Status status = std::move(faults).status(); !status.ok()) return std::move(status).error();
  const bool by_key = !request.idempotency_key().empty();
  if (by_key == !request.event_id().empty())
    return field_error("event_id", "either event_id, or idempotency_key with tenant, is required");
  if (by_key) {
    if (request.tenant().empty()) return field_error("tenant", "required with idempotency_key");
    return seams.ledger.event(event_id_of(request.tenant(), principal.name, request.idempotency_key()));
  }
  const std::optional<Uuid> id = Uuid::parse(request.event_id());
  if (!id) return field_error("event_id", "a UUID expected");
  return seams.ledger.event(*id);
}

void check_filter_times(const v1::EventFilter& filter, EventQuery& query, FaultList& faults) {
  const auto take = [&](bool present, const google::protobuf::Timestamp& at, const char* path) {
    std::optional<Instant> taken;
    if (!present) return taken;
    if (in_range(at)) {
      taken = instant_of(at);
    } else {
      faults.add(path, "a time between the years 1 and 9999 expected");
    }
    return taken;
  };
  query.accepted_from = take(filter.has_accepted_from(), filter.accepted_from(), "filter.accepted_from");
  query.accepted_before =
      take(filter.has_accepted_before(), filter.accepted_before(), "filter.accepted_before");
  if (query.accepted_from && query.accepted_before && *query.accepted_before <= *query.accepted_from)
    faults.add("filter.accepted_before", "a time after accepted_from expected");
}

// The address whose MAC is asked for, as intake normalises it; empty: any.
std::string check_filter(const v1::EventFilter& filter, EventQuery& query, FaultList& faults) {
  if (filter.states_size() > filter_states_most) faults.add("filter.states", "at most 8 expected");
  for (int i = 0; i < std::min(filter.states_size(), filter_states_most); ++i) {
    const v1::DeliveryState state = filter.states(i);
    if (state == v1::DELIVERY_STATE_UNSPECIFIED)
      faults.add("filter.states[" + std::to_string(i) + "]", "a state expected");
    query.states.push_back(static_cast<DeliveryState>(state));
  }
  if (filter.kinds_size() > filter_kinds_most) faults.add("filter.kinds", "at most 20 expected");
  for (int i = 0; i < std::min(filter.kinds_size(), filter_kinds_most); ++i) {
    check_token(filter.kinds(i), true, 40, "filter.kinds[" + std::to_string(i) + "]", faults);
    query.kinds.push_back(filter.kinds(i));
  }
  check_filter_times(filter, query, faults);
  if (!filter.adapter().empty()) check_config_name(filter.adapter(), "filter.adapter", faults);
  query.adapter = filter.adapter();
  query.task_open = filter.task_open();
  if (filter.recipient_mailbox().empty()) return {};
  const auto mailbox = Mailbox::parse(filter.recipient_mailbox());
  if (mailbox.ok()) return mailbox->reveal();
  for (const FieldFault& fault : mailbox.error().faults) faults.add("filter.recipient_mailbox", fault.text);
  return {};
}

v1::WatchEventsResponse message_of(const ChangeRow& row) {
  v1::WatchEventsResponse message;
  message.set_sequence(row.sequence);
  v1::DeliveryChange& change = *message.mutable_change();
  set_time(*change.mutable_at(), row.at);
  change.set_event_id(row.event_id.text());
  change.set_kind(row.kind);
  change.set_recipient_index(row.recipient_index);
  change.set_delivery_id(row.delivery_id.text());
  change.set_adapter(row.adapter);
  change.set_state(static_cast<v1::DeliveryState>(row.state));
  change.set_reason(row.reason);
  change.set_partner_code(row.partner_code);
  return message;
}

// One CancelEvent whose deliveries are being withdrawn: the last answer of the committer ends it.
struct Cancelling {
  Cancelling(const DeskSeams& the_seams, EventDesk::CancelDone the_done, const Uuid& event, size_t deliveries)
      : seams(the_seams),
        done(std::move(the_done)),
        event_id(event),
        unanswered(static_cast<int>(deliveries)) {}

  const DeskSeams seams;
  const EventDesk::CancelDone done;
  const Uuid event_id;
  std::atomic<int> unanswered;
  std::atomic<int> cancelled = 0;
  std::mutex mutex;
  std::optional<Error> failure = std::nullopt;

  void answer(Result<Effect> effect);
  Result<v1::CancelEventResponse> outcome();
};

void Cancelling::answer(Result<Effect> effect) {
  if (!effect.ok()) {
    const std::lock_guard lock(mutex);
    failure = std::move(effect).error();
  } else if (*effect == Effect::done) {
    ++cancelled;
  }
  if (--unanswered == 0) done(outcome());
}

Result<v1::CancelEventResponse> Cancelling::outcome() {
  // Whoever asks again withdraws the rest, and is told the whole.
  if (failure) return *failure;
  const auto row = seams.ledger.event(event_id);
  if (!row.ok()) return row.error();
  const bool withdrawn = std::ranges::any_of(row->deliveries, [](const DeliveryRow& one) {
    return one.due.state == DeliveryState::cancelled && one.reason == reason_cancelled;
  });
  // What a replacement withdrew was withdrawn for another reason, and its sender knows.
  if (!withdrawn) return error_of(ErrorCode::cannot_cancel);
  auto status = stored_status(*row, {seams.sealer, seams.ledger});
  if (!status.ok()) return std::move(status).error();
  if (cancelled > 0)
    log(LogLevel::info, "event cancelled", {{"event", event_id}, {"deliveries", cancelled.load()}});
  v1::CancelEventResponse response;
  *response.mutable_status() = std::move(*status);
  response.set_cancelled(cancelled);
  return response;
}

Result<v1::RetryDeliveryResponse> retried(const DeskSeams& seams, const Uuid& event_id, Effect effect) {
  switch (effect) {
    case Effect::done:
    case Effect::already_accepted:
      break;
    case Effect::stale:
      return error_of(ErrorCode::cannot_retry);
    case Effect::missing:
      return error_of(ErrorCode::not_found);
    default:
      return error_of(ErrorCode::internal);
  }
  const auto row = seams.ledger.event(event_id);
  if (!row.ok()) return row.error();
  auto status = stored_status(*row, {seams.sealer, seams.ledger});
  if (!status.ok()) return std::move(status).error();
  v1::RetryDeliveryResponse response;
  *response.mutable_status() = std::move(*status);
  response.set_already_retried(effect == Effect::already_accepted);
  return response;
}

// A proposal is sent again only to somebody who is still asked.
Status check_retried_proposal(const DeskSeams& seams, const EventRow& row, const Uuid& delivery_id) {
  const auto orientation = CaseBook(seams.ledger, seams.sealer).orientation_of(row);
  if (!orientation.ok()) return orientation.error();
  if (!orientation->has_value()) return {};
  for (const stored::Proposal& one : (*orientation)->proposals()) {
    if (one.delivery_id() != delivery_id.raw() || one.state() == v1::PROPOSAL_STATE_PROPOSED) continue;
    return error_of(ErrorCode::cannot_retry, one.state() == v1::PROPOSAL_STATE_WAITING
                                                 ? "this candidate is not asked yet: it is asked in its turn"
                                                 : "this candidate is not asked any more");
  }
  return {};
}

}  // namespace

Result<v1::EventStatus> EventDesk::get(const Principal& principal, const v1::GetEventRequest& request) const {
  const auto row = named_event(seams_, principal, request);
  if (!row.ok()) return row.error();
  if (!may_see(seams_, principal, *row)) return error_of(ErrorCode::not_found);
  return stored_status(*row, {seams_.sealer, seams_.ledger});
}

Result<v1::ListEventsResponse> EventDesk::list(const Principal& principal,
                                               const v1::ListEventsRequest& request) const {
  FaultList faults;
  find_unknown(request, "", faults);
  check_config_name(request.tenant(), "tenant", faults);
  EventQuery query;
  const std::string address = check_filter(request.filter(), query, faults);
  if (request.page_size() < 0 || request.page_size() > page_size_most)
    faults.add("page_size", "1 to 500 expected, or 0 for 50");
  query.most = request.page_size() == 0 ? page_size_default : request.page_size();
  if (Status status = std::move(faults).status(); !status.ok()) return std::move(status).error();

  auto owner = owner_for(seams_, principal, request.tenant());
  if (!owner.ok()) return std::move(owner).error();
  query.owner = std::move(*owner);
  if (!address.empty()) {
    auto mac = seams_.sealer.mac(request.tenant(), "address", address);
    if (!mac.ok()) return std::move(mac).error();
    query.address_mac = std::move(*mac);
  }
  const PageToken token(seams_.sealer, principal, query.owner, request.filter());
  if (!request.page_token().empty()) {
    const auto before = token.read(request.page_token());
    if (!before.ok()) return before.error();
    query.before = *before;
  }
  const auto page = seams_.ledger.list(query);
  if (!page.ok()) return page.error();
  v1::ListEventsResponse response;
  for (const EventRow& row : page->events) *response.add_events() = listed_status(row);
  if (page->next != 0) {
    auto next = token.write(page->next);
    if (!next.ok()) return std::move(next).error();
    response.set_next_page_token(std::move(*next));
  }
  return response;
}

Result<EventDesk::Watch> EventDesk::watch(const Principal& principal,
                                          const v1::WatchEventsRequest& request) const {
  FaultList faults;
  find_unknown(request, "", faults);
  check_config_name(request.tenant(), "tenant", faults);
  if (request.after_sequence() < 0) faults.add("after_sequence", "0 or more expected");
  if (request.from_now() && request.after_sequence() != 0)
    faults.add("after_sequence", "with from_now, none expected");
  if (Status status = std::move(faults).status(); !status.ok()) return std::move(status).error();
  auto owner = owner_for(seams_, principal, request.tenant());
  if (!owner.ok()) return std::move(owner).error();

  const auto last = seams_.ledger.last_change();
  if (!last.ok()) return last.error();
  if (request.from_now()) return Watch{std::move(*owner), *last};
  if (request.after_sequence() > *last)
    return field_error("after_sequence", "a sequence that this gateway gave expected");
  // Only to know, before the watch begins, whether what it asks for is still there.
  const auto kept = seams_.ledger.changes_after(*owner, request.after_sequence(), 1);
  if (!kept.ok()) return kept.error();
  return Watch{std::move(*owner), request.after_sequence()};
}

Result<EventDesk::Changes> EventDesk::changes(Watch& watch, int most) const {
  const auto page = seams_.ledger.changes_after(watch.owner, watch.after, most);
  if (!page.ok()) return page.error();
  Changes changes;
  for (const ChangeRow& row : page->changes) changes.messages.push_back(message_of(row));
  changes.at_end = page->at_end;
  watch.after = page->seen;
  return changes;
}

void EventDesk::retry(const Principal& principal, const v1::RetryDeliveryRequest& request,
                      RetryDone done) const {
  FaultList faults;
  find_unknown(request, "", faults);
  check_token(request.idempotency_key(), true, 128, "idempotency_key", faults);
  const std::optional<Uuid> id = Uuid::parse(request.delivery_id());
  if (!id) faults.add("delivery_id", "a UUID expected");
  if (Status status = std::move(faults).status(); !status.ok()) return done(std::move(status).error());
  const auto event_id = seams_.ledger.event_of(*id);
  if (!event_id.ok()) return done(event_id.error());
  const auto row = seams_.ledger.event(*event_id);
  if (!row.ok()) return done(row.error());
  if (Status admitted = admit_repair(seams_, principal, *row); !admitted.ok())
    return done(std::move(admitted).error());
  if (Status asked = check_retried_proposal(seams_, *row, *id); !asked.ok())
    return done(std::move(asked).error());

  const Instant now = seams_.env.now();
  MoveDelivery command{*id, now, Happening::retried, "", now, principal.name,
                       // Keys belong to their principal; a key holds no space.
                       principal.name + " " + request.idempotency_key()};
  seams_.sink.submit(std::move(command), [seams = seams_, event = *event_id, id = *id,
                                          done = std::move(done)](Result<Effect> effect) {
    if (!effect.ok()) return done(std::move(effect).error());
    if (*effect == Effect::done)
      log(LogLevel::info, "delivery retried", {{"event", event}, {"delivery", id}});
    done(retried(seams, event, *effect));
  });
}

void EventDesk::cancel(const Principal& principal, const v1::CancelEventRequest& request,
                       CancelDone done) const {
  const auto row = named_event(seams_, principal, request);
  if (!row.ok()) return done(row.error());
  if (Status admitted = admit_repair(seams_, principal, *row); !admitted.ok())
    return done(std::move(admitted).error());
  if (row->kind == orientation_kind)
    return done(
        error_of(ErrorCode::cannot_cancel,
                 "an orientation is cancelled by an orientation_update with the step CANCELLED, so that "
                 "everybody who was asked is told"));
  std::vector<Uuid> pending;
  for (const DeliveryRow& one : row->deliveries) {
    if (one.due.state == DeliveryState::pending && !one.same_as) pending.push_back(one.due.id);
  }
  const auto cancelling = std::make_shared<Cancelling>(seams_, std::move(done), row->id, pending.size());
  if (pending.empty()) return cancelling->done(cancelling->outcome());
  const Instant now = seams_.env.now();
  for (const Uuid& id : pending) {
    seams_.sink.submit(
        MoveDelivery{id, now, Happening::cancelled, std::string(reason_cancelled), now, principal.name, {}},
        [cancelling](Result<Effect> effect) { cancelling->answer(std::move(effect)); });
  }
}

}  // namespace psl
