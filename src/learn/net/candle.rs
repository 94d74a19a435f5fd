//! The U-Net in candle's own operators, for any device that candle drives; the reference for our CPU operators.
//!
//! candle's max pool has a wrong gradient (0.11.1), so the pool is a maximum over a reshaped tensor.

use super::deep::coarser;
use super::shape::BlockAt;
use super::{Batch, Engine, Parameters, UNetShape, halt};
use crate::learn::error::LearnError;
use crate::learn::ops::{IGNORE, Loss};
use crate::learn::spec::NormKind;
use candle_core::{D, DType, Device, Result, Tensor, Var};
use std::sync::atomic::AtomicBool;

/// Computes with candle's autograd on `device`.
#[derive(Debug)]
pub struct CandleEngine {
    shape: UNetShape,
    device: Device,
}

impl CandleEngine {
    /// For one net on one device.
    #[must_use]
    pub const fn new(shape: UNetShape, device: Device) -> Self {
        Self { shape, device }
    }

    fn vars(&self, parameters: &Parameters) -> Result<Vec<Var>> {
        let tensor = |(info, values): (super::shape::WeightInfo, &Vec<f32>)| Var::from_slice(values, info.shape, &self.device);
        self.shape.weights().into_iter().zip(parameters.all()).map(tensor).collect()
    }

    fn block(&self, vars: &[Var], at: BlockAt, x: &Tensor) -> Result<Tensor> {
        let x = x.conv2d(vars[at.weight].as_tensor(), 1, 1, 1, 1)?;
        let (b, c, h, w) = x.dims4()?;
        let by_channel = |n: usize| vars[n].reshape((1, c, 1, 1));
        let affine = |x: &Tensor| x.broadcast_mul(&by_channel(at.weight + 1)?)?.broadcast_add(&by_channel(at.weight + 2)?);
        if self.shape.norm == NormKind::Batch {
            return self.cut(&affine(&x)?);
        }
        let grouped = x.reshape((b, self.shape.groups(c), ()))?;
        let centred = grouped.broadcast_sub(&grouped.mean_keepdim(D::Minus1)?)?;
        let variance = centred.sqr()?.mean_keepdim(D::Minus1)?;
        let normal = centred.broadcast_div(&(variance + 1e-5)?.sqrt()?)?.reshape((b, c, h, w))?;
        self.cut(&affine(&normal)?)
    }

    /// ReLU, with the shape's leak below zero.
    fn cut(&self, x: &Tensor) -> Result<Tensor> {
        let leak = f64::from(self.shape.leak());
        if leak == 0.0 { x.relu() } else { x.relu()? - (x.neg()?.relu()? * leak)? }
    }

    /// Values per pixel and class, `[batch][height][width][class]`, of the finest level first, then of those with a head.
    fn forward(&self, vars: &[Var], batch: Batch<'_>, stop: &AtomicBool) -> std::result::Result<Vec<Tensor>, LearnError> {
        let e = batch.extent;
        let mut x = Tensor::from_slice(batch.planes, (e.batch, e.height, e.width, self.shape.inputs), &self.device)?;
        x = x.permute((0, 3, 1, 2))?.contiguous()?;
        let mut skips = Vec::new();
        for level in 0..self.shape.depth {
            halt(stop)?;
            if level > 0 {
                x = pool(&x)?;
            }
            for at in self.shape.encoder(level) {
                x = self.block(vars, at, &x)?;
            }
            skips.push(x.clone());
        }
        skips.pop();
        if let Some(dropout) = batch.dropout {
            let channels = self.shape.width(self.shape.depth - 1);
            let factors = Tensor::from_vec(dropout.factors(e.batch, channels), (e.batch, channels, 1, 1), &self.device)?;
            x = x.broadcast_mul(&factors)?;
        }
        let mut found = Vec::new();
        for level in (0..self.shape.depth - 1).rev() {
            halt(stop)?;
            let at = self.shape.up(level);
            let mut up = x.conv_transpose2d(vars[at].as_tensor(), 0, 0, 2, 1)?;
            if self.shape.has_up_bias() {
                up = up.broadcast_add(&vars[at + 1].reshape((1, self.shape.up_width(level), 1, 1))?)?;
            }
            x = match skips.pop() {
                Some(skip) => Tensor::cat(&[&skip, &up], 1)?,
                None => up,
            };
            for at in self.shape.decoder(level) {
                x = self.block(vars, at, &x)?;
            }
            if let Some((_, head)) = self.shape.deep_heads().find(|(l, _)| *l == level) {
                found.push(self.head(vars, head, &x)?);
            }
        }
        found.push(self.head(vars, self.shape.head(), &x)?);
        found.reverse();
        Ok(found)
    }

    fn head(&self, vars: &[Var], at: usize, x: &Tensor) -> Result<Tensor> {
        let logits = x.conv2d(vars[at].as_tensor(), 0, 1, 1, 1)?;
        logits.broadcast_add(&vars[at + 1].reshape((1, self.shape.classes, 1, 1))?)?.permute((0, 2, 3, 1))?.contiguous()
    }

    /// Any loss: our own gradient is laid on the values, so that candle leads it back.
    fn judge(&self, logits: &Tensor, labels: &[u8], loss: &Loss) -> Result<Option<Tensor>> {
        if loss.is_plain() {
            return self.plain_loss(logits, labels, loss.class_weights());
        }
        let mut values = logits.flatten_all()?.to_vec1()?;
        let Some(found) = loss.gradient(&mut values, labels) else { return Ok(None) };
        let along = (logits * Tensor::from_vec(values, logits.shape(), &self.device)?)?.sum_all()?;
        Ok(Some(((&along - along.detach())? + found)?))
    }

    /// Cross-entropy and soft Dice as in `ops::Loss`, in candle's operators.
    fn plain_loss(&self, logits: &Tensor, labels: &[u8], class_weights: &[f32]) -> Result<Option<Tensor>> {
        let classes = self.shape.classes;
        let mut one_hot = vec![0.0_f32; labels.len() * classes];
        let (mut weights, mut counted) = (one_hot.clone(), vec![0.0_f32; labels.len()]);
        let mut pixels = vec![0_usize; classes];
        let mut total = 0.0_f64;
        for (n, &label) in labels.iter().enumerate().filter(|(_, l)| **l != IGNORE) {
            let at = n * classes + usize::from(label);
            one_hot[at] = 1.0;
            weights[at] = class_weights[usize::from(label)];
            counted[n] = 1.0;
            pixels[usize::from(label)] += 1;
            total += f64::from(weights[at]);
        }
        if total <= 0.0 {
            return Ok(None);
        }
        let size = (labels.len(), classes);
        let logits = logits.reshape(size)?;
        let shifted = logits.broadcast_sub(&logits.max_keepdim(D::Minus1)?.detach())?;
        let log_p = shifted.broadcast_sub(&shifted.exp()?.sum_keepdim(D::Minus1)?.log()?)?;
        let mut loss = ((log_p.mul(&Tensor::from_vec(weights, size, &self.device)?)?.sum_all()? * -1.0)? / total)?;
        let one_hot = Tensor::from_vec(one_hot, size, &self.device)?;
        let p = log_p.exp()?.broadcast_mul(&Tensor::from_vec(counted, (labels.len(), 1), &self.device)?)?;
        let (both, predicted) = ((&p * &one_hot)?.sum(0)?, p.sum(0)?);
        let present: Vec<usize> = (1..classes).filter(|&c| pixels[c] > 0).collect();
        for &c in &present {
            let above = ((both.narrow(0, c, 1)? * 2.0)? + 1.0)?;
            let below = (predicted.narrow(0, c, 1)? + (pixels[c] as f64 + 1.0))?;
            let part = (1.0 - (above / below)?)?;
            loss = (loss + (part.sum_all()? / present.len() as f64)?)?;
        }
        Ok(Some(loss))
    }
}

impl Engine for CandleEngine {
    fn logits(&mut self, parameters: &Parameters, batch: Batch<'_>, stop: &AtomicBool) -> std::result::Result<Vec<f32>, LearnError> {
        let vars = self.vars(parameters)?;
        let found = self.forward(&vars, batch, stop)?;
        Ok(found.first().map_or_else(|| Ok(Vec::new()), |logits| logits.flatten_all()?.to_vec1())?)
    }

    fn gradients(
        &mut self,
        parameters: &Parameters,
        batch: Batch<'_>,
        labels: &[u8],
        loss: &Loss,
        out: &mut Parameters,
        stop: &AtomicBool,
    ) -> std::result::Result<Option<f64>, LearnError> {
        let vars = self.vars(parameters)?;
        let found = self.forward(&vars, batch, stop)?;
        let mut total: Option<Tensor> = None;
        for (level, logits) in found.iter().enumerate() {
            let e = batch.extent;
            let coarse = coarser(labels, e.batch, [e.height, e.width], level, IGNORE);
            let part = self.judge(logits, &coarse, loss)?;
            total = match (total, part) {
                (None, None) => return Ok(None),
                (None, part) => part,
                (total, None) => total,
                (Some(total), Some(part)) => Some((total + (part * 0.5_f64.powi(level as i32))?)?),
            };
        }
        let Some(loss) = total else { return Ok(None) };
        halt(stop)?;
        let gradients = loss.backward()?;
        for (var, out) in vars.iter().zip(out.all_mut()) {
            match gradients.get(var.as_tensor()) {
                Some(gradient) => *out = gradient.flatten_all()?.to_vec1()?,
                None => out.fill(0.0),
            }
        }
        Ok(Some(f64::from(loss.to_dtype(DType::F32)?.to_scalar::<f32>()?)))
    }
}

fn pool(x: &Tensor) -> Result<Tensor> {
    let (b, c, h, w) = x.dims4()?;
    let blocks = x.reshape((b, c, h / 2, 2, w / 2, 2))?.permute((0, 1, 2, 4, 3, 5))?.contiguous()?;
    blocks.reshape((b, c, h / 2, w / 2, 4))?.max(D::Minus1)
}
