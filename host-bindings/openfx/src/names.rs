//! The strings of OpenFX 1.5: actions, suites, properties and their values, spelled as in its headers, misspellings included.

use std::ffi::CStr;

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident = $word:literal;)*) => {
        $($(#[$doc])* pub const $name: &CStr = $word;)*
    };
}

/// The kind of plug-in.
pub const IMAGE_EFFECT_API: &CStr = c"OfxImageEffectPluginAPI";

/// Actions.
pub mod action {
    use super::CStr;
    words! {
        /// After the library was loaded.
        LOAD = c"OfxActionLoad";
        /// Before the library is unloaded.
        UNLOAD = c"OfxActionUnload";
        /// Describe the effect.
        DESCRIBE = c"OfxActionDescribe";
        /// Define clips and parameters for a context.
        DESCRIBE_IN_CONTEXT = c"OfxImageEffectActionDescribeInContext";
        /// Create an instance.
        CREATE_INSTANCE = c"OfxActionCreateInstance";
        /// Destroy an instance.
        DESTROY_INSTANCE = c"OfxActionDestroyInstance";
        /// A parameter or clip has changed.
        INSTANCE_CHANGED = c"OfxActionInstanceChanged";
        /// Free caches.
        PURGE_CACHES = c"OfxActionPurgeCaches";
        /// Whether a frame passes through unchanged.
        IS_IDENTITY = c"OfxImageEffectActionIsIdentity";
        /// Render a frame.
        RENDER = c"OfxImageEffectActionRender";
        /// Which regions of the inputs are needed.
        REGIONS_OF_INTEREST = c"OfxImageEffectActionGetRegionsOfInterest";
        /// Which frames of the inputs are needed.
        FRAMES_NEEDED = c"OfxImageEffectActionGetFramesNeeded";
        /// Formats of the output.
        CLIP_PREFERENCES = c"OfxImageEffectActionGetClipPreferences";
    }
}

/// Suites.
pub mod suite {
    use super::CStr;
    words! {
        /// Properties, version 1.
        PROPERTY = c"OfxPropertySuite";
        /// Clips and images, version 1.
        IMAGE_EFFECT = c"OfxImageEffectSuite";
        /// Parameters, version 1.
        PARAMETER = c"OfxParameterSuite";
        /// Messages, versions 1 and 2.
        MESSAGE = c"OfxMessageSuite";
        /// Progress, versions 1 and 2.
        PROGRESS = c"OfxProgressSuite";
    }
}

/// Properties.
pub mod prop {
    use super::CStr;
    words! {
        /// A name.
        NAME = c"OfxPropName";
        /// A label.
        LABEL = c"OfxPropLabel";
        /// The kind of an object.
        TYPE = c"OfxPropType";
        /// A time, in frames.
        TIME = c"OfxPropTime";
        /// A version as integers.
        VERSION = c"OfxPropVersion";
        /// A version as text.
        VERSION_LABEL = c"OfxPropVersionLabel";
        /// The description of an effect.
        DESCRIPTION = c"OfxPropPluginDescription";
        /// Who changed something.
        CHANGE_REASON = c"OfxPropChangeReason";
        /// The path of the bundle.
        FILE_PATH = c"OfxPluginPropFilePath";
        /// The menu of an effect.
        GROUPING = c"OfxImageEffectPluginPropGrouping";
        /// The contexts of an effect.
        CONTEXTS = c"OfxImageEffectPropSupportedContexts";
        /// The context of an instance.
        CONTEXT = c"OfxImageEffectPropContext";
        /// The depths that an effect supports.
        DEPTHS = c"OfxImageEffectPropSupportedPixelDepths";
        /// The components that a clip supports.
        SUPPORTED_COMPONENTS = c"OfxImageEffectPropSupportedComponents";
        /// Whether only one instance may exist.
        SINGLE_INSTANCE = c"OfxImageEffectPluginPropSingleInstance";
        /// Whether the host may split a frame into strips for several threads.
        HOST_FRAME_THREADING = c"OfxImageEffectPluginPropHostFrameThreading";
        /// Whether images of one clip may differ in size.
        MULTI_RESOLUTION = c"OfxImageEffectPropSupportsMultiResolution";
        /// Whether tiles are supported.
        TILES = c"OfxImageEffectPropSupportsTiles";
        /// Whether images of other times are fetched.
        TEMPORAL_ACCESS = c"OfxImageEffectPropTemporalClipAccess";
        /// Whether fields are always rendered separately.
        FIELD_RENDER_TWICE = c"OfxImageEffectPluginPropFieldRenderTwiceAlways";
        /// Whether clips may differ in depth.
        MULTIPLE_DEPTHS = c"OfxImageEffectPropMultipleClipDepths";
        /// Whether clips may differ in pixel aspect ratio.
        MULTIPLE_PARS = c"OfxImageEffectPropSupportsMultipleClipPARs";
        /// Thread safety of rendering.
        THREAD_SAFETY = c"OfxImageEffectPluginRenderThreadSafety";
        /// Whether a clip may stay unconnected.
        OPTIONAL = c"OfxImageClipPropOptional";
        /// Whether a clip is connected.
        CONNECTED = c"OfxImageClipPropConnected";
        /// How fields are extracted from a clip.
        FIELD_EXTRACTION = c"OfxImageClipPropFieldExtraction";
        /// The OpenFX 1.5 name of a clip's colour space.
        COLOURSPACE = c"OfxImageClipPropColourspace";
        /// The depth of an image.
        DEPTH = c"OfxImageEffectPropPixelDepth";
        /// The components of an image.
        COMPONENTS = c"OfxImageEffectPropComponents";
        /// How alpha relates to colour.
        PREMULTIPLICATION = c"OfxImageEffectPropPreMultiplication";
        /// The address of an image's pixels.
        DATA = c"OfxImagePropData";
        /// The rectangle of an image's pixels.
        BOUNDS = c"OfxImagePropBounds";
        /// Bytes from a row to the one above it; may be negative.
        ROW_BYTES = c"OfxImagePropRowBytes";
        /// Width of a pixel over its height.
        PIXEL_ASPECT = c"OfxImagePropPixelAspectRatio";
        /// The window to render.
        RENDER_WINDOW = c"OfxImageEffectPropRenderWindow";
        /// Rendered pixels per pixel of the full size.
        RENDER_SCALE = c"OfxImageEffectPropRenderScale";
        /// The field to render.
        FIELD_TO_RENDER = c"OfxImageEffectPropFieldToRender";
        /// Whether frames differ although inputs and parameters do not.
        FRAME_VARYING = c"OfxImageEffectFrameVarying";
        /// Prefix of the properties for the components of each clip.
        CLIP_COMPONENTS = c"OfxImageClipPropComponents_";
        /// Prefix of the properties for the needed region of each clip.
        REGION_OF_INTEREST = c"OfxImageClipPropRoI_";
        /// Prefix of the properties for the needed frames of each clip.
        FRAME_RANGE = c"OfxImageClipPropFrameRange_";
        /// Parameters that influence the clip preferences.
        PREFERENCES_PARAMETER = c"OfxImageEffectPropClipPreferencesSlaveParam";
        /// The style of colour management.
        COLOUR_STYLE = c"OfxImageEffectPropColourManagementStyle";
        /// The colour management configurations that the effect knows.
        COLOUR_CONFIGS = c"OfxImageEffectPropColourManagementAvailableConfigs";
        /// The group of a parameter.
        PARENT = c"OfxParamPropParent";
        /// The help text of a parameter.
        HINT = c"OfxParamPropHint";
        /// The default of a parameter.
        DEFAULT = c"OfxParamPropDefault";
        /// Whether a parameter can be animated.
        ANIMATES = c"OfxParamPropAnimates";
        /// Whether a parameter is hidden.
        SECRET = c"OfxParamPropSecret";
        /// Whether a parameter can be edited.
        ENABLED = c"OfxParamPropEnabled";
        /// Whether projects keep a parameter.
        PERSISTENT = c"OfxParamPropPersistant";
        /// Whether a change of a parameter changes pictures.
        EVALUATE_ON_CHANGE = c"OfxParamPropEvaluateOnChange";
        /// Smallest value.
        MIN = c"OfxParamPropMin";
        /// Largest value.
        MAX = c"OfxParamPropMax";
        /// Lower end of a slider.
        DISPLAY_MIN = c"OfxParamPropDisplayMin";
        /// Upper end of a slider.
        DISPLAY_MAX = c"OfxParamPropDisplayMax";
        /// The meaning of a number.
        DOUBLE_TYPE = c"OfxParamPropDoubleType";
        /// The coordinate system of a default.
        DEFAULT_SYSTEM = c"OfxParamPropDefaultCoordinateSystem";
        /// The kind of a text.
        STRING_MODE = c"OfxParamPropStringMode";
        /// Whether the file named by a text must exist.
        FILE_EXISTS = c"OfxParamPropStringFilePathExists";
        /// The entries of a choice.
        CHOICE_OPTION = c"OfxParamPropChoiceOption";
        /// Whether a group is open at first.
        GROUP_OPEN = c"OfxParamPropGroupOpen";
    }
}

/// Values of properties.
pub mod value {
    use super::CStr;
    words! {
        /// The context with one input.
        FILTER = c"OfxImageEffectContextFilter";
        /// The context with any inputs.
        GENERAL = c"OfxImageEffectContextGeneral";
        /// 0 … 255.
        BYTE = c"OfxBitDepthByte";
        /// 0 … 65535.
        SHORT = c"OfxBitDepthShort";
        /// IEEE binary16.
        HALF = c"OfxBitDepthHalf";
        /// IEEE binary32.
        FLOAT = c"OfxBitDepthFloat";
        /// Colour and alpha.
        RGBA = c"OfxImageComponentRGBA";
        /// Colour.
        RGB = c"OfxImageComponentRGB";
        /// Alpha.
        ALPHA = c"OfxImageComponentAlpha";
        /// Alpha is 1 everywhere.
        OPAQUE = c"OfxImageOpaque";
        /// Colours are not multiplied by alpha.
        UNPREMULTIPLIED = c"OfxImageAlphaUnPremultiplied";
        /// Colours are multiplied by alpha.
        PREMULTIPLIED = c"OfxImageAlphaPremultiplied";
        /// Any number of renders at once, in any instances.
        FULLY_SAFE = c"OfxImageEffectRenderFullySafe";
        /// Rows 0, 2, 4 …
        FIELD_LOWER = c"OfxFieldLower";
        /// Rows 1, 3, 5 …
        FIELD_UPPER = c"OfxFieldUpper";
        /// Whole frames.
        FIELD_BOTH = c"OfxFieldBoth";
        /// No colour management.
        COLOUR_NONE = c"OfxImageEffectColourManagementNone";
        /// Colour spaces by the names of OpenFX 1.5.
        COLOUR_CORE = c"OfxImageEffectColourManagementCore";
        /// The configuration with the names of OpenFX 1.5.
        COLOUR_CONFIG = c"ofx-native-v1.5_aces-v1.3_ocio-v2.3";
        /// The user made the change.
        USER_EDITED = c"OfxChangeUserEdited";
        /// A parameter.
        PARAMETER = c"OfxTypeParameter";
        /// A clip.
        CLIP = c"OfxTypeClip";
        /// An error.
        ERROR = c"OfxMessageError";
        /// Information for the user.
        MESSAGE = c"OfxMessageMessage";
        /// The clip that is filtered.
        SOURCE = c"Source";
        /// The clip that is rendered.
        OUTPUT = c"Output";
        /// Canonical coordinates: pixels of the full size.
        CANONICAL = c"OfxParamCoordinatesCanonical";
        /// A vector in pixels of the full size.
        XY = c"OfxParamDoubleTypeXY";
        /// A factor.
        SCALE = c"OfxParamDoubleTypeScale";
        /// Degrees.
        ANGLE = c"OfxParamDoubleTypeAngle";
        /// A number.
        PLAIN = c"OfxParamDoubleTypePlain";
        /// A text in one line.
        SINGLE_LINE = c"OfxParamStringIsSingleLine";
        /// The path of a file.
        FILE = c"OfxParamStringIsFilePath";
        /// A read-only text.
        TEXT_LABEL = c"OfxParamStringIsLabel";
    }
}

/// Types of parameters.
pub mod param {
    use super::CStr;
    words! {
        /// An integer.
        INTEGER = c"OfxParamTypeInteger";
        /// A number.
        DOUBLE = c"OfxParamTypeDouble";
        /// Two numbers.
        DOUBLE_2D = c"OfxParamTypeDouble2D";
        /// A switch.
        BOOLEAN = c"OfxParamTypeBoolean";
        /// One entry of a list.
        CHOICE = c"OfxParamTypeChoice";
        /// A text.
        STRING = c"OfxParamTypeString";
        /// A group of parameters.
        GROUP = c"OfxParamTypeGroup";
        /// A push button.
        PUSH_BUTTON = c"OfxParamTypePushButton";
    }
}
