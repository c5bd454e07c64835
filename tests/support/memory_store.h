// A ledger in memory with the rules of the real one, for tests of what stands above it.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "gateway/core/store.h"

namespace psl {

// Thread safe; the hooks and switches are set before threads begin.
class MemoryStore final : public Store, public Ledger {
 public:
  // One move of a delivery, in the order of commits.
  struct Move {
    Uuid delivery_id;
    DeliveryState from = DeliveryState::pending;
    DeliveryState to = DeliveryState::pending;
    Happening happening = Happening::given_up;
    std::string reason;
    bool operator==(const Move&) const = default;
  };

  // Switches of trouble.
  bool fail_commits = false;
  bool fail_reads = false;
  std::function<void()> before_commit;
  std::function<void()> after_commit;

  Result<std::vector<Effect>> commit(std::span<const Command> batch) override {
    if (before_commit) before_commit();
    std::vector<Effect> effects;
    {
      const std::lock_guard lock(mutex_);
      if (fail_commits) return error_of(ErrorCode::input_output);
      for (const Command& command : batch) {
        effects.push_back(std::visit([this](const auto& one) { return apply(one); }, command));
      }
      batch_sizes_.push_back(batch.size());
    }
    if (after_commit) after_commit();
    return effects;
  }

  Result<EventRow> event(const Uuid& id) override {
    const std::lock_guard lock(mutex_);
    if (fail_reads) return error_of(ErrorCode::input_output);
    const auto found = events_.find(id);
    if (found == events_.end()) return error_of(ErrorCode::not_found);
    EventRow row = found->second.row;
    for (const Uuid& delivery_id : found->second.delivery_ids) {
      row.deliveries.push_back(as_shown(deliveries_.at(delivery_id)));
    }
    return row;
  }

  Result<std::vector<DocumentRow>> documents(const Uuid& event_id) override {
    const std::lock_guard lock(mutex_);
    if (fail_reads) return error_of(ErrorCode::input_output);
    const auto found = events_.find(event_id);
    if (found == events_.end()) return error_of(ErrorCode::not_found);
    return found->second.documents;
  }

  Result<std::vector<DueDelivery>> due(std::string_view adapter, Lane lane, Instant now, int most) override {
    return select(most, [&](const Delivery& one) {
      const DueDelivery& due = one.row.due;
      return due.state == DeliveryState::pending && due.adapter == adapter && due.lane == lane &&
             due.due_at <= now && !waits_for_original(one);
    });
  }
  Result<std::vector<DueDelivery>> unsettled(std::string_view adapter, Instant now, int most) override {
    return select(most, [&](const Delivery& one) {
      const DueDelivery& due = one.row.due;
      return due.state == DeliveryState::unknown && due.adapter == adapter && due.due_at <= now;
    });
  }
  Result<std::vector<DueDelivery>> overdue(Instant now, int most) override {
    return select(most, [&](const Delivery& one) {
      return one.row.due.state != DeliveryState::sending && one.row.due.give_up_at <= now;
    });
  }
  Result<std::vector<DueDelivery>> late(Instant now, int most) override {
    return select(most, [&](const Delivery& one) { return one.alert_at <= now && !one.late_task; });
  }
  Result<std::vector<DueDelivery>> interrupted(int most) override {
    return select(most, [&](const Delivery& one) { return one.row.due.state == DeliveryState::sending; });
  }

  Result<std::optional<Instant>> next_due() override {
    const std::lock_guard lock(mutex_);
    if (fail_reads) return error_of(ErrorCode::input_output);
    std::optional<Instant> next;
    const auto consider = [&next](Instant at) { next = next ? std::min(*next, at) : at; };
    for (const auto& [id, open] : open_) {
      const Delivery& one = *open;
      if (!one.late_task) consider(one.alert_at);
      if (one.row.due.state != DeliveryState::sending) {
        consider(std::min(one.row.due.due_at, one.row.due.give_up_at));
      }
    }
    return next;
  }

  // What tests ask.
  DeliveryRow delivery(const Uuid& id) {
    const std::lock_guard lock(mutex_);
    return deliveries_.at(id).row;
  }
  bool has_event(const Uuid& id) {
    const std::lock_guard lock(mutex_);
    return events_.contains(id);
  }
  bool has_late_task(const Uuid& id) {
    const std::lock_guard lock(mutex_);
    return deliveries_.at(id).late_task;
  }
  // Not final ones.
  std::vector<Uuid> open_deliveries() {
    const std::lock_guard lock(mutex_);
    std::vector<Uuid> ids;
    for (const auto& [id, one] : open_) ids.push_back(id);
    return ids;
  }
  std::vector<Uuid> all_deliveries() {
    const std::lock_guard lock(mutex_);
    std::vector<Uuid> ids;
    for (const auto& [id, one] : deliveries_) ids.push_back(id);
    return ids;
  }
  std::vector<Move> moves() {
    const std::lock_guard lock(mutex_);
    return moves_;
  }
  std::vector<Move> moves_since(size_t first) {
    const std::lock_guard lock(mutex_);
    return {moves_.begin() + static_cast<ptrdiff_t>(first), moves_.end()};
  }
  std::vector<size_t> batch_sizes() {
    const std::lock_guard lock(mutex_);
    return batch_sizes_;
  }
  // Flips a byte of the event's sealed content.
  void corrupt_content(const Uuid& event_id) {
    const std::lock_guard lock(mutex_);
    events_.at(event_id).row.content.back() ^= 1;
  }
  void forget_documents(const Uuid& event_id) {
    const std::lock_guard lock(mutex_);
    events_.at(event_id).documents.clear();
  }

 private:
  struct Delivery {
    DeliveryRow row;
    std::string document_id;
    std::string replaces;
    std::string address_mac;
    Instant alert_at;
    bool late_task = false;
    bool superseded = false;
  };
  struct Event {
    EventRow row;
    std::vector<DocumentRow> documents;
    std::vector<Uuid> delivery_ids;
  };
  using Key = std::tuple<std::string, std::string, std::string>;

  // A delivery that follows another shows that one's fate.
  DeliveryRow as_shown(const Delivery& one) const {
    if (!one.row.same_as) return one.row;
    DeliveryRow row = deliveries_.at(*one.row.same_as).row;
    row.due.id = one.row.due.id;
    row.due.recipient_index = one.row.due.recipient_index;
    row.same_as = one.row.same_as;
    return row;
  }

  template <typename Matches>
  Result<std::vector<DueDelivery>> select(int most, Matches matches) {
    const std::lock_guard lock(mutex_);
    if (fail_reads) return error_of(ErrorCode::input_output);
    std::vector<DueDelivery> rows;
    for (const auto& [id, one] : open_) {
      if (matches(*one)) rows.push_back(one->row.due);
    }
    std::ranges::sort(rows, {}, [](const DueDelivery& row) { return std::tie(row.due_at, row.id); });
    if (rows.size() > static_cast<size_t>(most)) rows.resize(static_cast<size_t>(most));
    return rows;
  }

  bool waits_for_original(const Delivery& one) const {
    if (one.replaces.empty()) return false;  // the real ledger also looks at what that one replaced
    return std::ranges::any_of(open_, [&](const auto& open) {
      const Delivery& other = *open.second;
      const DeliveryState state = other.row.due.state;
      return other.document_id == one.replaces && other.address_mac == one.address_mac &&
             (state == DeliveryState::sending || state == DeliveryState::unknown);
    });
  }

  Effect apply(const AcceptEvent& event) {
    const Key key{event.tenant, event.principal, event.idempotency_key};
    if (const auto known = keys_.find(key); known != keys_.end()) {
      return events_.at(known->second).row.content_mac == event.content_mac ? Effect::already_accepted
                                                                            : Effect::key_reused;
    }
    const auto document = documents_.try_emplace(event.document_id, event.document_mac).first;
    if (document->second != event.document_mac) return Effect::document_id_reused;
    keys_[key] = event.id;
    if (!event.replaces.empty()) supersede(event.replaces);

    Event& row = events_[event.id];
    row.row.id = event.id;
    row.row.tenant = event.tenant;
    row.row.principal = event.principal;
    row.row.kind = event.kind;
    row.row.content_mac = event.content_mac;
    row.row.accepted_at = event.accepted_at;
    row.row.key = event.key;
    row.row.content = event.content;
    row.row.document_id = event.document_id;
    row.row.document_sha256 = event.document_sha256;
    for (const NewDocument& one : event.documents) {
      row.documents.push_back({one.part, one.size_bytes, one.sealed});
    }
    bool linked = false;
    for (const NewDelivery& one : event.deliveries) linked = add(row, event, one) || linked;
    for (const UnresolvedRecipient& one : event.unresolved) {
      Delivery& delivery = deliveries_[one.delivery_id];
      delivery.row.due.id = one.delivery_id;
      delivery.row.due.event_id = event.id;
      delivery.row.due.state = DeliveryState::handed_over;
      delivery.row.due.recipient_index = one.recipient_index;
      delivery.row.reason = one.reason;
      delivery.row.task_id = one.delivery_id;
      row.delivery_ids.push_back(one.delivery_id);
    }
    return linked ? Effect::linked : Effect::done;
  }

  // True when it follows an earlier delivery of the same document to the same address.
  bool add(Event& row, const AcceptEvent& event, const NewDelivery& one) {
    row.delivery_ids.push_back(one.id);
    for (const auto& [id, other] : deliveries_) {
      if (!other.row.same_as && other.document_id == event.document_id && !one.address_mac.empty() &&
          other.address_mac == one.address_mac && other.row.due.adapter == one.adapter &&
          other.row.due.state != DeliveryState::cancelled) {
        deliveries_[one.id].row.same_as = id;
        deliveries_[one.id].row.due.id = one.id;
        deliveries_[one.id].row.due.recipient_index = one.recipient_index;
        return true;
      }
    }
    Delivery delivery;
    delivery.row.due = {one.id,
                        event.id,
                        event.tenant,
                        one.adapter,
                        DeliveryState::pending,
                        event.lane,
                        one.recipient_index,
                        /*attempts=*/0,
                        /*generation=*/0,
                        one.due_at,
                        event.give_up_at};
    delivery.document_id = event.document_id;
    delivery.replaces = event.replaces;
    delivery.address_mac = one.address_mac;
    delivery.alert_at = event.alert_at;
    deliveries_[one.id] = std::move(delivery);
    open_[one.id] = &deliveries_[one.id];
    return false;
  }

  void supersede(const std::string& document_id) {
    const std::map<Uuid, Delivery*> open = open_;
    for (const auto& [id, pointer] : open) {
      Delivery& one = *pointer;
      if (one.document_id != document_id) continue;
      one.superseded = true;
      cancel_if_superseded(one);
    }
  }

  // Also when an attempt that was under way at the replacement took nothing.
  void cancel_if_superseded(Delivery& one) {
    if (one.superseded) move(one, Happening::cancelled, "REPLACED");
  }

  bool move(Delivery& one, Happening happening, const std::string& reason) {
    DueDelivery& due = one.row.due;
    const std::optional<DeliveryState> to = next_state(due.state, happening);
    if (!to) return false;
    moves_.push_back({due.id, due.state, *to, happening, reason});
    due.state = *to;
    one.row.reason = reason;
    if (is_final(*to)) {
      open_.erase(due.id);
    } else {
      open_[due.id] = &one;
    }
    one.row.task_id = needs_human(*to) ? std::optional(due.id) : std::nullopt;
    return true;
  }

  Effect apply(const StartAttempt& start) {
    const auto found = deliveries_.find(start.delivery_id);
    if (found == deliveries_.end()) return Effect::missing;
    if (!move(found->second, Happening::attempt_started, {})) return Effect::stale;
    ++found->second.row.due.attempts;
    found->second.row.reference = start.reference;
    return Effect::done;
  }

  Effect apply(const RecordOutcome& record) {
    const auto found = deliveries_.find(record.delivery_id);
    if (found == deliveries_.end()) return Effect::missing;
    Delivery& one = found->second;
    // Only the outcome of an attempt: other proofs of what became of a delivery come as MoveDelivery.
    if (one.row.due.state != DeliveryState::sending) return Effect::stale;
    if (!move(one, happening_of(record.outcome.verdict), record.outcome.reason)) return Effect::stale;
    one.row.due.due_at = record.due_at;
    one.row.partner_code = record.outcome.partner_code;
    if (one.row.due.state == DeliveryState::delivered) one.row.delivered_at = record.at;
    cancel_if_superseded(one);
    return Effect::done;
  }

  Effect apply(const MoveDelivery& command) {
    const auto found = deliveries_.find(command.delivery_id);
    if (found == deliveries_.end()) return Effect::missing;
    if (!move(found->second, command.happening, command.reason)) return Effect::stale;
    DeliveryRow& row = found->second.row;
    row.due.due_at = command.due_at;
    if (row.due.state == DeliveryState::delivered) row.delivered_at = command.at;
    cancel_if_superseded(found->second);
    return Effect::done;
  }

  Effect apply(const OpenLateTask& task) {
    const auto found = deliveries_.find(task.delivery_id);
    if (found == deliveries_.end()) return Effect::missing;
    if (found->second.late_task || is_final(found->second.row.due.state)) return Effect::stale;
    found->second.late_task = true;
    found->second.row.task_id = task.delivery_id;
    return Effect::done;
  }

  std::mutex mutex_;
  std::map<Uuid, Event> events_;
  std::map<Uuid, Delivery> deliveries_;
  std::map<Uuid, Delivery*> open_;  // those that are not final
  std::map<Key, Uuid> keys_;
  std::map<std::string, std::string> documents_;  // id -> MAC
  std::vector<Move> moves_;
  std::vector<size_t> batch_sizes_;
};

}  // namespace psl
