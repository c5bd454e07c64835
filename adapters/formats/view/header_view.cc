#include "adapters/formats/view/header_view.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "adapters/formats/cda/cda_header.h"
#include "adapters/formats/view/header_text.h"
#include "gateway/core/checked.h"

namespace psl {
namespace {

// A document may name one person for one thing in two places: the reader sees it once.
void add_fact(std::vector<ViewFact>& facts, std::string_view label, std::string value) {
  const bool told = std::any_of(facts.begin(), facts.end(), [&](const ViewFact& fact) {
    return fact.label == label && fact.value == value;
  });
  if (!told && !value.empty()) facts.push_back({std::string(label), std::move(value)});
}

// "root", or "root^extension".
std::string reference_of(const XmlElement* id) { return id == nullptr ? std::string() : cda_identifier(*id); }

// Who writes: the structure of the first author, else the one that keeps the document.
const XmlElement* sender_of(const XmlElement& root) {
  const XmlElement* author = cda_at(root, {"author", "assignedAuthor", "representedOrganization"});
  if (author != nullptr && cda_child(*author, "name") != nullptr) return author;
  return cda_at(root, {"custodian", "assignedCustodian", "representedCustodianOrganization"});
}

// Of the structure; its host's when it has the same identifier and says more.
void view_sender(const XmlElement& root, DocumentView& view, ViewNotes& notes) {
  const XmlElement* sender = sender_of(root);
  if (sender == nullptr) return;
  if (const XmlElement* name = cda_child(*sender, "name")) {
    if (std::string line = line_of(*name, notes); !line.empty()) view.sender.push_back(std::move(line));
  }
  const XmlElement* keeper =
      cda_at(root, {"custodian", "assignedCustodian", "representedCustodianOrganization"});
  const auto same = [&](const XmlElement& other) {
    return cda_value(other, "id", "extension") == cda_value(*sender, "id", "extension");
  };
  std::vector<std::string> address = address_shown(*sender, notes);
  std::vector<std::string> telecoms = telecoms_shown(*sender);
  if (keeper != nullptr && same(*keeper)) {
    if (address.empty()) address = address_shown(*keeper, notes);
    if (telecoms.empty()) telecoms = telecoms_shown(*keeper);
  }
  std::move(address.begin(), address.end(), std::back_inserter(view.sender));
  std::move(telecoms.begin(), telecoms.end(), std::back_inserter(view.sender));
}

struct PatientNames {
  std::string birth_family;
  std::string used_family;
  std::string birth_given;  // the whole list
  std::string first_given;
  std::string used_given;
};

// What has no qualifier is the list of birth given names; a family name without one is taken for the birth
// name.
PatientNames names_of(const XmlElement& person, ViewNotes& notes) {
  PatientNames names;
  const XmlElement* name = cda_child(person, "name");
  if (name == nullptr) return names;
  for (const XmlElement& part : name->children()) {
    const std::string_view qualifier = part.attribute("qualifier");
    std::string* target = nullptr;
    if (part.name == "family") target = qualifier == "CL" ? &names.used_family : &names.birth_family;
    if (part.name == "given") {
      target = qualifier == "CL"   ? &names.used_given
               : qualifier == "BR" ? &names.first_given
                                   : &names.birth_given;
    }
    if (target == nullptr) continue;
    if (qualifier == "BR") target->clear();
    const bool qualified_before = part.name == "family" && qualifier.empty() && !target->empty();
    if (qualified_before) continue;
    if (!target->empty()) *target += ' ';
    *target += line_of(part, notes);
  }
  return names;
}

// "2 79 03 51 215 189 89", as on a carte Vitale.
std::string grouped(std::string_view matricule) {
  std::string text;
  for (const size_t size : {1, 2, 2, 2, 3, 3, 2}) {
    if (!text.empty()) text += ' ';
    text += matricule.substr(0, size);
    matricule.remove_prefix(size);
  }
  return text;
}

std::string_view kind_of_ins(std::string_view oid) {
  if (oid == ins_nia_oid) return " (NIA)";
  if (oid == ins_nir_test_oid) return " (NIR), identité de test";
  if (oid == ins_nir_demo_oid) return " (NIR), identité de démonstration";
  return " (NIR)";
}

std::string sex_shown(std::string_view code) {
  if (code == "F") return "Féminin";
  if (code == "M") return "Masculin";
  return code.empty() ? std::string() : "Indéterminé";
}

// With the code of the official geography: "LONS-LE-SAUNIER (39300)".
std::string birth_place_shown(const std::string& name, const std::string& code) {
  if (code.empty()) return name;
  if (code == "99999") return name.empty() ? "inconnu (99999)" : name + " (99999)";
  return name.empty() ? code : name + " (" + code + ")";
}

// YYYY-MM-DD; an unknown day is 01, an unknown day and month the 31 December (RNIV 1, EXI PP 19).
std::string strict_birth_date(std::string_view hl7_time) {
  if (!parse_hl7(hl7_time)) return {};
  const std::string day(hl7_time.substr(0, 8));
  if (day.size() == 4) return day + "-12-31";
  return day.substr(0, 4) + "-" + day.substr(4, 2) + "-" + (day.size() == 8 ? day.substr(6, 2) : "01");
}

const XmlElement* ins_of(const XmlElement& role) {
  for (const XmlElement* id : cda_children(role, "id")) {
    if (is_ins_oid(id->attribute("root")) && ins_shape_ok(id->attribute("extension"))) return id;
  }
  return nullptr;
}

std::string datamatrix_of(const XmlElement& ins, const PatientNames& names, const XmlElement& person,
                          const std::string& place_code) {
  const std::string_view sex = cda_value(person, "administrativeGenderCode", "code");
  PrintedIdentity identity{std::string(ins.attribute("extension")),
                           std::string(ins.attribute("root")),
                           names.birth_given,
                           names.birth_family,
                           sex == "F" || sex == "M" ? std::string(sex) : "I",
                           strict_birth_date(cda_value(person, "birthTime", "value")),
                           place_code};
  const bool complete = ins_key_ok(identity.matricule) && !identity.given_names.empty() &&
                        !identity.family_name.empty() && !sex.empty() && date_ok(identity.birth_date) &&
                        place_code.size() == 5;
  return complete ? datamatrix_text(identity) : std::string();
}

// What each participant of a stay did. JDV_J140 (1.2.250.1.213.1.1.5.528).
std::string_view stay_label(std::string_view type_code) {
  if (type_code == "ADM") return "Admission par";
  if (type_code == "ATND") return "Prise en charge par";
  if (type_code == "CON") return "Avis demandé à";
  if (type_code == "DIS") return "Sortie décidée par";
  if (type_code == "REF") return "Patient adressé par";
  return "Intervenant du séjour";
}

std::string_view related_label(std::string_view class_code) {
  if (class_code == "ECON") return "Personne à prévenir en cas d'urgence";
  if (class_code == "NOK") return "Personne de confiance";
  if (class_code == "CAREGIVER") return "Aidant";
  return "Contact";
}

// By its function, else by its type. JDV_J47, JDV_J144 (1.2.250.1.213.1.1.5.591).
std::string participant_label(const XmlElement& participant) {
  const std::string_view function = cda_value(participant, "functionCode", "code");
  if (function == "PCP") return "Médecin traitant";
  if (function == "353") return "Membre de l'équipe de soins";
  if (function == "330") return "Coordonnateur de parcours";
  const std::string_view type = participant.attribute("typeCode");
  if (type == "REFB") return "Patient adressé par";
  if (type == "CON") return "Avis demandé à";
  const std::string_view label = cda_value(participant, "functionCode", "displayName");
  return label.empty() ? "Participant" : std::string(label);
}

std::string with_telecoms(std::string text, const XmlElement& owner) {
  for (const std::string& line : telecoms_shown(owner)) join_part(text, line);
  return text;
}

class Facts {
 public:
  Facts(const XmlElement& root, std::vector<ViewFact>& facts, ViewNotes& notes)
      : root_(root), facts_(facts), notes_(notes) {}

  void read() {
    patient_contact();
    stay();
    for (const XmlElement* author : cda_children(root_, "author"))
      person("Auteur", *author, "assignedAuthor");
    for (const XmlElement* one : cda_children(root_, "authenticator")) {
      person("Approuvé par", *one, "assignedEntity");
    }
    for (const XmlElement* one : cda_children(root_, "participant")) {
      person(participant_label(*one), *one, "associatedEntity");
    }
    guardians();
    for (const XmlElement* informant : cda_children(root_, "informant")) {
      if (const XmlElement* entity = cda_child(*informant, "relatedEntity")) {
        person(related_label(entity->attribute("classCode")), *informant, "relatedEntity");
      }
    }
  }

 private:
  void person(std::string_view label, const XmlElement& owner, std::string_view entity_name) {
    const XmlElement* entity = cda_child(owner, entity_name);
    if (entity == nullptr) return;
    if (std::string text = participant_shown(*entity, notes_); !text.empty())
      add_fact(facts_, label, with_telecoms(std::move(text), *entity));
  }

  void patient_contact() {
    const XmlElement* role = cda_at(root_, {"recordTarget", "patientRole"});
    if (role == nullptr) return;
    std::string contact;
    for (const std::string& line : address_shown(*role, notes_)) join_part(contact, line);
    add_fact(facts_, "Coordonnées du patient", with_telecoms(std::move(contact), *role));
  }

  void stay() {
    const XmlElement* encounter = cda_at(root_, {"componentOf", "encompassingEncounter"});
    std::string period = encounter == nullptr ? "" : period_shown(cda_child(*encounter, "effectiveTime"));
    if (period.empty())
      period = period_shown(cda_at(root_, {"documentationOf", "serviceEvent", "effectiveTime"}));
    // A contact that has no end is no stay: the day of the document tells it.
    const bool contact = encounter != nullptr && cda_value(*encounter, "code", "code") == "AMB" &&
                         cda_at(*encounter, {"effectiveTime", "high"}) == nullptr;
    if (!contact) add_fact(facts_, "Séjour", std::move(period));
    if (encounter == nullptr) return;
    add_fact(facts_, "Numéro de séjour", std::string(cda_value(*encounter, "id", "extension")));
    if (const XmlElement* place = cda_at(*encounter, {"location", "healthCareFacility", "location", "name"}))
      add_fact(facts_, "Lieu du séjour", line_of(*place, notes_));
    if (const XmlElement* responsible = cda_child(*encounter, "responsibleParty"))
      person("Responsable du séjour", *responsible, "assignedEntity");
    for (const XmlElement* one : cda_children(*encounter, "encounterParticipant"))
      person(stay_label(one->attribute("typeCode")), *one, "assignedEntity");
  }

  void guardians() {
    const XmlElement* patient = cda_at(root_, {"recordTarget", "patientRole", "patient"});
    if (patient == nullptr) return;
    for (const XmlElement* guardian : cda_children(*patient, "guardian")) {
      add_fact(facts_, "Représentant du patient",
               with_telecoms(participant_shown(*guardian, notes_), *guardian));
    }
  }

  const XmlElement& root_;
  std::vector<ViewFact>& facts_;
  ViewNotes& notes_;
};

}  // namespace

// A document of XDS-SD holds a PDF and no sections (IHE ITI TF-3 section 5.2): one with sections is the page
// of which that PDF is made, so there is no other that it could be a copy of.
std::string origin_of(const XmlElement& root) {
  constexpr std::string_view scanned_document = "1.3.6.1.4.1.19376.1.2.20";
  for (const XmlElement* id : cda_children(root, "templateId")) {
    if (id->attribute("root") == scanned_document)
      return "Document établi par Passerelle à partir des informations transmises par l'expéditeur.";
  }
  return "Copie lisible établie par Passerelle à partir du document CDA, qui seul fait foi.";
}

void view_envelope(const XmlElement& root, DocumentView& view, ViewNotes& notes) {
  if (const XmlElement* title = cda_child(root, "title")) view.title = line_of(*title, notes);
  if (view.title.empty()) view.title = std::string(cda_value(root, "code", "displayName"));
  if (view.title.empty()) view.title = "Document de santé";
  view_sender(root, view, notes);
  for (const XmlElement* recipient : cda_children(root, "informationRecipient")) {
    if (const XmlElement* intended = cda_child(*recipient, "intendedRecipient")) {
      if (std::string line = participant_shown(*intended, notes); !line.empty())
        view.addressees.push_back(std::move(line));
    }
  }
  const std::string made = long_moment_shown(cda_value(root, "effectiveTime", "value"));
  if (!made.empty()) view.dated = "Fait le " + made;
  view.created = std::string(cda_value(root, "effectiveTime", "value"));

  const XmlElement* signer = cda_child(root, "legalAuthenticator");
  const std::string name =
      signer == nullptr ? ""
                        : name_shown(cda_at(*signer, {"assignedEntity", "assignedPerson", "name"}), notes);
  if (!name.empty()) {
    const bool titled = name.substr(0, 3) == "Dr " || name.substr(0, 3) == "Pr ";
    view.signature = (titled ? "Validé par le " : "Validé par ") + name;
    const std::string when = moment_shown(cda_value(*signer, "time", "value"));
    if (!when.empty()) view.signature += " le " + when;
  }

  view.reference = "Document " + reference_of(cda_child(root, "id"));
  if (const std::string_view version = cda_value(root, "versionNumber", "value"); !version.empty())
    view.reference += ", version " + std::string(version);
  for (const XmlElement* related : cda_children(root, "relatedDocument")) {
    if (related->attribute("typeCode") == "RPLC")
      view.reference += ", remplace le document " + reference_of(cda_at(*related, {"parentDocument", "id"}));
  }
  view.origin = origin_of(root);
}

void view_patient(const XmlElement& root, DocumentView& view, ViewNotes& notes) {
  view.identity_status = "Identité non qualifiée : transmise sans matricule INS";
  const XmlElement* role = cda_at(root, {"recordTarget", "patientRole"});
  const XmlElement* person = role == nullptr ? nullptr : cda_child(*role, "patient");
  if (person == nullptr) return;
  const XmlElement* ins = ins_of(*role);
  PatientNames names = names_of(*person, notes);
  const XmlElement* place = cda_at(*person, {"birthplace", "place", "addr"});
  const auto place_part = [&](std::string_view name) {
    const XmlElement* part = place == nullptr ? nullptr : cda_child(*place, name);
    return part == nullptr ? std::string() : line_of(*part, notes);
  };
  const std::string place_code = place_part("county");
  const std::string_view sex = cda_value(*person, "administrativeGenderCode", "code");

  std::vector<ViewFact>& facts = view.patient;
  add_fact(facts, "Nom de naissance", names.birth_family);
  add_fact(facts, "Nom utilisé", names.used_family);
  add_fact(facts, "Prénom(s) de naissance", names.birth_given);
  add_fact(facts, "Premier prénom", names.first_given);
  add_fact(facts, "Prénom utilisé", names.used_given);
  const std::string_view born_label = sex == "F" ? "Née le" : sex == "M" ? "Né le" : "Né(e) le";
  const std::string born = moment_shown(cda_value(*person, "birthTime", "value"));
  add_fact(facts, born_label, born);
  view.patient_line =
      names.birth_family + " " + (names.first_given.empty() ? names.birth_given : names.first_given);
  if (!born.empty()) view.patient_line += ", né(e) le " + born;
  add_fact(facts, "Sexe", sex_shown(sex));
  add_fact(facts, "Lieu de naissance", birth_place_shown(place_part("city"), place_code));
  // A rank among several (sdtc): twins often have nothing else that differs.
  for (const XmlElement& child : person->children()) {
    if (child.name == "multipleBirthOrderNumber")
      add_fact(facts, "Rang de naissance", std::string(child.attribute("value")));
  }
  if (ins != nullptr) {
    view.identity_status = "Identité qualifiée";
    add_fact(facts, "Matricule INS",
             grouped(ins->attribute("extension")) + std::string(kind_of_ins(ins->attribute("root"))));
    view.datamatrix = datamatrix_of(*ins, names, *person, place_code);
  }
  for (const XmlElement* id : cda_children(*role, "id")) {
    if (is_ins_oid(id->attribute("root")) || id->attribute("extension").empty()) continue;
    add_fact(facts, "Numéro de patient (IPP)", std::string(id->attribute("extension")));
    break;
  }
}

void view_facts(const XmlElement& root, DocumentView& view, ViewNotes& notes) {
  Facts(root, view.facts, notes).read();
}

}  // namespace psl
