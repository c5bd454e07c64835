// The seam to one kind of partner.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "gateway/base/bytes.h"
#include "gateway/base/env.h"
#include "gateway/base/result.h"
#include "gateway/base/uuid.h"
#include "gateway/core/outcome.h"

namespace passerelle::v1 {
class Issue;
class SubmitEventRequest;
class Tenant;
}  // namespace passerelle::v1
namespace passerelle::internal::v1 {
class Care;
class DocumentHeader;
}

namespace psl {

namespace v1 = passerelle::v1;
namespace stored = passerelle::internal::v1;

struct AdapterInfo {
  // Name of the partner in the configuration, unique.
  std::string name;
  // "mssante", "dmp", "webhook".
  std::string kind;
  // Deliveries at once.
  int concurrency = 1;
  // Sending the same message twice is harmless: an unknown outcome is settled by repeating.
  bool repeat_safe = false;
  // lookup() can settle an unknown outcome.
  bool can_look_up = false;
  // What it sends is made of the event's document: without a recipient that needs one, none is made.
  bool needs_document = true;
  // collect() brings answers.
  bool collects = false;
  // Deliveries begun in a second; 0: no bound.
  int rate_per_second = 0;
};

// The bytes that a delivery is about: frozen at intake, the same for every recipient.
struct FrozenDocument {
  // The CDA; null when no recipient of the event needs a document.
  Bytes cda;
  // The readable PDF beside it; may be null. A level 1 CDA's own PDF is taken out of it by the freezer.
  Bytes pdf;
};

// All that a translation may look at. The references outlive the call.
struct Dispatch {
  const v1::SubmitEventRequest& request;  // without document bytes
  const stored::DocumentHeader& header;
  const FrozenDocument& document;
  // What each recipient is told, and the case as it stands after this event.
  const stored::Care& care;
  const v1::Tenant& tenant;
  int recipient_index = 0;
  Uuid event_id;
  Uuid delivery_id;
  // Raised by a human's retry: 0 first.
  int generation = 0;
  // The event's occurred_at: the only clock of a translation, so that preview shows the bytes that are
  // delivered.
  Instant dated_at;
  // Of a document that replaces another: the OID of the newest one before it that this partner took for this
  // recipient, which is what it can replace there; empty when the partner took none, because they were
  // withdrawn or refused. Absent when the gateway does not know them (it is a preview, or they came another
  // way): the header's holds.
  std::optional<std::string> replaced_there = {};
};

// One file of a preview: "message.eml".
struct PayloadFile {
  std::string name;
  std::string media_type;
  Bytes content;
};

// What leaves for one recipient.
struct Payload {
  // The bytes that are sent.
  Bytes body;
  // How the partner will know it: a Message-ID, a masterIdentifier.
  std::string reference;
  // How the partner knows the document that this one replaces; empty when it replaces none, or the partner
  // need not know.
  std::string replaces;
  // What a look-up compares with what the partner says that it has: lower-case hexadecimal SHA-1 of the
  // document. Empty when the partner cannot say.
  std::string document_sha1;
  // Envelope of a mail; addresses are personal. Empty for others.
  std::string sender;
  std::string recipient;
  // What preview shows: the body, and what is worth opening inside it.
  std::vector<PayloadFile> files;
  std::vector<v1::Issue> issues;
};

// An answer that came back by the partner's own way: a reply to a proposal.
struct Inbound {
  // The partner's name for it, to acknowledge it with; and what is the same each time it is read.
  std::string handle;
  std::string identity;
  // The delivery that it answers, by the Message-ID that it refers to; nothing when it refers to none of ours.
  std::optional<Uuid> delivery_id;
  // The answer code that it quotes; empty when there is none.
  std::string answer_code;
  // From whom, as address() would say; personal.
  std::string sender;
  enum class Meaning { accepted, declined, automatic, unclear };
  Meaning meaning = Meaning::unclear;
  // What is written below the answer, at most 500 characters; personal.
  std::string text;
};

// Thread safety: wrap() and admit() from any thread, deliver(), lookup() and probe() from up to
// info().concurrency threads. No exception leaves. Nothing that it returns as text holds a person's data.
class Adapter {
 public:
  virtual ~Adapter() = default;
  virtual const AdapterInfo& info() const noexcept = 0;

  // Which recipients of a request this adapter carries: true when wrap() would have an address for it.
  virtual bool carries(const v1::SubmitEventRequest& request, int recipient_index) const = 0;
  // The address as the ledger compares it ("same recipient"): normalised; personal.
  virtual Result<std::string> address(const Dispatch& dispatch) const = 0;

  // Pure and deterministic: no clock, no chance. What admit() accepted, wrap() can make.
  virtual Result<Payload> wrap(const Dispatch& dispatch) const = 0;
  // The cheap question of intake: would wrap() succeed, and with which issues of its own? Faults carry paths
  // from the request.
  virtual Result<std::vector<v1::Issue>> admit(const Dispatch& dispatch) const = 0;

  // Sends and waits for the answer, at most until `deadline` on Env::monotonic.
  virtual Outcome deliver(const Payload& payload, Instant deadline) = 0;
  // After an unknown outcome, where the partner can say; only called when info().can_look_up. accepted: the
  // partner has it; rejected: it had it and refused it; try_later without partner_down: it does not have it;
  // else it cannot say now.
  virtual Outcome lookup(const Payload& payload, Instant deadline) = 0;
  // Answers that nobody acknowledged yet, oldest first, at most `most`; only called when info().collects, from one
  // thread.
  virtual Result<std::vector<Inbound>> collect(int most, Instant deadline);
  // It was dealt with, durably: collect() does not bring it again.
  virtual Status acknowledge(const Inbound& inbound, Instant deadline);
  // Reaches the partner (connection, TLS, greeting) without sending anything.
  virtual Status probe(Instant deadline) = 0;
  // Ends the deliveries under way within about a second, each with the outcome that it has by then, and
  // refuses new ones: for the end of the program. Any thread.
  virtual void stop() {}
};

}  // namespace psl
