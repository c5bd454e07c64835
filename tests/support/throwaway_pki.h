// Certificates that live as long as a test.
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "gateway/base/result.h"

namespace psl::test {

struct CertificateFiles {
  std::string certificate;
  std::string key;
};

// A folder with an authority, and the certificates that it signs. EC P-256: quick to make.
class ThrowawayPki {
 public:
  ThrowawayPki() {
    std::string pattern = (std::filesystem::temp_directory_path() / "psl-pki-XXXXXX").string();
    PSL_CHECK(mkdtemp(pattern.data()) != nullptr);
    folder_ = pattern;
    authority_key_ = make_key();
    authority_ = make_certificate("Test authority of " + folder_, "", authority_key_.get(), nullptr,
                                  authority_key_.get(), -3600, 86400);
    ca_file = write("ca.pem", authority_.get(), nullptr);
  }
  ~ThrowawayPki() { std::filesystem::remove_all(folder_); }

  // Valid from `from_s` to `to_s`, in seconds from now.
  CertificateFiles issue(const std::string& name, const std::string& host, long from_s = -3600,
                         long to_s = 86400) {
    const Key key = make_key();
    const Certificate made =
        make_certificate(name, host, key.get(), authority_.get(), authority_key_.get(), from_s, to_s);
    CertificateFiles files;
    files.certificate = write(name + ".pem", made.get(), nullptr);
    files.key = write(name + ".key", nullptr, key.get());
    return files;
  }

  std::string ca_file;

 private:
  struct Free {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(X509* certificate) const { X509_free(certificate); }
    void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  using Key = std::unique_ptr<EVP_PKEY, Free>;
  using Certificate = std::unique_ptr<X509, Free>;

  static Key make_key() {
    Key key(EVP_EC_gen("P-256"));
    PSL_CHECK(key != nullptr);
    return key;
  }

  static void extend(X509* certificate, int nid, const std::string& value) {
    const std::unique_ptr<X509_EXTENSION, Free> made(
        X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str()));
    PSL_CHECK(made != nullptr);
    PSL_CHECK(X509_add_ext(certificate, made.get(), -1) == 1);
  }

  static Certificate make_certificate(const std::string& name, const std::string& host, EVP_PKEY* key,
                                      X509* issuer, EVP_PKEY* signer, long from_s, long to_s) {
    Certificate made(X509_new());
    static long serial = 1;
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), serial++);
    X509_set_version(made.get(), 2);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), from_s);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), to_s);
    X509_set_pubkey(made.get(), key);
    X509_NAME* subject = X509_get_subject_name(made.get());
    std::vector<unsigned char> bytes(name.begin(), name.end());
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, bytes.data(), static_cast<int>(bytes.size()), -1,
                               0);
    X509_set_issuer_name(made.get(), issuer == nullptr ? subject : X509_get_subject_name(issuer));
    extend(made.get(), NID_basic_constraints, issuer == nullptr ? "critical,CA:TRUE" : "CA:FALSE");
    if (!host.empty()) extend(made.get(), NID_subject_alt_name, host);
    PSL_CHECK(X509_sign(made.get(), signer, EVP_sha256()) > 0);
    return made;
  }

  std::string write(const std::string& name, X509* certificate, EVP_PKEY* key) const {
    const std::string path = folder_ + "/" + name;
    const std::unique_ptr<std::FILE, Free> file(std::fopen(path.c_str(), "w"));
    PSL_CHECK(file != nullptr);
    if (certificate != nullptr) PEM_write_X509(file.get(), certificate);
    std::filesystem::permissions(path,
                                 std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    if (key != nullptr) PEM_write_PrivateKey(file.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
    return path;
  }

  std::string folder_;
  Key authority_key_;
  Certificate authority_;
};

}  // namespace psl::test
