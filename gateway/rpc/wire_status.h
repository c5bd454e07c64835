// Between errors of ours and what travels in gRPC: google.rpc.Status in the trailer, requests as bytes.
#pragma once

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/status.h>

#include "gateway/base/result.h"

namespace google::protobuf {
class Message;
}
namespace google::rpc {
class Status;
}

namespace psl {

// The status with its details: ErrorInfo always, BadRequest when there are faults. At most 20 faults and 4
// KiB of them, so that the trailer stays under gRPC's 8 KiB; ErrorInfo.metadata "truncated" tells when some
// were left out.
google::rpc::Status to_rpc_status(const Error& error);
// The same, as a call ends with it.
grpc::Status to_grpc(const Error& error);

// The error that a server of ours sent; one without our details becomes the nearest code.
Error from_rpc_status(const google::rpc::Status& status);
Error from_grpc(const grpc::Status& status);

// `message` from the bytes of a call. Errors: message_unreadable, text_not_utf8 (with the path of the field).
Status parse_message(const grpc::ByteBuffer& bytes, google::protobuf::Message& message);

// The bytes of an answer.
grpc::ByteBuffer to_bytes(const google::protobuf::Message& message);

}  // namespace psl
