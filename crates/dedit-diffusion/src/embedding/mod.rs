//! Files of textual inversion (Gal et al. 2022, arXiv 2208.01618): vectors that stand in a prompt under a name.
//!
//! Two layouts are read, both as `.safetensors`: one tensor of any name (`emb_params`, or the token's own), `[vectors, width]` or `[width]`, for models with
//! one text encoder; `clip_l` and `clip_g` for SDXL.

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use candle_core::Tensor;

use crate::weights::{SafetensorsFile, Slot, Weights};
use crate::{Error, Result};

/// SDXL's names of the tensors for its two text encoders.
const OF_SDXL: [&str; 2] = ["clip_l", "clip_g"];
/// Most vectors: as many tokens as a text encoder takes at once.
const MOST_VECTORS: usize = 75;
/// Characters that have a meaning in prompts.
const MARKS: &str = "()[]:\\,";

/// The vectors of an opened file, read whole.
#[derive(Debug, Clone)]
pub struct EmbeddingFile {
    path: PathBuf,
    /// `[vectors, width]` for each text encoder.
    rows: Vec<Tensor>,
}

impl EmbeddingFile {
    /// Opens a `.safetensors` file and reads it.
    ///
    /// # Errors
    /// `Model` where the file is damaged or of another kind.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let file = Arc::new(SafetensorsFile::open(path)?);
        let weights = Weights::new(path, &[file], |name| vec![Slot::whole(name)])?;
        let names: Vec<&str> = weights.names().collect();
        let wanted = match names.as_slice() {
            [only] if !OF_SDXL.contains(only) => vec![*only],
            // In alphabetical order.
            ["clip_g", "clip_l"] => OF_SDXL.to_vec(),
            [only] => {
                let other = if *only == OF_SDXL[0] { OF_SDXL[1] } else { OF_SDXL[0] };
                return Err(
                    Error::model(format!("this embedding has {only} and lacks {other}, expected both, as SDXL's embeddings have")).at(path)
                );
            }
            others => {
                let shown = others.iter().take(3).copied().collect::<Vec<_>>().join(", ");
                return Err(Error::model(format!(
                    "this file has {} tensors ({shown}), expected the one tensor of an embedding, or clip_l and clip_g",
                    others.len()
                ))
                .at(path)
                .hint("give a file of textual inversion; checkpoints and LoRA files have options of their own"));
            }
        };
        let rows = wanted.iter().map(|name| vectors(&weights, name)).collect::<Result<Vec<_>>>().map_err(|error| error.at(path))?;
        if let [one, other] = rows.as_slice()
            && one.dims()[0] != other.dims()[0]
        {
            let counts = format!("{} vectors for one text encoder and {} for the other", one.dims()[0], other.dims()[0]);
            return Err(Error::model(format!("this embedding has {counts}, expected the same number")).at(path));
        }
        Ok(Self { path: path.to_path_buf(), rows })
    }

    /// The name for prompts: the given one, or the file's without its ending.
    ///
    /// # Errors
    /// `Usage` where the name cannot stand in a prompt.
    pub fn name(&self, given: Option<&str>) -> Result<String> {
        let own = self.path.file_stem().unwrap_or_default().to_string_lossy();
        let name = given.unwrap_or(&own);
        let fits = |c: char| !c.is_whitespace() && !c.is_control() && !MARKS.contains(c);
        if name.is_empty() || !name.chars().all(fits) {
            return Err(Error::usage(format!("an embedding cannot have the name '{name}': it has spaces or one of {MARKS}"))
                .at(&self.path)
                .hint("give it another name after the file, such as style.safetensors:style"));
        }
        Ok(name.to_owned())
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// `[vectors, width]` for each text encoder, as many rows in each.
    pub(crate) fn rows(&self) -> &[Tensor] {
        &self.rows
    }

    /// Fails unless it is for text encoders of these widths.
    pub(crate) fn check(&self, widths: &[usize]) -> Result<()> {
        let own: Vec<usize> = self.rows.iter().map(|rows| rows.dims()[1]).collect();
        if own == widths {
            return Ok(());
        }
        let listed = |widths: &[usize]| widths.iter().map(usize::to_string).collect::<Vec<_>>().join(" and ");
        Err(Error::model(format!("this embedding has the width {}, and the model's text encoder {}", listed(&own), listed(widths)))
            .at(&self.path)
            .hint("embeddings belong to a family: 768 is of Stable Diffusion 1, 1024 of 2, 768 and 1280 of SDXL"))
    }
}

/// A tensor as `[vectors, width]`.
fn vectors(weights: &Weights, name: &str) -> Result<Tensor> {
    let shape = weights.shape(name).unwrap_or_default().to_vec();
    let (count, width) = match *shape.as_slice() {
        [width] => (1, width),
        [count, width] => (count, width),
        _ => return Err(Error::model(format!("the tensor \"{name}\" has the shape {shape:?}, expected vectors and width"))),
    };
    if !(1..=MOST_VECTORS).contains(&count) || width == 0 {
        return Err(Error::model(format!("the tensor \"{name}\" has the shape {shape:?}, expected 1 to {MOST_VECTORS} vectors")));
    }
    Ok(weights.tensor(name, &shape)?.reshape((count, width))?)
}
