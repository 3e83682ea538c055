//! The traits of the tree, for structs and for the types of their fields.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeStruct};

use crate::model::{DeleteError, Item, Mismatch, Rule, Shape};

/// A value in the tree.
pub(crate) trait Value: Default {
    /// What it looks like in the text.
    const SHAPE: &'static Shape;

    /// Whether the value is the same as none.
    fn is_zero(&self) -> bool;

    /// Merges `right`, which comes from a patch, into this value. A scalar is replaced unless `right` is zero and was
    /// not given explicitly.
    fn merge(&mut self, right: Self, rule: Rule) -> Result<(), Mismatch> {
        if rule.overwrite || !right.is_zero() {
            *self = right;
        }
        Ok(())
    }

    /// Deletes what is at `path` below this value; `item` selects an entry of the list at the end of the path.
    fn delete(&mut self, path: &[String], item: Option<&Item>) -> Result<(), DeleteError> {
        let _ = (path, item);
        Err(DeleteError::Missing)
    }

    /// The text of a scalar, by which a patch selects the list entry to delete.
    fn text(&self) -> Option<Cow<'_, str>> {
        None
    }

    /// The text of the scalar under `key` of a struct.
    fn text_of(&self, key: &str) -> Option<Cow<'_, str>> {
        let _ = key;
        None
    }
}

/// The fields of a struct; implemented by the derive of the same name.
pub(crate) trait Fields: Value {
    /// The name of the type.
    const NAME: &'static str;

    /// Reads the value of `key`, or says that there is no such key and leaves it unread.
    fn read_field<'de, A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<bool, A::Error>;

    /// Writes the fields in their order, without those that are zero.
    fn write_fields<S: SerializeStruct>(&self, out: &mut S) -> Result<(), S::Error>;

    /// Merges field by field what is taken out of `right`.
    fn merge_fields(&mut self, right: &mut Self) -> Result<(), Mismatch>;

    /// Deletes `key`, or what is at `rest` below it.
    fn delete_field(&mut self, key: &str, rest: &[String], item: Option<&Item>) -> Result<(), DeleteError>;

    /// The text of the scalar under `key`.
    fn field_text(&self, key: &str) -> Option<Cow<'_, str>>;
}

/// Reads a struct; keys it does not know are passed over, see [`Check`].
pub(crate) fn read_struct<'de, T: Fields, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    struct Struct<T>(PhantomData<T>);

    impl<'de, T: Fields> Visitor<'de> for Struct<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a mapping")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<T, A::Error> {
            let mut value = T::default();
            while let Some(Key(key)) = map.next_key()? {
                if !value.read_field(&key, &mut map)? {
                    map.next_value::<IgnoredAny>()?;
                }
            }
            Ok(value)
        }

        fn visit_unit<E>(self) -> Result<T, E> {
            Ok(T::default())
        }
    }

    deserializer.deserialize_struct(T::NAME, &[], Struct(PhantomData))
}

/// Reads the value of a field.
pub(crate) fn read_value<'de, T: Deserialize<'de>, A: MapAccess<'de>>(
    field: &mut T,
    map: &mut A,
) -> Result<bool, A::Error> {
    *field = map.next_value()?;
    Ok(true)
}

/// Passes over a value that is known already.
pub(crate) fn pass_value<'de, A: MapAccess<'de>>(map: &mut A) -> Result<bool, A::Error> {
    map.next_value::<IgnoredAny>().map(|_| true)
}

/// Writes the value of a field unless it is zero.
pub(crate) fn write_value<T: Value + Serialize, S: SerializeStruct>(
    field: &T,
    key: &'static str,
    out: &mut S,
) -> Result<(), S::Error> {
    if field.is_zero() {
        return Ok(());
    }
    out.serialize_field(key, field)
}

struct Key<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Key<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;

        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Borrowed(key)))
            }

            fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Owned(key.to_owned())))
            }
        }

        deserializer.deserialize_str(KeyVisitor)
    }
}

macro_rules! scalar {
    ($($ty:ty),*) => {$(
        impl Value for $ty {
            const SHAPE: &'static Shape = &Shape::Int(<$ty>::MIN as i64, <$ty>::MAX as u64);

            fn is_zero(&self) -> bool {
                *self == Self::default()
            }
        }
    )*};
}

scalar!(i32, i64, u8, u16, u32, u64);

impl Value for bool {
    const SHAPE: &'static Shape = &Shape::Bool;

    fn is_zero(&self) -> bool {
        !self
    }

    fn merge(&mut self, right: Self, _: Rule) -> Result<(), Mismatch> {
        *self = right;
        Ok(())
    }
}

impl Value for String {
    const SHAPE: &'static Shape = &Shape::Text;

    fn is_zero(&self) -> bool {
        self.is_empty()
    }

    fn text(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(self))
    }
}

impl<T: Value> Value for Option<T> {
    const SHAPE: &'static Shape = T::SHAPE;

    fn is_zero(&self) -> bool {
        self.is_none()
    }

    fn merge(&mut self, right: Self, rule: Rule) -> Result<(), Mismatch> {
        match (self, right) {
            (_, None) => Ok(()),
            (Some(left), Some(right)) => left.merge(right, Rule { overwrite: true, ..rule }),
            (left, right) => {
                *left = right;
                Ok(())
            }
        }
    }

    fn delete(&mut self, path: &[String], item: Option<&Item>) -> Result<(), DeleteError> {
        self.as_mut().ok_or(DeleteError::Missing)?.delete(path, item)
    }

    fn text_of(&self, key: &str) -> Option<Cow<'_, str>> {
        self.as_ref()?.text_of(key)
    }
}

impl<T: Value> Value for Vec<T> {
    const SHAPE: &'static Shape = &Shape::List(T::SHAPE);

    fn is_zero(&self) -> bool {
        self.is_empty()
    }

    fn merge(&mut self, right: Self, rule: Rule) -> Result<(), Mismatch> {
        if rule.replace {
            *self = right;
        } else {
            self.extend(right);
        }
        Ok(())
    }

    fn delete(&mut self, path: &[String], item: Option<&Item>) -> Result<(), DeleteError> {
        let ([at], Some(item)) = (path, item) else { return Err(DeleteError::InsideList) };
        if !at.starts_with('[') {
            return Err(DeleteError::InsideList);
        }
        let selected =
            self.iter().position(|entry| entry.text_of(&item.key).is_some_and(|text| text == item.value));
        self.remove(selected.ok_or(DeleteError::Missing)?);
        Ok(())
    }
}

impl<T: Value> Value for BTreeMap<String, T> {
    const SHAPE: &'static Shape = &Shape::Map(T::SHAPE);

    fn is_zero(&self) -> bool {
        self.is_empty()
    }

    fn merge(&mut self, right: Self, rule: Rule) -> Result<(), Mismatch> {
        if rule.replace {
            *self = right;
            return Ok(());
        }
        for (key, value) in right {
            match self.get_mut(&key) {
                Some(left) => left.merge(value, Rule::MERGE).map_err(|mismatch| mismatch.under(&key))?,
                None => {
                    self.insert(key, value);
                }
            }
        }
        Ok(())
    }

    fn delete(&mut self, path: &[String], item: Option<&Item>) -> Result<(), DeleteError> {
        match path {
            [] => Err(DeleteError::Missing),
            [key] => self.remove(key).map(drop).ok_or(DeleteError::Missing),
            [key, rest @ ..] => self.get_mut(key).ok_or(DeleteError::Missing)?.delete(rest, item),
        }
    }
}

/// Serde and [`Value`] for a type that is a string in the text: `FromStr`, `Display`, `Default` as its zero.
macro_rules! text_value {
    ($($ty:ty: $shape:expr),* $(,)?) => {$(
        impl serde::Serialize for $ty {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $ty {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl $crate::model::Value for $ty {
            const SHAPE: &'static $crate::model::Shape = &$shape;

            fn is_zero(&self) -> bool {
                *self == Self::default()
            }

            fn text(&self) -> Option<std::borrow::Cow<'_, str>> {
                Some(self.to_string().into())
            }
        }
    )*};
}
pub(crate) use text_value;

/// An enum that is one of a few words in the text, with the rules of [`text_value`]. The first word is its zero.
macro_rules! text_enum {
    ($($(#[$meta:meta])* pub enum $name:ident {
        $(#[$first_meta:meta])* $first:ident = $first_text:literal,
        $($(#[$variant_meta:meta])* $variant:ident = $text:literal,)*
    })*) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $(#[$first_meta])* #[default] $first,
            $($(#[$variant_meta])* $variant,)*
        }

        impl $name {
            /// As the text spells it.
            pub const fn as_str(self) -> &'static str {
                match self {
                    Self::$first => $first_text,
                    $(Self::$variant => $text,)*
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::error::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let known = [(Self::$first, $first_text), $((Self::$variant, $text)),*];
                let lower = text.to_lowercase();
                known.iter().find(|(_, known)| known.eq_ignore_ascii_case(&lower)).map(|(value, _)| *value).ok_or_else(
                    || {
                        let words: Vec<_> = known.iter().map(|(_, text)| *text).collect();
                        let problem = format!("{text:?} is not one of {}", words.join(", "));
                        $crate::error::Error::new($crate::error::ErrorKind::InvalidValue, problem)
                    },
                )
            }
        }

        $crate::model::text_value!($name: $crate::model::Shape::Words(&[$first_text, $($text),*]));
    )*};
}
pub(crate) use text_enum;
