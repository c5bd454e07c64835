#include "gateway/http/metered_store.h"

namespace psl {

Result<std::vector<Effect>> MeteredStore::commit(std::span<const Command> batch) {
  const Instant begun = env_.monotonic();
  Result<std::vector<Effect>> effects = inner_.commit(batch);
  if (!effects.ok()) return effects;
  metrics_.committed(env_.monotonic() - begun, batch.size());
  for (size_t i = 0; i < batch.size(); ++i) {
    if ((*effects)[i] != Effect::done && (*effects)[i] != Effect::linked) continue;
    if (const auto* event = std::get_if<AcceptEvent>(&batch[i]))
      metrics_.accepted(event->tenant, event->kind);
    if (const auto* move = std::get_if<MoveDelivery>(&batch[i])) metrics_.moved(move->happening);
  }
  return effects;
}

}  // namespace psl
