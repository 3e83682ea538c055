//! The fields of a struct and the code made from them.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::parse::Parse;
use syn::{
    Attribute, Data, DeriveInput, Error, Expr, ExprLit, Field, Fields, Ident, Lit, LitStr, Meta, Path,
    Result, Token, Type,
};

struct ConfigField<'a> {
    name: &'a Ident,
    ty: &'a Type,
    key: String,
    always: bool,
    replace: bool,
    inline: bool,
    merge: Option<Path>,
    by: Vec<LitStr>,
    shape: Option<Expr>,
    deprecated: bool,
    doc: String,
}

pub(crate) fn expand(input: &DeriveInput) -> Result<TokenStream> {
    let Data::Struct(data) = &input.data else {
        return Err(Error::new_spanned(input, "only a struct has keys"));
    };
    let Fields::Named(named) = &data.fields else {
        return Err(Error::new_spanned(&data.fields, "fields need names, which become keys"));
    };
    let StructOptions { kind, since, control_plane, zero, sealed } = struct_options(input)?;
    let all = named.named.iter().map(ConfigField::parse).collect::<Result<Vec<_>>>()?;
    let (inline, own): (Vec<_>, Vec<_>) = all.iter().partition(|field| field.inline);

    let ty = &input.ident;
    let ty_name = ty.to_string();
    let names: Vec<_> = all.iter().map(|field| field.name).collect();
    let own_names: Vec<_> = own.iter().map(|field| field.name).collect();
    let own_keys: Vec<_> = own.iter().map(|field| &field.key).collect();
    let inline_names: Vec<_> = inline.iter().map(|field| field.name).collect();
    let write = all.iter().map(ConfigField::write);
    let merge = all.iter().map(ConfigField::merge);
    let shapes = all.iter().map(ConfigField::shape);
    let doc = doc_text(&input.attrs);
    let kind_write = kind.as_ref().map(|kind| {
        quote! {
            out.serialize_field("apiVersion", "v1alpha1")?;
            out.serialize_field("kind", #kind)?;
        }
    });
    let header = match &kind {
        Some(kind) => quote! {
            Some(crate::model::Header {
                kind: #kind,
                since: crate::contract::Contract::#since,
                control_plane: #control_plane,
            })
        },
        None => quote!(None),
    };
    let kind_read = kind.as_ref().map(|_| quote!("apiVersion" | "kind" => crate::model::pass_value(map),));
    let is_zero = match zero {
        Some(path) => quote!(#path(self)),
        None => quote!(true #(&& crate::model::Value::is_zero(&self.#names))*),
    };
    // The default of these methods is that there is nothing to find.
    let find = (!sealed).then(|| {
        quote! {
                fn delete(
                    &mut self,
                    path: &[String],
                    item: Option<&crate::model::Item>,
                ) -> Result<(), crate::model::DeleteError> {
                    let (key, rest) = path.split_first().ok_or(crate::model::DeleteError::Missing)?;
                    crate::model::Fields::delete_field(self, key, rest, item)
                }

                fn text_of(&self, key: &str) -> Option<std::borrow::Cow<'_, str>> {
                    crate::model::Fields::field_text(self, key)
                }
        }
    });
    let length = all.len() + if kind.is_some() { 2 } else { 0 };

    Ok(quote! {
        impl crate::model::Fields for #ty {
            const NAME: &'static str = #ty_name;

            fn read_field<'de, A: serde::de::MapAccess<'de>>(
                &mut self,
                key: &str,
                map: &mut A,
            ) -> Result<bool, A::Error> {
                match key {
                    #kind_read
                    #(#own_keys => crate::model::read_value(&mut self.#own_names, map),)*
                    _ => {
                        #(if crate::model::Fields::read_field(&mut self.#inline_names, key, map)? {
                            return Ok(true);
                        })*
                        Ok(false)
                    }
                }
            }

            fn write_fields<S: serde::ser::SerializeStruct>(&self, out: &mut S) -> Result<(), S::Error> {
                #(#write)*
                Ok(())
            }

            fn merge_fields(&mut self, right: &mut Self) -> Result<(), crate::model::Mismatch> {
                #(#merge)*
                Ok(())
            }

            fn delete_field(
                &mut self,
                key: &str,
                rest: &[String],
                item: Option<&crate::model::Item>,
            ) -> Result<(), crate::model::DeleteError> {
                match key {
                    #(#own_keys => crate::model::delete_value(&mut self.#own_names, rest, item),)*
                    _ => {
                        #(match crate::model::Fields::delete_field(&mut self.#inline_names, key, rest, item) {
                            Err(crate::model::DeleteError::Missing) => {}
                            done => return done,
                        })*
                        Err(crate::model::DeleteError::Missing)
                    }
                }
            }

            fn field_text(&self, key: &str) -> Option<std::borrow::Cow<'_, str>> {
                match key {
                    #(#own_keys => crate::model::Value::text(&self.#own_names),)*
                    _ => None,
                }
            }
        }

        impl crate::model::Value for #ty {
            const SHAPE: &'static crate::model::Shape = &crate::model::Shape::Struct(&crate::model::Struct {
                name: #ty_name,
                module: module_path!(),
                header: #header,
                doc: crate::model::doc_text!(#doc),
                fields: &[#(#shapes),*],
            });

            fn is_zero(&self) -> bool {
                #is_zero
            }

            fn merge(&mut self, right: Self, rule: crate::model::Rule) -> Result<(), crate::model::Mismatch> {
                crate::model::merge_struct(self, right, rule)
            }

            #find
        }

        impl serde::Serialize for #ty {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeStruct as _;
                let mut out = serializer.serialize_struct(#ty_name, #length)?;
                #kind_write
                crate::model::Fields::write_fields(self, &mut out)?;
                out.end()
            }
        }

        impl<'de> serde::Deserialize<'de> for #ty {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                crate::model::read_struct(deserializer)
            }
        }
    })
}

impl<'a> ConfigField<'a> {
    fn parse(field: &'a Field) -> Result<Self> {
        let Some(name) = &field.ident else {
            return Err(Error::new_spanned(field, "fields need names, which become keys"));
        };
        let mut parsed = Self {
            name,
            ty: &field.ty,
            key: camel_case(&name.to_string()),
            always: false,
            replace: false,
            inline: false,
            merge: None,
            by: Vec::new(),
            shape: None,
            deprecated: false,
            doc: doc_text(&field.attrs),
        };
        for attr in field.attrs.iter().filter(|attr| attr.path().is_ident("config")) {
            attr.parse_nested_meta(|meta| {
                if meta.path.is_ident("key") {
                    parsed.key = meta.value()?.parse::<LitStr>()?.value();
                } else if meta.path.is_ident("merge") {
                    parsed.merge = Some(meta.value()?.parse()?);
                } else if meta.path.is_ident("by") {
                    let keys;
                    syn::parenthesized!(keys in meta.input);
                    parsed.by =
                        keys.parse_terminated(<LitStr as Parse>::parse, Token![,])?.into_iter().collect();
                } else if meta.path.is_ident("shape") {
                    parsed.shape = Some(meta.value()?.parse()?);
                } else if meta.path.is_ident("deprecated") {
                    parsed.deprecated = true;
                } else if meta.path.is_ident("always") {
                    parsed.always = true;
                } else if meta.path.is_ident("replace") {
                    parsed.replace = true;
                } else if meta.path.is_ident("inline") {
                    parsed.inline = true;
                } else {
                    return Err(
                        meta.error("expected key, always, replace, merge, by, inline, shape or deprecated")
                    );
                }
                Ok(())
            })?;
        }
        Ok(parsed)
    }

    /// The description of the field.
    fn shape(&self) -> TokenStream {
        let Self { ty, always, deprecated, doc, by, .. } = self;
        let key = if self.inline { "" } else { &self.key };
        let shape = match &self.shape {
            Some(shape) => quote!(&#shape),
            None => quote!(<#ty as crate::model::Value>::SHAPE),
        };
        let merge = if !by.is_empty() {
            quote!(By(&[#(#by),*]))
        } else if self.replace || self.merge.is_some() {
            quote!(Replace)
        } else {
            quote!(Common)
        };
        quote! {
            crate::model::Field {
                key: #key,
                shape: #shape,
                always: #always,
                deprecated: #deprecated,
                merge: crate::model::Merge::#merge,
                doc: crate::model::doc_text!(#doc),
            }
        }
    }

    fn write(&self) -> TokenStream {
        let Self { name, key, .. } = self;
        if self.inline {
            quote!(crate::model::Fields::write_fields(&self.#name, out)?;)
        } else if self.always {
            quote!(out.serialize_field(#key, &self.#name)?;)
        } else {
            quote!(crate::model::write_value(&self.#name, #key, out)?;)
        }
    }

    fn merge(&self) -> TokenStream {
        let Self { name, key, .. } = self;
        if self.inline {
            return quote!(crate::model::Fields::merge_fields(&mut self.#name, &mut right.#name)?;);
        }
        let merge = match &self.merge {
            Some(path) => quote!(#path),
            None if self.replace => quote!(crate::model::replace_value),
            None => quote!(crate::model::merge_value),
        };
        quote!(crate::model::merge_field(&mut self.#name, &mut right.#name, #key, #merge)?;)
    }
}

#[derive(Default)]
struct StructOptions {
    kind: Option<String>,
    since: Option<Ident>,
    control_plane: bool,
    zero: Option<Path>,
    sealed: bool,
}

fn struct_options(input: &DeriveInput) -> Result<StructOptions> {
    let mut options = StructOptions::default();
    for attr in input.attrs.iter().filter(|attr| attr.path().is_ident("config")) {
        attr.parse_nested_meta(|meta| {
            if meta.path.is_ident("kind") {
                options.kind = Some(meta.value()?.parse::<LitStr>()?.value());
            } else if meta.path.is_ident("since") {
                let version: LitStr = meta.value()?.parse()?;
                options.since =
                    Some(format_ident!("V{}", version.value().replace('.', "_"), span = version.span()));
            } else if meta.path.is_ident("control_plane") {
                options.control_plane = true;
            } else if meta.path.is_ident("zero") {
                options.zero = Some(meta.value()?.parse()?);
            } else if meta.path.is_ident("sealed") {
                options.sealed = true;
            } else {
                return Err(meta.error("expected kind, since, control_plane, zero or sealed"));
            }
            Ok(())
        })?;
    }
    Ok(options)
}

/// The text of the doc comments, lines of a paragraph joined.
fn doc_text(attrs: &[Attribute]) -> String {
    let mut text = String::new();
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("doc")) {
        let Meta::NameValue(meta) = &attr.meta else { continue };
        let Expr::Lit(ExprLit { lit: Lit::Str(line), .. }) = &meta.value else { continue };
        let line = line.value();
        match line.trim() {
            "" => text.push_str("\n\n"),
            line => {
                if !text.is_empty() && !text.ends_with('\n') {
                    text.push(' ');
                }
                text.push_str(line);
            }
        }
    }
    text
}

fn camel_case(name: &str) -> String {
    let name = name.strip_prefix("r#").unwrap_or(name);
    let mut out = String::with_capacity(name.len());
    let mut upper = false;
    for c in name.chars() {
        if c == '_' {
            upper = true;
        } else if upper {
            out.extend(c.to_uppercase());
            upper = false;
        } else {
            out.push(c);
        }
    }
    out
}
