//! The settings of a host.

use crate::prop::Properties;

/// The properties and capabilities of a host.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the specification")]
pub struct HostSettings {
    /// `OfxPropName`.
    pub name: String,
    /// `OfxPropLabel`.
    pub label: String,
    /// `OfxPropAPIVersion`; `None` as in hosts of version 1.0.
    pub api_version: Option<[i32; 2]>,
    /// The host's own version.
    pub version: [i32; 3],
    /// Whether it runs without a user.
    pub is_background: bool,
    /// Whether tiles are supported.
    pub supports_tiles: bool,
    /// Whether images of other times can be fetched.
    pub temporal_access: bool,
    /// Whether images of one clip may differ in size.
    pub multi_resolution: bool,
    /// Whether clips may differ in depth.
    pub multiple_depths: bool,
    /// Whether clips may differ in pixel aspect ratio.
    pub multiple_pars: bool,
    /// Whether texts can be animated.
    pub string_animation: bool,
    /// Whether choices can be animated.
    pub choice_animation: bool,
    /// Whether booleans can be animated.
    pub boolean_animation: bool,
    /// The maximum number of parameters; -1 for any number.
    pub max_parameters: i32,
    /// Highest version of the message suite; 0 for none.
    pub message_version: i32,
    /// Highest version of the progress suite; 0 for none.
    pub progress_version: i32,
    /// Names of missing suites.
    pub missing_suites: Vec<String>,
    /// The style of colour management, e.g. `OfxImageEffectColourManagementCore`; `None` for hosts that do not know of it.
    pub colour_management: Option<String>,
    /// More properties, or other values.
    pub more: Properties,
    /// Names of missing properties.
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
