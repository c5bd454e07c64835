#include "gateway/intake/sealing.h"

#include <algorithm>

#include "gateway/base/hash.h"
#include "gateway/intake/kinds.h"
#include "gateway/intake/person_identity.h"
#include "gateway/intake/times.h"

namespace psl {
namespace {

// One place for the many steps that can fail in the same way: the first error is kept, and the rest is empty.
class Seals {
 public:
  Seals(Sealer& sealer, const std::string& tenant, const Uuid& event_id, const WrappedKey& key)
      : sealer_(sealer), tenant_(tenant), event_id_(event_id), key_(key) {}

  std::string take(Result<std::string> result) {
    if (result.ok()) return std::move(*result);
    if (status_.ok()) status_ = std::move(result).error();
    return {};
  }
  std::string sealed(std::string_view column, std::string_view plain) {
    return take(sealer_.seal(tenant_, key_, event_id_, column, plain));
  }
  std::string mac(std::string_view purpose, std::string_view plain) {
    return take(sealer_.mac(tenant_, purpose, plain));
  }
  const Status& status() const { return status_; }

 private:
  Sealer& sealer_;
  const std::string& tenant_;
  const Uuid& event_id_;
  const WrappedKey& key_;
  Status status_;
};

NewDocument new_document(int part, const Bytes& bytes, std::string sealed) {
  return NewDocument{part, static_cast<int64_t>(bytes->size()), std::move(sealed)};
}

void seal_document(const PreparedEvent& event, AcceptEvent& command, Seals& seals) {
  const FrozenDocument& document = event.document.document;
  if (!document.cda) return;
  command.document_id = event.header.metadata().document_id();
  command.replaces = event.header.replaces();
  command.set_id = event.header.metadata().set_id();
  command.version = std::max(1, event.header.metadata().version());
  command.replaced_unknown = event.replaced_unknown;
  command.document_sha256 = to_hex(sha256(view(document.cda)));
  command.document_mac = seals.mac("document", view(document.cda));
  command.documents.push_back(
      new_document(0, document.cda, seals.sealed(document_column(0), view(document.cda))));
  if (document.pdf && !event.document.pdf_is_inside)
    command.documents.push_back(
        new_document(1, document.pdf, seals.sealed(document_column(1), view(document.pdf))));
}

void seal_plan(const PreparedEvent& event, AcceptEvent& command, Seals& seals) {
  for (const PlannedDelivery& delivery : event.plan) {
    if (delivery.adapter == nullptr) {
      command.unresolved.push_back({delivery.id, delivery.recipient_index, "NO_ADDRESS"});
      continue;
    }
    const std::string address = seals.take(delivery.adapter->address(event.dispatch(delivery)));
    NewDelivery& made = command.deliveries.emplace_back();
    made.id = delivery.id;
    made.recipient_index = delivery.recipient_index;
    made.adapter = delivery.adapter->info().name;
    made.address_mac = seals.mac("address", address);
    made.due_at = delivery.is_held ? held : command.accepted_at;
    made.proposal = delivery.proposal;
    made.needs_consent =
        std::ranges::find(event.on_consent, delivery.recipient_index) != event.on_consent.end();
    const auto notice = event.notices.find(delivery.recipient_index);
    if (notice != event.notices.end()) made.notice_of = notice->second;
    if (delivery.recipient_index >= event.care.routed_size()) continue;
    const std::string& member_id = event.care.routed(delivery.recipient_index).member_id();
    if (!member_id.empty()) made.member = circle_member_id_of(event.circle_id, member_id);
  }
}

}  // namespace

stored::StoredEvent stored_event(const PreparedEvent& event) {
  stored::StoredEvent content;
  *content.mutable_request() = event.request;
  *content.mutable_header() = event.header;
  for (const v1::Issue& issue : event.document.issues) *content.add_issues() = issue;
  for (const v1::Issue& issue : event.admission_issues) *content.add_issues() = issue;
  content.set_pdf_inside(event.document.pdf_is_inside);
  *content.mutable_care() = event.care;
  return content;
}

Result<AcceptEvent> seal_event(const PreparedEvent& event, const Principal& principal,
                               std::string content_mac, const IntakeSeams& seams) {
  const v1::CoordinationEvent& content = event.request.event();
  const std::string& tenant = content.tenant();
  AcceptEvent command;
  command.id = event.event_id;
  command.tenant = tenant;
  command.principal = principal.name;
  command.idempotency_key = event.request.idempotency_key();
  command.content_mac = std::move(content_mac);
  command.kind = std::string(kind_of(content));
  command.lane = lane_of(content, event.care.orientation().event().orientation());
  command.accepted_at = event.accepted_at;
  command.occurred_at = instant_of(content.occurred_at());
  command.alert_at = event.alert_at;
  command.give_up_at = event.give_up_at;
  command.step = event.step;
  command.follows = event.follows;
  auto key = seams.sealer->new_key(tenant, command.id);
  if (!key.ok()) return std::move(key).error();
  command.key = std::move(*key);
  const auto macs = person_macs(*seams.sealer, tenant, event.patient());
  if (!macs.ok()) return macs.error();
  command.patient_mac = macs->key();

  Seals seals(*seams.sealer, tenant, command.id, command.key);
  command.content = seals.sealed(content_column, stored_event(event).SerializeAsString());
  seal_document(event, command, seals);
  seal_plan(event, command, seals);
  if (!seals.status().ok()) return seals.status().error();
  return command;
}

}  // namespace psl
