//! Translates the rules of an Ingress.

use std::borrow::Cow;
use std::rc::Rc;

use admission::{Malformed, Node, Object};

use crate::backend;
use crate::canary::{self, Canary};
use crate::diagnostic::{Diagnostic, Difference, differs, push_once, quote};
use crate::path::{self, PathType};
use crate::redirect::Redirect;
use crate::rule::{Action, Header, Match};
use crate::server::{Host, Location, Member};
use crate::text::{contains_any, joined};
use crate::{Options, Port, PortLookup, Translation, order, pattern, routes};

/// The maximum number of paths that are compared, if the order matters or there are other Ingresses.
const MAX_PATHS: usize = 1000;

/// Annotations of one Ingress that apply to all requests for its hosts.
const SERVER_ANNOTATIONS: [&str; 3] = ["auth-tls-secret]", "server-snippet]", "ssl-passthrough]"];

/// Translates an Ingress of `networking.k8s.io/v1`, or of the format of `v1beta1` and `extensions/v1beta1`
/// (`serviceName`, `servicePort`).
///
/// `siblings` are the other Ingresses that the same ingress-nginx serves, in any order: it merges all Ingresses
/// of a host, so they may change what the paths of this one match. Those without a common host, and malformed
/// ones, are skipped. The routes and diagnostics are those of `ingress` alone.
///
/// # Errors
/// Returns an error if a field that the routes depend on has the wrong type.
pub fn translate<'a>(
    ingress: &Object<'a>,
    siblings: &[Object<'a>],
    options: &Options<'_>,
    lookup_port: &PortLookup<'_>,
) -> Result<Translation, Malformed> {
    let mut out = Translation::default();
    let member = Member::read(ingress, options, &mut out)?;
    let mut translator = Translator {
        options,
        lookup_port,
        members: vec![member],
        order: vec![0],
        hosts: Vec::new(),
        canaries: Vec::new(),
        out,
    };
    match ingress.object("spec")? {
        Some(spec) => translator.spec(&spec, siblings)?,
        None => {
            let parts = ["has no `spec`, so there is nothing to route"];
            push_once(&mut translator.out.blockers, ingress.node(), &parts);
        }
    }
    let Translator {
        hosts,
        members,
        out,
        ..
    } = translator;
    Ok(match members.into_iter().next() {
        Some(member) => routes::build(hosts, member, options, out),
        None => out,
    })
}

struct Translator<'t, 'a> {
    options: &'t Options<'t>,
    lookup_port: &'t PortLookup<'t>,
    members: Vec<Member<'a>>,
    /// The members, the oldest first.
    order: Vec<usize>,
    hosts: Vec<Host<'a>>,
    canaries: Vec<Canary>,
    out: Translation,
}

/// A path of a host, translated.
#[derive(Clone)]
pub(crate) struct Path<'a> {
    pub(crate) path_match: Match,
    /// A header that requests must have.
    pub(crate) header: Option<Header>,
    pub(crate) action: Rc<Action>,
    /// `path` in the Ingress.
    pub(crate) text: Cow<'a, str>,
    pub(crate) node: Node<'a>,
    /// The index of its Ingress.
    pub(crate) member: usize,
}

impl<'a> Translator<'_, 'a> {
    fn spec(&mut self, spec: &Object<'a>, siblings: &[Object<'a>]) -> Result<(), Malformed> {
        self.rules(spec, 0)?;
        match self.default_backend(0) {
            Some(node) if self.hosts.is_empty() => {
                self.hosts.push(Host::new(String::new(), node));
            }
            Some(node) if self.hosts.iter().all(|host| !host.name.is_empty()) => {
                let parts = [
                    "serves only the hosts of the rules: a route for all other hosts would claim the domain",
                ];
                push_once(&mut self.out.notes, node, &parts);
            }
            None if self.hosts.is_empty() => {
                let parts = ["has no rules and no default backend, so there is nothing to route"];
                push_once(&mut self.out.blockers, spec.node(), &parts);
            }
            _ => {}
        }
        for sibling in siblings.iter().filter(|_| self.options.nginx) {
            // The translation of a malformed sibling reports it.
            let _ = self.sibling(sibling);
        }
        for mut host in std::mem::take(&mut self.hosts) {
            self.default_location(&mut host);
            self.host(&mut host)?;
            let is_canary = host.is_canary(&self.members, 0);
            let first = self.members.first();
            let app_root = first.and_then(|it| it.features.app_root.as_ref());
            let has_rules = !host.paths.is_empty() || host.app_root && app_root.is_some();
            if !has_rules && self.out.untranslatable.is_empty() && !is_canary {
                let parts = ["has no paths that apply, and the Ingress has no default backend"];
                push_once(&mut self.out.blockers, host.node, &parts);
            }
            self.hosts.push(host);
        }
        canary::check_alone(&self.hosts, &self.members, &mut self.out);
        for host in &mut self.hosts {
            canary::merge(host, &self.members, &self.canaries, &mut self.out);
        }
        if self.options.nginx {
            self.normalization();
        }
        self.tls(spec)
    }

    fn default_backend(&self, member: usize) -> Option<Node<'a>> {
        self.members.get(member)?.default_backend
    }

    /// Adds a sibling with the locations of common hosts, if there are any.
    fn sibling(&mut self, sibling: &Object<'a>) -> Result<(), Malformed> {
        let Some(spec) = sibling.object("spec")? else {
            return Ok(());
        };
        let mut common = None;
        for rule in spec.array("rules")?.unwrap_or_default() {
            let name = rule.object()?.string("host")?.unwrap_or_default();
            let host = self.hosts.iter().find(|host| host.name == name);
            common = common.or(host.map(|host| host.node));
        }
        let Some(node) = common else {
            return Ok(());
        };
        let mut out = Translation::default();
        let member = Member::read(sibling, self.options, &mut out)?;
        for Diagnostic { path, .. } in &out.untranslatable {
            let mut names = SERVER_ANNOTATIONS.iter();
            if let Some(name) = names.find(|name| path.ends_with(**name)) {
                let name = quote(name.strip_suffix(']').unwrap_or_default());
                let parts = [
                    "[] of Ingress [] applies to the whole host",
                    &name,
                    &member.quoted(),
                ];
                push_once(&mut self.out.untranslatable, node, &parts);
            }
        }
        let younger = |it: &usize| self.members.get(*it).is_some_and(|it| member.precedes(it));
        let at = self.order.iter().position(younger);
        let index = self.members.len();
        self.order.insert(at.unwrap_or(index), index);
        self.members.push(member);
        self.rules(&spec, index)
    }

    /// Adds the locations of a member; those of a sibling only to hosts of the translated Ingress.
    fn rules(&mut self, spec: &Object<'a>, member: usize) -> Result<(), Malformed> {
        for rule in spec.array("rules")?.unwrap_or_default() {
            let rule = rule.object()?;
            let name = rule.string("host")?.unwrap_or_default();
            if member == 0 && self.hosts.iter().all(|host| host.name != name) {
                let node = rule.get("host")?.unwrap_or(rule.node());
                self.hosts.push(Host::new(name.to_string(), node));
            }
            let Some(host) = self.hosts.iter_mut().find(|host| host.name == name) else {
                continue;
            };
            host.add_owner(&self.members, member);
            let paths = match rule.object("http")? {
                Some(http) => http.array("paths")?.unwrap_or_default(),
                None => Vec::new(),
            };
            for item in paths {
                let mut unreported = Vec::new();
                let blockers = match member {
                    0 => &mut self.out.blockers,
                    _ => &mut unreported,
                };
                let location = Location::read(&item.object()?, member, blockers)?;
                host.locations.extend(location);
            }
        }
        Ok(())
    }

    /// Adds the location `/` that the oldest Ingress of a host has for its default backend. It never becomes
    /// a route of its own: without a hostname, that route would claim the whole domain.
    fn default_location(&mut self, host: &mut Host<'a>) {
        if host.has_root(&self.members) {
            return;
        }
        if let (Some(node), Some(owner)) = (self.default_backend(0), self.members.get(host.owner))
            && host.owner > 0
        {
            let parts = [
                "is ignored for a host of the older Ingress []",
                &owner.quoted(),
            ];
            push_once(&mut self.out.notes, node, &parts);
        }
        let backend = self.default_backend(host.owner);
        let node = backend.unwrap_or(host.node);
        host.locations.push(Location {
            member: host.owner,
            text: Cow::Borrowed("/"),
            path_type: PathType::Prefix,
            node,
            item: node,
            backend,
            is_default: true,
        });
    }

    /// Translates the locations of a host.
    fn host(&mut self, host: &mut Host<'a>) -> Result<(), Malformed> {
        let enforces_regex = |it: &Location<'_>| {
            let member = self.members.get(it.member);
            !host.is_canary(&self.members, it.member)
                && member.is_some_and(|member| member.enforces_regex(&it.text))
        };
        host.regex = host.locations.iter().any(enforces_regex);
        let mut locations = std::mem::take(&mut host.locations);
        let age = |it: &Location<'_>| self.order.iter().position(|member| *member == it.member);
        locations.sort_by_key(age);
        // NGINX redirects `/` to the `app-root` of any Ingress of the host before it selects a location
        // (`rootfs/etc/nginx/template/nginx.tmpl`).
        let first = self.members.first();
        let own = first.and_then(|it| it.features.app_root.as_ref());
        for location in &locations {
            let Some(member) = self.members.get(location.member) else {
                continue;
            };
            let app_root = member.features.app_root.as_ref();
            if app_root.is_none() || host.is_canary(&self.members, location.member) {
                continue;
            }
            host.app_root = true;
            if own.is_some() && own != app_root {
                let parts = [
                    "has another `app-root` in Ingress []; remove one of them",
                    &member.quoted(),
                ];
                push_once(&mut self.out.blockers, host.node, &parts);
            }
        }
        if locations.len() > MAX_PATHS && (host.regex || self.members.len() > 1) {
            let parts = ["has too many paths to compare them"];
            push_once(&mut self.out.untranslatable, host.node, &parts);
            return Ok(());
        }
        for location in &locations {
            if host.is_canary(&self.members, location.member) {
                continue;
            }
            match self.path(host, &locations, location) {
                Ok(Some(path)) => self.add(host, path, location.is_default),
                Err(error) if location.member == 0 => return Err(error),
                _ => {}
            }
        }
        match host.regex {
            true => order::check(host, &self.members, &mut self.out),
            false if self.options.nginx => {
                add_slash_redirects(host, self.options.gateway.secure_scheme());
            }
            false => {}
        }
        host.paths.retain(|path| path.member == 0);
        canary::find(
            host,
            &locations,
            &self.members,
            self.lookup_port,
            &mut self.canaries,
            &mut self.out,
        )
    }

    /// Adds a path to a host, unless it is a duplicate: that of the oldest Ingress applies, or else the first.
    fn add(&mut self, host: &mut Host<'a>, path: Path<'a>, is_default: bool) {
        let is_duplicate = |other: &&Path<'_>| {
            matches_same_requests(&other.path_match, &path.path_match)
                && (!host.regex || other.text == path.text)
        };
        let Some(first) = host.paths.iter().find(is_duplicate) else {
            return host.paths.push(path);
        };
        if first.member != path.member {
            if let (0, Some(owner)) = (path.member, self.members.get(first.member)) {
                let parts = [
                    "{} is also a path of Ingress [], which applies if it is older; remove one of them",
                    &path.text,
                    &owner.quoted(),
                ];
                push_once(&mut self.out.blockers, path.node, &parts);
            }
            return;
        }
        if is_default || path.member > 0 {
            return;
        }
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
            _ => String::new(),
        };
        let parts = [
            "duplicates path {}: the first one applies ([]), and [] is ignored",
            &first.text,
            &backend(first),
            &backend(&path),
        ];
        push_once(&mut self.out.notes, path.node, &parts);
    }

    fn path(
        &mut self,
        host: &Host<'a>,
        locations: &[Location<'a>],
        location: &Location<'a>,
    ) -> Result<Option<Path<'a>>, Malformed> {
        let &Location { member, node, .. } = location;
        let Some(it) = self.members.get(member) else {
            return Ok(None);
        };
        // A redirect needs no backend. It applies to the whole host, because ingress-nginx gives the location
        // `/` the annotations of the Ingress (`createServers` in `controller/controller.go`).
        if location.is_unused() && (it.features.redirect.is_none() || !self.options.nginx) {
            return Ok(None);
        }
        let mut unreported = Translation::default();
        let out = match member {
            0 => &mut self.out,
            _ => &mut unreported,
        };
        if location.is("/", true) && (host.app_root || host.regex) {
            let reason = match host.app_root {
                true => "omitted: `app-root` redirects this path",
                // NGINX tries expressions in order, and each host has this one before another path `/`
                // (`createServers` in `controller/controller.go`).
                false => "omitted: NGINX tries the prefix `/` of the host first",
            };
            push_once(&mut out.notes, node, &[reason]);
            return Ok(None);
        }
        let features = &it.features;
        let translated = path::translate(
            &location.pattern(host.regex, it, locations),
            location.path_type,
            node,
            host.regex,
            features,
            self.options,
            out,
        );
        let Some((path_match, rewrite)) = translated else {
            return Ok(None);
        };
        if self.options.nginx && contains_any(&location.text, b"%") {
            let parts = [
                "NGINX compares {} with the decoded path, in which `%` was `%25`; the Gateway compares it with \
                 the path as sent",
                &location.text,
            ];
            differs(&mut out.notes, node, Difference::EncodedPath, &parts);
        }
        let action = match (&features.redirect, location.backend) {
            (Some(redirect), _) => Action::Redirect(redirect.clone()),
            (None, None) => {
                push_once(&mut out.blockers, location.item, &["has no backend"]);
                return Ok(None);
            }
            (None, Some(backend)) => {
                let lookup_port: &PortLookup<'_> = match member {
                    0 => self.lookup_port,
                    _ => &|_, _| Port::Unknown,
                };
                match backend::read(&backend.object()?, lookup_port, out)? {
                    Some(backend) => Action::Forward(backend, rewrite),
                    None => return Ok(None),
                }
            }
        };
        let header = features.canary.as_ref().and_then(|it| it.header.clone());
        Ok(Some(Path {
            path_match,
            header,
            action: Rc::new(action),
            text: location.text.clone(),
            node,
            member,
        }))
    }

    /// Notes, once, which requests only NGINX normalizes.
    fn normalization(&mut self) {
        let mut paths = self.hosts.iter().flat_map(|host| &host.paths);
        let first = paths.clone().next();
        // Without a path, the route may still redirect `/` to `app-root`.
        let example = match paths.find(|path| path.text != "/") {
            Some(path) => Some((path.node, &*path.text)),
            None if first.is_some() => None,
            None => {
                let mut hosts = self.hosts.iter();
                hosts
                    .find(|host| host.app_root)
                    .map(|host| (host.node, "/"))
            }
        };
        let (node, parts) = match (example, first) {
            (Some((node, text)), _) => (
                node,
                [
                    "NGINX decodes and normalizes the path before it matches it, the Gateway does not: ",
                    &match pattern::is_regex(text) {
                        false => quote(&joined(&["/x/..", text])),
                        true => "`/x/..` before the path".to_owned(),
                    },
                    " no longer matches",
                ],
            ),
            (None, Some(first)) => (
                first.node,
                [
                    "NGINX answers 400 to paths such as `/..`, which the Gateway forwards",
                    "",
                    "",
                ],
            ),
            (None, None) => return,
        };
        let notes = &mut self.out.notes;
        differs(notes, node, Difference::PathNormalization, &parts);
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
                    let parts = ["no rule has host {}, so it gets no route", &name];
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

/// Adds the redirects from `/a` to `/a/` that NGINX sends if there is a path `/a/` and no path `/a`:
/// `auto_redirect` in `ngx_http_proxy_module.c` and `ngx_http_core_find_static_location`.
fn add_slash_redirects(host: &mut Host<'_>, scheme: Option<&'static str>) {
    let mut redirects = Vec::new();
    for path in &host.paths {
        let bare = path.text.strip_suffix('/').filter(|bare| !bare.is_empty());
        let is_path = !matches!(path.path_match, Match::Method { .. });
        let Some(bare) = bare.filter(|_| is_path && path.member == 0) else {
            continue;
        };
        let exact = Match::Exact(bare.to_owned());
        let is_taken = |other: &Path<'_>| other.text == bare || other.path_match == exact;
        if host.paths.iter().chain(&redirects).any(is_taken) {
            continue;
        }
        let redirect = Redirect {
            scheme,
            path: Some(path.text.to_string()),
            code: 301,
            ..Redirect::default()
        };
        redirects.push(Path {
            path_match: exact,
            action: Rc::new(Action::Redirect(redirect)),
            ..path.clone()
        });
    }
    host.paths.append(&mut redirects);
}
