#include "gateway/app/print.h"

#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

#include "gateway/app/exit_codes.h"
#include "gateway/core/states.h"

namespace psl {
namespace {

namespace v1 = passerelle::v1;

std::string quoted(std::string_view text) {
  google::protobuf::Value value;
  value.set_string_value(std::string(text));
  return to_json(value);
}

std::string state_of(v1::RecipientState state) {
  switch (state) {
    case v1::RECIPIENT_STATE_REACHED:
      return "reached";
    case v1::RECIPIENT_STATE_NOT_REACHED:
      return "NOT REACHED";
    default:
      return "in progress";
  }
}

}  // namespace

std::string to_json(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  std::string out;
  const auto status = google::protobuf::util::MessageToJsonString(message, &out, options);
  PSL_CHECK(status.ok());
  return out;
}

std::string to_json(const Error& error) {
  std::string out = "{\"error\":{\"reason\":" + quoted(reason_of(error.code)) + ",\"text\":" +
                    quoted(error.text.empty() ? text_of(error.code) : std::string_view(error.text)) +
                    ",\"faults\":[";
  for (const FieldFault& fault : error.faults) {
    if (out.back() != '[') out += ',';
    out += "{\"path\":" + quoted(fault.path) + ",\"text\":" + quoted(fault.text) + "}";
  }
  return out + "]}}";
}

std::string to_text(const v1::EventStatus& status) {
  std::string out = "event " + status.event_id() + "  document " + status.document_id() + "\n";
  for (const v1::RecipientStatus& recipient : status.recipients()) {
    out += "  recipient " + std::to_string(recipient.recipient_index()) + "  " + state_of(recipient.state());
    for (const v1::Delivery& delivery : recipient.deliveries()) {
      out += "  " + delivery.adapter() + ": " +
             std::string(name_of(static_cast<DeliveryState>(delivery.state())));
      if (delivery.attempts() > 0) out += ", attempts " + std::to_string(delivery.attempts());
      if (!delivery.reason().empty()) out += ", " + delivery.reason();
      if (!delivery.partner_code().empty()) out += " (" + delivery.partner_code() + ")";
    }
    out += "\n";
    if (!recipient.reason_fr().empty()) out += "      " + recipient.reason_fr() + "\n";
  }
  for (const v1::Issue& issue : status.issues())
    out += "  issue " + issue.code() + " at " + issue.path() + ": " + issue.text() + "\n";
  return out;
}

int exit_status_of(const Error& error) {
  switch (error.code) {
    case ErrorCode::input_output:
    case ErrorCode::busy:
    case ErrorCode::store_unavailable:
    case ErrorCode::draining:
    case ErrorCode::deadline:
      return exit_code::unavailable;
    case ErrorCode::configuration:
      return exit_code::file;
    default:
      return exit_code::refused;
  }
}

int exit_status_of_file(const Error& error) {
  return error.code == ErrorCode::input_output ? exit_code::file : exit_status_of(error);
}

}  // namespace psl
