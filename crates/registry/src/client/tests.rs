//! What registries do that Debian's does not: tokens, rights, lists of referrers, and failures of all
//! sorts. Each test plays a registry that answers as the test says.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use super::*;

/// A question as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Asked {
    /// Method and path.
    line: String,
    authorization: Option<String>,
    body: String,
}

/// An answer: the status, a header and the body.
type Reply = (u16, Option<(&'static str, String)>, String);

/// A registry on loopback, and what it was asked.
struct Played {
    host: String,
    asked: Receiver<Asked>,
}

fn play(answer: impl Fn(&Asked, &str) -> Reply + Send + 'static) -> Played {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    let (tell, asked) = channel();
    let own = host.clone();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let question = read(&mut stream);
            let (status, header, body) = answer(&question, &own);
            let header = header.map_or(String::new(), |(name, value)| {
                format!("{name}: {value}\r\n")
            });
            let length = body.len();
            let head = format!(
                "HTTP/1.1 {status} Told\r\nconnection: close\r\ncontent-length: {length}\r\n{header}\r\n"
            );
            // Before the answer: whoever has that may ask at once what was asked.
            if tell.send(question).is_err() {
                break;
            }
            stream
                .write_all(format!("{head}{body}").as_bytes())
                .unwrap();
        }
    });
    Played { host, asked }
}

fn read(stream: &mut TcpStream) -> Asked {
    let mut reader = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let header = |name: &str| {
        let values = lines.iter().filter_map(|line| line.split_once(": "));
        let mut found = values.filter(|(key, _)| key.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value.to_owned())
    };
    let length = header("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    Asked {
        line: lines[0].trim_end_matches(" HTTP/1.1").to_owned(),
        authorization: header("authorization"),
        body: String::from_utf8(body).unwrap(),
    }
}

impl Played {
    fn as_(&self, secret: Option<Secret>) -> Registry {
        let credentials = secret.map(|secret| Credentials {
            secret,
            source_of: "the test",
        });
        let lack = "none are known".to_owned();
        Registry::new(&self.host, true, credentials.ok_or(lack))
    }

    /// The questions so far.
    fn asked(&self) -> Vec<Asked> {
        self.asked.try_iter().collect()
    }
}

fn password() -> Secret {
    Secret::Password {
        user: "me".to_owned(),
        password: "secret".to_owned(),
    }
}

/// A registry that gives out the token `t`, with this status, and wants it.
fn with_tokens(status: u16) -> Played {
    play(move |asked, host| match &asked.authorization {
        _ if asked.line.contains(" /token") => (status, None, r#"{"token":"t"}"#.to_owned()),
        Some(authorization) if authorization == "Bearer t" => (200, None, "{}".to_owned()),
        _ => {
            let challenge = format!(
                r#"Bearer realm="http://{host}/token",service="s",scope="repository:a/b:pull""#
            );
            (401, Some(("www-authenticate", challenge)), String::new())
        }
    })
}

fn tag() -> Pin {
    Pin::Tag("v1".to_owned())
}

const QUERY: &str = "service=s&scope=repository%3Aa%2Fb%3Apull";

#[test]
fn a_token_is_asked_for_once_and_used_again() {
    let played = with_tokens(200);
    let registry = played.as_(None);
    let repository = registry.repository("a/b");
    assert_eq!(repository.manifest(&tag()).unwrap().unwrap(), b"{}");
    assert_eq!(repository.manifest(&tag()).unwrap().unwrap(), b"{}");
    let asked: Vec<String> = played.asked().into_iter().map(|it| it.line).collect();
    let manifest = "GET /v2/a/b/manifests/v1";
    let token = format!("GET /token?{QUERY}");
    assert_eq!(asked, [manifest, &token, manifest, manifest]);
}

#[test]
fn who_is_to_write_asks_for_the_right_to_it_at_once() {
    let played = with_tokens(200);
    let registry = played.as_(None);
    registry.writable("a/b").manifest(&tag()).unwrap();
    // To read is another right, and another token.
    registry.repository("a/b").manifest(&tag()).unwrap();
    let asked = played.asked().into_iter().map(|it| it.line);
    let tokens: Vec<String> = asked.filter(|line| line.contains("/token")).collect();
    let expected = [
        format!("GET /token?{QUERY}%2Cpush"),
        format!("GET /token?{QUERY}"),
    ];
    assert_eq!(tokens, expected);
}

#[test]
fn a_token_server_that_fails_is_not_told_as_wrong_credentials() {
    let played = with_tokens(503);
    let registry = played.as_(Some(password()));
    let said = registry.repository("a/b").manifest(&tag()).unwrap_err();
    let said = said.to_string();
    assert!(
        said.contains("could not give a token (status 503"),
        "{said}"
    );
}

#[test]
fn who_asks_for_a_token_says_who_that_is() {
    let played = with_tokens(200);
    let registry = played.as_(Some(password()));
    registry.repository("a/b").manifest(&tag()).unwrap();
    let asked = played.asked();
    let token = asked.iter().find(|it| it.line.contains("/token")).unwrap();
    assert_eq!(token.authorization.as_deref(), Some("Basic bWU6c2VjcmV0"));
}

#[test]
fn the_token_that_a_login_left_is_exchanged() {
    let played = with_tokens(200);
    let registry = played.as_(Some(Secret::IdentityToken("i/t".to_owned())));
    registry.repository("a/b").manifest(&tag()).unwrap();
    let asked = played.asked();
    let token = asked.iter().find(|it| it.line.contains("/token")).unwrap();
    assert_eq!(token.line, "POST /token");
    let expected =
        format!("grant_type=refresh_token&client_id=agnostics&{QUERY}&refresh_token=i%2Ft");
    assert_eq!(token.body, expected);
}

#[test]
fn a_token_that_is_not_given_is_told_as_what_it_is() {
    let said = |secret| {
        let played = with_tokens(401);
        let registry = played.as_(secret);
        let error = registry.repository("a/b").manifest(&tag()).unwrap_err();
        error.to_string()
    };
    assert!(said(None).contains("wants credentials for `a/b` and none are known"));
    let wrong = said(Some(password()));
    assert!(
        wrong.contains("refuses the credentials for `a/b`"),
        "{wrong}"
    );
    assert!(wrong.contains("they come from the test"), "{wrong}");
}

fn said(status: u16, body: &'static str) -> String {
    let played = play(move |_, _| (status, None, body.to_owned()));
    let registry = played.as_(None);
    let error = registry.repository("a/b").put_blob(b"blob").unwrap_err();
    error.to_string().replace(&played.host, "HOST")
}

#[test]
fn failures_are_told_in_the_registrys_words() {
    let denied = r#"{"errors":[{"code":"DENIED","message":"permission_denied: write_package"}]}"#;
    assert_eq!(
        said(403, denied),
        "`HOST` does not permit this on `a/b`: permission_denied: write_package; ask its owner for the right \
         to it"
    );
    let again = "when it can again, run this again: what it has taken is not sent twice";
    for (status, body, told) in [
        (500, r#"{"errors":[{"code":"UNKNOWN"}]}"#, "UNKNOWN"),
        (507, "no space left on device\n", "no space left on device"),
        (502, "<html>a proxy's page</html>", "bad gateway"),
        (503, "", "service unavailable"),
    ] {
        assert_eq!(
            said(status, body),
            format!("`HOST` could not take 4 bytes (status {status}: {told}); {again}")
        );
    }
}

#[test]
fn what_is_not_what_its_digest_says_is_not_given() {
    let played = play(|_, _| (200, None, "changed".to_owned()));
    let registry = played.as_(None);
    let repository = registry.repository("a/b");
    let digest = Digest::of(b"content");
    for error in [
        repository.blob(&digest).unwrap_err(),
        repository.manifest(&Pin::Digest(digest)).unwrap_err(),
    ] {
        let found = Digest::of(b"changed").to_string();
        assert!(matches!(error, Error::Tampered { .. }), "{error}");
        assert!(error.to_string().contains(&found), "{error}");
    }
}

#[test]
fn who_keeps_no_list_of_referrers_is_told_from_who_does() {
    let list = r#"{"schemaVersion":2,"manifests":[]}"#;
    let asked = |status: u16, header: (&'static str, &str), body: &'static str| {
        let header = (header.0, header.1.to_owned());
        let played = play(move |_, _| (status, Some(header.clone()), body.to_owned()));
        let registry = played.as_(None);
        let found = registry.repository("a/b").referrers(&Digest::of(b""));
        assert_eq!(played.asked().len(), 1, "{status}");
        found.map(|list| list.map(|list| list.manifests))
    };
    for media_type in [
        INDEX,
        "application/vnd.oci.image.index.v1+json; charset=utf-8",
    ] {
        let found = asked(200, ("content-type", media_type), list);
        assert_eq!(found.unwrap(), Some(Vec::new()));
    }
    let page = ("content-type", "text/html");
    for (status, header, body) in [
        (200, page, "<html>log in</html>"),
        (303, ("location", "https://github.com/a"), ""),
        (307, ("location", "/elsewhere"), ""),
        (400, page, ""),
        (404, page, "404 page not found"),
        (405, page, ""),
        (406, page, ""),
    ] {
        assert_eq!(asked(status, header, body).unwrap(), None, "{status}");
    }
    for status in [403, 429, 500] {
        assert!(asked(status, page, "").is_err(), "{status}");
    }
}

#[test]
fn what_is_sent_goes_nowhere_else_and_counts_once_it_is_created() {
    for status in [200, 202, 301, 307, 308] {
        let played = play(move |asked, host| {
            let place = format!("http://{host}/elsewhere");
            match asked.line.starts_with("HEAD") {
                true => (404, None, String::new()),
                false => (status, Some(("location", place)), String::new()),
            }
        });
        let registry = played.as_(None);
        let repository = registry.writable("a/b");
        let said = repository.put_manifest(&tag(), INDEX, b"{}").unwrap_err();
        let status = format!("(status {status}: ");
        assert!(said.to_string().contains(&status), "{said}");
        assert_eq!(played.asked().len(), 1);
        if !status.contains("202") {
            let said = repository.put_blob(b"blob").unwrap_err();
            assert!(said.to_string().contains(&status), "{said}");
            assert_eq!(played.asked().len(), 2);
        }
    }
}

#[test]
fn with_tls_nothing_goes_where_there_is_none() {
    let played = play(|_, _| (200, None, String::new()));
    let registry = Registry::new("registry.example", false, Err(String::new()));
    let realm = format!("http://{}/token", played.host);
    let challenge = BTreeMap::from([("realm".to_owned(), realm.clone())]);
    let said = registry.token("a/b", "pull", &challenge).unwrap_err();
    let said = said.to_string();
    let expected = format!("`registry.example` leads from https:// to `{realm}?");
    assert!(said.starts_with(&expected), "{said}");
    let upload = Question::new(Method::PUT, realm, "take 4 bytes");
    let said = registry.send(&upload, None).err().unwrap().to_string();
    assert!(
        said.contains("has to give that address as https://"),
        "{said}"
    );
    assert_eq!(played.asked(), []);
}

#[test]
fn docker_hub_is_where_its_api_is() {
    let registry = Registry::anonymous("docker.io", false);
    let url = registry.repository("a/b").url("manifests/v1");
    assert_eq!(url, "https://registry-1.docker.io/v2/a/b/manifests/v1");
}

#[test]
fn an_upload_goes_where_the_registry_says() {
    let digest = Digest::of(b"blob");
    let played = play(|asked, host| match asked.line.split(' ').next() {
        Some("POST") => {
            let place = format!("http://{host}/uploads/1?state=x");
            (202, Some(("location", place)), String::new())
        }
        Some("PUT") => (201, None, String::new()),
        _ => (404, None, String::new()),
    });
    let registry = played.as_(None);
    assert!(registry.repository("a/b").put_blob(b"blob").unwrap());
    let asked = played.asked();
    let last = asked.last().unwrap();
    assert_eq!(last.line, format!("PUT /uploads/1?state=x&digest={digest}"));
    assert_eq!(last.body, "blob");
}

#[test]
fn a_challenge_is_taken_apart() {
    let found = parameters(
        r#"realm="https://auth.example/token",service="registry.example",scope="repository:a/b:pull,push""#,
    );
    assert_eq!(found["realm"], "https://auth.example/token");
    assert_eq!(found["service"], "registry.example");
    assert_eq!(found["scope"], "repository:a/b:pull,push");
}

#[test]
fn values_of_a_query_are_encoded() {
    assert_eq!(
        encode("repository:a/b:pull,push"),
        "repository%3Aa%2Fb%3Apull%2Cpush"
    );
}
