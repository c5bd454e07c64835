#include "adapters/mssante/mail_text.h"

#include <algorithm>
#include <array>

#include "adapters/formats/text.h"
#include "gateway/core/checked.h"
#include "gateway/core/french_words.h"
#include "passerelle/internal/v1/stored.pb.h"
#include "passerelle/v1/config.pb.h"
#include "passerelle/v1/gateway.pb.h"

namespace psl {
namespace {

constexpr size_t label_max = 40;
constexpr size_t name_piece_max = 32;
// Intake's own limits are below these; a sender's CDA has none.
constexpr size_t shown_name_max = 200;
constexpr size_t subject_name_max = 100;

std::string shown(std::string_view text) { return one_line(first_characters(text, shown_name_max)); }

std::string subject_name(std::string_view name) {
  return strict_name(first_characters(name, subject_name_max));
}

std::string document_label(const stored::DocumentHeader& header) {
  const std::string label = shown(header.metadata().type().label());
  return label.empty() ? "Document de santé" : label;
}

// Words that announce another: a label does not end with one.
bool announces(std::string_view word) {
  constexpr std::array<std::string_view, 18> words = {"de",    "du", "des", "d'un", "d'une", "d’un",
                                                      "d’une", "la", "le",  "les",  "l'",    "l’",
                                                      "à",     "au", "aux", "et",   "en",    "pour"};
  return std::find(words.begin(), words.end(), word) != words.end();
}

std::string given_name_of(const v1::Patient& patient) {
  if (!patient.first_birth_given_name().empty()) return patient.first_birth_given_name();
  return patient.birth_given_names().substr(0, patient.birth_given_names().find(' '));
}

// Letters and digits of ASCII, anything else as one hyphen between them.
std::string file_piece(std::string_view text) {
  std::string piece;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (plain) {
      piece += c;
    } else if (!piece.empty() && piece.back() != '-') {
      piece += '-';
    }
    if (piece.size() == name_piece_max) break;
  }
  while (!piece.empty() && piece.back() == '-') piece.pop_back();
  return piece;
}

// "Lettre de liaison à la sortie" as "Lettre-de-liaison-a-la-sortie".
std::string label_piece(std::string_view label) {
  std::string piece = file_piece(strict_name(label));
  for (size_t i = 1; i < piece.size(); ++i) {
    if (piece[i] >= 'A' && piece[i] <= 'Z') piece[i] = static_cast<char>(piece[i] - 'A' + 'a');
  }
  return piece;
}

std::string day_piece(const stored::DocumentHeader& header, const TimeZone& zone) {
  const v1::DocumentMetadata& metadata = header.metadata();
  const auto& act = metadata.encounter().has_start() ? metadata.encounter().start() : metadata.created_at();
  return hl7(Instant{act.seconds() * 1000000}, zone).substr(0, 8);
}

std::string record_number(const stored::DocumentHeader& header) {
  const std::string& stay = header.metadata().encounter().local_id().value();
  return stay.empty() ? header.patient().local_id().value() : stay;
}

std::string telephone_of(const v1::Organization& organization) {
  const std::string phone = phone_of(organization);
  return phone.empty() ? std::string() : " (téléphone : " + shown(phone) + ")";
}

std::string body_for_professional(const std::string& sender, const std::string& telephone,
                                  std::string_view proposal, bool with_pdf) {
  std::string text = "Il concerne la personne nommée dans l'objet de ce message.\n\n";
  text.append(proposal).append("Pièces jointes :\n");
  if (with_pdf) text += "- le fichier PDF : le document, à lire ou à imprimer ;\n";
  text +=
      "- IHE_XDM.zip : le document au format CDA, que votre logiciel métier peut intégrer au dossier du "
      "patient. "
      "Sans logiciel compatible, ouvrez l'archive puis le fichier INDEX.HTM.\n";
  if (!with_pdf) text += "Ce message ne comporte pas de copie du document au format PDF.\n";
  text += "\nPour toute question sur ce document, contactez l'expéditeur : " + sender + telephone + ".\n\n";
  text +=
      "Ce message a été envoyé automatiquement. Il est couvert par le secret professionnel : si vous n'en "
      "êtes pas le "
      "destinataire, merci d'en avertir l'expéditeur, puis de le supprimer.\n";
  return text;
}

std::string body_for_patient(const std::string& sender, const std::string& telephone, bool with_pdf,
                             bool closed) {
  std::string text;
  if (!with_pdf) {
    text +=
        "Il se trouve dans la pièce jointe IHE_XDM.zip. Si vous ne parvenez pas à le lire, demandez-en une "
        "copie à "
        "l'expéditeur : " +
        sender + telephone + ".\n";
  } else {
    text += "Pour le lire, ouvrez le fichier PDF joint à ce message.\n";
    text +=
        "La pièce jointe IHE_XDM.zip contient le même document, sous une forme destinée aux logiciels des "
        "professionnels de santé : vous n'avez pas besoin de l'ouvrir.\n";
  }
  text += "\nPour toute question sur ce document, parlez-en à votre médecin ou contactez l'expéditeur : " +
          sender + telephone + ".\n";
  text += "Ce message n'est pas surveillé en urgence : en cas d'urgence, appelez le 15.\n\n";
  text += "Ce message a été envoyé automatiquement.";
  text += closed ? " Il n'est pas possible d'y répondre.\n" : "\n";
  return text;
}

}  // namespace

std::string short_label(const stored::DocumentHeader& header) {
  const std::string whole = document_label(header);
  std::string label(first_characters(whole, label_max));
  if (label.size() == whole.size()) return label;
  const bool cut_in_a_word = whole[label.size()] != ' ';
  size_t space = label.rfind(' ');
  if (cut_in_a_word && space != std::string::npos) label.resize(space);
  // What a bracket that was cut off would have explained.
  if (const size_t bracket = label.rfind('(');
      bracket != std::string::npos && label.find(')', bracket) == std::string::npos)
    label.resize(bracket);
  for (space = label.rfind(' ');
       space != std::string::npos && announces(std::string_view(label).substr(space + 1));
       space = label.rfind(' ')) {
    label.resize(space);
  }
  while (label.ends_with(' ')) label.pop_back();
  return label;
}

std::string mail_subject(const stored::DocumentHeader& header) {
  const v1::Patient& patient = header.patient();
  std::string subject = "XDM/1.0/DDM+" + short_label(header) + " " +
                        subject_name(patient.birth_family_name()) + " " +
                        subject_name(given_name_of(patient));
  if (date_ok(patient.birth_date())) {
    const std::string& date = patient.birth_date();
    subject += " " + date.substr(8, 2) + "/" + date.substr(5, 2) + "/" + date.substr(0, 4);
  }
  return subject;
}

std::string pdf_name(const stored::DocumentHeader& header, const TimeZone& zone) {
  std::string name = day_piece(header, zone);
  for (const std::string& piece :
       {label_piece(short_label(header)), file_piece(subject_name(header.patient().birth_family_name())),
        file_piece(subject_name(given_name_of(header.patient()))), file_piece(record_number(header))}) {
    if (!piece.empty()) name += "_" + piece;
  }
  return name + ".pdf";
}

std::string mail_body(const Dispatch& dispatch, std::string_view proposal, bool with_pdf) {
  const v1::CoordinationEvent& event = dispatch.request.event();
  const v1::Recipient& recipient = event.recipients(dispatch.recipient_index);
  const v1::Organization& organization = event.source().organization();
  const std::string sender = shown(organization.name());
  const std::string relay = shown(dispatch.tenant.organization().name());
  std::string text = "Bonjour,\n\n" + sender + " vous adresse";
  if (!relay.empty() && organization.national_id() != dispatch.tenant.organization().national_id())
    text += ", par l'intermédiaire de " + relay + ",";
  text += " le document suivant : " + document_label(dispatch.header) + ".\n";
  const std::string telephone = telephone_of(organization);
  if (recipient.has_patient())
    return text + body_for_patient(sender, telephone, with_pdf, recipient.patient().close_exchange());
  return text + body_for_professional(sender, telephone, proposal, with_pdf);
}

}  // namespace psl
