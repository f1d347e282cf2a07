//! A tiny effect of this process, which behaves well or badly as its parameter `do` says. It uses the C interface, as any effect does.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]
#![expect(unsafe_code, reason = "an effect calls the functions of its host through pointers")]

use std::ffi::{CStr, CString, c_char, c_double, c_int, c_void};
use std::fmt::Write as _;
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicUsize, Ordering};

use ofx_host::abi::{
    Handle, ImageEffectSuite, MessageSuite, OfxHost, OfxPlugin, ParameterSuite, ProgressSuite, ProgressSuiteV2, PropertySuite, Status,
    status,
};

pub(crate) const NAME: &str = "org.example:tiny";

pub(crate) static PLUGIN: OfxPlugin = OfxPlugin {
    api: c"OfxImageEffectPluginAPI".as_ptr(),
    api_version: 1,
    identifier: c"org.example:tiny".as_ptr(),
    version_major: 1,
    version_minor: 2,
    set_host: Some(set_host),
    main_entry: Some(main_entry),
};

static HOST: AtomicUsize = AtomicUsize::new(0);
/// Renders running at once.
pub(crate) static AT_ONCE: AtomicUsize = AtomicUsize::new(0);

unsafe extern "C" fn set_host(host: *mut OfxHost) {
    HOST.store(host.expose_provenance(), Ordering::SeqCst);
}

fn suite<T>(name: &CStr, version: c_int) -> Option<&'static T> {
    let host: *const OfxHost = std::ptr::with_exposed_provenance(HOST.load(Ordering::SeqCst));
    // SAFETY: the argument of `setHost`, which is never freed; nor are its suites.
    unsafe { ((*host).fetch_suite.unwrap())((*host).properties, name.as_ptr(), version).cast::<T>().as_ref() }
}

fn properties() -> &'static PropertySuite {
    suite(c"OfxPropertySuite", 1).unwrap()
}

fn effects() -> &'static ImageEffectSuite {
    suite(c"OfxImageEffectSuite", 1).unwrap()
}

fn params() -> &'static ParameterSuite {
    suite(c"OfxParameterSuite", 1).unwrap()
}

/// Calls a function of a suite.
macro_rules! call {
    ($suite:expr, $name:ident $(, $argument:expr)*) => {
        // SAFETY: a function of the host with arguments of its types; places are on this stack.
        unsafe { $suite.$name.unwrap()($($argument),*) }
    };
}

fn set(handle: Handle, name: &CStr, index: c_int, text: &CStr) -> Status {
    call!(properties(), set_string, handle, name.as_ptr(), index, text.as_ptr())
}

fn get_int(handle: Handle, name: &CStr, index: c_int) -> c_int {
    let mut value = 0;
    call!(properties(), get_int, handle, name.as_ptr(), index, &raw mut value);
    value
}

fn get_double(handle: Handle, name: &CStr) -> c_double {
    let mut value = 0.0;
    call!(properties(), get_double, handle, name.as_ptr(), 0, &raw mut value);
    value
}

fn describe(effect: Handle) -> Status {
    let mut all = null_mut();
    call!(effects(), get_property_set, effect, &raw mut all);
    set(all, c"OfxPropLabel", 0, c"Tiny");
    set(all, c"OfxImageEffectPropSupportedContexts", 0, c"OfxImageEffectContextFilter");
    set(all, c"OfxImageEffectPropSupportedContexts", 1, c"OfxImageEffectContextGeneral");
    set(all, c"OfxImageEffectPropSupportedPixelDepths", 0, c"OfxBitDepthFloat");
    set(all, c"OfxImageEffectPluginRenderThreadSafety", 0, c"OfxImageEffectRenderFullySafe");
    status::OK
}

pub(crate) const PARAMS: [(&CStr, &CStr); 15] = [
    (c"do", c"OfxParamTypeString"),
    (c"integer", c"OfxParamTypeInteger"),
    (c"integer2", c"OfxParamTypeInteger2D"),
    (c"integer3", c"OfxParamTypeInteger3D"),
    (c"double", c"OfxParamTypeDouble"),
    (c"double2", c"OfxParamTypeDouble2D"),
    (c"double3", c"OfxParamTypeDouble3D"),
    (c"rgb", c"OfxParamTypeRGB"),
    (c"rgba", c"OfxParamTypeRGBA"),
    (c"boolean", c"OfxParamTypeBoolean"),
    (c"choice", c"OfxParamTypeChoice"),
    (c"custom", c"OfxParamTypeCustom"),
    (c"group", c"OfxParamTypeGroup"),
    (c"button", c"OfxParamTypePushButton"),
    (c"report", c"OfxParamTypeString"),
];

fn describe_in_context(effect: Handle) -> Status {
    let (mut set_of, mut all) = (null_mut(), null_mut());
    for name in [c"Source", c"Output"] {
        call!(effects(), clip_define, effect, name.as_ptr(), &raw mut all);
        set(all, c"OfxImageEffectPropSupportedComponents", 0, c"OfxImageComponentRGBA");
    }
    call!(effects(), get_param_set, effect, &raw mut set_of);
    for (name, kind) in PARAMS {
        assert_eq!(call!(params(), define, set_of, kind.as_ptr(), name.as_ptr(), &raw mut all), status::OK);
        match name.to_bytes() {
            b"choice" => (0..3).for_each(|index| {
                set(all, c"OfxParamPropChoiceOption", index, c"entry");
            }),
            b"do" => {
                set(all, c"OfxParamPropDefault", 0, c"copy");
            }
            b"button" => {
                set(all, c"OfxParamPropParent", 0, c"group");
            }
            _ => {}
        }
    }
    assert_eq!(call!(params(), define, set_of, c"OfxParamTypeNone".as_ptr(), c"none".as_ptr(), null_mut()), status::UNKNOWN);
    status::OK
}

fn param(effect: Handle, name: &CStr) -> Handle {
    let (mut set_of, mut param) = (null_mut(), null_mut());
    call!(effects(), get_param_set, effect, &raw mut set_of);
    call!(params(), get_handle, set_of, name.as_ptr(), &raw mut param, null_mut());
    param
}

fn text_at(effect: Handle, name: &CStr, time: c_double) -> String {
    let mut text: *const c_char = null();
    call!(params(), get_value_at_time, param(effect, name), time, &raw mut text);
    // SAFETY: a string of the host, valid until the action ends.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}

/// An image and the location of its pixels.
struct Image {
    handle: Handle,
    bounds: [c_int; 4],
    row: isize,
    data: *mut u8,
}

impl Image {
    fn fetch(effect: Handle, name: &CStr, time: c_double) -> Option<Self> {
        let (mut clip, mut handle, mut data) = (null_mut(), null_mut(), null_mut());
        call!(effects(), clip_get_handle, effect, name.as_ptr(), &raw mut clip, null_mut());
        if call!(effects(), clip_get_image, clip, time, null(), &raw mut handle) != status::OK {
            return None;
        }
        call!(properties(), get_pointer, handle, c"OfxImagePropData".as_ptr(), 0, &raw mut data);
        let bounds = [0, 1, 2, 3].map(|index| get_int(handle, c"OfxImagePropBounds", index));
        Some(Self { handle, bounds, row: get_int(handle, c"OfxImagePropRowBytes", 0) as isize, data: data.cast() })
    }

    fn at(&self, x: c_int, y: c_int) -> *mut [f32; 4] {
        self.data.wrapping_offset((y - self.bounds[1]) as isize * self.row + (x - self.bounds[0]) as isize * 16).cast()
    }

    fn release(self) {
        call!(effects(), clip_release_image, self.handle);
    }
}

fn render(effect: Handle, arguments: Handle) -> Status {
    let time = get_double(arguments, c"OfxPropTime");
    let window = [0, 1, 2, 3].map(|index| get_int(arguments, c"OfxImageEffectPropRenderWindow", index));
    let what = text_at(effect, c"do", time);
    let mut hole: c_int = 0;
    match what.as_str() {
        "abort" => return (0..100).find(|_| call!(effects(), abort, effect) != 0).map_or(status::OK, |_| status::FAILED),
        "progress" => return progress(effect),
        "message" => return message(effect),
        "set" => return call!(params(), set_value, param(effect, c"integer"), 3_i32),
        "no time" => return call!(params(), get_value, param(effect, c"integer"), &raw mut hole),
        "wrong handle" => return call!(properties(), set_int, effect, c"OfxPropLabel".as_ptr(), 0, 3),
        "wrong type" => return call!(properties(), get_int, arguments, c"OfxPropTime".as_ptr(), 0, &raw mut hole),
        "wrong name" => return call!(properties(), set_int, arguments, c"OfxPropNone".as_ptr(), 0, 3),
        "meet" => meet(),
        _ => {}
    }
    let Some(source) = Image::fetch(effect, c"Source", time) else { return status::FAILED };
    let Some(output) = Image::fetch(effect, c"Output", time) else { return status::FAILED };
    let red = what == "double";
    let mut value = 0.0;
    call!(params(), get_value_at_time, param(effect, c"double"), time, &raw mut value);
    for y in window[1]..window[3] {
        for x in window[0]..window[2] {
            // SAFETY: the tests keep the window within both images.
            unsafe { *output.at(x, y) = if red { [value as f32; 4] } else { *source.at(x, y) } };
        }
    }
    misbehave(&what, window, &source, &output);
    let handle = source.handle;
    if what != "leak" {
        source.release();
    }
    if what == "twice" {
        call!(effects(), clip_release_image, handle);
    }
    output.release();
    status::OK
}

fn misbehave(what: &str, window: [c_int; 4], source: &Image, output: &Image) {
    let [x1, y1, x2, y2] = window;
    let place = match what {
        "right of the window" => output.at(x2, y1),
        "above the window" => output.at(x1, y2),
        // In memory; which row that is depends on the stride.
        "before the memory" => {
            output.at(output.bounds[0], if output.row < 0 { output.bounds[3] - 1 } else { output.bounds[1] }).wrapping_sub(1)
        }
        "padding" => output.at(output.bounds[2], y1),
        "the source" => source.at(x1, y1),
        _ => return,
    };
    // SAFETY: the host surrounds its images with guard bytes; writing there is what is tested.
    unsafe { *place = [7.0; 4] };
}

/// Waits until another render runs, too.
fn meet() {
    AT_ONCE.fetch_add(1, Ordering::SeqCst);
    let start = std::time::Instant::now();
    while AT_ONCE.load(Ordering::SeqCst) < 2 && start.elapsed().as_secs() < 10 {
        std::thread::yield_now();
    }
}

fn progress(effect: Handle) -> Status {
    let mut cancelled = false;
    if let Some(suite) = suite::<ProgressSuiteV2>(c"OfxProgressSuite", 2) {
        call!(suite, start, effect, c"Tiny".as_ptr(), c"tiny_id".as_ptr());
        cancelled = (0..4).any(|step| call!(suite, update, effect, f64::from(step) / 4.0) == status::NO);
        call!(suite, end, effect);
    } else if let Some(suite) = suite::<ProgressSuite>(c"OfxProgressSuite", 1) {
        call!(suite, start, effect, c"Tiny".as_ptr());
    }
    if cancelled { status::FAILED } else { status::OK }
}

fn message(effect: Handle) -> Status {
    let Some(suite) = suite::<MessageSuite>(c"OfxMessageSuite", 2) else { return status::MISSING_HOST_FEATURE };
    let (kind, words) = (c"OfxMessageError", c"%s: %d of %.1f");
    call!(suite, message, effect, c"OfxMessageMessage".as_ptr(), c"id".as_ptr(), words.as_ptr(), c"text".as_ptr(), 3_i32, 4.5_f64);
    call!(suite, set_persistent_message, effect, kind.as_ptr(), null(), c"%s".as_ptr(), c"100% gone".as_ptr());
    call!(suite, clear_persistent_message, effect);
    call!(suite, set_persistent_message, effect, kind.as_ptr(), null(), c"stays".as_ptr());
    status::OK
}

/// Reads every parameter, sets it to another value, and puts what it read into `report`.
fn change_all(effect: Handle) {
    let mut words = String::new();
    for (name, kind) in PARAMS.into_iter().filter(|(name, _)| !matches!(name.to_bytes(), b"report" | b"do")) {
        let handle = param(effect, name);
        let (mut int, mut double, mut text): ([c_int; 4], [c_double; 4], *const c_char) = ([0; 4], [0.0; 4], null());
        let ([a, b, c, d], [i, j, k]) = (double.each_mut().map(|value| &raw mut *value), [0, 1, 2].map(|at| &raw mut int[at]));
        let read = match kind.to_str().unwrap() {
            "OfxParamTypeDouble" => call!(params(), get_value, handle, a),
            "OfxParamTypeDouble2D" => call!(params(), get_value, handle, a, b),
            "OfxParamTypeDouble3D" | "OfxParamTypeRGB" => call!(params(), get_value, handle, a, b, c),
            "OfxParamTypeRGBA" => call!(params(), get_value, handle, a, b, c, d),
            "OfxParamTypeInteger2D" => call!(params(), get_value, handle, i, j),
            "OfxParamTypeInteger3D" => call!(params(), get_value, handle, i, j, k),
            "OfxParamTypeCustom" => call!(params(), get_value, handle, &raw mut text),
            "OfxParamTypeGroup" | "OfxParamTypePushButton" => continue,
            _ => call!(params(), get_value, handle, i),
        };
        assert_eq!(read, status::OK, "{name:?}");
        // SAFETY: null, or the host's text.
        let text = if text.is_null() { String::new() } else { unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned() };
        writeln!(words, "{}: {int:?} {double:?} {text}", name.to_string_lossy()).unwrap();
        let written = match kind.to_str().unwrap() {
            "OfxParamTypeDouble" => call!(params(), set_value, handle, 0.5_f64),
            "OfxParamTypeDouble2D" => call!(params(), set_value, handle, 0.5_f64, 1.5_f64),
            "OfxParamTypeDouble3D" | "OfxParamTypeRGB" => call!(params(), set_value, handle, 0.5_f64, 1.5_f64, 2.5_f64),
            "OfxParamTypeRGBA" => call!(params(), set_value, handle, 0.5_f64, 1.5_f64, 2.5_f64, 3.5_f64),
            "OfxParamTypeInteger2D" => call!(params(), set_value, handle, 5_i32, 6_i32),
            "OfxParamTypeInteger3D" => call!(params(), set_value, handle, 5_i32, 6_i32, 7_i32),
            "OfxParamTypeCustom" => call!(params(), set_value, handle, c"set".as_ptr()),
            _ => call!(params(), set_value, handle, 1_i32),
        };
        assert_eq!(written, status::OK, "{name:?}");
    }
    let words = CString::new(words).unwrap();
    call!(params(), set_value, param(effect, c"report"), words.as_ptr());
}

fn changed(effect: Handle, arguments: Handle) -> Status {
    let mut name: *const c_char = null();
    call!(properties(), get_string, arguments, c"OfxPropName".as_ptr(), 0, &raw mut name);
    // SAFETY: the host's text.
    if unsafe { CStr::from_ptr(name) } == c"button" {
        change_all(effect);
    }
    status::OK
}

unsafe extern "C" fn main_entry(action: *const c_char, handle: *const c_void, arguments: Handle, _results: Handle) -> Status {
    // SAFETY: the host's text.
    let action = unsafe { CStr::from_ptr(action) }.to_str().unwrap();
    let effect = handle.cast_mut();
    match action {
        "OfxActionLoad" | "OfxActionUnload" | "OfxActionCreateInstance" | "OfxActionDestroyInstance" => status::OK,
        "OfxActionDescribe" => describe(effect),
        "OfxImageEffectActionDescribeInContext" => describe_in_context(effect),
        "OfxImageEffectActionRender" => render(effect, arguments),
        "OfxActionInstanceChanged" => changed(effect, arguments),
        _ => status::DEFAULT,
    }
}
