//! Canaries: Ingresses that get a share of the requests for another Ingress.
//!
//! Source: `mergeAlternativeBackends` in `internal/ingress/controller/controller.go` of ingress-nginx, and
//! `route_to_alternative_balancer` in `rootfs/etc/nginx/lua/balancer.lua`.

use std::rc::Rc;

use crate::Translation;
use crate::backend::Backend;
use crate::diagnostic::{Difference, differs, push_once};
use crate::path::PathType;
use crate::rule::Action;
use crate::server::{Host, Member};
use crate::translate::Path;

/// The maximum weight in the CRD.
const MAX_WEIGHT: u32 = 1_000_000;

/// A Service that gets a share of the requests for another one. ingress-nginx attaches it to the Service, not to
/// the path by which it finds it.
pub(crate) struct Canary {
    main: Backend,
    backend: Backend,
    /// The index of its Ingress.
    member: usize,
}

/// Finds the canaries of a host: those with a path of another Ingress.
pub(crate) fn find(
    host: &Host<'_>,
    members: &[Member<'_>],
    canaries: &mut Vec<Canary>,
    out: &mut Translation,
) {
    let namespace = |path: &Path<'_>| members.get(path.member).map(|it| &it.namespace);
    let translated = members.first().map(|it| &it.namespace);
    for path in host.paths.iter().filter(|path| path.canary) {
        let Action::Forward(backend, _) = &*path.action else {
            continue;
        };
        let exact = |path: &Path<'_>| path.path_type == PathType::Exact;
        let mut mains = host.paths.iter().filter(|other| {
            !other.canary && other.text == path.text && exact(other) == exact(path)
        });
        let main = mains.find_map(|other| match &*other.action {
            Action::Forward(main, _) => Some((other, main)),
            _ => None,
        });
        let is_same = |(other, main): &(&Path<'_>, &Backend)| {
            *main == backend && namespace(other) == namespace(path)
        };
        let main = main.filter(|main| !is_same(main));
        if path.member == 0 {
            let owner = main.and_then(|(other, _)| members.get(other.member));
            let parts: &[&str] = match owner {
                Some(owner) => &["is part of the route of Ingress ", &owner.quoted()],
                None => &["gets no requests: no other Ingress has this path with another Service"],
            };
            push_once(&mut out.notes, path.node, parts);
        }
        let Some((_, main)) = main.filter(|(other, _)| namespace(other) == translated) else {
            continue;
        };
        if namespace(path) != translated {
            if let Some(member) = members.get(path.member) {
                let parts = [
                    "canary [] is in another namespace; add its Service to the route, and a ReferenceGrant",
                    &member.quoted(),
                ];
                push_once(&mut out.blockers, host.node, &parts);
            }
            continue;
        }
        // ingress-nginx uses only the first one.
        if canaries.iter().all(|other| other.main != *main) {
            canaries.push(Canary {
                main: main.clone(),
                backend: backend.clone(),
                member: path.member,
            });
        }
    }
}

/// Adds diagnostics if the translated Ingress is a canary of an Ingress that is unknown.
pub(crate) fn check_alone(hosts: &[Host<'_>], members: &[Member<'_>], out: &mut Translation) {
    let traffic = members.first().and_then(|it| it.features.canary.as_ref());
    let is_alone = hosts.iter().any(|host| !host.is_canary(members, 0));
    let Some(traffic) = traffic.filter(|it| it.is_supported && is_alone) else {
        return;
    };
    if traffic.header.is_some() {
        let parts = ["NGINX serves a canary only beside the main Ingress: translate both together"];
        differs(
            &mut out.blockers,
            traffic.node,
            Difference::CanaryAlone,
            &parts,
        );
    }
    if traffic.weight > 0 {
        let parts = [
            "a weight needs the route of the main Ingress: translate both together, or add this Service to its \
             `backendRefs` with `weight: []`",
            &traffic.weight.to_string(),
        ];
        push_once(&mut out.blockers, traffic.node, &parts);
    }
}

/// Merges the canaries into the paths of the translated Ingress.
pub(crate) fn merge(
    host: &mut Host<'_>,
    members: &[Member<'_>],
    canaries: &[Canary],
    out: &mut Translation,
) {
    let mut selected = Vec::new();
    for path in &mut host.paths {
        let Action::Forward(main, rewrite) = &*path.action else {
            continue;
        };
        let (main, rewrite) = (main.clone(), rewrite.clone());
        let Some(canary) = canaries.iter().find(|it| it.main == main) else {
            continue;
        };
        let Some((member, traffic)) = members
            .get(canary.member)
            .and_then(|member| Some((member, member.features.canary.as_ref()?)))
        else {
            continue;
        };
        if !traffic.is_supported {
            let parts = [
                "canary [] selects requests by cookie or header pattern, which a route cannot",
                &member.quoted(),
            ];
            push_once(&mut out.untranslatable, path.node, &parts);
            continue;
        }
        let parts = ["includes the canary []", &member.quoted()];
        push_once(&mut out.notes, path.node, &parts);
        let mut select = |header: &str, value: &str, backend: &Backend| {
            let action = Action::Forward(backend.clone(), rewrite.clone());
            selected.push(Path {
                header: Some((header.to_owned(), value.to_owned())),
                action: Rc::new(action),
                ..path.clone()
            });
        };
        if let Some((name, value)) = &traffic.header {
            select(name, value, &canary.backend);
            if traffic.has_never && traffic.weight > 0 {
                select(name, "never", &main);
            }
        }
        let (mut weight, mut total) = (traffic.weight, traffic.total);
        while total > MAX_WEIGHT {
            weight /= 10;
            total /= 10;
        }
        if weight >= total {
            path.action = Rc::new(Action::Forward(canary.backend.clone(), rewrite));
        } else if weight > 0 {
            path.action = Rc::new(Action::Split {
                main,
                canary: canary.backend.clone(),
                weight,
                total,
                rewrite,
            });
        }
    }
    host.paths.append(&mut selected);
}
