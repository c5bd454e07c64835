#include "security/certificate.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <ctime>
#include <optional>

#include "gateway/base/bytes.h"
#include "gateway/base/hash.h"
#include "passerelle/v1/config.pb.h"
#include "security/crypto.h"
#include "security/files.h"

namespace psl {
namespace {

constexpr size_t pem_bytes_max = size_t{1} << 20;
constexpr size_t chain_length_max = 10;
// Of an authority file, which may hold a whole national list.
constexpr size_t authorities_max = 1000;
// 112 bits: RSA 2048, P-256, no SHA-1.
constexpr int security_level = 2;

using X509Ptr = std::unique_ptr<X509, decltype(&X509_free)>;
using BioPtr = std::unique_ptr<BIO, decltype(&BIO_free)>;
using PkeyPtr = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

Error configuration_error(std::string text) { return error_of(ErrorCode::configuration, std::move(text)); }

BioPtr memory_bio(std::string_view text) {
  return {BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), BIO_free};
}

// Without this OpenSSL would ask the terminal for a passphrase, and wait.
int no_passphrase(char*, int, int, void*) { return -1; }

Result<std::vector<X509Ptr>> parse_pem(std::string_view pem, size_t most) {
  if (pem.size() > pem_bytes_max) return configuration_error("certificates in PEM take at most 1 MiB");
  ERR_clear_error();
  const BioPtr bio = memory_bio(pem);
  std::vector<X509Ptr> out;
  while (bio) {
    X509Ptr one(PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr), X509_free);
    if (!one) break;
    if (out.size() == most)
      return configuration_error("there are more than " + std::to_string(most) + " certificates");
    out.push_back(std::move(one));
  }
  // The end of the text reads as "no more start line"; anything else is a certificate that is broken.
  const unsigned long last = ERR_peek_last_error();
  const bool at_end = ERR_GET_LIB(last) == ERR_LIB_PEM && ERR_GET_REASON(last) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (!bio || !at_end) return configuration_error("a certificate cannot be read");
  if (out.empty()) return configuration_error("there is no certificate in PEM");
  return out;
}

std::optional<Instant> instant_of(const ASN1_TIME* time) {
  std::tm utc{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &utc) != 1) return std::nullopt;
  return Instant{static_cast<int64_t>(timegm(&utc)) * 1000000};
}

// A text of a name; nothing when it has a zero byte, which C programs take for its end.
std::optional<std::string> text_of_name(const ASN1_STRING* value) {
  unsigned char* utf8 = nullptr;
  const int length = ASN1_STRING_to_UTF8(&utf8, value);
  if (length < 0) return std::nullopt;
  std::string out(reinterpret_cast<const char*>(utf8), static_cast<size_t>(length));
  OPENSSL_free(utf8);
  if (out.find('\0') != std::string::npos) return std::nullopt;
  return out;
}

bool read_common_name(X509* certificate, Certificate& out) {
  const X509_NAME* subject = X509_get_subject_name(certificate);
  const int first = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (first < 0 || X509_NAME_get_index_by_NID(subject, NID_commonName, first) >= 0) return true;
  const auto name = text_of_name(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, first)));
  if (!name) return false;
  out.common_name = *name;
  return true;
}

bool read_alternative_names(X509* certificate, Certificate& out) {
  int critical = 0;
  const std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, &critical, nullptr)),
      GENERAL_NAMES_free);
  if (!names) return critical == -1;  // absent; otherwise broken, or there twice
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    int type = 0;
    const void* value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names.get(), i), &type);
    if (type != GEN_DNS && type != GEN_URI) continue;
    std::optional<std::string> text = text_of_name(static_cast<const ASN1_STRING*>(value));
    if (!text) return false;
    if (type == GEN_URI) {
      out.uris.push_back(*std::move(text));
      continue;
    }
    std::transform(text->begin(), text->end(), text->begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    out.dns.push_back(*std::move(text));
  }
  return true;
}

Result<Certificate> describe(X509* certificate) {
  Certificate out;
  const std::optional<Instant> not_before = instant_of(X509_get0_notBefore(certificate));
  const std::optional<Instant> not_after = instant_of(X509_get0_notAfter(certificate));
  std::string der(static_cast<size_t>(std::max(0, i2d_X509(certificate, nullptr))), '\0');
  auto* end = reinterpret_cast<unsigned char*>(der.data());
  if (der.empty() || i2d_X509(certificate, &end) < 0 || !not_before || !not_after ||
      !read_common_name(certificate, out) || !read_alternative_names(certificate, out)) {
    return configuration_error("a certificate has a date or a name that cannot be read");
  }
  out.not_before = *not_before;
  out.not_after = *not_after;
  out.sha256 = to_hex(sha256(der));
  return out;
}

Error at_path(const std::string& path, const Error& error) {
  return error_of(error.code, path + ": " + error.text);
}

Result<std::vector<X509Ptr>> load_chain(const std::string& path, size_t most) {
  const Result<std::string> pem = read_small_file(path, pem_bytes_max, Readers::anyone);
  if (!pem) return pem.error();
  Result<std::vector<X509Ptr>> chain = parse_pem(*pem, most);
  if (!chain) return at_path(path, chain.error());
  return chain;
}

Status check_key_fits(std::string_view pem, X509* certificate) {
  ERR_clear_error();
  const BioPtr bio = memory_bio(pem);
  const PkeyPtr key(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr) : nullptr,
                    EVP_PKEY_free);
  if (!key) return configuration_error("is not a private key in PEM without passphrase");
  if (X509_check_private_key(certificate, key.get()) != 1)
    return configuration_error("is not the key of the certificate");
  return {};
}

Status check_key(const std::string& path, X509* certificate) {
  Result<std::string> pem = read_small_file(path, pem_bytes_max, Readers::owner_only);
  if (!pem) return pem.error();
  const Status fits = check_key_fits(*pem, certificate);
  wipe(*pem);
  return fits ? Status() : at_path(path, fits.error());
}

Result<TlsFacts> facts_of(const std::vector<X509Ptr>& chain, Instant now) {
  TlsFacts facts;
  for (const X509Ptr& one : chain) {
    Result<Certificate> described = describe(one.get());
    if (!described) return std::move(described).error();
    if (described->not_after < now)
      return configuration_error("has expired on " + to_rfc3339(described->not_after));
    if (described->not_before > now)
      return configuration_error("is not valid before " + to_rfc3339(described->not_before));
    const bool first = facts.own.sha256.empty();
    if (first || described->not_after < facts.expires_at) facts.expires_at = described->not_after;
    if (first) facts.own = *std::move(described);
  }
  return facts;
}

std::string refusal_text(int reason, int depth) {
  const std::string who = depth == 0 ? "the client certificate" : "an authority of the client certificate";
  switch (reason) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return who + " has expired";
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return who + " is not valid yet";
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
      return "the client certificate is not from an authority that this door accepts";
    case X509_V_ERR_INVALID_PURPOSE:
      return who + " is not made for a TLS client";
    default:
      return who + " is refused: " + X509_verify_cert_error_string(reason);
  }
}

}  // namespace

Result<std::vector<Certificate>> read_certificates(std::string_view pem) {
  const Result<std::vector<X509Ptr>> chain = parse_pem(pem, chain_length_max);
  if (!chain) return chain.error();
  std::vector<Certificate> out;
  for (const X509Ptr& one : *chain) {
    Result<Certificate> described = describe(one.get());
    if (!described) return std::move(described).error();
    out.push_back(*std::move(described));
  }
  return out;
}

Result<TlsFacts> check_tls_files(const v1::TlsIdentity& files, Instant now) {
  const Result<std::vector<X509Ptr>> chain = load_chain(files.certificate_file(), chain_length_max);
  if (!chain) return chain.error();
  Result<TlsFacts> facts = facts_of(*chain, now);
  if (!facts) return at_path(files.certificate_file(), facts.error());
  if (Status key = check_key(files.key_file(), chain->front().get()); !key) return std::move(key).error();
  // A page that everybody may open asks for no certificate.
  if (files.ca_file().empty()) return facts;
  if (Result<std::unique_ptr<Authorities>> accepted = Authorities::load(files.ca_file()); !accepted) {
    return std::move(accepted).error();
  }
  return facts;
}

Status check_pair(std::string_view chain_pem, std::string_view key_pem, Instant now) {
  const Result<std::vector<X509Ptr>> chain = parse_pem(chain_pem, chain_length_max);
  if (!chain) return chain.error();
  if (const Result<TlsFacts> facts = facts_of(*chain, now); !facts) {
    return configuration_error("the certificate " + facts.error().text);
  }
  const Status fits = check_key_fits(key_pem, chain->front().get());
  return fits ? Status() : configuration_error("the key " + fits.error().text);
}

struct Authorities::Store {
  std::unique_ptr<X509_STORE, decltype(&X509_STORE_free)> x509{X509_STORE_new(), X509_STORE_free};
};

Authorities::Authorities(std::unique_ptr<Store> store) : store_(std::move(store)) {}
Authorities::~Authorities() = default;

Result<std::unique_ptr<Authorities>> Authorities::load(const std::string& ca_file) {
  const Result<std::vector<X509Ptr>> accepted = load_chain(ca_file, authorities_max);
  if (!accepted) return accepted.error();
  auto store = std::make_unique<Store>();
  PSL_CHECK(store->x509 != nullptr);
  for (const X509Ptr& one : *accepted) {
    if (X509_check_ca(one.get()) != 1) {
      return configuration_error(ca_file + ": holds a certificate that is not an authority");
    }
    if (X509_STORE_add_cert(store->x509.get(), one.get()) != 1) {
      return configuration_error(ca_file + ": an authority cannot be used");
    }
  }
  return std::make_unique<Authorities>(std::move(store));
}

Status Authorities::verify_client(std::string_view chain_pem, Instant now) const {
  const Result<std::vector<X509Ptr>> chain = parse_pem(chain_pem, chain_length_max);
  if (!chain) return error_of(ErrorCode::no_principal, "the client certificate cannot be read");
  const std::unique_ptr<STACK_OF(X509), void (*)(STACK_OF(X509)*)> others(
      sk_X509_new_null(), [](STACK_OF(X509) * stack) { sk_X509_free(stack); });
  const std::unique_ptr<X509_STORE_CTX, decltype(&X509_STORE_CTX_free)> context(X509_STORE_CTX_new(),
                                                                                X509_STORE_CTX_free);
  bool ready = others && context;
  for (size_t i = 1; ready && i < chain->size(); ++i)
    ready = sk_X509_push(others.get(), (*chain)[i].get()) > 0;
  if (!ready ||
      X509_STORE_CTX_init(context.get(), store_->x509.get(), chain->front().get(), others.get()) != 1 ||
      X509_STORE_CTX_set_default(context.get(), "ssl_client") != 1) {
    return error_of(ErrorCode::crypto, "the client certificate could not be verified");
  }
  X509_VERIFY_PARAM* const rules = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_time(rules, static_cast<time_t>(now.us / 1000000));
  X509_VERIFY_PARAM_set_auth_level(rules, security_level);
  if (X509_verify_cert(context.get()) == 1) return {};
  return error_of(ErrorCode::no_principal, refusal_text(X509_STORE_CTX_get_error(context.get()),
                                                        X509_STORE_CTX_get_error_depth(context.get())));
}

}  // namespace psl
