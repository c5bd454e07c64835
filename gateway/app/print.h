// How the commands show things: one line for a person, JSON for a script.
#pragma once

#include <string>

#include "gateway/base/result.h"
#include "passerelle/v1/delivery.pb.h"

namespace google::protobuf {
class Message;
}

namespace psl {

// proto3 JSON on one line, with the proto's own field names, and fields at their default left in.
std::string to_json(const google::protobuf::Message& message);

// {"error":{"reason":…,"text":…,"faults":[{"path":…,"text":…}]}}.
std::string to_json(const Error& error);

// The event and one line per recipient, in English; what a coordinator would read is in French.
std::string to_text(const passerelle::v1::EventStatus& status);

// 4 for an unreachable or busy gateway, 3 for a file or configuration, else 1.
int exit_status_of(const Error& error);

// The same for what came from reading a file: one that cannot be read is 3.
int exit_status_of_file(const Error& error);

}  // namespace psl
