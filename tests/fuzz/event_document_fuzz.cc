// An orientation, an enrolment and a change of circle are outside input: whatever their fields hold, either
// each wrong one is named, or the document that is made of it breaks no rule. An input is an event with what
// is stored beside it: of an update, its orientation, which came from outside too.
#include <google/protobuf/stubs/logging.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>

#include "adapters/formats/cda/cda_reader.h"
#include "adapters/formats/check/rules.h"
#include "adapters/formats/document_office.h"
#include "gateway/intake/event_checks.h"
#include "tests/fuzz/message_mutator.h"
#include "tests/fuzz/right_care.h"
#include "tests/support/plain_copy.h"
#include "tests/support/sample_care.h"

namespace {

namespace v1 = passerelle::v1;

const psl::CdaDocumentOffice& office() {
  static const psl::test::PlainCopy readable;
  static const auto made = [] {
    v1::Config config;
    config.set_environment(v1::Config::TEST);
    config.add_tenants()->set_name("bresse");
    auto created = psl::CdaDocumentOffice::create(config, readable);
    PSL_CHECK(created.ok());
    return *std::move(created);
  }();
  return *made;
}

v1::Tenant right_tenant() {
  v1::Tenant tenant = psl::sample_care_tenant();
  tenant.set_name("bresse");
  v1::Protocol& protocol = *tenant.add_protocols();
  protocol.set_id("insuffisance-cardiaque");
  protocol.set_version("2");
  protocol.add_criteria()->set_code("IC_CONNUE");
  protocol.add_criteria()->set_code("BALANCE");
  return tenant;
}

bool passes_checks(const v1::CoordinationEvent& event, const v1::Tenant& tenant) {
  v1::SubmitEventRequest request;
  request.set_idempotency_key("1");
  *request.mutable_event() = event;
  request.mutable_event()->set_tenant(tenant.name());
  return psl::check_event(request, tenant, psl::Environment::test, {psl::sample_now_s * 1000000}).ok();
}

}  // namespace

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned seed) {
  psl::stored::StoredEvent event;
  return psl::test::mutate_message_input(data, size, max_size, seed, event,
                                         [&](unsigned which) { event = psl::test::right_care(which); });
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // It tells of every string that is not UTF-8.
  static const google::protobuf::LogSilencer quiet;
  psl::stored::StoredEvent event;
  if (!event.ParseFromArray(data, static_cast<int>(size))) return 0;
  v1::SubmitEventRequest& request = *event.mutable_request();
  const auto kind = request.event().kind_case();
  if (kind == v1::CoordinationEvent::kDischargeLetter || kind == v1::CoordinationEvent::KIND_NOT_SET)
    return 0;
  static const v1::Tenant tenant = right_tenant();
  request.mutable_event()->set_tenant(tenant.name());
  const bool is_update = kind == v1::CoordinationEvent::kOrientationUpdate;
  if (!passes_checks(request.event(), tenant) ||
      (is_update && !passes_checks(event.care().orientation().event(), tenant)))
    return 0;
  psl::stored::DocumentHeader header;
  const auto prepared = office().prepare(request, {tenant, psl::Uuid{}, event.care(), true}, header);
  if (!prepared.ok()) {
    // `internal` names the rules that our own document breaks.
    if (prepared.error().code != psl::ErrorCode::field_invalid)
      std::fprintf(stderr, "%s\n", prepared.error().text.c_str());
    PSL_CHECK(prepared.error().code == psl::ErrorCode::field_invalid);
    PSL_CHECK(!prepared.error().faults.empty() && prepared.error().faults.size() <= 20);
    return 0;
  }
  const auto read = psl::read_cda(*prepared->document.cda, {});
  PSL_CHECK(read.ok());
  PSL_CHECK(!psl::has_error(read->issues));
  return 0;
}
