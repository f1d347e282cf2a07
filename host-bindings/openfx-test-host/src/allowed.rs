//! The permitted values of text properties.

const CONTEXTS: &[&str] = &[
    "OfxImageEffectContextGenerator",
    "OfxImageEffectContextFilter",
    "OfxImageEffectContextTransition",
    "OfxImageEffectContextPaint",
    "OfxImageEffectContextGeneral",
    "OfxImageEffectContextRetimer",
];
const DEPTHS: &[&str] = &["OfxBitDepthNone", "OfxBitDepthByte", "OfxBitDepthShort", "OfxBitDepthHalf", "OfxBitDepthFloat"];
const COMPONENTS: &[&str] = &["OfxImageComponentNone", "OfxImageComponentRGBA", "OfxImageComponentRGB", "OfxImageComponentAlpha"];
const DOUBLE_TYPES: &[&str] = &[
    "OfxParamDoubleTypePlain",
    "OfxParamDoubleTypeAngle",
    "OfxParamDoubleTypeScale",
    "OfxParamDoubleTypeTime",
    "OfxParamDoubleTypeAbsoluteTime",
    "OfxParamDoubleTypeX",
    "OfxParamDoubleTypeXAbsolute",
    "OfxParamDoubleTypeY",
    "OfxParamDoubleTypeYAbsolute",
    "OfxParamDoubleTypeXY",
    "OfxParamDoubleTypeXYAbsolute",
];
const STRING_MODES: &[&str] = &[
    "OfxParamStringIsSingleLine",
    "OfxParamStringIsMultiLine",
    "OfxParamStringIsFilePath",
    "OfxParamStringIsDirectoryPath",
    "OfxParamStringIsLabel",
    "OfxParamStringIsRichTextFormat",
];
const STYLES: &[&str] = &[
    "OfxImageEffectColourManagementNone",
    "OfxImageEffectColourManagementBasic",
    "OfxImageEffectColourManagementCore",
    "OfxImageEffectColourManagementFull",
    "OfxImageEffectColourManagementOCIO",
];

/// The permitted values of a property; `None` where any text is permitted.
pub(crate) fn allowed(name: &str) -> Option<&'static [&'static str]> {
    Some(match name {
        "OfxImageEffectPropSupportedContexts" => CONTEXTS,
        "OfxImageEffectPropSupportedPixelDepths" => DEPTHS,
        "OfxImageEffectPropSupportedComponents" => COMPONENTS,
        "OfxImageEffectPluginRenderThreadSafety" => {
            &["OfxImageEffectRenderUnsafe", "OfxImageEffectRenderInstanceSafe", "OfxImageEffectRenderFullySafe"]
        }
        "OfxImageClipPropFieldExtraction" => &["OfxFieldBoth", "OfxFieldSingle", "OfxFieldDoubled"],
        "OfxParamPropDoubleType" => DOUBLE_TYPES,
        "OfxParamPropDefaultCoordinateSystem" => &["OfxParamCoordinatesCanonical", "OfxParamCoordinatesNormalised"],
        "OfxParamPropStringMode" => STRING_MODES,
        "OfxParamPropCacheInvalidation" => {
            &["OfxParamInvalidateValueChange", "OfxParamInvalidateValueChangeToEnd", "OfxParamInvalidateAll"]
        }
        "OfxImageEffectPropOpenGLRenderSupported" | "OfxImageEffectPropOpenCLSupported" | "OfxImageEffectPropCPURenderSupported" => {
            &["true", "false", "needed"]
        }
        "OfxImageEffectPropPreMultiplication" => &["OfxImageOpaque", "OfxImageAlphaPremultiplied", "OfxImageAlphaUnPremultiplied"],
        "OfxImageEffectPropColourManagementStyle" => STYLES,
        _ if name.starts_with("OfxImageClipPropComponents_") => COMPONENTS,
        _ if name.starts_with("OfxImageClipPropDepth_") => DEPTHS,
        _ => return None,
    })
}
