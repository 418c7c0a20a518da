#include <tenon/ops/expert_mlp.hpp>

#include <tenon/base/checked.hpp>
#include <tenon/ops/expert_cache.hpp>
#include <tenon/ops/ops.hpp>
#include <tenon/ops/packing.hpp>
#include <tenon/weights/block_formats.hpp>

#include <algorithm>
#include <cstring>

namespace tenon {
namespace {

// Rows that are multiplied at a time; what they gather stays in a second-level cache. Whole strips.
constexpr int64_t kRowsAtATime = 6 * kStripRows;
// Features of a unit at most, and units per thread, so that threads end together.
constexpr int64_t kFeaturesPerUnit = 512, kUnitsPerThread = 4;
// Units begin at multiples of this many features: whole panels, and whole groups of what comes out.
constexpr int64_t kFeatureStep = 32;

// A worker's memory: gathered rows of x, then products of two weights.
constexpr int64_t kGatherBytes = BlockProducts::kColumnsMax * static_cast<int64_t>(sizeof(float)) * 4;
constexpr int64_t kProductBytes = kRowsAtATime * kFeaturesPerUnit * static_cast<int64_t>(sizeof(float));
constexpr int64_t kWorkerBytes = kGatherBytes + 2 * kProductBytes;

float* first_product(std::byte* memory) { return reinterpret_cast<float*>(memory + kGatherBytes); }
float* second_product(std::byte* memory) {
  return reinterpret_cast<float*>(memory + kGatherBytes + kProductBytes);
}

int64_t groups_of(int64_t columns) { return columns / kGroupInputs; }

// How many of `all` features make a unit, where there are as many units again for each of `others`.
int64_t features_per_unit(int64_t all, int64_t others, int64_t threads) {
  int64_t units = (threads * kUnitsPerThread + others - 1) / others;
  int64_t features =
      static_cast<int64_t>(round_up(static_cast<uint64_t>((all + units - 1) / units), kFeatureStep));
  return std::min(features, kFeaturesPerUnit);
}

}  // namespace

// What both passes need to know, and where the scratch is.
struct ExpertMlp::Job {
  const tenon_expert_mlp& args;
  int64_t tokens, model_dim, inner_dim;
  bool packed;
  bool is_first = true;             // whether nothing was added to y yet
  std::span<const int32_t> active;  // members with rows, ascending: all, or those of a round
  ActivationGroup *gate_x, *up_x;   // [T, D / 32], packed; the same where both weights take the same
  std::byte* hidden;                // [R, F]: float32, or a member's rows in strips of groups

  explicit Job(const tenon_expert_mlp& a)
      : args(a), tokens(a.x.shape[0]), model_dim(a.x.shape[1]), inner_dim(a.gate->rows) {
    packed = a.gate->is_packed() && a.up->is_packed() && a.down->is_packed();
    auto* at = static_cast<std::byte*>(a.scratch);
    gate_x = up_x = reinterpret_cast<ActivationGroup*>(at);
    if (a.gate->dtype != a.up->dtype) up_x += tokens * groups_of(model_dim);
    at += round_up(static_cast<uint64_t>(tokens * model_dim) * sizeof(float), 64);
    hidden = at;
    int64_t members = static_cast<int64_t>(a.gate->members.size()), rows = a.row_start[members];
    at += round_up(static_cast<uint64_t>(rows * inner_dim) * sizeof(float), 64);
    auto* with_rows = reinterpret_cast<int32_t*>(at);
    size_t count = 0;
    for (int64_t e = 0; e < members; ++e)
      if (a.row_start[e + 1] > a.row_start[e]) with_rows[count++] = static_cast<int32_t>(e);
    active = {with_rows, count};
  }

  // Where hidden row `row`, of a member whose rows are [first, end), has its groups, and how far they are
  // apart.
  ActivationGroup* hidden_groups(int64_t row, int64_t first, int64_t end, int64_t* stride) const {
    int64_t strip = first + (row - first) / kStripRows * kStripRows;
    *stride = std::min(kStripRows, end - strip);
    return reinterpret_cast<ActivationGroup*>(hidden) + strip * groups_of(inner_dim) + (row - strip);
  }
  float* hidden_row(int64_t row) const { return reinterpret_cast<float*>(hidden) + row * inner_dim; }
};

// Some rows of one member, whose first row is `first` and last `end` - 1.
struct ExpertMlp::Rows {
  int64_t member, first, end, begin, count;
};

ExpertMlp::ExpertMlp(Isa isa, ThreadPool& threads, BlockProducts& blocks)
    : threads_(threads), blocks_(blocks), quantised_(quantised_kernels(isa)) {
  linear_ = TENON_ISA_PICK(static_cast<uint32_t>(isa), linear);
  silu_multiply_ = TENON_ISA_PICK(static_cast<uint32_t>(isa), silu_multiply);
  accumulate_ = TENON_ISA_PICK(static_cast<uint32_t>(isa), accumulate);
  memory_.reset(new std::unique_ptr<std::byte[]>[threads.threads()]);
  for (uint32_t i = 0; i < threads.threads(); ++i) memory_[i].reset(new std::byte[kWorkerBytes]);
}

ExpertMlp::~ExpertMlp() = default;

// Where members are read from disk, the inner pass of those that are there runs meanwhile. The order in which y
// is added to is the same in any number of rounds.
Status ExpertMlp::run(const tenon_expert_mlp& args) const {
  Job job(args);
  MemberRounds rounds({args.gate, args.up, args.down}, job.active);
  blocks_.start();
  while (rounds.next()) {
    job.is_first = rounds.is_first();
    if (job.packed && job.is_first) quantise_tokens(job);
    job.active = rounds.here();
    run_inner(job);
    TENON_TRY(rounds.wait());
    job.active = rounds.coming();
    if (!job.active.empty()) run_inner(job);
    job.active = rounds.all();
    run_outer(job);
  }
  return ok();
}

void ExpertMlp::quantise_tokens(const Job& job) const {
  parallel_for(threads_, job.tokens, 4, [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      const float* x = Matrix(job.args.x).row(t);
      int64_t at = t * groups_of(job.model_dim);
      quantised_.quantise_rows({x, 1, job.model_dim, *find_panel_kind(job.args.gate->dtype), job.gate_x + at});
      if (job.up_x != job.gate_x)
        quantised_.quantise_rows({x, 1, job.model_dim, *find_panel_kind(job.args.up->dtype), job.up_x + at});
    }
  });
}

void ExpertMlp::run_inner(const Job& job) const {
  int64_t active_count = static_cast<int64_t>(job.active.size());
  int64_t width = features_per_unit(job.inner_dim, std::max<int64_t>(active_count, 1), threads_.threads());
  int64_t units = (job.inner_dim + width - 1) / width;
  int64_t row_bytes = job.model_dim * static_cast<int64_t>(sizeof(float));
  int64_t rows_most = std::clamp<int64_t>(kGatherBytes / row_bytes, 1, kRowsAtATime);
  parallel_for(threads_, active_count * units, 1, [&](int64_t unit, int64_t, uint32_t worker) {
    int64_t member = job.active[static_cast<size_t>(unit / units)], from = unit % units * width;
    int64_t to = std::min(from + width, job.inner_dim);
    int64_t first = job.args.row_start[member], end = job.args.row_start[member + 1];
    for (int64_t row = first; row < end; row += rows_most) {
      Rows rows{member, first, end, row, std::min(rows_most, end - row)};
      job.packed ? inner_packed(job, rows, from, to, memory_[worker].get())
                 : inner_plain(job, rows, from, to, worker);
    }
  });
}

// The rows' groups of x in strips, as multiply_panels reads them.
const ActivationGroup* ExpertMlp::gather(const Job& job, Rows rows, const ActivationGroup* tokens,
                                         std::byte* to) const {
  auto* strips = reinterpret_cast<ActivationGroup*>(to);
  int64_t groups = groups_of(job.model_dim);
  for (int64_t r = 0; r < rows.count; ++r) {
    int64_t strip = r / kStripRows * kStripRows, height = std::min(kStripRows, rows.count - strip);
    const ActivationGroup* from = tokens + job.args.token_of_row[rows.begin + r] * groups;
    ActivationGroup* row = strips + strip * groups + (r - strip);
    for (int64_t g = 0; g < groups; ++g) row[g * height] = from[g];
  }
  return strips;
}

void ExpertMlp::inner_packed(const Job& job, Rows rows, int64_t begin, int64_t end, std::byte* memory) const {
  float *gate = first_product(memory), *up = second_product(memory);
  PanelArgs args = panel_args(*job.args.gate, rows.member);
  args.rows = rows.count, args.y_stride = end - begin, args.y_first = begin;
  args.x = gather(job, rows, job.gate_x, memory), args.y = gate;
  int64_t panels_begin = begin / kPanelRows, panels_end = (end + kPanelRows - 1) / kPanelRows;
  quantised_.multiply_panels(args, panels_begin, panels_end);
  PanelArgs other = panel_args(*job.args.up, rows.member);
  args.panels = other.panels, args.kind = other.kind, args.y = up;
  if (job.up_x != job.gate_x) args.x = gather(job, rows, job.up_x, memory);
  quantised_.multiply_panels(args, panels_begin, panels_end);
  ActivateArgs activate{nullptr, nullptr, end - begin, *find_panel_kind(job.args.down->dtype), nullptr, 0};
  for (int64_t r = 0; r < rows.count; ++r) {
    activate.gate = gate + r * (end - begin), activate.up = up + r * (end - begin);
    activate.to = job.hidden_groups(rows.begin + r, rows.first, rows.end, &activate.stride);
    activate.to += groups_of(begin) * activate.stride;
    quantised_.quantise_activated(activate);
  }
}

void ExpertMlp::inner_plain(const Job& job, Rows rows, int64_t begin, int64_t end, uint32_t worker) const {
  std::byte* memory = memory_[worker].get();
  float *gate = first_product(memory), *up = second_product(memory);
  auto* x = reinterpret_cast<float*>(memory);
  int64_t dim = job.model_dim, width = end - begin;
  for (int64_t r = 0; r < rows.count; ++r)
    std::memcpy(x + r * dim, Matrix(job.args.x).row(job.args.token_of_row[rows.begin + r]),
                static_cast<size_t>(dim) * sizeof(float));
  blocks_.forget(worker);
  LinearArgs args{};
  args.x = x, args.rows = rows.count, args.y_stride = width, args.y_first = begin;
  args.y = gate;
  multiply(*job.args.gate, args, rows.member, begin, end, worker);
  args.y = up;
  multiply(*job.args.up, args, rows.member, begin, end, worker);
  for (int64_t r = 0; r < rows.count; ++r)
    silu_multiply_({gate + r * width, up + r * width, job.hidden_row(rows.begin + r) + begin}, 0, width);
}

void ExpertMlp::run_outer(const Job& job) const {
  int64_t width = features_per_unit(job.model_dim, 1, threads_.threads());
  int64_t units = (job.model_dim + width - 1) / width;
  Matrix y(job.args.y);
  parallel_for(threads_, units, 1, [&](int64_t unit, int64_t, uint32_t worker) {
    int64_t from = unit * width, to = std::min(from + width, job.model_dim);
    for (int64_t t = 0; t < job.tokens && job.is_first; ++t) std::fill(y.row(t) + from, y.row(t) + to, 0.0f);
    for (int64_t member : job.active) {
      int64_t first = job.args.row_start[member], end = job.args.row_start[member + 1];
      for (int64_t row = first; row < end; row += kRowsAtATime)
        add_outer(job, {member, first, end, row, std::min(kRowsAtATime, end - row)}, from, to, worker);
    }
  });
}

// Adds columns [begin, end) of what the rows come to.
void ExpertMlp::add_outer(const Job& job, Rows rows, int64_t begin, int64_t end, uint32_t worker) const {
  float* out = first_product(memory_[worker].get());
  int64_t width = end - begin;
  if (job.packed) {
    PanelArgs args = panel_args(*job.args.down, rows.member);
    int64_t stride;
    args.x = job.hidden_groups(rows.begin, rows.first, rows.end, &stride), args.rows = rows.count;
    args.y = out, args.y_stride = width, args.y_first = begin;
    quantised_.multiply_panels(args, begin / kPanelRows, (end + kPanelRows - 1) / kPanelRows);
  } else {
    LinearArgs args{};
    args.x = job.hidden_row(rows.begin), args.rows = rows.count;
    args.y = out, args.y_stride = width, args.y_first = begin;
    multiply(*job.args.down, args, rows.member, begin, end, worker);
  }
  accumulate_({out, job.args.token_of_row + rows.begin, job.args.factor_of_row + rows.begin,
               Matrix(job.args.y).data + begin, rows.count, width, job.model_dim});
}

void ExpertMlp::multiply(const tenon_weight& weight, const LinearArgs& rows, int64_t member, int64_t begin,
                         int64_t end, uint32_t worker) const {
  const WeightMember& stored = weight.members[static_cast<size_t>(member)];
  LinearArgs args = rows;
  args.weight = elements_of(weight, static_cast<size_t>(member)), args.scales = stored.scales,
  args.dtype = static_cast<uint16_t>(weight.dtype);
  args.out = weight.rows, args.in = weight.columns;
  if (block_of(weight.dtype).elements > 1) return blocks_.run(weight, member, args, begin, end, worker);
  linear_(args, begin, end);
}

}  // namespace tenon
