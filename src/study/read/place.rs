//! Whether a folder lies on another computer: SQLite's write-ahead log needs memory shared by all writers, which no network
//! file system gives (sqlite.org/wal.html), so reads there are kept the older way.

use std::fs;
use std::path::Path;

/// Whether a path is on a network file system, as far as this system tells; what cannot be told counts as local.
pub(super) fn is_on_network(path: &Path) -> bool {
    let Ok(real) = fs::canonicalize(path) else { return false };
    if cfg!(windows) {
        let text = real.to_string_lossy();
        return text.starts_with(r"\\?\UNC\") || (text.starts_with(r"\\") && !text.starts_with(r"\\?\"));
    }
    fs::read_to_string("/proc/self/mounts").is_ok_and(|mounts| network_mount(&mounts, &real))
}

/// Looks up the innermost mount that holds a path in the text of `/proc/self/mounts`.
fn network_mount(mounts: &str, real: &Path) -> bool {
    let mut innermost = (0, false);
    for line in mounts.lines() {
        let mut fields = line.split(' ');
        let (Some(_device), Some(point), Some(kind)) = (fields.next(), fields.next(), fields.next()) else { continue };
        let point = unescaped(point);
        if real.starts_with(&point) && point.len() >= innermost.0 {
            innermost = (point.len(), is_network_kind(kind));
        }
    }
    innermost.1
}

fn is_network_kind(kind: &str) -> bool {
    const KINDS: [&str; 12] =
        ["nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "9p", "ceph", "vboxsf", "fuse.sshfs", "fuse.rclone", "fuse.glusterfs"];
    KINDS.contains(&kind)
}

/// Blanks in mount points are written as octal numbers: `\040`.
fn unescaped(point: &str) -> String {
    let mut text = point.to_owned();
    for (code, sign) in [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")] {
        text = text.replace(code, sign);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str =
        "/dev/vda / ext4 rw 0 0\nnas:/x /mnt/nas nfs4 rw 0 0\n//s/y /mnt/my\\040share cifs rw 0 0\n/dev/sdb /mnt/nas/local ext4 rw 0 0\n";

    #[test]
    fn the_innermost_mount_decides() {
        for (path, expected) in [
            ("/home/x", false),
            ("/mnt/nas/study", true),
            ("/mnt/nasty", false),
            ("/mnt/nas/local/study", false),
            ("/mnt/my share/study", true),
        ] {
            assert_eq!(network_mount(MOUNTS, Path::new(path)), expected, "{path}");
        }
        assert!(!is_on_network(Path::new("/no/such/folder")));
    }
}
