#include "security/certificate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "passerelle/v1/config.pb.h"
#include "security/dev_pki.h"
#include "security/keys.h"
#include "tests/support/temp_folder.h"

namespace psl {
namespace {

using testing::HasSubstr;

constexpr Instant now{1'800'000'000'000'000};
constexpr int64_t day_s = 24 * 3600;

std::string content(const std::string& path) {
  std::ostringstream out;
  out << std::ifstream(path, std::ios::binary).rdbuf();
  return out.str();
}

class DevPki : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(*make_dev_pki(folder_.path(), now), true); }
  std::string file(const std::string& name) { return folder_.file(name); }
  v1::TlsIdentity identity(const std::string& name) {
    v1::TlsIdentity files;
    files.set_certificate_file(file(name + ".pem"));
    files.set_key_file(file(name + ".key"));
    files.set_ca_file(file("ca.pem"));
    return files;
  }
  std::string tls_fault(const v1::TlsIdentity& files, Instant at = now) {
    const auto facts = check_tls_files(files, at);
    EXPECT_FALSE(facts.ok());
    if (facts.ok()) return {};
    EXPECT_EQ(facts.error().code, ErrorCode::configuration);
    return facts.error().text;
  }
  std::string client_fault(const std::string& pem, Instant at = now) {
    const Status status = (*Authorities::load(file("ca.pem")))->verify_client(pem, at);
    EXPECT_FALSE(status.ok());
    if (status.ok()) return {};
    EXPECT_EQ(status.error().code, ErrorCode::no_principal);
    return status.error().text;
  }
  TempFolder folder_;
};

TEST_F(DevPki, MakesEverythingOnceWithPrivateKeysPrivate) {
  // Claim: all files are there, keys with mode 600; a second call changes nothing; a part of a set is
  // refused.
  for (const char* name : {"ca", "gateway", "hopital", "operateur", "mail", "mail-client", "repository"}) {
    EXPECT_TRUE(std::filesystem::exists(file(std::string(name) + ".pem"))) << name;
    struct stat facts {};
    ASSERT_EQ(::stat(file(std::string(name) + ".key").c_str(), &facts), 0) << name;
    EXPECT_EQ(facts.st_mode & 0777u, 0600u) << name;
  }
  EXPECT_TRUE(load_key_file(file("tenant.key")).ok());
  const std::string before = content(file("gateway.pem"));
  EXPECT_EQ(*make_dev_pki(folder_.path(), now), false);
  EXPECT_EQ(content(file("gateway.pem")), before);
  std::filesystem::remove(file("mail.key"));
  const auto partial = make_dev_pki(folder_.path(), now);
  ASSERT_FALSE(partial.ok());
  EXPECT_EQ(partial.error().code, ErrorCode::configuration);
  EXPECT_THAT(partial.error().text, HasSubstr("but not mail.key"));
  EXPECT_FALSE(make_dev_pki(folder_.file("absent"), now).ok());
}

TEST_F(DevPki, SaysWhatEachCertificateIs) {
  // Claim: names, dates and hash are read as they were made.
  const auto door = read_certificates(content(file("gateway.pem")));
  ASSERT_TRUE(door.ok()) << door.error().describe();
  ASSERT_EQ(door->size(), 1u);
  EXPECT_THAT(door->front().dns, testing::ElementsAre("localhost"));
  EXPECT_EQ(door->front().not_before, now - seconds(3600));
  EXPECT_EQ(door->front().not_after, now + seconds(730 * day_s));
  EXPECT_EQ(door->front().sha256.size(), 64u);
  const auto client = read_certificates(content(file("hopital.pem")));
  EXPECT_EQ(client->front().common_name, "hopital-demo");
  EXPECT_THAT(client->front().uris, testing::ElementsAre("urn:passerelle:client:hopital-demo"));
  EXPECT_NE(client->front().sha256, door->front().sha256);
  const auto chain =
      read_certificates(content(file("hopital.pem")) + "text between\n" + content(file("ca.pem")));
  ASSERT_TRUE(chain.ok());
  EXPECT_EQ(chain->size(), 2u);
}

TEST_F(DevPki, RefusesWhatIsNoCertificate) {
  // Claim: an empty text, a key, a broken certificate, a chain too long, a text too big.
  EXPECT_THAT(read_certificates("").error().text, HasSubstr("no certificate"));
  EXPECT_THAT(read_certificates(content(file("hopital.key"))).error().text, HasSubstr("no certificate"));
  std::string broken = content(file("hopital.pem"));
  broken[200] = '!';
  EXPECT_THAT(read_certificates(broken).error().text, HasSubstr("cannot be read"));
  EXPECT_THAT(read_certificates(broken.substr(0, 300)).error().text, HasSubstr("cannot be read"));
  std::string many;
  for (int i = 0; i < 11; ++i) many += content(file("hopital.pem"));
  EXPECT_THAT(read_certificates(many).error().text, HasSubstr("more than 10"));
  EXPECT_THAT(read_certificates(std::string((1 << 20) + 1, ' ')).error().text, HasSubstr("1 MiB"));
}

TEST_F(DevPki, IssuesMoreClientsByNameOnly) {
  // Claim: a name makes a file, so only plain names are taken; a name is taken once.
  EXPECT_TRUE(issue_client(folder_.path(), "clinique-2", dev_validity(now)).ok());
  EXPECT_EQ(read_certificates(content(file("clinique-2.pem")))->front().common_name, "clinique-2");
  EXPECT_FALSE(issue_client(folder_.path(), "clinique-2", dev_validity(now)).ok());
  EXPECT_FALSE(issue_client(folder_.path(), "gateway", dev_validity(now)).ok());
  for (const char* name : {"", "../up", "a b", "A", "x,DNS:evil"}) {
    const Status status = issue_client(folder_.path(), name, dev_validity(now));
    ASSERT_FALSE(status.ok()) << name;
    EXPECT_EQ(status.error().code, ErrorCode::field_invalid) << name;
  }
  const TempFolder empty;
  EXPECT_FALSE(issue_client(empty.path(), "a", dev_validity(now)).ok());
}

TEST_F(DevPki, ItsTlsFilesCanBeUsed) {
  // Claim: good files give the certificate and the day on which it expires.
  for (const char* name : {"gateway", "mail", "mail-client", "hopital"}) {
    const auto facts = check_tls_files(identity(name), now);
    ASSERT_TRUE(facts.ok()) << facts.error().describe();
    EXPECT_EQ(facts->expires_at, now + seconds(730 * day_s));
  }
}

TEST_F(DevPki, SaysWhatIsWrongWithTlsFiles) {
  // Claim: each fault names its file, before any connection is tried.
  v1::TlsIdentity files = identity("gateway");
  EXPECT_THAT(tls_fault(files, now + seconds(731 * day_s)), HasSubstr("gateway.pem: has expired on 20"));
  EXPECT_THAT(tls_fault(files, now - seconds(day_s)), HasSubstr("gateway.pem: is not valid before 20"));
  files.set_key_file(file("mail.key"));
  EXPECT_THAT(tls_fault(files), HasSubstr("mail.key: is not the key of the certificate"));
  files.set_key_file(file("gateway.pem"));
  std::filesystem::permissions(file("gateway.pem"), std::filesystem::perms(0600));
  EXPECT_THAT(tls_fault(files), HasSubstr("gateway.pem: is not a private key"));
  files = identity("gateway");
  std::filesystem::permissions(file("gateway.key"), std::filesystem::perms(0644));
  EXPECT_THAT(tls_fault(files), HasSubstr("gateway.key: is a secret that group or others can reach"));
  std::filesystem::permissions(file("gateway.key"), std::filesystem::perms(0600));
  files.set_ca_file(file("absent.pem"));
  EXPECT_THAT(tls_fault(files), HasSubstr("absent.pem: No such file"));
  files.set_ca_file(file("mail.pem"));
  EXPECT_THAT(tls_fault(files), HasSubstr("mail.pem: holds a certificate that is not an authority"));
  files.set_certificate_file(file("tenant.key"));
  EXPECT_THAT(tls_fault(files), HasSubstr("tenant.key: there is no certificate"));
}

TEST_F(DevPki, NeedsNoAuthorityWhereNobodyIsAsked) {
  // Claim: without `ca_file` the pair alone is checked: what a page shows to browsers.
  v1::TlsIdentity files = identity("gateway");
  files.clear_ca_file();
  EXPECT_TRUE(check_tls_files(files, now).ok());
}

TEST_F(DevPki, AKeyWithAPassphraseIsRefusedAndNotAskedFor) {
  // Claim: a key that would need a person at the terminal is an error at once.
  v1::TlsIdentity files = identity("gateway");
  std::string key = content(file("gateway.key"));
  const std::string header =
      "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,"
      "00112233445566778899AABBCCDDEEFF\n\nAAAA\n-----END EC PRIVATE KEY-----\n";
  std::ofstream(file("locked.key")) << header;
  std::filesystem::permissions(file("locked.key"), std::filesystem::perms(0600));
  files.set_key_file(file("locked.key"));
  EXPECT_THAT(tls_fault(files), HasSubstr("without passphrase"));
}

TEST_F(DevPki, AcceptsItsOwnClients) {
  // Claim: a client of our authority is accepted at any moment of its validity, with or without the chain.
  const auto ours = *Authorities::load(file("ca.pem"));
  const std::string pem = content(file("hopital.pem"));
  EXPECT_TRUE(ours->verify_client(pem, now).ok());
  EXPECT_TRUE(ours->verify_client(pem, now + seconds(729 * day_s)).ok());
  EXPECT_TRUE(ours->verify_client(pem + content(file("ca.pem")), now).ok());
}

TEST_F(DevPki, SaysWhyAClientIsRefused) {
  // Claim: expired, not valid yet, of another authority, not made for clients, unreadable: each has its own
  // words.
  const std::string pem = content(file("hopital.pem"));
  EXPECT_EQ(client_fault(pem, now - seconds(day_s)),
            "an authority of the client certificate is not valid yet");
  ASSERT_TRUE(issue_client(folder_.path(), "old", {now - seconds(1800), now - seconds(60)}).ok());
  EXPECT_EQ(client_fault(content(file("old.pem"))), "the client certificate has expired");
  ASSERT_TRUE(issue_client(folder_.path(), "early", {now + seconds(60), now + seconds(day_s)}).ok());
  EXPECT_EQ(client_fault(content(file("early.pem"))), "the client certificate is not valid yet");
  EXPECT_THAT(client_fault(pem, now + seconds(731 * day_s)), HasSubstr("has expired"));
  EXPECT_EQ(client_fault(content(file("mail.pem"))), "the client certificate is not made for a TLS client");
  EXPECT_EQ(client_fault("nonsense"), "the client certificate cannot be read");
  const TempFolder other;
  ASSERT_TRUE(make_dev_pki(other.path(), now).ok());
  const std::string stranger = "the client certificate is not from an authority that this door accepts";
  EXPECT_EQ(client_fault(content(other.file("hopital.pem"))), stranger);
  EXPECT_EQ(client_fault(content(other.file("hopital.pem")) + content(other.file("ca.pem"))), stranger);
}

// A self-signed certificate with these common names and one alternative DNS name, as no honest authority
// makes them.
std::string odd_certificate(const std::vector<std::string>& common_names, const std::string& dns) {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  const std::unique_ptr<X509, decltype(&X509_free)> made(X509_new(), X509_free);
  X509_set_version(made.get(), X509_VERSION_3);
  X509_set_pubkey(made.get(), key.get());
  ASN1_TIME_set(X509_getm_notBefore(made.get()), now.us / 1000000);
  ASN1_TIME_set(X509_getm_notAfter(made.get()), now.us / 1000000 + day_s);
  for (const std::string& name : common_names) {
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(name.data()),
                               static_cast<int>(name.size()), -1, 0);
  }
  const std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)> names(GENERAL_NAMES_new(),
                                                                            GENERAL_NAMES_free);
  GENERAL_NAME* const name = GENERAL_NAME_new();
  ASN1_IA5STRING* const value = ASN1_IA5STRING_new();
  ASN1_STRING_set(value, dns.data(), static_cast<int>(dns.size()));
  GENERAL_NAME_set0_value(name, GEN_DNS, value);
  sk_GENERAL_NAME_push(names.get(), name);
  X509_add1_ext_i2d(made.get(), NID_subject_alt_name, names.get(), 0, X509V3_ADD_DEFAULT);
  X509_sign(made.get(), key.get(), EVP_sha256());
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), BIO_free);
  PEM_write_bio_X509(bio.get(), made.get());
  char* data = nullptr;
  const long length = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<size_t>(length)};
}

TEST(Certificate, RefusesNamesThatProgramsReadDifferently) {
  // Claim: a zero byte inside a name makes the certificate unreadable; of two common names none counts; DNS
  // is lowered.
  using std::string_literals::operator""s;
  const auto plain = read_certificates(odd_certificate({"one"}, "GW.Example"));
  ASSERT_TRUE(plain.ok()) << plain.error().describe();
  EXPECT_EQ(plain->front().common_name, "one");
  EXPECT_THAT(plain->front().dns, testing::ElementsAre("gw.example"));
  EXPECT_EQ(read_certificates(odd_certificate({"one", "two"}, "x"))->front().common_name, "");
  EXPECT_THAT(read_certificates(odd_certificate({"one"}, "good.example\0.evil.example"s)).error().text,
              HasSubstr("cannot be read"));
  EXPECT_THAT(read_certificates(odd_certificate({"one\0two"s}, "x")).error().text,
              HasSubstr("cannot be read"));
}

TEST(Authorities, AreReadFromAFileOfAuthorities) {
  // Claim: an absent file, or one without certificate, gives no door at all.
  const TempFolder folder;
  EXPECT_THAT(Authorities::load(folder.file("absent")).error().text, HasSubstr("absent: No such file"));
  std::ofstream(folder.file("empty")) << "\n";
  EXPECT_THAT(Authorities::load(folder.file("empty")).error().text,
              HasSubstr("empty: there is no certificate"));
}

}  // namespace
}  // namespace psl
