// A client without a gateway: each test overrides the calls that it is about.
#pragma once

#include "gateway/app/client.h"

namespace psl {

class FakeClient : public GatewayClient {
 public:
  Result<v1::SubmitEventResponse> submit(const v1::SubmitEventRequest&, Span) override {
    return unexpected();
  }
  Result<v1::EventStatus> get(const v1::GetEventRequest&) override { return unexpected(); }
  Result<v1::ListEventsResponse> list(const v1::ListEventsRequest&) override { return unexpected(); }
  Result<std::vector<v1::PreviewEventPart>> preview(const v1::PreviewEventRequest&) override {
    return unexpected();
  }
  Result<v1::RetryDeliveryResponse> retry(const v1::RetryDeliveryRequest&, Span) override {
    return unexpected();
  }
  Result<v1::CancelEventResponse> cancel(const v1::CancelEventRequest&, Span) override {
    return unexpected();
  }
  std::unique_ptr<ClientStream> submit_many() override { return nullptr; }
  std::unique_ptr<ClientWatch> watch(const v1::WatchEventsRequest&) override { return nullptr; }
  void pause(Span) override {}

 private:
  static Error unexpected() { return error_of(ErrorCode::internal, "this test expects no such call"); }
};

}  // namespace psl
