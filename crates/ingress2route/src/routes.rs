//! From hosts with their paths to routes.

use std::rc::Rc;

use admission::Node;

use crate::finding::{say, shown};
use crate::redirect::Redirect;
use crate::rule::{self, Action, HOSTNAMES, Match, Rule};
use crate::spec::spec;
use crate::text::joined;
use crate::translate::Host;
use crate::wishes::Wishes;
use crate::{Kind, Options, Route, Translation, host, name};

/// Makes the routes: one for each group of hosts that have the same rules.
pub(crate) fn make<'a>(
    ingress: &str,
    namespace: Option<&str>,
    hosts: Vec<Host<'a>>,
    wishes: Wishes<'a>,
    options: &Options<'_>,
    out: Translation,
) -> Translation {
    let mut maker = Maker {
        options,
        wishes,
        groups: Vec::new(),
        out,
    };
    if !maker.wishes.is_share {
        maker.group(hosts);
    }
    maker.name(ingress, namespace);
    maker.out
}

struct Maker<'m, 'a> {
    options: &'m Options<'m>,
    wishes: Wishes<'a>,
    groups: Vec<Group>,
    out: Translation,
}

/// Hosts that share their routes.
struct Group {
    /// The host that the routes are named after.
    host: String,
    names: Vec<String>,
    /// Whether the routes can be applied as far as hosts go.
    ready: bool,
    rules: Rc<Vec<Rule>>,
}

impl<'a> Maker<'_, 'a> {
    fn group(&mut self, hosts: Vec<Host<'a>>) {
        let alone = hosts.len() == 1;
        let mut others = Vec::new();
        for host in &hosts {
            let rules = Rc::new(self.rules(host));
            if rules.is_empty() {
                continue;
            }
            self.place(&host.name, host.node, &rules);
            if alone {
                for (alias, node) in std::mem::take(&mut self.wishes.aliases) {
                    self.place(&alias, node, &rules);
                }
            }
            if let Some((other, node)) = self.other_name(&host.name)
                && !hosts.iter().any(|host| host.name == other)
            {
                others.push((other, host.name.clone(), node));
            }
        }
        for (other, name, node) in others {
            let redirect = Redirect {
                host: Some(name),
                code: 301,
                ..Redirect::default()
            };
            let mut rules = Vec::new();
            let all = Match::Prefix("/".to_owned());
            rule::add(&mut rules, all, &Rc::new(Action::Redirect(redirect)));
            self.place(&other, node, &Rc::new(rules));
        }
        for (alias, node) in &self.wishes.aliases {
            let parts = [
                "of which host ",
                &shown(alias),
                " is an alias is not said; make it a rule",
            ];
            say(&mut self.out.obstacles, *node, &parts);
        }
    }

    /// The name with `www.` for one without, and the other way round, where it is to be redirected.
    fn other_name(&self, host: &str) -> Option<(String, Node<'a>)> {
        let node = self.wishes.www?;
        if host.is_empty() || host.starts_with('*') {
            return None;
        }
        let other = match host.strip_prefix("www.") {
            Some(rest) => rest.to_owned(),
            None => joined(&["www.", host]),
        };
        Some((other, node))
    }

    fn rules(&mut self, host: &Host<'a>) -> Vec<Rule> {
        let mut rules = Vec::new();
        let root = Match::Exact("/".to_owned());
        if let Some(app_root) = &self.wishes.app_root {
            let redirect = Rc::new(Action::Redirect(app_root.clone()));
            rule::add(&mut rules, root.clone(), &redirect);
        }
        for path in &host.paths {
            if self.wishes.app_root.is_some() && path.what == root {
                let parts = ["left out: `app-root` redirects it"];
                say(&mut self.out.notes, path.node, &parts);
                continue;
            }
            rule::add(&mut rules, path.what.clone(), &path.action);
        }
        rules
    }

    /// Puts a host with those that have the same rules and, as it, can be routed or not.
    fn place(&mut self, host: &str, node: Node<'a>, rules: &Rc<Vec<Rule>>) {
        let domain = self.options.domain;
        let mut name = host.to_owned();
        let obstacle = match host.is_empty() {
            true => {
                // No host name holds such brackets, so nobody applies the route unread.
                name = match domain {
                    Some(domain) => joined(&["<host>.", domain]),
                    None => "<host>".to_owned(),
                };
                let parts = [
                    "names no host, and a route must: put it in place of `",
                    &name,
                    "`",
                ];
                Some(joined(&parts))
            }
            false => host::obstacle(host, domain),
        };
        let ready = obstacle.is_none();
        if let Some(obstacle) = obstacle {
            say(&mut self.out.obstacles, node, &[&obstacle]);
        }
        let fits = |group: &&mut Group| {
            group.ready == ready && group.names.len() < HOSTNAMES && group.rules == *rules
        };
        match self.groups.iter_mut().find(fits) {
            Some(group) if !group.names.contains(&name) => group.names.push(name),
            Some(_) => {}
            None => self.groups.push(Group {
                host: host.to_owned(),
                names: vec![name],
                ready,
                rules: Rc::clone(rules),
            }),
        }
    }

    /// Cuts groups into routes that the CRDs take, and names them.
    fn name(&mut self, ingress: &str, namespace: Option<&str>) {
        let kind = match self.wishes.grpc {
            true => Kind::Grpc,
            false => Kind::Http,
        };
        for group in &self.groups {
            for (part, rules) in rule::split(&group.rules).into_iter().enumerate() {
                let of_host = name::of(ingress, &group.host);
                let mut name = match part {
                    0 => of_host,
                    part => name::with(&of_host, &(part + 1).to_string()),
                };
                if self.out.routes.iter().any(|route| route.name == name) {
                    let text = joined(&[&group.host, "/", &part.to_string()]);
                    name = name::distinct(&name, &text);
                }
                self.out.routes.push(Route {
                    kind,
                    name,
                    namespace: namespace.map(str::to_owned),
                    spec: spec(&self.options.gateway, &group.names, rules, &self.wishes),
                });
            }
        }
    }
}
