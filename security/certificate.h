// X.509 as the product meets it: what a certificate says, whether ours can be used, whether a client's may be
// trusted.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/env.h"
#include "gateway/base/result.h"

namespace passerelle::v1 {
class TlsIdentity;
}

namespace psl {

namespace v1 = passerelle::v1;

// What a certificate claims; who may be believed is another question (Authorities).
struct Certificate {
  // Empty when the subject has none, or more than one.
  std::string common_name;
  // Subject alternative names: DNS in lower case, URIs as written.
  std::vector<std::string> dns;
  std::vector<std::string> uris;
  Instant not_before;
  Instant not_after;
  // Lower-case hexadecimal SHA-256 of the DER.
  std::string sha256;
};

// 1 to 10 certificates in PEM, the peer's own first. `configuration` when there is none, or one cannot be
// read (a name with a zero byte inside is such a one: programs disagree on where it ends).
Result<std::vector<Certificate>> read_certificates(std::string_view pem);

struct TlsFacts {
  Certificate own;
  // The first of our chain to expire.
  Instant expires_at;
};

// Reads the three files and finds out, before a connection does, what is wrong: a file that is absent, a key
// that others can read or that does not fit its certificate, a certificate that has expired or is not valid
// yet, an authority file without authority. `configuration`, with the path.
// Without `ca_file`, the pair alone.
Result<TlsFacts> check_tls_files(const v1::TlsIdentity& files, Instant now);

// What check_tls_files() finds out of a certificate and its key, on their PEM texts. `configuration`, without a path.
Status check_pair(std::string_view chain_pem, std::string_view key_pem, Instant now);

// The authorities whose clients we accept. Immutable once loaded, so thread safe; a reload makes another one.
class Authorities {
  struct Store;

 public:
  explicit Authorities(std::unique_ptr<Store> store);
  static Result<std::unique_ptr<Authorities>> load(const std::string& ca_file);
  ~Authorities();
  Authorities(const Authorities&) = delete;
  Authorities& operator=(const Authorities&) = delete;

  // Whether a client's chain (PEM, its own certificate first) leads to one of them at `now` and may be used
  // by a TLS client. `no_principal`, with the reason: expired, not valid yet, of another authority, or not
  // made for clients. Keys under 112 bits of security (RSA below 2048) and SHA-1 are refused.
  Status verify_client(std::string_view chain_pem, Instant now) const;

 private:
  std::unique_ptr<Store> store_;
};

}  // namespace psl
