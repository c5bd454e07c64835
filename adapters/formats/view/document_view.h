// What a reader sees of a CDA, ready to be laid out: the same words in the PDF and on the screen. Codes stay
// out. Sources: HL7 CDA R2, narrative block (NarrativeBlock.xsd); RNIV 1 section 4.10 (identity on a print).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/result.h"

namespace psl {

// A run of text in one style. Line ends inside it are line ends on the page.
struct ViewRun {
  std::string text;
  bool bold = false;
  bool italic = false;
  bool underlined = false;
  // -1 below the line, 0, 1 above it.
  int raised = 0;
};
using ViewText = std::vector<ViewRun>;

struct ViewCell {
  ViewText text;
  // How many it covers: 1 to 100, and never more rows than its table has below.
  int columns = 1;
  int rows = 1;
  bool heading = false;
};

struct ViewTable {
  ViewText caption;
  // The first `heading_rows` are repeated where a table goes on on another page.
  int heading_rows = 0;
  std::vector<std::vector<ViewCell>> rows;
};

struct ViewBlock {
  enum class Kind { paragraph, item, table };
  Kind kind = Kind::paragraph;
  // paragraph, item.
  ViewText text;
  // item: "•", "2.", empty where an item goes on; and how deep its list lies, from 1.
  std::string marker;
  int depth = 0;
  ViewTable table;
};

struct ViewSection {
  std::string title;
  // 1: a section of the body; 2 and more: inside another.
  int level = 1;
  std::vector<ViewBlock> blocks;
};

struct ViewFact {
  std::string label;  // "Né(e) le"
  std::string value;  // "28/03/1979"
};

struct DocumentView {
  std::string title;
  // Who writes: name of the structure, address, telephone; one line each.
  std::vector<std::string> sender;
  // To whom it speaks: one line for each person or structure.
  std::vector<std::string> addressees;
  // "Fait le 24 février 2025 à 17:30".
  std::string dated;
  // The identity, in the order of RNIV 1 section 4.10: names, birth date, sex, status; with an INS, the list
  // of given names, the birth place and the matricule too.
  std::vector<ViewFact> patient;
  // "Identité qualifiée", or that it is not and so came without INS.
  std::string identity_status;
  // Text of the INS Datamatrix; empty without an INS, with a wrong key or without one of the five traits.
  std::string datamatrix;
  // Where the patient lives, stay, authors, médecin traitant, contacts.
  std::vector<ViewFact> facts;
  std::vector<ViewSection> sections;
  // "Validé par le Dr … le …"; empty when nobody answers for it.
  std::string signature;
  // For the foot of each page: whose document it is ("DE LA TOUR MARIE-ÈVE, né(e) le 09/03/1965"), and its
  // identifier, version, whom it replaces.
  std::string patient_line;
  std::string reference;
  // What a print of it is, under the reference: a copy of a CDA that alone is authentic, or the content of
  // the CDA itself.
  std::string origin;
  // effectiveTime as the document gives it ("20250224173000+0100"): the date inside a PDF.
  std::string created;
  // In French, what could not be shown: "Une image du document n'est pas reproduite."
  std::vector<std::string> left_out;
};

// Of a CDA R2 with a structured body, ours or a hospital's: foreign markup is read through, what cannot be
// shown is said in `left_out`. At most 30 MiB, 2,000 blocks, 10,000 rows of tables, 100,000 characters a
// block, and 4 MiB of text (in a table inside a table it counts for each of them); document_invalid beyond
// that, when it is not well-formed, or has no structured body. Pure; thread safe.
Result<DocumentView> view_of(std::string_view cda);

// Text of the INS Datamatrix: header "IS01" and 22 zeros, then S1 matricule, S2 OID, S3 list of birth given
// names, S4 birth name, S5 sex, S6 birth date (DD-MM-YYYY), S7 birth place (COG); a field shorter than its
// maximum (S2 20, S3 and S4 100 characters) ends with GS (0x1D). Written here from the reading of two
// independent implementations, not from the ANS specification itself. Names in strict form: no accent.
struct PrintedIdentity {
  std::string matricule;
  std::string oid;
  std::string given_names;
  std::string family_name;
  // "F", "M", "I".
  std::string sex;
  // "YYYY-MM-DD".
  std::string birth_date;
  std::string birth_place_code;
};
std::string datamatrix_text(const PrintedIdentity& identity);

}  // namespace psl
