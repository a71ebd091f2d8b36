//! Objects that are created continuously while a scenario changes the cluster.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::Value;

use crate::client::{Client, collection};
use crate::cluster::{APPS, TestCluster};
use crate::process::until;
use crate::stop::StopOnDrop;

/// A kind of object that is created continuously.
pub(crate) struct Load {
    pub(crate) name: &'static str,
    pub(crate) object: fn(&str, &str) -> Value,
    /// Returns whether a stored object is as the policies require.
    pub(crate) is_valid: fn(&Value) -> bool,
    /// Whether the policies reject it.
    pub(crate) rejected: bool,
}

/// The number of verdicts on a load, and the errors of requests without a verdict.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    verdicts: AtomicUsize,
    failures: Mutex<Vec<String>>,
    has_ended: AtomicBool,
}

impl Counts {
    /// Returns the errors of requests without a verdict.
    pub(crate) fn failures(&self) -> Vec<String> {
        self.failures.lock().expect("no panic").clone()
    }
}

/// The number of verdicts after which a load counts as running.
const MIN_VERDICTS: usize = 5;

/// Waits for verdicts on every load.
pub(crate) fn until_loaded(counts: &[Counts]) {
    let verdicts = || -> Vec<usize> {
        let counts = counts.iter();
        counts
            .map(|it| it.verdicts.load(Ordering::SeqCst))
            .collect()
    };
    let before = verdicts();
    until("every load gets verdicts", || {
        let mut all = counts.iter();
        let has_ended = all.any(|it| it.has_ended.load(Ordering::SeqCst));
        assert!(!has_ended, "an invalid object was accepted");
        let now = verdicts();
        let mut both = now.iter().zip(&before);
        match both.all(|(now, before)| *now >= before + MIN_VERDICTS) {
            true => Ok(()),
            false => Err(format!("{before:?} {counts:?}")),
        }
    });
}

/// Runs every load before, during and after `disturb`, which gets the counts so far. In the end, every stored
/// object must be valid, and every accepted object must be stored. Returns the final counts.
pub(crate) fn under_load<const N: usize>(
    cluster: &mut TestCluster,
    prefix: &str,
    loads: &[Load; N],
    disturb: impl FnOnce(&mut TestCluster, &[Counts]),
) -> [Counts; N] {
    let ended = AtomicBool::new(false);
    let counts: [Counts; N] = std::array::from_fn(|_| Counts::default());
    let client = cluster.developer.clone();
    let stored = std::thread::scope(|scope| {
        let threads: [_; N] = std::array::from_fn(|at| {
            let (client, ended, counts) = (client.clone(), &ended, &counts[at]);
            let prefix = format!("{prefix}-{at}");
            scope.spawn(move || create(&client, &loads[at], &prefix, ended, counts))
        });
        let ending = StopOnDrop(&ended);
        until_loaded(&counts);
        disturb(cluster, &counts);
        until_loaded(&counts);
        drop(ending);
        threads.map(|it| it.join().expect("no invalid object was accepted"))
    });
    for (at, load) in loads.iter().enumerate() {
        let mut found = 0;
        for item in cluster.admin.list(&collection(&(load.object)(APPS, ""))) {
            let name = item["metadata"]["name"].as_str().expect("a name");
            if name.starts_with(&format!("{prefix}-{at}-")) {
                assert!((load.is_valid)(&item), "{item:#}");
                found += 1;
            }
        }
        // Objects whose response was lost may also exist.
        assert!(found >= stored[at], "{}: {found} {}", load.name, stored[at]);
        assert_eq!(found > 0, !load.rejected, "{}", load.name);
    }
    counts
}

/// Creates objects until `ended` is set. Returns how many were accepted.
fn create(
    client: &Client,
    load: &Load,
    prefix: &str,
    ended: &AtomicBool,
    counts: &Counts,
) -> usize {
    let _ending = StopOnDrop(&counts.has_ended);
    let mut stored = 0;
    for number in 0.. {
        if ended.load(Ordering::SeqCst) {
            return stored;
        }
        let object = (load.object)(APPS, &format!("{prefix}-{number}"));
        let verdict = match client.try_create(&object) {
            Ok(response) if response.is_success() => {
                assert!((load.is_valid)(&response.body), "{response:#?}");
                stored += 1;
                Ok(())
            }
            Ok(response) if load.rejected && response.message().contains("denied the request") => {
                Ok(())
            }
            Ok(response) => Err(response.message().to_owned()),
            Err(error) => Err(error),
        };
        match verdict {
            Ok(()) => {
                counts.verdicts.fetch_add(1, Ordering::SeqCst);
            }
            Err(why) => {
                counts.failures.lock().expect("no panic").push(why);
                // A refused connection fails immediately.
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }
    unreachable!("numbers do not end")
}
