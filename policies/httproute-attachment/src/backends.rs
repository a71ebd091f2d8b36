//! Where the route's traffic goes.

use admission::{Malformed, Object, excerpt, listed};

use crate::judge::Judge;
use crate::rule::Rule;

impl Judge<'_> {
    /// One of `backendRefs`, which has filters of its own.
    pub(crate) fn weighted_backend(&mut self, backend: &Object<'_>) -> Result<(), Malformed> {
        self.known_fields(
            backend,
            &[
                "filters",
                "group",
                "kind",
                "name",
                "namespace",
                "port",
                "weight",
            ],
        );
        self.filters(backend)?;
        self.backend(backend)
    }

    /// The backend of a filter.
    pub(crate) fn filter_backend(&mut self, backend: &Object<'_>) -> Result<(), Malformed> {
        self.known_fields(backend, &["group", "kind", "name", "namespace", "port"]);
        self.backend(backend)
    }

    /// A Service of the route's namespace, which others do not speak for; one of `backends` where those are
    /// given, since a route straight to an app leaves its auth proxy out.
    fn backend(&mut self, backend: &Object<'_>) -> Result<(), Malformed> {
        let path = || backend.node().path();
        let kind = backend.string("kind")?;
        let kind = kind.as_deref().unwrap_or("Service");
        let group = backend.string("group")?.unwrap_or_default();
        let own = self.namespace;
        if kind != "Service" || !group.is_empty() {
            let kind = match group.as_ref() {
                "" => kind,
                group => &format!("{group}/{kind}"),
            };
            self.findings.reject(
                Rule::BackendKinds,
                &format!("{}.kind", path()),
                &format!(
                    "`{}` is not a Service; name one of namespace `{}`",
                    excerpt(kind),
                    excerpt(own)
                ),
            );
        }
        let name = backend.string("name")?.unwrap_or_default();
        let namespace = backend.string("namespace")?.unwrap_or_default();
        let namespace = match namespace.as_ref() {
            // Controllers read an empty one as absent.
            "" => own,
            namespace => namespace,
        };
        let limits = self.settings.backends.iter();
        let limits: Vec<_> = limits.filter(|it| it.namespace == namespace).collect();
        let services = limits.iter().flat_map(|limit| &limit.services);
        let services: Vec<&str> = services.map(String::as_str).collect();
        if !limits.is_empty() && !services.contains(&name.as_ref()) {
            let instead = match services.as_slice() {
                [] => "none is".to_owned(),
                services => format!("name {}", listed(services.iter().copied())),
            };
            self.findings.reject(
                Rule::Backends,
                &format!("{}.name", path()),
                &format!("`{}` is closed to routes; {instead}", excerpt(&name)),
            );
        }
        if namespace != own {
            self.findings.reject(
                Rule::BackendNamespaces,
                &format!("{}.namespace", path()),
                &format!(
                    "`{}` is another namespace; write `{}`",
                    excerpt(namespace),
                    excerpt(own)
                ),
            );
        }
        Ok(())
    }
}
