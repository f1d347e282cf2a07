//! Texts, lists and objects that are passed to and from C, by who frees them.
#![expect(unsafe_code, reason = "memory of GLib is read and freed")]

use std::ffi::{CStr, CString, c_char, c_void};
use std::marker::PhantomData;

use crate::error::{Error, Result};
use crate::symbols::functions;

/// A text that C reads during the call.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub(crate) struct Text<'t> {
    start: *const c_char,
    lives: PhantomData<&'t CStr>,
}

impl<'t> From<&'t CStr> for Text<'t> {
    fn from(text: &'t CStr) -> Self {
        Self { start: text.as_ptr(), lives: PhantomData }
    }
}

/// A text for C.
pub(crate) fn c_text(text: &str) -> Result<CString> {
    CString::new(text).map_err(|_| Error::new(format!("GIMP takes no text with a NUL character in it: {text:?}")))
}

/// A text for C without NUL characters, which are left out.
pub(crate) fn c_message(text: &str) -> CString {
    CString::new(text.replace('\0', "")).unwrap_or_default()
}

/// A text that C returned and still owns; it is valid until the next call.
#[repr(transparent)]
pub(crate) struct Lent(*const c_char);

impl Lent {
    /// A copy; `None` for NULL.
    pub(crate) fn copy(self) -> Option<String> {
        // SAFETY: a text of C's, which lives until the next call.
        (!self.0.is_null()).then(|| unsafe { CStr::from_ptr(self.0) }.to_string_lossy().into_owned())
    }
}

/// Memory that C returned and this side frees: a text or a list.
#[repr(transparent)]
pub(crate) struct Given<T>(*mut T);

impl<T> Given<T> {
    /// Where it is; whoever asks has to free it.
    fn take(self) -> *mut T {
        self.0
    }
}

/// `GType`: a type of `GObject`'s, by number.
pub(crate) type Type = usize;

/// A `GObject` that C returned with a reference for this side, or NULL.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub(crate) struct Object(*mut c_void);

functions! {
    /// Of `GLib` and `GObject`.
    pub(crate) struct Glib {
        unsafe fn g_free(*mut c_void);
        unsafe fn g_object_unref(Object);
    }
}

impl Glib {
    /// A text that was given away; `None` for NULL.
    pub(crate) fn text(&self, given: Given<c_char>) -> Option<String> {
        let start = given.take();
        let text = Lent(start).copy();
        self.free(start.cast());
        text
    }

    /// A list that ends with NULL.
    pub(crate) fn list_to_null<T: Copy>(&self, given: Given<T>, is_null: impl Fn(T) -> bool) -> Vec<T> {
        let start = given.take();
        if start.is_null() {
            return Vec::new();
        }
        // SAFETY: such a list ends with NULL.
        let list = unsafe { until(start, is_null) };
        self.free(start.cast());
        list
    }

    /// A list of which C told the length.
    ///
    /// # Safety
    /// It has that many elements.
    pub(crate) unsafe fn list<T: Copy>(&self, given: Given<T>, count: i32) -> Vec<T> {
        let (start, count) = (given.take(), usize::try_from(count).unwrap_or(0));
        if start.is_null() {
            return Vec::new();
        }
        // SAFETY: not NULL and of that length, as the caller knows.
        let list = unsafe { std::slice::from_raw_parts(start, count) }.to_vec();
        self.free(start.cast());
        list
    }

    fn free(&self, given: *mut c_void) {
        // SAFETY: it was given away to be freed in this way, once. NULL is fine.
        unsafe { (self.g_free)(given) };
    }

    /// Takes an object over; `None` for NULL.
    pub(crate) fn own(&self, object: Object) -> Option<Owned<'_>> {
        (!object.0.is_null()).then(|| Owned { glib: self, object })
    }
}

/// What stands in a list before its end.
///
/// # Safety
/// The list has an end.
pub(crate) unsafe fn until<T: Copy>(mut place: *const T, is_end: impl Fn(T) -> bool) -> Vec<T> {
    let mut list = Vec::new();
    loop {
        // SAFETY: the end is not passed.
        let element = unsafe { *place };
        if is_end(element) {
            return list;
        }
        list.push(element);
        // SAFETY: as above.
        place = unsafe { place.add(1) };
    }
}

/// An object that is released at the end.
pub(crate) struct Owned<'g> {
    glib: &'g Glib,
    object: Object,
}

impl Owned<'_> {
    /// The object, for a call.
    pub(crate) fn object(&self) -> Object {
        self.object
    }
}

impl Drop for Owned<'_> {
    fn drop(&mut self) {
        // SAFETY: the reference that was given away, released once.
        unsafe { (self.glib.g_object_unref)(self.object) };
    }
}
