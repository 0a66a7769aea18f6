//! How a section of settings is declared, and how a value is read from TOML or from text.

use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;

use toml::de::DeValue;

/// A value, as it was given.
#[derive(Clone, Copy)]
pub enum Given<'a> {
    Toml(&'a DeValue<'a>),
    /// From the environment or a flag.
    Text(&'a str),
}

/// One setting, for the example file.
pub struct Key {
    pub name: &'static str,
    pub doc: &'static [&'static str],
}

/// A table of the configuration file.
pub trait Section {
    /// Empty: the keys stand at the top of the file.
    fn table(&self) -> &'static str;
    fn about(&self) -> &'static [&'static str];
    fn keys(&self) -> &'static [Key];
    /// Answers what was expected instead.
    fn set(&mut self, key: &str, given: Given<'_>) -> Result<(), String>;
    /// The present value as TOML.
    fn shown(&self, key: &str) -> String;
}

/// A type that a setting may have.
pub trait Setting: Sized {
    /// Answers what was expected instead.
    fn read(given: Given<'_>) -> Result<Self, String>;
    /// As TOML.
    fn shown(&self) -> String;
}

/// Declares a struct of settings with their defaults; its doc comments become the example file.
macro_rules! section {
    ($(#[doc = $about:literal])+ $name:ident $table:literal { $($(#[doc = $doc:literal])+ $field:ident: $type:ty = $default:expr,)+ }) => {
        $(#[doc = $about])+
        #[derive(Debug, Clone)]
        pub struct $name {
            $($(#[doc = $doc])+ pub $field: $type,)+
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $default),+ }
            }
        }

        impl $crate::config::setting::Section for $name {
            fn table(&self) -> &'static str {
                $table
            }
            fn about(&self) -> &'static [&'static str] {
                &[$($about),+]
            }
            fn keys(&self) -> &'static [$crate::config::setting::Key] {
                &[$($crate::config::setting::Key { name: stringify!($field), doc: &[$($doc),+] }),+]
            }
            fn set(&mut self, key: &str, given: $crate::config::setting::Given<'_>) -> Result<(), String> {
                match key {
                    $(stringify!($field) => self.$field = $crate::config::setting::Setting::read(given)?,)+
                    _ => return Err("a known key".into()),
                }
                Ok(())
            }
            fn shown(&self, key: &str) -> String {
                match key {
                    $(stringify!($field) => $crate::config::setting::Setting::shown(&self.$field),)+
                    _ => String::new(),
                }
            }
        }
    };
}
pub(super) use section;

/// Declares an enumeration whose variants are written as text.
macro_rules! choice {
    ($(#[doc = $about:literal])+ $name:ident { $($(#[doc = $doc:literal])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[doc = $about])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $($(#[doc = $doc])* $variant),+
        }

        impl $crate::config::setting::Setting for $name {
            fn read(given: $crate::config::setting::Given<'_>) -> Result<Self, String> {
                let text = <String as $crate::config::setting::Setting>::read(given).unwrap_or_default();
                match text.as_str() {
                    $($text => Ok(Self::$variant),)+
                    _ => Err(["one of", $(concat!("\"", $text, "\"")),+].join(" ")),
                }
            }
            fn shown(&self) -> String {
                match self { $(Self::$variant => concat!("\"", $text, "\"").to_owned()),+ }
            }
        }
    };
}
pub(super) use choice;

impl Setting for String {
    fn read(given: Given<'_>) -> Result<Self, String> {
        match given {
            Given::Text(text) => Ok(text.to_owned()),
            Given::Toml(value) => value.as_str().map(str::to_owned).ok_or_else(|| "a text in quotes".to_owned()),
        }
    }
    fn shown(&self) -> String {
        toml::Value::String(self.clone()).to_string()
    }
}

/// Empty = none.
impl Setting for Option<String> {
    fn read(given: Given<'_>) -> Result<Self, String> {
        String::read(given).map(|text| Some(text).filter(|text| !text.is_empty()))
    }
    fn shown(&self) -> String {
        self.clone().unwrap_or_default().shown()
    }
}

/// In the environment: separated by commas.
impl Setting for Vec<String> {
    fn read(given: Given<'_>) -> Result<Self, String> {
        let expected = || "a list of texts".to_owned();
        match given {
            Given::Text(text) => Ok(text.split(',').map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()),
            Given::Toml(value) => {
                let items = value.as_array().ok_or_else(expected)?;
                items.iter().map(|item| item.get_ref().as_str().map(str::to_owned).ok_or_else(expected)).collect()
            }
        }
    }
    fn shown(&self) -> String {
        toml::Value::from(self.clone()).to_string()
    }
}

impl Setting for bool {
    fn read(given: Given<'_>) -> Result<Self, String> {
        let read = match given {
            Given::Toml(value) => value.as_bool(),
            Given::Text("true" | "on" | "yes" | "1") => Some(true),
            Given::Text("false" | "off" | "no" | "0") => Some(false),
            Given::Text(_) => None,
        };
        read.ok_or_else(|| "true or false".to_owned())
    }
    fn shown(&self) -> String {
        self.to_string()
    }
}

/// Whole numbers within bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Within<const MIN: u64, const MAX: u64>(pub u64);

impl<const MIN: u64, const MAX: u64> Setting for Within<MIN, MAX> {
    fn read(given: Given<'_>) -> Result<Self, String> {
        let number = match given {
            Given::Toml(value) => value.as_integer().and_then(|n| u64::from_str_radix(n.as_str(), n.radix()).ok()),
            Given::Text(text) => text.parse().ok(),
        };
        number.filter(|number| (MIN..=MAX).contains(number)).map(Self).ok_or_else(|| format!("a whole number from {MIN} to {MAX}"))
    }
    fn shown(&self) -> String {
        self.0.to_string()
    }
}

impl Setting for PathBuf {
    fn read(given: Given<'_>) -> Result<Self, String> {
        String::read(given).ok().filter(|path| !path.is_empty()).map(Self::from).ok_or_else(|| "a path".to_owned())
    }
    fn shown(&self) -> String {
        self.display().to_string().shown()
    }
}

impl Setting for SocketAddr {
    fn read(given: Given<'_>) -> Result<Self, String> {
        let text = String::read(given).unwrap_or_default();
        let resolved = || text.to_socket_addrs().ok().and_then(|mut found| found.next());
        text.parse().ok().or_else(resolved).ok_or_else(|| "an address and port, like \"127.0.0.1:7070\"".to_owned())
    }
    fn shown(&self) -> String {
        self.to_string().shown()
    }
}
