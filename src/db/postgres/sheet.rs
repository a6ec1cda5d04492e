//! The rows of one statement as they came, in one piece of memory: mostly they are hashed and dropped.

use super::wire::Row;

/// Rows one after the other, each with its length in front.
#[derive(Debug, Default)]
pub(super) struct Sheet {
    bytes: Vec<u8>,
}

impl Sheet {
    /// Rows that are there already.
    pub(super) fn of(rows: &[Vec<u8>]) -> Self {
        let mut sheet = Self::default();
        rows.iter().for_each(|row| sheet.push(row));
        sheet
    }

    /// Adds a row: the body of a message, with its cells or with a line of text.
    pub(super) fn push(&mut self, row: &[u8]) {
        self.bytes.extend_from_slice(&length(row.len()));
        self.bytes.extend_from_slice(row);
    }

    /// What there is to hash. No two series of rows have the same.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The rows' cells.
    pub(super) fn cells(&self) -> impl Iterator<Item = Cells<'_>> {
        let mut rest = self.bytes.as_slice();
        std::iter::from_fn(move || take(&mut rest)).map(|row| Cells(row.get(2..).unwrap_or_default()))
    }

    /// The rows as texts.
    pub(super) fn texts(&self) -> Vec<Row> {
        let text = |cell: Option<&[u8]>| cell.map(|cell| String::from_utf8_lossy(cell).into_owned());
        self.cells().map(|row| row.map(text).collect()).collect()
    }
}

/// A row as the server would send it, from cells that a driver has taken out of one.
pub(super) fn row<'a>(cells: impl ExactSizeIterator<Item = Option<&'a [u8]>>) -> Vec<u8> {
    let mut row = u16::try_from(cells.len()).unwrap_or(u16::MAX).to_be_bytes().to_vec();
    for cell in cells {
        row.extend_from_slice(&cell.map_or(NULL, |cell| length(cell.len())));
        row.extend_from_slice(cell.unwrap_or_default());
    }
    row
}

/// What stands for the length of a cell that is NULL.
const NULL: [u8; 4] = (-1_i32).to_be_bytes();

fn length(length: usize) -> [u8; 4] {
    u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes()
}

/// Takes off a length and as many bytes. `None` at the end, and where something is cut off.
fn take<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, after) = rest.split_first_chunk::<4>()?;
    let (taken, after) = after.split_at_checked(u32::from_be_bytes(*length) as usize)?;
    *rest = after;
    Some(taken)
}

/// The cells of one row: NULL as `None`.
pub(super) struct Cells<'a>(&'a [u8]);

impl<'a> Iterator for Cells<'a> {
    type Item = Option<&'a [u8]>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(after) = self.0.strip_prefix(&NULL) {
            self.0 = after;
            return Some(None);
        }
        take(&mut self.0).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_come_out_as_they_went_in() {
        let mut sheet = Sheet::default();
        sheet.push(&row([Some(b"a".as_slice()), None, Some(b"")].into_iter()));
        sheet.push(&row([].into_iter()));
        assert_eq!(sheet.texts(), [vec![Some("a".to_owned()), None, Some(String::new())], vec![]]);
    }

    #[test]
    fn where_a_row_ends_counts() {
        let sheet = |rows: &[&[u8]]| {
            let mut sheet = Sheet::default();
            rows.iter().for_each(|row| sheet.push(row));
            sheet
        };
        assert_ne!(sheet(&[b"ab", b"c"]).bytes(), sheet(&[b"a", b"bc"]).bytes());
        assert_ne!(sheet(&[b""]).bytes(), sheet(&[]).bytes());
    }
}
