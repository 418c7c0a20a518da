// A mixture's rows and weights, and what it computes with them.
#pragma once
#include "ops_inputs.hpp"

#include <tests/testing/temp_dir.hpp>

#include <tenon/ops/ops.hpp>
#include <tenon/sdk/host.hpp>

#include <cmath>

namespace tenon::testing {

// Which token goes to which member: sorted by member, tokens ascending within one.
struct Routing {
  std::vector<int32_t> row_start, token_of_row;
  std::vector<float> factor_of_row;

  // Members 1 and 3 get no token, member 4 all; the others some.
  explicit Routing(int32_t tokens, int32_t members = 6) : row_start{0} {
    for (int32_t e = 0; e < members; ++e) {
      for (int32_t t = 0; t < tokens; ++t)
        if (e != 1 && e != 3 && (e == 4 || (t * 7 + e * 3) % 5 < 2)) token_of_row.push_back(t);
      row_start.push_back(static_cast<int32_t>(token_of_row.size()));
    }
    for (size_t r = 0; r < token_of_row.size(); ++r)
      factor_of_row.push_back(0.1f + 0.01f * static_cast<float>(r % 9));
  }
  int64_t rows() const { return row_start.back(); }
};

struct Experts {
  const tenon_weight &gate, &up, &down;
  int64_t model_dim, inner_dim;
};

// All but x, y and scratch.
inline tenon_expert_mlp job_of(const Experts& experts, const Routing& routing) {
  tenon_expert_mlp job{};
  job.size = sizeof(job);
  job.gate = &experts.gate, job.up = &experts.up, job.down = &experts.down;
  job.row_start = routing.row_start.data(), job.token_of_row = routing.token_of_row.data();
  job.factor_of_row = routing.factor_of_row.data();
  return job;
}

inline std::vector<float> run(const DenseOps& ops, const Experts& experts, const Routing& routing,
                              std::vector<float> x) {
  int64_t tokens = static_cast<int64_t>(x.size()) / experts.model_dim;
  std::vector<float> y(x.size(), NAN);
  auto floats =
      static_cast<size_t>(expert_mlp_scratch(tokens, routing.rows(), experts.model_dim, experts.inner_dim));
  AlignedBuffer scratch = AlignedBuffer::allocate(floats * sizeof(float), "scratch").value();
  tenon_expert_mlp job = job_of(experts, routing);
  job.x = tensor_of(matrix(x, experts.model_dim)), job.y = tensor_of(matrix(y, experts.model_dim));
  job.scratch = scratch.data();
  Status status = ops.expert_mlp(job);
  EXPECT_TRUE(status.ok()) << refusal_of(status);
  return y;
}

}  // namespace tenon::testing
