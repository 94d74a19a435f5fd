//! Under which names common U-Nets keep their weights. Only names are taken over, no code.

use super::ImportError;
use super::file::WeightsFile;

/// A layout that is known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// milesial/Pytorch-UNet: `inc.double_conv.0.weight`, `down1.maxpool_conv.1.double_conv.0.weight`, `up1.up.weight`, …
    Milesial,
    /// MONAI's `BasicUNet`: `conv_0.conv_0.conv.weight`, `down_1.convs.conv_0.conv.weight`, `upcat_4.upsample.deconv.weight`, …
    BasicUnet,
}

/// A layout as a file has it: what all names begin with, and how many levels there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Which.
    pub layout: Layout,
    /// `module.` or the like, or nothing.
    pub prefix: String,
    /// Levels of resolution.
    pub depth: usize,
}

/// Where a block keeps its convolution and its norm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockNames {
    /// Of the convolution.
    pub conv: String,
    /// Of the norm.
    pub norm: String,
}

impl Layout {
    /// The word in messages and on cards.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Milesial => "milesial's U-Net",
            Self::BasicUnet => "MONAI's BasicUNet",
        }
    }

    /// What values below zero are multiplied with unless it is said otherwise: the layout's own default.
    #[must_use]
    pub const fn usual_leak(self) -> f32 {
        match self {
            Self::Milesial => 0.0,
            Self::BasicUnet => 0.1,
        }
    }

    /// The weight by which the layout is known.
    const fn first(self) -> &'static str {
        match self {
            Self::Milesial => "inc.double_conv.0.weight",
            Self::BasicUnet => "conv_0.conv_0.conv.weight",
        }
    }

    fn down(self, level: usize) -> String {
        match self {
            Self::Milesial => format!("down{level}.maxpool_conv.1"),
            Self::BasicUnet => format!("down_{level}.convs"),
        }
    }
}

/// More levels than a net of ours can have.
const MOST_LEVELS: usize = 6;

impl Found {
    /// Finds out which layout a file has.
    ///
    /// # Errors
    /// If it is none of them.
    pub fn in_file(file: &WeightsFile<'_>) -> Result<Self, ImportError> {
        let names = file.names();
        for layout in [Layout::Milesial, Layout::BasicUnet] {
            let prefixes = names.iter().filter_map(|name| name.strip_suffix(layout.first()));
            let Some(prefix) = prefixes.filter(|p| p.is_empty() || p.ends_with('.')).min_by_key(|p| p.len()) else { continue };
            let mut found = Self { layout, prefix: prefix.to_owned(), depth: 1 };
            while names.binary_search(&found.encoder_at(found.depth, 0).weight().as_str()).is_ok() {
                found.depth += 1;
                if found.depth > MOST_LEVELS {
                    return Err(ImportError::Unheld(format!("it has more than {MOST_LEVELS} levels")));
                }
            }
            return Ok(found);
        }
        let seen = names.iter().find(|name| name.ends_with("weight")).or_else(|| names.first()).copied().unwrap_or("nothing");
        Err(ImportError::UnknownLayout(seen.chars().take(80).collect()))
    }

    /// A block on the way down, the first or second (`n`) of its level.
    #[must_use]
    pub fn encoder_at(&self, level: usize, n: usize) -> BlockNames {
        let block = match (level, self.layout) {
            (0, Layout::Milesial) => "inc".to_owned(),
            (0, Layout::BasicUnet) => "conv_0".to_owned(),
            _ => self.layout.down(level),
        };
        self.block(&block, n)
    }

    /// A block on the way up.
    #[must_use]
    pub fn decoder_at(&self, level: usize, n: usize) -> BlockNames {
        let block = match self.layout {
            Layout::Milesial => format!("up{}.conv", self.depth - 1 - level),
            Layout::BasicUnet => format!("upcat_{}.convs", level + 1),
        };
        self.block(&block, n)
    }

    /// The transposed convolution that leads up to a level.
    #[must_use]
    pub fn up_at(&self, level: usize) -> String {
        match self.layout {
            Layout::Milesial => format!("{}up{}.up", self.prefix, self.depth - 1 - level),
            Layout::BasicUnet => format!("{}upcat_{}.upsample.deconv", self.prefix, level + 1),
        }
    }

    /// The 1×1 convolution at the end.
    #[must_use]
    pub fn head(&self) -> String {
        let name = if self.layout == Layout::Milesial { "outc.conv" } else { "final_conv" };
        format!("{}{name}", self.prefix)
    }

    fn block(&self, block: &str, n: usize) -> BlockNames {
        let prefix = &self.prefix;
        match self.layout {
            Layout::Milesial => BlockNames {
                conv: format!("{prefix}{block}.double_conv.{}", 3 * n),
                norm: format!("{prefix}{block}.double_conv.{}", 3 * n + 1),
            },
            Layout::BasicUnet => {
                BlockNames { conv: format!("{prefix}{block}.conv_{n}.conv"), norm: format!("{prefix}{block}.conv_{n}.adn.N") }
            }
        }
    }
}

impl BlockNames {
    fn weight(&self) -> String {
        format!("{}.weight", self.conv)
    }
}
