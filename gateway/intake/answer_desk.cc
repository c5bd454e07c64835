#include "gateway/intake/answer_desk.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "gateway/base/bytes.h"
#include "gateway/base/hash.h"
#include "gateway/base/log.h"
#include "gateway/care/orientation.h"
#include "gateway/intake/answer_link.h"
#include "gateway/intake/case_book.h"
#include "gateway/intake/case_steps.h"
#include "gateway/intake/kinds.h"
#include "gateway/intake/times.h"

namespace psl {
namespace {

// A code is looked for among all that ever went to its address, the newest first: a page of the list at a
// time, and no more pages than a reply may cost in seconds.
constexpr int codes_in_a_page = 200;
constexpr int pages_of_codes_most = 500;

// A proposal that somebody answers, and the case that it belongs to.
struct Answered {
  CaseRow row;
  stored::OrientationCase orientation;
  int proposal = -1;

  const stored::Proposal& at() const { return orientation.proposals(proposal); }
  const v1::Recipient& candidate() const { return orientation.event().recipients(at().recipient_index()); }
};

// The proposal that this delivery carries; link_invalid when it carries none.
Result<Answered> answered_by(const AnswerSeams& seams, const Uuid& delivery_id) {
  const auto event_id = seams.ledger.event_of(delivery_id);
  if (!event_id.ok())
    return event_id.error().code == ErrorCode::not_found ? error_of(ErrorCode::link_invalid)
                                                         : event_id.error();
  auto row = seams.ledger.case_of_event(*event_id);
  if (!row.ok()) return std::move(row).error();
  if (!row->has_value() || (*row)->kind != orientation_kind) return error_of(ErrorCode::link_invalid);
  Answered answered;
  answered.row = std::move(**row);
  if (Status opened = CaseBook(seams.ledger, seams.sealer).open(answered.row, answered.orientation);
      !opened.ok())
    return std::move(opened).error();
  const std::string raw = delivery_id.raw();
  for (int i = 0; i < answered.orientation.proposals_size(); ++i) {
    const stored::Proposal& one = answered.orientation.proposals(i);
    if (one.delivery_id() == raw && one.recipient_index() < answered.orientation.event().recipients_size())
      answered.proposal = i;
  }
  if (answered.proposal < 0) return error_of(ErrorCode::link_invalid);
  return answered;
}

// The proposal of which this delivery told: of the same orientation, to the same mailbox. A reader may answer
// the last message that came and quote nothing else. Nothing when it told of none.
Result<std::optional<Uuid>> proposal_told_by(const AnswerSeams& seams, const Uuid& delivery_id) {
  const auto event_id = seams.ledger.event_of(delivery_id);
  const auto row = event_id.ok() ? seams.ledger.event(*event_id) : Result<EventRow>(event_id.error());
  if (!row.ok()) {
    if (row.error().code == ErrorCode::not_found) return std::optional<Uuid>();
    return row.error();
  }
  const auto plain = seams.sealer.open(row->tenant, row->key, row->id, content_column, row->content);
  if (!plain.ok()) return plain.error();
  stored::StoredEvent content;
  if (!content.ParseFromString(*plain)) return error_of(ErrorCode::corrupt);
  const v1::CoordinationEvent& event = content.request().event();
  const auto told =
      std::ranges::find(row->deliveries, delivery_id, [](const DeliveryRow& one) { return one.due.id; });
  if (!event.has_orientation_update() || told == row->deliveries.end() || told->due.recipient_index < 0 ||
      told->due.recipient_index >= event.recipients_size())
    return std::optional<Uuid>();
  const std::string mailbox = mailbox_of(event.recipients(told->due.recipient_index));
  const stored::OrientationCase& orientation = content.care().orientation();
  for (const stored::Proposal& one : orientation.proposals()) {
    const int index = one.recipient_index();
    if (!mailbox.empty() && index >= 0 && index < orientation.event().recipients_size() &&
        mailbox_of(orientation.event().recipients(index)) == mailbox)
      return Uuid::from_raw(one.delivery_id());
  }
  return std::optional<Uuid>();
}

// Proved, and still worth something.
Result<Answered> answered_by_token(const AnswerSeams& seams, std::string_view text) {
  const auto token = parse_answer_token(text);
  if (!token.ok()) return token.error();
  auto answered = answered_by(seams, token->delivery_id);
  if (!answered.ok()) return answered;
  if (Status proved = check_answer_token(seams.sealer, answered->row.tenant, *token); !proved.ok())
    return std::move(proved).error();
  if (seams.env.now() > token->not_after) return error_of(ErrorCode::proposal_closed);
  return answered;
}

AnswerView::Standing standing_of(const Answered& answered, Instant now) {
  using Standing = AnswerView::Standing;
  switch (answered.at().state()) {
    case v1::PROPOSAL_STATE_PROPOSED:
      return instant_of(answered.at().expires_at()) <= now ? Standing::expired : Standing::open;
    case v1::PROPOSAL_STATE_ACCEPTED:
      return answered.orientation.state() == v1::ORIENTATION_STATE_CANCELLED ? Standing::withdrawn
                                                                             : Standing::accepted;
    case v1::PROPOSAL_STATE_DECLINED:
      return Standing::declined;
    case v1::PROPOSAL_STATE_TAKEN:
      return Standing::taken;
    case v1::PROPOSAL_STATE_EXPIRED:
      return Standing::expired;
    case v1::PROPOSAL_STATE_PATIENT_DECLINED:
      return Standing::patient_declined;
    default:
      return answered.row.attention == care::consent_withdrawn ? Standing::suspended : Standing::withdrawn;
  }
}

std::string name_of_person(const v1::Professional& professional) {
  std::string name = professional.given_name();
  if (!name.empty() && !professional.family_name().empty()) name += ' ';
  return name + professional.family_name();
}

std::string phone_of(const v1::Organization& organization) {
  for (const v1::Telecom& one : organization.telecoms()) {
    if (one.uri().starts_with("tel:")) return one.uri();
  }
  return {};
}

AnswerView view_of(const Answered& answered, Instant now) {
  const v1::CoordinationEvent& event = answered.orientation.event();
  AnswerView view;
  view.standing = standing_of(answered, now);
  view.tenant = event.tenant();
  view.kind = event.orientation().kind();
  view.urgency = event.orientation().urgency();
  view.requester = event.source().organization().name();
  view.requester_phone = phone_of(event.source().organization());
  const v1::Recipient& candidate = answered.candidate();
  view.candidate = candidate.has_person() ? name_of_person(candidate.person().professional())
                                          : candidate.structure().organization().name();
  if (event.orientation().has_wanted_from()) view.wanted_from = instant_of(event.orientation().wanted_from());
  if (event.orientation().has_wanted_before())
    view.wanted_before = instant_of(event.orientation().wanted_before());
  view.expires_at = instant_of(answered.at().expires_at());
  return view;
}

v1::SubmitEventRequest answer_request(const Answered& answered, std::string key,
                                      v1::OrientationUpdate::Step step, Instant now) {
  const v1::CoordinationEvent& asked = answered.orientation.event();
  v1::SubmitEventRequest request;
  request.set_idempotency_key(std::move(key));
  v1::CoordinationEvent& event = *request.mutable_event();
  event.set_tenant(answered.row.tenant);
  *event.mutable_source() = asked.source();
  event.set_legal_basis(asked.legal_basis());
  if (asked.has_consent_at()) *event.mutable_consent_at() = asked.consent_at();
  set_time(*event.mutable_occurred_at(), now);
  v1::OrientationUpdate& update = *event.mutable_orientation_update();
  update.set_orientation_event_id(answered.row.event_id.text());
  update.set_proposal_id(Uuid::from_raw(answered.at().delivery_id())->text());
  update.set_step(step);
  return request;
}

// Given before: nothing more to do.
bool same_answer(const Answered& answered, v1::OrientationUpdate::Step step) {
  const v1::ProposalState state = answered.at().state();
  return (step == v1::OrientationUpdate::ACCEPTED && state == v1::PROPOSAL_STATE_ACCEPTED &&
          answered.orientation.state() != v1::ORIENTATION_STATE_CANCELLED) ||
         (step == v1::OrientationUpdate::DECLINED && state == v1::PROPOSAL_STATE_DECLINED);
}

// The same for the same reply, however often it is read.
std::string reply_key(const Inbound& reply) {
  return std::string(own_key_prefix) + "reply:" + to_hex(sha256(reply.identity)).substr(0, 40);
}

// One for each proposal: two programs that answer each other must come to an end.
std::string late_key(const Answered& answered) {
  return std::string(own_key_prefix) + "late:" + Uuid::from_raw(answered.at().delivery_id())->text();
}

// The delivery of one tenant that has this code.
Result<std::optional<Uuid>> delivery_with_code(const AnswerSeams& seams, EventQuery query,
                                               const std::string& wanted) {
  for (int pages = 0; pages < pages_of_codes_most; ++pages) {
    const auto page = seams.ledger.list(query);
    if (!page.ok()) return page.error();
    for (const EventRow& event : page->events) {
      for (const DeliveryRow& delivery : event.deliveries) {
        const auto code = make_answer_code(seams.sealer, query.owner.tenant, delivery.due.id);
        if (!code.ok()) return code.error();
        if (*code == wanted) return std::optional(delivery.due.id);
      }
    }
    if (page->next == 0) return std::optional<Uuid>();
    query.before = page->next;
  }
  log(LogLevel::error, "an answer code was not looked for among all proposals to its address", {});
  return std::optional<Uuid>();
}

// Orientations that were proposed to an address, the newest first.
Result<EventQuery> proposals_to(const AnswerSeams& seams, const std::string& tenant, const Mailbox& address) {
  const auto mac = seams.sealer.mac(tenant, "address", address.reveal());
  if (!mac.ok()) return mac.error();
  EventQuery query;
  query.owner.tenant = tenant;
  query.kinds = {std::string(orientation_kind)};
  query.address_mac = *mac;
  query.most = codes_in_a_page;
  return query;
}

// The delivery whose code a reply quotes: among what went to the address that it comes from.
Result<std::optional<Uuid>> delivery_of_code(const AnswerSeams& seams, const Inbound& reply) {
  const auto sender = Mailbox::parse(reply.sender);
  if (reply.answer_code.empty() || !sender.ok()) return std::optional<Uuid>();
  for (const auto& [name, tenant] : seams.tenants) {
    auto query = proposals_to(seams, name, *sender);
    if (!query.ok()) return query.error();
    auto found = delivery_with_code(seams, std::move(*query), reply.answer_code);
    if (!found.ok() || found->has_value()) return found;
  }
  return std::optional<Uuid>();
}

// The proposal that a reply is about, by what it refers to, else by what it quotes; link_invalid: none.
Result<Answered> answered_by_reply(const AnswerSeams& seams, const Inbound& reply) {
  std::optional<Uuid> delivery = reply.delivery_id;
  if (delivery) {
    auto answered = answered_by(seams, *delivery);
    if (answered.ok() || answered.error().code != ErrorCode::link_invalid) return answered;
    auto told = proposal_told_by(seams, *delivery);
    if (!told.ok()) return std::move(told).error();
    delivery = *told;
  }
  if (!delivery) {
    auto quoted = delivery_of_code(seams, reply);
    if (!quoted.ok()) return std::move(quoted).error();
    delivery = *quoted;
  }
  return delivery ? answered_by(seams, *delivery) : Result<Answered>(error_of(ErrorCode::link_invalid));
}

bool from_candidate(const Answered& answered, const Inbound& reply) {
  const auto sender = Mailbox::parse(reply.sender);
  return sender.ok() && sender->reveal() == mailbox_of(answered.candidate());
}

// Among what was proposed to one address in one tenant lately: the newest of which an answer is awaited, if
// possible one that calls no human yet. Nothing: none.
Result<std::optional<Answered>> awaited_from(const AnswerSeams& seams, const EventQuery& query,
                                             const Inbound& reply) {
  const auto page = seams.ledger.list(query);
  if (!page.ok()) return page.error();
  std::optional<Answered> found;
  for (const EventRow& event : page->events) {
    const auto row = seams.ledger.case_of_event(event.id);
    if (!row.ok()) return row.error();
    if (!row->has_value() || !(*row)->open) continue;
    for (const DeliveryRow& delivery : event.deliveries) {
      auto answered = answered_by(seams, delivery.due.id);
      if (!answered.ok() && answered.error().code != ErrorCode::link_invalid) return answered.error();
      if (!answered.ok() || answered->at().state() != v1::PROPOSAL_STATE_PROPOSED ||
          !from_candidate(*answered, reply))
        continue;
      if (answered->row.attention.empty()) return std::optional(std::move(*answered));
      if (!found) found = std::move(*answered);
    }
  }
  return found;
}

Result<std::optional<Answered>> awaited_from(const AnswerSeams& seams, const Inbound& reply) {
  const auto sender = Mailbox::parse(reply.sender);
  if (!sender.ok()) return std::optional<Answered>();
  for (const auto& [name, tenant] : seams.tenants) {
    auto query = proposals_to(seams, name, *sender);
    if (!query.ok()) return query.error();
    auto found = awaited_from(seams, *query, reply);
    if (!found.ok() || found->has_value()) return found;
  }
  return std::optional<Answered>();
}

using ReplyDone = std::function<void(Status)>;

// A human looks at it, once. What is over needs nobody; what needs somebody already is not hidden.
void raise_attention(const AnswerSeams& seams, const Answered& answered, const std::string& attention,
                     const ReplyDone& done) {
  if (!answered.row.open || !answered.row.attention.empty()) return done({});
  care::OrientationStep same;
  same.state = answered.orientation;
  same.wake_at = answered.row.wake_at;
  same.open = true;
  same.attention = attention;
  same.audit = "reply=" + attention + " proposal=" + std::to_string(answered.proposal + 1);
  auto step = orientation_case_step(seams.ledger, seams.sealer, answered.row.tenant, answered.row, same,
                                    seams.env.now());
  if (!step.ok()) return done(std::move(step).error());
  seams.sink.submit(StepCase{std::move(*step), {}, answered.row.event_id}, [done](Result<Effect> effect) {
    if (!effect.ok()) return done(std::move(effect).error());
    // It changed meanwhile: the reply is read again.
    done(*effect == Effect::done ? Status() : error_of(ErrorCode::case_changed));
  });
}

// The candidate is told by mail, once.
void tell_too_late(const AnswerSeams& seams, const Answered& answered, const ReplyDone& done) {
  auto request =
      answer_request(answered, late_key(answered), v1::OrientationUpdate::TOO_LATE, seams.env.now());
  request.mutable_event()->mutable_orientation_update()->set_channel(v1::ANSWER_CHANNEL_MAIL);
  seams.intake.submit_own(Principal{answered.row.principal}, std::move(request),
                          [done](const Result<v1::SubmitEventResponse>& answer) {
                            // The key again, at another time: it was told. What cannot be told now never can.
                            const bool settled = answer.ok() || !may_pass(answer.error());
                            done(settled ? Status() : answer.error());
                          });
}

void settle_refused_reply(const AnswerSeams& seams, const Answered& answered, const Inbound& reply,
                          const Error& error, const ReplyDone& done) {
  switch (error.code) {
    case ErrorCode::already_taken:
    case ErrorCode::proposal_closed:
    case ErrorCode::consent_missing:
    case ErrorCode::step_not_possible:
      // Who declines too late is in nobody's way.
      return reply.meaning == Inbound::Meaning::accepted ? tell_too_late(seams, answered, done) : done({});
    case ErrorCode::already_answered:
      return raise_attention(seams, answered, "ANSWER_NOT_UNDERSTOOD", done);
    case ErrorCode::key_reused:
      return done({});
    default:
      // What would fail again each time is a human's to read.
      return may_pass(error) ? done(error) : raise_attention(seams, answered, "ANSWER_NOT_UNDERSTOOD", done);
  }
}

void submit_reply(const AnswerSeams& seams, Answered answered, const Inbound& reply, const ReplyDone& done) {
  const bool yes = reply.meaning == Inbound::Meaning::accepted;
  const auto step = yes ? v1::OrientationUpdate::ACCEPTED : v1::OrientationUpdate::DECLINED;
  if (same_answer(answered, step)) return done({});
  auto request = answer_request(answered, reply_key(reply), step, seams.env.now());
  v1::OrientationUpdate& update = *request.mutable_event()->mutable_orientation_update();
  update.set_channel(v1::ANSWER_CHANNEL_MAIL);
  if (!yes) update.set_reason(v1::OrientationUpdate::OTHER);
  if (is_utf8(reply.text)) update.set_reason_text(reply.text);
  const Principal owner{answered.row.principal};
  seams.intake.submit_own(
      owner, std::move(request),
      [&seams, answered = std::move(answered), reply, done](const Result<v1::SubmitEventResponse>& answer) {
        if (answer.ok()) return done({});
        if (answer.error().code == ErrorCode::field_invalid && !reply.text.empty()) {
          // What was written beside it cannot go into a document: the answer counts all the same.
          Inbound bare = reply;
          bare.text.clear();
          return submit_reply(seams, answered, bare, done);
        }
        settle_refused_reply(seams, answered, reply, answer.error(), done);
      });
}

}  // namespace

Result<AnswerView> AnswerDesk::look(std::string_view token) const {
  const auto answered = answered_by_token(seams_, token);
  if (!answered.ok()) return answered.error();
  return view_of(*answered, seams_.env.now());
}

void AnswerDesk::answer(std::string_view token, v1::OrientationUpdate::Step step,
                        v1::OrientationUpdate::Reason reason, Done done) const {
  auto answered = answered_by_token(seams_, token);
  if (!answered.ok()) return done(std::move(answered).error());
  if (same_answer(*answered, step)) return done(view_of(*answered, seams_.env.now()));
  const bool yes = step == v1::OrientationUpdate::ACCEPTED;
  const Uuid delivery_id = *Uuid::from_raw(answered->at().delivery_id());
  // A new look of the same page is a new answer: the state of the case says what it is worth.
  auto request =
      answer_request(*answered,
                     std::string(own_key_prefix) + "link:" + delivery_id.text() + ":" + (yes ? "yes" : "no") +
                         ":" + std::to_string(answered->orientation.steps()),
                     step, seams_.env.now());
  v1::OrientationUpdate& update = *request.mutable_event()->mutable_orientation_update();
  update.set_channel(v1::ANSWER_CHANNEL_LINK);
  if (!yes)
    update.set_reason(reason == v1::OrientationUpdate::REASON_UNSPECIFIED ? v1::OrientationUpdate::OTHER
                                                                          : reason);
  seams_.intake.submit_own(
      Principal{answered->row.principal}, std::move(request),
      [this, delivery_id, step, done = std::move(done)](const Result<v1::SubmitEventResponse>& answer) {
        const auto now_there = answered_by(seams_, delivery_id);
        if (!now_there.ok()) return done(now_there.error());
        // Two clicks at once: the second finds what the first did.
        const bool twice =
            !answer.ok() && answer.error().code == ErrorCode::key_reused && same_answer(*now_there, step);
        if (!answer.ok() && !twice) return done(answer.error());
        done(view_of(*now_there, seams_.env.now()));
      });
}

void AnswerDesk::take_reply(const Inbound& reply, std::function<void(Status)> done) const {
  if (reply.meaning == Inbound::Meaning::automatic) return done({});
  auto answered = answered_by_reply(seams_, reply);
  if (!answered.ok()) {
    if (answered.error().code != ErrorCode::link_invalid) return done(std::move(answered).error());
    if (reply.meaning == Inbound::Meaning::accepted || reply.meaning == Inbound::Meaning::declined) {
      const auto awaited = awaited_from(seams_, reply);
      if (!awaited.ok()) return done(awaited.error());
      if (awaited->has_value()) return raise_attention(seams_, **awaited, "ANSWER_NOT_UNDERSTOOD", done);
    }
    // Of no proposal of ours: somebody wrote to the mailbox.
    log(LogLevel::info, "a mail in the answers' mailbox answers no proposal", {});
    return done({});
  }
  if (!from_candidate(*answered, reply))
    return raise_attention(seams_, *answered, "ANSWER_FROM_ANOTHER_ADDRESS", done);
  if (reply.meaning == Inbound::Meaning::unclear)
    return raise_attention(seams_, *answered, "ANSWER_NOT_UNDERSTOOD", done);
  submit_reply(seams_, std::move(*answered), reply, done);
}

}  // namespace psl
