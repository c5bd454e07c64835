// Replies to proposals, out of the mailbox to which they come.
#pragma once

#include <string>
#include <vector>

#include "gateway/core/adapter.h"
#include "gateway/net/imap.h"

namespace passerelle::v1 {
class MssantePartner;
}

namespace psl {

// One thread; probe() and stop() from any.
class ReplyBox {
 public:
  // Where the replies to `partner`'s mails are read. `configuration`, naming the field, when that is not
  // possible; `partner.imap` is there.
  static Result<ImapServer> server_of(const v1::MssantePartner& partner);

  // `own_domain`: of the Message-IDs of our mails. `env` outlives it.
  ReplyBox(ImapServer server, std::string own_domain, Env& env);

  // As Adapter::collect() and acknowledge(). Mails of more than 60 days are left alone: no proposal waits so
  // long, and a mailbox that existed before need not be read from its beginning.
  Result<std::vector<Inbound>> collect(int most, Instant deadline);
  Status acknowledge(const Inbound& inbound, Instant deadline);
  Status probe(Instant deadline) { return prober_.probe(deadline); }
  void stop();

 private:
  const std::string own_domain_;
  Env& env_;
  ImapReader reader_;
  ImapReader prober_;
};

}  // namespace psl
