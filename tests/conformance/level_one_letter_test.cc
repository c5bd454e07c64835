// A level 1 document is kept once, and delivered as if its PDF were kept beside it.
#include "gateway/base/hash.h"
#include "tests/adapters/formats/cda_fixtures.h"
#include "tests/conformance/adapter_conformance.h"
#include "tests/conformance/intake_of_one.h"

namespace psl::test {

TEST_P(AdapterConformance, DeliversALevelOneLetterFromItsDocumentAlone) {
  // The ledger holds one part of a PDF letter and of a hospital's own level 1 document; what is sent is, byte
  // for byte, what the preview shows, which has the PDF from the request.
  const auto adapter = world_->adapter(system_env());
  if (!adapter->info().needs_document) GTEST_SKIP() << "what it sends is made of the event, not of a document";
  IntakeOfOne intake(*adapter, letter_.tenant);
  testing::internal::CaptureStderr();
  v1::SubmitEventRequest request = pdf_letter();
  for (const bool from_cda : {false, true}) {
    SCOPED_TRACE(from_cda);
    const auto answer = intake.submit(request, letter_.request.event().recipients(recipient_));
    ASSERT_TRUE(answer.ok()) << answer.error().describe();
    const auto documents = intake.store().documents(*Uuid::parse(answer->status().event_id()));
    ASSERT_TRUE(documents.ok());
    EXPECT_EQ(documents->size(), 1u);
    const auto previews = intake.preview(request);
    ASSERT_TRUE(previews.ok());
    const Payload& shown = previews->at(0).payload;

    std::string sent;
    intake.sink().before = [&sent](const Command& command) {
      if (const auto* start = std::get_if<StartAttempt>(&command)) sent = start->payload_sha256;
    };
    const Uuid delivery = *Uuid::parse(answer->status().recipients(0).deliveries(0).id());
    intake.carry(*adapter, delivery);
    EXPECT_EQ(sent, to_hex(sha256(view(shown.body))));
    EXPECT_EQ(intake.store().delivery(delivery).due.state, DeliveryState::delivered);

    // The document that was made is sent again, as the hospital's own.
    request.mutable_event()->mutable_discharge_letter()->set_sender_cda(intake.made_from(pdf_letter()));
    request.mutable_event()->clear_subject();
  }
  testing::internal::GetCapturedStderr();
}

}  // namespace psl::test
