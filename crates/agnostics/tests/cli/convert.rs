//! `agnostics convert` converts Ingresses to routes.

use crate::harness::Dir;

/// Returns an Ingress for `web.k8tre.internal` with extra lines of metadata. It has 14 lines without them.
fn ingress(metadata: &str) -> String {
    format!(
        "apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: app
{metadata}spec:
  ingressClassName: nginx
  rules:
  - host: web.k8tre.internal
    http:
      paths:
      - path: /
        pathType: Prefix
        backend: {{service: {{name: web, port: {{name: http}}}}}}
"
    )
}

const SERVICE: &str = "\
apiVersion: v1
kind: Service
metadata: {name: web, namespace: app}
spec:
  ports:
  - {name: metrics, port: 9090}
  - {name: http, port: 8080}
";

const ROUTE: &str = "\
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: web-web-k8tre-internal
  namespace: app
spec:
  parentRefs:
  - name: internal-gateway
    namespace: gateway
  hostnames:
  - web.k8tre.internal
  rules:
  - matches:
    - path:
        type: PathPrefix
        value: /
    backendRefs:
    - name: web
      port: 8080
";

/// The note of every route, about the path of an Ingress.
fn note(file: &str, line: usize) -> String {
    format!(
        "warning: {file}:{line}: spec.rules[0].http.paths[0].path: NGINX answers 400 to paths such as `/..`, \
         which the Gateway forwards\n"
    )
}

/// The end of every report.
const NOT_CHECKED: &str = "not checked: Ingress objects outside the manifests\n";

fn with_service(ingress: &str) -> Dir {
    Dir::with(ingress).file("service.yaml", SERVICE)
}

#[test]
fn an_ingress_with_its_service_becomes_a_route() {
    for (file, paths) in [
        ("app.yaml", &["app.yaml", "service.yaml"][..]),
        ("./app.yaml", &["."]),
    ] {
        let run = with_service(&ingress("")).convert(paths);
        assert_eq!(run.stdout, ROUTE);
        assert_eq!(run.stderr, note(file, 12) + NOT_CHECKED);
        assert_eq!(run.code, 0);
    }
}

#[test]
fn reads_standard_input_lists_and_several_documents() {
    let item = |text: &str| format!("- {}\n", text.trim_end().replace('\n', "\n  "));
    let list = format!(
        "apiVersion: v1\nkind: List\nitems:\n{}{}",
        item(&ingress("")),
        item(SERVICE)
    );
    let other = ingress("")
        .replace("name: web\n", "name: other\n")
        .replace("host: web", "host: other");
    let run = Dir::new().run_stdin("convert", &["-"], format!("{list}---\n{other}").as_bytes());
    let other_route = ROUTE
        .replace("name: web-web", "name: other-other")
        .replace("- web.k8tre", "- other.k8tre");
    assert_eq!(run.stdout, format!("{ROUTE}---\n{other_route}"));
    assert!(run.stderr.ends_with(NOT_CHECKED), "{}", run.stderr);
    assert_eq!(run.code, 0);
}

#[test]
fn unsupported_annotations_are_reported_and_incomplete_routes_are_comments() {
    let annotations = "  annotations:
    nginx.ingress.kubernetes.io/proxy-buffering: 'off'
    nginx.ingress.kubernetes.io/auth-url: https://auth.k8tre.internal
    nginx.ingress.kubernetes.io/auth-uri: https://auth.k8tre.internal
    konghq.com/strip-path: 'true'
";
    let dir = with_service(&ingress(annotations));
    let run = dir.convert(&["."]);
    assert_eq!(
        run.stderr,
        format!(
            "error: ./app.yaml:8: metadata.annotations[nginx.ingress.kubernetes.io/auth-url]: a route \
         cannot authorize requests with an external service\n\
         error: ./app.yaml:9: metadata.annotations[nginx.ingress.kubernetes.io/auth-uri]: ingress-nginx does \
         not know `auth-uri` and ignores it\n\
         error: ./app.yaml:10: metadata.annotations[konghq.com/strip-path]: not translated: only Kong reads \
         it\n\
         warning: ./app.yaml:7: metadata.annotations[nginx.ingress.kubernetes.io/proxy-buffering]: the Gateway \
         streams\n\
         {}{NOT_CHECKED}1 Ingress, 1 not converted in full\n",
            note("./app.yaml", 17)
        )
    );
    let comment: String = ROUTE.lines().map(|line| format!("# {line}\n")).collect();
    let heading = "# ./app.yaml:1 cannot be converted in full. Incomplete routes:\n";
    assert_eq!(run.stdout, format!("{heading}{comment}"));
    assert_eq!(run.code, 1);
    let run = dir.convert(&[".", "--partial"]);
    assert_eq!((run.stdout.as_str(), run.code), (ROUTE, 1));
}

#[test]
fn a_named_port_without_its_service_is_omitted() {
    let run = Dir::with(&ingress("")).convert(&["app.yaml", "--partial"]);
    assert_eq!(run.stdout, ROUTE.replace("      port: 8080\n", ""));
    assert_eq!(
        run.stderr,
        format!(
            "error: app.yaml:14: spec.rules[0].http.paths[0].backend.service.port.name: cannot resolve port \
             `http` of Service `web`: the Service could not be looked up; set the port number in the route\n\
             {}{NOT_CHECKED}1 Ingress, 1 not converted in full\n",
            note("app.yaml", 12)
        )
    );
    assert_eq!(run.code, 1);
    let elsewhere = SERVICE.replace("namespace: app", "namespace: other");
    let dir = Dir::with(&ingress("")).file("service.yaml", elsewhere);
    assert_eq!(
        dir.convert(&["."]).code,
        1,
        "a Service in another namespace does not count"
    );
}

#[test]
fn gateway_and_domain_are_options() {
    let dir = with_service(&ingress(""));
    let run = dir.convert(&[".", "--gateway", "edge/public", "--section-name", "https"]);
    let expected = ROUTE.replace(
        "  - name: internal-gateway\n    namespace: gateway\n",
        "  - name: public\n    namespace: edge\n    sectionName: https\n",
    );
    assert_eq!((run.stdout, run.code), (expected, 0));
    assert_eq!(dir.convert(&[".", "--domain", "k8tre.internal"]).code, 0);
    let run = dir.convert(&[".", "--domain", "example.org"]);
    assert_eq!(
        run.stderr,
        format!(
            "error: ./app.yaml:9: spec.rules[0].host: `web.k8tre.internal` is outside `example.org`, the \
             domain of the Gateway's certificate and DNS\n\
             {}{NOT_CHECKED}1 Ingress, 1 not converted in full\n",
            note("./app.yaml", 12)
        )
    );
}

/// The policy that rejects an Ingress and the command that converts it use the same settings.
#[test]
fn gateway_domain_and_classes_default_to_the_policy_settings() {
    let policy = |settings: &str| {
        format!(
            "apiVersion: policies.kubewarden.io/v1
kind: ClusterAdmissionPolicy
metadata: {{name: httproute-over-ingress}}
spec:
  module: registry://ghcr.io/k8tre/agnostics/httproute-over-ingress:v0.1.0
  mutating: false
  rules: []
  settings: {settings}
"
        )
    };
    let settings = "{gateway: {namespace: edge, name: public}, domain: example.org, mode: reject}";
    let dir = with_service(&ingress("")).file("policy/policy.yaml", policy(settings));
    let files = [
        "app.yaml",
        "service.yaml",
        "--policies",
        "policy/policy.yaml",
    ];
    let run = dir.convert(&files);
    assert!(
        run.stderr.contains("outside `example.org`"),
        "{}",
        run.stderr
    );
    assert!(run.stdout.contains("namespace: edge\n"), "{}", run.stdout);
    // The command line overrides the policy.
    let mut more = files.to_vec();
    more.extend([
        "--domain",
        "k8tre.internal",
        "--gateway",
        "gateway/internal-gateway",
    ]);
    let run = dir.convert(&more);
    assert_eq!((run.stdout.as_str(), run.code), (ROUTE, 0));
    let dir = dir.file("policy/policy.yaml", policy("{domain: 5}"));
    let run = dir.convert(&files);
    assert_eq!(
        run.stderr,
        "error: policy/policy.yaml:1: policy `httproute-over-ingress`: setting `domain`: must be a \
         string, not the number 5\n"
    );
    assert_eq!((run.stdout.as_str(), run.code), ("", 2));
}

#[test]
fn implementation_specific_paths_are_converted_only_for_nginx_classes() {
    let specific = ingress("")
        .replace("pathType: Prefix", "pathType: ImplementationSpecific")
        .replace("path: /\n", "path: /app/*\n");
    let dir = with_service(&specific);
    assert_eq!(dir.convert(&["."]).code, 0);
    let dir = with_service(&specific.replace("ingressClassName: nginx", "ingressClassName: alb"));
    let run = dir.convert(&["."]);
    assert!(
        run.stderr.contains("depends on the controller"),
        "{}",
        run.stderr
    );
    assert_eq!(run.code, 1);
    assert_eq!(
        dir.convert(&[".", "--nginx-class", "nginx", "--nginx-class", "alb"])
            .code,
        0
    );
}

#[test]
fn routes_of_two_ingresses_never_share_a_name() {
    let ingress = |name: &str, host: &str| {
        ingress("")
            .replace("name: web\n", &format!("name: {name}\n"))
            .replace("web.k8tre.internal", host)
    };
    let both = format!("{}---\n{}", ingress("a", "b.c"), ingress("a-b", "c"));
    let run = with_service(&both).convert(&["."]);
    let names: Vec<&str> = run
        .stdout
        .lines()
        .filter_map(|line| line.strip_prefix("  name: "))
        .collect();
    assert_eq!(names, ["a-b-c", "a-b-c-2a89df63"]);
    assert_eq!(run.code, 0);
}

#[test]
fn a_malformed_ingress_is_an_error_and_does_not_affect_others() {
    let broken = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: x}\nspec:\n  rules: {}\n";
    let run = with_service(&format!("{broken}---\n{}", ingress(""))).convert(&["."]);
    assert_eq!(
        run.stderr,
        format!(
            "error: ./app.yaml:5: spec.rules must be an array, not an object\n{}{NOT_CHECKED}",
            note("./app.yaml", 18)
        )
    );
    assert_eq!((run.stdout.as_str(), run.code), (ROUTE, 2));
}

#[test]
fn exits_with_2_without_an_ingress() {
    let run = Dir::with(SERVICE).convert(&["app.yaml"]);
    assert_eq!(
        run.stderr,
        "error: app.yaml: no Ingress found\n  help: pass files or directories with rendered manifests\n"
    );
    assert_eq!((run.stdout.as_str(), run.code), ("", 2));
    assert_eq!(Dir::new().convert(&["missing.yaml"]).code, 2);
    assert_eq!(Dir::new().convert(&[]).code, 2);
    let run = Dir::with(&ingress("")).convert(&["app.yaml", "--gateway", "public"]);
    assert!(run.stderr.contains("NAMESPACE/NAME"), "{}", run.stderr);
    assert_eq!(run.code, 2);
}

#[test]
fn help_documents_options_and_exit_codes() {
    let run = Dir::new().convert(&["--help"]);
    for part in [
        "Exit codes:\n  0: everything converted in full\n",
        "--gateway <NAMESPACE/NAME>",
        "--partial",
        "as comments",
    ] {
        assert!(run.stdout.contains(part), "{part}: {}", run.stdout);
    }
    assert_eq!(run.code, 0);
}

/// Old charts contain Ingresses of API versions before `networking.k8s.io/v1`.
#[test]
fn ingresses_of_old_api_versions_are_converted() {
    let old = "apiVersion: extensions/v1beta1
kind: Ingress
metadata:
  name: web
  namespace: app
  annotations: {kubernetes.io/ingress.class: nginx}
spec:
  rules:
  - host: web.k8tre.internal
    http: {paths: [{path: /, backend: {serviceName: web, servicePort: 8080}}]}
";
    let run = Dir::with(old).convert(&["app.yaml"]);
    assert_eq!((run.stdout.as_str(), run.code), (ROUTE, 0));
}

#[test]
fn the_ingresses_of_a_host_are_converted_together() {
    let regex = "  annotations: {nginx.ingress.kubernetes.io/use-regex: 'true'}\n";
    let other = ingress(regex)
        .replace("name: web\n", "name: other\n")
        .replace("path: /\n", "path: /images/[0-9]+\n");
    let app = ingress("").replace("path: /\n", "path: /app\n");
    let run = with_service(&format!("{app}---\n{other}")).convert(&["."]);
    let paths: Vec<&str> = run
        .stdout
        .lines()
        .filter_map(|line| line.strip_prefix("        value: "))
        .collect();
    assert_eq!(
        paths,
        ["(?i)/app.*", "(?i)/images/[0-9]+.*"].map(|it| format!("\"{it}\""))
    );
    assert_eq!(run.code, 0, "{}", run.stderr);
    // Another class has another controller.
    let other = other.replace("ingressClassName: nginx", "ingressClassName: alb");
    let run = with_service(&format!("{app}---\n{other}")).convert(&["."]);
    assert!(
        run.stdout.contains("        value: /app\n"),
        "{}",
        run.stdout
    );
}

#[test]
fn the_versions_of_the_gateway_decide_what_is_converted() {
    let cors = "  annotations:
    nginx.ingress.kubernetes.io/enable-cors: 'true'
";
    let dir = with_service(&ingress(cors));
    let run = dir.convert(&["."]);
    let reason = "a route cannot do this before Gateway API 1.5 and Cilium 1.20";
    assert!(run.stderr.contains(reason), "{}", run.stderr);
    assert_eq!(run.code, 1);
    let run = dir.convert(&[".", "--implementation", "cilium-1.20"]);
    assert!(run.stdout.contains("type: CORS"), "{}", run.stdout);
    assert_eq!(run.code, 0);
    let old = [
        "--implementation",
        "cilium-1.20",
        "--gateway-version",
        "v1.4",
    ];
    let run = dir.convert(&[&["."], &old[..]].concat());
    assert!(run.stderr.contains(reason), "{}", run.stderr);
    // A GatewayClass among the manifests counts instead of the implementation.
    for (feature, code) in [("HTTPRouteCORS", 0), ("HTTPRouteRetry", 1)] {
        let class = format!(
            "apiVersion: gateway.networking.k8s.io/v1\nkind: GatewayClass\nmetadata: {{name: cilium}}\n\
             spec: {{controllerName: io.cilium/gateway-controller}}\n\
             status: {{supportedFeatures: [{{name: {feature}}}]}}\n"
        );
        let dir = with_service(&format!("{}---\n{class}", ingress(cors)));
        assert_eq!(dir.convert(&["."]).code, code, "{feature}");
        let implementation = ["--implementation", "cilium-1.20"];
        let run = dir.convert(&[&["."], &implementation[..]].concat());
        assert_eq!(run.code, code, "{feature}");
    }
}
