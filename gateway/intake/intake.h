// Where an event becomes owed: rights, checks, document, routes, then one durable command.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/core/adapter.h"
#include "gateway/core/checked.h"
#include "gateway/core/seams.h"
#include "gateway/core/store.h"
#include "gateway/intake/restrictions.h"
#include "passerelle/internal/v1/stored.pb.h"
#include "passerelle/v1/config.pb.h"
#include "passerelle/v1/gateway.pb.h"

namespace psl {

// A tenant and the partners that serve it; the adapters outlive the intake.
struct TenantSetup {
  v1::Tenant config;
  std::vector<const Adapter*> adapters;
};

using TenantTable = std::map<std::string, TenantSetup, std::less<>>;

// What intake is given; all of it outlives the intake. Preview alone needs neither sink nor ledger nor sealer
// (null); without them nothing is inherited from a document that is replaced.
struct IntakeSeams {
  const TenantTable& tenants;
  Environment environment;
  const Policy& policy;
  const DocumentOffice& office;
  Env& env;
  Sealer* sealer = nullptr;
  CommandSink* sink = nullptr;
  Ledger* ledger = nullptr;
  // Told of each submission that is refused; may be empty. For metrics.
  std::function<void(ErrorCode code)> refused = {};
};

// One planned delivery.
struct PlannedDelivery {
  int recipient_index = 0;
  Uuid id;
  // Null: routing found no partner for this recipient.
  const Adapter* adapter = nullptr;
};

// An event that passed every check, with its frozen document. Its parts may be read by several threads.
struct PreparedEvent {
  const TenantSetup* tenant = nullptr;
  Uuid event_id;
  v1::SubmitEventRequest request;  // without document bytes
  stored::DocumentHeader header;
  PreparedDocument document;
  std::vector<PlannedDelivery> plan;
  // What the partners' forms lose of it; wrap() tells the same again.
  std::vector<v1::Issue> admission_issues;
  // The document that it replaces is not in the ledger.
  bool replaced_unknown = false;

  Dispatch dispatch(const PlannedDelivery& delivery) const;
};

// What one recipient would get.
struct RecipientPreview {
  int recipient_index = 0;
  std::string adapter;
  Payload payload;
};

// Thread safe: it holds no state of its own.
class Intake {
 public:
  explicit Intake(IntakeSeams seams) : seams_(seams) {}

  using Done = std::function<void(Result<v1::SubmitEventResponse>)>;
  // `done` is called once: here when the event is refused, later on the committer's thread when it is
  // durable. Takes milliseconds for a large document: call it from a worker then.
  void submit(const Principal& principal, v1::SubmitEventRequest request, Done done) const;

  // Same checks and same bytes as submit(); stores nothing. The document's issues come first in each
  // payload's.
  Result<std::vector<RecipientPreview>> preview(const Principal& principal,
                                                v1::SubmitEventRequest request) const;

 private:
  Result<const TenantSetup*> admit_caller(const Principal& principal, Action action,
                                          const v1::SubmitEventRequest& request) const;
  Result<std::shared_ptr<PreparedEvent>> prepare(const Principal& principal, const TenantSetup& tenant,
                                                 v1::SubmitEventRequest request) const;
  // The document, with what it inherits of the one that it replaces.
  Status prepare_document(PreparedEvent& event) const;
  // Nothing when the document is not in the ledger.
  Result<std::optional<Restrictions>> restrictions_of_replaced(PreparedEvent& event,
                                                               const std::string& document_id) const;
  Result<AcceptEvent> seal(const Principal& principal, const PreparedEvent& event,
                           std::string content_mac) const;
  // Hands the sealed event to the committer.
  void commit(const PreparedEvent& event, AcceptEvent command, Done done) const;
  // The receipt of an event that is on disk already.
  Result<v1::SubmitEventResponse> stored_receipt(const Uuid& event_id, bool already_accepted) const;
  // Nothing when this key is new; else the same receipt, or key_reused.
  std::optional<Result<v1::SubmitEventResponse>> known(const Uuid& event_id,
                                                       const std::string& content_mac) const;

  IntakeSeams seams_;
};

// The event's UUID: the same for the same tenant, principal and key.
Uuid event_id_of(std::string_view tenant, std::string_view principal, std::string_view idempotency_key);

}  // namespace psl
