//! Property sets: what an effect may read and write of one object, and the checks of that.

use std::collections::BTreeMap;
use std::ffi::CStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use ofx_host::abi::{Handle, Status, status};

use crate::allowed::allowed;
use crate::definitions::{Definition, Form, Start};
use crate::log::{HostLog, complain};
use crate::prop::{Prop, Properties, Slot};
use crate::registry::{Kind, Registration};

#[derive(Debug, Clone)]
struct Property {
    form: Form,
    dimension: Option<usize>,
    writable: bool,
    start: Vec<Slot>,
    values: Vec<Slot>,
}

impl Property {
    fn new(definition: &Definition) -> Self {
        let mut start: Vec<Slot> = definition
            .start
            .iter()
            .map(|start| match *start {
                Start::I(value) => Slot::Int(value),
                Start::D(value) => Slot::Double(value),
                Start::T(text) => text.into(),
            })
            .collect();
        start.resize(definition.dimension.unwrap_or(start.len()), Slot::zero(definition.form));
        let values = start.clone();
        Self { form: definition.form, dimension: definition.dimension, writable: definition.writable, start, values }
    }
}

#[derive(Default)]
struct Contents {
    properties: BTreeMap<String, Property>,
    /// Replaced texts, kept because an effect may still hold their address.
    replaced: Vec<Slot>,
    closed: bool,
}

/// A property set with its handle.
pub(crate) struct PropertySet {
    registration: Registration,
    what: String,
    log: Weak<HostLog>,
    contents: Mutex<Contents>,
}

impl PropertySet {
    /// A new set; complaints call it `what`.
    pub(crate) fn new(log: &Arc<HostLog>, what: impl Into<String>, definitions: &[Definition]) -> Arc<Self> {
        let properties = definitions.iter().map(|definition| (definition.name.clone(), Property::new(definition))).collect();
        let set = Arc::new(Self {
            registration: Registration::new(),
            what: what.into(),
            log: Arc::downgrade(log),
            contents: Mutex::new(Contents { properties, ..Contents::default() }),
        });
        set.registration.bind(Kind::Properties, &set);
        set
    }

    pub(crate) fn handle(&self) -> Handle {
        self.registration.handle()
    }

    fn lock(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn refuse(&self, status: Status, text: &str) -> Status {
        complain(self.log.upgrade().as_ref(), format!("{}: {text}", self.what));
        status
    }

    /// The host sets all values of a property, which is added if it is missing.
    pub(crate) fn put<T: Into<Slot>>(&self, name: &str, values: impl IntoIterator<Item = T>) {
        let values: Vec<Slot> = values.into_iter().map(Into::into).collect();
        let mut contents = self.lock();
        let form = match values.first() {
            Some(Slot::Int(_)) => Form::Int,
            Some(Slot::Double(_)) => Form::Double,
            Some(Slot::Text(_)) | None => Form::Text,
            Some(Slot::Pointer(_)) => Form::Pointer,
        };
        let fresh = || Property { form, dimension: None, writable: false, start: Vec::new(), values: Vec::new() };
        let property = contents.properties.entry(name.to_owned()).or_insert_with(fresh);
        let old = std::mem::replace(&mut property.values, values);
        contents.replaced.extend(old);
    }

    /// Sets the default of a property.
    pub(crate) fn assume(&self, name: &str, value: &str) {
        if let Some(property) = self.lock().properties.get_mut(name) {
            property.values = vec![value.into()];
            property.start.clone_from(&property.values);
        }
    }

    /// Removes properties.
    pub(crate) fn remove(&self, names: &[String]) {
        self.lock().properties.retain(|name, _| !names.contains(name));
    }

    /// Copies the values of another set for the properties that both have.
    pub(crate) fn take_values(&self, other: &Self) {
        let values: Vec<(String, Vec<Slot>, Form)> =
            other.lock().properties.iter().map(|(name, property)| (name.clone(), property.values.clone(), property.form)).collect();
        let mut contents = self.lock();
        for (name, values, form) in values {
            if let Some(property) = contents.properties.get_mut(&name).filter(|property| property.form == form && name != "OfxPropType") {
                property.start.clone_from(&values);
                property.values = values;
            }
        }
    }

    /// Makes all other properties read-only.
    pub(crate) fn only_writable(&self, names: &[&str]) {
        self.lock().properties.iter_mut().for_each(|(name, property)| property.writable &= names.contains(&name.as_str()));
    }

    /// Makes the set read-only for effects.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
    }

    /// A copy of all properties.
    pub(crate) fn snapshot(&self) -> Properties {
        let contents = self.lock();
        contents.properties.iter().map(|(name, property)| (name.clone(), property.values.iter().map(Slot::prop).collect())).collect()
    }

    pub(crate) fn values(&self, name: &str) -> Vec<Prop> {
        self.lock().properties.get(name).map(|property| property.values.iter().map(Slot::prop).collect()).unwrap_or_default()
    }

    pub(crate) fn texts(&self, name: &str) -> Vec<String> {
        self.values(name).into_iter().filter_map(|value| if let Prop::Text(text) = value { Some(text) } else { None }).collect()
    }

    pub(crate) fn text(&self, name: &str) -> String {
        self.texts(name).into_iter().next().unwrap_or_default()
    }

    pub(crate) fn doubles(&self, name: &str) -> Vec<f64> {
        self.values(name).into_iter().filter_map(|value| if let Prop::Double(value) = value { Some(value) } else { None }).collect()
    }

    pub(crate) fn int(&self, name: &str) -> i32 {
        self.values(name).into_iter().find_map(|value| if let Prop::Int(value) = value { Some(value) } else { None }).unwrap_or_default()
    }

    /// An effect reads one value. `select` returns `None` for a value of another type.
    pub(crate) fn read<T>(&self, name: &str, index: i32, select: impl FnOnce(&Slot) -> Option<T>) -> Result<T, Status> {
        let contents = self.lock();
        // Asking for a property that the host does not know is allowed.
        let property = contents.properties.get(name).ok_or(status::UNKNOWN)?;
        let slot = usize::try_from(index).ok().and_then(|index| property.values.get(index)).ok_or(status::BAD_INDEX);
        let value = slot.map(|slot| select(slot).ok_or(property.form));
        drop(contents);
        match value {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(form)) => Err(self.refuse(status::VALUE, &format!("{name} is {form:?} and was read as another type"))),
            Err(status) => Err(self.refuse(status, &format!("{name} has no value {index}"))),
        }
    }

    /// An effect writes one value.
    pub(crate) fn write(&self, name: &str, index: i32, value: Slot) -> Status {
        let mut contents = self.lock();
        let verdict = Self::judge(&contents, name, index, &value);
        let (status, text) = match verdict {
            Ok(index) => {
                if let Some(property) = contents.properties.get_mut(name) {
                    if index == property.values.len() {
                        property.values.push(value);
                    } else {
                        let old = std::mem::replace(&mut property.values[index], value);
                        contents.replaced.push(old);
                    }
                }
                return status::OK;
            }
            Err(refusal) => refusal,
        };
        drop(contents);
        self.refuse(status, &text)
    }

    fn judge(contents: &Contents, name: &str, index: i32, value: &Slot) -> Result<usize, (Status, String)> {
        let property = contents.properties.get(name).ok_or_else(|| (status::UNKNOWN, format!("has no {name}")))?;
        if contents.closed || !property.writable {
            return Err((status::FAILED, format!("{name} is read-only now")));
        }
        if !value.fits(property.form) {
            return Err((status::VALUE, format!("{name} is {:?}, but {:?} was written", property.form, value.prop())));
        }
        if property.form == Form::Bool && !matches!(value, Slot::Int(0 | 1)) {
            return Err((status::VALUE, format!("{name} is a flag, but {:?} was written", value.prop())));
        }
        if let (Slot::Text(text), Some(known)) = (value, allowed(name))
            && !known.iter().any(|word| word.as_bytes() == CStr::to_bytes(text))
        {
            return Err((status::VALUE, format!("{name} has no value {text:?}")));
        }
        let end = property.dimension.unwrap_or(property.values.len() + 1);
        let index = usize::try_from(index).ok().filter(|index| *index < end);
        index.ok_or_else(|| (status::BAD_INDEX, format!("{name} has no such index")))
    }

    /// An effect writes all values at once.
    pub(crate) fn write_all(&self, name: &str, values: Vec<Slot>) -> Status {
        let (known, dimension) = {
            let mut contents = self.lock();
            let property = contents.properties.get_mut(name).filter(|property| property.writable && property.dimension.is_none());
            let dimension = property.as_ref().map(|property| property.dimension);
            if let Some(property) = property {
                let old = std::mem::take(&mut property.values);
                contents.replaced.extend(old);
            }
            let property = contents.properties.get(name);
            (property.is_some(), dimension.or_else(|| property.map(|property| property.dimension)).flatten())
        };
        if known && dimension.is_some_and(|dimension| dimension < values.len()) {
            return self.refuse(status::BAD_INDEX, &format!("{name} does not hold {} values", values.len()));
        }
        let write = |(index, value)| self.write(name, i32::try_from(index).unwrap_or(i32::MAX), value);
        values.into_iter().enumerate().map(write).find(|status| *status != status::OK).unwrap_or(status::OK)
    }

    /// The number of values of a property.
    pub(crate) fn dimension(&self, name: &str) -> Result<usize, Status> {
        self.lock().properties.get(name).map(|property| property.values.len()).ok_or(status::UNKNOWN)
    }

    /// An effect resets a property.
    pub(crate) fn reset(&self, name: &str) -> Status {
        let mut contents = self.lock();
        let closed = contents.closed;
        let Some(property) = contents.properties.get_mut(name) else { return status::UNKNOWN };
        if closed || !property.writable {
            drop(contents);
            return self.refuse(status::FAILED, &format!("{name} cannot be reset now"));
        }
        let old = std::mem::replace(&mut property.values, property.start.clone());
        contents.replaced.extend(old);
        status::OK
    }
}
