#include "conversion_run.hpp"

#include <apps/common/progress.hpp>
#include <exporters/gguf_tokenizer.hpp>
#include <exporters/hub_directory.hpp>
#include <exporters/hub_quantisation_config.hpp>
#include <exporters/qwen3_next_gguf_export.hpp>
#include <exporters/qwen3_next_hub_export.hpp>

#include <tenon/base/checked.hpp>
#include <tenon/base/text.hpp>

#include <algorithm>
#include <cstdio>
#include <thread>

namespace tenon::cli {
namespace {

void print_report(const std::vector<OutputTensor>& outputs, const std::vector<GroupError>& errors) {
  uint64_t bytes = 0, elements = 0;
  for (const OutputTensor& output : outputs) {
    elements += *checked_elements(output.shape());
    for (const TensorPlan& plan : output.plans()) bytes += bytes_of(plan.dtype, *checked_elements(plan.shape));
  }
  std::printf("%zu tensors, %s parameters, %s\n", outputs.size(), format_count(elements).c_str(),
              format_bytes(bytes).c_str());
  if (errors.empty()) return;
  std::printf("\n%-14s %-8s %16s %16s\n", "group", "type", "parameters", "relative error");
  for (const GroupError& error : errors)
    std::printf("%-14s %-8s %16s %16.5f\n", error.group.c_str(), name_of(error.dtype),
                format_count(error.elements).c_str(), error.relative());
}

Result<MatrixTypes> types_of(const ConversionTask& task) {
  OutputLayout layout = layout_of(task.output);
  std::string type = task.type;
  if (type.empty()) type = layout == OutputLayout::kGguf ? "q8_0" : "int8";
  return MatrixTypes::parse(layout, type, task.tensors);
}

using Interruption = ConversionTask::Interruption;

TensorWriter::Kept kept(const ConversionTask& task) {
  return task.interruption == Interruption::kStartAnew ? TensorWriter::Kept::kNo : TensorWriter::Kept::kYes;
}

// A hash of what decides the bytes of the file at `path`.
uint64_t task_hash(const ConversionTask& task, const TensorWriter& writer) {
  uint64_t parts[] = {writer.header_hash(), task.source.identity()};
  Hash64 hash;
  hash.add(std::as_bytes(std::span(parts)));
  return hash.value();
}

// path: what `writer` was made for.
Result<std::vector<GroupError>> write_tensors(const ConversionTask& task,
                                              const std::vector<OutputTensor>& outputs, TensorWriter writer,
                                              const std::filesystem::path& path) {
  ThreadPool pool(task.threads ? task.threads : std::max(1u, std::thread::hardware_concurrency()));
  using Resume = ConversionRecord::Resume;
  Resume resume = task.interruption == Interruption::kGoOn ? Resume::kYes : Resume::kNo;
  ConversionRecord record = ConversionRecord::open(path, task_hash(task, writer), resume);
  auto convert_and_finish = [&]() -> Result<std::vector<GroupError>> {
    Progress progress(task.title);
    TENON_TRY(std::vector<GroupError> errors,
              convert(
                  task.source, outputs, writer, pool,
                  [&](uint64_t done, uint64_t total) { progress.update(done, total); },
                  task.interruption == Interruption::kStartAnew ? nullptr : &record));
    TENON_TRY(writer.finish());
    return errors;
  };
  auto errors = convert_and_finish();
  // What a full disk has ended can go on.
  if (errors.ok() || errors.error().code != TENON_IO) record.remove();
  return errors;
}

Result<std::vector<GroupError>> write_gguf(const ConversionTask& task,
                                           const std::vector<OutputTensor>& outputs) {
  TENON_TRY(MatrixTypes types, types_of(task));
  GgufPairs pairs = qwen3_next_gguf_pairs(task.facts, types);
  TENON_TRY(add_gguf_tokenizer(task.facts, pairs));
  TENON_TRY(TensorWriter writer, TensorWriter::gguf(task.output, pairs, plans_of(outputs), kept(task)));
  return write_tensors(task, outputs, std::move(writer), task.output);
}

Result<std::vector<GroupError>> write_directory(const ConversionTask& task,
                                                const std::vector<OutputTensor>& outputs) {
  Json config = task.config;
  config.erase("quantization_config");
  TENON_TRY(Json quantisation, hub_quantisation_config(outputs));
  if (!quantisation.is_null()) config["quantization_config"] = quantisation;
  TENON_TRY(HubDirectory directory, HubDirectory::create(task.output));
  TENON_TRY(TensorWriter writer, TensorWriter::safetensors(directory.weights(), plans_of(outputs), kept(task)));
  auto errors = write_tensors(task, outputs, std::move(writer), directory.weights());
  if (!errors.ok() && errors.error().code == TENON_IO && kept(task) == TensorWriter::Kept::kYes)
    directory.leave();
  if (!errors.ok()) return errors;
  if (!task.text_files.empty()) TENON_TRY(directory.copy_text_files(task.text_files));
  TENON_TRY(directory.write_config(config));
  TENON_TRY(directory.commit());
  return errors;
}

}  // namespace

OutputLayout layout_of(const std::filesystem::path& output) {
  return is_gguf(output) ? OutputLayout::kGguf : OutputLayout::kHub;
}

Result<std::vector<OutputTensor>> plan_conversion(const ConversionTask& task) {
  TENON_TRY(MatrixTypes types, types_of(task));
  return layout_of(task.output) == OutputLayout::kGguf ? qwen3_next_gguf_outputs(task.facts, task.source, types)
                                                       : qwen3_next_hub_outputs(task.facts, task.source, types);
}

Status run_conversion(const ConversionTask& task, const std::vector<OutputTensor>& outputs) {
  bool is_file = layout_of(task.output) == OutputLayout::kGguf;
  TENON_TRY(auto errors, is_file ? write_gguf(task, outputs) : write_directory(task, outputs));
  print_report(outputs, errors);
  return ok();
}

}  // namespace tenon::cli
