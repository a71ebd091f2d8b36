use std::fmt;

use crate::{Digest, Error};

/// `HOST[:PORT]/PATH[:TAG|@DIGEST]`, with `registry://` before it or without.
///
/// The host is always named: a policy server knows no default registry either.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Host, and port where one is given.
    pub host: String,
    /// The path in the registry.
    pub path: String,
    /// Which version, where one is given.
    pub pin: Option<Pin>,
}

/// A version of what a path names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pin {
    /// Whatever the tag names at the moment.
    Tag(String),
    /// That content and no other.
    Digest(Digest),
}

impl Reference {
    /// Reads a reference.
    ///
    /// # Errors
    /// `text` is none, with the part that is wrong.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let wrong = |cause: &'static str| Error::Reference {
            reference: text.to_owned(),
            cause,
        };
        let rest = text.strip_prefix("registry://").unwrap_or(text);
        let (host, rest) = rest
            .split_once('/')
            .ok_or_else(|| wrong("it has no path after the host"))?;
        let (rest, pin) = match (rest.split_once('@'), rest.rsplit_once(':')) {
            (Some((path, digest)), _) => {
                let digest = Digest::parse(digest)
                    .ok_or_else(|| wrong("after `@` comes `sha256:` and 64 hexadecimal digits"))?;
                // A tag before a digest says nothing more.
                let path = path.split_once(':').map_or(path, |(path, _)| path);
                (path, Some(Pin::Digest(digest)))
            }
            (None, Some((path, tag))) => {
                if !is_tag(tag) {
                    return Err(wrong(
                        "the tag after `:` has other letters than A-Z a-z 0-9 _ . -",
                    ));
                }
                (path, Some(Pin::Tag(tag.to_owned())))
            }
            (None, None) => (rest, None),
        };
        if !is_host(host) {
            return Err(wrong("the host is none"));
        }
        if !rest.split('/').all(is_path_part) {
            return Err(wrong(
                "the path has parts other than lower-case letters and digits with . _ - between them",
            ));
        }
        Ok(Self {
            host: host.to_owned(),
            path: rest.to_owned(),
            pin,
        })
    }

    /// The last part of the path: the name of a module.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, path, .. } = self;
        match &self.pin {
            None => write!(f, "{host}/{path}"),
            Some(Pin::Tag(tag)) => write!(f, "{host}/{path}:{tag}"),
            Some(Pin::Digest(digest)) => write!(f, "{host}/{path}@{digest}"),
        }
    }
}

impl fmt::Display for Pin {
    /// As the distribution API has it in paths.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(tag) => f.write_str(tag),
            Self::Digest(digest) => digest.fmt(f),
        }
    }
}

fn is_host(host: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte);
    !host.is_empty() && !host.starts_with(':') && host.bytes().all(is_part)
}

fn is_tag(tag: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let is_part = |byte: u8| is_word(byte) || byte == b'.' || byte == b'-';
    tag.len() <= 128 && tag.bytes().next().is_some_and(is_word) && tag.bytes().all(is_part)
}

fn is_path_part(part: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_part = |byte: u8| is_word(byte) || b"._-".contains(&byte);
    let (first, last) = (part.bytes().next(), part.bytes().last());
    first.is_some_and(is_word) && last.is_some_and(is_word) && part.bytes().all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> (String, String, Option<String>) {
        let reference = Reference::parse(text).unwrap();
        let pin = reference.pin.map(|pin| pin.to_string());
        (reference.host, reference.path, pin)
    }

    #[test]
    fn all_forms_are_read() {
        let expect = |text: &str, host: &str, path: &str, pin: Option<&str>| {
            let expected = (host.to_owned(), path.to_owned(), pin.map(str::to_owned));
            assert_eq!(parsed(text), expected);
        };
        let digest = Digest::of(b"").to_string();
        expect("ghcr.io/a/b", "ghcr.io", "a/b", None);
        expect(
            "registry://ghcr.io/a/b:v1.0",
            "ghcr.io",
            "a/b",
            Some("v1.0"),
        );
        expect("localhost:5000/a", "localhost:5000", "a", None);
        expect("localhost:5000/a:b", "localhost:5000", "a", Some("b"));
        expect("[::1]:5000/a:b", "[::1]:5000", "a", Some("b"));
        expect(&format!("h/a@{digest}"), "h", "a", Some(&digest));
        expect(&format!("h/a:b@{digest}"), "h", "a", Some(&digest));
    }

    #[test]
    fn the_display_is_what_was_read() {
        for text in ["h/a", "h:1/a/b:v1", &format!("h/a@{}", Digest::of(b""))] {
            assert_eq!(Reference::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let said = |text: &str| Reference::parse(text).unwrap_err().to_string();
        assert!(said("storage-class").contains("no path after the host"));
        assert!(said("h/A").contains("lower-case"));
        assert!(said("h/a//b").contains("lower-case"));
        assert!(said("h/").contains("lower-case"));
        assert!(said("h/a:").contains("tag"));
        assert!(said("h/a@sha256:12").contains("64 hexadecimal digits"));
        assert!(
            said("https://h/a").contains("the host is none")
                || said("https://h/a").contains("path")
        );
    }
}
