#include "gateway/net/smtp_reply.h"

#include <curl/curl.h>
#include <gtest/gtest.h>

#include "gateway/net/smtp_exchange.h"

namespace psl {
namespace {

std::string code_of(std::string_view line) {
  const auto reply = parse_smtp_reply(line);
  if (!reply) return "none";
  return std::to_string(reply->code) + "/" + reply->enhanced;
}

TEST(SmtpReply, ReadsTheCodesAndDropsTheText) {
  // Only digits and dots of an answer are ever kept: its text may quote an address.
  EXPECT_EQ(code_of("250 2.0.0 Ok: queued as 4B1\r\n"), "250/2.0.0");
  EXPECT_EQ(code_of("550-5.1.1 <dr.martin@demo.fr>: no\r\n"), "550/5.1.1");
  EXPECT_EQ(code_of("421 4.3.2"), "421/4.3.2");
  EXPECT_EQ(code_of("550 5.1.10 null MX"), "550/5.1.10");
  EXPECT_EQ(code_of("354\r\n"), "354/");
  EXPECT_EQ(code_of("250-SIZE 30000000\r\n"), "250/");
}

TEST(SmtpReply, KeepsAnEnhancedCodeOnlyWhenItIsOne) {
  // Three numbers of one to three digits, of the class of the reply, and nothing glued to them.
  for (const std::string_view line :
       {"550 5.1.1.1 x", "550 5.1 ......", "550 4.1.1 other class", "550 5.1.1234 long", "550 5.1.1x glued",
        "550 5..1 empty", "550 .5.1.1 dot", "550 55.1.1 wide", "550 279035121518989@patient",
        "550 5.1111.1 wide"}) {
    EXPECT_EQ(code_of(line), "550/") << line;
  }
}

TEST(SmtpReply, RefusesWhatIsNoAnswer) {
  // A partner may send anything.
  for (const std::string_view line :
       {"", "25", "2500 x", "150 no", "600 no", "abc", "25x ok", "250ok", " 250 ok"})
    EXPECT_EQ(code_of(line), "none") << line;
}

TEST(SmtpReply, LooksAtTheDetailBeforeTheSubjectAndTheBasicCode) {
  // 5.2.2 and 552 say the same, 5.7.8 more than 550, an unknown detail at least its subject.
  const auto reason = [](SmtpStage stage, int code, const char* enhanced) {
    return outcome_of_reply(stage, {code, enhanced}).reason;
  };
  EXPECT_EQ(reason(SmtpStage::recipient, 550, "5.2.2"), "MAILBOX_FULL");
  EXPECT_EQ(reason(SmtpStage::recipient, 552, ""), "MAILBOX_FULL");
  EXPECT_EQ(reason(SmtpStage::sender, 552, ""), "TOO_LARGE");
  EXPECT_EQ(reason(SmtpStage::end, 552, ""), "TOO_LARGE");
  EXPECT_EQ(reason(SmtpStage::recipient, 550, "5.7.99"), "REFUSED");
  EXPECT_EQ(reason(SmtpStage::recipient, 556, "5.1.10"), "DOMAIN_ABSENT");
  EXPECT_EQ(reason(SmtpStage::recipient, 550, "5.0.0"), "MAILBOX_ABSENT");
  EXPECT_EQ(reason(SmtpStage::end, 550, ""), "REFUSED");
  EXPECT_EQ(reason(SmtpStage::recipient, 499, ""), "PARTNER_BUSY");
  EXPECT_EQ(reason(SmtpStage::recipient, 599, ""), "REFUSED");
  EXPECT_EQ(reason(SmtpStage::recipient, 523, ""), "TOO_LARGE");
}

TEST(SmtpReply, DoesNotLoseALetterToAWrongAccess) {
  // Authentication and a service that turns us away are for the operator: the letters wait.
  for (const int code : {530, 534, 535, 538}) {
    const Outcome outcome = outcome_of_reply(SmtpStage::sender, {code, ""});
    EXPECT_EQ(outcome.verdict, Verdict::try_later);
    EXPECT_TRUE(outcome.partner_down);
    EXPECT_EQ(outcome.reason, "LOGIN_REFUSED");
  }
  EXPECT_EQ(outcome_of_reply(SmtpStage::hello, {550, "5.7.1"}).reason, "SERVICE_REFUSED");
}

std::string reason_with_an_expired_certificate(SmtpStage stage, std::optional<SmtpReply> reply) {
  const std::atomic<bool> never{false};
  SmtpExchange exchange("", never, system_env(), Instant{});
  exchange.stage = stage;
  exchange.reply = std::move(reply);
  return outcome_of_ending(exchange, {CURLE_SEND_ERROR, "", false}, false).reason;
}

TEST(SmtpExchange, BlamesOurCertificateOnlyWhereItWasShown) {
  // Past its dates, it explains a refused greeting or a policy refusal, not an absent mailbox nor a closed
  // port.
  EXPECT_EQ(reason_with_an_expired_certificate(SmtpStage::connect, {}), "CONNECTION_LOST");
  EXPECT_EQ(reason_with_an_expired_certificate(SmtpStage::hello, {}), "OWN_CERTIFICATE");
  EXPECT_EQ(reason_with_an_expired_certificate(SmtpStage::sender, SmtpReply{554, ""}), "OWN_CERTIFICATE");
  EXPECT_EQ(reason_with_an_expired_certificate(SmtpStage::recipient, SmtpReply{554, "5.7.1"}),
            "OWN_CERTIFICATE");
  EXPECT_EQ(reason_with_an_expired_certificate(SmtpStage::recipient, SmtpReply{550, ""}), "MAILBOX_ABSENT");
  EXPECT_EQ(reason_with_an_expired_certificate(SmtpStage::recipient, SmtpReply{550, "5.1.1"}),
            "MAILBOX_ABSENT");
  EXPECT_EQ(reason_with_an_expired_certificate(SmtpStage::end, SmtpReply{554, "5.7.1"}), "REFUSED");
}

}  // namespace
}  // namespace psl
