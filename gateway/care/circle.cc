#include "gateway/care/circle.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "gateway/care/times.h"

namespace psl::care {
namespace {

using Membership = stored::CircleCase::Membership;

#define PSL_REGIME(rule, standing, basis, content, consent, objection, outcome, needs_consent, text)
#define PSL_MAILBOX_RULE(rule, text) constexpr std::string_view rule##_fr = text;
#include "gateway/care/regimes.def"
#undef PSL_MAILBOX_RULE
#undef PSL_REGIME

// Reaches beyond `at`; it may begin later.
bool reaches_beyond(const Membership& membership, Instant at) {
  return !membership.has_until() || time_of(membership.until()) > at;
}

bool covers(const Membership& membership, Instant at) {
  return time_of(membership.from()) <= at && reaches_beyond(membership, at);
}

const std::string& mailbox_of(const v1::CircleMember& member) {
  return member.has_structure() ? member.structure().mailbox() : member.person().mailbox();
}

ConsentState consent_state(const stored::CircleCase& circle, Instant at) {
  const v1::Consent* last = last_consent(circle);
  if (last == nullptr) return ConsentState::none;
  const bool expired = last->has_expires_at() && time_of(last->expires_at()) <= at;
  return last->decision() == v1::Consent::GIVEN && !expired ? ConsentState::holds : ConsentState::refused;
}

// What the records say about one member or one standing: the latest that names it decides.
template <typename Names>
bool objection_stands(const stored::CircleCase& circle, const Names& names) {
  bool stands = false;
  std::optional<Instant> latest;
  for (const auto& record : circle.objections()) {
    const Instant at = time_of(record.at());
    if (!names(record.objection()) || (latest && at < *latest)) continue;
    latest = at;
    stands = !record.objection().lifted();
  }
  return stands;
}

// Who it is, whatever the member_id; empty: not known.
const std::string& person_id(const v1::CircleMember& member) {
  return member.person().professional().national_id();
}

// Under which the person is, or was, in the circle: one person is one, whatever a sender calls it.
std::set<std::string_view> ids_of_person(const stored::CircleCase& circle, const v1::CircleMember& member) {
  std::set<std::string_view> ids = {member.member_id()};
  if (person_id(member).empty()) return ids;
  for (const Membership& record : circle.memberships())
    if (person_id(record.member()) == person_id(member)) ids.insert(record.member().member_id());
  return ids;
}

bool objects_to_person(const stored::CircleCase& circle, const v1::CircleMember& member) {
  const std::set<std::string_view> person = ids_of_person(circle, member);
  return objection_stands(circle, [&](const v1::Objection& objection) {
    const auto& ids = objection.member_ids();
    return std::any_of(ids.begin(), ids.end(), [&](const std::string& id) { return person.contains(id); });
  });
}

bool objects_to_member(const stored::CircleCase& circle, const std::string& member_id) {
  const auto& records = circle.memberships();
  const auto last = std::find_if(records.rbegin(), records.rend(), [&](const Membership& record) {
    return record.member().member_id() == member_id;
  });
  if (last != records.rend()) return objects_to_person(circle, last->member());
  v1::CircleMember nobody_yet;
  nobody_yet.set_member_id(member_id);
  return objects_to_person(circle, nobody_yet);
}

bool objects_to_standing(const stored::CircleCase& circle, int standing) {
  return objection_stands(circle, [&](const v1::Objection& objection) {
    const auto& standings = objection.standings();
    return std::find(standings.begin(), standings.end(), standing) != standings.end();
  });
}

bool patient_objects(const stored::CircleCase& circle, const v1::CircleMember& member) {
  if (circle.objections().empty()) return false;
  return objects_to_person(circle, member) || objects_to_standing(circle, member.standing());
}

// The last record of which something stands; null: none.
const stored::CircleCase::ObjectionRecord* last_objection(const stored::CircleCase& circle) {
  for (int i = circle.objections_size() - 1; i >= 0; --i) {
    const v1::Objection& objection = circle.objections(i).objection();
    if (objection.lifted()) continue;
    const auto& ids = objection.member_ids();
    const auto& standings = objection.standings();
    const bool stands = std::any_of(ids.begin(), ids.end(),
                                    [&](const std::string& id) { return objects_to_member(circle, id); }) ||
                        std::any_of(standings.begin(), standings.end(),
                                    [&](int standing) { return objects_to_standing(circle, standing); });
    if (stands) return &circle.objections(i);
  }
  return nullptr;
}

std::string without_period(v1::CircleMember member) {
  member.clear_start();
  member.clear_end();
  return member.SerializeAsString();
}

// Whether `member` says of the membership what is known already.
bool says_the_same(const Membership& known, const v1::CircleMember& member) {
  if (member.has_end() != known.has_until()) return false;
  if (member.has_end() && time_of(member.end()) != time_of(known.until())) return false;
  if (member.has_start()) {
    const auto& start = known.member().has_start() ? known.member().start() : known.from();
    if (time_of(member.start()) != time_of(start)) return false;
  }
  return without_period(known.member()) == without_period(member);
}

// A change of the circle under construction.
class CircleMaker {
 public:
  CircleMaker(const stored::CircleCase& before, const Uuid& event_id, Instant at)
      : before_(before), event_(event_id.raw()), at_(at) {
    step_.circle = before;
  }

  // `holder`: the enrolment, raw; empty: the change itself, which holds until a leave.
  void join(const v1::CircleMember& member, const std::string& path, const std::string& holder);
  void leave(const v1::Leave& leave, const std::string& path);
  void decide(const v1::Consent& consent, const std::string& path);
  void object(const v1::Objection& objection, const std::string& path);
  // Nobody but those in `stay` is held by `holder` any more; whom nothing else holds leaves.
  void release(const std::string& holder, const std::set<std::string_view>& stay, Instant when);
  // Notes each identifier once: a second time is a fault.
  void name_once(const std::string& member_id, const std::string& path);
  Result<CircleStep> finish(const std::string& list_path) &&;

 private:
  void fault(std::string path, std::string text) { faults_.push_back({std::move(path), std::move(text)}); }
  // The latest record of a member who is there, or will be; -1: none.
  int current(const std::string& member_id) const;
  Instant began(int index) const;
  void end_from(const std::string& member_id, Instant when);
  void end_record(Membership& record, Instant when);
  void add_record(const v1::CircleMember& member, Instant from, const std::string& path);
  void warn(std::string code, std::string path, std::string text, std::string text_fr);
  void warn_of_same_people();
  // It was said before, and changes nothing.
  void repeat(std::string path);
  bool ended_already(const v1::CircleMember& member) const;
  bool left_already(const v1::Leave& leave) const;
  bool stands_already(const v1::Objection& objection) const;

  const stored::CircleCase& before_;
  const std::string event_;
  const Instant at_;
  CircleStep step_;
  std::vector<FieldFault> faults_;
  std::set<std::string> named_;
  // Those of the event that brought something new, and their paths.
  std::vector<std::pair<const v1::CircleMember*, std::string>> joined_;
  int joins_ = 0;
  int updates_ = 0;
  int leaves_ = 0;
  int objections_ = 0;
  int repeated_ = 0;
};

int CircleMaker::current(const std::string& member_id) const {
  for (int i = step_.circle.memberships_size() - 1; i >= 0; --i) {
    const Membership& record = step_.circle.memberships(i);
    if (record.member().member_id() == member_id && reaches_beyond(record, at_)) return i;
  }
  return -1;
}

// When the membership began, over the records that brought it up to date.
Instant CircleMaker::began(int index) const {
  const std::string& member_id = step_.circle.memberships(index).member().member_id();
  Instant from = time_of(step_.circle.memberships(index).from());
  for (int i = index - 1; i >= 0; --i) {
    const Membership& record = step_.circle.memberships(i);
    if (record.member().member_id() == member_id && record.has_until() && time_of(record.until()) == from)
      from = time_of(record.from());
  }
  return from;
}

void CircleMaker::end_record(Membership& record, Instant when) {
  put_time(*record.mutable_until(), std::max(when, time_of(record.from())));
  record.set_ended_by_event(event_);
}

void CircleMaker::end_from(const std::string& member_id, Instant when) {
  for (Membership& record : *step_.circle.mutable_memberships()) {
    if (record.member().member_id() == member_id && reaches_beyond(record, when)) end_record(record, when);
  }
}

void CircleMaker::add_record(const v1::CircleMember& member, Instant from, const std::string& path) {
  joined_.emplace_back(&member, path);
  Membership& record = *step_.circle.add_memberships();
  *record.mutable_member() = member;
  put_time(*record.mutable_from(), from);
  if (member.has_end()) *record.mutable_until() = member.end();
  record.set_by_event(event_);
}

void CircleMaker::warn(std::string code, std::string path, std::string text, std::string text_fr) {
  v1::Issue& issue = step_.issues.emplace_back();
  issue.set_level(v1::Issue::LEVEL_WARNING);
  issue.set_code(std::move(code));
  issue.set_path(std::move(path));
  issue.set_text(std::move(text));
  issue.set_text_fr(std::move(text_fr));
}

// An objection holds for a person, so it must be seen when two identifiers mean one, or one meant two.
void CircleMaker::warn_of_same_people() {
  for (const auto& [member, path] : joined_) {
    const std::string& person = person_id(*member);
    if (person.empty()) continue;
    bool twice = false;
    bool reused = false;
    for (const Membership& record : step_.circle.memberships()) {
      const bool same_id = record.member().member_id() == member->member_id();
      const bool same_person = person_id(record.member()) == person;
      twice = twice || (same_person && !same_id && reaches_beyond(record, at_));
      reused = reused || (same_id && !same_person && !person_id(record.member()).empty());
    }
    if (twice) {
      warn("SAME_PERSON_TWICE", path + ".member_id",
           "another member of the circle has the same national_id: one person, under two member_ids",
           "Cette personne est déjà dans le cercle sous un autre identifiant : une opposition vaut pour les "
           "deux.");
    }
    if (reused) {
      warn("MEMBER_ID_REUSED", path + ".member_id",
           "this member_id stood for somebody else: an objection to it holds for both",
           "Cet identifiant de membre désignait une autre personne : vérifier de qui il s'agit.");
    }
  }
}

void CircleMaker::repeat(std::string path) {
  ++repeated_;
  v1::Issue& issue = step_.issues.emplace_back();
  issue.set_level(v1::Issue::LEVEL_INFORMATION);
  issue.set_code("ALREADY_RECORDED");
  issue.set_path(std::move(path));
  issue.set_text("the circle says so already: nothing is changed");
  issue.set_text_fr("Le cercle de soins le dit déjà : rien n'est modifié.");
}

// A membership that was over before the event, told again; or the very event that began one which has ended
// since.
bool CircleMaker::ended_already(const v1::CircleMember& member) const {
  const auto& records = step_.circle.memberships();
  return std::any_of(records.begin(), records.end(), [&](const Membership& record) {
    if (!record.has_until()) return false;
    if (member.has_start() || member.has_end()) return member.has_end() && says_the_same(record, member);
    return time_of(record.from()) == at_ && record.member().SerializeAsString() == member.SerializeAsString();
  });
}

// Also a leave without a day, of somebody who was there and has left.
bool CircleMaker::left_already(const v1::Leave& leave) const {
  const auto& records = step_.circle.memberships();
  const auto last = std::find_if(records.rbegin(), records.rend(), [&](const Membership& record) {
    return record.member().member_id() == leave.member_id();
  });
  return last != records.rend() && last->has_until() &&
         (!leave.has_at() || time_of(last->until()) == time_of(leave.at()));
}

bool CircleMaker::stands_already(const v1::Objection& objection) const {
  const auto& records = step_.circle.objections();
  const bool said_later = std::any_of(records.begin(), records.end(),
                                      [&](const auto& record) { return time_of(record.at()) > at_; });
  if (said_later) {
    // It tells of the past, where it stands unless it is there.
    return std::any_of(records.begin(), records.end(), [&](const auto& record) {
      return time_of(record.at()) == at_ &&
             record.objection().SerializeAsString() == objection.SerializeAsString();
    });
  }
  const bool wanted = !objection.lifted();
  const auto& ids = objection.member_ids();
  const auto& standings = objection.standings();
  return std::all_of(ids.begin(), ids.end(),
                     [&](const std::string& id) { return objects_to_member(step_.circle, id) == wanted; }) &&
         std::all_of(standings.begin(), standings.end(),
                     [&](int standing) { return objects_to_standing(step_.circle, standing) == wanted; });
}

void CircleMaker::name_once(const std::string& member_id, const std::string& path) {
  if (!named_.insert(member_id).second) fault(path + ".member_id", "no two with the same member_id");
}

void CircleMaker::join(const v1::CircleMember& member, const std::string& path, const std::string& holder) {
  name_once(member.member_id(), path);
  const int index = current(member.member_id());
  Instant from = member.has_start() ? time_of(member.start()) : at_;
  if (ended_already(member)) return repeat(path);
  if (member.has_end() && (member.has_start() || index < 0) && time_of(member.end()) < from)
    return fault(path + ".end", "not before start");
  if (mailbox_of(member).empty()) {
    warn("MEMBER_WITHOUT_ADDRESS", path, "no mailbox: nothing is routed to this member",
         std::string(MEMBER_WITHOUT_ADDRESS_fr));
  }
  if (index < 0) {
    ++joins_;
    add_record(member, from, path);
    if (!holder.empty()) step_.circle.mutable_memberships()->rbegin()->add_enrolments(holder);
    return;
  }
  Membership& known = *step_.circle.mutable_memberships(index);
  std::vector<std::string> holders(known.enrolments().begin(), known.enrolments().end());
  const bool held_by_change = holders.empty();
  const bool hold_changes = holder.empty() && !held_by_change;
  if (holder.empty()) holders.clear();
  if (!holder.empty() && !held_by_change &&
      std::find(holders.begin(), holders.end(), holder) == holders.end())
    holders.push_back(holder);
  if (says_the_same(known, member) && !hold_changes) {
    known.mutable_enrolments()->Assign(holders.begin(), holders.end());
    // An enrolment says its whole state each time.
    if (holder.empty()) repeat(path);
    return;
  }
  // What was true until now stays so: the new record begins with the event, unless it says later.
  from = std::max(from, at_);
  if (member.has_end() && time_of(member.end()) < from) {
    ++leaves_;
    return end_from(member.member_id(), time_of(member.end()));
  }
  ++updates_;
  end_from(member.member_id(), from);
  add_record(member, from, path);
  step_.circle.mutable_memberships()->rbegin()->mutable_enrolments()->Assign(holders.begin(), holders.end());
}

void CircleMaker::leave(const v1::Leave& leave, const std::string& path) {
  name_once(leave.member_id(), path);
  const int index = current(leave.member_id());
  const bool ends_then = index >= 0 && step_.circle.memberships(index).has_until() && leave.has_at();
  if ((index < 0 || ends_then) && left_already(leave)) return repeat(path);
  if (index < 0) return fault(path + ".member_id", "a member of the circle expected");
  const Instant when = leave.has_at() ? time_of(leave.at()) : at_;
  if (when < began(index)) return fault(path + ".at", "not before the membership began");
  ++leaves_;
  end_from(leave.member_id(), when);
}

void CircleMaker::release(const std::string& holder, const std::set<std::string_view>& stay, Instant when) {
  for (Membership& record : *step_.circle.mutable_memberships()) {
    auto& holders = *record.mutable_enrolments();
    const auto found = std::find(holders.begin(), holders.end(), holder);
    if (found == holders.end() || !reaches_beyond(record, when) || stay.contains(record.member().member_id()))
      continue;
    if (holders.size() > 1) {
      holders.erase(found);
    } else {
      ++leaves_;
      end_record(record, when);
    }
  }
}

void CircleMaker::decide(const v1::Consent& consent, const std::string& path) {
  if (consent.has_expires_at() && time_of(consent.expires_at()) < time_of(consent.decided_at()))
    return fault(path + ".expires_at", "not before decided_at");
  const std::string bytes = consent.SerializeAsString();
  const auto& records = step_.circle.consents();
  const bool known = std::any_of(records.begin(), records.end(), [&](const auto& record) {
    return record.consent().SerializeAsString() == bytes;
  });
  if (!known) {
    auto& record = *step_.circle.add_consents();
    *record.mutable_consent() = consent;
    record.set_by_event(event_);
  }
  const v1::Consent* was = last_consent(before_);
  const v1::Consent* is = last_consent(step_.circle);
  if ((is->decision() == v1::Consent::GIVEN) != (consent.decision() == v1::Consent::GIVEN)) {
    warn("CONSENT_NOT_IN_FORCE", path + ".decided_at",
         "older than the decision that holds: consent stays as it was",
         "Une décision plus récente du patient est connue : celle-ci n'y change rien. Vérifier les dates.");
  }
  if (known) return;
  step_.consent_withdrawn =
      (was == nullptr || was->decision() == v1::Consent::GIVEN) && is->decision() != v1::Consent::GIVEN;
  switch (consent.decision()) {
    case v1::Consent::GIVEN:
      step_.audit = " consent=given";
      break;
    case v1::Consent::WITHDRAWN:
      step_.audit = " consent=withdrawn";
      break;
    default:
      step_.audit = " consent=refused";
  }
}

void CircleMaker::object(const v1::Objection& objection, const std::string& path) {
  if (stands_already(objection)) return repeat(path);
  auto& record = *step_.circle.add_objections();
  *record.mutable_objection() = objection;
  put_time(*record.mutable_at(), at_);
  record.set_by_event(event_);
  ++objections_;
  for (int i = 0; i < objection.member_ids_size(); ++i) {
    if (current(objection.member_ids(i)) >= 0) continue;
    // It may be somebody who joins later; a slip of the pen would leave the patient unheard.
    warn("OBJECTION_WITHOUT_MEMBER", path + ".member_ids[" + std::to_string(i) + "]",
         "no member of the circle has this member_id today: it holds for one who joins under it",
         "L'opposition vise une personne qui n'est pas dans le cercle aujourd'hui : vérifier de qui il "
         "s'agit.");
  }
}

Result<CircleStep> CircleMaker::finish(const std::string& list_path) && {
  const auto& memberships = step_.circle.memberships();
  const auto there = std::count_if(memberships.begin(), memberships.end(),
                                   [&](const Membership& record) { return reaches_beyond(record, at_); });
  if (there > circle_members_most && (joins_ > 0 || updates_ > 0))
    fault(list_path, "a circle of at most " + std::to_string(circle_members_most) + " members");
  if (!faults_.empty()) return Error{ErrorCode::field_invalid, {}, std::move(faults_)};
  warn_of_same_people();
  std::string counts;
  const auto tell = [&](const char* word, int count) {
    if (count > 0) counts += std::string(" ") + word + "=" + std::to_string(count);
  };
  tell("joins", joins_);
  tell("updates", updates_);
  tell("leaves", leaves_);
  tell("objections", objections_);
  tell("repeated", repeated_);
  step_.audit = "circle" + counts + step_.audit;
  return std::move(step_);
}

std::string at_index(const std::string& list, int index) { return list + "[" + std::to_string(index) + "]"; }

// An enrolment is clinical whatever it leaves out: the name of a parcours tells the illness.
ContentClass content_of(const v1::CoordinationEvent& event, v1::Confidentiality confidentiality) {
  const bool restricted = confidentiality == v1::CONFIDENTIALITY_RESTRICTED ||
                          confidentiality == v1::CONFIDENTIALITY_VERY_RESTRICTED ||
                          event.visibility().hidden_from_professionals();
  if (restricted) return ContentClass::restricted;
  return event.has_care_circle_change() ? ContentClass::coordination : ContentClass::clinical;
}

bool same_mailbox(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [&](char x, char y) { return lower(x) == lower(y); });
}

// Whether what waits for a member because of the circle may not be right any more.
bool gets_less(const v1::CircleMember& before, const v1::CircleMember& now, ConsentState consent) {
  if (!same_mailbox(mailbox_of(before), mailbox_of(now))) return true;
  for (const ContentClass content : {ContentClass::clinical, ContentClass::coordination}) {
    const auto outcome = [&](const v1::CircleMember& member) {
      return judge({member.standing(), member.basis(), content, consent, false}).outcome;
    };
    if (outcome(now) > outcome(before)) return true;
  }
  return false;
}

// Views into the event.
std::vector<std::string_view> mailboxes_named(const v1::CoordinationEvent& event) {
  std::vector<std::string_view> mailboxes;
  const auto add = [&](const auto& target) {
    if (target.has_person()) mailboxes.push_back(target.person().mailbox());
    if (target.has_structure()) mailboxes.push_back(target.structure().mailbox());
  };
  for (const v1::Recipient& recipient : event.recipients()) add(recipient);
  for (const v1::Candidate& candidate : event.orientation().candidates()) add(candidate);
  return mailboxes;
}

struct Seat {
  std::string_view member_id;
  const Membership* record = nullptr;  // null: not in the circle on that day
  std::string_view mailbox;
  RegimeAnswer answer;
};

// In the order of the first record of each.
std::vector<Seat> seats_of(const stored::CircleCase& circle, Instant at) {
  std::vector<Seat> seats;
  seats.reserve(static_cast<size_t>(circle.memberships_size()));
  for (const Membership& record : circle.memberships()) {
    const std::string_view id = record.member().member_id();
    auto seat =
        std::find_if(seats.begin(), seats.end(), [&](const Seat& one) { return one.member_id == id; });
    if (seat == seats.end()) seat = seats.insert(seats.end(), Seat{id, nullptr, {}, {}});
    if (covers(record, at)) seat->record = &record;
  }
  std::erase_if(seats, [](const Seat& seat) { return seat.record == nullptr; });
  return seats;
}

// What the law allows this member, as its mailbox allows it: a mailbox that several members read gets what
// the least entitled of them may receive, once.
RegimeAnswer settle_mailbox(const std::vector<Seat>& seats, size_t index,
                            const std::vector<std::string_view>& named) {
  constexpr auto nothing = v1::RoutingDecision::NOTHING;
  const Seat& seat = seats[index];
  const auto is_named = [&](std::string_view mailbox) { return same_mailbox(mailbox, seat.mailbox); };
  if (!seat.mailbox.empty() && std::any_of(named.begin(), named.end(), is_named))
    return {nothing, "NAMED_ALREADY", NAMED_ALREADY_fr, false};
  RegimeAnswer answer = seat.answer;
  if (answer.outcome == nothing) return answer;
  if (seat.mailbox.empty()) return {nothing, "MEMBER_WITHOUT_ADDRESS", MEMBER_WITHOUT_ADDRESS_fr, false};
  bool served = false;
  for (size_t i = 0; i < seats.size(); ++i) {
    const Seat& other = seats[i];
    if (i == index || !same_mailbox(other.mailbox, seat.mailbox)) continue;
    answer.needs_consent = answer.needs_consent || other.answer.needs_consent;
    if (other.answer.outcome > answer.outcome)
      answer = {other.answer.outcome, "MAILBOX_SHARED", MAILBOX_SHARED_fr, answer.needs_consent};
    if (i < index && other.answer.outcome != nothing) served = true;
  }
  if (answer.outcome == nothing || !served) return answer;
  return {nothing, "NAMED_ALREADY", NAMED_ALREADY_fr, false};
}

}  // namespace

Result<CircleStep> change_circle(const stored::CircleCase& before, const v1::CareCircleChange& change,
                                 const Uuid& event_id, Instant at) {
  const std::string path = "event.care_circle_change.";
  CircleMaker maker(before, event_id, at);
  for (int i = 0; i < change.joins_size(); ++i) maker.join(change.joins(i), at_index(path + "joins", i), {});
  for (int i = 0; i < change.leaves_size(); ++i) maker.leave(change.leaves(i), at_index(path + "leaves", i));
  if (change.has_consent()) maker.decide(change.consent(), path + "consent");
  if (change.has_objection()) maker.object(change.objection(), path + "objection");
  return std::move(maker).finish(path + "joins");
}

Result<CircleStep> enrol_into_circle(const stored::CircleCase& before, const v1::PathwayEnrolment& enrolment,
                                     const Uuid& enrolment_case, const Uuid& event_id, Instant at) {
  const std::string path = "event.pathway_enrolment.";
  const std::string holder = enrolment_case.raw();
  const bool over = enrolment.status() == v1::PathwayEnrolment::FINISHED ||
                    enrolment.status() == v1::PathwayEnrolment::CANCELLED;
  CircleMaker maker(before, event_id, at);
  std::set<std::string_view> listed;
  for (int i = 0; i < enrolment.members_size(); ++i) {
    const std::string member_path = at_index(path + "members", i);
    if (over) {
      maker.name_once(enrolment.members(i).member_id(), member_path);
    } else {
      maker.join(enrolment.members(i), member_path, holder);
      listed.insert(enrolment.members(i).member_id());
    }
  }
  if (over) {
    maker.release(holder, {}, enrolment.has_end() ? time_of(enrolment.end()) : at);
  } else if (!listed.empty()) {
    maker.release(holder, listed, at);
  }
  if (enrolment.has_consent()) maker.decide(enrolment.consent(), path + "consent");
  return std::move(maker).finish(path + "members");
}

stored::CircleCase circle_told(const stored::CircleCase& circle, Instant at) {
  stored::CircleCase told;
  told.set_order(circle.order());
  const auto& all = circle.memberships();
  for (int i = 0; i < all.size(); ++i) {
    const std::string& member_id = all[i].member().member_id();
    const bool last = std::none_of(all.begin() + i + 1, all.end(), [&](const Membership& later) {
      return later.member().member_id() == member_id;
    });
    if (!last && !reaches_beyond(all[i], at)) continue;
    Membership& record = *told.add_memberships();
    record = all[i];
    for (int before = i - 1; before >= 0; --before) {
      const Membership& former = all[before];
      if (former.member().member_id() == member_id && !reaches_beyond(former, at) &&
          time_of(former.until()) == time_of(record.from()))
        *record.mutable_from() = former.from();
    }
  }
  if (const v1::Consent* decides = last_consent(circle)) *told.add_consents()->mutable_consent() = *decides;
  if (const auto* stands = last_objection(circle)) *told.add_objections() = *stands;
  return told;
}

const v1::Consent* last_consent(const stored::CircleCase& circle) {
  const v1::Consent* last = nullptr;
  for (const auto& record : circle.consents()) {
    const v1::Consent& one = record.consent();
    if (last != nullptr) {
      const Instant at = time_of(one.decided_at());
      const Instant last_at = time_of(last->decided_at());
      if (at < last_at || (at == last_at && one.decision() == v1::Consent::GIVEN)) continue;
    }
    last = &one;
  }
  return last;
}

bool objects_to_anybody(const stored::CircleCase& circle) { return last_objection(circle) != nullptr; }

std::vector<LostMember> lost_members(const stored::CircleCase& before, const stored::CircleCase& after,
                                     Instant at) {
  const auto records_of = [at](const stored::CircleCase& circle) {
    std::map<std::string_view, const Membership*> records;
    for (const Membership& record : circle.memberships()) {
      if (time_of(record.from()) > at) continue;
      const Membership*& holding = records[record.member().member_id()];
      if (reaches_beyond(record, at)) holding = &record;
    }
    return records;
  };
  const auto were = records_of(before);
  const ConsentState consent = consent_state(after, at);
  std::vector<LostMember> lost;
  for (const auto& [member_id, record] : records_of(after)) {
    const auto was = were.find(member_id);
    const bool objected = record != nullptr && patient_objects(after, record->member());
    const bool less = record == nullptr || (was != were.end() && was->second != nullptr &&
                                            gets_less(was->second->member(), record->member(), consent));
    if (objected || less) lost.push_back({std::string(member_id), objected});
  }
  return lost;
}

std::vector<const v1::CircleMember*> objected_members(const stored::CircleCase& circle) {
  std::vector<const v1::CircleMember*> objected;
  if (circle.objections().empty()) return objected;
  std::map<std::string_view, const v1::CircleMember*> last;
  for (const Membership& record : circle.memberships()) last[record.member().member_id()] = &record.member();
  for (const auto& [member_id, member] : last)
    if (patient_objects(circle, *member)) objected.push_back(member);
  return objected;
}

Instant next_leave(const stored::CircleCase& circle, Instant at) {
  Instant next;
  for (const Membership& record : circle.memberships()) {
    if (!record.has_until() || time_of(record.until()) <= at) continue;
    const Instant until = time_of(record.until());
    next = next == Instant{} ? until : std::min(next, until);
  }
  return next;
}

bool consent_holds(const stored::CircleCase& circle, Instant at) {
  return consent_state(circle, at) == ConsentState::holds;
}

Instant consent_end(const stored::CircleCase& circle, Instant at) {
  if (!consent_holds(circle, at)) return {};
  const v1::Consent& holding = *last_consent(circle);
  return holding.has_expires_at() ? time_of(holding.expires_at()) : Instant{};
}

std::vector<RoutedMember> route(const stored::CircleCase& circle, const v1::CoordinationEvent& event,
                                v1::Confidentiality confidentiality, Instant at) {
  const ContentClass content = content_of(event, confidentiality);
  const ConsentState consent = consent_state(circle, at);
  std::vector<Seat> seats = seats_of(circle, at);
  for (Seat& seat : seats) {
    const v1::CircleMember& member = seat.record->member();
    seat.mailbox = mailbox_of(member);
    seat.answer =
        judge({member.standing(), member.basis(), content, consent, patient_objects(circle, member)});
  }
  const std::vector<std::string_view> named = mailboxes_named(event);
  std::vector<RoutedMember> routed(seats.size());
  for (size_t i = 0; i < seats.size(); ++i) {
    const RegimeAnswer answer = settle_mailbox(seats, i, named);
    RoutedMember& one = routed[i];
    one.member = &seats[i].record->member();
    one.needs_consent = answer.needs_consent;
    one.decision.set_member_id(one.member->member_id());
    one.decision.set_outcome(answer.outcome);
    one.decision.set_rule(answer.rule.data(), answer.rule.size());
    one.decision.set_text_fr(answer.text_fr.data(), answer.text_fr.size());
    one.decision.set_recipient_index(-1);
  }
  return routed;
}

}  // namespace psl::care
