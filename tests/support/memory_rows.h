// The deliveries and events of a ledger in memory.
#pragma once

#include <string>
#include <vector>

#include "gateway/core/store.h"

namespace psl {

struct MemoryDelivery {
  DeliveryRow row;
  std::string document_id;
  std::string replaces;
  std::string address_mac;
  // The event of the first of those documents that its own replaces, and its place among all deliveries.
  Uuid lineage;
  size_t place = 0;
  Instant alert_at;
  // What the event was first given, for a retry.
  Span alert_after;
  Span give_up_after;
  std::string retry_key;
  bool late_task = false;
  bool superseded = false;
  bool proposal = false;
  // 1: it needs consent; 2: that was withdrawn.
  int consent = 0;
  // Of some attempt.
  bool outcome_lost = false;
  bool was_taken = false;
  // NewDelivery's, and the reason why it may not leave any more.
  Uuid notice_of;
  Uuid member;
  std::string stopped;
  // Those that show this one's fate.
  std::vector<Uuid> followers;

  // After a retry.
  void renew(const MoveDelivery& command) {
    retry_key = command.key;
    ++row.due.generation;
    row.due.attempts = 0;
    row.due.give_up_at = command.at + give_up_after;
    alert_at = command.at + alert_after;
    late_task = false;
  }
  bool may_have_left() const {
    return outcome_lost || was_taken || row.due.state == DeliveryState::delivered ||
           row.due.state == DeliveryState::sending;
  }
  // A proposal whose time is over, and that no human had tried again.
  bool is_for_its_case_to_end(Instant now) const {
    return proposal && row.due.generation == 0 && row.due.give_up_at <= now;
  }
};

// Without its place and its lineage.
inline MemoryDelivery new_memory_delivery(const AcceptEvent& event, const NewDelivery& one) {
  MemoryDelivery made;
  made.row.due = {one.id,
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
  made.document_id = event.document_id;
  made.replaces = event.replaces;
  made.address_mac = one.address_mac;
  made.proposal = one.proposal;
  made.consent = int{one.needs_consent};
  made.notice_of = one.notice_of;
  made.member = one.member;
  made.alert_at = event.alert_at;
  made.alert_after = event.alert_at - event.accepted_at;
  made.give_up_after = event.give_up_at - event.accepted_at;
  return made;
}

inline MemoryDelivery unresolved_memory_delivery(const AcceptEvent& event, const UnresolvedRecipient& one) {
  MemoryDelivery made;
  made.row.due.id = one.delivery_id;
  made.row.due.event_id = event.id;
  made.row.due.tenant = event.tenant;
  made.row.due.state = DeliveryState::handed_over;
  made.row.due.lane = event.lane;
  made.row.due.recipient_index = one.recipient_index;
  made.row.due.due_at = event.accepted_at;
  made.row.due.give_up_at = event.give_up_at;
  made.row.reason = one.reason;
  made.row.task_id = one.delivery_id;
  return made;
}

struct MemoryDocument {
  std::string mac;
  Uuid newest;
  // The event of the first of those that it replaces, one after the other, or that are of its set.
  Uuid lineage;
};

struct MemoryEvent {
  EventRow row;
  std::vector<DocumentRow> documents;
  std::vector<Uuid> delivery_ids;
  std::string set_id;
  int version = 1;
  std::string patient_mac;
  // The first of those that follow each other; nil: it follows none.
  Uuid thread;
};

}  // namespace psl
