//! Shapes of calls: how much goes in and out of a chat, a document, an agent's step.

use crate::domain::usage::{ChargeDraft, Meter, Processing, Quantity};

use super::company::Model;
use super::split_mix::SplitMix64;

/// What a kind of call is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// A turn of a conversation: short, its earlier turns cached.
    Chat,
    /// A question with found passages.
    Retrieval,
    /// A long text in, a short one out; now and then a very long one; at night in batches.
    Document,
    /// A step of an agent: a large cached context, much reasoning.
    Agent,
    /// A few words out.
    Classify,
    /// Input only.
    Embed,
    /// Pictures.
    Image,
    /// An answer with web searches.
    Search,
}

/// Fresh input, output, and share of calls (in ten thousand) that read a cache of this size: ranges in tokens.
struct Sizes {
    fresh: (u64, u64),
    output: (u64, u64),
    cached: (u64, u64),
    cached_share: u64,
}

impl Shape {
    fn sizes(self) -> Sizes {
        let sizes = |fresh, output, cached, cached_share| Sizes { fresh, output, cached, cached_share };
        match self {
            Self::Chat => sizes((60, 1_800), (40, 900), (1_000, 9_000), 6_500),
            Self::Retrieval => sizes((800, 7_000), (80, 1_100), (1_500, 6_000), 4_500),
            Self::Document => sizes((3_000, 42_000), (150, 2_600), (2_000, 12_000), 2_500),
            Self::Agent => sizes((500, 12_000), (400, 7_000), (8_000, 90_000), 8_000),
            Self::Classify => sizes((150, 1_400), (2, 40), (1_100, 2_400), 3_000),
            Self::Embed => sizes((200, 8_000), (0, 0), (0, 0), 0),
            Self::Image => sizes((0, 0), (0, 0), (0, 0), 0),
            Self::Search => sizes((400, 5_000), (300, 2_400), (0, 0), 0),
        }
    }

    /// Fills the usage of a call, and how it was processed.
    pub(super) fn fill(self, draft: &mut ChargeDraft, model: &Model, random: &mut SplitMix64) {
        if self == Self::Image {
            push(draft, &images(), random.skewed(1, 4));
            return;
        }
        let sizes = self.sizes();
        draft.processing = self.processing(model, random);
        let is_online = draft.processing.is_none();
        let is_very_long = self == Self::Document && model.provider == "google" && random.happens(220);
        let fresh = if is_very_long { random.skewed(205_000, 620_000) } else { random.skewed(sizes.fresh.0, sizes.fresh.1) };
        let output = random.skewed(sizes.output.0, sizes.output.1);
        push(draft, &Meter::INPUT, fresh);
        push(draft, &Meter::OUTPUT, output);
        if is_online && model.has_cache_read && random.happens(sizes.cached_share) {
            push(draft, &Meter::CACHE_READ, random.skewed(sizes.cached.0, sizes.cached.1));
        } else if is_online && model.has_cache_write && sizes.cached_share > 0 && random.happens(6_000) {
            // An agent keeps its context for an hour, everything else for five minutes.
            let meter = if self == Self::Agent { Meter::CACHE_WRITE_1H } else { Meter::CACHE_WRITE_5M };
            push(draft, &meter, random.skewed(sizes.cached.0, sizes.cached.1));
        }
        if model.is_reasoning && matches!(self, Self::Agent | Self::Search | Self::Retrieval) {
            // Between a third and three quarters of the output.
            let share = random.below(42).saturating_add(33);
            push(draft, &Meter::REASONING, output.saturating_mul(share) / 100);
        }
        if self == Self::Search {
            push(draft, &web_searches(), random.skewed(1, 5));
        }
    }

    fn processing(self, model: &Model, random: &mut SplitMix64) -> Option<Processing> {
        let (batch, flex) = match self {
            Self::Document => (1_200, 0),
            Self::Classify => (600, 500),
            Self::Embed => (4_000, 0),
            Self::Agent => (0, 400),
            Self::Chat | Self::Retrieval | Self::Image | Self::Search => (0, 0),
        };
        if model.has_batch && random.happens(batch) {
            return Some(Processing::Batch);
        }
        (model.has_flex && random.happens(flex)).then_some(Processing::Flex)
    }
}

/// `images` and `web_searches` by their place among the standard meters; a test holds the places.
pub(super) fn images() -> Meter {
    Meter::Standard(11)
}

pub(super) fn web_searches() -> Meter {
    Meter::Standard(16)
}

fn push(draft: &mut ChargeDraft, meter: &Meter, units: u64) {
    let quantity = i64::try_from(units).ok().and_then(|units| Quantity::from_units(units).ok()).unwrap_or(Quantity::ZERO);
    if !quantity.is_zero() {
        draft.quantities.push((meter.clone(), quantity));
    }
}
