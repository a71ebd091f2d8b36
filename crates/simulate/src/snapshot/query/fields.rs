use super::SelectorError;

/// Comma-separated terms that must all match. They select by the two fields that every kind supports.
#[derive(Debug, Default)]
pub(crate) struct FieldSelector(Vec<Term>);

#[derive(Debug)]
struct Term {
    field: Field,
    equal: bool,
    value: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    Name,
    Namespace,
}

impl FieldSelector {
    pub(crate) fn parse(selector: &str) -> Result<Self, SelectorError> {
        selector
            .split(',')
            .filter(|term| !term.is_empty())
            .map(Term::parse)
            .collect::<Result<_, _>>()
            .map(Self)
    }

    pub(crate) fn matches(&self, namespace: Option<&str>, name: &str) -> bool {
        self.0.iter().all(|term| {
            let actual = match term.field {
                Field::Name => name,
                Field::Namespace => namespace.unwrap_or_default(),
            };
            (actual == term.value) == term.equal
        })
    }

    /// Reports whether a term requires `field` to equal `value`.
    pub(crate) fn requires(&self, field: Field, value: &str) -> bool {
        self.0
            .iter()
            .any(|term| term.field == field && term.equal && term.value == value)
    }
}

impl Term {
    fn parse(term: &str) -> Result<Self, SelectorError> {
        let (left, right) = term
            .split_once('=')
            .ok_or_else(|| SelectorError::Fields(term.to_owned()))?;
        let (field, equal) = left
            .strip_suffix('!')
            .map_or((left, true), |field| (field, false));
        let value = if equal {
            right.strip_prefix('=').unwrap_or(right)
        } else {
            right
        };
        let field = match field {
            "metadata.name" => Field::Name,
            "metadata.namespace" => Field::Namespace,
            other => return Err(SelectorError::Field(other.to_owned())),
        };
        Ok(Self {
            field,
            equal,
            value: value.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selects(selector: &str, namespace: Option<&str>, name: &str) -> bool {
        FieldSelector::parse(selector)
            .unwrap()
            .matches(namespace, name)
    }

    #[test]
    fn selects_by_both_fields_with_all_operators() {
        for selector in [
            "metadata.name=a",
            "metadata.name==a",
            "metadata.name!=b",
            "metadata.name=a,metadata.namespace=n",
            "",
        ] {
            assert!(selects(selector, Some("n"), "a"), "{selector}");
        }
        for selector in [
            "metadata.name=b",
            "metadata.name!=a",
            "metadata.name=a,metadata.namespace=m",
            "metadata.namespace=",
        ] {
            assert!(!selects(selector, Some("n"), "a"), "{selector}");
        }
        assert!(
            selects("metadata.namespace=", None, "a"),
            "a cluster-scoped object has the empty namespace"
        );
    }

    #[test]
    fn rejects_other_fields_and_terms_without_an_operator() {
        assert_eq!(
            FieldSelector::parse("spec.nodeName=x").unwrap_err(),
            SelectorError::Field("spec.nodeName".into())
        );
        assert_eq!(
            FieldSelector::parse("metadata.name").unwrap_err(),
            SelectorError::Fields("metadata.name".into())
        );
    }

    #[test]
    fn only_equality_requires_a_value() {
        let requires = |selector| {
            FieldSelector::parse(selector)
                .unwrap()
                .requires(Field::Name, "a")
        };
        assert!(requires("metadata.namespace!=n,metadata.name=a"));
        assert!(!requires("metadata.name!=a"));
        assert!(!requires("metadata.namespace=a"));
    }
}
