#include "prefix_tree.hpp"

#include <algorithm>

namespace tenon::hybrid_paged {
namespace {

// Under another moment.
void move_entry(NodesByMoment& nodes, uint64_t from, uint64_t to) {
  auto entry = nodes.extract(from);
  if (entry.empty()) return;
  entry.key() = to;
  nodes.insert(std::move(entry));
}

}  // namespace

void PrefixTree::reset(Units& units, const PrefixLimits& limits) {
  roots_.clear(), leaves_.clear(), snapshots_.clear();
  units_ = &units, limits_ = limits;
}

std::span<const int32_t> PrefixTree::chunk_of(std::span<const int32_t> tokens, uint32_t depth) const {
  return tokens.subspan(size_t{depth - 1} * limits_.chunk_tokens, limits_.chunk_tokens);
}

// The pages that the chunk at this depth touches are [first_page, pages_end); neighbours may share one.
uint32_t PrefixTree::first_page(uint32_t depth) const {
  return limits_.page_tokens == 0 ? 0 : (depth - 1) * limits_.chunk_tokens / limits_.page_tokens;
}

uint32_t PrefixTree::pages_end(uint32_t depth) const {
  if (limits_.page_tokens == 0) return 0;
  return (depth * limits_.chunk_tokens + limits_.page_tokens - 1) / limits_.page_tokens;
}

Node* PrefixTree::child_of(Node* parent, uint64_t salt, std::span<const int32_t> chunk) const {
  auto root = roots_.find(salt);
  if (!parent && root == roots_.end()) return nullptr;
  const auto& children = parent ? parent->children : root->second;
  auto found = children.find(chunk);
  return found == children.end() ? nullptr : found->get();
}

PrefixTree::Match PrefixTree::find(uint64_t salt, std::span<const int32_t> tokens, uint32_t depth_max) {
  Match match;
  for (Node* node = nullptr; match.depth < depth_max; ++match.depth) {
    node = child_of(node, salt, chunk_of(tokens, match.depth + 1));
    if (!node) break;
    touch(*node);
    if (!limits_.needs_snapshots || !node->snapshot.empty()) match.resume = node;
  }
  if (match.resume && !match.resume->snapshot.empty()) touch_snapshot(*match.resume);
  return match;
}

std::vector<int32_t> PrefixTree::pages_up_to(const Node& node) const {
  std::vector<int32_t> pages(pages_end(node.depth), -1);
  // A page that two chunks share is the deeper one's: it holds both.
  for (const Node* at = &node; at; at = at->parent)
    for (size_t i = 0; i < at->pages.size(); ++i) {
      int32_t& page = pages[first_page(at->depth) + i];
      if (page < 0) page = at->pages[i];
    }
  return pages;
}

Node* PrefixTree::insert(uint64_t salt, std::span<const int32_t> tokens, uint32_t depth,
                         std::span<const int32_t> pages, const Maker& maker) {
  Node* node = nullptr;
  for (uint32_t at = 1; at <= depth; ++at) {
    std::span<const int32_t> chunk = chunk_of(tokens, at);
    Node* child = child_of(node, salt, chunk);
    if (child && child->maker.origin == Origin::kDecode && maker.origin == Origin::kPrefill) {
      remove(*child);
      child = nullptr;
    }
    node = child ? child : add_child(node, salt, chunk, pages, maker);
  }
  return node;
}

Node* PrefixTree::add_child(Node* parent, uint64_t salt, std::span<const int32_t> chunk,
                            std::span<const int32_t> pages, const Maker& maker) {
  auto made = std::make_unique<Node>();
  Node& node = *made;
  node.parent = parent, node.salt = salt, node.maker = maker;
  node.depth = parent ? parent->depth + 1 : 1;
  node.tokens.assign(chunk.begin(), chunk.end());
  for (uint32_t i = first_page(node.depth); i < pages_end(node.depth); ++i) node.pages.push_back(pages[i]);
  NodesByMoment entry = {{0, &node}};
  node.leaf_place = entry.extract(entry.begin());
  Siblings alone;
  alone.insert(std::move(made));
  siblings_of(node).merge(alone);
  // Nothing can fail any more.
  for (int32_t unit : node.pages) units_->hold(unit);
  if (parent && parent->leaf_place.empty()) parent->leaf_place = leaves_.extract(parent->last_used);
  node.last_used = ++moment_;
  make_leaf(node);
  return &node;
}

Siblings& PrefixTree::siblings_of(const Node& node) {
  return node.parent ? node.parent->children : roots_[node.salt];
}

void PrefixTree::make_leaf(Node& node) {
  node.leaf_place.key() = node.last_used;
  leaves_.insert(std::move(node.leaf_place));
}

void PrefixTree::attach(Node& node, std::span<const int32_t> snapshot, const Maker& maker) {
  if (!node.snapshot.empty() || node.maker.origin != maker.origin) return;
  std::vector<int32_t> units(snapshot.begin(), snapshot.end());
  snapshots_.emplace(moment_ + 1, &node);
  node.snapshot = std::move(units);
  node.snapshot_maker = maker.sequence, node.snapshot_last_used = ++moment_;
  for (int32_t unit : snapshot) units_->hold(unit);
}

void PrefixTree::detach(uint64_t salt, std::span<const int32_t> tokens, uint32_t depth, uint64_t maker) {
  Node* node = nullptr;
  for (uint32_t at = 1; at <= depth; ++at) {
    node = child_of(node, salt, chunk_of(tokens, at));
    if (!node) return;
  }
  if (node && !node->snapshot.empty() && node->snapshot_maker == maker) drop_snapshot(*node);
}

void PrefixTree::touch(Node& node) {
  move_entry(leaves_, node.last_used, ++moment_);
  node.last_used = moment_;
}

void PrefixTree::touch_snapshot(Node& node) {
  move_entry(snapshots_, node.snapshot_last_used, ++moment_);
  node.snapshot_last_used = moment_;
}

bool PrefixTree::evict_one() {
  if (leaves_.empty()) return false;
  bool is_snapshot_older = !snapshots_.empty() && snapshots_.begin()->first < leaves_.begin()->first;
  if (is_snapshot_older) {
    evict_snapshot();
    return true;
  }
  Node& leaf = *leaves_.begin()->second;
  snapshots_evicted_ += !leaf.snapshot.empty();
  pages_evicted_ += remove(leaf);
  return true;
}

void PrefixTree::evict_snapshot() {
  ++snapshots_evicted_;
  drop_snapshot(*snapshots_.begin()->second);
}

void PrefixTree::shrink() {
  while (snapshots_.size() > limits_.snapshots_max) evict_snapshot();
  while (units_->held() > limits_.units_max && evict_one()) {
  }
}

void PrefixTree::drop_snapshot(Node& node) {
  snapshots_.erase(node.snapshot_last_used);
  for (int32_t unit : node.snapshot) units_->drop(unit);
  node.snapshot.clear();
}

// With everything below it. Returns how many pages the tree held and now does not.
size_t PrefixTree::remove(Node& node) {
  size_t pages = 0;
  while (!node.children.empty()) pages += remove(**node.children.begin());
  drop_snapshot(node);
  leaves_.erase(node.last_used);
  for (int32_t unit : node.pages) pages += units_->drop(unit);
  Node* parent = node.parent;
  uint64_t salt = node.salt;
  Siblings& siblings = siblings_of(node);
  siblings.erase(siblings.find(std::span<const int32_t>(node.tokens)));
  if (siblings.empty() && parent) make_leaf(*parent);
  if (siblings.empty() && !parent) roots_.erase(salt);
  return pages;
}

template <class Visit>
void PrefixTree::for_each(Visit&& visit) const {
  std::vector<Node*> left;
  for (const auto& [salt, children] : roots_)
    for (const auto& child : children) left.push_back(child.get());
  while (!left.empty()) {
    Node* node = left.back();
    left.pop_back();
    for (const auto& child : node->children) left.push_back(child.get());
    visit(*node);
  }
}

void PrefixTree::forget(uint64_t salt, std::span<const int32_t> tokens, uint32_t used, uint64_t maker) {
  Node* node = nullptr;
  for (uint32_t depth = 1; size_t{depth} * limits_.chunk_tokens <= tokens.size(); ++depth) {
    node = child_of(node, salt, chunk_of(tokens, depth));
    if (!node) return;
    if (depth <= used || node->maker.sequence == maker) {
      remove(*node);
      return;
    }
    if (node->snapshot_maker == maker) drop_snapshot(*node);
  }
}

std::vector<uint32_t> PrefixTree::count_holds() const {
  std::vector<uint32_t> holds(units_->count(), 0);
  for_each([&](Node& node) {
    for (int32_t unit : node.pages) ++holds[static_cast<size_t>(unit)];
    for (int32_t unit : node.snapshot) ++holds[static_cast<size_t>(unit)];
  });
  return holds;
}

}  // namespace tenon::hybrid_paged
