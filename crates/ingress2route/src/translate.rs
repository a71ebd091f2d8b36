//! Translates the rules of an Ingress.

use std::borrow::Cow;
use std::rc::Rc;

use admission::{Malformed, Node, Object};

use crate::backend;
use crate::diagnostic::{push_once, quote};
use crate::features::{self, RequestedFeatures};
use crate::path::{self, PathType};
use crate::rule::{Action, Match, Rewrite};
use crate::{Options, PortLookup, Translation, pattern, routes};

/// Translates an Ingress of `networking.k8s.io/v1`, or of the format of `v1beta1` and `extensions/v1beta1`
/// (`serviceName`, `servicePort`).
///
/// # Errors
/// Returns an error if a field that the routes depend on has the wrong type.
pub fn translate(
    ingress: &Object<'_>,
    options: &Options<'_>,
    lookup_port: &PortLookup<'_>,
) -> Result<Translation, Malformed> {
    let mut out = Translation::default();
    let metadata = ingress.object("metadata")?;
    let annotations = match &metadata {
        Some(metadata) => metadata.object("annotations")?,
        None => None,
    };
    let features = features::read(annotations.as_ref(), options, &mut out)?;
    let (name, namespace) = match &metadata {
        Some(metadata) => (base_name(metadata)?, metadata.string("namespace")?),
        None => (Cow::default(), None),
    };
    let mut translator = Translator {
        options,
        lookup_port,
        features,
        hosts: Vec::new(),
        out,
    };
    match ingress.object("spec")? {
        Some(spec) => translator.spec(&spec)?,
        None => {
            let parts = ["has no `spec`, so there is nothing to route"];
            push_once(&mut translator.out.blockers, ingress.node(), &parts);
        }
    }
    Ok(routes::build(
        &name,
        namespace.as_deref(),
        translator.hosts,
        translator.features,
        options,
        translator.out,
    ))
}

/// Returns the name that route names start with: the Ingress's `name`, or else its `generateName`.
fn base_name<'a>(metadata: &Object<'a>) -> Result<Cow<'a, str>, Malformed> {
    let name = metadata.string("name")?.filter(|name| !name.is_empty());
    Ok(match name {
        Some(name) => name,
        None => metadata.string("generateName")?.unwrap_or_default(),
    })
}

struct Translator<'t, 'a> {
    options: &'t Options<'t>,
    lookup_port: &'t PortLookup<'t>,
    features: RequestedFeatures<'a>,
    hosts: Vec<Host<'a>>,
    out: Translation,
}

/// A host with the paths of all its rules.
pub(crate) struct Host<'a> {
    /// Empty for rules without a host.
    pub(crate) name: String,
    /// The field that names it.
    pub(crate) node: Node<'a>,
    pub(crate) paths: Vec<Path<'a>>,
}

/// A path of an Ingress, translated.
pub(crate) struct Path<'a> {
    pub(crate) path_match: Match,
    pub(crate) action: Rc<Action>,
    /// `path` in the Ingress.
    text: String,
    pub(crate) node: Node<'a>,
}

impl<'a> Translator<'_, 'a> {
    fn spec(&mut self, spec: &Object<'a>) -> Result<(), Malformed> {
        for rule in spec.array("rules")?.unwrap_or_default() {
            self.rule(&rule.object()?)?;
        }
        // In v1beta1, the field is called `backend`.
        let default = match spec.get("defaultBackend")? {
            Some(default) => Some(default),
            None => spec.get("backend")?,
        };
        if let Some(node) = default {
            self.default_backend(node)?;
        }
        if self.hosts.is_empty() {
            let parts = ["has no rules and no default backend, so there is nothing to route"];
            push_once(&mut self.out.blockers, spec.node(), &parts);
        }
        for host in &self.hosts {
            if host.paths.is_empty() && self.out.untranslatable.is_empty() {
                let parts = ["has no paths, and the Ingress has no default backend"];
                push_once(&mut self.out.blockers, host.node, &parts);
            }
        }
        self.remove_ambiguous_regexes();
        self.tls(spec)
    }

    fn rule(&mut self, rule: &Object<'a>) -> Result<(), Malformed> {
        let name = rule.string("host")?.unwrap_or_default();
        let node = rule.get("host")?.unwrap_or(rule.node());
        let index = match self.hosts.iter().position(|host| host.name == name) {
            Some(index) => index,
            None => {
                self.hosts.push(Host {
                    name: name.into_owned(),
                    node,
                    paths: Vec::new(),
                });
                self.hosts.len() - 1
            }
        };
        let paths = match rule.object("http")? {
            Some(http) => http.array("paths")?.unwrap_or_default(),
            None => Vec::new(),
        };
        for node in paths {
            if let Some(path) = self.path(&node.object()?)? {
                self.add(index, path);
            }
        }
        Ok(())
    }

    /// Adds a path to a host, unless it is a duplicate: the first one applies.
    fn add(&mut self, index: usize, path: Path<'a>) {
        let Some(host) = self.hosts.get_mut(index) else {
            return;
        };
        let is_duplicate =
            |other: &&Path<'_>| matches_same_requests(&other.path_match, &path.path_match);
        let Some(first) = host.paths.iter().find(is_duplicate) else {
            return host.paths.push(path);
        };
        if first.action == path.action {
            // Keep both `/a` and `/a/`: they are equivalent, but not identical.
            if !host
                .paths
                .iter()
                .any(|other| other.path_match == path.path_match)
            {
                host.paths.push(path);
            }
            return;
        }
        let backend = |path: &Path<'_>| match &*path.action {
            Action::Forward(backend, _) => backend.quoted(),
            Action::Redirect(_) => String::new(),
        };
        let parts = [
            "duplicates path ",
            &quote(&first.text),
            ": the first one applies (",
            &backend(first),
            "), and ",
            &backend(&path),
            " is ignored",
        ];
        push_once(&mut self.out.notes, path.node, &parts);
    }

    fn path(&mut self, path: &Object<'a>) -> Result<Option<Path<'a>>, Malformed> {
        let text = path.string("path")?.filter(|text| !text.is_empty());
        let text = text.unwrap_or(Cow::Borrowed("/"));
        let node = path.get("path")?.unwrap_or(path.node());
        let path_type = path.string("pathType")?;
        let path_type = match path_type.as_deref() {
            Some("Exact") => PathType::Exact,
            Some("Prefix") => PathType::Prefix,
            // The default of v1beta1.
            Some("ImplementationSpecific") | None => PathType::ImplementationSpecific,
            Some(other) => {
                let parts = [&quote(other), " is not a path type"];
                push_once(&mut self.out.blockers, node, &parts);
                return Ok(None);
            }
        };
        let translated = path::translate(
            &text,
            path_type,
            node,
            &self.features,
            self.options,
            &mut self.out,
        );
        let Some((path_match, rewrite)) = translated else {
            return Ok(None);
        };
        let action = self.action(path.get("backend")?, path.node(), rewrite)?;
        Ok(action.map(|action| Path {
            path_match,
            action,
            text: text.into_owned(),
            node,
        }))
    }

    /// Returns the action for the requests of a path or default backend. If no route can express it, adds a
    /// diagnostic about `node` and returns `None`.
    fn action(
        &mut self,
        backend: Option<Node<'a>>,
        node: Node<'a>,
        rewrite: Rewrite,
    ) -> Result<Option<Rc<Action>>, Malformed> {
        if let Some(redirect) = &self.features.redirect {
            return Ok(Some(Rc::new(Action::Redirect(redirect.clone()))));
        }
        let Some(backend) = backend else {
            push_once(&mut self.out.blockers, node, &["has no backend"]);
            return Ok(None);
        };
        let backend = backend::read(&backend.object()?, self.lookup_port, &mut self.out)?;
        Ok(backend.map(|backend| Rc::new(Action::Forward(backend, rewrite))))
    }

    /// Adds the default backend, which serves the requests that match no path of a host. Besides other rules,
    /// it never becomes a route of its own: without a hostname, that route would claim the whole domain.
    fn default_backend(&mut self, node: Node<'a>) -> Result<(), Malformed> {
        let (features, options) = (&self.features, self.options);
        let translated = path::translate(
            "/",
            PathType::Prefix,
            node,
            features,
            options,
            &mut self.out,
        );
        let Some((path_match, rewrite)) = translated else {
            return Ok(());
        };
        let Some(action) = self.action(Some(node), node, rewrite)? else {
            return Ok(());
        };
        if self.hosts.is_empty() {
            self.hosts.push(Host {
                name: String::new(),
                node,
                paths: Vec::new(),
            });
        } else if self.hosts.iter().all(|host| !host.name.is_empty()) {
            let parts = [
                "serves only the hosts of the rules: a route for all other hosts would claim the domain",
            ];
            push_once(&mut self.out.notes, node, &parts);
        }
        for host in &mut self.hosts {
            if !host.paths.iter().any(|path| path.path_match == path_match) {
                host.paths.push(Path {
                    path_match: path_match.clone(),
                    action: Rc::clone(&action),
                    text: "/".to_owned(),
                    node,
                });
            }
        }
        Ok(())
    }

    /// Removes regular expressions that overlap other paths. ingress-nginx tries the longest path first;
    /// Gateway API does not define the precedence. Cilium tries exact paths first, then regular expressions,
    /// so one that is longer than the overlapping prefix stays.
    fn remove_ambiguous_regexes(&mut self) {
        for host in &mut self.hosts {
            let mut index = 0;
            while let Some(path) = host.paths.get(index) {
                let mut others = host.paths.iter();
                match others.find(|other| is_ambiguous(path, other)) {
                    None => index += 1,
                    Some(other) => {
                        let parts = [
                            &quote(&path.text),
                            " overlaps ",
                            &quote(&other.text),
                            ", and Gateway API does not define which one takes precedence",
                        ];
                        push_once(&mut self.out.untranslatable, path.node, &parts);
                        host.paths.remove(index);
                    }
                }
            }
        }
    }

    fn tls(&mut self, spec: &Object<'a>) -> Result<(), Malformed> {
        let Some(tls) = spec.array("tls")?.filter(|tls| !tls.is_empty()) else {
            return Ok(());
        };
        if let Some(node) = spec.get("tls")? {
            let parts = ["omitted: the Gateway terminates TLS with its own certificate"];
            push_once(&mut self.out.notes, node, &parts);
        }
        for entry in tls {
            for node in entry.object()?.array("hosts")?.unwrap_or_default() {
                let name = node.string()?;
                if !self.hosts.iter().any(|host| host.name == name) {
                    let parts = ["no rule has host ", &quote(&name), ", so it gets no route"];
                    push_once(&mut self.out.notes, node, &parts);
                }
            }
        }
        Ok(())
    }
}

/// Whether two matches apply to the same requests. A trailing slash of a prefix does not count.
fn matches_same_requests(a: &Match, b: &Match) -> bool {
    match (a, b) {
        (Match::Prefix(a), Match::Prefix(b)) => {
            a.strip_suffix('/').unwrap_or(a) == b.strip_suffix('/').unwrap_or(b)
        }
        _ => a == b,
    }
}

/// Whether `path` is a regular expression that may match a request meant for `other`.
fn is_ambiguous(path: &Path<'_>, other: &Path<'_>) -> bool {
    if !matches!(path.path_match, Match::Regex(_)) || path.action == other.action {
        return false;
    }
    let prefix = pattern::literal_prefix(&path.text);
    let (text, is_shorter_prefix) = match &other.path_match {
        Match::Regex(_) => (pattern::literal_prefix(&other.text), false),
        Match::Prefix(text) => (text.to_ascii_lowercase(), text.len() < path.text.len()),
        _ => (other.text.to_ascii_lowercase(), false),
    };
    !is_shorter_prefix && (prefix.starts_with(&text) || text.starts_with(&prefix))
}
