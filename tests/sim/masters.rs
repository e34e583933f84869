//! Steps of a walk that save masters: cost centers, prices and attribution rules, some of them wrong.

use super::compare::{Outcome, equal};
use super::swarm::Swarm;
use super::world::{self, END_DAY, FIRST_DAY};

impl Swarm {
    pub async fn center(&mut self, at: usize) -> Outcome {
        let rng = &mut self.rng;
        let (kind, codes): (&str, &[&str]) =
            *rng.pick(&[("team", &world::TEAMS[..3]), ("project", &world::PROJECTS[..2]), ("client", &world::CLIENTS[..3])]);
        let code = (*rng.pick(codes)).to_owned();
        let from = rng.chance(25).then(|| i32::try_from(rng.between(i64::from(FIRST_DAY), i64::from(END_DAY))).unwrap());
        let to = rng.chance(20).then(|| i32::try_from(rng.between(i64::from(FIRST_DAY), i64::from(END_DAY))).unwrap());
        let parent = rng.chance(10).then_some("nobody");
        self.last = format!("center {kind} {code} {parent:?} {from:?} {to:?}");
        let expected = match (from, to, parent) {
            (Some(from), Some(to), _) if from >= to => Err("RANGE_INVALID".to_owned()),
            (_, _, Some(_)) => Err("PARENT_INVALID".to_owned()),
            _ => Ok(()),
        };
        equal("the outcome", &self.books[at].save_center(kind, &code, parent, (from, to)).await, &expected)?;
        if expected.is_ok() {
            self.oracle.centers.insert((kind, code), (from, to));
        }
        Ok(())
    }

    pub async fn prices(&mut self, at: usize) -> Outcome {
        let mut lines = world::prices(&mut self.rng);
        let mut expected = Ok(());
        let key = |line: &super::price_list::PriceLine| (line.meter, line.from);
        let differs =
            |a: &super::price_list::PriceLine, b: &super::price_list::PriceLine| key(a) == key(b) && (a.amount, a.per) != (b.amount, b.per);
        if lines.iter().any(|a| lines.iter().any(|b| differs(a, b))) {
            expected = Err("PRICE_OVERLAP".to_owned());
        }
        if self.rng.chance(10) && !lines.is_empty() {
            let position = usize::try_from(self.rng.below(lines.len() as u64)).unwrap();
            expected = Err(world::spoil(&mut self.rng, &mut lines[position]).to_owned());
        }
        self.last = format!("prices {lines:?}");
        equal("the outcome", &self.books[at].save_prices(&lines).await, &expected)?;
        if expected.is_ok() {
            self.oracle.prices.prices.extend(lines);
        }
        Ok(())
    }

    pub async fn rule(&mut self, at: usize) -> Outcome {
        let (code, rule) = ((*self.rng.pick(&["a", "b", "c", "d"])).to_owned(), world::rule(&mut self.rng));
        self.last = format!("rule {code} {rule:?}");
        let kinds = super::owner::KINDS.into_iter().zip(&rule.names);
        let is_known = |(kind, name): (&'static str, &Option<String>)| {
            name.as_ref().is_none_or(|name| self.oracle.centers.contains_key(&(kind, name.clone())))
        };
        let expected = if rule.is_active && !kinds.into_iter().all(is_known) { Err("COST_CENTER_UNKNOWN".to_owned()) } else { Ok(()) };
        equal("the outcome", &self.books[at].save_rule(&code, &rule).await, &expected)?;
        if expected.is_ok() {
            self.oracle.rules.insert(code, rule);
        }
        Ok(())
    }
}
