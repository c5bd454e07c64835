#include "gateway/app/print.h"

#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

#include <cstdio>
#include <iterator>

#include "gateway/app/care_print.h"
#include "gateway/app/exit_codes.h"
#include "gateway/base/env.h"
#include "gateway/core/states.h"

namespace psl {
namespace {

namespace v1 = passerelle::v1;

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

// The reason of the first delivery that has one: what a line has room for.
std::string reason_of_recipient(const v1::RecipientStatus& recipient) {
  for (const v1::Delivery& delivery : recipient.deliveries()) {
    if (!delivery.reason().empty()) return delivery.reason();
  }
  return {};
}

}  // namespace

std::string quoted(std::string_view text) {
  google::protobuf::Value value;
  value.set_string_value(std::string(text));
  return to_json(value);
}

std::string named(std::string_view key, std::string_view value, const std::string& json_object) {
  const std::string first = "{" + quoted(key) + ":" + quoted(value);
  return json_object == "{}" ? first + "}" : first + "," + json_object.substr(1);
}

std::string_view name_of_state(v1::DeliveryState state) {
  // A newer gateway may know one more.
  const bool known = state >= v1::DELIVERY_STATE_PENDING && state <= v1::DELIVERY_STATE_EXPIRED;
  return known ? name_of(static_cast<DeliveryState>(state)) : "?";
}

std::string to_text(const google::protobuf::Timestamp& at) {
  return to_rfc3339(Instant{at.seconds() * 1000000}).substr(0, std::size("2026-11-22T09:00:00") - 1) + "Z";
}

int show_error(const Error& error, bool json) {
  if (json) std::printf("%s\n", to_json(error).c_str());
  std::fprintf(stderr, "%s\n", error.describe().c_str());
  return exit_status_of(error);
}

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

std::string recipients_text(const v1::EventStatus& status) {
  std::string out;
  for (const v1::RecipientStatus& recipient : status.recipients()) {
    out += "  recipient " + std::to_string(recipient.recipient_index()) + "  " + state_of(recipient.state());
    for (const v1::Delivery& delivery : recipient.deliveries()) {
      out += "  " + delivery.adapter() + ": " + std::string(name_of_state(delivery.state()));
      if (delivery.attempts() > 0) out += ", attempts " + std::to_string(delivery.attempts());
      if (!delivery.reason().empty()) out += ", " + delivery.reason();
      if (!delivery.partner_code().empty()) out += " (" + delivery.partner_code() + ")";
    }
    out += "\n";
    if (!recipient.reason_fr().empty()) out += "      " + recipient.reason_fr() + "\n";
  }
  return out;
}

std::string to_text(const v1::EventStatus& status) {
  std::string out = "event " + status.event_id();
  if (!status.document_id().empty()) out += "  document " + status.document_id();
  out += "\n" + recipients_text(status) + care_text(status);
  for (const v1::Issue& issue : status.issues())
    out += "  issue " + issue.code() + " at " + issue.path() + ": " + issue.text() + "\n";
  return out;
}

std::string to_line(const v1::EventStatus& status) {
  std::string out = "event " + status.event_id();
  for (const v1::RecipientStatus& recipient : status.recipients()) {
    out += "  " + std::to_string(recipient.recipient_index()) + " " + state_of(recipient.state());
    const std::string reason = reason_of_recipient(recipient);
    if (recipient.state() != v1::RECIPIENT_STATE_REACHED && !reason.empty()) out += " (" + reason + ")";
  }
  if (status.has_orientation()) out += "  orientation " + word_of(status.orientation().state());
  if (!status.attention().empty()) out += "  ATTENTION " + status.attention();
  if (status.issues_size() > 0) out += "  " + std::to_string(status.issues_size()) + " issues";
  return out;
}

std::string to_line(const v1::DeliveryChange& change) {
  std::string out = to_text(change.at()) + "  event " + change.event_id() + "  recipient " +
                    std::to_string(change.recipient_index()) + "  " + change.adapter() +
                    (change.adapter().empty() ? "" : ": ") + std::string(name_of_state(change.state()));
  if (!change.reason().empty()) out += ", " + change.reason();
  if (!change.partner_code().empty()) out += " (" + change.partner_code() + ")";
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
