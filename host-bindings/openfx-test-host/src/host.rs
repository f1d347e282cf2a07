//! The host as tests make it.

use std::sync::Arc;

use crate::host_state::HostState;
use crate::log::{HostLog, Message};
use crate::prop::Slot;
use crate::property_set::PropertySet;
use crate::settings::HostSettings;
use crate::suites;

/// A host. Clones are the same host.
#[derive(Clone)]
pub struct Host {
    pub(crate) state: Arc<HostState>,
}

impl Host {
    /// A new host, which lasts until the process ends.
    pub fn new(settings: HostSettings) -> Self {
        let log = Arc::new(HostLog::default());
        let properties = PropertySet::new(&log, "the host", &[]);
        describe(&properties, &settings);
        let state = HostState::add(settings, log, properties, suites::fetch);
        Self { state }
    }

    /// Its settings.
    pub fn settings(&self) -> &HostSettings {
        &self.state.settings
    }

    /// All errors of effects so far.
    pub fn complaints(&self) -> Vec<String> {
        self.state.log.records().complaints.clone()
    }

    /// All messages so far.
    pub fn messages(&self) -> Vec<Message> {
        self.state.log.records().messages.clone()
    }

    /// Requested suites: name, version and whether the host has it.
    pub fn suites_asked(&self) -> Vec<(String, i32, bool)> {
        self.state.log.records().suites.clone()
    }

    /// Sets the answer to questions; at first no.
    pub fn answer_questions(&self, yes: bool) {
        self.state.say_yes(yes);
    }
}

fn describe(set: &PropertySet, settings: &HostSettings) {
    if let Some(version) = settings.api_version {
        set.put("OfxPropAPIVersion", version);
    }
    let texts = |name: &str, values: &[&str]| set.put(name, values.iter().copied());
    texts("OfxPropType", &["OfxTypeImageEffectHost"]);
    texts("OfxPropName", &[&settings.name]);
    texts("OfxPropLabel", &[&settings.label]);
    set.put("OfxPropVersion", settings.version);
    texts("OfxPropVersionLabel", &["for tests"]);
    texts("OfxImageEffectPropSupportedComponents", &["OfxImageComponentRGBA", "OfxImageComponentRGB", "OfxImageComponentAlpha"]);
    texts("OfxImageEffectPropSupportedContexts", &["OfxImageEffectContextFilter", "OfxImageEffectContextGeneral"]);
    texts("OfxImageEffectPropSupportedPixelDepths", &["OfxBitDepthByte", "OfxBitDepthShort", "OfxBitDepthHalf", "OfxBitDepthFloat"]);
    texts("OfxImageEffectPropOpenGLRenderSupported", &["false"]);
    texts("OfxImageEffectHostPropNativeOrigin", &["kOfxImageEffectHostPropNativeOriginBottomLeft"]);
    for (name, yes) in [
        ("OfxImageEffectHostPropIsBackground", settings.is_background),
        ("OfxImageEffectPropSupportsOverlays", false),
        ("OfxImageEffectPropSupportsMultiResolution", settings.multi_resolution),
        ("OfxImageEffectPropSupportsTiles", settings.supports_tiles),
        ("OfxImageEffectPropTemporalClipAccess", settings.temporal_access),
        ("OfxImageEffectPropMultipleClipDepths", settings.multiple_depths),
        ("OfxImageEffectPropSupportsMultipleClipPARs", settings.multiple_pars),
        ("OfxImageEffectPropSetableFrameRate", false),
        ("OfxImageEffectPropSetableFielding", false),
        ("OfxImageEffectInstancePropSequentialRender", false),
        ("OfxParamHostPropSupportsCustomInteract", false),
        ("OfxParamHostPropSupportsStringAnimation", settings.string_animation),
        ("OfxParamHostPropSupportsChoiceAnimation", settings.choice_animation),
        ("OfxParamHostPropSupportsBooleanAnimation", settings.boolean_animation),
        ("OfxParamHostPropSupportsCustomAnimation", false),
        ("OfxParamHostPropSupportsParametricAnimation", false),
    ] {
        set.put(name, [yes]);
    }
    set.put("OfxParamHostPropMaxParameters", [settings.max_parameters]);
    set.put("OfxParamHostPropMaxPages", [0]);
    set.put("OfxParamHostPropPageRowColumnCount", [0, 0]);
    if let Some(style) = &settings.colour_management {
        texts("OfxImageEffectPropColourManagementStyle", &[style]);
        texts("OfxImageEffectPropColourManagementAvailableConfigs", &["ofx-native-v1.5_aces-v1.3_ocio-v2.3"]);
    }
    for (name, values) in &settings.more {
        set.put(name, values.iter().map(Slot::from));
    }
    set.remove(&settings.missing_properties);
}
