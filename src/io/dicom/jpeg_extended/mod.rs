//! JPEG of more than 8 bits per pixel, lossy (ITU T.81): the extended sequential and the progressive process, one component,
//! Huffman codes.
//!
//! DICOM knows them as 1.2.840.10008.1.2.4.51 and the retired .4.53 and .4.55. No kept decoder in Rust reads 12 bits.

mod decode;
mod huffman;
mod idct;
mod scan;
#[cfg(test)]
mod test_encoder;
#[cfg(test)]
mod tests;

pub(super) use decode::decode;
