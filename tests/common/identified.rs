//! Sources full of identity, and a search for it in every byte of a folder.

use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};
use std::io::Read as _;
use std::path::Path;

/// Words that must never reach a study, in small letters.
pub const PLANTED: [&str; 24] = [
    "quasimodo",
    "esmeralda",
    "pid-77q31",
    "19310203",
    "20190417",
    "acc918273",
    "notredame",
    "station9z",
    "frollo",
    "4711.1",
    "4711.2",
    "4711.3",
    "4711.4",
    "sn-55443",
    "phoebus",
    "studytext",
    "protname",
    "imgcomment",
    "privateword",
    "gringoire",
    "fleurdelys",
    "djali",
    "clopin",
    "auxfile77",
];

/// Six slices of 16 × 12 pixels with identity in every field that could hold it.
pub fn dicom_series(folder: &Path, description: &str) {
    std::fs::create_dir_all(folder).unwrap();
    for slice in 0..6_u16 {
        let mut set = InMemDicomObject::new_empty();
        let mut text = |group: u16, element: u16, vr: VR, value: &str| {
            set.put(DataElement::new(Tag(group, element), vr, PrimitiveValue::from(value)));
        };
        let instance = format!("1.2.826.0.1.99.4711.4.{}", slice + 1);
        text(0x0008, 0x0008, VR::CS, "ORIGINAL\\PRIMARY\\M");
        text(0x0008, 0x0016, VR::UI, "1.2.840.10008.5.1.4.1.1.4");
        text(0x0008, 0x0018, VR::UI, &instance);
        text(0x0008, 0x0020, VR::DA, "20190417");
        text(0x0008, 0x0050, VR::SH, "ACC918273");
        text(0x0008, 0x0060, VR::CS, "MR");
        text(0x0008, 0x0070, VR::LO, "SIEMENS Phoebus GmbH");
        text(0x0008, 0x0080, VR::LO, "Hospital Notredame");
        text(0x0008, 0x0090, VR::PN, "Frollo^Claude");
        text(0x0008, 0x1010, VR::SH, "STATION9Z");
        text(0x0008, 0x1030, VR::LO, "STUDYTEXT of Quasimodo");
        text(0x0008, 0x103E, VR::LO, description);
        text(0x0008, 0x1090, VR::LO, "Phoebus 3000");
        text(0x0009, 0x0010, VR::LO, "PRIVATEWORD");
        text(0x0009, 0x1001, VR::LO, "PRIVATEWORD Esmeralda");
        text(0x0010, 0x0010, VR::PN, "Quasimodo^Esmeralda");
        text(0x0010, 0x0020, VR::LO, "PID-77Q31");
        text(0x0010, 0x0030, VR::DA, "19310203");
        text(0x0010, 0x0040, VR::CS, "M");
        text(0x0018, 0x0020, VR::CS, "SE\\IR");
        text(0x0018, 0x0050, VR::DS, "3.5");
        text(0x0018, 0x0080, VR::DS, "4200");
        text(0x0018, 0x0081, VR::DS, "63");
        text(0x0018, 0x0082, VR::DS, "160");
        text(0x0018, 0x0087, VR::DS, "1.5");
        text(0x0018, 0x1000, VR::LO, "SN-55443");
        text(0x0018, 0x1030, VR::LO, "PROTNAME Quasimodo");
        text(0x0020, 0x000D, VR::UI, "1.2.826.0.1.99.4711.1");
        text(0x0020, 0x000E, VR::UI, "1.2.826.0.1.99.4711.2");
        text(0x0020, 0x0052, VR::UI, "1.2.826.0.1.99.4711.3");
        text(0x0020, 0x0013, VR::IS, &(slice + 1).to_string());
        text(0x0020, 0x0032, VR::DS, &format!("-8\\{}\\8", f64::from(slice) * 3.5));
        text(0x0020, 0x0037, VR::DS, "1\\0\\0\\0\\0\\-1");
        text(0x0020, 0x4000, VR::LT, "IMGCOMMENT Quasimodo");
        text(0x0028, 0x0004, VR::CS, "MONOCHROME2");
        text(0x0028, 0x0030, VR::DS, "0.9\\0.9");
        for (element, value) in [(0x0002, 1_u16), (0x0010, 12), (0x0011, 16), (0x0100, 16), (0x0101, 12), (0x0102, 11), (0x0103, 0)] {
            set.put(DataElement::new(Tag(0x0028, element), VR::US, PrimitiveValue::from(value)));
        }
        let pixels: Vec<u16> = (0..192_u16).map(|n| 20 + (n * 37 + slice * 101) % 900).collect();
        set.put(DataElement::new(Tag(0x7FE0, 0x0010), VR::OW, PrimitiveValue::U16(pixels.into())));
        let meta = FileMetaTableBuilder::new()
            .transfer_syntax("1.2.840.10008.1.2.1")
            .media_storage_sop_class_uid("1.2.840.10008.5.1.4.1.1.4")
            .media_storage_sop_instance_uid(&instance);
        set.with_meta(meta).unwrap().write_to_file(folder.join(format!("quasimodo-{slice}.dcm"))).unwrap();
    }
}

/// A NIfTI file with words in every free field and an extension.
pub fn nifti_with_words(path: &Path) {
    let mut header = vec![0_u8; 348];
    let mut put = |at: usize, bytes: &[u8]| header[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, &348_i32.to_le_bytes());
    for (n, value) in [3_i16, 12, 12, 4, 1, 1, 1, 1].into_iter().enumerate() {
        put(40 + 2 * n, &value.to_le_bytes());
    }
    put(70, &4_i16.to_le_bytes());
    put(72, &16_i16.to_le_bytes());
    for (n, value) in [1.0_f32, 1.0, 1.0, 3.0].into_iter().enumerate() {
        put(76 + 4 * n, &value.to_le_bytes());
    }
    put(108, &400_f32.to_le_bytes());
    put(112, &1_f32.to_le_bytes());
    put(123, &[2]);
    put(148, b"Gringoire, scanned 20190417");
    put(228, b"AUXFILE77.txt");
    put(254, &1_i16.to_le_bytes());
    for (row, values) in [[1.0_f32, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 3.0, 0.0]].into_iter().enumerate() {
        for (column, value) in values.into_iter().enumerate() {
            put(280 + 16 * row + 4 * column, &value.to_le_bytes());
        }
    }
    put(328, b"Fleurdelys");
    put(344, b"n+1\0");
    header.extend([1, 0, 0, 0]);
    header.extend(48_i32.to_le_bytes());
    header.extend(6_i32.to_le_bytes());
    let mut words = b"<p>Djali and Quasimodo</p>".to_vec();
    words.resize(40, 0);
    header.extend(words);
    assert_eq!(header.len(), 400);
    header.extend((0..576_i16).flat_map(|v| (v % 211).to_le_bytes()));
    std::fs::write(path, header).unwrap();
}

/// Planted words in a folder, with the place of each: in names of files and folders, and in their bytes, unpacked too, as
/// UTF-8, UTF-16 of both orders, in capitals or not.
pub fn find_planted(folder: &Path) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let (path, place) = (entry.path(), entry.path().display().to_string());
        search(entry.file_name().to_string_lossy().as_bytes(), &place, &mut found);
        if path.is_dir() {
            found.extend(find_planted(&path));
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        search(&bytes, &place, &mut found);
        if bytes.starts_with(&[0x1f, 0x8b]) {
            let mut unpacked = Vec::new();
            flate2::read::MultiGzDecoder::new(&bytes[..]).read_to_end(&mut unpacked).unwrap();
            search(&unpacked, &place, &mut found);
        }
    }
    found
}

fn search(bytes: &[u8], place: &str, found: &mut Vec<(&'static str, String)>) {
    let small: Vec<u8> = bytes.iter().map(u8::to_ascii_lowercase).collect();
    for word in PLANTED {
        let wide = |order: fn(u16) -> [u8; 2]| word.encode_utf16().flat_map(order).collect::<Vec<u8>>();
        for needle in [word.as_bytes().to_vec(), wide(u16::to_le_bytes), wide(u16::to_be_bytes)] {
            if small.windows(needle.len()).any(|window| window == needle) {
                found.push((word, place.to_owned()));
            }
        }
    }
}
