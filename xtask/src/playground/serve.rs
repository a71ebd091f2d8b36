//! A server of files for this machine alone: enough to look at the page, which any file hosting serves.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Component, Path, PathBuf};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::progress::say;

/// A browser says all there is to say at once.
const PATIENCE: Duration = Duration::from_secs(5);
/// More than any request for a file has.
const LONGEST_REQUEST: u64 = 16 * 1024;

/// Serves the files below `site` until it is stopped.
///
/// # Errors
/// If the port is taken.
pub(crate) fn serve(site: &Path, port: u16) -> Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).with_context(|| {
        format!("cannot listen on port {port} of this machine; choose another with --port")
    })?;
    let address = listener.local_addr()?;
    say(format_args!(
        "playground: http://{address}/ (Ctrl-C ends it)"
    ));
    for stream in listener.incoming().flatten() {
        let site = site.to_owned();
        // A browser that goes away in the middle is its own affair.
        thread::spawn(move || answer(&site, stream));
    }
    Ok(())
}

/// The policy in the page's text. As a header it binds the worker too, which a page's text does not.
fn policy(page: &str) -> Option<&str> {
    let (_, after) = page.split_once("http-equiv=\"Content-Security-Policy\"")?;
    let (_, after) = after.split_once("content=\"")?;
    Some(after.split_once('"')?.0)
}

fn answer(site: &Path, mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut lines = BufReader::new(stream.try_clone()?.take(LONGEST_REQUEST)).lines();
    let request = lines.next().transpose()?.unwrap_or_default();
    // The rest of the head; what is left unread would break the connection off.
    for line in lines {
        if line?.is_empty() {
            break;
        }
    }
    let found = file(&request).map(|path| site.join(path));
    let bytes = found.as_ref().map(std::fs::read);
    let (status, kind, body) = match (found, bytes) {
        (Some(path), Some(Ok(bytes))) => ("200 OK", mime(&path), bytes),
        (Some(_), _) => ("404 Not Found", "text/plain", b"no such file\n".to_vec()),
        (None, _) => ("400 Bad Request", "text/plain", b"GET a file\n".to_vec()),
    };
    let page = std::fs::read_to_string(site.join("index.html")).unwrap_or_default();
    let policy = policy(&page).unwrap_or("default-src 'none'");
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nCache-Control: no-cache\r\n\
         Content-Security-Policy: {policy}\r\nConnection: close\r\n\r\n",
        body.len()
    )?;
    stream.write_all(&body)
}

/// The file that a request line asks for, as a path below the site; `None` for what is no plain path.
fn file(request: &str) -> Option<PathBuf> {
    let address = request.strip_prefix("GET /")?.split(' ').next()?;
    let path = Path::new(address.split('?').next()?);
    let plain = |part: Component<'_>| matches!(part, Component::Normal(_));
    if !path.components().all(plain) || address.contains(['%', '\\']) {
        return None;
    }
    match path.as_os_str().is_empty() {
        true => Some("index.html".into()),
        false => Some(path.to_owned()),
    }
}

/// The type of a file; a browser compiles Wasm as it comes only where it is called so.
fn mime(path: &Path) -> &'static str {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("wasm") => "application/wasm",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Workspace;

    #[test]
    fn requests_stay_within_the_site() {
        let path = |line: &str| file(line).map(|path| path.display().to_string());
        assert_eq!(path("GET / HTTP/1.1").unwrap(), "index.html");
        assert_eq!(path("GET /?a HTTP/1.1").unwrap(), "index.html");
        assert_eq!(path("GET /assets/a.js HTTP/1.1").unwrap(), "assets/a.js");
        for line in [
            "GET /../Cargo.toml HTTP/1.1",
            "GET /a/../../b HTTP/1.1",
            "GET //etc/passwd HTTP/1.1",
            "GET /%2e%2e/Cargo.toml HTTP/1.1",
            "POST / HTTP/1.1",
            "",
        ] {
            assert_eq!(path(line), None, "{line}");
        }
    }

    #[test]
    fn files_come_with_their_types() {
        let site = tempfile::tempdir().unwrap();
        std::fs::write(site.path().join("a.wasm"), b"\0asm").unwrap();
        let page = Workspace::load()
            .unwrap()
            .path("crates/playground/web/index.html");
        std::fs::copy(page, site.path().join("index.html")).unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let ask = |line: &str| {
            let mut client = TcpStream::connect(address).unwrap();
            write!(client, "{line}\r\nHost: here\r\n\r\n").unwrap();
            let (stream, _) = listener.accept().unwrap();
            answer(site.path(), stream).unwrap();
            let mut said = String::new();
            client.read_to_string(&mut said).unwrap();
            said
        };
        let said = ask("GET /a.wasm HTTP/1.1");
        assert!(said.starts_with("HTTP/1.1 200 OK\r\n"), "{said}");
        assert!(
            said.contains("Content-Type: application/wasm\r\n"),
            "{said}"
        );
        let policy = "\r\nContent-Security-Policy: default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; ";
        assert!(said.contains(policy), "{said}");
        assert!(said.ends_with("\r\n\r\n\0asm"), "{said}");
        assert!(ask("GET /b HTTP/1.1").starts_with("HTTP/1.1 404 "));
    }
}
