//! Samples the glyph atlas with NEAREST.
//!
//! Glyphs are on whole pixels, so the nearest texel is the same as a blend of four, at less cost without a
//! GPU.

use egui::{Context, FullOutput, Plugin, TextureId, TextureOptions};

pub(in crate::ui) fn install(ctx: &Context) {
    ctx.add_plugin(Nearest);
    // Only these are drawn at another size than in the texture.
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
