"""config.json of the demo model, and the same model in transformers."""
from dataclasses import asdict

from shape import Shape

# The first tokens after the BPE vocabulary, in the order in which the tokenizer adds them.
END_OF_TEXT, TURN_START, TURN_END = 3063, 3064, 3065


def hub_config(shape: Shape) -> dict:
    """What config.json says about the model."""
    return {
        "architectures": ["Qwen3NextForCausalLM"],
        "model_type": "qwen3_next",
        **asdict(shape),
        "attention_bias": False,
        "attention_dropout": 0.0,
        "bos_token_id": END_OF_TEXT,
        "eos_token_id": TURN_END,
        "decoder_sparse_step": 1,
        "hidden_act": "silu",
        "initializer_range": 0.02,
        "intermediate_size": 2 * shape.hidden_size,
        "mlp_only_layers": [],
        "norm_topk_prob": True,
        "output_router_logits": False,
        "rope_scaling": None,
        "router_aux_loss_coef": 0.001,
        "tie_word_embeddings": False,
        "torch_dtype": "bfloat16",
        "use_cache": True,
        "use_sliding_window": False,
    }


def reference_model(shape: Shape):
    """The model in transformers, float32, without weights worth keeping."""
    from transformers import Qwen3NextConfig, Qwen3NextForCausalLM

    config = Qwen3NextConfig(**hub_config(shape))
    config._attn_implementation = "eager"
    return Qwen3NextForCausalLM(config).float().eval()
