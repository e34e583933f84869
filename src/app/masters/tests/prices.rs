//! The price book, discounts and aliases.

use super::*;

fn price(model: &str, meter: &str, amount: &str, from: &str) -> PriceInput {
    PriceInput {
        provider: "openai".into(),
        model: model.into(),
        meter: meter.into(),
        per: "1000000".into(),
        amount: amount.into(),
        currency: "USD".into(),
        effective_from: at(from),
        effective_to: None,
        processing: None,
        service_tier: None,
        region: None,
        above_input_tokens: None,
        source: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn prices_are_added_once_and_the_last_word_counts() {
    for fixture in fixtures().await {
        let (app, actor) = (&fixture.app, &fixture.actor);
        let first = save_prices(app, actor, vec![price("GPT-Test", "input_tokens", "2.50", "2026-01-01")]).await.unwrap();
        assert_eq!(first[0].terms.key.model, "gpt-test");
        assert_eq!(first[0].terms.source, "ana");
        let again = save_prices(app, actor, vec![price("gpt-test", "input_tokens", "2.5", "2026-01-01")]).await.unwrap();
        assert_eq!((again[0].id, version(&fixture).await), (first[0].id, 2));
        let dearer = save_prices(app, actor, vec![price("gpt-test", "input_tokens", "3", "2026-01-01")]).await.unwrap();
        let back = save_prices(app, actor, vec![price("gpt-test", "input_tokens", "2.5", "2026-01-01")]).await.unwrap();
        assert!(first[0].id < dearer[0].id && dearer[0].id < back[0].id);
        let filter = PriceFilter { provider: Some("openai".into()), model: Some("GPT-test".into()), at: None };
        assert_eq!(prices(app, actor, filter.clone()).await.unwrap().len(), 3);
        let counting = prices(app, actor, PriceFilter { at: Some(at("2026-02-01")), ..filter.clone() }).await.unwrap();
        assert_eq!(counting.iter().map(|price| price.id).collect::<Vec<_>>(), [back[0].id]);
        assert!(prices(app, actor, PriceFilter { at: Some(at("2025-12-31")), ..filter }).await.unwrap().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn prices_that_do_not_fit_are_refused_with_their_path() {
    for fixture in fixtures().await {
        let (app, actor) = (&fixture.app, &fixture.actor);
        let good = || price("m", "input_tokens", "1", "2026-01-01");
        let wrong = vec![
            good(),
            PriceInput { amount: "1,5".into(), ..good() },
            PriceInput { per: "3".into(), ..good() },
            PriceInput { per: "a million".into(), ..good() },
            PriceInput { currency: "usd".into(), ..good() },
            PriceInput { meter: "Input".into(), ..good() },
            PriceInput { effective_to: Some(at("2026-01-01")), ..good() },
            PriceInput { amount: "-1".into(), ..good() },
            PriceInput { provider: "p".repeat(65), ..good() },
            PriceInput { above_input_tokens: Some(0), ..good() },
        ];
        let expected = [
            (Code::AmountInvalid, "prices.1.amount"),
            (Code::PerNotExact, "prices.2.per"),
            (Code::PerNotExact, "prices.3.per"),
            (Code::CurrencyUnknown, "prices.4.currency"),
            (Code::TextInvalid, "prices.5.meter"),
            (Code::RangeInvalid, "prices.6.effectiveTo"),
            (Code::AmountNegative, "prices.7.amount"),
            (Code::TextTooLong, "prices.8.provider"),
            (Code::QuantityNegative, "prices.9.aboveInputTokens"),
        ];
        assert_eq!(refusals(save_prices(app, actor, wrong).await), expected.map(|(code, path)| (code, path.to_owned())));
        let overlap = vec![good(), PriceInput { model: "n".into(), ..good() }, good(), PriceInput { amount: "2".into(), ..good() }];
        assert_eq!(refusals(save_prices(app, actor, overlap).await), [(Code::PriceOverlap, "prices.3.amount".to_owned())]);
        let twice = save_prices(app, actor, vec![good(), good()]).await.unwrap();
        assert_eq!(twice[0].id, twice[1].id);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exported_book_is_imported_without_a_change() {
    for fixture in fixtures().await {
        let (app, actor) = (&fixture.app, &fixture.actor);
        save_prices(app, actor, vec![price("gpt-test", "web_searches", "0.000000001", "2026-01-01T12:30:00Z")]).await.unwrap();
        let all = prices(app, actor, PriceFilter::default()).await.unwrap();
        let mut file = Vec::new();
        write_price_list(&mut file, &all).unwrap();
        let inputs = read_price_list(file.as_slice()).unwrap();
        let imported = import_prices(app, actor, inputs).await.unwrap();
        assert_eq!((imported.added, imported.unchanged), (0, u64::try_from(all.len()).unwrap()));
        // A changed price of an undated list, from today: one line; what counts already, from whenever: none.
        let today = vec![price("gpt-4o", "input_tokens", "2.50", "2026-11-23"), price("gpt-4o", "output_tokens", "9", "2026-11-23")];
        assert_eq!(import_prices(app, actor, today.clone()).await.unwrap(), ImportedPrices { added: 1, unchanged: 1 });
        assert_eq!(import_prices(app, actor, today).await.unwrap(), ImportedPrices { added: 0, unchanged: 2 });
        let header = file.split(|byte| *byte == b'\n').next().unwrap();
        assert_eq!(header, crate::domain::rating::BUILTIN_PRICES.lines().next().unwrap().as_bytes());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn discounts_and_aliases_change_what_a_charge_costs() {
    for fixture in fixtures().await {
        let (app, actor) = (&fixture.app, &fixture.actor);
        let discount = |percent: &str, model: Option<&str>| DiscountInput {
            provider: "openai".into(),
            model: model.map(Into::into),
            percent: percent.into(),
            effective_from: at("2026-01-01"),
            effective_to: None,
            source: Some("contract 7".into()),
        };
        let saved = save_discounts(app, actor, vec![discount("12.5", None), discount("20", Some("GPT-4o"))]).await.unwrap();
        assert_eq!(saved[1].model.as_deref(), Some("gpt-4o"));
        let again = save_discounts(app, actor, vec![discount("12.50", None)]).await.unwrap();
        assert_eq!((again[0].id, discounts(app, actor).await.unwrap().len()), (saved[0].id, 2));
        for wrong in ["0", "-1", "100.1", "ten", "1.2345678"] {
            let refused = refusals(save_discounts(app, actor, vec![discount(wrong, None)]).await);
            assert_eq!(refused, [(Code::DiscountInvalid, "discounts.0.percent".to_owned())], "{wrong}");
        }
        let alias = ModelAlias { provider: "openai".into(), alias: "Our-Model".into(), model: "GPT-4o".into() };
        let saved = save_model_aliases(app, actor, vec![alias.clone()]).await.unwrap();
        assert_eq!((saved[0].alias.as_str(), saved[0].model.as_str()), ("our-model", "gpt-4o"));
        assert!(model_aliases(app, actor).await.unwrap().contains(&saved[0]));
        let own_name = ModelAlias { alias: "gpt-4o".into(), ..alias };
        assert_eq!(
            refusals(save_model_aliases(app, actor, vec![own_name]).await),
            [(Code::TextInvalid, "modelAliases.0.alias".to_owned())]
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_undated_map_is_imported_around_the_lines_it_spoils() {
    // "tiny" has too many decimals; what is new applies from the beginning, what changed from today.
    let map = r#"{
        "gpt-4o": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 2.5e-06, "output_cost_per_token": 1.1e-05},
        "brand-new": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 1e-06, "output_cost_per_token": 2e-06},
        "tiny": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 1.2345678e-15, "output_cost_per_token": 2e-06}
    }"#;
    for fixture in fixtures().await {
        let (app, actor) = (&fixture.app, &fixture.actor);
        let first = import_price_map(app, actor, map.as_bytes(), "map.json", None).await.unwrap();
        assert_eq!((first.prices, first.skipped.len()), (ImportedPrices { added: 4, unchanged: 1 }, 1), "{:?}", first.skipped);
        let again = import_price_map(app, actor, map.as_bytes(), "map.json", None).await.unwrap();
        assert_eq!(again.prices, ImportedPrices { added: 0, unchanged: 5 });
        let of = async |model: &str| {
            let filter = PriceFilter { provider: None, model: Some(model.into()), at: None };
            let listed =
                prices(app, actor, filter).await.unwrap().into_iter().filter(|price| price.terms.precedence == Precedence::Imported);
            listed.map(|price| write_instant(price.terms.effective_from.to_instant())).collect::<Vec<_>>()
        };
        assert_eq!((of("gpt-4o").await, of("brand-new").await), (vec!["2026-11-23".to_owned()], vec!["2015-01-01".to_owned(); 2]));
        assert!(import_price_map(app, actor, &b"[]"[..], "map.json", None).await.is_err());
    }
}
