//! Depthwise convolution of `[batch, height, width, channels]`, one output line per task.

use pulp::Arch;

use super::buffer::collect;

/// Height and width of the window.
pub(crate) const WINDOW: usize = 3;

/// The sizes of an image and of its convolution.
#[derive(Clone, Copy)]
pub(crate) struct Lines {
    /// Height and width of the input.
    pub(crate) size: [usize; 2],
    /// Height and width of the output.
    pub(crate) out: [usize; 2],
    pub(crate) channels: usize,
    pub(crate) stride: usize,
}

/// `out = Σ weight[tap] · x[tap] + bias` with one pixel of zeros around the image; `weight` is `[9, channels]`, taps row by row.
pub(crate) fn depthwise(x: &[f32], weight: &[f32], bias: &[f32], lines: Lines) -> Vec<f32> {
    let Lines { size: [height, width], out: [out_height, out_width], channels, stride } = lines;
    let (arch, zeros) = (Arch::new(), vec![0f32; channels]);
    let batch = x.len() / (height * width * channels).max(1);
    collect(batch * out_height * out_width * channels, out_width * channels, |line, out| {
        let (sample, top) = (line / out_height, line % out_height * stride);
        let pixel = |row: usize, column: usize| -> &[f32] {
            // Rows and columns are counted from the border of zeros.
            let inside = (1..=height).contains(&row) && (1..=width).contains(&column);
            if inside { &x[((sample * height + row - 1) * width + column - 1) * channels..][..channels] } else { &zeros }
        };
        arch.dispatch(|| {
            out.rows(channels, |column, out| {
                let left = column * stride;
                let [a, b, c, d, e, f, g, h, i]: [&[f32]; WINDOW * WINDOW] =
                    std::array::from_fn(|tap| &pixel(top + tap / WINDOW, left + tap % WINDOW)[..channels]);
                let [wa, wb, wc, wd, we, wf, wg, wh, wi]: [&[f32]; WINDOW * WINDOW] =
                    std::array::from_fn(|tap| &weight[tap * channels..][..channels]);
                let bias = &bias[..channels];
                out.each(|k| {
                    let first = wa[k] * a[k] + wb[k] * b[k] + wc[k] * c[k];
                    let second = wd[k] * d[k] + we[k] * e[k] + wf[k] * f[k];
                    bias[k] + first + second + wg[k] * g[k] + wh[k] * h[k] + wi[k] * i[k]
                })
            })
        })
    })
}
