// Event files: any bytes, as YAML and as JSON, give an event or at most 20 faults that each say where.
#include <cstdint>
#include <string>

#include "gateway/config/event_file.h"
#include "passerelle/v1/gateway.pb.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  for (const psl::FileSyntax syntax : {psl::FileSyntax::yaml, psl::FileSyntax::json}) {
    // The folder does not exist, so that no `x_file` of a lucky input reads a file of this machine by a
    // relative path.
    psl::FileText source{"/nowhere/f", std::string(data, data + size)};
    const auto event = psl::read_event(std::move(source), syntax);
    if (event) {
      passerelle::v1::SubmitEventRequest again;
      PSL_CHECK(again.ParseFromString(event->SerializeAsString()));
    } else {
      PSL_CHECK(event.error().faults.size() <= 20);
      for (const psl::FieldFault& fault : event.error().faults)
        PSL_CHECK(fault.path.starts_with("/nowhere/f:"));
    }
  }
  return 0;
}
