#include "gateway/app/doctor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "gateway/config/config_file.h"
#include "gateway/store/sqlite_store.h"
#include "passerelle/v1/config.pb.h"
#include "security/dev_pki.h"
#include "tests/gateway/store/letters.h"
#include "tests/support/temp_folder.h"

namespace psl {
namespace {

namespace v1 = passerelle::v1;
namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// A socket that listens on a free port of the loopback.
class Listener {
 public:
  Listener() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(fd_, reinterpret_cast<const sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(fd_, 16), 0);
    EXPECT_EQ(::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port = ntohs(address.sin_port);
  }
  ~Listener() { ::close(fd_); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  int port = 0;

 private:
  int fd_;
};

class Doctor : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    pki = std::make_unique<TempFolder>();
    ASSERT_TRUE(make_dev_pki(pki->path(), system_env().now()).ok());
  }
  static void TearDownTestSuite() { pki.reset(); }

  Doctor() {
    message.mutable_grpc()->set_listen("127.0.0.1:0");
    set_files(*message.mutable_grpc()->mutable_tls(), "gateway");
    message.mutable_ledger()->set_path(folder.file("ledger.db"));
    message.mutable_limits()->set_disk_free_bytes_min(1 << 20);
    auto& tenant = *message.add_tenants();
    tenant.set_name("cpts");
    tenant.set_time_zone("Europe/Paris");
    tenant.mutable_key()->set_id("key-1");
    fs::copy(pki->file("tenant.key"), folder.file("tenant.key"));
    tenant.mutable_key()->set_file(folder.file("tenant.key"));
  }
  static void set_files(v1::TlsIdentity& tls, const std::string& name) {
    tls.set_certificate_file(pki->file(name + ".pem"));
    tls.set_key_file(pki->file(name + ".key"));
    tls.set_ca_file(pki->file("ca.pem"));
  }
  LoadedConfig config() const { return LoadedConfig(message); }

  // The diagnosis of that check; there must be one.
  static Diagnosis of(const Diagnoses& diagnoses, const std::string& check) {
    for (const Diagnosis& diagnosis : diagnoses.all()) {
      if (diagnosis.check == check) return diagnosis;
    }
    ADD_FAILURE() << "no diagnosis of " << check;
    return {};
  }
  static void expect(const Diagnoses& diagnoses, const std::string& check, Health health,
                     const std::string& text) {
    const Diagnosis diagnosis = of(diagnoses, check);
    EXPECT_EQ(diagnosis.health, health) << to_line(diagnosis);
    EXPECT_THAT(diagnosis.text, HasSubstr(text));
    EXPECT_EQ(diagnosis.todo.empty(), health == Health::ok) << to_line(diagnosis);
  }
  Diagnoses ledger(Instant now = letters::after(60), bool quick = false) const {
    Diagnoses diagnoses;
    examine_ledger(config(), now, quick, diagnoses);
    return diagnoses;
  }
  void make_ledger() const {
    auto store = *SqliteStore::open({message.ledger().path()});
    const std::vector<Command> batch = {letters::letter("k1", "1.2.1", "a")};
    ASSERT_TRUE(store->commit(batch).ok());
  }

  static std::unique_ptr<TempFolder> pki;
  TempFolder folder;
  v1::Config message;
};
std::unique_ptr<TempFolder> Doctor::pki;

TEST_F(Doctor, TellsHowLongCertificatesLast) {
  // Claim: ok for two years, warn from 30 days before the end, FAIL afterwards.
  const Instant now = system_env().now();
  const int64_t day = 86400;
  for (const auto& [days, health] :
       {std::pair(0, Health::ok), std::pair(710, Health::warn), std::pair(740, Health::fail)}) {
    Diagnoses diagnoses;
    examine_certificates(config(), now + seconds(days * day), diagnoses);
    expect(diagnoses, "certificate of the gRPC door", health,
           health == Health::fail ? "has expired" : "valid until 20");
  }
}

TEST_F(Doctor, TellsWrongCertificateFiles) {
  // Claim: a key of another certificate, and an absent file, are said of whose they are; the HTTP port only
  // when it has any.
  auto& mail = *message.add_mssante();
  mail.set_name("mail-demo");
  set_files(*mail.mutable_tls(), "mail-client");
  mail.mutable_tls()->set_key_file(pki->file("gateway.key"));
  auto& tool = *message.add_webhooks();
  tool.set_name("tool");
  set_files(*tool.mutable_tls(), "absent");
  message.mutable_http()->set_listen("127.0.0.1:0");
  Diagnoses diagnoses;
  examine_certificates(config(), system_env().now(), diagnoses);
  expect(diagnoses, "certificate of mail-demo", Health::fail, "is not the key of the certificate");
  expect(diagnoses, "certificate of tool", Health::fail, "absent.pem");
  EXPECT_EQ(diagnoses.all().size(), 3u);
}

TEST_F(Doctor, LooksAtKeys) {
  // Claim: a key that others can read, and a tool's secret that is not there, are FAIL; no digit of a key is
  // shown.
  Diagnoses good;
  examine_keys(config(), good);
  expect(good, "tenants' keys", Health::ok, "can be read");
  fs::permissions(folder.file("tenant.key"), fs::perms::others_read, fs::perm_options::add);
  auto& tool = *message.add_webhooks();
  tool.set_name("tool");
  tool.set_signing_key_file(folder.file("absent.key"));
  Diagnoses diagnoses;
  examine_keys(config(), diagnoses);
  expect(diagnoses, "tenants' keys", Health::fail, "mode must be 600");
  expect(diagnoses, "signing key of tool", Health::fail, "absent.key");
  std::ifstream in(folder.file("tenant.key"));
  std::string digits;
  in >> digits;
  for (const Diagnosis& diagnosis : diagnoses.all())
    EXPECT_THAT(to_line(diagnosis), Not(HasSubstr(digits.substr(0, 8))));
}

TEST_F(Doctor, BeforeTheFirstStartThereIsAPlaceForTheLedger) {
  // Claim: no ledger yet is ok when its folder is there, and FAIL when it is not.
  expect(ledger(), "ledger", Health::ok, "does not exist yet");
  EXPECT_FALSE(fs::exists(message.ledger().path()));
  message.mutable_ledger()->set_path(folder.file("absent/ledger.db"));
  expect(ledger(), "ledger", Health::fail, "is not a folder");
}

TEST_F(Doctor, LooksAtALedgerInUse) {
  // Claim: a ledger that a gateway has open is looked at and left alone: its keys, its pages, its audit.
  make_ledger();
  auto store = *SqliteStore::open({message.ledger().path()});
  const Diagnoses diagnoses = ledger();
  expect(diagnoses, "ledger", Health::ok, "in use by a gateway");
  expect(diagnoses, "keys of the ledger", Health::ok, "needed: 1");
  expect(diagnoses, "ledger's pages", Health::ok, "sound");
  expect(diagnoses, "audit", Health::ok, "records verified: 1");
  const std::vector<Command> batch = {letters::letter("k2", "1.2.2", "a")};
  EXPECT_TRUE(store->commit(batch).ok());
  store.reset();
  expect(ledger(), "ledger", Health::ok, "no gateway has it open");
}

TEST_F(Doctor, QuickDoesNotReadTheWholeLedger) {
  // Claim: with `quick` pages and audit are left out.
  make_ledger();
  const Diagnoses diagnoses = ledger(letters::after(60), true);
  for (const Diagnosis& diagnosis : diagnoses.all()) {
    EXPECT_NE(diagnosis.check, "audit");
    EXPECT_NE(diagnosis.check, "ledger's pages");
  }
}

TEST_F(Doctor, MissesKeysThatTheLedgerNeeds) {
  // Claim: a key under which events are sealed and that the configuration lacks is named.
  make_ledger();
  message.mutable_tenants(0)->mutable_key()->set_id("key-2");
  expect(ledger(), "keys of the ledger", Health::fail, "key key-1 of tenant cpts is missing");
}

TEST_F(Doctor, TellsADamagedOrOpenLedger) {
  // Claim: a file that is no ledger, and one that others can read, are FAIL.
  std::ofstream(message.ledger().path()) << "no ledger at all, though it stands in its place";
  fs::permissions(message.ledger().path(), fs::perms::owner_read | fs::perms::owner_write);
  expect(ledger(), "ledger", Health::fail, "ledger");
  fs::permissions(message.ledger().path(), fs::perms::group_read, fs::perm_options::add);
  expect(ledger(), "ledger", Health::fail, "group or others");
}

TEST_F(Doctor, TellsAClockThatWentBack) {
  // Claim: a clock before the ledger's last record is FAIL.
  make_ledger();
  expect(ledger(letters::start - seconds(10)), "clock and ledger", Health::fail, "after now");
}

TEST_F(Doctor, LooksAtTheDisk) {
  // Claim: little room is a warning, too little is FAIL.
  Diagnoses good;
  examine_disk(config(), good);
  expect(good, "disk", Health::ok, "free");
  const uint64_t free = fs::space(folder.path()).available;
  message.mutable_limits()->set_disk_free_bytes_min(free / 5);
  Diagnoses low;
  examine_disk(config(), low);
  expect(low, "disk", Health::warn, "free");
  message.mutable_limits()->set_disk_free_bytes_min(free * 2);
  Diagnoses none;
  examine_disk(config(), none);
  expect(none, "disk", Health::fail, "refused under");
}

TEST_F(Doctor, LooksAtThePorts) {
  // Claim: a port that answers without a gateway, one that is free, and one that is chosen at the start.
  Diagnoses chosen;
  examine_ports(config(), chosen);
  expect(chosen, "gRPC port", Health::ok, "any free port");
  auto listener = std::make_unique<Listener>();
  const std::string listen = "127.0.0.1:" + std::to_string(listener->port);
  message.mutable_grpc()->set_listen(listen);
  message.mutable_http()->set_listen("localhost:" + std::to_string(listener->port));
  Diagnoses taken;
  examine_ports(config(), taken);
  expect(taken, "gRPC port", Health::warn, listen + " answers");
  expect(taken, "HTTP port", Health::warn, "answers");
  auto store = *SqliteStore::open({message.ledger().path()});
  Diagnoses serving;
  examine_ports(config(), serving);
  expect(serving, "gRPC port", Health::ok, "a gateway runs");
  listener.reset();
  Diagnoses starting;
  examine_ports(config(), starting);
  expect(starting, "gRPC port", Health::warn, "does not answer");
  store.reset();
  Diagnoses free;
  examine_ports(config(), free);
  expect(free, "gRPC port", Health::ok, "is free");
}

TEST_F(Doctor, LooksAtThePolicy) {
  // Claim: a policy that cannot be read is FAIL, one that names nobody is a warning.
  message.set_policy_file(folder.file("policy.yaml"));
  Diagnoses absent;
  examine_policy(config(), absent);
  expect(absent, "policy", Health::fail, "policy.yaml");
  std::ofstream(folder.file("policy.yaml")) << "principals: []\n";
  Diagnoses empty;
  examine_policy(config(), empty);
  expect(empty, "policy", Health::warn, "nobody");
}

TEST_F(Doctor, ShowsOneLineACheck) {
  // Claim: a line for a person, an object for a script, faults on one line, nothing unescaped.
  Diagnoses diagnoses;
  diagnoses.ok("disk", "1 GiB free");
  diagnoses.fail("configuration",
                 Error{ErrorCode::configuration, "wrong", {{"a.yaml:1:2: grpc", "required \"x\""}}},
                 "mend it");
  EXPECT_EQ(to_line(diagnoses.all()[0]), "ok    disk: 1 GiB free");
  EXPECT_EQ(to_line(diagnoses.all()[1]),
            "FAIL  configuration: wrong; a.yaml:1:2: grpc: required \"x\" -> mend it");
  EXPECT_EQ(
      to_json(diagnoses.all()[1]),
      R"({"health":"fail","check":"configuration","text":"wrong; a.yaml:1:2: grpc: required \"x\"","todo":"mend it"})");
}

TEST_F(Doctor, LooksAtTheClockAndTheTimeZones) {
  // Claim: the clock is never FAIL by itself; a zone that is not installed is.
  Diagnoses clock;
  examine_clock(clock);
  EXPECT_NE(of(clock, "clock").health, Health::fail);
  Diagnoses zones;
  examine_time_zones(config(), zones);
  expect(zones, "time zone", Health::ok, "Europe/Paris");
  message.mutable_tenants(0)->set_time_zone("Mars/Base");
  Diagnoses absent;
  examine_time_zones(config(), absent);
  expect(absent, "time zone", Health::fail, "Mars/Base");
}

}  // namespace
}  // namespace psl
