//! A cluster with the plane's policies before it.

use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};

use manifest::Object;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::access::Access;
use crate::accounts::Account;
use crate::client::{Client, path};
use crate::foreign::{self, Foreign};
use crate::keys::Authority;
use crate::manifests;
use crate::own::{self, own};
use crate::policies::{self, Mode, Profile};
use crate::process::until;
use crate::webhooks::Webhooks;

pub(crate) use crate::lab::{Lab, address};

/// The namespace of the apps of the tests.
pub(crate) const APPS: &str = "apps";

/// Works in the namespaces of apps.
const PERSON: Account = Account {
    namespace: APPS,
    name: "person",
};

/// The cluster, and who asks it.
pub(crate) struct Plane {
    // Fields are dropped in this order: who asks before who answers.
    webhooks: Option<Webhooks>,
    lab: Option<Lab>,
    /// Of what answers the API server's reviews.
    pub(crate) authority: Authority,
    /// Where the API server finds that.
    pub(crate) reviews_at: String,
    /// May do everything, as cluster administrators and the cluster's own controllers.
    pub(crate) admin: Client,
    pub(crate) person: Client,
    directory: TempDir,
}

impl Plane {
    /// Starts an API server of one's own.
    pub(crate) fn start() -> Self {
        let lab = Lab::start(0);
        let access = lab.admin();
        Self::on(access, Some(lab), address(2).to_string())
    }

    /// On a cluster of others, which is first looked at.
    ///
    /// # Errors
    /// When the suite cannot run there, or would change what is there.
    pub(crate) fn elsewhere(foreign: Foreign) -> Result<Self, String> {
        foreign.look()?;
        own::begin();
        let Foreign { access, reviews_at } = foreign;
        let reviews_at = reviews_at.unwrap_or_else(|| address(2).to_string());
        Ok(Self::on(access, None, reviews_at))
    }

    fn on(access: Access, lab: Option<Lab>, reviews_at: String) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let authority = Authority::new(directory.path());
        authority.server("policy-server", &reviews_at);
        let admin = Client::new(access);
        // Before anybody else has a token, what is made has to be taken away again.
        let mut plane = Self {
            person: admin.clone(),
            webhooks: None,
            lab,
            authority,
            reviews_at,
            admin,
            directory,
        };
        plane.admit_the_person();
        plane.person = PERSON.client(&plane);
        let config = plane.person.access.kubeconfig();
        std::fs::write(plane.kubeconfig(), config.to_string()).expect("a file");
        plane
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Where the reviews' server listens.
    pub(crate) fn listens_at(&self) -> IpAddr {
        let any = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        self.reviews_at.parse().unwrap_or(any)
    }

    /// Whether the API server is the suite's own.
    pub(crate) fn is_own(&self) -> bool {
        self.lab.is_some()
    }

    /// The class of claims that name none, if there is one: of several the latest, as DefaultStorageClass
    /// takes it.
    pub(crate) fn default_class(&self) -> Option<String> {
        let classes = self.admin.get("/apis/storage.k8s.io/v1/storageclasses");
        let classes = classes.accepted();
        let classes = classes["items"].as_array().expect("a list").iter();
        let defaults = classes.map(|it| &it["metadata"]).filter(|it| {
            let mark = "storageclass.kubernetes.io/is-default-class";
            it["annotations"][mark] == "true"
        });
        let latest = defaults.max_by_key(|it| it["creationTimestamp"].as_str())?;
        latest["name"].as_str().map(str::to_owned)
    }

    /// Starts the API server again.
    pub(crate) fn start_api_server(&mut self) {
        self.lab.as_mut().expect("its own").start_api_server();
    }

    /// Ends the API server at once.
    pub(crate) fn kill_api_server(&mut self) {
        self.lab.as_mut().expect("its own").kill_api_server();
    }

    /// What `edit` grants, of which no controller collects the parts here.
    fn admit_the_person(&self) {
        for name in [APPS, "gateway", policies::ACCOUNT.namespace, "kube-system"] {
            self.namespace(name, &json!({}));
        }
        for Account { namespace, name } in [PERSON, policies::ACCOUNT] {
            let account = json!({
                "apiVersion": "v1",
                "kind": "ServiceAccount",
                "metadata": {"name": name, "namespace": own(namespace)},
            });
            self.admin.create(&account).accepted();
        }
        let groups = [
            "",
            "external-secrets.io",
            "gateway.networking.k8s.io",
            "networking.k8s.io",
        ];
        let role = json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRole",
            "metadata": {"name": own("person")},
            "rules": [{"apiGroups": groups, "resources": ["*"], "verbs": ["*"]}],
        });
        self.admin.create(&role).accepted();
        let binding = json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": own("person")},
            "roleRef": {
                "apiGroup": "rbac.authorization.k8s.io",
                "kind": "ClusterRole",
                "name": own("person"),
            },
            "subjects": [{
                "kind": "ServiceAccount", "name": PERSON.name, "namespace": own(PERSON.namespace),
            }],
        });
        self.admin.create(&binding).accepted();
    }

    pub(crate) fn namespace(&self, name: &str, labels: &Value) {
        let mut namespace = json!({
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": own(name), "labels": labels},
        });
        if let Some(run) = own::run() {
            namespace["metadata"]["labels"][own::LABEL] = run.into();
        }
        self.admin.apply(&namespace).accepted();
    }

    /// Adds the kinds of others, and waits until they are served.
    pub(crate) fn add_kinds(&self) {
        let root = e2e::workspace::root().join("target/tools/crds");
        let mut kinds = Vec::new();
        for file in std::fs::read_dir(&root).expect("CRDs").flatten() {
            let text = std::fs::read(file.path()).expect("a file");
            let name = file.file_name().into_string().expect("a name");
            for document in manifest::read(&name, &text) {
                let objects = document.expect("YAML").objects();
                kinds.extend(objects.map(|it| it.expect("an object")));
            }
        }
        kinds.retain(|it: &Object| it.kind() == "CustomResourceDefinition");
        assert!(!kinds.is_empty(), "no CRDs in {}", root.display());
        let mut kinds: Vec<Value> = kinds
            .into_iter()
            .map(|it| served_without_others(it.value))
            .collect();
        if !self.is_own() {
            // What the cluster has it keeps, and what nobody needs here takes long to go again.
            let needed = manifests::kinds();
            kinds.retain(|kind| {
                let name = kind["spec"]["names"]["kind"].as_str().expect("a kind");
                needed.contains(name) && self.admin.get(&path(kind)).status == 404
            });
        }
        for kind in &kinds {
            self.admin.apply(kind).accepted();
        }
        for kind in &kinds {
            until("a kind is served", || {
                let stored = self.admin.get(&path(kind)).accepted();
                let conditions = stored["status"]["conditions"].as_array();
                let mut conditions = conditions.into_iter().flatten();
                match conditions.any(|it| it["type"] == "Established" && it["status"] == "True") {
                    true => Ok(()),
                    false => Err(stored["status"].to_string()),
                }
            });
        }
    }

    /// Puts the policies of a profile before the API server, as Kubewarden does, and no others.
    pub(crate) fn install(&mut self, profile: Profile) {
        self.install_in(profile, Mode::Protect);
    }

    /// The same, in a mode.
    pub(crate) fn install_in(&mut self, profile: Profile, mode: Mode) {
        if self.webhooks.is_none() {
            self.webhooks = Some(Webhooks::start(self));
        }
        let webhooks = self.webhooks.as_ref().expect("started");
        webhooks.install(self, profile, mode);
    }

    /// Ends what answers the API server's reviews.
    pub(crate) fn stop_policy_server(&mut self) {
        self.webhooks.as_mut().expect("installed").server = None;
    }

    pub(crate) fn start_policy_server(&mut self) {
        let webhooks = self.webhooks.as_ref().expect("installed");
        let server = webhooks.start_server(self);
        self.webhooks.as_mut().expect("installed").server = Some(server);
    }

    /// Makes good what a scenario that failed may have left down, slow or changed.
    pub(crate) fn mend(&mut self) {
        if self.lab.as_ref().is_some_and(Lab::is_down) {
            self.start_api_server();
        }
        self.stop_policy_server();
        self.start_policy_server();
        self.install(Profile::K3s);
    }

    /// Has it answer nothing, as if it were very slow.
    pub(crate) fn pause_policy_server(&self) {
        self.webhooks.as_ref().expect("installed").pause(true);
    }

    /// Has it answer what was asked meanwhile, and go on.
    pub(crate) fn resume_policy_server(&self) {
        self.webhooks.as_ref().expect("installed").pause(false);
    }

    /// Takes away what was made in a cluster of others.
    ///
    /// # Errors
    /// What is left.
    pub(crate) fn leave(&mut self) -> Result<(), String> {
        match self.lab {
            Some(_) => Ok(()),
            None => foreign::leave(&self.admin),
        }
    }

    /// The person's.
    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.path().join("person.kubeconfig")
    }
}

impl Drop for Plane {
    fn drop(&mut self) {
        if let Err(left) = self.leave() {
            eprintln!("left behind: {left}");
        }
    }
}

/// Kinds whose versions a controller of their own converts, and which has no controller here, are
/// converted by nobody.
fn served_without_others(mut kind: Value) -> Value {
    if let Some(spec) = kind["spec"].as_object_mut() {
        spec.remove("conversion");
    }
    kind
}
