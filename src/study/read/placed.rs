//! A read that came back in a packet: its journal as the reader made it, under the code and number it has in the study.

use super::error::ReadError;
use super::schema;
use crate::study::ExamCode;
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io;
use std::path::Path;

/// Where a read lies in the study. Kept beside the header, which the chain of hashes starts from and which therefore stays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::study) struct Placed {
    pub exam: ExamCode,
    pub number: u32,
}

impl Placed {
    /// Key in the table `meta`.
    pub(super) const KEY: &str = "placed";

    /// Copies a sealed read to its place, whole or not at all, with the note inside. What is there already is not replaced.
    pub fn put(&self, from: &Path, target: &Path) -> Result<(), ReadError> {
        let failed = |e: io::Error| ReadError::write(target, e);
        let folder = crate::io::folder_of(target);
        fs::create_dir_all(folder).map_err(failed)?;
        let mut builder = tempfile::Builder::new();
        builder.prefix(".new-").suffix(".part");
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
        let making = builder.tempfile_in(folder).map_err(failed)?;
        io::copy(&mut File::open(from).map_err(|e| ReadError::open(from, e))?, &mut making.as_file()).map_err(failed)?;
        let json = serde_json::to_string(self).map_err(|e| ReadError::write(target, e))?;
        let connection = schema::connect(making.path()).map_err(|e| ReadError::writing(target, &e))?;
        connection.execute("INSERT INTO meta VALUES(?1, ?2)", [Self::KEY, &json]).map_err(|e| ReadError::writing(target, &e))?;
        connection.close().map_err(|(_, e)| ReadError::writing(target, &e))?;
        making.as_file().sync_all().map_err(failed)?;
        making.persist_noclobber(target).map_err(|e| match e.error.kind() {
            io::ErrorKind::AlreadyExists => ReadError::Exists { path: target.to_owned() },
            _ => failed(e.error),
        })?;
        let _ = File::open(folder).and_then(|f| f.sync_all());
        Ok(())
    }
}
