// What one letter costs in CPU before it leaves: written, checked, archived, mailed, laid out. Beside each
// figure, in the same run, libxml2's bare parse of the same bytes (a tree, built and thrown away): read the
// ratio.
//
//   format_bench [SECONDS a line]
#include <libxml/parser.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "adapters/formats/cda/cda_reader.h"
#include "adapters/formats/cda/cda_writer.h"
#include "adapters/formats/document_office.h"
#include "adapters/formats/mime.h"
#include "adapters/formats/xdm.h"
#include "adapters/formats/zip_writer.h"
#include "adapters/readable/pdf_copy.h"
#include "gateway/base/result.h"
#include "passerelle/v1/config.pb.h"
#include "tests/adapters/formats/letter_fixtures.h"
#include "tests/bench/cost.h"

namespace psl {
namespace {

namespace v1 = passerelle::v1;

using bench::cost_us;

double bare_parse_us(double seconds_each, const std::string& xml) {
  return cost_us(seconds_each, [&] {
    xmlDocPtr document = xmlReadMemory(xml.data(), static_cast<int>(xml.size()), nullptr, nullptr,
                                       XML_PARSE_HUGE | XML_PARSE_NONET);
    PSL_CHECK(document != nullptr);
    xmlFreeDoc(document);
    return size_t{1};
  });
}

// A complete letter of about `bytes` as a CDA: its treatments again and again, within the bounds of
// letter.proto.
v1::SubmitEventRequest letter_of_size(size_t bytes) {
  v1::SubmitEventRequest request = test::complete_letter();
  v1::StructuredLetter& letter = test::letter_of(request);
  auto& treatments = *letter.mutable_treatments_at_discharge()->mutable_treatments();
  const int distinct = treatments.size();
  while (test::written_letter(request).size() < bytes && treatments.size() < 200) {
    *treatments.Add() = v1::Treatment(treatments.at(treatments.size() % distinct));
  }
  return request;
}

struct Bench {
  double seconds_each = 2;
  TimeZone zone = test::paris();
  Uuid event_id = test::letter_event_id();
  v1::Visibility visibility;

  void line(const char* what, double us, size_t bytes, double parse_us) const {
    if (parse_us > 0) {
      std::printf("| %s | %zu | %.0f | %.2f |\n", what, bytes, us, us / parse_us);
    } else {
      std::printf("| %s | %zu | %.0f | - |\n", what, bytes, us);
    }
    std::fflush(stdout);
  }

  XdmInput xdm_input(const CdaDocument& document, const std::string& cda,
                     const v1::SubmitEventRequest& request) const {
    return {
        document.header, cda, request.event().source(), visibility, event_id, Instant{1795000000000000}, zone,
        "bench"};
  }

  // Archive and mail of a document with its readable copy.
  void wrap(const std::string& name, const std::string& cda, const std::string& pdf,
            const v1::SubmitEventRequest& request, double parse_us) const {
    const auto document = read_cda(cda, {Environment::test, zone});
    PSL_CHECK(document.ok());
    const XdmInput input = xdm_input(*document, cda, request);
    const std::string zip = *write_xdm(input);
    line((name + ": METADATA.XML").c_str(),
         cost_us(seconds_each, [&] { return write_xdm_metadata(input).size(); }),
         write_xdm_metadata(input).size(), parse_us);
    line((name + ": XDM archive").c_str(), cost_us(seconds_each, [&] { return write_xdm(input)->size(); }),
         zip.size(), parse_us);
    XdmInput next = input;
    const std::string packed = *pack_zip(cda);
    next.packed = packed;
    line((name + ": XDM archive, next recipient").c_str(),
         cost_us(seconds_each, [&] { return write_xdm(next)->size(); }), zip.size(), parse_us);
    MailMessage mail;
    mail.from = {"CPTS", "passerelle@cpts.mssante.fr"};
    mail.to = {{"", "medecin@exemple.mssante.fr"}};
    mail.subject = "XDM/1.0/DDM+Lettre";
    mail.date = "Sun, 22 Nov 2026 09:00:00 +0100";
    mail.message_id = "1@cpts.mssante.fr";
    mail.text = "Bonjour,\n";
    mail.boundary = "b0";
    mail.attachments = {{"IHE_XDM.zip", "application/zip", zip}, {"lettre.pdf", "application/pdf", pdf}};
    line((name + ": mail").c_str(), cost_us(seconds_each, [&] { return write_mail(mail)->size(); }),
         write_mail(mail)->size(), parse_us);
  }

  void level_three(const std::string& name, const v1::SubmitEventRequest& request) const {
    const std::string cda = test::written_letter(request);
    const double parse_us = bare_parse_us(seconds_each, cda);
    line((name + ": libxml2's bare parse").c_str(), parse_us, cda.size(), parse_us);
    v1::Patient patient = request.event().subject();
    complete_patient(patient);
    const v1::StructuredLetter& letter = request.event().discharge_letter().structured();
    v1::DocumentMetadata metadata = letter.metadata();
    complete_metadata(request.event(), event_id, metadata);
    const LetterInput input{patient, metadata, letter, "", event_id, zone};
    line((name + ": written").c_str(), cost_us(seconds_each, [&] { return write_letter(input).size(); }),
         cda.size(), parse_us);
    line((name + ": read and checked").c_str(),
         cost_us(seconds_each,
                 [&] {
                   return read_cda(cda, {Environment::test, zone})->issues.size();
                 }),
         cda.size(), parse_us);
    const auto copy = make_pdf_copy();
    PSL_CHECK(copy.ok());
    const std::string pdf = *(*copy)->lay_out(cda);
    line((name + ": readable PDF").c_str(),
         cost_us(seconds_each, [&] { return (*copy)->lay_out(cda)->size(); }), pdf.size(), parse_us);
    wrap(name, cda, pdf, request, parse_us);
  }

  void level_one(const std::string& name, size_t pdf_bytes) const {
    v1::SubmitEventRequest request = test::pdf_letter();
    v1::PdfDocument& pdf = *request.mutable_event()->mutable_discharge_letter()->mutable_pdf();
    pdf.set_pdf(test::small_pdf("/X (" + std::string(pdf_bytes, 'x') + ")"));
    v1::Patient patient = request.event().subject();
    complete_patient(patient);
    v1::DocumentMetadata metadata = pdf.metadata();
    complete_metadata(request.event(), event_id, metadata);
    const LevelOneInput input{patient, metadata, "", pdf.pdf(), zone};
    const std::string cda = write_level_one(input);
    const double parse_us = bare_parse_us(seconds_each, cda);
    line((name + ": libxml2's bare parse").c_str(), parse_us, cda.size(), parse_us);
    line((name + ": written").c_str(), cost_us(seconds_each, [&] { return write_level_one(input).size(); }),
         cda.size(), parse_us);
    line((name + ": read and checked").c_str(),
         cost_us(seconds_each,
                 [&] {
                   return read_cda(cda, {Environment::test, zone})->issues.size();
                 }),
         cda.size(), parse_us);
    wrap(name, cda, pdf.pdf(), request, parse_us);
  }
};

}  // namespace
}  // namespace psl

int main(int argc, char** argv) {
  psl::Bench bench;
  if (argc > 1) bench.seconds_each = std::atof(argv[1]);
  std::printf("| what | bytes | us CPU | x bare parse |\n| --- | --- | --- | --- |\n");
  bench.level_three("complete letter", psl::test::complete_letter());
  bench.level_three("60 KB letter", psl::letter_of_size(60000));
  bench.level_one("PDF letter of 300 KB", 300000);
  return 0;
}
