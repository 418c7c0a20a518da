// What a plugin object may ask of the core, as C++: errors, the log, ops, threads, traces.
// All of it is cheap to copy and lives as long as the object that was created with it.
#pragma once
#include <tenon/abi/services/tenon_log.h>
#include <tenon/abi/services/tenon_ops.h>
#include <tenon/abi/services/tenon_threads.h>
#include <tenon/abi/services/tenon_trace.h>
#include <tenon/sdk/result.hpp>
#include <tenon/sdk/tensor.hpp>

namespace tenon {

class Host {
 public:
  explicit Host(const tenon_host* raw) : raw_(raw) {}

  const tenon_host* raw() const { return raw_; }
  uint32_t isa() const { return raw_->isa; }

  // Returns a service by its id, or NULL where the core does not offer it.
  template <class Service>
  const Service* find_service(const char* id) const {
    return static_cast<const Service*>(raw_->get_service(raw_, id));
  }

  void set_error(const std::string& text) const { raw_->set_error(raw_, text.c_str()); }

  void log(uint32_t level, const std::string& text) const {
    if (auto* log = find_service<tenon_log>(TENON_LOG)) log->write(raw_, level, text.c_str());
  }

 private:
  const tenon_host* raw_;
};

// A failed op has already said why: the code is enough.
inline Status status_of(tenon_status code) {
  if (code == TENON_OK) return ok();
  return Error{code, ""};
}

// Floats of scratch for Ops::expert_mlp: at most so many tokens and rows.
inline int64_t expert_mlp_scratch(int64_t tokens, int64_t rows, int64_t outer, int64_t inner) {
  return tokens * outer + rows * (inner + 1) + 48;
}

// The dense operations. REQUIRES: the plugin names "tenon.ops/1" among its services.
class Ops {
 public:
  explicit Ops(Host host) : host_(host.raw()), table_(host.find_service<tenon_ops>(TENON_OPS)) {}

  Status linear(const tenon_step& step, const tenon_weight* weight, const float* bias, Matrix x,
                Matrix y) const {
    tenon_tensor tx = tensor_of(x), ty = tensor_of(y);
    return status_of(table_->linear(host_, &step, weight, bias, &tx, &ty));
  }
  Status grouped_linear(const tenon_step& step, const tenon_weight* weight, const int32_t* row_start, Matrix x,
                        Matrix y) const {
    tenon_tensor tx = tensor_of(x), ty = tensor_of(y);
    return status_of(table_->grouped_linear(host_, &step, weight, row_start, &tx, &ty));
  }
  Status rms_norm(const tenon_step& step, const float* gain, float offset, float eps, Matrix x,
                  Matrix y) const {
    tenon_tensor tx = tensor_of(x), ty = tensor_of(y);
    return status_of(table_->rms_norm(host_, &step, gain, offset, eps, &tx, &ty));
  }
  Status silu_multiply(const tenon_step& step, Matrix gate, Matrix up, Matrix y) const {
    tenon_tensor tg = tensor_of(gate), tu = tensor_of(up), ty = tensor_of(y);
    return status_of(table_->silu_multiply(host_, &step, &tg, &tu, &ty));
  }
  Status expert_mlp(const tenon_step& step, const tenon_expert_mlp& job) const {
    return status_of(table_->expert_mlp(host_, &step, &job));
  }

 private:
  const tenon_host* host_;
  const tenon_ops* table_;
};

// The engine's threads. REQUIRES: the plugin names "tenon.threads/1" among its services.
class Threads {
 public:
  explicit Threads(Host host) : host_(host.raw()), table_(host.find_service<tenon_threads>(TENON_THREADS)) {}

  // Calls body(begin, end, worker) on disjoint ranges that cover [0, count). body must not throw.
  template <class Body>
  void parallel_for(uint32_t count, uint32_t grain, Body&& body) const {
    auto thunk = [](void* ctx, uint32_t begin, uint32_t end, uint32_t worker) noexcept {
      (*static_cast<std::remove_reference_t<Body>*>(ctx))(begin, end, worker);
    };
    table_->parallel_for(host_, count, grain, thunk, &body);
  }

 private:
  const tenon_host* host_;
  const tenon_threads* table_;
};

// Intermediate results for `tenon parity`; does nothing while nobody listens, or where the core offers no
// traces.
class Trace {
 public:
  explicit Trace(Host host) : host_(host.raw()), table_(host.find_service<tenon_trace>(TENON_TRACE)) {}

  bool is_on() const { return table_ && table_->is_on(host_); }
  void emit(const char* name, const tenon_tensor& value) const {
    if (is_on()) table_->emit(host_, name, &value);
  }
  void emit(const char* name, Matrix value) const { emit(name, tensor_of(value)); }

 private:
  const tenon_host* host_;
  const tenon_trace* table_;
};

}  // namespace tenon
