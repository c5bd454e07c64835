// What orientations, enrolments and their partners go by, in the configuration.
#include <gtest/gtest.h>

#include <fstream>

#include "gateway/config/config_file.h"
#include "passerelle/v1/config.pb.h"
#include "tests/support/temp_folder.h"

namespace psl {
namespace {

namespace v1 = passerelle::v1;

constexpr const char* whole_config = R"(environment: TEST
grpc:
  tls: {certificate_file: g.pem, key_file: g.key, ca_file: ca.pem}
ledger: {path: ledger.db}
policy_file: policy.yaml
tenants:
  - name: cpts-a
    organization: {national_id: "1990000036", name: CPTS}
    key: {id: k1, file: k1.key}
    mssante: mail
    mail_domains: [.mssante.fr]
    tools: [outil]
    fhir_servers: [territoire]
    answer_within: 24h
    protocols:
      - id: obesite
        version: "1"
        title: Parcours obésité
        canonical: urn:uuid:0b6f1c9e-7a55-8c3d-9e21-4d5f6a7b8c9d
        criteria:
          - {code: IMC-97, label: Indice de masse corporelle, required: true}
        exit_rules:
          - {code: AGE-17, label: Dix-sept ans, age_reached: 17}
          - {code: BILAN, label: Bilan, months_after_start: 12}
      - {id: obesite, version: "2", title: Parcours obésité, closed: true}
    candidate_lists:
      - name: medecins
        entries:
          - person:
              mailbox: claire.modele@medecin.demo.mssante.fr
              professional: {national_id: "801234567897", family_name: MODELE}
            kinds: [PRIMARY_CARE_PHYSICIAN, UNSCHEDULED_CARE]
            skills: [SM54]
            commune_code: "39300"
            communes_served: ["39434", 2A004]
            confirmed_on: "2026-11-02"
            phone: tel:+33384000000
          - structure: {organization: {national_id: "1990000036", name: Cabinet}}
            kinds: [SPECIALIST]
            commune_code: "39300"
          - tool: {name: outil}
            kinds: [PARAMEDICAL]
            commune_code: "39300"
    priority_rules:
      - version: v1
        effective_from: "2026-01-01"
        rules:
          - {fact: long_term_illness, points: 30}
          - {age_min: 70, points: 20}
          - {daily_medicines_min: 10, points: 10}
        classes:
          - {number: 1, points_min: 50, label: Prioritaire}
          - {number: 2, points_min: 0, label: Ordinaire}
      - version: v2
        effective_from: "2026-07-01"
        rules: [{fact: disability, points: 1}]
        classes: [{number: 1, points_min: 0, label: Tous}]
    communes:
      - {code: "39300", latitude: 46.675, longitude: 5.557}
      - {code: "97411", latitude: -20.88, longitude: 55.45}
mssante:
  - name: mail
    host: smtp.example.fr
    tls: {certificate_file: m.pem, key_file: m.key, ca_file: ca.pem}
    sender_mailbox: cpts@a.mssante.fr
    sender_name: CPTS
    imap: {password_file: secrets/imap}
webhooks:
  - name: outil
    url: https://outil.example.fr/passerelle
    tls: {certificate_file: m.pem, key_file: m.key, ca_file: ca.pem}
    signing_key_file: outil.key
fhir:
  - name: territoire
    base_url: https://fhir.example.fr/r4
    tls: {certificate_file: m.pem, key_file: m.key, ca_file: ca.pem}
answers:
  listen: 127.0.0.1:0
  certificate_file: page.pem
  key_file: page.key
  public_url: https://reponses.example.fr/cpts
)";

std::string written(const TempFolder& folder, const std::string& text) {
  const std::string path = folder.path() + "/c.yaml";
  std::ofstream(path, std::ios::binary) << text;
  return path;
}

struct WrongKey {
  const char* what;
  const char* by;
  // A piece of the faults: path, and how the text begins.
  const char* fault;
};

std::string described(const std::string& text) {
  const TempFolder folder;
  const auto config = load_config(written(folder, text));
  return config ? "accepted" : config.error().describe();
}

// With the first `what` written as `by`.
std::string described(const std::string& what, const std::string& by) {
  std::string text = whole_config;
  const size_t at = text.find(what);
  PSL_CHECK(at != std::string::npos);
  return described(text.replace(at, what.size(), by));
}

void expect_each_fault(const std::vector<WrongKey>& cases) {
  for (const WrongKey& wrong : cases) {
    const std::string faults = described(wrong.what, wrong.by);
    EXPECT_NE(faults.find(wrong.fault), std::string::npos) << wrong.by << " gave " << faults;
  }
}

TEST(CareConfig, FillsTheDefaultsOfNewPartners) {
  // Claim: a FHIR server, the reply mailbox and the answer page have the defaults that config.proto
  // announces, with paths from the file's folder.
  const TempFolder folder;
  const auto config = load_config(written(folder, whole_config));
  ASSERT_TRUE(config) << config.error().describe();
  const v1::FhirPartner& server = config->message().fhir(0);
  EXPECT_EQ(server.dialect(), v1::FhirPartner::FR_CORE_2_1_0);
  EXPECT_EQ(server.rate_per_second(), 0U);
  EXPECT_EQ(server.concurrency(), 2U);
  EXPECT_EQ(server.bundle_bytes_max(), 5'000'000U);
  EXPECT_EQ(server.connect_timeout().seconds(), 10);
  EXPECT_EQ(server.delivery_timeout().seconds(), 60);
  EXPECT_EQ(server.tls().key_file(), folder.path() + "/m.key");
  const v1::Imap& imap = config->message().mssante(0).imap();
  EXPECT_EQ(imap.host(), "smtp.example.fr");
  EXPECT_EQ(imap.port(), 143U);
  EXPECT_EQ(imap.user(), "cpts@a.mssante.fr");
  EXPECT_EQ(imap.password_file(), folder.path() + "/secrets/imap");
  EXPECT_EQ(imap.poll_every().seconds(), 30);
  EXPECT_EQ(imap.folder(), "INBOX");
  EXPECT_EQ(config->message().answers().certificate_file(), folder.path() + "/page.pem");
  EXPECT_EQ(config->message().answers().key_file(), folder.path() + "/page.key");
}

TEST(CareConfig, ReadsATenantsListsAndRules) {
  // Claim: what is written is what is read, numbers with a point and communes of Corsica and overseas among
  // it.
  const TempFolder folder;
  const auto config = load_config(written(folder, whole_config));
  ASSERT_TRUE(config) << config.error().describe();
  const v1::Tenant& tenant = config->message().tenants(0);
  EXPECT_EQ(tenant.answer_within().seconds(), 86400);
  EXPECT_EQ(tenant.protocols(0).exit_rules(0).age_reached(), 17);
  EXPECT_TRUE(tenant.protocols(1).closed());
  EXPECT_EQ(tenant.candidate_lists(0).entries(0).communes_served(1), "2A004");
  EXPECT_EQ(tenant.priority_rules(0).classes(0).points_min(), 50);
  EXPECT_DOUBLE_EQ(tenant.communes(1).latitude(), -20.88);
}

TEST(CareConfig, LeavesTheTimeToAnswerToTheKindOfRequest) {
  // Claim: no answer_within is none, since its default depends on what is asked; no reply mailbox and no page
  // are none.
  const TempFolder folder;
  std::string text = whole_config;
  const auto without = [&](const std::string& part) { text.erase(text.find(part), part.size()); };
  without("    answer_within: 24h\n");
  without("    imap: {password_file: secrets/imap}\n");
  text.erase(text.find("answers:\n"));
  const auto config = load_config(written(folder, text));
  ASSERT_TRUE(config) << config.error().describe();
  EXPECT_FALSE(config->message().tenants(0).has_answer_within());
  EXPECT_FALSE(config->message().mssante(0).has_imap());
  EXPECT_FALSE(config->message().has_answers());
}

TEST(CareConfig, RefusesWrongPartners) {
  // Claim: each rule of the FHIR servers, the reply mailbox and the answer page is told at its key.
  expect_each_fault({
      {"[territoire]", "[outil]",
       "tenants[0].fhir_servers[0]: expected the name of a partner of the list `fhir`"},
      {"[territoire]", "[territoire, territoire]",
       "tenants[0].fhir_servers[1]: expected a name that the list"},
      {"- name: territoire", "- name: mail", "fhir[0].name: expected a name that no other partner has"},
      {"https://fhir.example.fr/r4", "http://fhir.example.fr/r4", "fhir[0].base_url: expected \"https"},
      {"https://fhir.example.fr/r4", "https://fhir.example.fr/r4\n    dialect: FR_CORE_1", "fhir[0].dialect"},
      {"https://fhir.example.fr/r4", "https://fhir.example.fr/r4\n    rate_per_second: 1001",
       "fhir[0].rate_per_second: expected a number of 0 to 1000"},
      {"https://fhir.example.fr/r4", "https://fhir.example.fr/r4\n    bundle_bytes_max: 99999",
       "fhir[0].bundle_bytes_max: expected a number of 100000"},
      {"https://fhir.example.fr/r4", "https://fhir.example.fr/r4\n    concurrency: 0", "fhir[0].concurrency"},
      {"{password_file: secrets/imap}", "{host: Imap}", "mssante[0].imap.host: expected a host name"},
      {"{password_file: secrets/imap}", "{port: 0}", "mssante[0].imap.port: expected a number of 1"},
      {"{password_file: secrets/imap}", "{poll_every: 0.5s}", "mssante[0].imap.poll_every: expected"},
      {"{password_file: secrets/imap}", "{poll_every: 2h}", "mssante[0].imap.poll_every: expected"},
      {"{password_file: secrets/imap}", "{folder: 'A\"B'}", "mssante[0].imap.folder: expected 1 to 254"},
      {"{password_file: secrets/imap}", "{user: 'é'}", "mssante[0].imap.user: expected 1 to 254"},
      {"listen: 127.0.0.1:0", "listen: nowhere", "answers.listen: expected \"host:port\""},
      {"  certificate_file: page.pem\n", "", "answers.certificate_file: required"},
      {"  key_file: page.key\n", "", "answers.key_file: required"},
      {"https://reponses.example.fr/cpts", "https://reponses.example.fr/cpts/",
       "answers.public_url: expected"},
  });
}

TEST(CareConfig, RefusesWrongProtocols) {
  // Claim: a parcours that nobody could be enrolled into, or leave, stops the start.
  expect_each_fault({
      {"24h", "4min", "tenants[0].answer_within: expected a duration of 5min to 720h"},
      {"24h", "721h", "tenants[0].answer_within: expected a duration of 5min to 720h"},
      {"- id: obesite", "- id: Obésité", "protocols[0].id: expected a name"},
      {"version: \"1\"", "version: \"1 a\"", "protocols[0].version: expected 1 to 20"},
      {"version: \"2\"", "version: \"1\"", "protocols[1].version: must be one that the protocol does not"},
      {"        title: Parcours obésité\n", "", "protocols[0].title: required"},
      {"urn:uuid:", "/", "protocols[0].canonical: expected an absolute URI"},
      {"code: IMC-97", "code: imc", "protocols[0].criteria[0].code: expected 1 to 40"},
      {"label: Indice de masse corporelle, ", "", "protocols[0].criteria[0].label: required"},
      {"code: BILAN", "code: AGE-17", "protocols[0].exit_rules[1].code: expected a code that"},
      {", age_reached: 17", "", "protocols[0].exit_rules[0]: expected exactly one of"},
      {", age_reached: 17", ", age_reached: 17, months_after_start: 1",
       "exit_rules[0]: expected exactly one"},
      {"age_reached: 17", "age_reached: 0", "exit_rules[0].age_reached: expected a number of 1"},
      {"months_after_start: 12", "months_after_start: -1", "exit_rules[1].months_after_start: expected"},
  });
}

TEST(CareConfig, RefusesWrongCandidateLists) {
  // Claim: who could not be asked, or would be asked what it does not do, is told where it stands.
  expect_each_fault({
      {"name: medecins", "name: Médecins", "candidate_lists[0].name: expected a name"},
      {"    priority_rules:\n", "      - {name: medecins}\n    priority_rules:\n",
       "candidate_lists[1].name: expected a name that no other list has"},
      {"    priority_rules:\n", "      - {name: b}\n    priority_rules:\n",
       "candidate_lists[1].entries: required: 1 to 1,000"},
      {"claire.modele@medecin.demo.mssante.fr", "a@b.fr", "entries[0].person.mailbox: expected"},
      {"claire.modele@medecin.demo.mssante.fr", "nobody", "entries[0].person.mailbox: expected"},
      {"claire.modele@medecin.demo.mssante.fr", "1@patient.mssante.fr",
       "entries[0].person.mailbox: expected"},
      {"\"801234567897\"", "\"01234567897\"", "entries[0].person.professional.national_id: expected"},
      {", family_name: MODELE", "", "entries[0].person.professional.family_name: required"},
      {", name: Cabinet", "", "entries[1].structure.organization.name: required"},
      {"tool: {name: outil}", "tool: {name: autre}", "entries[2].tool.name: expected"},
      {"          - tool: {name: outil}\n            kinds", "          - kinds",
       "entries[2]: required: person, structure or tool"},
      {"kinds: [PARAMEDICAL]", "kinds: []", "entries[2].kinds: required"},
      {"kinds: [PARAMEDICAL]", "kinds: [NURSE]", "entries[2].kinds[0]: expected a kind of orientation"},
      {"kinds: [PARAMEDICAL]", "kinds: [KIND_UNSPECIFIED]", "entries[2].kinds[0]: expected"},
      {"kinds: [PARAMEDICAL]", "kinds: [PARAMEDICAL, PARAMEDICAL]", "entries[2].kinds[1]: expected an item"},
      {"skills: [SM54]", "skills: [S M]", "entries[0].skills[0]: expected a code"},
      {"            commune_code: \"39300\"\n", "", "entries[0].commune_code: required"},
      {"2A004", "2C004", "entries[0].communes_served[1]: expected an INSEE code"},
      {"\"2026-11-02\"", "\"2026-02-30\"", "entries[0].confirmed_on: expected a day that exists"},
      {"tel:+33384000000", "0384000000", "entries[0].phone: expected a URI of scheme tel"},
  });
}

TEST(CareConfig, RefusesWrongPriorityRulesAndCommunes) {
  // Claim: rules that leave somebody without a class, or count what is not told, stop the start; so does a
  // commune without a place.
  expect_each_fault({
      {"version: v1", "version: v 1", "priority_rules[0].version: expected 1 to 40"},
      {"version: v2", "version: v1", "priority_rules[1].version: expected a version that no other"},
      {"2026-01-01", "2026-13-01", "priority_rules[0].effective_from: expected a day that exists"},
      {"2026-07-01", "2026-01-01", "priority_rules[1].effective_from: expected a day on which no other"},
      {"[{fact: disability, points: 1}]", "[]", "priority_rules[1].rules: expected 1 to 50"},
      {"fact: disability", "fact: rich",
       "priority_rules[1].rules[0].fact: expected a field of PriorityFacts"},
      {"fact: disability", "fact: daily_medicines", "rules[0].fact: expected a field of PriorityFacts"},
      {"fact: disability, ", "", "priority_rules[1].rules[0]: expected exactly one of"},
      {"fact: disability", "fact: disability, age_min: 3", "priority_rules[1].rules[0]: expected exactly"},
      {"age_min: 70", "age_min: 151", "priority_rules[0].rules[1].age_min: expected"},
      {"daily_medicines_min: 10", "daily_medicines_min: 100", "rules[2].daily_medicines_min: expected"},
      {"points: 30", "points: 101", "priority_rules[0].rules[0].points: expected a number of 1"},
      {"[{number: 1, points_min: 0, label: Tous}]", "[]", "priority_rules[1].classes: expected 1 to 10"},
      {"number: 2", "number: 3", "priority_rules[0].classes[1].number: expected 1 for the first"},
      {"points_min: 50", "points_min: 0", "classes[1].points_min: expected less than"},
      {"points_min: 0, label: Tous", "points_min: 5, label: Tous", "classes[0].points_min: expected 0"},
      {", label: Tous", "", "classes[0].label: required"},
      {"\"97411\"", "\"9741\"", "communes[1].code: expected an INSEE code"},
      {"\"97411\"", "\"39300\"", "communes[1].code: expected a code that the list"},
      {", longitude: 55.45", "", "communes[1].longitude: required: degrees"},
      {"latitude: -20.88", "latitude: -90.1", "communes[1].latitude: expected degrees"},
      {"latitude: -20.88", "latitude: here", "communes[1].latitude: expected a decimal number"},
  });
}

}  // namespace
}  // namespace psl
