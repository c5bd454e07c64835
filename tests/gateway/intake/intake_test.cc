#include "tests/gateway/intake/intake_world.h"

namespace psl {
namespace {

TEST_F(IntakeTest, GivesAReceiptForWhatIsStored) {
  // Claim: the receipt names event, document and one pending delivery per recipient, and the ledger agrees.
  const auto response = submit(sample_request());
  ASSERT_TRUE(response.ok()) << response.error().describe();
  const v1::EventStatus& status = response->status();
  EXPECT_FALSE(response->already_accepted());
  EXPECT_EQ(status.event_id(), event_id_of("cpts-demo", "hospital", "letter-0001").text());
  ASSERT_EQ(status.recipients_size(), 2);
  for (const auto& recipient : status.recipients()) {
    EXPECT_EQ(recipient.state(), v1::RECIPIENT_STATE_IN_PROGRESS);
    ASSERT_EQ(recipient.deliveries_size(), 1);
    EXPECT_EQ(recipient.deliveries(0).state(), v1::DELIVERY_STATE_PENDING);
  }
  ASSERT_EQ(status.issues_size(), 1);
  EXPECT_EQ(status.issues(0).code(), "FRAMED");
  const auto row = store.event(*Uuid::parse(status.event_id()));
  ASSERT_TRUE(row.ok());
  EXPECT_EQ(stored_status(*row, {sealer, store})->SerializeAsString(), status.SerializeAsString());
}

TEST_F(IntakeTest, TellsOnceWhatAPartnersFormLoses) {
  // Claim: what admit() says is in the receipt, at once and when it is read again; in a preview only wrap()
  // tells it.
  adapter.admission_issue = "READABLE_COPY_LEFT_OUT";
  const auto codes = [](const auto& issues) {
    std::vector<std::string> out;
    for (const v1::Issue& issue : issues) out.push_back(issue.code());
    return out;
  };
  const std::vector<std::string> expected = {"FRAMED", "READABLE_COPY_LEFT_OUT", "READABLE_COPY_LEFT_OUT"};
  EXPECT_EQ(codes(submit(sample_request())->status().issues()), expected);
  EXPECT_EQ(codes(submit(sample_request())->status().issues()), expected);
  const auto previews = intake.preview(Principal{"hospital"}, sample_request());
  ASSERT_TRUE(previews.ok());
  for (const RecipientPreview& one : previews->recipients)
    EXPECT_EQ(codes(one.payload.issues), (std::vector<std::string>{"FRAMED", "READABLE_COPY_LEFT_OUT"}));
}

TEST_F(IntakeTest, SameKeyAndContentIsTheSameReceipt) {
  // Claim: a repetition is answered from the ledger, without preparing anything, whatever became of the event
  // meanwhile.
  const auto first = submit(sample_request());
  env.advance(seconds(10 * 86400));
  const auto second = submit(sample_request());
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_TRUE(second->already_accepted());
  EXPECT_EQ(second->status().event_id(), first->status().event_id());
  EXPECT_EQ(office.prepared, 1);
  EXPECT_EQ(store.all_deliveries().size(), 2U);
}

TEST_F(IntakeTest, SameKeyWithOtherContentIsRefused) {
  // Claim: two different letters under one key never overwrite one another.
  ASSERT_TRUE(submit(sample_request()).ok());
  auto other = sample_request();
  other.mutable_event()->mutable_discharge_letter()->mutable_pdf()->set_pdf("%PDF-1.4 another %%EOF");
  const auto second = submit(other);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, ErrorCode::key_reused);
}

TEST_F(IntakeTest, OneDocumentIdWithTwoContentsIsRefused) {
  // Claim: a document identifier stands for the same bytes for ever.
  auto first = sample_request();
  first.mutable_event()->mutable_discharge_letter()->mutable_pdf()->mutable_metadata()->set_document_id(
      "1.2.3.4");
  auto second = first;
  second.set_idempotency_key("letter-0002");
  second.mutable_event()->mutable_discharge_letter()->mutable_pdf()->set_pdf("%PDF-1.4 another %%EOF");
  ASSERT_TRUE(submit(first).ok());
  const auto answer = submit(second);
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, ErrorCode::document_id_reused);
}

TEST_F(IntakeTest, TellsWhichVersionStandsInTheWay) {
  // Claim: an older version after a newer one, another document under a version that is taken, and the old
  // document for others, each have their error; nothing of them is stored.
  const auto version = [](int number, const std::string& key, const std::string& document) {
    auto request = sample_request();
    request.set_idempotency_key(key);
    auto& letter = *request.mutable_event()->mutable_discharge_letter();
    if (number > 1) letter.set_replaces("1.2.3." + std::to_string(number - 1));
    v1::DocumentMetadata& metadata = *letter.mutable_pdf()->mutable_metadata();
    metadata.set_document_id(document);
    metadata.set_set_id("1.2.3");
    metadata.set_version(number);
    return request;
  };
  ASSERT_TRUE(submit(version(1, "k1", "1.2.3.1")).ok());
  ASSERT_TRUE(submit(version(3, "k3", "1.2.3.3")).ok());
  EXPECT_EQ(submit(version(2, "k2", "1.2.3.2")).error().code, ErrorCode::newer_version_known);
  EXPECT_EQ(submit(version(3, "k4", "1.2.3.4")).error().code, ErrorCode::version_reused);
  EXPECT_EQ(submit(version(1, "k5", "1.2.3.1")).error().code, ErrorCode::newer_version_known);
  EXPECT_TRUE(submit(version(1, "k1", "1.2.3.1"))->already_accepted());
  EXPECT_EQ(store.all_deliveries().size(), 4U);
}

TEST_F(IntakeTest, KeepsAPdfOnce) {
  // Claim: a PDF that is inside the document has no part of its own, one beside it has, and the ledger says
  // which.
  auto request = sample_request();
  auto response = submit(request);
  ASSERT_TRUE(response.ok());
  EXPECT_EQ(store.documents(*Uuid::parse(response->status().event_id()))->size(), 2U);
  office.pdf_is_inside = true;
  request.set_idempotency_key("letter-0002");
  response = submit(request);
  ASSERT_TRUE(response.ok());
  const Uuid id = *Uuid::parse(response->status().event_id());
  const auto documents = store.documents(id);
  ASSERT_EQ(documents->size(), 1U);
  EXPECT_EQ((*documents)[0].part, 0);
  EXPECT_TRUE(stored_content(id).pdf_inside());
}

TEST_F(IntakeTest, KeysBelongToTheirPrincipal) {
  // Claim: the same key of another principal is another event.
  EXPECT_NE(event_id_of("a", "b", "c"), event_id_of("a", "bc", ""));
  EXPECT_NE(event_id_of("cpts-demo", "hospital", "k"), event_id_of("cpts-demo", "clinic", "k"));
}

TEST_F(IntakeTest, StoresNothingForWhomIsNotAllowed) {
  // Claim: rights come before content, and an unknown tenant is no different from a forbidden one.
  EXPECT_EQ(submit(sample_request(), "clinic").error().code, ErrorCode::not_allowed);
  auto request = sample_request();
  request.mutable_event()->set_tenant("cpts-other");
  EXPECT_EQ(submit(request).error().code, ErrorCode::not_allowed);
  EXPECT_EQ(office.prepared, 0);
  EXPECT_TRUE(store.all_deliveries().empty());
}

TEST_F(IntakeTest, StoresNothingWhenARecipientCannotBeServed) {
  // Claim: accepted means deliverable: one recipient that the partner cannot serve refuses the whole event,
  // by its path.
  adapter.refuses_second = true;
  const auto response = submit(sample_request());
  ASSERT_FALSE(response.ok());
  EXPECT_EQ(response.error().faults.at(0).path, "event.recipients[1]");
  EXPECT_TRUE(store.all_deliveries().empty());
}

TEST_F(IntakeTest, HandsOverARecipientWithoutRoute) {
  // Claim: a recipient whom no partner carries is accepted, shown as not reached, and given to a human.
  adapter.carries_second = false;
  const auto response = submit(sample_request());
  ASSERT_TRUE(response.ok());
  EXPECT_EQ(response->status().recipients(1).state(), v1::RECIPIENT_STATE_NOT_REACHED);
  EXPECT_EQ(response->status().recipients(1).deliveries(0).reason(), "NO_ADDRESS");
  EXPECT_FALSE(response->status().recipients(1).reason_fr().empty());
}

TEST_F(IntakeTest, SaysWhenNothingWasStored) {
  // Claim: a store that fails is an error that tells the sender to send again, never a receipt.
  store.fail_commits = true;
  const auto response = submit(sample_request());
  ASSERT_FALSE(response.ok());
  EXPECT_EQ(response.error().code, ErrorCode::store_unavailable);
}

TEST_F(IntakeTest, PassesOnTheFaultsOfTheDocument) {
  // Claim: what the document office refuses is refused with its own paths.
  office.refuses = field_error("event.discharge_letter.sender_cda", "not well-formed");
  const auto response = submit(sample_request());
  ASSERT_FALSE(response.ok());
  EXPECT_EQ(response.error().faults.at(0).path, "event.discharge_letter.sender_cda");
}

TEST_F(IntakeTest, PreviewShowsWhatIsSentAndStoresNothing) {
  // Claim: preview and delivery wrap the same dispatch, whatever the hour; the ledger stays empty.
  const auto before = intake.preview(Principal{"hospital"}, sample_request());
  env.advance(seconds(3600));
  const auto after = intake.preview(Principal{"hospital"}, sample_request());
  ASSERT_TRUE(before.ok() && after.ok());
  ASSERT_EQ(before->recipients.size(), 2U);
  EXPECT_EQ(*before->recipients[0].payload.body, *after->recipients[0].payload.body);
  EXPECT_EQ(before->recipients[0].payload.issues.at(0).code(), "FRAMED");
  // What most readers open is there too, whatever the partner's form.
  EXPECT_EQ(before->recipients[0].payload.files.back().name, "document.pdf");
  EXPECT_EQ(scripted.dated_at, (Instant{(sample_now_s - 3600) * 1000000}));
  EXPECT_TRUE(store.all_deliveries().empty());
}

TEST_F(IntakeTest, DeadlinesFollowTheTenantAndStayInOrder) {
  // Claim: what the sender leaves out comes from the tenant, and a human is told before the machine stops.
  auto request = sample_request();
  request.mutable_event()->mutable_give_up_at()->set_seconds(sample_now_s + 3600);
  const auto response = submit(request);
  ASSERT_TRUE(response.ok());
  EXPECT_EQ(response->status().recipients(0).deliveries(0).give_up_at().seconds(), sample_now_s + 3600);
  const auto next = store.next_due();
  ASSERT_TRUE(next.ok() && next->has_value());
  EXPECT_LE(**next, (Instant{(sample_now_s + 3600) * 1000000}));
}

}  // namespace
}  // namespace psl
