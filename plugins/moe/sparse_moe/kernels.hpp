// The loops of the mixture of experts, one instruction set at a time.
#pragma once
#include <tenon/sdk/isa.hpp>

#include <cstdint>

namespace tenon {

// x = softmax(x); [count]
TENON_ISA_DECLARE(void moe_softmax(float* x, int64_t count) noexcept);

// y += factor * x; [count]
TENON_ISA_DECLARE(void moe_add_scaled(float* y, float factor, const float* x, int64_t count) noexcept);

}  // namespace tenon
