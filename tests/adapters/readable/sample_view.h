// A discharge letter as a reader sees it, written by hand, for tests of the page. Synthetic people, test OID.
#pragma once

#include <string>

#include "adapters/formats/view/document_view.h"

namespace psl {

inline ViewText plain_text(std::string text) { return {ViewRun{std::move(text)}}; }

inline ViewBlock paragraph_of(std::string text) {
  ViewBlock block;
  block.text = plain_text(std::move(text));
  return block;
}

inline ViewBlock item_of(std::string text) {
  ViewBlock block = paragraph_of(std::move(text));
  block.kind = ViewBlock::Kind::item;
  block.marker = "•";
  block.depth = 1;
  return block;
}

inline std::vector<ViewCell> row_of(const std::vector<std::string>& texts, bool heading = false) {
  std::vector<ViewCell> row;
  for (const std::string& text : texts) {
    ViewCell cell;
    cell.text = plain_text(text);
    cell.heading = heading;
    row.push_back(std::move(cell));
  }
  return row;
}

inline ViewBlock table_of(std::vector<std::vector<ViewCell>> rows, int heading_rows = 1) {
  ViewBlock block;
  block.kind = ViewBlock::Kind::table;
  block.table.heading_rows = heading_rows;
  block.table.rows = std::move(rows);
  return block;
}

// `rows` treatments under a heading.
inline ViewBlock long_table(int rows) {
  std::vector<std::vector<ViewCell>> lines{row_of({"Date", "Médicament", "Dose", "Voie", "Remarque"}, true)};
  for (int i = 0; i < rows; ++i) {
    lines.push_back(
        row_of({"24/02/2025", "Médicament d'essai n° " + std::to_string(i), "1 comprimé", "orale", "—"}));
  }
  return table_of(std::move(lines));
}

inline DocumentView minimal_view() {
  DocumentView view;
  view.title = "Lettre de liaison à la sortie";
  view.created = "20250224173000+0100";
  view.sender = {"Centre hospitalier de Louhans-le-Test"};
  view.dated = "Fait le 24 février 2025 à 17:30";
  view.patient = {{"Nom de naissance", "DE LA TOUR"}, {"Prénom", "MARIE-ÈVE"}, {"Né(e) le", "09/03/1965"}};
  view.identity_status = "Identité non qualifiée : transmise sans INS";
  view.patient_line = "DE LA TOUR Marie-Ève, 09/03/1965";
  view.reference = "Document 2.25.98765432101234567890, version 1";
  view.origin = "Copie lisible du document CDA, qui seul fait foi.";
  view.sections = {{"Synthèse médicale", 1, {paragraph_of("Séjour sans complication.")}}};
  return view;
}

inline std::string sample_datamatrix() {
  return "IS010000000000000000000000S1265033947811573S21.2.250.1.213.1.4.10\x1DS3MARIE-EVE ANNE\x1DS4DE LA "
         "TOUR\x1DS5FS609-03-1965S739478";
}

inline DocumentView complete_view() {
  DocumentView view = minimal_view();
  view.title = "Lettre de liaison à la sortie du service de cardiologie";
  view.sender = {"Centre hospitalier de Louhans-le-Test", "Service de cardiologie", "350 avenue d'Essai",
                 "71500 LOUHANS", "Tél. 03 85 00 00 00"};
  view.addressees = {"Dr Claire MODÈLE, médecin généraliste, 12 rue des Exemples, 71500 LOUHANS",
                     "Cabinet infirmier des Essais"};
  view.patient = {{"Nom de naissance", "DE LA TOUR"},
                  {"Prénoms de naissance", "MARIE-ÈVE ANNE"},
                  {"Nom utilisé", "D'ARGENT"},
                  {"Prénom utilisé", "ÈVE"},
                  {"Née le", "09/03/1965"},
                  {"Sexe", "Féminin"},
                  {"Lieu de naissance (code INSEE)", "39478"},
                  {"Matricule INS", "265033947811573"}};
  view.identity_status = "Identité qualifiée (INS)";
  view.datamatrix = sample_datamatrix();
  view.facts = {{"Séjour", "du 18/02/2025 au 24/02/2025, retour à domicile"},
                {"Auteur", "Dr Zoé LEFÈVRE, cardiologie"},
                {"Médecin traitant", "Dr Claire MODÈLE"},
                {"Personne de confiance", "Jean D'ARGENT (époux), 06 00 00 00 00"}};
  ViewBlock mixed;
  mixed.text = {{"Fraction d'éjection à "},
                {"55 %", true},
                {" (contre "},
                {"40 %", false, true},
                {" à l'entrée), SpO"},
                {"2", false, false, false, -1},
                {" 97 %, "},
                {"surveillance", false, false, true},
                {" 10"},
                {"9", false, false, false, 1},
                {"/L."}};
  view.sections = {
      {"Motif d'hospitalisation",
       1,
       {paragraph_of("Décompensation cardiaque gauche, sans facteur retrouvé.")}},
      {"Synthèse médicale du séjour",
       1,
       {paragraph_of(
            "Patiente de 59 ans adressée pour dyspnée d'aggravation progressive. Amélioration rapide sous "
            "diurétiques par voie intraveineuse, relais oral au troisième jour. Échographie de contrôle "
            "rassurante. Poids de sortie : 62 kg."),
        mixed, item_of("Éducation thérapeutique faite avec l'infirmière du service."),
        item_of("Régime peu salé, pesée chaque matin ; appeler si prise de plus de 2 kg en trois jours.")}},
      {"Traitements à la sortie",
       1,
       {table_of({row_of({"Médicament", "Posologie", "Voie", "Durée", "Statut"}, true),
                  row_of({"Furosémide 40 mg, comprimé", "1 comprimé le matin", "orale", "jusqu'au contrôle",
                          "introduit"}),
                  row_of({"Bisoprolol 2,5 mg, comprimé", "1 comprimé le matin", "orale", "au long cours",
                          "poursuivi"}),
                  row_of({"Ibuprofène 400 mg", "—", "orale", "—", "arrêté (contre-indiqué)"})})}},
      {"Résultats", 1, {}},
      {"Biologie",
       2,
       {table_of({row_of({"Examen", "24/02/2025", "Valeurs usuelles"}, true),
                  row_of({"Créatinine", "78 µmol/L", "45 à 84"}),
                  row_of({"Potassium", "4,1 mmol/L", "3,5 à 5,0"})})}},
      {"Plan de soins",
       1,
       {paragraph_of(
           "Consultation de cardiologie dans un mois ; bilan biologique à J8, à J15 puis tous les mois.")}},
  };
  view.signature = "Validé par le Dr Zoé LEFÈVRE le 24/02/2025 à 17:25";
  view.left_out = {"Une image du document n'est pas reproduite."};
  return view;
}

}  // namespace psl
