//! What lies where in a struct of shared memory, as the compiler tells it.

/// The words of one struct: name, offset and bytes of each.
#[cfg(test)]
pub(crate) struct Words {
    pub(crate) name: &'static str,
    pub(crate) bytes: usize,
    pub(crate) words: &'static [(&'static str, usize, usize)],
}

/// Bytes of a field.
#[cfg(test)]
pub(crate) const fn bytes_of<T, F>(_: fn(&T) -> &F) -> usize {
    size_of::<F>()
}

/// Lists the words of a struct that lies in shared memory, for `layout_lock`: `words!("lock", Body { word, pad });`
/// A field that is left out does not compile in tests. Add the struct to the list there, too.
macro_rules! words {
    ($name:literal, $type:ident { $($field:ident),+ $(,)? }) => {
        #[cfg(all(test, not(loom)))]
        impl $type {
            pub(crate) const WORDS: $crate::shim::words::Words = {
                let _all_fields = |body: &$type| {
                    let $type { $($field: _),+ } = body;
                };
                $crate::shim::words::Words {
                    name: $name,
                    bytes: size_of::<$type>(),
                    words: &[$((
                        stringify!($field),
                        std::mem::offset_of!($type, $field),
                        $crate::shim::words::bytes_of(|body: &$type| &body.$field),
                    )),+],
                }
            };
        }
    };
}
pub(crate) use words;
