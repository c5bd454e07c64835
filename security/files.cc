#include "security/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "security/crypto.h"

namespace psl {
namespace {

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

Error file_error(ErrorCode code, const std::string& path, std::string_view what) {
  return error_of(code, path + ": " + std::string(what));
}

std::string system_text(int number) { return std::error_code(number, std::generic_category()).message(); }

// The name of a new file is durable once its folder is.
bool sync_folder_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const FileDescriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return fd.get() >= 0 && ::fsync(fd.get()) == 0;
}

bool write_all(int fd, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    content.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

}  // namespace

Result<std::string> read_small_file(const std::string& path, size_t size_max, Readers readers) {
  // Not blocking, so that a pipe in place of a file is an error and not a wait.
  const FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (fd.get() < 0) return file_error(ErrorCode::configuration, path, system_text(errno));
  struct stat facts {};
  if (::fstat(fd.get(), &facts) != 0) return file_error(ErrorCode::input_output, path, system_text(errno));
  if (!S_ISREG(facts.st_mode)) return file_error(ErrorCode::configuration, path, "is not a regular file");
  if (readers == Readers::owner_only && (facts.st_mode & 077) != 0) {
    return file_error(ErrorCode::configuration, path,
                      "is a secret that group or others can reach: its mode must be 600 or 400");
  }
  std::string content(size_max + 1, '\0');
  size_t length = 0;
  while (length < content.size()) {
    const ssize_t got = ::read(fd.get(), content.data() + length, content.size() - length);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      const int number = errno;
      wipe(content);
      return file_error(ErrorCode::input_output, path, system_text(number));
    }
    if (got == 0) break;
    length += static_cast<size_t>(got);
  }
  if (length > size_max) {
    wipe(content);
    return file_error(ErrorCode::configuration, path,
                      "is bigger than " + std::to_string(size_max) + " bytes");
  }
  content.resize(length);
  return content;
}

Status write_new_file(const std::string& path, std::string_view content, Readers readers) {
  const mode_t mode = readers == Readers::owner_only ? 0600 : 0644;
  const FileDescriptor fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (fd.get() < 0) {
    const int number = errno;
    return file_error(number == EEXIST ? ErrorCode::configuration : ErrorCode::input_output, path,
                      system_text(number));
  }
  if (!write_all(fd.get(), content) || ::fsync(fd.get()) != 0 || !sync_folder_of(path)) {
    const int number = errno;
    ::unlink(path.c_str());
    return file_error(ErrorCode::input_output, path, system_text(number));
  }
  return {};
}

}  // namespace psl
