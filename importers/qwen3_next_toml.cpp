// From facts to the description.
#include <importers/qwen3_next.hpp>
#include <importers/toml_writer.hpp>

#include <algorithm>

namespace tenon {
namespace {

// The shortest pattern that, repeated, gives all layers.
size_t period_of(const Qwen3NextFacts& facts) {
  size_t layers = facts.mixers.size();
  for (size_t period = 1; period < layers; ++period) {
    bool repeats = true;
    for (size_t i = period; i < layers && repeats; ++i)
      repeats = facts.mixers[i] == facts.mixers[i - period] && facts.ffns[i] == facts.ffns[i - period];
    if (repeats) return period;
  }
  return layers;
}

void write_model(TomlWriter& toml, const Qwen3NextFacts& facts) {
  toml.section("model");
  toml.key("name", facts.name);
  toml.key("model_dim", facts.model_dim);
  toml.key("vocabulary", facts.vocabulary);
  toml.key("context_max", facts.context, "tokens of one sequence");
  toml.key("norm_eps", facts.norm_eps);
  toml.key("norm_offset", facts.norm_offset,
           facts.norm_offset == 1.0 ? "gains of norms are stored as their distance from 1"
                                    : "gains of norms are stored as they are");
}

void write_layers(TomlWriter& toml, const Qwen3NextFacts& facts) {
  toml.section("layers",
               "The pattern of layers, repeated to `count`. Names refer to [mixers] and [experts] below.");
  toml.key("count", facts.layers);
  std::string pattern = "[\n";
  for (size_t i = 0; i < period_of(facts); ++i)
    pattern += "  { mixer = \"" + facts.mixers[i] + "\", experts = \"" + facts.ffns[i] + "\" },\n";
  toml.raw_key("pattern", pattern + "]");
}

void write_names(TomlWriter& toml, const std::string& section, const WeightNames& names,
                 const std::string& comment = "") {
  toml.section(section, comment);
  for (const auto& [name, tensor] : names) toml.key(name, tensor);
}

void write_linear(TomlWriter& toml, const Qwen3NextFacts& facts) {
  toml.section("mixers.linear");
  toml.key("plugin", "gated_deltanet");
  toml.key("key_heads", facts.key_heads, "heads of q and k");
  toml.key("value_heads", facts.value_heads, "heads of v, z and the state");
  toml.key("key_dim", facts.key_dim);
  toml.key("value_dim", facts.value_dim);
  toml.key("conv_window", facts.conv_window, "tokens that the short convolution sees");
  toml.key("norm_eps", facts.norm_eps);
  if (!facts.projections.empty())
    toml.key("projections", facts.projections, "how the checkpoint holds those to q, k, v and z");
  if (!facts.decay.empty()) toml.key("decay", facts.decay, "A is -exp(A_log)");
  write_names(toml, "mixers.linear.weights", facts.names.linear,
              "The plugin's names, and what the checkpoint calls them after weights.layer_prefix.");
}

void write_full(TomlWriter& toml, const Qwen3NextFacts& facts) {
  toml.section("mixers.full");
  toml.key("plugin", "gated_attention");
  toml.key("heads", facts.heads, "query heads");
  toml.key("kv_heads", facts.kv_heads, "key and value heads");
  toml.key("head_dim", facts.head_dim);
  toml.key("bias", facts.has_bias);
  toml.key("kv_type", "f32", "bf16 halves the memory of keys and values, and rounds them");
  write_names(toml, "mixers.full.weights", facts.names.full);
}

void write_experts(TomlWriter& toml, const Qwen3NextFacts& facts) {
  if (facts.has_ffn("sparse")) {
    toml.section("experts.sparse");
    toml.key("plugin", "sparse_moe");
    toml.key("experts", facts.experts);
    toml.key("top_k", facts.top_k, "experts per token");
    toml.key("expert_dim", facts.expert_dim);
    toml.key("shared_dim", facts.shared_dim, "inner width of the expert that every token uses");
    toml.key("normalise", facts.normalise, "divide the chosen probabilities by their sum");
    write_names(toml, "experts.sparse.weights", facts.names.sparse);
  }
  if (facts.has_ffn("dense")) {
    toml.section("experts.dense");
    toml.key("plugin", "dense_mlp");
    toml.key("inner_dim", facts.dense_dim);
    write_names(toml, "experts.dense.weights", facts.names.dense);
  }
}

void write_position(TomlWriter& toml, const Qwen3NextPosition& position) {
  toml.section("position", "How positions turn the queries and keys of attention.");
  toml.key("plugin", position.is_stretched ? "yarn" : "rope");
  toml.key("rotary_dim", position.rotary_dim, "dimensions of each head that turn");
  toml.key("theta", position.theta);
  if (!position.is_stretched) return;
  toml.key("factor", position.factor, "how much longer the context becomes");
  toml.key("original_context", position.original_context);
  for (const auto& [key, value] : position.settings) toml.key(key, value);
  if (!position.truncate) toml.key("truncate", false);
}

void write_speculative(TomlWriter& toml, const Qwen3NextFacts& facts) {
  if (facts.names.speculative.empty()) return;
  toml.section("speculative", "A head that guesses the token after the next.");
  toml.key("plugin", "mtp");
  toml.key("draft_tokens", int64_t{0}, "tokens to guess ahead; 1 or 2 pay where memory is the limit");
  toml.key("mixer", "full", "roles of its own layer");
  toml.key("experts", facts.has_ffn("sparse") ? "sparse" : "dense");
  toml.key("layer_prefix", facts.names.speculative_prefix);
  write_names(toml, "speculative.weights", facts.names.speculative);
}

void write_weights(TomlWriter& toml, const Qwen3NextFacts& facts) {
  toml.section("weights");
  if (!facts.weights_path.empty()) toml.key("path", facts.weights_path);
  toml.key("dtype", facts.dtype, "for reports without the files; a file says itself what its tensors are");
  const HubQuantisation& quantisation = facts.quantisation;
  if (!quantisation.matrices.empty()) {
    bool is_f8 = quantisation.matrices == "f8_e4m3";
    toml.key("matrices", quantisation.matrices,
             is_f8 ? "what matrices are, with one scale per 128 x 128 elements ..."
                   : "what matrices are, with scales for groups of inputs ...");
    std::string list = "[  # ... but for these\n";
    for (const std::string& pattern : quantisation.except) list += "  " + TomlWriter::quoted(pattern) + ",\n";
    toml.raw_key("except", list + "]");
  }
  if (quantisation.gptq_version != 1)
    toml.key("gptq_version", quantisation.gptq_version, "zero points are stored as they are");
  if (!facts.ignore.empty())
    toml.raw_key("ignore", TomlWriter::list(facts.ignore), "tensors that nobody needs");
  toml.key("layer_prefix", facts.names.layer_prefix);
  write_names(toml, "weights.model", facts.names.model);
  write_names(toml, "weights.layer", facts.names.layer, "After layer_prefix, in every layer.");
}

void write_generation(TomlWriter& toml, const Qwen3NextGeneration& generation) {
  toml.section("generation", "Defaults of a request.");
  toml.key("temperature", generation.temperature, "0: always the most probable token");
  toml.key("top_k", generation.top_k, "0: all");
  toml.key("top_p", generation.top_p);
  if (generation.min_p > 0) toml.key("min_p", generation.min_p);
  if (generation.repetition_penalty != 1.0) toml.key("repetition_penalty", generation.repetition_penalty);
  toml.raw_key("eos", TomlWriter::list(generation.eos), "token ids that end an answer");
}

void write_text(TomlWriter& toml, const Qwen3NextText& text) {
  if (text.tokenizer.empty()) return;
  toml.section("text");
  toml.key("tokenizer", text.tokenizer);
  if (!text.chat_template.empty()) toml.key("chat_template", text.chat_template, text.template_comment);
  for (const auto& [name, token] : text.special_tokens) toml.key(name, token, "as the chat template sees it");
}

bool contains(const std::vector<std::string>& roles, const char* role) {
  return std::find(roles.begin(), roles.end(), role) != roles.end();
}

}  // namespace

bool Qwen3NextFacts::has_mixer(const char* role) const { return contains(mixers, role); }
bool Qwen3NextFacts::has_ffn(const char* role) const { return contains(ffns, role); }

std::string write_qwen3_next(const Qwen3NextFacts& facts) {
  TomlWriter toml;
  toml.comment("A Qwen3-Next model, as described by " + facts.source + ".");
  toml.comment("Everything here may be edited; docs/description.md explains every key.");
  toml.key("tenon", int64_t{1}, "version of this format");
  write_model(toml, facts);
  write_layers(toml, facts);
  if (facts.has_mixer("linear")) write_linear(toml, facts);
  write_full(toml, facts);
  write_experts(toml, facts);
  write_position(toml, facts.position);
  toml.section("cache",
               "Memory for sequences: one pool for pages of attention and states of the linear layers.");
  toml.key("plugin", "hybrid_paged");
  write_speculative(toml, facts);
  write_weights(toml, facts);
  write_generation(toml, facts.generation);
  write_text(toml, facts.text);
  toml.section("engine", "Limits of the engine; every one can be given on the command line too.");
  toml.key("sequences_max", int64_t{8}, "sequences in one step");
  toml.key("tokens_per_step", int64_t{512}, "shared by decode and prefill");
  return toml.text();
}

}  // namespace tenon
