#include "watched_cache.hpp"

#include <cstdio>
#include <cstring>
#include <utility>

namespace tenon::sim {
namespace {

const tenon_plugin* inner_plugin = nullptr;
CacheWatch* watch = nullptr;
bool awaits_cache = false;  // whether the next one made is the one to watch; others only help with planning

const tenon_cache_manager& inner() {
  return *static_cast<const tenon_cache_manager*>(inner_plugin->get_interface(TENON_CACHE_MANAGER));
}

void note(const std::string& fault) {
  if (watch->fault.empty()) watch->fault = "cache: " + fault;
}

void check_integrity(const char* when) {
  if (inner().check(watch->self) != TENON_OK) note(std::string("its own check fails ") + when);
}

tenon_cache_stats stats_of(void* self) {
  tenon_cache_stats stats{};
  stats.size = sizeof(stats);
  inner().stats(self, &stats);
  return stats;
}

// Refuses a call now and then, as if there were no room.
bool refuses() {
  if (watch->refuse_every == 0 || ++watch->calls % watch->refuse_every != 0) return false;
  watch->host->set_error(watch->host, "failpoint: there is room, but not for this call");
  ++watch->refusals;
  return true;
}

// Who owns what in a step. Numbers of pages and slots are numbers of units.
class OwnerCheck {
 public:
  OwnerCheck(const tenon_step& step, const uint64_t* ids, const tenon_cache_tables& tables)
      : step_(step),
        ids_(ids),
        tables_(tables),
        layout_(*watch),
        writers_(watch->writers),
        readers_(watch->readers) {
    writers_.assign(layout_.units, -1), readers_.assign(layout_.units, -1);
  }

  void run() {
    for (uint32_t s = 0; s < step_.sequences; ++s) claim_pages(s), claim_slots(s);
    for (uint32_t s = 0; s < step_.sequences; ++s) check_pages(s), check_starts(s);
  }

 private:
  void claim(int32_t unit, uint32_t s, const char* what) {
    if (unit < 0 || static_cast<uint32_t>(unit) >= layout_.units)
      return note(std::string(what) + " is unit " + std::to_string(unit) + " of " +
                  std::to_string(layout_.units));
    int64_t& writer = writers_[static_cast<size_t>(unit)];
    if (writer >= 0) note("unit " + std::to_string(unit) + " is written twice in a step, once as " + what);
    writer = s;
  }

  void claim_pages(uint32_t s) {
    if (layout_.page_tokens == 0) return;
    uint32_t first = static_cast<uint32_t>(step_.context_length[s]) / layout_.page_tokens;
    uint32_t last = last_position(s) / layout_.page_tokens;
    for (uint32_t i = first; i <= last; ++i) claim(page(s, i), s, "a page");
  }

  void claim_slots(uint32_t s) {
    for (uint32_t layer : layout_.slotted) {
      if (layer < tables_.layer_begin || layer >= tables_.layer_end) continue;
      const int32_t* saves = tables_.slot_save + size_t{layer - tables_.layer_begin} * step_.tokens;
      for (int32_t t = step_.token_start[s]; t < step_.token_start[s + 1]; ++t)
        if (saves[t] >= 0) claim(saves[t], s, "a slot");
    }
  }

  // What is written belongs to nobody else, be it only to read.
  void check_pages(uint32_t s) {
    for (uint32_t i = 0; layout_.page_tokens && i <= last_position(s) / layout_.page_tokens; ++i) {
      int32_t unit = page(s, i);
      if (unit < 0 || static_cast<uint32_t>(unit) >= layout_.units)
        return note("a page of the context is missing");
      int64_t writer = writers_[static_cast<size_t>(unit)];
      if (writer >= 0 && writer != s) note("unit " + std::to_string(unit) + " is a page of two, one writes it");
      int64_t& reader = readers_[static_cast<size_t>(unit)];
      if (reader >= 0 && salt(reader) != salt(s))
        note("unit " + std::to_string(unit) + " is read with two salts");
      reader = s;
    }
  }

  void check_starts(uint32_t s) {
    if (step_.context_length[s] == step_.context_first[s]) return;
    for (uint32_t layer : layout_.slotted) {
      if (layer < tables_.layer_begin || layer >= tables_.layer_end) continue;
      int32_t slot = tables_.slot_start[size_t{layer - tables_.layer_begin} * step_.sequences + s];
      if (slot < 0) return note("a sequence that goes on has no state");
      int64_t writer = writers_[static_cast<size_t>(slot)];
      if (writer >= 0 && writer != s)
        note("unit " + std::to_string(slot) + " is a state of two, one writes it");
    }
  }

  int32_t page(uint32_t s, uint32_t index) const {
    return tables_.page_table[size_t{s} * layout_.pages_max + index];
  }
  uint32_t last_position(uint32_t s) const {
    return static_cast<uint32_t>(step_.positions[step_.token_start[s + 1] - 1]);
  }

  uint64_t salt(int64_t s) const { return layout_.sequences.at(ids_[s]); }

  const tenon_step& step_;
  const uint64_t* ids_;
  const tenon_cache_tables& tables_;
  const CacheWatch& layout_;
  std::vector<int64_t>&writers_, &readers_;
};

tenon_status create(const tenon_host* host, const tenon_config* config, void** self) noexcept {
  tenon_status status = inner().create(host, config, self);
  if (status != TENON_OK || !std::exchange(awaits_cache, false)) return status;
  watch->host = host, watch->self = *self;
  watch->refuse_every = static_cast<uint64_t>(config->get_int(config, "refuse_every"));
  return TENON_OK;
}

tenon_status plan(void* self, const tenon_limits* limits, const tenon_needs* needs, uint32_t layers,
                  uint64_t pool_bytes_max, tenon_cache_plan* plan, tenon_placement* placements) noexcept {
  tenon_status status = inner().plan(self, limits, needs, layers, pool_bytes_max, plan, placements);
  if (status != TENON_OK || self != watch->self) return status;
  watch->unit_bytes = placements[0].slot_stride;
  watch->units = plan->pool_bytes / watch->unit_bytes;
  watch->page_tokens = plan->page_tokens, watch->pages_max = plan->pages_max;
  for (uint32_t i = 0; i < layers; ++i)
    if (needs[i].bytes_per_sequence) watch->slotted.push_back(i);
  return TENON_OK;
}

tenon_status admit(void* self, uint64_t id, const tenon_admission* admission, uint32_t* computed) noexcept {
  if (refuses()) return TENON_OUT_OF_MEMORY;
  tenon_status status = inner().admit(self, id, admission, computed);
  if (status != TENON_OK) return status;
  if (!watch->sequences.emplace(id, admission->salt).second)
    note("sequence " + std::to_string(id) + " was admitted twice");
  if (*computed >= admission->tokens) note("an admission leaves nothing to compute");
  ++watch->admissions, watch->tokens_found += *computed;
  if (watch->is_verbose) std::printf("  admit %lu, %u of %u computed\n", id, *computed, admission->tokens);
  return TENON_OK;
}

tenon_status reserve(void* self, uint64_t id, const tenon_reservation* reservation) noexcept {
  return refuses() ? TENON_OUT_OF_MEMORY : inner().reserve(self, id, reservation);
}

tenon_status fill(void* self, const tenon_step* step, const uint64_t* ids,
                  tenon_cache_tables* tables) noexcept {
  tenon_status status = inner().fill(self, step, ids, tables);
  if (status != TENON_OK) return status;
  OwnerCheck(*step, ids, *tables).run();
  check_integrity("before a step");
  return TENON_OK;
}

tenon_status commit(void* self, uint64_t id, uint32_t tokens) noexcept {
  tenon_status status = inner().commit(self, id, tokens);
  if (status != TENON_OK) return status;
  watch->tokens_committed += tokens;
  if (watch->is_verbose) std::printf("  commit %lu +%u\n", id, tokens);
  return TENON_OK;
}

void release(void* self, uint64_t id) noexcept {
  inner().release(self, id);
  if (watch->sequences.erase(id) && watch->is_verbose) std::printf("  release %lu\n", id);
}

void discard(void* self, uint64_t id) noexcept {
  inner().discard(self, id);
  if (watch->sequences.erase(id) && watch->is_verbose) std::printf("  discard %lu\n", id);
}

const tenon_cache_manager& watched_table() {
  static const tenon_cache_manager table = [] {
    tenon_cache_manager watched = inner();
    watched.create = create, watched.plan = plan, watched.admit = admit, watched.reserve = reserve;
    watched.fill = fill, watched.commit = commit, watched.release = release, watched.discard = discard;
    return watched;
  }();
  return table;
}

}  // namespace

const tenon_plugin& watched_cache_plugin(const tenon_plugin& plugin) {
  inner_plugin = &plugin;
  static const std::string schema =
      std::string(plugin.schema) + "\nrefuse_every : int >=0 = 0  # calls refused; 0: none\n";
  static const tenon_plugin entry = [] {
    tenon_plugin watched = *inner_plugin;
    watched.id = kWatchedCache, watched.schema = schema.c_str();
    watched.get_interface = [](const char* id) noexcept -> const void* {
      return std::strcmp(id, TENON_CACHE_MANAGER) == 0 ? &watched_table() : nullptr;
    };
    return watched;
  }();
  return entry;
}

bool cache_has_key(const std::string& key) {
  return std::string(inner_plugin->schema).find("\n" + key + " ") != std::string::npos;
}

void watch_next_cache(CacheWatch& next) { watch = &next, awaits_cache = true; }

uint64_t CacheWatch::evictions() const {
  if (!self) return 0;
  tenon_cache_stats stats = stats_of(self);
  return stats.pages_evicted + stats.states_evicted;
}

std::string CacheWatch::fault_at_end() {
  check_integrity("after the last request");
  if (!fault.empty()) return fault;
  if (!sequences.empty())
    return "cache: sequence " + std::to_string(sequences.begin()->first) + " was never released";
  uint64_t used_bytes = stats_of(self).used_by_sequences;
  if (used_bytes) return "cache: " + std::to_string(used_bytes) + " bytes are used after the last request";
  return "";
}

}  // namespace tenon::sim
