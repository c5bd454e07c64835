// A file system for SQLite that fails when told, and knows what a power cut would leave: of what was written
// since the last sync of a file, any sectors or none.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace psl {

// Passes everything on to the system's own file system, one thread, one at a time in a process.
class FaultyDisk {
 public:
  enum class Fault { error, full };
  static constexpr const char* vfs_name = "faulty";

  FaultyDisk() {
    real_ = sqlite3_vfs_find(nullptr);
    vfs_ = *real_;
    vfs_.zName = vfs_name;
    vfs_.pNext = nullptr;
    vfs_.pAppData = this;
    vfs_.szOsFile = static_cast<int>(sizeof(File)) + real_->szOsFile;
    vfs_.xOpen = open;
    vfs_.xDelete = remove;
    vfs_.xAccess = [](sqlite3_vfs* self, const char* name, int flags, int* out) {
      return of(self).real_->xAccess(of(self).real_, name, flags, out);
    };
    vfs_.xFullPathname = [](sqlite3_vfs* self, const char* name, int size, char* out) {
      return of(self).real_->xFullPathname(of(self).real_, name, size, out);
    };
    sqlite3_vfs_register(&vfs_, 0);
  }
  ~FaultyDisk() { sqlite3_vfs_unregister(&vfs_); }
  FaultyDisk(const FaultyDisk&) = delete;
  FaultyDisk& operator=(const FaultyDisk&) = delete;

  // The nth write, sync or truncation from now on fails: once, or with all that follow. A write fails half
  // done.
  void fail_at(int nth, Fault fault, bool forever) {
    left_ = nth;
    fault_ = fault;
    forever_ = forever;
    fired_ = false;
  }
  bool fired() const { return fired_; }
  void fail_reads(bool fail) { fail_reads_ = fail; }

  // The files as a power cut at this moment may leave them, in `folder`.
  void leave_after_power_cut(const std::string& folder, std::mt19937& chance) const {
    for (const auto& [path, content] : contents_) {
      std::string left = content.durable;
      for (const Write& write : content.unsynced) apply_in_part(left, write, chance);
      const std::string name = folder + "/" + std::filesystem::path(path).filename().string();
      std::ofstream(name, std::ios::binary) << left;
      std::filesystem::permissions(name, std::filesystem::perms(0600));
    }
  }

 private:
  static constexpr size_t sector_bytes = 512;
  struct Write {
    size_t offset = 0;
    std::string bytes;
    bool truncates = false;
  };
  struct Content {
    std::string durable;
    std::string current;
    std::vector<Write> unsynced;
  };
  struct File {
    sqlite3_file base;
    FaultyDisk* disk;
    Content* content;
    sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
  };

  static FaultyDisk& of(sqlite3_vfs* vfs) { return *static_cast<FaultyDisk*>(vfs->pAppData); }
  static File& file(sqlite3_file* handle) { return *reinterpret_cast<File*>(handle); }

  static void apply(std::string& to, const Write& write) {
    if (write.truncates) {
      to.resize(write.offset);
      return;
    }
    if (to.size() < write.offset + write.bytes.size()) to.resize(write.offset + write.bytes.size());
    to.replace(write.offset, write.bytes.size(), write.bytes);
  }
  static void apply_in_part(std::string& to, const Write& write, std::mt19937& chance) {
    if (write.truncates) {
      if (chance() % 2 == 0) apply(to, write);
      return;
    }
    for (size_t at = 0; at < write.bytes.size(); at += sector_bytes) {
      if (chance() % 2 == 0) apply(to, {write.offset + at, write.bytes.substr(at, sector_bytes), false});
    }
  }

  // True: this operation must fail.
  bool strike() {
    if (fired_ && forever_) return true;
    if (left_ == 0 || --left_ > 0) return false;
    fired_ = true;
    return true;
  }
  int code(int of_error) const { return fault_ == Fault::full ? SQLITE_FULL : of_error; }

  static int open(sqlite3_vfs* self, const char* name, sqlite3_file* handle, int flags, int* out_flags) {
    FaultyDisk& disk = of(self);
    File& made = file(handle);
    made.disk = &disk;
    made.content = nullptr;
    const int result = disk.real_->xOpen(disk.real_, name, made.real(), flags, out_flags);
    handle->pMethods = result == SQLITE_OK ? &methods() : nullptr;
    if (result != SQLITE_OK || name == nullptr) return result;
    const auto [at, fresh] = disk.contents_.try_emplace(name);
    made.content = &at->second;
    if (fresh) {
      at->second.current.resize(std::filesystem::file_size(name));
      std::ifstream(name, std::ios::binary)
          .read(at->second.current.data(), static_cast<std::streamsize>(at->second.current.size()));
      at->second.durable = at->second.current;
    }
    return result;
  }
  static int remove(sqlite3_vfs* self, const char* name, int sync_folder) {
    of(self).contents_.erase(name);
    return of(self).real_->xDelete(of(self).real_, name, sync_folder);
  }
  static int write(sqlite3_file* handle, const void* data, int size, sqlite3_int64 offset) {
    File& to = file(handle);
    const bool strikes = to.disk->strike();
    const int written = strikes ? size / 2 : size;
    const int result = to.real()->pMethods->xWrite(to.real(), data, written, offset);
    if (to.content != nullptr) {
      Write done{
          static_cast<size_t>(offset), {static_cast<const char*>(data), static_cast<size_t>(written)}, false};
      apply(to.content->current, done);
      to.content->unsynced.push_back(std::move(done));
    }
    return strikes ? to.disk->code(SQLITE_IOERR_WRITE) : result;
  }
  static int truncate(sqlite3_file* handle, sqlite3_int64 size) {
    File& to = file(handle);
    if (to.disk->strike()) return to.disk->code(SQLITE_IOERR_TRUNCATE);
    if (to.content != nullptr) {
      Write done{static_cast<size_t>(size), {}, true};
      apply(to.content->current, done);
      to.content->unsynced.push_back(std::move(done));
    }
    return to.real()->pMethods->xTruncate(to.real(), size);
  }
  static int sync(sqlite3_file* handle, int) {
    File& to = file(handle);
    // A sync that fails may have written a part, and the next one may report success without writing the
    // rest.
    if (to.disk->strike()) return to.disk->code(SQLITE_IOERR_FSYNC);
    if (to.content != nullptr) {
      to.content->durable = to.content->current;
      to.content->unsynced.clear();
    }
    return SQLITE_OK;  // the model is the disk: nothing needs to reach the real one
  }
  static int read(sqlite3_file* handle, void* data, int size, sqlite3_int64 offset) {
    File& from = file(handle);
    if (from.disk->fail_reads_) return SQLITE_IOERR_READ;
    return from.real()->pMethods->xRead(from.real(), data, size, offset);
  }

  static const sqlite3_io_methods& methods() {
    static const sqlite3_io_methods table = [] {
      sqlite3_io_methods made{};
      made.iVersion = 2;
      made.xClose = [](sqlite3_file* f) { return file(f).real()->pMethods->xClose(file(f).real()); };
      made.xRead = read;
      made.xWrite = write;
      made.xTruncate = truncate;
      made.xSync = sync;
      made.xFileSize = [](sqlite3_file* f, sqlite3_int64* out) {
        return file(f).real()->pMethods->xFileSize(file(f).real(), out);
      };
      made.xLock = [](sqlite3_file* f, int to) {
        return file(f).real()->pMethods->xLock(file(f).real(), to);
      };
      made.xUnlock = [](sqlite3_file* f, int to) {
        return file(f).real()->pMethods->xUnlock(file(f).real(), to);
      };
      made.xCheckReservedLock = [](sqlite3_file* f, int* out) {
        return file(f).real()->pMethods->xCheckReservedLock(file(f).real(), out);
      };
      made.xFileControl = [](sqlite3_file* f, int op, void* argument) {
        return file(f).real()->pMethods->xFileControl(file(f).real(), op, argument);
      };
      made.xSectorSize = [](sqlite3_file* f) {
        return file(f).real()->pMethods->xSectorSize(file(f).real());
      };
      made.xDeviceCharacteristics = [](sqlite3_file* f) {
        return file(f).real()->pMethods->xDeviceCharacteristics(file(f).real());
      };
      made.xShmMap = [](sqlite3_file* f, int page, int size, int extend, void volatile** out) {
        return file(f).real()->pMethods->xShmMap(file(f).real(), page, size, extend, out);
      };
      made.xShmLock = [](sqlite3_file* f, int offset, int count, int flags) {
        return file(f).real()->pMethods->xShmLock(file(f).real(), offset, count, flags);
      };
      made.xShmBarrier = [](sqlite3_file* f) { file(f).real()->pMethods->xShmBarrier(file(f).real()); };
      made.xShmUnmap = [](sqlite3_file* f, int remove_it) {
        return file(f).real()->pMethods->xShmUnmap(file(f).real(), remove_it);
      };
      return made;
    }();
    return table;
  }

  sqlite3_vfs* real_ = nullptr;
  sqlite3_vfs vfs_{};
  std::map<std::string, Content> contents_;
  int left_ = 0;
  Fault fault_ = Fault::error;
  bool forever_ = false;
  bool fired_ = false;
  bool fail_reads_ = false;
};

}  // namespace psl
