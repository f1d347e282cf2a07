"""The shapes of the tiny checkpoints.

They keep what tells the families apart (how heads are counted, where the projections are linear,
which activation, which token ends and pads a prompt) and shrink everything else: they are committed
to the repository, so every kilobyte counts. Wider layers are in `layers`.
"""

from __future__ import annotations

from typing import Any

Setting = Any
Config = dict[str, Setting]

CLIP_MERGES = 48_894
"""Merges in OpenAI's CLIP vocabulary; the vocabulary has 514 entries more."""
SMALL_MERGES = 254
"""Merges in the small vocabulary: the first ones of CLIP's."""

CROSS, PLAIN = "CrossAttn", ""


def text(hidden: int, heads: int, layers: int, merges: int, **more: Setting) -> Config:
    """Config of a CLIP text encoder over a vocabulary of so many merges."""
    vocabulary = merges + 514
    return {
        "vocab_size": vocabulary,
        "hidden_size": hidden,
        "intermediate_size": 2 * hidden,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "max_position_embeddings": 77,
        "layer_norm_eps": 1e-5,
        "hidden_act": "quick_gelu",
        "bos_token_id": vocabulary - 2,
        "eos_token_id": vocabulary - 1,
        "pad_token_id": 1,
        "projection_dim": hidden,
    } | more


def unet(levels: list[str], channels: list[int], heads: int | list[int], **more: Setting) -> Config:
    """Config of a U-Net; `levels` says which have cross-attention."""
    return {
        "sample_size": 16,
        "block_out_channels": channels,
        "attention_head_dim": heads,
        "down_block_types": [f"{level}DownBlock2D" for level in levels],
        "up_block_types": [f"{level}UpBlock2D" for level in reversed(levels)],
        "norm_num_groups": 2,
    } | more


def vae(**more: Setting) -> Config:
    """Config of a VAE with four levels, a factor of 8 as in the real ones."""
    return {
        "block_out_channels": [4, 4, 4, 8],
        "down_block_types": ["DownEncoderBlock2D"] * 4,
        "up_block_types": ["UpDecoderBlock2D"] * 4,
        "layers_per_block": 2,
        "norm_num_groups": 2,
        "latent_channels": 4,
        "sample_size": 128,
    } | more


NOISE = {
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "num_train_timesteps": 1000,
    "steps_offset": 1,
    "timestep_spacing": "leading",
}
"""What all Stable Diffusion schedulers share."""

SD: Config = {
    "pipeline": "StableDiffusionPipeline",
    "text_encoder": text(4, 2, 2, CLIP_MERGES, eos_token_id=2),
    "unet": unet([CROSS, CROSS, CROSS, PLAIN], [4, 8, 8, 8], 2, cross_attention_dim=4),
    "vae": vae(scaling_factor=0.18215),
    "scheduler": ("PNDMScheduler", NOISE | {"skip_prk_steps": True, "set_alpha_to_one": False}),
    "pad": "<|endoftext|>",
}
SD2: Config = {
    "pipeline": "StableDiffusionPipeline",
    "text_encoder": text(16, 4, 3, SMALL_MERGES, hidden_act="gelu", projection_dim=512),
    "unet": unet(
        [CROSS, CROSS, CROSS, PLAIN],
        [4, 8, 8, 8],
        [1, 2, 4, 4],
        cross_attention_dim=16,
        use_linear_projection=True,
        upcast_attention=True,
    ),
    "vae": vae(scaling_factor=0.18215),
    "scheduler": (
        "DDIMScheduler",
        NOISE
        | {"prediction_type": "v_prediction", "clip_sample": False, "set_alpha_to_one": False},
    ),
    "pad": "!",
}
SDXL: Config = {
    "pipeline": "StableDiffusionXLPipeline",
    "text_encoder": text(12, 3, 2, SMALL_MERGES, eos_token_id=2),
    "text_encoder_2": text(16, 2, 3, SMALL_MERGES, hidden_act="gelu", projection_dim=10),
    "unet": unet(
        [PLAIN, CROSS, CROSS],
        [4, 8, 8],
        [1, 2, 4],
        cross_attention_dim=28,
        use_linear_projection=True,
        transformer_layers_per_block=[1, 1, 2],
        addition_embed_type="text_time",
        addition_time_embed_dim=6,
        projection_class_embeddings_input_dim=6 * 6 + 10,
    ),
    "vae": vae(scaling_factor=0.13025),
    "scheduler": ("EulerDiscreteScheduler", NOISE),
    "pad": "<|endoftext|>",
    "pad_2": "!",
}
FAMILIES: dict[str, Config] = {"sd": SD, "sd2": SD2, "sdxl": SDXL}
