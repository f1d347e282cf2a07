"""`dedit-*`: the published D-Edit method end to end (arXiv 2403.04880), from the facts about it.

Item tokens learn, then the cross-attention weights, then six edits are sampled. Every random number
is stored, in the order in which it is drawn.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from unittest import mock

import diffusers
import numpy as np
import torch
import transformers
from diffusers.schedulers import scheduling_ddpm
from torch.nn import functional

from values.checkpoint import Checkpoint, draw
from values.configs import NOISE
from values.folder import Tensors, write
from values.grouped import Networks

if TYPE_CHECKING:
    from pathlib import Path

Case = dict[str, Any]
Source = Callable[[str, tuple[int, ...]], torch.Tensor]
"""Gives the random numbers of a name and a shape."""

LABELS = ["wall", "table", "ball", "box"]
WALL, TABLE, BALL, BOX = range(4)
NUM_TOKENS = 2
RESOLUTION = 128
RING = 10
"""Width of the soft ring in pixels."""
MOVE = (-14, -32)
"""Rows and columns by which the box moves."""
SEED = 5
"""Part of every draw's name; one whose trajectories single precision repeats well."""

STAGES: dict[str, Case] = {
    "stage1": {"lr": 1e-2, "steps": 4, "weight_decay": 0.01},
    "stage2": {"lr": 1e-3, "steps": 4, "weight_decay": 0.01},
}
BATCH = {"sd": 1, "sdxl": 2}
PICTURES = {"sd": ("recon", "text", "remove"), "sdxl": ()}
"""Edits whose pictures are stored: they are large, and say little that the latents do not."""

PLAIN_DDIM = NOISE | {"steps_offset": 0, "clip_sample": False, "set_alpha_to_one": True}
"""How the published implementation samples Stable Diffusion 1.5, whatever the checkpoint says."""


@dataclass
class Draws:
    """The random numbers of a case, in the order in which it asks for them."""

    case: str
    source: Source
    dtype: torch.dtype

    def __post_init__(self) -> None:
        """Nothing is drawn yet."""
        self.tensors: Tensors = {}

    @property
    def order(self) -> list[str]:
        """The names drawn so far."""
        return [name.removeprefix(f"{self.case}.") for name in self.tensors]

    def next(self, kind: str, *shape: int) -> torch.Tensor:
        """The next one of `randn`, `randn_like` or `randint`."""
        count = sum(name.startswith(f"{kind}.") for name in self.order)
        name = f"{self.case}.{kind}.{count}"
        values = self.source(name, shape)
        self.tensors[name] = values
        return values.to(self.dtype) if values.is_floating_point() else values


@dataclass
class Scene:
    """A picture (height, width, 3) of 8-bit levels and the item that owns each pixel."""

    image: np.ndarray
    labels: np.ndarray

    def picture(self, dtype: torch.dtype) -> torch.Tensor:
        """The picture from -1 to 1."""
        levels = torch.from_numpy(self.image).to(dtype).permute(2, 0, 1)[None]
        return levels / 127.5 - 1

    @property
    def latent(self) -> tuple[int, ...]:
        """Shape of its latents."""
        height, width = self.labels.shape
        return 1, 4, height // 8, width // 8


@dataclass
class Edit:
    """What is sampled: prompts, the items' new places, and what is kept of the picture."""

    strings: list[str]
    labels: np.ndarray
    active: np.ndarray | None = None
    """What is generated; none for the whole picture."""
    guidance: float = 3.0
    strength: float = 0.6
    steps: int = 4

    def regions(self) -> Tensors:
        """`hard`, which is kept at every step, and `soft`, the ring that is kept at first."""
        if self.active is None:
            return {}
        near = distances(self.active) <= RING
        parts = {"hard": ~near, "soft": near & ~self.active}
        return {name: torch.from_numpy(part.astype(np.uint8)) for name, part in parts.items()}

    def settings(self) -> Case:
        """What `meta.json` says of it."""
        return {
            "strings": self.strings,
            "steps": self.steps,
            "guidance": self.guidance,
            "strength": self.strength,
            "seed": SEED,
        }


def distances(mask: np.ndarray) -> np.ndarray:
    """How far each pixel is from the nearest one of a mask."""
    rows, columns = np.indices(mask.shape)
    inside = np.argwhere(mask)
    squares = (rows[..., None] - inside[:, 0]) ** 2 + (columns[..., None] - inside[:, 1]) ** 2
    return np.sqrt(squares.min(axis=-1))


def nearest_items(labels: np.ndarray, vacated: np.ndarray) -> np.ndarray:
    """Labels with the vacated pixels handed to the nearest item, the first of equally near ones."""
    items = [item for item in range(len(LABELS)) if ((labels == item) & ~vacated).any()]
    far = np.stack([distances((labels == item) & ~vacated) for item in items])
    return np.where(vacated, np.array(items)[far.argmin(axis=0)], labels).astype(np.uint8)


def scene() -> Scene:
    """A ball and a box in front of a wall and a table."""
    rows, columns = np.indices((RESOLUTION, RESOLUTION))
    labels = np.where(rows >= 88, TABLE, WALL)
    labels[(rows - 72) ** 2 + (columns - 36) ** 2 < 26**2] = BALL
    labels[(abs(rows - 76) < 26) & (abs(columns - 96) < 18)] = BOX
    colours = np.array([[150, 160, 170], [120, 80, 40], [200, 40, 50], [40, 110, 60]])
    light = 30 * np.sin(columns / 18 + rows / 26)
    noise = 8 * draw("dedit.image", RESOLUTION, RESOLUTION, 3).numpy()
    image = colours[labels] + light[..., None] + noise
    return Scene(image.round().clip(0, 255).astype(np.uint8), labels.astype(np.uint8))


def item_words(item: int) -> list[str]:
    """The tokens of an item."""
    first = f"#{LABELS[item]}{item}"
    return [first, *(f"{first}_{index}" for index in range(1, NUM_TOKENS))]


def item_strings() -> list[str]:
    """The items' own prompts."""
    return [" ".join(item_words(item)) for item in range(len(LABELS))]


def edits(labels: np.ndarray) -> dict[str, Edit]:
    """Every edit of the scene."""
    strings = item_strings()
    ball, box = labels == BALL, labels == BOX
    moved = np.roll(box, MOVE, axis=(0, 1))
    after_move = np.where(moved, BOX, nearest_items(labels, box)).astype(np.uint8)
    said = [*strings[:BALL], "a green bag", strings[BOX]]
    augmented = [*strings[:BALL], f"a shiny {strings[BALL]}", strings[BOX]]
    swapped = [*strings[:BALL], strings[BOX], strings[BALL]]
    return {
        "recon": Edit(strings, labels),
        "text": Edit(said, labels, ball, guidance=4.0),
        "augment": Edit(augmented, labels, ball, guidance=4.0, strength=0.5),
        "remove": Edit(strings, nearest_items(labels, box), box),
        "move": Edit(strings, after_move, box | moved, guidance=2.0, strength=0.4, steps=5),
        "swap": Edit(swapped, labels, ball | box, strength=0.7),
    }


def item_masks(labels: np.ndarray, dtype: torch.dtype) -> torch.Tensor:
    """A mask for each item, those without a pixel too."""
    owner = torch.from_numpy(labels)
    return torch.stack([owner == item for item in range(len(LABELS))]).to(dtype)


@dataclass
class Recipe:
    """What is learned and sampled, and from which random numbers."""

    scene: Scene
    rows: list[torch.Tensor]
    """What the item tokens of each text encoder start from."""
    stages: dict[str, Case]
    edits: dict[str, Edit]
    batch: int
    source: Source


class Method:
    """The published implementation on one checkpoint and one scene."""

    def __init__(self, checkpoint: Checkpoint, recipe: Recipe, dtype: torch.dtype) -> None:
        """Copy the networks and add the item tokens."""
        self.recipe, self.scene, self.dtype = recipe, recipe.scene, dtype
        self.noising = diffusers.DDPMScheduler.from_config(checkpoint.scheduler.config)
        self.networks = Networks(checkpoint, dtype)
        self.first = [len(table) for table in self.networks.tables()]
        words = [word for item in range(len(LABELS)) for word in item_words(item)]
        self.networks.add_tokens(words, recipe.rows)

    def run(self) -> tuple[dict[str, Case], Tensors]:
        """Everything: what `meta.json` says of each case, and the tensors."""
        tensors: Tensors = {f"tokens_init.{i}": rows for i, rows in enumerate(self.recipe.rows)}
        cases: dict[str, Case] = {}
        for name, settings in self.recipe.stages.items():
            draws = Draws(name, self.recipe.source, self.dtype)
            losses = self.learn(draws, settings)
            cases[name] = {"random_order": draws.order, "losses": losses} | settings
            tensors |= draws.tensors
            if name == "stage1":
                tensors |= {f"tokens_stage1.{i}": rows for i, rows in enumerate(self.tokens())}
        trained = self.networks.trained()
        tensors |= {f"unet_stage2.{name}": weight for name, weight in trained.items()}
        for name, edit in self.recipe.edits.items():
            draws = Draws(name, self.recipe.source, self.dtype)
            results = self.sample(edit, draws) | edit.regions()
            results["labels_map"] = torch.from_numpy(edit.labels)
            tensors |= draws.tensors | {f"{name}.{part}": v for part, v in results.items()}
            cases[name] = {"random_order": draws.order} | edit.settings()
        return cases, tensors

    def tokens(self) -> list[torch.Tensor]:
        """The rows of the item tokens in each text encoder."""
        tables = zip(self.first, self.networks.tables(), strict=True)
        return [table.detach()[first:].clone() for first, table in tables]

    def learn(self, draws: Draws, settings: Case) -> list[float]:
        """One stage; returns its losses."""
        tokens_learn = draws.case == "stage1"
        learned = self.networks.tables() if tokens_learn else [*self.networks.trained().values()]
        for parameter in learned:
            parameter.requires_grad_()
        old = [table.detach().clone() for table in self.networks.tables()]
        optimizer = torch.optim.AdamW(
            learned, lr=settings["lr"], weight_decay=settings["weight_decay"]
        )
        picture = self.scene.picture(self.dtype)
        latents = self.networks.to_latents(picture, draws.next("randn", *self.scene.latent))
        losses = []
        for _ in range(settings["steps"]):
            loss = self.loss(latents.expand(self.recipe.batch, -1, -1, -1), draws)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            self.restore(old)
            losses.append(loss.item())
        for parameter in learned:
            parameter.requires_grad_(requires_grad=False)
        return losses

    def loss(self, latents: torch.Tensor, draws: Draws) -> torch.Tensor:
        """The error of the predicted noise, over the whole latent."""
        noise = draws.next("randn_like", *latents.shape)
        timesteps = draws.next("randint", len(latents))
        noisy = self.noising.add_noise(latents, noise, timesteps)
        masks = item_masks(self.scene.labels, self.dtype)
        text = self.networks.encode(item_strings())
        return functional.mse_loss(self.networks.predict(noisy, timesteps, text, masks), noise)

    @torch.no_grad()
    def restore(self, old: list[torch.Tensor]) -> None:
        """Undo what happened to the rows of the vocabulary."""
        for first, table, before in zip(self.first, self.networks.tables(), old, strict=True):
            table[:first] = before[:first]

    def scheduler(self) -> diffusers.SchedulerMixin:
        """DDIM; for SDXL ancestral DDPM with the checkpoint's settings."""
        if self.networks.is_xl:
            return diffusers.DDPMScheduler.from_config(self.noising.config)
        return diffusers.DDIMScheduler(**PLAIN_DDIM)

    @torch.no_grad()
    def sample(self, edit: Edit, draws: Draws) -> Tensors:
        """The latent and the picture of an edit."""
        regions, scheduler = edit.regions(), self.scheduler()
        latents = draws.next("randn", *self.scene.latent)
        if regions:
            kept = self.kept(draws)
        scheduler.set_timesteps(edit.steps)
        masks = item_masks(edit.labels, self.dtype)
        text = self.networks.encode(edit.strings)

        def noise(shape: tuple[int, ...], **_: object) -> torch.Tensor:
            return draws.next("randn", *shape)

        for index, timestep in enumerate(scheduler.timesteps):
            without = self.networks.predict(latents, timestep, text.zeros())
            output = self.networks.predict(latents, timestep, text, masks)
            guided = without + edit.guidance * (output - without)
            with mock.patch.object(scheduling_ddpm, "randn_tensor", noise):
                latents = scheduler.step(guided, timestep, latents).prev_sample
            if regions:
                frozen = regions["hard"].bool()
                if index < edit.strength * edit.steps:
                    frozen = frozen | regions["soft"].bool()
                noised = self.noising.add_noise(*kept, timestep[None])
                latents = torch.where(self.on_latent(frozen), noised, latents)
        return {"latent": latents, "image": self.networks.to_levels(latents)}

    def kept(self, draws: Draws) -> tuple[torch.Tensor, torch.Tensor]:
        """The latents of the picture, and the noise that they get in the frozen region."""
        for kind in ("randn", "randn_like"):
            draws.next(kind, *self.scene.latent)
        picture = self.scene.picture(self.dtype)
        latents = self.networks.to_latents(picture, draws.next("randn", *self.scene.latent))
        return latents, draws.next("randn_like", *self.scene.latent)

    def on_latent(self, mask: torch.Tensor) -> torch.Tensor:
        """A mask at the size of the latents."""
        size = self.scene.latent[2:]
        return functional.interpolate(mask[None, None].float(), size=size, mode="nearest").bool()


def source(kind: str) -> Source:
    """Random numbers that depend on their name alone."""

    def named(name: str, shape: tuple[int, ...]) -> torch.Tensor:
        values = draw(f"dedit.{kind}.{SEED}.{name}", *shape)
        if ".randint." in name:
            return ((values.double().erf() + 1) * 500).long().clamp(0, 999)
        return values

    return named


def initial_rows(checkpoint: Checkpoint) -> list[torch.Tensor]:
    """Item tokens with the mean and deviation of the vocabulary's rows."""
    rows = []
    for name, model in checkpoint.text_encoders.items():
        table = model.get_input_embeddings().weight
        values = draw(f"dedit.{checkpoint.kind}.{name}", len(LABELS) * NUM_TOKENS, table.shape[1])
        rows.append(values * table.std() + table.mean())
    return rows


def recipe(checkpoint: Checkpoint) -> Recipe:
    """What the folder of a checkpoint holds."""
    shown, kind = scene(), checkpoint.kind
    return Recipe(
        scene=shown,
        rows=initial_rows(checkpoint),
        stages=STAGES,
        edits=edits(shown.labels),
        batch=BATCH[kind],
        source=source(kind),
    )


def versions() -> dict[str, str]:
    """The libraries that computed the values."""
    libraries = (torch, diffusers, transformers)
    return {library.__name__: library.__version__.partition("+")[0] for library in libraries}


def write_dedit(out: Path, checkpoint: Checkpoint) -> None:
    """Write `dedit-<kind>`."""
    kind, wanted = checkpoint.kind, recipe(checkpoint)
    cases, tensors = Method(checkpoint, wanted, torch.float64).run()
    first = len(checkpoint.text_encoders["text_encoder"].get_input_embeddings().weight)
    meta = {
        "kind": kind,
        "labels": LABELS,
        "resolution": RESOLUTION,
        "num_tokens": NUM_TOKENS,
        "versions": versions(),
        "cases": cases,
        "strings": item_strings(),
        "token_ids": [first, first + len(LABELS) * NUM_TOKENS - 1],
    }
    for name in wanted.edits.keys() - PICTURES[kind]:
        del tensors[f"{name}.image"]
    tensors["image"] = torch.from_numpy(wanted.scene.image)
    tensors["labels_map"] = torch.from_numpy(wanted.scene.labels)
    narrow = {n: v.float() if v.is_floating_point() else v.clone() for n, v in tensors.items()}
    write(out / f"dedit-{kind}", meta, narrow)
