//! YAML files of kustomize and Helm that are not manifests.

/// A file that kustomize or Helm reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NonManifest {
    Kustomization,
    HelmChart,
    HelmValues,
}

impl NonManifest {
    /// Recognizes a file by its name, which is the last part of `path`.
    pub(crate) fn from_name(path: &str) -> Option<Self> {
        match file_name(path) {
            "kustomization.yaml" | "kustomization.yml" | "Kustomization" => {
                Some(Self::Kustomization)
            }
            "Chart.yaml" => Some(Self::HelmChart),
            "values.yaml" | "values.yml" => Some(Self::HelmValues),
            _ => None,
        }
    }

    /// Like [`NonManifest::from_name`], but also recognizes less common names of values files. For files
    /// with neither `apiVersion` nor `kind`.
    pub(crate) fn from_name_of_untyped(path: &str) -> Option<Self> {
        Self::from_name(path).or_else(|| is_named_like_values(path).then_some(Self::HelmValues))
    }

    /// Describes the file, to be used after "this is".
    pub(crate) fn description(self) -> &'static str {
        match self {
            Self::Kustomization => "a kustomization, not an object",
            Self::HelmChart => "the metadata of a Helm chart, not an object",
            Self::HelmValues => "a Helm values file, not an object",
        }
    }

    /// How to get manifests from the file.
    pub(crate) fn help(self) -> &'static str {
        match self {
            Self::Kustomization => "render its directory first with `kubectl kustomize`",
            Self::HelmChart | Self::HelmValues => "render the chart first with `helm template`",
        }
    }
}

/// Whether the name of a file suggests Helm values, such as `values-dev.yaml` and `operator-values.yaml`.
pub(crate) fn is_named_like_values(path: &str) -> bool {
    file_name(path).to_ascii_lowercase().contains("values")
}

fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}
