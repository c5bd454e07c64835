#include "adapters/mssante/mssante.h"

#include <array>

#include "adapters/formats/check/mail_check.h"
#include "adapters/formats/document_office.h"
#include "adapters/formats/mime.h"
#include "adapters/formats/text.h"
#include "adapters/formats/xdm.h"
#include "adapters/mssante/mail_rules.h"
#include "adapters/mssante/mail_text.h"
#include "adapters/mssante/notice_text.h"
#include "gateway/base/hash.h"
#include "passerelle/internal/v1/stored.pb.h"
#include "passerelle/v1/config.pb.h"
#include "passerelle/v1/delivery.pb.h"
#include "passerelle/v1/gateway.pb.h"

namespace psl {
namespace {

constexpr uint64_t default_message_bytes_max =
    25'000'000;  // of Mon espace santé, the smallest that is published
// Headers and body of ours: names of at most a few hundred characters each.
constexpr uint64_t mail_text_bytes_max = 8192;

const v1::Recipient& recipient_of(const Dispatch& dispatch) {
  return dispatch.request.event().recipients(dispatch.recipient_index);
}

Span span_or(const google::protobuf::Duration& span, Span otherwise) {
  const Span given{span.seconds() * 1000000 + span.nanos() / 1000};
  return given.us > 0 ? given : otherwise;
}

SmtpServer server_of(const v1::MssantePartner& partner, std::string_view domain) {
  SmtpServer server;
  server.host = partner.host();
  if (partner.port() != 0) server.port = static_cast<uint16_t>(partner.port());
  server.certificate_file = partner.tls().certificate_file();
  server.key_file = partner.tls().key_file();
  server.ca_file = partner.tls().ca_file();
  server.hello_name = domain;
  if (partner.concurrency() != 0) server.connections = static_cast<int>(partner.concurrency());
  server.connect_timeout = span_or(partner.connect_timeout(), server.connect_timeout);
  server.delivery_timeout = span_or(partner.delivery_timeout(), server.delivery_timeout);
  return server;
}

XdmInput xdm_input(const Dispatch& dispatch, const TimeZone& zone) {
  const v1::CoordinationEvent& event = dispatch.request.event();
  return {dispatch.header,      view(dispatch.document.cda), event.source(), event.visibility(),
          dispatch.delivery_id, dispatch.dated_at,           zone,           PSL_VERSION};
}

v1::Issue issue(v1::Issue::Level level, const char* code, const std::string& path, const char* text,
                const char* text_fr) {
  v1::Issue made;
  made.set_level(level);
  made.set_code(code);
  made.set_path(path);
  made.set_text(text);
  made.set_text_fr(text_fr);
  return made;
}

v1::Issue readable_copy_left_out(const std::string& path) {
  return issue(
      v1::Issue::LEVEL_WARNING, "READABLE_COPY_LEFT_OUT", path,
      "the PDF beside the archive was left out: the mail would be above the partner's size limit with it",
      "Le PDF n'est pas joint : avec lui, le message dépasserait la taille acceptée par la messagerie.");
}

MailHead head_of(const MailMessage& mail) {
  MailHead head;
  head.from = mail.from.mailbox;
  for (const MailAddress& each : mail.to) head.to.push_back(each.mailbox);
  head.subject = one_line(mail.subject);
  head.message_id = mail.message_id;
  head.dated = !mail.date.empty();
  head.headers = mail.headers;
  return head;
}

// The headers against the document before anything leaves: a mail that announces what it does not carry, or
// goes to another patient, becomes a task for a person.
Status check_own_mail(const MailMessage& mail, const Dispatch& dispatch, Environment environment) {
  const v1::Visibility& flags = dispatch.request.event().visibility();
  const MailDocuments documents = {{&dispatch.header},
                                   {flags.hidden_from_professionals(), flags.hidden_from_patient()}};
  std::vector<v1::Issue> issues;
  check_mail_head(head_of(mail), {}, documents, environment, issues);
  return fault_of_ours("mail", issues);
}

// The candidate's own proposal, in the conversation of which a notice is the next message; null when there is
// none.
const stored::Proposal* proposal_told(const Dispatch& dispatch) {
  const v1::Recipient& told = recipient_of(dispatch);
  const auto mailbox_of = [](const v1::Recipient& each) {
    return each.has_person() ? each.person().mailbox() : each.structure().mailbox();
  };
  const stored::OrientationCase& state = dispatch.care.orientation();
  if (telling_of(dispatch) == stored::TELLING_REDUCED) return nullptr;
  for (const stored::Proposal& each : state.proposals()) {
    const int index = each.recipient_index();
    if (index >= 0 && index < state.event().recipients_size() &&
        same_ignoring_case(mailbox_of(state.event().recipients(index)), mailbox_of(told)))
      return &each;
  }
  return nullptr;
}

Status check_document_there(const Dispatch& dispatch) {
  if (dispatch.document.cda || is_notice(telling_of(dispatch))) return {};
  return field_error(recipient_path(dispatch.recipient_index), "an event that has a document expected");
}

Error too_large(const Dispatch& dispatch, uint64_t most) {
  return field_error(recipient_path(dispatch.recipient_index),
                     "the mail would be above " + std::to_string(most) + " bytes: send a smaller document");
}

}  // namespace

Result<std::unique_ptr<MssanteAdapter>> MssanteAdapter::create(const v1::MssantePartner& partner,
                                                               const v1::Config& config, Env& env) {
  const auto wrong = [&](const std::string& what) {
    return error_of(ErrorCode::configuration, "mssante partner " + partner.name() + ": " + what);
  };
  const auto mailbox = Mailbox::parse(partner.sender_mailbox());
  if (!mailbox.ok()) return wrong("sender_mailbox: a mailbox expected");
  const auto reply_to =
      Mailbox::parse(partner.reply_to().empty() ? partner.sender_mailbox() : partner.reply_to());
  if (!reply_to.ok()) return wrong("reply_to: a mailbox expected");
  Setup setup;
  for (const v1::Tenant& tenant : config.tenants()) {
    const std::string_view name = time_zone_of(tenant);
    auto zone = TimeZone::load(name);
    if (!zone.ok()) return std::move(zone).error();
    setup.zones.insert_or_assign(std::string(name), std::move(*zone));
  }
  setup.mailbox = mailbox->reveal();
  setup.name = partner.sender_name();
  setup.reply_to = reply_to->reveal();
  setup.product = config.product().nil().empty() ? "PASSERELLE" : config.product().nil();
  setup.message_bytes_max =
      partner.message_bytes_max() == 0 ? default_message_bytes_max : partner.message_bytes_max();
  setup.environment = config.environment() == v1::Config::TEST ? Environment::test : Environment::production;
  setup.server = server_of(partner, mailbox->domain());
  setup.info = {partner.name(), "mssante", setup.server.connections, true, false};
  if (partner.has_imap()) {
    auto replies = ReplyBox::server_of(partner);
    if (!replies.ok()) return wrong(replies.error().text);
    setup.replies = std::move(*replies);
    setup.info.collects = true;
  }
  return std::make_unique<MssanteAdapter>(std::move(setup), env);
}

MssanteAdapter::MssanteAdapter(Setup setup, Env& env)
    : setup_(std::move(setup)), sender_(setup_.server, env) {
  if (setup_.replies)
    replies_.emplace(*setup_.replies, setup_.mailbox.substr(setup_.mailbox.find('@') + 1), env);
}

bool MssanteAdapter::carries(const v1::SubmitEventRequest& request, int recipient_index) const {
  if (recipient_index < 0 || recipient_index >= request.event().recipients_size()) return false;
  const v1::Recipient& recipient = request.event().recipients(recipient_index);
  if (recipient.has_person()) return !recipient.person().mailbox().empty();
  if (recipient.has_structure()) return !recipient.structure().mailbox().empty();
  return recipient.has_patient();
}

Result<std::string> MssanteAdapter::address(const Dispatch& dispatch) const {
  const v1::Recipient& recipient = recipient_of(dispatch);
  const std::string path = recipient_path(dispatch.recipient_index);
  if (recipient.has_patient()) {
    if (!ins_is_qualified(dispatch.header.patient(), setup_.environment))
      return field_error(path + ".patient", "needs a patient with a qualified INS and its five traits");
    const auto mailbox =
        Mailbox::parse(dispatch.header.patient().ins().matricule() + "@" + std::string(patient_domain));
    PSL_CHECK(mailbox.ok());  // a checked matricule is fifteen letters and digits
    return mailbox->reveal();
  }
  const bool person = recipient.has_person();
  const auto mailbox =
      Mailbox::parse(person ? recipient.person().mailbox() : recipient.structure().mailbox());
  if (!mailbox.ok())
    return field_error(path + (person ? ".person" : ".structure") + ".mailbox", "a mailbox expected");
  return mailbox->reveal();
}

Result<const TimeZone*> MssanteAdapter::zone_of(const Dispatch& dispatch) const {
  const auto found = setup_.zones.find(time_zone_of(dispatch.tenant));
  if (found == setup_.zones.end())
    return error_of(ErrorCode::configuration, "the tenant's time zone was not loaded");
  return &found->second;
}

std::string MssanteAdapter::message_id(const Uuid& delivery_id, int generation) const {
  const std::string domain = setup_.mailbox.substr(setup_.mailbox.find('@') + 1);
  return delivery_id.text() + "." + std::to_string(generation) + "@" + domain;
}

MailMessage MssanteAdapter::begin_message(const Dispatch& dispatch, const TimeZone& zone,
                                          const std::string& to) const {
  MailMessage mail;
  mail.from = {setup_.name, setup_.mailbox};
  mail.to = {{"", to}};
  mail.reply_to = {{"", setup_.reply_to}};
  mail.date = mail_date(dispatch.dated_at, zone);
  mail.message_id = message_id(dispatch.delivery_id, dispatch.generation);
  mail.boundary = to_hex(sha256_of_parts({"boundary", mail.message_id}).substr(0, 16));
  // A receiver answers with a receipt only when this equals the return path (V2LPS struct-msg-mdn).
  mail.headers.emplace_back("Disposition-Notification-To", setup_.mailbox);
  return mail;
}

Result<std::string> MssanteAdapter::write_notice(const Dispatch& dispatch, const TimeZone& zone,
                                                 const std::string& to) const {
  MailMessage mail = begin_message(dispatch, zone, to);
  NoticeText notice = notice_text(dispatch, zone);
  mail.subject = std::move(notice.subject);
  mail.text = std::move(notice.body);
  // RFC 3834 section 5: no absent person's program answers what no person asked it.
  mail.headers.emplace_back("Auto-Submitted", "auto-generated");
  if (const stored::Proposal* proposal = proposal_told(dispatch)) {
    // Of its first sending: a proposal that was sent again is followed by its reference in the subject.
    if (const auto delivery = Uuid::from_raw(proposal->delivery_id())) {
      const std::string told = "<" + message_id(*delivery, 0) + ">";
      mail.headers.emplace_back("In-Reply-To", told);
      mail.headers.emplace_back("References", told);
    }
  }
  mail.headers.emplace_back("X-MSS-NIL", setup_.product);
  std::vector<v1::Issue> issues;
  check_notice_head(head_of(mail), mail.text, dispatch.header, notice_names_person(dispatch), issues);
  if (Status status = fault_of_ours("mail", issues); !status.ok()) return std::move(status).error();
  return write_mail(mail);
}

Result<std::string> MssanteAdapter::write_message(const Dispatch& dispatch, const TimeZone& zone,
                                                  const std::string& to, const Archive& archive,
                                                  bool with_pdf) const {
  const stored::DocumentHeader& header = dispatch.header;
  MailMessage mail = begin_message(dispatch, zone, to);
  mail.subject = mail_subject(header);
  const std::string_view code = first_characters(header.metadata().type().code(), 64);
  if (!code.empty()) mail.headers.emplace_back("X-MSS-CODECDA", code);
  mail.headers.emplace_back("X-MSS-INS", ins_is_qualified(header.patient(), setup_.environment) ? "O" : "N");
  mail.headers.emplace_back("X-MSS-NIL", setup_.product);
  const v1::Recipient& recipient = recipient_of(dispatch);
  if (recipient.has_patient() && recipient.patient().close_exchange())
    mail.headers.emplace_back("X-MSS-MES", "FIN");
  const bool proposal = telling_of(dispatch) == stored::TELLING_PROPOSAL;
  mail.text =
      mail_body(dispatch, proposal ? proposal_text(dispatch, zone, setup_.info.collects) : "", with_pdf);
  mail.attachments.push_back({"IHE_XDM.zip", "application/zip", view(archive.zip)});
  if (with_pdf)
    mail.attachments.push_back({archive.pdf_name, "application/pdf", view(dispatch.document.pdf)});
  if (Status status = check_own_mail(mail, dispatch, setup_.environment); !status.ok())
    return std::move(status).error();
  return write_mail(mail);
}

Result<Payload> MssanteAdapter::fit_message(const Dispatch& dispatch, const TimeZone& zone,
                                            const std::string& to, const Archive& archive) const {
  Payload payload;
  const bool has_pdf = !view(dispatch.document.pdf).empty();
  Result<std::string> message = write_message(dispatch, zone, to, archive, has_pdf);
  if (!message.ok()) return std::move(message).error();
  if (has_pdf && message->size() > setup_.message_bytes_max) {
    message = write_message(dispatch, zone, to, archive, false);
    if (!message.ok()) return std::move(message).error();
    payload.issues.push_back(readable_copy_left_out(recipient_path(dispatch.recipient_index)));
  }
  if (message->size() > setup_.message_bytes_max) return too_large(dispatch, setup_.message_bytes_max);
  payload.body = make_bytes(std::move(*message));
  return payload;
}

Result<Payload> MssanteAdapter::wrap(const Dispatch& dispatch) const {
  if (Status status = check_recipient(dispatch, setup_.environment); !status.ok())
    return std::move(status).error();
  const auto to = address(dispatch);
  if (!to.ok()) return to.error();
  const auto zone = zone_of(dispatch);
  if (!zone.ok()) return zone.error();
  if (Status there = check_document_there(dispatch); !there.ok()) return std::move(there).error();
  const auto addressed = [&](Payload payload) {
    payload.reference = "<" + message_id(dispatch.delivery_id, dispatch.generation) + ">";
    payload.sender = setup_.mailbox;
    payload.recipient = *to;
    return payload;
  };
  if (is_notice(telling_of(dispatch))) {
    auto message = write_notice(dispatch, **zone, *to);
    if (!message.ok()) return std::move(message).error();
    Payload payload;
    payload.body = make_bytes(std::move(*message));
    payload.files = {{"message.eml", "message/rfc822", payload.body}};
    return addressed(std::move(payload));
  }
  const auto packed = packed_.of(view(dispatch.document.cda));
  if (!packed.ok()) return packed.error();
  XdmInput input = xdm_input(dispatch, **zone);
  input.packed = view(*packed);
  auto zip = write_xdm(input);
  if (!zip.ok()) return std::move(zip).error();
  const Archive archive{make_bytes(std::move(*zip)), pdf_name(dispatch.header, **zone)};
  Result<Payload> payload = fit_message(dispatch, **zone, *to, archive);
  if (!payload.ok()) return payload;
  payload->files = {{"document.xml", "text/xml", dispatch.document.cda},
                    {"message.eml", "message/rfc822", payload->body},
                    {"IHE_XDM.zip", "application/zip", archive.zip}};
  return addressed(std::move(*payload));
}

Result<std::vector<v1::Issue>> MssanteAdapter::admit(const Dispatch& dispatch) const {
  if (Status status = check_recipient(dispatch, setup_.environment); !status.ok())
    return std::move(status).error();
  if (const auto to = address(dispatch); !to.ok()) return to.error();
  const auto zone = zone_of(dispatch);
  if (!zone.ok()) return zone.error();
  if (Status there = check_document_there(dispatch); !there.ok()) return std::move(there).error();
  if (is_notice(telling_of(dispatch))) return std::vector<v1::Issue>{};
  const std::array<uint64_t, 2> attachments = {xdm_size_bound(xdm_input(dispatch, **zone)),
                                               view(dispatch.document.pdf).size()};
  if (mail_size_bound(mail_text_bytes_max, attachments) <= setup_.message_bytes_max)
    return std::vector<v1::Issue>{};
  // Only what the archive really weighs can tell.
  auto payload = wrap(dispatch);
  if (!payload.ok()) return std::move(payload).error();
  return std::move(payload->issues);
}

Outcome MssanteAdapter::deliver(const Payload& payload, Instant deadline) {
  return sender_.send({payload.sender, payload.recipient, view(payload.body)}, deadline);
}

Outcome MssanteAdapter::lookup(const Payload&, Instant) {
  return {Verdict::unknown, "CANNOT_LOOK_UP", "", false};  // SMTP has no such question
}

Result<std::vector<Inbound>> MssanteAdapter::collect(int most, Instant deadline) {
  return replies_ ? replies_->collect(most, deadline) : Adapter::collect(most, deadline);
}

Status MssanteAdapter::acknowledge(const Inbound& inbound, Instant deadline) {
  return replies_ ? replies_->acknowledge(inbound, deadline) : Adapter::acknowledge(inbound, deadline);
}

Status MssanteAdapter::probe(Instant deadline) {
  Status sends = sender_.probe(deadline);
  return sends.ok() && replies_ ? replies_->probe(deadline) : sends;
}

void MssanteAdapter::stop() {
  sender_.stop();
  if (replies_) replies_->stop();
}

}  // namespace psl
