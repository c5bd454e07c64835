#include "gateway/rpc/served_pair.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <string_view>
#include <utility>

#include "gateway/base/log.h"
#include "security/certificate.h"
#include "security/crypto.h"
#include "security/files.h"

namespace psl {
namespace {

constexpr size_t file_bytes_max = size_t{256} * 1024;

int memory_file() { return ::memfd_create("passerelle-door", MFD_CLOEXEC); }

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written <= 0) return false;
    text.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

}  // namespace

ServedPair::ServedPair(std::string certificate_file, std::string key_file, Env& env)
    : certificate_file_(std::move(certificate_file)),
      key_file_(std::move(key_file)),
      env_(env),
      served_(memory_file()),
      path_("/proc/self/fd/" + std::to_string(served_)) {}

ServedPair::~ServedPair() {
  wipe(served_text_);
  if (served_ >= 0) ::close(served_);
}

Status ServedPair::load() {
  auto text = read();
  if (!text.ok()) return std::move(text).error();
  return serve(std::move(*text));
}

Result<std::string> ServedPair::read() const {
  auto chain = read_small_file(certificate_file_, file_bytes_max, Readers::anyone);
  if (!chain.ok()) return std::move(chain).error();
  auto key = read_small_file(key_file_, file_bytes_max, Readers::owner_only);
  if (!key.ok()) return std::move(key).error();
  const Status fits = check_pair(*chain, *key, env_.now());
  std::string text = *chain + "\n" + *key;
  wipe(*key);
  if (fits.ok()) return text;
  wipe(text);
  return error_of(fits.error().code, certificate_file_ + ", " + key_file_ + ": " + fits.error().text);
}

Status ServedPair::serve(std::string text) {
  const int next = memory_file();
  // One file takes the place of the other at once: who opens the path gets the old pair or the new one.
  const bool replaced =
      served_ >= 0 && next >= 0 && write_all(next, text) && ::dup3(next, served_, O_CLOEXEC) >= 0;
  if (next >= 0) ::close(next);
  if (replaced) served_text_.swap(text);
  wipe(text);
  if (replaced) return {};
  return error_of(ErrorCode::input_output, "the door's certificate cannot be kept in memory");
}

void ServedPair::look() {
  auto text = read();
  if (text.ok() && *text == served_text_) {
    wipe(*text);
    refusals_ = 0;
    return;
  }
  const Status served = text.ok() ? serve(std::move(*text)) : Status(text.error());
  if (served.ok()) {
    refusals_ = 0;
    log(LogLevel::info, "the door's certificate was renewed");
  } else if (++refusals_ == 2) {
    log(LogLevel::error, "the door's new certificate cannot be used: the old one serves on",
        {{"error", SafeText::error(served.error())}});
  }
}

}  // namespace psl
