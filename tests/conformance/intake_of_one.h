// The way of a letter through intake and outbox, with the product's own documents and one adapter.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "adapters/formats/document_office.h"
#include "gateway/base/hash.h"
#include "gateway/intake/intake.h"
#include "gateway/outbox/delivering.h"
#include "tests/support/fake_env.h"
#include "tests/support/memory_store.h"
#include "tests/support/outbox_world.h"
#include "tests/support/plain_copy.h"

namespace psl::test {

class EveryoneMay final : public Policy {
 public:
  Status may_answer_for(const Principal&, std::string_view, std::string_view) const override {
    return error_of(ErrorCode::not_allowed);
  }
  Status allows(const Principal&, Action, std::string_view, std::string_view,
                std::string_view) const override {
    return {};
  }
};

// Intake with one adapter, the product's own documents, and a ledger in memory.
class IntakeOfOne {
 public:
  IntakeOfOne(const Adapter& adapter, const v1::Tenant& like) : adapter_(adapter) {
    config_.set_environment(v1::Config::TEST);
    v1::Tenant& tenant = *config_.add_tenants();
    tenant = like;
    tenant.add_mail_domains(".mssante.fr");
    tenant.add_tools("outil");
    tenant.set_shared_record("depot");
    tenant.mutable_alert_after()->set_seconds(3600);
    tenant.mutable_give_up_after()->set_seconds(7200);
    tenants_[tenant.name()] = TenantSetup{tenant, {&adapter_}};
    office_ = *CdaDocumentOffice::create(config_, copy_);
  }

  Result<v1::SubmitEventResponse> submit(v1::SubmitEventRequest& request, const v1::Recipient& recipient) {
    request.set_idempotency_key("letter-" + std::to_string(++letters_));
    request.mutable_event()->set_tenant(config_.tenants(0).name());
    request.mutable_event()->clear_recipients();
    *request.mutable_event()->add_recipients() = recipient;
    Result<v1::SubmitEventResponse> answer = error_of(ErrorCode::internal);
    intake().submit(Principal{"hospital"}, request, [&](auto result) { answer = std::move(result); });
    return answer;
  }
  Result<std::vector<RecipientPreview>> preview(v1::SubmitEventRequest request) {
    auto preview = intake().preview(Principal{"hospital"}, std::move(request));
    if (!preview.ok()) return std::move(preview).error();
    return std::move(preview->recipients);
  }
  bool carries(const v1::SubmitEventRequest& request) const { return adapter_.carries(request, 0); }
  MemoryStore& store() { return store_; }
  ImmediateSink& sink() { return sink_; }
  // The document that the office makes for a request of its own.
  std::string made_from(v1::SubmitEventRequest request) const {
    stored::DocumentHeader header;
    const auto made =
        office_->prepare(request, {config_.tenants(0), Uuid::from_hash(sha256("another")), {}}, header);
    PSL_CHECK(made.ok());
    return *made->document.cda;
  }
  // One attempt of a delivery, as the outbox makes it.
  void carry(Adapter& adapter, const Uuid& delivery) {
    Courier courier({store_, sink_, sealer_, *office_, system_env(),
                     [this](std::string_view) { return &config_.tenants(0); }},
                    {});
    courier.carry(adapter, store_.delivery(delivery).due);
  }

 private:
  Intake intake() {
    return Intake(
        IntakeSeams{tenants_, Environment::test, policy_, *office_, env_, &sealer_, &sink_, &store_});
  }

  const Adapter& adapter_;
  v1::Config config_;
  const PlainCopy copy_;
  std::unique_ptr<CdaDocumentOffice> office_;
  const EveryoneMay policy_;
  FakeEnv env_;
  MemoryStore store_;
  PlainSealer sealer_;
  ImmediateSink sink_{store_};
  TenantTable tenants_;
  int letters_ = 0;
};

}  // namespace psl::test
