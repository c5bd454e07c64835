// passerelle: one program, several commands.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "gateway/app/commands.h"
#include "gateway/app/exit_codes.h"
#include "gateway/base/log.h"
#include "gateway/net/smtp.h"

int main(int argc, char** argv) {
  psl::capture_library_logs();
  if (const psl::Status started = psl::net::init(); !started.ok()) {
    std::fprintf(stderr, "%s\n", started.error().describe().c_str());
    return psl::exit_code::file;
  }
  CLI::App app("Passerelle, the interoperability gateway of a CPTS.");
  app.set_version_flag("--version", PSL_VERSION);
  app.require_subcommand(1);
  app.footer(
      "Exit status: 0 done; 1 refused, not reached or not verified; 2 wrong use; 3 file or configuration; 4 "
      "gateway "
      "unavailable.");
  int status = psl::exit_code::ok;
  psl::add_commands(app, status);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? psl::exit_code::ok : psl::exit_code::usage;
  }
  return status;
}
