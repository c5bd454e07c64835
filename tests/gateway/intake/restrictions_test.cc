#include "gateway/intake/restrictions.h"

#include <gmock/gmock.h>

#include "tests/gateway/intake/intake_world.h"

namespace psl {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class RestrictionsTest : public IntakeTest {
 protected:
  enum class Content { pdf, structured, sender_cda };

  // The letter that is replaced: document 1.2.3.1.
  void accept_first(const v1::Visibility& visibility, v1::Confidentiality confidentiality) {
    v1::SubmitEventRequest request = sample_request();
    *request.mutable_event()->mutable_visibility() = visibility;
    v1::DocumentMetadata& metadata =
        *request.mutable_event()->mutable_discharge_letter()->mutable_pdf()->mutable_metadata();
    metadata.set_document_id("1.2.3.1");
    metadata.set_confidentiality(confidentiality);
    const auto response = submit(request);
    EXPECT_TRUE(response.ok()) << response.error().describe();
  }
  static v1::Visibility hidden_from_patient() {
    v1::Visibility visibility;
    visibility.set_hidden_from_patient(true);
    return visibility;
  }
  // The one that replaces it, and says nothing of restrictions.
  v1::SubmitEventRequest second(Content content, v1::Confidentiality confidentiality = {}) {
    v1::SubmitEventRequest request = sample_request();
    request.set_idempotency_key("letter-0002");
    v1::DischargeLetter& letter = *request.mutable_event()->mutable_discharge_letter();
    v1::DocumentMetadata metadata = letter.pdf().metadata();
    metadata.set_document_id("1.2.3.2");
    metadata.set_confidentiality(confidentiality);
    letter.set_replaces("1.2.3.1");
    if (content == Content::pdf) *letter.mutable_pdf()->mutable_metadata() = metadata;
    if (content == Content::structured) *letter.mutable_structured()->mutable_metadata() = metadata;
    if (content == Content::sender_cda) {
      letter.clear_replaces();
      letter.set_sender_cda("<ClinicalDocument/>");
      *office.told.mutable_metadata() = metadata;
      office.told.set_replaces("1.2.3.1");
    }
    return request;
  }
  // "CODE path", but for what the office says itself.
  static std::vector<std::string> told_of(const Result<v1::SubmitEventResponse>& response) {
    EXPECT_TRUE(response.ok()) << response.error().describe();
    std::vector<std::string> out;
    if (!response.ok()) return out;
    for (const v1::Issue& issue : response->status().issues()) {
      if (issue.code() == "FRAMED") continue;
      const bool lifted = issue.code() == "RESTRICTION_LIFTED";
      EXPECT_EQ(issue.level(), lifted ? v1::Issue::LEVEL_WARNING : v1::Issue::LEVEL_INFORMATION);
      EXPECT_FALSE(issue.text().empty() || issue.text_fr().empty());
      out.push_back(issue.code() + " " + issue.path());
    }
    return out;
  }
  stored::StoredEvent stored_second() {
    return stored_content(event_id_of("cpts-demo", "hospital", "letter-0002"));
  }
};

TEST_F(RestrictionsTest, AreInheritedByAnEventThatSaysNothing) {
  // Claim: flags and confidentiality of the document replaced hold for the new one, which says so; and for
  // the next.
  accept_first(hidden_from_patient(), v1::CONFIDENTIALITY_RESTRICTED);
  EXPECT_THAT(told_of(submit(second(Content::pdf))),
              ElementsAre("RESTRICTION_INHERITED event.discharge_letter.pdf.metadata.confidentiality",
                          "RESTRICTION_INHERITED event.visibility"));
  const stored::StoredEvent content = stored_second();
  EXPECT_TRUE(content.request().event().visibility().hidden_from_patient());
  EXPECT_FALSE(content.request().event().visibility().hidden_from_professionals());
  EXPECT_EQ(content.header().metadata().confidentiality(), v1::CONFIDENTIALITY_RESTRICTED);
  auto third = second(Content::structured);
  third.set_idempotency_key("letter-0003");
  third.mutable_event()->mutable_discharge_letter()->set_replaces("1.2.3.2");
  third.mutable_event()
      ->mutable_discharge_letter()
      ->mutable_structured()
      ->mutable_metadata()
      ->set_document_id("1.2.3.3");
  EXPECT_THAT(told_of(submit(third)),
              ElementsAre("RESTRICTION_INHERITED event.discharge_letter.structured.metadata.confidentiality",
                          "RESTRICTION_INHERITED event.visibility"));
}

TEST_F(RestrictionsTest, OfAHospitalsOwnDocumentAreItsOwn) {
  // Claim: the flags are inherited beside a CDA; the CDA itself is never changed, and a lower confidentiality
  // there is told.
  accept_first(hidden_from_patient(), v1::CONFIDENTIALITY_VERY_RESTRICTED);
  EXPECT_THAT(told_of(submit(second(Content::sender_cda, v1::CONFIDENTIALITY_NORMAL))),
              ElementsAre("RESTRICTION_LIFTED event.discharge_letter.sender_cda",
                          "RESTRICTION_INHERITED event.visibility"));
  EXPECT_TRUE(stored_second().request().event().visibility().hidden_from_patient());
  EXPECT_EQ(stored_second().header().metadata().confidentiality(), v1::CONFIDENTIALITY_NORMAL);
}

TEST_F(RestrictionsTest, ThatAreLiftedAreTheSendersDecision) {
  // Claim: a visibility that is there, even empty, and a confidentiality that is said, hold; what they lift
  // is told flag by flag.
  v1::Visibility all = hidden_from_patient();
  all.set_hidden_from_legal_representatives(true);
  accept_first(all, v1::CONFIDENTIALITY_VERY_RESTRICTED);
  auto request = second(Content::structured, v1::CONFIDENTIALITY_RESTRICTED);
  request.mutable_event()->mutable_visibility()->set_hidden_from_legal_representatives(true);
  EXPECT_THAT(told_of(submit(request)),
              ElementsAre("RESTRICTION_LIFTED event.discharge_letter.structured.metadata.confidentiality",
                          "RESTRICTION_LIFTED event.visibility.hidden_from_patient"));
  EXPECT_FALSE(stored_second().request().event().visibility().hidden_from_patient());
  EXPECT_EQ(stored_second().header().metadata().confidentiality(), v1::CONFIDENTIALITY_RESTRICTED);
}

TEST_F(RestrictionsTest, AreNotMadeUp) {
  // Claim: without a restriction before, or with a stricter one now, nothing is told.
  accept_first(v1::Visibility(), v1::CONFIDENTIALITY_NORMAL);
  EXPECT_THAT(told_of(submit(second(Content::pdf))), IsEmpty());
  EXPECT_FALSE(stored_second().request().event().has_visibility());
  auto stricter = second(Content::structured, v1::CONFIDENTIALITY_RESTRICTED);
  stricter.set_idempotency_key("letter-0003");
  stricter.mutable_event()
      ->mutable_discharge_letter()
      ->mutable_structured()
      ->mutable_metadata()
      ->set_document_id("1.2.3.9");
  stricter.mutable_event()->mutable_visibility()->set_hidden_from_patient(true);
  EXPECT_THAT(told_of(submit(stricter)), IsEmpty());
}

TEST_F(RestrictionsTest, DoNotChangeWhatTheKeyStandsFor) {
  // Claim: the same request again is the same event, though the ledger knows more by then.
  accept_first(hidden_from_patient(), v1::CONFIDENTIALITY_RESTRICTED);
  ASSERT_TRUE(submit(second(Content::pdf)).ok());
  EXPECT_TRUE(submit(second(Content::pdf))->already_accepted());
}

TEST_F(RestrictionsTest, AreShownByAPreviewThatHasALedger) {
  // Claim: preview says what submission would; one without a ledger inherits nothing.
  accept_first(hidden_from_patient(), v1::CONFIDENTIALITY_NORMAL);
  const auto previews = intake.preview(Principal{"hospital"}, second(Content::pdf));
  ASSERT_TRUE(previews.ok());
  EXPECT_EQ(previews->recipients.at(0).payload.issues.at(0).code(), "RESTRICTION_INHERITED");
  const Intake offline(IntakeSeams{tenants, Environment::test, policy, office, env});
  const auto alone = offline.preview(Principal{"hospital"}, second(Content::pdf));
  ASSERT_TRUE(alone.ok());
  EXPECT_EQ(alone->recipients.at(0).payload.issues.at(0).code(), "FRAMED");
}

TEST_F(RestrictionsTest, ThatCannotBeReadStopTheReplacement) {
  // Claim: nobody guesses that there were none: the error of the ledger is the answer, and nothing is stored.
  accept_first(hidden_from_patient(), v1::CONFIDENTIALITY_NORMAL);
  store.corrupt_content(event_id_of("cpts-demo", "hospital", "letter-0001"));
  EXPECT_EQ(submit(second(Content::pdf)).error().code, ErrorCode::corrupt);
  store.fail_reads = true;
  EXPECT_FALSE(submit(second(Content::pdf)).ok());
  store.fail_reads = false;
  EXPECT_EQ(store.all_deliveries().size(), 2U);
}

TEST_F(RestrictionsTest, OfADocumentThatArrivesMeanwhileAreNotMissed) {
  // Claim: when the replaced document is accepted between the look and the commit, the sender is told to come
  // again, and then inherits.
  bool raced = false;
  sink.before = [&](const Command&) {
    if (std::exchange(raced, true)) return;
    accept_first(hidden_from_patient(), v1::CONFIDENTIALITY_NORMAL);
  };
  const auto late = submit(second(Content::pdf));
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(late.error().code, ErrorCode::busy);
  EXPECT_THAT(told_of(submit(second(Content::pdf))), ElementsAre("RESTRICTION_INHERITED event.visibility"));
}

TEST_F(RestrictionsTest, OfADocumentThatIsNotThereAreNobodys) {
  // Claim: what it replaces may have travelled another way: the replacement is taken as it is.
  EXPECT_THAT(told_of(submit(second(Content::pdf))), IsEmpty());
}

}  // namespace
}  // namespace psl
