#include "gateway/rpc/gateway_service.h"

#include <algorithm>
#include <utility>

#include "gateway/rpc/guarded.h"
#include "gateway/rpc/preview_call.h"
#include "gateway/rpc/unary_call.h"
#include "gateway/rpc/watch_call.h"
#include "gateway/rpc/wire_status.h"

namespace psl {
namespace {

// Parsing and checking a message of this size costs about as much as handing it to another thread twice.
constexpr size_t inline_bytes_max = 256 * 1024;
// Two: on two cores more would only take turns.
constexpr int worker_threads = 2;
constexpr size_t worker_bytes_max = size_t{512} * 1024 * 1024;
// Letters that become pages cost time and little memory: more of them may wait, apart from the large ones. At
// 20 ms each, the last of these waits ten seconds.
constexpr size_t page_layouts_max = 1024;
// Their own threads, so that no pile of documents stands before an operator who cancels. Two: one long list
// holds nobody else.
constexpr int question_threads = 2;
constexpr size_t questions_max = 512;

// Whether somebody may read it: then it becomes a document. Who gets an update is not known here.
bool has_readers(const v1::CoordinationEvent& event) {
  const auto& recipients = event.recipients();
  return event.has_orientation() || event.has_orientation_update() || event.route_to_circle() ||
         std::any_of(recipients.begin(), recipients.end(),
                     [](const v1::Recipient& recipient) { return !recipient.has_fhir_server(); });
}

// Whether a readable copy is laid out for it, which takes a hundred times as long as all the rest: for
// fields, and for a CDA of level 3, when there is none. A CDA is not parsed for that.
bool becomes_pages(const v1::SubmitEventRequest& request) {
  if (!request.event().has_discharge_letter()) return has_readers(request.event());
  const v1::DischargeLetter& letter = request.event().discharge_letter();
  if (!letter.readable_copy().empty()) return false;
  return letter.has_structured() || letter.sender_cda().find("structuredBody") != std::string::npos;
}

Result<v1::SubmitEventRequest> parse_event(const grpc::ByteBuffer& message) {
  Result<v1::SubmitEventRequest> request = v1::SubmitEventRequest();
  guarded(
      [&] {
        if (const Status parsed = parse_message(message, *request); !parsed.ok()) request = parsed.error();
      },
      [&](const Error& error) { request = error; });
  return request;
}

}  // namespace

GatewayService::GatewayService(ServiceSeams seams, size_t large_messages_max)
    : seams_(std::move(seams)),
      large_messages_(worker_threads, large_messages_max, worker_bytes_max),
      page_layouts_(worker_threads, page_layouts_max, worker_bytes_max),
      questions_(question_threads, questions_max, worker_bytes_max) {}

Result<Principal> GatewayService::admit(std::shared_ptr<Call> call, const Context& context) {
  if (!seams_.calls.add(std::move(call))) return error_of(ErrorCode::draining);
  const auto pem = context.auth_context()->FindPropertyValues("x509_pem_cert");
  if (pem.empty()) return error_of(ErrorCode::no_principal);
  return seams_.principal_of(std::string_view(pem[0].data(), pem[0].size()));
}

void GatewayService::read_event(const Bytes& message, EventTaker then) {
  const size_t bytes = message.Length();
  if (bytes > inline_bytes_max) {
    if (!large_messages_.post(bytes, [message, then] { then(parse_event(message)); }))
      then(error_of(ErrorCode::busy));
    return;
  }
  Result<v1::SubmitEventRequest> request = parse_event(message);
  if (!request.ok() || !becomes_pages(*request)) return then(std::move(request));
  auto job = [request = std::move(request), then]() mutable { then(std::move(request)); };
  if (!page_layouts_.post(bytes, std::move(job))) then(error_of(ErrorCode::busy));
}

grpc::ServerUnaryReactor* GatewayService::SubmitEvent(Context* context, const Bytes* request,
                                                      Bytes* response) {
  const auto call = std::make_shared<UnaryCall>(seams_.calls, *response);
  auto principal = admit(call, *context);
  if (!principal.ok()) {
    call->fail(principal.error());
    return call.get();
  }
  read_event(*request, [this, principal = std::move(*principal), call](Result<v1::SubmitEventRequest> event) {
    guarded(
        [&] {
          if (!event.ok()) return call->fail(event.error());
          seams_.intake.submit(
              principal, std::move(*event),
              [call](const Result<v1::SubmitEventResponse>& result) { call->finish(result); });
        },
        [&](const Error& error) { call->fail(error); });
  });
  return call.get();
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* GatewayService::PreviewEvent(Context* context,
                                                                         const Bytes* request) {
  const auto call = std::make_shared<PreviewCall>(seams_.calls);
  auto principal = admit(call, *context);
  if (!principal.ok()) {
    call->send(principal.error());
    return call.get();
  }
  read_event(*request, [this, principal = std::move(*principal), call](Result<v1::SubmitEventRequest> event) {
    guarded(
        [&] {
          if (!event.ok()) return call->send(event.error());
          call->send(seams_.intake.preview(principal, std::move(*event)));
        },
        [&](const Error& error) { call->send(error); });
  });
  return call.get();
}

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* GatewayService::SubmitEvents(Context* context) {
  const auto call = std::make_shared<SubmitStream>(
      seams_.calls, seams_.intake,
      [this](const grpc::ByteBuffer& message, EventTaker then) { read_event(message, std::move(then)); });
  auto principal = admit(call, *context);
  if (principal.ok()) {
    call->begin(std::move(*principal));
  } else {
    call->refuse(principal.error());
  }
  return call.get();
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* GatewayService::WatchEvents(Context* context,
                                                                        const Bytes* request) {
  const auto call = std::make_shared<WatchCall>(seams_.calls, seams_.watch_hub, *context);
  auto principal = admit(call, *context);
  v1::WatchEventsRequest message;
  if (!principal.ok()) {
    call->refuse(principal.error());
  } else if (const Status parsed = parse_message(*request, message); !parsed.ok()) {
    call->refuse(parsed.error());
  } else {
    call->begin(std::move(*principal), std::move(message));
  }
  return call.get();
}

template <typename Request, typename Ask>
grpc::ServerUnaryReactor* GatewayService::question(Context* context, const Bytes* request, Bytes* response,
                                                   Ask ask) {
  const auto call = std::make_shared<UnaryCall>(seams_.calls, *response);
  auto principal = admit(call, *context);
  if (!principal.ok()) {
    call->fail(principal.error());
    return call.get();
  }
  // The ledger may make a reader wait for the disk, and gRPC runs all handlers on two threads.
  auto job = [principal = std::move(*principal), bytes = *request, call, ask] {
    guarded(
        [&] {
          Request message;
          if (const Status parsed = parse_message(bytes, message); !parsed.ok())
            return call->fail(parsed.error());
          ask(principal, message, call);
        },
        [&](const Error& error) { call->fail(error); });
  };
  if (!questions_.post(request->Length(), std::move(job))) call->fail(error_of(ErrorCode::busy));
  return call.get();
}

grpc::ServerUnaryReactor* GatewayService::GetEvent(Context* context, const Bytes* request, Bytes* response) {
  return question<v1::GetEventRequest>(
      context, request, response, [this](const Principal& principal, const auto& message, const auto& call) {
        auto status = seams_.desk.get(principal, message);
        if (!status.ok()) return call->fail(status.error());
        v1::GetEventResponse answer;
        *answer.mutable_status() = std::move(*status);
        call->answer(answer);
      });
}

grpc::ServerUnaryReactor* GatewayService::ListEvents(Context* context, const Bytes* request,
                                                     Bytes* response) {
  return question<v1::ListEventsRequest>(
      context, request, response, [this](const Principal& principal, const auto& message, const auto& call) {
        call->finish(seams_.desk.list(principal, message));
      });
}

grpc::ServerUnaryReactor* GatewayService::RetryDelivery(Context* context, const Bytes* request,
                                                        Bytes* response) {
  return question<v1::RetryDeliveryRequest>(
      context, request, response, [this](const Principal& principal, const auto& message, const auto& call) {
        seams_.desk.retry(principal, message, [call](const auto& result) { call->finish(result); });
      });
}

grpc::ServerUnaryReactor* GatewayService::CancelEvent(Context* context, const Bytes* request,
                                                      Bytes* response) {
  return question<v1::CancelEventRequest>(
      context, request, response, [this](const Principal& principal, const auto& message, const auto& call) {
        seams_.desk.cancel(principal, message, [call](const auto& result) { call->finish(result); });
      });
}

}  // namespace psl
