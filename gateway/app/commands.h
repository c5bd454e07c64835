// The command line: each function adds one subcommand, which leaves its exit status in `status`.
#pragma once

namespace CLI {
class App;
}

namespace psl {

// All of them, in the order in which --help shows them.
void add_commands(CLI::App& app, int& status);

void add_serve(CLI::App& app, int& status);
void add_submit(CLI::App& app, int& status);
void add_list(CLI::App& app, int& status);
void add_watch(CLI::App& app, int& status);
void add_show(CLI::App& app, int& status);
void add_retry(CLI::App& app, int& status);
void add_cancel(CLI::App& app, int& status);
void add_preview(CLI::App& app, int& status);
void add_check(CLI::App& app, int& status);
void add_doctor(CLI::App& app, int& status);
void add_sandbox(CLI::App& app, int& status);
void add_pki(CLI::App& app, int& status);
void add_audit(CLI::App& app, int& status);
void add_completion(CLI::App& app, int& status);

}  // namespace psl
