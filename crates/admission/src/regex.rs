//! Regular expressions that RE2, Go and PCRE interpret alike, and their size in Envoy.

/// The largest program of a regular expression that Envoy accepts, in RE2's instructions: the default of
/// `re2.max_program_size.error_level`, which Cilium keeps.
///
/// If one expression is larger, Envoy rejects the configuration with all routes of the Gateway
/// (`CompiledGoogleReMatcher` in `source/common/common/regex.cc`).
const MAX_PROGRAM_SIZE: u32 = 100;

/// What an expression needs: 4, and 1 if it starts or ends with an empty alternative.
const EMPTY: u32 = 5;
/// The characters outside ASCII, whose first bytes RE2 tells apart.
const NON_ASCII: u32 = 6;
/// The same without the long s and the Kelvin sign, which are `s` and `k` without regard to case.
const NON_ASCII_WITHOUT_FOLDED: u32 = 22;
/// What a repetition needs, without what it repeats.
const REPETITION: u32 = 2;
/// What an anchor needs.
const ANCHOR: u32 = 1;
/// What a group needs: 2 if it is captured, and up to 5 if it is repeated and can be empty.
const GROUP: u32 = 5;
/// The most that RE2 repeats something.
const MAX_REPETITION: u32 = 1000;

/// A regular expression that RE2, Go and PCRE interpret alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Regex {
    /// An upper bound of the size of RE2's program, in instructions.
    pub program_size: u32,
    /// Whether it has alternatives outside groups, or `^`.
    pub is_loose: bool,
}

impl Regex {
    /// Reads an expression: ASCII literals, `.`, classes, groups, alternatives, greedy and lazy repetition, `^`,
    /// `$` and a leading `(?i)`. Returns `None` for anything else. RE2 has no look-around, back references or
    /// possessive repetition; other rare syntax is not worth supporting.
    pub fn read(text: &str) -> Option<Self> {
        let insensitive = text.strip_prefix("(?i)");
        let mut reader = Reader {
            rest: insensitive.unwrap_or(text).as_bytes(),
            ignores_case: insensitive.is_some(),
            outer: Vec::new(),
            size: EMPTY,
            is_loose: false,
        };
        let mut item = None;
        while let Some(byte) = reader.next() {
            item = reader.item(byte, item)?;
        }
        reader.outer.is_empty().then_some(Self {
            program_size: reader.size,
            is_loose: reader.is_loose,
        })
    }

    /// Whether Envoy accepts it.
    pub fn fits(self) -> bool {
        self.program_size <= MAX_PROGRAM_SIZE
    }
}

struct Reader<'a> {
    rest: &'a [u8],
    ignores_case: bool,
    /// The sizes of the groups around the current one, as far as they are read.
    outer: Vec<u32>,
    /// The size of the current group.
    size: u32,
    is_loose: bool,
}

impl Reader<'_> {
    /// Reads what starts with `byte`, given the size of the previous item, if it can be repeated. Returns the
    /// size of this one, if it can be repeated.
    fn item(&mut self, byte: u8, previous: Option<u32>) -> Option<Option<u32>> {
        let size = match byte {
            b'(' => {
                if !self.skip(b"?:") && self.rest.starts_with(b"?") {
                    return None;
                }
                self.outer.push(self.size);
                self.size = GROUP;
                return Some(None);
            }
            b')' => {
                let size = self.size;
                self.size = self.outer.pop()?;
                size
            }
            b'|' => {
                self.is_loose |= self.outer.is_empty();
                self.add(1);
                return Some(None);
            }
            b'^' | b'$' => {
                self.is_loose |= byte == b'^';
                self.add(ANCHOR);
                return Some(None);
            }
            b'*' | b'+' | b'?' => {
                previous?;
                self.add(REPETITION);
                self.skip(b"?");
                return Some(None);
            }
            b'{' => {
                let item = previous?;
                let (least, most) = self.bounds()?;
                let copies = most.unwrap_or(least).max(1);
                self.add(item.saturating_mul(copies - 1));
                self.add(most.map_or(REPETITION, |most| REPETITION.saturating_mul(most - least)));
                self.skip(b"?");
                return Some(None);
            }
            b'[' => self.class()?,
            b'.' => Class::of([b'\n']).complement().size(self.ignores_case),
            b'\\' => self.escaped()?.size(self.ignores_case),
            b' '..=b'~' if !b"]}".contains(&byte) => Class::of([byte]).size(self.ignores_case),
            _ => return None,
        };
        self.add(size);
        Some(Some(size))
    }

    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    /// Skips `text` if it comes next, and returns whether it does.
    fn skip(&mut self, text: &[u8]) -> bool {
        let rest = self.rest.strip_prefix(text);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn add(&mut self, size: u32) {
        self.size = self.size.saturating_add(size);
    }

    /// Reads the bounds of a repetition, up to the closing brace; without an upper one for `{2,}`.
    fn bounds(&mut self) -> Option<(u32, Option<u32>)> {
        let least = self.number()?;
        let most = match self.skip(b",") {
            false => Some(least),
            true if self.rest.starts_with(b"}") => None,
            true => Some(self.number()?),
        };
        let is_valid = least <= most.unwrap_or(least) && most.unwrap_or(least) <= MAX_REPETITION;
        (self.skip(b"}") && is_valid).then_some((least, most))
    }

    fn number(&mut self) -> Option<u32> {
        let digits = self.rest.iter().take_while(|b| b.is_ascii_digit()).count();
        let (number, rest) = self.rest.split_at_checked(digits)?;
        self.rest = rest;
        std::str::from_utf8(number).ok()?.parse().ok()
    }

    /// Reads what follows a backslash.
    fn escaped(&mut self) -> Option<Class> {
        let byte = self.next()?;
        let class = match byte.to_ascii_lowercase() {
            b'd' => Class::of(b'0'..=b'9'),
            b's' => Class::of(*b"\t\n\x0c\r "),
            b'w' => Class::of([b'_'])
                .union(Class::of(b'0'..=b'9'))
                .union(Class::of(b'A'..=b'Z'))
                .union(Class::of(b'a'..=b'z')),
            _ if byte.is_ascii_punctuation() => return Some(Class::of([byte])),
            _ => return None,
        };
        match byte.is_ascii_uppercase() {
            true => Some(class.complement()),
            false => Some(class),
        }
    }

    /// Reads a class after its opening bracket, and returns its size.
    fn class(&mut self) -> Option<u32> {
        let is_negated = self.skip(b"^");
        let mut class = Class::default();
        loop {
            let first = match self.next()? {
                b']' if class.bits != 0 => break,
                // An empty class, or one of POSIX.
                b']' | b'[' => return None,
                b'\\' => {
                    class = class.union(self.escaped().filter(|it| !it.is_negated)?);
                    // Ranges of escaped characters are rare.
                    if self.is_range() {
                        return None;
                    }
                    continue;
                }
                first @ b' '..=b'~' => first,
                _ => return None,
            };
            if !self.is_range() {
                class = class.union(Class::of([first]));
                continue;
            }
            self.skip(b"-");
            let last = self.next()?;
            if !last.is_ascii_alphanumeric() && !b"._~/:@!".contains(&last) || last < first {
                return None;
            }
            class = class.union(Class::of(first..=last));
        }
        if is_negated {
            class = class.folded(self.ignores_case).complement();
        }
        Some(class.size(self.ignores_case))
    }

    /// Whether a range of a class comes next, after its first character.
    fn is_range(&self) -> bool {
        matches!(self.rest, [b'-', last, ..] if *last != b']')
    }
}

/// A set of ASCII characters, or of all characters except some.
#[derive(Debug, Clone, Copy, Default)]
struct Class {
    /// One bit for each character that is in the set, or is not if `is_negated`.
    bits: u128,
    is_negated: bool,
}

impl Class {
    fn of(bytes: impl IntoIterator<Item = u8>) -> Self {
        Self {
            bits: bytes.into_iter().fold(0, |bits, byte| bits | bit(byte)),
            is_negated: false,
        }
    }

    fn union(self, other: Self) -> Self {
        Self {
            bits: self.bits | other.bits,
            ..self
        }
    }

    fn complement(self) -> Self {
        Self {
            is_negated: !self.is_negated,
            ..self
        }
    }

    /// Returns the set with letters of both cases, if the expression `ignores_case`.
    fn folded(self, ignores_case: bool) -> Self {
        if !ignores_case {
            return self;
        }
        let lower = self.bits >> b'a' & LETTERS;
        let upper = self.bits >> b'A' & LETTERS;
        let letters = lower | upper;
        Self {
            bits: self.bits | letters << b'a' | letters << b'A',
            ..self
        }
    }

    /// Returns the number of instructions: one for each range of bytes.
    fn size(self, ignores_case: bool) -> u32 {
        let folded = self.folded(ignores_case);
        let has = |byte| ignores_case && folded.bits & bit(byte) != 0;
        let ranges = |bits: u128| (bits & !(bits << 1)).count_ones();
        if self.is_negated {
            let others = match has(b'k') || has(b's') {
                true => NON_ASCII_WITHOUT_FOLDED,
                false => NON_ASCII,
            };
            return ranges(!folded.bits) + others;
        }
        // RE2 compares single letters without regard to case in one instruction.
        let ascii = match folded.bits.count_ones() {
            2 if ignores_case && self.bits.count_ones() == 1 => 1,
            _ => ranges(folded.bits),
        };
        ascii + 3 * u32::from(has(b'k')) + 2 * u32::from(has(b's'))
    }
}

/// 26 bits, one for each letter.
const LETTERS: u128 = (1 << 26) - 1;

fn bit(byte: u8) -> u128 {
    1_u128.checked_shl(byte.into()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The second number is the size in RE2 (`RE2::ProgramSize` in the package google-re2 1.1).
    #[test]
    fn bounds_the_size_of_the_program() {
        for (regex, size, re2) in [
            ("", 5, 4),
            ("/api", 9, 8),
            ("(?i)/api", 9, 8),
            ("(?i)ks", 12, 11),
            (".*", 15, 12),
            ("(?i)/api/v[0-9]+.*", 24, 21),
            ("(?i)/[a-z]{3}.*", 37, 31),
            ("[0-9a-z-]{36}", 113, 112),
            ("(?i)[0-9a-z-]", 14, 12),
            ("[^/]{10}", 85, 84),
            ("[^a-c/]", 14, 13),
            ("(?i)[^a-c/]", 15, 14),
            (r"\d\w\s", 13, 11),
            (r"\D", 13, 12),
            (r"\W", 16, 15),
            (r"\S", 15, 14),
            (r"(?i)\W", 32, 31),
            ("a{2,5}", 16, 12),
            ("a{2,}", 9, 7),
            ("(a|b)", 13, 7),
            ("(?:abc|bcd)", 17, 10),
            ("(?i)/x(/|$)(.*)", 30, 20),
            (".{3}", 29, 28),
            (r"[\w.-]+", 12, 9),
            ("((?:a|)*)*?", 21, 16),
            ("|a+?", 9, 9),
        ] {
            let bound = Regex::read(regex).map(|it| it.program_size);
            assert_eq!(bound, Some(size), "{regex}");
            assert!(size >= re2, "{regex}");
        }
    }

    #[test]
    fn a_large_size_does_not_overflow() {
        let regex = format!("{}a{}", "(".repeat(9), "){1000}".repeat(9));
        assert!(!Regex::read(&regex).unwrap().fits());
    }

    #[test]
    fn reads_only_what_the_engines_interpret_alike() {
        for regex in [
            "/(?!admin)",
            "/(?=a)",
            "/(?<=a)b",
            "(?P<n>a)",
            r"(a)\1",
            "a++",
            "a**",
            "a{2}{3}",
            "a(?i)b",
            r"\p{L}",
            r"\bx",
            "a(",
            "a)",
            "[a",
            "[]",
            "[]a]",
            "[[:alpha:]]",
            "[b-a]",
            r"[\D]",
            r"[\d-z]",
            "(*)",
            "(|*)",
            r"\",
            "*",
            "{2}",
            "a{",
            "a{x}",
            "a{,2}",
            "a{3,2}",
            "a{1001}",
            "a{2",
            "]",
            "}",
            "é",
            "a\nb",
        ] {
            assert_eq!(Regex::read(regex), None, "{regex}");
        }
    }

    #[test]
    fn says_whether_an_expression_may_match_elsewhere() {
        for (regex, expected) in [
            ("/a", false),
            ("/(a|b)$", false),
            ("/[|^]", false),
            ("/a|b", true),
            ("/a^b", true),
        ] {
            assert_eq!(Regex::read(regex).unwrap().is_loose, expected, "{regex}");
        }
    }
}
