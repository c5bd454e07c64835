// The peer of delivery_bench.py: the same bytes to the same partner, by the same client library, with nothing
// else around it: no ledger, no translation, no proof. What the gateway reaches is read as a ratio of this.
//
//   send_bench smtp  HOST PORT PKI SENDER RECIPIENT FILE COUNT CONNECTIONS
//   send_bench https BASE_URL  PKI FILE COUNT CONNECTIONS        each POST gets a document identifier of its
//   own
//
// PKI holds mail-client.pem, mail-client.key and ca.pem. Prints "COUNT sent, N per second, CPU us each".
#include <sys/resource.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "gateway/base/env.h"
#include "gateway/net/https.h"
#include "gateway/net/smtp.h"

namespace psl {
namespace {

constexpr Span patience = seconds(60);

std::string read_all(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

double own_cpu_us() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

// Calls `send` with 0 to count - 1 from as many threads as connections; it says whether the partner took it.
int run(int count, int connections, const std::function<bool(int)>& send) {
  std::atomic<int> next = 0;
  std::atomic<int> failed = 0;
  const double cpu = own_cpu_us();
  const Instant begun = system_env().monotonic();
  std::vector<std::thread> threads;
  for (int t = 0; t < connections; ++t) {
    threads.emplace_back([&] {
      for (int i = next++; i < count; i = next++) {
        if (!send(i)) ++failed;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const double wall = static_cast<double>((system_env().monotonic() - begun).us) / 1e6;
  std::printf("%d sent, %.1f per second, %.0f us CPU each\n", count - failed, count / wall,
              (own_cpu_us() - cpu) / count);
  return failed == 0 ? 0 : 1;
}

int send_mails(const std::vector<std::string>& words) {
  SmtpServer server;
  server.host = words[0];
  server.port = static_cast<uint16_t>(std::stoi(words[1]));
  server.certificate_file = words[2] + "/mail-client.pem";
  server.key_file = words[2] + "/mail-client.key";
  server.ca_file = words[2] + "/ca.pem";
  server.hello_name = "bench.example";
  server.connections = std::stoi(words[7]);
  SmtpSender sender(server, system_env());
  const std::string message = read_all(words[5]);
  return run(std::stoi(words[6]), server.connections, [&](int) {
    const Outcome outcome = sender.send({words[3], words[4], message}, system_env().monotonic() + patience);
    return outcome.verdict == Verdict::accepted;
  });
}

// Replaces each occurrence of the file's own document identifier, so that no POST meets the one before it.
std::string with_identifier(std::string body, const std::string& old_id, const std::string& new_id) {
  for (size_t at = 0; (at = body.find(old_id, at)) != std::string::npos; at += new_id.size())
    body.replace(at, old_id.size(), new_id);
  return body;
}

int post_bundles(const std::vector<std::string>& words) {
  HttpsServer server;
  server.base_url = words[0];
  server.certificate_file = words[1] + "/mail-client.pem";
  server.key_file = words[1] + "/mail-client.key";
  server.ca_file = words[1] + "/ca.pem";
  server.connections = std::stoi(words[4]);
  HttpsClient client(server, system_env());
  const std::string bundle = read_all(words[2]);
  const size_t mark = bundle.find("urn:oid:", bundle.find("\"masterIdentifier\""));
  if (mark == std::string::npos) return 2;
  const std::string id = bundle.substr(mark, bundle.find('"', mark) - mark);
  return run(std::stoi(words[3]), server.connections, [&](int number) {
    const std::string body =
        with_identifier(bundle, id, "urn:oid:2.25." + std::to_string(7'000'000'000 + number));
    HttpsRequest request;
    request.headers = {{"Content-Type", "application/fhir+json"}, {"Accept", "application/fhir+json"}};
    request.body = body;
    const HttpsExchange exchange = client.send(request, system_env().monotonic() + patience);
    return exchange.answered && exchange.answer.status / 100 == 2;
  });
}

}  // namespace
}  // namespace psl

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (!psl::net::init().ok()) return 1;
  if (words.size() == 9 && words[0] == "smtp") return psl::send_mails({words.begin() + 1, words.end()});
  if (words.size() == 6 && words[0] == "https") return psl::post_bundles({words.begin() + 1, words.end()});
  std::fprintf(stderr, "usage: see the head of send_bench.cc\n");
  return 2;
}
