"""`sam-*`: tiny segment-anything models, each network by itself and the whole chain.

The official code of SAM and MobileSAM, and transformers' SamModel. A model sees a square of 128
pixels, 8 patches a side, in place of 1024 and 64.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import mobile_sam.modeling as mobile
import numpy as np
import segment_anything.modeling as official
import torch
from mobile_sam import SamPredictor as MobilePredictor
from safetensors.torch import save_file
from segment_anything import SamPredictor
from transformers import SamConfig, SamModel
from transformers.models.sam.configuration_sam import (
    SamMaskDecoderConfig,
    SamPromptEncoderConfig,
    SamVisionConfig,
)

from values.checkpoint import draw, randomise
from values.folder import ONE_OPERATION, Tensors, write

if TYPE_CHECKING:
    from pathlib import Path

SIDE = 128
GRID = 8
CHANNELS = 32

SIZES = {"wide": (150, 97), "tall": (40, 64), "exact": (128, 100)}
"""Width and height of pictures: reduced, enlarged, and neither."""

PROMPTS: dict[str, dict[str, Any]] = {
    "click": {"picture": "wide", "points": [[70, 40, 1]]},
    "clicks": {"picture": "tall", "points": [[20, 30, 1], [30, 12, 1], [5, 60, 0]]},
    "box": {"picture": "wide", "box": [20, 10, 140, 80]},
    "both": {"picture": "exact", "points": [[64, 50, 1], [3, 2, 0]], "box": [30, 20, 100, 90]},
    "earlier": {"picture": "exact", "points": [[90, 30, 1]], "earlier": True},
}


class TinyViT(mobile.TinyViT):
    """The encoder of MobileSAM for another size: its own takes 64 patches a side for granted."""

    def forward_features(self, x: torch.Tensor) -> torch.Tensor:
        """As the original, with `GRID` for 64."""
        x = self.patch_embed(x)
        for layer in self.layers:
            x = layer(x)
        batch, _, channels = x.size()
        return self.neck(x.view(batch, GRID, GRID, channels).permute(0, 3, 1, 2))


def vit() -> official.ImageEncoderViT:
    """An encoder with windows that do not divide the grid, and one block without."""
    return official.ImageEncoderViT(
        img_size=SIDE,
        embed_dim=32,
        depth=3,
        num_heads=4,
        out_chans=CHANNELS,
        norm_layer=lambda width: torch.nn.LayerNorm(width, eps=1e-6),
        use_rel_pos=True,
        window_size=3,
        global_attn_indexes=(1,),
    )


def tiny_vit() -> TinyViT:
    """An encoder with the stages of MobileSAM's."""
    encoder = TinyViT(
        img_size=SIDE,
        in_chans=3,
        num_classes=2,
        embed_dims=[8, 12, 16, 20],
        depths=[1, 2, 1, 1],
        num_heads=[1, 2, 4, 5],
        window_sizes=[7, 7, 14, 3],
        layer_lr_decay=0.8,
    )
    # What the original does where the third stage has 320 channels.
    encoder.layers[2].downsample.conv2.c.stride = (1, 1)
    encoder.neck[0] = torch.nn.Conv2d(20, CHANNELS, 1, bias=False)
    encoder.neck[1] = mobile.tiny_vit_sam.LayerNorm2d(CHANNELS)
    encoder.neck[2] = torch.nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1, bias=False)
    encoder.neck[3] = mobile.tiny_vit_sam.LayerNorm2d(CHANNELS)
    return encoder


def build(kind: str) -> torch.nn.Module:
    """A random model of `official` or `mobile`."""
    module, encoder = (official, vit()) if kind == "official" else (mobile, tiny_vit())
    model = module.Sam(
        image_encoder=encoder,
        prompt_encoder=module.PromptEncoder(
            embed_dim=CHANNELS,
            image_embedding_size=(GRID, GRID),
            input_image_size=(SIDE, SIDE),
            mask_in_chans=16,
        ),
        mask_decoder=module.MaskDecoder(
            num_multimask_outputs=3,
            transformer=module.TwoWayTransformer(
                depth=2, embedding_dim=CHANNELS, mlp_dim=64, num_heads=8
            ),
            transformer_dim=CHANNELS,
            iou_head_depth=3,
            iou_head_hidden_dim=CHANNELS,
        ),
        pixel_mean=[123.675, 116.28, 103.53],
        pixel_std=[58.395, 57.12, 57.375],
    )
    randomise(f"sam.{kind}", model)
    randomise_buffers(f"sam.{kind}", model)
    return model.eval()


def randomise_buffers(prefix: str, model: torch.nn.Module) -> None:
    """Random statistics of batch norms and frequencies of positions."""
    for name, buffer in model.named_buffers():
        values = draw(f"{prefix}.{name}", *buffer.shape) if buffer.is_floating_point() else None
        if name.endswith("running_mean"):
            buffer.copy_((0.1 * values).half().float())
        elif name.endswith("running_var"):
            buffer.copy_((0.5 + values.abs()).half().float())
        elif name.endswith("gaussian_matrix"):
            buffer.copy_(values.half().float())


def state(model: torch.nn.Module) -> Tensors:
    """What a published checkpoint has of a model, in half precision."""
    unused = ("image_encoder.norm_head", "image_encoder.head", "pixel_", "attention_bias_idxs")
    return {
        name: value.detach().half().contiguous()
        for name, value in model.state_dict().items()
        if not any(part in name for part in unused) and not name.endswith("num_batches_tracked")
    }


def picture(name: str) -> np.ndarray:
    """Smooth noise: what reducing and enlarging change."""
    width, height = SIZES[name]
    coarse = draw(f"sam.picture.{name}", 1, 3, height // 6, width // 6)
    smooth = torch.nn.functional.interpolate(coarse, (height, width), mode="bicubic")
    noise = 8 * draw(f"sam.noise.{name}", 1, 3, height, width)
    return (128 + 50 * smooth + noise).clamp(0, 255).byte()[0].permute(1, 2, 0).numpy()


def predict(predictor: SamPredictor, prompt: dict[str, Any], earlier: np.ndarray | None) -> Tensors:
    """All four masks of a prompt, and what the networks say on the way."""
    points = np.array(prompt["points"], dtype=np.float32) if "points" in prompt else None
    inputs = {
        "point_coords": None if points is None else points[:, :2],
        "point_labels": None if points is None else points[:, 2],
        "box": np.array(prompt["box"], dtype=np.float32) if "box" in prompt else None,
        "mask_input": earlier,
        "return_logits": True,
    }
    one = predictor.predict(**inputs, multimask_output=False)
    three = predictor.predict(**inputs, multimask_output=True)
    masks, scores, logits = (np.concatenate(pair) for pair in zip(one, three, strict=True))
    return {
        "logits": torch.from_numpy(logits),
        "scores": torch.from_numpy(scores),
        "mask": torch.from_numpy(masks[2]),
    }


def prompt_tensors(model: torch.nn.Module, predictor: SamPredictor, prompt: dict[str, Any],
                   earlier: torch.Tensor | None) -> Tensors:
    """What the prompt encoder says."""
    size = predictor.original_size
    points = None
    if "points" in prompt:
        values = np.array(prompt["points"], dtype=np.float32)
        coordinates = predictor.transform.apply_coords(values[:, :2], size)
        labels = torch.from_numpy(values[None, :, 2])
        points = (torch.from_numpy(coordinates)[None].float(), labels)
    box = None
    if "box" in prompt:
        values = np.array(prompt["box"], dtype=np.float32)
        box = torch.from_numpy(predictor.transform.apply_boxes(values, size)).float()
    tokens, dense = model.prompt_encoder(points, box, earlier)
    return {"tokens": tokens, "dense": dense}


def chain_tensors(model: torch.nn.Module, predictor: SamPredictor) -> Tensors:
    """Pictures, their embeddings, and every prompt."""
    tensors: Tensors = {}
    for name in SIZES:
        image = picture(name)
        predictor.set_image(image)
        resized = predictor.transform.apply_image(image)
        tensors |= {
            f"{name}.image": torch.from_numpy(image),
            f"{name}.resized": torch.from_numpy(resized),
            f"{name}.embedding": predictor.features,
        }
    for name, prompt in PROMPTS.items():
        predictor.set_image(picture(prompt["picture"]))
        earlier = None
        if prompt.get("earlier"):
            earlier = 4 * draw(f"sam.earlier.{name}", 1, 4 * GRID, 4 * GRID)
            tensors[f"{name}.earlier"] = earlier
        mask = None if earlier is None else earlier.numpy()
        found = predict(predictor, prompt, mask)
        logits = None if earlier is None else earlier[None]
        found |= prompt_tensors(model, predictor, prompt, logits)
        tensors |= {f"{name}.{key}": value for key, value in found.items()}
    return tensors


@torch.no_grad()
def write_sam(kind: str, out: Path) -> None:
    """Write `sam-official` or `sam-mobile`."""
    model = build(kind)
    predictor = (SamPredictor if kind == "official" else MobilePredictor)(model)
    inputs = draw(f"sam.{kind}.input", 1, 3, SIDE, SIDE)
    tensors = {"encoder.input": inputs, "encoder.output": model.image_encoder(inputs)}
    tensors |= chain_tensors(model, predictor)
    folder = out / f"sam-{kind}"
    meta = {"kind": "sam", "side": SIDE, "prompts": PROMPTS, "tolerance": ONE_OPERATION}
    write(folder, meta, tensors)
    save_file(state(model), folder / "model.safetensors")
    if kind == "mobile":
        torch.save(state(model), folder / "model.pth")


@torch.no_grad()
def write_transformers(out: Path) -> None:
    """Write `sam-transformers`, which has prompts in pixels of the model's input."""
    shared = {"hidden_size": CHANNELS, "image_size": SIDE, "patch_size": 16}
    vision = SamVisionConfig(
        **shared,
        output_channels=CHANNELS,
        num_hidden_layers=2,
        num_attention_heads=4,
        window_size=3,
        global_attn_indexes=[1],
        num_pos_feats=CHANNELS // 2,
    )
    prompts = SamPromptEncoderConfig(**shared, image_embedding_size=GRID)
    decoder = SamMaskDecoderConfig(
        hidden_size=CHANNELS, mlp_dim=64, iou_head_hidden_dim=CHANNELS, layer_norm_eps=1e-5
    )
    config = SamConfig(
        vision_config=vision, prompt_encoder_config=prompts, mask_decoder_config=decoder
    )
    model = SamModel(config).eval()
    randomise("sam.transformers", model)
    embedding = model.shared_image_embedding.positional_embedding
    frequencies = draw("sam.transformers.positions", *embedding.shape).half().float()
    embedding.copy_(frequencies)
    model.prompt_encoder.shared_embedding.positional_embedding.copy_(frequencies)
    inputs = draw("sam.transformers.input", 1, 3, SIDE, SIDE)
    points = torch.tensor([[[[60.0, 40.0], [20.0, 100.0]]]])
    found = model(
        pixel_values=inputs, input_points=points, input_labels=torch.tensor([[[1, 0]]])
    )
    folder = out / "sam-transformers"
    tensors = {
        "encoder.input": inputs,
        "encoder.output": model.get_image_embeddings(inputs),
        "clicks.logits": found.pred_masks[0, 0],
        "clicks.scores": found.iou_scores[0, 0],
    }
    meta = {
        "kind": "sam",
        "side": SIDE,
        "points": [[60, 40, 1], [20, 100, 0]],
        "tolerance": ONE_OPERATION,
    }
    write(folder, meta, tensors)
    half = {name: value.detach().half().clone() for name, value in model.state_dict().items()}
    save_file(half, folder / "model.safetensors")
