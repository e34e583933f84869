//! Why a margin differs between two ranges of days: revenue, AI (volume, mix, price), labor (hours, rate), other and allocated cost.

use super::MarginFigures;
use crate::domain::report::{FluxParts, FluxSide, flux};

/// One row in one range.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MarginSide {
    pub figures: MarginFigures,
    /// In millionths of an hour.
    pub hours: i128,
}

/// AI cost of revenue of one model in the two ranges, with its tokens.
pub type ModelSide = (FluxSide, FluxSide);

/// Parts of the difference of the gross margin, in ledger units. More cost is above zero here, as on the statement.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MarginFluxParts {
    pub revenue: i128,
    /// Direct AI: more or fewer tokens, other models, another cost of a token. They add up to the change of direct AI.
    pub ai: FluxParts,
    /// Labor: what the hours of now would have cost at the former cost of an hour, less what it did.
    pub labor_hours: i128,
    /// The rest of the change of labor.
    pub labor_rate: i128,
    pub other_cost: i128,
    pub allocated: i128,
}

impl MarginFluxParts {
    /// The change of the gross margin.
    pub fn gross_margin(&self) -> i128 {
        self.revenue - self.ai.difference() - self.labor_hours - self.labor_rate - self.other_cost - self.allocated
    }
}

/// Splits the difference of a row. The models' costs add up to the direct AI cost of the row; what they leave (nothing, unless the caller errs)
/// counts as price.
pub fn margin_flux(before: &MarginSide, now: &MarginSide, models: &[ModelSide]) -> MarginFluxParts {
    let totals = models.iter().fold((0, 0), |sum, (then, today)| (sum.0 + then.tokens.max(0), sum.1 + today.tokens.max(0)));
    let mut ai = FluxParts::default();
    for (then, today) in models {
        let parts = flux(*then, *today, totals);
        ai = FluxParts { volume: ai.volume + parts.volume, mix: ai.mix + parts.mix, price: ai.price + parts.price };
    }
    ai.price += (now.figures.direct_ai - before.figures.direct_ai) - ai.difference();
    let hours = |side: &MarginSide| FluxSide { cost: side.figures.applied_labor, tokens: side.hours };
    let labor = flux(hours(before), hours(now), (before.hours, now.hours));
    MarginFluxParts {
        revenue: now.figures.revenue - before.figures.revenue,
        ai,
        // With one key there is no mix but for hours that were not there before, which are more hours.
        labor_hours: labor.volume + labor.mix,
        labor_rate: labor.price,
        other_cost: now.figures.other_cost - before.figures.other_cost,
        allocated: now.figures.allocated - before.figures.allocated,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn side(revenue: i128, direct_ai: i128, applied_labor: i128, hours: i128) -> MarginSide {
        MarginSide { figures: MarginFigures { revenue, direct_ai, applied_labor, ..MarginFigures::default() }, hours }
    }

    /// 10 hours for 500 become 12 for 660: two hours more at 50 are 100, and 60 are the rate. AI: twice the tokens, 10 dearer.
    #[test]
    fn a_margin_moves_by_hours_rates_and_models() {
        let (before, now) = (side(1_000, 100, 500, 10), side(1_200, 210, 660, 12));
        let models = [(FluxSide { cost: 100, tokens: 1_000 }, FluxSide { cost: 210, tokens: 2_000 })];
        let parts = margin_flux(&before, &now, &models);
        assert_eq!((parts.revenue, parts.labor_hours, parts.labor_rate), (200, 100, 60));
        assert_eq!(parts.ai, FluxParts { volume: 100, mix: 0, price: 10 });
        assert_eq!(parts.gross_margin(), -70);
        let first = margin_flux(&side(0, 0, 0, 0), &side(0, 0, 80, 2), &[]);
        assert_eq!((first.labor_hours, first.labor_rate), (80, 0), "hours that were not there before are hours");
    }

    proptest! {
        #[test]
        fn parts_add_up_to_the_change_of_the_gross_margin(
            money in prop::array::uniform8(-1_000_000_000_000_i128..1_000_000_000_000),
            hours in (0_i128..1_000_000_000, 0_i128..1_000_000_000),
            tokens in prop::array::uniform4(0_i128..1_000_000_000),
        ) {
            let [revenue0, revenue1, ai0, ai1, labor0, labor1, allocated0, allocated1] = money;
            let (mut before, mut now) = (side(revenue0, ai0, labor0, hours.0), side(revenue1, ai1, labor1, hours.1));
            before.figures.allocated = allocated0;
            now.figures.allocated = allocated1;
            let models = [
                (FluxSide { cost: ai0 / 3, tokens: tokens[0] }, FluxSide { cost: ai1 / 4, tokens: tokens[1] }),
                (FluxSide { cost: ai0 - ai0 / 3, tokens: tokens[2] }, FluxSide { cost: ai1 - ai1 / 4, tokens: tokens[3] }),
            ];
            let parts = margin_flux(&before, &now, &models);
            prop_assert_eq!(parts.gross_margin(), now.figures.gross_margin() - before.figures.gross_margin());
            prop_assert_eq!(parts.ai.difference(), ai1 - ai0);
            prop_assert_eq!(parts.labor_hours + parts.labor_rate, labor1 - labor0);
        }
    }
}
