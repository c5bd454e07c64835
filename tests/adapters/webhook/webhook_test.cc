#include "adapters/webhook/webhook.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "gateway/net/init.h"
#include "passerelle/v1/delivery.pb.h"
#include "security/keys.h"
#include "tests/gateway/net/scripted_https_server.h"
#include "tests/support/fake_env.h"
#include "tests/support/golden_file.h"
#include "tests/support/sample_letter.h"
#include "tests/support/stored_care.h"
#include "tests/support/temp_folder.h"

namespace psl {
namespace {

using test::http_answer;
using test::HttpsReply;
using test::HttpsSeen;

constexpr int tool = 3;

class Webhook : public testing::Test {
 protected:
  Webhook() {
    config_.set_environment(v1::Config::TEST);
    partner_.set_name("outil");
    partner_.set_url("https://localhost:1/webhook");
    partner_.set_body_bytes_max(200'000);
    partner_.set_signing_key_file(folder_.file("tool.key"));
    EXPECT_TRUE(new_key_file(partner_.signing_key_file()).ok());
    letter_.request.mutable_event()->add_recipients()->mutable_tool()->set_name("outil");
  }

  WebhookAdapter& adapter() {
    if (!adapter_) {
      auto made = WebhookAdapter::create(partner_, config_, env_);
      EXPECT_TRUE(made.ok());
      adapter_ = std::move(*made);
    }
    return *adapter_;
  }
  Payload wrapped() {
    auto payload = adapter().wrap(letter_.dispatch(tool));
    EXPECT_TRUE(payload.ok()) << (payload.ok() ? "" : payload.error().describe());
    return payload.ok() ? *payload : Payload{};
  }
  // The n-th request gets the n-th status, later ones the last.
  void start(std::vector<int> statuses) {
    ASSERT_TRUE(net::init().ok());
    server_ = std::make_unique<test::ScriptedHttpsServer>(
        [this, statuses](const HttpsSeen&) {
          const int status = statuses[std::min(asked_++, statuses.size() - 1)];
          return HttpsReply{http_answer(status, "", "", status == 429 ? "Retry-After: 30\r\n" : "")};
        },
        pki_.issue("partner", "DNS:localhost"), pki_.ca_file);
    partner_.set_url("https://localhost:" + std::to_string(server_->port) + "/webhook");
    const test::CertificateFiles own = pki_.issue("gateway", "");
    partner_.mutable_tls()->set_certificate_file(own.certificate);
    partner_.mutable_tls()->set_key_file(own.key);
    partner_.mutable_tls()->set_ca_file(pki_.ca_file);
  }
  Outcome deliver() { return adapter().deliver(wrapped(), env_.monotonic() + seconds(20)); }

  SampleLetter letter_;
  TempFolder folder_;
  v1::Config config_;
  v1::WebhookPartner partner_;
  FakeEnv env_;
  test::ThrowawayPki pki_;
  size_t asked_ = 0;
  std::unique_ptr<test::ScriptedHttpsServer> server_;
  std::unique_ptr<WebhookAdapter> adapter_;
};

TEST_F(Webhook, ReadsAsItDidWhenSomebodyReadIt) {
  // A golden body: what docs/webhook.md describes.
  letter_.request.mutable_event()->mutable_visibility()->set_hidden_from_patient(true);
  letter_.header.set_replaces("2.25.123");
  expect_golden("webhook/letter.json", *wrapped().body);
}

TEST_F(Webhook, GivesNoInsThatIsNotQualified) {
  // RNIV 1 EXI SI 08: an identity that nobody proved travels without it.
  letter_.header.mutable_patient()->set_status(v1::IDENTITY_STATUS_PROVISIONAL);
  EXPECT_EQ(wrapped().body->find("matricule"), std::string::npos);
  EXPECT_NE(wrapped().body->find("IDENTITY_STATUS_PROVISIONAL"), std::string::npos);
}

TEST_F(Webhook, LeavesOutWhatIsNotThere) {
  // No readable copy, nothing hidden, nothing replaced: no such names.
  letter_.document.pdf.reset();
  for (const char* name : {"readable_copy", "hidden_from", "replaces"}) {
    EXPECT_EQ(wrapped().body->find(name), std::string::npos) << name;
  }
}

TEST_F(Webhook, CarriesItsOwnToolOnly) {
  // A tool is named in the event; another's, a mailbox or an index of nobody is not for this adapter.
  EXPECT_TRUE(adapter().carries(letter_.request, tool));
  EXPECT_FALSE(adapter().carries(letter_.request, 0));
  letter_.request.mutable_event()->mutable_recipients(tool)->mutable_tool()->set_name("another");
  EXPECT_FALSE(adapter().carries(letter_.request, tool));
  EXPECT_EQ(adapter().admit(letter_.dispatch(tool)).error().faults.at(0).path,
            "event.recipients[3].tool.name");
}

TEST_F(Webhook, RefusesADocumentThatIsTooLargeWhenItArrives) {
  // Base64 counts; wrap() and admit() agree to the byte.
  const size_t most = (partner_.body_bytes_max() - 65536) / 4 * 3;
  letter_.document.pdf.reset();
  letter_.document.cda = make_bytes(std::string(most, 'x'));
  EXPECT_TRUE(adapter().admit(letter_.dispatch(tool)).ok());
  EXPECT_LE(wrapped().body->size(), partner_.body_bytes_max());
  letter_.document.cda = make_bytes(std::string(most + 3, 'x'));
  EXPECT_EQ(adapter().wrap(letter_.dispatch(tool)).error().faults.at(0).path, "event.recipients[3].tool");
  EXPECT_FALSE(adapter().admit(letter_.dispatch(tool)).ok());
}

TEST_F(Webhook, SignsWhatItSends) {
  // Standard Webhooks: HMAC-SHA256 over id, time and body, with the key of the file; the time is that of the
  // attempt.
  start({200});
  EXPECT_EQ(deliver().verdict, Verdict::accepted);
  const HttpsSeen seen = server_->seen().at(0);
  EXPECT_EQ(seen.method, "POST");
  EXPECT_EQ(seen.target, "/webhook");
  EXPECT_EQ(seen.headers.at("content-type"), "application/json");
  EXPECT_EQ(seen.headers.at("webhook-id"), "0b6f1c9e-7a55-8c3d-9e21-4d5f6a7b8c9d-0");
  EXPECT_EQ(seen.headers.at("webhook-timestamp"), "1800000000");
  EXPECT_EQ(seen.body, *wrapped().body);
  const auto key = load_key_file(partner_.signing_key_file());
  const std::string signed_text = seen.headers.at("webhook-id") + ".1800000000." + seen.body;
  EXPECT_EQ(seen.headers.at("webhook-signature"), "v1," + base64_encode(*hmac_sha256(*key, signed_text)));
}

struct Meaning {
  int status;
  Verdict verdict;
  const char* reason;
  bool partner_down;
};

TEST_F(Webhook, ReadsTheStatus) {
  // The status decides, and nothing else that the tool writes.
  const std::vector<Meaning> meanings = {
      {200, Verdict::accepted, "ACCEPTED", false},
      {202, Verdict::accepted, "ACCEPTED", false},
      {204, Verdict::accepted, "ACCEPTED", false},
      {301, Verdict::try_later, "REDIRECTED", true},
      {307, Verdict::try_later, "REDIRECTED", true},
      {400, Verdict::rejected, "CONTENT_REFUSED", false},
      {401, Verdict::try_later, "LOGIN_REFUSED", true},
      {403, Verdict::try_later, "LOGIN_REFUSED", true},
      {404, Verdict::try_later, "PROTOCOL_REFUSED", false},
      {405, Verdict::try_later, "PROTOCOL_REFUSED", false},
      {408, Verdict::try_later, "PARTNER_BUSY", false},
      {409, Verdict::accepted, "ALREADY_THERE", false},
      {410, Verdict::try_later, "PROTOCOL_REFUSED", false},
      {413, Verdict::rejected, "TOO_LARGE", false},
      {422, Verdict::rejected, "CONTENT_REFUSED", false},
      {429, Verdict::try_later, "PARTNER_BUSY", false},
      {500, Verdict::try_later, "PARTNER_BUSY", false},
      {503, Verdict::try_later, "PARTNER_BUSY", false},
      {600, Verdict::unknown, "ANSWER_UNREADABLE", true},
  };
  std::vector<int> statuses;
  for (const Meaning& each : meanings) statuses.push_back(each.status);
  start(statuses);
  for (const Meaning& each : meanings) {
    SCOPED_TRACE(each.status);
    const Outcome outcome = deliver();
    EXPECT_EQ(outcome.verdict, each.verdict);
    EXPECT_EQ(outcome.reason, each.reason);
    EXPECT_EQ(outcome.partner_code, std::to_string(each.status));
    EXPECT_EQ(outcome.partner_down, each.partner_down);
    EXPECT_EQ(outcome.retry_after, seconds(each.status == 429 ? 30 : 0));
  }
}

TEST_F(Webhook, SendsNothingWithoutItsKey) {
  // Claim: a key that others can read, or that is away, holds every delivery; once it is mended the next one
  // leaves.
  start({200});
  std::filesystem::permissions(partner_.signing_key_file(), std::filesystem::perms::all);
  const Outcome held = deliver();
  EXPECT_EQ(held.verdict, Verdict::try_later);
  EXPECT_EQ(held.reason, "SIGNING_KEY");
  EXPECT_TRUE(held.partner_down);
  std::filesystem::permissions(partner_.signing_key_file(), std::filesystem::perms::owner_read);
  EXPECT_EQ(deliver().verdict, Verdict::accepted);
}

// What the tool "outil" gets of an orientation, in place of the recipient.
SampleCare to_tool(SampleCare sample, int recipient) {
  sample.event().mutable_recipients(recipient)->mutable_tool()->set_name("outil");
  v1::CoordinationEvent& asked = *sample.care.mutable_orientation()->mutable_event();
  if (recipient < asked.recipients_size())
    asked.mutable_recipients(recipient)->mutable_tool()->set_name("outil");
  sample.header.mutable_metadata()->set_document_id("2.25.98765432101234567890");
  sample.header.mutable_metadata()->set_title("Demande d'avis spécialisé");
  sample.header.mutable_metadata()->mutable_type()->set_code("96349-6");
  sample.document.cda = make_bytes("<ClinicalDocument xmlns=\"urn:hl7-org:v3\"/>\n");
  return sample;
}

TEST_F(Webhook, TellsAToolWhatConcernsIt) {
  // Golden bodies: a proposal, an appointment for who is kept informed, and that another was faster.
  const auto body = [this](const SampleCare& sample, int recipient) {
    const auto payload = adapter().wrap(sample.dispatch(recipient));
    EXPECT_TRUE(payload.ok()) << (payload.ok() ? "" : payload.error().describe());
    return payload.ok() ? *payload->body : std::string();
  };
  expect_golden("webhook/proposal.json", body(to_tool(stored_orientation(), 1), 1));
  expect_golden("webhook/booked.json", body(to_tool(stored_update(v1::OrientationUpdate::BOOKED), 0), 0));
  SampleCare taken = to_tool(stored_update(v1::OrientationUpdate::ACCEPTED), 1);
  taken.tell(1, stored::TELLING_TAKEN);
  expect_golden("webhook/taken.json", body(taken, 1));
  expect_golden("webhook/enrolment.json", body(to_tool(stored_enrolment(), 0), 0));
  expect_golden("webhook/reduced.json", body(to_tool(stored_enrolment(), 1), 1));
}

TEST_F(Webhook, TellsNoPatientWhereNoDocumentGoes) {
  // A notice has neither identity nor document nor appointment, whatever the event holds.
  SampleCare sample = to_tool(stored_update(v1::OrientationUpdate::BOOKED), 1);
  for (const auto telling : {stored::TELLING_CONFIRMED, stored::TELLING_TAKEN, stored::TELLING_TOO_LATE,
                             stored::TELLING_CANCELLED, stored::TELLING_REDUCED}) {
    sample.tell(1, telling);
    const auto payload = adapter().wrap(sample.dispatch(1));
    ASSERT_TRUE(payload.ok());
    for (const char* hidden : {"patient", "document", "appointment", "TOUR", "reason"})
      EXPECT_EQ(payload->body->find(hidden), std::string::npos) << hidden;
    EXPECT_EQ(payload->files.size(), 1u);
  }
}

TEST_F(Webhook, RefusesADocumentThatIsNotThere) {
  // An event without document has nothing for a tool that is to get one.
  SampleCare sample = to_tool(stored_orientation(), 0);
  sample.document.cda.reset();
  EXPECT_EQ(adapter().wrap(sample.dispatch(0)).error().faults.at(0).path, "event.recipients[0].tool");
}

}  // namespace
}  // namespace psl
