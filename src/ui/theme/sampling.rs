//! How the texture of the letters is read.
//!
//! Owns that one choice. Invariant: letters stand on whole pixels, so the nearest texel is the very one
//! that a mixture of four would give, at less cost where nobody has a GPU.

use egui::{Context, FullOutput, Plugin, TextureId, TextureOptions};

/// Has letters read from the nearest texel.
pub(in crate::ui) fn install(ctx: &Context) {
    ctx.add_plugin(Nearest);
    // Of all that the texture holds, these alone are drawn larger or smaller than they lie there.
    ctx.tessellation_options_mut(|options| options.prerasterized_discs = false);
}

struct Nearest;

impl Plugin for Nearest {
    fn debug_name(&self) -> &'static str {
        "keyfob-sampling"
    }

    fn output_hook(&mut self, _: &Context, output: &mut FullOutput) {
        let letters = output.textures_delta.set.iter_mut().filter(|(id, _)| **id == TextureId::default());
        for delta in letters.flat_map(|(_, deltas)| deltas.iter_mut()) {
            delta.options = TextureOptions::NEAREST;
        }
    }
}
