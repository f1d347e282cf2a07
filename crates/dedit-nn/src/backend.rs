//! Which implementation an operation uses: the fused CPU kernels, or candle's operations on any other device.

use std::cell::Cell;
use std::ops::Deref;

use candle_core::{CpuStorage, DType, Device, Result, Storage, Tensor, bail};

use crate::kernels::pointwise;

thread_local! {
    static REFERENCE: Cell<bool> = const { Cell::new(false) };
}

/// Runs `body` with candle's operations, on the CPU too: the code path of GPUs, and the reference that the CPU kernels are tested against.
pub fn with_reference<T>(body: impl FnOnce() -> T) -> T {
    struct Restore(bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            REFERENCE.with(|flag| flag.set(self.0));
        }
    }
    let _restore = Restore(REFERENCE.with(|flag| flag.replace(true)));
    body()
}

/// Whether the fused CPU kernels apply to `tensor`.
pub(crate) fn fused(tensor: &Tensor) -> bool {
    matches!(tensor.device(), Device::Cpu) && tensor.dtype() == DType::F32 && !REFERENCE.with(Cell::get)
}

/// Read access to the elements of a contiguous f32 tensor on the CPU.
pub(crate) struct Elements<'a> {
    storage: Box<dyn Deref<Target = Storage> + 'a>,
    start: usize,
    len: usize,
}

impl Deref for Elements<'_> {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        match &**self.storage {
            Storage::Cpu(CpuStorage::F32(data)) => &data[self.start..self.start + self.len],
            // `elements` checks this before it makes an `Elements`.
            _ => &[],
        }
    }
}

/// The elements of `tensor`, which must be contiguous f32 on the CPU.
pub(crate) fn elements(tensor: &Tensor) -> Result<Elements<'_>> {
    let (storage, layout) = tensor.storage_and_layout();
    let Some((start, end)) = layout.contiguous_offsets() else { bail!("a kernel got a tensor that is not contiguous: {layout:?}") };
    match &*storage {
        Storage::Cpu(CpuStorage::F32(_)) => {}
        _ => bail!("a CPU kernel got a {:?} tensor on {:?}", tensor.dtype(), tensor.device()),
    }
    Ok(Elements { storage: Box::new(storage), start, len: end - start })
}

/// A tensor of the given shape from a kernel's output.
pub(crate) fn tensor(data: Vec<f32>, shape: &[usize]) -> Result<Tensor> {
    Tensor::from_vec(data, shape, &Device::Cpu)
}

/// `a + b`, of the same shape; no gradient is recorded.
pub(crate) fn sum(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    if fused(a) && fused(b) && a.shape() == b.shape() {
        let (a, b) = (a.contiguous()?, b.contiguous()?);
        return tensor(pointwise::zip(&elements(&a)?, &elements(&b)?, |a, b| a + b), a.dims());
    }
    a + b
}
