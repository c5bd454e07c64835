// GMime, which mime.h and mail_reader.h share, begins once in a process.
#pragma once

namespace psl {

// Before any other call of GMime, from any thread.
void start_gmime();

}  // namespace psl
