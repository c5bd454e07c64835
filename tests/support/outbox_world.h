// The stand-ins that tests of the outbox share: sealing that hides nothing, a sink that commits at once, a
// partner that follows a script, and events to send.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gateway/core/adapter.h"
#include "gateway/core/store.h"
#include "passerelle/internal/v1/stored.pb.h"
#include "passerelle/v1/config.pb.h"
#include "passerelle/v1/delivery.pb.h"

namespace psl {

// "Seals" by naming the place; opening checks it. `key_missing` stands for a tenant key that is gone.
class PlainSealer final : public Sealer {
 public:
  bool key_missing = false;

  Result<WrappedKey> new_key(std::string_view, const Uuid&) override { return WrappedKey{"k1", "wrapped"}; }
  Result<std::string> seal(std::string_view, const WrappedKey&, const Uuid& event_id, std::string_view column,
                           std::string_view plain) override {
    return place(event_id, column) + std::string(plain) + checksum(plain);
  }
  Result<std::string> open(std::string_view, const WrappedKey&, const Uuid& event_id, std::string_view column,
                           std::string_view sealed) override {
    if (key_missing) return error_of(ErrorCode::crypto);
    const std::string expected = place(event_id, column);
    if (!sealed.starts_with(expected)) return error_of(ErrorCode::corrupt);
    std::string plain(sealed.substr(expected.size()));
    const std::string sum(1, plain.back());
    plain.pop_back();
    if (sum != checksum(plain)) return error_of(ErrorCode::corrupt);
    return plain;
  }
  Result<std::string> mac(std::string_view, std::string_view purpose, std::string_view plain) override {
    return std::string(purpose) + ":" + std::string(plain);
  }

 private:
  static std::string place(const Uuid& event_id, std::string_view column) {
    return event_id.text() + "|" + std::string(column) + "|";
  }
  static std::string checksum(std::string_view plain) {
    unsigned sum = 0;
    for (char c : plain) sum += static_cast<unsigned char>(c);
    return std::string(1, static_cast<char>(sum & 0x7F));
  }
};

// Opens documents only: what follows "pdf:" in a document is the PDF inside it.
class OpeningOffice final : public DocumentOffice {
 public:
  Result<PreparedDocument> prepare(v1::SubmitEventRequest&, const Subject&,
                                   stored::DocumentHeader&) const override {
    return error_of(ErrorCode::internal);
  }
  Result<Bytes> pdf_inside(std::string_view cda) const override {
    const size_t at = cda.find("pdf:");
    if (at == std::string_view::npos) return error_of(ErrorCode::corrupt);
    return make_bytes(std::string(cda.substr(at)));
  }
};

// Commits each command by itself before submit() returns, so that no thread is needed.
class ImmediateSink final : public CommandSink {
 public:
  explicit ImmediateSink(Store& store) : store_(store) {}
  // Commands for which it says true are refused.
  std::function<bool(const Command&)> refuses;
  // Called before each commit.
  std::function<void(const Command&)> before;

  void submit(Command command, std::function<void(Result<Effect>)> done) override {
    if (refuses && refuses(command)) return done(error_of(ErrorCode::store_unavailable));
    if (before) before(command);
    Result<std::vector<Effect>> effects = store_.commit(std::span(&command, 1));
    if (!effects.ok()) return done(error_of(ErrorCode::store_unavailable));
    done(effects->front());
  }

 private:
  Store& store_;
};

// Answers nothing: the test does, when it likes.
class KeptSink final : public CommandSink {
 public:
  void submit(Command, std::function<void(Result<Effect>)> done) override { kept.push_back(std::move(done)); }
  std::vector<std::function<void(Result<Effect>)>> kept;
};

// Takes everything unless told otherwise.
class ScriptedAdapter final : public Adapter {
 public:
  explicit ScriptedAdapter(std::string name, int concurrency = 1) {
    info_.name = std::move(name);
    info_.kind = "scripted";
    info_.concurrency = concurrency;
    info_.repeat_safe = true;
  }

  // Answers in order; when they are used up, `otherwise`.
  std::deque<Outcome> script;
  Outcome otherwise{Verdict::accepted, "ACCEPTED", "250", false};
  // Comes first when set.
  std::function<Outcome(const Payload&)> on_deliver;
  std::function<Outcome(const Payload&)> on_lookup;
  // Sees what is translated.
  std::function<void(const Dispatch&)> on_wrap;
  std::optional<Error> wrap_error;
  bool wrap_throws = false;
  // The references of what was sent, and the last whole payload and deadline.
  std::vector<std::string> sent;
  int lookups = 0;
  Payload last;
  Instant last_deadline;
  mutable Instant dated_at;

  AdapterInfo& change_info() { return info_; }
  const AdapterInfo& info() const noexcept override { return info_; }
  bool carries(const v1::SubmitEventRequest&, int) const override { return true; }
  Result<std::string> address(const Dispatch& dispatch) const override {
    return std::to_string(dispatch.recipient_index);
  }
  Result<Payload> wrap(const Dispatch& dispatch) const override {
    if (wrap_throws) throw std::string("a fault");
    if (wrap_error) return *wrap_error;
    dated_at = dispatch.dated_at;
    if (on_wrap) on_wrap(dispatch);
    Payload payload;
    payload.body =
        make_bytes(dispatch.tenant.name() + "/" + std::to_string(dispatch.recipient_index) + "/" +
                   std::string(view(dispatch.document.cda)) + "/" + std::string(view(dispatch.document.pdf)));
    payload.reference = dispatch.delivery_id.text() + "." + std::to_string(dispatch.generation);
    return payload;
  }
  Result<std::vector<v1::Issue>> admit(const Dispatch&) const override { return std::vector<v1::Issue>{}; }
  Outcome deliver(const Payload& payload, Instant deadline) override {
    sent.push_back(payload.reference);
    last = payload;
    last_deadline = deadline;
    if (on_deliver) return on_deliver(payload);
    if (script.empty()) return otherwise;
    const Outcome outcome = script.front();
    script.pop_front();
    return outcome;
  }
  Outcome lookup(const Payload& payload, Instant deadline) override {
    ++lookups;
    last_deadline = deadline;
    return on_lookup ? on_lookup(payload) : Outcome{};
  }
  Status probe(Instant) override { return {}; }

 private:
  AdapterInfo info_;
};

inline Outcome accepted() { return {Verdict::accepted, "ACCEPTED", "250", false}; }
inline Outcome busy() { return {Verdict::try_later, "BUSY", "451", false}; }
inline Outcome down() { return {Verdict::try_later, "CONNECTION_REFUSED", "", true}; }
inline Outcome refused() { return {Verdict::rejected, "MAILBOX_ABSENT", "550 5.1.1", false}; }
inline Outcome lost() { return {Verdict::unknown, "NO_ANSWER", "", true}; }

inline Uuid numbered_id(char kind, uint64_t number) {
  Uuid id;
  id.bytes[0] = static_cast<uint8_t>(kind);
  for (size_t i = 0; i < 8; ++i) id.bytes[15 - i] = static_cast<uint8_t>(number >> (8 * i));
  return id;
}

// An accepted event with one delivery per name in `adapters`; delivery ids are `numbered_id('d', 100 * number
// + index)`. With `cda`, that is its document, and it is said to hold the PDF.
inline AcceptEvent event_to(Sealer& sealer, uint64_t number, const std::vector<std::string>& adapters,
                            Instant now, std::string cda = {}) {
  AcceptEvent event;
  event.id = numbered_id('e', number);
  event.tenant = "cpts-test";
  event.principal = "hospital";
  event.idempotency_key = "key-" + std::to_string(number);
  event.content_mac = "content-" + std::to_string(number);
  event.kind = "discharge_letter";
  event.accepted_at = now;
  event.occurred_at = now;
  event.alert_at = now + seconds(4 * 3600);
  event.give_up_at = now + seconds(72 * 3600);
  event.key = {"k1", "wrapped"};
  event.document_id = event.id.oid();
  event.document_mac = "document-" + std::to_string(number);

  stored::StoredEvent content;
  content.set_pdf_inside(!cda.empty());
  if (cda.empty()) cda = "cda-" + std::to_string(number);
  content.mutable_request()->mutable_event()->mutable_occurred_at()->set_seconds(now.us / 1'000'000);
  for (size_t i = 0; i < adapters.size(); ++i) {
    content.mutable_request()->mutable_event()->add_recipients()->mutable_person();
    event.deliveries.push_back({numbered_id('d', 100 * number + i), static_cast<int>(i), adapters[i],
                                "address-" + std::to_string(i), now});
  }
  event.content =
      sealer.seal(event.tenant, event.key, event.id, content_column, content.SerializeAsString()).value();
  event.documents.push_back(
      {0, static_cast<int64_t>(cda.size()),
       sealer.seal(event.tenant, event.key, event.id, document_column(0), cda).value()});
  return event;
}

}  // namespace psl
