// A public key infrastructure for the demonstration, development and tests: never for real letters.
#pragma once

#include <string>

#include "gateway/base/env.h"
#include "gateway/base/result.h"

namespace psl {

struct Validity {
  Instant not_before;
  Instant not_after;
};

// Two years, from an hour before `now` (clocks differ).
Validity dev_validity(Instant now);

// In the existing folder `dir`, with ECDSA P-256 keys of mode 600:
//   ca.pem, ca.key                    the authority
//   gateway.pem, gateway.key          the gRPC door: localhost, 127.0.0.1
//   hopital.pem, hopital.key          a client: CN hopital-demo
//   mail.pem, mail.key                the mail host: localhost, 127.0.0.1
//   mail-client.pem, mail-client.key  the gateway at its partners: CN passerelle-demo
//   repository.pem, repository.key    the document repository and the tool (passerelle sandbox): localhost, 127.0.0.1
//   operateur.pem, operateur.key      a client: CN operateur-demo
//   tenant.key                        the key that seals the demonstration tenant's events
//   tool.key                          the secret that signs what the demonstration tool gets
// True: made. False: all of it was there already, and nothing was touched. `configuration` when a part is
// there: it is neither overwritten nor mixed with new keys.
Result<bool> make_dev_pki(const std::string& dir, Instant now);

// One more client of that authority: `dir`/`name`.pem and .key, CN and URI (urn:passerelle:client:`name`) by
// its name
// ([a-z0-9-], 1 to 40 characters). With another validity: an expired one, for tests.
Status issue_client(const std::string& dir, const std::string& name, Validity validity);

}  // namespace psl
