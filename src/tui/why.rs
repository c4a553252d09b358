//! Why: the chain of one finding in plain words, while it is being found out and after.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::causes::{Inquiry, episodes};

use super::frame::{boxed, put, wrapped};
use super::lab::Lab;
use super::moment::Pane;
use super::state::{Over, State};
use super::theme::Ink;

/// How wide the box is at most, in columns.
const WIDTH_MAX: u16 = 100;

/// Asks why the finding in question came about, and opens the box that says so.
pub(super) fn ask(state: &mut State) {
    let Some(lab) = state.shown_lab() else { return };
    let Some(finding) = lab.finding_in_question() else { return };
    lab.focus = Pane::Chain;
    lab.scroll = 0;
    // A call that failed is one of many: the chain is that of the whole episode.
    let found = episodes(&lab.session).into_iter().find(|episode| {
        episode.finding.same(&finding) || episode.also.iter().any(|also| also.same(&finding))
    });
    let (finding, also) = match found {
        Some(episode) => (episode.finding, episode.also),
        None => (finding, Vec::new()),
    };
    match lab.chains.iter().position(|chain| chain.finding.same(&finding)) {
        Some(place) if lab.inquiry.is_none() => {
            let chain = lab.chains.remove(place);
            lab.chains.insert(0, chain);
        }
        _ => lab.inquiry = Some(Inquiry::of_episode(&lab.session, &finding, &also)),
    }
    state.over = Some(Over::Why);
}

/// Says how far the inquiry has come, if one is under way.
fn progress(lab: &Lab) -> String {
    match lab.inquiry.as_ref().map(Inquiry::progress) {
        Some(progress) if progress.of > 0 => format!(
            " Why? Playing the same seed again without a fault: {} of {} runs ",
            progress.done, progress.of
        ),
        Some(_) => " Why? Reading back through the records ".to_owned(),
        None => " Why? Esc closes ".to_owned(),
    }
}

/// Draws the chain that was asked for last, above the rows at the bottom.
pub(super) fn draw(state: &State, area: Rect, buf: &mut Buffer) {
    let Some(lab) = &state.lab else { return };
    let told = lab.chains.first().map_or_else(Vec::new, |chain| chain.tell(&lab.session));
    let width = WIDTH_MAX.min(area.width);
    let lines: Vec<(usize, String)> = (0..)
        .zip(&told)
        .flat_map(|(link, text)| {
            let rows = wrapped(text, usize::from(width.saturating_sub(2)));
            rows.into_iter().map(move |row| (link, row))
        })
        .collect();
    let height = (lines.len().max(1) + 2) as u16;
    let inner = boxed(state, area, width, height, &progress(lab), buf);
    let last = told.len().saturating_sub(1);
    for (row, (link, text)) in (0..).zip(lines) {
        let ink = match link {
            0 => Ink::Failure,
            link if link == last => Ink::Title,
            _ => Ink::Text,
        };
        put(buf, inner, row, &text, state.theme.ink(ink));
    }
    if told.is_empty() {
        put(buf, inner, 0, "one moment", state.theme.ink(Ink::Muted));
    }
}
