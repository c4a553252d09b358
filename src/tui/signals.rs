//! The signals that end, stop or continue the program.

use std::io;

/// What was caught.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caught {
    /// The program shall end; the signal's number.
    End(u8),
    /// The program shall give the terminal back and stop.
    Stop,
    /// The program goes on after it was stopped from outside.
    Continue,
}

#[cfg(unix)]
mod unix {
    use super::{Caught, io};
    use rustix::process::{Signal as Number, kill_current_process_group};
    use tokio::signal::unix::{Signal, SignalKind, signal};

    /// The signals that are listened to.
    #[derive(Debug)]
    pub struct Signals {
        terminate: Signal,
        hang_up: Signal,
        interrupt: Signal,
        stop: Signal,
        proceed: Signal,
    }

    impl Signals {
        /// Begins to listen.
        ///
        /// # Errors
        /// Fails where the system does.
        pub fn listen() -> io::Result<Signals> {
            Ok(Signals {
                terminate: signal(SignalKind::terminate())?,
                hang_up: signal(SignalKind::hangup())?,
                interrupt: signal(SignalKind::interrupt())?,
                stop: signal(SignalKind::from_raw(Number::TSTP.as_raw()))?,
                proceed: signal(SignalKind::from_raw(Number::CONT.as_raw()))?,
            })
        }

        /// Waits for the next.
        pub async fn next(&mut self) -> Caught {
            let number = |number: Number| Caught::End(number.as_raw() as u8);
            tokio::select! {
                _ = self.terminate.recv() => number(Number::TERM),
                _ = self.hang_up.recv() => number(Number::HUP),
                _ = self.interrupt.recv() => number(Number::INT),
                _ = self.stop.recv() => Caught::Stop,
                _ = self.proceed.recv() => Caught::Continue,
            }
        }

        /// Stops the program and its process group, as the shell's own Ctrl-z does; returns when it
        /// is continued, and takes that signal as heard: what was given back on purpose is not to
        /// be given back once more. SIGSTOP, since SIGTSTP is not delivered where nobody could
        /// continue the group.
        ///
        /// # Errors
        /// Fails where the system does.
        pub async fn stop_the_group(&mut self) -> io::Result<()> {
            kill_current_process_group(Number::STOP)?;
            self.proceed.recv().await;
            Ok(())
        }
    }
}

#[cfg(unix)]
pub use unix::Signals;

#[cfg(not(unix))]
mod other {
    use super::{Caught, io};

    /// The signals that are listened to: none here.
    #[derive(Debug)]
    pub struct Signals;

    impl Signals {
        /// Begins to listen.
        ///
        /// # Errors
        /// Never here.
        pub fn listen() -> io::Result<Signals> {
            Ok(Signals)
        }

        /// Waits for ever.
        pub async fn next(&mut self) -> Caught {
            std::future::pending().await
        }

        /// Does nothing: there is no such thing here.
        ///
        /// # Errors
        /// Never here.
        pub async fn stop_the_group(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
}

#[cfg(not(unix))]
pub use other::Signals;
