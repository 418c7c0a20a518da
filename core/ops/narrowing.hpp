// Float32 weights that lose nothing as bfloat16. Files keep some matrices in float32, routers above all, though
// the model was published in bfloat16: the lower halves of their elements are zeros, and reading them is half
// of what such a product costs.
#pragma once
#include <tenon/base/thread_pool.hpp>
#include <tenon/weights/weight.hpp>

namespace tenon {

// Bytes that narrow() would take. 0: the weight is not float32, or has no members.
uint64_t narrow_bytes_of(const tenon_weight& weight);

// If every element of a float32 weight is a bfloat16, makes it one: members then lie in weight.narrowed, and
// all operations give the same bits as before. Any other weight stays as it is. Reads each byte once or twice.
// [control]
//
// Fails if there is no memory for it, in which case the weight stays as it was.
Status narrow(tenon_weight& weight, ThreadPool& threads);

}  // namespace tenon
