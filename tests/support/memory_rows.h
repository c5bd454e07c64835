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
  // A proposal whose time is over, and that no human had tried again.
  bool is_for_its_case_to_end(Instant now) const {
    return proposal && row.due.generation == 0 && row.due.give_up_at <= now;
  }
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
