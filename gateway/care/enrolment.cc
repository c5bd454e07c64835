#include "gateway/care/enrolment.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

#include "gateway/base/hash.h"
#include "gateway/care/times.h"

namespace psl::care {
namespace {

using Enrolment = v1::PathwayEnrolment;

constexpr const char* enrolment_path = "event.pathway_enrolment.";

bool is_over(Enrolment::Status status) {
  return status == Enrolment::FINISHED || status == Enrolment::CANCELLED;
}

// Under way, so that an exit rule may hold.
bool is_under_way(Enrolment::Status status) {
  return status == Enrolment::ACTIVE || status == Enrolment::ON_HOLD;
}

// STATUS_UNSPECIFIED as `from`: the first event. The same status again brings the enrolment up to date.
bool follows(Enrolment::Status from, Enrolment::Status to) {
  switch (from) {
    case Enrolment::STATUS_UNSPECIFIED:
      return to == Enrolment::PLANNED || to == Enrolment::ACTIVE;
    case Enrolment::PLANNED:
      return to == Enrolment::PLANNED || to == Enrolment::ACTIVE || to == Enrolment::CANCELLED;
    case Enrolment::ACTIVE:
    case Enrolment::ON_HOLD:
      return is_under_way(to) || to == Enrolment::FINISHED;
    default:
      return false;
  }
}

void check_criteria(const Enrolment& enrolment, const v1::Protocol& protocol,
                    std::vector<FieldFault>& faults) {
  const std::string path = std::string(enrolment_path) + "criteria_met";
  std::set<std::string_view> met;
  for (int i = 0; i < enrolment.criteria_met_size(); ++i) {
    const std::string& code = enrolment.criteria_met(i);
    met.insert(code);
    const bool known = std::any_of(protocol.criteria().begin(), protocol.criteria().end(),
                                   [&](const auto& criterion) { return criterion.code() == code; });
    if (!known)
      faults.push_back({path + "[" + std::to_string(i) + "]", "a criterion of the protocol expected"});
  }
  if (enrolment.status() != Enrolment::ACTIVE) return;
  for (const v1::Protocol::Criterion& criterion : protocol.criteria()) {
    if (criterion.required() && !met.contains(criterion.code()))
      faults.push_back({path, "the protocol requires " + criterion.code() + " of an ACTIVE enrolment"});
  }
}

std::vector<FieldFault> faults_of(const stored::EnrolmentCase* before, const Enrolment& enrolment,
                                  const v1::Protocol& protocol) {
  std::vector<FieldFault> faults;
  const std::string path = enrolment_path;
  check_criteria(enrolment, protocol, faults);
  if (enrolment.has_start() && enrolment.has_end() && time_of(enrolment.end()) < time_of(enrolment.start()))
    faults.push_back({path + "end", "not before start"});
  if (before == nullptr) {
    if (protocol.closed())
      faults.push_back({path + "protocol_version", "a protocol that is not closed expected"});
    return faults;
  }
  const Enrolment& last = before->enrolment();
  if (last.protocol_id() != enrolment.protocol_id())
    faults.push_back(
        {path + "protocol_id", "that of this enrolment expected: another one needs another enrolment_id"});
  if (protocol.closed() && last.protocol_version() != enrolment.protocol_version())
    faults.push_back({path + "protocol_version", "a protocol that is not closed expected"});
  return faults;
}

// When a rule begins to hold; nothing when what it counts from is not known.
std::optional<Instant> due_at(const v1::Protocol::ExitRule& rule, const stored::EnrolmentCase& state,
                              const ZoneOffset& offset_at) {
  if (rule.age_reached() > 0) {
    const auto birth = calendar_day(state.subject().birth_date());
    if (!birth) return std::nullopt;
    return months_after(*birth, 12 * rule.age_reached());
  }
  if (rule.months_after_start() <= 0 || !state.enrolment().has_start()) return std::nullopt;
  return months_after(local_day(time_of(state.enrolment().start()), offset_at), rule.months_after_start());
}

bool was_proposed(const stored::EnrolmentCase& state, const std::string& code) {
  return std::find(state.proposed_exits().begin(), state.proposed_exits().end(), code) !=
         state.proposed_exits().end();
}

std::string status_word(Enrolment::Status status) {
  std::string word = Enrolment::Status_Name(status);
  std::transform(word.begin(), word.end(), word.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return word;
}

}  // namespace

const v1::Protocol* find_protocol(const v1::Tenant& tenant, std::string_view id, std::string_view version) {
  for (const v1::Protocol& protocol : tenant.protocols()) {
    if (protocol.id() == id && protocol.version() == version) return &protocol;
  }
  return nullptr;
}

std::string canonical_of(const v1::Tenant& tenant, const v1::Protocol& protocol) {
  if (!protocol.canonical().empty()) return protocol.canonical();
  return "urn:uuid:" + Uuid::from_hash(sha256_of_parts({"passerelle protocol", tenant.name(), protocol.id(),
                                                        protocol.version()}))
                           .text();
}

Result<EnrolmentStep> enrol(const stored::EnrolmentCase* before, const v1::PathwayEnrolment& enrolment,
                            const v1::Patient& subject, const v1::Protocol& protocol, const Uuid& event_id,
                            Instant at, const ZoneOffset& offset_at) {
  const Enrolment::Status from =
      before == nullptr ? Enrolment::STATUS_UNSPECIFIED : before->enrolment().status();
  std::vector<FieldFault> faults = faults_of(before, enrolment, protocol);
  if (!faults.empty()) return Error{ErrorCode::field_invalid, {}, std::move(faults)};
  if (!follows(from, enrolment.status())) return error_of(ErrorCode::step_not_possible);
  EnrolmentStep step;
  if (before != nullptr) step.state = *before;
  if (before == nullptr) step.state.set_event_id(event_id.raw());
  *step.state.mutable_subject() = subject;
  *step.state.mutable_enrolment() = enrolment;
  if (from != enrolment.status()) {
    stored::EnrolmentCase::Past& entry = *step.state.add_history();
    entry.set_status(enrolment.status());
    put_time(*entry.mutable_from(), at);
    entry.set_by_event(event_id.raw());
  }
  step.wake_at = next_exit(step.state, protocol, at, offset_at);
  step.open = !is_over(enrolment.status());
  step.audit = "enrolment=" + status_word(enrolment.status());
  return step;
}

std::optional<EnrolmentStep> propose_exit(const stored::EnrolmentCase& before, const v1::Protocol& protocol,
                                          Instant now, const ZoneOffset& offset_at) {
  if (!is_under_way(before.enrolment().status())) return std::nullopt;
  EnrolmentStep step;
  step.state = before;
  for (const v1::Protocol::ExitRule& rule : protocol.exit_rules()) {
    const std::optional<Instant> due = due_at(rule, before, offset_at);
    if (due && *due <= now && !was_proposed(step.state, rule.code()))
      step.state.add_proposed_exits(rule.code());
  }
  const int proposed = step.state.proposed_exits_size() - before.proposed_exits_size();
  if (proposed == 0) return std::nullopt;
  step.wake_at = next_exit(step.state, protocol, now, offset_at);
  step.attention = "EXIT_PROPOSED";
  step.audit = "enrolment=exit_proposed rules=" + std::to_string(proposed);
  return step;
}

Instant next_exit(const stored::EnrolmentCase& state, const v1::Protocol& protocol, Instant now,
                  const ZoneOffset& offset_at) {
  if (!is_under_way(state.enrolment().status())) return {};
  std::optional<Instant> next;
  for (const v1::Protocol::ExitRule& rule : protocol.exit_rules()) {
    const std::optional<Instant> due = due_at(rule, state, offset_at);
    if (!due || was_proposed(state, rule.code())) continue;
    const Instant at = std::max(*due, now);
    next = next ? std::min(*next, at) : at;
  }
  return next.value_or(Instant{});
}

}  // namespace psl::care
