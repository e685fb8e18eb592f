//! Pieces of a file that stand together: a value that crosses from one to the next is found.

use std::io;

use crate::dump::read::ReadAt;

/// A range of the source to scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// Where it begins in the source.
    pub offset: u64,
    /// How many bytes.
    pub length: u64,
    /// The address it was loaded at. Pieces in a row whose addresses touch are read as one.
    pub va: Option<u64>,
}

/// Pieces in a row that touch.
#[derive(Debug, Default)]
pub(super) struct Stream {
    /// Each piece: where it begins in the stream, and in the source.
    parts: Vec<(u64, u64)>,
    length: u64,
}

impl Stream {
    /// Joins what touches, in the order given.
    pub(super) fn join(pieces: &[Piece]) -> Vec<Self> {
        let mut streams: Vec<Self> = Vec::new();
        let mut last: Option<Piece> = None;
        for piece in pieces.iter().filter(|piece| piece.length > 0) {
            match (last.is_some_and(|last| touches(&last, piece)), streams.last_mut()) {
                (true, Some(stream)) => stream.push(piece),
                _ => {
                    let mut stream = Self::default();
                    stream.push(piece);
                    streams.push(stream);
                }
            }
            last = Some(*piece);
        }
        streams
    }

    fn push(&mut self, piece: &Piece) {
        self.parts.push((self.length, piece.offset));
        self.length = self.length.saturating_add(piece.length);
    }

    /// How many bytes.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// The stretches of the source that a stretch of the stream lies in.
    pub(super) fn places(&self, start: u64, length: u64) -> impl Iterator<Item = (u64, u64)> + '_ {
        let end = start.saturating_add(length).min(self.length);
        let first = self.parts.partition_point(|(at, _)| *at <= start).saturating_sub(1);
        let parts = self.parts[first..].iter().enumerate();
        parts.take_while(move |(_, (at, _))| *at < end).filter_map(move |(index, (at, offset))| {
            let next = self.parts.get(first + index + 1).map_or(self.length, |(at, _)| *at);
            let (from, to) = (start.max(*at), end.min(next));
            (from < to).then(|| (offset + (from - at), to - from))
        })
    }

    /// Fills the buffer from `start` of the stream on.
    pub(super) fn read(&self, source: &dyn ReadAt, start: u64, buffer: &mut [u8]) -> Result<(), (u64, io::Error)> {
        let mut filled = 0;
        for (offset, length) in self.places(start, buffer.len() as u64) {
            let length = usize::try_from(length).expect("no longer than the buffer");
            source.read_exact_at(&mut buffer[filled..filled + length], offset).map_err(|e| (offset, e))?;
            filled += length;
        }
        debug_assert_eq!(filled, buffer.len(), "asked within the stream");
        Ok(())
    }
}

fn touches(last: &Piece, next: &Piece) -> bool {
    match (last.va, next.va) {
        (Some(last_va), Some(va)) => last_va.checked_add(last.length) == Some(va),
        (None, None) => last.offset.checked_add(last.length) == Some(next.offset),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(offset: u64, length: u64, va: Option<u64>) -> Piece {
        Piece { offset, length, va }
    }

    #[test]
    fn pieces_whose_addresses_touch_are_one_stream() {
        let pieces =
            [piece(100, 4, Some(0x1000)), piece(0, 4, Some(0x1004)), piece(4, 4, Some(0x2000)), piece(8, 2, None)];
        let streams = Stream::join(&pieces);
        assert_eq!(streams.iter().map(Stream::length).collect::<Vec<_>>(), [8, 4, 2]);
        assert_eq!(streams[0].places(2, 4).collect::<Vec<_>>(), [(102, 2), (0, 2)]);
        assert_eq!(streams[0].places(4, 100).collect::<Vec<_>>(), [(0, 4)]);
        assert_eq!(streams[1].places(1, 1).collect::<Vec<_>>(), [(5, 1)]);
    }

    #[test]
    fn reading_crosses_pieces_and_a_source_that_ends_is_an_error() {
        let source: Vec<u8> = (0..10).collect();
        let streams = Stream::join(&[piece(6, 3, Some(16)), piece(0, 3, Some(19)), piece(8, 5, None)]);
        let mut buffer = [0; 4];
        streams[0].read(&source, 1, &mut buffer).unwrap();
        assert_eq!(buffer, [7, 8, 0, 1]);
        assert_eq!(streams[1].read(&source, 0, &mut buffer).unwrap_err().0, 8);
    }
}
