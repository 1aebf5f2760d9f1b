//! What a step of the engine takes.

/// The time of a step as a line over what is in it.
///
/// A step computes new tokens of prompts and one token of each sequence that is being answered. Its
/// fixed part (launches, weights that are read once) is paid once, whichever of the two it has.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Steps {
    /// A step with tokens of prompts \[s\].
    pub prefill: f64,
    /// Each token of a prompt \[s\].
    pub token: f64,
    /// Each pair of a token and one before it in its prompt, for attention \[s\].
    pub pair: f64,
    /// A step with sequences that are answered \[s\].
    pub decode: f64,
    /// Each such sequence \[s\].
    pub sequence: f64,
    /// Each token that is kept of such a sequence, whose keys and values are read \[s\].
    pub kept: f64,
}

impl Steps {
    /// What tokens of a prompt add to a step, of which `before` are computed already \[s\].
    pub fn prompt(&self, before: u32, tokens: u32) -> f64 {
        let (before, tokens) = (f64::from(before), f64::from(tokens));
        self.token * tokens + self.pair * tokens * (before + tokens / 2.0)
    }

    /// A step with that for its prompts, and with sequences that keep so many tokens together
    /// \[s\].
    pub fn time(&self, prompts: Option<f64>, sequences: u32, kept: f64) -> f64 {
        let fixed = match (prompts.is_some(), sequences > 0) {
            (true, true) => self.prefill.max(self.decode),
            (true, false) => self.prefill,
            (false, true) => self.decode,
            (false, false) => return 0.0,
        };
        let answers = self.sequence * f64::from(sequences) + self.kept * kept;
        fixed + prompts.unwrap_or(0.0) + answers
    }

    /// The same with all that computes slower by a factor.
    pub fn slower(&self, factor: f64) -> Steps {
        Steps {
            prefill: self.prefill * factor,
            token: self.token * factor,
            pair: self.pair * factor,
            decode: self.decode * factor,
            sequence: self.sequence * factor,
            kept: self.kept * factor,
        }
    }

    /// A dense model on GPUs, by a roofline: prompts are bound by arithmetic, answers by memory.
    ///
    /// Two operations a parameter and token, and four a layer, token, earlier token and number of a
    /// token's width for attention (Kaplan et al. 2020, § 2.1; causal, so half of the pairs).
    /// Answers read every weight in each step, and every key and value that is kept.
    pub fn of(model: Roofline, flops_per_s: f64, bytes_per_s: f64, overhead_s: f64) -> Steps {
        Steps {
            prefill: overhead_s,
            token: 2.0 * model.parameters / flops_per_s,
            pair: 4.0 * model.layers * model.width / flops_per_s,
            decode: overhead_s + model.weight_bytes / bytes_per_s,
            sequence: 2.0 * model.parameters / flops_per_s,
            kept: model.token_bytes / bytes_per_s,
        }
    }
}

/// What a roofline knows of a model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Roofline {
    /// Parameters that take part in a token.
    pub parameters: f64,
    /// Bytes of the weights that a step reads.
    pub weight_bytes: f64,
    /// Layers.
    pub layers: f64,
    /// Numbers of a token between layers.
    pub width: f64,
    /// Keys and values of a token \[B\].
    pub token_bytes: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_of_a_prompt_cost_what_it_costs_whole() {
        let steps = Steps { token: 2e-6, pair: 3e-10, ..Steps::default() };
        let whole = steps.prompt(0, 8192);
        let parts = steps.prompt(0, 2048) + steps.prompt(2048, 4096) + steps.prompt(6144, 2048);
        assert!((whole - parts).abs() < 1e-12 * whole, "{whole} {parts}");
        let pairs = 8192.0 * 8192.0 / 2.0;
        assert!((whole - (8192.0 * 2e-6 + pairs * 3e-10)).abs() < 1e-12);
    }

    #[test]
    fn the_fixed_part_is_paid_once() {
        let steps =
            Steps { prefill: 5.0, decode: 7.0, sequence: 0.5, kept: 0.25, ..Steps::default() };
        assert_eq!(steps.time(Some(1.0), 0, 0.0), 6.0);
        assert_eq!(steps.time(None, 2, 4.0), 9.0);
        assert_eq!(steps.time(Some(1.0), 2, 4.0), 10.0);
        assert_eq!(steps.time(None, 0, 0.0), 0.0);
    }

    /// Llama-3-8B on one H100 in bf16: 16 GB of weights at 3.35 TB/s.
    #[test]
    fn a_roofline_by_hand() {
        let (layers, width) = (32.0, 4096.0);
        let model =
            Roofline { parameters: 8e9, weight_bytes: 16e9, layers, width, token_bytes: 131_072.0 };
        let steps = Steps::of(model, 989e12, 3.35e12, 0.0);
        assert!((steps.time(None, 1, 0.0) - 4.79e-3).abs() < 1e-5);
        assert!(
            (steps.prompt(0, 1000) - 0.01618 - 5e5 * 4.0 * layers * width / 989e12).abs() < 1e-5
        );
    }
}
