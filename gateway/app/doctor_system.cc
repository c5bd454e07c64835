#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/timex.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>

#include "gateway/app/doctor.h"
#include "gateway/config/config_file.h"
#include "passerelle/v1/config.pb.h"

namespace psl {

namespace v1 = passerelle::v1;

namespace {

constexpr int connect_ms = 2000;

enum class PortState { answers, free, unknown };

// Whether anybody listens there: a connection is made and closed.
PortState look_at_port(const std::string& host, const std::string& port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  // An empty host, or 0.0.0.0, is every address of this machine.
  const bool any = host.empty() || host == "0.0.0.0" || host == "[::]";
  const std::string plain = host.size() > 2 && host.front() == '[' ? host.substr(1, host.size() - 2) : host;
  if (::getaddrinfo(any ? "localhost" : plain.c_str(), port.c_str(), &hints, &found) != 0)
    return PortState::unknown;
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> addresses(found, ::freeaddrinfo);
  PortState state = PortState::unknown;
  for (const addrinfo* one = found; one != nullptr && state != PortState::answers; one = one->ai_next) {
    const int fd =
        ::socket(one->ai_family, one->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, one->ai_protocol);
    if (fd < 0) continue;
    int problem = ::connect(fd, one->ai_addr, one->ai_addrlen) == 0 ? 0 : errno;
    pollfd writable{fd, POLLOUT, 0};
    if (problem == EINPROGRESS && ::poll(&writable, 1, connect_ms) == 1) {
      socklen_t size = sizeof problem;
      ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &problem, &size);
    }
    ::close(fd);
    if (problem == 0) state = PortState::answers;
    if (problem == ECONNREFUSED) state = PortState::free;
  }
  return state;
}

void examine_port(const std::string& check, const std::string& listen, bool in_use, Diagnoses& diagnoses) {
  const size_t colon = listen.rfind(':');
  const std::string port = colon == std::string::npos ? "" : listen.substr(colon + 1);
  if (port == "0") {
    diagnoses.ok(check, "any free port: the log says which");
    return;
  }
  switch (look_at_port(listen.substr(0, colon == std::string::npos ? 0 : colon), port)) {
    case PortState::answers:
      if (in_use) {
        diagnoses.ok(check, listen + " answers: a gateway runs");
      } else {
        diagnoses.warn(
            check, listen + " answers, but no gateway has the ledger open",
            "another program has the port (ss -ltnp shows it), or the gateway runs in another container");
      }
      return;
    case PortState::free:
      if (in_use) {
        diagnoses.warn(
            check, listen + " does not answer, but a gateway has the ledger open",
            "it starts or stops just now, or was started with another configuration: look at its log");
      } else {
        diagnoses.ok(check, listen + " is free, no gateway runs");
      }
      return;
    default:
      diagnoses.fail(check, listen + " cannot be reached from here",
                     "correct `listen`: an address of this machine");
  }
}

}  // namespace

bool ledger_is_in_use(const std::string& ledger) {
  struct stat facts {};
  if (::stat((ledger + ".lock").c_str(), &facts) != 0) return false;
  // "1: FLOCK  ADVISORY  WRITE 1234 fe:01:131074 0 EOF": to try the lock could keep a gateway from starting.
  char wanted[64];
  std::snprintf(wanted, sizeof wanted, " %02x:%02x:%llu ", major(facts.st_dev), minor(facts.st_dev),
                static_cast<unsigned long long>(facts.st_ino));
  std::ifstream locks("/proc/locks");
  for (std::string line; std::getline(locks, line);) {
    if (line.find(" FLOCK ") != std::string::npos && line.find(wanted) != std::string::npos) return true;
  }
  return false;
}

void examine_clock(Diagnoses& diagnoses) {
  timex kernel{};
  const int state = ::adjtimex(&kernel);
  if (state < 0) {
    diagnoses.warn("clock", "the system does not say whether it is synchronised", "see that it is: NTP");
  } else if (state == TIME_ERROR || (kernel.status & STA_UNSYNC) != 0) {
    diagnoses.warn("clock", "is not synchronised: now " + to_rfc3339(system_env().now()),
                   "start a time service (systemd-timesyncd, chrony); in a container, look at its host");
  } else {
    diagnoses.ok("clock", "synchronised: now " + to_rfc3339(system_env().now()));
  }
}

void examine_time_zones(const LoadedConfig& config, Diagnoses& diagnoses) {
  std::set<std::string> zones;
  for (const v1::Tenant& tenant : config.message().tenants()) zones.insert(tenant.time_zone());
  for (const std::string& zone : zones) {
    std::error_code ignored;
    if (std::filesystem::is_regular_file("/usr/share/zoneinfo/" + zone, ignored)) {
      diagnoses.ok("time zone", zone);
    } else {
      diagnoses.fail("time zone", zone + " is not on this machine", "install tzdata");
    }
  }
}

void examine_ports(const LoadedConfig& config, Diagnoses& diagnoses) {
  const v1::Config& message = config.message();
  const bool in_use = ledger_is_in_use(message.ledger().path());
  examine_port("gRPC port", message.grpc().listen(), in_use, diagnoses);
  if (message.has_http()) examine_port("HTTP port", message.http().listen(), in_use, diagnoses);
}

}  // namespace psl
