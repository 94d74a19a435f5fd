//! Files of weights. The first byte says what the rest is: 0 a whole file, else the pickle of a `.pt`, which is put into a
//! sound zip file (its checksums would keep the fuzzer out of the pickle).
#![no_main]

use libfuzzer_sys::fuzz_target;
use osteon_fuzz::weights_file::WeightsFile;

fuzz_target!(|data: &[u8]| {
    let Some((&kind, rest)) = data.split_first() else { return };
    if kind == 0 {
        read(rest);
    } else {
        read(&zip(&[("a/data.pkl", rest), ("a/data/0", &[0; 144]), ("a/data/1", &[0; 8]), ("a/data/2", &[0; 8])]));
    }
});

/// Reads every number; never more than the file holds.
fn read(bytes: &[u8]) {
    let Ok(file) = WeightsFile::open(bytes, "osteon_card") else { return };
    for name in file.names().into_iter().take(100) {
        if let Ok(values) = file.floats(name) {
            assert!(values.len() <= bytes.len());
            assert_eq!(file.shape(name).map(|shape| shape.iter().product::<usize>()), Some(values.len()));
        }
    }
}

/// A zip file of entries that are not compressed.
fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut out, mut list) = (Vec::new(), Vec::new());
    for (name, data) in entries {
        let header = out.len() as u32;
        let [length, sum] = [data.len() as u32, crc32fast::hash(data)];
        let mut common = vec![0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        for number in [sum, length, length] {
            common.extend(number.to_le_bytes());
        }
        common.extend((name.len() as u16).to_le_bytes());
        common.extend([0, 0]);
        out.extend(b"PK\x03\x04");
        out.extend(&common);
        out.extend(name.as_bytes());
        out.extend(*data);
        list.extend(b"PK\x01\x02\0\0");
        list.extend(&common);
        list.extend([0; 10]);
        list.extend(header.to_le_bytes());
        list.extend(name.as_bytes());
    }
    let (start, length, count) = (out.len() as u32, list.len() as u32, entries.len() as u16);
    out.extend(&list);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend(count.to_le_bytes());
    out.extend(count.to_le_bytes());
    out.extend(length.to_le_bytes());
    out.extend(start.to_le_bytes());
    out.extend([0, 0]);
    out
}
