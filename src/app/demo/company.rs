//! The company of the demo: Brightwater, which builds AI services for insurers and retailers and uses some itself.
//!
//! Every project belongs to one team, and a client's project to one client, so that reports by any dimension tell one story.

use crate::app::masters::{AttributionRuleInput, ConditionInput, CostCenterInput, ProviderInput};
use crate::domain::chart::CenterKind;
use crate::domain::posting_rules::Settlement;

use super::shape::Shape;

/// The masters of the company, ready for the use cases that save them.
#[derive(Debug, Clone)]
pub struct Company {
    pub cost_centers: Vec<CostCenterInput>,
    pub attribution_rules: Vec<AttributionRuleInput>,
    /// How each provider is paid; one of them in advance.
    pub providers: Vec<ProviderInput>,
}

/// Code, name, code of the parent.
type CenterLine = (&'static str, &'static str, Option<&'static str>);

const TEAMS: &[CenterLine] = &[
    ("delivery", "Client delivery", None),
    ("claims", "Claims automation", Some("delivery")),
    ("care", "Customer care", Some("delivery")),
    ("documents", "Document services", Some("delivery")),
    ("commerce", "Retail and commerce", Some("delivery")),
    ("engineering", "Engineering", None),
    ("platform", "AI platform", Some("engineering")),
    ("research", "Applied research", Some("engineering")),
    ("marketing", "Marketing", None),
    ("legal", "Legal and compliance", None),
];

const CLIENTS: &[CenterLine] = &[
    ("gearpeak", "Gearpeak Outdoor", None),
    ("northmutual", "North Mutual Insurance", None),
    ("harborlife", "Harbor Life", None),
    ("tannenberg", "Tannenberg Versicherung", None),
    ("lumencare", "Lumen Care Clinics", None),
    ("oakline", "Oakline Furniture", None),
    ("pelagia", "Pelagia Shipping", None),
    ("ristretto", "Ristretto Coffee", None),
    ("stonebridge", "Stonebridge Bank", None),
    ("veloway", "Veloway Bikes", None),
    ("winterhall", "Winterhall Energy", None),
    ("zephyrair", "Zephyr Air", None),
];

const PROJECTS: &[CenterLine] = &[
    ("claims-intake", "Claims intake", None),
    ("claims-triage", "Claims triage", None),
    ("fraud-signals", "Fraud signals", Some("claims-triage")),
    ("helpdesk", "Helpdesk assistant", None),
    ("voice-notes", "Call summaries", Some("helpdesk")),
    ("contract-reader", "Contract reader", None),
    ("policy-search", "Policy search", Some("contract-reader")),
    ("catalogue", "Catalogue texts", None),
    ("shop-images", "Product images", Some("catalogue")),
    ("store-advisor", "Store advisor", None),
    ("code-assistant", "Code assistant", None),
    ("evaluations", "Model evaluations", None),
    ("newsroom", "Newsroom and campaigns", None),
    ("contract-review", "Own contract review", None),
];

/// A model with what its provider's price list lets a call have.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Model {
    pub(super) provider: &'static str,
    pub(super) name: &'static str,
    pub(super) has_cache_read: bool,
    pub(super) has_cache_write: bool,
    pub(super) is_reasoning: bool,
    pub(super) has_batch: bool,
    pub(super) has_flex: bool,
}

const fn model(provider: &'static str, name: &'static str, abilities: &'static str) -> Model {
    let mut model =
        Model { provider, name, has_cache_read: false, has_cache_write: false, is_reasoning: false, has_batch: false, has_flex: false };
    let mut rest = abilities.as_bytes();
    while let [ability, after @ ..] = rest {
        match ability {
            b'r' => model.has_cache_read = true,
            b'w' => model.has_cache_write = true,
            b't' => model.is_reasoning = true,
            b'b' => model.has_batch = true,
            b'f' => model.has_flex = true,
            _ => {}
        }
        rest = after;
    }
    model
}

pub(super) mod models {
    use super::{Model, model};

    // r: cached reads, w: priced cache writes, t: thinks before it answers, b: batch, f: flex.
    pub(in super::super) const GPT_5_2: Model = model("openai", "gpt-5.2", "rtbf");
    pub(in super::super) const GPT_5_MINI: Model = model("openai", "gpt-5-mini", "rtbf");
    pub(in super::super) const GPT_4_1: Model = model("openai", "gpt-4.1", "rb");
    pub(in super::super) const GPT_4O_MINI: Model = model("openai", "gpt-4o-mini", "rb");
    pub(in super::super) const O4_MINI: Model = model("openai", "o4-mini", "rtbf");
    pub(in super::super) const EMBED: Model = model("openai", "text-embedding-3-small", "b");
    pub(in super::super) const SONNET: Model = model("anthropic", "claude-sonnet-4-5", "rwb");
    pub(in super::super) const HAIKU: Model = model("anthropic", "claude-haiku-4-5", "rwb");
    pub(in super::super) const OPUS: Model = model("anthropic", "claude-opus-4-5", "rwb");
    pub(in super::super) const GEMINI_PRO: Model = model("google", "gemini-2.5-pro", "rtb");
    pub(in super::super) const GEMINI_FLASH: Model = model("google", "gemini-2.5-flash", "rtb");
    pub(in super::super) const IMAGEN: Model = model("google", "imagen-3.0-generate", "");
    pub(in super::super) const MISTRAL_LARGE: Model = model("mistral", "mistral-large-2512", "rb");
    pub(in super::super) const MISTRAL_SMALL: Model = model("mistral", "mistral-small", "b");
    pub(in super::super) const NOVA_PRO: Model = model("amazon", "amazon.nova-pro", "rb");
    pub(in super::super) const NOVA_LITE: Model = model("amazon", "amazon.nova-lite", "rb");
    /// A model that no price list knows: its charges wait unpriced.
    pub(in super::super) const WITHOUT_PRICE: Model = model("mistral", "mistral-claims-preview", "");
}

/// How the books learn who owns a workload's calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// The application names team, project and client on each call.
    Facts,
    /// A rule on the API key decides.
    ApiKey,
    /// A rule on the tag `app` decides.
    Tag,
    /// A rule on the end user's address decides.
    EndUser,
}

/// One kind of call that the company makes, again and again.
#[derive(Debug)]
pub(super) struct Workload {
    /// Share of all calls, in any unit.
    pub(super) weight: u64,
    pub(super) team: &'static str,
    pub(super) project: &'static str,
    pub(super) client: Option<&'static str>,
    pub(super) feature: &'static str,
    pub(super) shape: Shape,
    /// The model of five calls in six, and the one of the rest.
    pub(super) models: [Model; 2],
    pub(super) owner: Owner,
}

type WorkloadLine = (u64, &'static str, &'static str, &'static str, &'static str, Shape, [Model; 2], Owner);

const fn workload(line: WorkloadLine) -> Workload {
    let (weight, team, project, client, feature, shape, models, owner) = line;
    let client = if client.is_empty() { None } else { Some(client) };
    Workload { weight, team, project, client, feature, shape, models, owner }
}

pub(super) const WORKLOADS: &[Workload; 21] = {
    use Owner::{ApiKey, EndUser, Facts, Tag};
    use Shape::{Agent, Chat, Classify, Document, Embed, Image, Retrieval, Search};
    use models::*;
    &[
        workload((130, "claims", "claims-intake", "northmutual", "extraction", Document, [SONNET, HAIKU], Facts)),
        workload((90, "claims", "claims-intake", "harborlife", "extraction", Document, [HAIKU, SONNET], Facts)),
        workload((60, "claims", "claims-intake", "tannenberg", "summary", Document, [MISTRAL_LARGE, MISTRAL_SMALL], Facts)),
        workload((110, "claims", "claims-triage", "northmutual", "routing", Classify, [GPT_4O_MINI, GPT_5_MINI], ApiKey)),
        workload((35, "claims", "fraud-signals", "tannenberg", "reasoning", Agent, [GPT_5_2, O4_MINI], Facts)),
        workload((120, "care", "helpdesk", "gearpeak", "chat", Chat, [HAIKU, SONNET], EndUser)),
        workload((80, "care", "helpdesk", "zephyrair", "chat", Chat, [GPT_5_MINI, GPT_4_1], Facts)),
        workload((70, "care", "helpdesk", "lumencare", "chat", Chat, [NOVA_PRO, NOVA_LITE], Facts)),
        workload((75, "care", "voice-notes", "stonebridge", "summary", Document, [GEMINI_FLASH, GEMINI_PRO], ApiKey)),
        workload((45, "documents", "contract-reader", "stonebridge", "extraction", Document, [GEMINI_PRO, SONNET], Facts)),
        workload((40, "documents", "contract-reader", "pelagia", "extraction", Document, [GEMINI_PRO, GEMINI_FLASH], Facts)),
        workload((85, "documents", "policy-search", "harborlife", "retrieval", Retrieval, [GPT_4_1, GPT_5_MINI], Facts)),
        workload((60, "documents", "policy-search", "harborlife", "indexing", Embed, [EMBED, EMBED], Tag)),
        workload((65, "commerce", "catalogue", "oakline", "writing", Chat, [MISTRAL_SMALL, MISTRAL_LARGE], Facts)),
        workload((18, "commerce", "shop-images", "veloway", "images", Image, [IMAGEN, IMAGEN], Facts)),
        workload((55, "commerce", "store-advisor", "ristretto", "retrieval", Retrieval, [GEMINI_FLASH, NOVA_PRO], Tag)),
        workload((30, "commerce", "store-advisor", "winterhall", "research", Search, [GPT_5_2, GPT_5_MINI], Facts)),
        workload((70, "platform", "code-assistant", "", "coding", Agent, [SONNET, OPUS], ApiKey)),
        workload((25, "research", "evaluations", "", "evaluation", Classify, [GPT_5_MINI, GEMINI_FLASH], Facts)),
        workload((28, "marketing", "newsroom", "", "writing", Search, [SONNET, HAIKU], Facts)),
        workload((22, "legal", "contract-review", "", "summary", Document, [OPUS, SONNET], Tag)),
    ]
};

/// The company's masters.
pub fn company() -> Company {
    let centers = |kind, lines: &'static [CenterLine]| lines.iter().map(move |line| center(kind, *line));
    Company {
        cost_centers: centers(CenterKind::Team, TEAMS)
            .chain(centers(CenterKind::Project, PROJECTS))
            .chain(centers(CenterKind::Client, CLIENTS))
            .collect(),
        attribution_rules: rules(),
        providers: ["openai", "anthropic", "google", "mistral", "amazon"].map(provider).into(),
    }
}

fn center(kind: CenterKind, (code, name, parent): CenterLine) -> CostCenterInput {
    CostCenterInput {
        kind,
        code: code.to_owned(),
        name: name.to_owned(),
        parent: parent.map(str::to_owned),
        valid_from: None,
        valid_to: None,
    }
}

/// Mistral is paid in advance, the others by invoice.
fn provider(provider: &str) -> ProviderInput {
    let settlement = if provider == "mistral" { Settlement::Prepaid } else { Settlement::Accrual };
    ProviderInput { provider: provider.to_owned(), settlement, grants: None, overdraw: None }
}

/// One rule for each workload whose calls do not name their owner.
fn rules() -> Vec<AttributionRuleInput> {
    let conditions = |workload: &Workload| match workload.owner {
        Owner::Facts => None,
        Owner::ApiKey => Some(("API_KEY", None, format!("key-{}-*", workload.project))),
        Owner::Tag => Some(("TAG", Some("app".to_owned()), workload.project.to_owned())),
        Owner::EndUser => Some(("END_USER", None, format!("*@{}.example", workload.client.unwrap_or(workload.project)))),
    };
    let ruled = WORKLOADS.iter().filter_map(|workload| conditions(workload).map(|condition| (workload, condition)));
    (10..)
        .step_by(10)
        .zip(ruled)
        .map(|(order, (workload, (on, tag, pattern)))| AttributionRuleInput {
            code: format!("demo-{}-{}", workload.project, on.to_ascii_lowercase().replace('_', "-")),
            order,
            conditions: vec![ConditionInput { on: on.to_owned(), tag, pattern }],
            team: Some(workload.team.to_owned()),
            project: Some(workload.project.to_owned()),
            client: workload.client.map(str::to_owned),
            // The application says which feature it is, but for the ones known by their tag.
            feature: (workload.owner == Owner::Tag).then(|| workload.feature.to_owned()),
            is_active: true,
        })
        .collect()
}
