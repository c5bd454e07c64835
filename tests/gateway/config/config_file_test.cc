#include "gateway/config/config_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "passerelle/v1/config.pb.h"

namespace psl {
namespace {

// The least that is accepted. Lines are counted by the tests below.
constexpr const char* least_config = R"(environment: TEST
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
mssante:
  - name: mail
    host: smtp.example.fr
    tls: {certificate_file: /etc/m.pem, key_file: ../m.key, ca_file: ca.pem}
    sender_mailbox: cpts@a.mssante.fr
    sender_name: CPTS
)";

// A folder that is removed with its content.
class ConfigFolder {
 public:
  ConfigFolder() : path_(testing::TempDir() + "passerelle-config-XXXXXX") {
    PSL_CHECK(::mkdtemp(path_.data()) != nullptr);
  }
  ~ConfigFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string write(const std::string& name, const std::string& content) const {
    std::ofstream(path_ + "/" + name, std::ios::binary) << content;
    return path_ + "/" + name;
  }
  // An error as its faults, one a line, without the folder.
  std::string faults_of(const Error& error) const {
    std::string out;
    for (const FieldFault& fault : error.faults)
      out += fault.path.substr(path_.size() + 1) + " " + fault.text + "\n";
    return out.empty() ? error.text : out;
  }
  std::string config_faults(const std::string& text) const {
    const auto config = load_config(write("c.yaml", text));
    return config ? "accepted" : faults_of(config.error());
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  const size_t at = text.find(what);
  PSL_CHECK(at != std::string::npos);
  return text.replace(at, what.size(), by);
}

TEST(ConfigFile, FillsEveryDefault) {
  // Claim: what is not given has the default that config.proto announces.
  const ConfigFolder folder;
  const auto config = load_config(folder.write("c.yaml", least_config));
  ASSERT_TRUE(config) << config.error().describe();
  const auto& message = config->message();
  EXPECT_EQ(message.grpc().listen(), "127.0.0.1:8443");
  const auto& tenant = message.tenants(0);
  EXPECT_EQ(tenant.time_zone(), "Europe/Paris");
  EXPECT_EQ(tenant.alert_after().seconds(), 4 * 3600);
  EXPECT_EQ(tenant.give_up_after().seconds(), 72 * 3600);
  EXPECT_FALSE(tenant.strict_flags());
  const auto& partner = message.mssante(0);
  EXPECT_EQ(partner.port(), 587U);
  EXPECT_EQ(partner.reply_to(), "cpts@a.mssante.fr");
  EXPECT_EQ(partner.concurrency(), 2U);
  EXPECT_EQ(partner.message_bytes_max(), 25'000'000U);
  EXPECT_EQ(partner.connect_timeout().seconds(), 10);
  EXPECT_EQ(partner.delivery_timeout().seconds(), 120);
  EXPECT_EQ(message.limits().intake_queue_max(), 64U);
  EXPECT_EQ(message.limits().commit_queue_max(), 4096U);
  EXPECT_EQ(message.limits().commit_batch_max(), 256U);
  EXPECT_EQ(message.limits().commit_queue_bytes_max(), uint64_t{256} << 20);
  EXPECT_EQ(message.limits().disk_free_bytes_min(), uint64_t{64} << 20);
  EXPECT_EQ(message.limits().attempts_max(), 100U);
  EXPECT_EQ(message.retry().first().seconds(), 5);
  EXPECT_EQ(message.retry().most().seconds(), 900);
  EXPECT_EQ(message.retry().breaker_failures(), 5U);
  EXPECT_EQ(message.retry().breaker_pause().seconds(), 30);
  EXPECT_EQ(message.product().nil(), "PASSERELLE");
}

TEST(ConfigFile, IsFoundByNameAndShared) {
  // Claim: tenants and partners are found by name; a copy is the same snapshot.
  const ConfigFolder folder;
  const auto config = load_config(folder.write("c.yaml", least_config));
  ASSERT_TRUE(config);
  EXPECT_EQ(config->environment(), Environment::test);
  EXPECT_EQ(config->tenant("cpts-a"), &config->message().tenants(0));
  EXPECT_EQ(config->tenant("cpts-b"), nullptr);
  EXPECT_EQ(config->partner("mail"), &config->message().mssante(0));
  EXPECT_EQ(config->partner(""), nullptr);
  const LoadedConfig copy = *config;
  EXPECT_EQ(&copy.message(), &config->message());
  const auto real = load_config(folder.write("p.yaml", replaced(least_config, "TEST", "PRODUCTION")));
  ASSERT_TRUE(real);
  EXPECT_EQ(real->environment(), Environment::production);
}

TEST(ConfigFile, ResolvesPathsFromItsFolder) {
  // Claim: each relative path starts at the file's folder, absolute ones stay; nothing is opened.
  const ConfigFolder folder;
  const auto config =
      load_config(folder.write("c.yaml", replaced(least_config, "file: k1.key",
                                                  "file: k1.key, previous: [{id: k0, file: old/k0.key}]")));
  ASSERT_TRUE(config) << config.error().describe();
  const std::string at = folder.path() + "/";
  const std::string parent = std::filesystem::path(folder.path()).parent_path().string();
  EXPECT_EQ(config->message().ledger().path(), at + "ledger.db");
  EXPECT_EQ(config->message().policy_file(), at + "policy.yaml");
  EXPECT_EQ(config->message().grpc().tls().key_file(), at + "g.key");
  EXPECT_EQ(config->message().mssante(0).tls().certificate_file(), "/etc/m.pem");
  EXPECT_EQ(config->message().mssante(0).tls().key_file(), parent + "/m.key");
  EXPECT_EQ(config->message().tenants(0).key().file(), at + "k1.key");
  EXPECT_EQ(config->message().tenants(0).key().previous(0).file(), at + "old/k0.key");
}

TEST(ConfigFile, SaysAllThatIsRequired) {
  // Claim: an empty configuration names each thing that it needs, at the place that should hold it.
  const ConfigFolder folder;
  EXPECT_EQ(
      folder.config_faults("limits: {}\n"),
      "c.yaml:1:1: environment required: PRODUCTION or TEST: whether patients are real is never guessed\n"
      "c.yaml:1:1: grpc.tls.certificate_file required: the path of a file\n"
      "c.yaml:1:1: grpc.tls.key_file required: the path of a file\n"
      "c.yaml:1:1: grpc.tls.ca_file required: the path of a file\n"
      "c.yaml:1:1: ledger.path required: the path of a file\n"
      "c.yaml:1:1: policy_file required: the path of a file\n"
      "c.yaml:1:1: tenants required: 1 to 100 tenants\n");
  EXPECT_EQ(folder.config_faults(replaced(least_config, "    host: smtp.example.fr\n", "")),
            "c.yaml:13:5: mssante[0].host required: a host name in lower case\n");
  EXPECT_EQ(folder.config_faults(replaced(least_config, "key_file: g.key, ", "key_file: '', ")),
            "c.yaml:3:44: grpc.tls.key_file expected the path of a file\n");
}

struct WrongValue {
  const char* what;
  const char* by;
  const char* fault;
};

TEST(ConfigFile, RefusesWrongValuesAtTheirPlace) {
  // Claim: each rule has its line, column, path and expectation.
  const ConfigFolder folder;
  const char* name_rule = " expected a name of 1 to 40 characters among a-z, 0-9 and -\n";
  EXPECT_EQ(folder.config_faults(replaced(least_config, "cpts-a", "CPTS_A")),
            "c.yaml:7:11: tenants[0].name" + std::string(name_rule));
  const WrongValue cases[] = {
      {"grpc:\n", "grpc:\n  listen: 8443\n",
       "c.yaml:3:11: grpc.listen expected \"host:port\", the host in lower case, the port 0 to 65535\n"},
      {"grpc:\n", "grpc:\n  listen: a:65536\n",
       "c.yaml:3:11: grpc.listen expected \"host:port\", the host in lower case, the port 0 to 65535\n"},
      {"\"1990000036\"", "12",
       "c.yaml:8:33: tenants[0].organization.national_id expected a national identifier with its type "
       "digit: 1 + FINESS, 2 + SIREN, 3 + SIRET\n"},
      {"name: CPTS}", "name: \"a\\nb\"}",
       "c.yaml:8:53: tenants[0].organization.name expected a text of 1 to 150 characters, on one line\n"},
      {"    mssante: mail\n", "    mssante: post\n",
       "c.yaml:10:14: tenants[0].mssante expected the name of a partner of the list `mssante`\n"},
      {"    mssante: mail\n", "    mssante: mail\n    time_zone: Europe/Lutece\n",
       "c.yaml:11:16: tenants[0].time_zone expected a zone of the system's tz database (package tzdata), as "
       "Europe/Paris or "
       "Indian/Reunion\n"},
      {"    mssante: mail\n", "    mssante: mail\n    time_zone: ../../../etc/passwd\n",
       "c.yaml:11:16: tenants[0].time_zone expected a zone of the system's tz database (package tzdata), as "
       "Europe/Paris or "
       "Indian/Reunion\n"},
      {"    mssante: mail\n", "    mssante: mail\n    alert_after: 72h\n",
       "c.yaml:11:18: tenants[0].alert_after must be less than `give_up_after`: a human is told before the "
       "machine stops\n"},
      {"    mssante: mail\n", "    mssante: mail\n    give_up_after: 721h\n",
       "c.yaml:11:20: tenants[0].give_up_after expected a duration above 0 and of at most 720h\n"},
      {"    mssante: mail\n", "    mssante: mail\n    alert_after: 0s\n",
       "c.yaml:11:18: tenants[0].alert_after expected a duration above 0 and of at most 720h\n"},
      {"[.mssante.fr]", "[.mssante.fr, Chu.fr]",
       "c.yaml:11:33: tenants[0].mail_domains[1] expected a domain in lower case, as \"chu.example.fr\", or "
       "\".mssante.fr\" for "
       "all below it\n"},
      {"[.mssante.fr]", "[.fr]",
       "c.yaml:11:20: tenants[0].mail_domains[0] expected a domain in lower case, as \"chu.example.fr\", or "
       "\".mssante.fr\" for "
       "all below it\n"},
      {"[.mssante.fr]", "[a.fr, a.fr]",
       "c.yaml:11:26: tenants[0].mail_domains[1] expected a domain that the list does not hold yet\n"},
      {"[.mssante.fr]", "[]", "c.yaml:11:19: tenants[0].mail_domains expected 1 to 100 domains\n"},
      {"file: k1.key", "file: k1.key, previous: [{id: k1, file: k}]",
       "c.yaml:9:49: tenants[0].key.previous[0].id expected an id that no other key of the tenant has\n"},
      {"file: k1.key", "file: k1.key, previous: [{id: k0, file: k, previous: [{id: a, file: b}]}]",
       "c.yaml:9:72: tenants[0].key.previous[0].previous expected nothing: list all keys beside the first\n"},
      {"smtp.example.fr", "smtp_1", "c.yaml:14:11: mssante[0].host expected a host name in lower case\n"},
      {"    sender_name: CPTS\n", "    sender_name: CPTS\n    port: 0\n",
       "c.yaml:18:11: mssante[0].port expected a number of 1 to 65535\n"},
      {"    sender_name: CPTS\n", "    sender_name: CPTS\n    concurrency: 17\n",
       "c.yaml:18:18: mssante[0].concurrency expected a number of 1 to 16\n"},
      {"    sender_name: CPTS\n", "    sender_name: CPTS\n    message_bytes_max: 99999\n",
       "c.yaml:18:24: mssante[0].message_bytes_max expected a number of 100000 to 100000000\n"},
      {"    sender_name: CPTS\n", "    sender_name: CPTS\n    reply_to: nobody\n",
       "c.yaml:18:15: mssante[0].reply_to expected a mail address\n"},
      {"    sender_name: CPTS\n", "    sender_name: CPTS\n    delivery_timeout: 5s\n",
       "c.yaml:13:5: mssante[0].connect_timeout must be at most `delivery_timeout`, which it is part of\n"},
      {"cpts@a.mssante.fr", "cpts", "c.yaml:16:21: mssante[0].sender_mailbox expected a mail address\n"},
      {"ledger:", "limits: {attempts_max: 0}\nledger:",
       "c.yaml:4:24: limits.attempts_max expected a number of 1 to 10000\n"},
      {"ledger:", "limits: {commit_queue_max: 8}\nledger:",
       "c.yaml:4:9: limits.commit_batch_max must be at most `commit_queue_max`\n"},
      {"ledger:", "limits: {commit_queue_bytes_max: 1}\nledger:",
       "c.yaml:4:34: limits.commit_queue_bytes_max expected a number of 67108864 to 68719476736\n"},
      {"ledger:", "retry: {first: 20min}\nledger:", "c.yaml:4:16: retry.first must be at most `most`\n"},
      {"ledger:", "retry: {breaker_failures: 0}\nledger:",
       "c.yaml:4:27: retry.breaker_failures expected a number of 1 to 1000\n"},
      {"ledger:", "product: {nil: a b}\nledger:",
       "c.yaml:4:16: product.nil expected 1 to 64 printable ASCII characters without space\n"},
      {"ledger:", "ledger_path: x\nledger:",
       "c.yaml:4:1 unknown key; known here: environment, grpc, ledger, policy_file, tenants, mssante, "
       "limits, retry, product, repositories, webhooks, http, fhir, answers\n"},
  };
  for (const WrongValue& wrong : cases) {
    EXPECT_EQ(folder.config_faults(replaced(least_config, wrong.what, wrong.by)), wrong.fault) << wrong.by;
  }
}

TEST(ConfigFile, RefusesNamesUsedTwice) {
  // Claim: two tenants, or two partners, of one name are told apart from one.
  const ConfigFolder folder;
  const std::string tenant =
      "  - name: cpts-a\n    organization: {national_id: \"1990000036\", name: CPTS}\n    key: {id: k1, "
      "file: k1.key}\n"
      "    mssante: mail\n    mail_domains: [.mssante.fr]\n";
  EXPECT_EQ(folder.config_faults(replaced(least_config, "tenants:\n", "tenants:\n" + tenant)),
            "c.yaml:12:11: tenants[1].name expected a name that no other tenant has\n");
  const std::string partner =
      "  - name: mail\n    host: h\n    tls: {certificate_file: a, key_file: b, ca_file: c}\n    "
      "sender_mailbox: a@b.fr\n"
      "    sender_name: x\n";
  EXPECT_EQ(folder.config_faults(replaced(least_config, "mssante:\n  -", "mssante:\n" + partner + "  -")),
            "c.yaml:18:11: mssante[1].name expected a name that no other partner has\n");
}

TEST(ConfigFile, TakesEveryListenAddress) {
  // Claim: names, IPv4, IPv6 and port 0 are taken.
  const ConfigFolder folder;
  for (const char* listen :
       {"0.0.0.0:0", "\"[::1]:8443\"", "localhost:65535", "gateway.cpts.example.fr:443"}) {
    EXPECT_EQ(folder.config_faults(
                  replaced(least_config, "grpc:\n", std::string("grpc:\n  listen: ") + listen + "\n")),
              "accepted");
  }
  for (const char* listen :
       {"\"[]:1\"", "\"[::g]:1\"", "\":1\"", "\"a:\"", "\"a:-1\"", "\"A:1\"", "\"\"", "\"a:1 \""}) {
    EXPECT_NE(folder.config_faults(
                  replaced(least_config, "grpc:\n", std::string("grpc:\n  listen: ") + listen + "\n")),
              "accepted")
        << listen;
  }
}

// The least with a repository, a tool and an operators' port.
std::string with_partners(const std::string& more = "") {
  std::string text = replaced(least_config, "    mssante: mail\n",
                              "    mssante: mail\n    shared_record: dmp\n    tools: [outil]\n");
  text += R"(repositories:
  - name: dmp
    base_url: https://dmp.example.fr:8443/fhir
    tls: {certificate_file: m.pem, key_file: m.key, ca_file: ca.pem}
webhooks:
  - name: outil
    url: https://outil.example.fr/passerelle
    tls: {certificate_file: m.pem, key_file: m.key, ca_file: ca.pem}
    signing_key_file: outil.key
http: {listen: "127.0.0.1:0"}
)";
  return text + more;
}

TEST(ConfigFile, FillsTheDefaultsOfEveryKindOfPartner) {
  // Claim: a repository and a webhook have the defaults that config.proto announces, with paths from the
  // file's folder.
  const ConfigFolder folder;
  const auto config = load_config(folder.write("c.yaml", with_partners()));
  ASSERT_TRUE(config) << config.error().describe();
  const auto& repository = config->message().repositories(0);
  EXPECT_EQ(repository.form(), passerelle::v1::RepositoryPartner::ITI65);
  EXPECT_EQ(repository.label_system(), passerelle::v1::RepositoryPartner::V3_CONFIDENTIALITY);
  EXPECT_EQ(repository.concurrency(), 2U);
  EXPECT_EQ(repository.bundle_bytes_max(), 50'000'000U);
  EXPECT_EQ(repository.connect_timeout().seconds(), 10);
  EXPECT_EQ(repository.delivery_timeout().seconds(), 120);
  EXPECT_EQ(repository.tls().key_file(), folder.path() + "/m.key");
  const auto& webhook = config->message().webhooks(0);
  EXPECT_EQ(webhook.concurrency(), 2U);
  EXPECT_EQ(webhook.body_bytes_max(), 50'000'000U);
  EXPECT_EQ(webhook.delivery_timeout().seconds(), 60);
  EXPECT_EQ(webhook.signing_key_file(), folder.path() + "/outil.key");
  EXPECT_EQ(config->message().ledger().changes_kept().seconds(), 2160 * 3600);
  EXPECT_EQ(config->message().grpc().watch_heartbeat().seconds(), 15);
  EXPECT_FALSE(config->message().grpc().reflection());
}

TEST(ConfigFile, RefusesPartnersThatCannotBeReachedSafely) {
  // Claim: a URL that is not plain https, a name of another list, or an open port without TLS is said at its
  // field.
  const ConfigFolder folder;
  const auto refused = [&](const std::string& what, const std::string& by) {
    return folder.config_faults(replaced(with_partners(), what, by));
  };
  constexpr const char* base_url =
      "repositories[0].base_url expected \"https://host[:port][/path]\", the host in lower case, no query, "
      "no final "
      "slash\n";
  for (const char* url : {"http://dmp.example.fr/fhir", "https://dmp.example.fr/fhir/",
                          "https://DMP.example.fr", "https://u@dmp.example.fr",
                          "https://dmp.example.fr/fhir?x=1", "\"https://dmp.example.fr:\"", "https://"}) {
    const std::string faults = refused("https://dmp.example.fr:8443/fhir", url);
    EXPECT_NE(faults.find(base_url), std::string::npos) << url << " gave " << faults;
  }
  EXPECT_NE(
      refused("https://outil.example.fr/passerelle", "https://outil.example.fr").find("webhooks[0].url"),
      std::string::npos);
  EXPECT_NE(refused("shared_record: dmp", "shared_record: outil").find("tenants[0].shared_record"),
            std::string::npos);
  EXPECT_NE(refused("tools: [outil]", "tools: [outil, outil]").find("tenants[0].tools[1]"),
            std::string::npos);
  EXPECT_NE(refused("- name: outil", "- name: mail").find("a name that no other partner has"),
            std::string::npos);
  EXPECT_NE(refused("127.0.0.1:0", "0.0.0.0:8080").find("http.tls required"), std::string::npos);
  EXPECT_NE(refused("    signing_key_file: outil.key\n", "").find("webhooks[0].signing_key_file"),
            std::string::npos);
  EXPECT_NE(
      refused("    signing_key_file", "    body_bytes_max: 5\n    signing_key_file").find("body_bytes_max"),
      std::string::npos);
  EXPECT_NE(folder.config_faults(replaced(with_partners(), "grpc:\n", "grpc:\n  watch_heartbeat: 0.01s\n"))
                .find("grpc.watch_heartbeat"),
            std::string::npos);
}

TEST(ConfigFile, IsReadFromJsonAsWell) {
  // Claim: a configuration may be JSON; a fault has its line and column there too.
  const ConfigFolder folder;
  const auto config = load_config(folder.write("c.json", "{\n \"environment\": \"STAGING\"}"));
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().code, ErrorCode::configuration);
  EXPECT_EQ(folder.faults_of(config.error()), "c.json:2:17: environment expected one of PRODUCTION, TEST\n");
  EXPECT_EQ(load_config(folder.path() + "/none.yaml").error().code, ErrorCode::input_output);
}

constexpr const char* least_policy = R"(principals:
  - name: hopital-a
    certificate_common_name: [hopital-a]
    tenants: [cpts-a]
    kinds: [discharge_letter]
    organizations: ["1990000010"]
    roles: [submit]
)";

TEST(PolicyFile, RefusesWrongRulesAtTheirPlace) {
  // Claim: each rule of the policy has its line, column, path and expectation.
  const ConfigFolder folder;
  const auto config = load_config(folder.write("c.yaml", least_config));
  ASSERT_TRUE(config);
  const auto faults = [&](const std::string& text) {
    const auto policy = load_policy(folder.write("p.yaml", text), *config);
    return policy ? "accepted" : folder.faults_of(policy.error());
  };
  EXPECT_EQ(faults(least_policy), "accepted");
  EXPECT_EQ(faults("principals: []\n"), "accepted");
  const WrongValue cases[] = {
      {"hopital-a\n", "Hopital\n",
       "p.yaml:2:11: principals[0].name expected a name of 1 to 40 characters among a-z, 0-9 and -\n"},
      {"    certificate_common_name: [hopital-a]\n", "",
       "p.yaml:2:5: principals[0] required: one of certificate_dns, _uri, _common_name, _sha256\n"},
      {"certificate_common_name: [hopital-a]", "certificate_sha256: [AB]",
       "p.yaml:3:26: principals[0].certificate_sha256[0] expected 64 hexadecimal digits in lower case\n"},
      {"certificate_common_name: [hopital-a]", "certificate_dns: [\"*.fr\"]",
       "p.yaml:3:23: principals[0].certificate_dns[0] expected a host name in lower case\n"},
      {"certificate_common_name: [hopital-a]", "certificate_uri: ['']",
       "p.yaml:3:23: principals[0].certificate_uri[0] expected a URI\n"},
      {"[cpts-a]", "[cpts-b]",
       "p.yaml:4:15: principals[0].tenants[0] expected the name of a tenant of the configuration\n"},
      {"[discharge_letter]", "[letter]",
       "p.yaml:5:13: principals[0].kinds[0] expected discharge_letter, orientation, orientation_update, "
       "pathway_enrolment or care_circle_change\n"},
      {"\"1990000010\"", "x",
       "p.yaml:6:21: principals[0].organizations[0] expected a national identifier with its type digit\n"},
      {"[submit]", "[submit, admin]",
       "p.yaml:7:21: principals[0].roles[1] expected submit, read, preview, repair or operate\n"},
      {"[submit]", "[submit, submit]",
       "p.yaml:7:21: principals[0].roles[1] expected an item that the list does not hold yet\n"},
      {"    roles", "    answers_for: [\"10001234567\"]\n    roles",
       "p.yaml:7:19: principals[0].answers_for[0] expected a national identifier of a person or a structure, "
       "with its type digit, or the name of a tool of `webhooks`\n"},
      {"    roles", "  - name: hopital-a\n    certificate_uri: [\"urn:a\"]\n    roles",
       "p.yaml:7:11: principals[1].name expected a name that no other principal has\n"},
      {"    roles", "  - name: hopital-b\n    certificate_common_name: [hopital-a]\n    roles",
       "p.yaml:8:31: principals[1].certificate_common_name[0] expected what no other principal claims\n"},
      {"    roles", "    rights",
       "p.yaml:7:5: principals[0] unknown key; known here: name, certificate_dns, certificate_uri, "
       "certificate_common_name, certificate_sha256, tenants, kinds, organizations, roles, answers_for\n"},
  };
  for (const WrongValue& wrong : cases) {
    EXPECT_EQ(faults(replaced(least_policy, wrong.what, wrong.by)), wrong.fault) << wrong.by;
  }
  EXPECT_EQ(load_policy(folder.path() + "/none.yaml", *config).error().code, ErrorCode::input_output);
}

TEST(ShippedConfig, LoadsWithoutKeysAndGivesTheDefaults) {
  // Claim: the files of deploy/config load as they are, with no key or certificate there; what they comment
  // out is what the program does.
  const auto shipped = load_config(PSL_SOURCE_DIR "/deploy/config/passerelle.yaml");
  ASSERT_TRUE(shipped) << shipped.error().describe();
  const auto policy = load_policy(shipped->message().policy_file(), *shipped);
  ASSERT_TRUE(policy) << policy.error().describe();
  EXPECT_EQ(policy->principals(0).name(), "hopital-demo");

  std::ifstream file(PSL_SOURCE_DIR "/deploy/config/passerelle.yaml");
  std::string uncommented;
  for (std::string line; std::getline(file, line);) {
    // "# " and a word begin a remark; "#key:", and "#  key:" below it, a default.
    const size_t hash = line.find_first_not_of(' ');
    const bool is_default =
        hash < line.size() && line[hash] == '#' && line.substr(hash + 1).find_first_not_of(' ') != 1;
    uncommented += (is_default ? line.erase(hash, 1) : line) + "\n";
  }
  const ConfigFolder folder;
  std::filesystem::create_directories(folder.path() + "/deploy/config");
  const auto spelled_out = load_config(folder.write("deploy/config/passerelle.yaml", uncommented));
  ASSERT_TRUE(spelled_out) << spelled_out.error().describe();
  EXPECT_NE(uncommented.find("\n  attempts_max: 100"), std::string::npos);
  EXPECT_EQ(spelled_out->message().limits().SerializeAsString(),
            shipped->message().limits().SerializeAsString());
  EXPECT_EQ(spelled_out->message().retry().SerializeAsString(),
            shipped->message().retry().SerializeAsString());
  EXPECT_EQ(spelled_out->message().product().SerializeAsString(),
            shipped->message().product().SerializeAsString());
  EXPECT_EQ(spelled_out->message().tenants(0).alert_after().seconds(),
            shipped->message().tenants(0).alert_after().seconds());
  EXPECT_EQ(spelled_out->message().mssante(0).message_bytes_max(),
            shipped->message().mssante(0).message_bytes_max());
}

}  // namespace
}  // namespace psl
