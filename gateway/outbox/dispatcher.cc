#include "gateway/outbox/dispatcher.h"

#include <algorithm>
#include <array>
#include <deque>
#include <optional>
#include <utility>

#include "gateway/base/log.h"
#include "gateway/outbox/answers.h"
#include "gateway/outbox/backoff.h"
#include "gateway/outbox/reasons.h"

namespace psl {
namespace {

// With nothing to do, one look a minute costs nothing and forgives a clock that was set.
constexpr Span idle_wait = seconds(60);
// When something is due but waits for a slot, a partner or another delivery: whoever frees it wakes us, this
// is the net.
constexpr Span blocked_wait = seconds(1);
constexpr Span quiet_pause = seconds(1);
constexpr Span hold_pause = seconds(30);
// Deliveries of one partner that are left in peace at once; beyond it nothing begins for that partner.
constexpr size_t held_max = 1000;

}  // namespace

Dispatcher::Dispatcher(DispatcherSeams seams, OutboxLimits limits, const std::vector<Adapter*>& adapters)
    : seams_(std::move(seams)), limits_(limits) {
  partners_.reserve(adapters.size());  // Ended points into it
  for (Adapter* adapter : adapters) partners_.emplace_back(*adapter, limits_);
}

Result<int> Dispatcher::recover() {
  int recovered = 0;
  for (;;) {
    const Result<std::vector<DueDelivery>> rows = seams_.ledger.interrupted(limits_.due_batch);
    if (!rows.ok()) return rows.error();
    if (rows->empty()) break;
    const Instant now = seams_.env.now();
    std::vector<Command> moves;
    for (const DueDelivery& row : *rows) {
      const Span wait =
          backoff(seams_.env, limits_.backoff_first, limits_.backoff_most, std::max(0, row.attempts - 1));
      moves.push_back(
          MoveDelivery{row.id, now, Happening::outcome_lost, std::string(reason::process_died), now + wait});
    }
    const std::vector<Result<Effect>> answers = commit_all(seams_.sink, std::move(moves));
    for (size_t i = 0; i < answers.size(); ++i) {
      if (!answers[i].ok()) return answers[i].error();
      // A row that does not move would be asked for again without end.
      if (*answers[i] != Effect::done)
        return error_of(ErrorCode::corrupt, "a delivery cannot leave \"sending\"");
      const DueDelivery& row = (*rows)[i];
      log(LogLevel::warn, "outcome lost with the process",
          {{"event", row.event_id}, {"delivery", row.id}, {"adapter", SafeText::code(row.adapter)}});
    }
    recovered += static_cast<int>(answers.size());
  }
  recovered_ = true;
  return recovered;
}

Instant Dispatcher::tick(Instant now) {
  PSL_CHECK(recovered_);
  const Instant monotonic = seams_.env.monotonic();
  take_in_ended(monotonic);
  if (seams_.courier.halted()) return now + idle_wait;
  if (monotonic < quiet_until_) return now + (quiet_until_ - monotonic);
  hand_over_overdue(now);
  for (Partner& partner : partners_) {
    settle(partner, now);
    fill(partner, now, monotonic);
  }
  return next_tick(now, monotonic);
}

void Dispatcher::end(Ended ended) {
  {
    const std::lock_guard lock(mutex_);
    ended_.push_back(ended);
  }
  if (seams_.wake) seams_.wake();
}

void Dispatcher::take_in_ended(Instant monotonic) {
  std::vector<Ended> ended;
  {
    const std::lock_guard lock(mutex_);
    ended.swap(ended_);
  }
  for (const Ended& one : ended) {
    if (!one.partner) {
      moving_.erase(one.delivery_id);
      if (one.carried.hold) quiet_until_ = monotonic + quiet_pause;
      continue;
    }
    one.partner->claimed.erase(one.delivery_id);
    one.partner->breaker.end(one.carried.contact, monotonic);
    if (one.carried.hold)
      one.partner->held[one.delivery_id] = monotonic + std::min(hold_pause, limits_.backoff_most);
  }
  for (Partner& partner : partners_) {
    std::erase_if(partner.held, [monotonic](const auto& each) { return each.second <= monotonic; });
  }
}

// Rows that nobody works on. `partner` null: of any partner. An unreadable ledger is left in peace for a
// moment.
std::vector<DueDelivery> Dispatcher::free_of(const Partner* partner, Result<std::vector<DueDelivery>> rows) {
  if (!rows.ok()) {
    log(LogLevel::warn, "ledger not read", {{"cause", SafeText::code(reason_of(rows.error().code))}});
    quiet_until_ = seams_.env.monotonic() + quiet_pause;
    return {};
  }
  const auto is_busy = [&](const DueDelivery& row) {
    if (moving_.contains(row.id)) return true;
    if (partner) return partner->claimed.contains(row.id) || partner->held.contains(row.id);
    return std::ranges::any_of(partners_, [&](const Partner& any) { return any.claimed.contains(row.id); });
  };
  std::erase_if(*rows, is_busy);
  return std::move(rows).value();
}

// How many rows to ask for, so that those in work do not hide those that wait behind them.
int Dispatcher::with_busy(const Partner& partner, int wanted) const {
  return wanted + static_cast<int>(partner.claimed.size() + partner.held.size() + moving_.size());
}

void Dispatcher::hand_over_overdue(Instant now) {
  int busy = static_cast<int>(moving_.size());
  for (const Partner& partner : partners_) busy += static_cast<int>(partner.claimed.size());
  for (const DueDelivery& row : free_of(nullptr, seams_.ledger.overdue(now, limits_.due_batch + busy))) {
    move(row, Happening::given_up, reason::give_up_at_passed, now);
  }
}

void Dispatcher::settle(Partner& partner, Instant now) {
  const AdapterInfo& info = partner.adapter.info();
  if (info.can_look_up) return;  // by a worker, in its turn: see fill()
  const int most = with_busy(partner, limits_.due_batch);
  for (const DueDelivery& row : free_of(&partner, seams_.ledger.unsettled(info.name, now, most))) {
    if (info.repeat_safe) {
      move(row, Happening::may_repeat, reason::repeat_safe, now);
    } else {
      move(row, Happening::cannot_tell, reason::cannot_tell, now);
    }
  }
}

void Dispatcher::fill(Partner& partner, Instant now, Instant monotonic) {
  const AdapterInfo& info = partner.adapter.info();
  const int in_work = static_cast<int>(partner.claimed.size());
  int slots =
      std::min({info.concurrency - in_work, partner.breaker.room(monotonic), partner.pace.room(monotonic)});
  if (slots <= 0 || partner.held.size() >= held_max) return;

  const int most = with_busy(partner, limits_.due_batch);
  std::array<std::deque<DueDelivery>, turn_count> waiting;
  const auto wait = [&](Turn turn, std::vector<DueDelivery> rows) {
    waiting[static_cast<size_t>(turn)].assign(rows.begin(), rows.end());
  };
  for (size_t i = 0; i < lanes.size(); ++i) {
    wait(static_cast<Turn>(i), free_of(&partner, seams_.ledger.due(info.name, lanes[i], now, most)));
  }
  if (info.can_look_up) {
    wait(Turn::look_up, free_of(&partner, seams_.ledger.unsettled(info.name, now, most)));
  }

  while (slots > 0) {
    std::array<bool, turn_count> waits{};
    for (size_t i = 0; i < turn_count; ++i) {
      while (!waiting[i].empty() && hand_over_if_over(waiting[i].front(), now)) waiting[i].pop_front();
      waits[i] = !waiting[i].empty();
    }
    const std::optional<Turn> turn = partner.turns.next(waits);
    if (!turn) return;
    std::deque<DueDelivery>& lane = waiting[static_cast<size_t>(*turn)];
    begin(partner, lane.front(), *turn == Turn::look_up, monotonic);
    lane.pop_front();
    --slots;
  }
}

// True when the machine's time or attempts for it are over; then it takes no slot.
bool Dispatcher::hand_over_if_over(const DueDelivery& due, Instant now) {
  if (due.give_up_at <= now) {
    move(due, Happening::given_up, reason::give_up_at_passed, now);
    return true;
  }
  // An unknown one is asked about however many attempts it had.
  if (due.state == DeliveryState::pending && due.attempts >= limits_.attempts_max) {
    move(due, Happening::given_up, reason::attempts_spent, now);
    return true;
  }
  return false;
}

void Dispatcher::begin(Partner& partner, const DueDelivery& due, bool look_up, Instant monotonic) {
  const bool is_new = partner.claimed.insert(due.id).second;
  PSL_CHECK(is_new);
  partner.breaker.begin(monotonic);
  partner.pace.begin(monotonic);
  seams_.executor.run(partner.adapter.info().name, [this, &partner, due, look_up] {
    Courier& courier = seams_.courier;
    const Carried carried =
        look_up ? courier.look_up(partner.adapter, due) : courier.carry(partner.adapter, due);
    end({due.id, &partner, carried});
  });
}

void Dispatcher::move(const DueDelivery& due, Happening happening, std::string_view why, Instant now) {
  moving_.insert(due.id);
  seams_.sink.submit(MoveDelivery{due.id, now, happening, std::string(why), /*due_at=*/now},
                     [this, due, happening, why](const Result<Effect>& answer) {
                       // Stale: it moved by itself meanwhile, which is as good.
                       if (answer.ok() && *answer == Effect::done) {
                         log(LogLevel::warn, "delivery moved",
                             {{"event", due.event_id},
                              {"delivery", due.id},
                              {"adapter", SafeText::code(due.adapter)},
                              {"happening", SafeText::code(name_of(happening))},
                              {"reason", SafeText::code(why)}});
                       }
                       end({due.id, nullptr, {Contact::none, /*hold=*/!answer.ok()}});
                     });
}

Instant Dispatcher::next_tick(Instant now, Instant monotonic) {
  {
    const std::lock_guard lock(mutex_);
    if (!ended_.empty()) return now;
  }
  const Result<std::optional<Instant>> next = seams_.ledger.next_due();
  if (!next.ok() || monotonic < quiet_until_) return now + quiet_pause;
  if (!next->has_value()) return now + idle_wait;
  if (**next > now) return std::min(**next, now + idle_wait);
  Span wait = blocked_wait;
  for (Partner& partner : partners_) {
    const Span paced = partner.pace.opens(monotonic) - monotonic;
    if (paced.us > 0) wait = std::min(wait, paced);
  }
  return now + wait;
}

}  // namespace psl
