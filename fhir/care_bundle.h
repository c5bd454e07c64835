// Orientations, enrolments and care circles as FHIR R4 transactions.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "fhir/dialect.h"
#include "gateway/base/env.h"
#include "gateway/base/uuid.h"

namespace passerelle::v1 {
class Issue;
class SubmitEventRequest;
class Tenant;
}  // namespace passerelle::v1
namespace passerelle::internal::v1 {
class Care;
class DocumentHeader;
}  // namespace passerelle::internal::v1

namespace psl::fhir {

// What a bundle is made of; everything outlives the call. The same input gives the same bytes.
struct CareInput {
  const passerelle::v1::SubmitEventRequest& request;
  const passerelle::internal::v1::DocumentHeader& header;
  // Of an orientation and of its updates: the case; of enrolments and changes: the circle, the protocol.
  const passerelle::internal::v1::Care& care;
  const passerelle::v1::Tenant& tenant;
  Uuid event_id;
  Instant dated_at;
  Dialect dialect = Dialect::fr_core_2_1_0;
  // Seconds that clocks of the tenant are ahead of UTC at an instant, so that the day of a time is the day
  // that was meant; empty: none.
  std::function<int32_t(Instant)> offset_at = nullptr;
};

struct CareBundle {
  // Empty for a kind that is no resource (a letter), with an issue of level error.
  std::string json;
  // Of the transaction, in order: what each entry is about ("ServiceRequest"), to read the answer by.
  std::vector<std::string> entries;
  // How the server knows what this bundle is about: "ServiceRequest?identifier=..." answers whether it has
  // it.
  std::string search;
  // What FHIR, or the dialect, cannot say, at which path of the event.
  std::vector<passerelle::v1::Issue> issues;
};

// An orientation or an update: Patient, ServiceRequest, one Task for each attempt that has begun, who asks
// and who is asked, the Appointment. An enrolment: Patient, Condition, Consent, EpisodeOfCare, CareTeam,
// CarePlan, members. A change of circle: Patient, CareTeam, Consent, members. Every entry is a conditional
// create (who) or a conditional update (what), by identifiers of ours, so that a repetition changes nothing.
// Each resource says the whole state, so a bundle that is lost is made up for by the next one.
//
// Every resource that is updated (PUT) has two in meta.tag: "urn:uuid:<event_id>" under "urn:ietf:rfc:3986",
// and under own_order_system the number that is greater in every later state of the same orientation or
// circle (stored.OrientationCase.order). By the first a look-up knows this state, by the second it tells an
// older one from a newer one; servers keep the tags of earlier updates, and meta.source would not do (HAPI
// keeps the old one when nothing else changes). `search` is the request.url of one of these entries, as it
// stands.
CareBundle write_care_bundle(const CareInput& input);

}  // namespace psl::fhir
