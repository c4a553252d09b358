//! What a view may see, and how it is looked at. A view can change nothing.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::causes::Chain;
use crate::lab::{Fault, Session, Stage};
use crate::oracles::Finding;
use crate::sim::{Address, EventId, Scene, Words};

use super::theme::{Ink, Theme};

/// The run at one moment, gathered once for a frame.
#[derive(Debug)]
pub struct Moment<'a> {
    /// The run.
    pub session: &'a Session,
    /// The world as it is.
    pub scene: &'a Scene,
    /// What is wrong now.
    pub standing: &'a [&'a Finding],
    /// The faults so far, with the stage of each.
    pub faults: &'a [(Fault, Stage)],
    /// The chains that were asked for or computed in the background, newest first.
    pub chains: &'a [Chain],
}

impl Moment<'_> {
    /// Returns what the algorithm calls the numbers of its nodes.
    pub fn words(&self) -> &'static Words {
        &self.session.scenario().protocol.entry().words
    }
}

/// What is selected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Selection {
    /// Nothing.
    #[default]
    Nothing,
    /// A node or a client.
    Member(Address),
    /// A directed link.
    Link(Address, Address),
    /// A record.
    Record(EventId),
}

/// A pane of the lab.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pane {
    /// The cluster by zone and rack.
    #[default]
    Grid,
    /// Fault | error | failure.
    Chain,
    /// One node in full.
    Inspector,
    /// Clients and their last results.
    Clients,
    /// What happened.
    Events,
    /// What engine and program report.
    Log,
    /// Marks along virtual time.
    Timeline,
}

impl Pane {
    /// Every pane, in the order in which `Tab` goes through them.
    pub const ALL: [Pane; 7] = [
        Pane::Grid,
        Pane::Chain,
        Pane::Inspector,
        Pane::Clients,
        Pane::Events,
        Pane::Log,
        Pane::Timeline,
    ];
}

impl<'a> Eyes<'a> {
    /// Looks at a moment that stands still, with nothing selected: for pictures.
    pub fn at_rest(theme: &'a Theme) -> Eyes<'a> {
        Eyes {
            theme,
            focus: Pane::Grid,
            target: Selection::Nothing,
            event: None,
            scroll: 0,
            reduced_motion: false,
            pace: Pace::default(),
        }
    }

    /// Returns the style of an ink.
    pub fn ink(&self, ink: Ink) -> Style {
        self.theme.ink(ink)
    }
}

/// How virtual time goes just now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pace {
    /// Whether it goes on by itself.
    pub running: bool,
    /// How fast, in words that name real time: `1/10 of real time`. Empty where there is none.
    pub speed: String,
}

/// How the moment is looked at.
#[derive(Clone, Debug)]
pub struct Eyes<'a> {
    /// Colours and glyphs.
    pub theme: &'a Theme,
    /// Which pane has the keys.
    pub focus: Pane,
    /// The node, client or link that is selected.
    pub target: Selection,
    /// The event that is selected, if one is: every view marks it.
    pub event: Option<EventId>,
    /// How far the focused pane is scrolled, in rows.
    pub scroll: usize,
    /// Whether messages jump from hop to hop rather than slide.
    pub reduced_motion: bool,
    /// How virtual time goes just now.
    pub pace: Pace,
}

/// Something on the screen that a mouse can hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Where it is.
    pub area: Rect,
    /// In which pane.
    pub pane: Pane,
    /// What it is; `Nothing` selects the pane alone.
    pub target: Selection,
}

/// One way of looking at a run.
pub trait View: Sync {
    /// Which pane it is.
    fn pane(&self) -> Pane;
    /// The title on its border.
    fn title(&self) -> &'static str;
    /// Draws it into its area, title and all, and says what can be hit.
    fn render(
        &self,
        moment: &Moment<'_>,
        eyes: &Eyes<'_>,
        area: Rect,
        buf: &mut Buffer,
        hits: &mut Vec<Hit>,
    );
}
