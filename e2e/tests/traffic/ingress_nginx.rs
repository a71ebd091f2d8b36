//! The unmodified controller of ingress-nginx, with Debian's NGINX.
//!
//! The controller writes to fixed paths, such as `/etc/nginx/nginx.conf`, so it runs in a mount namespace where
//! `/etc` and `/tmp` are directories of the test. Its template and Lua modules come from its Go module.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::api_server;
use crate::client::{Ports, post};
use crate::process::{Process, get, tool, until};
use crate::runtime::free_ports;

/// The Go module of the controller.
pub(crate) const MODULE: &str = "k8s.io/ingress-nginx";

/// Modules of Debian's NGINX. The controller's own build contains them.
const NGINX_MODULES: [&str; 4] = [
    "ndk_http_module",
    "ngx_http_lua_module",
    "ngx_http_headers_more_filter_module",
    "ngx_stream_module",
];

/// Stand-ins for Lua modules that Debian lacks.
const STAND_INS: [(&str, &str); 3] = [
    ("chash", include_str!("lua/chash.lua")),
    ("lock", include_str!("lua/lock.lua")),
    ("roundrobin", include_str!("lua/roundrobin.lua")),
];

/// Lua modules that are loaded at start, but that the tests do not use.
const UNUSED: [&str; 5] = [
    "cookie",
    "dns/resolver",
    "global_throttle",
    "http",
    "ipmatcher",
];

/// A running controller.
pub(crate) struct IngressNginx {
    process: Process,
    pub(crate) ports: Ports,
    webhook: u16,
    _directory: TempDir,
}

impl IngressNginx {
    /// Starts the controller with Ingresses, Services and EndpointSlices.
    pub(crate) fn start(objects: &[Value], certificate: &Path, key: &Path) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let root = directory.path();
        let [
            http,
            https,
            default,
            status,
            stream,
            health,
            profiler,
            webhook,
        ] = free_ports();
        files(root, stream);
        for (name, from) in [("webhook.crt", certificate), ("webhook.key", key)] {
            fs::copy(from, root.join("etc").join(name)).expect("a copy");
        }
        // The workspace itself may be below `/tmp`.
        fs::copy(
            tool("nginx-ingress-controller"),
            root.join("etc/controller"),
        )
        .expect("a copy");
        let api = api_server::start([objects, &own_objects()].concat());
        let mut command = Command::new("unshare");
        command
            .args([
                "--user",
                "--map-root-user",
                "--mount",
                "--pid",
                "--fork",
                "--kill-child",
            ])
            .args(["sh", "-c"])
            // `/tmp` last, because the directory is usually below it.
            .arg("mount --bind $0/etc /etc && mount --bind $0/tmp /tmp && cd / && exec \"$@\"")
            .arg(root)
            .arg("/etc/controller")
            .args([
                "--configmap=ingress-nginx/controller",
                "--healthz-host=127.0.0.1",
            ])
            .args([
                "--enable-metrics=false",
                "--update-status=false",
                "--profiling=false",
            ])
            // The default since version 1.12.
            .arg("--enable-annotation-validation=true")
            .args([
                "--disable-sync-events",
                "--disable-leader-election",
                "--post-shutdown-grace-period=0",
            ])
            .args(["--validating-webhook-certificate=/etc/webhook.crt"])
            .args(["--validating-webhook-key=/etc/webhook.key"])
            .arg(format!("--validating-webhook=127.0.0.1:{webhook}"))
            .arg(format!("--apiserver-host=http://{api}"))
            .env("NGINX_BINARY", "/usr/sbin/nginx")
            .env("POD_NAMESPACE", "ingress-nginx")
            .env("POD_NAME", "controller");
        for (name, port) in [
            ("http", http),
            ("https", https),
            ("default-server", default),
            ("status", status),
            ("stream", stream),
            ("healthz", health),
            ("profiler", profiler),
        ] {
            command.arg(format!("--{name}-port={port}"));
        }
        let mut process = Process::start("ingress-nginx", &mut command, root);
        let health = ([127, 0, 0, 1], health).into();
        until("ingress-nginx", || {
            process.alive()?;
            let log = process.log();
            // The controller retries forever.
            assert!(
                !log.contains(" test failed"),
                "NGINX rejects the configuration:\n{log}"
            );
            match get(health, "/healthz")? {
                (200, _) => Ok(()),
                (status, _) => Err(format!("/healthz returns {status}:\n{log}")),
            }
        });
        Self {
            process,
            ports: Ports { http, https },
            webhook,
            _directory: directory,
        }
    }

    /// Asks the controller's webhook whether NGINX can serve an Ingress.
    ///
    /// # Errors
    /// Returns an error with the reason if it cannot.
    pub(crate) async fn check(&self, ingress: &Value) -> Result<(), String> {
        let review = json!({
            "apiVersion": "admission.k8s.io/v1",
            "kind": "AdmissionReview",
            "request": {
                "uid": "1",
                "kind": {"group": "networking.k8s.io", "version": "v1", "kind": "Ingress"},
                "resource": {"group": "networking.k8s.io", "version": "v1", "resource": "ingresses"},
                "operation": "CREATE",
                "namespace": ingress["metadata"]["namespace"],
                "name": ingress["metadata"]["name"],
                "object": ingress,
            },
        });
        let review = post(self.webhook, "/", &review).await;
        let review = review.unwrap_or_else(|error| panic!("{error}:\n{}", self.process.log()));
        match review["response"]["allowed"].as_bool() {
            Some(true) => Ok(()),
            _ => Err(review["response"]["status"]["message"].to_string()),
        }
    }
}

/// The objects that the controller itself needs.
fn own_objects() -> Vec<Value> {
    vec![
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass",
            "metadata": {"name": "nginx"}, "spec": {"controller": "k8s.io/ingress-nginx"}}),
        json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"namespace": "ingress-nginx", "name": "controller"}}),
        json!({"apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"namespace": "ingress-nginx", "name": "controller"},
        "data": {
            "bind-address": "127.0.0.1",
            "disable-ipv6": "true",
            "disable-ipv6-dns": "true",
            // Debian's NGINX is older than the directive `http2`.
            "use-http2": "false",
            // Configurations are complete as soon as the one worker has them.
            "worker-processes": "1",
            "disable-access-log": "true",
            "error-log-path": "/dev/stderr",
            // The response header that describes a request is long.
            "proxy-buffer-size": "64k",
        }}),
    ]
}

/// Writes the files of `/etc` and `/tmp`.
fn files(root: &Path, stream: u16) {
    let module = module_directory().join("rootfs/etc/nginx");
    let nginx = root.join("etc/nginx");
    let write = |path: PathBuf, text: &str| {
        fs::create_dir_all(path.parent().expect("a directory")).expect("a directory");
        fs::write(path, text).expect("a file");
    };
    copy(&module.join("lua"), &nginx.join("lua"));
    for (name, text) in STAND_INS {
        write(nginx.join(format!("lua/resty/{name}.lua")), text);
    }
    for name in UNUSED {
        write(nginx.join(format!("lua/resty/{name}.lua")), "return {}\n");
    }
    let text = fs::read_to_string(module.join("template/nginx.tmpl")).expect("a template");
    write(nginx.join("template/nginx.tmpl"), &template(&text, stream));
    let initial = fs::read_to_string(module.join("nginx.conf")).expect("a configuration");
    write(nginx.join("nginx.conf"), &format!("user root;\n{initial}"));
    fs::copy("/etc/nginx/mime.types", nginx.join("mime.types")).expect("Debian's mime.types");
    for directory in ["etc/ingress-controller/telemetry", "tmp/nginx"] {
        fs::create_dir_all(root.join(directory)).expect("a directory");
    }
    write(root.join("etc/resolv.conf"), "nameserver 127.0.0.1\n");
    // NGINX looks up `nobody` before it reads the directive `user`.
    write(
        root.join("etc/passwd"),
        "root:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n",
    );
    write(root.join("etc/group"), "root:x:0:\nnogroup:x:65534:\n");
}

/// Adapts the controller's template to Debian's NGINX and to loopback.
fn template(text: &str, stream: u16) -> String {
    let modules =
        NGINX_MODULES.map(|name| format!("load_module /usr/lib/nginx/modules/{name}.so;\n"));
    // Debian has no Lua in `stream`. The controller only needs somewhere to send its list of TCP services.
    let (http, _) = text.split_once("\nstream {").expect("the block `stream`");
    let (_, templates) = text
        .split_once("\n{{/* definition")
        .expect("templates below `stream`");
    let stream = format!(
        "stream {{\n    server {{\n        listen 127.0.0.1:{stream};\n        return \"\";\n    }}\n}}\n"
    );
    let text = format!(
        "user root;\n{}{http}\n{stream}\n{{{{/* definition{templates}",
        modules.concat()
    );
    let default = "listen {{ $all.ListenPorts.Default }}";
    assert!(text.contains(default), "the template has no default server");
    let text = text.replace(default, "listen 127.0.0.1:{{ $all.ListenPorts.Default }}");
    let temporary = "proxy_temp_path                 /tmp/nginx/proxy-temp;";
    assert!(
        text.contains(temporary),
        "the template has no temporary directories"
    );
    text.replace(
        temporary,
        &format!("{temporary} uwsgi_temp_path /tmp/nginx/uwsgi; scgi_temp_path /tmp/nginx/scgi;"),
    )
}

/// Returns the directory of the controller's module in Go's module cache.
fn module_directory() -> PathBuf {
    let source = e2e::workspace::root().join("e2e/tools/ingress-nginx");
    let go = ["go", "/usr/local/go/bin/go"].into_iter();
    let mut outputs = go.filter_map(|go| {
        let mut list = Command::new(go);
        list.current_dir(&source)
            .args(["list", "-m", "-f", "{{.Dir}}", MODULE]);
        list.output().ok()
    });
    let output = outputs.next().expect("go");
    let directory = String::from_utf8(output.stdout).expect("a path");
    PathBuf::from(directory.trim())
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a directory");
    for entry in fs::read_dir(from).expect("a directory") {
        let entry = entry.expect("an entry");
        let to = to.join(entry.file_name());
        match entry.file_type().expect("a type").is_dir() {
            true => copy(&entry.path(), &to),
            // Go's module cache is read-only, a temporary directory must not be.
            false => fs::write(to, fs::read(entry.path()).expect("a file")).expect("a file"),
        }
    }
}
