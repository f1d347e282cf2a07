"""`schedulers`: every step of diffusers' schedulers, with a model in closed form."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import diffusers
import torch

from values.checkpoint import draw
from values.folder import ONE_OPERATION, Tensors, write

if TYPE_CHECKING:
    from pathlib import Path

Config = dict[str, Any]

MODEL = "eps(x_in,t) = 0.35*x_in + 0.5*sin(3*x_in) - 0.1*cos(t/100), x_in = scaled input"
LATENT = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
V = {"prediction_type": "v_prediction"}
X0 = {"prediction_type": "sample"}
ZERO_SNR = {"rescale_betas_zero_snr": True, "timestep_spacing": "trailing", **V}
DDIM, DDPM, LCM = "DDIMScheduler", "DDPMScheduler", "LCMScheduler"
EULER, EULER_A = "EulerDiscreteScheduler", "EulerAncestralDiscreteScheduler"
DPM, UNIPC = "DPMSolverMultistepScheduler", "UniPCMultistepScheduler"


@dataclass(frozen=True)
class Case:
    """A class of diffusers, its configuration and the numbers of steps to take."""

    name: str
    config: Config
    steps: tuple[int, ...]


CASES = {
    "ddim_zero_snr": Case(
        DDIM,
        {**LATENT, **ZERO_SNR, "clip_sample": False},
        (4, 7),
    ),
    "ddim_linspace_clipped": Case(
        DDIM,
        {
            **LATENT,
            **X0,
            "timestep_spacing": "linspace",
            "set_alpha_to_one": False,
            "clip_sample_range": 0.7,
        },
        (6,),
    ),
    "ddim_defaults": Case(DDIM, {}, (5,)),
    "ddim_trained_betas": Case(
        DDIM,
        {"num_train_timesteps": 8, "trained_betas": [0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5]},
        (3,),
    ),
    "ddpm_zero_snr": Case(DDPM, {**LATENT, **ZERO_SNR, "clip_sample": False}, (7,)),
    "ddpm_large_variance": Case(
        DDPM, {**LATENT, "variance_type": "fixed_large", "timestep_spacing": "linspace"}, (5,)
    ),
    "ddpm_cosine": Case(
        DDPM,
        {
            **X0,
            "beta_schedule": "squaredcos_cap_v2",
            "variance_type": "fixed_small_log",
            "clip_sample": False,
        },
        (5,),
    ),
    "euler_linspace": Case(
        EULER,
        LATENT,
        (1, 2, 7),
    ),
    "euler_karras": Case(
        EULER,
        {**LATENT, "use_karras_sigmas": True, "timestep_spacing": "leading", "steps_offset": 1},
        (6,),
    ),
    "euler_karras_range": Case(
        EULER, {**LATENT, "use_karras_sigmas": True, "sigma_min": 0.1, "sigma_max": 10.0}, (5,)
    ),
    "euler_sigma_min": Case(
        EULER,
        {**LATENT, **X0, "final_sigmas_type": "sigma_min", "timestep_spacing": "trailing"},
        (4,),
    ),
    "euler_a_trailing": Case(
        EULER_A,
        {**LATENT, **V, "timestep_spacing": "trailing"},
        (1, 6),
    ),
    "euler_a_leading": Case(
        EULER_A, {**LATENT, "timestep_spacing": "leading", "steps_offset": 1}, (5,)
    ),
    "dpm_few_steps": Case(
        DPM,
        LATENT,
        (1, 2, 3),
    ),
    "dpm_order_1": Case(DPM, {**LATENT, "solver_order": 1}, (5,)),
    "dpm_order_3": Case(
        DPM,
        {**LATENT, **V, "solver_order": 3, "timestep_spacing": "leading", "steps_offset": 1},
        (6, 16),
    ),
    "dpm_heun": Case(
        DPM, {**LATENT, **X0, "solver_type": "heun", "final_sigmas_type": "sigma_min"}, (16,)
    ),
    "dpm_euler_at_final": Case(
        DPM,
        {
            **LATENT,
            "euler_at_final": True,
            "lower_order_final": False,
            "final_sigmas_type": "sigma_min",
        },
        (6,),
    ),
    "dpm_zero_snr": Case(DPM, {**LATENT, **ZERO_SNR}, (5,)),
    "dpm_cosine_karras": Case(
        DPM, {**V, "beta_schedule": "squaredcos_cap_v2", "use_karras_sigmas": True}, (6,)
    ),
    "dpm_cosine_clipped": Case(
        DPM, {"beta_schedule": "squaredcos_cap_v2", "lambda_min_clipped": -3.0}, (6,)
    ),
    "dpm_karras_sigma_min": Case(
        DPM,
        {
            **LATENT,
            "use_karras_sigmas": True,
            "final_sigmas_type": "sigma_min",
            "solver_type": "bh2",
        },
        (16,),
    ),
    "dpm_noise": Case(
        DPM,
        {
            **LATENT,
            "algorithm_type": "dpmsolver",
            "solver_order": 3,
            "final_sigmas_type": "sigma_min",
        },
        (6,),
    ),
    "dpm_noise_heun": Case(
        DPM,
        {
            **LATENT,
            **V,
            "algorithm_type": "dpmsolver",
            "solver_type": "heun",
            "final_sigmas_type": "sigma_min",
        },
        (6,),
    ),
    "dpm_sde": Case(DPM, {**LATENT, "algorithm_type": "sde-dpmsolver++"}, (5,)),
    "dpm_sde_heun": Case(
        DPM, {**LATENT, **V, "algorithm_type": "sde-dpmsolver++", "solver_type": "heun"}, (5,)
    ),
    "dpm_sde_order_3": Case(
        DPM,
        {
            **LATENT,
            "algorithm_type": "sde-dpmsolver++",
            "solver_order": 3,
            "lower_order_final": False,
        },
        (6,),
    ),
    "unipc_few_steps": Case(
        UNIPC,
        {**LATENT, "final_sigmas_type": "zero"},
        (1, 2, 3),
    ),
    "unipc_order_1": Case(UNIPC, {**LATENT, "solver_order": 1, "final_sigmas_type": "zero"}, (5,)),
    "unipc_order_3": Case(
        UNIPC,
        {**LATENT, "solver_order": 3, "final_sigmas_type": "zero"},
        (5, 16),
    ),
    "unipc_noise_bh1": Case(
        UNIPC,
        {
            **LATENT,
            "solver_order": 3,
            "solver_type": "bh1",
            "predict_x0": False,
            "final_sigmas_type": "sigma_min",
        },
        (7,),
    ),
    "unipc_bh1": Case(
        UNIPC,
        {
            **LATENT,
            **V,
            "solver_type": "bh1",
            "timestep_spacing": "trailing",
            "final_sigmas_type": "sigma_min",
        },
        (6,),
    ),
    "unipc_noise_sample": Case(
        UNIPC, {**LATENT, **X0, "predict_x0": False, "final_sigmas_type": "sigma_min"}, (6,)
    ),
    "unipc_karras": Case(
        UNIPC, {**LATENT, **V, "use_karras_sigmas": True, "final_sigmas_type": "zero"}, (6,)
    ),
    "unipc_karras_range": Case(
        UNIPC,
        {
            **LATENT,
            "use_karras_sigmas": True,
            "sigma_min": 0.1,
            "sigma_max": 10.0,
            "final_sigmas_type": "sigma_min",
        },
        (5,),
    ),
    "unipc_uncorrected": Case(
        UNIPC,
        {
            **LATENT,
            "disable_corrector": [0, 2],
            "lower_order_final": False,
            "final_sigmas_type": "sigma_min",
        },
        (5,),
    ),
    "unipc_zero_snr": Case(
        UNIPC, {**LATENT, **ZERO_SNR, "solver_type": "midpoint", "final_sigmas_type": "zero"}, (5,)
    ),
    "lcm": Case(
        LCM,
        {},
        (1, 2, 7),
    ),
    "lcm_velocity_clipped": Case(
        LCM, {**V, "clip_sample": True, "clip_sample_range": 0.9, "timestep_scaling": 0.01}, (3,)
    ),
    "lcm_few_originals": Case(
        LCM, {**X0, "original_inference_steps": 20, "rescale_betas_zero_snr": True}, (6,)
    ),
}


def predict(sample: torch.Tensor, timestep: torch.Tensor) -> torch.Tensor:
    """What `MODEL` says."""
    return 0.35 * sample + 0.5 * torch.sin(3 * sample) - 0.1 * torch.cos(timestep.float() / 100)


def record_draws(scheduler: diffusers.SchedulerMixin, key: str, tensors: Tensors) -> None:
    """Let the scheduler draw noise that is kept as `KEY.noise.i`."""

    def randn_tensor(shape: tuple[int, ...], **_: object) -> torch.Tensor:
        count = sum(name.startswith(f"{key}.noise.") for name in tensors)
        return tensors.setdefault(f"{key}.noise.{count}", draw(f"{key}.noise.{count}", *shape))

    sys.modules[type(scheduler).__module__].randn_tensor = randn_tensor


def run(key: str, case: Case, steps: int) -> Tensors:
    """The start, the draws and every sample of a case."""
    scheduler = getattr(diffusers, case.name).from_config(case.config)
    scheduler.set_timesteps(steps)
    if hasattr(scheduler, "set_begin_index"):
        # As pipelines do; else two equal timesteps at the start would begin at the second.
        scheduler.set_begin_index(0)
    tensors = {f"{key}.unit_noise": draw(f"{key}.unit_noise", 1, 4, 2, 3)}
    record_draws(scheduler, key, tensors)
    sample = tensors[f"{key}.unit_noise"] * scheduler.init_noise_sigma
    trajectory = []
    for timestep in scheduler.timesteps:
        output = predict(scheduler.scale_model_input(sample, timestep), timestep)
        sample = scheduler.step(output, timestep, sample).prev_sample
        trajectory.append(sample)
    tensors[f"{key}.timesteps"] = scheduler.timesteps.float()
    tensors[f"{key}.trajectory"] = torch.cat(trajectory)
    return tensors


def write_schedulers(out: Path) -> None:
    """Write `schedulers`."""
    tensors: Tensors = {}
    for name, case in CASES.items():
        for steps in case.steps:
            tensors |= run(f"{name}.{steps}", case, steps)
    cases = {name: {"class": case.name, "config": case.config} for name, case in CASES.items()}
    meta = {"kind": "schedulers", "model": MODEL, "tolerance": ONE_OPERATION, "cases": cases}
    write(out / "schedulers", meta, tensors)
