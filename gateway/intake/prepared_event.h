// What intake is given, and an event on its way through it: each rule adds its part, then all of it is sealed
// into one command.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "gateway/care/times.h"
#include "gateway/core/adapter.h"
#include "gateway/core/checked.h"
#include "gateway/core/seams.h"
#include "gateway/core/store.h"
#include "passerelle/internal/v1/stored.pb.h"
#include "passerelle/v1/config.pb.h"
#include "passerelle/v1/gateway.pb.h"

namespace psl {

// A tenant and the partners that serve it; the adapters outlive the intake.
struct TenantSetup {
  v1::Tenant config;
  std::vector<const Adapter*> adapters;
  // Of its time zone; empty: UTC.
  care::ZoneOffset offset_at = nullptr;
};

using TenantTable = std::map<std::string, TenantSetup, std::less<>>;

// What intake is given; all of it outlives the intake. Preview alone needs neither sink nor ledger nor sealer
// (null); without them nothing is inherited from a document that is replaced, circles are empty, and an
// OrientationUpdate is not_supported.
struct IntakeSeams {
  const TenantTable& tenants;
  Environment environment;
  const Policy& policy;
  const DocumentOffice& office;
  Env& env;
  Sealer* sealer = nullptr;
  CommandSink* sink = nullptr;
  Ledger* ledger = nullptr;
  // What a proposal's link begins with: "https://reponses.example/r/". Empty: no page, so no links.
  std::string answer_url = {};
  // Told of each submission that is refused; may be empty. For metrics.
  std::function<void(ErrorCode code)> refused = {};

  bool remembers() const noexcept { return sealer != nullptr && ledger != nullptr; }
};

// One planned delivery.
struct PlannedDelivery {
  int recipient_index = 0;
  Uuid id;
  // Null: routing found no partner for this recipient.
  const Adapter* adapter = nullptr;
  // Of a candidate; one that is not asked yet is held.
  bool proposal = false;
  bool is_held = false;
};

// An event that passed every check, with its frozen document. Its parts may be read by several threads.
struct PreparedEvent {
  const TenantSetup* tenant = nullptr;
  Uuid event_id;
  Instant accepted_at;
  Instant alert_at;
  Instant give_up_at;
  v1::SubmitEventRequest request;  // without document bytes
  stored::DocumentHeader header;
  PreparedDocument document;
  // What each recipient is told, and the case after this event. A letter that is not routed to a circle has
  // none.
  stored::Care care;
  // Indices of recipients who get it only while the patient's consent holds.
  std::vector<int> on_consent;
  // By the index of a recipient who is told of a proposal: the delivery that carries it
  // (NewDelivery::notice_of).
  std::map<int, Uuid> notices;
  // The case of the circle that it was routed to.
  Uuid circle_id;
  // What it does to cases.
  CaseStep step;
  std::optional<Uuid> follows;
  std::vector<PlannedDelivery> plan;
  // What its own rules have to say beside the document's issues.
  std::vector<v1::Issue> issues;
  // What the partners' forms lose of it; wrap() tells the same again.
  std::vector<v1::Issue> admission_issues;
  // The document that it replaces is not in the ledger.
  bool replaced_unknown = false;

  Dispatch dispatch(const PlannedDelivery& delivery) const;
  // Whom it is about, as far as is known by now.
  const v1::Patient& patient() const;
  // Adds a recipient of our own after those of the sender.
  stored::Routed& add_recipient(v1::Recipient recipient, v1::RecipientOrigin origin, stored::Telling telling);
};

// The event's UUID: the same for the same tenant, principal and key.
Uuid event_id_of(std::string_view tenant, std::string_view principal, std::string_view idempotency_key);

}  // namespace psl
