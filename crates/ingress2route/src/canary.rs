//! Canaries: Ingresses that get a share of the requests for another Ingress.
//!
//! Source: `mergeAlternativeBackends` in `internal/ingress/controller/controller.go` of ingress-nginx, and
//! `route_to_alternative_balancer` in `rootfs/etc/nginx/lua/balancer.lua`.

use std::rc::Rc;

use admission::{Malformed, Node};

use crate::backend::{self, Backend};
use crate::diagnostic::{Difference, differs, push_once};
use crate::path::PathType;
use crate::rule::Action;
use crate::server::{Host, Location, Member};
use crate::translate::Path;
use crate::{PortLookup, Translation};

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

/// Finds the canaries of a host: they share a path with another Ingress, even one that the routes leave out.
///
/// # Errors
/// Returns an error if a backend of the translated Ingress has the wrong type.
pub(crate) fn find(
    host: &Host<'_>,
    locations: &[Location<'_>],
    members: &[Member<'_>],
    lookup_port: &PortLookup<'_>,
    canaries: &mut Vec<Canary>,
    out: &mut Translation,
) -> Result<(), Malformed> {
    let is_canary = |location: &Location<'_>| host.is_canary(members, location.member);
    if !locations.iter().any(is_canary) {
        return Ok(());
    }
    let member = |location: &Location<'_>| members.get(location.member);
    let namespace = |location: &Location<'_>| member(location).map(|it| &it.namespace);
    let translated = members.first().map(|it| &it.namespace);
    let mut backends = Vec::new();
    for location in locations {
        let mut unreported = Translation::default();
        let out = match location.member {
            0 => &mut *out,
            _ => &mut unreported,
        };
        let read = |node: Node<'_>| backend::read(&node.object()?, lookup_port, out);
        backends.push(match location.backend.map(read) {
            Some(Err(error)) if location.member == 0 => return Err(error),
            Some(Ok(backend)) => backend,
            _ => None,
        });
    }
    let all = || locations.iter().zip(&backends);
    for (location, backend) in all().filter(|(location, _)| is_canary(location)) {
        let is_exact = location.path_type == PathType::Exact;
        let mut mains = all().filter_map(|(other, main)| {
            let has_path = !is_canary(other) && other.is(&location.text, is_exact);
            Some((other, main.as_ref().filter(|_| has_path)?))
        });
        let main = mains.next().filter(|(other, main)| {
            let is_same = Some(*main) == backend.as_ref();
            backend.is_some() && !(is_same && namespace(other) == namespace(location))
        });
        // A Service has one upstream, with a weight only if the oldest Ingress with it is a canary. Then it has no
        // location (`createUpstreams`).
        let mut mains = all().filter(|(other, _)| !is_canary(other));
        let shared = mains.find(|(other, main)| {
            let is_older = match (member(location), member(other)) {
                (Some(location), Some(other)) => location.precedes(other),
                _ => false,
            };
            namespace(other) == namespace(location)
                && (is_older || !other.is(&location.text, is_exact))
                && backend.is_some()
                && *main == backend
        });
        let concerned = [Some(location), shared.map(|it| it.0), main.map(|it| it.0)];
        if let (Some((other, _)), Some(backend)) = (shared, backend)
            && concerned.iter().flatten().any(|it| it.member == 0)
        {
            let parts = [
                "Service [] is also that of path {}: ingress-nginx ignores either the canary or the path, by their \
                 age; use another Service",
                &backend.quoted(),
                &other.text,
            ];
            let node = match location.member {
                0 => location.node,
                _ => host.node,
            };
            push_once(&mut out.blockers, node, &parts);
        }
        if location.member == 0 {
            let owner = main.and_then(|(other, _)| member(other));
            let parts: &[&str] = match owner {
                Some(owner) => &["is part of the route of Ingress ", &owner.quoted()],
                None => &["gets no requests: no other Ingress has this path with another Service"],
            };
            push_once(&mut out.notes, location.node, parts);
        }
        let main = main.filter(|(other, _)| namespace(other) == translated);
        let (Some((_, main)), Some(backend), Some(owner)) = (main, backend, member(location))
        else {
            continue;
        };
        if namespace(location) != translated {
            let parts = [
                "canary [] is in another namespace; add its Service to the route, and a ReferenceGrant",
                &owner.quoted(),
            ];
            push_once(&mut out.blockers, host.node, &parts);
            continue;
        }
        canaries.push(Canary {
            main: main.clone(),
            backend: backend.clone(),
            member: location.member,
        });
    }
    Ok(())
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
        // ingress-nginx uses only the first one.
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
        if canary.backend.port.is_none() {
            let parts = [
                "the port of canary [] is not known; set it in the route",
                &member.quoted(),
            ];
            push_once(&mut out.blockers, path.node, &parts);
        }
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
