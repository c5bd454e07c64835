// A ledger in memory with the rules of the real one, for tests of what stands above it.
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "gateway/core/store.h"
#include "tests/support/memory_cases.h"
#include "tests/support/memory_rows.h"

namespace psl {

// Thread safe; the hooks and switches are set before threads begin.
class MemoryStore final : public Store, public Ledger {
 public:
  // One move of a delivery, in the order of commits.
  struct Move {
    Uuid delivery_id;
    DeliveryState from = DeliveryState::pending;
    DeliveryState to = DeliveryState::pending;
    Happening happening = Happening::given_up;
    std::string reason;
    bool operator==(const Move&) const = default;
  };

  // Switches of trouble.
  bool fail_commits = false;
  bool fail_reads = false;
  // Events that one page of list() looks at, and changes that one of changes_after() does.
  int list_looks = 2000;
  int change_looks = 1000;
  std::function<void()> before_commit;
  std::function<void()> after_commit;

  Result<std::vector<Effect>> commit(std::span<const Command> batch) override {
    if (before_commit) before_commit();
    std::vector<Effect> effects;
    {
      const std::lock_guard lock(mutex_);
      if (fail_commits) return error_of(ErrorCode::input_output);
      for (const Command& command : batch) {
        effects.push_back(std::visit([this](const auto& one) { return apply(one); }, command));
      }
      batch_sizes_.push_back(batch.size());
    }
    if (after_commit) after_commit();
    return effects;
  }

  Result<EventRow> event(const Uuid& id) override {
    const std::lock_guard lock(mutex_);
    if (fail_reads) return error_of(ErrorCode::input_output);
    const auto found = events_.find(id);
    if (found == events_.end()) return error_of(ErrorCode::not_found);
    return as_shown(found->second);
  }

  Result<std::vector<DocumentRow>> documents(const Uuid& event_id) override {
    const std::lock_guard lock(mutex_);
    if (fail_reads) return error_of(ErrorCode::input_output);
    const auto found = events_.find(event_id);
    if (found == events_.end()) return error_of(ErrorCode::not_found);
    return found->second.documents;
  }

  Result<std::vector<DueDelivery>> due(std::string_view adapter, Lane lane, Instant now, int most) override {
    const Instant latest = std::min(now, Instant{held.us - 1});
    return select(most, [&](const Delivery& one) {
      const DueDelivery& due = one.row.due;
      return due.state == DeliveryState::pending && due.adapter == adapter && due.lane == lane &&
             due.due_at <= latest && !one.is_for_its_case_to_end(latest) && !waits_for_its_turn(one);
    });
  }
  Result<std::vector<DueDelivery>> unsettled(std::string_view adapter, Instant now, int most) override {
    return select(most, [&](const Delivery& one) {
      const DueDelivery& due = one.row.due;
      return due.state == DeliveryState::unknown && due.adapter == adapter && due.due_at <= now;
    });
  }
  Result<std::vector<DueDelivery>> overdue(Instant now, int most) override {
    return select(most, [&](const Delivery& one) {
      return !one.proposal && one.row.due.state != DeliveryState::sending && one.row.due.give_up_at <= now;
    });
  }
  Result<std::vector<DueDelivery>> late(Instant now, int most) override {
    return select(
        most, [&](const Delivery& one) { return !one.proposal && one.alert_at <= now && !one.late_task; });
  }
  Result<std::vector<DueDelivery>> interrupted(int most) override {
    return select(most, [&](const Delivery& one) { return one.row.due.state == DeliveryState::sending; });
  }

  Result<std::optional<Instant>> next_due() override {
    const std::lock_guard lock(mutex_);
    if (fail_reads) return error_of(ErrorCode::input_output);
    std::optional<Instant> next;
    const auto consider = [&next](Instant at) { next = next ? std::min(*next, at) : at; };
    for (const auto& [id, open] : open_) {
      const Delivery& one = *open;
      if (!one.late_task && !one.proposal) consider(one.alert_at);
      if (one.row.due.state == DeliveryState::sending) continue;
      if (one.row.due.due_at != held) consider(one.row.due.due_at);
      if (!one.proposal) consider(one.row.due.give_up_at);
    }
    return next;
  }

  Result<std::optional<std::string>> replaced_there(const Uuid& delivery_id) override {
    const std::lock_guard lock(mutex_);
    std::optional<std::string> there;
    const auto asked = deliveries_.find(delivery_id);
    if (asked == deliveries_.end()) return there;
    // From version to version, back to one that was delivered to the same target.
    for (std::string wanted = asked->second.replaces; !wanted.empty() && (!there || there->empty());) {
      std::string before;
      for (const auto& [id, one] : deliveries_) {
        if (one.document_id != wanted || one.address_mac != asked->second.address_mac) continue;
        there = one.row.due.state == DeliveryState::delivered ? wanted : there.value_or("");
        before = one.replaces;
      }
      wanted = before;
    }
    return there;
  }
  Result<std::optional<Uuid>> event_with_document(std::string_view tenant,
                                                  std::string_view document_id) override {
    const std::lock_guard lock(mutex_);
    if (fail_reads) return error_of(ErrorCode::input_output);
    const Known* const known = known_document(tenant, document_id);
    return known == nullptr ? std::nullopt : std::optional(known->newest);
  }
  Result<Uuid> event_of(const Uuid& delivery_id) override {
    const std::lock_guard lock(mutex_);
    if (fail_reads) return error_of(ErrorCode::input_output);
    const auto found = deliveries_.find(delivery_id);
    if (found == deliveries_.end()) return error_of(ErrorCode::not_found);
    return found->second.row.due.event_id;
  }

  Result<EventPage> list(const EventQuery& query) override {
    const std::lock_guard lock(mutex_);
    if (fail_reads) return error_of(ErrorCode::input_output);
    EventPage page;
    const size_t most = static_cast<size_t>(std::clamp(query.most, 1, 500));
    int looked = 0;
    const size_t newest = query.before == 0 ? order_.size() : static_cast<size_t>(query.before) - 1;
    for (size_t i = std::min(newest, order_.size()); i-- > 0;) {
      const Event& one = events_.at(order_[i]);
      if (!owns(query.owner, one.row)) continue;
      if (looked++ == list_looks || page.events.size() == most) {
        page.next = static_cast<int64_t>(i) + 2;
        break;
      }
      if (!matches(query, one)) continue;
      page.events.push_back(as_shown(one));
      page.events.back().content.clear();
    }
    return page;
  }

  Result<ChangePage> changes_after(const Owner& owner, int64_t after, int most) override {
    const std::lock_guard lock(mutex_);
    if (fail_reads) return error_of(ErrorCode::input_output);
    ChangePage page;
    page.seen = after;
    if (changes_.empty()) return page;
    const int64_t oldest = changes_.front().sequence;
    const int64_t last = changes_.back().sequence;
    if (after != 0 && after < oldest - 1) {
      return error_of(ErrorCode::sequence_gone,
                      "the oldest change that is kept is " + std::to_string(oldest));
    }
    const int64_t until = std::min(last, std::max(after, oldest - 1) + change_looks);
    for (int64_t at = std::max(after + 1, oldest);
         at <= until && page.changes.size() < static_cast<size_t>(most); ++at) {
      page.seen = at;
      const ChangeRow& change = changes_[static_cast<size_t>(at - oldest)];
      if (owns(owner, events_.at(change.event_id).row)) page.changes.push_back(change);
    }
    page.at_end = page.seen >= last;
    return page;
  }

  Result<int64_t> last_change() override {
    return asked([&]() -> int64_t { return changes_.empty() ? 0 : changes_.back().sequence; });
  }

  Result<std::optional<CaseRow>> case_of(const Uuid& id) override {
    return asked([&] { return cases_.find(id); });
  }
  Result<std::optional<CaseRow>> case_of_event(const Uuid& event_id) override {
    return asked([&] { return cases_.shown_by(event_id); });
  }
  Result<std::vector<CaseRow>> cases_of_person(std::string_view tenant, std::string_view subject,
                                               const std::array<std::string, 2>& person_macs,
                                               int most) override {
    return asked([&] { return cases_.of_person(tenant, subject, person_macs, static_cast<size_t>(most)); });
  }
  Result<std::vector<CaseRow>> cases_to_wake(Instant now, int most) override {
    return asked([&] { return cases_.to_wake(now, most); });
  }
  Result<std::optional<Instant>> next_wake() override {
    return asked([&] { return cases_.next_wake(); });
  }
  Result<std::vector<ConsentedSend>> sent_with_consent(std::string_view tenant, std::string_view patient_mac,
                                                       int most) override {
    return asked([&] { return sends_of(consented(tenant, patient_mac), static_cast<size_t>(most)); });
  }
  Result<std::vector<BacklogRow>> backlog() override {
    const std::lock_guard lock(mutex_);
    if (fail_reads) return error_of(ErrorCode::input_output);
    std::map<std::tuple<std::string, Lane, DeliveryState>, BacklogRow> rows;
    for (const auto& [id, one] : open_) {
      const DueDelivery& due = one->row.due;
      if (due.due_at == held) continue;
      BacklogRow& row = rows[{due.adapter, due.lane, due.state}];
      const Instant accepted = events_.at(due.event_id).row.accepted_at;
      row = {due.adapter, due.lane, due.state, row.count + 1,
             row.count == 0 ? accepted : std::min(row.oldest, accepted)};
    }
    std::vector<BacklogRow> out;
    for (auto& [key, row] : rows) out.push_back(std::move(row));
    return out;
  }

  Result<int64_t> open_tasks() override {
    const std::lock_guard lock(mutex_);
    if (fail_reads) return error_of(ErrorCode::input_output);
    const auto has_task = [](const auto& one) { return one.second.row.task_id.has_value(); };
    return std::ranges::count_if(deliveries_, has_task) + cases_.need_attention();
  }

  // What tests ask.
  DeliveryRow delivery(const Uuid& id) {
    const std::lock_guard lock(mutex_);
    return deliveries_.at(id).row;
  }
  bool has_event(const Uuid& id) {
    const std::lock_guard lock(mutex_);
    return events_.contains(id);
  }
  bool has_late_task(const Uuid& id) {
    const std::lock_guard lock(mutex_);
    return deliveries_.at(id).late_task;
  }
  // Not final ones.
  std::vector<Uuid> open_deliveries() {
    const std::lock_guard lock(mutex_);
    std::vector<Uuid> ids;
    for (const auto& [id, one] : open_) ids.push_back(id);
    return ids;
  }
  std::vector<Uuid> all_deliveries() {
    const std::lock_guard lock(mutex_);
    std::vector<Uuid> ids;
    for (const auto& [id, one] : deliveries_) ids.push_back(id);
    return ids;
  }
  std::vector<Move> moves() {
    const std::lock_guard lock(mutex_);
    return moves_;
  }
  std::vector<Move> moves_since(size_t first) {
    const std::lock_guard lock(mutex_);
    return {moves_.begin() + static_cast<ptrdiff_t>(first), moves_.end()};
  }
  // Who last moved a delivery by a MoveDelivery.
  std::string actor(const Uuid& delivery_id) {
    const std::lock_guard lock(mutex_);
    return actors_[delivery_id];
  }
  // CaseStep::audit of all steps.
  std::vector<std::string> decided() {
    const std::lock_guard lock(mutex_);
    return decided_;
  }
  std::vector<size_t> batch_sizes() {
    const std::lock_guard lock(mutex_);
    return batch_sizes_;
  }
  // Flips a byte of the event's sealed content.
  void corrupt_content(const Uuid& event_id) {
    const std::lock_guard lock(mutex_);
    events_.at(event_id).row.content.back() ^= 1;
  }
  void forget_documents(const Uuid& event_id) {
    const std::lock_guard lock(mutex_);
    events_.at(event_id).documents.clear();
  }

 private:
  using Delivery = MemoryDelivery;
  using Event = MemoryEvent;
  using Key = std::tuple<std::string, std::string, std::string>;
  // By tenant, and a document or a set.
  using Name = std::pair<std::string, std::string>;
  using Known = MemoryDocument;

  const Known* known_document(std::string_view tenant, std::string_view document_id) const {
    const auto found = documents_.find(Name(tenant, document_id));
    return found == documents_.end() ? nullptr : &found->second;
  }

  static bool owns(const Owner& owner, const EventRow& row) {
    return row.tenant == owner.tenant && (owner.principal.empty() || row.principal == owner.principal);
  }

  // A delivery that follows another shows that one's fate.
  DeliveryRow as_shown(const Delivery& one) const {
    if (!one.row.same_as) return one.row;
    DeliveryRow row = deliveries_.at(*one.row.same_as).row;
    row.due.id = one.row.due.id;
    row.due.event_id = one.row.due.event_id;
    row.due.recipient_index = one.row.due.recipient_index;
    row.same_as = one.row.same_as;
    return row;
  }

  EventRow as_shown(const Event& event) const {
    EventRow row = event.row;
    row.attention = cases_.attention_of(row.id);
    for (const Uuid& id : event.delivery_ids) row.deliveries.push_back(as_shown(deliveries_.at(id)));
    std::ranges::stable_sort(row.deliveries, {},
                             [](const DeliveryRow& one) { return one.due.recipient_index; });
    return row;
  }

  bool matches(const EventQuery& query, const Event& event) const {
    const EventRow row = as_shown(event);
    const auto listed = [](const auto& list, const auto& value) {
      return list.empty() || std::ranges::find(list, value) != list.end();
    };
    const auto some = [&row](bool asked, auto holds) {
      return !asked || std::ranges::any_of(row.deliveries, holds);
    };
    return listed(query.kinds, row.kind) &&
           row.accepted_at >= query.accepted_from.value_or(row.accepted_at) &&
           (!query.accepted_before || row.accepted_at < *query.accepted_before) &&
           some(!query.states.empty(),
                [&](const DeliveryRow& one) { return listed(query.states, one.due.state); }) &&
           some(!query.adapter.empty(),
                [&](const DeliveryRow& one) { return one.due.adapter == query.adapter; }) &&
           (!row.attention.empty() ||
            some(query.task_open, [](const DeliveryRow& one) { return one.task_id.has_value(); })) &&
           some(!query.address_mac.empty(), [&](const DeliveryRow& one) {
             return deliveries_.at(one.due.id).address_mac == query.address_mac;
           });
  }

  // For the delivery and those that follow it: what came with the change, which may be nothing.
  void tell(const Delivery& one, Instant at, const std::string& reason, const std::string& partner_code) {
    tell_about(one.row.due.id, at, reason, partner_code);
    for (const Uuid& id : one.followers) tell_about(id, at, reason, partner_code);
  }

  void tell_about(const Uuid& id, Instant at, const std::string& reason, const std::string& partner_code) {
    const DueDelivery due = as_shown(deliveries_.at(id)).due;
    changes_.push_back({++last_sequence_, at, due.event_id, events_.at(due.event_id).row.kind,
                        due.recipient_index, id, due.adapter, due.state, reason, partner_code});
  }

  template <typename Question>
  auto asked(Question question) -> Result<decltype(question())> {
    const std::lock_guard lock(mutex_);
    if (fail_reads) return error_of(ErrorCode::input_output);
    return question();
  }

  template <typename Matches>
  Result<std::vector<DueDelivery>> select(int most, Matches matches) {
    const std::lock_guard lock(mutex_);
    if (fail_reads) return error_of(ErrorCode::input_output);
    std::vector<DueDelivery> rows;
    for (const auto& [id, one] : open_) {
      if (matches(*one)) rows.push_back(one->row.due);
    }
    std::ranges::sort(rows, {}, [](const DueDelivery& row) { return std::tie(row.due_at, row.id); });
    if (rows.size() > static_cast<size_t>(most)) rows.resize(static_cast<size_t>(most));
    return rows;
  }

  // Uuid{} when it belongs to no thread.
  Uuid thread_of(const Delivery& one) const {
    const Uuid& event_id = one.row.due.event_id;
    return followed_.contains(event_id) ? event_id : events_.at(event_id).thread;
  }

  bool waits_for_its_turn(const Delivery& one) const {
    const Uuid thread = thread_of(one);
    return std::ranges::any_of(open_, [&](const auto& open) {
      const Delivery& other = *open.second;
      const bool older = other.lineage == one.lineage && other.document_id != one.document_id;
      const bool followed =
          thread != Uuid{} && thread_of(other) == thread && other.row.due.event_id != one.row.due.event_id;
      return (older || followed) && other.row.due.adapter == one.row.due.adapter &&
             other.address_mac == one.address_mac && other.place < one.place && other.row.due.due_at != held;
    });
  }

  Effect judge_version(const AcceptEvent& event) const {
    const auto set = sets_.find({event.tenant, event.set_id});
    if (set != sets_.end() && !set->second.empty()) {
      const auto same = set->second.find(event.version);
      if (same != set->second.end() && same->second != event.document_id) return Effect::version_reused;
      if (set->second.rbegin()->first > event.version) return Effect::newer_version_known;
    }
    if (!event.document_id.empty() && replaced_.contains({event.tenant, event.document_id}))
      return Effect::newer_version_known;
    const bool appeared = event.replaced_unknown && known_document(event.tenant, event.replaces) != nullptr;
    return appeared ? Effect::replaced_appeared : Effect::done;
  }

  void remember_document(const AcceptEvent& event) {
    if (event.document_id.empty()) return;
    Uuid lineage = event.id;
    auto& versions = sets_[{event.tenant, event.set_id}];
    if (!versions.empty()) lineage = known_document(event.tenant, versions.rbegin()->second)->lineage;
    if (!event.replaces.empty() && event.replaces != event.document_id) {
      if (const Known* const replaced = known_document(event.tenant, event.replaces)) {
        lineage = replaced->lineage;
        for (const auto& [version, document] : versions) join(Name(event.tenant, document), lineage);
      }
      replaced_.emplace(event.tenant, event.replaces);
    }
    if (!event.set_id.empty()) versions[event.version] = event.document_id;
    Known& known =
        documents_
            .try_emplace({event.tenant, event.document_id}, Known{event.document_mac, event.id, lineage})
            .first->second;
    known.newest = event.id;
  }

  void join(const Name& document, const Uuid& lineage) {
    documents_.at(document).lineage = lineage;
    for (auto& [id, one] : deliveries_) {
      if (Name(one.row.due.tenant, one.document_id) == document) one.lineage = lineage;
    }
  }

  // Whether a later delivery brings what replaces this one, or the set has a newer version.
  bool outdated(const Delivery& one) const {
    const auto is_newer = [&](const auto& entry) {
      const Delivery& other = entry.second;
      const DeliveryState state = other.row.due.state;
      return !one.document_id.empty() && !one.proposal && !other.proposal && !other.row.same_as &&
             other.lineage == one.lineage && other.place > one.place &&
             other.row.due.adapter == one.row.due.adapter && other.address_mac == one.address_mac &&
             (!is_final(state) || state == DeliveryState::delivered);
    };
    const Event& event = events_.at(one.row.due.event_id);
    const auto set = sets_.find({event.row.tenant, event.set_id});
    return std::ranges::any_of(deliveries_, is_newer) ||
           (set != sets_.end() && !set->second.empty() && set->second.rbegin()->first > event.version);
  }

  Effect apply(const AcceptEvent& event) {
    const Key key{event.tenant, event.principal, event.idempotency_key};
    if (const auto known = keys_.find(key); known != keys_.end()) {
      return events_.at(known->second).row.content_mac == event.content_mac ? Effect::already_accepted
                                                                            : Effect::key_reused;
    }
    const Known* const document = known_document(event.tenant, event.document_id);
    if (document != nullptr && document->mac != event.document_mac) return Effect::document_id_reused;
    if (const Effect judged = judge_version(event); judged != Effect::done) return judged;
    if (const Effect judged = cases_.judge(event.step); judged != Effect::done) return judged;
    keys_[key] = event.id;
    remember_document(event);
    if (!event.replaces.empty()) supersede(event);

    order_.push_back(event.id);
    Event& row = events_[event.id];
    row.row.id = event.id;
    row.row.tenant = event.tenant;
    row.row.principal = event.principal;
    row.row.kind = event.kind;
    row.row.content_mac = event.content_mac;
    row.row.accepted_at = event.accepted_at;
    row.row.key = event.key;
    row.row.content = event.content;
    row.row.document_id = event.document_id;
    row.row.document_sha256 = event.document_sha256;
    row.set_id = event.set_id;
    row.version = event.version;
    row.patient_mac = event.patient_mac;
    if (event.follows && events_.contains(*event.follows)) {
      const Uuid& before = events_.at(*event.follows).thread;
      row.thread = before == Uuid{} ? *event.follows : before;
      followed_.insert(row.thread);
    }
    for (const NewDocument& one : event.documents) {
      row.documents.push_back({one.part, one.size_bytes, one.sealed});
    }
    bool linked = false;
    for (const NewDelivery& one : event.deliveries) linked = add(row, event, one) || linked;
    for (const UnresolvedRecipient& one : event.unresolved) {
      Delivery& delivery = deliveries_[one.delivery_id] = unresolved_memory_delivery(event, one);
      row.delivery_ids.push_back(one.delivery_id);
      tell(delivery, event.accepted_at, one.reason, {});
    }
    take(event.step, event.id);
    return linked ? Effect::linked : Effect::done;
  }

  // True when it follows an earlier delivery of the same document to the same address.
  bool add(Event& row, const AcceptEvent& event, const NewDelivery& one) {
    row.delivery_ids.push_back(one.id);
    Delivery* const earlier = one.proposal ? nullptr
                                           : brought_by(event.tenant, event.document_id, one.adapter,
                                                        one.address_mac, int{one.needs_consent}, one.member);
    const size_t place = deliveries_.size();
    if (earlier != nullptr) {
      Delivery& follower = deliveries_[one.id];
      follower.place = place;
      follower.consent = int{one.needs_consent};
      follower.row.same_as = earlier->row.due.id;
      follower.row.due.id = one.id;
      follower.row.due.event_id = event.id;
      follower.row.due.recipient_index = one.recipient_index;
      follower.address_mac = one.address_mac;
      earlier->followers.push_back(one.id);
      tell(follower, event.accepted_at, earlier->row.reason, earlier->row.partner_code);
      return true;
    }
    Delivery delivery = new_memory_delivery(event, one);
    const Known* const document = known_document(event.tenant, event.document_id);
    delivery.lineage = document == nullptr ? event.id : document->lineage;
    delivery.place = place;
    Delivery& added = deliveries_[one.id] = std::move(delivery);
    open_[one.id] = &added;
    tell(added, event.accepted_at, {}, {});
    const auto told_of = deliveries_.find(one.notice_of);
    if (told_of != deliveries_.end()) drop_notices(told_of->second, event.accepted_at);
    return false;
  }

  // The delivery that brings, or brought, this document to this address; null when there is none, or when it
  // needs more consent than `consent`, or waits for another member's sake than `member`.
  Delivery* brought_by(const std::string& tenant, const std::string& document_id, const std::string& adapter,
                       const std::string& address_mac, int consent, std::optional<Uuid> member) {
    const auto found = chosen([&](const Delivery& other) {
      const DueDelivery& due = other.row.due;
      return !other.row.same_as && !other.proposal && other.consent <= consent && !document_id.empty() &&
             due.tenant == tenant && other.document_id == document_id && other.address_mac == address_mac &&
             due.adapter == adapter &&
             (due.state == DeliveryState::delivered ||
              (!is_final(due.state) && (!member || other.member == Uuid{} || other.member == *member)));
    });
    return found.empty() ? nullptr : found.front();
  }

  void supersede(const AcceptEvent& event) {
    for (auto& [id, one] : deliveries_) {
      if (one.row.same_as || one.document_id != event.replaces || one.row.due.tenant != event.tenant)
        continue;
      if (events_.at(one.row.due.event_id).row.principal != event.principal) continue;
      one.superseded = true;
      stop(one, event.accepted_at, "REPLACED");
    }
  }

  bool stop(Delivery& one, Instant at, const std::string& reason) {
    const bool stopped = move(one, Happening::cancelled, at, reason);
    if (stopped) one.row.due.due_at = Instant{};
    return stopped;
  }

  // After a move of its own: what may not leave any more, then the case that must look at what ended short.
  void settle(Delivery& one, Instant at) {
    if (one.consent == 2) stop(one, at, "CONSENT_WITHDRAWN");
    if (!one.stopped.empty()) stop(one, at, one.stopped);
    if (one.superseded && (one.proposal || !one.outcome_lost))
      stop(one, at, one.proposal ? "PROPOSAL_WITHDRAWN" : "REPLACED");
  }
  void drop_notices(const Delivery& proposal, Instant at) {
    if (!proposal.proposal || proposal.may_have_left() || !is_final(proposal.row.due.state)) return;
    const Uuid& told_of = proposal.row.due.id;
    for (Delivery* one : chosen([&](const Delivery& any) { return any.notice_of == told_of; }))
      stop(*one, at, "PROPOSAL_NOT_SENT");
  }
  void wake_case(const Delivery& one, Instant at) {
    const DueDelivery& due = one.row.due;
    if (needs_human(due.state) || due.state == DeliveryState::cancelled) cases_.wake(due.event_id, at);
  }

  // What has left, or may have, newest first.
  std::vector<ConsentedSend> sends_of(const std::vector<Delivery*>& consented, size_t most) const {
    std::vector<ConsentedSend> sends;
    for (size_t i = consented.size(); i-- > 0 && sends.size() < most;) {
      const DeliveryRow row = as_shown(*consented[i]);
      const Delivery& one = row.same_as ? deliveries_.at(*row.same_as) : *consented[i];
      if (one.may_have_left())
        sends.push_back({row.due.event_id, row.due.recipient_index, row.due.state, row.delivered_at});
    }
    return sends;
  }

  // After cases_.judge().
  void take(const CaseStep& step, const Uuid& own_event) {
    for (const CaseChange& change : step.cases) {
      const auto owner = events_.find(change.event_id);
      cases_.write(change, owner == events_.end() ? nullptr : &owner->second.row);
    }
    for (const ReleaseDelivery& wanted : step.releases) {
      const auto found = deliveries_.find(wanted.delivery_id);
      if (found == deliveries_.end()) continue;
      DueDelivery& due = found->second.row.due;
      if (due.state == DeliveryState::pending && due.due_at == held) due.due_at = wanted.due_at;
      wake_case(found->second, step.at);
    }
    for (const MoveDelivery& wanted : step.moves) {
      const bool ends =
          wanted.happening == Happening::cancelled || wanted.happening == Happening::proposal_expired;
      if (move_as_asked(wanted) != Effect::stale || !ends) continue;
      Delivery& one = deliveries_.at(wanted.delivery_id);
      one.superseded |= one.proposal;
    }
    for (const std::string& decided : step.audit) decided_.push_back(decided);
    for (const std::string& patient_mac : step.consent_withdrawn_of) {
      for (Delivery* one : consented(step.tenant, patient_mac)) {
        one->consent = 2;
        const bool stopped = stop(*one, step.at, "CONSENT_WITHDRAWN");
        if (stopped || one->proposal) cases_.wake(one->row.due.event_id, step.at);
      }
    }
    for (const StoppedMember& wanted : step.stopped_members) {
      for (Delivery* one : chosen([&](const Delivery& any) {
             return any.member == wanted.member && any.row.due.event_id != own_event;
           })) {
        if (stop(*one, step.at, wanted.reason)) wake_case(*one, step.at);
        const bool owed = !is_final(one->row.due.state) || needs_human(one->row.due.state);
        if (owed) one->stopped = wanted.reason;
      }
    }
    cases_.replace_objected(step);
  }

  // In the order in which they came.
  template <typename Wanted>
  std::vector<Delivery*> chosen(Wanted wanted) {
    std::vector<Delivery*> found;
    for (auto& [id, one] : deliveries_)
      if (wanted(one)) found.push_back(&one);
    std::ranges::sort(found, {}, &Delivery::place);
    return found;
  }
  // Those of this person that need consent.
  std::vector<Delivery*> consented(std::string_view tenant, std::string_view patient_mac) {
    return chosen([&](const Delivery& one) {
      const Event& event = events_.at(one.row.due.event_id);
      return one.consent != 0 && event.row.tenant == tenant && event.patient_mac == patient_mac;
    });
  }

  bool move(Delivery& one, Happening happening, Instant at, const std::string& reason,
            const std::string& partner_code = {}) {
    if (one.row.same_as) return false;
    DueDelivery& due = one.row.due;
    const DeliveryState from = due.state;
    const std::optional<DeliveryState> to = next_state(from, happening);
    if (!to) return false;
    moves_.push_back({due.id, from, *to, happening, reason});
    due.state = *to;
    // While an attempt is under way, the last answer stays.
    if (*to != DeliveryState::sending) {
      one.row.reason = reason;
      one.row.partner_code = partner_code;
    }
    one.row.delivered_at = *to == DeliveryState::delivered ? at : Instant{};
    one.outcome_lost |= happening == Happening::outcome_lost;
    one.was_taken |= from == DeliveryState::sending && happening == Happening::partner_accepted;
    if (is_final(*to)) {
      open_.erase(due.id);
    } else {
      open_[due.id] = &one;
    }
    // A late task stays until the delivery is over.
    const bool stays_late = one.late_task && !is_final(from) && !is_final(*to);
    one.row.task_id = needs_human(*to) || stays_late ? std::optional(due.id) : std::nullopt;
    tell(one, at, reason, partner_code);
    drop_notices(one, at);
    return true;
  }

  Effect apply(const StartAttempt& start) {
    const auto found = deliveries_.find(start.delivery_id);
    if (found == deliveries_.end()) return Effect::missing;
    Delivery& one = found->second;
    if (one.row.due.due_at == held) return Effect::stale;
    const Event& event = events_.at(one.row.due.event_id);
    if (one.row.due.state == DeliveryState::pending &&
        cases_.is_objected_to(event.row.tenant, event.patient_mac, one.address_mac)) {
      if (stop(one, start.at, "PATIENT_OBJECTED")) wake_case(one, start.at);
      return Effect::stale;
    }
    if (!move(one, Happening::attempt_started, start.at, {})) return Effect::stale;
    ++found->second.row.due.attempts;
    found->second.row.reference = start.reference;
    return Effect::done;
  }

  Effect apply(const RecordOutcome& record) {
    const auto found = deliveries_.find(record.delivery_id);
    if (found == deliveries_.end()) return Effect::missing;
    Delivery& one = found->second;
    // Only the outcome of an attempt: other proofs of what became of a delivery come as MoveDelivery.
    if (one.row.due.state != DeliveryState::sending) return Effect::stale;
    one.row.due.due_at = record.due_at;
    if (!move(one, happening_of(record.outcome.verdict), record.at, record.outcome.reason,
              record.outcome.partner_code))
      return Effect::stale;
    settle(one, record.at);
    wake_case(one, record.at);
    return Effect::done;
  }

  Effect apply(const MoveDelivery& command) {
    const Effect effect = move_as_asked(command);
    if (effect == Effect::done) wake_case(deliveries_.at(command.delivery_id), command.at);
    return effect;
  }

  Effect move_as_asked(const MoveDelivery& command) {
    const auto found = deliveries_.find(command.delivery_id);
    if (found == deliveries_.end()) return Effect::missing;
    if (command.happening == Happening::attempt_started) return Effect::stale;
    Delivery& one = found->second;
    if (command.happening == Happening::retried) {
      if (!command.key.empty() && command.key == one.retry_key) return Effect::already_accepted;
      const DueDelivery& due = one.row.due;
      // Without an address, replaced, or brought there by a later delivery.
      if (one.row.same_as || due.adapter.empty() || one.superseded || one.consent == 2 ||
          !one.stopped.empty() || outdated(one) ||
          (!one.proposal &&
           brought_by(due.tenant, one.document_id, due.adapter, one.address_mac, 2, {}) != nullptr))
        return Effect::stale;
    }
    const auto follows = [&](const auto& other) { return other.second.row.same_as == command.delivery_id; };
    if (command.happening == Happening::cancelled && std::ranges::any_of(deliveries_, follows))
      return Effect::stale;
    if (!move(one, command.happening, command.at, command.reason)) return Effect::stale;
    one.row.due.due_at = command.due_at;
    if (command.happening == Happening::retried) one.renew(command);
    actors_[command.delivery_id] = command.actor;
    settle(one, command.at);
    return Effect::done;
  }

  Effect apply(const StepCase& command) {
    const Effect judged = cases_.judge(command.step);
    if (judged == Effect::done) take(command.step, Uuid{});
    return judged;
  }

  Effect apply(const PurgeChanges& purge) {
    int dropped = 0;
    while (dropped < purge.most && changes_.size() > 1 && changes_.front().at < purge.before) {
      changes_.pop_front();
      ++dropped;
    }
    return dropped == purge.most ? Effect::done : Effect::missing;
  }

  Effect apply(const OpenLateTask& task) {
    const auto found = deliveries_.find(task.delivery_id);
    if (found == deliveries_.end()) return Effect::missing;
    if (found->second.row.same_as || found->second.late_task || is_final(found->second.row.due.state))
      return Effect::stale;
    found->second.late_task = true;
    found->second.row.task_id = task.delivery_id;
    return Effect::done;
  }

  std::mutex mutex_;
  std::map<Uuid, Event> events_;
  std::map<Uuid, Delivery> deliveries_;
  std::map<Uuid, Delivery*> open_;  // those that are not final
  std::map<Key, Uuid> keys_;
  std::map<Name, Known> documents_;
  std::map<Name, std::map<int, std::string>> sets_;  // the document of each version
  std::set<Name> replaced_;
  std::set<Uuid> followed_;  // events that begin a thread
  MemoryCases cases_;
  std::vector<std::string> decided_;
  std::vector<Move> moves_;
  std::vector<size_t> batch_sizes_;
  std::vector<Uuid> order_;        // events, oldest first; an event's store number is its place, from 1
  std::deque<ChangeRow> changes_;  // without a gap
  int64_t last_sequence_ = 0;
  std::map<Uuid, std::string> actors_;
};

}  // namespace psl
