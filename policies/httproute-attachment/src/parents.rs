//! What the route attaches to.

use admission::{Malformed, Object, excerpt, listed};

use crate::judge::Judge;
use crate::rule::Rule;

/// The group that a parent is of where it names none.
const GROUP: &str = "gateway.networking.k8s.io";

impl Judge<'_> {
    /// Every parent is the plane's Gateway. A second one would serve the route where nobody looks.
    pub(crate) fn parents(&mut self, spec: &Object<'_>) -> Result<(), Malformed> {
        let parents = spec.array("parentRefs")?.unwrap_or_default();
        if parents.is_empty() {
            let problem = format!(
                "names no parent, so nothing serves the route; {}",
                self.write()
            );
            let path = format!("{}.parentRefs", spec.node().path());
            self.findings.reject(Rule::Parents, &path, &problem);
        }
        for parent in parents {
            self.parent(&parent.object()?)?;
        }
        Ok(())
    }

    fn parent(&mut self, parent: &Object<'_>) -> Result<(), Malformed> {
        self.known_fields(
            parent,
            &["group", "kind", "name", "namespace", "port", "sectionName"],
        );
        let gateway = &self.settings.gateway;
        let group = parent.string("group")?;
        let kind = parent.string("kind")?;
        let name = parent.string("name")?.unwrap_or_default();
        let own = parent
            .string("namespace")?
            // Controllers read an empty one as absent.
            .filter(|namespace| !namespace.is_empty());
        let namespace = own.as_deref().unwrap_or(self.namespace);
        let kind = kind.as_deref().unwrap_or("Gateway");
        let is_gateway = kind == "Gateway" && group.is_none_or(|group| group == GROUP);
        let problem = if !is_gateway {
            // The group is what is wrong where the kind looks right.
            let what = match kind {
                "Gateway" => "a Gateway of another group",
                kind => &format!("a `{}`", excerpt(kind)),
            };
            format!("is {what}, not the plane's Gateway; {}", self.write())
        } else if name == gateway.name && namespace == gateway.namespace {
            String::new()
        } else if name == gateway.name && own.is_none() {
            format!(
                "is Gateway `{name}` in the route's own namespace; add `namespace: {}`",
                gateway.namespace
            )
        } else {
            format!(
                "is Gateway `{}/{}`, not the plane's; {}",
                excerpt(namespace),
                excerpt(&name),
                self.write()
            )
        };
        let path = || parent.node().path();
        if !problem.is_empty() {
            self.findings.reject(Rule::Parents, &path(), &problem);
        }
        if parent.get("port")?.is_some() {
            self.findings.reject(
                Rule::ParentPorts,
                &format!("{}.port", path()),
                "ties the route to a port; leave it out, or name a listener by `sectionName`",
            );
        }
        let sections = &self.settings.gateway.section_names;
        if let Some(section) = parent.string("sectionName")?
            && !sections.iter().any(|name| *name == section)
        {
            let instead = match sections.as_slice() {
                [] => String::new(),
                sections => format!(", or write {}", listed(sections.iter().map(String::as_str))),
            };
            self.findings.reject(
                Rule::SectionNames,
                &format!("{}.sectionName", path()),
                &format!(
                    "`{}` is no listener of the plane's Gateway; leave it out{instead}",
                    excerpt(&section)
                ),
            );
        }
        Ok(())
    }

    /// GEP-3793: attaches the route to Gateways that it does not name.
    pub(crate) fn default_gateways(&mut self, spec: &Object<'_>) -> Result<(), Malformed> {
        if let Some(scope) = spec.string("useDefaultGateways")?
            && scope != "None"
        {
            self.findings.reject(
                Rule::DefaultGateways,
                &format!("{}.useDefaultGateways", spec.node().path()),
                "attaches the route to Gateways unnamed; leave it out",
            );
        }
        Ok(())
    }

    /// The way out of a wrong parent.
    fn write(&self) -> String {
        let gateway = &self.settings.gateway;
        let (namespace, name) = (&gateway.namespace, &gateway.name);
        format!("write `{{name: {name}, namespace: {namespace}}}`")
    }
}
