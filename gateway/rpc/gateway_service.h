// The Gateway service on gRPC's callback API: handlers that parse, hand over and return.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>

#include <functional>
#include <memory>
#include <string_view>

#include "gateway/core/seams.h"
#include "gateway/intake/event_desk.h"
#include "gateway/intake/intake.h"
#include "gateway/rpc/call_set.h"
#include "gateway/rpc/submit_stream.h"
#include "gateway/rpc/watch_hub.h"
#include "gateway/rpc/workers.h"
#include "passerelle/v1/gateway.grpc.pb.h"

namespace psl {

// Every request comes as bytes, so that one that does not parse gets an answer that names the field.
template <typename Base>
using RawSubmissions = v1::Gateway::WithRawCallbackMethod_SubmitEvent<
    v1::Gateway::WithRawCallbackMethod_PreviewEvent<v1::Gateway::WithRawCallbackMethod_SubmitEvents<Base>>>;
template <typename Base>
using RawQuestions =
    v1::Gateway::WithRawCallbackMethod_GetEvent<v1::Gateway::WithRawCallbackMethod_ListEvents<
        v1::Gateway::WithRawCallbackMethod_WatchEvents<v1::Gateway::WithRawCallbackMethod_RetryDelivery<
            v1::Gateway::WithRawCallbackMethod_CancelEvent<Base>>>>>;
using RawGateway = RawSubmissions<RawQuestions<v1::Gateway::Service>>;

// What the service is given; all of it outlives the service.
struct ServiceSeams {
  const Intake& intake;
  const EventDesk& desk;
  CallSet& calls;
  WatchHub& watch_hub;
  std::function<Result<Principal>(std::string_view pem)> principal_of;
};

// Thread safe. Each call is an object of its kind (unary_call.h, preview_call.h, submit_stream.h,
// watch_call.h), which the set of calls owns.
class GatewayService final : public RawGateway {
 public:
  GatewayService(ServiceSeams seams, size_t large_messages_max);

  using Context = grpc::CallbackServerContext;
  using Bytes = grpc::ByteBuffer;
  grpc::ServerUnaryReactor* SubmitEvent(Context* context, const Bytes* request, Bytes* response) override;
  grpc::ServerUnaryReactor* GetEvent(Context* context, const Bytes* request, Bytes* response) override;
  grpc::ServerWriteReactor<Bytes>* PreviewEvent(Context* context, const Bytes* request) override;
  grpc::ServerBidiReactor<Bytes, Bytes>* SubmitEvents(Context* context) override;
  grpc::ServerUnaryReactor* ListEvents(Context* context, const Bytes* request, Bytes* response) override;
  grpc::ServerWriteReactor<Bytes>* WatchEvents(Context* context, const Bytes* request) override;
  grpc::ServerUnaryReactor* RetryDelivery(Context* context, const Bytes* request, Bytes* response) override;
  grpc::ServerUnaryReactor* CancelEvent(Context* context, const Bytes* request, Bytes* response) override;

 private:
  // Takes the call into the set; who calls, or why the call is refused.
  Result<Principal> admit(std::shared_ptr<Call> call, const Context& context);
  // Reads a SubmitEventRequest, or a message with its fields, and calls `then` once: here when it is small
  // and cheap to check, on a worker otherwise, with `busy` when there is no room.
  void read_event(const Bytes& message, EventTaker then);
  // A question to the desk: `ask(principal, message, call)` runs on a worker for questions.
  template <typename Request, typename Ask>
  grpc::ServerUnaryReactor* question(Context* context, const Bytes* request, Bytes* response, Ask ask);

  const ServiceSeams seams_;
  Workers large_messages_;
  Workers page_layouts_;
  Workers questions_;
};

}  // namespace psl
