// A client's certificate is read before anybody is known: any bytes give an answer, and a name never holds a
// zero byte.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/base/bytes.h"
#include "security/certificate.h"

namespace {

void check(std::string_view pem) {
  const auto read = psl::read_certificates(pem);
  if (!read.ok()) return;
  PSL_CHECK(!read->empty());
  for (const psl::Certificate& one : *read) {
    PSL_CHECK(one.sha256.size() == 64);
    PSL_CHECK(one.common_name.find('\0') == std::string::npos);
    for (const std::string& name : one.dns) PSL_CHECK(name.find('\0') == std::string::npos);
    for (const std::string& uri : one.uris) PSL_CHECK(uri.find('\0') == std::string::npos);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  check(bytes);
  // As the inside of a PEM block too, where chance would hardly find the frame.
  check("-----BEGIN CERTIFICATE-----\n" + psl::base64_encode(bytes) + "\n-----END CERTIFICATE-----\n");
  return 0;
}
