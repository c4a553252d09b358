//! The terminal: what is drawn, and how it looks.
//!
//! Here: the moment that views read, themes, layout, the views, and pictures of what was drawn.
//! Absent on purpose: any way to change a run from within a view.
//!
//! To add a view: one file in `views` and its line in `views::VIEWS`. To add a theme: one file in
//! `assets/themes` and its line in `theme::THEMES`.

pub mod layout;
pub mod moment;
pub mod picture;
pub mod text;
pub mod theme;
pub mod views;
pub mod words;

pub use moment::{Eyes, Hit, Moment, Pace, Pane, Selection, View};
pub use theme::{Ink, Theme};
