//! The virtual server that ingress-nginx configures for a host, from all Ingresses with that host.
//!
//! Source: `createServers` and `getBackendServers` in `internal/ingress/controller/controller.go` of
//! kubernetes/ingress-nginx 1.15, and `sortIngressSlice` in `store/store.go`.

use std::borrow::Cow;

use admission::{Malformed, Node, Object};

use crate::annotation::{Effect, PREFIX, annotation, is_true};
use crate::diagnostic::{Diagnostic, push_once};
use crate::features::{self, RequestedFeatures};
use crate::path::PathType;
use crate::text::joined;
use crate::translate::Path;
use crate::{Options, Translation};

/// An Ingress of the group. The first member is the one that is translated.
pub(crate) struct Member<'a> {
    pub(crate) features: RequestedFeatures<'a>,
    pub(crate) namespace: Cow<'a, str>,
    pub(crate) name: Cow<'a, str>,
    /// Whether it adds Services to the locations of other Ingresses, and has no locations of its own.
    pub(crate) canary: bool,
    /// `metadata.creationTimestamp`; empty if it does not exist yet.
    created: Cow<'a, str>,
    /// `rewrite-target`, if ingress-nginx can read it.
    rewrite_target: Cow<'a, str>,
    /// Serves the requests that match no path of its hosts.
    pub(crate) default_backend: Option<Node<'a>>,
}

impl<'a> Member<'a> {
    /// Reads an Ingress without its rules.
    ///
    /// # Errors
    /// Returns an error if a field has the wrong type.
    pub(crate) fn read(
        ingress: &Object<'a>,
        options: &Options<'_>,
        out: &mut Translation,
    ) -> Result<Self, Malformed> {
        let metadata = ingress.object("metadata")?;
        let text = |key| match &metadata {
            Some(metadata) => Ok(metadata.string(key)?.unwrap_or_default()),
            None => Ok(Cow::default()),
        };
        let annotations = match &metadata {
            Some(metadata) => metadata.object("annotations")?,
            None => None,
        };
        let mut features = features::read(annotations.as_ref(), options, out)?;
        let value = |name: &str| {
            let mut all = annotations.iter().flat_map(Object::iter);
            let found = all.find(|(key, _)| key.strip_prefix(PREFIX) == Some(name));
            found.and_then(|(_, value)| value.string().ok())
        };
        let is_read = |value: &Cow<'_, str>| {
            annotation("rewrite-target").is_some_and(|it| it.effect(value) == Effect::Active)
        };
        let rewrite_target = value("rewrite-target").filter(is_read).unwrap_or_default();
        if let Some((_, node)) = features.rewrite.take_if(|_| rewrite_target.is_empty()) {
            let parts = ["ingress-nginx cannot read the value and ignores it"];
            push_once(&mut out.notes, node, &parts);
        }
        let mut name = text("name")?;
        if name.is_empty() {
            name = text("generateName")?;
        }
        Ok(Self {
            features,
            namespace: text("namespace")?,
            name,
            canary: value("canary").is_some_and(|value| is_true(&value)),
            created: text("creationTimestamp")?,
            rewrite_target,
            // In v1beta1, the field is called `backend`.
            default_backend: match ingress.object("spec")? {
                Some(spec) => match spec.get("defaultBackend")? {
                    Some(default) => Some(default),
                    None => spec.get("backend")?,
                },
                None => None,
            },
        })
    }

    /// Whether ingress-nginx prefers this Ingress to another one with the same host and path: it is older, or
    /// its name is later in the alphabet.
    pub(crate) fn precedes(&self, other: &Self) -> bool {
        if self.created != other.created {
            return !self.created.is_empty()
                && (other.created.is_empty() || self.created < other.created);
        }
        (&self.namespace, &self.name) > (&other.namespace, &other.name)
    }

    /// Returns the name for a message, in backticks.
    pub(crate) fn quoted(&self) -> String {
        match self.namespace.is_empty() {
            true => joined(&["`", &self.name, "`"]),
            false => joined(&["`", &self.namespace, "/", &self.name, "`"]),
        }
    }

    /// Whether a location of the Ingress with this path makes all paths of the host regular expressions
    /// (`needsRewrite` and `enforceRegexModifier` in `controller/template/template.go`).
    pub(crate) fn enforces_regex(&self, path: &str) -> bool {
        let target = self.rewrite_target.trim_ascii();
        self.features.regex || !target.is_empty() && target != path
    }
}

/// A host of the translated Ingress.
pub(crate) struct Host<'a> {
    /// Empty for rules without a host.
    pub(crate) name: String,
    /// The field that names it.
    pub(crate) node: Node<'a>,
    /// The oldest member with the host that is not a canary; its default backend serves other paths.
    pub(crate) owner: usize,
    /// The paths of all members.
    pub(crate) locations: Vec<Location<'a>>,
    /// Whether all paths are regular expressions, matched at the start and without regard to case.
    pub(crate) regex: bool,
    /// Whether `/` is redirected to an `app-root`.
    pub(crate) app_root: bool,
    /// The translated locations.
    pub(crate) paths: Vec<Path<'a>>,
}

impl<'a> Host<'a> {
    pub(crate) fn new(name: String, node: Node<'a>) -> Self {
        Self {
            name,
            node,
            owner: 0,
            locations: Vec::new(),
            regex: false,
            app_root: false,
            paths: Vec::new(),
        }
    }

    /// Makes a member that has the host the owner, if it is older.
    pub(crate) fn add_owner(&mut self, members: &[Member<'_>], member: usize) {
        if let (Some(new), Some(owner)) = (members.get(member), members.get(self.owner))
            && !new.canary
            && (owner.canary || new.precedes(owner))
        {
            self.owner = member;
        }
    }

    /// Whether a member adds Services to the locations of other Ingresses. A host with only canaries is translated
    /// like any other.
    pub(crate) fn is_canary(&self, members: &[Member<'_>], member: usize) -> bool {
        let is_canary = |index: usize| members.get(index).is_some_and(|it| it.canary);
        is_canary(member) && !is_canary(self.owner)
    }

    /// Whether a path replaces the location `/` of the default backend.
    pub(crate) fn has_root(&self, members: &[Member<'_>]) -> bool {
        let mut all = self.locations.iter();
        all.any(|it| it.is("/", false) && !self.is_canary(members, it.member))
    }
}

/// A path of an Ingress, or its default backend.
pub(crate) struct Location<'a> {
    /// The index of its Ingress.
    pub(crate) member: usize,
    pub(crate) text: Cow<'a, str>,
    pub(crate) path_type: PathType,
    /// The field `path`.
    pub(crate) node: Node<'a>,
    /// The item of `paths`.
    pub(crate) item: Node<'a>,
    pub(crate) backend: Option<Node<'a>>,
    /// Whether it is the default backend.
    pub(crate) is_default: bool,
}

impl<'a> Location<'a> {
    /// Reads an item of `paths`. Returns `None` and adds a diagnostic if it has an unknown type.
    ///
    /// # Errors
    /// Returns an error if a field has the wrong type.
    pub(crate) fn read(
        path: &Object<'a>,
        member: usize,
        blockers: &mut Vec<Diagnostic>,
    ) -> Result<Option<Self>, Malformed> {
        let text = path.string("path")?.filter(|text| !text.is_empty());
        let node = path.get("path")?.unwrap_or(path.node());
        let path_type = path.string("pathType")?;
        let path_type = match path_type.as_deref() {
            Some("Exact") => PathType::Exact,
            Some("Prefix") => PathType::Prefix,
            // The default of v1beta1.
            Some("ImplementationSpecific") | None => PathType::ImplementationSpecific,
            Some(other) => {
                push_once(blockers, node, &["{} is not a path type", other]);
                return Ok(None);
            }
        };
        Ok(Some(Self {
            member,
            text: text.unwrap_or(Cow::Borrowed("/")),
            path_type,
            node,
            item: path.node(),
            backend: path.get("backend")?,
            is_default: false,
        }))
    }

    /// Whether it is the default backend of an Ingress that has none: ingress-nginx answers 404.
    pub(crate) fn is_unused(&self) -> bool {
        self.is_default && self.backend.is_none()
    }

    /// Whether it has this path, and this type. ingress-nginx treats `ImplementationSpecific` as `Prefix`
    /// (`SetDefaultNGINXPathType` in `internal/k8s/main.go`).
    pub(crate) fn is(&self, text: &str, exact: bool) -> bool {
        self.text == text && (self.path_type == PathType::Exact) == exact
    }

    /// Returns the path that NGINX matches. Beside an exact path, a prefix matches only below it
    /// (`updateServerLocations` in `controller/location.go`).
    pub(crate) fn pattern(
        &self,
        regex: bool,
        member: &Member<'_>,
        all: &[Location<'_>],
    ) -> Cow<'a, str> {
        let is_beside_exact = regex
            && self.path_type != PathType::Exact
            && !self.text.ends_with('/')
            && !member.enforces_regex(&self.text)
            && all.iter().any(|it| it.is(&self.text, true));
        match is_beside_exact {
            true => joined(&[&self.text, "/"]).into(),
            false => self.text.clone(),
        }
    }
}
