#include "adapters/dmp/dmp.h"

#include <gtest/gtest.h>

#include <deque>
#include <optional>

#include "fhir/json_value.h"
#include "gateway/base/bytes.h"
#include "gateway/base/hash.h"
#include "gateway/net/init.h"
#include "tests/gateway/net/scripted_https_server.h"
#include "tests/support/sample_letter.h"

namespace psl {
namespace {

using test::CertificateFiles;
using test::http_answer;
using test::HttpsReply;
using test::HttpsSeen;
using test::ScriptedHttpsServer;
using test::ThrowawayPki;

constexpr const char* document_oid = "2.25.98765432101234567890";
constexpr const char* replaced_oid = "2.25.98765432101234567880";

HttpsReply json_reply(int status, const std::string& body) {
  return {http_answer(status, "application/fhir+json", body)};
}

// A repository that keeps documents by identifier, as often as they are posted, and does what a test says
// instead when one is posted.
class Repository {
 public:
  struct Document {
    std::string urn;
    std::string hash;
  };
  // Null: what a good repository does.
  using Trouble = std::function<HttpsReply(Repository&, const HttpsSeen&)>;

  HttpsReply answer(const HttpsSeen& request) {
    if (request.method == "GET") return search(request.target);
    ++posts;
    if (!troubles.empty()) {
      const Trouble trouble = troubles.front();
      troubles.pop_front();
      return trouble(*this, request);
    }
    return store(request);
  }

  HttpsReply search(const std::string& target) {
    ++searches;
    if (search_trouble) return *search_trouble;
    std::string entries;
    for (const Document& each : documents) {
      const std::string oid = each.urn.substr(each.urn.rfind(':') + 1);
      if (target.find("%3A" + oid + "&") == std::string::npos) continue;
      entries += (entries.empty() ? "" : ",") +
                 (R"({"resource":{"resourceType":"DocumentReference","masterIdentifier":{"value":")" +
                  each.urn + R"("},"content":[{"attachment":{"hash":")" + each.hash + "\"}}]}}");
    }
    return json_reply(200, R"({"resourceType":"Bundle","type":"searchset","entry":[)" + entries + "]}");
  }

  HttpsReply store(const HttpsSeen& request) {
    const auto tree = fhir::Tree::read(request.body);
    EXPECT_TRUE(tree.ok());
    const bool transaction = tree->root().text("resourceType") == "Bundle";
    const fhir::Value document = transaction ? tree->root().at("entry.1.resource") : tree->root();
    documents.push_back({std::string(document.text("masterIdentifier.value")),
                         std::string(document.text("content.0.attachment.hash"))});
    if (!transaction) return json_reply(201, "");
    std::string entries;
    for (size_t i = 0; i < tree->root()["entry"].size(); ++i)
      entries += (i == 0 ? "" : ",") + std::string(R"({"response":{"status":"201 Created"}})");
    return json_reply(200,
                      R"({"resourceType":"Bundle","type":"transaction-response","entry":[)" + entries + "]}");
  }

  std::vector<Document> documents;
  std::deque<Trouble> troubles;
  std::optional<HttpsReply> search_trouble;
  int posts = 0;
  int searches = 0;
};

HttpsReply drop_after_storing(Repository& repository, const HttpsSeen& request) {
  repository.store(request);
  return {"", HttpsReply::Then::close};
}
HttpsReply drop_before_storing(Repository&, const HttpsSeen&) { return {"", HttpsReply::Then::close}; }
Repository::Trouble answers(int status, const std::string& body = "") {
  return [=](Repository&, const HttpsSeen&) { return json_reply(status, body); };
}
Repository::Trouble stores_and_answers(int status, const std::string& body = "") {
  return [=](Repository& repository, const HttpsSeen& request) {
    repository.store(request);
    return json_reply(status, body);
  };
}

class Dmp : public testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_TRUE(net::init().ok()); }

  Dmp() {
    config_.set_environment(v1::Config::TEST);
    partner_.set_name("dmp-fictif");
    partner_.set_base_url("https://localhost:1/fhir");
    letter_.request.mutable_event()->add_recipients()->mutable_shared_record();
  }

  DmpAdapter& adapter() {
    if (!adapter_) {
      auto made = DmpAdapter::create(partner_, config_, system_env());
      EXPECT_TRUE(made.ok());
      adapter_ = std::move(*made);
    }
    return *adapter_;
  }
  Dispatch dispatch() const { return letter_.dispatch(record_); }
  Payload wrapped() {
    auto payload = adapter().wrap(dispatch());
    EXPECT_TRUE(payload.ok()) << (payload.ok() ? "" : payload.error().describe());
    return payload.ok() ? *payload : Payload{};
  }
  // What wrap() and admit() both refuse, by field.
  std::vector<std::string> refused() {
    const auto payload = adapter().wrap(dispatch());
    const auto admitted = adapter().admit(dispatch());
    EXPECT_EQ(payload.ok(), admitted.ok());
    std::vector<std::string> paths;
    if (payload.ok() || admitted.ok()) return paths;
    EXPECT_EQ(payload.error().describe(), admitted.error().describe());
    for (const FieldFault& each : admitted.error().faults) paths.push_back(each.path);
    return paths;
  }

  // From now on the adapter talks to `repository_`.
  void serve() {
    server_.emplace([this](const HttpsSeen& request) { return repository_.answer(request); },
                    pki_.issue("repository", "DNS:localhost"), pki_.ca_file);
    const CertificateFiles own = pki_.issue("cpts-gateway", "");
    partner_.set_base_url("https://localhost:" + std::to_string(server_->port) + "/fhir");
    partner_.mutable_tls()->set_certificate_file(own.certificate);
    partner_.mutable_tls()->set_key_file(own.key);
    partner_.mutable_tls()->set_ca_file(pki_.ca_file);
  }
  static Instant soon() { return system_env().monotonic() + seconds(20); }
  Outcome deliver() { return adapter().deliver(wrapped(), soon()); }
  Outcome look_up() { return adapter().lookup(wrapped(), soon()); }
  std::string sent(size_t index) {
    return server_->seen().at(index).method + " " + server_->seen().at(index).target;
  }

  static void expect(const Outcome& outcome, Verdict verdict, std::string_view reason) {
    EXPECT_EQ(outcome.verdict, verdict);
    EXPECT_EQ(outcome.reason, reason);
  }

  SampleLetter letter_;
  int record_ = letter_.request.event().recipients_size();
  v1::Config config_;
  v1::RepositoryPartner partner_;
  ThrowawayPki pki_;
  Repository repository_;
  std::optional<ScriptedHttpsServer> server_;
  std::unique_ptr<DmpAdapter> adapter_;  // ends before the server
};

TEST_F(Dmp, SaysWhatItIs) {
  // Not repeated blindly: an unknown outcome is settled by looking.
  EXPECT_EQ(adapter().info().name, "dmp-fictif");
  EXPECT_EQ(adapter().info().kind, "dmp");
  EXPECT_EQ(adapter().info().concurrency, 2);
  EXPECT_FALSE(adapter().info().repeat_safe);
  EXPECT_TRUE(adapter().info().can_look_up);
}

TEST_F(Dmp, RefusesAPartnerWithoutHttps) {
  // A repository is never spoken to in clear.
  partner_.set_base_url("http://localhost/fhir");
  EXPECT_FALSE(DmpAdapter::create(partner_, config_, system_env()).ok());
}

TEST_F(Dmp, CarriesSharedRecordsOnly) {
  // Mailboxes are somebody else's, and so are places that are not there.
  EXPECT_TRUE(adapter().carries(letter_.request, record_));
  for (int index : {-1, 0, 1, 2, record_ + 1})
    EXPECT_FALSE(adapter().carries(letter_.request, index)) << index;
}

TEST_F(Dmp, MakesNothingForAnotherRecipient) {
  // What it does not carry, it neither admits nor wraps.
  record_ = 0;
  EXPECT_EQ(refused(), std::vector<std::string>{"event.recipients[0].shared_record"});
  EXPECT_FALSE(adapter().address(dispatch()).ok());
}

TEST_F(Dmp, KnowsTheRecordByTheIns) {
  // One record for one INS under one OID.
  const auto address = adapter().address(dispatch());
  ASSERT_TRUE(address.ok());
  EXPECT_EQ(*address, "265033947811573|1.2.250.1.213.1.4.10");
}

TEST_F(Dmp, RefusesAnIdentityThatIsNotQualified) {
  // Each way not to be qualified is a fault of the recipient, and the text names nobody.
  const std::vector<std::string> fault = {"event.recipients[3].shared_record"};
  const stored::DocumentHeader whole = letter_.header;
  const auto patient = [&]() -> v1::Patient& { return *letter_.header.mutable_patient(); };
  const std::vector<std::function<void()>> spoilers = {
      [&] { patient().clear_ins(); },
      [&] { patient().set_status(v1::IDENTITY_STATUS_VALIDATED); },
      [&] { patient().mutable_ins()->set_matricule("265033947811574"); },
      [&] { patient().mutable_ins()->set_oid("1.2.250.1.213.1.4.8"); },
      [&] { patient().clear_birth_place_code(); },
      [&] { patient().clear_birth_given_names(); }};
  for (const auto& spoil : spoilers) {
    letter_.header = whole;
    spoil();
    EXPECT_EQ(refused(), fault);
    const auto address = adapter().address(dispatch());
    ASSERT_FALSE(address.ok());
    EXPECT_EQ(address.error().describe().find("D'ARGENT"), std::string::npos);
    EXPECT_EQ(address.error().describe().find("2650339"), std::string::npos);
  }
}

TEST_F(Dmp, WrapsWhatDecidesTheDelivery) {
  // The identifier and the hash are those of the document; what is previewed is what is sent.
  const Payload payload = wrapped();
  EXPECT_EQ(payload.reference, std::string("urn:oid:") + document_oid);
  EXPECT_EQ(payload.replaces, "");
  EXPECT_EQ(payload.document_sha1, to_hex(sha1(*letter_.document.cda)));
  ASSERT_EQ(payload.files.size(), 2U);
  EXPECT_EQ(payload.files[0].name, "bundle.json");
  EXPECT_EQ(payload.files[0].content, payload.body);
  EXPECT_EQ(payload.files[1].name, "document.xml");
  EXPECT_EQ(payload.files[1].content, letter_.document.cda);
  EXPECT_EQ(*wrapped().body, *payload.body);
}

TEST_F(Dmp, WrapsASimplifiedPublishWhenConfigured) {
  // ITI-105 by configuration: one DocumentReference, known in the same way.
  partner_.set_form(v1::RepositoryPartner::ITI105);
  const Payload payload = wrapped();
  EXPECT_TRUE(payload.body->starts_with("{\"resourceType\":\"DocumentReference\""));
  EXPECT_EQ(payload.files[0].name, "document-reference.json");
  EXPECT_EQ(payload.reference, std::string("urn:oid:") + document_oid);
}

TEST_F(Dmp, CodesTheLabelAsTheRepositoryWants) {
  // The system of N, R and V follows the configuration.
  EXPECT_NE(wrapped().body->find("v3-Confidentiality"), std::string::npos);
  adapter_.reset();
  partner_.set_label_system(v1::RepositoryPartner::TRE_A07);
  EXPECT_EQ(wrapped().body->find("v3-Confidentiality"), std::string::npos);
}

TEST_F(Dmp, RefusesWhatIsAboveTheRepositorysLimit) {
  // Exactly as many bytes as allowed pass; one less allowed and it is refused at intake already.
  const uint64_t size = wrapped().body->size();
  adapter_.reset();
  partner_.set_bundle_bytes_max(size);
  EXPECT_TRUE(refused().empty());
  adapter_.reset();
  partner_.set_bundle_bytes_max(size - 1);
  EXPECT_EQ(refused(), std::vector<std::string>{"event.recipients[3].shared_record"});
}

TEST_F(Dmp, LooksThenPosts) {
  // A question by identifier, no patient in the URL, then the bundle to the base, as FHIR JSON.
  serve();
  expect(deliver(), Verdict::accepted, "ACCEPTED");
  ASSERT_EQ(server_->seen().size(), 2U);
  EXPECT_EQ(sent(0), "GET /fhir/DocumentReference?identifier=urn%3Aietf%3Arfc%3A3986%7Curn%3Aoid%3A" +
                         std::string(document_oid) + "&_summary=true");
  EXPECT_EQ(sent(1), "POST /fhir");
  const HttpsSeen post = server_->seen().at(1);
  EXPECT_EQ(post.headers.at("content-type"), "application/fhir+json");
  EXPECT_EQ(post.headers.at("prefer"), "return=minimal");
  EXPECT_EQ(post.body, *wrapped().body);
  EXPECT_EQ(post.client_name, "cpts-gateway");
  EXPECT_EQ(server_->seen().at(0).headers.at("cache-control"), "no-cache");
}

TEST_F(Dmp, PublishesSimplyWithACondition) {
  // ITI-105 goes to DocumentReference, to be made only when it is not there.
  serve();
  partner_.set_form(v1::RepositoryPartner::ITI105);
  expect(deliver(), Verdict::accepted, "ACCEPTED");
  EXPECT_EQ(sent(1), "POST /fhir/DocumentReference");
  EXPECT_EQ(server_->seen().at(1).headers.at("if-none-exist"),
            "identifier=urn%3Aietf%3Arfc%3A3986%7Curn%3Aoid%3A" + std::string(document_oid));
}

TEST_F(Dmp, ChangesNothingTheSecondTime) {
  // A repeated delivery finds its document and posts nothing, in both forms.
  serve();
  expect(deliver(), Verdict::accepted, "ACCEPTED");
  expect(deliver(), Verdict::accepted, "ALREADY_THERE");
  EXPECT_EQ(repository_.posts, 1);
  EXPECT_EQ(repository_.documents.size(), 1U);
  expect(look_up(), Verdict::accepted, "ALREADY_THERE");
}

TEST_F(Dmp, RefusesAnotherDocumentUnderItsIdentifier) {
  // Other bytes under the same identifier are never overwritten, nor taken for ours.
  serve();
  repository_.documents.push_back({std::string("urn:oid:") + document_oid, base64_encode(sha1("other"))});
  expect(deliver(), Verdict::rejected, "DOCUMENT_DIFFERS");
  expect(look_up(), Verdict::rejected, "DOCUMENT_DIFFERS");
  EXPECT_EQ(repository_.posts, 0);
}

TEST_F(Dmp, ReplacesWhatIsThere) {
  // The replaced document is looked for too; then the transaction has four entries to be confirmed.
  serve();
  letter_.header.set_replaces(replaced_oid);
  repository_.documents.push_back({std::string("urn:oid:") + replaced_oid, ""});
  expect(deliver(), Verdict::accepted, "ACCEPTED");
  EXPECT_EQ(repository_.searches, 2);
}

TEST_F(Dmp, RefusesToReplaceWhatIsNotThere) {
  // Nothing is posted: the transaction would fail as a whole.
  serve();
  letter_.header.set_replaces(replaced_oid);
  expect(deliver(), Verdict::rejected, "REPLACED_ABSENT");
  EXPECT_EQ(repository_.posts, 0);
}

TEST_F(Dmp, SettlesALostAnswerByLooking) {
  // Stored, and the answer lost: nobody knows, until the look-up finds it. Not stored: the look-up says so,
  // and it is sent.
  serve();
  repository_.troubles = {drop_before_storing, drop_after_storing};
  EXPECT_EQ(deliver().verdict, Verdict::unknown);
  const Outcome absent = look_up();
  expect(absent, Verdict::try_later, "NOT_THERE");
  EXPECT_FALSE(absent.partner_down);
  EXPECT_EQ(deliver().verdict, Verdict::unknown);
  expect(look_up(), Verdict::accepted, "ALREADY_THERE");
  expect(deliver(), Verdict::accepted, "ALREADY_THERE");
  EXPECT_EQ(repository_.documents.size(), 1U);
}

TEST_F(Dmp, SettlesAnUnclearAnswerAtOnce) {
  // A web page, a short transaction-response, a conflict, a conditional match: what is there decides.
  serve();
  const std::vector<Repository::Trouble> unclear = {
      stores_and_answers(200, "<html></html>"),
      stores_and_answers(200, R"({"resourceType":"Bundle","type":"transaction-response","entry":[]})"),
      stores_and_answers(409), stores_and_answers(412),
      stores_and_answers(200, R"({"resourceType":"Bundle","type":"transaction-response","entry":[
        {"response":{"status":"200"}},{"response":{"status":"200"}},{"response":{"status":"201"}}]})")};
  for (const Repository::Trouble& trouble : unclear) {
    repository_.documents.clear();
    repository_.troubles = {trouble};
    expect(deliver(), Verdict::accepted, "ALREADY_THERE");
  }
}

TEST_F(Dmp, LeavesAnUnclearAnswerOpenWhenNothingIsThereYet) {
  // The repository may still be at work: it is asked again later, and nothing is sent meanwhile.
  serve();
  repository_.troubles = {answers(200, "<html></html>"), answers(409), answers(500), answers(504)};
  expect(deliver(), Verdict::unknown, "ANSWER_UNREADABLE");
  expect(deliver(), Verdict::unknown, "PARTLY_STORED");
  EXPECT_EQ(repository_.searches, 4);
  expect(deliver(), Verdict::unknown, "PARTNER_BUSY");
  expect(deliver(), Verdict::unknown, "PARTNER_BUSY");
  EXPECT_EQ(repository_.searches, 6);
}

TEST_F(Dmp, DoesNotBelieveAMatchThatItCannotFind) {
  // "It was there already", and then it is not: not known, whatever the status said.
  serve();
  partner_.set_form(v1::RepositoryPartner::ITI105);
  repository_.troubles = {answers(200)};
  expect(deliver(), Verdict::unknown, "PARTLY_STORED");
}

TEST_F(Dmp, WaitsWhenTheRepositoryCannotBeAsked) {
  // Before the post every trouble is "later", and the document does not leave.
  serve();
  for (const auto& [status, reason] : {std::pair{503, "PARTNER_BUSY"},
                                       {500, "PARTNER_BUSY"},
                                       {401, "LOGIN_REFUSED"},
                                       {302, "REDIRECTED"},
                                       {404, "PROTOCOL_REFUSED"},
                                       {200, "ANSWER_UNREADABLE"}}) {
    repository_.search_trouble = json_reply(status, "<html></html>");
    const Outcome outcome = deliver();
    expect(outcome, Verdict::try_later, reason);
    EXPECT_TRUE(outcome.partner_down);
    EXPECT_EQ(look_up().verdict, Verdict::unknown);
  }
  repository_.search_trouble = HttpsReply{"", HttpsReply::Then::close};
  EXPECT_EQ(deliver().verdict, Verdict::try_later);
  EXPECT_EQ(repository_.posts, 0);
}

TEST_F(Dmp, WaitsForTheOneItReplacesToBeAnswered) {
  // A trouble with the second question is no absence either.
  serve();
  letter_.header.set_replaces(replaced_oid);
  const std::string of_new = std::string("%3A") + document_oid + "&";
  server_.reset();
  adapter_.reset();
  server_.emplace(
      [&](const HttpsSeen& request) {
        return request.target.find(of_new) != std::string::npos ? repository_.answer(request)
                                                                : json_reply(503, "");
      },
      pki_.issue("repository", "DNS:localhost"), pki_.ca_file);
  partner_.set_base_url("https://localhost:" + std::to_string(server_->port) + "/fhir");
  expect(deliver(), Verdict::try_later, "PARTNER_BUSY");
  EXPECT_EQ(repository_.posts, 0);
}

TEST_F(Dmp, TellsRefusalsApart) {
  // A 503 waits, a 422 is the content's, and an answer that never ends is cut off.
  serve();
  repository_.troubles = {answers(503), answers(422), [](Repository&, const HttpsSeen&) {
                            return HttpsReply{"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n",
                                              HttpsReply::Then::keep, std::string(65536, ' ')};
                          }};
  expect(deliver(), Verdict::try_later, "PARTNER_BUSY");
  expect(deliver(), Verdict::rejected, "CONTENT_REFUSED");
  expect(deliver(), Verdict::unknown, "ANSWER_TOO_LARGE");
}

TEST_F(Dmp, KeepsTheDeadlineForAllItsRequestsTogether) {
  // A repository that is silent on the post ends the delivery at the deadline, which the look-up has already
  // spent part of.
  serve();
  repository_.troubles = {[](Repository&, const HttpsSeen&) {
    return HttpsReply{"", HttpsReply::Then::silence};
  }};
  const Payload payload = wrapped();
  const Instant begin = system_env().monotonic();
  const Outcome outcome = adapter().deliver(payload, begin + milliseconds(700));
  expect(outcome, Verdict::unknown, "TIMEOUT");
  EXPECT_LT(system_env().monotonic() - begin, seconds(5));
}

TEST_F(Dmp, SendsNothingWhenNobodyIsThere) {
  // No connection is "later", and the partner's trouble.
  const Outcome outcome = deliver();
  EXPECT_EQ(outcome.verdict, Verdict::try_later);
  EXPECT_TRUE(outcome.partner_down);
  EXPECT_FALSE(adapter().probe(soon()).ok());
}

TEST_F(Dmp, ReachesTheRepository) {
  // probe() is a TLS connection without a request.
  serve();
  EXPECT_TRUE(adapter().probe(soon()).ok());
  EXPECT_TRUE(server_->seen().empty());
}

TEST_F(Dmp, SendsNothingAfterStop) {
  // New deliveries wait for the next start; a look-up does not say "absent" because it was not made.
  serve();
  const Payload payload = wrapped();
  adapter().stop();
  expect(adapter().deliver(payload, soon()), Verdict::try_later, "STOPPING");
  expect(adapter().lookup(payload, soon()), Verdict::unknown, "STOPPING");
}

}  // namespace
}  // namespace psl
