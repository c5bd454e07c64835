#include "adapters/fhir/fhir_server.h"

#include <algorithm>
#include <utility>

#include "adapters/fhir/conditions.h"
#include "adapters/formats/document_office.h"
#include "gateway/core/checked.h"
#include "gateway/net/https_partner.h"
#include "passerelle/internal/v1/stored.pb.h"
#include "passerelle/v1/config.pb.h"
#include "passerelle/v1/delivery.pb.h"
#include "passerelle/v1/gateway.pb.h"

namespace psl {
namespace {

constexpr uint64_t default_care_bundle_bytes_max = 5'000'000;
constexpr std::string_view fhir_media_type = "application/fhir+json";

std::string recipient_path(const Dispatch& dispatch) {
  return "event.recipients[" + std::to_string(dispatch.recipient_index) + "].fhir_server";
}

}  // namespace

Result<std::unique_ptr<FhirAdapter>> FhirAdapter::create(const v1::FhirPartner& partner,
                                                         const v1::Config& config, Env& env) {
  if (!partner.base_url().starts_with("https://"))
    return error_of(ErrorCode::configuration,
                    "FHIR partner " + partner.name() + ": base_url: an https URL expected");
  Setup setup;
  setup.server = https_server_of(partner, partner.base_url());
  setup.info = {.name = partner.name(),
                .kind = "fhir",
                .concurrency = setup.server.connections,
                .repeat_safe = true,
                .can_look_up = true,
                .needs_document = false,
                .collects = false,
                .rate_per_second = static_cast<int>(partner.rate_per_second())};
  setup.dialect = partner.dialect() == v1::FhirPartner::FR_CORE_2_2_0 ? fhir::Dialect::fr_core_2_2_0
                                                                      : fhir::Dialect::fr_core_2_1_0;
  setup.bundle_bytes_max =
      partner.bundle_bytes_max() == 0 ? default_care_bundle_bytes_max : partner.bundle_bytes_max();
  for (const v1::Tenant& tenant : config.tenants()) {
    auto zone = TimeZone::load(time_zone_of(tenant));
    if (!zone.ok()) return std::move(zone).error();
    setup.zones.insert_or_assign(std::string(time_zone_of(tenant)), std::move(*zone));
  }
  return std::make_unique<FhirAdapter>(std::move(setup), env);
}

FhirAdapter::FhirAdapter(Setup setup, Env& env)
    : setup_(std::move(setup)), env_(env), client_(setup_.server, env) {}

bool FhirAdapter::carries(const v1::SubmitEventRequest& request, int recipient_index) const {
  const auto& recipients = request.event().recipients();
  return recipient_index >= 0 && recipient_index < recipients.size() &&
         recipients[recipient_index].fhir_server().name() == setup_.info.name;
}

Result<std::string> FhirAdapter::address(const Dispatch& dispatch) const {
  if (carries(dispatch.request, dispatch.recipient_index)) return "fhir " + setup_.info.name;
  return field_error(recipient_path(dispatch) + ".name", "the name of this server expected");
}

Status FhirAdapter::check_recipient(const Dispatch& dispatch) const {
  if (auto to = address(dispatch); !to.ok()) return std::move(to).error();
  switch (dispatch.request.event().kind_case()) {
    case v1::CoordinationEvent::kOrientation:
    case v1::CoordinationEvent::kOrientationUpdate:
    case v1::CoordinationEvent::kPathwayEnrolment:
    case v1::CoordinationEvent::kCareCircleChange:
      return {};
    default:
      return field_error(
          recipient_path(dispatch),
          "takes orientations, enrolments and care circles; for a letter, shared_record expected");
  }
}

Result<Payload> FhirAdapter::wrap(const Dispatch& dispatch) const {
  if (Status status = check_recipient(dispatch); !status.ok()) return std::move(status).error();
  fhir::CareInput input{dispatch.request,  dispatch.header,   dispatch.care, dispatch.tenant,
                        dispatch.event_id, dispatch.dated_at, setup_.dialect};
  // One that this configuration does not have is written in UTC.
  if (const auto zone = setup_.zones.find(time_zone_of(dispatch.tenant)); zone != setup_.zones.end())
    input.offset_at = [&zone = zone->second](Instant at) { return zone.offset_at(at); };
  fhir::CareBundle bundle = fhir::write_care_bundle(input);
  if (bundle.json.size() > setup_.bundle_bytes_max)
    return field_error(recipient_path(dispatch), "what is sent would be above " +
                                                     std::to_string(setup_.bundle_bytes_max) +
                                                     " bytes: send a smaller event");
  Payload payload;
  payload.body = make_bytes(std::move(bundle.json));
  payload.reference = std::move(bundle.search);
  payload.files = {{"bundle.json", std::string(fhir_media_type), payload.body}};
  payload.issues = std::move(bundle.issues);
  return payload;
}

// To write it is the only way to know its size and what FHIR cannot say, and costs tens of microseconds.
Result<std::vector<v1::Issue>> FhirAdapter::admit(const Dispatch& dispatch) const {
  auto payload = wrap(dispatch);
  if (!payload.ok()) return std::move(payload).error();
  return std::move(payload->issues);
}

HttpsExchange FhirAdapter::ask(const std::string& question, Instant deadline) {
  HttpsRequest request;
  request.method = "GET";
  request.path = question;
  // A search answered from a cache would not know what was just sent.
  request.headers = {{"Accept", std::string(fhir_media_type)}, {"Cache-Control", "no-cache"}};
  return client_.send(request, deadline);
}

Outcome FhirAdapter::deliver(const Payload& payload, Instant deadline) {
  const Instant limit = std::min(deadline, env_.monotonic() + setup_.server.delivery_timeout);
  SentBundle sent = read_sent(view(payload.body), payload.reference);
  std::vector<fhir::KnownResource> held;
  for (const std::string& question : questions_of(sent)) {
    std::optional<Outcome> untold = judge_found(ask(question, limit), held);
    if (!untold) continue;
    // Nothing has left yet.
    untold->verdict = Verdict::try_later;
    return *untold;
  }
  const auto supersedes = [&](const fhir::KnownResource& one) {
    return is_same_resource(one, sent.subject) && is_newer(one, sent.subject);
  };
  if (std::ranges::any_of(held, supersedes)) return {Verdict::accepted, "SUPERSEDED", {}, false};
  HttpsRequest request;
  request.headers = {{"Content-Type", std::string(fhir_media_type)},
                     {"Accept", std::string(fhir_media_type)},
                     // Not the resources again (R4, http.html#ops).
                     {"Prefer", "return=minimal"}};
  const std::string body = with_conditions(view(payload.body), sent, held);
  request.body = body;
  const Outcome posted = judge_transaction(client_.send(request, limit), sent.entries);
  if (posted.verdict != Verdict::accepted) return posted;
  const Outcome seen = judge_presence(ask(question_about(payload.reference), limit), sent.subject);
  if (seen.verdict == Verdict::accepted) return posted;
  if (seen.verdict == Verdict::try_later)
    return {Verdict::unknown, "PARTLY_STORED", posted.partner_code, false};
  return seen;
}

Outcome FhirAdapter::lookup(const Payload& payload, Instant deadline) {
  const SentBundle sent = read_sent(view(payload.body), payload.reference);
  return judge_presence(ask(question_about(payload.reference), deadline), sent.subject);
}

}  // namespace psl
