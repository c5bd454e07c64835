#include "gateway/rpc/gateway_service.h"

#include <exception>
#include <mutex>
#include <utility>
#include <vector>

#include "gateway/base/log.h"
#include "gateway/rpc/wire_status.h"

namespace psl {
namespace {

// Parsing and checking a message of this size costs about as much as handing it to another thread twice.
constexpr size_t inline_bytes_max = 256 * 1024;
// Two: on two cores more would only take turns.
constexpr int worker_threads = 2;
constexpr size_t worker_bytes_max = size_t{512} * 1024 * 1024;
constexpr size_t part_bytes_max = size_t{1024} * 1024;

// The one place in the doors where exceptions end (of a library, or of memory): the caller gets INTERNAL, not
// silence.
template <typename Body, typename Fail>
void guarded(Body&& body, Fail&& fail) {
  try {
    body();
  } catch (const std::exception&) {
    log(LogLevel::error, "exception in a gRPC handler");
    fail(error_of(ErrorCode::internal));
  }
}

// Cuts a payload's files into parts of at most 1 MiB; the issues ride on the last one.
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

// One preview stream: filled once, then written part by part. Cancelling ends it at the next write; it
// deletes itself.
class PreviewReactor final : public grpc::ServerWriteReactor<grpc::ByteBuffer> {
 public:
  void send(Result<std::vector<RecipientPreview>> previews) {
    if (!previews.ok()) return Finish(to_grpc(previews.error()));
    for (const RecipientPreview& preview : *previews) append_parts(preview, parts_);
    write_next();
  }
  void OnWriteDone(bool ok) override {
    if (!ok) return Finish(grpc::Status::CANCELLED);
    write_next();
  }
  void OnDone() override { delete this; }  // NOLINT: gRPC's reactors own themselves

 private:
  void write_next() {
    if (next_ == parts_.size()) return Finish(grpc::Status::OK);
    buffer_ = to_bytes(parts_[next_]);
    parts_[next_++].Clear();
    StartWrite(&buffer_);
  }

  std::vector<v1::PreviewEventPart> parts_;
  size_t next_ = 0;
  grpc::ByteBuffer buffer_;
};

}  // namespace

GatewayService::GatewayService(const Intake& intake, PrincipalOf principal_of, size_t large_messages_max)
    : intake_(intake),
      principal_of_(std::move(principal_of)),
      workers_(worker_threads, large_messages_max, worker_bytes_max) {}

Result<Principal> GatewayService::caller(const grpc::CallbackServerContext& context) const {
  const auto pem = context.auth_context()->FindPropertyValues("x509_pem_cert");
  if (pem.empty()) return error_of(ErrorCode::no_principal);
  return principal_of_(std::string_view(pem[0].data(), pem[0].size()));
}

bool GatewayService::run(size_t message_bytes, std::function<void()> job) {
  if (message_bytes > inline_bytes_max) return workers_.post(message_bytes, std::move(job));
  job();
  return true;
}

grpc::ServerUnaryReactor* GatewayService::SubmitEvent(grpc::CallbackServerContext* context,
                                                      const grpc::ByteBuffer* request,
                                                      grpc::ByteBuffer* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const auto fail = [reactor](const Error& error) { reactor->Finish(to_grpc(error)); };
  auto principal = caller(*context);
  if (!principal.ok()) {
    fail(principal.error());
    return reactor;
  }
  auto job = [this, principal = std::move(*principal), request, response, reactor, fail] {
    // intake calls back exactly once, so that a throw before that is the only other way to finish.
    guarded(
        [&] {
          v1::SubmitEventRequest message;
          if (const Status parsed = parse_message(*request, message); !parsed.ok())
            return fail(parsed.error());
          intake_.submit(principal, std::move(message),
                         [response, reactor, fail](Result<v1::SubmitEventResponse> result) {
                           if (!result.ok()) return fail(result.error());
                           *response = to_bytes(*result);
                           reactor->Finish(grpc::Status::OK);
                         });
        },
        fail);
  };
  if (!run(request->Length(), std::move(job))) fail(error_of(ErrorCode::busy));
  return reactor;
}

grpc::ServerUnaryReactor* GatewayService::GetEvent(grpc::CallbackServerContext* context,
                                                   const grpc::ByteBuffer* request,
                                                   grpc::ByteBuffer* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const auto fail = [reactor](const Error& error) { reactor->Finish(to_grpc(error)); };
  guarded(
      [&] {
        const auto principal = caller(*context);
        if (!principal.ok()) return fail(principal.error());
        v1::GetEventRequest message;
        if (const Status parsed = parse_message(*request, message); !parsed.ok()) return fail(parsed.error());
        auto status = intake_.get(*principal, message);
        if (!status.ok()) return fail(status.error());
        v1::GetEventResponse answer;
        *answer.mutable_status() = std::move(*status);
        *response = to_bytes(answer);
        reactor->Finish(grpc::Status::OK);
      },
      fail);
  return reactor;
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* GatewayService::PreviewEvent(grpc::CallbackServerContext* context,
                                                                         const grpc::ByteBuffer* request) {
  auto owned = std::make_unique<PreviewReactor>();
  PreviewReactor* reactor = owned.release();  // NOLINT: it deletes itself in OnDone
  auto principal = caller(*context);
  if (!principal.ok()) {
    reactor->send(principal.error());
    return reactor;
  }
  auto job = [this, principal = std::move(*principal), request, reactor] {
    guarded(
        [&] {
          v1::PreviewEventRequest message;
          if (const Status parsed = parse_message(*request, message); !parsed.ok())
            return reactor->send(parsed.error());
          v1::SubmitEventRequest event;
          event.set_idempotency_key(message.idempotency_key());
          *event.mutable_event() = std::move(*message.mutable_event());
          reactor->send(intake_.preview(principal, std::move(event)));
        },
        [&](const Error& error) { reactor->send(error); });
  };
  if (!run(request->Length(), std::move(job))) reactor->send(error_of(ErrorCode::busy));
  return reactor;
}

}  // namespace psl
