//! Intel's matrix unit (AMX): eight registers of 16 rows of 64 bytes, and products of `bf16` tiles summed in `f32`.
//!
//! Rust's own intrinsics for it are not stable yet, so the instructions are written out. The compiler never uses these
//! registers itself, so their contents last from one block of assembly to the next on the same thread.

use super::tiles::TileProduct;
use super::{Bf16, STEP};
use std::arch::asm;
use std::arch::x86_64::{__cpuid, __cpuid_count, _xgetbv};
use std::sync::OnceLock;

/// Whether processor and system let this process use the unit; the system is asked once.
pub fn is_available() -> bool {
    static ANSWER: OnceLock<bool> = OnceLock::new();
    *ANSWER.get_or_init(|| processor_has_it() && system_grants_it())
}

fn processor_has_it() -> bool {
    // AMX-BF16 and AMX-TILE are bits 22 and 24 of EDX of leaf 7; bit 27 of ECX of leaf 1 says that the system saves
    // extended registers, and bits 17 and 18 of XCR0 that tiles are among them (Intel SDM, volume 1, chapter 18).
    const NEEDED: u32 = 1 << 22 | 1 << 24;
    if __cpuid(0).eax < 7 || __cpuid_count(7, 0).edx & NEEDED != NEEDED || __cpuid(1).ecx & (1 << 27) == 0 {
        return false;
    }
    let vectors = std::arch::is_x86_feature_detected!("avx512bf16")
        && std::arch::is_x86_feature_detected!("avx512f")
        && std::arch::is_x86_feature_detected!("avx512bw")
        && std::arch::is_x86_feature_detected!("xsave");
    // SAFETY: the processor has the instruction, and the system allows it, as was just asked.
    vectors && unsafe { _xgetbv(0) } & (3 << 17) == 3 << 17
}

#[cfg(target_os = "linux")]
fn system_grants_it() -> bool {
    const ARCH_PRCTL: usize = 158;
    const REQUEST_PERMISSION: usize = 0x1023;
    const TILE_DATA: usize = 18;
    let answer: isize;
    // SAFETY: this system call takes two numbers, touches no memory of ours and changes the two registers named.
    unsafe {
        asm!("syscall", inlateout("rax") ARCH_PRCTL => answer, in("rdi") REQUEST_PERMISSION, in("rsi") TILE_DATA,
             lateout("rcx") _, lateout("r11") _, options(nostack));
    }
    answer == 0
}

/// Other systems grant it by themselves or not at all; none was at hand to try.
#[cfg(not(target_os = "linux"))]
fn system_grants_it() -> bool {
    false
}

/// Shapes of the registers: all of 16 rows of 64 bytes.
#[repr(C, align(64))]
struct Shapes {
    palette: u8,
    start: u8,
    reserved: [u8; 14],
    row_bytes: [u16; 16],
    rows: [u8; 16],
}

/// Readies the unit on this thread.
///
/// # Safety
/// [`is_available`] must have said yes.
pub unsafe fn begin() {
    let mut shapes = Shapes { palette: 1, start: 0, reserved: [0; 14], row_bytes: [0; 16], rows: [0; 16] };
    shapes.row_bytes[..8].fill(64);
    shapes.rows[..8].fill(16);
    // SAFETY: the instruction reads the 64 bytes of `shapes`.
    unsafe { asm!("ldtilecfg [{}]", in(reg) &raw const shapes, options(nostack, readonly)) };
}

/// Lets go of the unit, so that the system need not save its registers.
///
/// # Safety
/// As [`begin`].
pub unsafe fn end() {
    // SAFETY: touches only the unit.
    unsafe { asm!("tilerelease", options(nostack, nomem)) };
}

/// The loop over the sum for one number of tiles: `load` and `multiply` are the instructions of a step.
macro_rules! product {
    ($name:ident, [$($step:literal),+], [$($tile:literal, $row:literal, $column:literal);+]) => {
        /// # Safety
        /// Between [`begin`] and [`end`]; every address that the strides reach must be inside the memory behind the pointers.
        pub unsafe fn $name(p: &TileProduct, a: *const Bf16, b: *const Bf16, c: *mut f32) {
            let (a_row, b_row, c_row) = (2 * p.a_row, 2 * p.b_row, 4 * p.c_row);
            // SAFETY: as promised by the caller; only tile registers and the registers named change.
            unsafe {
                $(
                    let tile = c.wrapping_add(16 * ($row * p.c_row + $column));
                    if p.add {
                        asm!(concat!("tileloadd tmm", $tile, ", [{} + {}*1]"), in(reg) tile, in(reg) c_row, options(nostack, readonly));
                    } else {
                        asm!(concat!("tilezero tmm", $tile), options(nostack, nomem));
                    }
                )+
                let mut at_b = b;
                for segment in 0..p.segments {
                    let first = a.wrapping_add(segment * p.a_segment);
                    asm!(
                        "2:",
                        $($step,)+
                        "add {a0}, {a_step}",
                        "add {a1}, {a_step}",
                        "add {b}, {b_step}",
                        "dec {left}",
                        "jnz 2b",
                        a0 = inout(reg) first => _,
                        a1 = inout(reg) first.wrapping_add(16 * p.a_row) => _,
                        b = inout(reg) at_b,
                        left = inout(reg) p.steps => _,
                        a_step = in(reg) 2 * p.a_step,
                        b_step = in(reg) 2 * p.b_step,
                        ar = in(reg) a_row,
                        br = in(reg) b_row,
                        options(nostack, readonly)
                    );
                }
                $(
                    let tile = c.wrapping_add(16 * ($row * p.c_row + $column));
                    asm!(concat!("tilestored [{} + {}*1], tmm", $tile), in(reg) tile, in(reg) c_row, options(nostack));
                )+
            }
        }
    };
}

product!(two_by_two, [
    "tileloadd tmm4, [{a0} + {ar}*1]",
    "tileloadd tmm6, [{b} + {br}*1]",
    "tdpbf16ps tmm0, tmm4, tmm6",
    "tileloadd tmm7, [{b} + {br}*1 + 64]",
    "tdpbf16ps tmm1, tmm4, tmm7",
    "tileloadd tmm5, [{a1} + {ar}*1]",
    "tdpbf16ps tmm2, tmm5, tmm6",
    "tdpbf16ps tmm3, tmm5, tmm7"
], ["0", 0, 0; "1", 0, 1; "2", 1, 0; "3", 1, 1]);
product!(two_by_one, [
    "tileloadd tmm4, [{a0} + {ar}*1]",
    "tileloadd tmm6, [{b} + {br}*1]",
    "tdpbf16ps tmm0, tmm4, tmm6",
    "tileloadd tmm5, [{a1} + {ar}*1]",
    "tdpbf16ps tmm2, tmm5, tmm6"
], ["0", 0, 0; "2", 1, 0]);
product!(one_by_two, [
    "tileloadd tmm4, [{a0} + {ar}*1]",
    "tileloadd tmm6, [{b} + {br}*1]",
    "tdpbf16ps tmm0, tmm4, tmm6",
    "tileloadd tmm7, [{b} + {br}*1 + 64]",
    "tdpbf16ps tmm1, tmm4, tmm7"
], ["0", 0, 0; "1", 0, 1]);
product!(one_by_one, ["tileloadd tmm4, [{a0} + {ar}*1]", "tileloadd tmm6, [{b} + {br}*1]", "tdpbf16ps tmm0, tmm4, tmm6"], ["0", 0, 0]);

const _: () = assert!(STEP * size_of::<Bf16>() == 64, "a step is one row of a tile");
