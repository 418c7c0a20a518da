// The weights as one plugin object sees them: its own names, mapped by the description to names in the
// checkpoint.
#pragma once
#include <tenon/model/place.hpp>
#include <tenon/weights/weight_store.hpp>

#include <map>

namespace tenon {

// A `weights` table of the description: local name -> name in the checkpoint, with {layer} and {expert}.
struct NameTable {
  std::map<std::string, std::string> names;
  std::string title;  // "mixers.linear.weights"
  Place place;
};

// Implements tenon_weights on a store. Lives during `bind`.
class WeightScope {
 public:
  // prefix: put before each mapped name, {layer} replaced by `layer`. who: for messages.
  WeightScope(WeightStore& store, const NameTable& names, std::string prefix, uint32_t layer, std::string who);
  WeightScope(const WeightScope&) = delete;

  const tenon_weights* raw() const { return &raw_; }
  // The error of a bind that failed, with the reason if it was a request that made no sense.
  Error explained(const Error& error) const {
    return complaint_.empty() ? error : Error{error.code, complaint_};
  }

  // The same requests from within the core.
  const tenon_weight* get(const std::string& name, std::vector<int64_t> shape, double active = 1);
  const float* get_values(const std::string& name, std::vector<int64_t> shape);

 private:
  template <class Body>
  tenon_status answer(const tenon_weight_request& asked, uint64_t elements_max, const char* expectation,
                      Body&& body);
  TensorRequest request_of(const tenon_weight_request& asked);
  std::string tensor_of(const std::string& name);

  tenon_weights raw_;
  WeightStore& store_;
  const NameTable& names_;
  std::string prefix_, who_, complaint_;
  uint32_t layer_;
};

}  // namespace tenon
