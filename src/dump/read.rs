//! Bytes that are read by position: a file on disk, or bytes that a test made.
//!
//! Everything that looks into a dump goes through this one door, so that parsers can be fuzzed without files and never
//! see a map: a file that is cut while it is read gives an error here, not a signal.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// Bytes at rest, read by position.
pub trait ReadAt: Sync {
    /// How many bytes there are now.
    ///
    /// # Errors
    /// When the system cannot say.
    fn size(&self) -> io::Result<u64>;

    /// Fills the buffer from `offset` on.
    ///
    /// # Errors
    /// When the bytes cannot be read, or end before the buffer is full.
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()>;
}

impl ReadAt for File {
    fn size(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        FileExt::read_exact_at(self, buffer, offset)
    }
}

impl ReadAt for [u8] {
    fn size(&self) -> io::Result<u64> {
        Ok(self.len() as u64)
    }

    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let start = usize::try_from(offset).map_err(|_| io::ErrorKind::UnexpectedEof)?;
        let end = start.checked_add(buffer.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        buffer.copy_from_slice(self.get(start..end).ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }
}

impl<T: ReadAt + ?Sized> ReadAt for &T {
    fn size(&self) -> io::Result<u64> {
        (**self).size()
    }

    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        (**self).read_exact_at(buffer, offset)
    }
}

impl ReadAt for Vec<u8> {
    fn size(&self) -> io::Result<u64> {
        self.as_slice().size()
    }

    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.as_slice().read_exact_at(buffer, offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn same(bytes: &dyn ReadAt) {
        assert_eq!(bytes.size().unwrap(), 5);
        let mut buffer = [0; 3];
        bytes.read_exact_at(&mut buffer, 2).unwrap();
        assert_eq!(&buffer, b"cde");
        bytes.read_exact_at(&mut [], 5).unwrap();
        for offset in [3, 5, 6, u64::MAX >> 1] {
            assert!(bytes.read_exact_at(&mut buffer, offset).is_err(), "{offset}");
        }
    }

    #[test]
    fn a_file_and_bytes_in_memory_read_the_same() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"abcde").unwrap();
        same(&file);
        same(&&file);
        same(&b"abcde".as_slice());
        same(&b"abcde".to_vec());
    }
}
