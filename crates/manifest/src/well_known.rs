//! YAML files that look like manifests and are not.

/// A file that some other program reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotAManifest {
    Kustomization,
    HelmChart,
    HelmValues,
}

impl NotAManifest {
    /// Tells by the file's name; `path` may be anything that ends in one.
    pub(crate) fn of(path: &str) -> Option<Self> {
        match file_name(path) {
            "kustomization.yaml" | "kustomization.yml" | "Kustomization" => {
                Some(Self::Kustomization)
            }
            "Chart.yaml" => Some(Self::HelmChart),
            "values.yaml" | "values.yml" => Some(Self::HelmValues),
            _ => None,
        }
    }

    /// As [`NotAManifest::of`], for a file whose content has neither `apiVersion` nor `kind`, so
    /// that less of a name is enough.
    pub(crate) fn of_untyped(path: &str) -> Option<Self> {
        Self::of(path).or_else(|| is_named_like_values(path).then_some(Self::HelmValues))
    }

    /// What it is, after "this is".
    pub(crate) fn what(self) -> &'static str {
        match self {
            Self::Kustomization => "a kustomization, not an object",
            Self::HelmChart => "a Helm chart's description, not an object",
            Self::HelmValues => "a Helm chart's values, not an object",
        }
    }

    /// What to do instead.
    pub(crate) fn way_out(self) -> &'static str {
        match self {
            Self::Kustomization => "render it first with `kubectl kustomize` on its directory",
            Self::HelmChart | Self::HelmValues => "render the chart first with `helm template`",
        }
    }
}

/// Whether a file is named as the values of a Helm chart often are, such as `values-dev.yaml`
/// and `operator-values.yaml`.
pub(crate) fn is_named_like_values(path: &str) -> bool {
    file_name(path).to_ascii_lowercase().contains("values")
}

fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}
