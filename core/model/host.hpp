// The core's side of tenon_host: one PluginHost per plugin object, which knows the object's place, keeps the
// reason of its last failure, and hands out the services.
#pragma once
#include <tenon/abi/services/tenon_layers.h>
#include <tenon/abi/tenon_plugin.h>
#include <tenon/ops/ops.hpp>

#include <functional>
#include <mutex>
#include <vector>

namespace tenon {

// Where intermediate results go while somebody listens. Thread: [step].
struct TraceSink {
  bool is_on = false;
  std::function<void(const std::string& name, const tenon_tensor& value)> receive;

  void emit(const std::string& name, const tenon_tensor& value) const {
    if (is_on) receive(name, value);
  }
};

// Behind "tenon.layers/1", for speculators. See services/tenon_layers.h for what each call owes.
class LayerProvider {
 public:
  virtual ~LayerProvider() = default;
  virtual Result<tenon_layer*> create(const std::string& mixer, const std::string& experts, uint32_t index) = 0;
  virtual Result<tenon_needs> plan(tenon_layer& layer) = 0;
  virtual Status bind(tenon_layer& layer) = 0;
  virtual Status forward(tenon_layer& layer, const tenon_step& step, const tenon_state& state, Matrix x,
                         Matrix y) = 0;
  virtual Status embed(const int32_t* tokens, Matrix y) = 0;
  virtual Status head(Matrix x, Matrix logits) = 0;
  virtual Result<const tenon_step*> next(const tenon_step& step) = 0;
};

// What services work on. Outlives every host that refers to it.
struct Services {
  const DenseOps* ops = nullptr;
  TraceSink* trace = nullptr;
};

// The ids of the services a plugin may need.
const std::vector<std::string>& service_ids();

class PluginHost {
 public:
  // place: for messages ("layer 3: gated"). trace_prefix: for traces ("layer.3."). layers: for speculators, or
  // NULL.
  PluginHost(std::string place, std::string trace_prefix, const Services& services,
             LayerProvider* layers = nullptr);
  PluginHost(const PluginHost&) = delete;

  const tenon_host* raw() const { return &raw_; }
  const std::string& place() const { return place_; }
  // The error of a call that returned `code`: the reason the object gave, if it gave one, after its place.
  Error take_error(tenon_status code);
  void drop_error();
  // Keeps a reason on the object's behalf; none where there is no memory for it.
  void set_error(std::string_view text) noexcept;

  const Services& services() const { return services_; }
  const std::string& trace_prefix() const { return trace_prefix_; }
  LayerProvider* layers() const { return layers_; }

 private:
  tenon_host raw_;
  std::string place_, trace_prefix_;
  const Services& services_;
  LayerProvider* layers_;
  std::mutex mutex_;  // set_error may come from any thread
  std::string error_;
};

}  // namespace tenon
