// The command line: each function adds one subcommand, which leaves its exit status in `status`.
#pragma once

namespace CLI {
class App;
}

namespace psl {

void add_serve(CLI::App& app, int& status);
void add_submit(CLI::App& app, int& status);
void add_preview(CLI::App& app, int& status);
void add_show(CLI::App& app, int& status);
void add_pki(CLI::App& app, int& status);
void add_audit(CLI::App& app, int& status);

}  // namespace psl
