#include "gateway/rpc/preview_call.h"

#include <string>
#include <string_view>

#include "gateway/rpc/wire_status.h"

namespace psl {
namespace {

constexpr size_t part_bytes_max = size_t{1024} * 1024;

// Cuts a payload's files into parts; the issues ride on the last one.
void append_parts(const RecipientPreview& preview, std::vector<v1::PreviewEventPart>& parts) {
  for (const PayloadFile& file : preview.payload.files) {
    const std::string_view content = view(file.content);
    size_t at = 0;
    do {
      v1::PreviewEventPart& part = parts.emplace_back();
      part.set_recipient_index(preview.recipient_index);
      part.set_adapter(preview.adapter);
      part.set_file_name(file.name);
      part.set_media_type(file.media_type);
      part.set_content(std::string(content.substr(at, part_bytes_max)));
      at += part.content().size();
      part.set_last(at >= content.size());
    } while (at < content.size());
  }
  if (preview.payload.files.empty()) return;
  for (const v1::Issue& issue : preview.payload.issues) *parts.back().add_issues() = issue;
}

// On the last part of all; when nobody would get anything, on one of its own.
void append_routing(const std::vector<v1::RoutingDecision>& routing,
                    std::vector<v1::PreviewEventPart>& parts) {
  if (routing.empty()) return;
  if (parts.empty()) parts.emplace_back().set_recipient_index(-1);
  for (const v1::RoutingDecision& decision : routing) *parts.back().add_routing() = decision;
}

}  // namespace

void PreviewCall::send(const Result<EventPreview>& preview) {
  if (!preview.ok()) return Finish(to_grpc(preview.error()));
  for (const RecipientPreview& one : preview->recipients) append_parts(one, parts_);
  append_routing(preview->routing, parts_);
  write_next();
}

void PreviewCall::OnWriteDone(bool ok) {
  if (!ok) return Finish(grpc::Status::CANCELLED);
  write_next();
}

void PreviewCall::write_next() {
  if (next_ == parts_.size()) return Finish(grpc::Status::OK);
  buffer_ = to_bytes(parts_[next_]);
  parts_[next_++].Clear();
  StartWrite(&buffer_);
}

}  // namespace psl
