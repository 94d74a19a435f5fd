//! A machine for the few pickle operations that a state_dict needs. It builds plain values and runs nothing.
//! (Python's `pickletools` lists the operations; protocols 2 to 5.)

use super::FileError;
use super::value::{Id, Kind, MOST_AXES, Name, Storage, Tensor, Value};
use std::collections::HashMap;

/// What a pickle holds.
pub struct Pickle {
    values: Vec<Value>,
    root: Id,
}

/// Longer pickles are no state_dict: numbers lie outside of them.
const MOST_BYTES: usize = 64 << 20;

/// A weight takes some forty parts; one byte of a pickle can ask for a part that takes a hundred in memory.
const MOST_PARTS: usize = 1 << 20;

impl Pickle {
    /// Reads a pickle. Time and memory are proportional to its length, and memory beside its texts is bounded by [`MOST_PARTS`].
    pub fn read(bytes: &[u8]) -> Result<Self, FileError> {
        if bytes.len() > MOST_BYTES {
            return Err(FileError::damaged(format!("its pickle has {} bytes", bytes.len())));
        }
        let mut machine =
            Machine { bytes, at: 0, parts: 0, values: Vec::new(), stack: Vec::new(), marks: Vec::new(), memo: HashMap::new() };
        let root = machine.run()?;
        Ok(Self { values: machine.values, root })
    }

    /// The value that the pickle is of.
    pub fn root(&self) -> &Value {
        &self.values[self.root]
    }

    /// A value by its place.
    pub fn value(&self, id: Id) -> &Value {
        &self.values[id]
    }
}

struct Machine<'a> {
    bytes: &'a [u8],
    at: usize,
    /// How many values, fetched values, marks and kept values there were so far: as many as all containers hold, or more.
    parts: usize,
    values: Vec<Value>,
    stack: Vec<Id>,
    /// Lengths of the stack where marks were set.
    marks: Vec<usize>,
    memo: HashMap<u32, Id>,
}

fn damaged() -> FileError {
    FileError::damaged("its pickle does not fit together")
}

impl Machine<'_> {
    fn run(&mut self) -> Result<Id, FileError> {
        loop {
            let operation = self.byte()?;
            if operation == b'.' {
                return self.pop();
            }
            self.step(operation)?;
        }
    }

    fn step(&mut self, operation: u8) -> Result<(), FileError> {
        match operation {
            // PROTO and FRAME say nothing that is needed here.
            0x80 => self.skip(1)?,
            0x95 => self.skip(8)?,
            b'(' => {
                self.count()?;
                self.marks.push(self.stack.len());
            }
            b'0' => {
                self.pop()?;
            }
            b'1' => {
                self.since_mark()?;
            }
            b'N' | 0x88 | 0x89 => self.push(Value::Plain)?,
            b'G' => {
                self.skip(8)?;
                self.push(Value::Plain)?;
            }
            b'K' | b'M' | b'J' | 0x8a => self.number(operation)?,
            b'U' | b'T' | b'X' | 0x8c | 0x8d => self.text(operation)?,
            b')' => self.push(Value::Tuple(Vec::new()))?,
            b']' => self.push(Value::List(Vec::new()))?,
            b'}' => self.push(Value::Dict(Vec::new()))?,
            0x85..=0x87 => {
                let from = self.stack.len().checked_sub(usize::from(operation - 0x84)).ok_or_else(damaged)?;
                let items = self.split_off(from)?;
                self.push(Value::Tuple(items))?;
            }
            b't' => {
                let items = self.since_mark()?;
                self.push(Value::Tuple(items))?;
            }
            b'a' | b'e' => {
                let items = if operation == b'a' { vec![self.pop()?] } else { self.since_mark()? };
                let Value::List(list) = self.top()? else { return Err(damaged()) };
                list.extend(items);
            }
            b's' | b'u' => {
                let items = if operation == b's' { self.last_two()? } else { self.since_mark()? };
                let Value::Dict(dict) = self.top()? else { return Err(damaged()) };
                let (pairs, rest) = items.as_chunks::<2>();
                if !rest.is_empty() {
                    return Err(damaged());
                }
                dict.extend(pairs.iter().map(|[key, value]| (*key, *value)));
            }
            b'q' | b'r' | 0x94 | b'h' | b'j' => self.remember(operation)?,
            b'c' => {
                let (module, name) = (self.line()?, self.line()?);
                let name = Name::of(&module, &name)?;
                self.push(Value::Name(name))?;
            }
            0x93 => {
                let [module, name] = <[Id; 2]>::try_from(self.last_two()?).map_err(|_| damaged())?;
                let (Value::Text(module), Value::Text(name)) = (&self.values[module], &self.values[name]) else { return Err(damaged()) };
                let name = Name::of(module, name)?;
                self.push(Value::Name(name))?;
            }
            b'R' => self.call()?,
            // A state_dict carries the versions of its layers as its state: nothing that is needed here.
            b'b' => {
                self.pop()?;
                let Value::Dict(_) = self.top()? else { return Err(damaged()) };
            }
            b'Q' => self.storage()?,
            other => return Err(FileError::Operation(other)),
        }
        Ok(())
    }

    /// Calls one of the three names that may be called.
    fn call(&mut self) -> Result<(), FileError> {
        let [callee, arguments] = <[Id; 2]>::try_from(self.last_two()?).map_err(|_| damaged())?;
        let (Value::Name(name), Value::Tuple(arguments)) = (&self.values[callee], &self.values[arguments]) else { return Err(damaged()) };
        match (name, arguments.as_slice()) {
            (Name::OrderedDict, []) => self.push(Value::Dict(Vec::new()))?,
            (Name::RebuildTensor, [storage, offset, shape, strides, ..]) => {
                let tensor = self.tensor([*storage, *offset, *shape, *strides]).ok_or_else(damaged)?;
                self.push(Value::Tensor(tensor))?;
            }
            (Name::RebuildParameter, [tensor, ..]) if matches!(self.values[*tensor], Value::Tensor(_)) => self.push_again(*tensor)?,
            _ => return Err(damaged()),
        }
        Ok(())
    }

    fn tensor(&self, [storage, offset, shape, strides]: [Id; 4]) -> Option<Tensor> {
        let (Value::Storage(storage), Value::Int(offset)) = (&self.values[storage], &self.values[offset]) else { return None };
        let sizes = |id: Id| match &self.values[id] {
            Value::Tuple(items) if items.len() <= MOST_AXES => items.iter().map(|id| self.size(*id)).collect::<Option<Vec<usize>>>(),
            _ => None,
        };
        let (shape, strides) = (sizes(shape)?, sizes(strides)?);
        let tensor = Tensor { storage: *storage, offset: usize::try_from(*offset).ok()?, shape, strides };
        (tensor.shape.len() == tensor.strides.len()).then_some(tensor)
    }

    fn size(&self, id: Id) -> Option<usize> {
        let Value::Int(value) = &self.values[id] else { return None };
        usize::try_from(*value).ok()
    }

    /// A tuple ('storage', kind, key, place, length) becomes a storage.
    fn storage(&mut self) -> Result<(), FileError> {
        let id = self.pop()?;
        let Value::Tuple(items) = &self.values[id] else { return Err(damaged()) };
        let &[word, kind, key, _, length] = items.as_slice() else { return Err(damaged()) };
        let is_storage = matches!(&self.values[word], Value::Text(word) if word == "storage") && matches!(self.values[key], Value::Text(_));
        let kind: Kind = match &self.values[kind] {
            Value::Name(Name::Storage(kind)) if is_storage => *kind,
            _ => return Err(damaged()),
        };
        let length = self.size(length).ok_or_else(damaged)?;
        self.push(Value::Storage(Storage { kind, key, length }))
    }

    fn number(&mut self, operation: u8) -> Result<(), FileError> {
        let length = match operation {
            b'K' => 1,
            b'M' => 2,
            b'J' => 4,
            _ => usize::from(self.byte()?),
        };
        let bytes = self.take(length)?;
        if length > 8 {
            // Larger than anything that a file of weights counts.
            return self.push(Value::Plain);
        }
        let signed = matches!(operation, b'J' | 0x8a) && bytes.last().is_some_and(|b| *b >= 0x80);
        let mut wide = if signed { [0xff; 8] } else { [0; 8] };
        wide[..length].copy_from_slice(bytes);
        self.push(Value::Int(i64::from_le_bytes(wide)))
    }

    fn text(&mut self, operation: u8) -> Result<(), FileError> {
        let width = match operation {
            b'U' | 0x8c => 1,
            b'T' | b'X' => 4,
            _ => 8,
        };
        let length = self.unsigned(width)?;
        let text = std::str::from_utf8(self.take(length)?).map_err(|_| damaged())?.to_owned();
        self.push(Value::Text(text))
    }

    /// Keeps the top of the stack under a number, or fetches what was kept.
    fn remember(&mut self, operation: u8) -> Result<(), FileError> {
        let number = match operation {
            b'q' | b'h' => u32::from(self.byte()?),
            0x94 => self.memo.len() as u32,
            _ => u32::try_from(self.unsigned(4)?).map_err(|_| damaged())?,
        };
        if matches!(operation, b'h' | b'j') {
            let id = *self.memo.get(&number).ok_or_else(damaged)?;
            self.push_again(id)?;
        } else {
            self.count()?;
            let id = *self.stack.last().ok_or_else(damaged)?;
            self.memo.insert(number, id);
        }
        Ok(())
    }

    fn push(&mut self, value: Value) -> Result<(), FileError> {
        self.push_again(self.values.len())?;
        self.values.push(value);
        Ok(())
    }

    fn push_again(&mut self, id: Id) -> Result<(), FileError> {
        self.count()?;
        self.stack.push(id);
        Ok(())
    }

    /// Counts a part.
    fn count(&mut self) -> Result<(), FileError> {
        self.parts += 1;
        if self.parts > MOST_PARTS { Err(FileError::TooMuch(format!("more than {MOST_PARTS} values"))) } else { Ok(()) }
    }

    /// The top of the stack, unless a mark lies on it.
    fn pop(&mut self) -> Result<Id, FileError> {
        if self.marks.last().is_some_and(|mark| *mark >= self.stack.len()) {
            return Err(damaged());
        }
        self.stack.pop().ok_or_else(damaged)
    }

    fn top(&mut self) -> Result<&mut Value, FileError> {
        let id = *self.stack.last().ok_or_else(damaged)?;
        Ok(&mut self.values[id])
    }

    fn last_two(&mut self) -> Result<Vec<Id>, FileError> {
        let from = self.stack.len().checked_sub(2).ok_or_else(damaged)?;
        self.split_off(from)
    }

    fn split_off(&mut self, from: usize) -> Result<Vec<Id>, FileError> {
        if self.marks.last().is_some_and(|mark| *mark > from) { Err(damaged()) } else { Ok(self.stack.split_off(from)) }
    }

    fn since_mark(&mut self) -> Result<Vec<Id>, FileError> {
        let mark = self.marks.pop().ok_or_else(damaged)?;
        if mark > self.stack.len() { Err(damaged()) } else { Ok(self.stack.split_off(mark)) }
    }

    fn byte(&mut self) -> Result<u8, FileError> {
        self.take(1).map(|b| b[0])
    }

    fn unsigned(&mut self, width: usize) -> Result<usize, FileError> {
        let mut wide = [0; 8];
        wide[..width].copy_from_slice(self.take(width)?);
        usize::try_from(u64::from_le_bytes(wide)).map_err(|_| damaged())
    }

    fn take(&mut self, length: usize) -> Result<&[u8], FileError> {
        let end = self.at.checked_add(length).filter(|end| *end <= self.bytes.len());
        let end = end.ok_or_else(|| FileError::damaged("its pickle ends too early"))?;
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }

    fn skip(&mut self, length: usize) -> Result<(), FileError> {
        self.take(length).map(|_| ())
    }

    fn line(&mut self) -> Result<String, FileError> {
        let rest = &self.bytes[self.at..];
        let length = rest.iter().position(|b| *b == b'\n').ok_or_else(damaged)?;
        let text = std::str::from_utf8(&rest[..length]).map_err(|_| damaged())?.to_owned();
        self.at += length + 1;
        Ok(text)
    }
}
