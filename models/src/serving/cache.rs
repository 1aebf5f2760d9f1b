//! The keys and values that a model keeps of each token.

/// How a model stores what attention needs of a token, in each layer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shape {
    /// A key and a value for each of some heads (multi-head, grouped and multi-query attention).
    Heads {
        /// Heads that have a key and a value of their own.
        heads: u32,
        /// Numbers in each.
        size: u32,
    },
    /// One vector for all heads (multi-head latent attention), which is not divided among ranks.
    Latent {
        /// Numbers in it.
        width: u32,
    },
}

/// The keys and values of a model.
///
/// Bytes of a token: layers × 2 × heads × size × bytes of a number, as in the configurations that
/// models are published with: Qwen3-8B has 36 × 2 × 8 × 128 × 2 B = 147 456 B.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cache {
    /// Layers that keep them.
    pub layers: u32,
    /// What each keeps.
    pub shape: Shape,
    /// Bytes of a number: 2 for bf16, 1 for fp8.
    pub number_bytes: f64,
    /// Tokens of a block, which is stored and moved as a piece.
    pub block: u32,
}

impl Cache {
    /// What a token takes \[B\].
    pub fn token_bytes(&self) -> f64 {
        let numbers = match self.shape {
            Shape::Heads { heads, size } => 2.0 * f64::from(heads) * f64::from(size),
            Shape::Latent { width } => f64::from(width),
        };
        f64::from(self.layers) * numbers * self.number_bytes
    }

    /// Into how many pieces the blocks of so many tokens fall: one for each layer, for keys and for
    /// values where these are apart.
    pub fn pieces(&self, tokens: u32) -> f64 {
        let parts = match self.shape {
            Shape::Heads { .. } => 2.0,
            Shape::Latent { .. } => 1.0,
        };
        f64::from(tokens.div_ceil(self.block)) * f64::from(self.layers) * parts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes of a token as published configurations have them.
    #[test]
    fn tokens_take_what_configurations_say() {
        let of = |layers, heads, size, number_bytes| {
            let shape = Shape::Heads { heads, size };
            Cache { layers, shape, number_bytes, block: 16 }.token_bytes()
        };
        assert_eq!(of(36, 8, 128, 2.0), 147_456.0, "Qwen3-8B");
        assert_eq!(of(80, 8, 128, 2.0), 327_680.0, "Llama-3-70B");
        assert_eq!(of(36, 8, 64, 2.0), 73_728.0, "gpt-oss-120b");
        let latent = |layers, number_bytes| {
            let shape = Shape::Latent { width: 576 };
            Cache { layers, shape, number_bytes, block: 64 }
        };
        assert_eq!(latent(61, 2.0).token_bytes(), 70_272.0, "DeepSeek-V3");
        assert_eq!(latent(61, 1.0).token_bytes(), 35_136.0, "Kimi-K2.5 in fp8");
        assert_eq!(latent(61, 1.0).pieces(65), 122.0);
    }
}
