// A complete description, and changes to it.
#pragma once
#include <tests/testing/temp_dir.hpp>

#include <tenon/model/description.hpp>

namespace tenon::testing {

inline constexpr const char* kDescription = R"(tenon = 1

[model]
name = "small"
model_dim = 64
vocabulary = 256
context_max = 4096
norm_eps = 1e-6
norm_offset = 1.0
device = "cpu"

[layers]
count = 8
pattern = [
  { mixer = "linear", experts = "sparse" },
  { mixer = "full", experts = "sparse" },
]
override = [{ layers = [0, 7], experts = "dense" }]

[mixers.linear]
plugin = "delta"
heads = 4
decay = 0.5
[mixers.linear.weights]
in = "linear.in.weight"

[mixers.full]
plugin = "softmax"
[mixers.full.weights]
q = "full.q.weight"

[experts.sparse]
plugin = "routed"
normalise = true
kind = "top"
[experts.sparse.weights]
up = "experts.{expert}.up.weight"

[experts.dense]
plugin = "plain"
[experts.dense.weights]
up = "mlp.up.weight"

[position]
plugin = "turning"
rotary_dim = 16
theta = 1e4

[cache]
plugin = "pages"
unit = 64

[speculative]
plugin = "guess"
layer_prefix = "mtp.{layer}."
draft_tokens = 3
[speculative.weights]
fc = "mtp.fc.weight"

[weights]
path = "model"
dtype = "f16"
matrices = "f8_e4m3"
except = ["*.router"]
scale_suffix = "_scale"
ignore = ["vision.*"]
layer_prefix = "layers.{layer}."
[weights.model]
embedding = "embed.weight"
final_norm = "norm.weight"
head = "head.weight"
[weights.layer]
mixer_norm = "norm1.weight"
experts_norm = "norm2.weight"

[engine]
sequences_max = 4
tokens_per_step = 128
context = 2048
memory = 1048576
threads = 2

[generation]
temperature = 0.7
top_p = 0.9
min_p = 0.05
top_k = 20
repetition_penalty = 1.1
presence_penalty = -0.5
frequency_penalty = 0.25
eos = [1, 255]

[text]
tokenizer = "tokenizer.json"
chat_template = "/templates/chat.jinja"
bos_token = "<s>"
eos_token = "</s>"
)";

// The description with `from`, which occurs once, as `to`.
inline std::string changed(const std::string& from, const std::string& to) {
  std::string text = kDescription;
  size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  EXPECT_EQ(text.find(from, at + 1), std::string::npos) << from << " is not the only one";
  return text.replace(at, from.size(), to);
}

inline Result<ModelDescription> parse(const std::string& text) {
  return parse_description(text, "m.toml", "/models");
}

// " (m.toml:LINE:COLUMN)" of where `needle` begins.
inline std::string place_in(const std::string& text, const std::string& needle) {
  size_t at = text.find(needle);
  EXPECT_NE(at, std::string::npos) << needle;
  size_t line =
      1 + static_cast<size_t>(std::count(text.begin(), text.begin() + static_cast<int64_t>(at), '\n'));
  size_t begin = at == 0 ? std::string::npos : text.rfind('\n', at - 1);
  size_t column = at - (begin == std::string::npos ? 0 : begin + 1) + 1;
  return " (m.toml:" + std::to_string(line) + ":" + std::to_string(column) + ")";
}

// A change, and the error that it must lead to: the fact, at the place of `needle`.
struct Mutation {
  const char *from, *to, *needle, *fact;
};

inline void expect_refused(const Mutation& m) {
  std::string text = changed(m.from, m.to);
  auto parsed = parse(text);
  ASSERT_FALSE(parsed.ok()) << m.to;
  EXPECT_EQ(parsed.error().code, TENON_INVALID);
  EXPECT_EQ(parsed.error().text, m.fact + place_in(text, m.needle)) << m.to;
}

}  // namespace tenon::testing
