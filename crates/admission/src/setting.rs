//! One value of the settings, and the macros that declare types of them.
//!
//! serde's derived readers would cost a module 3 to 5 KB for each type, and 20 KB to print the numbers of
//! their complaints (docs/adr/0006).

use crate::json::{Malformed, Node, Object};
use crate::map::Map;

/// A value that settings hold.
pub trait Setting: Sized {
    /// The values there are, where they can be told.
    const NAMES: &'static [&'static str] = &[];

    /// Reads the value.
    ///
    /// # Errors
    /// When it is none of this type; the path is the setting's name.
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

/// `null` says that the setting has no value, which may differ from its default.
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

/// The fields of an object in the settings; for [`settings!`](crate::settings).
#[doc(hidden)]
#[derive(Debug)]
pub struct Fields<'a> {
    object: Object<'a>,
    style: &'static str,
}

/// The name in the settings of a Rust field: in `PascalCase` `read_write_once` is `ReadWriteOnce`, in
/// `camelCase` `readWriteOnce`.
fn name_of(field: &str, style: &str) -> String {
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
    /// # Errors
    /// When `node` is no object, or has a member that is none of `fields`.
    pub fn of(node: Node<'a>, style: &'static str, fields: &[&str]) -> Result<Self, Malformed> {
        let object = node.object()?;
        let names: Vec<String> = fields.iter().map(|field| name_of(field, style)).collect();
        for (key, _) in object.iter() {
            if !names.iter().any(|name| name == key) {
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                return Err(object.malformed(key, format!("is not known; {}", one_of(&names))));
            }
        }
        Ok(Self { object, style })
    }

    /// The value of `field`, `null` included; `None` where it is absent.
    ///
    /// # Errors
    /// When it is given twice.
    pub fn get(&self, field: &str) -> Result<Option<Node<'a>>, Malformed> {
        self.object.slot(&name_of(field, self.style))
    }

    /// The error of a field that is absent and has no default. `names` are the values there are.
    pub fn missing(&self, field: &str, names: &[&str]) -> Malformed {
        let problem = match names {
            [] => "is missing".to_owned(),
            names => format!("is missing; {}", one_of(names)),
        };
        self.object.malformed(&name_of(field, self.style), problem)
    }
}

/// Finds a choice by its name; for [`choice!`](crate::choice).
///
/// # Errors
/// When `node` is none of `names`.
#[doc(hidden)]
pub fn choose(node: Node<'_>, names: &[&str]) -> Result<usize, Malformed> {
    let text = node.string()?;
    let index = names.iter().position(|name| *name == text);
    index.ok_or_else(|| {
        let problem = format!("`{text}` is not known; {}", one_of(names));
        node.malformed(problem)
    })
}

/// ``write one of `a`, `b` ``, for any number of names.
fn one_of(names: &[&str]) -> String {
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

/// Declares a struct of settings, its reader, and outside of Wasm its JSON schema.
///
/// ```
/// admission::settings! {
///     /// Where a thing is.
///     pub struct Place {
///         /// Its namespace.
///         #[title = "Namespace"]
///         #[group = "Where"]
///         pub namespace: String = "gateway".to_owned(),
///         /// Its name, if it has one.
///         pub first_name: Option<String> = None,
///     }
/// }
/// assert_eq!(Place::default().namespace, "gateway");
/// ```
///
/// Fields are named in camelCase, or as `#[names = "PascalCase"]` on the struct says. Doc comments become
/// the schema's descriptions, `title` and `group` label and place a setting in the UI. Where every field
/// has a default, so has the struct; else those without are required.
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
        $crate::setting::Fields::of($node, $style, &[$(stringify!($field)),*])?
    };
    (@absent $fields:ident $field:ident $type:ty) => {
        return Err($fields.missing(stringify!($field), <$type as $crate::Setting>::NAMES))
    };
    (@absent $fields:ident $field:ident $type:ty, $default:expr) => {
        $default
    };
}

/// Declares an enum of the values that a setting may have, each with its name.
///
/// ```
/// admission::choice! {
///     /// What becomes of it.
///     #[derive(Default)]
///     pub enum Mode {
///         /// A warning.
///         #[default]
///         Warn = "warn",
///         /// A refusal.
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
            /// Every value.
            pub const ALL: [Self; [$($text),*].len()] = [$(Self::$variant),*];

            /// The name in the settings.
            pub const fn name(self) -> &'static str {
                match self {$(Self::$variant => $text),*}
            }
        }

        impl $crate::Setting for $name {
            const NAMES: &'static [&'static str] = &[$($text),*];

            fn read(node: $crate::Node<'_>) -> Result<Self, $crate::Malformed> {
                let index = $crate::setting::choose(node, Self::NAMES)?;
                // The index is one of `ALL`.
                Self::ALL.get(index).copied().ok_or_else(|| node.malformed("is not known"))
            }
        }
    };
}
