#include "gateway/intake/receipt.h"

#include <algorithm>

#include "gateway/core/reasons.h"

namespace psl {
namespace {

namespace v1 = passerelle::v1;

void set_time(google::protobuf::Timestamp& to, Instant at) {
  to.set_seconds(at.us / 1000000);
  to.set_nanos(static_cast<int32_t>(at.us % 1000000) * 1000);
}

// Reached by one delivery is reached; not reached only when none is still trying.
v1::RecipientState recipient_state(const v1::RecipientStatus& status) {
  bool trying = false;
  for (const v1::Delivery& delivery : status.deliveries()) {
    if (delivery.state() == v1::DELIVERY_STATE_DELIVERED) return v1::RECIPIENT_STATE_REACHED;
    trying = trying || !is_final(static_cast<DeliveryState>(delivery.state()));
  }
  return trying ? v1::RECIPIENT_STATE_IN_PROGRESS : v1::RECIPIENT_STATE_NOT_REACHED;
}

void settle_recipient(v1::RecipientStatus& status) {
  status.set_state(recipient_state(status));
  if (status.state() != v1::RECIPIENT_STATE_NOT_REACHED) return;
  const std::string reason =
      status.deliveries().empty() ? "NO_ADDRESS" : status.deliveries().rbegin()->reason();
  status.set_reason_fr(std::string(french_reason(reason)));
}

// Common to both: `of` is an AcceptEvent or an EventRow, which name these fields alike.
template <typename Event>
v1::EventStatus blank_status(const Event& of, const passerelle::internal::v1::StoredEvent& content) {
  v1::EventStatus status;
  status.set_event_id(of.id.text());
  set_time(*status.mutable_accepted_at(), of.accepted_at);
  status.set_kind(of.kind);
  status.set_document_id(of.document_id);
  status.set_document_sha256(of.document_sha256);
  *status.mutable_issues() = content.issues();
  for (int i = 0; i < content.request().event().recipients_size(); ++i)
    status.add_recipients()->set_recipient_index(i);
  return status;
}

// Null for an index that the request does not have: a ledger that says so was tampered with.
v1::RecipientStatus* recipient_of(v1::EventStatus& status, int index) {
  return index >= 0 && index < status.recipients_size() ? status.mutable_recipients(index) : nullptr;
}

void fill_delivery(v1::Delivery& to, const DeliveryRow& row) {
  to.set_id(row.due.id.text());
  to.set_adapter(row.due.adapter);
  to.set_state(static_cast<v1::DeliveryState>(row.due.state));
  to.set_attempts(row.due.attempts);
  if (row.due.state == DeliveryState::pending) set_time(*to.mutable_due_at(), row.due.due_at);
  set_time(*to.mutable_give_up_at(), row.due.give_up_at);
  if (row.delivered_at.us != 0) set_time(*to.mutable_delivered_at(), row.delivered_at);
  to.set_reason(row.reason);
  to.set_partner_code(row.partner_code);
  to.set_partner_reference(row.reference);
  if (row.same_as) to.set_same_as(row.same_as->text());
}

}  // namespace

v1::EventStatus fresh_status(const AcceptEvent& accepted,
                             const passerelle::internal::v1::StoredEvent& content) {
  v1::EventStatus status = blank_status(accepted, content);
  for (const NewDelivery& delivery : accepted.deliveries) {
    v1::RecipientStatus* recipient = recipient_of(status, delivery.recipient_index);
    if (recipient == nullptr) continue;
    v1::Delivery& to = *recipient->add_deliveries();
    to.set_id(delivery.id.text());
    to.set_adapter(delivery.adapter);
    to.set_state(v1::DELIVERY_STATE_PENDING);
    set_time(*to.mutable_due_at(), delivery.due_at);
    set_time(*to.mutable_give_up_at(), accepted.give_up_at);
  }
  for (const UnresolvedRecipient& unresolved : accepted.unresolved) {
    v1::RecipientStatus* recipient = recipient_of(status, unresolved.recipient_index);
    if (recipient == nullptr) continue;
    v1::Delivery& to = *recipient->add_deliveries();
    to.set_id(unresolved.delivery_id.text());
    to.set_state(v1::DELIVERY_STATE_HANDED_OVER);
    to.set_reason(unresolved.reason);
  }
  for (v1::RecipientStatus& recipient : *status.mutable_recipients()) settle_recipient(recipient);
  return status;
}

v1::EventStatus stored_status(const EventRow& row, const passerelle::internal::v1::StoredEvent& content) {
  v1::EventStatus status = blank_status(row, content);
  for (const DeliveryRow& delivery : row.deliveries) {
    v1::RecipientStatus* recipient = recipient_of(status, delivery.due.recipient_index);
    if (recipient == nullptr) continue;
    fill_delivery(*recipient->add_deliveries(), delivery);
    if (delivery.task_id) recipient->set_task_id(delivery.task_id->text());
  }
  for (v1::RecipientStatus& recipient : *status.mutable_recipients()) settle_recipient(recipient);
  return status;
}

}  // namespace psl
