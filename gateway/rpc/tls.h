// Server credentials whose client certificates are judged by us: gRPC's own refusal cannot say why.
#pragma once

#include <grpcpp/security/server_credentials.h>

#include <memory>
#include <string>

#include "gateway/rpc/grpc_door.h"

namespace psl {

// TLS 1.2 or later, with the chain and key of `pair_path` (one PEM file, looked at every second). A client
// must present a certificate and prove its key in the handshake; options.verify_client then accepts or ends
// the connection.
std::shared_ptr<grpc::ServerCredentials> server_credentials(const GrpcDoorOptions& options,
                                                            const std::string& pair_path);

}  // namespace psl
