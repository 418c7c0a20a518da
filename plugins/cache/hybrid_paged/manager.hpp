// The hybrid cache manager: pages and slots of every sequence, from one pool of equal units, and what prompts
// leave behind for later ones that begin alike.
#pragma once
#include "layout.hpp"
#include "prefix_tree.hpp"

#include <algorithm>
#include <unordered_map>

namespace tenon::hybrid_paged {

struct Settings {
  uint32_t page_tokens = 0;  // 0: chosen
  bool prefix_cache = true;
  uint64_t prefix_bytes = 0;
  uint32_t snapshot_tokens = 4096;
  uint64_t snapshot_bytes = 0;  // 0: as many as prefix_bytes has room for
  bool reuse_decoded = false;
};

// The state of every recurrent layer after so many tokens.
struct Snapshot {
  uint32_t position;
  std::vector<int32_t> slots;  // [slotted layers]
};

// What one sequence holds.
struct Sequence {
  uint64_t salt = 0;
  std::vector<int32_t> tokens;       // the prompt, and with reuse_decoded what has been decoded since
  uint32_t computed = 0;             // tokens whose pages and state are there
  uint32_t found = 0;                // of those, what others had computed before
  Origin origin = Origin::kPrefill;  // kDecode: it has decoded, or begun with what was decoded
  bool leaves_behind = true;         // false: its memory is not to be trusted, and stays its own
  std::vector<int32_t> pages;        // units, in order of position
  std::vector<int32_t> current;      // [slotted layers] the state after `computed` tokens; -1 before the first
  std::vector<uint32_t> wanted;      // positions after which the state is to be kept for others, rising
  uint32_t decoded_snapshot = 0;     // position of the newest state that its decode left; 0: none
  int32_t copy_source = -1;          // the shared page that the page after the shared ones begins as a copy of
  bool is_copied = false;            // whether fill has asked for that copy
  // Between reserve and commit.
  uint32_t reserved_tokens = 0;
  int32_t phase = TENON_PREFILL;
  std::vector<int32_t> coming;  // with reuse_decoded, the tokens of a decode
  bool saves_last_only = true;
  std::vector<int32_t> saves;       // [slotted layers, saves_per_layer] in order of token
  uint32_t saves_per_layer = 0;     // one if only the last is saved, else one per token
  std::vector<Snapshot> snapshots;  // taken in passing, within the reserved tokens
};

// The refusal of what may fit later. Both in units.
Error no_room(uint64_t needed, uint64_t available);

// Where std::bad_alloc leaves a call, every unit still has its owner.
class Manager final : public CacheManager {
 public:
  explicit Manager(const Settings& settings) : settings_(settings) {}
  static Result<std::unique_ptr<Manager>> create(Host host, Config config);

  Result<tenon_cache_plan> plan(const tenon_limits& limits, std::span<const tenon_needs> needs,
                                uint64_t pool_bytes_max, std::span<tenon_placement> placements) override;
  Result<uint32_t> admit(uint64_t id, const tenon_admission& admission) override;
  Status reserve(uint64_t id, const tenon_reservation& reservation) override;
  Status fill(const tenon_step& step, std::span<const uint64_t> ids, tenon_cache_tables& tables) override;
  Status commit(uint64_t id, uint32_t tokens) override;
  void release(uint64_t id) noexcept override;
  void discard(uint64_t id) noexcept override;
  tenon_cache_stats stats() const noexcept override;
  Status check() const override;

 private:
  Result<Sequence*> get(uint64_t id);
  uint32_t slotted() const { return static_cast<uint32_t>(layout_.slotted.size()); }
  // Free, or given up by the tree as soon as somebody needs it.
  size_t obtainable() const { return units_.available() + units_.idle(); }
  bool make_room(size_t units);
  // Chunks between the states that a long prompt or answer leaves on its way.
  uint32_t snapshot_every() const { return std::max(settings_.snapshot_tokens / layout_.chunk_tokens, 1u); }
  Result<size_t> snapshots_max() const;

  Result<uint32_t> begin(Sequence& sequence, const tenon_admission& admission);
  bool begin_with(Sequence& sequence, const Node& node, uint64_t positions);
  void let_go(Sequence& sequence);
  void choose_snapshots(Sequence& sequence, uint32_t depth_known) const;

  bool may_overwrite_current(const Sequence& sequence, bool without_tree) const;
  size_t slots_only_reserved(const Sequence& sequence) const;
  void cancel_reservation(Sequence& sequence);
  void give_back_saves(Sequence& sequence, int32_t kept_index);
  std::vector<Snapshot> snapshots_between(const Sequence& sequence, uint32_t first, uint32_t end) const;
  void take_snapshots(Sequence& sequence, std::vector<Snapshot> snapshots);

  bool begins_alike(const Sequence& one, const Sequence& other) const;
  void fill_slots(const tenon_step& step, uint32_t s, const Sequence& sequence,
                  tenon_cache_tables& tables) const;
  bool may_leave_behind(const Sequence& sequence) const;
  void take_decoded(Sequence& sequence, uint32_t tokens);
  void leave_behind(uint64_t id, Sequence& sequence);
  void keep_newest_decoded(uint64_t id, Sequence& sequence);
  void give_back_snapshots(Sequence& sequence);

  Settings settings_;
  Layout layout_;
  Units units_;
  PrefixTree tree_;
  std::unordered_map<uint64_t, Sequence> sequences_;
  std::vector<tenon_range> freed_;
  std::vector<tenon_copy> copies_;
  uint64_t prompt_tokens_ = 0, reused_tokens_ = 0;
};

}  // namespace tenon::hybrid_paged
