// How the commands show things: one line for a person, JSON for a script.
#pragma once

#include <string>
#include <string_view>

#include "gateway/base/result.h"
#include "passerelle/v1/delivery.pb.h"
#include "passerelle/v1/gateway.pb.h"

namespace psl {

// proto3 JSON on one line, with the proto's own field names, and fields at their default left in.
std::string to_json(const google::protobuf::Message& message);

// {"error":{"reason":…,"text":…,"faults":[{"path":…,"text":…}]}}.
std::string to_json(const Error& error);

// A JSON object with one more key in front: of several answers, which one this is.
std::string named(std::string_view key, std::string_view value, const std::string& json_object);

// A JSON string, quotes included.
std::string quoted(std::string_view text);

// The event and one line per recipient, in English; what a coordinator would read is in French.
std::string to_text(const passerelle::v1::EventStatus& status);

// The recipients of to_text() alone.
std::string recipients_text(const passerelle::v1::EventStatus& status);

// An event on one line, where many are shown: "event 6f0c…  0 reached  1 NOT REACHED (MAILBOX_ABSENT)  2
// issues".
std::string to_line(const passerelle::v1::EventStatus& status);

// A change as one line, without its sequence.
std::string to_line(const passerelle::v1::DeliveryChange& change);

// "2026-11-22T09:00:00Z": whole seconds, for a person.
std::string to_text(const google::protobuf::Timestamp& at);

// "pending", "handed_over"...; "?" for a state that this program does not know.
std::string_view name_of_state(passerelle::v1::DeliveryState state);

// Says an error: on stderr, and as JSON on stdout too when a script asked. Its exit status.
int show_error(const Error& error, bool json);

// 4 for an unreachable or busy gateway, 3 for a file or configuration, else 1.
int exit_status_of(const Error& error);

// The same for what came from reading a file: one that cannot be read is 3.
int exit_status_of_file(const Error& error);

}  // namespace psl
