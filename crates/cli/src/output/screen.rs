//! A terminal that is drawn on in place.

use std::io::{self, Stdout, Write};

use crossterm::cursor::{Hide, MoveTo, Show};
use crossterm::terminal::{Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen, size};
use crossterm::{execute, queue};

/// Columns and rows of a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size {
    /// Columns.
    pub(crate) width: usize,
    /// Rows.
    pub(crate) height: usize,
}

/// The terminal's second page. What stood on the first is there again when this is dropped.
#[derive(Debug)]
pub(crate) struct Screen {
    out: Stdout,
}

impl Screen {
    /// Turns to the second page.
    pub(crate) fn open() -> io::Result<Self> {
        let mut out = io::stdout();
        execute!(out, EnterAlternateScreen, Hide)?;
        Ok(Self { out })
    }

    /// Draws lines over what was drawn before, without a flicker: nothing is cleared before it is written over.
    pub(crate) fn draw(&mut self, lines: impl FnOnce(Size) -> Vec<String>) -> io::Result<()> {
        let (width, height) = size().unwrap_or((80, 24));
        let size = Size { width: width.into(), height: height.into() };
        queue!(self.out, MoveTo(0, 0))?;
        for (row, line) in (0..height).zip(lines(size)) {
            queue!(self.out, MoveTo(0, row))?;
            self.out.write_all(line.as_bytes())?;
            queue!(self.out, Clear(ClearType::UntilNewLine))?;
        }
        queue!(self.out, Clear(ClearType::FromCursorDown))?;
        self.out.flush()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // A terminal that is gone needs no tidying.
        let _ = execute!(self.out, Show, LeaveAlternateScreen);
    }
}
