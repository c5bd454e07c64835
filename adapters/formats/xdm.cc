#include "adapters/formats/xdm.h"

#include <array>
#include <span>

#include "adapters/formats/check/xdm_check.h"
#include "adapters/formats/text.h"
#include "adapters/formats/xml_writer.h"
#include "adapters/formats/zip_writer.h"
#include "passerelle/internal/v1/stored.pb.h"
#include "passerelle/v1/event.pb.h"

namespace psl {
namespace {

namespace v1 = passerelle::v1;

// "10 rue Pasteur, 71500 LOUHANS".
std::string address_line(const v1::Address& address) {
  std::string line;
  auto add = [&](std::string_view text, std::string_view before) {
    if (text.empty()) return;
    if (!line.empty()) line += before;
    line += text;
  };
  for (const std::string& each : address.lines()) add(each, ", ");
  add(address.postal_code(), ", ");
  add(address.city(), address.postal_code().empty() ? ", " : " ");
  add(address.country(), ", ");
  return line;
}

std::string first_telephone(const v1::Organization& organization) {
  for (const v1::Telecom& telecom : organization.telecoms()) {
    if (telecom.uri().starts_with("tel:")) return telecom.uri().substr(4);
  }
  return {};
}

// The FINESS number alone; any other identifier with its type digit.
std::string shown_id(const v1::Organization& organization) {
  const std::string& id = organization.national_id();
  return id.starts_with('1') ? id.substr(1) : id;
}

// The person or, when none is named, the software that submits.
std::string submitter(const v1::Source& source) {
  if (!source.has_professional()) return source.software();
  const v1::Professional& person = source.professional();
  return person.given_name().empty() ? person.family_name()
                                     : person.given_name() + " " + person.family_name();
}

std::string index_page(const XdmInput& input) {
  const v1::Organization& organization = input.source.organization();
  XmlWriter page(2048);
  page.raw(
      "<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML Basic 1.1//EN\" "
      "\"http://www.w3.org/TR/xhtml-basic/xhtml-basic11.dtd\">\n");
  page.open("html").attribute("xmlns", "http://www.w3.org/1999/xhtml").attribute("xml:lang", "fr");
  page.open("head").element("title", "Document de santé").close();
  page.open("body");
  page.element("h1", "Document de santé");
  page.element("p", "Emetteur : " + organization.name() + " (" + shown_id(organization) + ")");
  page.open("p").text("Document au format CDA, destiné aux logiciels de santé : ");
  page.open("a").attribute("href", "IHE_XDM/SUBSET01/DOC0001.XML").text("DOC0001.XML").close().close();
  page.open("p").text("Contenu de cette archive : ");
  page.open("a").attribute("href", "README.TXT").text("README.TXT").close().close();
  return page.finish();
}

std::string read_me(const XdmInput& input) {
  const v1::Source& source = input.source;
  std::string text;
  auto line = [&](std::string_view content) {
    text += content;
    text += "\r\n";
  };
  auto field = [&](std::string_view name, std::string_view value) {
    line("  " + std::string(name) + " : " + one_line(value));
  };
  line("Emetteur");
  field("Nom", submitter(source));
  field("Organisme", source.organization().name() + " (" + shown_id(source.organization()) + ")");
  field("Adresse", address_line(source.organization().address()));
  field("Téléphone", first_telephone(source.organization()));
  line("");
  line("Application de l'émetteur");
  field("Nom", "Passerelle");
  field("Version", input.product_version);
  field("Editeur", "Passerelle");
  field("Logiciel d'origine", source.software());
  line("");
  line("Instructions");
  line(
      "  Cette archive est prévue pour un logiciel de santé, qui intègre le document dans le dossier du "
      "patient.");
  line("  Sans logiciel compatible, extrayez l'archive, puis ouvrez INDEX.HTM dans un navigateur.");
  line("");
  line("Arborescence");
  line("  INDEX.HTM                          page d'accueil");
  line("  README.TXT                         ce fichier");
  line("  IHE_XDM/SUBSET01/METADATA.XML      description du document");
  line("  IHE_XDM/SUBSET01/DOC0001.XML       document au format CDA");
  return text;
}

// What we wrote, read back as a receiver would: metadata that contradicts its document never leaves.
Status check_written(const XdmInput& input, std::string_view metadata) {
  const Result<XmlTree> tree = parse_xdm_metadata(metadata);
  if (!tree.ok()) return error_of(ErrorCode::internal, "METADATA.XML could not be read back");
  const std::array<XdmDocument, 1> documents = {{{"DOC0001.XML", input.cda, &input.header}}};
  std::vector<v1::Issue> issues;
  check_xdm_metadata(*tree, {documents, /*complete=*/true, /*verify_hash=*/false}, issues);
  return fault_of_ours("METADATA.XML", issues);
}

struct XdmFiles {
  explicit XdmFiles(const XdmInput& input)
      : index(index_page(input)), readme(read_me(input)), metadata(write_xdm_metadata(input)) {
    entries = {{{"INDEX.HTM", index},
                {"README.TXT", readme},
                {"IHE_XDM/SUBSET01/METADATA.XML", metadata},
                {"IHE_XDM/SUBSET01/DOC0001.XML", input.cda, input.packed}}};
  }
  XdmFiles(const XdmFiles&) = delete;
  XdmFiles& operator=(const XdmFiles&) = delete;

  std::string index;
  std::string readme;
  std::string metadata;
  std::array<ZipEntry, 4> entries;
};

}  // namespace

Result<std::string> write_xdm(const XdmInput& input) {
  if (input.packed.empty()) {
    // Always the one way, so that no byte depends on who compressed the document.
    const Result<std::string> packed = pack_zip(input.cda);
    if (!packed.ok()) return packed.error();
    XdmInput with_packed = input;
    with_packed.packed = *packed;
    return write_xdm(with_packed);
  }
  const XdmFiles files(input);
  if (Status status = check_written(input, files.metadata); !status.ok()) return std::move(status).error();
  return write_zip(files.entries, civil_time(input.dated_at, input.zone.offset_at(input.dated_at)));
}

uint64_t xdm_size_bound(const XdmInput& input) {
  const XdmFiles files(input);
  return zip_size_bound(files.entries);
}

}  // namespace psl
