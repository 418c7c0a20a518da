// The loops of the layers that are slow as torch operations, with their gradients.
// check_model.py compares them with transformers.
//
// All tensors are contiguous float32. B rows, T tokens, H value heads, head size kHead for keys and values.
#include <torch/extension.h>

#include <cmath>
#include <vector>

namespace {

constexpr int kHead = 32;
constexpr int kStep = 32;  // tokens between two stored states
constexpr int kTaps = 4;

using Vector = float[kHead];
struct State {
  float at[kHead][kHead];  // [key][value]
};

// One token: returns the written difference in `written`, updates `state`.
inline void advance(State& state, const float* key, const float* value, float decay, float beta,
                    float* written) {
  Vector read = {};
  for (int k = 0; k < kHead; ++k)
    for (int v = 0; v < kHead; ++v) read[v] += key[k] * (state.at[k][v] *= decay);
  for (int v = 0; v < kHead; ++v) written[v] = beta * (value[v] - read[v]);
  for (int k = 0; k < kHead; ++k)
    for (int v = 0; v < kHead; ++v) state.at[k][v] += key[k] * written[v];
}

struct Inputs {
  const float *query, *key, *value, *log_decay, *beta;
  int64_t tokens, heads;
  int64_t place(int64_t row, int64_t token, int64_t head) const {
    return (row * tokens + token) * heads + head;
  }
};

struct Gradients {
  float *query, *key, *value, *log_decay, *beta;
};

Inputs inputs_of(const std::vector<torch::Tensor>& x) {
  TORCH_CHECK(x[0].size(3) == kHead && x[2].size(3) == kHead, "the head size is fixed");
  return {x[0].data_ptr<float>(),
          x[1].data_ptr<float>(),
          x[2].data_ptr<float>(),
          x[3].data_ptr<float>(),
          x[4].data_ptr<float>(),
          x[0].size(1),
          x[0].size(2)};
}

// Gradients of one token. `before` and `after` are the states around it; `carry` is the gradient of
// the state, of `after` on entry and of `before` on return.
void step_back(const Inputs& in, const Gradients& out, int64_t at, const State& before, const State& after,
               const float* out_gradient, State& carry) {
  const float *query = in.query + at * kHead, *key = in.key + at * kHead, *value = in.value + at * kHead;
  const float decay = std::exp(in.log_decay[at]), beta = in.beta[at];
  Vector read = {}, written_gradient = {}, written, read_gradient;
  for (int k = 0; k < kHead; ++k)
    for (int v = 0; v < kHead; ++v) {
      read[v] += key[k] * decay * before.at[k][v];
      carry.at[k][v] += query[k] * out_gradient[v];
      written_gradient[v] += key[k] * carry.at[k][v];
    }
  float beta_gradient = 0;
  for (int v = 0; v < kHead; ++v) {
    written[v] = beta * (value[v] - read[v]);
    beta_gradient += written_gradient[v] * (value[v] - read[v]);
    read_gradient[v] = -beta * written_gradient[v];
    out.value[at * kHead + v] = beta * written_gradient[v];
  }
  float decay_gradient = 0;
  for (int k = 0; k < kHead; ++k) {
    float query_gradient = 0, key_gradient = 0;
    for (int v = 0; v < kHead; ++v) {
      const float decayed = decay * before.at[k][v];
      query_gradient += out_gradient[v] * after.at[k][v];
      key_gradient += carry.at[k][v] * written[v] + read_gradient[v] * decayed;
      carry.at[k][v] += key[k] * read_gradient[v];
      decay_gradient += carry.at[k][v] * decayed;
      carry.at[k][v] *= decay;
    }
    out.query[at * kHead + k] = query_gradient;
    out.key[at * kHead + k] = key_gradient;
  }
  out.log_decay[at] = decay_gradient;
  out.beta[at] = beta_gradient;
}

}  // namespace

// x: query, key [B, T, H, K], value [B, T, H, V], log_decay, beta [B, T, H].
// Returns the output [B, T, H, V] and the states before every kStep-th token.
std::vector<torch::Tensor> delta_rule_forward(const std::vector<torch::Tensor>& x) {
  const Inputs in = inputs_of(x);
  const int64_t rows = x[0].size(0), stored = (in.tokens + kStep - 1) / kStep;
  auto output = torch::empty_like(x[2]);
  auto states = torch::empty({rows, in.heads, stored, kHead, kHead}, x[0].options());
  auto* kept = reinterpret_cast<State*>(states.data_ptr<float>());
  float* result = output.data_ptr<float>();
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t head = 0; head < in.heads; ++head) {
      State state = {};
      for (int64_t t = 0; t < in.tokens; ++t) {
        if (t % kStep == 0) kept[(row * in.heads + head) * stored + t / kStep] = state;
        const int64_t at = in.place(row, t, head);
        Vector written, out = {};
        advance(state, in.key + at * kHead, in.value + at * kHead, std::exp(in.log_decay[at]), in.beta[at],
                written);
        for (int k = 0; k < kHead; ++k)
          for (int v = 0; v < kHead; ++v) out[v] += in.query[at * kHead + k] * state.at[k][v];
        std::copy(out, out + kHead, result + at * kHead);
      }
    }
  return {output, states};
}

std::vector<torch::Tensor> delta_rule_backward(const std::vector<torch::Tensor>& x, torch::Tensor states,
                                               torch::Tensor output_gradient) {
  const Inputs in = inputs_of(x);
  const int64_t rows = x[0].size(0), stored = states.size(2);
  std::vector<torch::Tensor> result;
  for (const auto& tensor : x) result.push_back(torch::empty_like(tensor));
  const Gradients out{result[0].data_ptr<float>(), result[1].data_ptr<float>(), result[2].data_ptr<float>(),
                      result[3].data_ptr<float>(), result[4].data_ptr<float>()};
  const auto* kept = reinterpret_cast<const State*>(states.data_ptr<float>());
  const float* gradient = output_gradient.data_ptr<float>();
  std::vector<State> around(kStep + 1);
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t head = 0; head < in.heads; ++head) {
      State carry = {};
      for (int64_t n = stored - 1; n >= 0; --n) {
        const int64_t first = n * kStep, last = std::min(first + kStep, in.tokens);
        around[0] = kept[(row * in.heads + head) * stored + n];
        for (int64_t t = first; t < last; ++t) {
          const int64_t at = in.place(row, t, head);
          Vector written;
          around[t - first + 1] = around[t - first];
          advance(around[t - first + 1], in.key + at * kHead, in.value + at * kHead, std::exp(in.log_decay[at]),
                  in.beta[at], written);
        }
        for (int64_t t = last - 1; t >= first; --t) {
          const int64_t at = in.place(row, t, head);
          step_back(in, out, at, around[t - first], around[t - first + 1], gradient + at * kHead, carry);
        }
      }
    }
  return result;
}

// silu(causal depthwise convolution): x [B, T, C], taps [kTaps, C] (the last is the token's own),
// position [B, T] within the document; taps never reach before position 0.
torch::Tensor short_conv_forward(torch::Tensor x, torch::Tensor taps, torch::Tensor position) {
  const int64_t rows = x.size(0), tokens = x.size(1), channels = x.size(2);
  auto output = torch::empty_like(x);
  const float *in = x.data_ptr<float>(), *tap = taps.data_ptr<float>();
  const int64_t* index = position.data_ptr<int64_t>();
  for (int64_t at = 0; at < rows * tokens; ++at) {
    float* out = output.data_ptr<float>() + at * channels;
    const int64_t reach = std::min<int64_t>(index[at], kTaps - 1);
    std::fill(out, out + channels, 0.0f);
    for (int64_t back = 0; back <= reach; ++back)
      for (int64_t c = 0; c < channels; ++c)
        out[c] += in[(at - back) * channels + c] * tap[(kTaps - 1 - back) * channels + c];
    for (int64_t c = 0; c < channels; ++c) out[c] /= 1.0f + std::exp(-out[c]);
  }
  return output;
}

std::vector<torch::Tensor> short_conv_backward(torch::Tensor x, torch::Tensor taps, torch::Tensor position,
                                               torch::Tensor output_gradient) {
  const int64_t rows = x.size(0), tokens = x.size(1), channels = x.size(2);
  auto x_gradient = torch::zeros_like(x), taps_gradient = torch::zeros_like(taps);
  const float *in = x.data_ptr<float>(), *tap = taps.data_ptr<float>(),
              *given = output_gradient.data_ptr<float>();
  float *in_gradient = x_gradient.data_ptr<float>(), *tap_gradient = taps_gradient.data_ptr<float>();
  const int64_t* index = position.data_ptr<int64_t>();
  std::vector<float> sum(channels);
  for (int64_t at = 0; at < rows * tokens; ++at) {
    const int64_t reach = std::min<int64_t>(index[at], kTaps - 1);
    std::fill(sum.begin(), sum.end(), 0.0f);
    for (int64_t back = 0; back <= reach; ++back)
      for (int64_t c = 0; c < channels; ++c)
        sum[c] += in[(at - back) * channels + c] * tap[(kTaps - 1 - back) * channels + c];
    for (int64_t c = 0; c < channels; ++c) {
      const float sigmoid = 1.0f / (1.0f + std::exp(-sum[c]));
      sum[c] = given[at * channels + c] * sigmoid * (1.0f + sum[c] * (1.0f - sigmoid));
    }
    for (int64_t back = 0; back <= reach; ++back)
      for (int64_t c = 0; c < channels; ++c) {
        in_gradient[(at - back) * channels + c] += sum[c] * tap[(kTaps - 1 - back) * channels + c];
        tap_gradient[(kTaps - 1 - back) * channels + c] += sum[c] * in[(at - back) * channels + c];
      }
  }
  return {x_gradient, taps_gradient};
}

// x [N, D] scaled to a mean square of one, times weight [D].
torch::Tensor rms_norm_forward(torch::Tensor x, torch::Tensor weight, double epsilon) {
  const int64_t rows = x.size(0), size = x.size(1);
  auto output = torch::empty_like(x);
  const float *in = x.data_ptr<float>(), *scale = weight.data_ptr<float>();
  float* out = output.data_ptr<float>();
  for (int64_t row = 0; row < rows; ++row, in += size, out += size) {
    float sum = 0;
    for (int64_t i = 0; i < size; ++i) sum += in[i] * in[i];
    const float factor = 1.0f / std::sqrt(sum / size + static_cast<float>(epsilon));
    for (int64_t i = 0; i < size; ++i) out[i] = in[i] * factor * scale[i];
  }
  return output;
}

std::vector<torch::Tensor> rms_norm_backward(torch::Tensor x, torch::Tensor weight, double epsilon,
                                             torch::Tensor output_gradient) {
  const int64_t rows = x.size(0), size = x.size(1);
  auto x_gradient = torch::empty_like(x), weight_gradient = torch::zeros_like(weight);
  const float *in = x.data_ptr<float>(), *scale = weight.data_ptr<float>(),
              *given = output_gradient.data_ptr<float>();
  float *in_gradient = x_gradient.data_ptr<float>(), *scale_gradient = weight_gradient.data_ptr<float>();
  for (int64_t row = 0; row < rows; ++row, in += size, given += size, in_gradient += size) {
    float sum = 0, along = 0;
    for (int64_t i = 0; i < size; ++i) {
      sum += in[i] * in[i];
      along += given[i] * scale[i] * in[i];
    }
    const float factor = 1.0f / std::sqrt(sum / size + static_cast<float>(epsilon));
    const float back = along * factor * factor / size;
    for (int64_t i = 0; i < size; ++i) {
      in_gradient[i] = factor * (given[i] * scale[i] - in[i] * back);
      scale_gradient[i] += given[i] * in[i] * factor;
    }
  }
  return {x_gradient, weight_gradient};
}

PYBIND11_MODULE(TORCH_EXTENSION_NAME, m) {
  m.def("delta_rule_forward", &delta_rule_forward);
  m.def("delta_rule_backward", &delta_rule_backward);
  m.def("short_conv_forward", &short_conv_forward);
  m.def("short_conv_backward", &short_conv_backward);
  m.def("rms_norm_forward", &rms_norm_forward);
  m.def("rms_norm_backward", &rms_norm_backward);
}
