//! Devices by their names: `auto`, `cpu`, `cuda`, `cuda:1`, `metal`.

use std::sync::OnceLock;

use candle_core::Device;
use dedit_diffusion::{Error, ErrorKind, Result};

/// The name of the device that this build and this machine choose: the first of CUDA, Metal and the processor that opens.
pub const AUTO: &str = "auto";

/// A device that was opened.
#[derive(Debug, Clone)]
pub(crate) struct Opened {
    pub(crate) device: Device,
    /// Its name; every device has one: `cuda:0` for `cuda`.
    pub(crate) name: String,
}

/// What [`AUTO`] has come to.
struct Choice {
    name: String,
    /// Why it is not a device that this build was made for.
    fallback: Option<String>,
}

/// The devices that this build was made for, the best first.
fn candidates() -> Vec<&'static str> {
    let built = [("cuda:0", cfg!(feature = "cuda")), ("metal", cfg!(feature = "metal")), ("cpu", true)];
    built.into_iter().filter_map(|(name, built)| built.then_some(name)).collect()
}

/// Chosen once for the process: opening a device takes time, and what fails once fails again.
fn chosen() -> &'static Choice {
    static CHOSEN: OnceLock<Choice> = OnceLock::new();
    CHOSEN.get_or_init(|| choose(&candidates(), |name| named(name).map(drop)))
}

fn choose(candidates: &[&str], opens: impl Fn(&str) -> Result<()>) -> Choice {
    let mut fallback: Option<String> = None;
    for name in candidates {
        match opens(name) {
            Ok(()) => return Choice { name: (*name).to_owned(), fallback: fallback.map(|why| format!("{why}: it runs on {name}")) },
            Err(error) => fallback = fallback.or_else(|| Some(error.message().to_owned())),
        }
    }
    Choice { name: "cpu".to_owned(), fallback }
}

/// Opens a device; none is [`AUTO`].
///
/// # Errors
/// `Usage` for a name that is none, or one that this build was not made for; `Resources` where it cannot be opened.
pub(crate) fn open(name: Option<&str>) -> Result<Opened> {
    match name {
        None | Some(AUTO) => named(&chosen().name),
        Some(name) => named(name),
    }
}

/// The one name of a device, for any of its names; none is [`AUTO`]. Opens nothing but what [`AUTO`] tries.
pub(crate) fn one_name(name: Option<&str>) -> String {
    match name {
        None | Some(AUTO) => chosen().name.clone(),
        Some("cuda") => "cuda:0".to_owned(),
        Some(name) => name.to_owned(),
    }
}

/// Why [`AUTO`] is not the device that this build was made for, if it is not.
pub(crate) fn fallback() -> Option<&'static str> {
    chosen().fallback.as_deref()
}

fn named(name: &str) -> Result<Opened> {
    let index = name.strip_prefix("cuda:").and_then(|index| index.parse().ok());
    let (opened, name, built, feature) = match (name, index) {
        ("cpu", _) => return Ok(Opened { device: Device::Cpu, name: name.to_owned() }),
        ("cuda", _) => (Device::new_cuda(0), "cuda:0".to_owned(), cfg!(feature = "cuda"), "cuda"),
        (_, Some(index)) => (Device::new_cuda(index), format!("cuda:{index}"), cfg!(feature = "cuda"), "cuda"),
        ("metal", _) => (Device::new_metal(0), name.to_owned(), cfg!(feature = "metal"), "metal"),
        _ => return Err(Error::usage(format!("there is no device '{name}'")).hint("give auto, cpu, cuda, cuda:1 or metal")),
    };
    if !built {
        return Err(Error::usage(format!("this dedit was built without support for {feature}"))
            .hint(format!("use --device cpu, or build it with --features {feature}")));
    }
    let device = opened.map_err(|error| {
        Error::new(ErrorKind::Resources, format!("the device {feature} cannot be opened ({error})")).hint("use --device cpu")
    })?;
    Ok(Opened { device, name })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_device_that_opens_is_chosen() {
        struct Case {
            candidates: &'static [&'static str],
            open: &'static [&'static str],
            name: &'static str,
            fallback: Option<&'static str>,
        }
        let all = &["cuda:0", "metal", "cpu"];
        for Case { candidates, open, name, fallback } in [
            Case { candidates: all, open: all, name: "cuda:0", fallback: None },
            Case { candidates: all, open: &["metal", "cpu"], name: "metal", fallback: Some("no cuda:0: it runs on metal") },
            Case { candidates: all, open: &["cpu"], name: "cpu", fallback: Some("no cuda:0: it runs on cpu") },
            Case { candidates: &["cpu"], open: &["cpu"], name: "cpu", fallback: None },
        ] {
            let opens = |name: &str| if open.contains(&name) { Ok(()) } else { Err(Error::usage(format!("no {name}"))) };
            let choice = choose(candidates, opens);
            assert_eq!((choice.name.as_str(), choice.fallback.as_deref()), (name, fallback), "{open:?}");
        }
    }

    #[test]
    fn none_is_the_automatic_choice() {
        let name = |device: Option<&str>| open(device).unwrap().name;
        assert_eq!((name(None), name(Some(AUTO))), (name(Some("auto")), chosen().name.clone()));
        assert_eq!(name(Some("cpu")), "cpu");
        for (name, one) in
            [(None, chosen().name.as_str()), (Some("auto"), &chosen().name), (Some("cuda"), "cuda:0"), (Some("cuda:1"), "cuda:1")]
        {
            assert_eq!(one_name(name), one, "{name:?}");
        }
        if candidates() == ["cpu"] {
            assert_eq!((name(None).as_str(), fallback()), ("cpu", None));
        }
    }
}
