// An orientation, an enrolment and a change of circle are outside input: whatever their fields hold, either
// each wrong one is named, or the document that is made of it breaks no rule. The first byte picks the kind;
// the others are merged into an event that is right.
#include <google/protobuf/stubs/logging.h>
#include <google/protobuf/text_format.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "adapters/formats/cda/cda_reader.h"
#include "adapters/formats/check/rules.h"
#include "adapters/formats/document_office.h"
#include "passerelle/v1/config.pb.h"
#include "passerelle/v1/gateway.pb.h"
#include "tests/support/plain_copy.h"

namespace {

namespace v1 = passerelle::v1;

constexpr const char* right_event = R"pb(
  event {
    tenant: "demo"
    source {
      software: "Logiciel 4.2"
      organization { national_id: "1250000452" name: "Maison de santé" }
      professional { national_id: "810001234565" family_name: "LEFEVRE" specialty_code: "G15_10/SM26" }
    }
    subject {
      status: IDENTITY_STATUS_PROVISIONAL
      birth_family_name: "MOREAU"
      first_birth_given_name: "PAUL"
      sex: SEX_MALE
      birth_date: "1971-06-02"
      local_id { value: "IPP-000777" oid: "1.2.250.1.999.1.1" }
    }
    occurred_at { seconds: 1794992400 }
  }
)pb";

// The event, and the content that is put into it: "kind: ..." of each of the four.
constexpr const char* right_kinds[] = {
    R"pb(orientation {
           kind: SPECIALIST
           reason: "Malaise."
           specialty { code: "SM04" }
         })pb",
    R"pb(orientation_update {
           step: BOOKED
           appointment { start { seconds: 1795000000 } }
         })pb",
    R"pb(pathway_enrolment { enrolment_id: "1" protocol_id: "p" protocol_version: "1" status: PLANNED })pb",
    R"pb(care_circle_change { leaves { member_id: "m" } })pb"};

const psl::CdaDocumentOffice& office() {
  static const psl::test::PlainCopy readable;
  static const auto made = [] {
    v1::Config config;
    config.set_environment(v1::Config::TEST);
    config.add_tenants()->set_name("demo");
    auto created = psl::CdaDocumentOffice::create(config, readable);
    PSL_CHECK(created.ok());
    return *std::move(created);
  }();
  return *made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using google::protobuf::TextFormat;
  // It tells of every string that is not UTF-8.
  static const google::protobuf::LogSilencer quiet;
  if (size == 0) return 0;
  v1::SubmitEventRequest request;
  PSL_CHECK(TextFormat::ParseFromString(right_event, &request));
  v1::CoordinationEvent right;
  PSL_CHECK(TextFormat::ParseFromString(right_kinds[data[0] % 4], &right));
  request.mutable_event()->MergeFrom(right);
  const std::string bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  if (!request.mutable_event()->MergeFromString(bytes)) return 0;
  const auto kind = request.event().kind_case();
  if (kind == v1::CoordinationEvent::kDischargeLetter || kind == v1::CoordinationEvent::KIND_NOT_SET)
    return 0;
  v1::Tenant tenant;
  tenant.set_name("demo");
  psl::stored::DocumentHeader header;
  const auto prepared = office().prepare(request, {tenant, psl::Uuid{}, {}, true}, header);
  if (!prepared.ok()) {
    PSL_CHECK(prepared.error().code == psl::ErrorCode::field_invalid);
    PSL_CHECK(!prepared.error().faults.empty() && prepared.error().faults.size() <= 20);
    return 0;
  }
  const auto read = psl::read_cda(*prepared->document.cda, {});
  PSL_CHECK(read.ok());
  PSL_CHECK(!psl::has_error(read->issues));
  return 0;
}
