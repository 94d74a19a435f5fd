//! What a reader saw wrongly or did by accident in the window.
