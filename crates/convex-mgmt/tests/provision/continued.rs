//! Runs that end early, and the run after them.

use std::thread;
use std::time::Duration;

use super::*;

/// A way to end a run.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    /// The server rejects the request.
    Rejected,
    /// The server executes the request, and its response is lost.
    Lost,
    /// The process is killed while it waits for a response.
    Killed,
}

impl End {
    fn fault(self) -> Fault {
        match self {
            Self::Rejected => Fault::code(REJECTED, "Injected"),
            Self::Lost => Fault::LostResponse,
            Self::Killed => Fault::delay(Duration::from_secs(3600)),
        }
    }

    /// Runs the program until its request number `number`, which `seen` counts. Returns the exit status and the texts.
    fn run(self, plane: &Plane, number: usize, seen: impl Fn() -> usize) -> Texts {
        let begun = seen();
        let mut child = plane.start(TEAM, &["--yes"]);
        if self == Self::Killed {
            while seen() <= begun + number && child.try_wait().unwrap().is_none() {
                thread::yield_now();
            }
            child.kill().unwrap();
        }
        texts(&child.wait_with_output().unwrap())
    }
}

/// Fails one request after the other, and starts the program again each time.
fn every_end_can_be_continued(end: End) {
    let count = {
        let plane = plane();
        plane.ok(&["--yes"]);
        plane.fake.requests().len()
    };
    assert!(count >= 10, "{count}");
    for number in 0..count {
        let plane = plane();
        (0..number).for_each(|_| plane.fake.fault(Fault::delay(Duration::ZERO)));
        plane.fake.fault(end.fault());
        let (stdout, stderr, code) = end.run(&plane, number, || plane.fake.requests().len());
        let context = format!("{end:?} {number}: {stdout}{stderr}");
        assert_eq!(plane.fake.requests()[number].fault, Some(end.fault()), "{context}");
        if end == End::Killed {
            assert_eq!(code, None, "{context}");
        }
        if end == End::Rejected {
            assert_eq!(code, Some(1), "{context}");
            let reported = stderr.contains("this run has created: project (");
            assert_eq!(reported, !existing(&plane.fake.projects()).is_empty(), "{context}");
        }
        plane.ok(&["--keep", "--yes"]);
        plane.assert_provisioned(&context);
        plane.ok(&["--yes"]);
        plane.assert_removed(&context);
    }
}

#[test]
fn a_run_that_the_server_rejects_can_be_continued_after_every_request() {
    every_end_can_be_continued(End::Rejected);
}

#[test]
fn a_run_that_loses_a_response_can_be_continued_after_every_request() {
    every_end_can_be_continued(End::Lost);
}

#[test]
fn a_run_that_is_killed_can_be_continued_after_every_request() {
    every_end_can_be_continued(End::Killed);
}

#[test]
fn a_run_that_ends_in_the_deployment_can_be_continued_after_every_request() {
    let prepared = || {
        let plane = plane();
        let project = plane.create_project("provision example");
        let fake = plane.fake.deployment(&plane.create_deployment(project, "provision-example")).unwrap();
        (plane, fake)
    };
    let (plane, fake) = prepared();
    plane.ok(&["--keep"]);
    let count = fake.requests().len();
    assert!(count >= 7, "{count}");
    for end in [End::Rejected, End::Lost, End::Killed] {
        for number in 0..count {
            let (plane, fake) = prepared();
            (0..number).for_each(|_| fake.fault(Fault::delay(Duration::ZERO)));
            fake.fault(end.fault());
            let (stdout, stderr, code) = end.run(&plane, number, || fake.requests().len());
            let context = format!("{end:?} {number}: {stdout}{stderr}");
            assert_eq!(fake.requests()[number].fault, Some(end.fault()), "{context}");
            if end == End::Killed {
                assert_eq!(code, None, "{context}");
            }
            if end == End::Rejected {
                assert_eq!(code, Some(1), "{context}");
                assert!(stderr.contains("this run has created: deploy key (name: provision, "), "{context}");
            }
            plane.ok(&["--keep", "--yes"]);
            plane.assert_provisioned(&context);
        }
    }
}

#[test]
fn a_lost_response_to_a_creation_is_an_error_with_the_next_step() {
    let plane = plane();
    plane.fake.fault_at("/create_project", Fault::LostResponse);
    let (_, stderr, code) = plane.run(&["--yes"]);
    assert_eq!((code, existing(&plane.fake.projects()).len()), (Some(1), 1), "{stderr}");
    for text in ["provision: project: create_project: ", "list_projects", "start the program again"] {
        assert!(stderr.contains(text), "{text} is missing in: {stderr}");
    }
}
