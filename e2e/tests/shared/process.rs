//! Child processes that are killed when their handle is dropped.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// How long to wait for a condition on a busy machine.
const TIMEOUT: Duration = Duration::from_secs(120);

/// Whether a signal interrupted the suite; see [`handle_signals`].
static INTERRUPTED: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

/// Makes SIGINT and SIGTERM end the suite as a failure does, so that it removes everything it created and
/// started. A second signal ends it at once.
pub(crate) fn handle_signals() -> std::io::Result<()> {
    for signal in [SIGINT, SIGTERM] {
        flag::register_conditional_shutdown(signal, 130, Arc::clone(&INTERRUPTED))?;
        flag::register(signal, Arc::clone(&INTERRUPTED))?;
    }
    Ok(())
}

/// Returns whether a signal interrupted the suite.
pub(crate) fn is_interrupted() -> bool {
    INTERRUPTED.load(Ordering::SeqCst)
}

/// Repeats an attempt until it succeeds. Panics with the last error at the timeout or when the suite is
/// interrupted.
pub(crate) fn until<T>(what: &str, mut attempt: impl FnMut() -> Result<T, String>) -> T {
    let started = Instant::now();
    loop {
        match attempt() {
            Ok(value) => return value,
            Err(why) if started.elapsed() > TIMEOUT => panic!("{what}: {why}"),
            Err(why) if is_interrupted() => panic!("interrupted while waiting: {what}: {why}"),
            Err(_) => std::thread::sleep(Duration::from_millis(20)),
        }
    }
}

/// Returns the path of a program that `cargo xtask e2e` built.
pub(crate) fn tool(name: &str) -> PathBuf {
    let path = e2e::workspace::root().join("target/tools").join(name);
    assert!(path.is_file(), "build the programs with `cargo xtask e2e`");
    path
}

/// A child process, which is killed when this is dropped, even if the test fails.
pub(crate) struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts a program that logs to a file in `directory`.
    pub(crate) fn start(name: &str, command: &mut Command, directory: &Path) -> Self {
        let log = directory.join(format!("{name}.log"));
        let output = File::options().create(true).append(true).open(&log);
        let output = output.expect("a log file");
        let child = command
            .current_dir(directory)
            .stdin(Stdio::null())
            .stdout(output.try_clone().expect("a second handle"))
            .stderr(output)
            .spawn();
        let name = name.to_owned();
        match child {
            Ok(child) => Self { name, child, log },
            Err(error) => panic!("{name}: {error}"),
        }
    }

    /// Waits until an HTTP endpoint of the program returns 200.
    pub(crate) fn ready(&mut self, address: SocketAddr, path: &str) {
        let name = self.name.clone();
        until(&name, || {
            self.alive()?;
            let status = get(address, path).map(|(status, _)| status)?;
            match status {
                200 => Ok(()),
                _ => Err(format!("{path} returns {status}:\n{}", self.log())),
            }
        });
    }

    /// Panics if the program has ended by itself.
    ///
    /// # Errors
    /// Returns an error if its state is unknown.
    pub(crate) fn alive(&mut self) -> Result<(), String> {
        if let Some(status) = self.child.try_wait().map_err(|error| error.to_string())? {
            panic!("{} ended with {status}:\n{}", self.name, self.log());
        }
        Ok(())
    }

    /// Returns the process id, which differs after a restart.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal, given by name.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args(["-s", name, &self.id().to_string()])
            .status();
        assert!(sent.is_ok_and(|it| it.success()), "{}: {name}", self.name);
    }

    /// Kills the process, which cannot clean up.
    pub(crate) fn kill(mut self) {
        self.end();
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    fn end(&mut self) {
        // An error means that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
        if std::thread::panicking() {
            eprintln!("== {}\n{}", self.name, self.log());
        }
    }
}

/// Returns the status and body of a URL.
pub(crate) fn get(address: SocketAddr, path: &str) -> Result<(u16, String), String> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .proxy(None)
        .timeout_global(Some(Duration::from_secs(10)))
        .build()
        .into();
    let response = agent.get(format!("http://{address}{path}")).call();
    let mut response = response.map_err(|error| error.to_string())?;
    let status = response.status().as_u16();
    let body = response.body_mut().read_to_string();
    Ok((status, body.map_err(|error| error.to_string())?))
}
