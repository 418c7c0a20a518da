#include <tenon/model/host.hpp>

#include <tenon/abi/services/tenon_log.h>
#include <tenon/abi/services/tenon_ops.h>
#include <tenon/abi/services/tenon_threads.h>
#include <tenon/abi/services/tenon_trace.h>
#include <tenon/base/log.hpp>
#include <tenon/sdk/boundary.hpp>

#include <cstring>

namespace tenon {
namespace {

PluginHost& self_of(const tenon_host* host) { return *static_cast<PluginHost*>(host->ctx); }
const DenseOps& ops_of(const tenon_host* host) { return *self_of(host).services().ops; }

// Every service call ends here: a failure leaves its text with the object that asked, which returns the code.
template <class Body>
tenon_status answer(const tenon_host* host, Body&& body) noexcept {
  try {
    Status status = body();
    if (status.ok()) return TENON_OK;
    self_of(host).set_error(status.error().text);
    return status.error().code;
  } catch (const std::bad_alloc&) {
    self_of(host).set_error("out of memory");
    return TENON_OUT_OF_MEMORY;
  } catch (const std::exception& e) {
    try {
      self_of(host).set_error(std::string("exception: ") + e.what());
    } catch (const std::bad_alloc&) {
    }
    return TENON_INTERNAL;
  }
}

constexpr tenon_log kLog = {sizeof(tenon_log), 0,
                            [](const tenon_host* host, uint32_t level, const char* text) noexcept {
                              auto severity = level == TENON_LOG_DEBUG  ? spdlog::level::debug
                                              : level == TENON_LOG_INFO ? spdlog::level::info
                                                                        : spdlog::level::warn;
                              log().log(severity, "{}: {}", self_of(host).place(), text);
                            }};

constexpr tenon_ops kOps = {
    sizeof(tenon_ops),
    0,
    [](const tenon_host* host, const tenon_step*, const tenon_weight* weight, const float* bias,
       const tenon_tensor* x, const tenon_tensor* y) noexcept {
      return answer(host, [&] { return ops_of(host).linear(*weight, bias, Matrix(*x), Matrix(*y)); });
    },
    [](const tenon_host* host, const tenon_step*, const tenon_weight* weight, const int32_t* row_start,
       const tenon_tensor* x, const tenon_tensor* y) noexcept {
      return answer(host,
                    [&] { return ops_of(host).grouped_linear(*weight, row_start, Matrix(*x), Matrix(*y)); });
    },
    [](const tenon_host* host, const tenon_step*, const float* gain, float offset, float eps,
       const tenon_tensor* x, const tenon_tensor* y) noexcept {
      return answer(host, [&] { return ops_of(host).rms_norm(gain, offset, eps, Matrix(*x), Matrix(*y)); });
    },
    [](const tenon_host* host, const tenon_step*, const tenon_tensor* gate, const tenon_tensor* up,
       const tenon_tensor* y) noexcept {
      return answer(host, [&] { return ops_of(host).silu_multiply(Matrix(*gate), Matrix(*up), Matrix(*y)); });
    },
    [](const tenon_host* host, const tenon_step*, const tenon_expert_mlp* job) noexcept {
      return answer(host, [&] { return ops_of(host).expert_mlp(*job); });
    },
};

constexpr tenon_threads kThreads = {
    sizeof(tenon_threads), 0,
    [](const tenon_host* host, uint32_t count, uint32_t grain,
       void (*task)(void*, uint32_t, uint32_t, uint32_t) noexcept,
       void* ctx) noexcept { ops_of(host).threads().parallel_for(count, grain, task, ctx); }};

constexpr tenon_trace kTrace = {
    sizeof(tenon_trace), 0,
    [](const tenon_host* host) noexcept -> uint32_t { return self_of(host).services().trace->is_on; },
    [](const tenon_host* host, const char* name, const tenon_tensor* value) noexcept {
      self_of(host).services().trace->emit(self_of(host).trace_prefix() + name, *value);
    }};

constexpr tenon_layers kLayers = {
    sizeof(tenon_layers),
    0,
    [](const tenon_host* host, const char* mixer, const char* experts, uint32_t index,
       tenon_layer** layer) noexcept {
      return answer(host, [&]() -> Status {
        TENON_TRY(*layer, self_of(host).layers()->create(mixer, experts, index));
        return ok();
      });
    },
    [](const tenon_host* host, tenon_layer* layer, tenon_needs* needs) noexcept {
      return answer(host, [&]() -> Status {
        TENON_TRY(tenon_needs stated, self_of(host).layers()->plan(*layer));
        detail::write_known(needs, stated);
        return ok();
      });
    },
    [](const tenon_host* host, tenon_layer* layer) noexcept {
      return answer(host, [&] { return self_of(host).layers()->bind(*layer); });
    },
    [](const tenon_host* host, tenon_layer* layer, const tenon_step* step, const tenon_state* state,
       const tenon_tensor* x, const tenon_tensor* y) noexcept {
      return answer(
          host, [&] { return self_of(host).layers()->forward(*layer, *step, *state, Matrix(*x), Matrix(*y)); });
    },
    [](const tenon_host* host, const tenon_step*, const int32_t* tokens, const tenon_tensor* y) noexcept {
      return answer(host, [&] { return self_of(host).layers()->embed(tokens, Matrix(*y)); });
    },
    [](const tenon_host* host, const tenon_step*, const tenon_tensor* x, const tenon_tensor* logits) noexcept {
      return answer(host, [&] { return self_of(host).layers()->head(Matrix(*x), Matrix(*logits)); });
    },
    [](const tenon_host* host, const tenon_step* step, const tenon_step** next) noexcept {
      return answer(host, [&]() -> Status {
        TENON_TRY(*next, self_of(host).layers()->next(*step));
        return ok();
      });
    },
};

const void* find_service(const tenon_host* host, const char* id) noexcept {
  if (std::strcmp(id, TENON_LOG) == 0) return &kLog;
  if (std::strcmp(id, TENON_OPS) == 0) return &kOps;
  if (std::strcmp(id, TENON_THREADS) == 0) return &kThreads;
  if (std::strcmp(id, TENON_TRACE) == 0) return &kTrace;
  if (std::strcmp(id, TENON_LAYERS) == 0) return self_of(host).layers() ? &kLayers : nullptr;
  return nullptr;
}

const char* word_of(tenon_status code) {
  switch (code) {
    case TENON_OK: return "no failure";
    case TENON_INVALID: return "invalid input";
    case TENON_UNSUPPORTED: return "not supported";
    case TENON_OUT_OF_MEMORY: return "out of memory";
    case TENON_IO: return "input or output failed";
    case TENON_DEVICE: return "the device failed";
    case TENON_INTERNAL: return "internal error";
  }
  return "unknown status";
}

}  // namespace

const std::vector<std::string>& service_ids() {
  static const std::vector<std::string> ids = {TENON_LOG, TENON_OPS, TENON_THREADS, TENON_TRACE, TENON_LAYERS};
  return ids;
}

PluginHost::PluginHost(std::string place, std::string trace_prefix, const Services& services,
                       LayerProvider* layers)
    : raw_{},
      place_(std::move(place)),
      trace_prefix_(std::move(trace_prefix)),
      services_(services),
      layers_(layers) {
  raw_.size = sizeof(raw_);
  raw_.abi_major = TENON_ABI_MAJOR, raw_.abi_minor = TENON_ABI_MINOR;
  raw_.isa = static_cast<uint32_t>(services.ops->isa());
  raw_.ctx = this;
  raw_.set_error = [](const tenon_host* host, const char* text) noexcept {
    self_of(host).set_error(text ? text : "");
  };
  raw_.get_service = find_service;
}

void PluginHost::set_error(std::string_view text) noexcept {
  std::lock_guard lock(mutex_);
  try {
    error_ = text;
  } catch (const std::bad_alloc&) {
    error_.clear();
  }
}

void PluginHost::drop_error() {
  std::lock_guard lock(mutex_);
  error_.clear();
}

Error PluginHost::take_error(tenon_status code) {
  std::lock_guard lock(mutex_);
  std::string text = error_.empty() ? std::string(word_of(code)) + ", no reason given" : error_;
  error_.clear();
  bool is_known = code > TENON_OK && code <= TENON_INTERNAL;
  return {is_known ? code : TENON_INTERNAL, place_ + ": " + text};
}

}  // namespace tenon
