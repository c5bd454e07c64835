#include "gateway/intake/receipt.h"

#include <algorithm>
#include <set>

#include "gateway/care/orientation.h"
#include "gateway/core/reasons.h"
#include "gateway/intake/case_book.h"
#include "gateway/intake/circle_plan.h"
#include "gateway/intake/kinds.h"
#include "gateway/intake/person_identity.h"
#include "gateway/intake/times.h"

namespace psl {
namespace {

constexpr int past_sends_most = 1000;

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
  const stored::Care& care = content.care();
  *status.mutable_routing() = care.routing();
  for (int i = 0; i < content.request().event().recipients_size(); ++i) {
    v1::RecipientStatus& recipient = *status.add_recipients();
    recipient.set_recipient_index(i);
    if (i < care.routed_size()) recipient.set_origin(care.routed(i).origin());
  }
}

void add_attention(v1::EventStatus& status, const std::string& attention) {
  if (attention.empty()) return;
  status.set_attention(attention);
  status.set_attention_fr(std::string(french_reason(attention)));
}

// How its case stands now, which is not how it stood when the event was accepted.
Status add_orientation(v1::EventStatus& status, const EventRow& row, const ReceiptSeams& seams) {
  const auto orientation = CaseBook(seams.ledger, seams.sealer).orientation_of(row);
  if (!orientation.ok()) return orientation.error();
  if (orientation->has_value()) *status.mutable_orientation() = care::status_of(**orientation);
  return {};
}

Status add_past_sends(v1::EventStatus& status, const EventRow& row, const stored::StoredEvent& content,
                      const ReceiptSeams& seams) {
  if (!ends_consent(content.request().event())) return {};
  const auto macs = person_macs(seams.sealer, row.tenant, content.request().event().subject());
  if (!macs.ok()) return macs.error();
  // As the person was known when it was sent, here and in the other circles in which the consent ended.
  std::set<std::string> known_by = {macs->ins, macs->traits};
  const auto circles = circles_of_person(seams.ledger, row.tenant, *macs);
  if (!circles.ok()) return circles.error();
  for (const CaseRow& circle : *circles) {
    const auto others = person_of_case(seams.ledger, seams.sealer, circle);
    if (!others.ok()) return others.error();
    known_by.insert({others->ins, others->traits});
  }
  for (const std::string& mac : known_by) {
    if (mac.empty()) continue;
    const auto sends = seams.ledger.sent_with_consent(row.tenant, mac, past_sends_most);
    if (!sends.ok()) return sends.error();
    for (const ConsentedSend& one : *sends) {
      v1::PastSend& past = *status.add_past_sends();
      past.set_event_id(one.event_id.text());
      past.set_recipient_index(one.recipient_index);
      past.set_state(static_cast<v1::DeliveryState>(one.state));
      if (one.delivered_at.us != 0) set_time(*past.mutable_delivered_at(), one.delivered_at);
    }
  }
  return {};
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
  if (row.due.state == DeliveryState::pending && row.due.due_at != held)
    set_time(*to.mutable_due_at(), row.due.due_at);
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
    if (delivery.due_at != held) set_time(*to.mutable_due_at(), delivery.due_at);
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
  if (accepted.kind == orientation_kind)
    *status.mutable_orientation() = care::status_of(content.care().orientation());
  // An event shows the first of the cases that it begins.
  const auto shown = std::ranges::find(accepted.step.cases, accepted.id, &CaseChange::event_id);
  if (shown != accepted.step.cases.end()) add_attention(status, shown->attention);
  return status;
}

Result<v1::EventStatus> stored_status(const EventRow& row, const ReceiptSeams& seams) {
  const auto plain = seams.sealer.open(row.tenant, row.key, row.id, content_column, row.content);
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
  add_attention(status, row.attention);
  if (Status added = add_orientation(status, row, seams); !added.ok()) return std::move(added).error();
  if (Status added = add_past_sends(status, row, content, seams); !added.ok())
    return std::move(added).error();
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
  add_attention(status, row.attention);
  return status;
}

}  // namespace psl
