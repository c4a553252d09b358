//! Rows with named columns, as JSON and as text in columns.

use std::fmt;

use serde::ser::{Serialize, SerializeMap, Serializer};

/// What stands in a column.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// A whole number.
    Whole(u64),
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
    /// Not known: `null` in JSON, a dash in text.
    Unknown,
}

/// One row: its columns with their names, in the order in which a reader wants them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row(pub Vec<(&'static str, Cell)>);

impl From<Option<f64>> for Cell {
    fn from(number: Option<f64>) -> Cell {
        number.map_or(Cell::Unknown, Cell::Number)
    }
}

impl Row {
    /// Returns what stands in a column.
    pub fn get(&self, name: &str) -> Option<&Cell> {
        self.0.iter().find(|(column, _)| *column == name).map(|(_, cell)| cell)
    }

    /// Returns the number that stands in a column, whole or not.
    pub fn number(&self, name: &str) -> Option<f64> {
        match self.get(name)? {
            Cell::Whole(number) => Some(*number as f64),
            Cell::Number(number) => Some(*number),
            Cell::Text(_) | Cell::Unknown => None,
        }
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cell::Whole(number) => f.pad(&number.to_string()),
            // Small ones are shares and large ones milliseconds: three figures either way.
            Cell::Number(number) if *number < 10.0 => f.pad(&format!("{number:.3}")),
            Cell::Number(number) => f.pad(&format!("{number:.1}")),
            Cell::Text(text) => f.pad(text),
            Cell::Unknown => f.pad("-"),
        }
    }
}

impl Serialize for Cell {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Cell::Whole(number) => serializer.serialize_u64(*number),
            Cell::Number(number) => serializer.serialize_f64(*number),
            Cell::Text(text) => serializer.serialize_str(text),
            Cell::Unknown => serializer.serialize_none(),
        }
    }
}

impl Serialize for Row {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, cell) in &self.0 {
            map.serialize_entry(name, cell)?;
        }
        map.end()
    }
}

/// Writes rows in columns as wide as they need, numbers to the right. A row without a column has a
/// dash there; the columns are those of the first row.
pub fn in_columns(rows: &[Row]) -> String {
    let Some(first) = rows.first() else { return String::new() };
    let names: Vec<&str> = first.0.iter().map(|(name, _)| *name).collect();
    let mut lines: Vec<Vec<String>> = vec![names.iter().map(|name| (*name).to_owned()).collect()];
    for row in rows {
        let cell = |name: &&str| row.get(name).unwrap_or(&Cell::Unknown).to_string();
        lines.push(names.iter().map(cell).collect());
    }
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max();
    let widths: Vec<usize> = (0..names.len()).filter_map(width).collect();
    let mut text = String::new();
    for line in &lines {
        let cells = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:>width$}"));
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, number: f64) -> Row {
        Row(vec![("name", Cell::Text(name.to_owned())), ("ms", Cell::Number(number))])
    }

    #[test]
    fn columns_are_as_wide_as_they_need() {
        let short = Row(vec![("name", Cell::Text("c".to_owned()))]);
        let text = in_columns(&[row("a", 1.5), row("long", 1234.56), short]);
        assert_eq!(text, "name      ms\n   a   1.500\nlong  1234.6\n   c       -\n");
    }

    #[test]
    fn json_keeps_the_order_of_the_columns() {
        let json = serde_json::to_string(&row("z", 2.0)).expect("plain data");
        assert_eq!(json, r#"{"name":"z","ms":2.0}"#);
    }
}
