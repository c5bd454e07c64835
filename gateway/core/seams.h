// The other seams that flow is given: policy, sealing, documents.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/bytes.h"
#include "gateway/base/env.h"
#include "gateway/base/result.h"
#include "gateway/base/uuid.h"
#include "gateway/core/adapter.h"

namespace psl {

// Who calls: proved by the door, named by the policy.
struct Principal {
  std::string name;
};

// `operate` reads and repairs the events of every principal of a tenant.
enum class Action { submit, read, preview, repair, operate };

// Pure; thread safe. Deny by default.
class Policy {
 public:
  virtual ~Policy() = default;
  // `kind`: "discharge_letter"; `organization`: IDNST of the source. Both matter to submit and preview only.
  virtual Status allows(const Principal& principal, Action action, std::string_view tenant,
                        std::string_view kind, std::string_view organization) const = 0;
  // May it answer a proposal of that tenant in the name of this candidate: an IDNPS, an IDNST, or the name of
  // a tool? Whoever may `operate` answers for everybody.
  virtual Status may_answer_for(const Principal& principal, std::string_view tenant,
                                std::string_view candidate) const = 0;
};

// The data key of one event: wrapped as stored, and the id of the tenant key that wraps it.
struct WrappedKey {
  std::string key_id;
  std::string wrapped;
};

// Seals what the ledger keeps. Thread safe.
class Sealer {
 public:
  virtual ~Sealer() = default;
  // A new data key for an event, wrapped by the tenant's current key.
  virtual Result<WrappedKey> new_key(std::string_view tenant, const Uuid& event_id) = 0;
  // Compressed, then AES-256-GCM with a random nonce; `column` ("event.content") and the event id are bound
  // to it.
  virtual Result<std::string> seal(std::string_view tenant, const WrappedKey& key, const Uuid& event_id,
                                   std::string_view column, std::string_view plain) = 0;
  // `corrupt` when it does not verify, `crypto` when the tenant key is not there (its id is said).
  virtual Result<std::string> open(std::string_view tenant, const WrappedKey& key, const Uuid& event_id,
                                   std::string_view column, std::string_view sealed) = 0;
  // HMAC-SHA-256 (32 bytes) under a key derived from the tenant's for `purpose` ("content", "patient",
  // "address"): to compare without keeping. The key is derived from the tenant's *first* key, so that a
  // rotation changes no MAC.
  virtual Result<std::string> mac(std::string_view tenant, std::string_view purpose,
                                  std::string_view plain) = 0;
};

// Lays out what a reader can open anywhere: the PDF/A-1b of a structured document. Pure, thread safe: the
// same bytes give the same PDF.
class ReadableCopy {
 public:
  virtual ~ReadableCopy() = default;
  // `cda`: well-formed, with a structured body; foreign markup is tolerated. document_invalid when it cannot
  // be laid out within its bounds.
  virtual Result<std::string> lay_out(std::string_view cda) const = 0;
};

// An event's document, made or checked, with what its header says.
struct PreparedDocument {
  FrozenDocument document;
  std::vector<v1::Issue> issues;
  // The PDF came out of the CDA's own bytes, and DocumentOffice::pdf_inside finds it there again: it need not
  // be kept beside it.
  bool pdf_is_inside = false;
};

// Builds the document of an event, or checks the sender's. Pure, thread safe.
class DocumentOffice {
 public:
  virtual ~DocumentOffice() = default;
  // What the event is about, for the document.
  struct Subject {
    const v1::Tenant& tenant;
    Uuid event_id;
    const stored::Care& care;
    // False: no recipient needs a document, so that only `header`'s patient and metadata are filled, without
    // document id, and no bytes are made. A letter always has one.
    bool document_needed = true;
  };
  // Takes the bytes out of `request` (whose documents are empty afterwards) and fills `header`. Faults carry
  // paths from the request: "event.discharge_letter.sender_cda", with the XPath of the CDA in the text.
  // No clock: the same request gives the same bytes on any day.
  virtual Result<PreparedDocument> prepare(v1::SubmitEventRequest& request, const Subject& subject,
                                           stored::DocumentHeader& header) const = 0;
  // The PDF inside a level 1 document, so that it is kept once. `corrupt` when there is none.
  virtual Result<Bytes> pdf_inside(std::string_view cda) const = 0;
};

}  // namespace psl
