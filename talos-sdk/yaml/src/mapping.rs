//! Structs that are mappings in the text.

/// Declares structs that are mappings in the text, each field with its key, and makes them readable and writable with
/// serde.
///
/// This is what the derive of serde makes of structs in which every field has a default. It is here because that derive
/// takes longer to build than this crate. Who uses it depends on `serde` too.
///
/// Fields that the text lacks or that are `null` there have their default; keys that no field has are passed over. Behind
/// a key, `[unless path]` leaves the field out of the text if the function says so, and `[never written]` does always.
///
/// ```
/// talos_yaml::mapping! {
///     struct Install {
///         disk: String = "disk",
///         wipe: bool = "wipe",
///         image: Option<String> = "image" [unless Option::is_none],
///     }
/// }
///
/// let install: Install = talos_yaml::from_str("disk: /dev/sda\nwipe: no\n")?;
/// assert_eq!(talos_yaml::to_string(&install)?, "disk: /dev/sda\nwipe: false\n");
/// # Ok::<(), talos_yaml::Error>(())
/// ```
#[macro_export]
macro_rules! mapping {
    ($(
        $(#[$meta:meta])*
        struct $name:ident {
            $($(#[$field_meta:meta])* $field:ident: $ty:ty = $key:literal $([$($rule:tt)*])?,)*
        }
    )*) => {$(
        $(#[$meta])*
        #[derive(Default)]
        struct $name {
            $($(#[$field_meta])* $field: $ty,)*
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeStruct as _;
                let mut out = serializer.serialize_struct(stringify!($name), [$($key),*].len())?;
                $($crate::mapping!(@write out, $key, &self.$field $(, $($rule)*)?);)*
                out.end()
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Visitor;

                impl<'de> serde::de::Visitor<'de> for Visitor {
                    type Value = $name;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("a mapping")
                    }

                    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<$name, A::Error> {
                        let mut read = $name::default();
                        while let Some(key) = map.next_key::<String>()? {
                            match key.as_str() {
                                $($key => read.$field = map.next_value()?,)*
                                _ => _ = map.next_value::<serde::de::IgnoredAny>()?,
                            }
                        }
                        Ok(read)
                    }
                }

                deserializer.deserialize_struct(stringify!($name), &[$($key),*], Visitor)
            }
        }
    )*};
    (@write $out:ident, $key:literal, $value:expr) => {
        $out.serialize_field($key, $value)?
    };
    (@write $out:ident, $key:literal, $value:expr, unless $is_empty:path) => {
        if !$is_empty($value) {
            $out.serialize_field($key, $value)?;
        }
    };
    (@write $out:ident, $key:literal, $value:expr, never written) => {};
}
