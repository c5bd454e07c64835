#include "gateway/rpc/wire_status.h"

#include <google/protobuf/message.h>
#include <grpcpp/impl/codegen/proto_utils.h>
#include <grpcpp/support/slice.h>

#include <algorithm>

#include "gateway/rpc/wire_text.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace psl {
namespace {

constexpr size_t faults_most = 20;
constexpr size_t fault_bytes_most = 4096;
constexpr std::string_view domain = "passerelle";

// What a person reads in a terminal: the reason, and the first field at fault.
std::string summary_of(const Error& error) {
  std::string text(reason_of(error.code));
  text += ": ";
  text += error.text.empty() ? text_of(error.code) : std::string_view(error.text);
  if (!error.faults.empty()) text += " (" + error.faults[0].path + ": " + error.faults[0].text + ")";
  return text.substr(0, 500);
}

ErrorCode code_of_reason(std::string_view reason, ErrorCode otherwise) {
  for (int i = 0; i <= static_cast<int>(ErrorCode::internal); ++i) {
    if (reason_of(static_cast<ErrorCode>(i)) == reason) return static_cast<ErrorCode>(i);
  }
  return otherwise;
}

ErrorCode code_of_status(grpc::StatusCode code) {
  switch (code) {
    case grpc::StatusCode::UNAVAILABLE:
      return ErrorCode::input_output;
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return ErrorCode::deadline;
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
      return ErrorCode::message_too_large;
    default:
      return ErrorCode::internal;
  }
}

// `text` is one of a server's own; a foreign server's could hold anything, so it is bounded.
std::string bounded(std::string text) { return text.substr(0, 1000); }

}  // namespace

google::rpc::Status to_rpc_status(const Error& error) {
  google::rpc::ErrorInfo info;
  info.set_reason(std::string(reason_of(error.code)));
  info.set_domain(std::string(domain));
  google::rpc::BadRequest bad;
  size_t bytes = 0;
  for (const FieldFault& fault : error.faults) {
    bytes += fault.path.size() + fault.text.size() + 8;
    if (static_cast<size_t>(bad.field_violations_size()) == faults_most || bytes > fault_bytes_most) {
      (*info.mutable_metadata())["truncated"] = "true";
      break;
    }
    auto& violation = *bad.add_field_violations();
    violation.set_field(fault.path);
    violation.set_description(fault.text);
  }
  google::rpc::Status status;
  status.set_code(grpc_code_of(error.code));
  status.set_message(summary_of(error));
  status.add_details()->PackFrom(info);
  if (bad.field_violations_size() > 0) status.add_details()->PackFrom(bad);
  return status;
}

grpc::Status to_grpc(const Error& error) {
  const google::rpc::Status status = to_rpc_status(error);
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), status.message(),
                      status.SerializeAsString());
}

Error from_rpc_status(const google::rpc::Status& status) {
  const auto nearest = code_of_status(static_cast<grpc::StatusCode>(status.code()));
  // A call that is cut short has the summary only, which begins with the reason.
  const size_t colon = std::min(status.message().find(": "), status.message().size());
  Error error{code_of_reason(status.message().substr(0, colon), nearest), {}, {}};
  for (const auto& detail : status.details()) {
    google::rpc::ErrorInfo info;
    google::rpc::BadRequest bad;
    if (detail.UnpackTo(&info) && info.domain() == domain) {
      error.code = code_of_reason(info.reason(), nearest);
    } else if (detail.UnpackTo(&bad)) {
      for (const auto& violation : bad.field_violations())
        error.faults.push_back({violation.field(), violation.description()});
    }
  }
  // The summary repeats what the details say, except for a text of its own without a field.
  if (error.faults.empty()) {
    const std::string prefix = std::string(reason_of(error.code)) + ": ";
    error.text = bounded(status.message().substr(status.message().rfind(prefix, 0) == 0 ? prefix.size() : 0));
  }
  return error;
}

Error from_grpc(const grpc::Status& status) {
  google::rpc::Status details;
  if (!details.ParseFromString(status.error_details()) || details.details_size() == 0) {
    details.set_code(status.error_code());
    details.set_message(status.error_message());
  }
  return from_rpc_status(details);
}

Status parse_message(const grpc::ByteBuffer& bytes, google::protobuf::Message& message) {
  {
    grpc::ByteBuffer copy(bytes);  // shares the slices: the reader wants a buffer that it may change
    grpc::ProtoBufferReader reader(&copy);
    if (message.ParseFromZeroCopyStream(&reader)) return {};
  }
  // The slow way, for a refusal only: which text is it?
  grpc::Slice whole;
  if (!bytes.DumpToSingleSlice(&whole).ok()) return error_of(ErrorCode::message_unreadable);
  const std::string_view text(reinterpret_cast<const char*>(whole.begin()), whole.size());
  if (auto path = find_bad_text(*message.GetDescriptor(), text)) {
    return Error{
        ErrorCode::text_not_utf8, {}, {{std::move(*path), "UTF-8 expected: convert it before sending"}}};
  }
  return error_of(ErrorCode::message_unreadable);
}

grpc::ByteBuffer to_bytes(const google::protobuf::Message& message) {
  const std::string bytes = message.SerializeAsString();
  const grpc::Slice slice(bytes);
  return grpc::ByteBuffer(&slice, 1);
}

}  // namespace psl
