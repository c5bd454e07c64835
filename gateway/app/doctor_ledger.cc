#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "gateway/app/doctor.h"
#include "gateway/config/config_file.h"
#include "gateway/store/audit.h"
#include "gateway/store/inspect.h"
#include "passerelle/v1/config.pb.h"
#include "security/seal.h"

namespace psl {
namespace {

namespace fs = std::filesystem;

constexpr auto restore = "stop the gateway, keep the file aside, restore a backup: docs/operator.md#backup";
// Room that is about to be too little: so many times what new events must leave.
constexpr uint64_t disk_low_factor = 10;

std::string bytes_text(uint64_t bytes) {
  char text[32];
  const double mib = static_cast<double>(bytes) / (1024.0 * 1024.0);
  std::snprintf(text, sizeof text, mib < 1024 ? "%.1f MiB" : "%.1f GiB", mib < 1024 ? mib : mib / 1024);
  return text;
}

fs::path folder_of_ledger(const std::string& ledger) {
  const fs::path folder = fs::path(ledger).parent_path();
  return folder.empty() ? "." : folder;
}

// Before the first start there is only a place for it.
void examine_place(const std::string& ledger, Diagnoses& diagnoses) {
  const fs::path folder = folder_of_ledger(ledger);
  std::error_code problem;
  if (!fs::is_directory(folder, problem)) {
    diagnoses.fail("ledger", folder.string() + " is not a folder",
                   "make it, for the gateway's account, mode 700");
  } else if (::access(folder.c_str(), W_OK | X_OK) != 0) {
    diagnoses.fail("ledger", folder.string() + " cannot be written by this account",
                   "give it to the gateway's account, mode 700");
  } else {
    diagnoses.ok("ledger", ledger + " does not exist yet: the first start makes it");
  }
}

void examine_keys_of_ledger(const LoadedConfig& config, const LedgerFacts& facts, Diagnoses& diagnoses) {
  const auto sealer = TenantSealer::load(config.message());
  if (!sealer.ok()) return;  // said of the keys themselves
  bool complete = true;
  for (const SqliteStore::KeyInUse& key : facts.keys) {
    if ((*sealer)->has_key(key.tenant, key.key_id)) continue;
    complete = false;
    diagnoses.fail(
        "keys of the ledger",
        "key " + key.key_id + " of tenant " + key.tenant + " is missing: events are sealed under it",
        "name it in the configuration, under `previous` when it is an old one");
  }
  if (complete)
    diagnoses.ok("keys of the ledger", "needed: " + std::to_string(facts.keys.size()) + ", all there");
}

void examine_content(const std::string& ledger, Diagnoses& diagnoses) {
  if (const Status pages = check_ledger_pages(ledger); pages.ok()) {
    diagnoses.ok("ledger's pages", "sound");
  } else {
    diagnoses.fail("ledger's pages", pages.error(), restore);
  }
  const auto audit = verify_audit(ledger);
  if (audit.ok()) {
    diagnoses.ok("audit",
                 "records verified: " + std::to_string(audit->records) + ", last hash " + audit->last_hash);
  } else if (audit.error().code == ErrorCode::corrupt) {
    diagnoses.fail("audit", audit.error(),
                   "somebody edited the ledger, or the disk is bad: docs/operator.md#audit");
  } else {
    diagnoses.fail("audit", audit.error(), "look at the file's owner and mode");
  }
}

}  // namespace

void examine_ledger(const LoadedConfig& config, Instant now, bool quick, Diagnoses& diagnoses) {
  const std::string& ledger = config.message().ledger().path();
  struct stat facts_of_file {};
  if (::stat(ledger.c_str(), &facts_of_file) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) {
      examine_place(ledger, diagnoses);
    } else {
      diagnoses.fail("ledger", ledger + ": " + std::error_code(errno, std::generic_category()).message(),
                     "give the folder to the gateway's account, and run this as that account");
    }
    return;
  }
  if ((facts_of_file.st_mode & 077) != 0) {
    diagnoses.fail("ledger", ledger + ": can be reached by group or others",
                   "chmod 600 it, and see who could read it");
    return;
  }
  const auto facts = inspect_ledger(ledger);
  if (!facts.ok()) {
    diagnoses.fail("ledger", facts.error(), restore);
    return;
  }
  std::error_code ignored;
  const auto log_bytes = fs::file_size(ledger + "-wal", ignored);
  diagnoses.ok("ledger",
               ledger + ": " + bytes_text(static_cast<uint64_t>(facts_of_file.st_size)) +
                   (ignored ? "" : ", log " + bytes_text(log_bytes)) +
                   (ledger_is_in_use(ledger) ? ", in use by a gateway" : ", no gateway has it open"));
  examine_keys_of_ledger(config, *facts, diagnoses);
  if (facts->last_record && *facts->last_record > now) {
    diagnoses.fail("clock and ledger",
                   "the last record is of " + to_rfc3339(*facts->last_record) + ", after now",
                   "set the clock; letters wait until their time comes");
  }
  if (!quick) examine_content(ledger, diagnoses);
}

void examine_disk(const LoadedConfig& config, Diagnoses& diagnoses) {
  const std::string folder = folder_of_ledger(config.message().ledger().path());
  struct statvfs facts {};
  if (::statvfs(folder.c_str(), &facts) != 0) {
    diagnoses.fail("disk", folder + ": " + std::error_code(errno, std::generic_category()).message(),
                   "correct ledger.path, or make the folder");
    return;
  }
  const uint64_t free = uint64_t{facts.f_bavail} * facts.f_frsize;
  const uint64_t least = config.message().limits().disk_free_bytes_min();
  const std::string text = bytes_text(free) + " free, new events are refused under " + bytes_text(least);
  if (free < least) {
    diagnoses.fail("disk", text, "make room: no restart is needed");
  } else if (free / disk_low_factor < least) {
    diagnoses.warn("disk", text, "make room");
  } else {
    diagnoses.ok("disk", text);
  }
}

}  // namespace psl
