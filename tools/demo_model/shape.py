"""The shape of the demo model, in one place."""
from dataclasses import dataclass


@dataclass(frozen=True)
class Shape:
    """Sizes of a Qwen3-Next model; the names follow its config.json."""

    vocab_size: int = 3072
    hidden_size: int = 192
    num_hidden_layers: int = 8
    full_attention_interval: int = 4
    rms_norm_eps: float = 1e-6

    num_attention_heads: int = 4
    num_key_value_heads: int = 1
    head_dim: int = 64
    partial_rotary_factor: float = 0.25
    rope_theta: float = 10_000_000.0
    max_position_embeddings: int = 4096

    linear_num_key_heads: int = 4
    linear_num_value_heads: int = 8
    linear_key_head_dim: int = 32
    linear_value_head_dim: int = 32
    linear_conv_kernel_dim: int = 4

    num_experts: int = 32
    num_experts_per_tok: int = 4
    moe_intermediate_size: int = 64
    shared_expert_intermediate_size: int = 64

    @property
    def key_size(self) -> int:
        """Channels of all linear-attention keys (and of all queries)."""
        return self.linear_num_key_heads * self.linear_key_head_dim

    @property
    def value_size(self) -> int:
        """Channels of all linear-attention values."""
        return self.linear_num_value_heads * self.linear_value_head_dim

    @property
    def rotary_size(self) -> int:
        """Leading dimensions of an attention head that the rotation turns."""
        return int(self.head_dim * self.partial_rotary_factor)

    def is_full_attention(self, layer: int) -> bool:
        return (layer + 1) % self.full_attention_interval == 0
