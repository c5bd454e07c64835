#include "gateway/intake/receipt.h"

#include <algorithm>

#include "gateway/core/reasons.h"
#include "gateway/intake/times.h"

namespace psl {
namespace {

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
v1::EventStatus blank_status(const Event& of) {
  v1::EventStatus status;
  status.set_event_id(of.id.text());
  set_time(*status.mutable_accepted_at(), of.accepted_at);
  status.set_kind(of.kind);
  status.set_document_id(of.document_id);
  status.set_document_sha256(of.document_sha256);
  return status;
}

void add_content(v1::EventStatus& status, const stored::StoredEvent& content) {
  *status.mutable_issues() = content.issues();
  for (int i = 0; i < content.request().event().recipients_size(); ++i)
    status.add_recipients()->set_recipient_index(i);
}

// Null for an index that the request does not have: a ledger that says so was tampered with.
v1::RecipientStatus* recipient_of(v1::EventStatus& status, int index) {
  return index >= 0 && index < status.recipients_size() ? status.mutable_recipients(index) : nullptr;
}

void add_delivery(v1::RecipientStatus& recipient, const DeliveryRow& row) {
  v1::Delivery& to = *recipient.add_deliveries();
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
  if (row.task_id) recipient.set_task_id(row.task_id->text());
}

}  // namespace

v1::EventStatus fresh_status(const AcceptEvent& accepted, const stored::StoredEvent& content) {
  v1::EventStatus status = blank_status(accepted);
  add_content(status, content);
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

Result<v1::EventStatus> stored_status(const EventRow& row, Sealer& sealer) {
  const auto plain = sealer.open(row.tenant, row.key, row.id, content_column, row.content);
  if (!plain.ok()) return plain.error();
  stored::StoredEvent content;
  if (!content.ParseFromString(*plain)) return error_of(ErrorCode::corrupt);
  v1::EventStatus status = blank_status(row);
  add_content(status, content);
  for (const DeliveryRow& delivery : row.deliveries) {
    v1::RecipientStatus* recipient = recipient_of(status, delivery.due.recipient_index);
    if (recipient != nullptr) add_delivery(*recipient, delivery);
  }
  for (v1::RecipientStatus& recipient : *status.mutable_recipients()) settle_recipient(recipient);
  return status;
}

v1::EventStatus listed_status(const EventRow& row) {
  v1::EventStatus status = blank_status(row);
  v1::RecipientStatus* recipient = nullptr;
  for (const DeliveryRow& delivery : row.deliveries) {
    if (recipient == nullptr || recipient->recipient_index() != delivery.due.recipient_index) {
      recipient = status.add_recipients();
      recipient->set_recipient_index(delivery.due.recipient_index);
    }
    add_delivery(*recipient, delivery);
  }
  for (v1::RecipientStatus& one : *status.mutable_recipients()) settle_recipient(one);
  return status;
}

}  // namespace psl
