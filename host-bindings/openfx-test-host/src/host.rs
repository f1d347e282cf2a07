//! The host: what it says of itself, and what it writes down.
#![expect(unsafe_code, reason = "the host's structure goes to effects, and its pointers from thread to thread")]

use std::sync::{Arc, LazyLock, Mutex, MutexGuard, OnceLock, PoisonError};

use ofx_host::abi::OfxHost;

use crate::property_set::{Properties, PropertySet, Slot};
use crate::suites;

/// How a host is, and what it lacks.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "hosts say yes or no to each of these")]
pub struct HostSettings {
    /// `OfxPropName`.
    pub name: String,
    /// `OfxPropLabel`.
    pub label: String,
    /// `OfxPropAPIVersion`; a host of version 1.0 says none.
    pub api_version: Option<[i32; 2]>,
    /// The host's own version.
    pub version: [i32; 3],
    /// Whether nobody sits in front of it.
    pub is_background: bool,
    /// Whether parts of images are asked for and given.
    pub supports_tiles: bool,
    /// Whether images of other times can be had.
    pub temporal_access: bool,
    /// Whether images of one clip may differ in size.
    pub multi_resolution: bool,
    /// Whether clips may differ in depth.
    pub multiple_depths: bool,
    /// Whether clips may differ in pixel aspect ratio.
    pub multiple_pars: bool,
    /// Whether texts change over time.
    pub string_animation: bool,
    /// Whether choices do.
    pub choice_animation: bool,
    /// Whether booleans do.
    pub boolean_animation: bool,
    /// The most parameters; -1 for any number.
    pub max_parameters: i32,
    /// Highest version of the suite for messages; 0 for none.
    pub message_version: i32,
    /// Highest version of the suite for progress; 0 for none.
    pub progress_version: i32,
    /// Suites that are not there, by name.
    pub missing_suites: Vec<String>,
    /// How colours are managed, e.g. `OfxImageEffectColourManagementCore`; without, the host does not know of that.
    pub colour_management: Option<String>,
    /// What else it says of itself, or says otherwise.
    pub more: Properties,
    /// Properties that it does not have after all.
    pub missing_properties: Vec<String>,
}

impl Default for HostSettings {
    fn default() -> Self {
        Self {
            name: "org.example.TestHost".to_owned(),
            label: "Test host".to_owned(),
            api_version: Some([1, 5]),
            version: [1, 0, 0],
            is_background: false,
            supports_tiles: true,
            temporal_access: true,
            multi_resolution: true,
            multiple_depths: true,
            multiple_pars: false,
            string_animation: false,
            choice_animation: true,
            boolean_animation: true,
            max_parameters: -1,
            message_version: 2,
            progress_version: 2,
            missing_suites: Vec::new(),
            colour_management: None,
            more: Properties::new(),
            missing_properties: Vec::new(),
        }
    }
}

/// A message of an effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Whether it stays until it is cleared.
    pub persistent: bool,
    /// e.g. `OfxMessageError`; `cleared` where a message that stayed was taken away.
    pub kind: String,
    /// The effect's id for it.
    pub id: String,
    /// What it says.
    pub text: String,
}

/// What a host has written down.
#[derive(Default)]
pub(crate) struct Records {
    pub(crate) complaints: Vec<String>,
    pub(crate) messages: Vec<Message>,
    pub(crate) suites: Vec<(String, i32, bool)>,
    pub(crate) answer: bool,
}

/// A structure that an effect keeps a pointer to.
struct Lasting(&'static OfxHost);

// SAFETY: the structure is written once, before it is shared, and the handle in it is a number.
unsafe impl Send for Lasting {}
// SAFETY: as above.
unsafe impl Sync for Lasting {}

/// What a host is behind its handle.
pub(crate) struct HostState {
    pub(crate) settings: HostSettings,
    properties: OnceLock<Arc<PropertySet>>,
    structure: OnceLock<Lasting>,
    records: Mutex<Records>,
}

impl HostState {
    pub(crate) fn records(&self) -> MutexGuard<'_, Records> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What `setHost` gets.
    pub(crate) fn structure(&self) -> *mut OfxHost {
        self.structure.get().map_or(std::ptr::null_mut(), |lasting| std::ptr::from_ref(lasting.0).cast_mut())
    }
}

/// Hosts that are known. They last: an effect may keep a pointer to its host as long as it is loaded, and a library is perhaps never unloaded.
static HOSTS: Mutex<Vec<Arc<HostState>>> = Mutex::new(Vec::new());

/// The host of a handle.
pub(crate) fn host_of(handle: ofx_host::abi::Handle) -> Option<Arc<HostState>> {
    let hosts = HOSTS.lock().unwrap_or_else(PoisonError::into_inner);
    hosts.iter().find(|host| host.properties.get().is_some_and(|set| set.handle() == handle)).cloned()
}

static STRAY: LazyLock<Mutex<Vec<String>>> = LazyLock::new(Mutex::default);

/// Writes down what belongs to no host that is known.
pub(crate) fn stray(words: String) {
    STRAY.lock().unwrap_or_else(PoisonError::into_inner).push(words);
}

/// Complaints in this process that belong to no host: calls with handles that are none, from threads in which no action runs.
pub fn stray_complaints() -> Vec<String> {
    STRAY.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// A host. Copies are the same one.
#[derive(Clone)]
pub struct Host {
    pub(crate) state: Arc<HostState>,
}

impl Host {
    /// A new one; it lasts until the process ends.
    pub fn new(settings: HostSettings) -> Self {
        let state = Arc::new(HostState { settings, properties: OnceLock::new(), structure: OnceLock::new(), records: Mutex::default() });
        let properties = PropertySet::new(&state, "the host", &[]);
        describe(&properties, &state.settings);
        let structure = OfxHost { properties: properties.handle(), fetch_suite: Some(suites::fetch) };
        let _ = state.structure.set(Lasting(Box::leak(Box::new(structure))));
        let _ = state.properties.set(properties);
        HOSTS.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&state));
        Self { state }
    }

    /// How it was made.
    pub fn settings(&self) -> &HostSettings {
        &self.state.settings
    }

    /// All that effects did wrong so far.
    pub fn complaints(&self) -> Vec<String> {
        self.state.records().complaints.clone()
    }

    /// All messages so far.
    pub fn messages(&self) -> Vec<Message> {
        self.state.records().messages.clone()
    }

    /// Suites that were asked for: name, version and whether there was one.
    pub fn suites_asked(&self) -> Vec<(String, i32, bool)> {
        self.state.records().suites.clone()
    }

    /// What is answered to questions from now on; at first no.
    pub fn answer_questions(&self, yes: bool) {
        self.state.records().answer = yes;
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
