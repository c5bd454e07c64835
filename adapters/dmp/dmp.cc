#include "adapters/dmp/dmp.h"

#include <algorithm>
#include <utility>

#include "adapters/dmp/judgement.h"
#include "fhir/codes.h"
#include "gateway/base/hash.h"
#include "gateway/core/document_facts.h"
#include "gateway/net/https_partner.h"
#include "passerelle/internal/v1/stored.pb.h"
#include "passerelle/v1/delivery.pb.h"
#include "passerelle/v1/gateway.pb.h"

namespace psl {
namespace {

// A document of 30 MiB in base64.
constexpr uint64_t default_bundle_bytes_max = 50'000'000;
constexpr std::string_view fhir_json = "application/fhir+json";

std::string field_of(const Dispatch& dispatch) {
  return "event.recipients[" + std::to_string(dispatch.recipient_index) + "].shared_record";
}

fhir::PdsmInput pdsm_input(const Dispatch& dispatch, fhir::LabelSystem label_system) {
  const v1::CoordinationEvent& event = dispatch.request.event();
  return {dispatch.header,      view(dispatch.document.cda), event.source(), event.visibility(),
          dispatch.delivery_id, dispatch.dated_at,           label_system,   dispatch.replaced_there};
}

Error above(const Dispatch& dispatch, uint64_t most) {
  return field_error(field_of(dispatch), "what is sent would be above " + std::to_string(most) +
                                             " bytes: send a smaller document");
}

Status check_has_document(const Dispatch& dispatch) {
  if (dispatch.document.cda) return {};
  return field_error(field_of(dispatch), "an event that has a document expected");
}

// Entries of the transaction that was frozen: the PATCH is there when a document is replaced.
size_t entries_of(const Payload& payload) { return payload.replaces.empty() ? 3 : 4; }

// Before the document leaves, an open question is no reason to ask what became of it.
Outcome before_sending(Outcome outcome) {
  if (outcome.verdict == Verdict::unknown) outcome.verdict = Verdict::try_later;
  return outcome;
}

// Whether the repository can say at once what its answer leaves open: a success that is none (it may have
// stored the document and speak of something else), a document that was there before, a conflict. After a
// broken exchange, or a failure that may still be at work behind it, it can only later.
bool can_be_asked(const Outcome& posted) {
  if (posted.partner_code.empty() || posted.partner_code[0] == '5') return false;
  if (posted.verdict == Verdict::accepted) return posted.reason == "ALREADY_THERE";
  return posted.verdict == Verdict::unknown || posted.partner_code[0] == '2';
}

}  // namespace

Result<std::unique_ptr<DmpAdapter>> DmpAdapter::create(const v1::RepositoryPartner& partner,
                                                       const v1::Config& config, Env& env) {
  if (!partner.base_url().starts_with("https://"))
    return error_of(ErrorCode::configuration,
                    "repository partner " + partner.name() + ": base_url: an https URL expected");
  Setup setup;
  setup.server = https_server_of(partner, partner.base_url());
  setup.info = {partner.name(), "dmp", setup.server.connections, false, true};
  setup.simplified = partner.form() == v1::RepositoryPartner::ITI105;
  setup.label_system = partner.label_system() == v1::RepositoryPartner::TRE_A07
                           ? fhir::LabelSystem::tre_a07
                           : fhir::LabelSystem::v3_confidentiality;
  setup.bundle_bytes_max =
      partner.bundle_bytes_max() == 0 ? default_bundle_bytes_max : partner.bundle_bytes_max();
  setup.environment = config.environment() == v1::Config::TEST ? Environment::test : Environment::production;
  // A server may give back the whole DocumentReference, with the document inside, whatever it is asked for.
  if (setup.simplified) setup.server.answer_bytes_max += setup.bundle_bytes_max;
  return std::make_unique<DmpAdapter>(std::move(setup), env);
}

DmpAdapter::DmpAdapter(Setup setup, Env& env)
    : setup_(std::move(setup)), env_(env), client_(setup_.server, env) {}

bool DmpAdapter::carries(const v1::SubmitEventRequest& request, int recipient_index) const {
  const v1::CoordinationEvent& event = request.event();
  return recipient_index >= 0 && recipient_index < event.recipients_size() &&
         event.recipients(recipient_index).has_shared_record();
}

Status DmpAdapter::check_recipient(const Dispatch& dispatch) const {
  if (!carries(dispatch.request, dispatch.recipient_index))
    return field_error(field_of(dispatch), "the patient's shared record expected as recipient");
  if (ins_is_qualified(dispatch.header.patient(), setup_.environment)) return {};
  return field_error(field_of(dispatch), "needs a patient with a qualified INS and its five traits");
}

Result<std::string> DmpAdapter::address(const Dispatch& dispatch) const {
  if (Status status = check_recipient(dispatch); !status.ok()) return std::move(status).error();
  const v1::Ins& ins = dispatch.header.patient().ins();
  return ins.matricule() + "|" + ins.oid();
}

Result<Payload> DmpAdapter::wrap(const Dispatch& dispatch) const {
  if (Status status = check_recipient(dispatch); !status.ok()) return std::move(status).error();
  if (Status status = check_has_document(dispatch); !status.ok()) return std::move(status).error();
  const fhir::PdsmInput input = pdsm_input(dispatch, setup_.label_system);
  Payload payload;
  payload.body = make_bytes(setup_.simplified ? fhir::write_simplified_publish(input)
                                              : fhir::write_provide_bundle(input));
  if (payload.body->size() > setup_.bundle_bytes_max) return above(dispatch, setup_.bundle_bytes_max);
  payload.reference = fhir::document_urn(dispatch.header);
  payload.replaces = fhir::replaced_urn(input);
  payload.document_sha1 = to_hex(sha1(view(dispatch.document.cda)));
  payload.files = {
      {setup_.simplified ? "document-reference.json" : "bundle.json", std::string(fhir_json), payload.body},
      {"document.xml", "text/xml", dispatch.document.cda}};
  return payload;
}

Result<std::vector<v1::Issue>> DmpAdapter::admit(const Dispatch& dispatch) const {
  if (Status status = check_recipient(dispatch); !status.ok()) return std::move(status).error();
  if (Status status = check_has_document(dispatch); !status.ok()) return std::move(status).error();
  if (fhir::pdsm_size_bound(pdsm_input(dispatch, setup_.label_system)) > setup_.bundle_bytes_max) {
    // Only what it really weighs can tell.
    if (auto payload = wrap(dispatch); !payload.ok()) return std::move(payload).error();
  }
  return std::vector<v1::Issue>{};
}

Outcome DmpAdapter::search(std::string_view urn, std::string_view sha1, Instant deadline) {
  HttpsRequest request;
  request.method = "GET";
  // The summary has identifier and hash, and leaves out a document that is kept inside (R4,
  // search.html#summary).
  request.path = "/DocumentReference?" + fhir::identifier_query(urn) + "&_summary=true";
  // A search answered from a cache would not know what was just posted.
  request.headers = {{"Accept", std::string(fhir_json)}, {"Cache-Control", "no-cache"}};
  return judge_search(client_.send(request, deadline), urn, sha1);
}

Outcome DmpAdapter::post(const Payload& payload, Instant deadline) {
  HttpsRequest request;
  request.headers = {{"Content-Type", std::string(fhir_json)},
                     {"Accept", std::string(fhir_json)},
                     // Not the resources again, with the document inside (R4, http.html#ops).
                     {"Prefer", "return=minimal"}};
  request.body = view(payload.body);
  if (!setup_.simplified) return judge_provide(client_.send(request, deadline), entries_of(payload));
  request.path = "/DocumentReference";
  request.headers.emplace_back("If-None-Exist", fhir::identifier_query(payload.reference));
  return judge_publish(client_.send(request, deadline));
}

Outcome DmpAdapter::deliver(const Payload& payload, Instant deadline) {
  const Instant limit = std::min(deadline, env_.monotonic() + setup_.server.delivery_timeout);
  const Outcome before = search(payload.reference, payload.document_sha1, limit);
  if (before.verdict != Verdict::try_later) return before_sending(before);
  if (!payload.replaces.empty()) {
    const Outcome replaced = search(payload.replaces, {}, limit);
    if (replaced.verdict == Verdict::try_later)
      return {Verdict::rejected, "REPLACED_ABSENT", replaced.partner_code, false};
    if (replaced.verdict != Verdict::accepted) return before_sending(replaced);
  }
  const Outcome posted = post(payload, limit);
  if (!can_be_asked(posted)) return posted;
  const Outcome after = search(payload.reference, payload.document_sha1, limit);
  if (after.verdict == Verdict::accepted || after.verdict == Verdict::rejected) return after;
  // It is not there, and the answer says why, or does not.
  if (after.verdict == Verdict::try_later && posted.verdict != Verdict::accepted) return posted;
  const bool there_already = posted.verdict == Verdict::accepted;
  return {Verdict::unknown, there_already ? "PARTLY_STORED" : posted.reason, posted.partner_code, false};
}

Outcome DmpAdapter::lookup(const Payload& payload, Instant deadline) {
  return search(payload.reference, payload.document_sha1, deadline);
}

}  // namespace psl
