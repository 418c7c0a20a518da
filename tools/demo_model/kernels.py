"""The delta rule, the short convolution and the RMS norm as C++ loops: much faster on a CPU than in torch.

Compiled on first use (a C++ compiler and ninja are needed).
"""
from functools import cache
from pathlib import Path

import torch
from torch.utils.cpp_extension import load


@cache
def kernels():
    return load(name="demo_kernels", sources=[str(Path(__file__).with_suffix(".cpp"))],
                extra_cflags=["-O3", "-march=native", "-ffast-math", "-mprefer-vector-width=512"])


class DeltaRule(torch.autograd.Function):
    @staticmethod
    def forward(context, *inputs):
        inputs = [x.contiguous() for x in inputs]
        output, states = kernels().delta_rule_forward(inputs)
        context.save_for_backward(*inputs, states)
        return output

    @staticmethod
    def backward(context, output_gradient):
        *inputs, states = context.saved_tensors
        return tuple(kernels().delta_rule_backward(inputs, states, output_gradient.contiguous()))


class ShortConv(torch.autograd.Function):
    @staticmethod
    def forward(context, x, taps, position):
        x, taps, position = x.contiguous(), taps.contiguous(), position.contiguous()
        context.save_for_backward(x, taps, position)
        return kernels().short_conv_forward(x, taps, position)

    @staticmethod
    def backward(context, output_gradient):
        x_gradient, taps_gradient = kernels().short_conv_backward(
            *context.saved_tensors, output_gradient.contiguous())
        return x_gradient, taps_gradient, None


class RmsNorm(torch.autograd.Function):
    @staticmethod
    def forward(context, x, weight, epsilon):
        context.shape, context.epsilon = x.shape, epsilon
        x, weight = x.reshape(-1, x.shape[-1]).contiguous(), weight.contiguous()
        context.save_for_backward(x, weight)
        return kernels().rms_norm_forward(x, weight, epsilon).view(context.shape)

    @staticmethod
    def backward(context, output_gradient):
        x, weight = context.saved_tensors
        x_gradient, weight_gradient = kernels().rms_norm_backward(
            x, weight, context.epsilon, output_gradient.reshape(x.shape).contiguous())
        return x_gradient.view(context.shape), weight_gradient, None


def gated_delta_rule(query, key, value, log_decay, beta):
    """query, key [B, T, H, K], value [B, T, H, V], log_decay, beta [B, T, H] -> [B, T, H, V], in float32.

    Per head, with a state S [K, V] and one step per token t:
        S *= exp(g_t);  d = beta_t * (v_t - S^T k_t);  S += k_t d^T;  o_t = S^T q_t
    """
    return DeltaRule.apply(query, key, value, log_decay, beta)


def short_conv(x, taps, position):
    """silu(causal depthwise convolution within documents): x [B, T, C], taps [width, C], position [B, T]."""
    return ShortConv.apply(x, taps, position)


def rms_norm(x, weight, epsilon: float):
    """x [..., D] scaled to a mean square of one, times weight [D]; computed in float32."""
    return RmsNorm.apply(x.float(), weight, epsilon)
