"""Writes the trained networks as a diffusers folder: `export.py FOLDER OUT --tokenizer FOLDER [--state cooled]`.

The weights are f16 and packed with gzip; the program unpacks them. The token embedding has a row for every token of CLIP's vocabulary: those that
were trained, and for all others the mean of these.
"""

import argparse
import gzip
import json
from pathlib import Path

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from safetensors.torch import save
from transformers import CLIPTextModel

from autoencoder import network as autoencoder
from denoiser import WIDTH, Denoiser
from words import LENGTH, Vocabulary

SCHEDULER = {
    "_class_name": "DDIMScheduler",
    "num_train_timesteps": 1000,
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "clip_sample": False,
    "set_alpha_to_one": True,
    "prediction_type": "v_prediction",
    # The noise schedule ends in noise alone, so sampling must begin at its last step.
    "rescale_betas_zero_snr": True,
    "timestep_spacing": "trailing",
}

INDEX = {
    "_class_name": "StableDiffusionPipeline",
    "text_encoder": ["transformers", "CLIPTextModel"],
    "tokenizer": ["transformers", "CLIPTokenizer"],
    "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderKL"],
    "scheduler": ["diffusers", "DDIMScheduler"],
    "safety_checker": [None, None],
    "feature_extractor": [None, None],
}

TOKENIZER = {
    "tokenizer_class": "CLIPTokenizer",
    "model_max_length": LENGTH,
    "bos_token": "<|startoftext|>",
    "eos_token": "<|endoftext|>",
    "pad_token": "<|endoftext|>",
    "unk_token": "<|endoftext|>",
}


def write_json(path: Path, value: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2, sort_keys=True) + "\n")


def write_weights(path: Path, weights: dict[str, torch.Tensor]) -> None:
    half = {name: tensor.detach().half().contiguous() for name, tensor in weights.items()}
    # Without a time of writing the same weights make the same file.
    path.write_bytes(gzip.compress(save(half), mtime=0))


def text_weights(text: CLIPTextModel, vocabulary: Vocabulary) -> dict[str, torch.Tensor]:
    """The text encoder's weights under their full names, with a row for every token."""
    weights = {name if name.startswith("text_model.") else f"text_model.{name}": tensor for name, tensor in text.state_dict().items()}
    table = "text_model.embeddings.token_embedding.weight"
    rows = weights[table]
    full = rows.mean(0, keepdim=True).repeat(len(vocabulary.tokenizer), 1)
    full[torch.tensor(vocabulary.tokens)] = rows
    return {name: tensor for name, tensor in weights.items() if "position_ids" not in name} | {table: full}


def text_config(vocabulary: Vocabulary) -> dict:
    return {
        "architectures": ["CLIPTextModel"],
        "model_type": "clip_text_model",
        "vocab_size": len(vocabulary.tokenizer),
        "hidden_size": WIDTH,
        "intermediate_size": 4 * WIDTH,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "max_position_embeddings": LENGTH,
        "projection_dim": WIDTH,
        "hidden_act": "quick_gelu",
        "layer_norm_eps": 1e-05,
        "bos_token_id": vocabulary.start,
        "eos_token_id": vocabulary.end,
        "pad_token_id": vocabulary.end,
    }


def config_of(network: UNet2DConditionModel | AutoencoderKL) -> dict:
    """What differs from the class's defaults, and what readers expect to be told."""
    config = {name: value for name, value in network.config.items() if value is not None and not name.startswith("_")}
    return {"_class_name": type(network).__name__, **config}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--state", default="cooled")
    options = parser.parse_args()
    vocabulary, out = Vocabulary(options.tokenizer), options.out
    vae, refined = autoencoder(), options.folder / "decoder.pt"
    vae.load_state_dict(torch.load(refined if refined.exists() else options.folder / "whole.pt")["mean"])
    denoiser, state = Denoiser(len(vocabulary.tokens)), torch.load(options.folder / f"{options.state}.pt")
    denoiser.load_state_dict(state["mean"])
    write_json(out / "model_index.json", INDEX)
    write_json(out / "scheduler/scheduler_config.json", SCHEDULER)
    write_json(out / "tokenizer/tokenizer_config.json", TOKENIZER)
    write_json(out / "text_encoder/config.json", text_config(vocabulary))
    write_json(out / "unet/config.json", config_of(denoiser.unet))
    write_json(out / "vae/config.json", config_of(vae))
    write_weights(out / "text_encoder/model.safetensors.gz", text_weights(denoiser.text, vocabulary))
    write_weights(out / "unet/diffusion_pytorch_model.safetensors.gz", denoiser.unet.state_dict())
    write_weights(out / "vae/diffusion_pytorch_model.safetensors.gz", vae.state_dict())
    print(f"{state['step']} steps, {sum(file.stat().st_size for file in out.rglob('*.gz')) / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
