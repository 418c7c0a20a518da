// The hybrid paged cache: one pool of equal units for pages of attention layers and slots of recurrent ones.
#include "manager.hpp"

namespace {

constexpr const char* kSchema = R"(
page_tokens : int >=0 <=65536 = 0  # tokens per page; 0 makes a page as large as a recurrent layer's state
prefix_cache : bool = true  # whether a prompt may begin with what earlier ones left behind
prefix_bytes : int >=0 = 268435456  # that earlier prompts may occupy, beyond what running sequences can use
snapshot_bytes : int >=0 = 0  # of prefix_bytes, that recurrent states may occupy; 0: all of it
reuse_decoded : bool = false  # whether a prompt may also begin with what a decode made, equal but for rounding
snapshot_tokens : int >=64 = 4096  # a long prompt keeps its state this often; its end and branches always do
)";

}  // namespace

TENON_CACHE_MANAGER_PLUGIN("hybrid_paged", "0.1.0", "one pool of equal units for pages and recurrent states",
                           "", kSchema, tenon::hybrid_paged::Manager);
