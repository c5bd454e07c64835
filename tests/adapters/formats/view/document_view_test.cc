#include "adapters/formats/view/document_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/adapters/formats/cda_fixtures.h"
#include "tests/adapters/formats/view/view_fixtures.h"

namespace psl {
namespace {

using test::replaced;
using test::told;
using test::view_letter;
using test::view_ok;
using test::view_section;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::vector<std::string> lines(const std::vector<ViewFact>& facts) {
  std::vector<std::string> all;
  for (const ViewFact& fact : facts) all.push_back(fact.label + " : " + fact.value);
  return all;
}

// Facts of a letter with this in its header.
std::vector<std::string> facts_of(std::string_view header) {
  std::vector<std::string> facts = lines(view_ok(view_letter("", header)).facts);
  EXPECT_THAT(facts, Not(IsEmpty()));
  facts.erase(facts.begin());  // the patient's address
  return facts;
}

TEST(DocumentView, ShowsAQualifiedIdentity) {
  // Claim: RNIV 1 section 4.10: names as given, the list of given names, the place, and the INS as printed.
  const DocumentView view = view_ok(view_letter(""));
  EXPECT_THAT(lines(view.patient),
              ElementsAre("Nom de naissance : DE L'ÉTOILE", "Nom utilisé : D'ARGENT",
                          "Prénom(s) de naissance : MARIE-ÈVE ANNE", "Premier prénom : MARIE-ÈVE",
                          "Prénom utilisé : ÈVE", "Née le : 09/03/1965", "Sexe : Féminin",
                          "Lieu de naissance : SAINT-CLAUDE (39478)",
                          "Matricule INS : 2 65 03 39 478 115 73 (NIR), identité de test",
                          "Numéro de patient (IPP) : IPP-7"));
  EXPECT_EQ(view.identity_status, "Identité qualifiée");
}

TEST(DocumentView, SaysThatAnIdentityIsNotQualified) {
  // Claim: without an INS there is neither matricule nor Datamatrix, and a reader is told why.
  const std::string cda =
      replaced(view_letter(""), "<id root=\"1.2.250.1.213.1.4.10\" extension=\"265033947811573\"/>", "");
  const DocumentView view = view_ok(cda);
  EXPECT_EQ(view.identity_status, "Identité non qualifiée : transmise sans matricule INS");
  EXPECT_THAT(view.datamatrix, IsEmpty());
  EXPECT_THAT(lines(view.patient), Not(testing::Contains(HasSubstr("Matricule"))));
}

TEST(DocumentView, TellsNirFromNia) {
  // Claim: by the OID, as RNIV 1 section 4.10 wants it after the matricule; Corsica keeps its letter.
  const auto matricule = [](std::string_view ins) {
    for (const std::string& line :
         lines(view_ok(replaced(view_letter(""),
                                "root=\"1.2.250.1.213.1.4.10\" extension=\"265033947811573\"", ins))
                   .patient)) {
      if (line.find("Matricule INS : ") == 0) return line.substr(16);
    }
    return std::string();
  };
  EXPECT_EQ(matricule("root='1.2.250.1.213.1.4.8' extension='180032B02040123'"),
            "1 80 03 2B 020 401 23 (NIR)");
  EXPECT_EQ(matricule("root='1.2.250.1.213.1.4.9' extension='265033947811573'"),
            "2 65 03 39 478 115 73 (NIA)");
  EXPECT_EQ(matricule("root='1.2.250.1.213.1.4.11' extension='265033947811573'"),
            "2 65 03 39 478 115 73 (NIR), identité de démonstration");
  // Neither an obsolete INS-C nor what has not the shape of a matricule.
  EXPECT_EQ(matricule("root='1.2.250.1.213.1.4.6' extension='265033947811573'"), "");
  EXPECT_EQ(matricule("root='1.2.250.1.213.1.4.8' extension='12'"), "");
}

TEST(DocumentView, ShowsOtherPatients) {
  // Claim: sex, an unknown place, a newborn's hour and rank among twins, and a name without qualifier.
  std::string cda = replaced(view_letter(""), "code=\"F\"", "code=\"UN\"");
  cda = replaced(cda, "<birthTime value=\"19650309\"/>",
                 "<birthTime value=\"202502241012+0100\"/><sdtc:multipleBirthOrderNumber value=\"2\"/>");
  cda = replaced(cda, "<county>39478</county><city>SAINT-CLAUDE</city>", "<county>99999</county>");
  cda = replaced(cda, "<family qualifier=\"BR\">", "<family>");
  cda = replaced(cda, "<given>MARIE-ÈVE ANNE</given>", "<given>MARIE-ÈVE</given><given>ANNE</given>");
  const std::vector<std::string> patient = lines(view_ok(cda).patient);
  for (const std::string line : {"Nom de naissance : DE L'ÉTOILE", "Prénom(s) de naissance : MARIE-ÈVE ANNE",
                                 "Né(e) le : 24/02/2025 à 10:12", "Sexe : Indéterminé",
                                 "Lieu de naissance : inconnu (99999)", "Rang de naissance : 2"})
    EXPECT_THAT(patient, testing::Contains(line));
}

TEST(DocumentView, WritesTheDatamatrix) {
  // Claim: by hand from the structure of the INS Datamatrix; names in strict form, in the document's order.
  const std::string expected = std::string("IS010000000000000000000000") + "S1265033947811573" +
                               "S21.2.250.1.213.1.4.10" + "S3MARIE-EVE ANNE\x1D" + "S4DE L'ETOILE\x1D" +
                               "S5F" + "S609-03-1965" + "S739478";
  EXPECT_EQ(view_ok(view_letter("")).datamatrix, expected);
}

TEST(DocumentView, EndsShortDatamatrixFieldsOnly) {
  // Claim: an OID of 19 characters has an end, one of 20 none; names are cut at 100 characters.
  PrintedIdentity identity{
      "265033947811573", "1.2.250.1.213.1.4.8", std::string(120, 'A'), "ÉON", "I", "2000-12-31", "2A004"};
  EXPECT_EQ(datamatrix_text(identity),
            "IS010000000000000000000000S1265033947811573S21.2.250.1.213.1.4.8\x1DS3" + std::string(100, 'A') +
                "S4EON\x1DS5IS631-12-2000S72A004");
}

TEST(DocumentView, WritesNoDatamatrixOfAnIncompleteIdentity) {
  // Claim: a wrong key or a missing trait would be read into another record by a scanner.
  for (const auto& [from, to] : {std::pair{"265033947811573", "265033947811574"},
                                 {"<county>39478</county>", ""},
                                 {"<birthTime value=\"19650309\"/>", ""},
                                 {"<administrativeGenderCode code=\"F\"/>", ""},
                                 {"<given>MARIE-ÈVE ANNE</given>", ""},
                                 {"<family qualifier=\"BR\">DE L'ÉTOILE</family>", ""}}) {
    EXPECT_THAT(view_ok(replaced(view_letter(""), from, to)).datamatrix, IsEmpty()) << from;
  }
}

constexpr std::string_view hospital =
    R"(<representedOrganization><id root="1.2.250.1.71.4.2.2" extension="1250000452"/>
  <name>Centre hospitalier du Val d'Aubois</name></representedOrganization>)";

TEST(DocumentView, ShowsWhoWritesToWhom) {
  // Claim: the author's structure, its address from its keeper when it is the same, and those it speaks to.
  const DocumentView view = view_ok(view_letter("", R"(
    <author><assignedAuthor><code displayName="Cardiologie"/><telecom value="tel:+33381000001"/>
      <assignedPerson><name><given>Zoé</given><family>LEFÈVRE</family><prefix>MME</prefix><suffix>DR</suffix></name>
      </assignedPerson>)" + std::string(hospital) +
                                                        R"(</assignedAuthor></author>
    <custodian><assignedCustodian><representedCustodianOrganization>
      <id root="1.2.250.1.71.4.2.2" extension="1250000452"/><name>CH</name><telecom value="tel:0381000000"/>
      <telecom value="fax:+3281000000"/>
      <addr><houseNumber>12</houseNumber><streetNameType>rue</streetNameType><streetName>des Tilleuls</streetName>
        <postalCode>25000</postalCode><city>BESANÇON</city></addr>
    </representedCustodianOrganization></assignedCustodian></custodian>
    <informationRecipient><intendedRecipient><informationRecipient><name><prefix>M</prefix><given>Paul</given>
      <family>MOREAU</family></name></informationRecipient><receivedOrganization><name>Maison de santé</name>
      </receivedOrganization></intendedRecipient></informationRecipient>
    <informationRecipient><intendedRecipient><receivedOrganization><name>SSIAD du Val</name></receivedOrganization>
      </intendedRecipient></informationRecipient>
    <legalAuthenticator><time value="20250224180000+0100"/><assignedEntity><assignedPerson><name><given>Ali</given>
      <family>BEN SAÏD</family><suffix>PR</suffix></name></assignedPerson></assignedEntity></legalAuthenticator>
    <relatedDocument typeCode="RPLC"><parentDocument><id root="1.2.250.1.999.7.0"/></parentDocument></relatedDocument>)"));
  EXPECT_EQ(view.title, "Lettre de sortie");
  EXPECT_THAT(view.sender,
              ElementsAre("Centre hospitalier du Val d'Aubois", "12 rue des Tilleuls", "25000 BESANÇON",
                          "Tél.\u00A003\u00A081\u00A000\u00A000\u00A000", "Télécopie\u00A0+3281000000"));
  EXPECT_THAT(view.addressees, ElementsAre("M. Paul MOREAU, Maison de santé", "SSIAD du Val"));
  EXPECT_EQ(view.dated, "Fait le 24 février 2025 à 17:30");
  EXPECT_EQ(view.signature, "Validé par le Pr Ali BEN SAÏD le 24/02/2025 à 18:00");
  EXPECT_EQ(view.reference, "Document 1.2.250.1.999.7.1, version 2, remplace le document 1.2.250.1.999.7.0");
  EXPECT_THAT(lines(view.facts),
              ElementsAre("Coordonnées du patient : 3 place de l'Église, 39000 LONS-LE-SAUNIER, "
                          "Tél.\u00A006\u00A000\u00A000\u00A000\u00A000",
                          "Auteur : Dr Zoé LEFÈVRE, Cardiologie, Centre hospitalier du Val d'Aubois, "
                          "Tél.\u00A003\u00A081\u00A000\u00A000\u00A001"));
}

TEST(DocumentView, ShowsTheStay) {
  // Claim: dates in the document's own offset, number, place, who answered for it and who took part.
  EXPECT_THAT(facts_of(R"(<componentOf><encompassingEncounter><id root="1.2.250.1.999.2" extension="SEJ-42"/>
      <effectiveTime><low value="20250220090000+0400"/><high value="20250224"/></effectiveTime>
      <responsibleParty><assignedEntity><assignedPerson><name>Docteur Roux</name></assignedPerson></assignedEntity>
      </responsibleParty>
      <encounterParticipant typeCode="REF"><assignedEntity><assignedPerson><name><family>MOREAU</family></name>
      </assignedPerson></assignedEntity></encounterParticipant>
      <location><healthCareFacility><location><name>Cardiologie B</name></location></healthCareFacility></location>
      </encompassingEncounter></componentOf>)"),
              ElementsAre("Séjour : du 20/02/2025 à 09:00 au 24/02/2025", "Numéro de séjour : SEJ-42",
                          "Lieu du séjour : Cardiologie B", "Responsable du séjour : Docteur Roux",
                          "Patient adressé par : MOREAU"));
  EXPECT_THAT(
      facts_of(
          R"(<documentationOf><serviceEvent><effectiveTime><low value="20250220090000+0000"/></effectiveTime>
      </serviceEvent></documentationOf>)"),
      ElementsAre("Séjour : à partir du 20/02/2025 à 09:00 (UTC)"));
}

TEST(DocumentView, ShowsWhoIsAroundThePatient) {
  // Claim: médecin traitant, family and guardians, each by the part he or she has.
  const auto related = [](std::string_view role, std::string_view family) {
    return "<informant><relatedEntity classCode=\"" + std::string(role) +
           "\"><code displayName=\"Sœur\"/><telecom "
           "value=\"tel:0600000001\"/><relatedPerson><name><given>Lou</given>"
           "<family>" +
           std::string(family) +
           "</family><family qualifier=\"BR\">PETIT</family></name></relatedPerson>"
           "</relatedEntity></informant>";
  };
  EXPECT_THAT(facts_of(related("ECON", "A") + related("NOK", "B") + related("CAREGIVER", "C") +
                       related("CON", "D") + R"(
      <participant typeCode="INF"><functionCode code="PCP"/><associatedEntity><associatedPerson><name>
        <suffix>DR</suffix><family>MEUNIER</family></name></associatedPerson></associatedEntity></participant>
      <participant typeCode="INF"><functionCode code="999" displayName="Sage-femme"/><associatedEntity>
        <scopingOrganization><name>PMI du Val</name></scopingOrganization></associatedEntity></participant>)"),
              ElementsAre("Médecin traitant : Dr MEUNIER", "Sage-femme : PMI du Val",
                          "Personne à prévenir en cas d'urgence : Lou A (nom de naissance : PETIT), Sœur, "
                          "Tél.\u00A006\u00A000\u00A000\u00A000\u00A001",
                          testing::StartsWith("Personne de confiance : Lou B"),
                          testing::StartsWith("Aidant : Lou C"), testing::StartsWith("Contact : Lou D")));
  const std::string minor =
      replaced(view_letter(""), "<birthplace>",
               "<guardian><guardianPerson><name><prefix>MME</prefix><family>D'ARGENT</family>"
               "</name></guardianPerson></guardian><birthplace>");
  EXPECT_THAT(lines(view_ok(minor).facts), testing::Contains("Représentant du patient : Mme D'ARGENT"));
}

TEST(DocumentView, ShowsSectionsInsideSections) {
  // Claim: in the document's order, with their depth; a title missing is the code's label.
  const DocumentView view = view_ok(
      view_letter("<component><section><title>Bilan</title><text>a</text><component><section><code "
                  "displayName=\"Biologie\"/>"
                  "<text><paragraph>b</paragraph></text></section></component></section></component>" +
                  view_section("Suites", "c")));
  ASSERT_EQ(view.sections.size(), 3);
  EXPECT_EQ(view.sections[0].title, "Bilan");
  EXPECT_EQ(view.sections[1].title, "Biologie");
  EXPECT_EQ(view.sections[1].level, 2);
  EXPECT_EQ(told(view.sections[1].blocks.at(0)), "b");
  EXPECT_EQ(view.sections[2].level, 1);
}

TEST(DocumentView, LeavesOutSectionsWithoutText) {
  // Claim: a title with nothing under it says nothing; one above a section with text does.
  const DocumentView view = view_ok(view_letter(view_section("Vide", " ") +
                                                "<component><section><title>Mère</title><component><section>"
                                                "<title>Fille</title><text>a</text></section></component>"
                                                "</section></component>"));
  ASSERT_EQ(view.sections.size(), 2);
  EXPECT_EQ(view.sections[0].title, "Mère");
}

TEST(DocumentView, SaysThatAPdfCopyIsLeftOut) {
  // Claim: the copy of a paper document is another document: it is named, not drawn.
  const DocumentView view = view_ok(
      view_letter("<component><section><templateId root=\"1.2.250.1.213.1.1.2.243\"/><title>Copie</title>"
                  "<text>Voir le PDF</text></section></component>"));
  EXPECT_THAT(view.sections, IsEmpty());
  EXPECT_THAT(view.left_out, ElementsAre("La copie PDF jointe au document n'est pas reproduite ici."));
}

TEST(DocumentView, SaysWhatAPrintOfItIs) {
  // Claim: a copy of a CDA that alone is authentic; of the page of a level 1 document, whose PDF will be the
  // content of the CDA, nothing of the kind.
  EXPECT_THAT(view_ok(view_letter("")).origin, HasSubstr("document CDA, qui seul fait foi"));
  const std::string page = replaced(view_letter(""), "<recordTarget>",
                                    "<templateId root=\"1.3.6.1.4.1.19376.1.2.20\"/><recordTarget>");
  EXPECT_EQ(view_ok(page).origin,
            "Document établi par Passerelle à partir des informations transmises par l'expéditeur.");
}

std::string refusal(std::string_view cda) {
  const Result<DocumentView> view = view_of(cda);
  EXPECT_FALSE(view.ok());
  if (view.ok()) return {};
  EXPECT_EQ(view.error().code, ErrorCode::document_invalid);
  return view.error().text;
}

TEST(DocumentView, RefusesWhatHasNoStructuredBody) {
  // Claim: not XML, another document, a level 1 body.
  EXPECT_NE(refusal("Bonjour"), "");
  EXPECT_EQ(refusal("<Other/>"), "the document has no structured body");
  EXPECT_EQ(refusal("<ClinicalDocument xmlns='urn:hl7-org:v3'><component><nonXMLBody/></component>"
                    "</ClinicalDocument>"),
            "the document has no structured body");
}

TEST(DocumentView, RefusesWhatIsBeyondItsBounds) {
  // Claim: too deep, too many paragraphs, a text too long: refused, never cut.
  std::string deep = "a";
  for (int i = 0; i < 100; ++i) deep = "<content>" + deep + "</content>";
  EXPECT_NE(refusal(view_letter(view_section("T", deep))), "");

  std::string many;
  for (int i = 0; i < 2000; ++i) many += "<paragraph>a</paragraph>";
  EXPECT_EQ(view_ok(view_letter(view_section("T", many))).sections.at(0).blocks.size(), 2000);
  EXPECT_EQ(refusal(view_letter(view_section("T", many) + view_section("U", "b"))),
            "the document has too many paragraphs or rows to be shown");

  std::string rows;
  for (int i = 0; i < 10000; ++i) rows += "<tr><td/><td/></tr>";
  EXPECT_EQ(view_ok(view_letter(view_section("T", "<table>" + rows + "</table>"))).sections.size(), 1);
  EXPECT_EQ(refusal(view_letter(view_section("T", "<table>" + rows + "<tr><td>a</td></tr></table>"))),
            "the document has too many paragraphs or rows to be shown");

  std::string text;
  for (int i = 0; i < 100000; ++i) text += "é";
  EXPECT_EQ(view_ok(view_letter(view_section("T", text))).sections.size(), 1);
  EXPECT_EQ(refusal(view_letter(view_section("T", text + "è"))),
            "a text of the document is too long to be shown");

  // Each text is read again for the table around it: depth costs.
  std::string nested = text.substr(0, 180000);
  for (int i = 0; i < 15; ++i) nested = "<table><tr><td/><td>" + nested + "</td></tr></table>";
  EXPECT_EQ(view_ok(view_letter(view_section("T", nested))).sections.size(), 1);
  EXPECT_EQ(refusal(view_letter(view_section("T", nested) + view_section("U", nested))),
            "a text of the document is too long to be shown");
}

TEST(DocumentView, ShowsNothingThatIsNotThere) {
  // Claim: an empty header gives an empty page, not a broken one.
  const DocumentView view = view_ok(
      "<ClinicalDocument xmlns='urn:hl7-org:v3'><component><structuredBody/></component></ClinicalDocument>");
  EXPECT_EQ(view.title, "Document de santé");
  EXPECT_THAT(view.sender, IsEmpty());
  EXPECT_THAT(view.dated, IsEmpty());
  EXPECT_THAT(view.patient, IsEmpty());
  EXPECT_THAT(view.signature, IsEmpty());
}

}  // namespace
}  // namespace psl
