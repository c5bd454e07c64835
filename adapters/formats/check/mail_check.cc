#include "adapters/formats/check/mail_check.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <set>
#include <string>

#include "adapters/formats/check/rules.h"
#include "adapters/formats/check/xdm_values.h"
#include "adapters/formats/pdf_check.h"
#include "adapters/formats/text.h"
#include "gateway/core/document_facts.h"

namespace psl {
namespace {

namespace v1 = passerelle::v1;
namespace stored = passerelle::internal::v1;

constexpr std::string_view subject_prefix = "XDM/1.0/DDM+";
constexpr size_t subject_label_max = 40;
// A name is cut here in a subject.
constexpr size_t subject_name_cut = 100;

constexpr int64_t a_day_s = 86400;

// RFC 5322 section 3.6, RFC 2045, RFC 8098 and the MSSanté référentiel.
constexpr std::string_view single_headers[] = {"Date",
                                               "From",
                                               "Sender",
                                               "Reply-To",
                                               "To",
                                               "Cc",
                                               "Subject",
                                               "Message-ID",
                                               "In-Reply-To",
                                               "References",
                                               "MIME-Version",
                                               "Content-Type",
                                               "Disposition-Notification-To",
                                               "X-MSS-CODECDA",
                                               "X-MSS-INS",
                                               "X-MSS-NIL",
                                               "X-MSS-MES"};

// The letters of a name: what two spellings of it share (RNIV 1, EXI PP 20).
std::string name_letters(std::string_view name) {
  std::string letters = strict_name(name);
  std::erase_if(letters, [](char c) { return c == ' ' || c == '-' || c == '\''; });
  return letters;
}

size_t character_count(std::string_view utf8) {
  return static_cast<size_t>(std::count_if(
      utf8.begin(), utf8.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80; }));
}

// "1965-03-09" for "09/03/1965"; empty when it is none.
std::string date_of_french(std::string_view text) {
  if (text.size() != 10 || text[2] != '/' || text[5] != '/') return {};
  std::string date = std::string(text.substr(6)) + "-" + std::string(text.substr(3, 2)) + "-" +
                     std::string(text.substr(0, 2));
  return date_ok(date) ? date : std::string();
}

bool is_msg_id(std::string_view text) {
  const size_t at = text.find('@');
  return at != std::string_view::npos && at != 0 && at + 1 != text.size() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7F; });
}

// "a@b" of "Name <a@b>".
std::string_view mailbox_in(std::string_view value) {
  const size_t open = value.rfind('<');
  if (open == std::string_view::npos) return trimmed(value);
  return value.substr(open + 1, value.find('>', open) - open - 1);
}

void add_codes(std::string_view list, std::set<std::string_view>& codes) {
  for (size_t begin = 0; begin < list.size();) {
    const size_t end = std::min(list.find(',', begin), list.size());
    codes.insert(trimmed(list.substr(begin, end - begin)));
    begin = end + 1;
  }
}

class HeadCheck {
 public:
  HeadCheck(const MailHead& head, const MailDocuments& documents, Environment environment,
            std::vector<v1::Issue>& issues)
      : head_(head), documents_(documents), environment_(environment), issues_(issues) {}

  void run(std::string_view text) {
    check_repeats();
    check_envelope();
    check_subject();
    check_marks();
    if (documents_.headers.empty()) return;
    check_recipients();
    if (names_patient(text)) add_issue(issues_, Rule::mail_text_names_patient, "text");
    if (has_ins(head_.subject)) add_issue(issues_, Rule::mail_text_names_patient, "Subject");
    const auto& made_at = documents_.headers.front()->metadata().created_at();
    // Clocks differ, and a document may say its day only.
    if (head_.sent_at_s != 0 && head_.sent_at_s < made_at.seconds() - a_day_s)
      add_issue(issues_, Rule::mail_date_wrong, "Date");
    for (const stored::DocumentHeader* each : documents_.headers) {
      if (!same_patient(each->patient(), patient()))
        add_issue(issues_, Rule::mail_several_patients, "IHE_XDM.zip");
    }
  }

  // Of a mail that carries no document.
  void run_notice(std::string_view text, bool may_name_patient) {
    check_repeats();
    check_envelope();
    check_product();
    if (head_.subject.starts_with("XDM/")) add_issue(issues_, Rule::notice_announces_document, "Subject");
    for (const std::string_view mark : {"X-MSS-CODECDA", "X-MSS-INS"}) {
      if (!head_.header(mark).empty()) add_issue(issues_, Rule::notice_announces_document, mark);
    }
    if (documents_.headers.empty()) return;
    if (names_patient(head_.subject)) add_issue(issues_, Rule::notice_names_patient, "Subject");
    if (may_name_patient ? has_ins(text) : names_patient(text))
      add_issue(issues_, Rule::notice_names_patient, "text");
  }

 private:
  const v1::Patient& patient() const { return documents_.headers.front()->patient(); }

  void check_repeats() {
    for (const std::string_view name : single_headers) {
      const auto is_it = [name](const auto& each) { return same_ignoring_case(each.first, name); };
      if (std::count_if(head_.headers.begin(), head_.headers.end(), is_it) > 1)
        add_issue(issues_, Rule::mail_header_twice, name);
    }
  }

  void check_envelope() {
    if (head_.from.find('@') == std::string::npos) add_issue(issues_, Rule::mail_from_wrong, "From");
    const auto is_mailbox = [](const std::string& each) { return each.find('@') != std::string::npos; };
    if (head_.to.empty() || !std::all_of(head_.to.begin(), head_.to.end(), is_mailbox))
      add_issue(issues_, Rule::mail_to_wrong, "To");
    for (const auto& [name, value] : head_.headers) {
      if (same_ignoring_case(name, "Reply-To") && !is_mailbox(value))
        add_issue(issues_, Rule::mail_to_wrong, "Reply-To");
    }
    if (!head_.dated) add_issue(issues_, Rule::mail_date_wrong, "Date");
    if (!is_msg_id(head_.message_id)) add_issue(issues_, Rule::mail_id_wrong, "Message-ID");
    const std::string_view receipt = head_.header("Disposition-Notification-To");
    const std::string_view returned_to = mailbox_in(head_.header("Return-Path"));
    if (receipt.empty() || !same_ignoring_case(mailbox_in(receipt), head_.from) ||
        (!returned_to.empty() && !same_ignoring_case(returned_to, head_.from)))
      add_issue(issues_, Rule::mail_receipt_not_asked, "Disposition-Notification-To");
  }

  void check_subject() {
    if (!head_.subject.starts_with(subject_prefix))
      return add_issue(issues_, Rule::mail_subject_prefix, "Subject");
    std::string_view rest = trimmed(std::string_view(head_.subject).substr(subject_prefix.size()));
    if (rest.empty()) add_issue(issues_, Rule::mail_subject_label, "Subject");
    if (documents_.headers.empty()) return;
    const size_t space = rest.rfind(' ');
    const std::string_view last = rest.substr(space == std::string_view::npos ? 0 : space + 1);
    if (const std::string date = date_of_french(last); !date.empty()) {
      if (date_ok(patient().birth_date()) && date != patient().birth_date())
        add_issue(issues_, Rule::mail_subject_birth_date, "Subject");
      rest = trimmed(rest.substr(0, rest.size() - last.size()));
    } else if (std::count(last.begin(), last.end(), '/') == 2 &&
               last.find_first_not_of("0123456789/") == std::string_view::npos) {
      add_issue(issues_, Rule::mail_subject_birth_date, "Subject");
      rest = trimmed(rest.substr(0, rest.size() - last.size()));
    }
    check_subject_name(rest);
  }

  // `rest` is "<label> <NAME> <given name>", and only the CDA tells where the name begins.
  void check_subject_name(std::string_view rest) {
    const std::string given = first_given_name(patient());
    for (const std::string_view each :
         {std::string_view(given), std::string_view(patient().birth_given_names())}) {
      const std::string family =
          name_letters(first_characters(patient().birth_family_name(), subject_name_cut));
      const std::string wanted = family + name_letters(first_characters(each, subject_name_cut));
      if (!name_letters(rest).ends_with(wanted)) continue;
      return check_label(rest, family, wanted);
    }
    add_issue(issues_, Rule::mail_subject_name_differs, "Subject");
  }

  void check_label(std::string_view rest, const std::string& family, const std::string& wanted) {
    size_t begin = rest.size();
    while (begin > 0 && name_letters(rest.substr(begin)) != wanted) {
      const size_t space = rest.rfind(' ', begin - 1);
      begin = space == std::string_view::npos ? 0 : space;
    }
    const std::string_view label = trimmed(rest.substr(0, begin));
    const std::string_view name = trimmed(rest.substr(begin));
    bool label_ok = !label.empty() && character_count(label) <= subject_label_max;
    if (documents_.headers.size() > 1)
      label_ok = label == std::to_string(documents_.headers.size()) + " documents";
    if (!label_ok) add_issue(issues_, Rule::mail_subject_label, "Subject");
    size_t end = 0;
    while (end < name.size() && name_letters(name.substr(0, end)) != family)
      end = std::min(name.find(' ', end + 1), name.size());
    if (const std::string_view shown = name.substr(0, end); strict_name(shown) != shown)
      add_issue(issues_, Rule::mail_subject_name_form, "Subject");
  }

  void check_product() {
    if (head_.header("X-MSS-NIL").empty()) add_issue(issues_, Rule::mail_product_missing, "X-MSS-NIL");
    const std::string_view closing = head_.header("X-MSS-MES");
    if (!closing.empty() && closing != "FIN") add_issue(issues_, Rule::mail_closing_unknown, "X-MSS-MES");
  }

  // The X-MSS headers.
  void check_marks() {
    check_product();
    const std::string_view ins = head_.header("X-MSS-INS");
    if (ins != "O" && ins != "N") add_issue(issues_, Rule::mail_ins_flag_missing, "X-MSS-INS");
    const std::string_view codes = head_.header("X-MSS-CODECDA");
    if (codes.empty()) add_issue(issues_, Rule::mail_code_missing, "X-MSS-CODECDA");
    if (documents_.headers.empty()) return;
    const bool qualified =
        std::all_of(documents_.headers.begin(), documents_.headers.end(),
                    [this](const auto* each) { return ins_is_qualified(each->patient(), environment_); });
    if (ins == "O" && !qualified) add_issue(issues_, Rule::mail_ins_flag_false, "X-MSS-INS");
    if (ins == "N" && qualified) add_issue(issues_, Rule::mail_ins_flag_modest, "X-MSS-INS");
    std::set<std::string_view> told;
    add_codes(codes, told);
    std::set<std::string_view> there;
    for (const stored::DocumentHeader* each : documents_.headers)
      add_codes(first_characters(each->metadata().type().code(), 64), there);
    if (!codes.empty() && told != there) add_issue(issues_, Rule::mail_code_differs, "X-MSS-CODECDA");
  }

  void check_recipients() {
    for (const std::string_view each : head_.to) {
      const size_t at = std::min(each.rfind('@'), each.size());
      const bool to_patient = at < each.size() && same_ignoring_case(each.substr(at + 1), patient_domain);
      if (to_patient ? documents_.masks.patient : documents_.masks.professionals)
        add_issue(issues_, Rule::mail_to_masked, "To");
      if (to_patient && (!ins_is_qualified(patient(), environment_) ||
                         !same_ignoring_case(each.substr(0, at), patient().ins().matricule())))
        add_issue(issues_, Rule::mail_patient_address, "To");
    }
  }

  // Also when it is written in groups.
  bool has_ins(std::string_view text) const {
    const std::string& matricule = patient().ins().matricule();
    if (matricule.empty()) return false;
    std::string letters(text);
    std::erase_if(letters, [](char c) { return !std::isalnum(static_cast<unsigned char>(c)); });
    return letters.find(matricule) != std::string::npos;
  }

  // A name alone may be that of a structure or of a street: both together are the patient's.
  bool names_patient(std::string_view text) const {
    constexpr size_t telling_digits = 6;
    const std::string& number = patient().local_id().value();
    if (has_ins(text) || (number.size() >= telling_digits && text.find(number) != std::string_view::npos))
      return true;
    const std::string words = " " + strict_name(text) + " ";
    const auto has_both = [&words](std::string_view family_name, std::string_view given_name) {
      const std::string family = strict_name(family_name);
      const std::string given = strict_name(given_name);
      if (family.empty() || given.empty()) return false;
      return words.find(" " + family + " " + given + " ") != std::string::npos ||
             words.find(" " + given + " " + family + " ") != std::string::npos;
    };
    const std::string first = first_given_name(patient());
    return has_both(patient().birth_family_name(), first) || has_both(patient().used_family_name(), first) ||
           has_both(patient().used_family_name(), patient().used_given_name());
  }

  const MailHead& head_;
  const MailDocuments& documents_;
  const Environment environment_;
  std::vector<v1::Issue>& issues_;
};

bool is_archive_name(std::string_view name) { return same_ignoring_case(name, "IHE_XDM.zip"); }

bool is_pdf_part(const MailPart& part) {
  return part.media_type == "application/pdf" ||
         (part.file_name.size() > 4 &&
          same_ignoring_case(std::string_view(part.file_name).substr(part.file_name.size() - 4), ".pdf"));
}

// The day of the act, or of the document.
bool is_day_of(std::string_view text, const v1::DocumentMetadata& metadata, const TimeZone& zone) {
  const auto day = [&zone](const auto& at) {
    return hl7(Instant{at.seconds() * 1000000}, zone).substr(0, 8);
  };
  return (metadata.encounter().has_start() && text == day(metadata.encounter().start())) ||
         (metadata.encounter().has_end() && text == day(metadata.encounter().end())) ||
         (metadata.has_created_at() && text == day(metadata.created_at()));
}

// "<date>_<type>_<NAME>_<given name>_<number>.pdf". Writers cut pieces, and leave out what a file name cannot
// hold.
bool pdf_name_fits(std::string_view name, const stored::DocumentHeader& header, const TimeZone& zone) {
  std::vector<std::string_view> pieces;
  name = name.substr(0, name.rfind('.'));
  for (size_t begin = 0; begin <= name.size();) {
    const size_t end = std::min(name.find('_', begin), name.size());
    pieces.push_back(name.substr(begin, end - begin));
    begin = end + 1;
  }
  if (pieces.size() < 2 || !is_day_of(pieces.front(), header.metadata(), zone)) return false;
  size_t next = 1;
  for (const std::string& wanted : {name_letters(header.patient().birth_family_name()),
                                    name_letters(first_given_name(header.patient()))}) {
    if (wanted.empty()) continue;
    const auto fits = [&wanted](std::string_view piece) {
      const std::string letters = name_letters(piece);
      return !letters.empty() && wanted.starts_with(letters);
    };
    const auto found = std::find_if(pieces.begin() + static_cast<ptrdiff_t>(next), pieces.end(), fits);
    if (found == pieces.end()) return false;
    next = static_cast<size_t>(found - pieces.begin()) + 1;
  }
  return true;
}

std::string part_path(size_t index) { return "part[" + std::to_string(index + 1) + "]"; }

// The text is the first part.
void check_text_part(const std::vector<MailPart>& parts, std::vector<v1::Issue>& issues) {
  if (parts.empty() || parts.front().media_type != "text/plain" || trimmed(parts.front().content).empty()) {
    return add_issue(issues, Rule::mail_text_missing, part_path(0));
  }
  const MailPart& text = parts.front();
  const bool ascii = std::all_of(text.content.begin(), text.content.end(),
                                 [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  if (!is_utf8(text.content) || (!ascii && !same_ignoring_case(text.charset, "utf-8")))
    add_issue(issues, Rule::mail_text_not_utf8, part_path(0));
}

// The one archive; null when there is none.
const MailPart* find_archive(const std::vector<MailPart>& parts, std::vector<v1::Issue>& issues) {
  const MailPart* archive = nullptr;
  for (size_t i = 0; i < parts.size(); ++i) {
    const MailPart& part = parts[i];
    if (!is_archive_name(part.file_name)) continue;
    if (archive != nullptr) {
      add_issue(issues, Rule::mail_several_archives, part_path(i));
      continue;
    }
    archive = &part;
    if (part.file_name != "IHE_XDM.zip") add_issue(issues, Rule::mail_archive_name, part_path(i));
    if (part.disposition != "attachment") add_issue(issues, Rule::mail_part_not_attached, part_path(i));
    if (part.media_type != "application/zip" && part.media_type != "application/x-zip-compressed")
      add_issue(issues, Rule::mail_part_type, part_path(i));
  }
  if (archive == nullptr) add_issue(issues, Rule::mail_archive_missing, "IHE_XDM.zip");
  return archive;
}

void check_pdf_parts(const std::vector<MailPart>& parts, const XdmFacts& facts, const TimeZone& zone,
                     std::vector<v1::Issue>& issues) {
  size_t count = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    const MailPart& part = parts[i];
    if (!is_pdf_part(part)) continue;
    if (++count > std::max(facts.headers.size(), size_t{1}))
      add_issue(issues, Rule::mail_part_unexpected, part_path(i));
    const auto fits = [&](const auto& header) { return pdf_name_fits(part.file_name, header, zone); };
    if (!check_pdf(part.content).ok()) add_issue(issues, Rule::mail_pdf_wrong, part_path(i));
    if (part.media_type != "application/pdf") add_issue(issues, Rule::mail_part_type, part_path(i));
    if (part.disposition.empty()) add_issue(issues, Rule::mail_part_not_attached, part_path(i));
    if (!facts.headers.empty() && std::none_of(facts.headers.begin(), facts.headers.end(), fits))
      add_issue(issues, Rule::mail_pdf_name, part_path(i));
    const auto is_it = [&part](const Bytes& each) { return *each == part.content; };
    // With a structured letter in the archive, it may be that one's copy.
    if (!facts.pdfs.empty() && facts.pdfs.size() == facts.headers.size() &&
        std::none_of(facts.pdfs.begin(), facts.pdfs.end(), is_it))
      add_issue(issues, Rule::mail_pdf_differs, part_path(i));
  }
  if (count == 0) add_issue(issues, Rule::mail_pdf_missing, "parts");
}

// What any part owes its reader, and parts that no rule asks for.
void check_parts_form(const std::vector<MailPart>& parts, std::vector<v1::Issue>& issues) {
  for (size_t i = 0; i < parts.size(); ++i) {
    const MailPart& part = parts[i];
    if (!part.form_ok) add_issue(issues, Rule::mail_part_form, part_path(i));
    const bool named = !part.disposition.empty() || !part.file_name.empty();
    if (named && (part.disposition_name.empty() ||
                  (!part.type_name.empty() && part.type_name != part.disposition_name)))
      add_issue(issues, Rule::mail_part_names, part_path(i));
    // The same text as a page, and the seal of a signed message.
    const bool beside_text = i == 1 && part.media_type == "text/html" && part.disposition.empty();
    const bool seal = part.media_type == "application/pkcs7-signature" ||
                      part.media_type == "application/x-pkcs7-signature";
    if (i != 0 && !is_archive_name(part.file_name) && !is_pdf_part(part) && !beside_text && !seal)
      add_issue(issues, Rule::mail_part_unexpected, part_path(i));
  }
}

// Nothing is attached, and nothing announces that something is.
bool is_notice(const ReadMail& mail) {
  return mail.parts.size() == 1 && mail.parts[0].media_type == "text/plain" &&
         mail.parts[0].disposition != "attachment" && !mail.head.subject.starts_with(subject_prefix) &&
         mail.head.header("X-MSS-CODECDA").empty();
}

// The message around its parts.
void check_message_form(std::string_view message, const ReadMail& mail, std::vector<v1::Issue>& issues) {
  if (!mail.closed) add_issue(issues, Rule::mail_cut, "message");
  if (mail.media_type != "multipart/mixed" && mail.media_type != "multipart/signed" && !is_notice(mail))
    add_issue(issues, Rule::mail_not_mixed, "Content-Type");
  const std::string_view head = message.substr(0, std::min(message.find("\n\r\n"), message.find("\n\n")));
  if (std::any_of(head.begin(), head.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; }))
    add_issue(issues, Rule::mail_header_form, "message");
  if (trimmed(mail.head.header("MIME-Version")) != "1.0")
    add_issue(issues, Rule::mail_header_form, "MIME-Version");
}

// What a reader sees without opening an attachment.
std::string texts_of(const std::vector<MailPart>& parts) {
  std::string all;
  for (const MailPart& part : parts) {
    if (part.media_type.starts_with("text/") && part.disposition != "attachment") all += part.content + "\n";
  }
  return all;
}

}  // namespace

void check_mail_head(const MailHead& head, std::string_view text, const MailDocuments& documents,
                     Environment environment, std::vector<v1::Issue>& issues) {
  HeadCheck(head, documents, environment, issues).run(text);
}

void check_notice_head(const MailHead& head, std::string_view text, const stored::DocumentHeader& about,
                       bool may_name_patient, std::vector<v1::Issue>& issues) {
  HeadCheck(head, {{&about}, {}}, Environment::test, issues).run_notice(text, may_name_patient);
}

void check_mail(std::string_view message, const CdaReadOptions& options, std::vector<v1::Issue>& issues) {
  const Result<ReadMail> mail = read_mail(message);
  if (!mail.ok()) return add_issue(issues, Rule::mail_unreadable, "message");
  check_message_form(message, *mail, issues);
  check_text_part(mail->parts, issues);
  check_parts_form(mail->parts, issues);
  if (is_notice(*mail)) {
    add_issue(issues, Rule::notice_only, "message");
    return HeadCheck(mail->head, {}, options.environment, issues).run_notice({}, false);
  }
  const MailPart* archive = find_archive(mail->parts, issues);
  XdmFacts facts;
  if (archive != nullptr) facts = check_xdm(archive->content, options, issues);
  check_pdf_parts(mail->parts, facts, options.zone, issues);
  MailDocuments documents;
  for (const stored::DocumentHeader& each : facts.headers) documents.headers.push_back(&each);
  documents.masks = facts.masks;
  check_mail_head(mail->head, texts_of(mail->parts), documents, options.environment, issues);
}

}  // namespace psl
