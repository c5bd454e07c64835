#include "tests/conformance/adapter_conformance.h"

#include <algorithm>
#include <random>
#include <regex>
#include <set>
#include <thread>

#include "gateway/net/init.h"
#include "passerelle/v1/delivery.pb.h"
#include "tests/support/fake_env.h"

namespace psl::test {
namespace {

const std::set<std::string, std::less<>> known_reasons = {
#define PSL_REASON(name, text) name,
#include "gateway/core/reasons.def"
#undef PSL_REASON
};

Instant after(Span span) { return system_env().monotonic() + span; }

std::vector<std::string> fault_paths(const Error& error) {
  std::vector<std::string> paths;
  for (const FieldFault& each : error.faults) paths.push_back(each.path);
  return paths;
}

// Bytes that no compression makes smaller.
std::string noise(size_t count) {
  std::mt19937 chance(1);
  std::string bytes(count, '\0');
  for (char& each : bytes) each = static_cast<char>(chance());
  return bytes;
}

// Letters that some adapters refuse, by what is wrong or rare in them.
std::vector<std::pair<std::string, SampleLetter>> unusual_letters(const SampleLetter& usual) {
  std::vector<std::pair<std::string, SampleLetter>> letters(9, {"as usual", usual});
  letters[1].first = "no INS";
  letters[1].second.header.mutable_patient()->clear_ins();
  letters[2].first = "an identity that is not qualified";
  letters[2].second.header.mutable_patient()->set_status(v1::IDENTITY_STATUS_PROVISIONAL);
  letters[3].first = "hidden from professionals";
  letters[3].second.request.mutable_event()->mutable_visibility()->set_hidden_from_professionals(true);
  letters[4].first = "hidden from the patient";
  letters[4].second.request.mutable_event()->mutable_visibility()->set_hidden_from_patient(true);
  letters[5].first = "too large";
  letters[5].second.document.cda = make_bytes(noise(PartnerWorld::message_bytes_max));
  letters[6].first = "too large with its PDF";
  letters[6].second.document.pdf = make_bytes(noise(PartnerWorld::message_bytes_max));
  letters[7].first = "no PDF";
  letters[7].second.document.pdf.reset();
  letters[8].first = "a replacement";
  letters[8].second.header.set_replaces("2.25.5550001");
  return letters;
}

}  // namespace

void AdapterConformance::SetUpTestSuite() { ASSERT_TRUE(net::init().ok()); }

AdapterConformance::AdapterConformance() : world_(GetParam()()), recipient_(world_->add_recipient(letter_)) {
  world_->behave(Behaviour::takes);
}

Payload AdapterConformance::wrapped() {
  auto payload = world_->adapter(system_env())->wrap(letter_.dispatch(recipient_));
  EXPECT_TRUE(payload.ok()) << (payload.ok() ? "" : payload.error().describe());
  return payload.ok() ? *payload : Payload{};
}

void AdapterConformance::expect_sound(const Outcome& outcome) {
  EXPECT_TRUE(known_reasons.contains(outcome.reason)) << outcome.reason;
  EXPECT_EQ(outcome.partner_code.find_first_not_of("0123456789. "), std::string::npos);
  EXPECT_LE(outcome.partner_code.size(), 40U);
  expect_nothing_personal(outcome.reason + " " + outcome.partner_code);
}

void AdapterConformance::expect_nothing_personal(std::string_view text) const {
  const v1::Patient& patient = letter_.header.patient();
  for (const std::string& secret :
       {patient.birth_family_name(), patient.birth_given_names(), patient.first_birth_given_name(),
        patient.used_family_name(), patient.ins().matricule(), patient.birth_date(),
        patient.local_id().value(), letter_.header.metadata().title(),
        letter_.header.metadata().authors(0).family_name(),
        letter_.request.event().recipients(0).person().mailbox(),
        std::string("claire.modele@medecin.demo.mssante.fr"), std::string("ClinicalDocument"),
        std::string("stand-in of a test")}) {
    EXPECT_EQ(text.find(secret), std::string_view::npos) << text;
  }
}

Outcome AdapterConformance::deliver(Adapter& adapter, Span patience) {
  const Outcome outcome = adapter.deliver(wrapped(), after(patience));
  expect_sound(outcome);
  return outcome;
}

Outcome AdapterConformance::deliver_to(Behaviour behaviour, Span patience) {
  letter_.header.mutable_metadata()->set_document_id("2.25.98765432101234568" + std::to_string(++documents_));
  world_->behave(behaviour);
  return deliver(*world_->adapter(system_env()), patience);
}

TEST_P(AdapterConformance, TellsWhatItIs) {
  // The dispatcher, the log and the metrics rely on it.
  const auto adapter = world_->adapter(system_env());
  const AdapterInfo& info = adapter->info();
  EXPECT_TRUE(std::regex_match(info.name, std::regex("[a-z0-9-]{1,40}")));
  EXPECT_TRUE(std::regex_match(info.kind, std::regex("[a-z0-9-]{1,40}")));
  EXPECT_GE(info.concurrency, 1);
  EXPECT_LE(info.concurrency, 16);
  EXPECT_TRUE(info.repeat_safe || info.can_look_up) << "nothing would settle an unknown outcome";
}

TEST_P(AdapterConformance, WrapsTheSameBytesAtAnyTime) {
  // A retry after a restart, and the preview, are the very message: no clock, no chance, no memory.
  FakeEnv env;
  const auto first = world_->adapter(env)->wrap(letter_.dispatch(recipient_));
  env.advance(seconds(100'000));
  const auto adapter = world_->adapter(env);
  for (int round = 0; round < 2; ++round) {
    const auto again = adapter->wrap(letter_.dispatch(recipient_));
    ASSERT_TRUE(first.ok() && again.ok());
    EXPECT_EQ(view(again->body), view(first->body));
    EXPECT_FALSE(again->reference.empty());
    EXPECT_EQ(again->reference, first->reference);
    EXPECT_EQ(again->replaces, first->replaces);
    EXPECT_EQ(again->document_sha1, first->document_sha1);
    EXPECT_EQ(again->sender, first->sender);
    EXPECT_EQ(again->recipient, first->recipient);
    ASSERT_EQ(again->files.size(), first->files.size());
    ASSERT_FALSE(again->files.empty());
    for (size_t i = 0; i < again->files.size(); ++i) {
      EXPECT_EQ(again->files[i].name, first->files[i].name);
      EXPECT_EQ(view(again->files[i].content), view(first->files[i].content));
    }
  }
}

TEST_P(AdapterConformance, TellsDeliveriesApart) {
  // Another delivery, and a human's retry, are other messages for a partner that drops what it knows already.
  const std::string reference = wrapped().reference;
  letter_.delivery_id = *Uuid::parse("0b6f1c9e-7a55-8c3d-9e21-000000000000");
  EXPECT_EQ(wrapped().reference != reference, world_->reference_tells_the_delivery());
  letter_.delivery_id = SampleLetter().delivery_id;
  Dispatch retried = letter_.dispatch(recipient_);
  retried.generation = 1;
  const auto payload = world_->adapter(system_env())->wrap(retried);
  ASSERT_TRUE(payload.ok());
  EXPECT_EQ(payload->reference != reference, world_->reference_tells_the_delivery());
}

TEST_P(AdapterConformance, AdmitsExactlyWhatItCanWrap) {
  // What intake accepted can be sent; what it refuses, it refuses by a field of the request, without its
  // value.
  const auto adapter = world_->adapter(system_env());
  for (const auto& [name, letter] : unusual_letters(letter_)) {
    SCOPED_TRACE(name);
    const auto admitted = adapter->admit(letter.dispatch(recipient_));
    const auto payload = adapter->wrap(letter.dispatch(recipient_));
    ASSERT_EQ(admitted.ok(), payload.ok());
    if (payload.ok()) {
      EXPECT_EQ(admitted->size(), payload->issues.size());
      EXPECT_LE(view(payload->body).size(), PartnerWorld::message_bytes_max);
      for (const v1::Issue& issue : *admitted) expect_nothing_personal(issue.DebugString());
      continue;
    }
    EXPECT_EQ(fault_paths(admitted.error()), fault_paths(payload.error()));
    EXPECT_FALSE(admitted.error().faults.empty());
    for (const std::string& path : fault_paths(admitted.error()))
      EXPECT_TRUE(path.starts_with("event.")) << path;
    expect_nothing_personal(admitted.error().describe());
    expect_nothing_personal(payload.error().describe());
  }
}

TEST_P(AdapterConformance, CarriesThoseWhoHaveAnAddress) {
  // The router asks carries(), the ledger compares address(), the courier calls wrap(): they agree on whom.
  const auto adapter = world_->adapter(system_env());
  const int count = letter_.request.event().recipients_size();
  EXPECT_FALSE(adapter->carries(letter_.request, -1));
  EXPECT_FALSE(adapter->carries(letter_.request, count));
  EXPECT_TRUE(adapter->carries(letter_.request, recipient_));
  for (int i = 0; i < count; ++i) {
    SCOPED_TRACE(i);
    const auto address = adapter->address(letter_.dispatch(i));
    EXPECT_EQ(address.ok(), adapter->carries(letter_.request, i));
    EXPECT_EQ(adapter->wrap(letter_.dispatch(i)).ok(), adapter->carries(letter_.request, i));
    if (address.ok()) {
      EXPECT_EQ(*address, *world_->adapter(system_env())->address(letter_.dispatch(i)));
    } else {
      expect_nothing_personal(address.error().describe());
    }
  }
}

TEST_P(AdapterConformance, SaysWhatBecameOfADelivery) {
  // Taken, not now, never, and the answer that did not come: each is told apart from the others.
  const Outcome taken = deliver_to(Behaviour::takes);
  EXPECT_EQ(taken.verdict, Verdict::accepted) << taken.reason;
  EXPECT_FALSE(taken.partner_down);
  EXPECT_EQ(world_->taken().size(), 1U);
  EXPECT_EQ(deliver_to(Behaviour::busy).verdict, Verdict::try_later);
  const Outcome refused = deliver_to(Behaviour::refuses);
  EXPECT_EQ(refused.verdict, Verdict::rejected);
  EXPECT_FALSE(refused.partner_down) << "one refused letter says nothing about the others";
  const Outcome dropped = deliver_to(Behaviour::drops);
  EXPECT_EQ(dropped.verdict, Verdict::unknown);
  EXPECT_TRUE(dropped.partner_down);
  EXPECT_EQ(deliver_to(Behaviour::garbage).verdict, Verdict::unknown);
  const Outcome gone = deliver_to(Behaviour::gone);
  EXPECT_EQ(gone.verdict, Verdict::try_later);
  EXPECT_EQ(gone.reason, "CONNECTION_REFUSED");
  EXPECT_TRUE(gone.partner_down);
}

TEST_P(AdapterConformance, TrustsNobodyElse) {
  // A server that cannot prove who it is gets nothing.
  const Outcome outcome = deliver_to(Behaviour::impostor);
  EXPECT_EQ(outcome.verdict, Verdict::try_later);
  EXPECT_EQ(outcome.reason, "PARTNER_CERTIFICATE");
  EXPECT_TRUE(outcome.partner_down);
  EXPECT_TRUE(world_->taken().empty());
}

TEST_P(AdapterConformance, KeepsItsDeadline) {
  // A silent partner holds a worker no longer than told; after the deadline nothing begins.
  const Instant began = system_env().monotonic();
  const Outcome outcome = deliver_to(Behaviour::silent, milliseconds(500));
  EXPECT_LT((system_env().monotonic() - began).us, milliseconds(2500).us);
  EXPECT_EQ(outcome.verdict, Verdict::unknown);
  EXPECT_EQ(outcome.reason, "TIMEOUT");
  EXPECT_TRUE(outcome.partner_down);
  const Outcome late = deliver_to(Behaviour::takes, Span{0});
  EXPECT_EQ(late.verdict, Verdict::try_later);
  EXPECT_TRUE(world_->taken().empty());
}

TEST_P(AdapterConformance, StopsWhatIsUnderWay) {
  // At the end of the program the delivery comes back with what is known, and no new one begins.
  world_->behave(Behaviour::silent);
  const auto adapter = world_->adapter(system_env());
  const Payload payload = wrapped();
  Outcome outcome;
  std::thread worker([&] { outcome = adapter->deliver(payload, after(seconds(60))); });
  while (world_->taken().empty()) std::this_thread::yield();
  const Instant began = system_env().monotonic();
  adapter->stop();
  worker.join();
  EXPECT_LT((system_env().monotonic() - began).us, seconds(3).us);
  expect_sound(outcome);
  EXPECT_EQ(outcome.verdict, Verdict::unknown);
  const Outcome refused = deliver(*adapter);
  EXPECT_EQ(refused.verdict, Verdict::try_later);
  EXPECT_FALSE(refused.partner_down) << "our own end is no fault of the partner";
  EXPECT_EQ(world_->taken().size(), 1U);
}

TEST_P(AdapterConformance, WritesNothingPersonalToTheLog) {
  // Whatever happens: the log is read by people who do not treat the patient.
  testing::internal::CaptureStderr();
  for (const Behaviour each : {Behaviour::takes, Behaviour::busy, Behaviour::refuses, Behaviour::drops,
                               Behaviour::garbage, Behaviour::gone, Behaviour::impostor}) {
    deliver_to(each);
  }
  deliver_to(Behaviour::silent, milliseconds(200));
  expect_nothing_personal(testing::internal::GetCapturedStderr());
}

TEST_P(AdapterConformance, DeliversFromAsManyThreadsAsItSays) {
  // A bulkhead's workers share one adapter. What meets the same on its way, and is told so, is tried again.
  world_->behave(Behaviour::takes);
  const auto adapter = world_->adapter(system_env());
  const Payload payload = wrapped();
  std::vector<std::thread> workers;
  std::atomic<int> accepted{0};
  for (int i = 0; i < adapter->info().concurrency; ++i) {
    workers.emplace_back([&] {
      for (int round = 0; round < 3; ++round) {
        Verdict verdict = Verdict::try_later;
        for (int attempt = 0; attempt < 20 && verdict == Verdict::try_later; ++attempt)
          verdict = adapter->deliver(payload, after(seconds(20))).verdict;
        accepted += verdict == Verdict::accepted ? 1 : 0;
      }
    });
  }
  for (std::thread& each : workers) each.join();
  EXPECT_EQ(accepted, 3 * adapter->info().concurrency);
}

TEST_P(AdapterConformance, RepeatsUnderOneName) {
  // A second attempt is accepted too, and the partner can tell that it is the same message, if it gets it at
  // all.
  world_->behave(Behaviour::takes);
  const auto adapter = world_->adapter(system_env());
  EXPECT_EQ(deliver(*adapter).verdict, Verdict::accepted);
  EXPECT_EQ(deliver(*adapter).verdict, Verdict::accepted);
  const std::vector<std::string> taken = world_->taken();
  ASSERT_FALSE(taken.empty());
  EXPECT_FALSE(taken[0].empty());
  EXPECT_EQ(std::count(taken.begin(), taken.end(), taken[0]), std::ssize(taken));
}

TEST_P(AdapterConformance, LooksUpWhatItDeclares) {
  // After an answer that was lost, the partner says that it has the document; sent again all the same, it
  // stays one.
  const auto asked = world_->adapter(system_env());
  if (!asked->info().can_look_up) {
    EXPECT_EQ(asked->lookup(wrapped(), after(seconds(20))).reason, "CANNOT_LOOK_UP");
    EXPECT_EQ(asked->lookup(wrapped(), after(seconds(20))).verdict, Verdict::unknown);
    return;
  }
  const Outcome absent = asked->lookup(wrapped(), after(seconds(20)));
  expect_sound(absent);
  EXPECT_EQ(absent.verdict, Verdict::try_later) << "it does not have it yet";
  EXPECT_FALSE(absent.partner_down);
  EXPECT_EQ(deliver_to(Behaviour::drops).verdict, Verdict::unknown);
  EXPECT_EQ(world_->held(), 1U);
  world_->behave(Behaviour::takes);
  const auto adapter = world_->adapter(system_env());
  const Outcome there = adapter->lookup(wrapped(), after(seconds(20)));
  expect_sound(there);
  EXPECT_EQ(there.verdict, Verdict::accepted) << there.reason;
  EXPECT_EQ(deliver(*adapter).verdict, Verdict::accepted);
  EXPECT_EQ(world_->held(), 1U);
  for (const Behaviour each : {Behaviour::gone, Behaviour::busy}) {
    world_->behave(each);
    const Outcome silent = world_->adapter(system_env())->lookup(wrapped(), after(seconds(20)));
    expect_sound(silent);
    EXPECT_TRUE(silent.verdict == Verdict::unknown || silent.partner_down) << "it could not be asked";
  }
}

TEST_P(AdapterConformance, ProbesWithoutSending) {
  // The doctor and the breaker ask whether the partner is there: nothing is delivered by it.
  world_->behave(Behaviour::takes);
  EXPECT_TRUE(world_->adapter(system_env())->probe(after(seconds(20))).ok());
  EXPECT_TRUE(world_->taken().empty());
  for (const Behaviour each : {Behaviour::gone, Behaviour::impostor}) {
    world_->behave(each);
    const Status status = world_->adapter(system_env())->probe(after(seconds(20)));
    ASSERT_FALSE(status.ok());
    const std::string& text = status.error().text;
    EXPECT_TRUE(known_reasons.contains(text.substr(0, text.find_first_of(" :")))) << text;
    expect_nothing_personal(text);
  }
}

}  // namespace psl::test
