//! What a pickle of weights can hold.

use super::FileError;

/// Place of a value among all values of a pickle.
pub type Id = usize;

/// A value; containers hold places, so that one value may stand in several.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// None, true, false, and numbers that are not whole: nothing here looks at them.
    Plain,
    /// A whole number.
    Int(i64),
    /// Text.
    Text(String),
    /// A tuple.
    Tuple(Vec<Id>),
    /// A list.
    List(Vec<Id>),
    /// A dictionary, in order.
    Dict(Vec<(Id, Id)>),
    /// A name of Python's that is known here.
    Name(Name),
    /// Numbers in an entry of the file.
    Storage(Storage),
    /// A tensor over a storage.
    Tensor(Tensor),
}

/// Names that a state_dict needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Name {
    /// `collections.OrderedDict`
    OrderedDict,
    /// `torch._utils._rebuild_tensor_v2`
    RebuildTensor,
    /// `torch._utils._rebuild_parameter`
    RebuildParameter,
    /// `torch.FloatStorage` and its like
    Storage(Kind),
}

/// Kinds of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// float32
    F32,
    /// float16
    F16,
    /// bfloat16
    BF16,
    /// float64
    F64,
    /// int64 (counters, never weights)
    I64,
}

/// Numbers of one kind in an entry of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Storage {
    /// What they are.
    pub kind: Kind,
    /// Text that names the entry.
    pub key: Id,
    /// How many.
    pub length: usize,
}

/// Numbers of a storage in an order of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tensor {
    /// Where they are.
    pub storage: Storage,
    /// The first.
    pub offset: usize,
    /// Size along each axis; at most [`MOST_AXES`].
    pub shape: Vec<usize>,
    /// Distance in the storage along each axis.
    pub strides: Vec<usize>,
}

/// No weight has more axes.
pub const MOST_AXES: usize = 8;

impl Name {
    /// # Errors
    /// If it is none that a state_dict needs.
    pub fn of(module: &str, name: &str) -> Result<Self, FileError> {
        match (module, name) {
            ("collections", "OrderedDict") => Ok(Self::OrderedDict),
            ("torch._utils", "_rebuild_tensor_v2") => Ok(Self::RebuildTensor),
            ("torch._utils", "_rebuild_parameter") => Ok(Self::RebuildParameter),
            ("torch", "FloatStorage") => Ok(Self::Storage(Kind::F32)),
            ("torch", "HalfStorage") => Ok(Self::Storage(Kind::F16)),
            ("torch", "BFloat16Storage") => Ok(Self::Storage(Kind::BF16)),
            ("torch", "DoubleStorage") => Ok(Self::Storage(Kind::F64)),
            ("torch", "LongStorage") => Ok(Self::Storage(Kind::I64)),
            _ => {
                let shown: String = format!("{module}.{name}").chars().filter(|c| !c.is_control()).take(80).collect();
                Err(FileError::Foreign(shown))
            }
        }
    }
}

impl Kind {
    /// Bytes of a number.
    pub const fn bytes(self) -> usize {
        match self {
            Self::F16 | Self::BF16 => 2,
            Self::F32 => 4,
            Self::F64 | Self::I64 => 8,
        }
    }

    /// A number from its bytes, of which there are [`Kind::bytes`]; none for kinds that are no weights.
    pub fn float(self, bytes: &[u8]) -> Option<f32> {
        match self {
            Self::F32 => bytes.first_chunk().map(|b| f32::from_le_bytes(*b)),
            Self::F64 => bytes.first_chunk().map(|b| f64::from_le_bytes(*b) as f32),
            Self::BF16 => bytes.first_chunk().map(|b| f32::from_bits(u32::from(u16::from_le_bytes(*b)) << 16)),
            Self::F16 => bytes.first_chunk().map(|b| from_half(u16::from_le_bytes(*b))),
            Self::I64 => None,
        }
    }
}

/// IEEE 754 binary16.
fn from_half(bits: u16) -> f32 {
    let sign = if bits & 0x8000 == 0 { 1.0 } else { -1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f32::from(bits & 0x3ff));
    match exponent {
        0 => sign * fraction * 2.0_f32.powi(-24),
        31 if fraction == 0.0 => sign * f32::INFINITY,
        31 => f32::NAN,
        _ => sign * (1.0 + fraction / 1024.0) * 2.0_f32.powi(exponent - 15),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_what_they_say() {
        for (bits, value) in
            [(0x3c00, 1.0), (0xc000, -2.0), (0x3555, 0.333_251_95), (0x0001, 5.960_464_5e-8), (0x7bff, 65504.0), (0x8000, 0.0)]
        {
            assert_eq!(from_half(bits), value, "{bits:x}");
        }
        assert!(from_half(0x7c01).is_nan() && from_half(0xfc00) == f32::NEG_INFINITY);
        assert_eq!(Kind::BF16.float(&[0x80, 0x3f]), Some(1.0));
        assert_eq!(Kind::I64.float(&[0; 8]), None);
    }
}
