#include <apps/server/http/exchange.hpp>

namespace tenon::http {

void Exchange::start_events(Headers more) {
  Headers headers = {
      {"content-type", "text/event-stream"}, {"cache-control", "no-cache"}, {"x-accel-buffering", "no"}};
  for (const auto& [name, value] : more) headers.add(name, value);
  start_stream(200, std::move(headers), StreamKind::kEvents);
}

WriteState Exchange::write_event(std::string_view json) {
  std::string event;
  event.reserve(json.size() + 8);
  event.append("data: ").append(json).append("\n\n");
  return write(std::move(event));
}

void Exchange::end_events() {
  write_event("[DONE]");
  finish();
}

}  // namespace tenon::http
