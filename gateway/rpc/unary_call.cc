#include "gateway/rpc/unary_call.h"

namespace psl {

void UnaryCall::answer(const google::protobuf::Message& message) {
  if (finished_.exchange(true)) return;
  response_ = to_bytes(message);
  Finish(grpc::Status::OK);
}

void UnaryCall::fail(const Error& error) {
  if (!finished_.exchange(true)) Finish(to_grpc(error));
}

void UnaryCall::OnCancel() {
  if (!finished_.exchange(true)) Finish(grpc::Status::CANCELLED);
}

}  // namespace psl
