//! `faultlab render`: a run at a moment as a picture, the same bytes each time.

use std::path::PathBuf;
use std::process::ExitCode;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::files;
use crate::lab::Session;
use crate::sim::Instant;
use crate::tui::layout::{HEIGHT_MIN, WIDTH_MIN};
use crate::tui::moment::{Eyes, Moment};
use crate::tui::picture::{Paper, svg};
use crate::tui::theme::{THEMES, Theme};
use crate::tui::views;

use super::{Result, Trouble, input, run, why};

/// The most columns and lines of a picture: more than any screen has.
const SIZE_MAX: (u16, u16) = (500, 300);

/// What `render` is given.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The name of a scenario, its file, or a token
    #[arg(value_name = "SCENARIO.ron|TOKEN")]
    what: String,
    /// The moment, such as 5.3s
    #[arg(long, value_name = "TIME", value_parser = input::instant)]
    at: Instant,
    /// Columns and lines
    #[arg(long, default_value = "120x36", value_parser = size)]
    size: (u16, u16),
    /// The seed; a token has its own
    #[arg(long)]
    seed: Option<u64>,
    /// How it looks
    #[arg(long, default_value = THEMES[0].0)]
    theme: String,
    /// The picture
    #[arg(long, value_name = "FILE")]
    svg: PathBuf,
}

/// Draws.
pub fn run(args: &Args) -> Result<ExitCode> {
    let theme = Theme::named(&args.theme).ok_or_else(|| {
        let names: Vec<&str> = THEMES.iter().map(|(name, _)| *name).collect();
        let names = names.join(", ");
        Trouble::from(format!("--theme: found `{}`, expected one of {names}", args.theme))
    })?;
    let (_, session) = run::play(&args.what, args.seed, Some(args.at))?;
    let paper = if theme.name == "light" { Paper::LIGHT } else { Paper::DARK };
    let picture = svg(&screen(&session, args.size, &theme), &paper);
    files::write_out(&args.svg, &picture)?;
    Ok(ExitCode::SUCCESS)
}

/// Draws the lab as it stands at a moment.
fn screen(session: &Session, (width, height): (u16, u16), theme: &Theme) -> Buffer {
    let (scene, standing, faults) = (session.scene(), session.standing(), session.faults());
    let chains = why::chains(session);
    let moment =
        Moment { session, scene: &scene, standing: &standing, faults: &faults, chains: &chains };
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    let area = buffer.area;
    views::draw(&moment, &Eyes::at_rest(theme), area, &mut buffer, &mut Vec::new());
    buffer
}

/// Reads a size such as `120x36`.
fn size(text: &str) -> std::result::Result<(u16, u16), String> {
    let (most_wide, most_high) = SIZE_MAX;
    let wrong = || {
        format!(
            "`{text}` is no size; expected columns and lines such as 120x36, from \
             {WIDTH_MIN}x{HEIGHT_MIN} to {most_wide}x{most_high}"
        )
    };
    let (width, height) = text.split_once('x').ok_or_else(wrong)?;
    let width = width.parse().ok().filter(|width| (WIDTH_MIN..=most_wide).contains(width));
    let height = height.parse().ok().filter(|height| (HEIGHT_MIN..=most_high).contains(height));
    width.zip(height).ok_or_else(wrong)
}
