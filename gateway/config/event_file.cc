#include "gateway/config/event_file.h"

#include "gateway/config/proto_reader.h"
#include "passerelle/v1/gateway.pb.h"

namespace psl {
namespace {

Result<passerelle::v1::SubmitEventRequest> request_of(const Result<FileTree>& tree) {
  if (!tree) return tree.error();
  passerelle::v1::SubmitEventRequest request;
  config::Places places;
  config::Faults faults(tree->source);
  config::read_message(*tree, {.file_fields = true}, request, places, faults);
  if (!faults.empty()) return faults.take(ErrorCode::field_invalid);
  return request;
}

}  // namespace

Result<passerelle::v1::SubmitEventRequest> read_event_file(const std::string& path) {
  return request_of(load_tree(path, ErrorCode::field_invalid));
}

Result<passerelle::v1::SubmitEventRequest> read_event(FileText source, FileSyntax syntax) {
  return request_of(parse_tree(std::move(source), syntax, ErrorCode::field_invalid));
}

}  // namespace psl
