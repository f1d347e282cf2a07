//! Reads changes that are no product of two small matrices.

use candle_core::{DType, Device, Tensor};

use super::dense::{DenseChange, Factors, Magnitudes, Whole};
use super::names::Role;
use super::parts::{Kind, Parts, kind, title};
use super::{LoraFile, LoraTarget};
use crate::{Error, Result};

impl LoraFile {
    /// The change of a module whose tensors are `parts`.
    pub(super) fn dense(&self, target: LoraTarget, module: &str, parts: &Parts) -> Result<DenseChange> {
        let kind = kind(parts).map_err(|fault| Error::model(fault).at(&self.path))?;
        let matrix = |role: Role| self.matrix(parts, role);
        let (factors, rank) = match kind {
            Kind::LowRank => {
                let (down, up) = (matrix(Role::Down)?, matrix(Role::Up)?);
                let rank = self.fits(parts, (Role::Up, &up), (Role::Down, &down))?;
                (Factors::LowRank { down, up }, Some(rank))
            }
            Kind::Hadamard => {
                let [w1_a, w1_b] = [matrix(Role::HadaW1A)?, matrix(Role::HadaW1B)?];
                let [w2_a, w2_b] = [matrix(Role::HadaW2A)?, matrix(Role::HadaW2B)?];
                let rank = self.fits(parts, (Role::HadaW1A, &w1_a), (Role::HadaW1B, &w1_b))?;
                self.fits(parts, (Role::HadaW2A, &w2_a), (Role::HadaW2B, &w2_b))?;
                if (w1_a.dim(0)?, w1_b.dim(1)?) != (w2_a.dim(0)?, w2_b.dim(1)?) {
                    return Err(self.misfit(parts, (Role::HadaW1A, w1_a.dims()), (Role::HadaW2A, w2_a.dims())));
                }
                (Factors::Hadamard([w1_a, w1_b, w2_a, w2_b]), Some(rank))
            }
            Kind::Kronecker => {
                let (w1, rank_1) = self.whole_or_product(parts, [Role::LokrW1, Role::LokrW1A, Role::LokrW1B])?;
                let (w2, rank_2) = self.whole_or_product(parts, [Role::LokrW2, Role::LokrW2A, Role::LokrW2B])?;
                (Factors::Kronecker([w1, w2]), rank_1.or(rank_2))
            }
        };
        // LyCORIS: alpha 0 means none, and of a Kronecker product of whole matrices it does not count.
        let alpha = match (parts.get(&Role::Alpha), rank) {
            (Some(name), Some(_)) => Some(self.number(name)?).filter(|alpha| *alpha != 0.0),
            (None, Some(rank)) if kind == Kind::LowRank => self.alpha_setting(target, module, rank),
            _ => None,
        };
        let scale = alpha.zip(rank).map_or(1.0, |(alpha, rank)| alpha / rank as f64);
        let magnitudes = self.magnitudes(parts, factors.size()?)?;
        Ok(DenseChange { target, module: module.to_owned(), factors, magnitudes, scale })
    }

    /// A tensor as a matrix in f32: all dimensions but the first are flattened.
    fn matrix(&self, parts: &Parts, role: Role) -> Result<Tensor> {
        let name = parts.get(&role).map_or("", String::as_str);
        let shape = self.weights.shape(name).unwrap_or_default().to_vec();
        let usable = matches!(shape.as_slice(), [_, _] | [_, _, _, _]) && shape.iter().all(|side| *side > 0);
        if !usable {
            return Err(Error::model(format!("the tensor \"{name}\" has the shape {shape:?}, expected a matrix, or a convolution's"))
                .at(&self.path)
                .hint("the file is damaged or not supported"));
        }
        Ok(self.weights.tensor(name, &shape)?.to_device(&Device::Cpu)?.to_dtype(DType::F32)?.flatten_from(1)?)
    }

    /// A matrix that is stored whole or as a product, and its rank where it is one.
    fn whole_or_product(&self, parts: &Parts, [whole, a, b]: [Role; 3]) -> Result<(Whole, Option<usize>)> {
        if parts.contains_key(&whole) {
            return Ok((Whole { left: self.matrix(parts, whole)?, right: None }, None));
        }
        let (left, right) = (self.matrix(parts, a)?, self.matrix(parts, b)?);
        let rank = self.fits(parts, (a, &left), (b, &right))?;
        Ok((Whole { left, right: Some(right) }, Some(rank)))
    }

    /// The rank of a product.
    fn fits(&self, parts: &Parts, (of_left, left): (Role, &Tensor), (of_right, right): (Role, &Tensor)) -> Result<usize> {
        let ((_, rank), (same, _)) = (left.dims2()?, right.dims2()?);
        if rank == same { Ok(rank) } else { Err(self.misfit(parts, (of_left, left.dims()), (of_right, right.dims()))) }
    }

    fn misfit(&self, parts: &Parts, (left, left_shape): (Role, &[usize]), (right, right_shape): (Role, &[usize])) -> Error {
        let name = parts.get(&left).map_or("", String::as_str);
        Error::model(format!(
            "the tensor \"{name}\" and the \"{}\" beside it have the shapes {left_shape:?} and {right_shape:?}, which do not fit each other",
            title(right)
        ))
        .at(&self.path)
        .hint("the file is damaged or not supported")
    }

    /// The magnitudes for a change of this many rows and columns.
    fn magnitudes(&self, parts: &Parts, (rows, columns): (usize, usize)) -> Result<Option<Magnitudes>> {
        let Some((role, name)) = [Role::DoraScale, Role::Magnitude].iter().find_map(|role| parts.get_key_value(role)) else {
            return Ok(None);
        };
        let shape = self.weights.shape(name).unwrap_or_default().to_vec();
        let values = self.weights.tensor(name, &shape)?.to_device(&Device::Cpu)?.to_dtype(DType::F32)?.flatten_all()?;
        let count = values.elem_count();
        match (role, shape.first()) {
            (Role::Magnitude, _) if count == rows => Ok(Some(Magnitudes::Peft(values))),
            (Role::DoraScale, Some(first)) if count == rows && *first == rows => Ok(Some(Magnitudes::Rows(values))),
            (Role::DoraScale, Some(1)) if count > 0 && columns.is_multiple_of(count) => Ok(Some(Magnitudes::Columns(values))),
            _ => Err(Error::model(format!(
                "the magnitudes \"{name}\" have the shape {shape:?}, expected one for each of {rows} outputs, or of the inputs"
            ))
            .at(&self.path)
            .hint("the file is damaged or not supported")),
        }
    }
}
