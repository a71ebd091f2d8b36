//! From the rules of an Ingress to those of routes.

use std::borrow::Cow;
use std::rc::Rc;

use admission::{Malformed, Node, Object};

use crate::backend;
use crate::finding::{say, shown};
use crate::rule::{Action, Match, Rewrite};
use crate::wishes::{self, Wishes};
use crate::{Options, Services, Translation, path, pattern, routes};

/// Says what `ingress` says as routes. It may be of `networking.k8s.io/v1`, or of the shape of
/// `v1beta1` and `extensions/v1beta1` (`serviceName`, `servicePort`).
///
/// # Errors
/// When a part that decides about the routes has the wrong type.
pub fn translate(
    ingress: &Object<'_>,
    options: &Options<'_>,
    services: &Services<'_>,
) -> Result<Translation, Malformed> {
    let mut out = Translation::default();
    let metadata = ingress.object("metadata")?;
    let annotations = match &metadata {
        Some(metadata) => metadata.object("annotations")?,
        None => None,
    };
    let wishes = wishes::read(annotations.as_ref(), options, &mut out)?;
    let (stem, namespace) = match &metadata {
        Some(metadata) => (stem(metadata)?, metadata.string("namespace")?),
        None => (Cow::default(), None),
    };
    let mut translator = Translator {
        options,
        services,
        wishes,
        hosts: Vec::new(),
        out,
    };
    match ingress.object("spec")? {
        Some(spec) => translator.spec(&spec)?,
        None => {
            let parts = ["is missing, so there is nothing to route"];
            say(&mut translator.out.obstacles, ingress.node(), &parts);
        }
    }
    Ok(routes::make(
        &stem,
        namespace.as_deref(),
        translator.hosts,
        translator.wishes,
        options,
        translator.out,
    ))
}

/// What routes are named after: the Ingress's name, else what the API server would begin it with.
fn stem<'a>(metadata: &Object<'a>) -> Result<Cow<'a, str>, Malformed> {
    let name = metadata.string("name")?.filter(|name| !name.is_empty());
    Ok(match name {
        Some(name) => name,
        None => metadata.string("generateName")?.unwrap_or_default(),
    })
}

struct Translator<'t, 'a> {
    options: &'t Options<'t>,
    services: &'t Services<'t>,
    wishes: Wishes<'a>,
    hosts: Vec<Host<'a>>,
    out: Translation,
}

/// A host and the paths of all its rules.
pub(crate) struct Host<'a> {
    /// Empty for rules without a host.
    pub(crate) name: String,
    /// Where it stands.
    pub(crate) node: Node<'a>,
    pub(crate) paths: Vec<Path<'a>>,
}

/// A path and what is done with its requests.
pub(crate) struct Path<'a> {
    pub(crate) what: Match,
    pub(crate) action: Rc<Action>,
    /// The path of the Ingress, as text.
    text: String,
    pub(crate) node: Node<'a>,
}

impl<'a> Translator<'_, 'a> {
    fn spec(&mut self, spec: &Object<'a>) -> Result<(), Malformed> {
        for rule in spec.array("rules")?.unwrap_or_default() {
            self.rule(&rule.object()?)?;
        }
        // `backend` is what v1beta1 calls it.
        let default = match spec.get("defaultBackend")? {
            Some(default) => Some(default),
            None => spec.get("backend")?,
        };
        if let Some(node) = default {
            self.default_backend(node)?;
        }
        if self.hosts.is_empty() {
            let parts = ["names neither rules nor a default backend, so there is nothing to route"];
            say(&mut self.out.obstacles, spec.node(), &parts);
        }
        for host in &self.hosts {
            if host.paths.is_empty() && self.out.untranslatable.is_empty() {
                let parts = ["has no path to route, and the Ingress no default backend"];
                say(&mut self.out.obstacles, host.node, &parts);
            }
        }
        self.shadowed();
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

    /// Adds a path to a host, unless it has it already: the first one counts.
    fn add(&mut self, index: usize, path: Path<'a>) {
        let Some(host) = self.hosts.get_mut(index) else {
            return;
        };
        let same = |other: &&Path<'_>| is_same(&other.what, &path.what);
        let Some(first) = host.paths.iter().find(same) else {
            return host.paths.push(path);
        };
        if first.action == path.action {
            // `/a` and `/a/` mean the same, but are not written the same.
            if !host.paths.iter().any(|other| other.what == path.what) {
                host.paths.push(path);
            }
            return;
        }
        let backend = |path: &Path<'_>| match &*path.action {
            Action::Send(backend, _) => backend.shown(),
            Action::Redirect(_) => String::new(),
        };
        let parts = [
            "the host has ",
            &shown(&first.text),
            " already: the first one counts (",
            &backend(first),
            "), and ",
            &backend(&path),
            " is left out",
        ];
        say(&mut self.out.notes, path.node, &parts);
    }

    fn path(&mut self, path: &Object<'a>) -> Result<Option<Path<'a>>, Malformed> {
        let text = path.string("path")?.filter(|text| !text.is_empty());
        let text = text.unwrap_or(Cow::Borrowed("/"));
        let node = path.get("path")?.unwrap_or(path.node());
        let kind = path.string("pathType")?;
        let kind = match kind.as_deref() {
            Some("Exact") => path::Type::Exact,
            Some("Prefix") => path::Type::Prefix,
            // What v1beta1 takes where there is none.
            Some("ImplementationSpecific") | None => path::Type::OfController,
            Some(other) => {
                let parts = ["there is no path type ", &shown(other)];
                say(&mut self.out.obstacles, node, &parts);
                return Ok(None);
            }
        };
        let found = path::read(&text, kind, node, &self.wishes, self.options, &mut self.out);
        let Some((what, rewrite)) = found else {
            return Ok(None);
        };
        let action = self.action(path.get("backend")?, path.node(), rewrite)?;
        Ok(action.map(|action| Path {
            what,
            action,
            text: text.into_owned(),
            node,
        }))
    }

    /// What is done with the requests of what stands at `place`; what there is to say where that is
    /// nothing.
    fn action(
        &mut self,
        backend: Option<Node<'a>>,
        place: Node<'a>,
        rewrite: Rewrite,
    ) -> Result<Option<Rc<Action>>, Malformed> {
        if let Some(redirect) = &self.wishes.redirect {
            return Ok(Some(Rc::new(Action::Redirect(redirect.clone()))));
        }
        let Some(backend) = backend else {
            say(&mut self.out.obstacles, place, &["names no backend"]);
            return Ok(None);
        };
        let backend = backend::read(&backend.object()?, self.services, &mut self.out)?;
        Ok(backend.map(|backend| Rc::new(Action::Send(backend, rewrite))))
    }

    /// The default backend takes what no path of a host takes. It never becomes a route of its own beside
    /// others: without a host that would claim the whole domain.
    fn default_backend(&mut self, node: Node<'a>) -> Result<(), Malformed> {
        let (wishes, options) = (&self.wishes, self.options);
        let found = path::read(
            "/",
            path::Type::Prefix,
            node,
            wishes,
            options,
            &mut self.out,
        );
        let Some((what, rewrite)) = found else {
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
                "serves the hosts of the rules alone: a route for all others would claim the domain",
            ];
            say(&mut self.out.notes, node, &parts);
        }
        for host in &mut self.hosts {
            if !host.paths.iter().any(|path| path.what == what) {
                host.paths.push(Path {
                    what: what.clone(),
                    action: Rc::clone(&action),
                    text: "/".to_owned(),
                    node,
                });
            }
        }
        Ok(())
    }

    /// Takes out the expressions that other paths overlap: ingress-nginx tries the longest text first,
    /// and which one counts for a route Gateway API does not say. Cilium takes exact paths first, then
    /// expressions, so one that is longer than the prefix beside it stays.
    fn shadowed(&mut self) {
        for host in &mut self.hosts {
            let mut index = 0;
            while let Some(path) = host.paths.get(index) {
                let mut others = host.paths.iter();
                match others.find(|other| is_ambiguous(path, other)) {
                    None => index += 1,
                    Some(other) => {
                        let parts = [
                            &shown(&path.text),
                            " overlaps ",
                            &shown(&other.text),
                            ", and routes do not say which expression counts",
                        ];
                        say(&mut self.out.untranslatable, path.node, &parts);
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
            let parts = ["left out: TLS and its certificate are the Gateway's"];
            say(&mut self.out.notes, node, &parts);
        }
        for entry in tls {
            for node in entry.object()?.array("hosts")?.unwrap_or_default() {
                let name = node.string()?;
                if !self.hosts.iter().any(|host| host.name == name) {
                    let parts = [
                        "no rule has the host ",
                        &shown(&name),
                        ", so no route has it",
                    ];
                    say(&mut self.out.notes, node, &parts);
                }
            }
        }
        Ok(())
    }
}

/// Whether two matches take the same requests: an ending slash does not count in prefixes.
fn is_same(a: &Match, b: &Match) -> bool {
    match (a, b) {
        (Match::Prefix(a), Match::Prefix(b)) => {
            a.strip_suffix('/').unwrap_or(a) == b.strip_suffix('/').unwrap_or(b)
        }
        _ => a == b,
    }
}

/// Whether `path` is an expression, and some request that it takes may belong to `other`.
fn is_ambiguous(path: &Path<'_>, other: &Path<'_>) -> bool {
    if !matches!(path.what, Match::Regex(_)) || path.action == other.action {
        return false;
    }
    let head = pattern::head(&path.text);
    let (text, yields) = match &other.what {
        Match::Regex(_) => (pattern::head(&other.text), false),
        Match::Prefix(text) => (text.to_ascii_lowercase(), text.len() < path.text.len()),
        _ => (other.text.to_ascii_lowercase(), false),
    };
    !yields && (head.starts_with(&text) || text.starts_with(&head))
}
