"""Runs diffusers' schedulers on a closed-form model and stores every step: `python generate_schedulers.py FOLDER`.

Needs torch, diffusers (0.42) and safetensors. Writes FOLDER/meta.json (each case's class and configuration) and
FOLDER/expected.safetensors: `CASE.STEPS.timesteps`, `.unit_noise` (the start is that times init_noise_sigma), `.noise.i`
(the i-th draw of the scheduler) and `.trajectory` (the sample after each step, stacked).
"""

import json
import sys
from pathlib import Path

import diffusers
import torch
from safetensors.torch import save_file

MODEL = "eps(x_in,t) = 0.35*x_in + 0.5*sin(3*x_in) - 0.1*cos(t/100), x_in = scaled input"
LATENT = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
V = {"prediction_type": "v_prediction"}
X0 = {"prediction_type": "sample"}
ZERO_SNR = {"rescale_betas_zero_snr": True, "timestep_spacing": "trailing", **V}
DDIM, DDPM, LCM = "DDIMScheduler", "DDPMScheduler", "LCMScheduler"
EULER, EULER_A = "EulerDiscreteScheduler", "EulerAncestralDiscreteScheduler"
DPM, UNIPC = "DPMSolverMultistepScheduler", "UniPCMultistepScheduler"

# name: (class, configuration, numbers of steps)
CASES = {
    "ddim_zero_snr": (DDIM, {**LATENT, **ZERO_SNR, "clip_sample": False}, [4, 7]),
    "ddim_linspace_clipped": (DDIM, {**LATENT, **X0, "timestep_spacing": "linspace", "set_alpha_to_one": False, "clip_sample_range": 0.7}, [6]),
    "ddim_defaults": (DDIM, {}, [5]),
    "ddim_trained_betas": (DDIM, {"num_train_timesteps": 8, "trained_betas": [0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5]}, [3]),
    "ddpm_zero_snr": (DDPM, {**LATENT, **ZERO_SNR, "clip_sample": False}, [7]),
    "ddpm_large_variance": (DDPM, {**LATENT, "variance_type": "fixed_large", "timestep_spacing": "linspace"}, [5]),
    "ddpm_cosine": (DDPM, {**X0, "beta_schedule": "squaredcos_cap_v2", "variance_type": "fixed_small_log", "clip_sample": False}, [5]),
    "euler_linspace": (EULER, LATENT, [1, 2, 7]),
    "euler_karras": (EULER, {**LATENT, "use_karras_sigmas": True, "timestep_spacing": "leading", "steps_offset": 1}, [6]),
    "euler_karras_range": (EULER, {**LATENT, "use_karras_sigmas": True, "sigma_min": 0.1, "sigma_max": 10.0}, [5]),
    "euler_sigma_min": (EULER, {**LATENT, **X0, "final_sigmas_type": "sigma_min", "timestep_spacing": "trailing"}, [4]),
    "euler_a_trailing": (EULER_A, {**LATENT, **V, "timestep_spacing": "trailing"}, [1, 6]),
    "euler_a_leading": (EULER_A, {**LATENT, "timestep_spacing": "leading", "steps_offset": 1}, [5]),
    "dpm_few_steps": (DPM, LATENT, [1, 2, 3]),
    "dpm_order_1": (DPM, {**LATENT, "solver_order": 1}, [5]),
    "dpm_order_3": (DPM, {**LATENT, **V, "solver_order": 3, "timestep_spacing": "leading", "steps_offset": 1}, [6, 16]),
    "dpm_heun": (DPM, {**LATENT, **X0, "solver_type": "heun", "final_sigmas_type": "sigma_min"}, [16]),
    "dpm_euler_at_final": (DPM, {**LATENT, "euler_at_final": True, "lower_order_final": False, "final_sigmas_type": "sigma_min"}, [6]),
    "dpm_zero_snr": (DPM, {**LATENT, **ZERO_SNR}, [5]),
    "dpm_cosine_karras": (DPM, {**V, "beta_schedule": "squaredcos_cap_v2", "use_karras_sigmas": True}, [6]),
    "dpm_cosine_clipped": (DPM, {"beta_schedule": "squaredcos_cap_v2", "lambda_min_clipped": -5.1}, [6]),
    "dpm_karras_sigma_min": (DPM, {**LATENT, "use_karras_sigmas": True, "final_sigmas_type": "sigma_min", "solver_type": "bh2"}, [16]),
    "dpm_noise": (DPM, {**LATENT, "algorithm_type": "dpmsolver", "solver_order": 3, "final_sigmas_type": "sigma_min"}, [6]),
    "dpm_noise_heun": (DPM, {**LATENT, **V, "algorithm_type": "dpmsolver", "solver_type": "heun", "final_sigmas_type": "sigma_min"}, [6]),
    "dpm_sde": (DPM, {**LATENT, "algorithm_type": "sde-dpmsolver++"}, [5]),
    "dpm_sde_heun": (DPM, {**LATENT, **V, "algorithm_type": "sde-dpmsolver++", "solver_type": "heun"}, [5]),
    "dpm_sde_order_3": (DPM, {**LATENT, "algorithm_type": "sde-dpmsolver++", "solver_order": 3, "lower_order_final": False}, [6]),
    "unipc_few_steps": (UNIPC, {**LATENT, "final_sigmas_type": "zero"}, [1, 2, 3]),
    "unipc_order_1": (UNIPC, {**LATENT, "solver_order": 1, "final_sigmas_type": "zero"}, [5]),
    "unipc_order_3": (UNIPC, {**LATENT, "solver_order": 3, "final_sigmas_type": "zero"}, [5, 16]),
    "unipc_noise_bh1": (UNIPC, {**LATENT, "solver_order": 3, "solver_type": "bh1", "predict_x0": False, "final_sigmas_type": "sigma_min"}, [7]),
    "unipc_bh1": (UNIPC, {**LATENT, **V, "solver_type": "bh1", "timestep_spacing": "trailing", "final_sigmas_type": "sigma_min"}, [6]),
    "unipc_noise_sample": (UNIPC, {**LATENT, **X0, "predict_x0": False, "final_sigmas_type": "sigma_min"}, [6]),
    "unipc_karras": (UNIPC, {**LATENT, **V, "use_karras_sigmas": True, "final_sigmas_type": "zero"}, [6]),
    "unipc_karras_range": (UNIPC, {**LATENT, "use_karras_sigmas": True, "sigma_min": 0.1, "sigma_max": 10.0, "final_sigmas_type": "sigma_min"}, [5]),
    "unipc_uncorrected": (UNIPC, {**LATENT, "disable_corrector": [0, 2], "lower_order_final": False, "final_sigmas_type": "sigma_min"}, [5]),
    "unipc_zero_snr": (UNIPC, {**LATENT, **ZERO_SNR, "solver_type": "midpoint", "final_sigmas_type": "zero"}, [5]),
    "lcm": (LCM, {}, [1, 2, 7]),
    "lcm_velocity_clipped": (LCM, {**V, "clip_sample": True, "clip_sample_range": 0.9, "timestep_scaling": 0.01}, [3]),
    "lcm_few_originals": (LCM, {**X0, "original_inference_steps": 20, "rescale_betas_zero_snr": True}, [6]),
}


def model(sample, timestep):
    return 0.35 * sample + 0.5 * torch.sin(3 * sample) - 0.1 * torch.cos(timestep.float() / 100)


def run(name, class_name, config, steps, generator, out):
    scheduler = getattr(diffusers, class_name).from_config(config)
    scheduler.set_timesteps(steps)
    if hasattr(scheduler, "set_begin_index"):
        scheduler.set_begin_index(0)  # else two equal timesteps at the start begin at the second, unlike in pipelines
    draws = []

    def randn_tensor(shape, **_):
        draws.append(torch.randn(shape, generator=generator))
        return draws[-1]

    sys.modules[type(scheduler).__module__].randn_tensor = randn_tensor
    unit_noise = torch.randn((1, 4, 2, 3), generator=generator)
    sample = unit_noise * scheduler.init_noise_sigma
    trajectory = []
    for timestep in scheduler.timesteps:
        scaled = scheduler.scale_model_input(sample, timestep)
        sample = scheduler.step(model(scaled, timestep), timestep, sample).prev_sample
        trajectory.append(sample)
    trajectory = torch.stack(trajectory)
    assert torch.isfinite(trajectory).all(), name
    key = f"{name}.{steps}"
    out[f"{key}.timesteps"] = scheduler.timesteps.float()
    out[f"{key}.unit_noise"] = unit_noise
    out[f"{key}.trajectory"] = trajectory[:, 0]
    out.update({f"{key}.noise.{i}": draw for i, draw in enumerate(draws)})


def main(folder):
    generator = torch.Generator().manual_seed(0)
    out = {}
    for name, (class_name, config, step_counts) in CASES.items():
        for steps in step_counts:
            run(name, class_name, config, steps, generator, out)
    folder.mkdir(parents=True, exist_ok=True)
    save_file({key: value.contiguous() for key, value in out.items()}, folder / "expected.safetensors")
    cases = {name: {"class": class_name, "config": config} for name, (class_name, config, _) in CASES.items()}
    meta = {"kind": "schedulers", "model": MODEL, "cases": cases}
    (folder / "meta.json").write_text(json.dumps(meta, indent=1) + "\n")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(Path(sys.argv[1]))
