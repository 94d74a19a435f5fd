//! Small DICOM series, slice by slice, with just the elements that tell where and when each was made.

use dicom_core::value::{PixelFragmentSequence, Value};
use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};
use std::path::Path;

/// One slice of 16 columns × 12 rows.
#[derive(Clone, Debug)]
pub struct Slice {
    /// Instance number; the file is called after it.
    pub instance: usize,
    /// Position of the first voxel, LPS mm.
    pub position: [f64; 3],
    /// Temporal position identifier.
    pub temporal: Option<u32>,
    /// Acquisition number.
    pub acquisition: Option<u32>,
    /// The value of all its voxels.
    pub value: u16,
}

impl Slice {
    /// An axial slice at a height.
    pub fn at(instance: usize, z: f64, value: u16) -> Self {
        Self { instance, position: [-8.0, -6.0, z], temporal: None, acquisition: None, value }
    }

    /// Writes it into `folder`.
    pub fn write(&self, folder: &Path) {
        self.write_as(folder, [16, 12], Some(vec![self.value; 16 * 12]));
    }

    /// The same with another size; without pixels: compressed ones that hold next to nothing.
    pub fn write_as(&self, folder: &Path, [columns, rows]: [u16; 2], pixels: Option<Vec<u16>>) {
        std::fs::create_dir_all(folder).unwrap();
        let mut set = InMemDicomObject::new_empty();
        let mut text = |group: u16, element: u16, vr: VR, value: &str| {
            set.put(DataElement::new(Tag(group, element), vr, PrimitiveValue::from(value)));
        };
        let instance = format!("1.2.826.0.1.99.31.{}", self.instance);
        text(0x0008, 0x0016, VR::UI, "1.2.840.10008.5.1.4.1.1.4");
        text(0x0008, 0x0018, VR::UI, &instance);
        text(0x0008, 0x0060, VR::CS, "MR");
        text(0x0010, 0x0010, VR::PN, "Nobody^Noone");
        text(0x0010, 0x0020, VR::LO, "N1");
        text(0x0020, 0x000D, VR::UI, "1.2.826.0.1.99.32");
        text(0x0020, 0x000E, VR::UI, "1.2.826.0.1.99.33");
        text(0x0020, 0x0052, VR::UI, "1.2.826.0.1.99.34");
        text(0x0020, 0x0013, VR::IS, &self.instance.to_string());
        for (element, value) in [(0x0012, self.acquisition), (0x0100, self.temporal)] {
            if let Some(value) = value {
                text(0x0020, element, VR::IS, &value.to_string());
            }
        }
        let [x, y, z] = self.position;
        text(0x0020, 0x0032, VR::DS, &format!("{x}\\{y}\\{z}"));
        text(0x0020, 0x0037, VR::DS, "1\\0\\0\\0\\1\\0");
        text(0x0018, 0x0050, VR::DS, "3");
        text(0x0028, 0x0004, VR::CS, "MONOCHROME2");
        text(0x0028, 0x0030, VR::DS, "0.9\\0.8");
        text(0x0028, 0x0301, VR::CS, "NO");
        for (element, value) in [(0x0002, 1_u16), (0x0010, rows), (0x0011, columns), (0x0100, 16), (0x0101, 16), (0x0102, 15), (0x0103, 0)]
        {
            set.put(DataElement::new(Tag(0x0028, element), VR::US, PrimitiveValue::from(value)));
        }
        let syntax = match pixels {
            Some(pixels) => {
                set.put(DataElement::new(Tag(0x7FE0, 0x0010), VR::OW, PrimitiveValue::U16(pixels.into())));
                "1.2.840.10008.1.2.1"
            }
            None => {
                let fragments = PixelFragmentSequence::new(vec![0_u32], vec![vec![2_u8; 64]]);
                set.put(DataElement::new(Tag(0x7FE0, 0x0010), VR::OB, Value::<InMemDicomObject, _>::PixelSequence(fragments)));
                "1.2.840.10008.1.2.5"
            }
        };
        let meta = FileMetaTableBuilder::new()
            .transfer_syntax(syntax)
            .media_storage_sop_class_uid("1.2.840.10008.5.1.4.1.1.4")
            .media_storage_sop_instance_uid(&instance);
        set.with_meta(meta).unwrap().write_to_file(folder.join(format!("slice-{:03}.dcm", self.instance))).unwrap();
    }
}
