//! The memory that a recorded computation keeps, counted by the allocator.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in the functions it calls too")]
#![allow(unsafe_code, reason = "an allocator that counts must be an allocator; it forwards to the system's")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Arc;
use std::sync::atomic::{AtomicIsize, Ordering};

use candle_core::{DType, Device};
use dedit_nn::autograd::{Value, backward, checkpoint};
use dedit_nn::layers::{AttentionMask, Conv2d, GroupNorm, Linear, attention};
use dedit_nn::ops;
use dedit_nn::rng::Generator;

struct Counting;

static LIVE: AtomicIsize = AtomicIsize::new(0);

// SAFETY: every call is forwarded unchanged to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(layout.size() as isize, Ordering::Relaxed);
        // SAFETY: forwarded.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size() as isize, Ordering::Relaxed);
        // SAFETY: forwarded.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Pixels and channels of the images below, and the bytes of one.
const SIDE: usize = 64;
const CHANNELS: usize = 32;
const IMAGE: isize = (SIDE * SIDE * CHANNELS * 4) as isize;

fn normal(dims: &[usize]) -> candle_core::Tensor {
    Generator::new(1).normal(dims, &Device::Cpu).unwrap()
}

fn linear() -> Linear {
    Linear::new(&normal(&[CHANNELS, CHANNELS]), None).unwrap()
}

fn conv() -> Conv2d {
    Conv2d::new(&normal(&[CHANNELS, CHANNELS, 3, 3]), None, 1, 1).unwrap()
}

/// How much memory `work` keeps, in images, not counting the result, which takes the place of the input.
fn images_kept(work: impl FnOnce(Value) -> Value) -> f64 {
    let x = Value::leaf(normal(&[1, SIDE, SIDE, CHANNELS]));
    let before = LIVE.load(Ordering::Relaxed);
    let y = work(x);
    let kept = (LIVE.load(Ordering::Relaxed) - before) as f64 / IMAGE as f64;
    let gradients = backward(&ops::mean_squared_error(&y, &y.tensor().zeros_like().unwrap(), None).unwrap()).unwrap();
    drop((y, gradients));
    kept
}

/// A single test, so that no other one allocates at the same time.
#[test]
fn a_graph_keeps_what_gradients_need_and_nothing_else() {
    let ten = |forward: &dyn Fn(&Value) -> Value| images_kept(|x| (0..10).fold(x, |x, _| forward(&x)));
    let (layer, convolution) = (linear(), conv());
    let norm = GroupNorm::new(&normal(&[CHANNELS]), &normal(&[CHANNELS]), 4, 1e-5).unwrap();
    let mut trainable = linear();
    trainable.make_trainable().unwrap();
    let trainable = Arc::new(trainable);
    let mut adapted = linear();
    adapted.attach_gaussian(1, 1.0, &mut Generator::new(1)).unwrap();
    let flat = |x: &Value| ops::reshape(x, &[1, SIDE * SIDE, CHANNELS]).unwrap();
    let learns = trainable.clone();
    let cases: [(&str, f64, f64); 8] = [
        // Frozen layers keep no input.
        ("frozen linear", 0.0, ten(&|x| layer.forward(x).unwrap())),
        ("frozen convolution", 0.0, ten(&|x| convolution.forward(x).unwrap())),
        ("frozen onto a residual", 0.0, ten(&|x| layer.forward_onto(x, Some(x)).unwrap())),
        // A norm keeps its input.
        ("norm", 10.0, ten(&|x| norm.forward_silu(x).unwrap())),
        // So does a trainable weight, and one with an adapter, which also keeps its output of low rank (1/32 each).
        ("trainable", 10.0, ten(&|x| trainable.forward(x).unwrap())),
        ("adapter", 10.0 + 10.0 / 32.0, ten(&|x| adapted.forward(x).unwrap())),
        // Self-attention keeps its input and output, and a sum per query and head.
        (
            "attention",
            10.0 + 10.0 / 16.0,
            ten(&|x| {
                let tokens = flat(x);
                ops::reshape(&attention(&tokens, &tokens, &tokens, 2, &AttentionMask::None).unwrap(), x.dims()).unwrap()
            }),
        ),
        // A checkpoint keeps only its input.
        (
            "checkpoint",
            1.0,
            images_kept(move |x| checkpoint(&[&x], move |x| (0..10).try_fold(x[0].clone(), |x, _| learns.forward(&x))).unwrap()),
        ),
    ];
    for (name, want, kept) in cases {
        assert!((kept - want).abs() < 0.2, "{name} keeps {kept:.2} images, not {want:.2}");
    }
    let half = Linear::new(&normal(&[512, 512]).to_dtype(DType::F16).unwrap(), None);
    let before = LIVE.load(Ordering::Relaxed);
    drop(half);
    let freed = before - LIVE.load(Ordering::Relaxed);
    assert!((freed - 512 * 512 * 2).abs() < 4096, "a layer of half precision takes {freed} bytes");
}
