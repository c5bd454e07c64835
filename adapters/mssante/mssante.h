// Documents by MSSanté: an IHE_XDM.zip and a readable PDF in a mail, submitted to an operator; and notices
// without document. MSSanté référentiel socle (ECO.2.*); ARCHITECTURE.md says what settles its outcomes.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "adapters/formats/calendar.h"
#include "adapters/formats/mime.h"
#include "adapters/mssante/collect.h"
#include "adapters/mssante/packed_documents.h"
#include "gateway/core/adapter.h"
#include "gateway/core/checked.h"
#include "gateway/net/smtp.h"

namespace passerelle::v1 {
class Config;
class MssantePartner;
}  // namespace passerelle::v1

namespace psl {

// Sending a letter twice gives two copies of one message, under one Message-ID: repeat safe.
// Message-ID: <delivery UUID>.<generation>@<domain of the sender's mailbox>.
class MssanteAdapter final : public Adapter {
 public:
  // What a configuration comes to, checked.
  struct Setup {
    AdapterInfo info;
    std::string mailbox;
    std::string name;
    std::string reply_to;
    std::string product;
    uint64_t message_bytes_max = 0;
    Environment environment = Environment::production;
    std::map<std::string, TimeZone, std::less<>> zones;
    SmtpServer server;
    // Where replies are read; nothing: nowhere.
    std::optional<ImapServer> replies;
  };

  // `partner` with its defaults filled in; of `config`: the environment, the product and the tenants' time
  // zones, which are read here once. `configuration` when one of them, or a mailbox, is wrong. `env` outlives
  // the adapter.
  static Result<std::unique_ptr<MssanteAdapter>> create(const v1::MssantePartner& partner,
                                                        const v1::Config& config, Env& env);
  MssanteAdapter(Setup setup, Env& env);

  const AdapterInfo& info() const noexcept override { return setup_.info; }
  bool carries(const v1::SubmitEventRequest& request, int recipient_index) const override;
  Result<std::string> address(const Dispatch& dispatch) const override;
  Result<Payload> wrap(const Dispatch& dispatch) const override;
  Result<std::vector<v1::Issue>> admit(const Dispatch& dispatch) const override;
  Outcome deliver(const Payload& payload, Instant deadline) override;
  Outcome lookup(const Payload& payload, Instant deadline) override;
  Result<std::vector<Inbound>> collect(int most, Instant deadline) override;
  Status acknowledge(const Inbound& inbound, Instant deadline) override;
  // Of the mailbox of the replies, too.
  Status probe(Instant deadline) override;
  void stop() override;

 private:
  struct Archive {
    Bytes zip;
    std::string pdf_name;
  };

  Result<const TimeZone*> zone_of(const Dispatch& dispatch) const;
  // What every mail of ours has above its parts.
  MailMessage begin_message(const Dispatch& dispatch, const TimeZone& zone, const std::string& to) const;
  // Without document.
  Result<std::string> write_notice(const Dispatch& dispatch, const TimeZone& zone,
                                   const std::string& to) const;
  Result<std::string> write_message(const Dispatch& dispatch, const TimeZone& zone, const std::string& to,
                                    const Archive& archive, bool with_pdf) const;
  // The message that fits, and what had to be left out of it.
  Result<Payload> fit_message(const Dispatch& dispatch, const TimeZone& zone, const std::string& to,
                              const Archive& archive) const;
  std::string message_id(const Uuid& delivery_id, int generation) const;

  const Setup setup_;
  SmtpSender sender_;
  std::optional<ReplyBox> replies_;
  mutable PackedDocuments packed_;
};

}  // namespace psl
