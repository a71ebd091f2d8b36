//! Values of settings, and the macros that declare their types.
//!
//! Deserializers that serde derives would add 3 to 5 KB to a module for each type, and 20 KB to format the
//! numbers in their errors (docs/adr/0006).

use crate::json::{Malformed, Node, Object};
use crate::map::Map;

/// A value of a setting.
pub trait Setting: Sized {
    /// The allowed values, if they can be listed.
    const ALLOWED: &'static [&'static str] = &[];

    /// Reads the value.
    ///
    /// # Errors
    /// Returns an error if the value has another type; its path is the setting's name.
    fn read(node: Node<'_>) -> Result<Self, Malformed>;
}

impl Setting for String {
    fn read(node: Node<'_>) -> Result<Self, Malformed> {
        node.string().map(Into::into)
    }
}

impl Setting for bool {
    fn read(node: Node<'_>) -> Result<Self, Malformed> {
        node.boolean()
    }
}

/// `null` means that the setting has no value, which may differ from its default.
impl<T: Setting> Setting for Option<T> {
    fn read(node: Node<'_>) -> Result<Self, Malformed> {
        if node.is_null() {
            return Ok(None);
        }
        T::read(node).map(Some)
    }
}

impl<T: Setting> Setting for Vec<T> {
    fn read(node: Node<'_>) -> Result<Self, Malformed> {
        let mut items = Self::new();
        for item in node.array()? {
            items.push(T::read(item)?);
        }
        Ok(items)
    }
}

impl<T: Setting> Setting for Map<T> {
    fn read(node: Node<'_>) -> Result<Self, Malformed> {
        let object = node.object()?;
        let mut map = Self::new();
        for (key, value) in object.iter() {
            if map.get(key).is_some() {
                return Err(object.malformed(key, "is given twice"));
            }
            map.0.push((key.to_owned(), T::read(value)?));
        }
        Ok(map)
    }
}

/// The fields of an object in the settings, for [`settings!`](crate::settings).
#[doc(hidden)]
#[derive(Debug)]
pub struct Fields<'a> {
    object: Object<'a>,
    style: &'static str,
}

/// Returns the name of a field in the settings: `read_write_once` is `ReadWriteOnce` in `PascalCase` and
/// `readWriteOnce` in `camelCase`.
fn setting_name(field: &str, style: &str) -> String {
    let mut name = String::new();
    let mut upper = style == "PascalCase";
    for c in field.chars() {
        match c {
            '_' => upper = true,
            c if upper => {
                name.push(c.to_ascii_uppercase());
                upper = false;
            }
            c => name.push(c),
        }
    }
    name
}

impl<'a> Fields<'a> {
    /// Reads an object.
    ///
    /// # Errors
    /// Returns an error if `node` is not an object, or has a member that is not one of `fields`.
    pub fn read(node: Node<'a>, style: &'static str, fields: &[&str]) -> Result<Self, Malformed> {
        let object = node.object()?;
        let names: Vec<String> = fields
            .iter()
            .map(|field| setting_name(field, style))
            .collect();
        for (key, _) in object.iter() {
            if !names.iter().any(|name| name == key) {
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                return Err(
                    object.malformed(key, format!("is not known; {}", write_one_of(&names)))
                );
            }
        }
        Ok(Self { object, style })
    }

    /// Returns the value of `field`, even if it is `null`; `None` if it is missing.
    ///
    /// # Errors
    /// Returns an error if the object has the field twice.
    pub fn get(&self, field: &str) -> Result<Option<Node<'a>>, Malformed> {
        self.object.get_or_null(&setting_name(field, self.style))
    }

    /// Returns the error of a required field that is missing.
    pub fn missing(&self, field: &str, allowed: &[&str]) -> Malformed {
        let problem = match allowed {
            [] => "is missing".to_owned(),
            allowed => format!("is missing; {}", write_one_of(allowed)),
        };
        self.object
            .malformed(&setting_name(field, self.style), problem)
    }
}

/// Returns the index of the value in `allowed`, for [`choice!`](crate::choice).
///
/// # Errors
/// Returns an error if `node` is not one of `allowed`.
#[doc(hidden)]
pub fn choose(node: Node<'_>, allowed: &[&str]) -> Result<usize, Malformed> {
    let text = node.string()?;
    let index = allowed.iter().position(|value| *value == text);
    index.ok_or_else(|| {
        let problem = format!("`{text}` is not known; {}", write_one_of(allowed));
        node.malformed(problem)
    })
}

/// Returns the fix for an unknown name: ``write one of `a`, `b` ``.
fn write_one_of(names: &[&str]) -> String {
    let mut text = String::from("write");
    let mut before = if names.len() > 1 { " one of `" } else { " `" };
    for name in names {
        text.push_str(before);
        text.push_str(name);
        text.push('`');
        before = ", `";
    }
    text
}

/// Declares a struct of settings with its reader, and outside Wasm with its JSON schema.
///
/// ```
/// admission::settings! {
///     /// A Gateway.
///     pub struct Gateway {
///         /// The namespace.
///         #[title = "Namespace"]
///         #[group = "Gateway"]
///         pub namespace: String = "gateway".to_owned(),
///         /// The only listener that routes may use, if set.
///         pub section_name: Option<String> = None,
///     }
/// }
/// assert_eq!(Gateway::default().namespace, "gateway");
/// ```
///
/// Fields are named in camelCase in the settings, or in PascalCase with `#[names = "PascalCase"]` on the
/// struct. Doc comments become descriptions in the schema; `title` and `group` are the label and the group of a
/// setting in the UI. The struct implements `Default` if every field has a default; otherwise the fields
/// without a default are required.
#[macro_export]
macro_rules! settings {
    ($(#[doc = $doc:literal])* $(#[names = $style:literal])? pub struct $name:ident {$(
        $(#[doc = $field_doc:literal])* $(#[title = $title:literal])? $(#[group = $group:literal])?
        pub $field:ident: $type:ty = $default:expr
    ),* $(,)?}) => {
        $crate::settings! { @declare
            [#[cfg_attr(not(target_family = "wasm"), serde(default))]]
            $(#[doc = $doc])* [$($style)? "camelCase"] pub struct $name {$(
                $(#[doc = $field_doc])* [] $([$title])? $([[$group]])? pub $field: $type
            ),*}
        }

        impl ::std::default::Default for $name {
            fn default() -> Self {
                Self {$($field: $default),*}
            }
        }

        impl $crate::Setting for $name {
            fn read(node: $crate::Node<'_>) -> Result<Self, $crate::Malformed> {
                let fields = $crate::settings!(@fields node [$($style)? "camelCase"] [$($field)*]);
                Ok(Self {$(
                    $field: match fields.get(stringify!($field))? {
                        Some(value) => $crate::Setting::read(value)?,
                        None => $default,
                    }
                ),*})
            }
        }
    };
    ($(#[doc = $doc:literal])* $(#[names = $style:literal])? pub struct $name:ident {$(
        $(#[doc = $field_doc:literal])* $(#[title = $title:literal])? $(#[group = $group:literal])?
        pub $field:ident: $type:ty $(= $default:expr)?
    ),* $(,)?}) => {
        $crate::settings! { @declare []
            $(#[doc = $doc])* [$($style)? "camelCase"] pub struct $name {$(
                $(#[doc = $field_doc])* [$($default)?] $([$title])? $([[$group]])?
                pub $field: $type
            ),*}
        }

        impl $crate::Setting for $name {
            fn read(node: $crate::Node<'_>) -> Result<Self, $crate::Malformed> {
                let fields = $crate::settings!(@fields node [$($style)? "camelCase"] [$($field)*]);
                Ok(Self {$(
                    $field: match fields.get(stringify!($field))? {
                        Some(value) => $crate::Setting::read(value)?,
                        None => $crate::settings!(@absent fields $field $type $(, $default)?),
                    }
                ),*})
            }
        }
    };
    (@declare [$($attribute:tt)*]
        $(#[doc = $doc:literal])* [$style:literal $($unused:literal)?] pub struct $name:ident {$(
            $(#[doc = $field_doc:literal])* [$($default:expr)?] $([$title:literal])?
            $([[$group:literal]])? pub $field:ident: $type:ty
        ),*}
    ) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone, PartialEq)]
        #[cfg_attr(
            not(target_family = "wasm"),
            derive($crate::native::schemars::JsonSchema, $crate::native::serde::Serialize),
            serde(crate = "admission::native::serde", deny_unknown_fields, rename_all = $style),
            schemars(crate = "admission::native::schemars"),
        )]
        $($attribute)*
        pub struct $name {$(
            $(#[doc = $field_doc])*
            $(#[cfg_attr(
                not(target_family = "wasm"),
                serde(default),
                schemars(extend("default" = (|| -> $type { $default })()))
            )])?
            $(#[cfg_attr(not(target_family = "wasm"), schemars(title = $title))])?
            $(#[cfg_attr(not(target_family = "wasm"), schemars(extend("x-ui-group" = $group)))])?
            pub $field: $type
        ),*}
    };
    (@fields $node:ident [$style:literal $($unused:literal)?] [$($field:ident)*]) => {
        $crate::setting::Fields::read($node, $style, &[$(stringify!($field)),*])?
    };
    (@absent $fields:ident $field:ident $type:ty) => {
        return Err($fields.missing(stringify!($field), <$type as $crate::Setting>::ALLOWED))
    };
    (@absent $fields:ident $field:ident $type:ty, $default:expr) => {
        $default
    };
}

/// Declares an enum of the allowed values of a setting, with their names.
///
/// ```
/// admission::choice! {
///     /// How to handle an object that breaks a rule.
///     #[derive(Default)]
///     pub enum Mode {
///         /// Accept it with a warning.
///         #[default]
///         Warn = "warn",
///         /// Reject it.
///         Reject = "reject",
///     }
/// }
/// assert_eq!(Mode::ALL.map(Mode::name), ["warn", "reject"]);
/// ```
#[macro_export]
macro_rules! choice {
    ($(#[$meta:meta])* pub enum $name:ident {$(
        $(#[$variant_meta:meta])* $variant:ident = $text:literal
    ),* $(,)?}) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[cfg_attr(
            not(target_family = "wasm"),
            derive($crate::native::schemars::JsonSchema, $crate::native::serde::Serialize),
            serde(crate = "admission::native::serde"),
            schemars(crate = "admission::native::schemars"),
        )]
        pub enum $name {$(
            $(#[$variant_meta])*
            #[cfg_attr(not(target_family = "wasm"), serde(rename = $text))]
            $variant
        ),*}

        impl $name {
            /// All values.
            pub const ALL: [Self; [$($text),*].len()] = [$(Self::$variant),*];

            /// Returns the name in the settings.
            pub const fn name(self) -> &'static str {
                match self {$(Self::$variant => $text),*}
            }
        }

        impl $crate::Setting for $name {
            const ALLOWED: &'static [&'static str] = &[$($text),*];

            fn read(node: $crate::Node<'_>) -> Result<Self, $crate::Malformed> {
                let index = $crate::setting::choose(node, Self::ALLOWED)?;
                Self::ALL.get(index).copied().ok_or_else(|| node.malformed("is not known"))
            }
        }
    };
}
