// The audit chain: one record per thing done, each hashed with the one before, so that an edit, a removal or
// a swap shows. Pseudonyms and codes only. Whoever can rewrite the whole file can rewrite the chain: keep a
// hash elsewhere.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/base/env.h"
#include "gateway/base/result.h"

namespace psl {

struct AuditRecord {
  // From 1, without a gap.
  int64_t seq = 0;
  Instant at;
  // A principal of the policy, or "gateway".
  std::string actor;
  // "event.accepted", "delivery.partner_accepted", "delivery.late", "delivery.released", "care.decided"...
  std::string action;
  // 16 bytes each; empty when it does not apply.
  std::string event;
  std::string delivery;
  // Codes, names of the configuration and counts.
  std::string detail;
};

// What the first record is hashed with: 32 zero bytes.
std::string audit_origin();
// SHA-256 over the hash of the record before and every field, each preceded by its length.
std::string audit_hash(std::string_view previous, const AuditRecord& record);

struct AuditSummary {
  int64_t records = 0;
  // Lower-case hexadecimal: to be kept elsewhere, as an anchor.
  std::string last_hash;
};

// Reads the whole chain of a ledger, also while a gateway writes it. `anchor`: a last_hash of an earlier
// time, or empty; a chain that no longer holds it was cut or made anew. `corrupt` names the first record that
// is wrong.
Result<AuditSummary> verify_audit(const std::string& path, std::string_view anchor = {});

}  // namespace psl
