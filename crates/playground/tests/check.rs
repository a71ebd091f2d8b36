//! The reports for the page.
#![allow(clippy::expect_used, reason = "test helpers")]

use playground::{Call, Input, Level, Report, Source, check, evaluate};

const CLAIM: &str = "\
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data, namespace: app}
spec:
  accessModes: [ReadWriteOnce]
  storageClassName: gp3
";

fn report(input: Input) -> Report {
    check(&input).expect("the profile is known")
}

fn on_azure(manifests: &str) -> Input {
    Input {
        manifests: manifests.to_owned(),
        profile: "azure".to_owned(),
        ..Input::default()
    }
}

fn example(name: &str) -> String {
    let path = format!("{}/../../examples/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).expect(&path)
}

#[test]
fn a_mutation_has_its_line_and_diff() {
    let report = report(on_azure(&format!("# a comment\n---\n{CLAIM}")));
    assert_eq!(report.summary.mutated, 1);
    let object = &report.objects[0];
    let [note] = &object.notes[..] else {
        panic!("{:?}", object.notes)
    };
    assert_eq!((note.level, note.line), (Level::Warning, 8));
    assert_eq!(note.module, "storage-class");
    let changed = |sign| {
        let lines = object.diff.iter().filter(|line| line.sign == sign);
        lines.map(|line| line.text.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(changed('-'), ["  storageClassName: gp3"]);
    assert_eq!(changed('+'), ["  storageClassName: rwo-default"]);
}

#[test]
fn every_finding_has_its_line() {
    let report = report(on_azure(&example("guacamole.yaml")));
    let notes = &report.objects[0].notes;
    let lines: Vec<_> = notes.iter().map(|note| note.line).collect();
    assert_eq!(lines, [11, 9, 14], "{notes:?}");
    assert!(notes.iter().all(|note| note.level == Level::Rejected));
}

#[test]
fn an_ingress_has_its_route() {
    let report = report(on_azure(&example("portal.yaml")));
    assert_eq!((report.summary.objects, report.summary.rejected), (2, 1));
    let routes = report.objects[0].routes.as_ref().expect("it is an Ingress");
    assert!(routes.complete, "{routes:?}");
    assert!(routes.yaml.contains("kind: HTTPRoute"), "{}", routes.yaml);
    // The named port of the Ingress is resolved with the Service in the manifests.
    assert!(routes.yaml.contains("port: 8080"), "{}", routes.yaml);
    assert_eq!(report.objects[1].routes, None);
}

#[test]
fn cluster_objects_are_looked_up_but_not_checked() {
    let (ingress, service) = {
        let text = example("portal.yaml");
        let (ingress, service) = text.split_once("---\n").expect("two documents");
        (ingress.to_owned(), service.to_owned())
    };
    let alone = report(on_azure(&ingress));
    assert!(!alone.not_checked.is_empty() || !alone.objects[0].routes.as_ref().unwrap().complete);
    let report = report(Input {
        cluster: service,
        ..on_azure(&ingress)
    });
    assert_eq!(report.objects.len(), 1);
    assert!(report.objects[0].routes.as_ref().unwrap().complete);
}

#[test]
fn settings_of_the_given_policies_apply() {
    let (_, policies) = simulate::Profile::Azure.policies();
    let edited = policies.replace("clusterDefaultClass: rwx-default", "clusterDefaultClas: x");
    let report = report(Input {
        policies: Some(edited),
        ..on_azure(CLAIM)
    });
    let [problem] = &report.problems[..] else {
        panic!("{:?}", report.problems)
    };
    assert_eq!(problem.source, Source::Policies);
    assert!(problem.error && problem.line.is_some());
    assert!(
        problem.message.contains("clusterDefaultClas"),
        "{problem:?}"
    );
    assert!(report.objects.is_empty());
}

#[test]
fn a_text_without_policies_is_an_error() {
    for text in [
        "",
        "# all gone\n",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n",
    ] {
        let report = report(Input {
            policies: Some(text.to_owned()),
            ..on_azure(CLAIM)
        });
        let [problem] = &report.problems[..] else {
            panic!("{text}: {:?}", report.problems)
        };
        assert_eq!((problem.source, problem.line), (Source::Policies, Some(1)));
        assert!(problem.error && problem.help.is_some(), "{problem:?}");
        assert_eq!(problem.message, "no policy found");
        assert!(report.objects.is_empty(), "{text}: nothing is checked");
    }
}

#[test]
fn warns_about_unknown_namespaces() {
    let (_, policies) = simulate::Profile::Azure.policies();
    let input = Input {
        policies: Some(policies.replace("kubernetes.io/metadata.name", "team")),
        ..on_azure(CLAIM)
    };
    let unknown = report(input.clone());
    let problems = &unknown.problems;
    let help = Some("paste the Namespaces into the Cluster tab");
    // One warning for each policy with a selector.
    assert!(!problems.is_empty(), "the policies have no selector");
    let all = problems.iter().all(|it| it.help.as_deref() == help);
    assert!(all, "{problems:?}");
    let known = report(Input {
        cluster: "apiVersion: v1\nkind: Namespace\nmetadata: {name: app}\n".to_owned(),
        ..input
    });
    assert_eq!(known.problems, []);
}

#[test]
fn blank_text_is_no_problem_but_broken_text_is() {
    let blank = report(on_azure(" \n"));
    assert_eq!((blank.objects.len(), blank.problems.len()), (0, 0));
    let broken = report(on_azure("a: [\n"));
    assert_eq!(broken.summary.errors, 1);
    assert_eq!(broken.problems[0].source, Source::Manifests);
}

#[test]
fn an_unknown_profile_is_an_error() {
    let input = Input {
        profile: "gcp".to_owned(),
        ..Input::default()
    };
    let error = check(&input).unwrap_err();
    assert_eq!(error, "unknown profile `gcp`; use azure, aws or k3s");
}

#[test]
fn a_call_returns_the_response_for_the_policy_server() {
    let call: Call = serde_json::from_str(
        r#"{"module": "storage-class", "settings": {"clusterDefaultClas": "x"}}"#,
    )
    .unwrap();
    let response = evaluate(call).unwrap();
    assert!(
        response.starts_with(r#"{"valid":false,"message":"setting `"#),
        "{response}"
    );
    let unknown: Call = serde_json::from_str(r#"{"module": "nothing", "settings": {}}"#).unwrap();
    assert_eq!(evaluate(unknown).unwrap_err(), "unknown module `nothing`");
}
