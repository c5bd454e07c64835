#include "adapters/mssante/reply_text.h"

#include <gtest/gtest.h>

#include "adapters/formats/field_check.h"

namespace psl {
namespace {

using Meaning = Inbound::Meaning;

Meaning meaning_of(std::string_view text) { return decide(own_lines(text)).meaning; }

TEST(ReplyText, TakesAYesHoweverItIsWritten) {
  // Case, accents, apostrophes, punctuation, and courtesies change nothing.
  for (const char* text :
       {"J'ACCEPTE",
        "j’accepte",
        "J accepte.",
        "Accepté",
        "ACCEPTÉE !",
        "accepte",
        "OUI",
        "oui.",
        "Oui, merci",
        "D'accord",
        "d’accord pour ce patient",
        "DACCORD",
        "Oui, j'accepte",
        "Nous acceptons cette demande.",
        "Bonjour, j'accepte",
        "Bonjour,\n\nJ'accepte.\nCordialement",
        "Cher confrère,\nOui\nDr Essai",
        "J'accepte, je le verrai mardi à 10 h",
        "PSL-7K3M-9QXD : j'accepte",
        "J'accepte PSL-7K3M-9QXD",
        "  *J'accepte*  ",
        "Oui, bien reçu, j'accepte",
        "Bonjour Docteur Martin,\nj'accepte",
        "J'accepte cette demande, je la verrai dès que possible",
        "J'accepte, pas de souci",
        "J'accepte.\nN'hésitez pas à m'appeler si besoin.\nDr N. Essai",
        "Oui.\nJe le verrai au plus vite.\nCordialement\nSi vous imprimez ce mail...",
        "J'accepte\nCe message est confidentiel. Si vous n'en êtes pas le destinataire,\nne pas lire",
        "J'accepte\nToute diffusion non autorisée de ce message est interdite."})
    EXPECT_EQ(meaning_of(text), Meaning::accepted) << text;
}

TEST(ReplyText, TakesANoHoweverItIsWritten) {
  // The same of a refusal, also when it is said by a negation.
  for (const char* text :
       {"JE REFUSE", "je refuse.", "Refus", "REFUSÉ", "NON", "non merci", "Non, désolé", "Indisponible",
        "Je suis indisponible cette semaine", "Je ne suis pas disponible", "Non, je ne suis pas disponible.",
        "Je n'accepte pas", "Bonjour,\nje décline.", "Non disponible",
        "Bonsoir, je refuse : hors de mon secteur", "Je refuse.\nJe ne prends plus de nouveaux patients.",
        "Je refuse car trop de demandes", "Indisponible pour cette demande"})
    EXPECT_EQ(meaning_of(text), Meaning::declined) << text;
}

TEST(ReplyText, LeavesToAHumanWhatSaysBothOrNeither) {
  // A machine does not guess: nothing of these is an answer.
  for (const char* text : {"",
                           "Bonjour",
                           "oui mais non",
                           "Oui ou non ?",
                           "J'accepte si le patient peut se déplacer",
                           "J'accepte sous réserve",
                           "Oui ?",
                           "Accord de principe, à confirmer",
                           "Je n'accepte pas avant lundi",
                           "Je refuse pas",
                           "Non, pas de problème je le prends",
                           "Oui bien reçu, je vous réponds ce soir",
                           "J'accepte\nFinalement non",
                           "Je refuse\nNon, en fait, oui",
                           "OUI\nJe refuse",
                           "Non\nJ'accepte",
                           "Je ne refuse pas",
                           "acceptation",
                           "Qui est ce patient ?",
                           "Merci de me rappeler",
                           "ouistiti",
                           "J'accepte aucun nouveau patient",
                           "J'accepte plus de nouveaux patients",
                           "J'accepte rarement les patients hors secteur",
                           "J'accepte dès que j'aurai une place",
                           "J'accepte à partir du 15 janvier",
                           "J'accepte la patiente à partir du 15 janvier",
                           "J'accepte que ce soit un confrère qui le prenne",
                           "J'accepte cette patiente pour un suivi\nà condition que le bilan soit transmis",
                           "J'accepte,\nsous réserve de place.",
                           "J'accepte\naucun nouveau patient",
                           "J'accepte.\nFinalement non, je ne peux pas.",
                           "J'accepte.\nAvez-vous le bilan ?",
                           "J'accepte\nCordialement\nPS : je ne pourrai pas avant mai, voyez un confrère",
                           "Je refuse\nmais je peux le prendre en mai",
                           "Indisponible du 20/11 au 3/12, cabinet fermé.",
                           "Indisponible\nCeci est un message automatique.",
                           "Je suis indisponible, en congés",
                           "Je ne peux pas refuser"})
    EXPECT_EQ(meaning_of(text), Meaning::unclear) << text;
}

TEST(ReplyText, DoesNotReadWhatIsQuoted) {
  // The proposal itself offers both words: only what stands above or between counts.
  for (const char* text :
       {"> Répondez J'ACCEPTE ou JE REFUSE\nJe refuse", "Je refuse\n> J'ACCEPTE",
        "Je refuse\n\nLe 22/11/2026 à 09:00, CPTS a écrit :\nJ'ACCEPTE",
        "Je refuse\nLe dim. 22 nov.\n2026, CPTS\na écrit :\nOUI",
        "Je refuse\n-----Message d'origine-----\nJ'accepte", "Je refuse\nDe : CPTS\nEnvoyé : hier\nJ'accepte",
        "Je refuse\n________________________________\nJ'accepte", "Je refuse\n*De :* CPTS\nOUI",
        "Je refuse\nEnvoyé de mon téléphone\nOUI", "Je refuse\n-- \nOUI",
        "Je refuse\nOn Sunday, CPTS wrote:\nOUI", "Je refuse\nFrom: CPTS\nOUI"})
    EXPECT_EQ(meaning_of(text), Meaning::declined) << text;
  EXPECT_EQ(meaning_of("> J'ACCEPTE"), Meaning::unclear);
  EXPECT_EQ(meaning_of("---------- Forwarded message ---------\nJ'accepte"), Meaning::unclear);
}

TEST(ReplyText, KeepsWhatIsSaidBesidesTheAnswer) {
  // The line of the answer only when it says more; all when nobody understood it.
  EXPECT_EQ(decide({"Bonjour,", "J'accepte.", "Mardi à 10 h.", "Dr Essai"}).text, "Mardi à 10 h.\nDr Essai");
  EXPECT_EQ(decide({"J'accepte mardi", "à 10 h"}).text, "J'accepte mardi\nà 10 h");
  EXPECT_EQ(decide({"Bonjour,", "Qui est-ce ?", "Merci"}).text, "Qui est-ce ?\nMerci");
}

TEST(ReplyText, ReadsTheCharsetsOfFrenchMails) {
  // Declared or not, what is not UTF-8 is Windows-1252; nothing that comes out is malformed or turns the text
  // round.
  EXPECT_EQ(utf8_text("accept\xE9", "iso-8859-1"), "accepté");
  EXPECT_EQ(utf8_text("j\x92"
                      "accepte \x80",
                      "Windows-1252"),
            "j’accepte €");
  EXPECT_EQ(utf8_text("accepté", "UTF-8"), "accepté");
  EXPECT_EQ(utf8_text("accept\xE9", ""), "accepté");
  EXPECT_EQ(utf8_text("a\x01\tb\r\n\xE2\x80\xAE"
                      "c\xED\xA0\x80",
                      "utf-8"),
            "a  b\ncí €");
}

TEST(ReplyText, LetsThroughNoCharacterThatAnEventMayNotHold) {
  // Separators are spaces; marks of direction and what is no character are gone: of every code point, alone
  // on its line, comes what an event and its document may hold.
  EXPECT_EQ(utf8_text("a\u2028b\u2029c\u061Cd\uFFFEe\uFFFFf\uFDD0g\U0001FFFEh\u202F!", "utf-8"),
            "a b cdefgh !");
  for (uint32_t first = 0; first <= 0x10FFFF; first += 0x80) {
    std::string page;
    for (uint32_t point = first; point < first + 0x80; ++point) {
      if (point != '<' && point != '&') page += "<p>&#" + std::to_string(point) + ";</p>";
    }
    for (const std::string& line : own_lines(text_of_html(page))) {
      FieldCheck check;
      check.paragraphs(FieldPath("text"), line, 0, 500);
      EXPECT_TRUE(std::move(check).status().ok()) << first;
    }
  }
}

TEST(ReplyText, ReadsHtmlAsAPersonDoes) {
  // Paragraphs are lines, styles and comments are not seen, a quote is a quote.
  EXPECT_EQ(text_of_html("<html><head><title>x</title><style>p{}</style></head><body><!-- <p>OUI -->"
                         "<p>Bonjour,</p><div>J&#8217;accept&eacute;&nbsp;<b>bien</b></div>"
                         "<blockquote>JE REFUSE<br>NON</blockquote>fin &lt;3 &x; &#xE9;"),
            "Bonjour,\nJ’accepté bien\n> JE REFUSE\n> NON\nfin <3 &x; é");
  EXPECT_EQ(text_of_html("<div style=\"Display: None\"><div>J'accepte</div>OUI</div><p>Je vais voir</p>"),
            "Je vais voir\n");
  EXPECT_EQ(text_of_html("<br style='display:none'>OUI"), "OUI");
  EXPECT_EQ(text_of_html("a<b"), "a");
  EXPECT_EQ(text_of_html("<!--"), "");
  EXPECT_EQ(text_of_html("<script>OUI"), "");
}

TEST(ReplyText, IsDoneWithHugeTexts) {
  // A mail made to be slow is cut: no step is worse than linear.
  std::string codes;
  for (int i = 0; i < 20'000; ++i) codes += "PSL-7K3M-9QXD";
  EXPECT_EQ(meaning_of(codes), Meaning::unclear);
  EXPECT_EQ(own_lines(std::string(200'000, '\n') + "OUI").size(), 1U);
  std::string many;
  for (int i = 0; i < 100'000; ++i) many += "x\n";
  EXPECT_EQ(own_lines(many).size(), 500U);
  EXPECT_EQ(text_of_html(std::string(250'000, '<')), "");
}

}  // namespace
}  // namespace psl
