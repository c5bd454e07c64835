#include "gateway/rpc/tls.h"

#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_certificate_verifier.h>
#include <grpcpp/security/tls_credentials_options.h>

#include <string>
#include <utility>

namespace psl {
namespace {

namespace tls = grpc::experimental;

constexpr unsigned pair_looked_at_every_s = 1;

class ClientVerifier final : public tls::ExternalCertificateVerifier {
 public:
  explicit ClientVerifier(std::function<Status(std::string_view)> verify) : verify_(std::move(verify)) {}

  // Answers at once, on the handshake's thread: true means that `sync_status` holds the answer.
  bool Verify(tls::TlsCustomVerificationCheckRequest* request, std::function<void(grpc::Status)>,
              grpc::Status* sync_status) override {
    const grpc::string_ref leaf = request->peer_cert();
    const grpc::string_ref others = request->peer_cert_full_chain();
    // OpenSSL leaves the leaf out of a client's chain; a leaf that comes twice does no harm.
    std::string pem(leaf.data(), leaf.size());
    pem.append(others.data(), others.size());
    *sync_status = verify_(pem).ok()
                       ? grpc::Status::OK
                       : grpc::Status(grpc::StatusCode::UNAUTHENTICATED, "client certificate refused");
    return true;
  }
  void Cancel(tls::TlsCustomVerificationCheckRequest*) override {}

 private:
  const std::function<Status(std::string_view)> verify_;
};

}  // namespace

std::shared_ptr<grpc::ServerCredentials> server_credentials(const GrpcDoorOptions& options,
                                                            const std::string& pair_path) {
  tls::TlsServerCredentialsOptions credentials(
      std::make_shared<tls::FileWatcherCertificateProvider>(pair_path, pair_path, pair_looked_at_every_s));
  credentials.watch_identity_key_cert_pairs();
  // OpenSSL still demands a certificate and checks the proof of its key; only the judgement of the chain is
  // ours.
  credentials.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_BUT_DONT_VERIFY);
  credentials.set_certificate_verifier(
      tls::ExternalCertificateVerifier::Create<ClientVerifier>(options.verify_client));
  credentials.set_check_call_host(false);
  return tls::TlsServerCredentials(credentials);
}

}  // namespace psl
