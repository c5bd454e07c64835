#include "gateway/intake/intake.h"

#include <gtest/gtest.h>

#include <optional>

#include "gateway/intake/receipt.h"
#include "tests/support/fake_env.h"
#include "tests/support/memory_store.h"
#include "tests/support/outbox_world.h"
#include "tests/support/sample_event.h"

namespace psl {
namespace {

// Allows one principal everything it is told to, and remembers what was asked.
class OnePolicy final : public Policy {
 public:
  bool open = true;
  Status allows(const Principal& principal, Action, std::string_view tenant, std::string_view,
                std::string_view) const override {
    if (open && principal.name == "hospital" && tenant == "cpts-demo") return {};
    return error_of(ErrorCode::not_allowed);
  }
};

// A document that is the request's PDF with a frame, so that its bytes follow the content.
class FramedOffice final : public DocumentOffice {
 public:
  std::optional<Error> refuses;
  mutable int prepared = 0;
  Result<PreparedDocument> prepare(v1::SubmitEventRequest& request, const v1::Tenant&, const Uuid& event_id,
                                   stored::DocumentHeader& header) const override {
    ++prepared;
    if (refuses) return *refuses;
    auto& pdf = *request.mutable_event()->mutable_discharge_letter()->mutable_pdf();
    PreparedDocument document;
    document.document.cda = make_bytes("<cda>" + pdf.pdf() + "</cda>");
    document.document.pdf = make_bytes(std::move(*pdf.mutable_pdf()));
    pdf.clear_pdf();
    *header.mutable_metadata() = pdf.metadata();
    if (header.metadata().document_id().empty()) header.mutable_metadata()->set_document_id(event_id.oid());
    *header.mutable_patient() = request.event().subject();
    v1::Issue issue;
    issue.set_code("FRAMED");
    document.issues.push_back(issue);
    return document;
  }
};

// Refuses recipient 1 when told.
class PickyAdapter final : public Adapter {
 public:
  explicit PickyAdapter(ScriptedAdapter& inner) : inner_(inner) {}
  bool refuses_second = false;
  bool carries_second = true;
  // Told by admit() and by wrap(), for each recipient.
  std::string admission_issue;
  const AdapterInfo& info() const noexcept override { return inner_.info(); }
  bool carries(const v1::SubmitEventRequest&, int index) const override {
    return index == 0 || carries_second;
  }
  Result<std::string> address(const Dispatch& dispatch) const override {
    return dispatch.request.event().recipients(dispatch.recipient_index).person().mailbox();
  }
  Result<Payload> wrap(const Dispatch& dispatch) const override {
    auto payload = inner_.wrap(dispatch);
    if (!payload.ok()) return payload;
    payload->files.push_back({"message.eml", "message/rfc822", payload->body});
    payload->issues = own_issues();
    return payload;
  }
  Result<std::vector<v1::Issue>> admit(const Dispatch& dispatch) const override {
    if (refuses_second && dispatch.recipient_index == 1)
      return field_error("event.recipients[1]", "too large for this mailbox");
    return own_issues();
  }
  Outcome deliver(const Payload& payload, Instant deadline) override {
    return inner_.deliver(payload, deadline);
  }
  Outcome lookup(const Payload&, Instant) override { return {}; }
  Status probe(Instant) override { return {}; }

 private:
  std::vector<v1::Issue> own_issues() const {
    std::vector<v1::Issue> issues(admission_issue.empty() ? 0 : 1);
    if (!issues.empty()) issues[0].set_code(admission_issue);
    return issues;
  }
  ScriptedAdapter& inner_;
};

class IntakeTest : public testing::Test {
 protected:
  IntakeTest() {
    env.set_now(Instant{sample_now_s * 1000000});
    tenants["cpts-demo"] = TenantSetup{sample_tenant(), {&adapter}};
  }
  Result<v1::SubmitEventResponse> submit(v1::SubmitEventRequest request,
                                         const std::string& principal = "hospital") {
    std::optional<Result<v1::SubmitEventResponse>> answer;
    int calls = 0;
    intake.submit(Principal{principal}, std::move(request), [&](Result<v1::SubmitEventResponse> result) {
      answer = std::move(result);
      ++calls;
    });
    EXPECT_EQ(calls, 1);
    return *answer;
  }

  FakeEnv env;
  MemoryStore store;
  PlainSealer sealer;
  ImmediateSink sink{store};
  OnePolicy policy;
  FramedOffice office;
  ScriptedAdapter scripted{"mss"};
  PickyAdapter adapter{scripted};
  TenantTable tenants;
  Intake intake{IntakeSeams{tenants, Environment::test, policy, office, env, &sealer, &sink, &store}};
};

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
  EXPECT_EQ(stored_status(*row, sealer)->SerializeAsString(), status.SerializeAsString());
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
  for (const RecipientPreview& one : *previews)
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
  ASSERT_EQ(before->size(), 2U);
  EXPECT_EQ(*(*before)[0].payload.body, *(*after)[0].payload.body);
  EXPECT_EQ((*before)[0].payload.issues.at(0).code(), "FRAMED");
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
