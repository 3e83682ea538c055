//! The kinds of documents.

use serde::{Serialize, Serializer};
use talos_yaml::Node;

use crate::error::{Error, Result};
use crate::model::{Check, DeleteError, Item, Mismatch, Rule, Value};
use crate::types::{cri, network, v1alpha1};

/// The kind of the document that has neither `apiVersion` nor `kind` in its text.
pub(crate) const V1ALPHA1: &str = "v1alpha1";

macro_rules! documents {
    ($($variant:ident($ty:ty) = $kind:literal $(, name = $name:ident)? $(, excludes = $excludes:expr)?;)*) => {
        /// One document of a configuration.
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum Document {
            /// The document that holds the sections `machine` and `cluster`.
            V1Alpha1(Box<v1alpha1::Config>),
            $(
                #[doc = concat!("Kind `", $kind, "`.")]
                $variant(Box<$ty>),
            )*
        }

        impl Document {
            /// Every kind this crate knows.
            pub const KINDS: &'static [&'static str] = &[V1ALPHA1, $($kind),*];

            /// The kind, as the text spells it; `v1alpha1` for the document with the sections.
            pub fn kind(&self) -> &'static str {
                match self {
                    Self::V1Alpha1(_) => V1ALPHA1,
                    $(Self::$variant(_) => $kind,)*
                }
            }

            /// The name, for kinds that there may be several documents of.
            pub fn name(&self) -> Option<&str> {
                match self {
                    Self::V1Alpha1(_) => None,
                    $(Self::$variant(_doc) => documents!(@name _doc $($name)?),)*
                }
            }

            /// Kinds of which there must be no document with the same name.
            pub(crate) fn excluded_kinds(&self) -> &'static [&'static str] {
                match self {
                    $($(Self::$variant(_) => $excludes,)?)*
                    _ => &[],
                }
            }

            /// Reads the document of `kind` that `node` is, strictly.
            pub(crate) fn read(kind: &str, node: &Node) -> Result<Option<Self>> {
                Ok(Some(match kind {
                    V1ALPHA1 => Self::V1Alpha1(Box::new(read_strictly(node)?)),
                    $($kind => Self::$variant(Box::new(read_strictly(node)?)),)*
                    _ => return Ok(None),
                }))
            }

            /// Merges a document of the same kind. Documents of different kinds are left as they are.
            pub(crate) fn merge(&mut self, right: Self) -> Result<(), Mismatch> {
                match (self, right) {
                    (Self::V1Alpha1(left), Self::V1Alpha1(right)) => left.merge(*right, Rule::MERGE),
                    $((Self::$variant(left), Self::$variant(right)) => left.merge(*right, Rule::MERGE),)*
                    _ => Ok(()),
                }
            }

            /// Deletes what is at `path`.
            pub(crate) fn delete(&mut self, path: &[String], item: Option<&Item>) -> Result<(), DeleteError> {
                match self {
                    Self::V1Alpha1(doc) => doc.delete(path, item),
                    $(Self::$variant(doc) => doc.delete(path, item),)*
                }
            }
        }

        impl Serialize for Document {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    Self::V1Alpha1(doc) => doc.serialize(serializer),
                    $(Self::$variant(doc) => doc.serialize(serializer),)*
                }
            }
        }

        $(
            impl From<$ty> for Document {
                fn from(document: $ty) -> Self {
                    Self::$variant(Box::new(document))
                }
            }
        )*
    };
    (@name $doc:ident) => { None };
    (@name $doc:ident $name:ident) => { Some(&$doc.$name) };
}

documents! {
    HostnameConfig(network::HostnameConfig) = "HostnameConfig";
    KubeSpanConfig(network::KubeSpanConfig) = "KubeSpanConfig";
    RegistryAuthConfig(cri::RegistryAuthConfig) = "RegistryAuthConfig", name = name;
    RegistryMirrorConfig(cri::RegistryMirrorConfig) = "RegistryMirrorConfig", name = name;
    RegistryTlsConfig(cri::RegistryTlsConfig) = "RegistryTLSConfig", name = name;
}

impl From<v1alpha1::Config> for Document {
    fn from(document: v1alpha1::Config) -> Self {
        Self::V1Alpha1(Box::new(document))
    }
}

impl Document {
    /// Kind and name, by which a patch finds the document: `HostnameConfig` or `RegistryMirrorConfig docker.io`.
    pub(crate) fn title(&self) -> String {
        match self.name() {
            Some(name) => format!("{} {name}", self.kind()),
            None => self.kind().to_owned(),
        }
    }

    /// Whether a patch means one document by these two.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.kind() == other.kind() && self.name() == other.name()
    }
}

fn read_strictly<T: crate::model::Fields + serde::de::DeserializeOwned>(node: &Node) -> Result<T> {
    let mut check = Check::default();
    T::check(node, &mut check);
    check.finish()?;
    talos_yaml::from_node(node).map_err(Error::from)
}
