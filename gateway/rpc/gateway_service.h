// The Gateway service on gRPC's callback API: handlers that parse, hand over and return.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>

#include <functional>
#include <string_view>

#include "gateway/core/seams.h"
#include "gateway/intake/intake.h"
#include "gateway/rpc/workers.h"
#include "passerelle/v1/gateway.grpc.pb.h"

namespace psl {

// Requests come as bytes, so that one that does not parse gets an answer that names the field. Thread safe.
using RawGateway = v1::Gateway::WithRawCallbackMethod_SubmitEvent<v1::Gateway::WithRawCallbackMethod_GetEvent<
    v1::Gateway::WithRawCallbackMethod_PreviewEvent<v1::Gateway::Service>>>;

class GatewayService final : public RawGateway {
 public:
  using PrincipalOf = std::function<Result<Principal>(std::string_view pem)>;
  GatewayService(const Intake& intake, PrincipalOf principal_of, size_t large_messages_max);

  grpc::ServerUnaryReactor* SubmitEvent(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                        grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* GetEvent(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                     grpc::ByteBuffer* response) override;
  grpc::ServerWriteReactor<grpc::ByteBuffer>* PreviewEvent(grpc::CallbackServerContext* context,
                                                           const grpc::ByteBuffer* request) override;

 private:
  Result<Principal> caller(const grpc::CallbackServerContext& context) const;
  // Runs `job` here when the message is small, on a worker otherwise; false when there is no room.
  bool run(size_t message_bytes, std::function<void()> job);

  const Intake& intake_;
  const PrincipalOf principal_of_;
  Workers workers_;
};

}  // namespace psl
