// Base class and table of a speculator, and the layers service in C++. A plugin derives, adds
//     static Result<std::unique_ptr<Derived>> create(Host, Config);
// and ends with TENON_SPECULATOR_PLUGIN(...).
#pragma once
#include <tenon/abi/services/tenon_layers.h>
#include <tenon/abi/tenon_speculator.h>
#include <tenon/sdk/planned.hpp>

#include <vector>

namespace tenon {

// See tenon_speculator.h for what each call owes and on which thread it comes.
class Speculator {
 public:
  virtual ~Speculator() = default;
  // The needs of each layer with state.
  virtual Result<std::vector<tenon_needs>> plan(const tenon_model_shape& model, const tenon_limits& limits) = 0;
  virtual Status bind(Weights weights) = 0;
  // states: one per layer of plan, to be reached by element_of()
  virtual Status propose(const tenon_step& step, const tenon_state* states, const tenon_draft& draft) = 0;
};

// Layers made of the model's plugins. REQUIRES: the plugin names "tenon.layers/1" among its services.
class Layers {
 public:
  explicit Layers(Host host) : host_(host.raw()), table_(host.find_service<tenon_layers>(TENON_LAYERS)) {}

  Result<tenon_layer*> create(const std::string& mixer, const std::string& experts, uint32_t index) const {
    tenon_layer* layer = nullptr;
    TENON_TRY(status_of(table_->create(host_, mixer.c_str(), experts.c_str(), index, &layer)));
    return layer;
  }
  Result<tenon_needs> plan(tenon_layer* layer) const {
    tenon_needs needs{};
    needs.size = sizeof(needs);
    TENON_TRY(status_of(table_->plan(host_, layer, &needs)));
    return needs;
  }
  Status bind(tenon_layer* layer) const { return status_of(table_->bind(host_, layer)); }
  Status forward(tenon_layer* layer, const tenon_step& step, const tenon_state& state, Matrix x,
                 Matrix y) const {
    tenon_tensor tx = tensor_of(x), ty = tensor_of(y);
    return status_of(table_->forward(host_, layer, &step, &state, &tx, &ty));
  }
  Status embed(const tenon_step& step, const int32_t* tokens, Matrix y) const {
    tenon_tensor ty = tensor_of(y);
    return status_of(table_->embed(host_, &step, tokens, &ty));
  }
  Status head(const tenon_step& step, Matrix x, Matrix logits) const {
    tenon_tensor tx = tensor_of(x), tl = tensor_of(logits);
    return status_of(table_->head(host_, &step, &tx, &tl));
  }
  Result<const tenon_step*> next(const tenon_step& step) const {
    const tenon_step* next = nullptr;
    TENON_TRY(status_of(table_->next(host_, &step, &next)));
    return next;
  }

 private:
  const tenon_host* host_;
  const tenon_layers* table_;
};

namespace detail {
template <class T>
inline constexpr tenon_speculator speculator_table = {
    sizeof(tenon_speculator),
    0,
    create<T>,
    destroy<T>,
    [](void* self, const tenon_model_shape* model, const tenon_limits* limits, tenon_needs* needs,
       uint32_t capacity, uint32_t* layers) noexcept {
      return with<T>(self, [&](T& object) -> Status {
        TENON_TRY(std::vector<tenon_needs> stated, object.plan(*model, *limits));
        *layers = static_cast<uint32_t>(stated.size());
        for (uint32_t i = 0; i < stated.size() && i < capacity; ++i)
          write_known(element_of(needs, i), stated[i]);
        return ok();
      });
    },
    bind<T>,
    [](void* self, const tenon_step* step, const tenon_state* states, const tenon_draft* draft) noexcept {
      return with<T>(self, [&](T& object) { return object.propose(*step, states, *draft); });
    },
};
}  // namespace detail
}  // namespace tenon

#define TENON_SPECULATOR_PLUGIN(ID, VERSION, SUMMARY, SERVICES, SCHEMA, TYPE) \
  TENON_PLUGIN(ID, VERSION, SUMMARY, SERVICES, SCHEMA, TENON_SPECULATOR, tenon::detail::speculator_table<TYPE>)
