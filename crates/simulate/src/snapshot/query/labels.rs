use super::SelectorError;

/// Comma-separated requirements on labels; all must hold.
///
/// The language is that of `kubectl get -l`: `a`, `!a`, `a=b`, `a==b`, `a!=b`, `a in (b,c)`, `a
/// notin (b,c)`, `a>1`, `a<1`. What is not there satisfies `!=` and `notin`.
#[derive(Debug, Default)]
pub(crate) struct LabelSelector(Vec<Requirement>);

#[derive(Debug, PartialEq, Eq)]
struct Requirement {
    key: String,
    test: Test,
}

#[derive(Debug, PartialEq, Eq)]
enum Test {
    Exists,
    Missing,
    In(Vec<String>),
    NotIn(Vec<String>),
    Above(i64),
    Below(i64),
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

    /// Whether an object with the labels that `label` looks up is selected.
    pub(crate) fn matches<'a>(&self, label: impl Fn(&str) -> Option<&'a str>) -> bool {
        self.0
            .iter()
            .all(|requirement| requirement.test.holds(label(&requirement.key)))
    }
}

/// The requirements in `selector`: the commas between parentheses separate values.
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
                key: key_of(key)?,
                test: Test::Missing,
            });
        }
        let end = text
            .find(|c: char| c.is_whitespace() || "=!<>(".contains(c))
            .unwrap_or(text.len());
        let (key, rest) = text.split_at(end);
        Ok(Self {
            key: key_of(key)?,
            test: Test::parse(rest.trim())?,
        })
    }
}

impl Test {
    fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Ok(Self::Exists);
        }
        if let Some(value) = text.strip_prefix("!=") {
            return Ok(Self::NotIn(vec![value_of(value)?]));
        }
        if let Some(value) = text.strip_prefix("==").or_else(|| text.strip_prefix('=')) {
            return Ok(Self::In(vec![value_of(value)?]));
        }
        if let Some(number) = text.strip_prefix('>') {
            return number_of(number).map(Self::Above);
        }
        if let Some(number) = text.strip_prefix('<') {
            return number_of(number).map(Self::Below);
        }
        if let Some(values) = text.strip_prefix("notin") {
            return values_of(values).map(Self::NotIn);
        }
        if let Some(values) = text.strip_prefix("in") {
            return values_of(values).map(Self::In);
        }
        Err(format!("`{text}` is no operator with a value"))
    }

    fn holds(&self, label: Option<&str>) -> bool {
        let number = || label.and_then(|label| label.parse::<i64>().ok());
        match self {
            Self::Exists => label.is_some(),
            Self::Missing => label.is_none(),
            Self::In(values) => {
                label.is_some_and(|label| values.iter().any(|value| value == label))
            }
            Self::NotIn(values) => {
                !label.is_some_and(|label| values.iter().any(|value| value == label))
            }
            Self::Above(bound) => number().is_some_and(|number| number > *bound),
            Self::Below(bound) => number().is_some_and(|number| number < *bound),
        }
    }
}

fn key_of(text: &str) -> Result<String, String> {
    let key = text.trim();
    if key.is_empty() {
        return Err("a requirement has no key".to_owned());
    }
    word(key, "-_./").map_err(|()| format!("`{key}` is no label key"))
}

fn value_of(text: &str) -> Result<String, String> {
    let value = text.trim();
    word(value, "-_.").map_err(|()| format!("`{value}` is no label value"))
}

fn word(text: &str, marks: &str) -> Result<String, ()> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || marks.contains(c);
    if text.chars().all(allowed) {
        Ok(text.to_owned())
    } else {
        Err(())
    }
}

fn number_of(text: &str) -> Result<i64, String> {
    let text = text.trim();
    text.parse()
        .map_err(|_| format!("`{text}` is no whole number"))
}

fn values_of(text: &str) -> Result<Vec<String>, String> {
    text.trim()
        .strip_prefix('(')
        .and_then(|text| text.strip_suffix(')'))
        .ok_or_else(|| "`in` and `notin` need their values in parentheses".to_owned())?
        .split(',')
        .map(value_of)
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
    fn every_operator_selects_and_leaves_out() {
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
            assert!(selects(selector, &labels), "`{selector}` should select");
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
            assert!(
                !selects(selector, &labels),
                "`{selector}` should not select"
            );
        }
    }

    #[test]
    fn what_the_api_server_refuses_is_refused() {
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
