#include "conversion_run.hpp"

#include <apps/common/progress.hpp>

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
    uint64_t own = *checked_elements(output.plan.shape);
    elements += own, bytes += bytes_of(output.plan.dtype, own);
  }
  std::printf("%zu tensors, %s parameters, %s\n", outputs.size(), format_count(elements).c_str(),
              format_bytes(bytes).c_str());
  if (errors.empty()) return;
  std::printf("\n%-14s %-8s %16s %16s\n", "group", "type", "parameters", "relative error");
  for (const GroupError& error : errors)
    std::printf("%-14s %-8s %16s %16.5f\n", error.group.c_str(), name_of(error.dtype),
                format_count(error.elements).c_str(), error.relative());
}

}  // namespace

Status run_conversion(const TensorSource& source, const std::vector<OutputTensor>& outputs, TensorWriter writer,
                      uint32_t threads, const std::string& title) {
  ThreadPool pool(threads ? threads : std::max(1u, std::thread::hardware_concurrency()));
  std::vector<GroupError> errors;
  {
    Progress progress(title);
    TENON_TRY(errors, convert(source, outputs, writer, pool,
                              [&](uint64_t done, uint64_t total) { progress.update(done, total); }));
    TENON_TRY(writer.finish());
  }
  print_report(outputs, errors);
  return ok();
}

}  // namespace tenon::cli
