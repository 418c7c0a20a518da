#include <apps/server/program.hpp>

#include <apps/common/exit_code.hpp>
#include <apps/common/version.hpp>
#include <apps/server/capacity.hpp>
#include <apps/server/operation_routes.hpp>
#include <apps/server/web_routes.hpp>

#include <tenon/base/text.hpp>

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>

namespace tenon {
namespace {

constexpr uint64_t kWarmUpSalt = 0x7465'6e6f'6e20'7570;  // so that nobody finds its tokens in the cache

std::string speed_of(uint64_t bytes, double seconds) {
  double gigabytes = static_cast<double>(bytes) / 1e9 / std::max(seconds, 1e-9);
  return fmt::format("{} at {:.1f} GB/s", format_bytes(bytes), gigabytes);
}

}  // namespace

Result<int> Program::run() {
  const std::string& model = options_.model.model;
  Startup startup(fmt::format("tenon-server {}: {}", kVersion, model.empty() ? "the demo model" : model));
  if (options_.serve.is_check) return check();
  TENON_TRY(take_address());
  startup.phase("address", server_->url());
  TENON_TRY(load(startup));
  TENON_TRY(warm_up());
  startup.phase("warm-up", "one step");
  TENON_TRY(open_to_clients());
  startup.ready(server_->url());
  auto patience = std::chrono::milliseconds(static_cast<int64_t>(options_.serve.drain_seconds * 1000));
  int code = run_until_end({*server_, *health_, patience, [this] {
                              if (timeline_) timeline_->add(engine_->stats());
                            }});
  std::fflush(stdout);
  // An engine that hangs cannot be waited for, and one that is to end at once need not be.
  bool is_clean = health_->step_seconds() <= options_.serve.watchdog_seconds && code <= kExitFatal;
  if (!is_clean) {
    timeline_.reset();
    std::_Exit(code == kExitOk ? kExitFatal : code);
  }
  return code;
}

Status Program::take_address() {
  TENON_TRY(http::ServerOptions options, options_.serve.server_options());
  options.on_end = [this](const http::Record& record) { on_end(record); };
  TENON_TRY(server_, http::Server::make(std::move(options)));
  if (options_.serve.request_log == "on") log_ = std::make_unique<RequestLog>();
  if (options_.serve.trace_directory.empty()) return ok();
  TENON_TRY(timeline_, Timeline::make(options_.serve.trace_directory));
  return ok();
}

Status Program::load(Startup& startup) {
  TENON_TRY(ModelDescription description, options_.model.describe());
  startup.phase("description", description.name);
  TENON_TRY(model_, LoadedModel::load(std::move(description), options_.model.plugins));
  const Assembly& assembly = model_->assembly();
  startup.phase("weights", speed_of(assembly.totals().bytes, startup.phase_seconds()));
  TENON_TRY(engine_, AsyncEngine::make(assembly));
  TENON_TRY(auto options, options_.api.service_options());
  TENON_TRY(service_, api::Service::make(assembly, *engine_, std::move(options)));
  startup.phase("engine", fmt::format("{} of cache, {} tokens at most",
                                      format_bytes(assembly.cache_layout().plan.pool_bytes),
                                      format_count(assembly.tokens_max())));
  return ok();
}

// The first step touches memory that no later one has to wait for.
Status Program::warm_up() {
  Request request;
  request.prompt = {0};
  request.max_tokens = 1;
  request.salt = kWarmUpSalt;
  TENON_TRY(TokenStream stream, engine_->submit(std::move(request)));
  while (auto event = stream.next())
    if (event->is_last && event->reason == FinishReason::kError)
      return Error{TENON_INTERNAL, "warm-up: " + event->error};
  return ok();
}

Status Program::open_to_clients() {
  health_ = std::make_unique<Health>(*engine_, options_.serve.watchdog_seconds);
  MetricsSources sources;
  sources.engine = [this] { return engine_->stats(); };
  sources.step_seconds = [this] { return health_->step_seconds(); };
  sources.is_ready = [this] { return health_->readiness() == Readiness::kReady; };
  sources.server = [this] { return server_->counts(); };
  bool has_vllm_names = options_.serve.metrics_compat == "vllm";
  MetricsOptions options{model_->assembly().description().name, has_vllm_names};
  metrics_ = std::make_unique<Metrics>(std::move(options), std::move(sources));
  http::Router router;
  add_operation_routes(router, *health_, *metrics_);
  api::add_openai_routes(router, *service_);
  add_web_routes(router);
  return server_->start(std::move(router));
}

Result<int> Program::check() {
  TENON_TRY(options_.serve.server_options());
  TENON_TRY(ModelDescription description, options_.model.describe());
  TENON_TRY(model_, LoadedModel::load(std::move(description), options_.model.plugins, WeightSource::kNone));
  TENON_TRY(std::string text, capacity_report(model_->assembly()));
  std::fputs(text.c_str(), stdout);
  return kExitOk;
}

void Program::on_end(const http::Record& record) {
  metrics_->count(record);
  if (log_) log_->write(record);
  if (timeline_) timeline_->add(record);
}

}  // namespace tenon
