//! Previews of large allocations: many pools over many receivers, and many mutual services.

use super::database::{Service, Target};
use super::figures::Figures;
use super::ingest::fill_history;
use super::pairs::repeat;
use super::{SEED, peak_memory_mib};
use crate::app::allocation::terms::{
    Center, Method, PoolFilter, PostingMode, Residual, RuleTerms, ServiceCenter, WhenMissing, WhenNegative, WhenZero,
};
use crate::app::allocation::{
    DriverValueInput, PreviewInput, RuleInput, RunMode, preview_allocation, record_driver_values, save_allocation_rule,
};
use crate::app::auth::Actor;
use crate::app::demo::Charges;
use crate::app::ingest::{read_charge, record_charges};
use crate::app::masters::{CostCenterInput, MOST_ITEMS, save_cost_centers};
use crate::app::{App, AppError};
use crate::domain::chart::CenterKind;
use crate::domain::period::Day;

/// How large.
#[derive(Debug, Clone, Copy)]
pub struct AllocationSizes {
    /// Service centers with a pool each, spread by one driver.
    pub pools: u64,
    /// Of these, service centers that serve each other.
    pub mutual: u64,
    pub receivers: u64,
    /// Charges that the books hold already.
    pub history: u64,
}

/// Driver values in one call.
const VALUES: usize = 10_000;

/// Measures previews of direct pools and of mutual services, each a few times: there is nothing that they could be held against.
///
/// # Errors
/// Any database failure.
pub async fn allocation(target: &Target, sizes: AllocationSizes, progress: &impl Fn(&str, u64, u64)) -> Result<Vec<Figures>, AppError> {
    let service = Service::create(target).await?;
    let (app, actor) = (&service.app, &service.actor);
    let yesterday = app.clock().now().date_naive().pred_opt().unwrap_or_default();
    let generator = Charges::new(SEED, yesterday, usize::try_from(sizes.history).unwrap_or(usize::MAX));
    fill_history(app, actor, &generator, 0..sizes.history, progress).await?;
    let (month, instant) = (Day::from_date(yesterday).month(), format!("{yesterday}T12:00:00Z"));
    let world = World { app, actor, sizes, period: month.to_string() };
    world.fill(&instant).await?;
    service.scratch.settle().await?;
    let mut measured = Vec::new();
    for (name, pools) in [("allocation-pools", sizes.pools), ("allocation-reciprocal", sizes.mutual)] {
        let codes = world.save_rules(name, pools, month.first_day()).await?;
        let input = PreviewInput { month, rules: Some(codes), mode: RunMode::New, with_pending: true };
        let mut lines = 0;
        let preview = async || {
            lines = preview_allocation(app, actor, input.clone()).await?.line_count();
            Ok(())
        };
        let times = repeat(preview).await?;
        let figures = Figures::new(name).with("engine", target.engine()).with("history", sizes.history).with("pools", pools);
        let figures = figures.with("receivers", sizes.receivers).with("lines", lines).with("peakMemoryMiB", peak_memory_mib());
        measured.push(figures.with_repeats("elapsedMs", &times));
    }
    service.remove().await?;
    Ok(measured)
}

struct World<'a> {
    app: &'a App,
    actor: &'a Actor,
    sizes: AllocationSizes,
    period: String,
}

fn service(number: u64) -> String {
    format!("service-{number:04}")
}

fn receiver(number: u64) -> String {
    format!("receiver-{number:05}")
}

impl World<'_> {
    /// Cost centers, a cost of each service, and quantities: one driver of all receivers, and one of each mutual service.
    async fn fill(&self, instant: &str) -> Result<(), AppError> {
        let (services, receivers) = (0..self.sizes.pools.max(self.sizes.mutual), 0..self.sizes.receivers);
        let center = |code: String| CostCenterInput {
            kind: CenterKind::Team,
            name: code.clone(),
            code,
            parent: None,
            valid_from: None,
            valid_to: None,
        };
        let centers: Vec<_> = services.clone().map(service).chain(receivers.clone().map(receiver)).map(center).collect();
        for centers in centers.chunks(MOST_ITEMS) {
            save_cost_centers(self.app, self.actor, centers.to_vec()).await?;
        }
        let line = |number: u64| {
            format!(
                r#"{{"source":"bench","externalId":"service-{number}","occurredAt":"{instant}","provider":"acme","model":"tool","team":"{}","reportedCost":{{"amount":"{}.000000007","currency":"USD"}}}}"#,
                service(number),
                1_000 + number
            )
        };
        let charges = services.map(|number| read_charge(line(number).as_bytes())).collect();
        record_charges(self.app, self.actor, charges, false).await?;
        let (mut values, mut state) = (Vec::new(), SEED);
        let mut value = |driver: String, center: String| {
            // A multiplicative generator: the same quantities every time, and no two fractions alike.
            state = state.wrapping_mul(48_271) % 2_147_483_647;
            let quantity = (1 + state % 100_000).to_string();
            DriverValueInput { driver, period: self.period.clone(), kind: CenterKind::Team, center, quantity }
        };
        values.extend(receivers.clone().map(|number| value("seats".to_owned(), receiver(number))));
        for mutual in 0..self.sizes.mutual {
            let users = (0..self.sizes.mutual).filter(|other| *other != mutual).map(service).chain(receivers.clone().map(receiver));
            values.extend(users.map(|user| value(format!("driver-{mutual}"), user)));
        }
        for values in values.chunks(VALUES) {
            record_driver_values(self.app, self.actor, values.to_vec()).await?;
        }
        Ok(())
    }

    /// A rule a pool, or one rule of mutual services.
    async fn save_rules(&self, name: &str, pools: u64, valid_from: Day) -> Result<Vec<String>, AppError> {
        let terms = |pool, method| RuleTerms {
            pool,
            method,
            receivers: Vec::new(),
            receiver_kind: None,
            residual: Residual::Receivers,
            posting: PostingMode::Accounts { debit: "5050".to_owned(), credit: "6590".to_owned() },
            when_zero: WhenZero::Refuse,
            when_missing: WhenMissing::Refuse,
            when_negative: WhenNegative::Refuse,
            currency: None,
        };
        let rules: Vec<RuleTerms> = if name == "allocation-reciprocal" {
            let center =
                |number| ServiceCenter { center: Center::new(CenterKind::Team, &service(number)), driver: format!("driver-{number}") };
            vec![terms(PoolFilter::default(), Method::Reciprocal { centers: (0..pools).map(center).collect() })]
        } else {
            let of = |number| PoolFilter { team: Some(service(number)), ..PoolFilter::default() };
            (0..pools).map(|number| terms(of(number), Method::Driver { driver: "seats".to_owned() })).collect()
        };
        let mut codes = Vec::with_capacity(rules.len());
        for (number, terms) in rules.into_iter().enumerate() {
            let code = format!("{name}-{number:04}");
            let input = RuleInput { code: code.clone(), name: code.clone(), valid_from, valid_to: None, order: 0, terms };
            save_allocation_rule(self.app, self.actor, input).await?;
            codes.push(code);
        }
        Ok(codes)
    }
}
