#include <tenon/base/log.hpp>

#include <spdlog/sinks/stdout_color_sinks.h>

namespace tenon {
namespace {

std::shared_ptr<spdlog::logger> make_logger() {
  auto logger =
      std::make_shared<spdlog::logger>("tenon", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
  logger->set_pattern("tenon: %^%l%$: %v");
  logger->set_level(spdlog::level::warn);
  return logger;
}

}  // namespace

spdlog::logger& log() {
  static std::shared_ptr<spdlog::logger> logger = make_logger();
  return *logger;
}

bool set_up_log(const std::string& level) {
  auto parsed = spdlog::level::from_str(level);  // "off" for words it does not know
  if (parsed == spdlog::level::off && level != "off") return false;
  log().set_level(parsed);
  return true;
}

}  // namespace tenon
