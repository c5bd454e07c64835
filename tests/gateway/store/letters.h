// Made-up commands for the tests of the ledger: no content, no person.
#pragma once

#include <string>
#include <vector>

#include "gateway/base/hash.h"
#include "gateway/core/store.h"

namespace psl::letters {

inline constexpr Instant start{1'800'000'000'000'000};

inline Uuid id_of(const std::string& text) { return Uuid::from_hash(sha256(text)); }
inline Instant after(int64_t s) { return start + seconds(s); }

// One delivery by "mail" to `address`, due at once; other recipients by to().
inline AcceptEvent letter(const std::string& key, const std::string& document, const std::string& address) {
  AcceptEvent event;
  event.id = id_of("event " + key);
  event.tenant = "cpts";
  event.principal = "hospital";
  event.idempotency_key = key;
  event.content_mac = sha256("content " + key);
  event.kind = "discharge_letter";
  event.accepted_at = start;
  event.occurred_at = start - seconds(60);
  event.alert_at = after(100);
  event.give_up_at = after(1000);
  event.key = {"key-1", "wrapped"};
  event.content = "sealed content of " + key;
  event.document_id = document;
  event.document_mac = sha256("bytes of " + document);
  event.document_sha256 = std::string(64, 'a');
  event.documents = {{0, 4, "sealed cda"}, {1, 5, "sealed pdf"}};
  if (!address.empty()) {
    event.deliveries.push_back({id_of(key + " to " + address), 0, "mail", sha256(address), start});
  }
  return event;
}

inline AcceptEvent to(AcceptEvent event, const std::string& address, const std::string& adapter = "mail") {
  const int index = static_cast<int>(event.deliveries.size());
  event.deliveries.push_back(
      {id_of(event.idempotency_key + " to " + address), index, adapter, sha256(address), start});
  return event;
}

inline StartAttempt attempt(const Uuid& delivery, int64_t at_s = 1) {
  return {delivery, after(at_s), std::string(64, 'b'), "<message@test>"};
}

inline RecordOutcome outcome(const Uuid& delivery, Verdict verdict, int64_t at_s = 2, int64_t due_s = 2) {
  return {delivery, after(at_s), {verdict, "REASON", "250 2.0.0", false}, after(due_s)};
}

inline MoveDelivery moved(const Uuid& delivery, Happening happening, int64_t at_s = 3) {
  return {delivery, after(at_s), happening, "MOVED", after(at_s)};
}

}  // namespace psl::letters
