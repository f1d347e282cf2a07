"""A checkpoint's networks as the published D-Edit method uses them.

Items have tokens of their own in every text encoder, and the cross-attentions let the pixels of an
item attend to that item's prompt alone.
"""

from __future__ import annotations

import copy
import math
import re
from dataclasses import dataclass, field

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from diffusers.models.attention_processor import Attention
from torch.nn import functional

from values.checkpoint import Checkpoint

ITEM_LENGTH, LENGTH = 40, 77
"""Tokens of a prompt with item tokens in it, and of any other."""
TIME_IDS = (1024.0, 1024.0, 0.0, 0.0, 1024.0, 1024.0)
"""SDXL's picture size and crop, whatever the picture."""
TRAINED = re.compile(r"attn2\.to_[qkv]\.weight$")
"""The weights that the second stage trains."""

Tensors = dict[str, torch.Tensor]


@dataclass
class Text:
    """Prompts as the U-Net takes them: (1, tokens, width) each, and SDXL's pooled vector."""

    contexts: list[torch.Tensor]
    pooled: torch.Tensor | None = None

    def zeros(self) -> Text:
        """The unconditional text: one context of zeros of the full length, a zero pooled vector."""
        nothing = self.contexts[0].new_zeros(1, LENGTH, self.contexts[0].shape[-1])
        return Text([nothing], None if self.pooled is None else torch.zeros_like(self.pooled))


@dataclass
class Regions:
    """What all cross-attentions attend to in the present call of the U-Net."""

    contexts: list[torch.Tensor] = field(default_factory=list)
    masks: torch.Tensor | None = None
    """(items, height, width), ones and zeros; none for a single context everywhere."""

    def at(self, pixels: int) -> torch.Tensor | None:
        """The masks of a square layer, (items, pixels, 1)."""
        if self.masks is None:
            return None
        side = math.isqrt(pixels)
        small = functional.interpolate(self.masks[None], size=(side, side), mode="nearest")[0]
        return small.reshape(len(self.contexts), pixels, 1)


class GroupedAttention:
    """Cross-attention, as diffusers calls it: the sum over items of their attention times mask."""

    def __init__(self, regions: Regions) -> None:
        """Attend to what `regions` holds when called."""
        self.regions = regions

    def __call__(
        self, attn: Attention, hidden_states: torch.Tensor, **_: torch.Tensor | None
    ) -> torch.Tensor:
        """The layer's output for queries of (batch, pixels, width)."""

        def split(values: torch.Tensor) -> torch.Tensor:
            return values.unflatten(-1, (attn.heads, -1)).transpose(1, 2)

        masks = self.regions.at(hidden_states.shape[1])
        query = split(attn.to_q(hidden_states))
        total = torch.zeros_like(query)
        for index, context in enumerate(self.regions.contexts):
            key, value = split(attn.to_k(context)), split(attn.to_v(context))
            weights = (query @ key.transpose(-1, -2) * attn.scale).softmax(dim=-1)
            attended = weights @ value
            total = total + (attended if masks is None else attended * masks[index])
        return attn.to_out[0](total.transpose(1, 2).flatten(2))


class Networks:
    """Copies of a checkpoint's networks, with item tokens and grouped attention; they can learn."""

    def __init__(self, checkpoint: Checkpoint, dtype: torch.dtype) -> None:
        """Copy the networks in another precision."""
        parts = copy.deepcopy(checkpoint)
        self.tokenizers = parts.tokenizers
        self.text_encoders = {name: m.to(dtype) for name, m in parts.text_encoders.items()}
        self.unet: UNet2DConditionModel = parts.unet.to(dtype)
        self.vae: AutoencoderKL = parts.vae.to(dtype)
        self.is_xl = checkpoint.is_xl
        self.dtype = dtype
        self.regions = Regions()
        own = {
            name: GroupedAttention(self.regions) if ".attn2." in name else processor
            for name, processor in self.unet.attn_processors.items()
        }
        self.unet.set_attn_processor(own)

    def add_tokens(self, words: list[str], rows: list[torch.Tensor]) -> None:
        """Give every tokenizer new words, and every text encoder their rows."""
        self.words = words
        parts = zip(self.tokenizers.values(), self.text_encoders.values(), rows, strict=True)
        for tokenizer, model, added in parts:
            tokenizer.add_tokens(words)
            table = torch.cat([model.get_input_embeddings().weight, added.to(self.dtype)])
            model.set_input_embeddings(torch.nn.Embedding.from_pretrained(table))

    def tables(self) -> list[torch.nn.Parameter]:
        """The embedding tables, item tokens last."""
        return [model.get_input_embeddings().weight for model in self.text_encoders.values()]

    def trained(self) -> dict[str, torch.nn.Parameter]:
        """Query, key and value weights of all cross-attentions."""
        return {n: w for n, w in self.unet.named_parameters() if TRAINED.search(n)}

    def ids(self, encoder: str, prompt: str) -> torch.Tensor:
        """A prompt's ids, padded to the length that its kind has."""
        has_items = any(word in self.words for word in prompt.split())
        return self.tokenizers[encoder](
            prompt,
            padding="max_length",
            truncation=True,
            max_length=ITEM_LENGTH if has_items else LENGTH,
            return_tensors="pt",
        ).input_ids

    def encode(self, prompts: list[str]) -> Text:
        """The items' prompts: a context each, and the mean of what the second encoder pools."""
        contexts, pooled = [], []
        for prompt in prompts:
            states = []
            for name, model in self.text_encoders.items():
                output = model(self.ids(name, prompt), output_hidden_states=True)
                last = output.last_hidden_state
                states.append(output.hidden_states[-2] if self.is_xl else last)
                if name == "text_encoder_2":
                    pooled.append(output.text_embeds)
            contexts.append(torch.cat(states, dim=-1))
        return Text(contexts, torch.cat(pooled).mean(dim=0, keepdim=True) if pooled else None)

    def predict(
        self,
        latents: torch.Tensor,
        timesteps: torch.Tensor,
        text: Text,
        masks: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """The U-Net's output; with masks, each context is for the pixels of its mask."""
        self.regions.contexts, self.regions.masks = text.contexts, masks
        added = {}
        if text.pooled is not None:
            batch = len(latents)
            ids = torch.tensor([TIME_IDS] * batch, dtype=self.dtype)
            added = {"text_embeds": text.pooled.expand(batch, -1), "time_ids": ids}
        return self.unet(
            latents, timesteps, encoder_hidden_states=text.contexts[0], added_cond_kwargs=added
        ).sample

    @torch.no_grad()
    def to_latents(self, picture: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        """A draw from the posterior of a picture in -1 to 1, scaled for the U-Net."""
        posterior = self.vae.encode(picture).latent_dist
        return (posterior.mean + posterior.std * noise) * self.vae.config.scaling_factor

    @torch.no_grad()
    def to_levels(self, latents: torch.Tensor) -> torch.Tensor:
        """8-bit pictures, (batch, height, width, 3); levels are cut off, not rounded."""
        decoded = self.vae.decode(latents / self.vae.config.scaling_factor).sample
        levels = (decoded / 2 + 0.5).clamp(0, 1) * 255
        return levels.permute(0, 2, 3, 1).to(torch.uint8)
