//! Everything that a key, the palette or the mouse can ask for, and when it cannot be had.
//!
//! One line of `ACTIONS` is all that help, palette, footer and keymap know of an action.

use crate::faults::{Class, FAULTS, Variant};

use super::lab::Lab;
use super::moment::Selection;
use super::state::{Place, State};

/// A direction on the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Up.
    Up,
    /// Down.
    Down,
    /// Left.
    Left,
    /// Right.
    Right,
}

/// Something that can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Lets virtual time run, or stops it.
    Run,
    /// Goes one event forwards.
    Next,
    /// Goes one event back.
    Previous,
    /// Goes to the next milestone.
    NextMilestone,
    /// Goes to the previous milestone.
    PreviousMilestone,
    /// Goes to the beginning.
    Beginning,
    /// Goes to the newest position that was reached.
    Frontier,
    /// Chooses the next faster speed.
    Faster,
    /// Chooses the next slower speed.
    Slower,
    /// Begins a fault of the class with this digit.
    Class(char),
    /// Injects the variant with this letter of the class with this digit.
    Inject(char, char),
    /// Heals the selected; twice in a row heals all.
    Heal,
    /// Heals all.
    HealAll,
    /// Moves the selection.
    Move(Way),
    /// Scrolls by a page.
    Page(Way),
    /// Gives the keys to the next pane.
    NextPane,
    /// Gives the keys to the previous pane.
    PreviousPane,
    /// Shows the pane that has the keys alone, or all panes again.
    Zoom,
    /// Opens what is selected.
    Open,
    /// Asks why the newest finding came about.
    Why,
    /// Shows the switches of the run.
    Switches,
    /// Shows the table of algorithms and failure classes.
    Table,
    /// Shows which class of failure can imitate which.
    Lattice,
    /// Goes over to another future of the run.
    SwitchBranch,
    /// Goes to an instant that is typed.
    GoTo,
    /// Keeps the run as a file and says it as one word.
    Share,
    /// Begins the run again.
    Again,
    /// Begins the run again with a seed that is typed.
    NewSeed,
    /// Goes to the home screen.
    Home,
    /// Takes the next theme.
    Theme,
    /// Lets messages slide, or jump.
    Motion,
    /// Opens the palette.
    Palette,
    /// Opens help.
    Help,
    /// Goes back one level.
    Back,
    /// Suspends the program.
    Suspend,
    /// Quits.
    Quit,
}

/// Where an action belongs in help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// Breaking and healing.
    Faults,
    /// Going through virtual time.
    Time,
    /// Looking and moving about.
    Looking,
    /// The program itself.
    Program,
}

impl Group {
    /// Every group, in the order of help.
    pub const ALL: [Group; 4] = [Group::Faults, Group::Time, Group::Looking, Group::Program];

    /// Returns the heading in help.
    pub const fn title(self) -> &'static str {
        match self {
            Group::Faults => "Break and heal",
            Group::Time => "Virtual time",
            Group::Looking => "Look and move",
            Group::Program => "The program",
        }
    }
}

/// What is known of an action.
#[derive(Debug)]
pub struct Entry {
    /// The action.
    pub action: Action,
    /// Its name in a keymap.
    pub id: &'static str,
    /// Its name on the screen.
    pub name: &'static str,
    /// One line that says what it does.
    pub says: &'static str,
    /// Its word in the footer; neighbours with the same word share one place there.
    pub hint: Option<&'static str>,
    /// Where it stands in help.
    pub group: Group,
}

/// Makes a line of the catalogue.
const fn entry(
    action: Action,
    id: &'static str,
    name: &'static str,
    hint: Option<&'static str>,
    group: Group,
    says: &'static str,
) -> Entry {
    Entry { action, id, name, says, hint, group }
}

use Group::{Faults, Looking, Program, Time};

/// Every action that has a name; the footer takes them in this order.
#[rustfmt::skip]
pub static ACTIONS: &[Entry] = &[
    entry(Action::Class('1'), "crash-stop", "crash-stop", Some("break"), Faults,
        "The selected node stops and does not come back."),
    entry(Action::Class('2'), "crash-recovery", "crash-recovery", Some("break"), Faults,
        "The selected node crashes and comes back; its disk kept all, some or nothing."),
    entry(Action::Class('3'), "omission", "omission", Some("break"), Faults,
        "The selected node or link loses messages that should have been sent or received."),
    entry(Action::Class('4'), "timing", "timing", Some("break"), Faults,
        "The selected node is slow or paused, or its clock is wrong."),
    entry(Action::Class('5'), "gray", "gray", Some("break"), Faults,
        "The selected node looks well to its monitor and is not."),
    entry(Action::Class('6'), "byzantine", "byzantine or silent corruption", Some("break"), Faults,
        "The selected node lies, or bits of it flip without a signal."),
    entry(Action::Class('7'), "correlated", "correlated", Some("break"), Faults,
        "One cause strikes a whole rack, zone, region or version."),
    entry(Action::Class('8'), "partition", "partition", Some("break"), Faults,
        "The selected node is cut off from the others."),
    entry(Action::Class('9'), "overload", "overload and configuration", Some("break"), Faults,
        "Too much work, or a wrong setting."),
    entry(Action::Heal, "heal", "heal the selected", Some("heal"), Faults,
        "Takes the faults of the selected back; twice in a row heals all."),
    entry(Action::HealAll, "heal-all", "heal all", None, Faults, "Takes all faults back."),
    entry(Action::Run, "run", "run or pause", Some("run"), Time,
        "Lets virtual time run, or stops it."),
    entry(Action::Why, "why", "why", Some("why"), Looking,
        "Shows the chain of the newest failure or error: which fault led to it."),
    entry(Action::Previous, "previous", "previous event", Some("step"), Time,
        "Goes one event back."),
    entry(Action::Next, "next", "next event", Some("step"), Time, "Goes one event forwards."),
    entry(Action::Help, "help", "help", Some("help"), Program, "Shows every key."),
    entry(Action::PreviousMilestone, "previous-milestone", "previous milestone",
        Some("milestone"), Time, "Goes back to the last election, fault, error or failure."),
    entry(Action::NextMilestone, "next-milestone", "next milestone", Some("milestone"), Time,
        "Goes on to the next election, fault, error or failure."),
    entry(Action::Slower, "slower", "slower", Some("speed"), Time,
        "Lets virtual time run slower, down to 1/100 of real time."),
    entry(Action::Faster, "faster", "faster", Some("speed"), Time,
        "Lets virtual time run faster, up to as fast as the machine can."),
    entry(Action::Beginning, "beginning", "beginning", None, Time,
        "Goes to the beginning of the run."),
    entry(Action::Frontier, "frontier", "newest moment", None, Time,
        "Goes to the newest moment that was reached."),
    entry(Action::GoTo, "go-to", "go to an instant", None, Time,
        "Goes to an instant of virtual time that is typed."),
    entry(Action::Open, "open", "open", Some("open"), Looking,
        "Opens what is selected: a node, an event, a line of a list."),
    entry(Action::NextPane, "next-pane", "next pane", Some("pane"), Looking,
        "Gives the keys to the next pane."),
    entry(Action::PreviousPane, "previous-pane", "previous pane", None, Looking,
        "Gives the keys to the previous pane."),
    entry(Action::Zoom, "view", "view", Some("view"), Looking,
        "Shows the pane that has the keys alone, or all panes again."),
    entry(Action::Move(Way::Left), "left", "left", None, Looking, "Moves the selection left."),
    entry(Action::Move(Way::Down), "down", "down", None, Looking, "Moves the selection down."),
    entry(Action::Move(Way::Up), "up", "up", None, Looking, "Moves the selection up."),
    entry(Action::Move(Way::Right), "right", "right", None, Looking,
        "Moves the selection right."),
    entry(Action::Page(Way::Up), "page-up", "page up", None, Looking, "Scrolls a page up."),
    entry(Action::Page(Way::Down), "page-down", "page down", None, Looking,
        "Scrolls a page down."),
    entry(Action::SwitchBranch, "switch-branch", "switch branch", None, Time,
        "Goes over to another future of this run."),
    entry(Action::Share, "share", "share", None, Program,
        "Keeps this run as a file, and shows it as one word that opens it anywhere."),
    entry(Action::Again, "again", "run again", None, Program,
        "Begins the run again, with the same seed."),
    entry(Action::NewSeed, "new-seed", "another seed", None, Program,
        "Begins the run again with a seed that is typed."),
    entry(Action::Switches, "mechanisms", "mechanisms", None, Looking,
        "Shows what contains errors here, what it costs, and turns it on and off."),
    entry(Action::Table, "table", "table of algorithms", Some("table"), Looking,
        "Plays every algorithm against every class of failure; Enter opens a cell's run."),
    entry(Action::Lattice, "lattice", "lattice of failures", None, Looking,
        "Shows which class of failure can imitate which, each arrow played."),
    entry(Action::Palette, "palette", "palette", Some("palette"), Program,
        "Finds any action by a part of its name."),
    entry(Action::Home, "home", "home screen", None, Program,
        "Goes to the home screen; the run is kept."),
    entry(Action::Theme, "theme", "next theme", None, Program, "Takes the next theme."),
    entry(Action::Motion, "motion", "motion", None, Program,
        "Lets messages slide from node to node, or jump."),
    entry(Action::Back, "back", "back", None, Program, "Goes back one level; never quits."),
    entry(Action::Suspend, "suspend", "suspend", None, Program,
        "Gives the terminal back to the shell; `fg` brings the program back."),
    entry(Action::Quit, "quit", "quit", Some("quit"), Program, "Quits."),
];

/// Finds an action's line by its name in a keymap.
pub fn find(id: &str) -> Option<&'static Entry> {
    ACTIONS.iter().find(|entry| entry.id == id)
}

/// Iterates over the classes of faults with a digit: most digits have one, and two that are near
/// to each other share theirs.
pub fn classes(digit: char) -> impl Iterator<Item = &'static Class> {
    FAULTS.iter().copied().filter(move |class| class.digit == digit)
}

/// Iterates over the variants of all classes with a digit; the first is what the digit pressed
/// twice takes.
pub fn variants(digit: char) -> impl Iterator<Item = &'static Variant> {
    classes(digit).flat_map(|class| class.variants)
}

/// Finds a variant by the digit of its class and its letter.
pub fn variant(digit: char, letter: char) -> Option<&'static Variant> {
    variants(digit).find(|variant| variant.letter == letter)
}

impl Action {
    /// Returns the action's line in the catalogue, if it has one of its own.
    pub fn entry(self) -> Option<&'static Entry> {
        ACTIONS.iter().find(|entry| entry.action == self)
    }

    /// Says why the action cannot be had now, or `None` where it can.
    pub fn unavailable(self, state: &State) -> Option<&'static str> {
        match self {
            Action::Open => state.nothing_to_open(),
            Action::Move(_)
            | Action::Page(_)
            | Action::Theme
            | Action::Motion
            | Action::Palette
            | Action::Table
            | Action::Lattice
            | Action::Help
            | Action::Back
            | Action::Suspend
            | Action::Quit => None,
            Action::Home => {
                (state.place == Place::Home).then_some("this is the home screen already")
            }
            _ if state.place == Place::Home => Some("that works in the lab: press Enter first"),
            _ => self.unavailable_in_lab(state),
        }
    }

    /// Says why the lesson that leads through the run does not let the action happen.
    fn held_by_lesson(self, lab: &Lab) -> Option<&'static str> {
        let guide = lab.guide.as_ref()?;
        let in_past = lab.session.in_past();
        match self {
            Action::Class(_) | Action::Inject(..) | Action::Heal | Action::HealAll => {
                guide.locked()
            }
            Action::Run if !guide.runs() => Some("time waits for the lesson; Enter goes on"),
            Action::Next if !guide.runs() && !in_past => {
                Some("time waits for the lesson; Enter goes on")
            }
            Action::NextMilestone if !in_past => Some("in a lesson, let time run: Space"),
            Action::Again | Action::NewSeed | Action::SwitchBranch => {
                Some("not in a lesson: backspace goes back in it")
            }
            _ => None,
        }
    }

    fn unavailable_in_lab(self, state: &State) -> Option<&'static str> {
        let Some(lab) = &state.lab else { return Some("no run is open") };
        if let Some(reason) = self.held_by_lesson(lab) {
            return Some(reason);
        }
        match self {
            Action::Class(digit) | Action::Inject(digit, _) => match (digit, lab.aim) {
                (digit, _) if classes(digit).next().is_none() => {
                    Some("there is no such class of faults")
                }
                (_, Selection::Member(who)) if !who.is_node() => {
                    Some("a client is selected; faults strike nodes: select one")
                }
                _ => None,
            },
            Action::Heal | Action::HealAll if !lab.has_fault() => Some("no fault to heal"),
            Action::Previous | Action::PreviousMilestone | Action::Beginning
                if lab.session.position().moves == 0 =>
            {
                Some("this is the beginning")
            }
            Action::Frontier if !lab.session.in_past() => Some("this is the newest moment"),
            Action::Faster if !lab.pace.clone().faster() => Some("this is full speed"),
            Action::Slower if !lab.pace.clone().slower() => Some("it does not go slower"),
            Action::Why if lab.session.signals().next().is_none() => {
                Some("nothing has gone wrong yet")
            }
            Action::SwitchBranch if lab.session.branches().is_empty() => {
                Some("there is one future so far; break something in the past to make another")
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_is_named_once_and_says_what_it_does() {
        for entry in ACTIONS {
            let named = ACTIONS.iter().filter(|other| other.id == entry.id).count();
            assert_eq!(named, 1, "{}", entry.id);
            let listed = ACTIONS.iter().filter(|other| other.action == entry.action).count();
            assert_eq!(listed, 1, "{}", entry.id);
            assert!(entry.says.ends_with('.'), "{}", entry.says);
        }
    }

    #[test]
    fn every_class_of_the_lab_has_its_digit_under_its_own_name() {
        for class in FAULTS {
            let entry = Action::Class(class.digit).entry().expect("a digit for each class");
            assert!(entry.name.contains(class.name), "{}", class.name);
        }
    }
}
