// A structured letter is outside input: whatever its fields hold, either each wrong one is named, or the
// document that is written of it breaks no rule.
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
#include "tests/fuzz/message_mutator.h"
#include "tests/support/plain_copy.h"

namespace {

namespace v1 = passerelle::v1;

constexpr const char* right_letter = R"pb(
  event {
    tenant: "demo"
    source {
      software: "DPI 4.2"
      organization { national_id: "1250000452" name: "Centre hospitalier" }
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
    discharge_letter {
      structured {
        metadata {
          created_at { seconds: 1795000000 }
          authors { national_id: "810001234565" family_name: "LEFEVRE" specialty_code: "G15_10/SM26" }
          encounter {
            start { seconds: 1794906000 }
            end { seconds: 1794992400 }
            facility_type { code: "SA01" }
            practice_setting { code: "ETABLISSEMENT" }
          }
        }
        reason: "Malaise."
        stay {
          admission_mode: ADMISSION_MODE_EMERGENCY
          discharge_mode: DISCHARGE_MODE_HOME
          synthesis: "Examens normaux."
          microorganisms_searched: YES_NO_NO
          transfusion: YES_NO_NO
          blood_derivatives: YES_NO_NO
        }
        treatments_at_discharge { treatments { medicine { text: "PARACETAMOL 1 g" } } }
      }
    }
  }
)pb";

v1::SubmitEventRequest parsed_request() {
  v1::SubmitEventRequest request;
  PSL_CHECK(google::protobuf::TextFormat::ParseFromString(right_letter, &request));
  return request;
}

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

const v1::SubmitEventRequest& right_request() {
  static const v1::SubmitEventRequest right = parsed_request();
  return right;
}

}  // namespace

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned seed) {
  v1::StructuredLetter letter;
  return psl::test::mutate_message_input(data, size, max_size, seed, letter, [&](unsigned) {
    letter = right_request().event().discharge_letter().structured();
  });
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // It tells of every string that is not UTF-8.
  static const google::protobuf::LogSilencer quiet;
  v1::SubmitEventRequest request = right_request();
  v1::StructuredLetter& letter = *request.mutable_event()->mutable_discharge_letter()->mutable_structured();
  if (!letter.ParseFromArray(data, static_cast<int>(size))) return 0;
  v1::Tenant tenant;
  tenant.set_name("demo");
  psl::stored::DocumentHeader header;
  const auto prepared = office().prepare(request, {tenant, psl::Uuid{}, {}}, header);
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
