#include "gateway/intake/orientation_checks.h"

#include <algorithm>

#include "gateway/intake/document_checks.h"
#include "gateway/intake/person_checks.h"
#include "gateway/intake/text_checks.h"
#include "gateway/intake/times.h"
#include "passerelle/v1/config.pb.h"
#include "passerelle/v1/gateway.pb.h"

namespace psl {
namespace {

namespace v1 = passerelle::v1;

constexpr int candidates_most = 30;
constexpr size_t reason_most = 2000;
constexpr int daily_medicines_most = 99;
constexpr int64_t answer_least_s = 5 * 60;
constexpr int64_t answer_most_s = 30 * 86400;

// `wanted_from` and `wanted_before` of an Orientation and of its update.
template <typename Wanted>
void check_wanted(const Wanted& wanted, const v1::CoordinationEvent& event, const std::string& path,
                  FaultList& faults) {
  const bool from =
      check_time(wanted.has_wanted_from(), wanted.wanted_from(), false, path + ".wanted_from", faults);
  const bool before =
      check_time(wanted.has_wanted_before(), wanted.wanted_before(), false, path + ".wanted_before", faults);
  check_order(from && before, wanted.wanted_from(), wanted.wanted_before(), "wanted_from",
              path + ".wanted_before", faults);
  check_order(before && event.has_occurred_at() && in_range(event.occurred_at()), event.occurred_at(),
              wanted.wanted_before(), "occurred_at", path + ".wanted_before", faults);
}

// The tables by their OIDs, as ANS publishes them (`identifier` of each CodeSystem of the NOS). What is asked
// for is told on in their terms, so a code of another table would be told as something else.
constexpr std::string_view specialties_r38 = "1.2.250.1.213.2.28";
constexpr std::string_view professions_g15 = "1.2.250.1.71.1.2.7";

bool table_character(char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

void check_coding_of(const v1::Coding& coding, std::string_view table, std::string_view name,
                     const std::string& path, FaultList& faults) {
  check_coding(coding, path, faults);
  if (!coding.system().empty() && coding.system() != table) {
    faults.add(path + ".system",
               "nothing, or " + std::string(name) + " (" + std::string(table) + "), expected");
  }
  // A code in other letters would be another specialty to everybody who compares it.
  if (!coding.code().empty() && !std::ranges::all_of(coding.code(), table_character))
    faults.add(path + ".code", "a code of " + std::string(name) + " expected: A-Z and 0-9");
}

void check_what(const v1::Orientation& orientation, const std::string& path, FaultList& faults) {
  if (orientation.kind() == v1::Orientation::KIND_UNSPECIFIED) faults.add(path + ".kind", "required");
  check_paragraphs(orientation.reason(), 1, reason_most, path + ".reason", faults);
  check_codings(orientation.reason_codes(), path + ".reason_codes", faults);
  if (orientation.has_specialty() || orientation.kind() == v1::Orientation::SPECIALIST)
    check_coding_of(orientation.specialty(), specialties_r38, "TRE_R38", path + ".specialty", faults);
  if (orientation.has_profession() || orientation.kind() == v1::Orientation::PARAMEDICAL)
    check_coding_of(orientation.profession(), professions_g15, "TRE_G15", path + ".profession", faults);
  if (orientation.urgency() == v1::Orientation::VITAL) {
    faults.add(path + ".urgency",
               "urgence vitale : appelez le 15. A vital emergency is never sent through a gateway: call 15");
  }
  const int medicines = orientation.facts().daily_medicines();
  if (medicines < 0 || medicines > daily_medicines_most)
    faults.add(path + ".facts.daily_medicines", "0 to 99 expected");
  check_paragraphs(orientation.treatments(), 0, reason_most, path + ".treatments", faults);
  check_paragraphs(orientation.allergies(), 0, reason_most, path + ".allergies", faults);
  check_paragraphs(orientation.context(), 0, reason_most, path + ".context", faults);
  if (!orientation.patient_informed()) {
    faults.add(path + ".patient_informed",
               "true expected: a patient who was not told, or who objects, is not oriented (CSP L.1110-4)");
  }
}

void check_whom(const v1::Orientation& orientation, const v1::Tenant& tenant, AddressSet taken,
                const std::string& path, FaultList& faults) {
  const bool by_list = !orientation.candidate_list().empty();
  check_commune(orientation.commune_code(), by_list, path + ".commune_code", faults);
  if (by_list == (orientation.candidates_size() > 0))
    faults.add(path + ".candidates", "candidates or candidate_list expected: exactly one of the two");
  check_list(orientation.candidates(), candidates_most, path + ".candidates", faults,
             [&](const v1::Candidate& candidate, const std::string& here) {
               check_candidate(candidate, tenant, here, taken, faults);
             });
  const auto& lists = tenant.candidate_lists();
  const bool known = std::any_of(lists.begin(), lists.end(), [&](const v1::CandidateList& list) {
    return list.name() == orientation.candidate_list();
  });
  if (by_list && !known)
    faults.add(path + ".candidate_list", "a candidate list of the tenant's configuration expected");
}

// No arithmetic on what a sender wrote before it is known to be small.
void check_answer_within(const v1::Orientation& orientation, const std::string& path, FaultList& faults) {
  if (!orientation.has_answer_within()) return;
  const int64_t whole = orientation.answer_within().seconds();
  const int32_t nanos = orientation.answer_within().nanos();
  const bool ok = whole >= answer_least_s && whole <= answer_most_s && nanos >= 0 && nanos <= 999999999 &&
                  (whole < answer_most_s || nanos == 0);
  if (!ok) faults.add(path + ".answer_within", "5 minutes to 30 days expected");
}

bool needs_reason(v1::OrientationUpdate::Step step) {
  return step == v1::OrientationUpdate::DECLINED || step == v1::OrientationUpdate::CANCELLED ||
         step == v1::OrientationUpdate::PATIENT_DECLINED;
}

void check_step(const v1::OrientationUpdate& update, const std::string& path, FaultList& faults) {
  const auto step = update.step();
  if (step < v1::OrientationUpdate::ACCEPTED || step > v1::OrientationUpdate::RESCHEDULED) {
    faults.add(path + ".step",
               step == v1::OrientationUpdate::STEP_UNSPECIFIED
                   ? "required"
                   : "a step from ACCEPTED to RESCHEDULED expected: the gateway alone says the others");
  }
  const bool of_proposal = step == v1::OrientationUpdate::ACCEPTED || step == v1::OrientationUpdate::DECLINED;
  check_uuid(update.proposal_id(), of_proposal, path + ".proposal_id", faults);
  if (needs_reason(step) && update.reason() == v1::OrientationUpdate::REASON_UNSPECIFIED)
    faults.add(path + ".reason", "required with this step");
  check_line(update.reason_text(), 0, 500, path + ".reason_text", faults);
}

void check_appointment(const v1::OrientationUpdate& update, const std::string& path, FaultList& faults) {
  if (update.step() == v1::OrientationUpdate::BOOKED && !update.has_appointment()) {
    faults.add(path, "required with BOOKED");
  } else if (update.step() != v1::OrientationUpdate::BOOKED && update.has_appointment()) {
    faults.add(path, "with BOOKED only");
  }
  if (!update.has_appointment()) return;
  check_period(update.appointment(), true, path, faults);
  check_line(update.appointment().place(), 0, 200, path + ".place", faults);
}

void check_reschedule(const v1::CoordinationEvent& event, const std::string& path, FaultList& faults) {
  const v1::OrientationUpdate& update = event.orientation_update();
  const bool given = update.has_wanted_from() || update.has_wanted_before();
  if (update.step() == v1::OrientationUpdate::RESCHEDULED && !given) {
    faults.add(path + ".wanted_from", "wanted_from or wanted_before is required with RESCHEDULED");
  } else if (update.step() != v1::OrientationUpdate::RESCHEDULED && given) {
    faults.add(path + (update.has_wanted_from() ? ".wanted_from" : ".wanted_before"),
               "with RESCHEDULED only");
  }
  check_wanted(update, event, path, faults);
}

}  // namespace

void check_orientation(const v1::CoordinationEvent& event, const v1::Tenant& tenant,
                       const AddressSet& recipients, Instant now, FaultList& faults) {
  const v1::Orientation& orientation = event.orientation();
  const std::string path = "event.orientation";
  check_what(orientation, path, faults);
  check_wanted(orientation, event, path, faults);
  check_whom(orientation, tenant, recipients, path, faults);
  check_answer_within(orientation, path, faults);
  if (orientation.has_metadata())
    check_metadata_given(orientation.metadata(), now, path + ".metadata", faults);
}

void check_orientation_update(const v1::CoordinationEvent& event, FaultList& faults) {
  const v1::OrientationUpdate& update = event.orientation_update();
  const std::string path = "event.orientation_update";
  check_uuid(update.orientation_event_id(), true, path + ".orientation_event_id", faults);
  check_step(update, path, faults);
  check_appointment(update, path + ".appointment", faults);
  check_reschedule(event, path, faults);
  if (update.channel() != v1::ANSWER_CHANNEL_UNSPECIFIED)
    faults.add(path + ".channel", "nothing expected: the gateway alone fills it");
  if (event.has_subject())
    faults.add("event.subject", "nothing expected: the patient is that of the orientation");
  if (event.route_to_circle())
    faults.add("event.route_to_circle", "false expected: recipients follow from the orientation");
}

}  // namespace psl
