//! Commands change the session here and nowhere else; what must happen outside comes back as effects.

mod atlas;
mod audit;
mod command;
mod compare;
mod conditions;
mod display;
mod edit;
mod file;
mod form;
mod history;
mod import;
mod livewire;
mod mask;
mod measure;
mod model;
mod operate;
mod outline;
mod packet;
mod panes;
mod pointer;
mod preview;
mod review;
mod score;
mod seal;
mod square;
mod standard;
mod stroke;
mod study;
mod time;
mod tool;
mod view;

pub(super) use preview::PreviewKey;
pub(super) use stroke::adoption;
