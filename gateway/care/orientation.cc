#include "gateway/care/orientation.h"

#include <algorithm>
#include <utility>

#include "gateway/care/times.h"
#include "passerelle/v1/config.pb.h"
#include "passerelle/v1/delivery.pb.h"

namespace psl::care {
namespace {

using Update = v1::OrientationUpdate;

bool is_open(const stored::OrientationCase& orientation) {
  return orientation.state() == v1::ORIENTATION_STATE_OPEN;
}

// Somebody has accepted and has not seen the patient yet.
bool is_held(const stored::OrientationCase& orientation) {
  return orientation.state() == v1::ORIENTATION_STATE_ACCEPTED ||
         orientation.state() == v1::ORIENTATION_STATE_BOOKED ||
         orientation.state() == v1::ORIENTATION_STATE_TO_REBOOK;
}

// Only a program that repeats itself makes more: the case does not grow with it.
constexpr int bookings_kept = 10;

// However late the dates that somebody gave, an orientation of which nobody says anything is not open for
// longer: it keeps others from asking the same for this patient.
constexpr Span silence_most = seconds(int64_t{366} * 86400);

// How long after the last that is known of an accepted orientation its patient is taken to have been seen.
constexpr Span seen_by_then = seconds(7 * 86400);

bool reached_give_up(const stored::OrientationCase& orientation, Instant now) {
  return orientation.has_give_up_at() && time_of(orientation.give_up_at()) <= now;
}

// When an orientation that somebody has accepted is over, though nobody says so.
Instant end_of_held(const stored::OrientationCase& orientation) {
  Instant last = time_of(orientation.last().at());
  const auto reach = [&](bool present, const google::protobuf::Timestamp& at) {
    if (present) last = std::max(last, time_of(at));
  };
  const v1::Orientation& wanted = orientation.event().orientation();
  reach(orientation.has_give_up_at(), orientation.give_up_at());
  reach(orientation.appointment().has_start(), orientation.appointment().start());
  reach(orientation.appointment().has_end(), orientation.appointment().end());
  reach(wanted.has_wanted_before(), wanted.wanted_before());
  return std::min(last + seen_by_then, time_of(orientation.last().at()) + silence_most);
}

bool waits_for_the_patient(const stored::OrientationCase& orientation, Instant now) {
  return is_held(orientation) && now < end_of_held(orientation);
}

constexpr Span departure_look_most = seconds(15 * 60);

// How long after a proposal was released it should have left, and how often one is looked at that has not:
// well before its time is over, so that what a message says of the time is never far from the truth.
Span departure_look(const stored::OrientationCase& orientation) {
  const Span quarter{orientation.answer_within_s() * 1000000 / 4};
  return std::clamp(quarter, seconds(1), departure_look_most);
}

// Until it is known when it left, its time runs from its release.
bool departure_known(const stored::Proposal& proposal) {
  return !proposal.has_changed_at() || time_of(proposal.changed_at()) != time_of(proposal.proposed_at());
}

// Who was told that somebody else has accepted, and is waited for again.
bool is_revived(const stored::Proposal& proposal) {
  return proposal.state() == v1::PROPOSAL_STATE_PROPOSED && proposal.has_changed_at() &&
         time_of(proposal.changed_at()) > time_of(proposal.proposed_at());
}

Instant next_departure_look(const stored::OrientationCase& orientation, const stored::Proposal& proposal,
                            Instant now) {
  const Instant released = time_of(proposal.changed_at());
  const int64_t every = departure_look(orientation).us;
  const int64_t looks = std::max<int64_t>(now.us - released.us, 0) / every;
  return released + Span{(looks + 1) * every};
}

// The earliest time that an open orientation waits for.
Instant next_of_open(const stored::OrientationCase& orientation, Instant now) {
  Instant next{INT64_MAX};
  for (const stored::Proposal& proposal : orientation.proposals()) {
    if (proposal.state() != v1::PROPOSAL_STATE_PROPOSED) continue;
    next = std::min(next, time_of(proposal.expires_at()));
    if (!departure_known(proposal)) next = std::min(next, next_departure_look(orientation, proposal, now));
  }
  if (orientation.has_alert_at() && !orientation.alerted())
    next = std::min(next, time_of(orientation.alert_at()));
  if (orientation.has_give_up_at()) next = std::min(next, time_of(orientation.give_up_at()));
  return next;
}

// The same of one that somebody has accepted. At give_up_at what was not asked is let go, and what has not
// reached who accepted is handed over.
Instant next_of_held(const stored::OrientationCase& orientation, Instant now) {
  const Instant end = end_of_held(orientation);
  const bool somebody_waits = std::ranges::any_of(orientation.proposals(), [](const auto& proposal) {
    return proposal.state() == v1::PROPOSAL_STATE_WAITING;
  });
  if (!orientation.has_give_up_at()) return end;
  if (!somebody_waits && time_of(orientation.give_up_at()) <= now) return end;
  return std::min(end, time_of(orientation.give_up_at()));
}

// "ACCEPTED" -> "accepted".
std::string lower_word(std::string word) {
  std::transform(word.begin(), word.end(), word.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return word;
}

// One step under construction: the rules below change the state and note what follows from it.
class StepMaker {
 public:
  StepMaker(stored::OrientationCase state, Instant now, std::optional<Instant> happened_at = std::nullopt)
      : now_(now), happened_at_(happened_at.value_or(now)) {
    step_.state = std::move(state);
  }

  stored::OrientationCase& state() { return step_.state; }
  stored::Proposal& proposal(int index) { return *step_.state.mutable_proposals(index); }
  void turn(stored::Proposal& proposal, v1::ProposalState state) {
    proposal.set_state(state);
    put_time(*proposal.mutable_changed_at(), now_);
  }
  void show(Update::Step visible) { step_.visible = visible; }
  void tell(int index, stored::Telling telling) {
    const stored::Proposal& proposal = step_.state.proposals(index);
    // Who has answered knows of the request, however it was asked.
    const bool may_not_know =
        proposal.state() == v1::PROPOSAL_STATE_PROPOSED || proposal.state() == v1::PROPOSAL_STATE_TAKEN;
    step_.told.push_back({proposal.recipient_index(), telling, may_not_know ? index : -1});
  }
  void withdraw(int index) { step_.withdraw.push_back(index); }
  // Ends all that is asked, and all that waits for its turn.
  void withdraw_the_rest();

  void note(Update::Step step, Update::Reason reason = Update::REASON_UNSPECIFIED, std::string text = {}) {
    stored::LastStep& last = *step_.state.mutable_last();
    last.set_step(step);
    put_time(*last.mutable_at(), now_);
    put_time(*last.mutable_occurred_at(), happened_at_);
    last.set_reason(reason);
    last.set_reason_text(std::move(text));
  }

  // The time of who was asked runs from when the proposal left. True: one has not left though it should have.
  bool date_departures(std::span<const DeliveryState> deliveries, std::span<const Instant> left_at);
  // Ends what was asked and whose time is over.
  void expire_due(std::span<const DeliveryState> deliveries = {});
  // Brings the state to rest: asks whom it may ask, ends what nobody is left for, says when to look again.
  OrientationStep finish(int number) &&;
  // The same without asking anybody: what the state means as it is.
  OrientationStep rest(int number) &&;

 private:
  int count(v1::ProposalState state) const;
  void ask_who_is_next();
  void end_as_spent();
  std::string attention() const;
  std::string audit(int number) const;

  Instant now_;
  Instant happened_at_;
  OrientationStep step_;
};

bool StepMaker::date_departures(std::span<const DeliveryState> deliveries, std::span<const Instant> left_at) {
  bool waits = false;
  for (int i = 0; i < step_.state.proposals_size(); ++i) {
    stored::Proposal& proposal = *step_.state.mutable_proposals(i);
    const size_t at = static_cast<size_t>(i);
    if (proposal.state() != v1::PROPOSAL_STATE_PROPOSED || at >= deliveries.size() ||
        departure_known(proposal))
      continue;
    const bool has_left =
        deliveries[at] == DeliveryState::delivered && at < left_at.size() && left_at[at] > Instant{};
    const bool is_late =
        (deliveries[at] == DeliveryState::pending || deliveries[at] == DeliveryState::sending) &&
        now_ >= time_of(proposal.changed_at()) + departure_look(step_.state);
    if (!has_left && !is_late) continue;
    const Instant released = time_of(proposal.changed_at());
    const Instant from = has_left ? std::max(left_at[at], Instant{released.us + 1}) : now_;
    Instant expires = from + seconds(step_.state.answer_within_s());
    if (step_.state.has_give_up_at()) expires = std::min(expires, time_of(step_.state.give_up_at()));
    put_time(*proposal.mutable_expires_at(), std::max(expires, time_of(proposal.expires_at())));
    if (has_left) put_time(*proposal.mutable_proposed_at(), from);
    waits |= is_late;
  }
  return waits;
}

void StepMaker::expire_due(std::span<const DeliveryState> deliveries) {
  for (int i = 0; i < step_.state.proposals_size(); ++i) {
    stored::Proposal& proposal = *step_.state.mutable_proposals(i);
    if (proposal.state() != v1::PROPOSAL_STATE_PROPOSED || time_of(proposal.expires_at()) > now_) continue;
    turn(proposal, v1::PROPOSAL_STATE_EXPIRED);
    const size_t at = static_cast<size_t>(i);
    if (at >= deliveries.size() || !is_final(deliveries[at])) step_.expire.push_back(i);
  }
}

int StepMaker::count(v1::ProposalState state) const {
  return static_cast<int>(std::count_if(step_.state.proposals().begin(), step_.state.proposals().end(),
                                        [&](const auto& proposal) { return proposal.state() == state; }));
}

void StepMaker::ask_who_is_next() {
  const bool parallel = step_.state.event().orientation().mode() == v1::Orientation::PARALLEL;
  // Never 0: a proposal that expires when it is made would be asked in vain.
  Instant expires = now_ + seconds(std::max<int64_t>(step_.state.answer_within_s(), 1));
  if (step_.state.has_give_up_at()) expires = std::min(expires, time_of(step_.state.give_up_at()));
  for (int i = 0; i < step_.state.proposals_size(); ++i) {
    if (!parallel && count(v1::PROPOSAL_STATE_PROPOSED) > 0) return;
    stored::Proposal& proposal = *step_.state.mutable_proposals(i);
    if (proposal.state() != v1::PROPOSAL_STATE_WAITING) continue;
    turn(proposal, v1::PROPOSAL_STATE_PROPOSED);
    put_time(*proposal.mutable_proposed_at(), now_);
    put_time(*proposal.mutable_expires_at(), expires);
    step_.release.push_back(i);
  }
}

void StepMaker::end_as_spent() {
  step_.state.set_state(v1::ORIENTATION_STATE_SPENT);
  step_.visible = Update::SPENT;
  if (step_.state.last().step() == Update::STEP_UNSPECIFIED) note(Update::SPENT);
}

void StepMaker::withdraw_the_rest() {
  for (int i = 0; i < step_.state.proposals_size(); ++i) {
    stored::Proposal& proposal = *step_.state.mutable_proposals(i);
    if (proposal.state() != v1::PROPOSAL_STATE_WAITING && proposal.state() != v1::PROPOSAL_STATE_PROPOSED)
      continue;
    turn(proposal, v1::PROPOSAL_STATE_WITHDRAWN);
    withdraw(i);
  }
}

std::string StepMaker::attention() const {
  if (is_open(step_.state)) {
    if (step_.state.alerted()) return "DEADLINE_NEAR";
    // Nobody but those who believe that it is taken: only a human tells them.
    const bool asked_somebody = std::ranges::any_of(step_.state.proposals(), [](const auto& proposal) {
      return proposal.state() == v1::PROPOSAL_STATE_PROPOSED && !is_revived(proposal);
    });
    if (asked_somebody) return {};
  } else if (step_.state.state() != v1::ORIENTATION_STATE_SPENT) {
    return {};
  }
  return step_.state.last().step() == Update::PATIENT_DECLINED ? "PATIENT_CHOSE_OTHERWISE"
                                                               : "CANDIDATES_SPENT";
}

std::string StepMaker::audit(int number) const {
  const stored::OrientationCase& state = step_.state;
  std::string word = "begun";
  if (step_.visible != Update::STEP_UNSPECIFIED) {
    word = lower_word(Update::Step_Name(step_.visible));
  } else if (!step_.attention.empty()) {
    word = lower_word(step_.attention);
  }
  std::string text = "orientation=" + word;
  if (number >= 0) text += " proposal=" + std::to_string(number + 1);
  text += " of=" + std::to_string(state.proposals_size());
  if (!step_.release.empty()) text += " asked=" + std::to_string(step_.release.size());
  if (!state.priority_rules().empty()) {
    text += " class=" + std::to_string(state.priority_class()) +
            " score=" + std::to_string(state.priority_score()) + " rules=" + state.priority_rules();
  }
  return text;
}

OrientationStep StepMaker::finish(int number) && {
  stored::OrientationCase& state = step_.state;
  state.set_order(next_order(state.order(), now_));
  if (is_open(state)) {
    if (!reached_give_up(state, now_)) ask_who_is_next();
    if (count(v1::PROPOSAL_STATE_PROPOSED) == 0) end_as_spent();
  }
  // Told once, and again when an orientation that was accepted opens again so late.
  if (is_open(state) && state.has_alert_at() && time_of(state.alert_at()) <= now_) state.set_alerted(true);
  const bool may_ask_again = waits_for_the_patient(state, now_) && !reached_give_up(state, now_);
  if (!is_open(state) && !may_ask_again) withdraw_the_rest();
  return std::move(*this).rest(number);
}

OrientationStep StepMaker::rest(int number) && {
  step_.open = is_open(step_.state) || waits_for_the_patient(step_.state, now_);
  step_.wake_at = next_look(step_.state, now_);
  step_.attention = attention();
  step_.audit = audit(number);
  return std::move(step_);
}

int accepted_index(const stored::OrientationCase& orientation) {
  for (int i = 0; i < orientation.proposals_size(); ++i) {
    if (orientation.proposals(i).state() == v1::PROPOSAL_STATE_ACCEPTED) return i;
  }
  return -1;
}

// -1: no such proposal.
int proposal_index(const stored::OrientationCase& orientation, const std::string& proposal_id) {
  const std::optional<Uuid> id = Uuid::parse(proposal_id);
  if (!id) return -1;
  for (int i = 0; i < orientation.proposals_size(); ++i) {
    if (orientation.proposals(i).delivery_id() == id->raw()) return i;
  }
  return -1;
}

void record_answer(StepMaker& maker, int index, v1::ProposalState state, const Update& update, Instant now) {
  stored::Proposal& proposal = maker.proposal(index);
  maker.turn(proposal, state);
  put_time(*proposal.mutable_answered_at(), now);
  proposal.set_channel(update.channel());
  proposal.set_reason(update.reason());
  proposal.set_reason_text(update.reason_text());
}

// The orientation looks for somebody again: those who were told that it is taken are not asked again by
// themselves, because they were told so; but a yes that comes in their time counts.
void reopen(StepMaker& maker, Instant now) {
  stored::OrientationCase& state = maker.state();
  state.set_state(v1::ORIENTATION_STATE_OPEN);
  state.clear_appointment();
  for (stored::Proposal& proposal : *state.mutable_proposals()) {
    if (proposal.state() == v1::PROPOSAL_STATE_TAKEN && time_of(proposal.expires_at()) > now)
      maker.turn(proposal, v1::PROPOSAL_STATE_PROPOSED);
  }
}

// The appointment that stands; null: none.
stored::Booking* standing_booking(stored::OrientationCase& state) {
  if (state.bookings().empty()) return nullptr;
  stored::Booking& last = *state.mutable_bookings(state.bookings_size() - 1);
  return last.has_ended() ? nullptr : &last;
}

void keep_bookings(stored::OrientationCase& state) {
  const std::vector<stored::Booking> bookings = bookings_of(state);
  state.mutable_bookings()->Assign(bookings.begin(), bookings.end());
}

void book(stored::OrientationCase& state, const v1::Appointment& appointment, int accepted) {
  *state.mutable_appointment() = appointment;
  stored::Booking* booking = standing_booking(state);
  if (booking == nullptr) {
    const int before = state.bookings().empty() ? 0 : state.bookings().rbegin()->number();
    if (state.bookings_size() >= bookings_kept) state.mutable_bookings()->DeleteSubrange(0, 1);
    booking = state.add_bookings();
    booking->set_number(before + 1);
  }
  *booking->mutable_appointment() = appointment;
  booking->set_proposal(accepted);
}

// By the step that was just noted.
void end_booking(stored::OrientationCase& state) {
  stored::Booking* booking = standing_booking(state);
  if (booking != nullptr) *booking->mutable_ended() = state.last();
}

enum class Verdict { applies, repeats };

// Whether an answer may be given to this proposal. A proposal whose time is over stays closed, even while
// nobody else has accepted: its candidate was told until when, and the next one may be about to accept in
// good faith. The caller who still wants it can ask again.
Result<Verdict> judge_answer(const stored::OrientationCase& orientation, const stored::Proposal& proposal,
                             Update::Step answer, Instant now) {
  switch (proposal.state()) {
    case v1::PROPOSAL_STATE_PROPOSED:
      if (time_of(proposal.expires_at()) <= now) return error_of(ErrorCode::proposal_closed);
      return Verdict::applies;
    case v1::PROPOSAL_STATE_TAKEN:
      // A refusal of what is taken already changes nothing for anybody.
      if (answer == Update::DECLINED) return Verdict::repeats;
      return error_of(ErrorCode::already_taken);
    case v1::PROPOSAL_STATE_DECLINED:
      if (answer == Update::DECLINED) return Verdict::repeats;
      return error_of(ErrorCode::already_answered);
    case v1::PROPOSAL_STATE_ACCEPTED:
      if (orientation.state() == v1::ORIENTATION_STATE_CANCELLED) return error_of(ErrorCode::proposal_closed);
      if (answer == Update::ACCEPTED) return Verdict::repeats;
      // Who accepted may step back as long as the patient was not seen: it is better known than hoped for.
      if (!is_held(orientation)) return error_of(ErrorCode::step_not_possible);
      return Verdict::applies;
    case v1::PROPOSAL_STATE_WAITING:
      return error_of(ErrorCode::step_not_possible);
    default:
      return error_of(ErrorCode::proposal_closed);
  }
}

void accept(StepMaker& maker, int index, const Update& update, Instant now) {
  record_answer(maker, index, v1::PROPOSAL_STATE_ACCEPTED, update, now);
  maker.state().set_state(v1::ORIENTATION_STATE_ACCEPTED);
  maker.state().set_alerted(false);
  for (int i = 0; i < maker.state().proposals_size(); ++i) {
    if (maker.proposal(i).state() != v1::PROPOSAL_STATE_PROPOSED) continue;
    const bool was_told = is_revived(maker.proposal(i));
    maker.turn(maker.proposal(i), v1::PROPOSAL_STATE_TAKEN);
    maker.withdraw(i);
    if (!was_told) maker.tell(i, stored::TELLING_TAKEN);
  }
  if (update.channel() == v1::ANSWER_CHANNEL_LINK || update.channel() == v1::ANSWER_CHANNEL_MAIL)
    maker.tell(index, stored::TELLING_CONFIRMED);
}

void decline(StepMaker& maker, int index, const Update& update, Instant now) {
  const bool had_accepted = maker.proposal(index).state() == v1::PROPOSAL_STATE_ACCEPTED;
  if (had_accepted) end_booking(maker.state());
  record_answer(maker, index, v1::PROPOSAL_STATE_DECLINED, update, now);
  maker.withdraw(index);
  if (had_accepted) reopen(maker, now);
}

Result<OrientationStep> answer(const stored::OrientationCase& before, const Update& update, Instant now,
                               std::optional<Instant> happened_at) {
  const int index = proposal_index(before, update.proposal_id());
  if (index < 0) return error_of(ErrorCode::not_found, "the orientation has no such proposal");
  const Result<Verdict> verdict = judge_answer(before, before.proposals(index), update.step(), now);
  if (!verdict) return verdict.error();
  if (*verdict == Verdict::repeats) {
    OrientationStep step = StepMaker(before, now).rest(index);
    step.audit = "orientation=repeated proposal=" + std::to_string(index + 1);
    return step;
  }
  StepMaker maker(before, now, happened_at);
  maker.state().set_steps(before.steps() + 1);
  maker.expire_due();
  keep_bookings(maker.state());
  maker.note(update.step(), update.reason(), update.reason_text());
  maker.show(update.step());
  if (update.step() == Update::ACCEPTED) {
    accept(maker, index, update, now);
  } else {
    decline(maker, index, update, now);
  }
  return std::move(maker).finish(index);
}

// The states from which a step that is no answer may be taken.
bool step_possible(const stored::OrientationCase& orientation, Update::Step step) {
  const v1::OrientationState state = orientation.state();
  switch (step) {
    case Update::BOOKED:
    case Update::SEEN:
    case Update::PATIENT_DECLINED:
      return is_held(orientation);
    case Update::NO_SHOW:
    case Update::APPOINTMENT_CANCELLED:
      return state == v1::ORIENTATION_STATE_BOOKED;
    case Update::COMPLETED:
      return is_held(orientation) || state == v1::ORIENTATION_STATE_SEEN;
    case Update::CANCELLED:
      return state != v1::ORIENTATION_STATE_COMPLETED && state != v1::ORIENTATION_STATE_CANCELLED;
    case Update::RESCHEDULED:
      return is_open(orientation) || is_held(orientation);
    default:
      return false;
  }
}

void tell_concerned(StepMaker& maker, stored::Telling telling) {
  for (int i = 0; i < maker.state().proposals_size(); ++i) {
    const v1::ProposalState state = maker.proposal(i).state();
    if (state == v1::PROPOSAL_STATE_PROPOSED || state == v1::PROPOSAL_STATE_ACCEPTED) maker.tell(i, telling);
  }
}

void reschedule(StepMaker& maker, const Update& update) {
  v1::Orientation& wanted = *maker.state().mutable_event()->mutable_orientation();
  wanted.clear_wanted_from();
  wanted.clear_wanted_before();
  if (update.has_wanted_from()) *wanted.mutable_wanted_from() = update.wanted_from();
  if (update.has_wanted_before()) *wanted.mutable_wanted_before() = update.wanted_before();
  tell_concerned(maker, stored::TELLING_RESCHEDULED);
}

void take_step(StepMaker& maker, const Update& update, int accepted, Instant now) {
  stored::OrientationCase& state = maker.state();
  if (update.step() != Update::BOOKED && update.step() != Update::RESCHEDULED) end_booking(state);
  switch (update.step()) {
    case Update::BOOKED:
      state.set_state(v1::ORIENTATION_STATE_BOOKED);
      book(state, update.appointment(), accepted);
      return;
    case Update::NO_SHOW:
    case Update::APPOINTMENT_CANCELLED:
      // The appointment stays, so that what is told of it can say which one it was.
      state.set_state(v1::ORIENTATION_STATE_TO_REBOOK);
      return;
    case Update::SEEN:
      state.set_state(v1::ORIENTATION_STATE_SEEN);
      return;
    case Update::COMPLETED:
      state.set_state(v1::ORIENTATION_STATE_COMPLETED);
      return;
    case Update::PATIENT_DECLINED: {
      stored::Proposal& proposal = maker.proposal(accepted);
      maker.turn(proposal, v1::PROPOSAL_STATE_PATIENT_DECLINED);
      proposal.set_reason(update.reason());
      proposal.set_reason_text(update.reason_text());
      maker.withdraw(accepted);
      maker.tell(accepted, stored::TELLING_PATIENT_DECLINED);
      return reopen(maker, now);
    }
    case Update::CANCELLED:
      tell_concerned(maker, stored::TELLING_CANCELLED);
      if (accepted >= 0) maker.withdraw(accepted);
      state.set_state(v1::ORIENTATION_STATE_CANCELLED);
      return;
    default:
      return reschedule(maker, update);
  }
}

// Deliveries that never reached, or will never reach, their candidate.
bool never_arrives(std::span<const DeliveryState> deliveries, int index) {
  if (static_cast<size_t>(index) >= deliveries.size()) return false;
  const DeliveryState state = deliveries[static_cast<size_t>(index)];
  return is_final(state) && state != DeliveryState::delivered;
}

// The first one that became unreachable; -1: none. Those whose turn has not come count only beside one whose
// turn it is.
int mark_unreachable(StepMaker& maker, std::span<const DeliveryState> deliveries, v1::ProposalState among) {
  int first = -1;
  for (int i = 0; i < maker.state().proposals_size(); ++i) {
    stored::Proposal& proposal = maker.proposal(i);
    if (proposal.state() != among || !never_arrives(deliveries, i)) continue;
    maker.turn(proposal, v1::PROPOSAL_STATE_UNREACHABLE);
    if (first < 0) first = i;
  }
  return first;
}

// The accepted proposal when it still waits to be sent past give_up_at: nothing sends it any more, and
// whoever accepted has no document. -1: none.
int unsent_past_its_time(const stored::OrientationCase& orientation,
                         std::span<const DeliveryState> deliveries, Instant now) {
  const int accepted = accepted_index(orientation);
  if (accepted < 0 || static_cast<size_t>(accepted) >= deliveries.size() ||
      !reached_give_up(orientation, now))
    return -1;
  const DeliveryState state = deliveries[static_cast<size_t>(accepted)];
  return state == DeliveryState::pending || state == DeliveryState::unknown ? accepted : -1;
}

// Of one that somebody has accepted: nobody is asked any more, or it is over. Nothing before.
std::optional<OrientationStep> elapse_held(const stored::OrientationCase& before,
                                           std::span<const DeliveryState> deliveries, Instant now) {
  const int unsent = unsent_past_its_time(before, deliveries, now);
  StepMaker maker(before, now);
  maker.state().set_steps(before.steps() + 1);
  OrientationStep step = std::move(maker).finish(-1);
  if (unsent >= 0) step.hand_over.push_back(unsent);
  if (step.open && step.withdraw.empty() && step.hand_over.empty()) return std::nullopt;
  step.audit = step.open ? "orientation=no_more_candidates" : "orientation=over";
  return step;
}

// Of the proposals that are asked.
bool times_differ(const stored::OrientationCase& a, const stored::OrientationCase& b) {
  for (int i = 0; i < a.proposals_size(); ++i) {
    if (time_of(a.proposals(i).expires_at()) != time_of(b.proposals(i).expires_at()) ||
        time_of(a.proposals(i).proposed_at()) != time_of(b.proposals(i).proposed_at()))
      return true;
  }
  return false;
}

int first_due(const stored::OrientationCase& orientation, Instant now) {
  for (int i = 0; i < orientation.proposals_size(); ++i) {
    const stored::Proposal& proposal = orientation.proposals(i);
    if (proposal.state() == v1::PROPOSAL_STATE_PROPOSED && time_of(proposal.expires_at()) <= now) return i;
  }
  return -1;
}

}  // namespace

OrientationStep begin(stored::OrientationCase state, std::span<const NewProposal> candidates, Instant now) {
  state.set_state(v1::ORIENTATION_STATE_OPEN);
  state.clear_proposals();
  for (const NewProposal& candidate : candidates) {
    stored::Proposal& proposal = *state.add_proposals();
    proposal.set_recipient_index(candidate.recipient_index);
    proposal.set_delivery_id(candidate.delivery_id.raw());
    put_time(*proposal.mutable_changed_at(), now);
    proposal.set_state(candidate.unreachable ? v1::PROPOSAL_STATE_UNREACHABLE : v1::PROPOSAL_STATE_WAITING);
  }
  return StepMaker(std::move(state), now).finish(-1);
}

Result<OrientationStep> apply(const stored::OrientationCase& before, const v1::OrientationUpdate& update,
                              Instant now, std::optional<Instant> happened_at) {
  if (update.step() == Update::ACCEPTED || update.step() == Update::DECLINED)
    return answer(before, update, now, happened_at);
  if (!step_possible(before, update.step())) return error_of(ErrorCode::step_not_possible);
  const int accepted = accepted_index(before);
  if (!update.proposal_id().empty()) {
    const int named = proposal_index(before, update.proposal_id());
    if (named < 0) return error_of(ErrorCode::not_found, "the orientation has no such proposal");
    if (named != accepted)
      return error_of(ErrorCode::step_not_possible, "proposal_id: the accepted proposal expected");
  }
  StepMaker maker(before, now, happened_at);
  maker.state().set_steps(before.steps() + 1);
  maker.expire_due();
  keep_bookings(maker.state());
  maker.note(update.step(), update.reason(), update.reason_text());
  maker.show(update.step());
  take_step(maker, update, accepted, now);
  return std::move(maker).finish(accepted);
}

std::optional<OrientationStep> elapse(const stored::OrientationCase& before,
                                      std::span<const DeliveryState> deliveries, Instant now,
                                      std::span<const Instant> left_at) {
  if (is_held(before)) return elapse_held(before, deliveries, now);
  if (!is_open(before)) return std::nullopt;
  StepMaker maker(before, now);
  maker.state().set_steps(before.steps() + 1);
  const bool waits = maker.date_departures(deliveries, left_at);
  int number = mark_unreachable(maker, deliveries, v1::PROPOSAL_STATE_PROPOSED);
  if (number >= 0) maker.show(Update::UNREACHABLE);
  const int due = first_due(maker.state(), now);
  if (due >= 0) {
    number = due;
    maker.show(Update::EXPIRED);
    maker.expire_due(deliveries);
  }
  const bool alert = before.has_alert_at() && !before.alerted() && time_of(before.alert_at()) <= now;
  const bool dated = times_differ(maker.state(), before);
  if (number < 0 && !alert && !dated) return std::nullopt;
  if (number >= 0) {
    maker.note(due >= 0 ? Update::EXPIRED : Update::UNREACHABLE);
    mark_unreachable(maker, deliveries, v1::PROPOSAL_STATE_WAITING);
  }
  OrientationStep step = std::move(maker).finish(number);
  if (waits && step.open && step.attention.empty()) step.attention = proposal_waits;
  if (number < 0 && !alert) step.audit = waits ? "orientation=proposal_waits_to_leave" : "";
  return step;
}

std::optional<OrientationStep> end_with_consent(const stored::OrientationCase& before, Instant now) {
  if (!is_open(before) && !is_held(before)) return std::nullopt;
  StepMaker maker(before, now);
  maker.withdraw_the_rest();
  if (is_open(before)) {
    maker.state().set_state(v1::ORIENTATION_STATE_SPENT);
    maker.note(Update::SPENT);
  }
  maker.state().set_steps(before.steps() + 1);
  maker.state().set_order(next_order(before.order(), now));
  OrientationStep step = std::move(maker).rest(-1);
  if (is_held(before) && step.withdraw.empty()) return std::nullopt;
  step.attention = consent_withdrawn;
  step.audit = "orientation=consent_ended";
  return step;
}

Instant next_look(const stored::OrientationCase& orientation, Instant now) {
  Instant next;
  if (is_open(orientation)) {
    next = next_of_open(orientation, now);
  } else if (waits_for_the_patient(orientation, now)) {
    next = next_of_held(orientation, now);
  } else {
    return {};
  }
  // What is due already is looked at by the next step, and the clock never turns on the spot.
  return std::max(next, Instant{now.us + 1});
}

std::vector<stored::Booking> bookings_of(const stored::OrientationCase& orientation) {
  std::vector<stored::Booking> bookings(orientation.bookings().begin(), orientation.bookings().end());
  if (!bookings.empty() || !orientation.has_appointment()) return bookings;
  stored::Booking& only = bookings.emplace_back();
  only.set_number(1);
  *only.mutable_appointment() = orientation.appointment();
  only.set_proposal(accepted_index(orientation));
  if (orientation.state() != v1::ORIENTATION_STATE_BOOKED) *only.mutable_ended() = orientation.last();
  return bookings;
}

v1::OrientationStatus status_of(const stored::OrientationCase& orientation) {
  v1::OrientationStatus status;
  status.set_state(orientation.state());
  status.set_priority_class(orientation.priority_class());
  status.set_priority_score(orientation.priority_score());
  status.set_priority_rules(orientation.priority_rules());
  for (const stored::Proposal& from : orientation.proposals()) {
    v1::ProposalStatus& to = *status.add_proposals();
    to.set_recipient_index(from.recipient_index());
    if (const std::optional<Uuid> id = Uuid::from_raw(from.delivery_id())) to.set_proposal_id(id->text());
    to.set_state(from.state());
    if (from.has_proposed_at()) *to.mutable_proposed_at() = from.proposed_at();
    if (from.has_expires_at()) *to.mutable_expires_at() = from.expires_at();
    if (from.has_answered_at()) *to.mutable_answered_at() = from.answered_at();
    to.set_channel(from.channel());
    to.set_reason(from.reason());
  }
  return status;
}

Span answer_span(const v1::Orientation& orientation, const v1::Tenant& tenant) {
  const auto span = [](const google::protobuf::Duration& d) {
    return Span{d.seconds() * 1000000 + d.nanos() / 1000};
  };
  if (orientation.has_answer_within()) return span(orientation.answer_within());
  if (tenant.has_answer_within()) return span(tenant.answer_within());
  switch (orientation.kind()) {
    case v1::Orientation::DIRECT_ADMISSION:
      return seconds(3600);
    case v1::Orientation::UNSCHEDULED_CARE:
    case v1::Orientation::PARAMEDICAL:
      return seconds(2 * 3600);
    default:
      return seconds(48 * 3600);
  }
}

std::string subject_of(const v1::Orientation& orientation) {
  std::string subject = lower_word(v1::Orientation::Kind_Name(orientation.kind()));
  if (orientation.kind() == v1::Orientation::SPECIALIST) subject += " " + orientation.specialty().code();
  if (orientation.kind() == v1::Orientation::PARAMEDICAL) subject += " " + orientation.profession().code();
  return subject;
}

}  // namespace psl::care
