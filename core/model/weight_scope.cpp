#include <tenon/model/weight_scope.hpp>

#include <tenon/base/checked.hpp>
#include <tenon/base/text.hpp>

#include <new>

namespace tenon {
namespace {

constexpr uint64_t kMatrixElementsMax = uint64_t{1} << 40;
constexpr uint64_t kValuesElementsMax = uint64_t{1} << 26;
constexpr uint32_t kGroupMax = 65536;

WeightScope& self_of(const tenon_weights* weights) { return *static_cast<WeightScope*>(weights->ctx); }

// What a plugin asks for is checked too: its numbers come from a description.
bool is_sound(const tenon_weight_request& asked, uint64_t elements_max) {
  if (asked.rank > TENON_RANK_MAX || asked.group > kGroupMax || !asked.name) return false;
  auto elements = checked_elements({asked.shape, asked.rank});
  return elements && *elements <= elements_max;
}

}  // namespace

WeightScope::WeightScope(WeightStore& store, const NameTable& names, std::string prefix, uint32_t layer,
                         std::string who)
    : raw_{}, store_(store), names_(names), prefix_(std::move(prefix)), who_(std::move(who)), layer_(layer) {
  raw_.size = sizeof(raw_);
  raw_.ctx = this;
  raw_.get = [](const tenon_weights* weights, const tenon_weight_request* asked,
                const tenon_weight** weight) noexcept {
    WeightScope& self = self_of(weights);
    return self.answer(*asked, kMatrixElementsMax,
                       "a matrix of at most 2^40 elements, at most 65536 in a group",
                       [&] { *weight = self.store_.get(self.request_of(*asked)); });
  };
  raw_.get_values = [](const tenon_weights* weights, const tenon_weight_request* asked,
                       const float** values) noexcept {
    WeightScope& self = self_of(weights);
    return self.answer(*asked, kValuesElementsMax, "at most 4 dimensions and 2^26 elements",
                       [&] { *values = self.store_.get_values(self.request_of(*asked)); });
  };
}

template <class Body>
tenon_status WeightScope::answer(const tenon_weight_request& asked, uint64_t elements_max,
                                 const char* expectation, Body&& body) {
  bool is_matrix = asked.rank == 2 || elements_max != kMatrixElementsMax;
  if (!is_matrix || !is_sound(asked, elements_max)) {
    complaint_ = who_ + ": asks for a weight " + (asked.name ? printable(asked.name) : "without a name") +
                 " of a shape that cannot be, expected " + expectation;
    return TENON_INVALID;
  }
  try {
    body();
    return TENON_OK;
  } catch (const std::bad_alloc&) {
    complaint_ = who_ + ": no memory for the weight " + asked.name;
    return TENON_OUT_OF_MEMORY;
  }
}

TensorRequest WeightScope::request_of(const tenon_weight_request& asked) {
  TensorRequest request;
  request.shape.assign(asked.shape, asked.shape + asked.rank);
  request.group = asked.group;
  if (asked.group && asked.group_active) request.active = double(asked.group_active) / asked.group;
  request.who = who_;
  request.tensor = tensor_of(asked.name);
  return request;
}

// Empty if the name is not mapped, which is noted.
std::string WeightScope::tensor_of(const std::string& name) {
  auto found = names_.names.find(name);
  if (found == names_.names.end()) {
    store_.note_problem(names_.title + ": has no name for " + printable(name) + ", which " + who_ + " needs (" +
                        names_.place.text() + ")");
    return "";
  }
  std::string full = prefix_ + found->second;
  static const std::string kMark = "{layer}";
  for (size_t at; (at = full.find(kMark)) != std::string::npos;)
    full.replace(at, kMark.size(), std::to_string(layer_));
  return full;
}

const tenon_weight* WeightScope::get(const std::string& name, std::vector<int64_t> shape, double active) {
  return store_.get({tensor_of(name), std::move(shape), 0, active, who_});
}

const float* WeightScope::get_values(const std::string& name, std::vector<int64_t> shape) {
  return store_.get_values({tensor_of(name), std::move(shape), 0, 1, who_});
}

}  // namespace tenon
