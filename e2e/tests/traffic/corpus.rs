//! Sets of Ingresses. All sets run at once, so each has its own namespace, hosts and Services.

use std::collections::{BTreeMap, BTreeSet};

use e2e::Case;
use ingress2route::PREFIX;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::client::Request;
use crate::compare::normalized;
use crate::gateway::domain;

/// The domain of most hosts in cases, which is left out of the hosts of a set.
const DOMAIN_OF_CASES: &str = ".k8tre.internal";

/// Ingresses that belong together, such as those of one host, with their Services.
#[derive(Debug, Clone)]
pub(crate) struct Set {
    /// Where the set comes from: a case, a fixture or a generator.
    pub(crate) id: String,
    /// The group of sets that it belongs to.
    pub(crate) origin: &'static str,
    pub(crate) ingresses: Vec<Value>,
    pub(crate) services: Vec<Value>,
    /// The settings of the policy; null for the defaults.
    pub(crate) settings: Value,
    /// Whether Services that the Ingresses name and that are missing are added.
    all_services: bool,
}

/// Returns the Ingresses of the cases of httproute-over-ingress, each different Ingress once.
pub(crate) fn cases() -> Vec<Set> {
    let cases = Case::all_of("httproute-over-ingress").expect("cases");
    let mut known = BTreeSet::new();
    let mut sets = Vec::new();
    for case in cases {
        let Some(ingress) = case.object.clone().filter(is_ingress) else {
            continue;
        };
        let same = [
            &ingress["metadata"]["annotations"],
            &ingress["spec"]["rules"],
            &ingress["spec"]["tls"],
            &ingress["spec"]["defaultBackend"],
        ];
        if known.insert(json!(same).to_string()) {
            let services = case.cluster.iter().filter(|it| it["kind"] == "Service");
            sets.push(Set {
                id: case.title(),
                origin: "cases",
                ingresses: vec![ingress],
                services: services.cloned().collect(),
                settings: Value::Null,
                all_services: true,
            });
        }
    }
    sets
}

/// A set in a file of `fixtures/`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fixture {
    name: String,
    #[serde(rename = "description")]
    _description: String,
    ingresses: Vec<FixtureIngress>,
    /// If not set, all Services that the Ingresses name.
    services: Option<Vec<Value>>,
    /// The settings of the policy, if they are not the defaults.
    #[serde(default)]
    settings: Value,
}

/// The part of an Ingress that fixtures set.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct FixtureIngress {
    #[serde(default = "default_host")]
    pub(crate) host: String,
    /// Without the prefix of ingress-nginx.
    #[serde(default)]
    annotations: BTreeMap<String, String>,
    #[serde(default)]
    tls: bool,
    default_service: Option<String>,
    pub(crate) paths: Vec<FixturePath>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct FixturePath {
    pub(crate) path: String,
    path_type: String,
    service: String,
}

impl FixturePath {
    pub(crate) fn new(path: &str, path_type: &str, service: &str) -> Self {
        let [path, path_type, service] = [path, path_type, service].map(str::to_owned);
        Self {
            path,
            path_type,
            service,
        }
    }
}

fn default_host() -> String {
    "app.k8tre.internal".to_owned()
}

/// Returns the sets in the files of `fixtures/`.
pub(crate) fn fixtures() -> Vec<Set> {
    let files = [
        (
            "five-behaviors",
            include_str!("fixtures/five-behaviors.yaml"),
        ),
        ("documentation", include_str!("fixtures/documentation.yaml")),
    ];
    let read = |(file, text): (&'static str, &str)| {
        let fixtures: Vec<Fixture> =
            serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{file}: {error}"));
        fixtures
            .into_iter()
            .map(move |it| it.set(file))
            .collect::<Vec<_>>()
    };
    files.into_iter().flat_map(read).collect()
}

impl Fixture {
    pub(crate) fn new(name: String, ingresses: Vec<FixtureIngress>) -> Self {
        Self {
            name,
            _description: String::new(),
            ingresses,
            services: None,
            settings: Value::Null,
        }
    }

    pub(crate) fn set(self, file: &'static str) -> Set {
        let ingresses = self.ingresses.iter().enumerate();
        Set {
            id: format!("{file}/{}", self.name),
            origin: file,
            ingresses: ingresses.map(|(index, it)| it.manifest(index)).collect(),
            all_services: self.services.is_none(),
            services: self.services.unwrap_or_default(),
            settings: self.settings,
        }
    }
}

impl FixtureIngress {
    pub(crate) fn new(
        host: &str,
        annotations: BTreeMap<String, String>,
        tls: bool,
        default_service: Option<String>,
        paths: Vec<FixturePath>,
    ) -> Self {
        Self {
            host: host.to_owned(),
            annotations,
            tls,
            default_service,
            paths,
        }
    }

    fn manifest(&self, index: usize) -> Value {
        let backend = |service: &str| json!({"service": {"name": service, "port": {"number": 80}}});
        let paths = self.paths.iter().map(|it| {
            json!({"path": it.path, "pathType": it.path_type, "backend": backend(&it.service)})
        });
        let annotations = self.annotations.iter();
        let annotations =
            annotations.map(|(name, value)| (format!("{PREFIX}{name}"), json!(value)));
        let mut spec = json!({
            "rules": [{"host": self.host, "http": {"paths": paths.collect::<Vec<_>>()}}],
        });
        if self.tls {
            spec["tls"] = json!([{"hosts": [self.host], "secretName": "tls"}]);
        }
        if let Some(service) = &self.default_service {
            spec["defaultBackend"] = backend(service);
        }
        json!({
            "apiVersion": "networking.k8s.io/v1",
            "kind": "Ingress",
            "metadata": {
                "name": format!("ingress-{index}"),
                "annotations": annotations.collect::<serde_json::Map<_, _>>(),
            },
            "spec": spec,
        })
    }
}

/// Whether the API server serves the object as an Ingress to controllers. Older versions are converted.
fn is_ingress(object: &Value) -> bool {
    object["kind"] == "Ingress" && object["apiVersion"] == "networking.k8s.io/v1"
}

impl Set {
    /// Returns the set with a namespace, hosts and Services that no other set has.
    pub(crate) fn isolated(mut self, index: usize) -> Self {
        let namespace = format!("s{index}");
        for (position, ingress) in self.ingresses.iter_mut().enumerate() {
            isolate(ingress, &namespace, position);
        }
        self.services
            .retain(|service| service["metadata"]["name"].is_string());
        for service in &mut self.services {
            service["metadata"] =
                json!({"name": service["metadata"]["name"], "namespace": namespace});
        }
        for (name, ports) in self.missing_services() {
            let ports = ports
                .into_iter()
                .map(|(port, number)| json!({"name": port, "port": number}));
            self.services.push(json!({
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": {"name": name, "namespace": namespace},
                "spec": {"ports": ports.collect::<Vec<_>>()},
            }));
        }
        self
    }

    /// Returns the Services that the Ingresses name and the set does not define, with their ports.
    fn missing_services(&self) -> BTreeMap<String, BTreeMap<String, u64>> {
        let mut missing: BTreeMap<String, BTreeMap<String, u64>> = BTreeMap::new();
        if !self.all_services {
            return missing;
        }
        for service in self.ingresses.iter().flat_map(backends) {
            let name = service["name"].as_str().unwrap_or_default();
            if self
                .services
                .iter()
                .any(|it| it["metadata"]["name"] == name)
            {
                continue;
            }
            let ports = missing.entry(name.to_owned()).or_default();
            let port = &service["port"];
            match (port["number"].as_u64(), port["name"].as_str()) {
                (Some(number), _) => ports.insert(format!("p{number}"), number),
                (None, Some(name)) => {
                    let number = 8000 + ports.len() as u64;
                    ports.insert(name.to_owned(), number)
                }
                (None, None) => None,
            };
        }
        missing
    }

    /// Returns the hosts of all Ingresses, with `*` as it is written.
    pub(crate) fn hosts(&self) -> BTreeSet<&str> {
        let rules = self.ingresses.iter().flat_map(rules);
        rules.filter_map(|rule| rule["host"].as_str()).collect()
    }

    /// Returns the paths of a host, of all Ingresses.
    pub(crate) fn paths(&self, host: &str) -> Vec<&Value> {
        let rules = self.ingresses.iter().flat_map(rules);
        let of_host = rules.filter(|rule| rule["host"] == host);
        of_host
            .flat_map(|rule| list(&rule["http"]["paths"]))
            .collect()
    }

    /// Whether an Ingress may have a part in what happens with a request: it has the host, and a path that the
    /// path of the request starts with, as it is or normalized.
    pub(crate) fn is_near(ingress: &Value, request: &Request) -> bool {
        let host = request.host.to_ascii_lowercase();
        let name = host.split(':').next().unwrap_or_default();
        let name = name.trim_end_matches('.');
        let has_host = |rule: &&Value| match rule["host"].as_str() {
            Some(host) => host
                .strip_prefix('*')
                .map_or(host == name, |it| name.ends_with(it)),
            None => true,
        };
        if !rules(ingress).any(|rule| has_host(&rule)) {
            return false;
        }
        // They apply to paths that the Ingress does not have.
        let annotations = &ingress["metadata"]["annotations"];
        let is_set = |name: &&str| annotations[format!("{PREFIX}{name}")].is_string();
        let of_root = ["app-root", "permanent-redirect", "temporal-redirect"];
        let Some(normalized) = normalized(&request.path) else {
            return true;
        };
        let requested = [&request.path, &normalized].map(|it| it.to_ascii_lowercase());
        let mut paths = rules(ingress)
            .filter(has_host)
            .flat_map(|rule| list(&rule["http"]["paths"]));
        ingress["spec"]["defaultBackend"].is_object()
            || of_root.iter().any(is_set)
            || paths.any(|path| {
                let head = literal(path["path"].as_str().unwrap_or("/"));
                let head = head.trim_end_matches('/').to_ascii_lowercase();
                requested.iter().any(|it| it.starts_with(&head))
            })
    }

    /// Returns the path with the case of the Ingresses' paths that it starts with.
    pub(crate) fn recased(&self, path: &str) -> Vec<String> {
        let paths = self
            .ingresses
            .iter()
            .flat_map(rules)
            .flat_map(|rule| list(&rule["http"]["paths"]));
        let prefixes = paths.filter_map(|it| it["path"].as_str()).map(literal);
        let recased = prefixes.filter_map(|prefix| {
            let (start, rest) = path.split_at_checked(prefix.len())?;
            let same = start != prefix && start.eq_ignore_ascii_case(prefix);
            same.then(|| format!("{prefix}{rest}"))
        });
        recased.collect()
    }

    /// Returns the value of an annotation of ingress-nginx for each Ingress that has it.
    pub(crate) fn annotation(&self, name: &str) -> Vec<&str> {
        let key = format!("{PREFIX}{name}");
        let ingresses = self.ingresses.iter();
        ingresses
            .filter_map(|it| it["metadata"]["annotations"][&key].as_str())
            .collect()
    }
}

/// Returns the start of a path before the first character that may be special in a regular expression.
fn literal(path: &str) -> &str {
    let end = path.find(|c: char| "([*+?$^|\\.{".contains(c));
    &path[..end.unwrap_or(path.len())]
}

fn isolate(ingress: &mut Value, namespace: &str, position: usize) {
    let metadata = &mut ingress["metadata"];
    metadata["namespace"] = namespace.into();
    // The first one has priority.
    metadata["creationTimestamp"] = format!("2026-01-01T00:00:{position:02}Z").into();
    if metadata["name"].as_str().is_none_or(str::is_empty) {
        metadata["name"] = format!("ingress-{position}").into();
    }
    if let Some(annotations) = metadata["annotations"].as_object_mut() {
        annotations.shift_remove("kubernetes.io/ingress.class");
        if let Some(aliases) = annotations.get_mut(&format!("{PREFIX}server-alias")) {
            let names = aliases.as_str().unwrap_or_default().split(',');
            let names = names.map(|name| match name.trim() {
                "" => String::new(),
                pattern if pattern.starts_with('~') => pattern.to_owned(),
                name => isolated_host(name, namespace),
            });
            *aliases = names.collect::<Vec<_>>().join(",").into();
        }
    }
    let spec = &mut ingress["spec"];
    if spec.is_object() {
        spec["ingressClassName"] = "nginx".into();
    }
    let rules = spec["rules"].as_array_mut().into_iter().flatten();
    for rule in rules {
        if let Some(host) = rule["host"].as_str().filter(|host| !host.is_empty()) {
            rule["host"] = isolated_host(host, namespace).into();
        }
    }
    let tls = spec["tls"].as_array_mut().into_iter().flatten();
    for hosts in tls.filter_map(|entry| entry["hosts"].as_array_mut()) {
        for host in hosts {
            if let Some(name) = host.as_str() {
                *host = isolated_host(name, namespace).into();
            }
        }
    }
}

fn isolated_host(host: &str, namespace: &str) -> String {
    let host = host.strip_suffix(DOMAIN_OF_CASES).unwrap_or(host);
    format!("{host}.{namespace}.{}", domain())
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn rules(ingress: &Value) -> impl Iterator<Item = &Value> {
    list(&ingress["spec"]["rules"])
}

/// Returns the Services that an Ingress names.
fn backends(ingress: &Value) -> impl Iterator<Item = &Value> {
    let paths = rules(ingress).flat_map(|rule| list(&rule["http"]["paths"]));
    let backends = paths.map(|path| &path["backend"]);
    let default = std::iter::once(&ingress["spec"]["defaultBackend"]);
    let services = backends.chain(default).map(|backend| &backend["service"]);
    services.filter(|service| service.is_object())
}
