// The rules of a parcours enrolment: its states, its protocol, and when a human is asked whether it should
// end. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "gateway/base/env.h"
#include "gateway/base/result.h"
#include "gateway/base/uuid.h"
#include "gateway/care/times.h"
#include "passerelle/internal/v1/stored.pb.h"
#include "passerelle/v1/circle.pb.h"
#include "passerelle/v1/config.pb.h"

namespace psl::care {

namespace v1 = passerelle::v1;
namespace stored = passerelle::internal::v1;

// Null: this tenant has no such protocol, or not in this version.
const v1::Protocol* find_protocol(const v1::Tenant& tenant, std::string_view id, std::string_view version);

// Its `canonical`, or "urn:uuid:..." derived from tenant, id and version.
std::string canonical_of(const v1::Tenant& tenant, const v1::Protocol& protocol);

struct EnrolmentStep {
  stored::EnrolmentCase state;
  // When an exit rule will hold next; 0: never.
  Instant wake_at;
  std::string attention;
  // Not finished, not cancelled.
  bool open = true;
  std::string audit;
};

// `offset_at`, here and below, is that of the tenant: months are counted from the day that its clocks show.

// `before` null: the first event. Faults by path: a criterion that the protocol does not have or that it
// requires and is not met, an end before the start, a new enrolment under a closed protocol;
// step_not_possible for a status that does not follow.
Result<EnrolmentStep> enrol(const stored::EnrolmentCase* before, const v1::PathwayEnrolment& enrolment,
                            const v1::Patient& subject, const v1::Protocol& protocol, const Uuid& event_id,
                            Instant at, const ZoneOffset& offset_at = nullptr);

// Exit rules that hold at `now` and that nobody was told of: attention EXIT_PROPOSED. Nothing is ended.
// Nothing when there is none.
std::optional<EnrolmentStep> propose_exit(const stored::EnrolmentCase& before, const v1::Protocol& protocol,
                                          Instant now, const ZoneOffset& offset_at = nullptr);

// When an exit rule will hold that nobody was told of, `now` for one that holds already; 0: never.
Instant next_exit(const stored::EnrolmentCase& state, const v1::Protocol& protocol, Instant now,
                  const ZoneOffset& offset_at = nullptr);

}  // namespace psl::care
