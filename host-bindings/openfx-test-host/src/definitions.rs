//! The properties of each kind of object by OpenFX 1.5: type, number of values, whether effects may write them, and defaults.

use Form::{Bool, Double, Int, Pointer, Text};
use Start::{D, I, T};

/// The type of a property.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// 0 or 1.
    Bool,
    Int,
    Double,
    Text,
    Pointer,
}

/// A default value.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Start {
    I(i32),
    D(f64),
    T(&'static str),
}

/// The definition of a property.
#[derive(Debug, Clone)]
pub(crate) struct Definition {
    pub(crate) name: String,
    pub(crate) form: Form,
    /// The number of values; `None` for any number.
    pub(crate) dimension: Option<usize>,
    pub(crate) writable: bool,
    pub(crate) start: Vec<Start>,
}

type Row = (&'static str, Form, usize, bool, &'static [Start]);

/// Writable for effects.
const W: bool = true;
/// Read-only for effects.
const R: bool = false;

fn list(rows: &[Row]) -> Vec<Definition> {
    let one = |&(name, form, dimension, writable, start): &Row| Definition {
        name: name.to_owned(),
        form,
        dimension: (dimension > 0).then_some(dimension),
        writable,
        start: start.to_vec(),
    };
    rows.iter().map(one).collect()
}

/// A property with a composed name.
pub(crate) fn single(name: String, form: Form, dimension: usize, writable: bool) -> Definition {
    Definition { name, form, dimension: (dimension > 0).then_some(dimension), writable, start: Vec::new() }
}

/// Labels. The host fills in missing ones.
const LABELS: [Row; 3] = [("OfxPropLabel", Text, 1, W, &[]), ("OfxPropShortLabel", Text, 1, W, &[]), ("OfxPropLongLabel", Text, 1, W, &[])];

/// The descriptor of an effect.
pub(crate) fn effect_descriptor() -> Vec<Definition> {
    let mut all = list(&LABELS);
    all.extend(list(&[
        ("OfxPropType", Text, 1, R, &[T("OfxTypeImageEffect")]),
        ("OfxPropVersion", Int, 0, W, &[]),
        ("OfxPropVersionLabel", Text, 1, W, &[]),
        ("OfxPropPluginDescription", Text, 1, W, &[]),
        ("OfxPropIcon", Text, 2, W, &[]),
        ("OfxImageEffectPropSupportedContexts", Text, 0, W, &[]),
        ("OfxImageEffectPluginPropGrouping", Text, 1, W, &[]),
        ("OfxImageEffectPluginPropObsolete", Bool, 1, W, &[]),
        ("OfxImageEffectPluginPropSingleInstance", Bool, 1, W, &[]),
        ("OfxImageEffectPluginRenderThreadSafety", Text, 1, W, &[T("OfxImageEffectRenderInstanceSafe")]),
        ("OfxImageEffectPluginPropHostFrameThreading", Bool, 1, W, &[I(1)]),
        ("OfxImageEffectPluginPropOverlayInteractV1", Pointer, 1, W, &[]),
        ("OfxImageEffectPluginPropOverlayInteractV2", Pointer, 1, W, &[]),
        ("OfxImageEffectPropSupportsMultiResolution", Bool, 1, W, &[I(1)]),
        ("OfxImageEffectPropSupportsTiles", Bool, 1, W, &[I(1)]),
        ("OfxImageEffectPropTemporalClipAccess", Bool, 1, W, &[]),
        ("OfxImageEffectPropSupportedPixelDepths", Text, 0, W, &[]),
        ("OfxImageEffectPluginPropFieldRenderTwiceAlways", Bool, 1, W, &[I(1)]),
        ("OfxImageEffectPropMultipleClipDepths", Bool, 1, W, &[]),
        ("OfxImageEffectPropSupportsMultipleClipPARs", Bool, 1, W, &[]),
        ("OfxImageEffectPropClipPreferencesSlaveParam", Text, 0, W, &[]),
        ("OfxImageEffectPropOpenGLRenderSupported", Text, 1, W, &[T("false")]),
        ("OfxImageEffectPropOpenCLSupported", Text, 1, W, &[T("false")]),
        ("OfxImageEffectPropCPURenderSupported", Text, 1, W, &[T("true")]),
        ("OfxImageEffectPropNoSpatialAwareness", Text, 1, W, &[T("false")]),
        ("OfxOpenGLPropPixelDepth", Text, 0, W, &[]),
        ("OfxPluginPropFilePath", Text, 1, R, &[]),
        ("OfxPluginPropParamPageOrder", Text, 0, W, &[]),
        ("OfxPropParamSetNeedsSyncing", Bool, 1, W, &[]),
    ]));
    all
}

/// Further properties of the descriptor in hosts with colour management.
pub(crate) fn effect_colours() -> Vec<Definition> {
    list(&[
        ("OfxImageEffectPropColourManagementAvailableConfigs", Text, 0, W, &[]),
        ("OfxImageEffectPropColourManagementStyle", Text, 1, W, &[T("OfxImageEffectColourManagementNone")]),
    ])
}

/// An instance.
pub(crate) fn effect_instance() -> Vec<Definition> {
    list(&[
        ("OfxPropType", Text, 1, R, &[T("OfxTypeImageEffectInstance")]),
        ("OfxImageEffectPropContext", Text, 1, R, &[]),
        ("OfxPropInstanceData", Pointer, 1, W, &[]),
        ("OfxPropLabel", Text, 1, R, &[]),
        ("OfxImageEffectPropProjectSize", Double, 2, R, &[]),
        ("OfxImageEffectPropProjectOffset", Double, 2, R, &[]),
        ("OfxImageEffectPropProjectExtent", Double, 2, R, &[]),
        ("OfxImageEffectPropPixelAspectRatio", Double, 1, R, &[D(1.0)]),
        ("OfxImageEffectInstancePropEffectDuration", Double, 1, R, &[]),
        ("OfxImageEffectInstancePropSequentialRender", Int, 1, W, &[]),
        ("OfxImageEffectPropSupportsTiles", Bool, 1, W, &[I(1)]),
        ("OfxImageEffectPropOpenGLRenderSupported", Text, 1, W, &[T("false")]),
        ("OfxImageEffectPropFrameRate", Double, 1, R, &[]),
        ("OfxPropIsInteractive", Bool, 1, R, &[]),
        ("OfxImageEffectPropPluginHandle", Pointer, 1, R, &[]),
        ("OfxPropParamSetNeedsSyncing", Bool, 1, W, &[]),
    ])
}

/// The descriptor of a clip.
pub(crate) fn clip_descriptor() -> Vec<Definition> {
    let mut all = list(&LABELS);
    all.extend(list(&[
        ("OfxPropType", Text, 1, R, &[T("OfxTypeClip")]),
        ("OfxPropName", Text, 1, R, &[]),
        ("OfxImageEffectPropSupportedComponents", Text, 0, W, &[]),
        ("OfxImageEffectPropTemporalClipAccess", Bool, 1, W, &[]),
        ("OfxImageClipPropOptional", Bool, 1, W, &[]),
        ("OfxImageClipPropFieldExtraction", Text, 1, W, &[T("OfxFieldDoubled")]),
        ("OfxImageClipPropIsMask", Bool, 1, W, &[]),
        ("OfxImageEffectPropSupportsTiles", Bool, 1, W, &[I(1)]),
    ]));
    all
}

/// A clip of an instance.
pub(crate) fn clip_instance() -> Vec<Definition> {
    let mut all = clip_descriptor();
    for definition in &mut all {
        definition.writable = false;
    }
    all.extend(list(&[
        ("OfxImageEffectPropPixelDepth", Text, 1, R, &[T("OfxBitDepthNone")]),
        ("OfxImageEffectPropComponents", Text, 1, R, &[T("OfxImageComponentNone")]),
        ("OfxImageClipPropUnmappedPixelDepth", Text, 1, R, &[T("OfxBitDepthNone")]),
        ("OfxImageClipPropUnmappedComponents", Text, 1, R, &[T("OfxImageComponentNone")]),
        ("OfxImageEffectPropPreMultiplication", Text, 1, R, &[T("OfxImageOpaque")]),
        ("OfxImagePropPixelAspectRatio", Double, 1, R, &[D(1.0)]),
        ("OfxImageEffectPropFrameRate", Double, 1, R, &[]),
        ("OfxImageEffectPropFrameRange", Double, 2, R, &[]),
        ("OfxImageEffectPropUnmappedFrameRange", Double, 2, R, &[]),
        ("OfxImageEffectPropUnmappedFrameRate", Double, 1, R, &[]),
        ("OfxImageClipPropFieldOrder", Text, 1, R, &[T("OfxFieldNone")]),
        ("OfxImageClipPropConnected", Bool, 1, R, &[]),
        ("OfxImageClipPropContinuousSamples", Bool, 1, R, &[]),
    ]));
    all
}

/// An image; the host sets all of its properties.
pub(crate) fn image() -> Vec<Definition> {
    list(&[
        ("OfxPropType", Text, 1, R, &[T("OfxTypeImage")]),
        ("OfxImageEffectPropPixelDepth", Text, 1, R, &[]),
        ("OfxImageEffectPropComponents", Text, 1, R, &[]),
        ("OfxImageEffectPropPreMultiplication", Text, 1, R, &[]),
        ("OfxImageEffectPropRenderScale", Double, 2, R, &[]),
        ("OfxImagePropPixelAspectRatio", Double, 1, R, &[]),
        ("OfxImagePropData", Pointer, 1, R, &[]),
        ("OfxImagePropBounds", Int, 4, R, &[]),
        ("OfxImagePropRegionOfDefinition", Int, 4, R, &[]),
        ("OfxImagePropRowBytes", Int, 1, R, &[]),
        ("OfxImagePropField", Text, 1, R, &[]),
        ("OfxImagePropUniqueIdentifier", Text, 1, R, &[]),
    ])
}

/// The properties of all parameters.
fn param_common() -> Vec<Definition> {
    let mut all = list(&LABELS);
    all.extend(list(&[
        ("OfxPropType", Text, 1, R, &[T("OfxTypeParameter")]),
        ("OfxPropName", Text, 1, R, &[]),
        ("OfxPropIcon", Text, 2, W, &[]),
        ("OfxParamPropType", Text, 1, R, &[]),
        ("OfxParamPropSecret", Bool, 1, W, &[]),
        ("OfxParamPropHint", Text, 1, W, &[]),
        ("OfxParamPropScriptName", Text, 1, W, &[]),
        ("OfxParamPropParent", Text, 1, W, &[]),
        ("OfxParamPropEnabled", Bool, 1, W, &[I(1)]),
        ("OfxParamPropDataPtr", Pointer, 1, W, &[]),
    ]));
    all
}

const VALUE: [Row; 8] = [
    ("OfxParamPropAnimates", Bool, 1, W, &[I(1)]),
    ("OfxParamPropIsAnimating", Bool, 1, R, &[]),
    ("OfxParamPropIsAutoKeying", Bool, 1, R, &[]),
    ("OfxParamPropPersistant", Bool, 1, W, &[I(1)]),
    ("OfxParamPropEvaluateOnChange", Bool, 1, W, &[I(1)]),
    ("OfxParamPropPluginMayWrite", Bool, 1, W, &[]),
    ("OfxParamPropCacheInvalidation", Text, 1, W, &[T("OfxParamInvalidateValueChange")]),
    ("OfxParamPropCanUndo", Bool, 1, W, &[I(1)]),
];

/// The limits of numbers; by default those of the type.
fn limits(form: Form, count: usize) -> Vec<Definition> {
    let (low, high) = if form == Int { (I(i32::MIN), I(i32::MAX)) } else { (D(f64::MIN), D(f64::MAX)) };
    let one = |(name, start): (&str, Start)| Definition {
        name: name.to_owned(),
        form,
        dimension: Some(count),
        writable: true,
        start: vec![start; count],
    };
    [("OfxParamPropMin", low), ("OfxParamPropMax", high), ("OfxParamPropDisplayMin", low), ("OfxParamPropDisplayMax", high)].map(one).into()
}

/// A parameter of a type; `shape` is the type and count of its components, if it has a value.
pub(crate) fn param(kind: &str, shape: Option<(Form, usize)>) -> Vec<Definition> {
    let mut all = param_common();
    let Some((form, count)) = shape else {
        match kind {
            "OfxParamTypeGroup" => all.extend(list(&[("OfxParamPropGroupOpen", Bool, 1, W, &[I(1)])])),
            "OfxParamTypePage" => all.extend(list(&[("OfxParamPropPageChild", Text, 0, W, &[])])),
            _ => {}
        }
        return all;
    };
    all.extend(list(&VALUE));
    all.push(single("OfxParamPropDefault".to_owned(), form, count, true));
    if matches!(kind, "OfxParamTypeString" | "OfxParamTypeCustom" | "OfxParamTypeBoolean" | "OfxParamTypeStrChoice") {
        // Not animated by default: few hosts can animate these types.
        all.iter_mut().filter(|definition| definition.name == "OfxParamPropAnimates").for_each(|definition| definition.start = vec![I(0)]);
    }
    if matches!(form, Int | Double) && !matches!(kind, "OfxParamTypeBoolean" | "OfxParamTypeChoice") {
        all.extend(limits(form, count));
    }
    let more: &[Row] = match kind {
        "OfxParamTypeDouble" => &[
            ("OfxParamPropIncrement", Double, 1, W, &[D(1.0)]),
            ("OfxParamPropDigits", Int, 1, W, &[I(2)]),
            ("OfxParamPropShowTimeMarker", Bool, 1, W, &[]),
            ("OfxParamPropDoubleType", Text, 1, W, &[T("OfxParamDoubleTypePlain")]),
            ("OfxParamPropDefaultCoordinateSystem", Text, 1, W, &[T("OfxParamCoordinatesCanonical")]),
        ],
        "OfxParamTypeDouble2D" | "OfxParamTypeDouble3D" => &[
            ("OfxParamPropIncrement", Double, 1, W, &[D(1.0)]),
            ("OfxParamPropDigits", Int, 1, W, &[I(2)]),
            ("OfxParamPropDoubleType", Text, 1, W, &[T("OfxParamDoubleTypePlain")]),
            ("OfxParamPropDefaultCoordinateSystem", Text, 1, W, &[T("OfxParamCoordinatesCanonical")]),
            ("OfxParamPropDimensionLabel", Text, 0, W, &[T("x"), T("y"), T("z")]),
            ("kOfxParamPropUseHostOverlayHandle", Bool, 1, W, &[]),
        ],
        "OfxParamTypeInteger2D" | "OfxParamTypeInteger3D" => &[("OfxParamPropDimensionLabel", Text, 0, W, &[T("x"), T("y"), T("z")])],
        "OfxParamTypeString" => &[
            ("OfxParamPropStringMode", Text, 1, W, &[T("OfxParamStringIsSingleLine")]),
            ("OfxParamPropStringFilePathExists", Bool, 1, W, &[I(1)]),
        ],
        "OfxParamTypeChoice" => &[("OfxParamPropChoiceOption", Text, 0, W, &[]), ("OfxParamPropChoiceOrder", Int, 0, W, &[])],
        "OfxParamTypeStrChoice" => &[("OfxParamPropChoiceOption", Text, 0, W, &[]), ("OfxParamPropChoiceEnum", Text, 0, W, &[])],
        "OfxParamTypeCustom" => &[("OfxParamPropCustomCallbackV1", Pointer, 1, W, &[])],
        _ => &[],
    };
    all.extend(list(more));
    all
}

/// The properties of an instance's parameter that effects may write.
pub(crate) const PARAM_INSTANCE_WRITABLE: [&str; 15] = [
    "OfxPropLabel",
    "OfxPropShortLabel",
    "OfxPropLongLabel",
    "OfxParamPropSecret",
    "OfxParamPropHint",
    "OfxParamPropEnabled",
    "OfxParamPropDataPtr",
    "OfxParamPropDefault",
    "OfxParamPropMin",
    "OfxParamPropMax",
    "OfxParamPropDisplayMin",
    "OfxParamPropDisplayMax",
    "OfxParamPropEvaluateOnChange",
    "OfxParamPropChoiceOption",
    "OfxParamPropGroupOpen",
];
