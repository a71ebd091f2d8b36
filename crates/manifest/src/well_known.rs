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
        let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
        match name {
            "kustomization.yaml" | "kustomization.yml" | "Kustomization" => {
                Some(Self::Kustomization)
            }
            "Chart.yaml" => Some(Self::HelmChart),
            "values.yaml" | "values.yml" => Some(Self::HelmValues),
            _ => None,
        }
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
