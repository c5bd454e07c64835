#include "gateway/sandbox/webhook_desk.h"

#include <algorithm>
#include <charconv>

#include "fhir/json_value.h"

namespace psl {
namespace {

constexpr size_t name_characters_max = 40;
constexpr size_t id_characters_max = 100;
// How far the sender's clock may be from ours: what the specification recommends against replays.
constexpr int64_t tolerance_s = 300;

HttpResponse plain_json(int status, std::string body) {
  HttpResponse response;
  response.status = status;
  response.headers = {{"Content-Type", "application/json"}, {"X-Content-Type-Options", "nosniff"}};
  response.body = std::move(body);
  return response;
}

HttpResponse refused(int status, std::string_view why) {
  return plain_json(status, "{\"error\":\"" + std::string(why) + "\"}\n");
}

bool is_name(std::string_view text, size_t most) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  };
  return !text.empty() && text.size() <= most && std::ranges::all_of(text, fits);
}

// Without telling by its time where two texts begin to differ.
bool same_secret(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  int differences = 0;
  for (size_t i = 0; i < a.size(); ++i) differences |= a[i] ^ b[i];
  return differences == 0;
}

Arrival describe(const fhir::Value& body) {
  Arrival arrival;
  arrival.form = "webhook";
  arrival.title = std::string(body.text("document.title"));
  arrival.type = std::string(body.text("document.type_code"));
  std::string content;
  if (base64_decode(body.text("document.content"), content) && !content.empty()) {
    arrival.media_type = "text/xml";
    arrival.content = make_bytes(std::move(content));
  }
  return arrival;
}

}  // namespace

WebhookDesk::WebhookDesk(std::optional<SecretKey> key, Arrivals& arrivals, Env& env)
    : key_(std::move(key)), arrivals_(arrivals), env_(env) {}

// "v1,<base64>", several separated by spaces while a key is changed.
bool WebhookDesk::is_signed(const HttpRequest& request) const {
  int64_t sent_at = 0;
  const std::string_view timestamp = request.header("webhook-timestamp");
  const auto [end, fault] = std::from_chars(timestamp.data(), timestamp.data() + timestamp.size(), sent_at);
  const int64_t now = env_.now().us / 1'000'000;
  if (fault != std::errc{} || end != timestamp.data() + timestamp.size() || sent_at < now - tolerance_s ||
      sent_at > now + tolerance_s)
    return false;
  const auto mac = hmac_sha256(
      *key_, std::string(request.header("webhook-id")) + "." + std::string(timestamp) + "." + request.body);
  if (!mac.ok()) return false;
  const std::string expected = "v1," + base64_encode(*mac);
  std::string_view signatures = request.header("webhook-signature");
  while (!signatures.empty()) {
    const std::string_view one = signatures.substr(0, signatures.find(' '));
    if (same_secret(one, expected)) return true;
    signatures.remove_prefix(std::min(signatures.size(), one.size() + 1));
  }
  return false;
}

HttpResponse WebhookDesk::answer(const HttpRequest& request, std::string_view name) {
  if (request.method != "POST") return refused(405, "POST expected");
  if (!is_name(name, name_characters_max)) return refused(404, "/webhook/name expected");
  const std::string_view id = request.header("webhook-id");
  if (!is_name(id, id_characters_max)) return refused(400, "webhook-id expected");
  if (key_ && !is_signed(request)) return refused(401, "webhook-timestamp or webhook-signature is wrong");
  if (arrivals_.find_webhook(id)) return plain_json(200, "{\"status\":\"known already\"}\n");
  const auto tree = fhir::Tree::read(request.body);
  if (!tree.ok() || !tree->root().is_object()) return refused(400, "a JSON object expected");
  Arrival arrival = describe(tree->root());
  arrival.number = arrivals_.next_number();
  arrival.at = env_.now();
  arrival.document_id = std::string(id);
  arrival.status = key_ ? "signed" : "unchecked";
  arrival.resource = make_bytes(request.body);
  arrivals_.add(std::move(arrival));
  return plain_json(200, "{\"status\":\"kept\"}\n");
}

}  // namespace psl
