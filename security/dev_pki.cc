#include "security/dev_pki.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "security/crypto.h"
#include "security/files.h"
#include "security/keys.h"

namespace psl {
namespace {

constexpr int64_t hour_s = 3600;
constexpr int64_t two_years_s = 730 * 24 * hour_s;
constexpr size_t pki_file_bytes_max = 64 * 1024;

using KeyPtr = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using CertificatePtr = std::unique_ptr<X509, decltype(&X509_free)>;
using TextBio = std::unique_ptr<BIO, decltype(&BIO_free)>;

struct Extension {
  int nid;
  std::string value;
};

struct Signer {
  KeyPtr key;
  CertificatePtr certificate;
};

// What to make: `file`.pem and `file`.key.
struct Wanted {
  std::string file;
  std::string common_name;
  std::vector<Extension> extensions;
};

Error pki_error(std::string_view what) {
  ERR_clear_error();
  return error_of(ErrorCode::crypto, "development PKI: " + std::string(what) + " failed");
}

Wanted authority() {
  return {"ca",
          "Passerelle development authority",
          {{NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
           {NID_key_usage, "critical,keyCertSign,cRLSign"}}};
}

Wanted server(std::string file, std::string common_name) {
  return {std::move(file),
          std::move(common_name),
          {{NID_basic_constraints, "critical,CA:FALSE"},
           {NID_key_usage, "critical,digitalSignature"},
           {NID_ext_key_usage, "serverAuth"},
           {NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1"}}};
}

Wanted client(std::string file, const std::string& common_name) {
  return {std::move(file),
          common_name,
          {{NID_basic_constraints, "critical,CA:FALSE"},
           {NID_key_usage, "critical,digitalSignature"},
           {NID_ext_key_usage, "clientAuth"},
           {NID_subject_alt_name, "URI:urn:passerelle:client:" + common_name}}};
}

std::string pem_of(const std::function<bool(BIO*)>& write) {
  const TextBio bio(BIO_new(BIO_s_mem()), BIO_free);
  if (!bio || !write(bio.get())) return {};
  char* data = nullptr;
  const long length = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<size_t>(length)};
}

bool set_subject(X509* certificate, const std::string& common_name) {
  X509_NAME* const name = X509_get_subject_name(certificate);
  const auto* text = reinterpret_cast<const unsigned char*>(common_name.data());
  return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, text, static_cast<int>(common_name.size()), -1,
                                    0) == 1;
}

// 127 random bits: positive, and never met twice.
bool set_serial(X509* certificate) {
  const std::unique_ptr<BIGNUM, decltype(&BN_free)> number(BN_new(), BN_free);
  return number && BN_rand(number.get(), 127, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
         BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool set_validity(X509* certificate, Validity validity) {
  const auto set = [](ASN1_TIME* field, Instant at) {
    return ASN1_TIME_set(field, static_cast<time_t>(at.us / 1000000)) != nullptr;
  };
  return set(X509_getm_notBefore(certificate), validity.not_before) &&
         set(X509_getm_notAfter(certificate), validity.not_after);
}

bool add_extension(X509* certificate, X509V3_CTX* context, const Extension& wanted) {
  const std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> extension(
      X509V3_EXT_conf_nid(nullptr, context, wanted.nid, wanted.value.c_str()), X509_EXTENSION_free);
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

// Signed by `signer`, or by itself when that is null.
CertificatePtr make_certificate(const Wanted& wanted, EVP_PKEY* key, const Signer* signer,
                                Validity validity) {
  CertificatePtr certificate(X509_new(), X509_free);
  X509* const subject = certificate.get();
  if (!certificate || X509_set_version(subject, X509_VERSION_3) != 1 || !set_serial(subject) ||
      !set_subject(subject, wanted.common_name) || !set_validity(subject, validity) ||
      X509_set_pubkey(subject, key) != 1) {
    return {nullptr, X509_free};
  }
  X509* const issuer = signer ? signer->certificate.get() : subject;
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, subject, nullptr, nullptr, 0);
  bool good = X509_set_issuer_name(subject, X509_get_subject_name(issuer)) == 1;
  for (const Extension& extension : wanted.extensions)
    good = good && add_extension(subject, &context, extension);
  good = good && add_extension(subject, &context, {NID_subject_key_identifier, "hash"}) &&
         add_extension(subject, &context, {NID_authority_key_identifier, "keyid"}) &&
         X509_sign(subject, signer ? signer->key.get() : key, EVP_sha256()) > 0;
  if (!good) return {nullptr, X509_free};
  return certificate;
}

// Makes a pair and writes its two files.
Result<Signer> issue(const std::string& dir, const Wanted& wanted, const Signer* signer, Validity validity) {
  ERR_clear_error();
  Signer made{{EVP_EC_gen("P-256"), EVP_PKEY_free}, {nullptr, X509_free}};
  if (!made.key) return pki_error("making a key");
  made.certificate = make_certificate(wanted, made.key.get(), signer, validity);
  if (!made.certificate) return pki_error("making a certificate");
  const std::string certificate_pem =
      pem_of([&](BIO* bio) { return PEM_write_bio_X509(bio, made.certificate.get()) == 1; });
  std::string key_pem = pem_of([&](BIO* bio) {
    return PEM_write_bio_PrivateKey(bio, made.key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1;
  });
  if (certificate_pem.empty() || key_pem.empty()) return pki_error("writing PEM");
  Status written = write_new_file(dir + "/" + wanted.file + ".key", key_pem, Readers::owner_only);
  wipe(key_pem);
  if (written) written = write_new_file(dir + "/" + wanted.file + ".pem", certificate_pem, Readers::anyone);
  if (!written) return std::move(written).error();
  return made;
}

Result<Signer> load_authority(const std::string& dir) {
  const Result<std::string> certificate =
      read_small_file(dir + "/ca.pem", pki_file_bytes_max, Readers::anyone);
  if (!certificate) return certificate.error();
  Result<std::string> key = read_small_file(dir + "/ca.key", pki_file_bytes_max, Readers::owner_only);
  if (!key) return key.error();
  const auto read = [](const std::string& text) {
    return TextBio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), BIO_free);
  };
  const auto no_prompt = [](char*, int, int, void*) { return -1; };
  ERR_clear_error();
  Signer signer{{PEM_read_bio_PrivateKey(read(*key).get(), nullptr, no_prompt, nullptr), EVP_PKEY_free},
                {PEM_read_bio_X509(read(*certificate).get(), nullptr, no_prompt, nullptr), X509_free}};
  wipe(*key);
  if (!signer.key || !signer.certificate) return pki_error("reading " + dir + "/ca.pem and ca.key");
  return signer;
}

bool file_is_there(const std::string& path) {
  struct stat facts {};
  return ::lstat(path.c_str(), &facts) == 0;
}

bool client_name_ok(std::string_view name) {
  return !name.empty() && name.size() <= 40 &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
}

}  // namespace

Validity dev_validity(Instant now) { return {now - seconds(hour_s), now + seconds(two_years_s)}; }

Result<bool> make_dev_pki(const std::string& dir, Instant now) {
  const std::vector<Wanted> leaves = {server("gateway", "localhost"), client("hopital", "hopital-demo"),
                                      client("operateur", "operateur-demo"), server("mail", "localhost"),
                                      client("mail-client", "passerelle-demo"),
                                      server("repository", "localhost")};
  const std::vector<std::string> keys = {"tenant.key", "tool.key"};
  std::vector<std::string> names = {"ca.pem", "ca.key"};
  names.insert(names.end(), keys.begin(), keys.end());
  for (const Wanted& leaf : leaves) {
    names.push_back(leaf.file + ".pem");
    names.push_back(leaf.file + ".key");
  }
  std::string present;
  std::string absent;
  for (const std::string& name : names) (file_is_there(dir + "/" + name) ? present : absent) += " " + name;
  if (absent.empty()) return false;
  if (!present.empty()) {
    return error_of(ErrorCode::configuration,
                    dir + ": has" + present + " but not" + absent +
                        "; nothing is overwritten: choose another folder, or empty this one");
  }
  const Validity validity = dev_validity(now);
  const Result<Signer> signer = issue(dir, authority(), nullptr, validity);
  if (!signer) return signer.error();
  for (const Wanted& leaf : leaves) {
    if (Result<Signer> made = issue(dir, leaf, &*signer, validity); !made) return std::move(made).error();
  }
  for (const std::string& key : keys) {
    if (Status made = new_key_file(dir + "/" + key); !made) return std::move(made).error();
  }
  return true;
}

Status issue_client(const std::string& dir, const std::string& name, Validity validity) {
  if (!client_name_ok(name)) return field_error("name", "must be 1 to 40 characters of a-z, 0-9 and hyphen");
  const Result<Signer> signer = load_authority(dir);
  if (!signer) return signer.error();
  if (Result<Signer> made = issue(dir, client(name, name), &*signer, validity); !made)
    return std::move(made).error();
  return {};
}

}  // namespace psl
