#include "adapters/fhir/fhir_server.h"

#include <gtest/gtest.h>

#include <deque>
#include <optional>
#include <utility>

#include "gateway/net/init.h"
#include "passerelle/v1/config.pb.h"
#include "passerelle/v1/delivery.pb.h"
#include "tests/adapters/fhir/fhir_shelf.h"
#include "tests/gateway/net/scripted_https_server.h"
#include "tests/support/sample_letter.h"

namespace psl {
namespace {

using test::FhirShelf;
using test::http_answer;
using test::HttpsReply;
using test::HttpsSeen;
using test::orientation_bundle;
using test::orientation_search;

HttpsReply json_reply(int status, const std::string& body) {
  return {http_answer(status, "application/fhir+json", body)};
}

class FhirServer : public testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_TRUE(net::init().ok()); }

  FhirServer() {
    partner_.set_name("outil-fictif");
    partner_.set_base_url("https://localhost:1/fhir");
    letter_.request.mutable_event()->add_recipients()->mutable_fhir_server()->set_name("outil-fictif");
    letter_.request.mutable_event()->mutable_care_circle_change();
  }

  FhirAdapter& adapter() {
    if (!adapter_) adapter_ = std::move(*FhirAdapter::create(partner_, v1::Config(), system_env()));
    return *adapter_;
  }
  // From now on the adapter talks to `shelf_`.
  void serve() {
    server_.emplace([this](const HttpsSeen& request) { return reply(request); },
                    pki_.issue("outil", "DNS:localhost"), pki_.ca_file);
    const test::CertificateFiles own = pki_.issue("gateway", "");
    partner_.set_base_url("https://localhost:" + std::to_string(server_->port) + "/fhir");
    partner_.mutable_tls()->set_certificate_file(own.certificate);
    partner_.mutable_tls()->set_key_file(own.key);
    partner_.mutable_tls()->set_ca_file(pki_.ca_file);
  }
  HttpsReply reply(const HttpsSeen& request) {
    if (request.method == "GET" && trouble_after_ && !shelf_.kept.empty()) return json_reply(503, "");
    if (request.method == "GET")
      return search_trouble_ ? *search_trouble_ : json_reply(200, shelf_.find(request.target));
    if (loses_) return json_reply(200, FhirShelf(shelf_).take(request.body));
    if (meanwhile_) shelf_.take(std::exchange(meanwhile_, std::nullopt).value());
    const std::string answer = shelf_.take(request.body);
    const HttpsReply done = json_reply(shelf_.status, answer);
    return drops_ ? HttpsReply{"", HttpsReply::Then::close} : done;
  }
  static Payload payload(const std::string& bundle) {
    Payload payload;
    payload.body = make_bytes(bundle);
    payload.reference = orientation_search;
    return payload;
  }
  Outcome deliver(const std::string& bundle) {
    return adapter().deliver(payload(bundle), system_env().monotonic() + seconds(20));
  }
  Outcome lookup(const std::string& bundle) {
    return adapter().lookup(payload(bundle), system_env().monotonic() + seconds(20));
  }
  std::vector<std::string> refused(const Dispatch& dispatch) {
    const auto wrapped = adapter().wrap(dispatch);
    const auto admitted = adapter().admit(dispatch);
    EXPECT_EQ(wrapped.ok(), admitted.ok());
    std::vector<std::string> paths;
    if (wrapped.ok()) return paths;
    EXPECT_EQ(wrapped.error().describe(), admitted.error().describe());
    for (const FieldFault& each : wrapped.error().faults) paths.push_back(each.path);
    return paths;
  }

  SampleLetter letter_;
  v1::FhirPartner partner_;
  FhirShelf shelf_;
  bool loses_ = false;
  bool drops_ = false;
  // Once it holds something, it finds nothing more.
  bool trouble_after_ = false;
  std::optional<HttpsReply> search_trouble_;
  // Another transaction, which comes just before ours.
  std::optional<std::string> meanwhile_;
  test::ThrowawayPki pki_;
  std::optional<test::ScriptedHttpsServer> server_;
  std::unique_ptr<FhirAdapter> adapter_;
};

TEST_F(FhirServer, IsWhatItsConfigurationSays) {
  // The dispatcher relies on it; a plain HTTP server gets nothing.
  partner_.set_concurrency(5);
  partner_.set_rate_per_second(40);
  const AdapterInfo& info = adapter().info();
  EXPECT_EQ(info.name, "outil-fictif");
  EXPECT_EQ(info.kind, "fhir");
  EXPECT_EQ(info.concurrency, 5);
  EXPECT_EQ(info.rate_per_second, 40);
  EXPECT_TRUE(info.repeat_safe && info.can_look_up);
  EXPECT_FALSE(info.needs_document || info.collects);
  partner_.set_base_url("http://localhost:1/fhir");
  const auto plain = FhirAdapter::create(partner_, v1::Config(), system_env());
  ASSERT_FALSE(plain.ok());
  EXPECT_EQ(plain.error().code, ErrorCode::configuration);
}

TEST_F(FhirServer, WritesTimesAsClocksOfTheTenantShowThem) {
  // Midnight of Paris on 1 March is not 28 February; a zone that does not exist is no configuration.
  auto& join = *letter_.request.mutable_event()->mutable_care_circle_change()->add_joins();
  join.mutable_person()->set_mailbox("jean.essai@medecin.demo.mssante.fr");
  join.mutable_start()->set_seconds(1772319600);
  v1::Config config;
  config.add_tenants()->set_time_zone("Europe/Paris");
  letter_.tenant.set_time_zone("Europe/Paris");
  const auto made = FhirAdapter::create(partner_, config, system_env());
  ASSERT_TRUE(made.ok());
  const auto payload = (*made)->wrap(letter_.dispatch(3));
  ASSERT_TRUE(payload.ok());
  EXPECT_NE(view(payload->body).find("2026-03-01T00:00:00+01:00"), std::string_view::npos);
  config.mutable_tenants(0)->set_time_zone("Europe/Nulle-Part");
  EXPECT_FALSE(FhirAdapter::create(partner_, config, system_env()).ok());
}

TEST_F(FhirServer, CarriesTheServerOfItsName) {
  // Another server of the tenant is another partner; all recipients of one server are one address.
  letter_.request.mutable_event()->add_recipients()->mutable_fhir_server()->set_name("autre");
  EXPECT_FALSE(adapter().carries(letter_.request, 0));
  EXPECT_TRUE(adapter().carries(letter_.request, 3));
  EXPECT_FALSE(adapter().carries(letter_.request, 4));
  EXPECT_EQ(*adapter().address(letter_.dispatch(3)), "fhir outil-fictif");
  EXPECT_EQ(refused(letter_.dispatch(4)), std::vector<std::string>{"event.recipients[4].fhir_server.name"});
}

TEST_F(FhirServer, TakesNoLetters) {
  // A letter is a document: its place is a repository.
  letter_.request.mutable_event()->mutable_discharge_letter();
  EXPECT_EQ(refused(letter_.dispatch(3)), std::vector<std::string>{"event.recipients[3].fhir_server"});
}

TEST_F(FhirServer, SendsATransactionAndLooksWhetherItIsThere) {
  // What it holds is asked for, no more than is needed, and not from a cache; then one POST to the base, and
  // the subject again.
  serve();
  const Outcome outcome = deliver(orientation_bundle("0001"));
  EXPECT_EQ(outcome.verdict, Verdict::accepted) << outcome.reason;
  EXPECT_EQ(outcome.reason, "ACCEPTED");
  EXPECT_EQ(outcome.partner_code, "200");
  const std::vector<HttpsSeen> seen = server_->seen();
  ASSERT_EQ(seen.size(), 4U);
  const std::string question =
      "GET /fhir/" + orientation_search + "&_count=100&_elements=id,identifier,status,meta";
  EXPECT_EQ(seen[0].method + " " + seen[0].target, question);
  EXPECT_EQ(seen[0].headers.at("cache-control"), "no-cache");
  EXPECT_TRUE(seen[1].target.starts_with("/fhir/Task?identifier="));
  EXPECT_EQ(seen[2].method + " " + seen[2].target, "POST /fhir");
  EXPECT_EQ(seen[2].headers.at("content-type"), "application/fhir+json");
  EXPECT_EQ(seen[2].headers.at("prefer"), "return=minimal");
  EXPECT_EQ(seen[3].method + " " + seen[3].target, question);
}

TEST_F(FhirServer, RepeatsWithoutASecondResource) {
  // The same bundle again, and the bundle of the next event: one resource for each identifier.
  serve();
  for (const char* event : {"0001", "0001", "0002"})
    EXPECT_EQ(deliver(orientation_bundle(event)).verdict, Verdict::accepted);
  EXPECT_EQ(shelf_.kept.size(), 3U);
}

TEST_F(FhirServer, SeesThatAServerLosesWhatItAcknowledges) {
  // It says 200 and has nothing: not believed; asked later it says no, so that it is sent again.
  serve();
  loses_ = true;
  const Outcome lost = deliver(orientation_bundle("0001"));
  EXPECT_EQ(lost.verdict, Verdict::unknown);
  EXPECT_EQ(lost.reason, "PARTLY_STORED");
  EXPECT_FALSE(lost.partner_down);
  EXPECT_EQ(lookup(orientation_bundle("0001")).reason, "NOT_THERE");
  loses_ = false;
  EXPECT_EQ(deliver(orientation_bundle("0001")).verdict, Verdict::accepted);
}

TEST_F(FhirServer, SeesThatAnUpdateWasLost) {
  // The state of the event before is there, with the same identifier and status: it is not this one.
  serve();
  EXPECT_EQ(deliver(orientation_bundle("0001")).verdict, Verdict::accepted);
  loses_ = true;
  EXPECT_EQ(deliver(orientation_bundle("0002", "accepted")).verdict, Verdict::unknown);
  EXPECT_EQ(lookup(orientation_bundle("0002", "accepted")).reason, "NOT_THERE");
}

TEST_F(FhirServer, SettlesALostAnswerByLooking) {
  // The connection broke after the server had stored it: unknown, then found.
  serve();
  drops_ = true;
  EXPECT_EQ(deliver(orientation_bundle("0001")).verdict, Verdict::unknown);
  const Outcome there = lookup(orientation_bundle("0001"));
  EXPECT_EQ(there.verdict, Verdict::accepted);
  EXPECT_EQ(there.reason, "ALREADY_THERE");
}

TEST_F(FhirServer, DoesNotBelieveWithoutHavingSeen) {
  // The transaction went well and the search after it did not: looked up later.
  serve();
  trouble_after_ = true;
  const Outcome outcome = deliver(orientation_bundle("0001"));
  EXPECT_EQ(outcome.verdict, Verdict::unknown);
  EXPECT_EQ(outcome.reason, "PARTNER_BUSY");
  EXPECT_TRUE(outcome.partner_down);
  trouble_after_ = false;
  EXPECT_EQ(lookup(orientation_bundle("0001")).verdict, Verdict::accepted);
}

TEST_F(FhirServer, SendsNothingWithoutHavingLooked) {
  // The server cannot say what it has: nothing was sent, so it is tried again, when the server says.
  serve();
  search_trouble_ = HttpsReply{http_answer(503, "text/plain", "", "Retry-After: 40\r\n")};
  const Outcome outcome = deliver(orientation_bundle("0001"));
  EXPECT_EQ(outcome.verdict, Verdict::try_later);
  EXPECT_EQ(outcome.reason, "PARTNER_BUSY");
  EXPECT_TRUE(outcome.partner_down);
  EXPECT_EQ(outcome.retry_after, seconds(40));
  EXPECT_TRUE(shelf_.kept.empty());
}

TEST_F(FhirServer, LeavesALaterStateWhereItIs) {
  // An old delivery that a person retries, or that comes late: settled, and nothing is sent.
  serve();
  for (const char* event : {"0001", "0002"}) EXPECT_EQ(deliver(orientation_bundle(event)).reason, "ACCEPTED");
  const size_t requests = server_->seen().size();
  const Outcome outcome = deliver(orientation_bundle("0001"));
  EXPECT_EQ(outcome.verdict, Verdict::accepted);
  EXPECT_EQ(outcome.reason, "SUPERSEDED");
  const std::vector<HttpsSeen> seen = server_->seen();
  for (size_t i = requests; i < seen.size(); ++i) EXPECT_EQ(seen[i].method, "GET");
  EXPECT_EQ(deliver(orientation_bundle("0002")).reason, "ACCEPTED");
}

TEST_F(FhirServer, OverwritesNothingThatCameMeanwhile) {
  // Nothing was there, and a later state arrives between the question and the transaction: it stays, and the
  // next attempt sees it.
  serve();
  meanwhile_ = orientation_bundle("0002", "accepted");
  EXPECT_EQ(deliver(orientation_bundle("0001")).verdict, Verdict::try_later);
  EXPECT_EQ(deliver(orientation_bundle("0001")).reason, "SUPERSEDED");
  for (const auto& [key, one] : shelf_.kept) EXPECT_EQ(one.version, 1) << key;
}

TEST_F(FhirServer, ReplacesOnlyTheVersionThatItSaw) {
  // The same when an older state was there: the whole transaction fails, and is tried again.
  serve();
  EXPECT_EQ(deliver(orientation_bundle("0001")).reason, "ACCEPTED");
  meanwhile_ = orientation_bundle("0003", "accepted");
  const Outcome outcome = deliver(orientation_bundle("0002"));
  EXPECT_EQ(outcome.verdict, Verdict::try_later);
  EXPECT_EQ(outcome.partner_code, "412");
  EXPECT_FALSE(outcome.partner_down);
  EXPECT_EQ(deliver(orientation_bundle("0002")).reason, "SUPERSEDED");
}

TEST_F(FhirServer, DeliversToAServerThatSaysNoVersions) {
  // Then the updates are conditional on the identifier alone.
  serve();
  shelf_.says_versions = false;
  for (const char* event : {"0001", "0002"}) EXPECT_EQ(deliver(orientation_bundle(event)).reason, "ACCEPTED");
  EXPECT_EQ(deliver(orientation_bundle("0001")).reason, "SUPERSEDED");
  EXPECT_EQ(shelf_.kept.size(), 3U);
}

TEST_F(FhirServer, DeliversToAServerThatKeepsNoTags) {
  // Tags are a help that a server may drop: then identifier and status are believed.
  serve();
  shelf_.keeps_tags = false;
  EXPECT_EQ(deliver(orientation_bundle("0001")).verdict, Verdict::accepted);
}

}  // namespace
}  // namespace psl
