#include "gateway/outbox/delivering.h"

#include <algorithm>
#include <utility>

#include "gateway/base/hash.h"
#include "gateway/base/log.h"
#include "gateway/outbox/answers.h"
#include "gateway/outbox/backoff.h"
#include "gateway/outbox/reasons.h"
#include "passerelle/internal/v1/stored.pb.h"
#include "passerelle/v1/config.pb.h"
#include "passerelle/v1/delivery.pb.h"

namespace psl {
namespace {

struct Content {
  stored::StoredEvent event;
  FrozenDocument document;
};

Instant dated_at(const google::protobuf::Timestamp& occurred_at) {
  return Instant{occurred_at.seconds() * 1'000'000 + occurred_at.nanos() / 1'000};
}

// Troubles of the moment, as opposed to content that no later reading will bring back.
bool passes_by_itself(const Error& error) {
  return error.code == ErrorCode::input_output || error.code == ErrorCode::store_unavailable ||
         error.code == ErrorCode::busy || error.code == ErrorCode::deadline;
}

// A proposal leaves when its turn comes, which may be long after its event: until when to answer, and the
// dates that were changed meanwhile, are in its case.
Status bring_up_to_date(const CourierSeams& seams, const DueDelivery& due, stored::Care& care) {
  if (due.recipient_index >= care.routed_size() ||
      care.routed(due.recipient_index).telling() != stored::TELLING_PROPOSAL)
    return {};
  const Result<std::optional<CaseRow>> row = seams.ledger.case_of_event(due.event_id);
  if (!row.ok()) return row.error();
  if (!row->has_value()) return {};
  const CaseRow& found = **row;
  const Result<std::string> plain =
      seams.sealer.open(found.tenant, found.key, found.id, case_column, found.state);
  if (!plain.ok()) return plain.error();
  if (!care.mutable_orientation()->ParseFromString(*plain))
    return error_of(ErrorCode::corrupt, "not an OrientationCase");
  return {};
}

Result<Content> read_content(const CourierSeams& seams, const DueDelivery& due) {
  Result<EventRow> row = seams.ledger.event(due.event_id);
  if (!row.ok()) return std::move(row).error();
  Result<std::string> plain = seams.sealer.open(row->tenant, row->key, row->id, content_column, row->content);
  if (!plain.ok()) return std::move(plain).error();
  Content content;
  if (!content.event.ParseFromString(*plain)) return error_of(ErrorCode::corrupt, "not a StoredEvent");
  if (due.recipient_index < 0 || due.recipient_index >= content.event.request().event().recipients_size()) {
    return error_of(ErrorCode::corrupt, "the event has no such recipient");
  }

  if (Status current = bring_up_to_date(seams, due, *content.event.mutable_care()); !current.ok())
    return std::move(current).error();

  // Made of the event alone.
  if (row->document_id.empty()) return content;
  Result<std::vector<DocumentRow>> parts = seams.ledger.documents(due.event_id);
  if (!parts.ok()) return std::move(parts).error();
  for (const DocumentRow& part : *parts) {
    Result<std::string> bytes =
        seams.sealer.open(row->tenant, row->key, row->id, document_column(part.part), part.sealed);
    if (!bytes.ok()) return std::move(bytes).error();
    if (part.part == 0) content.document.cda = make_bytes(std::move(bytes).value());
    if (part.part == 1) content.document.pdf = make_bytes(std::move(bytes).value());
  }
  if (!content.document.cda) return error_of(ErrorCode::corrupt, "the event has no document");
  if (content.event.pdf_inside() && !content.document.pdf) {
    Result<Bytes> pdf = seams.office.pdf_inside(view(content.document.cda));
    if (!pdf.ok()) return std::move(pdf).error();
    content.document.pdf = std::move(*pdf);
  }
  return content;
}

// Adapters are written by many people: what one throws must not end the process, nor be mistaken for an
// answer. This is the worker's only catch.
template <typename Answer, typename Call>
Answer shielded(const DueDelivery& due, Answer when_thrown, Call call) {
  try {
    return call();
  } catch (...) {
    log(LogLevel::error, "adapter threw", {{"delivery", due.id}, {"adapter", SafeText::code(due.adapter)}});
    return when_thrown;
  }
}

// Reasons and codes are kept in clear, so a careless adapter must not slip a text of the partner into them.
Outcome cleaned(Outcome outcome) {
  const auto names = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; };
  const auto counts = [](char c) { return (c >= '0' && c <= '9') || c == '.' || c == ' '; };
  if (outcome.reason.empty() || outcome.reason.size() > 64 || !std::ranges::all_of(outcome.reason, names)) {
    outcome.reason = reason::unnamed;
  }
  if (outcome.partner_code.size() > 32 || !std::ranges::all_of(outcome.partner_code, counts)) {
    outcome.partner_code.clear();
  }
  return outcome;
}

LogLevel level_of(Verdict verdict) { return verdict == Verdict::accepted ? LogLevel::info : LogLevel::warn; }

std::string_view text_of_verdict(Verdict verdict) {
  switch (verdict) {
    case Verdict::accepted:
      return "accepted";
    case Verdict::try_later:
      return "try later";
    case Verdict::rejected:
      return "rejected";
    case Verdict::unknown:
      break;
  }
  return "unknown";
}

void log_outcome(SafeText fact, const DueDelivery& due, const Outcome& outcome) {
  log(level_of(outcome.verdict), std::move(fact),
      {{"event", due.event_id},
       {"delivery", due.id},
       {"adapter", SafeText::code(due.adapter)},
       {"verdict", SafeText::code(text_of_verdict(outcome.verdict))},
       {"reason", SafeText::code(outcome.reason)},
       {"partner_code", SafeText::code(outcome.partner_code)}});
}

bool is_done(const Result<Effect>& answer) { return answer.ok() && *answer == Effect::done; }

}  // namespace

Result<Payload> Courier::translate(Adapter& adapter, const DueDelivery& due, Carried& carried) {
  Result<Content> content = read_content(seams_, due);
  if (!content.ok()) {
    if (passes_by_itself(content.error())) {
      log(LogLevel::warn, "ledger not read",
          {{"delivery", due.id}, {"cause", SafeText::code(reason_of(content.error().code))}});
      carried.hold = true;
    } else {
      hand_over(due, reason::content_unreadable, content.error(), carried);
    }
    return std::move(content).error();
  }
  const v1::Tenant* tenant = seams_.find_tenant(due.tenant);
  if (!tenant) {
    Error missing = error_of(ErrorCode::configuration);
    hand_over(due, reason::content_unreadable, missing, carried);
    return missing;
  }
  Result<std::optional<std::string>> replaced_there = std::optional<std::string>();
  if (!content->event.header().replaces().empty()) replaced_there = seams_.ledger.replaced_there(due.id);
  if (!replaced_there.ok()) {
    carried.hold = true;
    return std::move(replaced_there).error();
  }
  const Dispatch dispatch{.request = content->event.request(),
                          .header = content->event.header(),
                          .document = content->document,
                          .care = content->event.care(),
                          .tenant = *tenant,
                          .recipient_index = due.recipient_index,
                          .event_id = due.event_id,
                          .delivery_id = due.id,
                          .generation = due.generation,
                          .dated_at = dated_at(content->event.request().event().occurred_at()),
                          .replaced_there = std::move(*replaced_there)};
  Result<Payload> payload =
      shielded<Result<Payload>>(due, error_of(ErrorCode::internal), [&] { return adapter.wrap(dispatch); });
  if (payload.ok() && !payload->body) payload = error_of(ErrorCode::internal);
  if (!payload.ok()) hand_over(due, reason::cannot_wrap, payload.error(), carried);
  return payload;
}

void Courier::hand_over(const DueDelivery& due, std::string_view why, const Error& cause, Carried& carried) {
  log(LogLevel::error, "delivery cannot be sent",
      {{"event", due.event_id},
       {"delivery", due.id},
       {"adapter", SafeText::code(due.adapter)},
       {"reason", SafeText::code(why)},
       {"cause", SafeText::code(reason_of(cause.code))}});
  const Instant now = seams_.env.now();
  carried.hold = !is_done(commit_one(
      seams_.sink, MoveDelivery{due.id, now, Happening::given_up, std::string(why), /*due_at=*/now}));
}

Carried Courier::carry(Adapter& adapter, const DueDelivery& due) {
  Carried carried;
  if (halted_) return {Contact::none, /*hold=*/true};
  const Result<Payload> payload = translate(adapter, due, carried);
  if (!payload.ok()) return carried;

  const Result<Effect> started =
      commit_one(seams_.sink,
                 StartAttempt{due.id, seams_.env.now(), to_hex(sha256(*payload->body)), payload->reference});
  // Not durable, or no longer pending (cancelled meanwhile): nothing may leave.
  if (!is_done(started)) return {Contact::none, /*hold=*/true};

  const Instant deadline = seams_.env.monotonic() + limits_.delivery_timeout;
  const Outcome outcome =
      cleaned(shielded<Outcome>(due, {Verdict::unknown, std::string(reason::adapter_fault), {}, false},
                                [&] { return adapter.deliver(*payload, deadline); }));
  record(due, outcome);
  carried.contact = outcome.partner_down ? Contact::down : Contact::fine;
  return carried;
}

void Courier::record(const DueDelivery& due, const Outcome& outcome) {
  const Instant now = seams_.env.now();
  const bool last = due.attempts + 1 >= limits_.attempts_max;
  // After the last attempt there is nothing to wait for: the dispatcher hands it over at once.
  // The partner knows best when it will have time, within what we wait at most for anybody.
  const Span pause = std::max(backoff(seams_.env, limits_.backoff_first, limits_.backoff_most, due.attempts),
                              std::min(outcome.retry_after, limits_.backoff_most));
  const Instant due_at = last ? now : now + pause;
  const Result<Effect> recorded = commit_one(seams_.sink, RecordOutcome{due.id, now, outcome, due_at});
  if (recorded.ok()) {
    log_outcome("delivery attempted", due, outcome);
    if (seams_.observe) seams_.observe(due, outcome);
    return;
  }
  halted_ = true;
  log(LogLevel::error, "outcome not recorded: nothing more is sent",
      {{"event", due.event_id},
       {"delivery", due.id},
       {"cause", SafeText::code(reason_of(recorded.error().code))}});
}

Carried Courier::look_up(Adapter& adapter, const DueDelivery& due) {
  Carried carried;
  if (halted_) return {Contact::none, /*hold=*/true};
  const Result<Payload> payload = translate(adapter, due, carried);
  if (!payload.ok()) return carried;

  const Instant deadline = seams_.env.monotonic() + limits_.delivery_timeout;
  const Outcome answer =
      cleaned(shielded<Outcome>(due, {Verdict::unknown, std::string(reason::adapter_fault), {}, false},
                                [&] { return adapter.lookup(*payload, deadline); }));
  carried.contact = answer.partner_down ? Contact::down : Contact::fine;
  log_outcome("delivery looked up", due, answer);

  // A partner that could not be reached has not said that it does not have the message.
  if (answer.verdict == Verdict::unknown || answer.partner_down) {
    carried.hold = true;
    return carried;
  }
  Happening happening = Happening::may_repeat;
  if (answer.verdict == Verdict::accepted) happening = Happening::partner_accepted;
  if (answer.verdict == Verdict::rejected) happening = Happening::partner_refused;
  const Instant now = seams_.env.now();
  carried.hold =
      !is_done(commit_one(seams_.sink, MoveDelivery{due.id, now, happening, answer.reason, /*due_at=*/now}));
  return carried;
}

}  // namespace psl
