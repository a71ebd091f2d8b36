//! Debian's packages, by root or through sudo.

use std::time::Duration;

use crate::system::{Call, System, ask, said};

const UPDATE_LIMIT: Duration = Duration::from_secs(120);
const INSTALL_LIMIT: Duration = Duration::from_secs(600);

/// Has apt-get install `packages` and nothing that would remove others. What is done is told to `say`.
///
/// # Errors
/// It cannot: what was run and what it answered, in one line.
pub(crate) fn install(
    system: &dyn System,
    say: &dyn Fn(&str),
    packages: &[&str],
) -> Result<(), String> {
    ask(system, "apt-get", &["--version"])?;
    let sudo: &[&str] = match ask(system, "id", &["-u"])?.as_str() {
        "0" => &[],
        _ => &["sudo", "-n"],
    };
    let must = |args: &[&str], limit: Duration| {
        let call = call(args, limit, sudo);
        let answer = said(&call, system.run(&call));
        answer.map(drop).map_err(|refusal| match sudo {
            [] => refusal,
            _ => format!("not root, and {refusal}"),
        })
    };
    say("apt-get update …");
    must(&["update"], UPDATE_LIMIT)?;
    say(&format!("apt-get install {} …", packages.join(" ")));
    let options = ["install", "--yes", "--no-install-recommends", "--no-remove"];
    must(&[&options, packages].concat(), INSTALL_LIMIT)
}

/// apt-get with the patience of a person who watches: a server that does not answer is given up on
/// in seconds, a lock held by another apt-get is waited for.
fn call(args: &[&str], limit: Duration, sudo: &[&str]) -> Call {
    let options = [
        "-qq",
        "-oAcquire::http::Timeout=15",
        "-oAcquire::https::Timeout=15",
        "-oAcquire::Retries=1",
        "-oDPkg::Lock::Timeout=60",
    ];
    let words = [sudo, &["apt-get"], &options, args].concat();
    match words.split_first() {
        Some((program, args)) => Call::new(program, args, limit),
        None => Call::new("apt-get", args, limit),
    }
}
