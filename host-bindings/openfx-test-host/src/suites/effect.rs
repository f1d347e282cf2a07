//! The image effect suite: clips, images and aborting.

use std::ffi::{c_double, c_int};
use std::sync::Arc;

use ofx_host::abi::{Handle, ImageEffectSuite, RectD, RectI, Status, Text, status};

use super::access::{effect, known, only_in, refuse};
use super::memory;
use crate::call::Call;
use crate::definitions;
use crate::effect_state::{Clip, EffectState, Stage};
use crate::guard::{answer, give, give_if_asked, guard, look, needed};
use crate::image::ClipImage;
use crate::live_image::{LiveImage, Pixels};
use crate::log::complain;
use crate::property_set::PropertySet;
use crate::registry::Kind;

pub(super) static SUITE: ImageEffectSuite = ImageEffectSuite {
    get_property_set: Some(get_property_set),
    get_param_set: Some(get_param_set),
    clip_define: Some(clip_define),
    clip_get_handle: Some(clip_get_handle),
    clip_get_property_set: Some(clip_get_property_set),
    clip_get_image: Some(clip_get_image),
    clip_release_image: Some(clip_release_image),
    clip_get_region_of_definition: Some(clip_get_region_of_definition),
    abort: Some(abort),
    image_memory_alloc: Some(memory::alloc),
    image_memory_free: Some(memory::free),
    image_memory_lock: Some(memory::lock),
    image_memory_unlock: Some(memory::unlock),
};

extern "C" fn get_property_set(handle: Handle, place: *mut Handle) -> Status {
    answer(|| give(place, effect(handle, "getPropertySet")?.properties.handle()))
}

extern "C" fn get_param_set(handle: Handle, place: *mut Handle) -> Status {
    answer(|| give(place, effect(handle, "getParamSet")?.param_set.handle()))
}

extern "C" fn clip_define(handle: Handle, name: Text, place: *mut Handle) -> Status {
    answer(|| {
        let effect = effect(handle, "clipDefine")?;
        only_in(&effect, "clipDefine", &["OfxImageEffectActionDescribeInContext"])?;
        let name = needed(name, "the name of a clip")?;
        if effect.clip(&name).is_some() {
            return refuse(&effect.host, status::EXISTS, format!("clipDefine: there is a clip {name} already"));
        }
        let properties = PropertySet::new(&effect.host.log, format!("the clip {name}"), &definitions::clip_descriptor());
        properties.put("OfxPropName", [name.as_str()]);
        properties.assume("OfxPropLabel", &name);
        give_if_asked(place, properties.handle());
        let clip = Clip::new(&effect, &name, properties);
        effect.life().clips.push(clip);
        Ok(())
    })
}

extern "C" fn clip_get_handle(handle: Handle, name: Text, place: *mut Handle, set: *mut Handle) -> Status {
    answer(|| {
        let effect = effect(handle, "clipGetHandle")?;
        let name = needed(name, "the name of a clip")?;
        if effect.stage != Stage::Instance {
            return refuse(&effect.host, status::BAD_HANDLE, "clipGetHandle is for instances".to_owned());
        }
        let Some(clip) = effect.clip(&name) else {
            return refuse(&effect.host, status::UNKNOWN, format!("clipGetHandle: there is no clip {name}"));
        };
        give_if_asked(set, clip.properties.handle());
        give(place, clip.registration.handle())
    })
}

extern "C" fn clip_get_property_set(handle: Handle, place: *mut Handle) -> Status {
    answer(|| give(place, known::<Clip>(handle, Kind::Clip, "clipGetPropertySet")?.properties.handle()))
}

/// The effect of a clip.
fn owner(clip: &Clip) -> Result<Arc<EffectState>, Status> {
    clip.effect.upgrade().ok_or(status::BAD_HANDLE)
}

extern "C" fn clip_get_image(handle: Handle, time: c_double, region: *const RectD, place: *mut Handle) -> Status {
    answer(|| {
        // First of all: a failure must not leave an old handle in the place.
        give(place, std::ptr::null_mut())?;
        let clip = known::<Clip>(handle, Kind::Clip, "clipGetImage")?;
        let effect = owner(&clip)?;
        let call = only_in(&effect, "clipGetImage", &["OfxImageEffectActionRender", "OfxActionInstanceChanged"])?;
        let live = if clip.name == "Output" { target(&effect, &call, time)? } else { source(&effect, &call, &clip, time, look(region))? };
        let handle = live.handle();
        call.images.add(live);
        give(place, handle)
    })
}

fn target(effect: &EffectState, call: &Call, time: f64) -> Result<Arc<LiveImage>, Status> {
    let Some(target) = &call.target else {
        return refuse(&effect.host, status::FAILED, format!("clipGetImage: there is no output in {}", call.action()));
    };
    if time.total_cmp(&call.time).is_ne() {
        return refuse(&effect.host, status::FAILED, format!("clipGetImage: the output is of time {}, not {time}", call.time));
    }
    Ok(live(call, "Output", Arc::clone(&target.pixels), true))
}

fn source(effect: &EffectState, call: &Call, clip: &Clip, time: f64, region: Option<RectD>) -> Result<Arc<LiveImage>, Status> {
    let other_times = effect.host.settings.temporal_access && clip.properties.int("OfxImageEffectPropTemporalClipAccess") != 0;
    if time.total_cmp(&call.time).is_ne() && !other_times && call.action() == "OfxImageEffectActionRender" {
        return refuse(&effect.host, status::FAILED, format!("clipGetImage: {} has no other time than {}", clip.name, call.time));
    }
    let source = clip.source().ok_or(status::FAILED)?;
    let image = source(time).ok_or(status::FAILED)?;
    if region.is_some_and(|region| !touches(region, &image, call.scale)) {
        return Err(status::FAILED);
    }
    Ok(live(call, &clip.name, Pixels::new(image), false))
}

fn live(call: &Call, clip: &str, pixels: Arc<Pixels>, is_target: bool) -> Arc<LiveImage> {
    LiveImage::new(&call.host.log, &call.images, clip, pixels, is_target, call.scale)
}

/// A rectangle in canonical coordinates: square pixels of the full size.
fn canonical(rect: RectI, pixel_aspect: f64, scale: [f64; 2]) -> RectD {
    let (x, y) = (pixel_aspect / scale[0], 1.0 / scale[1]);
    RectD { x1: f64::from(rect.x1) * x, y1: f64::from(rect.y1) * y, x2: f64::from(rect.x2) * x, y2: f64::from(rect.y2) * y }
}

fn touches(region: RectD, image: &ClipImage, scale: [f64; 2]) -> bool {
    let whole = canonical(image.bounds, image.pixel_aspect, scale);
    region.x1 < whole.x2 && region.x2 > whole.x1 && region.y1 < whole.y2 && region.y2 > whole.y1
}

extern "C" fn clip_release_image(handle: Handle) -> Status {
    answer(|| {
        let image = known::<LiveImage>(handle, Kind::Image, "clipReleaseImage")?;
        if image.release() { Ok(()) } else { Err(status::BAD_HANDLE) }
    })
}

extern "C" fn clip_get_region_of_definition(handle: Handle, time: c_double, place: *mut RectD) -> Status {
    answer(|| {
        let clip = known::<Clip>(handle, Kind::Clip, "clipGetRegionOfDefinition")?;
        let effect = owner(&clip)?;
        if clip.name == "Output" {
            let (size, offset) = ("OfxImageEffectPropProjectSize", "OfxImageEffectPropProjectOffset");
            let (size, offset) = (effect.properties.doubles(size), effect.properties.doubles(offset));
            let ([width, height], [x, y]) = (size.as_slice(), offset.as_slice()) else { return Err(status::FAILED) };
            return give(place, RectD { x1: *x, y1: *y, x2: x + width, y2: y + height });
        }
        let image = clip.source().and_then(|source| source(time)).ok_or(status::FAILED)?;
        let scale = Call::of(&effect).map_or([1.0, 1.0], |call| call.scale);
        give(place, canonical(image.region_of_definition.unwrap_or(image.bounds), image.pixel_aspect, scale))
    })
}

extern "C" fn abort(handle: Handle) -> c_int {
    guard(1, || {
        let Ok(effect) = effect(handle, "abort") else { return 1 };
        let Some(call) = Call::of(&effect) else {
            complain(Some(&effect.host.log), "abort outside of any action");
            return 1;
        };
        let hook = effect.life().abort.clone();
        let asked = call.count_abort();
        c_int::from(hook.is_some_and(|hook| hook(asked)))
    })
}
