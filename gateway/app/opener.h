// Opens a file in the program that a person uses for it.
#pragma once

#include <string>

#include "gateway/base/result.h"

namespace psl {

// Starts PASSERELLE_OPEN, else the first of BROWSER, else xdg-open, with the absolute path as its last
// argument (or where BROWSER says %s), and does not wait for it. Words of the command are separated by
// spaces; no shell reads them, so quotes mean nothing. `not_found` when there is no such program.
Status open_file(const std::string& path);

}  // namespace psl
