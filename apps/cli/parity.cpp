// tenon parity MODEL: does a model compute what a reference computed? Tensor by tensor.
#include "command.hpp"
#include "distribution.hpp"
#include "parity_run.hpp"

#include <apps/common/exit_code.hpp>
#include <apps/common/loaded_model.hpp>

#include <tenon/base/json.hpp>
#include <tenon/base/text.hpp>
#include <tenon/weights/convert.hpp>
#include <tenon/weights/safetensors.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <memory>

namespace tenon::cli {
namespace {

struct Options {
  ModelOptions model;
  std::string golden, dump;
  double tolerance = 2e-4;
  double kl_max = -1;  // below 0: values are compared, not distributions
  bool as_json = false;
};

// One tensor's comparison.
struct Row {
  std::string name;
  std::string problem;   // empty, or why it could not be compared
  double max_error = 0;  // greatest absolute difference; for ids, how many differ
  double max_value = 0;  // greatest absolute value of the reference
  bool is_ids = false;
  double mean_kl = -1, top_1 = 0;  // of distributions over tokens, where those are compared

  double relative() const { return max_value > 0 ? max_error / max_value : max_error; }
  bool passes(double tolerance) const {
    return problem.empty() && (is_ids ? max_error == 0 : relative() <= tolerance && std::isfinite(max_error));
  }
};

std::filesystem::path default_golden(const ModelOptions& model) {
  std::filesystem::path path = model.model;
  std::error_code ignored;
  return (std::filesystem::is_directory(path, ignored) ? path : path.parent_path()) / "golden.safetensors";
}

Result<std::vector<int32_t>> ints_of(const Safetensors& golden, const char* name) {
  auto found = golden.tensors().find(name);
  if (found == golden.tensors().end() || found->second.dtype != DType::kI32)
    return invalid(golden.path().string() + ": has no " + name + " of type I32");
  std::vector<int32_t> ints(found->second.bytes / sizeof(int32_t));
  std::memcpy(ints.data(), found->second.data, found->second.bytes);
  return ints;
}

int64_t first_dimension(const Safetensors& golden, const std::string& name) {
  auto found = golden.tensors().find(name);
  return found == golden.tensors().end() || found->second.shape.empty() ? 0 : found->second.shape[0];
}

Result<ParityRequest> request_of(const Safetensors& golden, const ModelDescription& description) {
  ParityRequest request;
  TENON_TRY(request.prompt, ints_of(golden, "prompt_ids"));
  if (request.prompt.empty()) return invalid(golden.path().string() + ": prompt_ids is empty");
  request.greedy_tokens = static_cast<uint32_t>(first_dimension(golden, "greedy_ids"));
  request.greedy_logits = static_cast<uint32_t>(first_dimension(golden, "greedy_logits"));
  if (description.speculative)
    request.draft_tokens =
        static_cast<uint32_t>(first_dimension(golden, description.speculative->use.plugin + ".draft_ids"));
  return request;
}

Row compare_ids(const std::string& name, const StoredTensor& expected, const KeptTensor& computed) {
  Row row{name};
  row.is_ids = true;
  for (size_t i = 0; i < computed.ints.size(); ++i) {
    int32_t id;
    std::memcpy(&id, expected.data + i * sizeof id, sizeof id);
    row.max_error += id != computed.ints[i];
    row.max_value = std::max(row.max_value, std::fabs(double(id)));
  }
  return row;
}

Row compare(const std::string& name, const StoredTensor& expected, const KeptTensors& computed) {
  auto found = computed.find(name);
  if (found == computed.end()) return {name, "not computed by this model"};
  const KeptTensor& kept = found->second;
  if (kept.shape != expected.shape) return {name, "has another shape"};
  if ((kept.dtype == DType::kI32) != (expected.dtype == DType::kI32)) return {name, "is of another type"};
  if (kept.dtype == DType::kI32) return compare_ids(name, expected, kept);
  Row row{name};
  std::vector<float> floats = floats_of(expected);
  for (size_t i = 0; i < floats.size(); ++i) {
    double error = std::fabs(double{kept.floats[i]} - floats[i]);
    if (!(error <= row.max_error)) row.max_error = error;  // a NaN stays
    row.max_value = std::max(row.max_value, std::fabs(double{floats[i]}));
  }
  return row;
}

Status dump(const std::string& path, const KeptTensors& computed) {
  std::vector<TensorToWrite> tensors;
  for (const auto& [name, kept] : computed)
    tensors.push_back(
        {name, kept.dtype, kept.shape,
         kept.dtype == DType::kI32 ? static_cast<const void*>(kept.ints.data()) : kept.floats.data()});
  return write_safetensors(path, tensors);
}

// Rows of logits as distributions.
void compare_distributions(Row& row, const StoredTensor& expected, const KeptTensor& computed) {
  std::vector<float> reference = floats_of(expected);
  int64_t columns = expected.shape.back(), rows = static_cast<int64_t>(reference.size()) / columns;
  double kl = 0, same = 0;
  for (int64_t r = 0; r < rows; ++r) {
    const float *p = reference.data() + r * columns, *q = computed.floats.data() + r * columns;
    kl += divergence(p, q, columns);
    same += top_token(p, columns) == top_token(q, columns);
  }
  row.mean_kl = kl / static_cast<double>(rows), row.top_1 = same / static_cast<double>(rows);
}

bool is_distribution(const std::string& name) { return name == "logits" || name.ends_with(".logits"); }

// Of the logits alone, whose inputs are the reference's own tokens.
std::vector<Row> distribution_rows(const Safetensors& golden, const KeptTensors& computed) {
  std::vector<Row> rows;
  for (const auto& [name, expected] : golden.tensors()) {
    if (!is_distribution(name)) continue;
    rows.push_back(compare(name, expected, computed));
    if (rows.back().problem.empty()) compare_distributions(rows.back(), expected, computed.at(name));
  }
  return rows;
}

int report_distributions(const std::vector<Row>& rows, double kl_max) {
  std::printf("%-28s %12s %12s\n", "tensor", "mean KL", "same top-1");
  size_t failed = rows.empty();
  for (const Row& row : rows) {
    bool passes = row.problem.empty() && row.mean_kl <= kl_max;
    failed += !passes;
    if (row.problem.empty())
      std::printf("%-28s %12.3e %10.1f %%%s\n", row.name.c_str(), row.mean_kl, 100 * row.top_1,
                  passes ? "" : "  FAILED");
    else
      std::printf("%-28s %s  FAILED\n", row.name.c_str(), row.problem.c_str());
  }
  if (failed == 0) return kExitOk;
  std::fprintf(stderr, "tenon: parity: %zu of %zu distributions are beyond a mean KL divergence of %g\n",
               failed, rows.size(), kl_max);
  return kExitBadData;
}

void print_rows(const std::vector<Row>& rows, double tolerance) {
  std::printf("%-28s %12s %12s\n", "tensor", "max error", "relative");
  for (const Row& row : rows) {
    const char* verdict = row.passes(tolerance) ? "" : "  FAILED";
    if (!row.problem.empty())
      std::printf("%-28s %s%s\n", row.name.c_str(), row.problem.c_str(), verdict);
    else if (row.is_ids)
      std::printf("%-28s %12s %12s%s\n", row.name.c_str(),
                  row.max_error == 0 ? "equal" : (std::to_string(int64_t(row.max_error)) + " differ").c_str(),
                  "", verdict);
    else
      std::printf("%-28s %12.3e %12.3e%s\n", row.name.c_str(), row.max_error, row.relative(), verdict);
  }
}

void print_json(const std::vector<Row>& rows, double tolerance, size_t failed) {
  Json json = {{"tolerance", tolerance}, {"tensors", Json::array()}, {"failed", failed}};
  for (const Row& row : rows) {
    Json entry = {{"name", row.name}, {"ok", row.passes(tolerance)}};
    if (!row.problem.empty()) entry["problem"] = row.problem;
    if (row.is_ids) entry["differing"] = static_cast<int64_t>(row.max_error);
    if (row.problem.empty() && !row.is_ids)
      entry["max_error"] = row.max_error, entry["relative"] = row.relative();
    json["tensors"].push_back(std::move(entry));
  }
  std::printf("%s\n", json.dump(2).c_str());
}

Result<int> run_parity_command(const Options& options) {
  std::filesystem::path golden_path = options.golden;
  if (golden_path.empty()) golden_path = default_golden(options.model);
  TENON_TRY(auto golden, Safetensors::open(golden_path));
  TENON_TRY(ModelDescription description, options.model.describe());
  TENON_TRY(ParityRequest request, request_of(*golden, description));
  fit_description(description, request);
  TENON_TRY(auto model, LoadedModel::load(std::move(description), options.model.plugins));
  TENON_TRY(KeptTensors computed, run_parity(model->assembly(), request));
  if (!options.dump.empty()) TENON_TRY(dump(options.dump, computed));

  if (options.kl_max >= 0) return report_distributions(distribution_rows(*golden, computed), options.kl_max);
  std::vector<Row> rows;
  size_t failed = 0;
  for (const auto& [name, expected] : golden->tensors()) {
    rows.push_back(compare(name, expected, computed));
    failed += !rows.back().passes(options.tolerance);
  }
  options.as_json ? print_json(rows, options.tolerance, failed) : print_rows(rows, options.tolerance);
  if (failed == 0) return kExitOk;
  std::fprintf(stderr, "tenon: parity: %zu of %zu tensors are beyond a relative error of %g\n", failed,
               rows.size(), options.tolerance);
  return kExitBadData;
}

}  // namespace

void add_parity(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("parity", "Compare what a model computes with a reference, tensor by tensor");
  options->model.add_to(*command);
  command
      ->add_option("--golden", options->golden,
                   "The reference's tensors; default: golden.safetensors beside the model")
      ->type_name("FILE");
  command->add_option("--dump", options->dump, "Write what was computed, under the same names")
      ->type_name("FILE");
  command
      ->add_option("--tolerance", options->tolerance,
                   "Greatest error allowed, as a share of a tensor's greatest value")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1.0));
  command
      ->add_option("--kl", options->kl_max,
                   "Compare logits alone, as distributions: greatest mean KL divergence allowed, in nats")
      ->check(CLI::Range(0.0, 100.0));
  command->add_flag("--json", options->as_json, "Write everything as JSON");
  command->callback([options, &chosen] { chosen = [options] { return run_parity_command(*options); }; });
}

}  // namespace tenon::cli
