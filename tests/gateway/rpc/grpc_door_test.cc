#include "gateway/rpc/grpc_door.h"

#include <gtest/gtest.h>

#include <future>
#include <map>
#include <thread>

#include "tests/gateway/rpc/door_world.h"

namespace psl::test {
namespace {

TEST_F(DoorTest, TakesALetterFromAKnownCertificate) {
  // Claim: the whole way over mutual TLS, small and above the size that goes to a worker.
  open();
  const auto to = stub();
  v1::SubmitEventResponse response;
  ASSERT_TRUE(submit(*to, sample_request(), &response).ok());
  EXPECT_EQ(response.status().recipients_size(), 2);
  auto large = sample_request();
  large.set_idempotency_key("large");
  large.mutable_event()->mutable_discharge_letter()->mutable_pdf()->set_pdf(
      "%PDF-1.4 " + std::string(8 << 20, 'x') + "%%EOF");
  EXPECT_TRUE(submit(*to, large).ok());
  v1::GetEventRequest get;
  get.set_event_id(response.status().event_id());
  v1::GetEventResponse got;
  grpc::ClientContext context;
  limit(context);
  ASSERT_TRUE(to->GetEvent(&context, get, &got).ok());
  EXPECT_EQ(got.status().SerializeAsString(), response.status().SerializeAsString());
}

TEST_F(DoorTest, RefusesCertificatesAndSaysWhyToTheOperator) {
  // Claim: no certificate, one of another authority, and an expired one never reach a handler; the reason is
  // known here.
  open();
  const std::string trusted = slurp(pki / "ca.pem");
  const auto nobody = v1::Gateway::NewStub(channel_of(trusted, ""));
  const auto foreigner = v1::Gateway::NewStub(channel_of(trusted, other_pki / "hopital"));
  EXPECT_FALSE(submit(*nobody, sample_request()).ok());
  EXPECT_FALSE(submit(*foreigner, sample_request()).ok());
  {
    const std::lock_guard lock(mutex);
    ASSERT_FALSE(refusals.empty());
    refusals.clear();
  }
  EXPECT_FALSE(submit(*stub("expired"), sample_request()).ok());
  {
    const std::lock_guard lock(mutex);
    ASSERT_FALSE(refusals.empty());
    EXPECT_NE(refusals[0].find("expired"), std::string::npos) << refusals[0];
  }
  EXPECT_TRUE(store.all_deliveries().empty());
}

TEST_F(DoorTest, AnswersACertificateWithoutPrincipal) {
  // Claim: a certificate that we trust but that the policy does not name is UNAUTHENTICATED, on every method.
  open();
  const auto to = stub("stranger");
  const grpc::Status status = submit(*to, sample_request());
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(from_grpc(status).code, ErrorCode::no_principal);
  grpc::ClientContext context;
  limit(context);
  auto reader = to->PreviewEvent(&context, v1::PreviewEventRequest());
  v1::PreviewEventPart part;
  EXPECT_FALSE(reader->Read(&part));
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::UNAUTHENTICATED);
}

TEST_F(DoorTest, NamesTheFieldOfATextThatIsNotUtf8) {
  // Claim: Latin-1 bytes from a foreign client get INVALID_ARGUMENT with the path, not an empty
  // UNIMPLEMENTED.
  std::string bytes = sample_request().SerializeAsString();
  bytes[bytes.find("PAT-TROIS")] = '\xC9';
  open();
  const std::string method = "/passerelle.v1.Gateway/SubmitEvent";
  const grpc::Status status = call_bytes(channel(), method, bytes).status;
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(from_grpc(status).faults.at(0).path, "event.subject.birth_family_name");
  EXPECT_EQ(call_bytes(channel(), method, "\xFF\xFF").status.error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(DoorTest, RefusesAMessageAbove32MiB) {
  // Claim: one byte too many is RESOURCE_EXHAUSTED, and the door goes on serving.
  open();
  const auto to = stub();
  auto request = sample_request();
  request.mutable_event()->mutable_discharge_letter()->mutable_pdf()->set_pdf(std::string(33 << 20, 'x'));
  EXPECT_EQ(submit(*to, request).error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_TRUE(submit(*to, sample_request()).ok());
}

TEST_F(DoorTest, StreamsAPreviewInParts) {
  // Claim: a file above 1 MiB comes in several parts, in order and whole; an empty file is one part; the
  // issues come last.
  open();
  const auto to = stub();
  v1::PreviewEventRequest request;
  const auto sample = sample_request();
  request.set_idempotency_key(sample.idempotency_key());
  *request.mutable_event() = sample.event();
  const std::string pdf = "%PDF-1.4 " + std::string((5 << 20) / 2, 'y') + "%%EOF";
  request.mutable_event()->mutable_discharge_letter()->mutable_pdf()->set_pdf(pdf);
  grpc::ClientContext context;
  limit(context);
  auto reader = to->PreviewEvent(&context, request);
  std::map<int, std::string> contents;
  int parts = 0;
  int last_parts = 0;
  for (v1::PreviewEventPart part; reader->Read(&part); ++parts) {
    contents[part.recipient_index()] += part.content();
    last_parts += part.last();
  }
  ASSERT_TRUE(reader->Finish().ok());
  EXPECT_EQ(contents[0], pdf);
  EXPECT_EQ(contents[1], pdf);
  EXPECT_EQ(parts, 8);
  EXPECT_EQ(last_parts, 4);
  EXPECT_TRUE(store.all_deliveries().empty());
}

TEST_F(DoorTest, SurvivesACallerWhoLeavesAPreview) {
  // Claim: a stream that is cancelled after its first part neither leaks nor blocks the end.
  open();
  const auto to = stub();
  v1::PreviewEventRequest request;
  const auto sample = sample_request();
  request.set_idempotency_key(sample.idempotency_key());
  *request.mutable_event() = sample.event();
  request.mutable_event()->mutable_discharge_letter()->mutable_pdf()->set_pdf("%PDF" +
                                                                              std::string(20 << 20, 'z'));
  grpc::ClientContext context;
  limit(context);
  auto reader = to->PreviewEvent(&context, request);
  v1::PreviewEventPart part;
  ASSERT_TRUE(reader->Read(&part));
  context.TryCancel();
  while (reader->Read(&part)) {
  }
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
  door->drain(seconds(5));
}

// A letter whose readable copy is laid out: fields, or a CDA of level 3.
v1::SubmitEventRequest letter_of_pages(int number, bool from_cda) {
  auto request = letter(number);
  auto& letter = *request.mutable_event()->mutable_discharge_letter();
  const v1::DocumentMetadata metadata = letter.pdf().metadata();
  if (from_cda) {
    letter.set_sender_cda("<ClinicalDocument><component><structuredBody/></component></ClinicalDocument>");
  } else {
    *letter.mutable_structured()->mutable_metadata() = metadata;
  }
  return request;
}

TEST_F(DoorTest, LaysOutPagesBesideItsHandlers) {
  // Claim: letters that become pages, however small they are, hold no handler: while more of them wait than
  // gRPC has threads, others are answered, also one that brings its copy along.
  std::promise<void> go;
  const std::shared_future<void> may_go = go.get_future();
  std::atomic<int> begun = 0;
  std::atomic<int> laid_out = 0;
  office.laying_out = [&] {
    ++begun;
    may_go.wait();
    ++laid_out;
  };
  open();
  const auto to = stub();
  std::vector<std::thread> callers;
  for (int i = 0; i < 12; ++i) {
    callers.emplace_back([&, i] { EXPECT_TRUE(submit(*stub(), letter_of_pages(i, i % 2 == 0)).ok()); });
  }
  while (begun < 2) std::this_thread::yield();
  for (int i = 100; i < 112; ++i) EXPECT_TRUE(submit(*to, letter(i)).ok());
  auto with_copy = letter_of_pages(200, false);
  with_copy.mutable_event()->mutable_discharge_letter()->set_readable_copy("%PDF-");
  EXPECT_TRUE(submit(*to, with_copy).ok());
  EXPECT_EQ(laid_out, 0);
  go.set_value();
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(laid_out, 12);
}

TEST_F(DoorTest, DoesNotShareItsPort) {
  // Claim: a second gateway on the same port is told so instead of stealing half of the calls.
  open();
  auto same = options();
  same.listen = "127.0.0.1:" + std::to_string(door->port());
  const auto second = open_grpc_door(same, intake, desk);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, ErrorCode::input_output);
}

TEST_F(DoorTest, DescribesItselfOnlyWhenAsked) {
  // Claim: reflection is there by option and for this door alone, also in a process where another door has
  // it.
  const std::string method = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";
  const std::string list_services = "\x3A\x01*";  // field 7
  auto asked = options();
  asked.reflection = true;
  open(asked);
  const auto described = call_bytes(channel(), method, list_services);
  EXPECT_NE(described.bytes.find("passerelle.v1.Gateway"), std::string::npos);
  door.reset();
  open();
  EXPECT_EQ(call_bytes(channel(), method, list_services).status.error_code(),
            grpc::StatusCode::UNIMPLEMENTED);
}

TEST_F(DoorTest, RefusesARoleThatIsMissing) {
  // Claim: who may send may not thereby read, repair or see others' events, and the door passes on whose call
  // it is.
  open();
  v1::SubmitEventResponse mine;
  ASSERT_TRUE(submit(*stub(), sample_request(), &mine).ok());
  const auto code_of = [&](const std::string& who, auto method, auto request) {
    grpc::ClientContext context;
    limit(context);
    return method(*stub(who), context, request).error_code();
  };
  const auto list = [](auto& to, auto& context, const v1::ListEventsRequest& request) {
    v1::ListEventsResponse answer;
    return to.ListEvents(&context, request, &answer);
  };
  const auto cancel = [](auto& to, auto& context, const v1::CancelEventRequest& request) {
    v1::CancelEventResponse answer;
    return to.CancelEvent(&context, request, &answer);
  };
  const auto get = [](auto& to, auto& context, const v1::GetEventRequest& request) {
    v1::GetEventResponse answer;
    return to.GetEvent(&context, request, &answer);
  };
  v1::GetEventRequest asked;
  asked.set_event_id(mine.status().event_id());
  EXPECT_EQ(code_of("hopital", get, asked), grpc::StatusCode::OK);
  EXPECT_EQ(code_of("operateur", get, asked), grpc::StatusCode::OK);
  EXPECT_EQ(code_of("clinique", get, asked), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(submit(*stub("operateur"), sample_request()).error_code(), grpc::StatusCode::PERMISSION_DENIED);
  v1::ListEventsRequest all;
  all.set_tenant("cpts-demo");
  policy.forbid("hopital-demo", Action::read);
  EXPECT_EQ(code_of("hopital", list, all), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(code_of("stranger", list, all), grpc::StatusCode::UNAUTHENTICATED);
  v1::CancelEventRequest withdrawn;
  withdrawn.set_event_id(mine.status().event_id());
  policy.forbid("hopital-demo", Action::repair);
  EXPECT_EQ(code_of("hopital", cancel, withdrawn), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(code_of("operateur", cancel, withdrawn), grpc::StatusCode::OK);
}

TEST_F(DoorTest, ListsCancelsAndRetries) {
  // Claim: what the desk does is reached over the wire, errors with their reasons.
  open();
  const auto to = stub();
  v1::SubmitEventResponse first;
  ASSERT_TRUE(submit(*to, letter(1), &first).ok());
  ASSERT_TRUE(submit(*to, letter(2)).ok());
  v1::ListEventsRequest page;
  page.set_tenant("cpts-demo");
  page.set_page_size(1);
  std::vector<std::string> seen;
  do {
    grpc::ClientContext context;
    limit(context);
    v1::ListEventsResponse answer;
    ASSERT_TRUE(to->ListEvents(&context, page, &answer).ok());
    for (const auto& event : answer.events()) seen.push_back(event.event_id());
    page.set_page_token(answer.next_page_token());
  } while (!page.page_token().empty());
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(seen[1], first.status().event_id());

  v1::CancelEventRequest cancel;
  cancel.set_event_id(first.status().event_id());
  v1::CancelEventResponse cancelled;
  grpc::ClientContext cancelling;
  limit(cancelling);
  ASSERT_TRUE(to->CancelEvent(&cancelling, cancel, &cancelled).ok());
  EXPECT_EQ(cancelled.cancelled(), 2);

  v1::RetryDeliveryRequest retry;
  retry.set_idempotency_key("retry-1");
  retry.set_delivery_id(first.status().recipients(0).deliveries(0).id());
  v1::RetryDeliveryResponse retried;
  grpc::ClientContext retrying;
  limit(retrying);
  EXPECT_EQ(from_grpc(to->RetryDelivery(&retrying, retry, &retried)).code, ErrorCode::cannot_retry);
  retry.set_delivery_id("no UUID");
  grpc::ClientContext wrong;
  limit(wrong);
  EXPECT_EQ(from_grpc(to->RetryDelivery(&wrong, retry, &retried)).faults.at(0).path, "delivery_id");
}

}  // namespace
}  // namespace psl::test
