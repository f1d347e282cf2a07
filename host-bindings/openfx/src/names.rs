//! The words of OpenFX 1.5: actions, suites, properties and their values, letter for letter as its headers have them.
//!
//! Those that look wrong are so in the headers, and permanent.

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
        /// The library was loaded.
        LOAD = c"OfxActionLoad";
        /// It is about to be unloaded.
        UNLOAD = c"OfxActionUnload";
        /// What the effect is.
        DESCRIBE = c"OfxActionDescribe";
        /// Its clips and parameters in a context.
        DESCRIBE_IN_CONTEXT = c"OfxImageEffectActionDescribeInContext";
        /// An instance begins.
        CREATE_INSTANCE = c"OfxActionCreateInstance";
        /// An instance ends.
        DESTROY_INSTANCE = c"OfxActionDestroyInstance";
        /// A parameter or clip has changed.
        INSTANCE_CHANGED = c"OfxActionInstanceChanged";
        /// Memory is short.
        PURGE_CACHES = c"OfxActionPurgeCaches";
        /// Whether a frame comes out as it goes in.
        IS_IDENTITY = c"OfxImageEffectActionIsIdentity";
        /// Make a frame.
        RENDER = c"OfxImageEffectActionRender";
        /// What of the inputs is needed.
        REGIONS_OF_INTEREST = c"OfxImageEffectActionGetRegionsOfInterest";
        /// Which frames of the inputs are needed.
        FRAMES_NEEDED = c"OfxImageEffectActionGetFramesNeeded";
        /// Formats.
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
        /// What something is.
        TYPE = c"OfxPropType";
        /// A time, in frames.
        TIME = c"OfxPropTime";
        /// A version in numbers.
        VERSION = c"OfxPropVersion";
        /// A version for people.
        VERSION_LABEL = c"OfxPropVersionLabel";
        /// What an effect is for.
        DESCRIPTION = c"OfxPropPluginDescription";
        /// Who changed something.
        CHANGE_REASON = c"OfxPropChangeReason";
        /// Where the bundle is.
        FILE_PATH = c"OfxPluginPropFilePath";
        /// Menu in which an effect is.
        GROUPING = c"OfxImageEffectPluginPropGrouping";
        /// The contexts of an effect.
        CONTEXTS = c"OfxImageEffectPropSupportedContexts";
        /// The context of an instance.
        CONTEXT = c"OfxImageEffectPropContext";
        /// The depths that an effect takes.
        DEPTHS = c"OfxImageEffectPropSupportedPixelDepths";
        /// The components that a clip takes.
        SUPPORTED_COMPONENTS = c"OfxImageEffectPropSupportedComponents";
        /// Whether there may be one instance alone.
        SINGLE_INSTANCE = c"OfxImageEffectPluginPropSingleInstance";
        /// Whether the host may render strips in threads.
        HOST_FRAME_THREADING = c"OfxImageEffectPluginPropHostFrameThreading";
        /// Whether images of one clip may differ in size.
        MULTI_RESOLUTION = c"OfxImageEffectPropSupportsMultiResolution";
        /// Whether parts of images are made and taken.
        TILES = c"OfxImageEffectPropSupportsTiles";
        /// Whether other times are asked for.
        TEMPORAL_ACCESS = c"OfxImageEffectPropTemporalClipAccess";
        /// Whether fields are always rendered apart.
        FIELD_RENDER_TWICE = c"OfxImageEffectPluginPropFieldRenderTwiceAlways";
        /// Whether clips may differ in depth.
        MULTIPLE_DEPTHS = c"OfxImageEffectPropMultipleClipDepths";
        /// Whether clips may differ in pixel aspect ratio.
        MULTIPLE_PARS = c"OfxImageEffectPropSupportsMultipleClipPARs";
        /// How threads may render.
        THREAD_SAFETY = c"OfxImageEffectPluginRenderThreadSafety";
        /// Whether a clip may be left unconnected.
        OPTIONAL = c"OfxImageClipPropOptional";
        /// Whether a clip is connected.
        CONNECTED = c"OfxImageClipPropConnected";
        /// How fields are taken from a clip.
        FIELD_EXTRACTION = c"OfxImageClipPropFieldExtraction";
        /// The colour space of a clip, by the name of OpenFX 1.5.
        COLOURSPACE = c"OfxImageClipPropColourspace";
        /// The depth of an image.
        DEPTH = c"OfxImageEffectPropPixelDepth";
        /// The components of an image.
        COMPONENTS = c"OfxImageEffectPropComponents";
        /// Whether alpha is multiplied in.
        PREMULTIPLICATION = c"OfxImageEffectPropPreMultiplication";
        /// The pixels of an image.
        DATA = c"OfxImagePropData";
        /// Where the pixels of an image are.
        BOUNDS = c"OfxImagePropBounds";
        /// From a row to that above it.
        ROW_BYTES = c"OfxImagePropRowBytes";
        /// Width of a pixel over its height.
        PIXEL_ASPECT = c"OfxImagePropPixelAspectRatio";
        /// What is to be rendered.
        RENDER_WINDOW = c"OfxImageEffectPropRenderWindow";
        /// Pixels rendered for one of the whole size.
        RENDER_SCALE = c"OfxImageEffectPropRenderScale";
        /// Which field is to be rendered.
        FIELD_TO_RENDER = c"OfxImageEffectPropFieldToRender";
        /// Whether frames differ by time alone.
        FRAME_VARYING = c"OfxImageEffectFrameVarying";
        /// Parameters by which formats, and whether frames differ by time alone, change.
        PREFERENCES_PARAMETER = c"OfxImageEffectPropClipPreferencesSlaveParam";
        /// How the effect knows of colour spaces.
        COLOUR_STYLE = c"OfxImageEffectPropColourManagementStyle";
        /// Which names of colour spaces the effect knows.
        COLOUR_CONFIGS = c"OfxImageEffectPropColourManagementAvailableConfigs";
        /// A parameter's parent.
        PARENT = c"OfxParamPropParent";
        /// What a parameter is for.
        HINT = c"OfxParamPropHint";
        /// A parameter's default.
        DEFAULT = c"OfxParamPropDefault";
        /// Whether a parameter changes over time.
        ANIMATES = c"OfxParamPropAnimates";
        /// Whether a parameter is hidden.
        SECRET = c"OfxParamPropSecret";
        /// Whether a parameter can be edited.
        ENABLED = c"OfxParamPropEnabled";
        /// Whether a parameter is kept in projects.
        PERSISTENT = c"OfxParamPropPersistant";
        /// Whether a change of a parameter changes pictures.
        EVALUATE_ON_CHANGE = c"OfxParamPropEvaluateOnChange";
        /// Smallest value.
        MIN = c"OfxParamPropMin";
        /// Largest value.
        MAX = c"OfxParamPropMax";
        /// Smallest value of a slider.
        DISPLAY_MIN = c"OfxParamPropDisplayMin";
        /// Largest value of a slider.
        DISPLAY_MAX = c"OfxParamPropDisplayMax";
        /// What a number means.
        DOUBLE_TYPE = c"OfxParamPropDoubleType";
        /// The system of a default that is a place.
        DEFAULT_SYSTEM = c"OfxParamPropDefaultCoordinateSystem";
        /// How a text is edited.
        STRING_MODE = c"OfxParamPropStringMode";
        /// Whether the file of a text has to be there.
        FILE_EXISTS = c"OfxParamPropStringFilePathExists";
        /// The entries of a choice.
        CHOICE_OPTION = c"OfxParamPropChoiceOption";
        /// Whether a group is unfolded.
        GROUP_OPEN = c"OfxParamPropGroupOpen";
    }
}

/// Values of properties.
pub mod value {
    use super::CStr;
    words! {
        /// A context with one input.
        FILTER = c"OfxImageEffectContextFilter";
        /// A context with any inputs.
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
        /// It is not.
        UNPREMULTIPLIED = c"OfxImageAlphaUnPremultiplied";
        /// Any number of renders.
        FULLY_SAFE = c"OfxImageEffectRenderFullySafe";
        /// Rows 0, 2, 4 …
        FIELD_LOWER = c"OfxFieldLower";
        /// Rows 1, 3, 5 …
        FIELD_UPPER = c"OfxFieldUpper";
        /// Whole frames.
        FIELD_BOTH = c"OfxFieldBoth";
        /// Not at all.
        COLOUR_NONE = c"OfxImageEffectColourManagementNone";
        /// By the names of OpenFX 1.5.
        COLOUR_CORE = c"OfxImageEffectColourManagementCore";
        /// The names that OpenFX 1.5 has.
        COLOUR_CONFIG = c"ofx-native-v1.5_aces-v1.3_ocio-v2.3";
        /// The user did it.
        USER_EDITED = c"OfxChangeUserEdited";
        /// A parameter.
        PARAMETER = c"OfxTypeParameter";
        /// A clip.
        CLIP = c"OfxTypeClip";
        /// An error.
        ERROR = c"OfxMessageError";
        /// Something for people to read.
        MESSAGE = c"OfxMessageMessage";
        /// The clip that is filtered.
        SOURCE = c"Source";
        /// The clip that is made.
        OUTPUT = c"Output";
        /// Values from 0 to 1 of the picture's size.
        CANONICAL = c"OfxParamCoordinatesCanonical";
        /// A vector in pixels of the whole size.
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
        /// A text that is read alone.
        TEXT_LABEL = c"OfxParamStringIsLabel";
    }
}

/// Types of parameters.
pub mod param {
    use super::CStr;
    words! {
        /// A whole number.
        INTEGER = c"OfxParamTypeInteger";
        /// A number.
        DOUBLE = c"OfxParamTypeDouble";
        /// Two numbers.
        DOUBLE_2D = c"OfxParamTypeDouble2D";
        /// Yes or no.
        BOOLEAN = c"OfxParamTypeBoolean";
        /// One of a list.
        CHOICE = c"OfxParamTypeChoice";
        /// A text.
        STRING = c"OfxParamTypeString";
        /// A group of others.
        GROUP = c"OfxParamTypeGroup";
        /// A button.
        PUSH_BUTTON = c"OfxParamTypePushButton";
    }
}
