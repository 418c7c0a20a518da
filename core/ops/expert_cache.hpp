// Keeps as many members of groups in memory as a number of bytes allows, and reads the others from disk when a
// step needs them: models larger than memory run, at the speed of what is missing.
//
// Members of equal size share a slab of slots; the least recently used gives way. A few threads of its own
// read, and pack where that is wanted, while the engine's compute with what is there. Nothing a product sees
// depends on what happened to be in memory, so results are the same bits with any number of bytes.
//
// An operation that needs more members than there are slots goes in rounds of some of them, in ascending order:
// see MemberRounds, which is what operations use, also for weights that are wholly in memory.
//
// Thread: [control] to make it; [step], one at a time, for the rest. Steps allocate nothing.
#pragma once
#include <tenon/ops/packed_file.hpp>

#include <array>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace tenon {

struct ExpertCacheStats {
  uint64_t bytes = 0;  // of memory at most; 0: there is no such cache
  uint64_t hits = 0,
           misses = 0;  // of members' matrices asked for, those that were in memory, and those that were read
  uint64_t bytes_read = 0;
  double wait_seconds = 0;  // in which steps had nothing else to do
};

class ExpertCache {
 public:
  // A weight whose members are to come and go, and where its members' elements are in the checkpoint's files.
  struct Group {
    tenon_weight* weight;
    std::vector<FilePlace> places;
  };
  struct Options {
    uint64_t bytes;            // of memory
    bool is_packed;            // whether products are to meet what can be packed so
    const PackedFile* packed;  // where it is packed already, or NULL: it is packed each time it is read
  };

  // The weights must outlive what is made, or not be used after it. Fails with TENON_INVALID if `bytes` are too
  // few for an operation to go on at all, saying how many it takes.
  static Result<std::unique_ptr<ExpertCache>> make(std::vector<Group> groups, const Options& options);
  ~ExpertCache();

  ExpertCacheStats stats() const;

 private:
  friend class MemberRounds;
  static constexpr uint32_t kNone = UINT32_MAX;
  enum class State : uint8_t { kEmpty, kReading, kReady, kFailed };

  struct Slot {
    std::byte* memory;
    uint32_t group = 0, member = 0;  // whose it is, unless kEmpty
    uint32_t pins = 0;               // while it is in use it cannot give way; 0: it is in its slab's queue
    uint32_t older = kNone, newer = kNone;
    State state = State::kEmpty;
  };
  // Slots of one size, and those of them that are not in use, by when they were.
  struct Slab {
    uint64_t slot_bytes, members = 0, slots = 0;
    uint32_t oldest = kNone, newest = kNone;
    AlignedBuffer memory;
  };
  // What a reader packs: a member as it stands in the file.
  struct Staging {
    std::vector<std::byte> bytes;
    tenon_weight weight;
  };
  struct Resident {
    Group group;
    uint32_t slab;
    std::vector<uint32_t> slot_of;  // by member
  };

  explicit ExpertCache(const Options& options) : options_(options) {}
  Status divide();
  Status allocate();
  void start_readers();
  uint64_t member_bytes(const tenon_weight& weight) const;  // in memory
  uint64_t bytes_on_disk(const tenon_weight& weight) const;

  void pin(uint32_t group, uint32_t member);
  void unpin(uint32_t group, uint32_t member);
  uint32_t take_oldest(Slab& slab);
  void unlink(Slab& slab, uint32_t slot);
  void link_newest(Slab& slab, uint32_t slot);
  State state_of(uint32_t group, uint32_t member) const;
  void publish(uint32_t group, uint32_t member);

  void read_on(Staging& staging);
  Status read(const Slot& slot, Staging& staging);

  Options options_;
  std::vector<Resident> groups_;
  std::vector<Slab> slabs_;
  std::vector<Slot> slots_;
  std::vector<int32_t> members_, here_, coming_;  // of an operation, room for all there can be
  uint64_t hits_ = 0, misses_ = 0;
  double wait_seconds_ = 0;

  // Between steps and readers.
  mutable std::mutex mutex_;
  std::condition_variable wanted_, done_;
  std::vector<uint32_t> queue_;  // of slots to be read into, a ring
  size_t queue_first_ = 0, queue_count_ = 0;
  uint64_t bytes_read_ = 0;
  std::string failure_;  // of the last read that failed
  bool is_stopping_ = false;
  std::vector<std::thread> readers_;
};

// The members that an operation needs of one or a few groups, made available in rounds:
//
//     MemberRounds rounds({&gate, &up, &down}, members);
//     while (rounds.next()) {
//       ... compute with rounds.here() while the others are read ...
//       TENON_TRY(rounds.wait());
//       ... with rounds.coming(), then with rounds.all() ...
//     }
//
// Where all groups are wholly in memory there is one round, and all of it is here. At least one round is made,
// also for no members.
class MemberRounds {
 public:
  // members: ascending, must outlive the rounds. At most four groups.
  MemberRounds(std::initializer_list<const tenon_weight*> groups, std::span<const int32_t> members);
  // The members of one group that have rows, row_start[e] to row_start[e + 1]. REQUIRES: group.cached
  MemberRounds(const tenon_weight& group, const int32_t* row_start);
  ~MemberRounds();
  MemberRounds(const MemberRounds&) = delete;

  bool next();
  bool is_first() const { return begin_ == 0; }
  // Of the round: all of it; what is in memory; and what will be, after wait(). Ascending.
  std::span<const int32_t> all() const { return members_.subspan(begin_, end_ - begin_); }
  std::span<const int32_t> here() const { return cache_ ? std::span<const int32_t>(cache_->here_) : all(); }
  std::span<const int32_t> coming() const {
    return cache_ ? std::span<const int32_t>(cache_->coming_) : std::span<const int32_t>();
  }
  // Fails with TENON_IO, naming the file, if something could not be read.
  Status wait();

 private:
  void add(const tenon_weight& weight);
  void choose_step();
  void pin_to(size_t end);
  void unpin_to(size_t end);
  bool is_ready(int32_t member) const;
  template <class Body>
  void for_groups(Body&& body) const {
    for (uint32_t i = 0; i < group_count_; ++i) body(groups_[i]);
  }

  ExpertCache* cache_ = nullptr;
  std::array<uint32_t, 4> groups_{};
  uint32_t group_count_ = 0;
  std::span<const int32_t> members_;
  size_t begin_ = 0, end_ = 0;        // of the round
  size_t step_ = 0, ahead_ = 0;       // members of a round, and of those that are read ahead of the next
  size_t unpinned_ = 0, pinned_ = 0;  // members [unpinned, pinned) are held
  bool is_begun_ = false;
};

}  // namespace tenon
