// Random commands for a ledger, the same for the same seed: events of two tenants and three principals that
// share documents and addresses, or have none and follow each other; everything that can happen to their
// deliveries; cases, and steps of theirs that are judged from what is there, or from what was.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "tests/gateway/store/letters.h"

namespace psl {

class Traffic {
 public:
  explicit Traffic(uint32_t seed) : chance_(seed) {}

  size_t below(size_t bound) { return chance_() % bound; }
  // Of the time that passes with each command.
  Instant now() const { return letters::after(seconds_); }

  // `ledger` shows where the deliveries stand.
  Command next(Ledger& ledger) {
    seconds_ += static_cast<int64_t>(below(3));
    if (deliveries_.empty() || below(3) == 0) return accept();
    if (!cases_.empty() && below(5) == 0) return step(ledger);
    const Uuid id = any_delivery();
    const DeliveryState state = state_of(ledger, id);
    if (state == DeliveryState::sending) return outcome(id);
    switch (below(5)) {
      case 0:
        return OpenLateTask{id, now()};
      case 1:
        return MoveDelivery{id,
                            now(),
                            Happening::retried,
                            "",
                            letters::after(seconds_ + 1),
                            "operator",
                            "key " + std::to_string(below(3))};
      case 2: {
        constexpr Happening some[] = {Happening::partner_accepted, Happening::partner_refused,
                                      Happening::may_repeat, Happening::given_up, Happening::cancelled};
        return MoveDelivery{id, now(), some[below(std::size(some))], "MOVED", now(), "", ""};
      }
      default:
        return letters::attempt(id, seconds_);
    }
  }

  static std::string patient(size_t number) { return sha256("patient " + std::to_string(number)); }
  static constexpr size_t patients = 3;
  // All that were begun, also in vain.
  const std::vector<CaseChange>& cases() const { return cases_; }

  static Uuid member(size_t number) { return letters::id_of("member " + std::to_string(number)); }

 private:
  Uuid any_delivery() { return deliveries_[below(deliveries_.size())]; }

  AcceptEvent accept() {
    const std::string key = "key " + std::to_string(++events_);
    AcceptEvent event = letters::letter(key, "1.2." + std::to_string(below(8)), "");
    if (below(3) == 0) event.document_id = event.document_mac = "";
    event.tenant = below(4) == 0 ? "cpts-2" : "cpts";
    event.principal = below(3) == 0 ? "clinic" : "hospital";
    event.kind = below(3) == 0 ? "orientation" : "discharge_letter";
    event.lane = lanes[below(lanes.size())];
    event.accepted_at = now();
    event.alert_at = letters::after(seconds_ + 100);
    event.give_up_at = letters::after(seconds_ + 1000);
    event.patient_mac = patient(below(patients));
    if (events_ > 1 && event.document_id.empty() && below(2) == 0)
      event.follows =
          letters::id_of("event key " + std::to_string(1 + below(static_cast<size_t>(events_) - 1)));
    for (int i = 0; i <= static_cast<int>(below(3)); ++i) {
      const Uuid id = letters::id_of(key + " " + std::to_string(i));
      deliveries_.push_back(id);
      if (below(6) == 0) {
        event.unresolved.push_back({id, i, "NO_ADDRESS"});
      } else {
        NewDelivery& one = event.deliveries.emplace_back();
        one.id = id;
        one.recipient_index = i;
        one.adapter = below(2) == 0 ? "mail" : "dmp";
        one.address_mac = sha256("address " + std::to_string(below(4)));
        one.proposal = below(5) == 0;
        one.needs_consent = below(4) == 0;
        one.due_at = one.proposal && below(2) == 0 ? held : event.accepted_at;
        if (!one.proposal && below(4) == 0) one.notice_of = any_delivery();
        if (!one.proposal && below(3) == 0) one.member = member(below(3));
      }
    }
    event.step = any_step(event.tenant);
    if (event.kind == "orientation") event.step.cases.push_back(new_case(event));
    return event;
  }

  CaseChange new_case(const AcceptEvent& event) {
    CaseChange change;
    change.id = case_id_of("orientation", event.tenant, event.id.raw());
    change.tenant = event.tenant;
    change.kind = "orientation";
    change.event_id = event.id;
    change.key = event.key;
    change.subject = below(3) == 0 ? "" : "subject " + std::to_string(below(2));
    change.shared = below(4) == 0;
    change.person_macs = {below(3) == 0 ? "" : event.patient_mac, below(3) == 0 ? "" : event.patient_mac};
    vary(change);
    cases_.push_back(change);
    return change;
  }
  void vary(CaseChange& change) {
    change.state = "state " + std::to_string(below(1000));
    change.wake_at = below(3) == 0 ? Instant{} : letters::after(seconds_ + static_cast<int64_t>(below(20)));
    change.attention = below(3) == 0 ? "CANDIDATES_SPENT" : "";
    change.open = below(3) != 0;
  }

  Command step(Ledger& ledger) {
    CaseChange change = cases_[below(cases_.size())];
    vary(change);
    const auto row = *ledger.case_of(change.id);
    change.expected_revision = (row ? row->revision : 0) - (row && below(5) == 0 ? 1 : 0);
    StepCase command;
    command.step = any_step(change.tenant);
    if (below(8) == 0) command.step.seen.push_back({change.id, change.expected_revision + 1});
    command.step.cases.push_back(std::move(change));
    return command;
  }
  CaseStep any_step(const std::string& tenant) {
    constexpr Happening ends[] = {Happening::proposal_expired, Happening::cancelled, Happening::given_up};
    CaseStep step;
    step.at = now();
    step.tenant = tenant;
    for (size_t i = below(3); i > 0 && !deliveries_.empty(); --i) {
      step.releases.push_back({any_delivery(), letters::after(seconds_ + 1)});
      step.moves.push_back({any_delivery(), now(), ends[below(3)], "MOVED", {}});
    }
    if (below(12) == 0) step.consent_withdrawn_of = {patient(below(patients)), ""};
    if (below(10) == 0) step.stopped_members = {{member(below(3)), "MEMBERSHIP_ENDED"}};
    if (below(10) == 0) {
      step.objected_to = {{member(below(2)), patient(below(patients)), {}}};
      if (below(2) == 0) step.objected_to[0].address_macs = {sha256("address " + std::to_string(below(4)))};
    }
    step.audit = {"orientation=stepped"};
    return step;
  }
  Command outcome(const Uuid& id) {
    constexpr Verdict verdicts[] = {Verdict::accepted, Verdict::try_later, Verdict::rejected,
                                    Verdict::unknown};
    return letters::outcome(id, verdicts[below(4)], seconds_, seconds_ + 2);
  }
  static DeliveryState state_of(Ledger& ledger, const Uuid& id) {
    const auto event_id = ledger.event_of(id);
    if (!event_id.ok()) return DeliveryState::pending;  // its event was refused
    const auto row = ledger.event(*event_id);
    for (const DeliveryRow& one : row->deliveries) {
      if (one.due.id == id && !one.same_as) return one.due.state;
    }
    return DeliveryState::pending;
  }

  std::mt19937 chance_;
  int64_t seconds_ = 0;
  int events_ = 0;
  std::vector<Uuid> deliveries_;
  std::vector<CaseChange> cases_;
};

}  // namespace psl
