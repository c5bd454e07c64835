// Where an event becomes owed: rights, checks, document, routes, then one durable command.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/intake/prepared_event.h"

namespace psl {

// What one recipient would get.
struct RecipientPreview {
  int recipient_index = 0;
  std::string adapter;
  Payload payload;
};

struct EventPreview {
  std::vector<RecipientPreview> recipients;
  // Of an event that is routed to a circle: one for each member.
  std::vector<v1::RoutingDecision> routing;
};

// Keys that begin so are the gateway's own.
inline constexpr std::string_view own_key_prefix = "passerelle:";

// Thread safe: it holds no state of its own.
class Intake {
 public:
  explicit Intake(IntakeSeams seams) : seams_(std::move(seams)) {}

  using Done = std::function<void(Result<v1::SubmitEventResponse>)>;
  // `done` is called once: here when the event is refused, later on the committer's thread when it is
  // durable. Takes milliseconds for a large document: call it from a worker then. An event whose case changes
  // meanwhile is judged anew, at most 5 times, on the committer's thread.
  void submit(const Principal& principal, v1::SubmitEventRequest request, Done done) const;

  // An event that the gateway makes itself, in the name of the principal who owns what it follows from: no
  // policy and no check is asked. Its key begins with "passerelle:", and the same key is the same event.
  // case_changed when time has nothing to say about the case any more.
  void submit_own(const Principal& owner, v1::SubmitEventRequest request, Done done) const;

  // Same checks and same bytes as submit(), but for links and codes, which are the right to answer and are
  // not shown; stores nothing. The document's issues come first in each payload's.
  Result<EventPreview> preview(const Principal& principal, v1::SubmitEventRequest request) const;

 private:
  // One submission, for as long as it takes.
  struct Submission;
  struct Asked;

  Result<const TenantSetup*> admit_caller(const Principal& principal, Action action,
                                          const v1::SubmitEventRequest& request) const;
  void begin(std::shared_ptr<Submission> submission) const;
  void attempt(const std::shared_ptr<Submission>& submission) const;
  Result<std::shared_ptr<PreparedEvent>> prepare(const Asked& asked, v1::SubmitEventRequest request) const;
  // What the event's kind and the patient's circle add to it.
  Status plan_care(const Asked& asked, PreparedEvent& event) const;
  Status plan_circle(const Asked& asked, PreparedEvent& event) const;
  Status prepare_document(PreparedEvent& event) const;
  // Hands the sealed event to the committer.
  void commit(const std::shared_ptr<Submission>& submission, const PreparedEvent& event,
              AcceptEvent command) const;
  // The receipt of an event that is on disk already.
  Result<v1::SubmitEventResponse> stored_receipt(const Uuid& event_id, bool already_accepted) const;
  // Nothing when this key is new; else the same receipt, or key_reused.
  std::optional<Result<v1::SubmitEventResponse>> known(const Uuid& event_id,
                                                       const std::string& content_mac) const;

  IntakeSeams seams_;
};

}  // namespace psl
