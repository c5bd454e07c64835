// Cases and what a step of theirs does to deliveries.
#include "gateway/store/claims.h"
#include "gateway/store/sqlite_writer.h"
#include "gateway/store/sqlite_writer_sql.h"

namespace psl {
namespace {

constexpr std::string_view reason_not_sent = "PROPOSAL_NOT_SENT";

// By what an open case is found, and what only one may have unless it is shared, for each way in which the
// person is known; empty: this one claims nothing.
std::array<std::string, 2> claims_of(const CaseChange& change) {
  std::array<std::string, 2> claims;
  if (!change.open || change.subject.empty()) return claims;
  for (size_t i = 0; i < claims.size(); ++i) {
    const std::string& person = change.person_macs[i];
    if (!person.empty()) claims[i] = claim_of(change.tenant, change.subject, person);
  }
  return claims;
}

}  // namespace

Effect SqliteWriter::judge_step(const CaseStep& step) {
  const auto finds = [](Statement& statement, Blob claim) {
    Rows rows(statement, claim);
    return rows.next();
  };
  const auto stands_at = [this](const Uuid& id, int64_t revision) {
    Rows rows(sql_->case_revision, id);
    return (rows.next() ? rows.integer(0) : 0) == revision;
  };
  for (const CaseChange& change : step.cases)
    if (!stands_at(change.id, change.expected_revision)) return Effect::case_changed;
  for (const CaseSeen& seen : step.seen)
    if (!stands_at(seen.id, seen.revision)) return Effect::case_changed;
  for (const CaseChange& change : step.cases) {
    if (change.expected_revision != 0 || change.shared) continue;
    const auto& [by_ins, by_traits] = claims_of(change);
    if (finds(sql_->case_claimed_by_ins, Blob{by_ins})) return Effect::case_open;
    if (finds(sql_->case_claimed_by_traits, Blob{by_traits})) return Effect::case_open;
  }
  return Effect::done;
}

Effect SqliteWriter::apply(const StepCase& command) {
  if (const Effect judged = judge_step(command.step); judged != Effect::done) return judged;
  take_step(command.step, command.actor.empty() ? std::string_view("gateway") : command.actor,
            command.event_id, 0);
  return Effect::done;
}

void SqliteWriter::take_step(const CaseStep& step, std::string_view actor, const Uuid& event_id,
                             int64_t own_event) {
  for (const CaseChange& change : step.cases) write_case(change);
  for (const ReleaseDelivery& wanted : step.releases) release(wanted, step.at, actor);
  for (const MoveDelivery& wanted : step.moves) {
    const bool ends =
        wanted.happening == Happening::cancelled || wanted.happening == Happening::proposal_expired;
    // What is under way cannot be called back, but it is not tried again.
    if (move_as_asked(wanted) == Effect::stale && ends) sql_->withdraw_proposal.run(wanted.delivery_id);
  }
  for (const std::string& decided : step.audit) {
    audit({0,
           step.at,
           std::string(actor),
           "care.decided",
           event_id == Uuid{} ? std::string() : event_id.raw(),
           {},
           decided});
  }
  for (const std::string& patient_mac : step.consent_withdrawn_of)
    if (!patient_mac.empty()) withdraw_consent(step, patient_mac, actor);
  for (const StoppedMember& stopped : step.stopped_members) stop_member(stopped, step.at, actor, own_event);
  for (const ObjectedTo& objected : step.objected_to) replace_objected(step.tenant, objected);
}

void SqliteWriter::write_case(const CaseChange& change) {
  const std::array<std::string, 2> claims = claims_of(change);
  const auto& [key_id, wrapped] = change.key;
  if (change.expected_revision == 0) {
    sql_->insert_case.run(change.id, change.tenant, change.kind, change.event_id, key_id, Blob{wrapped},
                          change.wake_at, change.attention, int{change.open}, Blob{claims[0]},
                          Blob{claims[1]}, Blob{change.state});
  } else {
    sql_->update_case.run(change.id, key_id, Blob{wrapped}, change.wake_at, change.attention,
                          int{change.open}, Blob{claims[0]}, Blob{claims[1]}, Blob{change.state});
  }
  remember_key(change.tenant, change.key);
}

void SqliteWriter::release(const ReleaseDelivery& wanted, Instant at, std::string_view actor) {
  const std::optional<Target> delivery = target(wanted.delivery_id);
  if (!delivery) return;
  // It ended before its turn came: nobody will be asked by it.
  wake_case(*delivery, at);
  if (delivery->state != DeliveryState::pending || !delivery->is_held) return;
  sql_->release_delivery.run(delivery->seq, wanted.due_at);
  audit({0, at, std::string(actor), "delivery.released", delivery->event_id.raw(), delivery->id.raw(), {}});
}

void SqliteWriter::withdraw_consent(const CaseStep& step, const std::string& patient_mac,
                                    std::string_view actor) {
  std::vector<Uuid> pending;
  {
    Rows rows(sql_->pending_consented, step.tenant, Blob{patient_mac});
    while (rows.next()) pending.push_back(rows.uuid(0));
  }
  for (const Uuid& id : pending) {
    std::optional<Target> delivery = target(id);
    if (!delivery) continue;
    move(*delivery, {Happening::cancelled, step.at, reason_consent_withdrawn, {}, {}, actor});
    if (!delivery->is_proposal) wake_case(*delivery, step.at);
  }
  // What is under way is not repeated, and what failed is not retried.
  sql_->withdraw_consent.run(step.tenant, Blob{patient_mac});
  std::vector<int64_t> asking;
  {
    Rows rows(sql_->consented_proposals, step.tenant, Blob{patient_mac});
    while (rows.next()) asking.push_back(rows.integer(0));
  }
  for (const int64_t event : asking) sql_->wake_case.run(event, step.at);
}

void SqliteWriter::stop_member(const StoppedMember& stopped, Instant at, std::string_view actor,
                               int64_t own_event) {
  std::vector<Uuid> pending;
  {
    Rows rows(sql_->pending_of_member, stopped.member, own_event);
    while (rows.next()) pending.push_back(rows.uuid(0));
  }
  for (const Uuid& id : pending) {
    std::optional<Target> delivery = target(id);
    if (!delivery) continue;
    move(*delivery, {Happening::cancelled, at, stopped.reason, {}, {}, actor});
    wake_case(*delivery, at);
  }
  // What is under way is not repeated, and what failed is not retried.
  sql_->stop_member.run(stopped.member, own_event, stopped.reason);
}

void SqliteWriter::replace_objected(const std::string& tenant, const ObjectedTo& objected) {
  sql_->forget_objected.run(tenant, Blob{objected.patient_mac}, objected.circle);
  for (const std::string& address_mac : objected.address_macs)
    sql_->insert_objected.run(tenant, Blob{objected.patient_mac}, Blob{address_mac}, objected.circle);
}

bool SqliteWriter::is_objected_to(const Target& delivery) {
  Rows rows(sql_->objected_to, delivery.seq);
  return rows.next();
}

bool SqliteWriter::cannot_have_left(const Target& delivery) {
  if (!is_final(delivery.state) || delivery.state == DeliveryState::delivered) return false;
  Rows rows(sql_->may_have_left, delivery.seq);
  return !rows.next();
}

void SqliteWriter::drop_notices(const Target& proposal, Instant at) {
  if (!proposal.is_proposal || !cannot_have_left(proposal)) return;
  std::vector<Uuid> pending;
  {
    Rows rows(sql_->pending_notices, proposal.seq);
    while (rows.next()) pending.push_back(rows.uuid(0));
  }
  for (const Uuid& id : pending) {
    std::optional<Target> notice = target(id);
    if (notice) move(*notice, {Happening::cancelled, at, reason_not_sent, {}, {}});
  }
}

void SqliteWriter::wake_case(const Target& delivery, Instant at) {
  const bool ended_short = needs_human(delivery.state) || delivery.state == DeliveryState::cancelled;
  if (ended_short) sql_->wake_case.run(delivery.event_seq, at);
}

}  // namespace psl
