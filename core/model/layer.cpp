#include <tenon/model/layer.hpp>

#include <tenon/base/checked.hpp>
#include <tenon/base/text.hpp>
#include <tenon/model/contract.hpp>
#include <tenon/model/plugin_registry.hpp>

#include <algorithm>

namespace tenon {
namespace {

std::unique_ptr<PluginHost> make_host(const LayerContext& context, const Role& role, const std::string& title,
                                      const std::string& trace_prefix) {
  return std::make_unique<PluginHost>(title + ": " + role.use.plugin, trace_prefix, context.services);
}

// [T, D] float32, rounded up so that what follows stays aligned.
uint64_t matrix_bytes(int64_t tokens, int64_t columns) {
  return round_up(static_cast<uint64_t>(tokens * columns) * sizeof(float), 64);
}

Result<const Role*> get_role(const std::map<std::string, Role>& roles, const std::string& name) {
  auto found = roles.find(name);
  if (found != roles.end()) return &found->second;
  std::vector<std::string> known;
  for (const auto& [role_name, role] : roles) known.push_back(printable(role_name));
  return invalid("role \"" + printable(name) + "\": is not in the description, expected one of " +
                 join_words(known));
}

}  // namespace

Result<std::unique_ptr<Layer>> Layer::create(const LayerContext& context, const LayerRoles& roles,
                                             const std::string& title, const std::string& trace_prefix) {
  TENON_TRY(const Role* mixer_role, get_role(context.description.mixers, roles.mixer));
  TENON_TRY(const Role* experts_role, get_role(context.description.experts, roles.experts));
  TENON_TRY(auto mixer, make_object<tenon_token_mixer>(context.registry, TENON_TOKEN_MIXER, mixer_role->use,
                                                       make_host(context, *mixer_role, title, trace_prefix)));
  TENON_TRY(auto experts,
            make_object<tenon_expert_layer>(context.registry, TENON_EXPERT_LAYER, experts_role->use,
                                            make_host(context, *experts_role, title, trace_prefix)));
  return std::unique_ptr<Layer>(
      new Layer(context, roles, title, trace_prefix, std::move(mixer), std::move(experts)));
}

Layer::Layer(const LayerContext& context, LayerRoles roles, std::string title, std::string trace_prefix,
             PluginObject<tenon_token_mixer> mixer, PluginObject<tenon_expert_layer> experts)
    : description_(context.description),
      services_(context.services),
      roles_(std::move(roles)),
      title_(std::move(title)),
      trace_prefix_(std::move(trace_prefix)),
      mixer_(std::move(mixer)),
      experts_(std::move(experts)) {}

Result<tenon_needs> Layer::plan(const tenon_model_shape& model, const tenon_limits& limits) {
  tenon_needs experts_needs{};
  needs_.size = experts_needs.size = sizeof(tenon_needs);
  TENON_TRY(mixer_.call(&tenon_token_mixer::plan, &model, &limits, &needs_));
  TENON_TRY(experts_.call(&tenon_expert_layer::plan, &model, &limits, &experts_needs));
  if (needs_.chunk_tokens == 0) return invalid(mixer_.place() + ": chunk_tokens is 0, must be at least 1");
  model_dim_ = model.model_dim, tokens_max_ = limits.tokens_per_step_max,
  norm_ = {model.norm_offset, model.norm_eps};
  plugin_workspace_bytes_ = std::max(needs_.workspace_bytes, experts_needs.workspace_bytes);
  needs_.workspace_bytes = 2 * matrix_bytes(tokens_max_, model_dim_) + plugin_workspace_bytes_ + kGuardBytes;
  return needs_;
}

Status Layer::bind(WeightStore& store, const std::string& prefix, uint32_t index) {
  WeightScope norms(store, description_.weights.layer, prefix, index, title_);
  mixer_norm_ = norms.get_values("mixer_norm", {model_dim_});
  experts_norm_ = norms.get_values("experts_norm", {model_dim_});
  WeightScope mixer(store, description_.mixers.at(roles_.mixer).weights, prefix, index, mixer_.place());
  Status bound = mixer_.call(&tenon_token_mixer::bind, mixer.raw());
  if (!bound.ok()) return mixer.explained(bound.error());
  WeightScope experts(store, description_.experts.at(roles_.experts).weights, prefix, index, experts_.place());
  bound = experts_.call(&tenon_expert_layer::bind, experts.raw());
  return bound.ok() ? bound : experts.explained(bound.error());
}

Status Layer::forward(const tenon_step& step, const tenon_state& state, Matrix h) const {
  auto* workspace = static_cast<std::byte*>(step.workspace);
  uint64_t bytes = matrix_bytes(tokens_max_, model_dim_);
  Matrix normed(reinterpret_cast<float*>(workspace), h.rows, h.columns);
  Matrix out(reinterpret_cast<float*>(workspace + bytes), h.rows, h.columns);
  tenon_step inner = step;
  inner.workspace = workspace + 2 * bytes;

  TENON_TRY(services_.ops->rms_norm(mixer_norm_, norm_.offset, norm_.eps, h, normed));
  TENON_TRY(mix(inner, state, normed, out));
  trace("mixer_out", out);
  services_.ops->add(out, h);
  TENON_TRY(services_.ops->rms_norm(experts_norm_, norm_.offset, norm_.eps, h, normed));
  TENON_TRY(feed_forward(inner, normed, out));
  trace("expert_out", out);
  services_.ops->add(out, h);
  trace("out", h);
  return ok();
}

Status Layer::mix(const tenon_step& step, const tenon_state& state, Matrix x, Matrix y) const {
  tenon_tensor tx = tensor_of(x), ty = tensor_of(y);
  if constexpr (!kContractChecks) return mixer_.call(&tenon_token_mixer::forward, &step, &state, &tx, &ty);
  ContractCheck check(x, y, step.workspace, plugin_workspace_bytes_);
  TENON_TRY(mixer_.call(&tenon_token_mixer::forward, &step, &state, &tx, &ty));
  return check.verify(mixer_.place());
}

Status Layer::feed_forward(const tenon_step& step, Matrix x, Matrix y) const {
  tenon_tensor tx = tensor_of(x), ty = tensor_of(y);
  if constexpr (!kContractChecks) return experts_.call(&tenon_expert_layer::forward, &step, &tx, &ty);
  ContractCheck check(x, y, step.workspace, plugin_workspace_bytes_);
  TENON_TRY(experts_.call(&tenon_expert_layer::forward, &step, &tx, &ty));
  return check.verify(experts_.place());
}

void Layer::trace(const char* name, Matrix value) const {
  if (services_.trace->is_on) services_.trace->emit(trace_prefix_ + name, tensor_of(value));
}

}  // namespace tenon
