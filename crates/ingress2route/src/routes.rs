//! Builds routes from hosts and their paths.

use std::rc::Rc;

use admission::Node;

use crate::diagnostic::push_once;
use crate::features::RequestedFeatures;
use crate::redirect::Redirect;
use crate::rule::{self, Action, MAX_HOSTNAMES, Match, Rule};
use crate::server::{Host, Member};
use crate::spec::spec;
use crate::text::joined;
use crate::{Kind, Options, Route, Translation, backend_tls, host, name};

/// Builds the routes: one for each group of hosts with the same rules, more if the limits of the CRDs require
/// it.
pub(crate) fn build<'a>(
    hosts: Vec<Host<'a>>,
    ingress: Member<'a>,
    options: &Options<'_>,
    out: Translation,
) -> Translation {
    let mut builder = Builder {
        options,
        features: ingress.features,
        groups: Vec::new(),
        out,
    };
    if !builder.features.no_routes {
        builder.group(hosts);
    }
    builder.finish(&ingress.name, &ingress.namespace);
    let Builder {
        features,
        groups,
        out,
        ..
    } = &mut builder;
    backend_tls::add(features, groups, &ingress.namespace, out);
    builder.out
}

struct Builder<'m, 'a> {
    options: &'m Options<'m>,
    features: RequestedFeatures<'a>,
    groups: Vec<Group>,
    out: Translation,
}

/// Hosts with the same rules, which share their routes.
pub(crate) struct Group {
    /// The host that the routes are named after.
    host: String,
    hostnames: Vec<String>,
    /// Whether all hostnames are valid for a route.
    valid: bool,
    pub(crate) rules: Rc<Vec<Rule>>,
}

impl<'a> Builder<'_, 'a> {
    fn group(&mut self, hosts: Vec<Host<'a>>) {
        let single_host = hosts.len() == 1;
        let mut www_redirects = Vec::new();
        for host in &hosts {
            let rules = Rc::new(self.rules(host));
            if rules.is_empty() {
                continue;
            }
            self.add_host(&host.name, host.node, &rules);
            if single_host {
                for (alias, node) in std::mem::take(&mut self.features.aliases) {
                    self.add_host(&alias, node, &rules);
                }
            }
            if let Some((from, node, code)) = self.www_counterpart(&host.name)
                && !hosts.iter().any(|host| host.name == from)
            {
                www_redirects.push((from, host.name.clone(), node, code));
            }
        }
        for (from, to, node, code) in www_redirects {
            let redirect = Redirect {
                scheme: self.options.gateway.secure_scheme(),
                host: Some(to),
                code,
                ..Redirect::default()
            };
            let mut rules = Vec::new();
            let all = Match::Prefix("/".to_owned());
            rule::add(&mut rules, all, &None, &Rc::new(Action::Redirect(redirect)));
            self.add_host(&from, node, &Rc::new(rules));
        }
        for (alias, node) in &self.features.aliases {
            let parts = [
                "cannot tell which host {} is an alias of; add a rule for it",
                alias,
            ];
            push_once(&mut self.out.blockers, *node, &parts);
        }
    }

    /// Returns the host with `www.` added or removed, if `from-to-www-redirect` redirects it.
    fn www_counterpart(&self, host: &str) -> Option<(String, Node<'a>, u16)> {
        let (node, code) = self.features.www?;
        if host.is_empty() || host.starts_with('*') {
            return None;
        }
        let counterpart = match host.strip_prefix("www.") {
            Some(rest) => rest.to_owned(),
            None => joined(&["www.", host]),
        };
        Some((counterpart, node, code))
    }

    fn rules(&mut self, host: &Host<'a>) -> Vec<Rule> {
        let mut rules = Vec::new();
        if let Some(app_root) = &self.features.app_root {
            let root = Match::Exact("/".to_owned());
            let redirect = Rc::new(Action::Redirect(app_root.clone()));
            rule::add(&mut rules, root, &None, &redirect);
        }
        for path in &host.paths {
            rule::add(
                &mut rules,
                path.path_match.clone(),
                &path.header,
                &path.action,
            );
        }
        rules
    }

    /// Adds a host to the group with the same rules and validity, or to a new group.
    fn add_host(&mut self, host: &str, node: Node<'a>, rules: &Rc<Vec<Rule>>) {
        let domain = self.options.domain;
        let mut hostname = host.to_owned();
        let problem = match host.is_empty() {
            true => {
                // The brackets make the hostname invalid, so the route cannot be applied unedited.
                hostname = match domain {
                    Some(domain) => joined(&["<host>.", domain]),
                    None => "<host>".to_owned(),
                };
                let parts = ["has no host; replace `", &hostname, "`"];
                Some(joined(&parts))
            }
            false => host::problem(host, domain),
        };
        let valid = problem.is_none();
        if let Some(problem) = problem {
            push_once(&mut self.out.blockers, node, &[&problem]);
        }
        let fits = |group: &&mut Group| {
            let is_full = group.hostnames.len() >= MAX_HOSTNAMES;
            group.valid == valid && !is_full && group.rules == *rules
        };
        match self.groups.iter_mut().find(fits) {
            Some(group) if !group.hostnames.contains(&hostname) => group.hostnames.push(hostname),
            Some(_) => {}
            None => self.groups.push(Group {
                host: host.to_owned(),
                hostnames: vec![hostname],
                valid,
                rules: Rc::clone(rules),
            }),
        }
    }

    /// Splits groups into routes within the limits of the CRDs, and names them.
    fn finish(&mut self, ingress: &str, namespace: &str) {
        let kind = match self.features.grpc {
            true => Kind::Grpc,
            false => Kind::Http,
        };
        for group in &self.groups {
            for (part, rules) in rule::split(&group.rules).into_iter().enumerate() {
                let base = name::route_name(ingress, &group.host);
                let mut name = match part {
                    0 => base,
                    part => name::with_suffix(&base, &(part + 1).to_string()),
                };
                if self.out.routes.iter().any(|route| route.name == name) {
                    let text = joined(&[&group.host, "/", &part.to_string()]);
                    name = name::disambiguate(&name, &text);
                }
                self.out.routes.push(Route {
                    kind,
                    name,
                    namespace: Some(namespace.to_owned()).filter(|it| !it.is_empty()),
                    spec: spec(
                        &self.options.gateway,
                        &group.hostnames,
                        rules,
                        &self.features,
                    ),
                });
            }
        }
    }
}
