// An event file: the proto3 JSON mapping of passerelle.v1.SubmitEventRequest, in YAML or JSON.
// docs/reference/event-file.md describes it for its authors.
#pragma once

#include <string>

#include "gateway/config/file_tree.h"

namespace passerelle::v1 {
class SubmitEventRequest;
}

namespace psl {

// Reads the file and those that its `x_file` keys name. It checks the form only: whether the event makes
// sense is intake's question. Errors: `field_invalid` with faults "file:line:column: field path", at most 20,
// never a value; `text_not_utf8`, `message_too_large`, `input_output`.
Result<passerelle::v1::SubmitEventRequest> read_event_file(const std::string& path);

// The same from characters; `source.name` gives the folder of its `x_file` paths.
Result<passerelle::v1::SubmitEventRequest> read_event(FileText source, FileSyntax syntax);

}  // namespace psl
