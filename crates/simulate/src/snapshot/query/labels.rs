use super::SelectorError;

/// Comma-separated requirements that must all match.
///
/// The syntax is that of `kubectl get -l`: `a`, `!a`, `a=b`, `a==b`, `a!=b`, `a in (b,c)`,
/// `a notin (b,c)`, `a>1`, `a<1`. A missing label satisfies `!=` and `notin`.
#[derive(Debug, Default)]
pub(crate) struct LabelSelector(Vec<Requirement>);

#[derive(Debug, PartialEq, Eq)]
struct Requirement {
    key: String,
    condition: Condition,
}

#[derive(Debug, PartialEq, Eq)]
enum Condition {
    Exists,
    DoesNotExist,
    In(Vec<String>),
    NotIn(Vec<String>),
    GreaterThan(i64),
    LessThan(i64),
}

impl LabelSelector {
    pub(crate) fn parse(selector: &str) -> Result<Self, SelectorError> {
        if selector.trim().is_empty() {
            return Ok(Self::default());
        }
        requirements(selector)
            .map(Requirement::parse)
            .collect::<Result<_, _>>()
            .map(Self)
            .map_err(|cause| SelectorError::Labels {
                selector: selector.to_owned(),
                cause,
            })
    }

    /// Reports whether an object matches. `label` returns the value of a label of the object.
    pub(crate) fn matches<'a>(&self, label: impl Fn(&str) -> Option<&'a str>) -> bool {
        self.0
            .iter()
            .all(|requirement| requirement.condition.matches(label(&requirement.key)))
    }
}

/// Splits `selector` at the commas outside of parentheses. Commas inside separate values.
fn requirements(selector: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_usize;
    selector.split(move |c| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0
    })
}

impl Requirement {
    fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if let Some(key) = text.strip_prefix('!') {
            return Ok(Self {
                key: parse_key(key)?,
                condition: Condition::DoesNotExist,
            });
        }
        let end = text
            .find(|c: char| c.is_whitespace() || "=!<>(".contains(c))
            .unwrap_or(text.len());
        let (key, rest) = text.split_at(end);
        Ok(Self {
            key: parse_key(key)?,
            condition: Condition::parse(rest.trim())?,
        })
    }
}

impl Condition {
    fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Ok(Self::Exists);
        }
        if let Some(value) = text.strip_prefix("!=") {
            return Ok(Self::NotIn(vec![parse_value(value)?]));
        }
        if let Some(value) = text.strip_prefix("==").or_else(|| text.strip_prefix('=')) {
            return Ok(Self::In(vec![parse_value(value)?]));
        }
        if let Some(number) = text.strip_prefix('>') {
            return parse_number(number).map(Self::GreaterThan);
        }
        if let Some(number) = text.strip_prefix('<') {
            return parse_number(number).map(Self::LessThan);
        }
        if let Some(values) = text.strip_prefix("notin") {
            return parse_values(values).map(Self::NotIn);
        }
        if let Some(values) = text.strip_prefix("in") {
            return parse_values(values).map(Self::In);
        }
        Err(format!("`{text}` is not an operator with a value"))
    }

    fn matches(&self, label: Option<&str>) -> bool {
        let number = || label.and_then(|label| label.parse::<i64>().ok());
        match self {
            Self::Exists => label.is_some(),
            Self::DoesNotExist => label.is_none(),
            Self::In(values) => {
                label.is_some_and(|label| values.iter().any(|value| value == label))
            }
            Self::NotIn(values) => {
                !label.is_some_and(|label| values.iter().any(|value| value == label))
            }
            Self::GreaterThan(bound) => number().is_some_and(|number| number > *bound),
            Self::LessThan(bound) => number().is_some_and(|number| number < *bound),
        }
    }
}

fn parse_key(text: &str) -> Result<String, String> {
    let key = text.trim();
    if key.is_empty() {
        return Err("a requirement has no key".to_owned());
    }
    parse_word(key, "-_./").map_err(|()| format!("`{key}` is not a label key"))
}

fn parse_value(text: &str) -> Result<String, String> {
    let value = text.trim();
    parse_word(value, "-_.").map_err(|()| format!("`{value}` is not a label value"))
}

fn parse_word(text: &str, punctuation: &str) -> Result<String, ()> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || punctuation.contains(c);
    if text.chars().all(allowed) {
        Ok(text.to_owned())
    } else {
        Err(())
    }
}

fn parse_number(text: &str) -> Result<i64, String> {
    let text = text.trim();
    text.parse()
        .map_err(|_| format!("`{text}` is not an integer"))
}

fn parse_values(text: &str) -> Result<Vec<String>, String> {
    text.trim()
        .strip_prefix('(')
        .and_then(|text| text.strip_suffix(')'))
        .ok_or_else(|| "`in` and `notin` need their values in parentheses".to_owned())?
        .split(',')
        .map(parse_value)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selects(selector: &str, labels: &[(&str, &str)]) -> bool {
        let selector = LabelSelector::parse(selector).unwrap();
        selector.matches(|wanted| {
            labels
                .iter()
                .find(|(key, _)| *key == wanted)
                .map(|(_, value)| *value)
        })
    }

    #[test]
    fn every_operator_matches_and_excludes() {
        let labels = [
            ("app.kubernetes.io/name", "jupyterhub"),
            ("tier", "web"),
            ("replicas", "3"),
            ("empty", ""),
        ];
        for selector in [
            "",
            " ",
            "tier",
            "!gone",
            "tier=web",
            "tier == web",
            "tier!=db",
            "gone!=db",
            "tier in (db, web)",
            "tier in(web)",
            "tier notin (db)",
            "gone notin (web)",
            "replicas>2",
            "replicas<4",
            "empty=",
            "empty in (,a)",
            "app.kubernetes.io/name=jupyterhub,tier in (web,db),!gone",
        ] {
            assert!(selects(selector, &labels), "`{selector}` should match");
        }
        for selector in [
            "gone",
            "!tier",
            "! tier",
            "tier=db",
            "tier!=web",
            "tier in (db)",
            "gone in (web)",
            "tier notin (db,web)",
            "replicas>3",
            "tier>3",
            "tier=web,gone",
        ] {
            assert!(!selects(selector, &labels), "`{selector}` should not match");
        }
    }

    #[test]
    fn rejects_what_the_api_server_rejects() {
        for selector in [
            ",",
            "a,",
            "=b",
            "a b",
            "a in b",
            "a in (b",
            "a in b)",
            "a=b=c",
            "a=b c",
            "a=(b)",
            "a>x",
            "!",
            "a!b",
            "a in ((b))",
            "inside a",
            "a informal (b)",
        ] {
            let error = LabelSelector::parse(selector).unwrap_err().to_string();
            assert!(error.contains(&format!("`{selector}`")), "{error}");
        }
    }
}
