//! Pixels through GEGL and babl, which both versions of GIMP share.
#![expect(unsafe_code, reason = "GEGL reads and writes the samples through a pointer")]

use std::ffi::{CString, c_char, c_double, c_int, c_void};
use std::ptr::null_mut;

use crate::error::{Error, Result};
use crate::glib::{Object, Owned, Text, c_text};
use crate::host::{Channels, Curve, Format, Rect, SampleType, Samples};
use crate::symbols::functions;

/// A format or colour space of babl's; they live for ever.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub(crate) struct Babl(*const c_void);

#[repr(C)]
pub(crate) struct GeglRectangle {
    x: c_int,
    y: c_int,
    width: c_int,
    height: c_int,
}

const ROWS_WITHOUT_PADDING: c_int = 0;
/// What lies outside of a buffer is 0.
const ABYSS_NONE: c_int = 0;
/// In full size.
const LEVEL: c_int = 0;

functions! {
    /// Of GEGL and babl.
    pub(crate) struct Gegl {
        unsafe fn gegl_init(*mut c_int, *mut *mut *mut c_char);
        unsafe fn gegl_buffer_get(Object, &GeglRectangle, c_double, Babl, *mut c_void, c_int, c_int);
        unsafe fn gegl_buffer_set(Object, &GeglRectangle, c_int, Babl, *const c_void, c_int);
        unsafe fn gegl_buffer_flush(Object);
        unsafe fn babl_format_with_space(Text<'_>, Babl) -> Babl;
        unsafe fn babl_format_get_space(Babl) -> Babl;
    }
}

impl Gegl {
    /// Starts GEGL, once in a run of the plug-in.
    pub(crate) fn start(&self) {
        // SAFETY: NULL stands for no arguments.
        unsafe { (self.gegl_init)(null_mut(), null_mut()) };
    }

    /// Reads from the buffer of an item with its own format.
    pub(crate) fn read(&self, buffer: &Owned<'_>, own: Babl, area: Rect, format: Format) -> Result<Samples> {
        Ok(match format.samples {
            SampleType::U8 => Samples::U8(self.read_as(buffer, own, area, format)?),
            SampleType::U16 => Samples::U16(self.read_as(buffer, own, area, format)?),
            SampleType::F32 => Samples::F32(self.read_as(buffer, own, area, format)?),
        })
    }

    fn read_as<T: Default + Clone>(&self, buffer: &Owned<'_>, own: Babl, area: Rect, format: Format) -> Result<Vec<T>> {
        let (count, rectangle) = measure(area, format)?;
        let mut samples = Vec::new();
        samples.try_reserve_exact(count).map_err(|_| Error::new(format!("no memory for {} × {} pixels", area.width, area.height)))?;
        samples.resize(count, T::default());
        if count > 0 {
            let format = self.format(format, own)?;
            // SAFETY: a buffer that is owned; `samples` has room for all of the rectangle in this format, without padding: `T` is what `format` says.
            unsafe {
                let start = samples.as_mut_ptr().cast();
                (self.gegl_buffer_get)(buffer.object(), &rectangle, 1.0, format, start, ROWS_WITHOUT_PADDING, ABYSS_NONE);
            }
        }
        Ok(samples)
    }

    /// Writes into the buffer of an item with its own format.
    pub(crate) fn write(&self, buffer: &Owned<'_>, own: Babl, area: Rect, format: Format, samples: &Samples) -> Result<()> {
        let rectangle = fitting(area, format, samples)?;
        let start: *const c_void = match samples {
            Samples::U8(samples) => samples.as_ptr().cast(),
            Samples::U16(samples) => samples.as_ptr().cast(),
            Samples::F32(samples) => samples.as_ptr().cast(),
        };
        if !samples.is_empty() {
            let format = self.format(format, own)?;
            // SAFETY: a buffer that is owned; `samples` are as many as the rectangle has in this format, and of its type: `fitting` made sure.
            unsafe {
                (self.gegl_buffer_set)(buffer.object(), &rectangle, LEVEL, format, start, ROWS_WITHOUT_PADDING);
                (self.gegl_buffer_flush)(buffer.object());
            }
        }
        Ok(())
    }

    /// A format in the colour space of another one.
    fn format(&self, format: Format, own: Babl) -> Result<Babl> {
        let encoding = encoding(format)?;
        if own.0.is_null() {
            return Err(Error::new("GIMP does not say how it keeps the pixels"));
        }
        // SAFETY: `own` is a format of babl's, and babl knows all names that `encoding` makes.
        Ok(unsafe { (self.babl_format_with_space)(encoding.as_c_str().into(), (self.babl_format_get_space)(own)) })
    }
}

/// What babl calls a format.
fn encoding(format: Format) -> Result<CString> {
    let mark = match format.curve {
        Curve::Linear => "",
        Curve::NonLinear => "'",
        Curve::Perceptual => "~",
    };
    let colours = match format.channels {
        Channels::Mask => "Y".to_owned(),
        Channels::Grey => format!("Y{mark}"),
        Channels::GreyAlpha => format!("Y{mark}A"),
        Channels::Rgb => format!("R{mark}G{mark}B{mark}"),
        Channels::RgbAlpha => format!("R{mark}G{mark}B{mark}A"),
    };
    let samples = match format.samples {
        SampleType::U8 => "u8",
        SampleType::U16 => "u16",
        SampleType::F32 => "float",
    };
    c_text(&format!("{colours} {samples}"))
}

/// How many samples an area has, and the area for GEGL.
fn measure(area: Rect, format: Format) -> Result<(usize, GeglRectangle)> {
    let unfit = || Error::new(format!("{} × {} pixels at {}, {} are no area", area.width, area.height, area.x, area.y));
    let side = |start: i32, length: u32| {
        let length = c_int::try_from(length).ok()?;
        start.checked_add(length).map(|_| length)
    };
    let (width, height) = side(area.x, area.width).zip(side(area.y, area.height)).ok_or_else(unfit)?;
    let pixels = (area.width as usize).checked_mul(area.height as usize);
    let count = pixels.and_then(|pixels| pixels.checked_mul(format.channels.count())).ok_or_else(unfit)?;
    Ok((count, GeglRectangle { x: area.x, y: area.y, width, height }))
}

/// The area for GEGL, if the samples are those of it.
fn fitting(area: Rect, format: Format, samples: &Samples) -> Result<GeglRectangle> {
    let (count, rectangle) = measure(area, format)?;
    if samples.sample_type() != format.samples {
        return Err(Error::new(format!("samples of type {:?} were announced as {:?}", samples.sample_type(), format.samples)));
    }
    if samples.len() != count {
        return Err(Error::new(format!("{} samples for {} × {} pixels, which need {count}", samples.len(), area.width, area.height)));
    }
    Ok(rectangle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_called_as_babl_calls_them() {
        use Channels::{Grey, GreyAlpha, Mask, Rgb, RgbAlpha};
        use Curve::{Linear, NonLinear, Perceptual};
        use SampleType::{F32, U8, U16};
        for (channels, curve, samples, name) in [
            (Mask, Perceptual, U8, c"Y u8"),
            (Mask, Linear, U16, c"Y u16"),
            (Grey, Linear, F32, c"Y float"),
            (Grey, NonLinear, U8, c"Y' u8"),
            (GreyAlpha, Linear, U16, c"YA u16"),
            (GreyAlpha, NonLinear, F32, c"Y'A float"),
            (GreyAlpha, Perceptual, U8, c"Y~A u8"),
            (Rgb, Linear, F32, c"RGB float"),
            (Rgb, NonLinear, U8, c"R'G'B' u8"),
            (Rgb, Perceptual, U16, c"R~G~B~ u16"),
            (RgbAlpha, Linear, U8, c"RGBA u8"),
            (RgbAlpha, NonLinear, F32, c"R'G'B'A float"),
            (RgbAlpha, Perceptual, U8, c"R~G~B~A u8"),
        ] {
            assert_eq!(encoding(Format { channels, samples, curve }).unwrap().as_c_str(), name);
        }
    }

    const RGB: Format = Format { channels: Channels::Rgb, samples: SampleType::U8, curve: Curve::Perceptual };

    #[test]
    fn samples_have_to_be_those_of_the_area() {
        let area = Rect { x: -1, y: 2, width: 2, height: 3 };
        assert!(fitting(area, RGB, &Samples::U8(vec![0; 18])).is_ok());
        assert!(fitting(area, RGB, &Samples::U8(vec![0; 17])).is_err());
        assert!(fitting(area, RGB, &Samples::U8(vec![0; 19])).is_err());
        assert!(fitting(area, RGB, &Samples::U16(vec![0; 18])).is_err());
    }

    #[test]
    fn an_area_that_no_number_can_hold_is_refused() {
        let area = |x, width, height| Rect { x, y: 0, width, height };
        assert!(measure(area(0, u32::MAX, 1), RGB).is_err());
        assert!(measure(area(i32::MAX, 1, 1), RGB).is_err());
        assert_eq!(measure(area(0, 0, 9), RGB).unwrap().0, 0);
        assert_eq!(measure(area(-5, 10, 2), RGB).unwrap().0, 60);
    }
}
