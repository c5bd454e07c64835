#include "adapters/webhook/webhook.h"

#include <google/protobuf/generated_enum_reflection.h>

#include "fhir/json_writer.h"
#include "gateway/base/hash.h"
#include "gateway/core/document_facts.h"
#include "gateway/net/https_partner.h"
#include "passerelle/internal/v1/stored.pb.h"
#include "passerelle/v1/delivery.pb.h"
#include "passerelle/v1/gateway.pb.h"
#include "security/keys.h"

namespace psl {
namespace {

// All that is not a document: names and labels of at most a few hundred characters each.
constexpr uint64_t fields_bytes_max = 65536;

uint64_t body_bytes_bound(const FrozenDocument& document) {
  return (view(document.cda).size() + view(document.pdf).size()) / 3 * 4 + fields_bytes_max;
}

void write_patient(fhir::JsonWriter& json, const v1::Patient& patient, Environment environment) {
  json.object("patient");
  if (ins_is_qualified(patient, environment))
    json.object("ins").text("matricule", patient.ins().matricule()).text("oid", patient.ins().oid()).end();
  json.text("status", v1::IdentityStatus_Name(patient.status()))
      .text("birth_family_name", patient.birth_family_name())
      .text("birth_given_names", patient.birth_given_names())
      .text("first_birth_given_name", first_given_name(patient))
      .text("used_family_name", patient.used_family_name())
      .text("used_given_name", patient.used_given_name())
      .text("sex", v1::Sex_Name(patient.sex()))
      .text("birth_date", patient.birth_date())
      .text("birth_place_code", patient.birth_place_code())
      .end();
}

// Ends the object that is open.
void write_file(fhir::JsonWriter& json, std::string_view media_type, std::string_view content) {
  json.text("media_type", media_type)
      .number("size", content.size())
      .text("sha256", to_hex(sha256(content)))
      .base64("content", content)
      .end();
}

void write_visibility(fhir::JsonWriter& json, const v1::Visibility& visibility) {
  json.array("hidden_from");
  if (visibility.hidden_from_professionals()) json.element("professionals");
  if (visibility.hidden_from_patient()) json.element("patient");
  if (visibility.hidden_from_legal_representatives()) json.element("legal_representatives");
  json.end();
}

stored::Telling told_to(const Dispatch& dispatch) {
  const int index = dispatch.recipient_index;
  return index < dispatch.care.routed_size() ? dispatch.care.routed(index).telling()
                                             : stored::TELLING_DOCUMENT;
}

bool tells_document(stored::Telling telling) {
  return telling == stored::TELLING_DOCUMENT || telling == stored::TELLING_PROPOSAL;
}

// The enumerator's name; what says nothing is left out.
template <typename Enum>
void write_choice(fhir::JsonWriter& json, std::string_view name, Enum choice) {
  const auto* known = google::protobuf::GetEnumDescriptor<Enum>()->FindValueByNumber(choice);
  if (choice != 0 && known != nullptr) json.text(name, known->name());
}

void write_moment(fhir::JsonWriter& json, std::string_view name, bool present,
                  const google::protobuf::Timestamp& at) {
  if (present) json.text(name, to_rfc3339(Instant{at.seconds() * 1000000 + at.nanos() / 1000}));
}

// The proposal that this tool has, or had, to answer; null when it was not asked.
const stored::Proposal* proposal_of_tool(const Dispatch& dispatch) {
  const stored::OrientationCase& state = dispatch.care.orientation();
  const std::string& tool = dispatch.request.event().recipients(dispatch.recipient_index).tool().name();
  for (const stored::Proposal& each : state.proposals()) {
    const int index = each.recipient_index();
    if (index >= 0 && index < state.event().recipients_size() &&
        state.event().recipients(index).tool().name() == tool)
      return &each;
  }
  return nullptr;
}

void write_step(fhir::JsonWriter& json, const v1::OrientationUpdate& update, stored::Telling telling) {
  write_choice(json, "step", update.step());
  write_moment(json, "wanted_from", update.has_wanted_from(), update.wanted_from());
  write_moment(json, "wanted_before", update.has_wanted_before(), update.wanted_before());
  // Of somebody else's answer, a candidate learns the result only.
  if (telling != stored::TELLING_DOCUMENT) return;
  write_choice(json, "reason", update.reason());
  if (!update.has_appointment()) return;
  json.object("appointment");
  write_moment(json, "start", update.appointment().has_start(), update.appointment().start());
  write_moment(json, "end", update.appointment().has_end(), update.appointment().end());
  json.text("place", update.appointment().place()).end();
}

// Where an orientation stands, in codes: what it is about is in the document.
void write_orientation(fhir::JsonWriter& json, const Dispatch& dispatch, stored::Telling telling) {
  const v1::CoordinationEvent& event = dispatch.request.event();
  if (!event.has_orientation() && !event.has_orientation_update()) return;
  const stored::OrientationCase& state = dispatch.care.orientation();
  const v1::Orientation& asked = event.has_orientation() ? event.orientation() : state.event().orientation();
  json.object("orientation")
      .text("event_id", Uuid::from_raw(state.event_id()).value_or(dispatch.event_id).text());
  write_choice(json, "kind", asked.kind());
  write_choice(json, "urgency", asked.urgency());
  write_choice(json, "state", state.state());
  if (event.has_orientation()) {
    // They may have changed since the document was written.
    const v1::Orientation& now = state.event().has_orientation() ? state.event().orientation() : asked;
    write_moment(json, "wanted_from", now.has_wanted_from(), now.wanted_from());
    write_moment(json, "wanted_before", now.has_wanted_before(), now.wanted_before());
  } else {
    write_step(json, event.orientation_update(), telling);
  }
  const stored::Proposal* proposal =
      telling == stored::TELLING_DOCUMENT ? nullptr : proposal_of_tool(dispatch);
  if (proposal != nullptr) {
    if (const auto id = Uuid::from_raw(proposal->delivery_id())) json.text("proposal_id", id->text());
    if (telling == stored::TELLING_PROPOSAL)
      write_moment(json, "answer_before", proposal->has_expires_at(), proposal->expires_at());
  }
  json.end();
}

void write_document(fhir::JsonWriter& json, const Dispatch& dispatch) {
  const v1::DocumentMetadata& metadata = dispatch.header.metadata();
  json.text("replaces", dispatch.header.replaces())
      .object("document")
      .text("id", metadata.document_id())
      .text("title", metadata.title())
      .text("type_code", metadata.type().code());
  write_file(json, "text/xml", view(dispatch.document.cda));
  if (dispatch.document.pdf)
    write_file(json.object("readable_copy"), "application/pdf", view(dispatch.document.pdf));
}

Outcome outcome_of_status(int status) {
  const auto outcome = [status](Verdict verdict, const char* reason, bool partner_down = false) {
    return Outcome{verdict, reason, std::to_string(status), partner_down};
  };
  if (status >= 200 && status < 300) return outcome(Verdict::accepted, "ACCEPTED");
  if (status >= 300 && status < 400) return outcome(Verdict::try_later, "REDIRECTED", true);
  if (status >= 500 && status < 600) return outcome(Verdict::try_later, "PARTNER_BUSY");
  switch (status) {
    case 400:
    case 422:
      return outcome(Verdict::rejected, "CONTENT_REFUSED");
    case 401:
    case 403:
      return outcome(Verdict::try_later, "LOGIN_REFUSED", true);
    case 408:
    case 429:
      return outcome(Verdict::try_later, "PARTNER_BUSY");
    case 409:
      return outcome(Verdict::accepted, "ALREADY_THERE");
    case 413:
      return outcome(Verdict::rejected, "TOO_LARGE");
    default:
      return status >= 400 && status < 500 ? outcome(Verdict::try_later, "PROTOCOL_REFUSED")
                                           : outcome(Verdict::unknown, "ANSWER_UNREADABLE", true);
  }
}

}  // namespace

Result<std::unique_ptr<WebhookAdapter>> WebhookAdapter::create(const v1::WebhookPartner& partner,
                                                               const v1::Config& config, Env& env) {
  HttpsServer server = https_server_of(partner, partner.url());
  AdapterInfo info{partner.name(), "webhook", server.connections, true, false};
  return std::make_unique<WebhookAdapter>(
      Setup{std::move(info), partner.body_bytes_max(),
            config.environment() == v1::Config::TEST ? Environment::test : Environment::production,
            std::move(server), partner.signing_key_file()},
      env);
}

WebhookAdapter::WebhookAdapter(Setup setup, Env& env)
    : setup_(std::move(setup)), env_(env), client_(setup_.server, env) {}

bool WebhookAdapter::carries(const v1::SubmitEventRequest& request, int recipient_index) const {
  const auto& recipients = request.event().recipients();
  return recipient_index >= 0 && recipient_index < recipients.size() &&
         recipients[recipient_index].tool().name() == setup_.info.name;
}

Result<std::string> WebhookAdapter::address(const Dispatch& dispatch) const {
  if (carries(dispatch.request, dispatch.recipient_index)) return setup_.info.name;
  return field_error("event.recipients[" + std::to_string(dispatch.recipient_index) + "].tool.name",
                     "the name of this partner expected");
}

Result<std::vector<v1::Issue>> WebhookAdapter::admit(const Dispatch& dispatch) const {
  if (const auto to = address(dispatch); !to.ok()) return to.error();
  if (tells_document(told_to(dispatch)) && !dispatch.document.cda)
    return field_error("event.recipients[" + std::to_string(dispatch.recipient_index) + "].tool",
                       "an event that has a document expected");
  if (body_bytes_bound(dispatch.document) <= setup_.body_bytes_max) return std::vector<v1::Issue>{};
  return field_error(
      "event.recipients[" + std::to_string(dispatch.recipient_index) + "].tool",
      "the body would be above " + std::to_string(setup_.body_bytes_max) + " bytes: send a smaller document");
}

Result<Payload> WebhookAdapter::wrap(const Dispatch& dispatch) const {
  if (auto admitted = admit(dispatch); !admitted.ok()) return std::move(admitted).error();
  const v1::CoordinationEvent& event = dispatch.request.event();
  const auto* kind = event.GetDescriptor()->FindFieldByNumber(event.kind_case());
  PSL_CHECK(kind != nullptr);  // intake takes no event without one
  const stored::Telling telling = told_to(dispatch);
  const bool with_document = tells_document(telling);
  fhir::JsonWriter json(body_bytes_bound(dispatch.document));
  json.text("event_id", dispatch.event_id.text())
      .text("delivery_id", dispatch.delivery_id.text())
      .text("tenant", dispatch.tenant.name())
      .text("kind", kind->name());
  // Letters came before there was anything else to tell.
  if (!event.has_discharge_letter() || telling != stored::TELLING_DOCUMENT)
    json.text("telling", stored::Telling_Name(telling));
  json.text("occurred_at", to_rfc3339(dispatch.dated_at));
  if (telling != stored::TELLING_REDUCED) write_orientation(json, dispatch, telling);
  if (with_document) {
    write_visibility(json, event.visibility());
    write_patient(json, dispatch.header.patient(), setup_.environment);
    write_document(json, dispatch);
  }
  Payload payload;
  payload.body = make_bytes(json.finish());
  payload.reference = dispatch.delivery_id.text() + "-" + std::to_string(dispatch.generation);
  if (with_document) payload.files.push_back({"document.xml", "text/xml", dispatch.document.cda});
  payload.files.push_back({"body.json", "application/json", payload.body});
  return payload;
}

Outcome WebhookAdapter::deliver(const Payload& payload, Instant deadline) {
  const Result<SecretKey> key = load_key_file(setup_.signing_key_file);
  // Every delivery to this tool waits until somebody mends the file.
  if (!key.ok()) return {Verdict::try_later, "SIGNING_KEY", "", true};
  const std::string timestamp = std::to_string(env_.now().us / 1'000'000);
  const auto mac = hmac_sha256(*key, payload.reference + "." + timestamp + "." + *payload.body);
  if (!mac.ok()) return {Verdict::try_later, "ADAPTER_FAULT", "", false};
  HttpsRequest request;
  request.headers = {{"Content-Type", "application/json"},
                     {"webhook-id", payload.reference},
                     {"webhook-timestamp", timestamp},
                     {"webhook-signature", "v1," + base64_encode(*mac)}};
  request.body = view(payload.body);
  const HttpsExchange exchange = client_.send(request, deadline);
  if (!exchange.answered) return exchange.broken;
  Outcome outcome = outcome_of_status(exchange.answer.status);
  outcome.retry_after = seconds(exchange.answer.retry_after_s);
  return outcome;
}

Outcome WebhookAdapter::lookup(const Payload&, Instant) {
  return {Verdict::unknown, "CANNOT_LOOK_UP", "", false};  // to repeat is as good, and asks less of the tool
}

}  // namespace psl
