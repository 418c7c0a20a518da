#include <tenon/model/kept_weights.hpp>

#include <tenon/base/log.hpp>
#include <tenon/base/text.hpp>

#include <algorithm>
#include <chrono>
#include <set>

namespace tenon {
namespace {

namespace fs = std::filesystem;

// Those of which nothing needs to be in memory: groups, of which a token uses some members.
bool is_group(const tenon_weight& weight) {
  return weight.members.size() > 1 && !has_scale_tensors(weight.dtype);
}

std::vector<tenon_weight*> in_file_order(WeightStore& store, const tenon_weight* left_out) {
  std::vector<std::pair<std::pair<size_t, uint64_t>, tenon_weight*>> placed;
  for (tenon_weight& weight : store.matrices()) {
    if (&weight == left_out || weight.members.empty()) continue;
    auto place = store.find_place(weight.members[0].data);
    placed.push_back(
        {place ? std::pair(place->number, place->offset) : std::pair(SIZE_MAX, uint64_t{0}), &weight});
  }
  std::stable_sort(placed.begin(), placed.end(), [](auto& a, auto& b) { return a.first < b.first; });
  std::vector<tenon_weight*> weights;
  for (auto& [place, weight] : placed) weights.push_back(weight);
  return weights;
}

// One of each name.
std::vector<tenon_weight*> without_repetitions(const std::vector<tenon_weight*>& weights) {
  std::set<std::string_view> names;
  std::vector<tenon_weight*> kept;
  for (tenon_weight* weight : weights)
    if (!has_scale_tensors(weight->dtype) && names.insert(weight->name).second) kept.push_back(weight);
  return kept;
}

Result<std::unique_ptr<PackedFile>> open_packed(const fs::path& path, const PackedPlan& plan,
                                                const std::vector<tenon_weight*>& mapped, ThreadPool& threads,
                                                const PackProgress& progress) {
  TENON_TRY(auto file, PackedFile::open(path, plan));
  TENON_TRY(file->check(mapped, threads, progress));
  return file;
}

Status write_packed(const fs::path& path, const PackedPlan& plan, PackStream& stream) {
  TENON_TRY(PackedFileWriter writer, PackedFileWriter::create(path, plan));
  TENON_TRY(stream.run(writer));
  return writer.finish();
}

void log_speed(const char* what, uint64_t bytes, std::chrono::steady_clock::time_point start) {
  std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  log().info("weights: {} {} in {:.2f} s, {:.2f} GB/s", what, format_bytes(bytes), seconds.count(),
             static_cast<double>(bytes) / 1e9 / seconds.count());
}

}  // namespace

Result<KeptWeights> KeptWeights::make(WeightStore& store, const WeightsSection& section,
                                      const KeepOptions& options, ThreadPool& threads) {
  KeptWeights kept;
  TENON_TRY(kept.keep(store, section, options, threads));
  return kept;
}

Status KeptWeights::keep(WeightStore& store, const WeightsSection& section, const KeepOptions& options,
                         ThreadPool& threads) {
  if (!store.has_checkpoint()) return ok();
  std::vector<tenon_weight*> all = in_file_order(store, options.embedding), fixed, read;
  for (tenon_weight* weight : all)
    (section.expert_cache_bytes > 0 && is_group(*weight) ? read : fixed).push_back(weight);
  bool is_packed = section.pack;
  if (is_packed && section.packed_cache)
    use_packed_file({all, fixed, store.sources()}, section, options, threads);
  if (is_packed) {
    std::erase_if(fixed, [](const tenon_weight* weight) { return weight->is_packed(); });
    TENON_TRY(bool is_room, pack(std::move(fixed), section, options, threads));
    is_packed = is_room || packed_file_;
  }
  return read.empty()
             ? ok()
             : make_expert_cache(store, read, {section.expert_cache_bytes, is_packed, packed_file_.get()});
}

// Returns whether there was memory for it. The experts' is not to be taken.
Result<bool> KeptWeights::pack(std::vector<tenon_weight*> weights, const WeightsSection& section,
                               const KeepOptions& options, ThreadPool& threads) {
  PackStream stream(std::move(weights), threads, options.progress);
  uint64_t free = options.memory_free - std::min(options.memory_free, section.expert_cache_bytes);
  if (stream.bytes() > free / 4 * 3) {
    log().warn(
        "weights: packing takes {} bytes, {} are free beside the cache; they stay as they are, which is slower",
        stream.bytes(), free);
    return false;
  }
  if (stream.bytes() == 0) return true;
  auto start = std::chrono::steady_clock::now();
  PackToMemory memory;
  TENON_TRY(stream.run(memory));
  log_speed("packed", stream.bytes(), start);
  return true;
}

// Without a file that can be used or made, nothing is changed.
void KeptWeights::use_packed_file(const PackedContent& content, const WeightsSection& section,
                                  const KeepOptions& options, ThreadPool& threads) {
  fs::path path = packed_file_of(*section.path);
  std::vector<tenon_weight*> weights = without_repetitions(content.all);
  PackedPlan plan(content.sources, weights);
  auto start = std::chrono::steady_clock::now();
  auto open = [&] { return open_packed(path, plan, content.fixed, threads, options.progress); };
  auto file = open();
  std::error_code ignored;
  if (!file.ok() && fs::exists(path, ignored)) log().warn("{}; it is made anew", file.error().text);
  if (!file.ok()) {
    PackStream stream(std::move(weights), threads, options.progress);
    Status written = write_packed(path, plan, stream);
    file = written.ok() ? open() : Result<std::unique_ptr<PackedFile>>(written.error());
  }
  if (!file.ok()) {
    log().warn("{}; weights are packed in memory", file.error().text);
    return;
  }
  packed_file_ = std::move(file).value();
  for (tenon_weight* weight : content.fixed)
    if (plan.find(*weight)) packed_file_->map(*weight);
  log_speed("found packed, or made so,", plan.file_bytes(), start);
}

// What is not in the checkpoint's files as a product meets it stays where it is.
Status KeptWeights::make_expert_cache(const WeightStore& store, const std::vector<tenon_weight*>& weights,
                                      const ExpertCache::Options& options) {
  std::vector<ExpertCache::Group> groups;
  for (tenon_weight* weight : weights) {
    ExpertCache::Group group{weight, {}};
    for (const WeightMember& member : weight->members)
      if (auto place = store.find_place(member.data)) group.places.push_back(*place);
    if (group.places.size() == weight->members.size()) groups.push_back(std::move(group));
  }
  if (groups.empty()) return ok();
  TENON_TRY(experts_, ExpertCache::make(std::move(groups), options));
  return ok();
}

}  // namespace tenon
