#include "gateway/app/commands.h"

namespace psl {

void add_commands(CLI::App& app, int& status) {
  add_serve(app, status);
  add_submit(app, status);
  add_list(app, status);
  add_watch(app, status);
  add_show(app, status);
  add_retry(app, status);
  add_cancel(app, status);
  add_preview(app, status);
  add_check(app, status);
  add_doctor(app, status);
  add_sandbox(app, status);
  add_pki(app, status);
  add_audit(app, status);
  add_completion(app, status);
}

}  // namespace psl
