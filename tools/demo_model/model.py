"""The demo model and its multi-token-prediction head."""
import torch
from torch import nn

from experts import SparseFeedForward
from layers import GatedAttention, GatedDeltaNet, Packing, ZeroCentredNorm
from shape import Shape


class Layer(nn.Module):
    def __init__(self, shape: Shape, full_attention: bool):
        super().__init__()
        if full_attention:
            self.self_attn = GatedAttention(shape)
        else:
            self.linear_attn = GatedDeltaNet(shape)
        self.mlp = SparseFeedForward(shape)
        self.input_layernorm = ZeroCentredNorm(shape.hidden_size, shape.rms_norm_eps)
        self.post_attention_layernorm = ZeroCentredNorm(shape.hidden_size, shape.rms_norm_eps)

    def forward(self, x, packing: Packing):
        mixer = self.self_attn if hasattr(self, "self_attn") else self.linear_attn
        x = x + mixer(self.input_layernorm(x), packing)
        fed, balance = self.mlp(self.post_attention_layernorm(x))
        return x + fed, balance


class Decoder(nn.Module):
    def __init__(self, shape: Shape):
        super().__init__()
        self.embed_tokens = nn.Embedding(shape.vocab_size, shape.hidden_size)
        self.layers = nn.ModuleList(
            Layer(shape, shape.is_full_attention(i)) for i in range(shape.num_hidden_layers))
        self.norm = ZeroCentredNorm(shape.hidden_size, shape.rms_norm_eps)

    def forward(self, tokens, packing: Packing):
        """tokens [B, T] -> (final hidden [B, T, D] after the norm, mean load-balance term)"""
        x = self.embed_tokens(tokens)
        balance = 0.0
        for layer in self.layers:
            x, term = layer(x, packing)
            balance = balance + term
        return self.norm(x), balance / len(self.layers)


class DemoModel(nn.Module):
    """The main model; its state dict has the names of transformers' Qwen3NextForCausalLM."""

    def __init__(self, shape: Shape):
        super().__init__()
        self.model = Decoder(shape)
        self.lm_head = nn.Linear(shape.hidden_size, shape.vocab_size, bias=False)


class MtpHead(nn.Module):
    """Drafts token t+2 from the final hidden of t and the embedding of token t+1."""

    def __init__(self, shape: Shape):
        super().__init__()
        size = shape.hidden_size
        self.fc = nn.Linear(2 * size, size, bias=False)
        self.pre_fc_norm_embedding = ZeroCentredNorm(size, shape.rms_norm_eps)
        self.pre_fc_norm_hidden = ZeroCentredNorm(size, shape.rms_norm_eps)
        self.layers = nn.ModuleList([Layer(shape, full_attention=True)])
        self.norm = ZeroCentredNorm(size, shape.rms_norm_eps)

    def forward(self, embedding, hidden, packing: Packing):
        """embedding, hidden [B, T, D] -> hidden of the draft [B, T, D], for the model's lm_head."""
        both = torch.cat([self.pre_fc_norm_embedding(embedding), self.pre_fc_norm_hidden(hidden)], dim=-1)
        x, _ = self.layers[0](self.fc(both), packing)
        return self.norm(x)


def initialise(module: nn.Module, seed: int, deviation: float = 0.02) -> None:
    """Normal weights for every matrix; norms, decays and biases keep what their modules set."""
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in module.named_parameters():
        if parameter.ndim >= 2 and "conv1d" not in name:
            nn.init.normal_(parameter, std=deviation, generator=generator)
