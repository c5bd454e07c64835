#include "adapters/formats/mime.h"

#include <gmime/gmime.h>

#include <algorithm>
#include <memory>

#include "adapters/formats/gmime_start.h"
#include "adapters/formats/text.h"

namespace psl {
namespace {

struct ObjectUnref {
  template <typename T>
  void operator()(T* object) const {
    g_object_unref(object);
  }
};
template <typename T>
using GObjectPtr = std::unique_ptr<T, ObjectUnref>;

struct FormatFree {
  void operator()(GMimeFormatOptions* options) const { g_mime_format_options_free(options); }
};
using FormatPtr = std::unique_ptr<GMimeFormatOptions, FormatFree>;

constexpr const char* utf8 = "utf-8";

bool letters_and_digits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  });
}

// An addr-spec or a msg-id that may stand between angle brackets as it is.
bool plain_address(std::string_view text) {
  const size_t at = text.find('@');
  if (at == 0 || at == std::string_view::npos || at + 1 == text.size() || text.size() > 320) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return c > 0x20 && c < 0x7F && std::string_view("<>()[],;:\\\"").find(c) == std::string_view::npos;
  });
}

// RFC 5322 section 2.2: printable ASCII but the colon.
bool header_name_ok(std::string_view name) {
  return !name.empty() && name.size() <= 60 &&
         std::all_of(name.begin(), name.end(), [](char c) { return c > 0x20 && c < 0x7F && c != ':'; });
}

Status check_mail(const MailMessage& message) {
  const auto wrong = [](const char* what) { return error_of(ErrorCode::internal, what); };
  for (const auto* list : {&message.to, &message.reply_to}) {
    for (const MailAddress& each : *list) {
      if (!plain_address(each.mailbox)) return wrong("a mailbox that a mail header can hold expected");
    }
  }
  if (!plain_address(message.from.mailbox)) return wrong("a mailbox that a mail header can hold expected");
  if (!plain_address(message.message_id)) return wrong("a Message-ID of the form local@domain expected");
  for (const auto& [name, value] : message.headers) {
    if (!header_name_ok(name)) return wrong("a header name of printable ASCII expected");
  }
  if (message.boundary.empty() || message.boundary.size() > 40 || !letters_and_digits(message.boundary))
    return wrong("a boundary of 1 to 40 letters and digits expected");
  return {};
}

void add_mailbox(GMimeMessage* mail, GMimeAddressType type, const MailAddress& address) {
  InternetAddressList* list = g_mime_message_get_addresses(mail, type);
  const std::string name = one_line(address.name);
  GObjectPtr<InternetAddress> entry(
      internet_address_mailbox_new(name.empty() ? nullptr : name.c_str(), address.mailbox.c_str()));
  // Otherwise GMime takes the smallest charset that fits, and ISO-8859-1 surprises some readers.
  internet_address_set_charset(entry.get(), utf8);
  internet_address_list_add(list, entry.get());
}

GObjectPtr<GMimePart> make_part(const char* type, const char* subtype, std::string_view content,
                                GMimeContentEncoding encoding) {
  GObjectPtr<GMimePart> part(g_mime_part_new_with_type(type, subtype));
  GObjectPtr<GMimeStream> stream(g_mime_stream_mem_new_with_buffer(content.data(), content.size()));
  GObjectPtr<GMimeDataWrapper> wrapper(
      g_mime_data_wrapper_new_with_stream(stream.get(), GMIME_CONTENT_ENCODING_DEFAULT));
  g_mime_part_set_content(part.get(), wrapper.get());
  g_mime_part_set_content_encoding(part.get(), encoding);
  return part;
}

GObjectPtr<GMimePart> make_text(std::string_view text) {
  GObjectPtr<GMimePart> part = make_part("text", "plain", text, GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE);
  // Not g_mime_text_part_set_text(), which turns to ISO-8859-1 when it can.
  g_mime_object_set_content_type_parameter(GMIME_OBJECT(part.get()), "charset", utf8);
  return part;
}

// A name that needs no encoding, and a line of its own of legal length.
bool plain_file_name(std::string_view name) {
  return !name.empty() && name.size() <= 200 && std::all_of(name.begin(), name.end(), [](char c) {
    return c >= 0x20 && c < 0x7F && c != '"' && c != '\\';
  });
}

// GMime cuts a long parameter in pieces (RFC 2231 section 3), which several mail programs do not join again:
// a plain name is written whole, on a line of its own.
void name_plainly(GMimeObject* part, const char* header, const std::string& value, const char* parameter,
                  const std::string& file_name) {
  GMimeHeader* found = g_mime_header_list_get_header(g_mime_object_get_header_list(part), header);
  if (found == nullptr) return;
  const std::string raw = " " + value + ";\n " + parameter + "=\"" + file_name + "\"\n";
  g_mime_header_set_raw_value(found, raw.c_str());
}

void name_encoded(GMimeParamList* parameters, const char* parameter) {
  GMimeParam* found = g_mime_param_list_get_parameter(parameters, parameter);
  if (found != nullptr) g_mime_param_set_charset(found, utf8);
}

void add_attachment(GMimeMultipart* body, const MailAttachment& attachment) {
  const size_t slash = attachment.media_type.find('/');
  const std::string type = attachment.media_type.substr(0, slash);
  const std::string subtype =
      slash == std::string::npos ? "octet-stream" : attachment.media_type.substr(slash + 1);
  const GObjectPtr<GMimePart> part =
      make_part(type.c_str(), subtype.c_str(), attachment.content, GMIME_CONTENT_ENCODING_BASE64);
  GMimeObject* object = GMIME_OBJECT(part.get());
  // Some receivers do not show an attachment without its disposition.
  g_mime_object_set_disposition(object, GMIME_DISPOSITION_ATTACHMENT);
  const std::string name = one_line(attachment.file_name);
  g_mime_part_set_filename(part.get(), name.c_str());
  if (plain_file_name(name)) {
    name_plainly(object, "Content-Type", type + "/" + subtype, "name", name);
    name_plainly(object, "Content-Disposition", "attachment", "filename", name);
  } else {
    name_encoded(g_mime_content_type_get_parameters(g_mime_object_get_content_type(object)), "name");
    name_encoded(g_mime_content_disposition_get_parameters(g_mime_object_get_content_disposition(object)),
                 "filename");
  }
  g_mime_multipart_add(body, object);
}

void add_headers(GMimeMessage* mail, const MailMessage& message) {
  GMimeObject* headers = GMIME_OBJECT(mail);
  g_mime_object_append_header(headers, "Date", one_line(message.date).c_str(), utf8);
  add_mailbox(mail, GMIME_ADDRESS_TYPE_FROM, message.from);
  for (const MailAddress& each : message.reply_to) add_mailbox(mail, GMIME_ADDRESS_TYPE_REPLY_TO, each);
  for (const MailAddress& each : message.to) add_mailbox(mail, GMIME_ADDRESS_TYPE_TO, each);
  g_mime_message_set_subject(mail, one_line(message.subject).c_str(), utf8);
  g_mime_message_set_message_id(mail, message.message_id.c_str());
  for (const auto& [name, value] : message.headers)
    g_mime_object_append_header(headers, name.c_str(), one_line(value).c_str(), utf8);
}

}  // namespace

void start_gmime() {
  // g_mime_init() fills process-wide tables; a function's static does it once, whoever comes first.
  static const bool started = (g_mime_init(), true);
  static_cast<void>(started);
}

Result<std::string> write_mail(const MailMessage& message) {
  if (Status status = check_mail(message); !status.ok()) return status.error();
  start_gmime();
  GObjectPtr<GMimeMessage> mail(g_mime_message_new(FALSE));
  add_headers(mail.get(), message);
  const GObjectPtr<GMimePart> text = make_text(message.text);
  if (message.attachments.empty()) {
    g_mime_message_set_mime_part(mail.get(), GMIME_OBJECT(text.get()));
  } else {
    GObjectPtr<GMimeMultipart> body(g_mime_multipart_new_with_subtype("mixed"));
    // "=_" occurs neither in base64 nor in quoted-printable (RFC 2045 section 6.7).
    g_mime_multipart_set_boundary(body.get(), ("=_" + message.boundary).c_str());
    g_mime_multipart_add(body.get(), GMIME_OBJECT(text.get()));
    for (const MailAttachment& each : message.attachments) add_attachment(body.get(), each);
    g_mime_message_set_mime_part(mail.get(), GMIME_OBJECT(body.get()));
  }

  FormatPtr format(g_mime_format_options_new());
  g_mime_format_options_set_newline_format(format.get(), GMIME_NEWLINE_FORMAT_DOS);
  GByteArray* bytes = g_byte_array_new();  // the stream owns it
  GObjectPtr<GMimeStream> out(g_mime_stream_mem_new_with_byte_array(bytes));
  if (g_mime_object_write_to_stream(GMIME_OBJECT(mail.get()), format.get(), out.get()) < 0)
    return error_of(ErrorCode::internal, "the mail could not be made");
  std::string written(bytes->data, bytes->data + bytes->len);
  if (!written.ends_with("\r\n")) written += "\r\n";
  return written;
}

uint64_t mail_size_bound(uint64_t text_bytes, std::span<const uint64_t> attachment_bytes) {
  // Quoted-printable takes at most three bytes for one and its folds less than one more; encoded words of a
  // subject take more, but of a few hundred bytes only.
  uint64_t bytes = 16384 + 5 * text_bytes;
  for (const uint64_t size : attachment_bytes) {
    const uint64_t encoded = (size + 2) / 3 * 4;
    bytes += encoded + (encoded / 60 + 1) * 2 + 1024;
  }
  return bytes;
}

}  // namespace psl
