//! The optional components of the overlays.

use crate::tree;

/// Renders an overlay with a component.
fn customized(overlay: &str, component: &str) -> Option<Vec<manifest::Object>> {
    let kustomize = tree::kustomize()?;
    let directory = tree::customized(overlay, component);
    Some(tree::objects(
        component,
        &kustomize.build(directory.path()).unwrap(),
    ))
}

#[test]
fn irsa_gives_the_stores_their_own_identity() {
    let Some(objects) = customized(
        "secret-store/aws/envs/dev",
        "secret-store/aws/components/irsa",
    ) else {
        return;
    };
    let stores = objects
        .iter()
        .filter(|it| it.kind() == "ClusterSecretStore");
    for store in stores.clone() {
        let jwt = &store.value["spec"]["provider"]["aws"]["auth"]["jwt"];
        assert_eq!(
            jwt["serviceAccountRef"]["name"],
            "eso-reader",
            "{}",
            store.name()
        );
    }
    assert_eq!(stores.count(), 2);
    let account = objects
        .iter()
        .find(|it| it.kind() == "ServiceAccount")
        .unwrap();
    let annotations = &account.value["metadata"]["annotations"];
    let role = &annotations["eks.amazonaws.com/role-arn"];
    assert_eq!(role, "${AWS_EXTERNAL_SECRETS_ROLE_ARN}");
    assert!(objects.iter().any(|it| it.kind() == "Role"));
}

#[test]
fn public_zones_selects_the_provider_azure() {
    let component = "externaldns/azure/components/public-zones";
    let Some(objects) = customized("externaldns/azure/envs/dev", component) else {
        return;
    };
    let deployment = objects.iter().find(|it| it.kind() == "Deployment").unwrap();
    let args = &deployment.value["spec"]["template"]["spec"]["containers"][0]["args"];
    let providers: Vec<&str> = args
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|arg| arg.as_str()?.strip_prefix("--provider="))
        .collect();
    assert_eq!(providers, ["azure"]);
}

#[test]
fn kubeadm_replaces_the_whole_corefile() {
    let component = "cluster-dns/components/kubeadm";
    let Some(objects) = customized("cluster-dns/k3s/envs/dev", component) else {
        return;
    };
    let names: Vec<&str> = objects.iter().map(manifest::Object::name).collect();
    assert_eq!(names, ["coredns"]);
    let corefile = objects[0].value["data"]["Corefile"].as_str().unwrap();
    for expected in ["${DOMAIN}:53 {", "forward . 10.43.0.53", ".:53 {"] {
        assert!(corefile.contains(expected), "{expected}");
    }
}
