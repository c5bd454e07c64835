// A partner's server as the configuration gives it: the kinds of partners that speak HTTPS have these fields
// in common.
#pragma once

#include <string>

#include "gateway/net/https.h"
#include "passerelle/v1/config.pb.h"

namespace psl {

// A RepositoryPartner or a WebhookPartner. What it leaves out keeps the default of HttpsServer.
template <typename Partner>
HttpsServer https_server_of(const Partner& partner, const std::string& url) {
  const auto set = [](Span& to, const google::protobuf::Duration& span) {
    const Span given{span.seconds() * 1'000'000 + span.nanos() / 1000};
    if (given.us > 0) to = given;
  };
  HttpsServer server;
  server.base_url = url;
  server.certificate_file = partner.tls().certificate_file();
  server.key_file = partner.tls().key_file();
  server.ca_file = partner.tls().ca_file();
  if (partner.concurrency() != 0) server.connections = static_cast<int>(partner.concurrency());
  set(server.connect_timeout, partner.connect_timeout());
  set(server.delivery_timeout, partner.delivery_timeout());
  return server;
}

}  // namespace psl
