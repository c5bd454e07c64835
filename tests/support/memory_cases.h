// The cases of a ledger in memory.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gateway/core/store.h"

namespace psl {

// Locked by its owner.
class MemoryCases {
 public:
  Effect judge(const CaseStep& step) const {
    for (const CaseChange& change : step.cases)
      if (revision(change.id) != change.expected_revision) return Effect::case_changed;
    for (const CaseSeen& seen : step.seen)
      if (revision(seen.id) != seen.revision) return Effect::case_changed;
    const auto is_taken = [this](const CaseChange& change) {
      return change.expected_revision == 0 && change.open && !change.shared && !change.subject.empty() &&
             std::ranges::any_of(cases_, [&](const auto& one) {
               return is_of(one.second, change.tenant, change.subject, change.person_macs);
             });
    };
    return std::ranges::any_of(step.cases, is_taken) ? Effect::case_open : Effect::done;
  }

  // `owner`: of its event; null when there is no such event.
  void write(const CaseChange& change, const EventRow* owner) {
    Case& one = cases_[change.id];
    CaseRow& row = one.row;
    if (change.expected_revision == 0) {
      one.place = cases_.size();
      row.id = change.id;
      row.tenant = change.tenant;
      row.kind = change.kind;
      if (owner != nullptr) row.event_id = owner->id;
      if (owner != nullptr) row.principal = owner->principal;
    }
    ++row.revision;
    row.key = change.key;
    row.state = change.state;
    row.open = change.open;
    row.wake_at = change.wake_at;
    row.attention = change.attention;
    one.subject = change.subject;
    one.person_macs = change.person_macs;
  }

  void wake(const Uuid& event_id, Instant at) {
    const std::optional<CaseRow> shown = shown_by(event_id);
    if (!shown || !shown->open) return;
    CaseRow& row = cases_.at(shown->id).row;
    ++row.revision;
    row.wake_at = at;
  }

  std::optional<CaseRow> find(const Uuid& id) const {
    const auto found = cases_.find(id);
    return found == cases_.end() ? std::nullopt : std::optional(found->second.row);
  }
  std::optional<CaseRow> shown_by(const Uuid& event_id) const {
    std::vector<CaseRow> rows = of_event(event_id);
    return rows.empty() ? std::nullopt : std::optional(std::move(rows.front()));
  }
  std::vector<CaseRow> of_person(std::string_view tenant, std::string_view subject,
                                 const std::array<std::string, 2>& person_macs, size_t most) const {
    if (subject.empty()) return {};
    std::map<std::pair<bool, size_t>, CaseRow> in_order;
    for (const auto& [id, one] : cases_) {
      const bool by_ins = !person_macs[0].empty() && one.person_macs[0] == person_macs[0];
      if (is_of(one, tenant, subject, person_macs)) in_order[{!by_ins, one.place}] = one.row;
    }
    std::vector<CaseRow> rows;
    for (auto& [place, row] : in_order)
      if (rows.size() < most) rows.push_back(std::move(row));
    return rows;
  }
  std::vector<CaseRow> to_wake(Instant now, int most) const {
    std::vector<CaseRow> rows =
        chosen([&](const CaseRow& row) { return row.wake_at > Instant{} && row.wake_at <= now; });
    std::ranges::stable_sort(rows, {}, &CaseRow::wake_at);
    if (rows.size() > static_cast<size_t>(most)) rows.resize(static_cast<size_t>(most));
    return rows;
  }
  std::optional<Instant> next_wake() const {
    const std::vector<CaseRow> rows = to_wake(Instant{INT64_MAX}, 1);
    return rows.empty() ? std::nullopt : std::optional(rows.front().wake_at);
  }
  std::string attention_of(const Uuid& event_id) const {
    for (const CaseRow& row : of_event(event_id))
      if (!row.attention.empty()) return row.attention;
    return {};
  }
  int64_t need_attention() const {
    return std::ranges::count_if(cases_, [](const auto& one) { return !one.second.row.attention.empty(); });
  }

  void replace_objected(const CaseStep& step) {
    for (const ObjectedTo& one : step.objected_to)
      objected_[{step.tenant, one.patient_mac}][one.circle] = one.address_macs;
  }
  bool is_objected_to(const std::string& tenant, const std::string& patient_mac,
                      const std::string& address_mac) const {
    const auto found = objected_.find({tenant, patient_mac});
    if (found == objected_.end()) return false;
    return std::ranges::any_of(found->second, [&](const auto& circle) {
      return std::ranges::find(circle.second, address_mac) != circle.second.end();
    });
  }

 private:
  struct Case {
    CaseRow row;
    size_t place = 0;
    std::string subject;
    std::array<std::string, 2> person_macs;
  };

  int64_t revision(const Uuid& id) const {
    const auto found = cases_.find(id);
    return found == cases_.end() ? 0 : found->second.row.revision;
  }
  static bool is_of(const Case& one, std::string_view tenant, std::string_view subject,
                    const std::array<std::string, 2>& person_macs) {
    if (!one.row.open || one.row.tenant != tenant || one.subject != subject) return false;
    for (size_t i = 0; i < one.person_macs.size(); ++i)
      if (!one.person_macs[i].empty() && one.person_macs[i] == person_macs[i]) return true;
    return false;
  }
  std::vector<CaseRow> of_event(const Uuid& event_id) const {
    if (event_id == Uuid{}) return {};
    return chosen([&](const CaseRow& row) { return row.event_id == event_id; });
  }
  // In the order in which they began.
  template <typename Wanted>
  std::vector<CaseRow> chosen(Wanted wanted) const {
    std::map<size_t, CaseRow> in_order;
    for (const auto& [id, one] : cases_)
      if (wanted(one.row)) in_order.emplace(one.place, one.row);
    std::vector<CaseRow> rows;
    for (auto& [place, row] : in_order) rows.push_back(std::move(row));
    return rows;
  }

  std::map<Uuid, Case> cases_;
  // By tenant and person, as each circle knows it.
  std::map<std::pair<std::string, std::string>, std::map<Uuid, std::vector<std::string>>> objected_;
};

}  // namespace psl
