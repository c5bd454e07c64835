#include "adapters/formats/mail_reader.h"

#include <gmime/gmime.h>

#include <algorithm>
#include <array>
#include <memory>
#include <set>

#include "adapters/formats/gmime_start.h"
#include "adapters/formats/text.h"

namespace psl {
namespace {

constexpr size_t mail_bytes_max = size_t{64} << 20U;
constexpr int mail_headers_max = 200;
constexpr size_t mail_parts_max = 100;
constexpr int mail_levels_max = 10;

struct MimeUnref {
  template <typename T>
  void operator()(T* object) const {
    g_object_unref(object);
  }
};
template <typename T>
using MimePtr = std::unique_ptr<T, MimeUnref>;

Error no_mail(const char* why) { return error_of(ErrorCode::document_invalid, why); }

char lower_letter(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lower_text(const char* text) {
  std::string lower = text == nullptr ? "" : text;
  std::transform(lower.begin(), lower.end(), lower.begin(), lower_letter);
  return lower;
}

std::string text_or_nothing(const char* text) { return text == nullptr ? std::string() : one_line(text); }

// The mailboxes of a list; those of a group too.
void collect_mailboxes(InternetAddressList* list, int levels, std::vector<std::string>& out) {
  if (list == nullptr || levels == 0) return;
  for (int i = 0; i < internet_address_list_length(list) && out.size() < mail_parts_max; ++i) {
    InternetAddress* address = internet_address_list_get_address(list, i);
    if (INTERNET_ADDRESS_IS_MAILBOX(address)) {
      out.push_back(text_or_nothing(internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(address))));
    } else if (INTERNET_ADDRESS_IS_GROUP(address)) {
      collect_mailboxes(internet_address_group_get_members(INTERNET_ADDRESS_GROUP(address)), levels - 1, out);
    }
  }
}

std::string decoded_content(GMimePart* part) {
  GMimeDataWrapper* content = g_mime_part_get_content(part);
  if (content == nullptr) return {};
  const MimePtr<GMimeStream> out(g_mime_stream_mem_new());
  if (g_mime_data_wrapper_write_to_stream(content, out.get()) < 0) return {};
  GByteArray* bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(out.get()));
  return {bytes->data, bytes->data + bytes->len};
}

std::string media_type_of(GMimeObject* object) {
  GMimeContentType* type = g_mime_object_get_content_type(object);
  return lower_text(g_mime_content_type_get_media_type(type)) + "/" +
         lower_text(g_mime_content_type_get_media_subtype(type));
}

bool headers_ok(GMimeObject* object) {
  constexpr std::array<std::string_view, 5> encodings = {"7bit", "8bit", "binary", "quoted-printable",
                                                         "base64"};
  std::set<std::string> names;
  GMimeHeaderList* headers = g_mime_object_get_header_list(object);
  for (int i = 0; i < g_mime_header_list_get_count(headers); ++i) {
    GMimeHeader* header = g_mime_header_list_get_header_at(headers, i);
    const std::string name = lower_text(g_mime_header_get_name(header));
    if (!names.insert(name).second) return false;
    if (name == "content-transfer-encoding" &&
        std::find(encodings.begin(), encodings.end(), lower_text(g_mime_header_get_value(header))) ==
            encodings.end())
      return false;
  }
  return true;
}

MailPart part_of_object(GMimeObject* object) {
  MailPart part;
  part.media_type = media_type_of(object);
  part.form_ok = headers_ok(object);
  part.charset = text_or_nothing(g_mime_object_get_content_type_parameter(object, "charset"));
  part.type_name = text_or_nothing(g_mime_object_get_content_type_parameter(object, "name"));
  part.disposition = lower_text(g_mime_object_get_disposition(object));
  part.disposition_name =
      text_or_nothing(g_mime_object_get_content_disposition_parameter(object, "filename"));
  if (GMIME_IS_PART(object)) {
    part.file_name = text_or_nothing(g_mime_part_get_filename(GMIME_PART(object)));
    part.content = decoded_content(GMIME_PART(object));
  }
  return part;
}

// False: too many parts, or too deep.
bool collect_parts(GMimeObject* object, int levels, ReadMail& read) {
  if (object == nullptr) return true;
  if (!GMIME_IS_MULTIPART(object)) {
    read.parts.push_back(part_of_object(object));
    return read.parts.size() <= mail_parts_max;
  }
  if (levels == 0) return false;
  GMimeMultipart* multipart = GMIME_MULTIPART(object);
  read.closed = read.closed && multipart->write_end_boundary != FALSE;
  for (int i = 0; i < g_mime_multipart_get_count(multipart); ++i) {
    if (!collect_parts(g_mime_multipart_get_part(multipart, i), levels - 1, read)) return false;
  }
  return true;
}

void add_headers(GMimeObject* object, MailHead& head) {
  GMimeHeaderList* headers = g_mime_object_get_header_list(object);
  for (int i = 0; i < g_mime_header_list_get_count(headers); ++i) {
    GMimeHeader* header = g_mime_header_list_get_header_at(headers, i);
    head.headers.emplace_back(text_or_nothing(g_mime_header_get_name(header)),
                              text_or_nothing(g_mime_header_get_value(header)));
  }
}

MailHead read_head(GMimeMessage* mail) {
  MailHead head;
  std::vector<std::string> from;
  collect_mailboxes(g_mime_message_get_from(mail), 3, from);
  if (from.size() == 1) head.from = from.front();
  collect_mailboxes(g_mime_message_get_to(mail), 3, head.to);
  collect_mailboxes(g_mime_message_get_cc(mail), 3, head.to);
  head.subject = text_or_nothing(g_mime_message_get_subject(mail));
  head.message_id = text_or_nothing(g_mime_message_get_message_id(mail));
  GDateTime* date = g_mime_message_get_date(mail);
  head.dated = date != nullptr;
  if (head.dated) head.sent_at_s = g_date_time_to_unix(date);
  add_headers(GMIME_OBJECT(mail), head);
  if (GMimeObject* body = g_mime_message_get_mime_part(mail); body != nullptr) add_headers(body, head);
  return head;
}

}  // namespace

bool same_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower_letter(x) == lower_letter(y); });
}

std::string_view MailHead::header(std::string_view name) const {
  for (const auto& [each, value] : headers) {
    if (same_ignoring_case(each, name)) return value;
  }
  return {};
}

Result<ReadMail> read_mail(std::string_view message) {
  if (message.empty() || message.size() > mail_bytes_max)
    return no_mail("a message of at most 64 MiB expected");
  start_gmime();
  const MimePtr<GMimeStream> stream(g_mime_stream_mem_new_with_buffer(message.data(), message.size()));
  const MimePtr<GMimeParser> parser(g_mime_parser_new_with_stream(stream.get()));
  const MimePtr<GMimeMessage> mail(g_mime_parser_construct_message(parser.get(), nullptr));
  if (!mail) return no_mail("a mail message expected");
  GMimeHeaderList* headers = g_mime_object_get_header_list(GMIME_OBJECT(mail.get()));
  if (g_mime_header_list_get_count(headers) == 0 || g_mime_header_list_get_count(headers) > mail_headers_max)
    return no_mail("a mail message with 1 to 200 headers expected");
  ReadMail read;
  read.head = read_head(mail.get());
  GMimeObject* body = g_mime_message_get_mime_part(mail.get());
  if (body != nullptr) read.media_type = media_type_of(body);
  if (!collect_parts(body, mail_levels_max, read)) return no_mail("at most 100 parts and 10 levels expected");
  return read;
}

}  // namespace psl
