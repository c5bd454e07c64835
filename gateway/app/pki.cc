// passerelle pki: a development PKI.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "gateway/app/commands.h"
#include "gateway/app/exit_codes.h"
#include "security/dev_pki.h"

namespace psl {
namespace {

struct PkiOptions {
  std::string out;
  std::vector<std::string> clients;
};

int run_pki(const PkiOptions& options) {
  std::error_code problem;
  std::filesystem::create_directories(options.out, problem);
  const Instant now = system_env().now();
  const auto made = make_dev_pki(options.out, now);
  if (!made.ok()) {
    std::fprintf(stderr, "%s\n", made.error().describe().c_str());
    return exit_code::file;
  }
  std::printf("%s: %s\n", options.out.c_str(), *made ? "made" : "already complete, nothing changed");
  for (const std::string& name : options.clients) {
    if (const Status issued = issue_client(options.out, name, dev_validity(now)); !issued.ok()) {
      std::fprintf(stderr, "%s\n", issued.error().describe().c_str());
      return exit_code::file;
    }
    std::printf("%s/%s.pem: made\n", options.out.c_str(), name.c_str());
  }
  return exit_code::ok;
}

}  // namespace

void add_pki(CLI::App& app, int& status) {
  CLI::App* pki = app.add_subcommand("pki", "Certificates for development.");
  pki->require_subcommand(1);
  CLI::App* dev = pki->add_subcommand(
      "dev", "Make an authority, the certificates of the demonstration and a sealing key.");
  auto options = std::make_shared<PkiOptions>();
  dev->add_option("--out", options->out, "folder")->required();
  dev->add_option("--client", options->clients, "one more client certificate of that name");
  dev->footer(
      "For demonstrations and tests only: keys lie in files.\nExample:\n  passerelle pki dev --out "
      "build/demo/pki --client logiciel-cpts");
  dev->callback([options, &status] { status = run_pki(*options); });
}

}  // namespace psl
