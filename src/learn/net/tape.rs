//! The U-Net on the CPU with our own operators and a hand-written backward pass.

use super::arena::Arena;
use super::deep::{DeepHead, Goal};
use super::shape::BlockAt;
use super::{Batch, Engine, Parameters, UNetShape, halt};
use crate::learn::conv::{Conv3, Extent, Point, Source, Up2, Value};
use crate::learn::error::LearnError;
use crate::learn::kernel::InstructionPath;
use crate::learn::ops::{Loss, Norm, NormState, Pool2, add_bias, bias_gradient};
use crate::learn::spec::NormKind;
use crate::volume::require_room;
use std::sync::atomic::AtomicBool;

/// Keeps the buffers of the last batch size for the next batch. Activations and their gradients are stored as `T`.
#[derive(Debug)]
pub struct Tape<T> {
    shape: UNetShape,
    path: InstructionPath,
    arena: Arena<T>,
    logits: Arena<f32>,
    scratch: Vec<f32>,
    extent: Option<Extent>,
    /// Whether the buffers are those of a step.
    learns: bool,
}

/// Bytes of `f32` per pixel of a batch and channel of the finest level: all that a step keeps, and what a pass keeps. Measured with
/// `osteon bench unet` and `osteon propose`, rounded up.
const ROOM_OF_STEP: usize = 104;
const ROOM_OF_PASS: usize = 52;

/// What a block leaves for the backward pass: the convolution's output, the norm's moments, the result.
#[derive(Debug, Default)]
struct BlockTrace<T> {
    before: Vec<T>,
    norm: NormState,
    out: Vec<T>,
}

/// What a forward pass leaves, by level; the finest is 0.
#[derive(Debug, Default)]
struct Trace<T> {
    pooled: Vec<Vec<T>>,
    encoder: Vec<[BlockTrace<T>; 2]>,
    /// From coarse to fine, as made.
    ups: Vec<Vec<T>>,
    decoder: Vec<[BlockTrace<T>; 2]>,
}

/// Pixels and sources of a block's input.
#[derive(Clone, Copy)]
struct Input<'a, T> {
    extent: Extent,
    sources: &'a [Source<'a, T>],
}

impl<T: Value> Tape<T> {
    /// For one net; `path` as detected, or a slower one for tests.
    #[must_use]
    pub fn new(shape: UNetShape, path: InstructionPath) -> Self {
        Self { shape, path, arena: Arena::default(), logits: Arena::default(), scratch: Vec::new(), extent: None, learns: false }
    }

    /// Asks for all the memory at once, before the first pass of a size: a buffer that cannot be had later would end the program.
    fn prepare(&mut self, extent: Extent, learns: bool) -> Result<(), LearnError> {
        if self.extent == Some(extent) && (self.learns || !learns) {
            return Ok(());
        }
        self.arena.clear();
        self.logits.clear();
        self.extent = None;
        let room = if learns { ROOM_OF_STEP } else { ROOM_OF_PASS };
        let bytes = extent.pixels().saturating_mul(self.shape.width(0)).saturating_mul(room * size_of::<T>() / size_of::<f32>());
        require_room(bytes)?;
        (self.extent, self.learns) = (Some(extent), learns);
        Ok(())
    }

    fn extent_at(extent: Extent, level: usize) -> Extent {
        Extent { batch: extent.batch, height: extent.height >> level, width: extent.width >> level }
    }

    const fn conv(&self, extent: Extent, at: BlockAt) -> Conv3 {
        Conv3 { path: self.path, extent, inputs: at.inputs, outputs: at.outputs }
    }

    fn norm(&self, extent: Extent, at: BlockAt) -> Norm {
        let (groups, leak) = (self.shape.groups(at.outputs), self.shape.leak());
        Norm { extent, channels: at.outputs, groups, fixed: self.shape.norm == NormKind::Batch, leak }
    }

    fn block(&mut self, p: &Parameters, at: BlockAt, input: Input<'_, T>, keep: bool) -> BlockTrace<T> {
        let length = input.extent.pixels() * at.outputs;
        let (mut before, mut out) = (self.arena.take(length), self.arena.take(length));
        self.conv(input.extent, at).forward(input.sources, p.get(at.weight), &mut before);
        let norm = self.norm(input.extent, at).forward(&before, p.get(at.weight + 1), p.get(at.weight + 2), &mut out);
        if !keep {
            self.arena.give(std::mem::take(&mut before));
        }
        BlockTrace { before, norm, out }
    }

    /// Two blocks in a row. Where nothing is kept, only the second result stays.
    fn blocks(
        &mut self,
        p: &Parameters,
        at: [BlockAt; 2],
        input: Input<'_, T>,
        keep: bool,
        stop: &AtomicBool,
    ) -> Result<[BlockTrace<T>; 2], LearnError> {
        halt(stop)?;
        let mut first = self.block(p, at[0], input, keep);
        halt(stop)?;
        let inner = [Source { values: &first.out, channels: at[0].outputs }];
        let second = self.block(p, at[1], Input { extent: input.extent, sources: &inner }, keep);
        if !keep {
            self.arena.give(std::mem::take(&mut first.out));
        }
        Ok([first, second])
    }

    fn forward(&mut self, p: &Parameters, batch: Batch<'_>, keep: bool, stop: &AtomicBool) -> Result<(Trace<T>, Vec<f32>), LearnError> {
        self.prepare(batch.extent, keep)?;
        let shape = self.shape.clone();
        let mut trace = Trace::default();
        let planes = T::stored(batch.planes);
        for level in 0..shape.depth {
            let extent = Self::extent_at(batch.extent, level);
            let [first, second] = shape.encoder(level);
            if level > 0 {
                let above = Self::extent_at(batch.extent, level - 1);
                let mut pooled = self.arena.take(extent.pixels() * first.inputs);
                Pool2 { extent: above, channels: first.inputs }.forward(&trace.encoder[level - 1][1].out, &mut pooled);
                trace.pooled.push(pooled);
            }
            let values = if level == 0 { &planes[..] } else { &trace.pooled[level - 1] };
            let sources = [Source { values, channels: first.inputs }];
            let made = self.blocks(p, [first, second], Input { extent, sources: &sources }, keep, stop)?;
            trace.encoder.push(made);
        }
        if let (Some(dropout), Some(deepest)) = (batch.dropout, trace.encoder.last_mut()) {
            dropout.apply(batch.extent.batch, shape.width(shape.depth - 1), &mut deepest[1].out);
        }
        for level in (0..shape.depth - 1).rev() {
            let (extent, below) = (Self::extent_at(batch.extent, level), Self::extent_at(batch.extent, level + 1));
            let (width, up_width) = (shape.width(level), shape.up_width(level));
            let mut up = self.arena.take(extent.pixels() * up_width);
            let from = trace.decoder.last().map_or(&trace.encoder[level + 1][1].out, |d| &d[1].out);
            let conv = Up2 { path: self.path, extent: below, inputs: shape.out_width(level + 1), outputs: up_width };
            conv.forward(from, p.get(shape.up(level)), &mut up);
            if shape.has_up_bias() {
                add_bias(&mut up, p.get(shape.up(level) + 1));
            }
            let sources = [Source { values: &trace.encoder[level][1].out, channels: width }, Source { values: &up, channels: up_width }];
            let made = self.blocks(p, shape.decoder(level), Input { extent, sources: &sources }, keep, stop)?;
            trace.ups.push(up);
            trace.decoder.push(made);
        }
        halt(stop)?;
        let last = trace.decoder.last().map_or(&trace.encoder[0][1].out, |d| &d[1].out);
        let mut logits = self.logits.take(batch.extent.pixels() * shape.classes);
        self.point(batch.extent).forward(last, p.get(shape.head()), p.get(shape.head() + 1), &mut logits);
        Ok((trace, logits))
    }

    fn point(&self, extent: Extent) -> Point {
        Point { path: self.path, pixels: extent.pixels(), inputs: self.shape.out_width(0), outputs: self.shape.classes }
    }

    /// Turns the gradient of a block's result into those of its sources (none where `wanted` is false).
    #[expect(clippy::too_many_arguments, reason = "what a block was made from, and what is to be made of it")]
    fn block_back(
        &mut self,
        p: &Parameters,
        at: BlockAt,
        input: Input<'_, T>,
        trace: &BlockTrace<T>,
        mut gradient: Vec<T>,
        wanted: bool,
        out: &mut Parameters,
    ) -> Vec<Vec<T>> {
        let (d_scale, d_shift) = out.pair_mut(at.weight + 1);
        self.norm(input.extent, at).backward(&trace.before, &trace.norm, p.get(at.weight + 1), &mut gradient, d_scale, d_shift);
        let conv = self.conv(input.extent, at);
        conv.weight_gradient(input.sources, &gradient, &mut self.scratch, out.get_mut(at.weight));
        let wanted = input.sources.iter().filter(|_| wanted);
        let mut found: Vec<Vec<T>> = wanted.map(|source| self.arena.take(input.extent.pixels() * source.channels)).collect();
        conv.input_gradient(&gradient, p.get(at.weight), &mut found);
        self.arena.give(gradient);
        found
    }

    /// As [`Tape::block_back`] for two blocks in a row; hands their buffers back.
    #[expect(clippy::too_many_arguments, reason = "the same words as block_back, and the flag")]
    fn blocks_back(
        &mut self,
        p: &Parameters,
        at: [BlockAt; 2],
        input: Input<'_, T>,
        trace: [BlockTrace<T>; 2],
        gradient: Vec<T>,
        wanted: bool,
        out: &mut Parameters,
        stop: &AtomicBool,
    ) -> Result<Vec<Vec<T>>, LearnError> {
        halt(stop)?;
        let [first, second] = trace;
        let inner = [Source { values: &first.out, channels: at[0].outputs }];
        let mut between = self.block_back(p, at[1], Input { extent: input.extent, sources: &inner }, &second, gradient, true, out);
        halt(stop)?;
        let found = self.block_back(p, at[0], input, &first, between.pop().unwrap_or_default(), wanted, out);
        for buffer in [first.before, first.out, second.before, second.out] {
            self.arena.give(buffer);
        }
        Ok(found)
    }

    /// Writes all gradients; returns what the coarser levels' heads add to the loss.
    #[expect(clippy::too_many_arguments, reason = "what was made, from what, and what it is judged by")]
    fn backward(
        &mut self,
        p: &Parameters,
        batch: Batch<'_>,
        mut trace: Trace<T>,
        logits: Vec<f32>,
        goal: Goal<'_>,
        out: &mut Parameters,
        stop: &AtomicBool,
    ) -> Result<f64, LearnError> {
        let shape = self.shape.clone();
        halt(stop)?;
        let mut gradient = self.arena.take(batch.extent.pixels() * shape.out_width(0));
        let point = self.point(batch.extent);
        let last = trace.decoder.last().map_or(&trace.encoder[0][1].out, |d| &d[1].out);
        point.input_gradient(&logits, p.get(shape.head()), &mut gradient);
        let (weight, bias) = out.pair_mut(shape.head());
        point.weight_gradient(last, &logits, &mut self.scratch, weight, bias);
        self.logits.give(logits);

        // Gradients that reach the encoder's results through the joins, finest first.
        let (mut skips, mut deep_loss) = (Vec::new(), 0.0);
        for level in 0..shape.depth - 1 {
            let (extent, below) = (Self::extent_at(batch.extent, level), Self::extent_at(batch.extent, level + 1));
            let (width, up_width) = (shape.width(level), shape.up_width(level));
            let (Some(made), Some(up)) = (trace.decoder.pop(), trace.ups.pop()) else { break };
            let skip = std::mem::take(&mut trace.encoder[level][1].out);
            let sources = [Source { values: &skip, channels: width }, Source { values: &up, channels: up_width }];
            let mut found =
                self.blocks_back(p, shape.decoder(level), Input { extent, sources: &sources }, made, gradient, true, out, stop)?;
            let (of_up, of_skip) = (found.pop().unwrap_or_default(), found.pop().unwrap_or_default());
            trace.encoder[level][1].out = skip;
            skips.push(of_skip);
            let from = trace.decoder.last().map_or(&trace.encoder[level + 1][1].out, |d| &d[1].out);
            if shape.has_up_bias() {
                bias_gradient(&of_up, out.get_mut(shape.up(level) + 1));
            }
            let conv = Up2 { path: self.path, extent: below, inputs: shape.out_width(level + 1), outputs: up_width };
            conv.weight_gradient(from, &of_up, &mut self.scratch, out.get_mut(shape.up(level)));
            gradient = self.arena.take(from.len());
            conv.input_gradient(&of_up, p.get(shape.up(level)), &mut gradient);
            if shape.deep {
                let head = DeepHead { path: self.path, shape: &shape, level: level + 1 };
                deep_loss += head.backward(p, from, goal, &mut self.scratch, &mut gradient, out);
            }
            self.arena.give(of_up);
            self.arena.give(up);
        }
        if let Some(dropout) = batch.dropout {
            dropout.apply(batch.extent.batch, shape.width(shape.depth - 1), &mut gradient);
        }
        let planes = T::stored(batch.planes);
        for level in (0..shape.depth).rev() {
            let extent = Self::extent_at(batch.extent, level);
            let at = shape.encoder(level);
            let Some(made) = trace.encoder.pop() else { break };
            let pooled = if level > 0 { trace.pooled.pop() } else { None };
            let sources = [Source { values: pooled.as_deref().unwrap_or(&planes), channels: at[0].inputs }];
            let mut found = self.blocks_back(p, at, Input { extent, sources: &sources }, made, gradient, level > 0, out, stop)?;
            gradient = Vec::new();
            if let (Some(of_pooled), Some(mut skip), Some(above)) = (found.pop(), skips.pop(), trace.encoder.last()) {
                let pool = Pool2 { extent: Self::extent_at(batch.extent, level - 1), channels: at[0].inputs };
                pool.backward_add(&above[1].out, &of_pooled, &mut skip);
                self.arena.give(of_pooled);
                gradient = skip;
            }
            self.arena.give(pooled.unwrap_or_default());
        }
        Ok(deep_loss)
    }

    fn hand_back(&mut self, trace: Trace<T>) {
        for pair in trace.encoder.into_iter().chain(trace.decoder) {
            for block in pair {
                self.arena.give(block.before);
                self.arena.give(block.out);
            }
        }
        trace.pooled.into_iter().chain(trace.ups).for_each(|buffer| self.arena.give(buffer));
    }
}

impl<T: Value> Engine for Tape<T> {
    fn logits(&mut self, parameters: &Parameters, batch: Batch<'_>, stop: &AtomicBool) -> Result<Vec<f32>, LearnError> {
        let (trace, logits) = self.forward(parameters, batch, false, stop)?;
        self.hand_back(trace);
        Ok(logits)
    }

    fn gradients(
        &mut self,
        parameters: &Parameters,
        batch: Batch<'_>,
        labels: &[u8],
        loss: &Loss,
        out: &mut Parameters,
        stop: &AtomicBool,
    ) -> Result<Option<f64>, LearnError> {
        let (trace, mut logits) = self.forward(parameters, batch, true, stop)?;
        let Some(found) = loss.gradient(&mut logits, labels) else {
            self.hand_back(trace);
            return Ok(None);
        };
        let goal = Goal { extent: batch.extent, labels, loss };
        Ok(Some(found + self.backward(parameters, batch, trace, logits, goal, out, stop)?))
    }
}

#[cfg(test)]
impl Tape<f32> {
    /// What every layer makes, by the name of its weights; for comparison with other programs.
    pub fn activations(&mut self, p: &Parameters, batch: Batch<'_>, stop: &AtomicBool) -> Result<Vec<(String, Vec<f32>)>, LearnError> {
        let (trace, logits) = self.forward(p, batch, true, stop)?;
        let mut all = vec![("logits".to_owned(), logits)];
        let depth = self.shape.depth;
        all.extend((1..).zip(trace.pooled).map(|(level, values)| (format!("pool.{level}"), values)));
        all.extend(trace.ups.into_iter().enumerate().map(|(n, values)| (format!("up.{}", depth - 2 - n), values)));
        let encoder = trace.encoder.into_iter().enumerate().map(|(level, pair)| (format!("encoder.{level}"), pair));
        let decoder = trace.decoder.into_iter().enumerate().map(|(n, pair)| (format!("decoder.{}", depth - 2 - n), pair));
        for (name, [first, second]) in encoder.chain(decoder) {
            all.extend([(format!("{name}.0"), first.out), (format!("{name}.1"), second.out)]);
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::ModelSpec;
    use crate::learn::kernel::Bf16;

    /// A buffer that could not be had ended the program, and with it a read.
    #[test]
    fn what_no_machine_has_room_for_is_refused_before_anything_is_made() {
        let spec = ModelSpec { base: 4, depth: 2, ..ModelSpec::new("water", "marrow", 1, "R1") }.check().unwrap();
        let shape = UNetShape::of(&spec);
        let parameters = Parameters::fresh(&shape, 1);
        let extent = Extent { batch: 1, height: 1 << 28, width: 1 << 28 };
        let batch = Batch { planes: &[], extent, dropout: None };
        let go = AtomicBool::new(false);
        let refused = Tape::<f32>::new(shape.clone(), InstructionPath::Portable).logits(&parameters, batch, &go);
        assert!(matches!(refused, Err(LearnError::NoMemory(_))), "{refused:?}");
        let refused = Tape::<Bf16>::new(shape, InstructionPath::Portable).logits(&parameters, batch, &go);
        assert!(matches!(refused, Err(LearnError::NoMemory(_))), "{refused:?}");
    }
}
