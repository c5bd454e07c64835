#include "gateway/net/smtp.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <thread>

#include "tests/gateway/net/scripted_smtp_server.h"

namespace psl {
namespace {

using test::CertificateFiles;
using test::ScriptedSmtpServer;
using test::SmtpScript;
using test::ThrowawayPki;

class StartsCurl : public testing::Environment {
 public:
  void SetUp() override { ASSERT_TRUE(net::init().ok()); }
};
const testing::Environment* const starts_curl = testing::AddGlobalTestEnvironment(new StartsCurl);

constexpr std::string_view letter =
    "Subject: essai\r\n\r\nBonjour,\r\n.une ligne qui commence par un point\r\n..\r\nfin\r\n";

SmtpScript with(std::string SmtpScript::*step, std::string_view reply) {
  SmtpScript script;
  script.*step = std::string(reply);
  return script;
}

// A partner, our certificate, and a sender for it.
class SmtpSenderTest : public testing::Test {
 protected:
  void start(std::vector<SmtpScript> scripts) {
    server_.emplace(std::move(scripts), pki_.issue("partner", "DNS:localhost"), pki_.ca_file);
    settings_.port = server_->port;
  }
  SmtpSender& sender() {
    if (!sender_) sender_.emplace(settings_, system_env());
    return *sender_;
  }
  Outcome send(std::string_view message = letter, Span patience = seconds(20)) {
    return sender().send({"cpts@demo.mssante.fr", "dr.martin@demo.mssante.fr", message},
                         system_env().monotonic() + patience);
  }
  Outcome send_once(SmtpScript script) {
    start({std::move(script)});
    return send();
  }
  Outcome send_to(const CertificateFiles& partner) {
    server_.emplace(std::vector<SmtpScript>(1), partner, pki_.ca_file);
    settings_.port = server_->port;
    return send();
  }

  bool envelope_left() {
    const test::SmtpSeen seen = server_->seen().at(0);
    return std::any_of(seen.commands.begin(), seen.commands.end(),
                       [](const std::string& command) { return command.starts_with("MAIL"); });
  }

  ThrowawayPki pki_;
  CertificateFiles own_ = pki_.issue("cpts-gateway", "");
  SmtpServer settings_{.host = "localhost",
                       .certificate_file = own_.certificate,
                       .key_file = own_.key,
                       .ca_file = pki_.ca_file,
                       .hello_name = "demo.mssante.fr"};
  std::optional<ScriptedSmtpServer> server_;
  std::optional<SmtpSender> sender_;  // ends before the server
};

TEST_F(SmtpSenderTest, DeliversTheLetterAsItIsWithItsEnvelopeAndOurCertificate) {
  // The partner gets the very bytes, also lines that begin with a dot, over TLS, from a client that it can
  // name.
  const Outcome outcome = send_once({});
  EXPECT_EQ(outcome.verdict, Verdict::accepted);
  EXPECT_EQ(outcome.reason, "ACCEPTED");
  EXPECT_EQ(outcome.partner_code, "250 2.0.0");
  const test::SmtpSeen seen = server_->seen().at(0);
  EXPECT_EQ(seen.letters.at(0), letter);
  EXPECT_EQ(seen.client_name, "cpts-gateway");
  EXPECT_EQ(seen.commands.at(0), "EHLO demo.mssante.fr");
  EXPECT_EQ(seen.commands.at(3), "MAIL FROM:<cpts@demo.mssante.fr> SIZE=" + std::to_string(letter.size()));
  EXPECT_EQ(seen.commands.at(4), "RCPT TO:<dr.martin@demo.mssante.fr>");
}

TEST_F(SmtpSenderTest, DeliversALetterWithoutDots) {
  // libcurl ends such a letter by its size alone: the answer is still the one to the whole.
  const std::string_view plain = "Subject: essai\r\n\r\nBonjour\r\n";
  start({{}});
  EXPECT_EQ(send(plain).verdict, Verdict::accepted);
  EXPECT_EQ(send(plain).verdict, Verdict::accepted);
  EXPECT_EQ(server_->seen().at(0).letters.at(1), plain);
}

TEST_F(SmtpSenderTest, DeliversALargeLetterWhole) {
  // A letter of many TLS records arrives unchanged.
  std::string large(letter);
  while (large.size() < 3000000)
    large += "0123456789012345678901234567890123456789012345678901234567890123456789\r\n";
  start({{}});
  EXPECT_EQ(send(large).verdict, Verdict::accepted);
  EXPECT_EQ(server_->seen().at(0).letters.at(0), large);
}

TEST_F(SmtpSenderTest, KeepsItsConnectionBetweenLetters) {
  // Two letters, one connection, one handshake.
  start({{}});
  EXPECT_EQ(send().verdict, Verdict::accepted);
  EXPECT_EQ(send().verdict, Verdict::accepted);
  ASSERT_EQ(server_->seen().size(), 1U);
  EXPECT_EQ(server_->seen().at(0).letters.size(), 2U);
}

TEST_F(SmtpSenderTest, SaysQuitWhenItEnds) {
  // An idle connection is parted from politely.
  start({{}});
  EXPECT_EQ(send().verdict, Verdict::accepted);
  sender_.reset();
  EXPECT_EQ(server_->seen().at(0).commands.back(), "QUIT");
}

TEST_F(SmtpSenderTest, ConnectsAgainWhenThePartnerClosedAnIdleConnection) {
  // The partner left after the first letter: the second goes over a new connection, and nobody notices.
  SmtpScript leaves;
  leaves.close_after_letters = 1;
  start({leaves, {}});
  EXPECT_EQ(send().verdict, Verdict::accepted);
  EXPECT_EQ(send().verdict, Verdict::accepted);
  EXPECT_EQ(server_->seen().size(), 2U);
}

TEST_F(SmtpSenderTest, SendsFromSeveralThreadsAtOnce) {
  // Each thread has a connection of its own and its own answer.
  start({{}});
  std::vector<std::thread> threads;
  std::atomic<int> accepted{0};
  sender();
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 5; ++j) accepted += send().verdict == Verdict::accepted ? 1 : 0;
    });
  }
  for (std::thread& each : threads) each.join();
  EXPECT_EQ(accepted, 15);
}

TEST_F(SmtpSenderTest, SaysThatNobodyListens) {
  // A refused connection is the partner's failure, to be tried again.
  start({{}});
  server_.reset();
  const Outcome outcome = send();
  EXPECT_EQ(outcome.verdict, Verdict::try_later);
  EXPECT_EQ(outcome.reason, "CONNECTION_REFUSED");
  EXPECT_TRUE(outcome.partner_down);
}

TEST_F(SmtpSenderTest, NeverSendsWithoutTls) {
  // A partner that does not offer STARTTLS, or refuses it, gets no envelope.
  for (const SmtpScript& script :
       {with(&SmtpScript::hello, "250 test"), with(&SmtpScript::start_tls, "454 4.7.0 not now")}) {
    sender_.reset();
    const Outcome outcome = send_once(script);
    EXPECT_EQ(outcome.verdict, Verdict::try_later);
    EXPECT_TRUE(outcome.partner_down);
    EXPECT_FALSE(envelope_left());
  }
  sender_.reset();
  EXPECT_EQ(send_once(with(&SmtpScript::hello, "250 test")).reason, "STARTTLS_MISSING");
}

TEST_F(SmtpSenderTest, RefusesAPartnerUnderAnotherName) {
  // The certificate must be of the host that the configuration names.
  const Outcome outcome = send_to(pki_.issue("other", "DNS:other.mssante.fr"));
  EXPECT_EQ(outcome.verdict, Verdict::try_later);
  EXPECT_EQ(outcome.reason, "PARTNER_CERTIFICATE");
  EXPECT_TRUE(outcome.partner_down);
}

TEST_F(SmtpSenderTest, RefusesAPartnerWhoseCertificateExpired) {
  // Out of date is as wrong as unknown.
  EXPECT_EQ(send_to(pki_.issue("late", "DNS:localhost", -7200, -3600)).reason, "PARTNER_CERTIFICATE");
}

TEST_F(SmtpSenderTest, RefusesAPartnerOfAnotherAuthority) {
  // Only the authorities of the configured file are trusted.
  ThrowawayPki stranger;
  settings_.ca_file = stranger.ca_file;
  EXPECT_EQ(send_once({}).reason, "PARTNER_CERTIFICATE");
}

TEST_F(SmtpSenderTest, TakesAReplacedAuthorityFileWithoutRestart) {
  // The file is read at each new connection: an operator's correction works at the next attempt.
  const ThrowawayPki stranger;
  const std::string file = pki_.ca_file + ".copy";
  const auto use = [&](const std::string& from) {
    std::filesystem::copy_file(from, file, std::filesystem::copy_options::overwrite_existing);
  };
  use(stranger.ca_file);
  settings_.ca_file = file;
  start({{}});
  EXPECT_EQ(send().reason, "PARTNER_CERTIFICATE");
  use(pki_.ca_file);
  EXPECT_EQ(send().verdict, Verdict::accepted);
}

TEST_F(SmtpSenderTest, TellsThatOurOwnCertificateIsTheTrouble) {
  // Expired, of an authority that the partner does not know, or not there: the operator learns whose fault it
  // is.
  const auto use = [&](const CertificateFiles& files) {
    settings_.certificate_file = files.certificate;
    settings_.key_file = files.key;
    sender_.reset();
    const Outcome outcome = send_once({});
    EXPECT_EQ(outcome.verdict, Verdict::try_later);
    EXPECT_TRUE(outcome.partner_down);
    return outcome.reason;
  };
  EXPECT_EQ(use(pki_.issue("late", "", -7200, -3600)), "OWN_CERTIFICATE");
  ThrowawayPki stranger;
  EXPECT_EQ(use(stranger.issue("stranger", "")), "OWN_CERTIFICATE");
  EXPECT_EQ(use({"/nonexistent.pem", "/nonexistent.key"}), "OWN_CERTIFICATE");
}

TEST_F(SmtpSenderTest, TellsThatTheAuthorityFileIsNotThere) {
  // Without the file nothing is trusted, rather than everything.
  settings_.ca_file = "/nonexistent.pem";
  const Outcome outcome = send_once({});
  EXPECT_EQ(outcome.verdict, Verdict::try_later);
  EXPECT_EQ(outcome.reason, "TRUST_FILE");
}

struct Answer {
  std::string SmtpScript::*step;
  std::string_view reply;
  Verdict verdict;
  std::string_view reason;
  std::string_view code;
};

TEST_F(SmtpSenderTest, MapsTheAnswerOfEachStage) {
  // 4xx: later; 5xx: refused, with a reason that a human can act on; the partner's text is not kept.
  const std::vector<Answer> answers = {
      {&SmtpScript::greeting, "421 busy", Verdict::try_later, "SERVICE_CLOSING", "421"},
      {&SmtpScript::greeting, "554 no", Verdict::try_later, "SERVICE_REFUSED", "554"},
      {&SmtpScript::sender, "451 4.3.0 later", Verdict::try_later, "PARTNER_BUSY", "451 4.3.0"},
      {&SmtpScript::sender, "550 5.7.1 who", Verdict::rejected, "SENDER_REFUSED", "550 5.7.1"},
      {&SmtpScript::sender, "552 5.3.4 big", Verdict::rejected, "TOO_LARGE", "552 5.3.4"},
      {&SmtpScript::sender, "530 5.7.0 auth", Verdict::rejected, "SENDER_REFUSED", "530 5.7.0"},
      {&SmtpScript::sender, "530 auth", Verdict::try_later, "LOGIN_REFUSED", "530"},
      {&SmtpScript::recipient, "450 4.2.1 <x@y> later", Verdict::try_later, "MAILBOX_CLOSED", "450 4.2.1"},
      {&SmtpScript::recipient, "550 5.1.1 <dr@y> no such", Verdict::rejected, "MAILBOX_ABSENT", "550 5.1.1"},
      {&SmtpScript::recipient, "550 no", Verdict::rejected, "MAILBOX_ABSENT", "550"},
      {&SmtpScript::recipient, "552 5.2.2 full", Verdict::rejected, "MAILBOX_FULL", "552 5.2.2"},
      {&SmtpScript::data, "452 4.3.1 full", Verdict::try_later, "PARTNER_FULL", "452 4.3.1"},
      {&SmtpScript::data, "554 5.7.1 no", Verdict::rejected, "REFUSED", "554 5.7.1"},
      {&SmtpScript::end, "451 4.7.1 greylisted", Verdict::try_later, "REFUSED", "451 4.7.1"},
      {&SmtpScript::end, "554 5.6.0 virus", Verdict::rejected, "CONTENT_REFUSED", "554 5.6.0"},
      {&SmtpScript::end, "552 5.3.4 big", Verdict::rejected, "TOO_LARGE", "552 5.3.4"},
  };
  for (const Answer& each : answers) {
    SCOPED_TRACE(std::string(each.reply));
    sender_.reset();
    const Outcome outcome = send_once(with(each.step, each.reply));
    EXPECT_EQ(outcome.verdict, each.verdict);
    EXPECT_EQ(outcome.reason, each.reason);
    EXPECT_EQ(outcome.partner_code, each.code);
  }
}

TEST_F(SmtpSenderTest, CountsOnlyTheWholePartnerAsDown) {
  // A refused mailbox says nothing about the others; a service that closes does.
  EXPECT_FALSE(send_once(with(&SmtpScript::recipient, "550 5.1.1 no")).partner_down);
  sender_.reset();
  EXPECT_TRUE(send_once(with(&SmtpScript::recipient, "421 4.3.2 closing")).partner_down);
}

TEST_F(SmtpSenderTest, KnowsThatNothingLeftWhenTheConnectionEndsBeforeTheLetter) {
  // Dropped at any command: the letter can be sent again without a second thought.
  for (const auto step : {&SmtpScript::greeting, &SmtpScript::hello, &SmtpScript::start_tls,
                          &SmtpScript::sender, &SmtpScript::recipient, &SmtpScript::data}) {
    sender_.reset();
    const Outcome outcome = send_once(with(step, SmtpScript::drop));
    EXPECT_EQ(outcome.verdict, Verdict::try_later);
    EXPECT_TRUE(outcome.partner_down);
  }
}

TEST_F(SmtpSenderTest, KnowsThatHalfALetterIsNone) {
  // RFC 5321 section 4.1.1.4: without the final dot the partner has nothing.
  SmtpScript cuts;
  cuts.close_after_bytes = 100000;
  start({cuts});
  const Outcome outcome = send("Subject: x\r\n\r\n" + std::string(20000000, 'x') + "\r\n");
  EXPECT_EQ(outcome.verdict, Verdict::try_later);
  EXPECT_EQ(outcome.reason, "CONNECTION_LOST");
}

TEST_F(SmtpSenderTest, DoesNotKnowWhenTheConnectionEndsAfterTheLetter) {
  // The partner may have taken it: neither delivered nor refused.
  const Outcome outcome = send_once(with(&SmtpScript::end, SmtpScript::drop));
  EXPECT_EQ(outcome.verdict, Verdict::unknown);
  EXPECT_EQ(outcome.reason, "CONNECTION_LOST");
  EXPECT_EQ(server_->seen().at(0).letters.size(), 1U);
}

TEST_F(SmtpSenderTest, AcceptsNothingButA250) {
  // Another 2xx to the letter is not what the standard says: not known.
  const Outcome outcome = send_once(with(&SmtpScript::end, "251 2.0.0 elsewhere"));
  EXPECT_EQ(outcome.verdict, Verdict::unknown);
}

TEST_F(SmtpSenderTest, IsRightAgainAfterATimeoutThatAwaitedTheAnswer) {
  // The old answer is still to come on that connection: the next letter takes another one and gets its own
  // answer.
  start({with(&SmtpScript::end, SmtpScript::silence), {}});
  const Outcome first = send(letter, milliseconds(400));
  EXPECT_EQ(first.verdict, Verdict::unknown);
  EXPECT_EQ(first.reason, "TIMEOUT");
  const Outcome second = send();
  EXPECT_EQ(second.verdict, Verdict::accepted);
  ASSERT_EQ(server_->seen().size(), 2U);
  EXPECT_EQ(server_->seen().at(1).letters.size(), 1U);
}

TEST_F(SmtpSenderTest, KeepsItsDeadlineAtEveryStage) {
  // A partner that falls silent holds a worker no longer than the deadline.
  for (const auto step : {&SmtpScript::greeting, &SmtpScript::hello, &SmtpScript::start_tls,
                          &SmtpScript::sender, &SmtpScript::recipient, &SmtpScript::data, &SmtpScript::end}) {
    sender_.reset();
    start({with(step, SmtpScript::silence)});
    const Instant began = system_env().monotonic();
    const Outcome outcome = send(letter, milliseconds(300));
    EXPECT_LT((system_env().monotonic() - began).us, seconds(3).us);
    EXPECT_EQ(outcome.reason, "TIMEOUT");
    EXPECT_EQ(outcome.verdict, step == &SmtpScript::end ? Verdict::unknown : Verdict::try_later);
    EXPECT_TRUE(outcome.partner_down);
  }
}

TEST_F(SmtpSenderTest, DoesNotWaitForTheFarewellOfARefusal) {
  // After its refusal a partner may stay silent for ever: the answer is known, the worker is free.
  SmtpScript mute = with(&SmtpScript::recipient, "550 5.1.1 no");
  mute.quit = SmtpScript::silence;
  const Instant began = system_env().monotonic();
  EXPECT_EQ(send_once(mute).reason, "MAILBOX_ABSENT");
  EXPECT_LT((system_env().monotonic() - began).us, seconds(3).us);
}

TEST_F(SmtpSenderTest, KeepsItsOwnTimeoutsWithinTheDeadline) {
  // To connect, and for the whole delivery: each is its own limit.
  settings_.connect_timeout = milliseconds(200);
  start({with(&SmtpScript::greeting, SmtpScript::silence)});
  EXPECT_EQ(send().reason, "TIMEOUT");
  sender_.reset();
  settings_.connect_timeout = seconds(10);
  settings_.delivery_timeout = milliseconds(300);
  start({with(&SmtpScript::sender, SmtpScript::silence)});
  EXPECT_EQ(send().reason, "TIMEOUT");
}

TEST_F(SmtpSenderTest, SendsNothingPastItsDeadline) {
  // No connection is opened for a delivery whose time is over.
  start({{}});
  EXPECT_EQ(send(letter, Span{0}).reason, "TIMEOUT");
  EXPECT_TRUE(server_->seen().empty());
}

TEST_F(SmtpSenderTest, StopsWhatIsUnderWay) {
  // At shutdown a worker that awaits an answer comes back, and says that it does not know.
  start({with(&SmtpScript::end, SmtpScript::silence)});
  Outcome outcome;
  sender();
  std::thread worker([&] { outcome = send(); });
  while (server_->seen().empty() || server_->seen().at(0).letters.empty()) std::this_thread::yield();
  sender().stop();
  worker.join();
  EXPECT_EQ(outcome.verdict, Verdict::unknown);
  EXPECT_EQ(outcome.reason, "STOPPING");
  EXPECT_FALSE(outcome.partner_down);
  EXPECT_EQ(send().verdict, Verdict::try_later);
}

TEST_F(SmtpSenderTest, ProbesWithoutSending) {
  // Connection, TLS and certificates are proved; no envelope leaves.
  start({{}});
  EXPECT_TRUE(sender().probe(system_env().monotonic() + seconds(20)).ok());
  EXPECT_FALSE(envelope_left());
}

TEST_F(SmtpSenderTest, ProbesAndTellsWhatIsWrong) {
  // The reason is the one that a delivery would give.
  settings_.ca_file = "/nonexistent.pem";
  start({{}});
  const Status status = sender().probe(system_env().monotonic() + seconds(20));
  ASSERT_FALSE(status.ok());
  EXPECT_TRUE(status.error().text.starts_with("TRUST_FILE")) << status.error().text;
  EXPECT_FALSE(sender().probe(system_env().monotonic()).ok());
}

}  // namespace
}  // namespace psl
