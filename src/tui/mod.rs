//! The screen: keys become actions, actions change the state, and the state is drawn.
//!
//! Here: one way for data. A key or the mouse is looked up in `keys`, becomes an `Action`, and
//! `app::update` carries it out on the `State`, which holds the `Session`; `frame` draws the state
//! and changes nothing. `terminal` is the loop around it, and the only file that reads the clock.
//!
//! Absent on purpose: files and arguments (whoever calls `run` gives what was read from them), and
//! any way from a key to a world but `Session::make` and `Session::seek`.
//!
//! To add an action: a variant of `Action`, its line in `ACTIONS`, its arm in `app` or `lab`, and
//! its key in `assets/keys.ron`; help, palette and footer list it by themselves. To add a pane: a
//! file in `views` and its line in `VIEWS`.

pub mod action;
pub mod app;
pub mod boards;
pub mod frame;
pub mod guide;
pub mod help;
pub mod home;
pub mod keys;
pub mod lab;
pub mod layout;
pub mod lesson;
pub mod moment;
pub mod mouse;
pub mod narrate;
pub mod pace;
pub mod palette;
pub mod picture;
pub mod prompt;
pub mod signals;
pub mod start;
pub mod state;
pub mod terminal;
pub mod text;
pub mod theme;
pub mod views;
pub mod why;
pub mod words;

pub use moment::{Eyes, Hit, Moment, Pane, Selection, View};
pub use start::{Listed, Options, Room, Start};
pub use state::State;
pub use terminal::run;
pub use theme::Theme;
