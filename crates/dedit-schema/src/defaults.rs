//! The values that hold where a request leaves something out.

/// The model where none is named: it has no weights.
pub const MODEL: &str = "patches";

/// Frames before and after a frame of a film that may show what an item hides in it.
pub const OTHER_FRAMES: usize = 16;

/// Denoising steps of an edit.
pub const STEPS: usize = 20;
/// Denoising steps of a reconstruction, and of every edit done as published.
pub const STEPS_RECONSTRUCT: usize = 50;
/// Guidance scale of edits with words (the paper's value).
pub const GUIDANCE_WORDS: f64 = 7.0;
/// Guidance scale of edits from learned tokens alone (the paper's value).
pub const GUIDANCE_TOKENS: f64 = 3.0;
/// Guidance scale of a reconstruction: none, since it starts from the picture's own inverted noise.
pub const GUIDANCE_RECONSTRUCT: f64 = 1.0;
/// Denoising steps of an edit in few steps: within the 4 to 8 that LCM-LoRAs are distilled for.
pub const FAST_STEPS: usize = 6;
/// Guidance scale of an edit in few steps: within the 1 to 2 that LCM-LoRAs are distilled for.
pub const FAST_GUIDANCE: f64 = 1.5;
/// The scheduler of an edit in few steps.
pub const FAST_SCHEDULER: &str = "lcm";
/// What stands for the LCM-LoRA of a model's family, whichever that is.
pub const FAST_LORA: &str = "lcm-lora";
/// Share of the denoising steps in which the soft ring keeps the original's latents, 0 … 1.
pub const STRENGTH: f64 = 0.5;
/// Share of the denoising steps in which moved items keep their own latents, 0 … 1.
pub const ANCHOR: f64 = 0.8;
/// Share of the denoising steps in which pixels that show what is behind removed, moved or replaced items keep the latents of a clean plate, 0 … 1.
pub const PLATE: f64 = 0.9;
/// Share of the other item in a blend, 0 … 1.
pub const AMOUNT: f64 = 0.5;

/// Tokens of each item: the best of the paper's ablation.
pub const TOKENS: usize = 5;
/// The most tokens of an item.
pub const MOST_TOKENS: usize = 32;
/// Updates of the two stages of learning (tokens, attention) at most.
pub const UPDATES: [usize; 2] = [80, 120];
/// Learning rates of the two stages.
pub const RATES: [f64; 2] = [1e-3, 5e-4];
/// Rank of the LoRA that the second stage trains.
pub const RANK: usize = 4;
/// Pairs of noise and timestep in one pass of the denoiser.
pub const BATCH: usize = 1;
/// Passes whose gradients add up to one update.
pub const ACCUMULATION: usize = 2;

/// Width of the soft ring in pixels, at most; pictures whose shorter side is small get a narrower one ([`FEATHER_SHARE`]).
pub const FEATHER: f64 = 20.0;
/// The share of a picture's shorter side that the soft ring takes at most.
pub const FEATHER_SHARE: f64 = 0.06;
/// How far around what leaves or moves its surroundings are generated anew: a share of the item's bounding-box diagonal.
pub const MARGIN: f64 = 0.2;

/// How many items are looked for where they are found automatically.
pub const ITEMS_AT_MOST: usize = 12;
/// The most items that a picture is divided into automatically.
pub const MOST_ITEMS: usize = 64;
/// Results of one edit.
pub const VARIATIONS: usize = 1;
